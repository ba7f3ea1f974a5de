//! The chain: what a member commits stands on what it committed before.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::Slot;
use sim_core::ordered::OrderedMap;

use super::super::vocabulary::{Hotstuff, HotstuffObservation};

/// The last block that each member committed: height and digest.
#[derive(Clone, Debug, Default)]
pub struct Extends {
    tips: OrderedMap<Slot, (u64, u64)>,
}

impl Check<Hotstuff> for Extends {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Committed"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Hotstuff>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            HotstuffObservation::Started { height, tip, .. } => {
                self.tips.insert(seen.slot, (height, tip.0));
            }
            HotstuffObservation::Committed { height, digest, parent, .. } => {
                findings.exercised();
                let (last, tip) = self.tips.insert(seen.slot, (height, digest.0)).unwrap_or((0, 0));
                if height != last + 1 || parent.0 != tip {
                    let node = seen.node;
                    let text = format!(
                        "{node} commits a block at height {height} on top of {:016x}, after {tip:016x} at height {last}",
                        parent.0
                    );
                    findings.safety("", &[node], text);
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

    fn committed(height: u64, digest: u64, parent: u64) -> HotstuffObservation {
        let (digest, parent) = (ContentHash(digest), ContentHash(parent));
        HotstuffObservation::Committed { view: height, height, digest, parent, requests: 1 }
    }

    #[test]
    fn blocks_stand_on_each_other() {
        let script = || Script::new(Extends::default(), 4);
        assert_eq!(script().see(0, committed(1, 5, 0)).see(0, committed(2, 6, 5)).violations(), 0);
        assert_eq!(script().see(0, committed(1, 5, 0)).see(0, committed(2, 6, 4)).violations(), 1);
        assert_eq!(script().see(0, committed(1, 5, 0)).see(0, committed(3, 6, 5)).violations(), 1);
        assert_eq!(script().corrupt(0).see(0, committed(2, 6, 4)).violations(), 0);
    }

    #[test]
    fn a_member_that_starts_again_says_where_it_is() {
        let started = HotstuffObservation::Started {
            view: 9,
            height: 1,
            filled: 1,
            applied: 1,
            tip: ContentHash(5),
            leader: false,
        };
        let script = || Script::new(Extends::default(), 4);
        let mut lost = script();
        lost.see(0, committed(1, 5, 0)).see(0, committed(2, 6, 5));
        assert_eq!(lost.see(0, started).see(0, committed(2, 6, 5)).violations(), 0);
    }
}
