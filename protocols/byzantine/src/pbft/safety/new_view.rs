//! A new view keeps every digest that was committed before.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::super::vocabulary::{NewView, Pbft, PbftMessage, PbftObservation};

/// What was committed at a sequence number, and what later views proposed there again.
#[derive(Clone, Debug, Default)]
struct Place {
    committed: Option<(u64, u64)>,
    /// Views and digests.
    again: Vec<(u64, u64)>,
}

/// What was committed and proposed again.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    places: OrderedMap<u64, Place>,
}

impl Kept {
    fn judge(&self, sequence: u64, node: NodeId, findings: &mut Findings) {
        let Some(place) = self.places.get(&sequence) else { return };
        let Some((view, digest)) = place.committed else { return };
        let lost = place.again.iter().find(|(later, again)| *later > view && *again != digest);
        if let Some((later, again)) = lost {
            let text = format!(
                "{digest:016x} was committed at {sequence} in view {view}, and view {later} proposes {again:016x} there"
            );
            findings.safety("", &[node], text);
        }
    }
}

impl Check<Pbft> for Kept {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Committed", "Reproposed"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Pbft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            PbftObservation::Committed { view, sequence, digest, .. } => {
                let place = self.places.entry(sequence).or_default();
                if place.committed.is_none_or(|(known, _)| view < known) {
                    place.committed = Some((view, digest.0));
                    self.judge(sequence, seen.node, findings);
                }
            }
            PbftObservation::Reproposed { view, sequence, digest } => {
                findings.exercised();
                let place = self.places.entry(sequence).or_default();
                if !place.again.contains(&(view, digest.0)) {
                    place.again.push((view, digest.0));
                    self.judge(sequence, seen.node, findings);
                }
            }
            _ => {}
        }
    }
}

/// What honest primaries conclude from view changes.
#[derive(Clone, Debug, Default)]
pub struct Conclusion {
    /// What was looked at last: a message is told once for each of its recipients.
    last: Option<u64>,
}

/// The batches that were prepared at a sequence number in the highest view, by hash; more than one where too many lie.
#[derive(Default)]
struct Highest {
    view: u64,
    batches: Vec<u64>,
}

impl Conclusion {
    /// The first sequence number at which something else is proposed, or nothing at all.
    fn wrong(new_view: &NewView) -> Option<u64> {
        let stable = new_view.changes.iter().map(|change| change.stable).max().unwrap_or(0);
        let mut prepared: OrderedMap<u64, Highest> = OrderedMap::new();
        for one in new_view.changes.iter().flat_map(|change| &change.prepared) {
            let (said, batch) = (one.proposal.vote.statement, one.proposal.batch.hash());
            let highest = prepared.entry(said.height).or_default();
            if said.view > highest.view {
                highest.batches.clear();
            }
            if said.view >= highest.view {
                highest.view = said.view;
                highest.batches.push(batch);
            }
        }
        let last = prepared.last_key_value().map_or(0, |(sequence, _)| *sequence);
        let mut proposals = new_view.proposals.iter();
        let first_wrong = (stable + 1..=last).find(|sequence| {
            let proposal = proposals.next();
            proposal.is_none_or(|proposal| {
                let fits = match prepared.get(sequence) {
                    Some(highest) => highest.batches.contains(&proposal.batch.hash()),
                    None => proposal.batch.list.is_empty(),
                };
                proposal.vote.statement.height != *sequence || !fits
            })
        });
        first_wrong.or_else(|| proposals.next().map(|surplus| surplus.vote.statement.height))
    }
}

