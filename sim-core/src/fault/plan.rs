//! What may go wrong in a run: whom, when, how long. Written by a person, drawn by a swarm, or pinned by a run.

use serde::{Deserialize, Serialize};

mod repeat;

use super::spec::{Clock, ClockFault, Fault, LAST_ROUND, RawEntry, Round};
use crate::distribution::Distribution;
use crate::identity::NodeId;
use crate::sorting::SortSeldom;
use crate::time::{Duration, Time};

pub(super) use repeat::MOST_TIMES;
pub use repeat::Repeat;

/// The faults of a run.
///
/// A plan is data: sorted by [`FaultPlan::sort`], it is the same whoever wrote it. Its *pinned* form is what a run
/// records of itself: moments as they came, slots as they were drawn, nothing that was refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FaultPlan {
    /// What goes wrong.
    pub entries: Vec<FaultEntry>,
    /// Nothing is refused: the faults may exceed what the protocol promises to bear, on purpose.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub over_budget: bool,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawEntry", into = "RawEntry")]
pub struct FaultEntry {
    /// Names the entry, whatever else is in the plan: its draws depend on this name alone, so that removing another
    /// entry changes nothing here. Given by [`FaultPlan::number`] if absent.
    pub id: Option<u32>,
    /// When it begins.
    pub at: Moment,
    /// How long it lasts, written `for`; to the end if absent.
    pub lasts: Option<Duration>,
    /// How it comes back, if it does.
    pub repeat: Option<Repeat>,
    /// The budget does not refuse it: it may exceed what the protocol promises to bear, on purpose.
    pub over_budget: bool,
    /// What goes wrong.
    pub what: Fault,
}

/// When a fault begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Moment {
    /// At a time, written `at = "5s"`.
    At(Time),
    /// When the protocol does something, written `on = { event = .. }`.
    On(Trigger),
}

/// Something that the protocol does: the `nth` time that an observation is made, or a message of a kind is sent:
/// one for each recipient, as measures and the outcome count them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "RawTrigger", into = "RawTrigger")]
pub struct Trigger {
    /// What is waited for.
    pub what: TriggerOn,
    /// Which occurrence, counting from one.
    pub nth: u32,
    /// Only occurrences at a process in this role count.
    pub role: Option<String>,
    /// Whether the fault strikes at once, or when the step is over.
    pub before: Option<Before>,
    /// How long after it the fault strikes; drawn anew for each run.
    pub after: Option<Distribution>,
}

/// What a trigger waits for. Names are compared without regard to case, `-`, `_`, and a prefix that ends in a point:
/// `pbft.prepared` is the observation `Prepared`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerOn {
    /// An observation, written `event = "BecameLeader"`.
    Event(String),
    /// A message about to be sent, written `send = "AppendEntries"`.
    Send(String),
    /// An observation whose process has since made durable all that it had written until then, written
    /// `durable = "Voted"`: the end of a sync, seen from the protocol.
    Durable(String),
}

/// What has not happened yet when the fault strikes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Before {
    /// The sends that the same step makes later on, and for a trigger on a message that message itself; for one on a
    /// sync, whatever was held until it ended.
    Send,
}

/// A trigger as it is written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawTrigger {
    #[serde(skip_serializing_if = "Option::is_none")]
    event: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    send: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    durable: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nth: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Before>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Distribution>,
}

/// An entry that says too little or too much.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// Neither `at` nor `on`, or both.
    #[error("read a fault: expected exactly one of at = \"5s\" or on = {{ event = \"..\" }}")]
    Moment,
    /// `jitter` or `until` without `every`.
    #[error("read a fault: jitter and until go with every")]
    NoEvery,
    /// `every` with `on`.
    #[error("read a fault: every goes with at; a trigger waits for one event")]
    EveryOn,
    /// No fault key.
    #[error("read a fault: it says when, but not what goes wrong; expected one of {}", super::spec::FAULT_KEYS.join(", "))]
    NoFault,
    /// More than one fault key.
    #[error("read a fault: {first} and {second} in one entry; write two entries")]
    TwoFaults {
        /// A key that was found.
        first: &'static str,
        /// Another one.
        second: &'static str,
    },
    /// A trigger waits for nothing or for two things.
    #[error("read a trigger: expected exactly one of event, send or durable")]
    Trigger,
    /// A trigger's `nth` counts from one.
    #[error("read a trigger: nth counts from 1")]
    Nth,
    /// `before` and `after` in one trigger.
    #[error("read a trigger: before strikes at once, after strikes later; give one of them")]
    BeforeAndAfter,
}

