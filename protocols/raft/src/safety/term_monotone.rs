//! A server's term never goes back.
//!
//! While it runs this is plain. Over a crash it needs care: a new term that was not on disk yet may be lost with the
//! crash, and rightly so, since nothing was promised in it. Two things make a term binding: the world says that its
//! record is durable, or the server led in it, so that a majority has promised to follow it. A term that was merely
//! mentioned in a message binds nobody; a vote does, and [`one_vote`](super::one_vote) sees to it.

use sim_core::check::neutral::Lasting;
use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::process::Protocol;

use crate::vocabulary::RaftObservation;
use sim_core::check::BySlot;

/// Remembers each server's term, and how much of it a crash could take.
#[derive(Debug, Default)]
pub struct TermMonotone {
    terms: BySlot<Lasting>,
}

impl TermMonotone {
    /// A server says something in its term.
    #[inline(always)]
    pub(super) fn speaks<P: Protocol>(&mut self, seen: &Seen<'_, P>, term: u64, findings: &mut Findings) {
        self.compare(seen.slot, seen.node, term, "running", findings);
    }

    #[inline(always)]
    fn compare(&mut self, slot: Slot, node: NodeId, term: u64, shape: &'static str, findings: &mut Findings) {
        findings.exercised();
        let before = std::mem::replace(&mut self.terms.at(slot).current, term);
        if term < before {
            findings.accuse(shape, &[node], || {
                let how = if shape == "restart" { " over a crash" } else { "" };
                format!("the term of {node} went back from {before} to {term}{how}")
            });
        }
    }

    fn recovered<P: Protocol<Observation = RaftObservation>>(
        &mut self,
        seen: &Seen<'_, P>,
        term: u64,
        findings: &mut Findings,
    ) {
        self.compare(seen.slot, seen.node, term, "restart", findings);
        // What it found is on disk.
        *self.terms.at(seen.slot) = Lasting::found(term);
    }
}

impl<P: Protocol<Observation = RaftObservation>> Check<P> for TermMonotone {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "Recovered",
            "TermSet",
            "BecameLeader",
            "BecameFollower",
            "BecameCandidate",
            "Voted",
            "Committed",
        ])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        let term = match *seen.observation {
            RaftObservation::Recovered { term, .. } => return self.recovered(seen, term, findings),
            RaftObservation::TermSet { term } => {
                self.terms.at(seen.slot).entered(term, seen);
                term
            }
            RaftObservation::BecameLeader { term, .. } => {
                let terms = self.terms.at(seen.slot);
                terms.binding = terms.binding.max(term);
                term
            }
            RaftObservation::BecameFollower { term }
            | RaftObservation::BecameCandidate { term }
            | RaftObservation::Voted { term, .. }
            | RaftObservation::Committed { term, .. } => term,
            // The term of a pre-candidate is the one that it would have; others say nothing of terms.
            RaftObservation::BecamePreCandidate { .. }
            | RaftObservation::Halted
            | RaftObservation::Appended { .. }
            | RaftObservation::Truncated { .. }
            | RaftObservation::Applied { .. }
            | RaftObservation::Acknowledged { .. }
            | RaftObservation::Transferring { .. }
            | RaftObservation::ReadServed { .. }
            | RaftObservation::SnapshotTaken { .. }
            | RaftObservation::ConfigAppended { .. }
            | RaftObservation::Removed { .. }
            | RaftObservation::ChunkKept { .. }
            | RaftObservation::SnapshotInstalled { .. } => return,
        };
        self.speaks(seen, term, findings);
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        match event {
            Lifecycle::Crashed => {
                self.terms.at(slot).crashed(ground, slot);
            }
            Lifecycle::Wiped => self.terms.reset(slot),
            Lifecycle::Booted | Lifecycle::Corrupted | Lifecycle::Healed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::TermMonotone;
    use crate::safety::script::{Script, leads, recovered};
    use crate::vocabulary::RaftObservation;

    fn set(term: u64) -> RaftObservation {
        RaftObservation::TermSet { term }
    }

    #[test]
    fn a_term_that_goes_back_in_a_running_server_is_found() {
        let mut script = Script::new(TermMonotone::default(), 3);
        script.see(0, recovered(0, 0, 0)).write(0, set(3)).clean();
        script.see(0, RaftObservation::BecameFollower { term: 2 });
        script.found("running", "the term of n1 went back from 3 to 2");
        assert_eq!(script.exercised(), 3);
    }

    #[test]
    fn a_durable_term_must_come_back_after_a_crash() {
        let mut script = Script::new(TermMonotone::default(), 3);
        script.see(0, recovered(0, 0, 0)).write(0, set(3)).sync(0).write(0, set(4)).write(0, set(5));
        script.crash(0, 1).recover(0, recovered(3, 0, 0));
        script.found("restart", "the term of n1 went back from 4 to 3 over a crash");
    }

    #[test]
    fn a_term_that_it_led_must_come_back_after_a_crash() {
        let mut script = Script::new(TermMonotone::default(), 3);
        script.write(0, set(3)).see(0, leads(3, 0)).crash(0, 0).recover(0, recovered(2, 0, 0));
        script.found("restart", "the term of n1 went back from 3 to 2 over a crash");
    }

    #[test]
    fn a_term_that_was_not_durable_may_be_lost_and_entered_again() {
        let mut script = Script::new(TermMonotone::default(), 3);
        script.see(0, recovered(0, 0, 0)).write(0, set(3)).sync(0).write(0, set(4)).write(0, set(5));
        script.crash(0, 0).recover(0, recovered(3, 0, 0)).write(0, set(4)).sync(0).clean();
        // What survived by luck is binding as well.
        script.write(0, set(6)).crash(0, 1).recover(0, recovered(6, 0, 0)).clean();
        script.crash(0, 0).recover(0, recovered(5, 0, 0));
        script.found("restart", "the term of n1 went back from 6 to 5 over a crash");
    }

    #[test]
    fn somebody_new_in_a_wiped_place_starts_from_nothing() {
        let mut script = Script::new(TermMonotone::default(), 3);
        script.write(0, set(3)).sync(0).crash(0, 0).wipe(0).recover(0, recovered(0, 0, 0)).clean();
    }
}
