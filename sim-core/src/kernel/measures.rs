//! What a scenario wants measured: gauges look on while a run goes on, and change nothing in it.

use super::{Kernel, Vocabulary};
use crate::fault::Executed;
use crate::fault::selector::in_role;
use crate::ground::{Ground, Status};
use crate::identity::{NodeId, NodeName, Slot};
use crate::ordered::OrderedMap;
use crate::process::Summary;
use crate::setup::{MeasureOf, Pattern, Point, Setup};
use crate::time::{Duration, Time};

/// Everything that is measured.
#[derive(Debug, Default)]
pub(crate) struct Gauges {
    /// Narrowed to kinds of observations.
    observed: Vec<Gauge>,
    /// How many members there are.
    members: u32,
    /// Narrowed to kinds of messages.
    sent: Vec<Gauge>,
    values: Vec<(String, Reading)>,
}

/// Where the value of a measure is read, in the end.
#[derive(Debug)]
enum Reading {
    NthTime(usize),
    LastTime(usize),
    Count(usize),
    RankAt(usize),
    HighestRank(usize),
    Between(SpanEnd, SpanEnd),
    ShareInRole(String),
    Sent(usize),
}

/// One end of a span of time.
#[derive(Debug)]
enum SpanEnd {
    Observed(usize),
    Fault { kind: crate::fault::Kind, nth: u64 },
}

/// Follows one pattern.
#[derive(Debug)]
struct Gauge {
    kind: Option<u8>,
    slot: Option<Slot>,
    about: Option<Vec<NodeName>>,
    role: Option<String>,
    was: Option<String>,
    since: Time,
    until: Time,
    nth: u64,
    count: u64,
    nth_at: Option<Time>,
    nth_rank: Option<u64>,
    last_at: Option<Time>,
    highest_rank: Option<u64>,
}

/// Something that was just reported or sent.
struct Sighting {
    kind: u8,
    slot: Slot,
    now: Time,
    was: Option<&'static str>,
    is: Status,
    /// The rank that it reports itself.
    rank: Option<u64>,
    /// Whom it is about.
    peer: Option<NodeId>,
}

fn moment(at: Option<Duration>, otherwise: Time) -> Time {
    at.map_or(otherwise, |at| Time::ZERO.saturating_add(at))
}

fn slot(node: Option<NodeName>) -> Option<Slot> {
    node.map(|NodeName(index)| Slot(index))
}

impl Gauge {
    /// Of a node that is no member there is nothing to see: the slots behind the members are clients.
    fn new(pattern: &Pattern, kinds: &[&str], members: u32) -> Self {
        let there = pattern.node.is_none_or(|node| node.0 < members);
        let kind = kinds.iter().position(|kind| there && *kind == pattern.kind);
        Self {
            kind: kind.and_then(|kind| u8::try_from(kind).ok()),
            slot: slot(pattern.node),
            about: pattern.about.clone(),
            role: pattern.role.clone(),
            was: pattern.was.clone(),
            since: moment(pattern.since, Time::ZERO),
            until: moment(pattern.until, Time::MAX),
            nth: pattern.nth.unwrap_or(1),
            count: 0,
            nth_at: None,
            nth_rank: None,
            last_at: None,
            highest_rank: None,
        }
    }

    fn fits(&self, event: &Sighting) -> bool {
        let held = |wanted: &Option<String>, role: Option<&str>| {
            wanted.as_ref().is_none_or(|wanted| role.is_some_and(|role| in_role(wanted, role)))
        };
        self.kind == Some(event.kind)
            && self.slot.is_none_or(|slot| slot == event.slot)
            && (self.since..self.until).contains(&event.now)
            && self.is_about(event.peer)
            && held(&self.role, event.is.role)
            && held(&self.was, event.was)
    }

    fn is_about(&self, peer: Option<NodeId>) -> bool {
        let named = |nodes: &Vec<NodeName>| nodes.iter().any(|node| peer == Some(NodeId(node.0)));
        self.about.as_ref().is_none_or(named)
    }

    fn take(&mut self, event: &Sighting) {
        if !self.fits(event) {
            return;
        }
        self.count += 1;
        self.last_at = Some(event.now);
        self.highest_rank = self.highest_rank.max(event.rank);
        if self.count == self.nth {
            self.nth_at = Some(event.now);
            self.nth_rank = event.is.rank;
        }
    }
}

impl Gauges {
    pub(crate) fn new(setup: &Setup, vocabulary: Vocabulary) -> Self {
        let mut gauges = Self { members: setup.members, ..Self::default() };
        for measure in &setup.measures {
            let reading = gauges.reading(&measure.what, vocabulary.observations, vocabulary.messages);
            gauges.values.push((measure.name.clone(), reading));
        }
        gauges
    }

    fn reading(&mut self, what: &MeasureOf, observations: &[&str], messages: &[&str]) -> Reading {
        match what {
            MeasureOf::FirstTime(pattern) => Reading::NthTime(self.observe(pattern, observations)),
            MeasureOf::LastTime(pattern) => Reading::LastTime(self.observe(pattern, observations)),
            MeasureOf::Count(pattern) => Reading::Count(self.observe(pattern, observations)),
            MeasureOf::RankAt(pattern) => Reading::RankAt(self.observe(pattern, observations)),
            MeasureOf::HighestRank(pattern) => Reading::HighestRank(self.observe(pattern, observations)),
            MeasureOf::Between { from, to } => {
                let mut end = |point: &Point| match point {
                    Point::Observed(pattern) => SpanEnd::Observed(self.observe(pattern, observations)),
                    Point::Fault { fault, nth } => SpanEnd::Fault { kind: *fault, nth: *nth },
                };
                Reading::Between(end(from), end(to))
            }
            MeasureOf::ShareInRole(role) => Reading::ShareInRole(role.clone()),
            MeasureOf::Sent(pattern) => {
                self.sent.push(Gauge::new(pattern, messages, self.members));
                Reading::Sent(self.sent.len() - 1)
            }
        }
    }

