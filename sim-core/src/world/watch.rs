//! What processes report: status and lanes, counts and measures, stop rules, triggers, checks.

use super::World;
use crate::check::Seen;
use crate::facts::Facts;
use crate::ground::Status;
use crate::identity::{NodeId, Slot};
use crate::kernel::Folded;
use crate::outcome::Ended;
use crate::process::{JournalId, Observe, Process, Protocol, Role, Summary};
use crate::setup::{Setup, Stop};
use crate::time::Time;

/// How often a kind of observation was made, first and last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Kind {
    pub(super) count: u64,
    pub(super) first: Option<Time>,
    pub(super) last: Option<Time>,
}

/// Everything that is counted while a run goes on.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) kinds: Vec<Kind>,
    stop_kinds: Vec<(u8, u64)>,
    stop_returns: Option<u64>,
    stop_role: Option<String>,
    stop_at_violation: bool,
    in_role: Vec<bool>,
    in_role_count: u64,
    /// Members that are up.
    pub(super) running: u64,
    pub(super) faults_queued: Option<Time>,
    pub(super) arrival_queued: Option<Time>,
    wiped: Vec<Slot>,
    departed: Vec<Slot>,
}

impl Watch {
    pub(super) fn new(setup: &Setup, kinds: &'static [&'static str], slots: usize) -> Self {
        let mut watch = Self {
            kinds: vec![Kind::default(); kinds.len()],
            stop_kinds: Vec::new(),
            stop_returns: None,
            stop_role: None,
            stop_at_violation: false,
            in_role: Vec::new(),
            in_role_count: 0,
            running: 0,
            faults_queued: None,
            arrival_queued: None,
            wiped: Vec::new(),
            departed: Vec::new(),
        };
        for stop in &setup.stop {
            match stop {
                Stop::Observed { kind, count } => {
                    if let Some(index) = kinds.iter().position(|name| name == kind) {
                        watch.stop_kinds.push((u8::try_from(index).unwrap_or(u8::MAX), *count));
                    }
                }
                Stop::Returned(count) => watch.stop_returns = Some(*count),
                Stop::AllInRole(role) => {
                    watch.stop_role = Some(role.clone());
                    watch.in_role = vec![false; slots];
                }
                Stop::Violation => watch.stop_at_violation = true,
            }
        }
        watch
    }

    pub(super) fn add_slot(&mut self) {
        if self.stop_role.is_some() {
            self.in_role.push(false);
        }
    }

    #[inline]
    fn count(&mut self, kind: u8, now: Time) -> bool {
        let entry = &mut self.kinds[usize::from(kind)];
        entry.count += 1;
        entry.first.get_or_insert(now);
        entry.last = Some(now);
        let count = entry.count;
        self.stop_kinds.iter().any(|(stop, least)| *stop == kind && count >= *least)
    }

    fn enter_role(&mut self, slot: Slot, role: &str) {
        let Some(wanted) = &self.stop_role else { return };
        let is = wanted == role;
        let was = std::mem::replace(&mut self.in_role[slot.index()], is);
        match (was, is) {
            (false, true) => self.in_role_count += 1,
            (true, false) => self.in_role_count -= 1,
            _ => {}
        }
    }

    pub(super) fn left_role(&mut self, slot: Slot) {
        if self.stop_role.is_some() && std::mem::replace(&mut self.in_role[slot.index()], false) {
            self.in_role_count -= 1;
        }
    }

    pub(super) fn wiped(&mut self, slot: Slot) {
        if !self.wiped.contains(&slot) {
            self.wiped.push(slot);
        }
    }

    pub(super) fn take_wiped(&mut self, slot: Slot) -> bool {
        let place = self.wiped.iter().position(|wiped| *wiped == slot);
        place.map(|place| self.wiped.swap_remove(place)).is_some()
    }

    pub(super) fn depart(&mut self, slot: Slot) {
        self.departed.push(slot);
    }

    pub(super) fn departed(&self, slot: Slot) -> bool {
        self.departed.contains(&slot)
    }
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// A process reports something.
    pub(super) fn observe(
        &mut self,
        slot: Slot,
        node: NodeId,
        journal: JournalId,
        observation: &P::Observation,
    ) {
        let now = self.kernel.now;
        let content = observation.content();
        self.kernel.fold(Folded::Observe, slot, content);
        self.trace_observation(slot, observation, content);
        let place = &self.kernel.ground.places[slot.index()];
        let seen = Seen {
            slot,
            node,
            incarnation: place.incarnation,
            journal,
            mark: place.mark(journal),
            observation,
        };
        let summary = observation.summary();
        let was = place.status.role;
        self.take_status(slot, &summary);
        let kind = observation.kind();
        if self.watch.count(kind, now) {
            self.ended = Some(Ended::StopRule);
        }
        if self.gauges.watch_observations() {
            self.measure_observation(slot, was, observation);
        }
        let ground = &self.kernel.ground;
        for index in &self.hearers[usize::from(kind)] {
            self.checks[*index].ask(now, &mut self.kernel.findings, |check, findings| {
                check.observe(ground, &seen, findings);
            });
        }
        self.found_something();
        self.progress_by(&seen);
        if self.kernel.watches.observations {
            self.observation_triggers(slot, journal, observation);
        }
    }

    #[inline]
    fn take_status(&mut self, slot: Slot, summary: &Summary) {
        if summary.role.is_none() && summary.rank.is_none() && summary.position.is_none() {
            return;
        }
        let place = &mut self.kernel.ground.places[slot.index()];
        let before = place.status;
        place.status = Status {
            role: summary.role.or(before.role),
            rank: summary.rank.or(before.rank),
            position: summary.position.or(before.position),
        };
        let status = place.status;
        if place.role != Role::Member || summary.role.is_none() && summary.rank.is_none() {
            return;
        }
        let role = status.role.unwrap_or("running");
        self.kernel.painter.enter(slot, self.kernel.now, role, status.rank);
        if summary.role.is_some() {
            self.watch.enter_role(slot, role);
            self.watch_roles();
        }
    }

    pub(super) fn watch_roles(&mut self) {
        let watch = &self.watch;
        if watch.stop_role.is_some() && watch.running > 0 && watch.in_role_count >= watch.running {
            self.ended = Some(Ended::StopRule);
        }
    }

    pub(super) fn watch_returns(&mut self) {
        if self.watch.stop_returns.is_some_and(|count| self.clients.returned >= count) {
            self.ended = Some(Ended::StopRule);
        }
    }

    /// After checks ran: stops if the scenario wants that.
    #[inline]
    pub(super) fn found_something(&mut self) {
        if self.watch.stop_at_violation && self.kernel.findings.any() {
            self.ended = Some(Ended::StopRule);
        }
    }
}
