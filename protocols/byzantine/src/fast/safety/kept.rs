//! What is decided in a view is the only thing that honest members accept in later views: what a new view keeps.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;

use super::super::vocabulary::{Fast, FastObservation};

/// What was decided in the lowest view, and everything that was accepted.
#[derive(Clone, Debug, Default)]
pub struct Kept {
    decided: Option<(u64, u64, NodeId)>,
    /// Views, digests, and who accepted first.
    accepted: Vec<(u64, u64, NodeId)>,
    found: bool,
}

impl Kept {
    fn judge(&mut self, findings: &mut Findings) {
        let Some((view, digest, by)) = self.decided else { return };
        let lost = self.accepted.iter().find(|(later, other, _)| *later > view && *other != digest);
        if let Some((later, other, node)) = lost.filter(|_| !self.found) {
            self.found = true;
            let text = format!(
                "{by} decided {digest:016x} in view {view}, and {node} accepted {other:016x} in view {later}"
            );
            findings.safety("", &[by, *node], text);
        }
    }
}

impl Check<Fast> for Kept {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Accepted", "Committed"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Fast>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            FastObservation::Accepted { view, digest, .. } => {
                findings.exercised();
                if !self.accepted.iter().any(|(at, known, _)| (*at, *known) == (view, digest.0)) {
                    self.accepted.push((view, digest.0, seen.node));
                    self.judge(findings);
                }
            }
            FastObservation::Committed { view, digest, .. }
                if self.decided.is_none_or(|(known, ..)| view < known) =>
            {
                self.decided = Some((view, digest.0, seen.node));
                self.judge(findings);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::*;

    type Script = protocol_testing::script::Script<Fast, Kept>;

    #[test]
    fn what_was_decided_stays_whatever_is_known_first() {
        let decided =
            |view, digest| FastObservation::Committed { view, digest: ContentHash(digest), track: "fast" };
        let accepted =
            |view, digest| FastObservation::Accepted { view, digest: ContentHash(digest), client: NodeId(0) };
        let script = || Script::new(Kept::default(), 4);
        assert_eq!(script().see(0, decided(1, 5)).see(1, accepted(2, 5)).violations(), 0);
        assert_eq!(script().see(0, decided(1, 5)).see(1, accepted(2, 6)).violations(), 1);
        assert_eq!(script().see(1, accepted(2, 6)).see(0, decided(1, 5)).violations(), 1);
        assert_eq!(script().see(1, accepted(1, 6)).see(0, decided(1, 5)).violations(), 0, "in the same view");
        assert_eq!(script().corrupt(1).see(1, accepted(2, 6)).see(0, decided(1, 5)).violations(), 0);
    }
}
