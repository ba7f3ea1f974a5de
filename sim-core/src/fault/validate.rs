//! What makes no sense is refused before anything runs.

use super::action::DiskFault;
use super::partition::MOST_GROUPS;
use super::plan::{FaultEntry, FaultPlan, MOST_TIMES, Moment, Repeat, Trigger, TriggerOn, same_kind};
use super::selector::{Selector, SlotList, UnknownTarget, Vocabulary, nearest};
use super::spec::{ClockFault, Disk, Fault, Harm, LAST_ROUND, LinkFault, Round, Shape};
use crate::distribution::{DistributionError, LONGEST};
use crate::identity::Slot;
use crate::sorting::SortSeldom;
use crate::time::{Duration, Time};

mod harm;

/// A plan that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// One entry makes no sense by itself.
    #[error("plan faults: entry {} ({key}): {problem}", entry + 1)]
    Entry {
        /// Which one, from zero, in the order of the plan.
        entry: usize,
        /// The key of its fault.
        key: &'static str,
        /// What is wrong.
        problem: Problem,
    },
    /// Two entries want the same slot to be wrong in the same way at the same time.
    #[error(
        "plan faults: entries {} and {} ({first_key}, {second_key}) overlap at {slot}: the second begins at {at}, before the first has ended",
        first + 1, second + 1
    )]
    Overlap {
        /// The one that begins first.
        first: usize,
        /// Its key.
        first_key: &'static str,
        /// The one that begins while the first is in force.
        second: usize,
        /// Its key.
        second_key: &'static str,
        /// Where.
        slot: Slot,
        /// When the second begins.
        at: Time,
    },
}

