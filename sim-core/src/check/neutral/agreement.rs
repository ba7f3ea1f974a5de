//! Agreement: nobody decides otherwise than whoever decided first.

use super::Kinds;
use crate::check::{ByIndex, Check, Findings, Seen};
use crate::ground::Ground;
use crate::identity::NodeId;
use crate::process::{Observe, Protocol, Summary};

/// What is decided in one place is the same everywhere: two decisions of equal place have equal digests.
///
/// A decision without a place is the only one that there is (single-decree consensus). One without a digest says nothing.
#[derive(Debug)]
pub struct Agreement {
    kinds: Kinds,
    place: fn(&Summary) -> Option<u64>,
    what: &'static str,
    decided: ByIndex<(u64, NodeId)>,
}

impl Agreement {
    /// Decisions at positions: entries of a log, heights of a chain.
    pub fn at_positions(decisions: Kinds) -> Self {
        let decided = ByIndex::default();
        Self { kinds: decisions, place: |summary| summary.position, what: "position", decided }
    }

    /// Decisions in ranks: one for each term, view or instance.
    pub fn in_ranks(decisions: Kinds) -> Self {
        Self { place: |summary| summary.rank, what: "rank", ..Self::at_positions(decisions) }
    }
}

impl<P: Protocol> Check<P> for Agreement {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(self.kinds)
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let summary = seen.observation.summary();
        let Some(digest) = summary.digest.filter(|_| seen.honest) else { return };
        findings.exercised();
        let place = (self.place)(&summary).unwrap_or(0);
        if let Some(&(first, by)) = self.decided.get_or_put(place, (digest, seen.node))
            && first != digest
        {
            let (what, node) = (self.what, seen.node);
            let message = format!(
                "{by} and {node} decided differently at {what} {place}: {first:016x} and {digest:016x}"
            );
            findings.safety("", &[by, node], message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lab::{Fact, Script};
    use super::Agreement;

    fn chose(position: u64, digest: u64) -> Fact {
        Fact::Chose { position, digest }
    }

    #[test]
    fn who_decides_otherwise_is_found() {
        let mut script = Script::new(Agreement::at_positions(&["Chose"]), 3);
        script.see(0, chose(1, 11)).see(1, chose(1, 11)).see(1, chose(2, 12)).clean();
        script.see(2, chose(2, 13));
        let message = "n2 and n3 decided differently at position 2: 000000000000000c and 000000000000000d";
        script.found("", message);
        assert_eq!(script.exercised(), 4);
    }

    #[test]
    fn a_member_that_decides_otherwise_after_a_crash_is_found() {
        let mut script = Script::new(Agreement::in_ranks(&["Ruled"]), 3);
        script.see(0, Fact::Ruled { rank: 7, digest: 1 }).restart(0).clean();
        script.see(0, Fact::Ruled { rank: 7, digest: 2 });
        script.found("", "n1 and n1 decided differently at rank 7: 0000000000000001 and 0000000000000002");
    }

    /// Positions are decided in any order, again after a crash, and not by what is only written; traitors are not judged.
    #[test]
    fn odd_and_correct() {
        let mut script = Script::new(Agreement::at_positions(&["Chose"]), 3);
        script.see(0, chose(9, 19)).see(0, chose(3, 13)).see(1, chose(3, 13)).see(1, chose(9, 19));
        script.restart(0).see(0, chose(3, 13)).see(2, Fact::Wrote { position: 3, digest: 99 });
        script.corrupt(2).see(2, chose(3, 99)).clean();
        assert_eq!(script.exercised(), 5);
    }
}
