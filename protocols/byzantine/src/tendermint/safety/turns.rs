//! Turns: what a member takes for the proposal of a round was signed by the proposer of that round.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;

use super::super::block::turn;
use super::super::vocabulary::{Tendermint, TendermintObservation};
use crate::leaders::Leaders;

/// Whose turn it is.
#[derive(Clone, Debug)]
pub struct Turns {
    leaders: Leaders,
}

impl Turns {
    /// For members that take turns like this.
    pub const fn new(leaders: Leaders) -> Self {
        Self { leaders }
    }
}

impl Check<Tendermint> for Turns {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Accepted"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Tendermint>, findings: &mut Findings) {
        let TendermintObservation::Accepted { height, round, by, .. } = *seen.observation else { return };
        if !seen.honest {
            return;
        }
        findings.exercised();
        let proposer = self.leaders.of(turn(height, round));
        if by != proposer {
            let node = seen.node;
            let text = format!(
                "{node} accepted a proposal of {by} in round {round} of height {height}, which is {proposer}'s turn"
            );
            findings.safety("", &[node], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;
    use sim_core::identity::NodeId;

    use super::super::tests::Script;
    use super::*;
    use crate::power::Power;

    #[test]
    fn each_round_has_one_proposer_and_a_heavy_one_has_more_turns() {
        let accepted = |round, by| {
            let (digest, block) = (ContentHash(5), ContentHash(5));
            TendermintObservation::Accepted { height: 1, round, digest, block, by: NodeId(by) }
        };
        let script = |power| Script::new(Turns::new(Leaders::new(4, power, &[])), 4);
        script(Power::EQUAL).see(0, accepted(0, 0)).see(0, accepted(1, 1)).clean();
        assert_eq!(script(Power::EQUAL).see(0, accepted(1, 0)).violations(), 1);
        assert_eq!(script(Power::EQUAL).corrupt(0).see(0, accepted(1, 0)).violations(), 0);
        let heavy = Power::listed(&[2, 1, 1, 1]).unwrap();
        script(heavy).see(1, accepted(1, 0)).see(1, accepted(2, 1)).clean();
    }
}
