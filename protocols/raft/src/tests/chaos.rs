//! Crashes, cuts, losses and failing disks at random, then peace: nothing breaks, and the cluster comes back.

use sim_core::identity::NodeId;
use sim_core::random::{StreamName, stream};
use sim_core::registry::parameters::ParameterSet;
use sim_core::time::Duration;

use super::clusters::broken;
use super::one::without_pre_vote;
use super::pump::{Pump, Rough, Servers};
use crate::node::RaftFactory;
use crate::parameters::Parameters;
use crate::plants::Plants;
use objects::Operation;

/// One rough run of three to five servers: what it broke, and whether it recovered.
fn rough_run(seed: u64, base: Parameters, plants: Plants) -> (Option<String>, bool) {
    let mut dice = Rough::new(seed);
    let members = 3 + dice.below(3) as u32;
    let parameters = base.drawn(&mut stream(seed, StreamName::Configuration));
    let mut pump = Pump::new(RaftFactory { parameters, plants, ..RaftFactory::default() }, members, 2);
    pump.rough = Some(Rough::new(seed.wrapping_add(1 << 40)));
    for round in 0..80 {
        disturb(&mut pump, &mut dice, members);
        let operation = Operation::Put { key: dice.below(3), value: round };
        pump.request(NodeId(members + dice.below(2) as u32), round, operation);
        pump.run_for(Duration::from_millis(dice.below(250)));
    }
    pump.cut.clear();
    pump.ambush = None;
    for node in (0..members).map(NodeId) {
        if !pump.is_up(node) {
            pump.boot(node);
        }
    }
    let before = pump.returned.len();
    (0..2).for_each(|client| pump.request(NodeId(members + client), 1_000, Operation::Get { key: 1 }));
    pump.run_for(Duration::from_secs(12));
    (broken(&pump), pump.returned.len() > before)
}

fn disturb(pump: &mut Pump, dice: &mut Rough, members: u32) {
    let mut any = |n| NodeId(dice.below(u64::from(n)) as u32);
    let (node, other) = (any(members), any(members + 2));
    match dice.below(14) {
        10..14 => {
            let kinds = ["BecameLeader", "BecameCandidate", "Voted", "Committed", "Appended"];
            pump.ambush = Some((kinds[dice.below(5) as usize], dice.below(2) == 0));
        }
        0..3 => pump.crash(node),
        3..6 if !pump.is_up(node) => pump.boot(node),
        6 => drop(pump.leader().map(|leader| pump.crash(leader))),
        7 => pump.isolate(node),
        8 => pump.cut.extend([(node, other)]),
        9 => pump.cut.clear(),
        _ => {}
    }
}

#[test]
fn rough_times_break_nothing_and_end() {
    for seed in 0..60 {
        for base in [Parameters::default(), without_pre_vote()] {
            assert_eq!(rough_run(seed, base, Plants::default()), (None, true), "seed {seed}");
        }
    }
}
