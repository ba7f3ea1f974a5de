//! How fast a run goes: its limit of events, storms, and whoever looks on from outside.
//!
//! The event loop compares one number; everything else here happens once in a thousand events. What is decided is a
//! function of the run alone, unless somebody outside ends it.

use super::World;
use crate::agenda::Agenda;
use crate::check::Verdict;
use crate::facts::Facts;
use crate::identity::{NodeId, Slot};
use crate::kernel::event::Event;
use crate::lookout::EVERY;
use crate::outcome::Ended;
use crate::process::{Process, Protocol};
use crate::setup::Setup;
use crate::time::{Duration, Time};

/// The length of what is measured: a storm has more events than it may within it.
const SECOND: Duration = Duration::from_secs(1);

/// So many events of a storm are looked at to see who makes it.
const LOOKED_AT: u64 = 10_000;

/// So many controls (arrivals of operations, faults) without a step are looked at together.
const CONTROLS: u64 = 4_096;

/// The pace of a run.
#[derive(Debug)]
pub(super) struct Pace {
    /// After so many events the world looks up.
    pub(super) next: u64,
    most_events: u64,
    most_per_second: u64,
    /// Things that happened without a step.
    pub(super) controls: u64,
    /// Since when the present stretch is measured, and what had happened before.
    since: Time,
    before: u64,
    /// Whether a storm is being looked at: it is not another one.
    storming: bool,
}

impl Pace {
    pub(super) fn new(setup: &Setup) -> Self {
        Self {
            next: EVERY.min(setup.max_events),
            most_events: setup.max_events,
            most_per_second: setup.max_events_per_second,
            controls: 0,
            since: Time::ZERO,
            before: 0,
            storming: false,
        }
    }
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Looks up from the events: whether the run is over.
    #[cold]
    #[inline(never)]
    pub(super) fn look_up(&mut self) -> Option<Ended> {
        let events = self.kernel.events;
        if events >= self.pace.most_events {
            return Some(Ended::EventLimit);
        }
        self.pace.next = (events + EVERY).min(self.pace.most_events);
        if self.lookout.as_ref().is_some_and(|lookout| !lookout.passed(events, self.kernel.now)) {
            return Some(Ended::Stopped);
        }
        self.storms().then(|| self.storm())
    }

    /// Something happened that is no step, and would never be looked up from.
    #[cold]
    pub(super) fn idled(&mut self) {
        self.pace.controls += 1;
        if self.pace.controls.is_multiple_of(CONTROLS) && self.ended.is_none() {
            self.ended = self.look_up();
        }
    }

    /// Whether more happens than may within a second of virtual time. Under choices time has no length.
    fn storms(&mut self) -> bool {
        if self.pace.storming {
            return false;
        }
        let happened = self.kernel.events + self.kernel.messages.sent + self.pace.controls;
        let now = self.kernel.now;
        if now.since(self.pace.since) >= SECOND {
            (self.pace.since, self.pace.before) = (now, happened);
            return false;
        }
        matches!(self.kernel.agenda, Agenda::Timed(_))
            && happened - self.pace.before > self.pace.most_per_second
    }

    /// Reports a storm, and who makes it.
    fn storm(&mut self) -> Ended {
        let happened = self.kernel.events + self.kernel.messages.sent + self.pace.controls;
        let (count, within) = (happened - self.pace.before, self.kernel.now.since(self.pace.since));
        let kinds = self.kernel.sends.by_kind.clone();
        self.pace.storming = true;
        let steps = self.count_steps();
        let busiest =
            steps.iter().enumerate().max_by_key(|(slot, count)| (**count, std::cmp::Reverse(*slot)));
        let (all, most) = (steps.iter().sum::<u64>(), busiest.map_or(0, |(_, count)| *count));
        let node = busiest.and_then(|(slot, _)| self.kernel.hot.get(slot)).map(|hot| hot.node);
        let sent = self.kernel.sends.by_kind.iter().zip(&kinds).map(|(after, before)| after - before);
        let kind =
            sent.zip(P::Message::KINDS).max_by_key(|(count, _)| *count).filter(|(count, _)| *count > 0);
        let who = node.map_or_else(String::new, |node| {
            format!("; {node} took {} % of the last steps", most * 100 / all.max(1))
        });
        let what = kind.map_or_else(
            || ", and nothing was sent in them".to_owned(),
            |(_, kind)| format!(", and most messages are {kind}"),
        );
        let nodes: Vec<NodeId> = node.into_iter().collect();
        self.kernel.findings.set_now(self.kernel.now);
        let message = format!("{count} events and messages within {within} of virtual time{who}{what}");
        self.kernel.findings.report(Verdict::Liveness, "run/storm", "", &nodes, message);
        Ended::Storm
    }

    /// Goes on for a while and counts the steps of each slot.
    fn count_steps(&mut self) -> Vec<u64> {
        let mut steps = vec![0; self.kernel.hot.len()];
        let end = self.kernel.events + LOOKED_AT;
        // What is no step leads nowhere for ever in a storm of controls.
        let mut left = 4 * LOOKED_AT;
        while self.kernel.events < end && left > 0 && self.ended.is_none() {
            left -= 1;
            let Ok(event) = self.next_event() else { break };
            let slot = self.slot_of_step(event);
            let before = self.kernel.events;
            self.handle(event);
            if let Some(count) = slot.and_then(|slot| steps.get_mut(slot.index())) {
                *count += self.kernel.events - before;
            }
        }
        steps
    }

    /// Where an event takes place, if at one slot.
    fn slot_of_step(&self, event: Event) -> Option<Slot> {
        match event {
            Event::Synced(job) => self.kernel.syncs.get(job).map(|job| job.slot),
            Event::Served(slot) => Some(slot),
            other => self.slot_of(other),
        }
    }
}
