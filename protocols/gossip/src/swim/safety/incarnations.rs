//! Incarnations order what is said about a member, and only their owner raises them (SWIM, section 4.2).

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use crate::swim::ledger::{Held, Ledger};
use crate::swim::view::lives;
use crate::swim::vocabulary::{Status, Swim, SwimObservation};

/// Compares each change of a view with what it was, and with what the owner of the incarnation said.
#[derive(Clone, Debug)]
pub struct Incarnations {
    ledger: Ledger,
    /// The latest incarnation of each member that is not in its first, in any life of it.
    latest: OrderedMap<NodeId, u32>,
    /// Who said that it leaves.
    leaving: OrderedMap<NodeId, u32>,
    /// From the first traitor on, everything may be made up.
    traitors: bool,
}

impl Incarnations {
    /// Writes the ledger as it goes.
    pub fn new(ledger: Ledger) -> Self {
        Self { ledger, latest: OrderedMap::new(), leaving: OrderedMap::new(), traitors: false }
    }

    fn latest(&self, node: NodeId) -> u32 {
        self.latest.get(&node).copied().unwrap_or(0)
    }

    /// What is wrong with a change of what a member holds a peer to be.
    fn wrong(&self, before: Held, peer: NodeId, now: Held) -> Option<(&'static str, String)> {
        let Held { status, incarnation } = now;
        let latest = self.latest(peer);
        if incarnation > latest {
            let text = format!("incarnation {incarnation} of {peer}, which never went beyond {latest}");
            return Some(("made up", text));
        }
        let known = before.status != Status::Unknown;
        let back = known && incarnation < before.incarnation;
        match status {
            _ if back => {
                let text = format!("{peer} in incarnation {incarnation} after {}", before.incarnation);
                Some(("went back", text))
            }
            Status::Alive if known && incarnation == before.incarnation => {
                let (shape, was) = match before.status {
                    Status::Suspect => ("alive over suspect", "suspect"),
                    Status::Alive => ("alive twice", "alive"),
                    _ => ("back from the dead", "dead or gone"),
                };
                Some((shape, format!("{peer} is alive in incarnation {incarnation}, in which it was {was}")))
            }
            Status::Suspect | Status::Dead | Status::Left if !lives(before.status) => {
                let shape = if known { "dead twice" } else { "unknown member" };
                Some((shape, format!("{peer} is suspect, dead or gone without having been alive")))
            }
            Status::Left if !self.leaving.contains_key(&peer) => {
                Some(("left unasked", format!("{peer} left, and never said so")))
            }
            _ => None,
        }
    }

    /// What a member says about itself.
    fn own(&mut self, seen: &Seen<'_, Swim>, findings: &mut Findings) {
        match *seen.observation {
            SwimObservation::Refuted { incarnation } => {
                findings.exercised();
                let latest = self.latest.entry(seen.node).or_insert(0);
                *latest = (*latest).max(incarnation);
            }
            SwimObservation::Leaving { incarnation } => {
                self.leaving.insert(seen.node, incarnation);
            }
            _ => {}
        }
    }
}

/// What an observation says about a peer.
fn about(observation: &SwimObservation) -> Option<(NodeId, Held)> {
    let held = |peer, status, incarnation| Some((peer, Held { status, incarnation }));
    match *observation {
        SwimObservation::Alive { peer, incarnation, .. } => held(peer, Status::Alive, incarnation),
        SwimObservation::Suspected { peer, incarnation, .. } => held(peer, Status::Suspect, incarnation),
        SwimObservation::Died { peer, incarnation, .. } => held(peer, Status::Dead, incarnation),
        SwimObservation::Departed { peer, incarnation, .. } => held(peer, Status::Left, incarnation),
        _ => None,
    }
}

impl Check<Swim> for Incarnations {
    fn keeps_books(&self) -> bool {
        true
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Swim>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        self.own(seen, findings);
        if !self.ledger.read().follows(seen.slot) {
            return;
        }
        if let Some((peer, now)) = about(seen.observation).filter(|_| !self.traitors) {
            findings.exercised();
            let before = self.ledger.read().of(seen.slot).map(|belief| belief.of(peer));
            if let Some((shape, text)) = before.and_then(|before| self.wrong(before, peer, now)) {
                findings.safety(shape, &[seen.node, peer], format!("{}: {text}", seen.node));
            }
        }
        self.ledger.follow(seen.slot, seen.observation);
    }

    fn lifecycle(&mut self, _: &Ground, _: Slot, what: Lifecycle, _: &mut Findings) {
        self.traitors |= what == Lifecycle::Corrupted;
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::Script;
    use super::*;

    const VIEW: ContentHash = ContentHash(0);

    fn script() -> Script<Incarnations> {
        let mut script = Script::new(Incarnations::new(Ledger::new(4)), 4);
        for slot in 0..4 {
            script.see(slot, SwimObservation::Started { incarnation: 0, knows: true });
        }
        script
    }

    fn alive(peer: u32, incarnation: u32) -> SwimObservation {
        SwimObservation::Alive { peer: NodeId(peer), incarnation, members: 4, view: VIEW }
    }

    fn suspected(peer: u32, incarnation: u32) -> SwimObservation {
        SwimObservation::Suspected { peer: NodeId(peer), incarnation, from: NodeId(0) }
    }

    fn died(peer: u32, incarnation: u32) -> SwimObservation {
        SwimObservation::Died { peer: NodeId(peer), incarnation, from: NodeId(0), members: 3, view: VIEW }
    }

    #[test]
    fn a_suspicion_a_refutation_and_a_death_are_in_order() {
        let mut script = script();
        script.see(0, suspected(1, 0)).see(1, SwimObservation::Refuted { incarnation: 1 });
        script.see(0, alive(1, 1)).see(0, suspected(1, 1)).see(0, died(1, 1)).clean();
        script.see(0, SwimObservation::Forgot { peer: NodeId(1) }).see(0, alive(1, 1)).clean();
        assert_eq!(script.exercised(), 6);
    }

    #[test]
    fn what_is_out_of_order_is_found() {
        let cases: [(&[SwimObservation], &str); 6] = [
            (&[alive(1, 1)], "made up"),
            (&[suspected(1, 0), alive(1, 0)], "alive over suspect"),
            (&[suspected(1, 0), died(1, 0), alive(1, 0)], "back from the dead"),
            (&[died(1, 0), died(1, 0)], "dead twice"),
            (&[SwimObservation::Forgot { peer: NodeId(1) }, suspected(1, 0)], "unknown member"),
            (
                &[SwimObservation::Departed { peer: NodeId(1), incarnation: 0, members: 3, view: VIEW }],
                "left unasked",
            ),
        ];
        for (said, shape) in cases {
            let mut script = script();
            for said in said {
                script.see(0, *said);
            }
            let prints: Vec<_> =
                script.findings.violations().iter().map(|it| it.fingerprint.clone()).collect();
            assert_eq!(prints, [sim_core::check::fingerprint("", shape)], "{shape}");
        }
    }

    #[test]
    fn a_member_that_restarts_begins_anew() {
        let mut script = script();
        script.see(0, died(1, 0)).restart(0);
        script.see(0, SwimObservation::Started { incarnation: 0, knows: false });
        script.see(0, alive(1, 0)).clean();
    }

    #[test]
    fn traitors_make_anything_up() {
        let mut script = script();
        script.corrupt(3).see(0, alive(1, 7)).clean();
    }
}
