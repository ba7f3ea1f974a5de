//! Who is guilty of a fork: the fewest members without whom it would not have been possible, and what each of them signed.
//!
//! What counts as signed is decided by the keys of the world ([`Ground::signed`]), so that a vote which a traitor altered, or
//! made in another's name, shows nothing.

use sim_core::check::{Culprit, Findings, Guilt, Signed, Verdict};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use crate::power::Power;
use crate::quorum::Quorum;
use crate::vote::{Stage, Statement};

/// The guilt of one member, as a sentence as well.
#[derive(Clone, Debug)]
struct Part {
    culprit: Culprit,
    fact: String,
}

/// A set of members whose guilt makes a fork possible, and what shows it.
#[derive(Clone, Debug)]
pub struct Charge {
    parts: Vec<Part>,
    how: &'static str,
    beyond_statements: Option<&'static str>,
}

impl Charge {
    /// Nobody yet of those who did this.
    pub const fn new(how: &'static str) -> Self {
        Self { parts: Vec::new(), how, beyond_statements: None }
    }

    /// Members that signed two statements which contradict each other.
    pub fn signed_both(
        nodes: impl IntoIterator<Item = NodeId>,
        [one, other]: [Statement; 2],
        how: &'static str,
    ) -> Self {
        let mut charge = Self::new(how);
        for node in nodes {
            charge.add(node, [one.into(), other.into()], format!("{node} signed {one} and {other}"));
        }
        charge
    }

    /// What a third party would have to know beside the statements.
    #[must_use]
    pub const fn beyond(mut self, beyond_statements: &'static str) -> Self {
        self.beyond_statements = Some(beyond_statements);
        self
    }

    /// One more member, what it signed, and that in a sentence.
    pub fn add(&mut self, node: NodeId, signed: [Signed; 2], fact: String) {
        self.parts.push(Part { culprit: Culprit { node, signed }, fact });
    }

    /// Who is guilty.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.parts.iter().map(|part| part.culprit.node)
    }

    /// Reports who is guilty of a fork at a place, after what was decided there.
    pub fn report(self, ground: &Ground, place: &str, decided: [String; 2], findings: &mut Findings) {
        let nodes: Vec<NodeId> = self.nodes().collect();
        let names = nodes.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let text = format!("a fork {place} is the work of [{names}], {}", self.how);
        if nodes.iter().any(|node| ground.honest(*node)) {
            findings.safety("honest member accused", &nodes, text);
        } else {
            findings.found(Verdict::Assumption, "culprits", &nodes, text);
        }
        let proof = match self.beyond_statements {
            None => "the signed statements prove it to a third party".to_owned(),
            Some(beyond) => format!("to a third party the statements prove it together with {beyond}"),
        };
        let (culprits, facts): (Vec<Culprit>, Vec<String>) =
            self.parts.into_iter().map(|part| (part.culprit, part.fact)).unzip();
        let beyond_statements = self.beyond_statements.map(ToOwned::to_owned);
        let guilt = Guilt { culprits, beyond_statements };
        findings.because_of(guilt, decided.into_iter().chain(facts).chain([proof]));
    }
}

impl From<Statement> for Signed {
    fn from(statement: Statement) -> Self {
        let Statement { stage, view, height, digest } = statement;
        let (height, digest, claims) = match stage {
            // Where others say a height, it says the view of the highest certificate that its signer has.
            Stage::Timeout => (None, None, Some(format!("no certificate of a view after {height}"))),
            _ => (Some(height), Some(format!("{:016x}", digest.0)), None),
        };
        Self { stage: stage.name().to_owned(), view, height, digest, claims }
    }
}

/// Of members that are in two sets of this power, the fewest without whom one of the two would be no quorum. They are in the
/// order of their names; `None` if they are too few to fork.
pub fn fewest(mut both: Vec<NodeId>, sets: [u32; 2], power: Power, quorum: Quorum) -> Option<Vec<NodeId>> {
    both.sort_by_key(|node| std::cmp::Reverse(power.of(*node)));
    let shared = power.sum(both.iter().copied());
    let lacks = |all: u32| quorum.size().saturating_sub(all.saturating_sub(shared));
    let needed = sets.map(lacks).into_iter().fold(quorum.one_honest(), u32::max);
    let mut taken = 0;
    both.retain(|node| {
        let lacking = taken < needed;
        taken += if lacking { power.of(*node) } else { 0 };
        lacking
    });
    both.sort_unstable();
    (taken >= quorum.one_honest()).then_some(both)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(numbers: impl IntoIterator<Item = u32>) -> Vec<NodeId> {
        numbers.into_iter().map(NodeId).collect()
    }

    /// Seven members, of which five are a quorum. Four traitors and three honest members vote twice: three traitors are enough
    /// where all honest members voted for the first value.
    #[test]
    fn nobody_is_named_who_could_be_left_out() {
        let quorum = Quorum::of(7);
        let fewest = |both, sets| fewest(both, sets, Power::EQUAL, quorum);
        assert_eq!(fewest(nodes(0..4), [5, 5]), Some(nodes(0..4)));
        assert_eq!(fewest(nodes(0..4), [6, 6]), Some(nodes(0..3)));
        assert_eq!(fewest(nodes(0..2), [5, 5]), None, "two of seven cannot fork");
    }

    #[test]
    fn the_strongest_are_named_where_power_differs() {
        let power = Power::listed(&[1, 1, 4, 1]).unwrap();
        let quorum = power.quorum(4);
        assert_eq!((quorum.size(), quorum.one_honest()), (5, 3));
        assert_eq!(fewest(nodes(0..4), [7, 7], power, quorum), Some(nodes([0, 2])));
    }
}
