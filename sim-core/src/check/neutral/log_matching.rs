//! Log matching: what has the same position and rank has the same past.

use super::Kinds;
use crate::check::{ByIndex, Check, Findings, Seen};
use crate::ground::Ground;
use crate::identity::NodeId;
use crate::ordered::OrderedMap;
use crate::process::{Observe, Protocol};

/// Two logs that hold an entry of the same position and rank are equal up to there (Raft paper, section 5.3).
///
/// The rank in the summary is the entry's own, in which it was made. The digest covers the entry and everything before it,
/// so that one comparison compares two whole logs.
#[derive(Debug)]
pub struct LogMatching {
    kinds: Kinds,
    prefixes: Prefixes,
}

/// The prefix that whoever was first had at a position and rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    /// The rank of its last entry.
    pub rank: u64,
    /// The digest of everything up to there.
    pub digest: u64,
    /// Who had it.
    pub node: NodeId,
}

/// The first prefix seen for each position and rank. Most positions only ever see one rank.
#[derive(Debug, Default)]
pub struct Prefixes {
    first_rank: ByIndex<Prefix>,
    other_ranks: OrderedMap<(u64, u64), Prefix>,
}

impl Prefixes {
    /// The prefix that was first at this position and rank; this one, if none was.
    #[inline(always)]
    pub fn known_or(&mut self, position: u64, own: Prefix) -> Prefix {
        match self.first_rank.get_or_put(position, own) {
            Some(first) if first.rank != own.rank => {
                *self.other_ranks.entry((position, own.rank)).or_insert(own)
            }
            Some(first) => *first,
            None => own,
        }
    }
}

impl LogMatching {
    /// Of what observations of these kinds append.
    pub fn on(appends: Kinds) -> Self {
        Self { kinds: appends, prefixes: Prefixes::default() }
    }
}

impl<P: Protocol> Check<P> for LogMatching {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(self.kinds)
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let summary = seen.observation.summary();
        let (Some(position), Some(rank), Some(digest)) = (summary.position, summary.rank, summary.digest)
        else {
            return;
        };
        if !seen.honest {
            return;
        }
        findings.exercised();
        let node = seen.node;
        let first = self.prefixes.known_or(position, Prefix { rank, digest, node });
        if first.digest != digest {
            let other = first.node;
            let message =
                format!("the logs of {other} and {node} differ up to position {position} of rank {rank}");
            findings.safety("", &[other, node], message);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lab::{Fact, Script};
    use super::LogMatching;

    fn appended(position: u64, rank: u64, digest: u64) -> Fact {
        Fact::Appended { position, rank, digest }
    }

    #[test]
    fn unequal_pasts_of_one_position_and_rank_are_found() {
        let mut script = Script::new(LogMatching::on(&["Appended"]), 3);
        script.see(0, appended(1, 1, 11)).see(0, appended(2, 2, 12)).see(1, appended(1, 1, 11)).clean();
        script.see(1, appended(2, 1, 22)).see(2, appended(2, 1, 22)).clean();
        script.see(2, appended(2, 2, 13));
        script.found("", "the logs of n1 and n3 differ up to position 2 of rank 2");
        assert_eq!(script.exercised(), 6);
    }

    /// Suffixes of other ranks differ as they like and are written again after crashes; so do traitors.
    #[test]
    fn odd_and_correct() {
        let mut script = Script::new(LogMatching::on(&["Appended"]), 3);
        script.see(0, appended(5, 1, 15)).see(1, appended(5, 2, 25)).see(2, appended(5, 3, 35)).restart(0);
        script.see(0, appended(5, 3, 35)).see(0, appended(4, 1, 14)).see(1, appended(4, 1, 14));
        script.corrupt(2).see(2, appended(4, 1, 99)).clean();
    }
}
