//! Ends the run earlier, removes quiet time, rounds times.

use sim_core::distribution::Distribution;
use sim_core::fault::{FaultEntry, Moment};
use sim_core::network::{Pin, PinnedFate};
use sim_core::setup::{Setup, Stop};
use sim_core::time::{Duration, Time};

use super::super::candidate::Candidate;
use super::super::pass::Candidates;
use super::super::size::{digits, rounded};
use super::super::tester::Tested;
use super::faults::set_length;

/// Ends the run at the violation, and asks for nothing else of it.
pub(in super::super) fn end(best: &Tested) -> Candidates<'_> {
    // The next whole millisecond: an end that falls on the violation itself would come before it.
    let end = Duration::from_millis(best.at_ns / 1_000_000 + 1).min(best.candidate.setup.duration);
    let plain = |setup: &mut Setup| {
        setup.at_least = Vec::new();
        setup.measures = Vec::new();
    };
    let first_phase = best.candidate.with(|setup| {
        plain(setup);
        (setup.duration, setup.progress_timeout) = (end, None);
    });
    let stopped = best.candidate.with(|setup| {
        plain(setup);
        (setup.duration, setup.progress_timeout, setup.stop) = (end, None, vec![Stop::Violation]);
    });
    let second_phase = best.candidate.with(|setup| {
        plain(setup);
        setup.stop = vec![Stop::Violation];
    });
    Box::new([stopped, first_phase, second_phase].into_iter().chain(shorter_first_phase(best)))
}

/// With less time before the heal, for what is found after it: progress that nobody makes.
fn shorter_first_phase(best: &Tested) -> impl Iterator<Item = Candidate> {
    let setup = &best.candidate.setup;
    let after = setup.progress_timeout.is_some() && best.at_ns > setup.duration.as_nanos();
    let parts = [1, 2, 5, 10, 25, 50, 75].into_iter().filter(move |_| after);
    let lengths = parts.map(|percent| rounded(setup.duration / 100 * percent, 2)[0]);
    let lengths = lengths.filter(|length| !length.is_zero());
    lengths.map(|length| best.candidate.with(|setup| setup.duration = length))
}

/// The same run with less time to fail in; of use only under another seed.
pub(in super::super) fn sooner(best: &Tested) -> Candidates<'_> {
    let end = Duration::from_millis((best.at_ns / 10 * 9).div_ceil(1_000_000).max(1));
    Box::new(std::iter::once(best.candidate.with(|setup| setup.duration = end.min(setup.duration))))
}

/// Without some of the quiet time before a fault: it and everything after it comes earlier.
pub(in super::super) fn quiet(best: &Tested) -> Candidates<'_> {
    let mut starts: Vec<Time> = best.candidate.setup.faults.entries.iter().filter_map(start).collect();
    starts.sort_unstable();
    starts.dedup();
    let gaps = starts.clone().into_iter().scan(Time::ZERO, |before, start| {
        let gap = start.since(*before);
        *before = start;
        Some((start, gap))
    });
    let shorter = move |(start, gap): (Time, Duration)| {
        let part = move |percent| rounded(Duration::from_nanos(gap.as_nanos() / 100 * percent), 1)[0];
        let parts = [95, 75, 50, 25, 10].map(part).into_iter().filter(|by| !by.is_zero());
        parts.map(move |by| best.candidate.with(|setup| bring_forward(setup, start, by)))
    };
    Box::new(gaps.flat_map(shorter))
}

fn start(entry: &FaultEntry) -> Option<Time> {
    match entry.at {
        Moment::At(at) => Some(at),
        Moment::On(_) => None,
    }
}

/// Brings everything from a moment on forward.
fn bring_forward(setup: &mut Setup, from: Time, by: Duration) {
    let earlier = |at: Time| Time::from_nanos(at.as_nanos().saturating_sub(by.as_nanos()));
    for entry in &mut setup.faults.entries {
        if let Moment::At(at) = &mut entry.at
            && *at >= from
        {
            *at = earlier(*at);
        }
    }
    let moved = |pin: &Pin| Pin {
        sent_ns: if pin.sent_ns >= from { earlier(pin.sent_ns) } else { pin.sent_ns },
        ..*pin
    };
    setup.pins = setup.pins.iter().map(moved).collect();
    let duration = setup.duration.as_nanos().saturating_sub(by.as_nanos());
    setup.duration = Duration::from_nanos(duration.max(1));
    setup.faults.sort();
}

/// Times with fewer digits.
pub(in super::super) fn round(best: &Tested) -> Candidates<'_> {
    let setup = &best.candidate.setup;
    let entries = setup.faults.entries.len();
    let moments = (0..entries).filter_map(|entry| Some((entry, start(&setup.faults.entries[entry])?)));
    let moments = moments.flat_map(move |(entry, at)| {
        let set = move |at: Duration| best.candidate.with(|setup| set_moment(setup, entry, at));
        rounder(at.since(Time::ZERO)).map(set)
    });
    let lengths = (0..entries).filter_map(|entry| Some((entry, setup.faults.entries[entry].duration()?)));
    let lengths = lengths.flat_map(move |(entry, lasts)| {
        let set = move |lasts| best.candidate.with(|setup| set_length(setup, entry, Some(lasts)));
        rounder(lasts).filter(|lasts| !lasts.is_zero()).map(set)
    });
    let latency = match &setup.network.latency {
        Distribution::Fixed(latency) => Some(*latency),
        _ => None,
    };
    let latency = latency.into_iter().flat_map(move |latency| {
        let set = |latency| best.candidate.with(|setup| setup.network.latency = Distribution::Fixed(latency));
        rounder(latency).map(set)
    });
    Box::new(moments.chain(lengths).chain(latency).chain(fates(best)))
}

/// Pinned delays with fewer digits.
fn fates(best: &Tested) -> impl Iterator<Item = Candidate> {
    let pins: Vec<Pin> = best.candidate.setup.pins.iter().copied().collect();
    (0..pins.len()).flat_map(move |index| {
        let fate = pins[index].fate;
        let rounder: Vec<PinnedFate> = match fate {
            PinnedFate::Delay(delay) => rounder(delay).map(PinnedFate::Delay).collect(),
            PinnedFate::Duplicate(delay) => rounder(delay).map(PinnedFate::Duplicate).collect(),
            PinnedFate::Drop | PinnedFate::Damage => Vec::new(),
        };
        let pins = pins.clone();
        rounder.into_iter().map(move |fate| {
            let mut pins = pins.clone();
            pins[index].fate = fate;
            best.candidate.with(|setup| setup.pins = pins.into_iter().collect())
        })
    })
}

fn set_moment(setup: &mut Setup, entry: usize, at: Duration) {
    setup.faults.entries[entry].at = Moment::At(Time::ZERO + at);
    setup.faults.sort();
}

/// Values near this one that take fewer digits to write, the roundest first.
pub(super) fn rounder(value: Duration) -> impl Iterator<Item = Duration> {
    let now = u32::try_from(digits(value.as_nanos())).unwrap_or(u32::MAX);
    (1..now).flat_map(move |digits| rounded(value, digits))
}
