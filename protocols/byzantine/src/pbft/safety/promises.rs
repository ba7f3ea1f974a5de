//! What a member promises by its signature, also over a crash: whoever wants a view, or takes part in it, takes part in no view before
//! it; and a view change tells everything that its signer prepared (Castro and Liskov 1999, section 4.4).

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::super::vocabulary::{Pbft, PbftMessage, PbftObservation, Prepared, ViewChange};
use crate::safety::Judged;
use crate::vote::Stage;

/// What one member signed.
#[derive(Clone, Debug, Default)]
struct Signed {
    /// The highest view.
    view: u64,
    /// Its last stable checkpoint: what comes before needs not to be told.
    stable: u64,
    /// The last view in which it committed to something, by sequence number.
    commits: OrderedMap<u64, u64>,
}

/// What each honest member signed.
#[derive(Clone, Debug, Default)]
pub struct Promises {
    signed: OrderedMap<NodeId, Signed>,
    /// What was looked at last: a message is told once for each of its recipients.
    last: Option<(NodeId, u64)>,
}

impl Promises {
    /// A member does something in a view.
    fn takes_part(&mut self, node: NodeId, (what, view): (&str, u64), findings: &mut Findings) {
        let signed = self.signed.entry(node).or_default();
        if view < signed.view {
            let text = format!("{node} {what} view {view} after it signed something of view {}", signed.view);
            findings.safety("an earlier view", &[node], text);
        }
        signed.view = signed.view.max(view);
    }

    /// A view change tells what was prepared, in the same view or a later one.
    fn tells_all(&self, node: NodeId, change: &ViewChange, findings: &mut Findings) {
        let Some(signed) = self.signed.get(&node) else { return };
        for (sequence, view) in signed.commits.range(signed.stable.max(change.stable) + 1..) {
            // An honest member tells them in order.
            let said = |place: usize| change.prepared[place].proposal.vote.statement;
            let height = |prepared: &Prepared| prepared.proposal.vote.statement.height;
            let told = change.prepared.binary_search_by_key(sequence, height);
            if !told.is_ok_and(|place| said(place).view >= *view) {
                let text = format!(
                    "{node} wants view {} and tells of nothing prepared at {sequence}, to which it committed in view {view}",
                    change.view
                );
                return findings.safety("not told", &[node], text);
            }
        }
    }
}

impl Check<Pbft> for Promises {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Stable"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Pbft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            // Whoever starts again takes part in the view that it finds.
            PbftObservation::Started { view, .. } => {
                self.takes_part(seen.node, ("starts in", view), findings);
            }
            PbftObservation::Stable { sequence, .. } => {
                let signed = self.signed.entry(seen.node).or_default();
                signed.stable = signed.stable.max(sequence);
                signed.commits = signed.commits.split_off(&(signed.stable + 1));
            }
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["PrePrepare", "Prepare", "Commit", "ViewChange"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        _: NodeId,
        message: &PbftMessage,
        findings: &mut Findings,
    ) {
        let (signer, content) = match (message, Pbft::vote(message)) {
            (PbftMessage::ViewChange(change), _) => (change.signature.signer, change.hash()),
            (_, Some(vote)) => (vote.signer(), vote.statement.signed_content()),
            _ => return,
        };
        if signer != from
            || !ground.honest(from)
            || self.last.replace((from, content)) == Some((from, content))
        {
            return;
        }
        findings.exercised();
        if let PbftMessage::ViewChange(change) = message {
            self.takes_part(from, ("wants", change.view), findings);
            self.tells_all(from, change, findings);
        } else if let Some(vote) = Pbft::vote(message) {
            let said = vote.statement;
            self.takes_part(from, ("votes in", said.view), findings);
            if said.stage == Stage::Commit {
                self.signed.entry(from).or_default().commits.insert(said.height, said.view);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::{Script, vote};
    use super::*;
    use crate::certificate::{Scheme, Signed as Certified};
    use crate::pbft::vocabulary::{PreparedProposal, Proposed, ViewChanged};
    use crate::request::Requests;
    use crate::shared::Shared;
    use crate::tally::Backing;
    use crate::vote::Statement;

    fn commit(view: u64, sequence: u64) -> PbftMessage {
        PbftMessage::Commit(vote(1, Statement::new(Stage::Commit, view, sequence, 5)))
    }

    /// n2 wants a view, and tells of sequence numbers that it prepared, with their views.
    fn change(view: u64, prepared: &[(u64, u64)]) -> PbftMessage {
        let prepared = prepared.iter().map(|(sequence, view)| {
            let proposal = Shared::new(Proposed {
                vote: vote(0, Statement::new(Stage::Propose, *view, *sequence, 5)),
                batch: Requests::batch(Vec::new()),
            });
            let statement = Statement::new(Stage::Prepare, *view, *sequence, 5);
            let certificate = Certified::certificate(statement, &Backing::default(), Scheme::Single);
            Shared::new(PreparedProposal { proposal, certificate })
        });
        let (prepared, signature) =
            (prepared.collect(), vote(1, Statement::new(Stage::Commit, 0, 0, 0)).signature);
        let change = ViewChanged { view, stable: 0, checkpoint: None, prepared, signature };
        PbftMessage::ViewChange(Shared::new(change))
    }

    fn script() -> Script<Promises> {
        Script::new(Promises::default(), 4)
    }

    #[test]
    fn whoever_wants_a_view_takes_part_in_no_earlier_one() {
        assert_eq!(script().send(1, 0, change(2, &[])).send(1, 2, commit(2, 7)).violations(), 0);
        assert_eq!(script().send(1, 0, change(2, &[])).send(1, 2, commit(1, 7)).violations(), 1);
        assert_eq!(script().send(1, 0, commit(3, 7)).send(1, 2, commit(2, 8)).violations(), 1);
        assert_eq!(script().send(1, 0, change(2, &[])).restart(1).send(1, 2, commit(1, 7)).violations(), 1);
        assert_eq!(script().corrupt(1).send(1, 0, change(2, &[])).send(1, 2, commit(1, 7)).violations(), 0);
        let started =
            |view| PbftObservation::Started { view, executed: 0, applied: 0, stable: 0, primary: false };
        let again = |view| script().send(1, 0, change(2, &[])).restart(1).see(1, started(view)).violations();
        assert_eq!([1, 2].map(again), [1, 0], "what was not on disk is forgotten");
        assert_eq!(script().send(3, 0, change(2, &[])).send(1, 2, commit(1, 7)).violations(), 0, "passed on");
    }

    #[test]
    fn a_view_change_tells_what_was_prepared_after_the_last_stable_checkpoint() {
        let wants = |prepared: &[(u64, u64)]| {
            let mut script = script();
            script.send(1, 0, commit(0, 7)).send(1, 0, commit(1, 7)).send(1, 0, change(2, prepared));
            script
        };
        assert_eq!(wants(&[(7, 1)]).violations(), 0);
        assert_eq!(wants(&[(7, 0)]).violations(), 1, "of the earlier view");
        assert_eq!(wants(&[(8, 1)]).violations(), 1, "of another one");
        let digest = ContentHash(5);
        let mut script = script();
        script.send(1, 0, commit(0, 7)).see(1, PbftObservation::Stable { sequence: 7, digest });
        assert_eq!(script.send(1, 0, change(1, &[])).violations(), 0);
    }
}
