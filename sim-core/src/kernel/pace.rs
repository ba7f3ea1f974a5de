//! How fast a run goes: its limit of events, storms, and whoever looks on from outside.
//!
//! The event loop compares one number; everything else here happens once in a thousand events. What is decided is a
//! function of the run alone, unless somebody outside ends it.

use super::Kernel;
use crate::agenda::Agenda;
use crate::check::Verdict;
use crate::identity::NodeId;
use crate::lookout::EVERY;
use crate::outcome::Ended;
use crate::setup::Setup;
use crate::time::{Duration, Time};

/// The length of what is measured: a storm has more events than it may within it, and goes on.
const SECOND: Duration = Duration::from_secs(1);

/// So many times as much within a second is a storm at once. Less is one if the next second is like it: what waited for a
/// member that was paused comes in one burst when it goes on, and that ends by itself.
const AT_ONCE: u64 = 4;

/// So many controls (arrivals of operations, faults) without a step are looked at together.
const CONTROLS: u64 = 4_096;

/// The pace of a run.
#[derive(Debug)]
pub(crate) struct Pace {
    /// After so many events the world looks up.
    pub(crate) next: u64,
    most_events: u64,
    most_per_second: u64,
    /// Things that happened without a step.
    pub(crate) controls: u64,
    /// Since when the present stretch is measured, and what had happened before.
    since: Time,
    before: u64,
    /// Whether more happened than may in the stretch before.
    burst: bool,
    /// Whether a storm is being looked at: it is not another one.
    storming: bool,
}

impl Pace {
    pub(crate) fn new(setup: &Setup) -> Self {
        Self {
            next: EVERY.min(setup.max_events),
            most_events: setup.max_events,
            most_per_second: setup.max_events_per_second,
            controls: 0,
            since: Time::ZERO,
            before: 0,
            burst: false,
            storming: false,
        }
    }
}

/// What the world does after it looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Goes on.
    Calm,
    /// Ends.
    Over(Ended),
    /// Finds out who makes a storm, and ends.
    Storm(Storm),
}

/// A storm, as it was when it was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Storm {
    /// How much happened within how long.
    count: u64,
    within: Duration,
}

impl Kernel {
    /// Looks up from the events: whether the run is over.
    #[cold]
    #[inline(never)]
    pub(crate) fn look_up(&mut self) -> Outlook {
        if self.events >= self.pace.most_events {
            // A run that ends at its limit in the middle of a burst is not told from one that never ends.
            let storm = self.storm(1);
            return storm.map_or(Outlook::Over(Ended::EventLimit), Outlook::Storm);
        }
        self.pace.next = (self.events + EVERY).min(self.pace.most_events);
        if self.lookout.as_ref().is_some_and(|lookout| !lookout.passed(self.events, self.now)) {
            return Outlook::Over(Ended::Stopped);
        }
        self.storm(AT_ONCE).map_or(Outlook::Calm, Outlook::Storm)
    }

    /// Something happened that is no step, and would never be looked up from. Whether to look up now.
    pub(crate) fn idled(&mut self) -> bool {
        self.pace.controls += 1;
        self.pace.controls.is_multiple_of(CONTROLS) && self.ended.is_none()
    }

    /// Whether more happens than may within a second of virtual time, for the second time on end or `at_once` times as much.
    /// Under choices time has no length.
    fn storm(&mut self, at_once: u64) -> Option<Storm> {
        if self.pace.storming || !matches!(self.agenda, Agenda::Timed(_)) {
            return None;
        }
        let happened = self.events + self.messages.sent + self.pace.controls;
        let within = self.now.since(self.pace.since);
        let count = happened - self.pace.before;
        let most = self.pace.most_per_second;
        let storms = count > most.saturating_mul(if self.pace.burst { 1 } else { at_once });
        if within >= SECOND {
            // A stretch may be longer than a second, since one looks up once in a thousand events.
            let (second, within) = (u128::from(SECOND.as_nanos()), u128::from(within.as_nanos()));
            self.pace.burst = u128::from(count) * second > u128::from(most) * within;
            (self.pace.since, self.pace.before) = (self.now, happened);
            return None;
        }
        self.pace.storming = storms;
        storms.then_some(Storm { count, within })
    }

    /// Reports a storm, and who makes it: `steps` are those of each slot since it was noticed, `before` the sends of
    /// each kind until then.
    pub(crate) fn report_storm(&mut self, storm: Storm, steps: &[u64], before: &[u64]) {
        let Storm { count, within } = storm;
        let busiest =
            steps.iter().enumerate().max_by_key(|(slot, count)| (**count, std::cmp::Reverse(*slot)));
        let (all, most) = (steps.iter().sum::<u64>(), busiest.map_or(0, |(_, count)| *count));
        let node = busiest.and_then(|(slot, _)| self.hot.get(slot)).map(|hot| hot.node);
        let sent = self.sends.by_kind.iter().zip(before).map(|(after, before)| after - before);
        let kinds = sent.zip(self.vocabulary.messages);
        let kind = kinds.max_by_key(|(count, _)| *count).filter(|(count, _)| *count > 0);
        let who = node.map_or_else(String::new, |node| {
            format!("; {node} took {} % of the last steps", most * 100 / all.max(1))
        });
        let what = kind.map_or_else(
            || ", and nothing was sent in them".to_owned(),
            |(_, kind)| format!(", and most messages are {kind}"),
        );
        let nodes: Vec<NodeId> = node.into_iter().collect();
        let message = format!("{count} events and messages within {within} of virtual time{who}{what}");
        self.report(Verdict::Liveness, ("run/storm", ""), &nodes, message);
    }
}
