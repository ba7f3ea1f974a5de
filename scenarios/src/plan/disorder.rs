//! Which seeds are in disorder, and what such seeds are like beside their faults ([`SwarmSpace::disorder`](sim_core::fault::SwarmSpace::disorder)).

use std::sync::Arc;

use rand_core::Rng;
use serde_json::Value;
use sim_core::random::{StreamName, below, stream};
use sim_core::registry::{Cluster, ProtocolInfo};

use crate::scenario::Swarm;

/// A seed in disorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Disorder {
    /// It has as few members as there may be: few messages decide something there, so that late ones do more often.
    pub(super) least: bool,
    /// Safeguards that forfeit something are off.
    bare: bool,
}

/// Whether a seed is in disorder: half of them are, where the swarm asks for it.
pub(super) fn disorder(swarm: &Swarm, seed: u64) -> Option<Disorder> {
    let mut rng = stream(seed, StreamName::Disorder);
    let [on, least, armed] = [2, 2, 4].map(|of| below(rng.next_u64(), of) == 0);
    (swarm.disorder && on).then_some(Disorder { least, bare: !armed })
}

/// A drawn cluster without its safeguards, in three of four seeds in disorder: each switch that forfeits something when it is off, and that can be off
/// by itself, is. What a protocol asks first, as a candidate whether it could win, mostly keeps from happening what it must bear all the same.
pub(super) fn bare(
    swarm: &Swarm,
    drawn: Arc<dyn Cluster>,
    protocol: &ProtocolInfo,
    seed: u64,
) -> Arc<dyn Cluster> {
    if !disorder(swarm, seed).is_some_and(|disorder| disorder.bare) {
        return drawn;
    }
    let safeguards = protocol.knobs.iter().filter(|knob| knob.forfeits.is_some() && knob.default == "true");
    safeguards.fold(drawn, |cluster, safeguard| {
        let off = Value::from_iter([(safeguard.name, false)]);
        cluster.otherwise(&off).map_or_else(|_| Arc::clone(&cluster), Arc::from)
    })
}

#[cfg(test)]
mod tests {
    use sim_core::time::Duration;

    use super::*;
    use crate::plan::compile;
    use crate::testing::real;

    #[test]
    fn half_of_the_seeds_are_in_disorder_small_short_and_without_safeguards() {
        let source = crate::builtin::find("raft-swarm").unwrap();
        let loaded = crate::scenario::load(&real(), source, crate::document::Format::Toml, &[]).unwrap();
        let swarm = loaded.scenario.swarm.as_ref().unwrap();
        let (mut seeds, mut least, mut bare, mut short) = ([0; 2], [0; 2], [0; 2], [0; 2]);
        for seed in 0..600 {
            let plan = compile(&loaded, seed, &[]);
            let on = usize::from(disorder(swarm, seed).is_some());
            let parameters = plan.cluster.parameters();
            let leases = ["lease", "mixed"].iter().any(|reads| parameters["reads"] == **reads);
            let off = |name: &str| parameters[name] == false;
            assert!(!leases || !off("check_quorum"), "leases need it");
            seeds[on] += 1;
            least[on] += u32::from(plan.setup.members == 3);
            bare[on] += u32::from(off("pre_vote") && (leases || off("check_quorum")));
            short[on] += u32::from(plan.setup.duration < Duration::from_secs(8));
        }
        assert!(seeds.iter().all(|count| (250..350).contains(count)), "{seeds:?}");
        for (what, [without, with], [fewest, most]) in
            [("least", least, [150, 110]), ("bare", bare, [200, 90]), ("short", short, [130, 130])]
        {
            assert!(with > fewest && without < most, "{what}: {with} with, {without} without");
        }
        assert_eq!(disorder(&Swarm::default(), 0).or(disorder(&Swarm::default(), 1)), None);
    }
}