impl TryFrom<RawTrigger> for Trigger {
    type Error = EntryError;

    fn try_from(raw: RawTrigger) -> Result<Self, EntryError> {
        let what = match (raw.event, raw.send, raw.durable) {
            (Some(event), None, None) => TriggerOn::Event(event),
            (None, Some(send), None) => TriggerOn::Send(send),
            (None, None, Some(event)) => TriggerOn::Durable(event),
            _ => return Err(EntryError::Trigger),
        };
        if raw.nth == Some(0) {
            return Err(EntryError::Nth);
        }
        if raw.before.is_some() && raw.after.is_some() {
            return Err(EntryError::BeforeAndAfter);
        }
        Ok(Self { what, nth: raw.nth.unwrap_or(1), role: raw.role, before: raw.before, after: raw.after })
    }
}

impl From<Trigger> for RawTrigger {
    fn from(trigger: Trigger) -> Self {
        let (event, send, durable) = match trigger.what {
            TriggerOn::Event(event) => (Some(event), None, None),
            TriggerOn::Send(send) => (None, Some(send), None),
            TriggerOn::Durable(event) => (None, None, Some(event)),
        };
        let Trigger { nth, role, before, after, .. } = trigger;
        Self { event, send, durable, nth: Some(nth), role, before, after }
    }
}

impl TryFrom<RawEntry> for FaultEntry {
    type Error = EntryError;

    fn try_from(mut raw: RawEntry) -> Result<Self, EntryError> {
        let mut faults = raw.faults().into_iter();
        let what = match (faults.next(), faults.next()) {
            (Some((_, fault)), None) => fault,
            (Some((first, _)), Some((second, _))) => return Err(EntryError::TwoFaults { first, second }),
            (None, _) => return Err(EntryError::NoFault),
        };
        let at = match (raw.at, raw.on) {
            // A round is in force from the start.
            (None, None) if matches!(what, Fault::Round(_)) => Moment::At(Time::ZERO),
            (Some(at), None) => Moment::At(Time::ZERO + at),
            (None, Some(on)) => Moment::On(on),
            _ => return Err(EntryError::Moment),
        };
        let repeat = match (raw.every, &at) {
            (None, _) if raw.jitter.is_some() || raw.until.is_some() => return Err(EntryError::NoEvery),
            (Some(_), Moment::On(_)) => return Err(EntryError::EveryOn),
            (every, _) => {
                every.map(|every| Repeat { every, jitter: raw.jitter.unwrap_or_default(), until: raw.until })
            }
        };
        Ok(Self { id: raw.id, at, lasts: raw.lasts, repeat, over_budget: raw.over_budget, what })
    }
}

impl From<FaultEntry> for RawEntry {
    fn from(entry: FaultEntry) -> Self {
        let (at, on) = match entry.at {
            Moment::At(at) => (Some(at.since(Time::ZERO)), None),
            Moment::On(on) => (None, Some(on)),
        };
        let over_budget = entry.over_budget;
        let mut raw = Self { id: entry.id, at, on, lasts: entry.lasts, over_budget, ..Self::default() };
        if let Some(Repeat { every, jitter, until }) = entry.repeat {
            raw.every = Some(every);
            raw.jitter = Some(jitter).filter(|jitter| !jitter.is_zero());
            raw.until = until;
        }
        raw.put(entry.what);
        raw
    }
}

impl FaultEntry {
    /// A fault that begins at a time and lasts to the end.
    pub const fn at(at: Time, what: Fault) -> Self {
        Self { id: None, at: Moment::At(at), lasts: None, repeat: None, over_budget: false, what }
    }

    /// A fault that begins when something happens and lasts to the end.
    pub const fn on(trigger: Trigger, what: Fault) -> Self {
        Self { id: None, at: Moment::On(trigger), lasts: None, repeat: None, over_budget: false, what }
    }

    /// The same fault, ending after a time.
    #[must_use]
    pub const fn lasting(mut self, lasts: Duration) -> Self {
        self.lasts = Some(lasts);
        self
    }

    /// How long it lasts, whether written as `for` or as `restart_after`.
    pub fn duration(&self) -> Option<Duration> {
        self.lasts.or(match &self.what {
            Fault::Crash(crash) | Fault::Amnesia(crash) => crash.restart_after,
            _ => None,
        })
    }
}

