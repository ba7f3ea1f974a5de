//! The last writer wins: no home goes back to an older version, and what was deleted and collected stays so.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::Slot;

use super::super::holdings::Holdings;
use super::super::parameters::Parameters;
use super::super::vocabulary::{Record, Store, StoreObservation};

/// A home never takes a record that is older than what it holds, nor keeps one that is older than what it takes; but for what a
/// crash takes that was not on disk. Where the last writer wins, the order is that of versions, and otherwise that of causes.
#[derive(Clone, Debug)]
pub struct Newest {
    holdings: Holdings,
}

impl Newest {
    /// For members with these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        Self { holdings: Holdings::new(parameters) }
    }
}

impl Check<Store> for Newest {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&Holdings::HEARS)
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Store>, findings: &mut Findings) {
        if let StoreObservation::Stored { record } = *seen.observation
            && seen.honest
            && let held = self.holdings.held(seen.slot, record.key)
            && !held.is_empty()
        {
            findings.exercised();
            let (node, Record { key, version, .. }) = (seen.node, record);
            let lineage = self.holdings.lineage();
            let newer = held.iter().find(|held| lineage.supersedes(key, held.version, version));
            let older = held.iter().find(|held| lineage.supersedes(key, version, held.version));
            let (of, actor) = (|held: &Record| held.version.actor, version.actor);
            if let Some(held) = newer {
                let text = format!("{node} replaces key {key} of {} by an older write of {actor}", of(held));
                findings.safety("", &[node], text);
            } else if let Some(held) = older.filter(|_| lineage.keeps_siblings()) {
                let text = format!("{node} keeps key {key} of {} beside a newer write of {actor}", of(held));
                findings.safety("", &[node], text);
            }
        }
        self.holdings.follow(seen);
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        self.holdings.lifecycle(ground, slot, what);
    }
}

/// Once a tombstone has been dropped by somebody, nobody stores a value, or keeps one for others, that is older. Not promised
/// if tombstones are dropped by age.
#[derive(Clone, Debug)]
pub struct Resurrection {
    promised: bool,
    holdings: Holdings,
}

impl Resurrection {
    /// For members with these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        Self { promised: parameters.tombstone_grace.is_zero(), holdings: Holdings::new(parameters) }
    }
}

impl Check<Store> for Resurrection {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&Holdings::HEARS)
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Store>, findings: &mut Findings) {
        if let StoreObservation::Stored { record } | StoreObservation::Hinted { record, .. } =
            *seen.observation
            && self.promised
            && seen.honest
            && self.holdings.has_dropped(record.key)
        {
            findings.exercised();
            if record.value.is_some() && self.holdings.is_gone(record.key, record.version) {
                let (node, key) = (seen.node, record.key);
                let text = format!(
                    "{node} holds a value of key {key} that is older than a delete which was collected"
                );
                findings.safety("", &[node], text);
            }
        }
        self.holdings.follow(seen);
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        self.holdings.lifecycle(ground, slot, what);
    }
}

#[cfg(test)]
mod tests {
    use protocol_testing::script::Script;
    use sim_core::identity::NodeId;
    use sim_core::time::Duration;

    use super::super::super::vocabulary::Version;
    use super::*;

    fn record(time: u64, value: Option<u64>) -> Record {
        Record { key: 5, version: Version { time, actor: NodeId(7), session: 0 }, value }
    }

    fn stored(time: u64) -> StoreObservation {
        StoreObservation::Stored { record: record(time, Some(time)) }
    }

    #[test]
    fn a_home_that_goes_back_is_found() {
        let mut script: Script<Store, Newest> = Script::new(Newest::new(&Parameters::default()), 3);
        script.write(0, stored(4)).write(0, stored(6)).write(1, stored(5)).clean();
        script.write(0, stored(5)).found("", "n1 replaces key 5 of n8 by an older write of n8");
        assert_eq!(script.exercised(), 2);
    }

    #[test]
    fn what_a_crash_took_may_come_again() {
        let mut script: Script<Store, Newest> = Script::new(Newest::new(&Parameters::default()), 3);
        script.write(0, stored(4)).sync(0).write(0, stored(9)).restart(0).see(0, stored(4));
        script.write(0, stored(6)).clean();
        script.write(0, stored(5));
        assert_eq!(script.violations(), 1);
    }

    fn collected(grace: Duration) -> Script<Store, Resurrection> {
        let parameters = Parameters { tombstone_grace: grace, ..Parameters::default() };
        let mut script = Script::new(Resurrection::new(&parameters), 3);
        script.write(0, StoreObservation::Stored { record: record(6, None) });
        script.write(0, StoreObservation::Dropped { key: 5, version: record(6, None).version });
        script
    }

    #[test]
    fn an_older_value_after_a_collection_is_found() {
        let found = |observation| {
            let mut script = collected(Duration::ZERO);
            script.write(1, observation);
            script.violations()
        };
        assert_eq!(found(stored(5)), 1);
        assert_eq!(found(StoreObservation::Hinted { target: NodeId(2), record: record(5, Some(1)) }), 1);
        assert_eq!(found(stored(7)), 0, "a later write is one");
        assert_eq!(found(StoreObservation::Stored { record: record(6, None) }), 0);
        let mut aged = collected(Duration::from_secs(1));
        assert_eq!(aged.write(1, stored(5)).violations(), 0, "nothing is promised");
    }
}
