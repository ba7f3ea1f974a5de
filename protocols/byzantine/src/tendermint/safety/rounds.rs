//! Rounds: an honest member never goes back, neither in what it signs, nor in its lock, nor in what it executes.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::super::vocabulary::{Tendermint, TendermintObservation};

/// Where each member is.
#[derive(Clone, Debug, Default)]
pub struct Rounds {
    /// By member: height and round of its latest prevote.
    prevoted: OrderedMap<NodeId, (u64, u64)>,
    /// By member: height and round of its latest lock.
    locked: OrderedMap<NodeId, (u64, u64)>,
    executed: OrderedMap<Slot, u64>,
}

impl Rounds {
    fn started(
        &mut self,
        seen: &Seen<'_, Tendermint>,
        (executed, locked): (u64, Option<u64>),
        findings: &mut Findings,
    ) {
        let node = seen.node;
        self.executed.insert(seen.slot, executed);
        if let Some((height, round)) = self.locked.get(&node).copied()
            && height == executed + 1
            && locked.is_none_or(|locked| locked < round)
        {
            let text =
                format!("{node} was locked in round {round} of height {height} and is not after a restart");
            findings.safety("lock forgotten", &[node], text);
        }
    }
}

fn rises(
    known: &mut OrderedMap<NodeId, (u64, u64)>,
    (node, now): (NodeId, (u64, u64)),
    what: &'static str,
    findings: &mut Findings,
) {
    findings.exercised();
    if let Some(before) = known.insert(node, now)
        && now <= before
    {
        let ((height, round), (earlier, first)) = (now, before);
        let text = format!(
            "{node} {what} in round {round} of height {height} after round {first} of height {earlier}"
        );
        findings.safety(what, &[node], text);
    }
}

impl Check<Tendermint> for Rounds {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Prevoted", "Locked", "Executed"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Tendermint>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        let node = seen.node;
        match *seen.observation {
            TendermintObservation::Started { executed, locked, .. } => {
                self.started(seen, (executed, locked), findings);
            }
            TendermintObservation::Prevoted { height, round, .. } => {
                rises(&mut self.prevoted, (node, (height, round)), "prevotes", findings);
            }
            TendermintObservation::Locked { height, round, .. } => {
                rises(&mut self.locked, (node, (height, round)), "locks", findings);
            }
            TendermintObservation::Executed { height } => {
                let before = self.executed.insert(seen.slot, height).unwrap_or(0);
                if height != before + 1 {
                    let text = format!("{node} executed height {height} after {before}");
                    findings.safety("gap", &[node], text);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::Script;
    use super::*;

    fn prevoted(height: u64, round: u64) -> TendermintObservation {
        TendermintObservation::Prevoted { height, round, block: ContentHash(5) }
    }

    fn locked(height: u64, round: u64) -> TendermintObservation {
        TendermintObservation::Locked { height, round, block: ContentHash(5) }
    }

    fn started(executed: u64, locked: Option<u64>) -> TendermintObservation {
        TendermintObservation::Started { executed, applied: 0, round: 0, locked }
    }

    #[test]
    fn votes_and_heights_rise() {
        let script = || Script::new(Rounds::default(), 4);
        script().see(0, prevoted(1, 3)).see(0, prevoted(2, 0)).see(1, prevoted(1, 0)).clean();
        assert_eq!(script().see(0, prevoted(1, 3)).see(0, prevoted(1, 2)).violations(), 1);
        assert_eq!(script().see(0, prevoted(1, 3)).see(0, prevoted(1, 3)).violations(), 1);
        assert_eq!(script().see(0, locked(1, 3)).see(0, locked(1, 2)).violations(), 1);
        let executed = |height| TendermintObservation::Executed { height };
        script().see(0, executed(1)).see(0, started(0, None)).see(0, executed(1)).clean();
        assert_eq!(script().see(0, executed(1)).see(0, executed(3)).violations(), 1);
    }

    #[test]
    fn a_lock_outlives_a_restart() {
        let script = || Script::new(Rounds::default(), 4);
        script().see(0, locked(3, 1)).see(0, started(2, Some(1))).see(0, started(3, None)).clean();
        assert_eq!(script().see(0, locked(3, 1)).see(0, started(2, None)).violations(), 1);
        assert_eq!(script().see(0, locked(3, 1)).see(0, started(2, Some(0))).violations(), 1);
        script().corrupt(0).see(0, locked(3, 1)).see(0, started(2, None)).clean();
    }
}
