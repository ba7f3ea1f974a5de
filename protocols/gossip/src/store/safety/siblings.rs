//! Where siblings are kept, a write is given up for another one whose writer knew it, and for nothing else.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;

use super::super::lineage::Lineage;
use super::super::parameters::Parameters;
use super::super::vocabulary::{Store, StoreObservation};

/// A home gives a record up only for a write that supersedes it: whoever made that had read it, or written it. What clients knew is taken
/// from what they report, and not from the vectors that members compare.
#[derive(Clone, Debug)]
pub struct Siblings {
    lineage: Lineage,
}

impl Siblings {
    /// For members with these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        Self { lineage: Lineage::new(parameters.conflicts) }
    }
}

impl Check<Store> for Siblings {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Superseded", "Stamped", "Saw"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Store>, findings: &mut Findings) {
        let StoreObservation::Superseded { key, version, by } = *seen.observation else {
            self.lineage.follow(seen);
            return;
        };
        if !seen.honest {
            return;
        }
        findings.exercised();
        if !self.lineage.supersedes(key, by, version) {
            let (node, old, new) = (seen.node, version.actor, by.actor);
            let text = format!(
                "{node} gives up a write of {old} to key {key} for one of {new} that did not know it"
            );
            findings.safety("", &[node], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol_testing::script::Script;
    use sim_core::identity::NodeId;

    use super::super::super::parameters::Conflicts;
    use super::super::super::vocabulary::{Record, Version};
    use super::*;

    fn version(time: u64) -> Version {
        Version { time, actor: NodeId(3), session: 0 }
    }

    fn stamped(time: u64) -> StoreObservation {
        StoreObservation::Stamped { record: Record { key: 5, version: version(time), value: None } }
    }

    fn saw(time: u64) -> StoreObservation {
        StoreObservation::Saw { key: 5, version: version(time) }
    }

    fn superseded(time: u64, by: u64) -> StoreObservation {
        StoreObservation::Superseded { key: 5, version: version(time), by: version(by) }
    }

    fn script() -> Script<Store, Siblings> {
        let parameters = Parameters { conflicts: Conflicts::Siblings, ..Parameters::default() };
        Script::new(Siblings::new(&parameters), 3)
    }

    #[test]
    fn what_was_read_or_written_may_be_given_up() {
        let mut script = script();
        script.see(2, stamped(4)).see(3, stamped(6)).see(3, stamped(8)).see(0, superseded(6, 8)).clean();
        script.see(3, saw(4)).see(3, stamped(9)).see(0, superseded(4, 9)).see(0, superseded(8, 9)).clean();
        script.see(2, saw(9)).see(2, stamped(12)).see(1, superseded(6, 12)).clean();
        assert_eq!(script.exercised(), 4, "what is known through others counts");
    }

    #[test]
    fn a_concurrent_write_that_is_given_up_is_found() {
        let mut script = script();
        script.see(2, stamped(4)).see(3, stamped(6)).see(0, superseded(4, 6));
        script.found("", "n1 gives up a write of n4 to key 5 for one of n4 that did not know it");
    }

    #[test]
    fn a_restarted_client_knows_nothing() {
        let mut script = script();
        script.see(3, stamped(4)).restart(3).see(3, stamped(6)).see(0, superseded(4, 6));
        assert_eq!(script.violations(), 1);
        script.see(3, saw(4)).see(3, stamped(8)).see(0, superseded(4, 8)).see(0, superseded(6, 8));
        assert_eq!(script.violations(), 1);
    }
}
