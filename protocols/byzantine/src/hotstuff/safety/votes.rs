//! Votes: views and stages rise, locks never fall, what was given up stays so, and one block is certified in a view.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};

use super::super::parameters::Parameters;
use super::super::turns::Turns;
use super::super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation};
use crate::vote::Stage;

/// The order of the stages of one view.
const fn order(stage: Stage) -> u8 {
    match stage {
        Stage::Prepare => 0,
        Stage::Precommit => 1,
        _ => 2,
    }
}

/// The last vote of each member.
#[derive(Clone, Debug, Default)]
pub struct Rise {
    last: OrderedMap<NodeId, (u64, u8)>,
}

impl Check<Hotstuff> for Rise {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Voted"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Hotstuff>, findings: &mut Findings) {
        let HotstuffObservation::Voted { view, stage, .. } = *seen.observation else { return };
        if !seen.honest {
            return;
        }
        findings.exercised();
        let (node, now) = (seen.node, (view, order(stage)));
        if let Some((last, _)) = self.last.insert(node, now).filter(|last| *last >= now) {
            let text =
                format!("{node} votes ({}) in view {view} after it voted in view {last}", stage.name());
            findings.safety(stage.name(), &[node], text);
        }
    }
}

/// The lock of each member at its last vote.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    last: OrderedMap<NodeId, u64>,
}

impl Check<Hotstuff> for Lock {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Voted"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Hotstuff>, findings: &mut Findings) {
        let HotstuffObservation::Voted { view, lock, .. } = *seen.observation else { return };
        if !seen.honest {
            return;
        }
        findings.exercised();
        let node = seen.node;
        if let Some(last) = self.last.insert(node, lock).filter(|last| *last > lock) {
            let text = format!(
                "{node} votes in view {view} locked on view {lock}, after it was locked on view {last}"
            );
            findings.safety("", &[node], text);
        }
    }
}

/// What each member gave up.
#[derive(Clone, Debug, Default)]
pub struct GivenUp {
    wanted: OrderedMap<NodeId, u64>,
}

impl Check<Hotstuff> for GivenUp {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Suspected", "Voted"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Hotstuff>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        let node = seen.node;
        match *seen.observation {
            HotstuffObservation::Suspected { view } => {
                let wanted = self.wanted.entry(node).or_default();
                *wanted = view.max(*wanted);
            }
            HotstuffObservation::Voted { view, .. } => {
                let wanted = self.wanted.get(&node).copied();
                findings.exercised_by(u64::from(wanted.is_some()));
                if let Some(wanted) = wanted.filter(|wanted| *wanted > view) {
                    let text =
                        format!("{node} votes in view {view} after it gave up every view before {wanted}");
                    findings.safety("", &[node], text);
                }
            }
            _ => {}
        }
    }
}

/// What is certified in each view and stage, and who said so first.
#[derive(Clone, Debug, Default)]
pub struct OneCertified {
    certified: OrderedMap<(u64, Stage), (u64, NodeId)>,
}

impl Check<Hotstuff> for OneCertified {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Certified"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Hotstuff>, findings: &mut Findings) {
        let HotstuffObservation::Certified { view, stage, digest, .. } = *seen.observation else { return };
        if !seen.honest {
            return;
        }
        let node = seen.node;
        let (first, by) = *self.certified.entry((view, stage)).or_insert((digest.0, node));
        findings.exercised_by(u64::from(by != node));
        if first != digest.0 {
            let text = format!(
                "two blocks certified in view {view}: {first:016x} at {by} and {:016x} at {node}",
                digest.0
            );
            findings.safety("two blocks certified", &[by, node], text);
        }
    }
}

/// What the leader of each view proposed: digests of blocks.
#[derive(Clone, Debug)]
pub struct Proposers {
    turns: Turns,
    proposed: OrderedSet<(u64, u64)>,
    /// What was noted last: a message is told once for each of its recipients.
    last: Option<u64>,
}

impl Proposers {
    /// For so many members that take turns, after views that a plan gives to `leaders`.
    pub fn new(members: u32, parameters: &Parameters, leaders: &[Option<NodeId>]) -> Self {
        let turns = Turns::new(members, parameters.views_per_leader).after_planned(leaders);
        Self { turns, proposed: OrderedSet::new(), last: None }
    }
}