    fn observe(&mut self, pattern: &Pattern, kinds: &[&str]) -> usize {
        self.observed.push(Gauge::new(pattern, kinds, self.members));
        self.observed.len() - 1
    }

    /// Whether anything is to be told of messages.
    #[inline]
    pub(crate) fn watch_sends(&self) -> bool {
        !self.sent.is_empty()
    }

    /// Whether anything is to be told of observations.
    #[inline]
    pub(crate) fn watch_observations(&self) -> bool {
        !self.observed.is_empty()
    }

    /// The numbers, by name; absent where what is measured never happened.
    pub(crate) fn read(&self, ground: &Ground, executed: &[Executed]) -> OrderedMap<String, Option<u64>> {
        self.values
            .iter()
            .map(|(name, reading)| (name.clone(), self.value(reading, ground, executed)))
            .collect()
    }

    /// The number of one measure, and whether it is open: how much time had passed at the end for what is waited for and
    /// never came. None if there is no such measure, or nothing to wait for.
    pub(crate) fn read_one(&self, name: &str, ground: &Ground, executed: &[Executed]) -> Option<(u64, bool)> {
        let (_, reading) = self.values.iter().find(|(known, _)| known == name)?;
        if let Some(value) = self.value(reading, ground, executed) {
            return Some((value, false));
        }
        let end = ground.now.as_nanos();
        match reading {
            Reading::NthTime(_) => Some((end, true)),
            Reading::Between(from, to) if self.end(to, executed).is_none() => {
                Some((end.checked_sub(self.end(from, executed)?)?, true))
            }
            _ => None,
        }
    }

    fn value(&self, reading: &Reading, ground: &Ground, executed: &[Executed]) -> Option<u64> {
        match reading {
            Reading::NthTime(gauge) => self.observed[*gauge].nth_at.map(Time::as_nanos),
            Reading::LastTime(gauge) => self.observed[*gauge].last_at.map(Time::as_nanos),
            Reading::Count(gauge) => Some(self.observed[*gauge].count),
            Reading::RankAt(gauge) => self.observed[*gauge].nth_rank,
            Reading::HighestRank(gauge) => self.observed[*gauge].highest_rank,
            Reading::Between(from, to) => {
                let (from, to) = (self.end(from, executed)?, self.end(to, executed)?);
                to.checked_sub(from)
            }
            Reading::ShareInRole(role) => Some(share_in_role(ground, role)),
            Reading::Sent(gauge) => Some(self.sent[*gauge].count),
        }
    }

    /// The time of an end, in nanoseconds.
    fn end(&self, end: &SpanEnd, executed: &[Executed]) -> Option<u64> {
        match end {
            SpanEnd::Observed(gauge) => self.observed[*gauge].nth_at.map(Time::as_nanos),
            SpanEnd::Fault { kind, nth } => {
                let place = usize::try_from(*nth - 1).ok()?;
                let begun = |executed: &&Executed| executed.kind == *kind && executed.refused.is_none();
                executed.iter().filter(begun).nth(place).map(|executed| executed.at_ns)
            }
        }
    }
}

fn share_in_role(ground: &Ground, role: &str) -> u64 {
    let members = ground.members().count() as u64;
    let holds = |place: &crate::ground::Place| place.status.role.is_some_and(|is| in_role(role, is));
    let inside = ground.members().filter(|(_, place)| holds(place)).count() as u64;
    inside * 1_000_000 / members.max(1)
}

impl Kernel {
    /// A process reported something of a kind; `was` is its role before.
    pub(crate) fn measure_observation(
        &mut self,
        slot: Slot,
        was: Option<&'static str>,
        (kind, summary): (u8, Summary),
    ) {
        let (now, is) = (self.now, self.ground.place(slot).status);
        let Summary { rank, peer, .. } = summary;
        let event = Sighting { kind, slot, now, was, is, rank, peer };
        self.gauges.observed.iter_mut().for_each(|gauge| gauge.take(&event));
    }

    /// A message goes out.
    pub(crate) fn measure_send(&mut self, slot: Slot, kind: u8) {
        let is = self.ground.place(slot).status;
        let event = Sighting { kind, slot, now: self.now, was: is.role, is, rank: None, peer: None };
        self.gauges.sent.iter_mut().for_each(|gauge| gauge.take(&event));
    }
}

#[cfg(test)]
mod tests {
    use super::Gauge;
    use crate::identity::NodeName;
    use crate::setup::Pattern;

    #[test]
    fn clients_are_not_measured_by_names_of_nodes() {
        let pattern = Pattern { node: Some(NodeName(3)), ..Pattern::of("Say") };
        assert_eq!(Gauge::new(&pattern, &["Saw", "Say"], 4).kind, Some(1));
        assert_eq!(Gauge::new(&pattern, &["Saw", "Say"], 3).kind, None);
    }
}