impl Check<Pbft> for Conclusion {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn observe(&mut self, _: &Ground, _: &Seen<'_, Pbft>, _: &mut Findings) {}

    fn reads(&self) -> &'static [&'static str] {
        &["NewView"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        _: NodeId,
        message: &PbftMessage,
        findings: &mut Findings,
    ) {
        let PbftMessage::NewView(new_view) = message else { return };
        let known = self.last.replace(new_view.hash()) == Some(new_view.hash());
        if known || new_view.signature.signer != from || !ground.honest(from) {
            return;
        }
        findings.exercised();
        if let Some(sequence) = Self::wrong(new_view) {
            let text = format!(
                "{from} begins view {} and does not propose at {sequence} what was prepared there in the highest view",
                new_view.view
            );
            findings.safety("", &[from], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::{Script, vote};
    use super::*;
    use crate::certificate::{Scheme, Signed};
    use crate::pbft::vocabulary::{NewViewBegun, PreparedProposal, Proposed, ViewChanged};
    use crate::request::{Command, Requests, SignedCommand};
    use crate::shared::Shared;
    use crate::tally::Backing;
    use crate::vote::{Stage, Statement};
    use objects::Operation;

    #[test]
    fn what_was_committed_is_proposed_again_whatever_is_known_first() {
        let committed = |view, digest| {
            let digest = ContentHash(digest);
            PbftObservation::Committed { view, sequence: 3, digest, batch: digest }
        };
        let again =
            |view, digest| PbftObservation::Reproposed { view, sequence: 3, digest: ContentHash(digest) };
        let script = || Script::new(Kept::default(), 4);
        assert_eq!(script().see(0, committed(0, 5)).see(1, again(1, 5)).violations(), 0);
        assert_eq!(script().see(0, committed(0, 5)).see(1, again(1, 6)).violations(), 1);
        assert_eq!(script().see(1, again(1, 6)).see(0, committed(0, 5)).violations(), 1);
        assert_eq!(script().see(1, again(1, 6)).see(0, committed(1, 6)).violations(), 0);
    }

    /// n2 begins view 3 out of what was prepared: batches of so many requests, by sequence number and view.
    fn begun(prepared: &[(u64, u64, usize)], proposed: &[(u64, usize)]) -> usize {
        let signature = vote(1, Statement::new(Stage::Propose, 0, 0, 0)).signature;
        let batch = |requests: usize| {
            let command =
                |timestamp| Command { client: NodeId(9), timestamp, operation: Operation::Get { key: 0 } };
            let request = |timestamp| Shared::new(SignedCommand { command: command(timestamp), signature });
            Requests::batch((0..requests as u64).map(request).collect())
        };
        let proposal = |view, sequence, requests| {
            let vote = vote(1, Statement::new(Stage::Propose, view, sequence, 0));
            Shared::new(Proposed { vote, batch: batch(requests) })
        };
        let changes = prepared.iter().map(|(sequence, view, requests)| {
            let statement = Statement::new(Stage::Prepare, *view, *sequence, 0);
            let certificate = Signed::certificate(statement, &Backing::default(), Scheme::Single);
            let proposal = proposal(*view, *sequence, *requests);
            let prepared = vec![Shared::new(PreparedProposal { proposal, certificate })];
            Shared::new(ViewChanged { view: 3, stable: 0, checkpoint: None, prepared, signature })
        });
        let (changes, proposals) = (
            changes.collect(),
            proposed.iter().map(|(sequence, requests)| proposal(3, *sequence, *requests)).collect(),
        );
        let new_view = Shared::new(NewViewBegun { view: 3, changes, proposals, signature });
        Script::new(Conclusion::default(), 4).send(1, 0, PbftMessage::NewView(new_view)).violations()
    }

    #[test]
    fn a_new_view_proposes_what_was_prepared_in_the_highest_view_and_fills_gaps() {
        let prepared = [(1, 0, 1), (1, 2, 2), (1, 1, 3), (3, 0, 1)];
        assert_eq!(begun(&prepared, &[(1, 2), (2, 0), (3, 1)]), 0);
        assert_eq!(begun(&prepared, &[(1, 1), (2, 0), (3, 1)]), 1, "an earlier view");
        assert_eq!(begun(&prepared, &[(1, 2), (2, 1), (3, 1)]), 1, "no gap");
        assert_eq!(begun(&prepared, &[(1, 2), (2, 0)]), 1, "too few");
        assert_eq!(begun(&prepared, &[(1, 2), (2, 0), (3, 1), (4, 0)]), 1, "too many");
        assert_eq!(begun(&[(1, 2, 1), (1, 2, 2)], &[(1, 1)]), 0, "either, where more than f lie");
    }
}
