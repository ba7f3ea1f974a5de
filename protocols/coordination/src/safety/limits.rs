//! Whoever is refused by the model's key waits as long as it was told to.

use sim_core::check::{Check, Findings, Lifecycle, Seen, Verdict};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::time::Time;

use crate::parameters::{OnLimit, Parameters};
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

/// The last call of an agent.
#[derive(Clone, Copy, Debug)]
struct Call {
    number: u64,
    /// Until when the agent waits, by its own clock, if the call was refused.
    until: Option<Time>,
}

/// Follows the calls of agents that work on one task at a time: with several, nobody knows which call is made again.
#[derive(Debug)]
pub struct Limits {
    applies: bool,
    calls: OrderedMap<Slot, Call>,
}

impl Limits {
    /// Nobody has called.
    pub fn new(parameters: &Parameters) -> Self {
        let waits = parameters.on_limit != OnLimit::AtOnce;
        Self { applies: waits && parameters.slots == 1, calls: OrderedMap::new() }
    }

    fn called(&mut self, ground: &Ground, from: NodeId, number: u64, findings: &mut Findings) {
        let before = self.calls.insert(ground.stepping, Call { number, until: None });
        let Some(until) = before.and_then(|before| before.until) else { return };
        findings.exercised();
        if ground.monotonic < until {
            let early = until.since(ground.monotonic).told();
            let message = format!("{from} calls the model {early} sooner than it was told to");
            findings.found(Verdict::Service, "early", &[from], message);
        }
    }
}

impl Check<Coordination> for Limits {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(if self.applies { &["Started"] } else { &[] })
    }

    /// The next task knows nothing of what became of the last one.
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Coordination>, _: &mut Findings) {
        if let Observation::Started { .. } = seen.observation {
            self.calls.remove(&seen.slot);
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        if self.applies { &["Call"] } else { &[] }
    }

    fn sent(&mut self, ground: &Ground, from: NodeId, _: NodeId, message: &Message, findings: &mut Findings) {
        if let Message::Call { call, .. } = *message {
            self.called(ground, from, call, findings);
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        if self.applies { &["Limited"] } else { &[] }
    }

    /// A call that comes twice is refused twice: the first refusal counts.
    fn received(&mut self, ground: &Ground, slot: Slot, _: NodeId, message: &Message, _: &mut Findings) {
        let Message::Limited { call, retry_after } = *message else { return };
        if let Some(own) = self.calls.get_mut(&slot).filter(|own| own.number == call && own.until.is_none()) {
            own.until = Some(ground.monotonic.saturating_add(retry_after / 16 * 15));
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Wiped) {
            self.calls.remove(&slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::script::Script;
    use sim_core::time::Duration;

    use super::*;

    fn after(milliseconds: u64) -> Time {
        Time::ZERO + Duration::from_millis(milliseconds)
    }

    fn call(call: u64) -> Message {
        Message::Call { call, tokens_in: 1, tokens_out: 1 }
    }

    fn limited(call: u64) -> Message {
        Message::Limited { call, retry_after: Duration::from_secs(16) }
    }

    /// n1 calls, and is refused after a second.
    fn refused() -> Script<Coordination, Limits> {
        let mut script = Script::new(Limits::new(&Parameters::default()), 3);
        script.at(after(0), 0).send(0, 3, call(1)).receive(after(1_000), 3, 0, limited(1));
        script
    }

    #[test]
    fn whoever_calls_sooner_than_it_was_told_to_is_found() {
        let mut early = refused();
        early.at(after(6_000), 0).send(0, 3, call(2));
        early.found("early", "n1 calls the model 10 s sooner than it was told to");
        let hears = |parameters: Parameters| !Limits::new(&parameters).reads().is_empty();
        assert!(hears(Parameters::default()));
        assert!(!hears(Parameters { on_limit: OnLimit::AtOnce, ..Parameters::default() }));
        assert!(!hears(Parameters { slots: 2, ..Parameters::default() }));
    }

    /// The network may deliver a call twice, or the refusal.
    #[test]
    fn a_second_refusal_of_one_call_counts_for_nothing() {
        let mut twice = refused();
        twice.receive(after(5_000), 3, 0, limited(1)).at(after(17_000), 0).send(0, 3, call(2)).clean();
    }

    #[test]
    fn nobody_waits_for_what_another_task_was_refused() {
        let started = Observation::Started { task: 1, fence: 2, lease: None };
        let mut next = refused();
        next.at(after(6_000), 0).see(0, started).send(0, 3, call(2)).clean();
        refused().crash(0, 0).at(after(6_000), 0).send(0, 3, call(2)).clean();
    }
}
