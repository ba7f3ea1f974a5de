//! What Raft must never do, judged of the core of a larger whole.

use raft::vocabulary::{Raft, RaftMessage, RaftObservation};
use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen, Table};
use sim_core::facts::Facts;
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use super::said;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

/// A check of Raft that is told of what the core reports and says, and of nothing else.
#[derive(Debug)]
pub struct OfCore<C> {
    check: C,
    /// Kinds that it hears and reads, as bits.
    hears: u64,
    reads: u64,
}

/// The places of some kinds among all, as bits.
fn bits(of: &[&str], all: &[&str]) -> u64 {
    all.iter()
        .zip(0_u32..)
        .filter(|(kind, _)| of.contains(kind))
        .fold(0, |bits, (_, place)| bits | 1 << place)
}

impl<C: Check<Raft>> OfCore<C> {
    /// The same check of the core.
    pub fn new(check: C) -> Self {
        let hears = check.hears().map_or(u64::MAX, |kinds| bits(kinds, RaftObservation::KINDS));
        let reads = bits(check.reads(), RaftMessage::KINDS);
        Self { check, hears, reads }
    }

    /// The same check, which hears nothing unless what it looks after is given.
    #[must_use]
    pub fn if_given(self, given: bool) -> Self {
        if given { self } else { Self { hears: 0, reads: 0, ..self } }
    }
}

impl<C: Check<Raft>> Check<Coordination> for OfCore<C> {
    fn needs(&self) -> Needs {
        self.check.needs()
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        if self.hears == 0 { Some(&[]) } else { Some(&["Order"]) }
    }

    fn reads(&self) -> &'static [&'static str] {
        if self.reads == 0 { &[] } else { &["Order", "Relay"] }
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        let Observation::Order { inner } = seen.observation else { return };
        if self.hears >> inner.kind() & 1 == 0 {
            return;
        }
        let seen = Seen {
            slot: seen.slot,
            node: seen.node,
            incarnation: seen.incarnation,
            honest: seen.honest,
            journal: seen.journal,
            mark: seen.mark,
            observation: inner,
        };
        self.check.observe(ground, &seen, findings);
    }

    /// What is passed on counts once, as it leaves whoever says it.
    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &Message,
        findings: &mut Findings,
    ) {
        let Some((to, Message::Order { inner })) = said(from, to, message) else { return };
        if self.reads >> inner.kind() & 1 == 1 {
            self.check.sent(ground, from, to, inner, findings);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, findings: &mut Findings) {
        self.check.lifecycle(ground, slot, event, findings);
    }

    fn sync_failed(&mut self, ground: &Ground, slot: Slot) {
        self.check.sync_failed(ground, slot);
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        self.check.finish(ground, findings);
    }

    fn table(&self, ground: &Ground) -> Option<Table> {
        self.check.table(ground)
    }
}

#[cfg(test)]
mod tests {
    use raft::safety::election_safety::ElectionSafety;

    use super::*;

    #[test]
    fn a_check_of_raft_hears_its_own_kinds_only() {
        let check = OfCore::new(ElectionSafety::default());
        let place = RaftObservation::KINDS.iter().position(|kind| *kind == "BecameLeader").unwrap();
        assert_eq!(check.hears, 1 << place);
        assert_eq!(check.reads(), [""; 0]);
    }
}