impl Trigger {
    /// The first observation of a kind, at the end of its step.
    pub fn event(kind: &str) -> Self {
        Self { what: TriggerOn::Event(kind.to_owned()), nth: 1, role: None, before: None, after: None }
    }

    /// The first message of a kind, when the step that sends it is over.
    pub fn send(kind: &str) -> Self {
        Self { what: TriggerOn::Send(kind.to_owned()), ..Self::event("") }
    }

    /// The first observation of a kind that is durable, when the step that the sync leads to is over.
    pub fn durable(kind: &str) -> Self {
        Self { what: TriggerOn::Durable(kind.to_owned()), ..Self::event("") }
    }

    /// Whether a kind is the one that the trigger names.
    pub fn names(&self, kind: &str) -> bool {
        same_kind(self.written(), kind)
    }

    /// The kind that the trigger names.
    pub fn kind(&self) -> KindName {
        KindName::new(self.written())
    }

    fn written(&self) -> &str {
        let (TriggerOn::Event(name) | TriggerOn::Send(name) | TriggerOn::Durable(name)) = &self.what;
        name
    }
}

/// A kind as it was written, to be compared with that of every message and observation of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindName(Box<[u8]>);

impl KindName {
    /// What [`same_kind`] compares.
    pub fn new(written: &str) -> Self {
        Self(letters(own_name(written)).collect())
    }

    /// Whether it means this kind.
    pub fn is(&self, kind: &str) -> bool {
        // Most kinds are others, and begin with another letter.
        let first = kind.bytes().next().map(|first| first.to_ascii_lowercase());
        let other = first.is_some_and(|first| first.is_ascii_lowercase() && self.0.first() != Some(&first));
        !other && letters(kind).eq(self.0.iter().copied())
    }
}

/// Whether a written name means a kind, without regard to case, `-`, `_` and a prefix that ends in a point.
pub fn same_kind(written: &str, kind: &str) -> bool {
    letters(own_name(written)).eq(letters(kind))
}

fn own_name(written: &str) -> &str {
    written.rsplit_once('.').map_or(written, |(_, name)| name)
}

fn letters(name: &str) -> impl Iterator<Item = u8> + '_ {
    name.bytes().filter(|byte| !matches!(byte, b'-' | b'_')).map(|byte| byte.to_ascii_lowercase())
}

impl FaultPlan {
    /// Who leads which round, from the first one on, where the plan says so; empty if it says nothing.
    pub fn leaders(&self) -> Vec<Option<NodeId>> {
        let mut leaders = Vec::new();
        for entry in &self.entries {
            if let Fault::Round(Round { number, leader: Some(leader), .. }) = &entry.what
                && (1..=LAST_ROUND).contains(number)
            {
                let index = *number as usize - 1;
                if leaders.len() <= index {
                    leaders.resize(index + 1, None);
                }
                leaders[index] = Some(NodeId(leader.0));
            }
        }
        leaders
    }

    /// Whether some entry makes somebody come or leave for good.
    pub fn changes_members(&self) -> bool {
        self.entries.iter().any(|entry| entry.what.changes_members())
    }

    /// How long timers may still stand when the core is healed: a clock that goes back, by a fault or as a step forward
    /// ends, holds up what was set before for as long. The most that all steps of a plan together can do to one clock.
    pub fn held_up(&self) -> Duration {
        let step = |entry: &FaultEntry| match &entry.what {
            Fault::Clock(Clock { change: ClockFault::Forward(by) | ClockFault::Back(by), .. }) => *by,
            _ => Duration::ZERO,
        };
        self.entries.iter().map(step).fold(Duration::ZERO, Duration::saturating_add)
    }

    /// A plan of these entries, sorted.
    pub fn new(entries: Vec<FaultEntry>) -> Self {
        let mut plan = Self { entries, over_budget: false };
        plan.sort();
        plan
    }

    /// Whether nothing goes wrong.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Puts entries in the order of their moments, those that wait for an event last; what begins at one moment
    /// keeps its order.
    pub fn sort(&mut self) {
        self.entries.sort_seldom_by_key(|entry| match &entry.at {
            Moment::At(at) => (false, *at),
            Moment::On(_) => (true, Time::ZERO),
        });
    }

    /// Gives an id to every entry that has none: the smallest above all ids given.
    pub fn number(&mut self) {
        let mut next =
            self.entries.iter().filter_map(|entry| entry.id).max().map_or(0, |id| id.saturating_add(1));
        for entry in self.entries.iter_mut().filter(|entry| entry.id.is_none()) {
            entry.id = Some(next);
            next = next.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests;