/// What is wrong with one entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// A target does not exist.
    #[error(transparent)]
    Target(#[from] UnknownTarget),
    /// A trigger waits for something that the protocol does not do.
    #[error("unknown {what} \"{text}\"{}; expected one of {allowed}", .nearest.as_ref().map_or_else(String::new, |near| format!(", did you mean \"{near}\"?")))]
    Kind {
        /// `event`, `message` or `role`.
        what: &'static str,
        /// As it was written.
        text: String,
        /// The nearest that exists.
        nearest: Option<String>,
        /// All that exist.
        allowed: String,
    },
    /// `event.node` without `on`.
    #[error("event.node needs an event: write on = {{ event = \"..\" }} instead of at")]
    NoEvent,
    /// An id that is taken, or too large.
    #[error("the id {0} is taken, or above 500 million")]
    Id(u32),
    /// A duration, count or rate of zero, which would do nothing.
    #[error("{0} must be above zero")]
    Zero(&'static str),
    /// A value beyond its bounds.
    #[error("{name} must lie between {least} and {most}")]
    Range {
        /// Which one.
        name: &'static str,
        /// The least it may be.
        least: u64,
        /// The most it may be.
        most: u64,
    },
    /// Loss of everything: on a stream, a message would be sent again for ever.
    #[error("a loss of everything is a cut: use partition")]
    CertainLoss,
    /// A duration beyond those that a run has.
    #[error("{0} is above 365 days")]
    TooLong(&'static str),
    /// Time between repetitions is too short.
    #[error("{0} must be at least 1ms")]
    TooOften(&'static str),
    /// A fault that is over at once has no length.
    #[error("it happens at one moment, so it takes no \"for\"")]
    Instant,
    /// A fault that must end.
    #[error("it must end: give it a \"for\"")]
    Endless,
    /// Two lengths.
    #[error("\"for\" and \"restart_after\" say the same; give one of them")]
    TwoLengths,
    /// Somebody new cannot be an upgraded one.
    #[error("a version goes with \"crash\" only: who comes back from an amnesia is somebody new")]
    VersionOfNobody,
    /// It would begin while it is still in force.
    #[error("it has not ended when it comes back: its length and jitter must not exceed every")]
    StillOn,
    /// Its beginnings could change places.
    #[error("jitter must be below every")]
    Jitter,
    /// It would never begin.
    #[error("until must be after at")]
    Until,
    /// It comes back too often.
    #[error("it comes back {0} times, more than {MOST_TIMES}")]
    Times(u64),
    /// A healthy disk is no fault.
    #[error("\"healthy\" is not a fault")]
    Healthy,
    /// A delay that cannot be drawn.
    #[error(transparent)]
    Delay(#[from] DistributionError),
    /// The rest of nothing.
    #[error("rest stands in partition.groups only, as a group of its own")]
    Rest,
    /// A round that begins at a time.
    #[error("a round begins with its first message, so it takes no \"at\", \"on\" or \"every\"")]
    Moment,
    /// Two entries about one round.
    #[error("another entry says who leads round {0} or which sides it has; write one entry")]
    SameRound(u32),
    /// A round of a protocol whose messages tell none.
    #[error("messages of {0} tell no round")]
    NoRounds(String),
    /// `drop` without `sides`.
    #[error("drop says what is lost across sides; give sides, too")]
    NoSides,
    /// `chance` together with `nth`.
    #[error("give chance or nth, not both")]
    ChanceAndNth,
    /// `target` together with `from` or `to`.
    #[error("give target, or from and to, not both")]
    Links,
}

/// The largest id, since ids of cuts are made from it.
const LARGEST_ID: u32 = 500_000_000;

impl FaultPlan {
    /// Whether the plan makes sense for so many members and clients, and if a vocabulary is given, whether all roles
    /// and kinds that it names exist.
    ///
    /// # Errors
    /// The first thing that makes no sense.
    pub fn validate(
        &self,
        members: u32,
        clients: u32,
        vocabulary: Option<&Vocabulary<'_>>,
    ) -> Result<(), FaultError> {
        self.problems(members, clients, vocabulary).next().map_or(Ok(()), Err)
    }

    /// Everything that makes no sense: the first problem of each entry, then each entry that overlaps an earlier one.
    pub fn problems(
        &self,
        members: u32,
        clients: u32,
        vocabulary: Option<&Vocabulary<'_>>,
    ) -> impl Iterator<Item = FaultError> {
        let entries = self.entries.iter().enumerate().filter_map(move |(index, entry)| {
            let named = |problem| FaultError::Entry { entry: index, key: entry.what.key(), problem };
            let checked = self
                .check_id(index)
                .and_then(|()| self.check_round(index, members))
                .and_then(|()| check_entry(entry, members))
                .and_then(|()| check_names(entry, members, clients, vocabulary));
            checked.err().map(named)
        });
        let overlaps = std::iter::once_with(move || overlaps(&self.entries, members, clients));
        entries.chain(overlaps.flatten())
    }

    fn check_id(&self, index: usize) -> Result<(), Problem> {
        let Some(id) = self.entries[index].id else { return Ok(()) };
        let taken = self.entries[..index].iter().any(|other| other.id == Some(id));
        if taken || id > LARGEST_ID { Err(Problem::Id(id)) } else { Ok(()) }
    }

    /// Whether an entry about a round is the only one about it, and is in force from the start.
    fn check_round(&self, index: usize, members: u32) -> Result<(), Problem> {
        let entry = &self.entries[index];
        let Fault::Round(round) = &entry.what else { return Ok(()) };
        if entry.at != Moment::At(Time::ZERO) || entry.repeat.is_some() {
            return Err(Problem::Moment);
        }
        within("number", round.number, 1, LAST_ROUND)?;
        if let Some(leader) = round.leader {
            within("leader", leader.0.saturating_add(1), 1, members)?;
        }
        if round.sides.is_empty() && !round.drop.is_empty() {
            return Err(Problem::NoSides);
        }
        within(
            "the number of sides",
            u32::try_from(round.sides.len()).unwrap_or(u32::MAX),
            0,
            MOST_GROUPS as u32,
        )?;
        let same =
            |other: &FaultEntry| matches!(&other.what, Fault::Round(other) if other.number == round.number);
        if self.entries[..index].iter().any(same) { Err(Problem::SameRound(round.number)) } else { Ok(()) }
    }
}

fn check_names(
    entry: &FaultEntry,
    members: u32,
    clients: u32,
    vocabulary: Option<&Vocabulary<'_>>,
) -> Result<(), Problem> {
    if let (Moment::On(trigger), Some(vocabulary)) = (&entry.at, vocabulary) {
        check_trigger(trigger, vocabulary)?;
    }
    if let (Fault::Round(round), Some(vocabulary)) = (&entry.what, vocabulary) {
        check_dropped(round, vocabulary)?;
    }
    let groups = match &entry.what {
        Fault::Partition(it) => matches!(it.shape, Shape::Groups(_)),
        other => matches!(other, Fault::Round(_)),
    };
    for selector in entry.what.selectors() {
        if selector.has_rest() && !(groups && *selector == Selector::Rest) {
            return Err(Problem::Rest);
        }
        if selector.needs_event() && matches!(entry.at, Moment::At(_)) {
            return Err(Problem::NoEvent);
        }
        match vocabulary {
            Some(vocabulary) => selector.check(vocabulary)?,
            None => check_numbers(selector, members, clients)?,
        }
    }
    Ok(())
}

/// Whether messages tell rounds, and those that are lost do.
fn check_dropped(round: &Round, vocabulary: &Vocabulary<'_>) -> Result<(), Problem> {
    if vocabulary.rounds.is_empty() {
        return Err(Problem::NoRounds(vocabulary.protocol.to_owned()));
    }
    let known = |name: &&String| vocabulary.rounds.iter().any(|kind| same_kind(name, kind));
    round.drop.iter().find(|name| !known(name)).map_or(Ok(()), |name| {
        Err(Problem::Kind {
            what: "message that tells its round",
            text: name.clone(),
            nearest: nearest(name, vocabulary.rounds),
            allowed: vocabulary.rounds.join(", "),
        })
    })
}

/// Without a vocabulary every role exists.
fn check_numbers(selector: &Selector, members: u32, clients: u32) -> Result<(), UnknownTarget> {
    match selector {
        Selector::Role(_) | Selector::Every(_) => Ok(()),
        Selector::Union(parts) => parts.iter().try_for_each(|part| check_numbers(part, members, clients)),
        plain => plain.check(&Vocabulary {
            protocol: "",
            members,
            clients,
            grows: true,
            roles: &["leader"],
            observations: &[],
            messages: &[],
            rounds: &[],
            domains: &[],
        }),
    }
}

fn check_trigger(trigger: &Trigger, vocabulary: &Vocabulary<'_>) -> Result<(), Problem> {
    let (what, text, known) = match &trigger.what {
        TriggerOn::Event(kind) | TriggerOn::Durable(kind) => ("event", kind, vocabulary.observations),
        TriggerOn::Send(kind) => ("message", kind, vocabulary.messages),
    };
    let kind = |what, text: &str, known: &[&str]| Problem::Kind {
        what,
        text: text.to_owned(),
        nearest: nearest(text.rsplit('.').next().unwrap_or(text), known),
        allowed: known.join(", "),
    };
    if !known.iter().any(|known| trigger.names(known)) {
        return Err(kind(what, text, known));
    }
    match &trigger.role {
        Some(role) if !vocabulary.roles.iter().any(|known| super::selector::in_role(role, known)) => {
            Err(kind("role", role, vocabulary.roles))
        }
        _ => Ok(()),
    }
}

/// No sum of what an entry takes, waits and repeats comes near the end of time.
fn check_durations(entry: &FaultEntry) -> Result<(), Problem> {
    let at = match entry.at {
        Moment::At(at) => Some(at.since(Time::ZERO)),
        Moment::On(_) => None,
    };
    let own: [(&'static str, Option<Duration>); 2] = match &entry.what {
        Fault::Crash(it) | Fault::Amnesia(it) => [("restart_after", it.restart_after), ("", None)],
        Fault::Flap(it) => [("period", Some(it.period)), ("", None)],
        Fault::Links(LinkFault { harm: Harm::Reorder { within, .. }, .. }) => {
            [("within", Some(*within)), ("", None)]
        }
        Fault::Slow(it) => [("floor", Some(it.floor)), ("", None)],
        Fault::Churn(it) => [("every", Some(it.every)), ("", None)],
        Fault::Adaptive(it) => [("every", Some(it.every)), ("", None)],
        Fault::RollingRestart(it) => [("down", Some(it.down)), ("gap", Some(it.gap))],
        Fault::Upgrade(it) => [("down", Some(it.down)), ("gap", Some(it.gap))],
        Fault::Disk(Disk { fault: DiskFault::Slow { extra, .. }, .. }) => {
            [("extra", Some(*extra)), ("", None)]
        }
        Fault::Clock(it) => match it.change {
            ClockFault::Forward(by) => [("forward", Some(by)), ("", None)],
            ClockFault::Back(by) => [("back", Some(by)), ("", None)],
            ClockFault::Drift(_) | ClockFault::Freeze => [("", None); 2],
        },
        _ => [("", None); 2],
    };
    let all = own.into_iter().chain([("at", at), ("for", entry.lasts)]);
    let long = all.into_iter().find(|(_, length)| length.is_some_and(|length| length > LONGEST));
    long.map_or(Ok(()), |(name, _)| Err(Problem::TooLong(name)))
}

fn check_entry(entry: &FaultEntry, members: u32) -> Result<(), Problem> {
    check_durations(entry)?;
    check_length(entry)?;
    check_repeat(entry)?;
    if let Moment::On(Trigger { after: Some(after), .. }) = &entry.at {
        after.validate()?;
    }
    match &entry.what {
        Fault::Partition(partition) => check_shape(&partition.shape, members),
        Fault::Flap(flap) => often("period", flap.period),
        Fault::Links(links) => harm::check(links),
        Fault::Amnesia(it) if it.version.is_some() => Err(Problem::VersionOfNobody),
        Fault::Slow(slow) => within("percent", slow.percent, 101, 1_000_000),
        Fault::Join(join) => within("count", join.count, 1, 10_000),
        Fault::Churn(churn) => often("every", churn.every),
        Fault::RollingRestart(rolling) => positive("down", !rolling.down.is_zero()),
        Fault::Upgrade(upgrade) => positive("down", !upgrade.down.is_zero()),
        Fault::Adaptive(adaptive) => {
            within("count", adaptive.count, 1, 10_000)?;
            often("every", adaptive.every)
        }
        Fault::Detour(detour) => match (detour.chance, detour.nth) {
            (Some(_), Some(_)) => Err(Problem::ChanceAndNth),
            (Some(chance), None) => positive("chance", !chance.is_zero()),
            (None, Some(nth)) => positive("nth", nth > 0),
            (None, None) => Ok(()),
        },
        Fault::Disk(disk) if disk.fault == DiskFault::Healthy => Err(Problem::Healthy),
        Fault::Clock(clock) => match clock.change {
            ClockFault::Forward(by) => positive("forward", !by.is_zero()),
            ClockFault::Back(by) => positive("back", !by.is_zero()),
            ClockFault::Drift(drift) => positive("drift", drift.parts_per_billion != 0),
            ClockFault::Freeze => Ok(()),
        },
        _ => Ok(()),
    }
}

fn check_length(entry: &FaultEntry) -> Result<(), Problem> {
    positive("for", entry.lasts != Some(Duration::ZERO))?;
    let instant = match &entry.what {
        Fault::Crash(crash) | Fault::Amnesia(crash) => {
            if entry.lasts.is_some() && crash.restart_after.is_some() {
                return Err(Problem::TwoLengths);
            }
            return positive("restart_after", crash.restart_after != Some(Duration::ZERO));
        }
        Fault::Disk(disk) => disk.fault == DiskFault::Rot,
        Fault::Detour(detour) => detour.nth.is_some(),
        Fault::Join(_)
        | Fault::Leave(_)
        | Fault::Replace(_)
        | Fault::RollingRestart(_)
        | Fault::Upgrade(_)
        | Fault::Corrupt(_)
        | Fault::Adaptive(_)
        | Fault::Twins(_) => true,
        _ => false,
    };
    let must_end = matches!(&entry.what, Fault::Links(links) if matches!(links.harm, Harm::Jam {}));
    match entry.lasts {
        Some(_) if instant => Err(Problem::Instant),
        None if must_end => Err(Problem::Endless),
        _ => Ok(()),
    }
}

fn check_repeat(entry: &FaultEntry) -> Result<(), Problem> {
    let (Some(repeat), Moment::At(first)) = (entry.repeat, &entry.at) else { return Ok(()) };
    let Repeat { every, jitter, until } = repeat;
    often("every", every)?;
    if jitter >= every {
        return Err(Problem::Jitter);
    }
    if until.is_some_and(|until| until <= first.since(Time::ZERO)) {
        return Err(Problem::Until);
    }
    match repeat.count(*first, Time::MAX) {
        many if until.is_some() && many > MOST_TIMES => return Err(Problem::Times(many)),
        _ => {}
    }
    match entry.duration() {
        Some(lasts) if lasts.saturating_add(jitter) > every => Err(Problem::StillOn),
        None if takes_length(&entry.what) => Err(Problem::Endless),
        _ => Ok(()),
    }
}

/// Whether a fault without a length is in force to the end, so that it cannot come back: one that takes somebody away or
/// that is over at once can.
fn takes_length(fault: &Fault) -> bool {
    match fault {
        Fault::Partition(_)
        | Fault::Flap(_)
        | Fault::Links(_)
        | Fault::Pause(_)
        | Fault::Slow(_)
        | Fault::Churn(_) => true,
        Fault::Disk(disk) => disk.fault != DiskFault::Rot,
        Fault::Detour(detour) => detour.nth.is_none(),
        Fault::Clock(clock) => !matches!(clock.change, ClockFault::Forward(_) | ClockFault::Back(_)),
        _ => false,
    }
}

fn check_shape(shape: &Shape, members: u32) -> Result<(), Problem> {
    match shape {
        Shape::Random { parts } => within("parts", *parts, 2, MOST_GROUPS as u32),
        Shape::Groups(groups) => {
            let count = u32::try_from(groups.len()).unwrap_or(u32::MAX);
            within("the number of groups", count, 1, MOST_GROUPS as u32)
        }
        Shape::Links(links) => {
            links.iter().try_for_each(|(a, b)| within("a slot of links", *a.min(b), 1, members))?;
            links.iter().try_for_each(|(a, b)| within("a slot of links", *a.max(b), 1, members))
        }
        _ => Ok(()),
    }
}

fn positive(name: &'static str, is: bool) -> Result<(), Problem> {
    if is { Ok(()) } else { Err(Problem::Zero(name)) }
}

fn often(name: &'static str, every: Duration) -> Result<(), Problem> {
    if every < Duration::from_millis(1) { Err(Problem::TooOften(name)) } else { Ok(()) }
}

fn within(name: &'static str, value: u32, least: u32, most: u32) -> Result<(), Problem> {
    let (low, high) = (u64::from(least), u64::from(most));
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(Problem::Range { name, least: low, most: high })
    }
}

/// What a slot can be only once at a time.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exclusive {
    Process,
    Speed,
    Disk,
    Clock,
    Honesty,
}

fn exclusive(entry: &FaultEntry) -> Option<Exclusive> {
    Some(match &entry.what {
        Fault::Crash(_) | Fault::Amnesia(_) | Fault::Pause(_) | Fault::Leave(_) => Exclusive::Process,
        Fault::Slow(_) => Exclusive::Speed,
        Fault::Disk(_) => Exclusive::Disk,
        Fault::Clock(clock) => match clock.change {
            // A jump that is not taken back is over at once.
            ClockFault::Forward(_) | ClockFault::Back(_) if entry.lasts.is_none() => return None,
            _ => Exclusive::Clock,
        },
        Fault::Corrupt(_) => Exclusive::Honesty,
        _ => return None,
    })
}

/// When an entry that strikes slots known beforehand is in force: from, to (excluded), where.
struct Span {
    index: usize,
    what: Exclusive,
    from: Time,
    to: Time,
    slots: SlotList,
}

/// Each entry that begins while an earlier one of its kind is in force at one of its slots.
fn overlaps(entries: &[FaultEntry], members: u32, clients: u32) -> Vec<FaultError> {
    let mut spans: Vec<Span> =
        entries.iter().enumerate().flat_map(|(index, entry)| spans(index, entry, members, clients)).collect();
    spans.sort_seldom_by_key(|span| (span.from, span.index));
    let meeting = spans.iter().enumerate().filter_map(|(later, second)| {
        let mut before = spans[..later].iter();
        before.find_map(|first| first.meets(second).map(|slot| (first, second, slot)))
    });
    let error = |(first, second, slot): (&Span, &Span, Slot)| FaultError::Overlap {
        first: first.index,
        first_key: entries[first.index].what.key(),
        second: second.index,
        second_key: entries[second.index].what.key(),
        slot,
        at: second.from,
    };
    meeting.map(error).collect()
}

impl Span {
    /// Where a later span begins before this one has ended.
    fn meets(&self, second: &Self) -> Option<Slot> {
        let at_once = self.what == second.what && second.from < self.to;
        at_once.then(|| self.slots.meets(&second.slots))?
    }
}

/// The spans of an entry: one, or one for each time that it comes back, as late as its jitter may make it.
fn spans(index: usize, entry: &FaultEntry, members: u32, clients: u32) -> Vec<Span> {
    let Moment::At(first) = entry.at else { return Vec::new() };
    let Some(Span { index, what, to, slots, .. }) = span(index, entry, first, members, clients) else {
        return Vec::new();
    };
    let Some(repeat) = entry.repeat else { return vec![Span { index, what, from: first, to, slots }] };
    let length = to.since(first).saturating_add(repeat.jitter);
    let again =
        |from: Time| Span { index, what, from, to: from.saturating_add(length), slots: slots.clone() };
    repeat.times(first, Time::MAX).map(again).collect()
}

fn span(index: usize, entry: &FaultEntry, from: Time, members: u32, clients: u32) -> Option<Span> {
    let what = exclusive(entry)?;
    let slots = fixed_slots(entry.what.target()?, members, clients)?;
    let rot = matches!(&entry.what, Fault::Disk(disk) if disk.fault == DiskFault::Rot);
    let to = match entry.duration() {
        Some(lasts) => from.saturating_add(lasts),
        // Rot is over at once.
        None if rot => from,
        None => Time::MAX,
    };
    Some(Span { index, what, from, to, slots })
}

/// The slots of a selector that means the same slots whenever it is resolved, in order, each once.
fn fixed_slots(selector: &Selector, members: u32, clients: u32) -> Option<SlotList> {
    let slots = match selector {
        Selector::All => SlotList::range(0, members),
        Selector::Clients => SlotList::range(members, clients),
        Selector::Node(index) => SlotList::range(*index, 1),
        Selector::Client(index) => SlotList::range(members.saturating_add(*index), 1),
        Selector::Slots(slots) => slots.clone(),
        Selector::Union(parts) => {
            let parts: Option<Vec<_>> =
                parts.iter().map(|part| fixed_slots(part, members, clients)).collect();
            SlotList::concat(parts?)
        }
        _ => return None,
    };
    Some(slots.merge())
}

#[cfg(test)]
mod tests;
