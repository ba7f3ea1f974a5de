//! Reads that do not go through the log (dissertation, section 6.4).
//!
//! A read is served at an index: at least the highest that any client had been told of when it was asked for. And leases are
//! disjoint in true time: once a leader of a later term is elected, nobody reads by the lease of an earlier one. A leader that
//! begins to hand over has no lease any more.

use std::collections::VecDeque;

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::process::RequestId;
use sim_core::setup::Setup;

use super::confirmed::Confirmed;
use crate::parameters::{Parameters, Reads};
use crate::vocabulary::{Raft, RaftMessage, RaftObservation, RaftRequest, RaftResponse, ReadBy};
use sim_core::check::BySlot;

/// Remembers what clients were told, and who leads.
#[derive(Debug)]
pub struct ReadsAreRecent {
    on: bool,
    /// The highest index that any client was told of.
    told: u64,
    /// Reads under way: whose, which, and what must be seen.
    asked: VecDeque<(NodeId, RequestId, u64)>,
    /// The highest term that has a leader, and who that is.
    led: (u64, NodeId),
    /// Which leaders have begun to hand over.
    hands_over: BySlot<bool>,
    /// What those reads rest on that do not go through the log.
    confirmed: Confirmed,
}

impl ReadsAreRecent {
    /// For clusters with these settings; off where reads may be stale.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        let on = parameters.reads != Reads::Stale;
        Self {
            on,
            told: 0,
            asked: VecDeque::new(),
            led: (0, NodeId(0)),
            hands_over: BySlot::default(),
            confirmed: Confirmed::new(parameters, setup),
        }
    }
}

impl ReadsAreRecent {
    /// Whether it hears what leaders say.
    #[inline]
    pub(super) fn follows_leaders(&self) -> bool {
        self.confirmed.is_on()
    }
}

impl Check<Raft> for ReadsAreRecent {
    fn hears(&self) -> Option<&'static [&'static str]> {
        let kinds: &[&str] = &[
            "BecameLeader",
            "Transferring",
            "ReadServed",
            "Recovered",
            "TermSet",
            "Voted",
            "ConfigAppended",
            "Truncated",
        ];
        Some(if self.confirmed.is_on() { kinds } else { &kinds[..3] })
    }

    fn needs(&self) -> Needs {
        if self.confirmed.is_on() { Needs::RealTime } else { Needs::Order }
    }

    fn takes(&self) -> &'static [&'static str] {
        self.confirmed.takes()
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        from: NodeId,
        message: &RaftMessage,
        findings: &mut Findings,
    ) {
        self.confirmed.received(ground, slot, from, message, findings);
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, findings: &mut Findings) {
        self.confirmed.lifecycle(ground, slot, event, findings);
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        if self.confirmed.is_on() {
            self.confirmed.observe(ground, seen, findings);
        }
        match *seen.observation {
            RaftObservation::BecameLeader { term, .. } => {
                self.led = self.led.max((term, seen.node));
                self.hands_over.reset(seen.slot);
            }
            RaftObservation::Transferring { .. } => *self.hands_over.at(seen.slot) = true,
            RaftObservation::ReadServed { term, by: ReadBy::Lease, .. } => {
                findings.exercised();
                if self.hands_over.get(seen.slot) == Some(&true) {
                    let node = seen.node;
                    let message = format!(
                        "{node} answered a read by its lease of term {term} after it had begun to hand over"
                    );
                    findings.safety("handed-over", &[node], message);
                }
                let (later, leader) = self.led;
                if later > term {
                    let node = seen.node;
                    let message = format!(
                        "{node} answered a read by its lease of term {term} after {leader} was elected in term {later}"
                    );
                    findings.safety("lease", &[node, leader], message);
                }
            }
            _ => {}
        }
    }

    fn watches_clients(&self) -> bool {
        true
    }

    fn invoked(
        &mut self,
        _: &Ground,
        client: NodeId,
        id: RequestId,
        request: &RaftRequest,
        _: &mut Findings,
    ) {
        if self.on && matches!(request, RaftRequest::Operation { operation } if operation.is_read()) {
            self.asked.push_back((client, id, self.told));
        }
    }

    fn returned(
        &mut self,
        ground: &Ground,
        client: NodeId,
        id: RequestId,
        response: &RaftResponse,
        findings: &mut Findings,
    ) {
        let place = self.asked.iter().position(|(whose, which, _)| (*whose, *which) == (client, id));
        let asked = place.and_then(|place| self.asked.remove(place));
        if !ground.honest(client) {
            return;
        }
        if let Some((.., least)) = asked {
            findings.exercised();
            if response.index < least {
                let message = format!(
                    "{client} read at index {}, although index {least} was acknowledged before it asked",
                    response.index
                );
                findings.safety("stale", &[client], message);
            }
        }
        self.told = self.told.max(response.index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safety::script::{Script, leads};
    use objects::{Operation, Reply};

    const CLIENT: NodeId = NodeId(3);

    fn served(term: u64, by: ReadBy) -> RaftObservation {
        RaftObservation::ReadServed { client: CLIENT, sequence: 1, index: 1, term, by }
    }

    #[test]
    fn a_lease_ends_before_a_later_leader_is_elected() {
        let mut script = Script::new(ReadsAreRecent::new(&Parameters::default(), &Setup::new(1, 3)), 3);
        script.see(0, leads(1, 0)).see(0, served(1, ReadBy::Lease)).clean();
        script.see(1, leads(2, 0)).see(1, served(2, ReadBy::Lease)).see(0, served(1, ReadBy::Index)).clean();
        script.see(0, served(1, ReadBy::Lease));
        script.found("lease", "n1 answered a read by its lease of term 1 after n2 was elected in term 2");
    }

    #[test]
    fn a_lease_ends_before_leadership_is_handed_over() {
        let mut script = Script::new(ReadsAreRecent::new(&Parameters::default(), &Setup::new(1, 3)), 3);
        script.see(0, leads(1, 0)).see(0, RaftObservation::Transferring { to: NodeId(1) });
        script.see(0, served(1, ReadBy::Index)).clean();
        script.see(0, served(1, ReadBy::Lease));
        script.found(
            "handed-over",
            "n1 answered a read by its lease of term 1 after it had begun to hand over",
        );
    }

    #[test]
    fn a_read_sees_what_was_told_before_it_was_asked_for() {
        let run = |reads, first: u64, second: u64| {
            let mut script = Script::new(
                ReadsAreRecent::new(&Parameters { reads, ..Parameters::default() }, &Setup::new(1, 3)),
                3,
            );
            let request = RaftRequest::Operation { operation: Operation::Get { key: 1 } };
            let response = |index| RaftResponse { reply: Reply::Value { value: None }, index };
            let Script { check, ground, findings, .. } = &mut script;
            check.invoked(ground, CLIENT, RequestId(1), &request, findings);
            check.returned(ground, CLIENT, RequestId(1), &response(first), findings);
            check.invoked(ground, CLIENT, RequestId(2), &request, findings);
            check.returned(ground, CLIENT, RequestId(2), &response(second), findings);
            script
        };
        run(Reads::Index, 7, 7).clean();
        run(Reads::Stale, 7, 6).clean();
        run(Reads::Index, 7, 6)
            .found("stale", "n4 read at index 6, although index 7 was acknowledged before it asked");
    }
}
