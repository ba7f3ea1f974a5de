//! Removes faults, and makes the rest shorter and aimed at fewer slots.

use sim_core::fault::spec::{Fault, Round};
use sim_core::fault::{Family, FaultEntry, Kind, Moment, Selector};
use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::super::pass::Candidates;
use super::super::size::rounded;
use super::super::tester::Tested;
use super::{parts, without};

/// Without all faults of a family.
pub(in super::super) fn families(best: &Tested) -> Candidates<'_> {
    let family = |entry: &FaultEntry| entry.what.kind().map(Kind::family);
    let without = move |off: Family| {
        best.candidate.with(|setup| setup.faults.entries.retain(|entry| family(entry) != Some(off)))
    };
    Box::new(Family::ALL.into_iter().map(without))
}

/// Without some faults.
pub(in super::super) fn fewer(best: &Tested) -> Candidates<'_> {
    let entries = &best.candidate.setup.faults.entries;
    let fewer = |part| best.candidate.with(|setup| setup.faults.entries = without(entries, &part));
    Box::new(parts(entries.len()).map(fewer))
}

/// Faults that name several slots, without one of them.
pub(in super::super) fn targets(best: &Tested) -> Candidates<'_> {
    let entries = best.candidate.setup.faults.entries.len();
    let fewer = move |entry: usize| {
        let mut what = best.candidate.setup.faults.entries[entry].what.clone();
        let lengths: Vec<usize> = what.selectors_mut().iter().map(|selector| slots(selector)).collect();
        let places = lengths.into_iter().enumerate().filter(|(_, length)| *length > 1);
        places.flat_map(move |(selector, length)| {
            (0..length).map(move |slot| {
                best.candidate.with(|setup| leave_out(&mut setup.faults.entries[entry].what, selector, slot))
            })
        })
    };
    Box::new((0..entries).rev().flat_map(fewer))
}

/// Rounds that say less: nothing about who leads, nothing about sides, or that everything is lost across them.
pub(in super::super) fn rounds(best: &Tested) -> Candidates<'_> {
    let entries = &best.candidate.setup.faults.entries;
    let planned = (0..entries.len()).rev().filter(|entry| matches!(entries[*entry].what, Fault::Round(_)));
    let plainer = move |entry: usize| {
        let with = move |change: fn(&mut Round)| {
            best.candidate.with(|setup| {
                if let Fault::Round(round) = &mut setup.faults.entries[entry].what {
                    change(round);
                }
            })
        };
        let changes: [fn(&mut Round); 3] = [
            |round| (round.sides, round.drop) = (Vec::new(), Vec::new()),
            |round| round.leader = None,
            |round| round.drop = Vec::new(),
        ];
        changes.into_iter().map(with)
    };
    Box::new(planned.flat_map(plainer))
}

/// Upgrades that are plain restarts, and a run without the versions that nobody starts as.
pub(in super::super) fn versions(best: &Tested) -> Candidates<'_> {
    let entries = &best.candidate.setup.faults.entries;
    let upgrades = (0..entries.len()).rev().filter(|entry| entries[*entry].what.version().is_some());
    let plain = move |entry: usize| {
        best.candidate.with(|setup| {
            if let Fault::Crash(crash) = &mut setup.faults.entries[entry].what {
                crash.version = None;
            }
        })
    };
    let used = |name: &str| entries.iter().any(|entry| entry.what.version() == Some(name));
    let unused = best.candidate.setup.versions.iter().any(|version| !used(&version.name));
    let needed = move || best.candidate.with(|setup| setup.versions.retain(|version| used(&version.name)));
    Box::new(upgrades.map(plain).chain(unused.then(needed)))
}

/// Faults that strike a role instead of a slot.
pub(in super::super) fn roles(best: &Tested) -> Candidates<'_> {
    let entries = best.candidate.setup.faults.entries.len();
    let aimed = move |entry: usize| {
        let mut what = best.candidate.setup.faults.entries[entry].what.clone();
        let lengths: Vec<usize> = what.selectors_mut().iter().map(|selector| slots(selector)).collect();
        let places = lengths.into_iter().enumerate().filter(|(_, length)| *length == 1);
        places.flat_map(move |(selector, _)| {
            best.plan.protocol.roles.iter().map(move |role| {
                best.candidate.with(|setup| aim(&mut setup.faults.entries[entry].what, selector, role))
            })
        })
    };
    Box::new((0..entries).rev().flat_map(aimed))
}

fn aim(fault: &mut Fault, selector: usize, role: &str) {
    if let Some(selector) = fault.selectors_mut().into_iter().nth(selector) {
        *selector = Selector::Role(role.to_owned());
    }
}

/// Faults that wait for fewer occurrences of their event.
pub(in super::super) fn waits(best: &Tested) -> Candidates<'_> {
    let entries = &best.candidate.setup.faults.entries;
    let nth = |entry: usize| match &entries[entry].at {
        Moment::On(trigger) => Some((entry, trigger.nth)),
        Moment::At(_) => None,
    };
    let sooner = move |(entry, nth): (usize, u32)| {
        let fewer = [1, 2, 3, nth / 2, nth.saturating_sub(1)].into_iter();
        let fewer = fewer.filter(move |fewer| (1..nth).contains(fewer));
        fewer.map(move |nth| best.candidate.with(|setup| wait_for(setup, entry, nth)))
    };
    Box::new((0..entries.len()).filter_map(nth).flat_map(sooner))
}

fn wait_for(setup: &mut Setup, entry: usize, nth: u32) {
    if let Moment::On(trigger) = &mut setup.faults.entries[entry].at {
        trigger.nth = nth;
    }
}

fn slots(selector: &Selector) -> usize {
    if let Selector::Slots(slots) = selector { usize::try_from(slots.len()).unwrap_or(usize::MAX) } else { 0 }
}

fn leave_out(fault: &mut Fault, selector: usize, slot: usize) {
    if let Some(Selector::Slots(slots)) = fault.selectors_mut().into_iter().nth(selector) {
        slots.remove(slot);
    }
}

/// Faults that last to the end, or less long.
pub(in super::super) fn lengths(best: &Tested) -> Candidates<'_> {
    let entries = &best.candidate.setup.faults.entries;
    let shorter = move |entry: usize| {
        let lasts = entries[entry].duration();
        let lengths = lasts.map(|lasts| {
            let part = |percent| rounded(Duration::from_nanos(lasts.as_nanos() / 100 * percent), 1)[0];
            [None, Some(part(10)), Some(part(50)), Some(part(80))]
        });
        let set = move |lasts| best.candidate.with(|setup| set_length(setup, entry, lasts));
        lengths.into_iter().flatten().map(set)
    };
    Box::new((0..entries.len()).rev().flat_map(shorter))
}

/// Lets a fault last so long, or to the end.
pub(super) fn set_length(setup: &mut Setup, entry: usize, lasts: Option<Duration>) {
    let entry = &mut setup.faults.entries[entry];
    if let Fault::Crash(crash) | Fault::Amnesia(crash) = &mut entry.what {
        crash.restart_after = None;
    }
    entry.lasts = lasts;
}