impl Check<Hotstuff> for Proposers {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Proposed", "Voted"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Hotstuff>, findings: &mut Findings) {
        match *seen.observation {
            HotstuffObservation::Proposed { view, digest, .. } if self.turns.leader(view) == seen.node => {
                self.proposed.insert((view, digest.0));
            }
            HotstuffObservation::Voted { view, digest, .. } if seen.honest => {
                findings.exercised();
                if !self.proposed.contains(&(view, digest.0)) {
                    let (node, leader) = (seen.node, self.turns.leader(view));
                    let text = format!(
                        "{node} votes for {:016x} in view {view}, which {leader}, its leader, never proposed",
                        digest.0
                    );
                    findings.safety("", &[node], text);
                }
            }
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Proposal"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        _: NodeId,
        message: &HotstuffMessage,
        _: &mut Findings,
    ) {
        let HotstuffMessage::Proposal(proposal) = message else { return };
        if self.last == Some(proposal.hash()) {
            return;
        }
        self.last = Some(proposal.hash());
        let (signer, block) = (proposal.vote.signer(), &proposal.block);
        let genuine = signer == from || !ground.honest(signer);
        if genuine && signer == self.turns.leader(block.view) {
            self.proposed.insert((block.view, block.hash()));
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::Script;
    use super::*;

    fn voted(view: u64, stage: Stage, lock: u64) -> HotstuffObservation {
        HotstuffObservation::Voted { view, stage, height: view, digest: ContentHash(view), lock }
    }

    #[test]
    fn a_vote_is_higher_than_the_last_one() {
        let script = || Script::new(Rise::default(), 4);
        let prepare = |view| voted(view, Stage::Prepare, 0);
        assert_eq!(script().see(0, prepare(3)).see(0, prepare(7)).see(1, prepare(3)).violations(), 0);
        assert_eq!(script().see(0, prepare(3)).see(0, prepare(3)).violations(), 1);
        assert_eq!(script().see(0, prepare(3)).see(0, prepare(2)).violations(), 1);
        let later = |stage| voted(3, stage, 0);
        assert_eq!(
            script()
                .see(0, prepare(3))
                .see(0, later(Stage::Precommit))
                .see(0, later(Stage::Commit))
                .violations(),
            0
        );
        assert_eq!(script().see(0, later(Stage::Commit)).see(0, later(Stage::Precommit)).violations(), 1);
        assert_eq!(script().corrupt(0).see(0, prepare(3)).see(0, prepare(3)).violations(), 0);
    }

    #[test]
    fn a_vote_is_for_what_the_leader_proposed() {
        let script = || Script::new(Proposers::new(4, &Parameters::default(), &[]), 4);
        let proposed = |view| HotstuffObservation::Proposed { view, height: view, digest: ContentHash(view) };
        let vote = |view| voted(view, Stage::Prepare, 0);
        assert_eq!(script().see(0, proposed(4)).see(1, vote(4)).violations(), 0);
        assert_eq!(script().see(1, proposed(4)).see(2, vote(4)).violations(), 1, "n2 does not lead view 4");
        assert_eq!(script().see(1, proposed(5)).see(2, vote(5)).violations(), 0, "but view 5");
        assert_eq!(script().corrupt(2).see(2, vote(5)).violations(), 0);
    }

    #[test]
    fn a_lock_that_falls_is_found() {
        let script = || Script::new(Lock::default(), 4);
        let vote = |view, lock| voted(view, Stage::Prepare, lock);
        assert_eq!(script().see(0, vote(3, 2)).see(0, vote(4, 2)).see(1, vote(5, 1)).violations(), 0);
        assert_eq!(script().see(0, vote(3, 2)).see(0, vote(4, 1)).violations(), 1);
    }

    #[test]
    fn who_gave_up_a_view_votes_in_later_ones_only() {
        let script = || Script::new(GivenUp::default(), 4);
        let vote = |view| voted(view, Stage::Prepare, 0);
        let gave_up = HotstuffObservation::Suspected { view: 5 };
        assert_eq!(script().see(0, gave_up.clone()).see(0, vote(5)).see(1, vote(4)).violations(), 0);
        assert_eq!(script().see(0, gave_up).see(0, vote(4)).violations(), 1);
    }

    #[test]
    fn another_view_or_stage_may_certify_something_else() {
        let certified = |view, stage, digest| HotstuffObservation::Certified {
            view,
            stage,
            height: 1,
            digest: ContentHash(digest),
        };
        let first = || certified(3, Stage::Prepare, 5);
        let script = || Script::new(OneCertified::default(), 4);
        assert_eq!(script().see(1, first()).see(2, certified(3, Stage::Prepare, 6)).violations(), 1);
        assert_eq!(script().see(1, first()).see(2, certified(4, Stage::Prepare, 6)).violations(), 0);
        assert_eq!(script().see(1, first()).see(2, first()).violations(), 0);
    }
}
