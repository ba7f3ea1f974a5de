//! Whatever is drawn begins and ends, and does the same again when it is pinned.

use proptest::prelude::{ProptestConfig, prop_assert_eq, proptest};

use super::actions;
use crate::fault::FaultModel;
use crate::fault::plan::FaultPlan;
use crate::fault::swarm::{SwarmSpace, draw};
use crate::fault::toy::Run;
use crate::fault::validate::{FaultError, Problem};
use crate::identity::Slot;
use crate::random::{Keyed, Purpose, StreamName, below, stream};
use crate::time::{Duration, Time};

const DURATION: Duration = Duration::from_secs(20);

fn space() -> SwarmSpace {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    SwarmSpace {
        membership: true,
        events: names(&["raft.became-leader", "Voted"]),
        messages: names(&["AppendEntries"]),
        ..SwarmSpace::default()
    }
}

/// A run in which members change roles, observe and send, as a function of the seed alone.
fn run(plan: &FaultPlan, seed: u64, members: u32, clients: u32, model: FaultModel) -> Run {
    let keyed = Keyed::new(seed, Purpose::Process);
    let mut run = Run::new(plan, model, members, clients, seed);
    for tick in 0..200 {
        run.until(Time::ZERO + Duration::from_millis(100) * tick);
        let slot = Slot(below(keyed.word(tick, 0), u64::from(members)) as u32);
        let status = &mut run.toy.ground.places[slot.index()].status;
        status.position = Some(tick / 7);
        let leads = keyed.word(tick, 1).is_multiple_of(4);
        (status.role, status.rank) = (Some(if leads { "leader" } else { "follower" }), Some(tick / 11));
        if run.toy.ground.places[slot.index()].runs() {
            run.step(slot, if leads { "BecameLeader" } else { "Voted" }, "AppendEntries");
        }
    }
    run
}

/// Runs on until everything that ends has ended.
fn finish(run: &mut Run) {
    let last = |run: &Run| run.driver.next_at().filter(|at| *at < Time::ZERO + DURATION * 3);
    while let Some(at) = last(run) {
        run.until(at);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]

    /// The toy world panics at any action that makes no sense: on an absent slot, twice, or never begun.
    #[test]
    fn drawn_faults_begin_end_and_repeat_when_pinned(
        seed in 0_u64..1 << 53,
        members in 1_u32..10,
        clients in 0_u32..3,
        crashed in 0_u32..5,
        lost_disks in 0_u32..3,
        byzantine in 0_u32..3,
        over_budget in 0_u8..8,
    ) {
        let model = FaultModel { crashed, lost_disks, byzantine, outages: false };
        let mut rng = stream(seed, StreamName::Swarm);
        let mut plan = draw(&mut rng, &space(), members, clients, DURATION, model);
        plan.over_budget = over_budget == 0;
        let text = toml::to_string(&plan).unwrap();
        prop_assert_eq!(&toml::from_str::<FaultPlan>(&text).unwrap(), &plan);

        let mut first = run(&plan, seed, members, clients, model);
        finish(&mut first);
        check_ended(&plan, &first);
        let pinned = first.driver.executed_plan();
        let mut again = run(&pinned, seed, members, clients, model);
        finish(&mut again);
        prop_assert_eq!(actions(&again), actions(&first));
        prop_assert_eq!(again.driver.executed_plan(), pinned);
        prop_assert_eq!(again.driver.activity().refused, 0);

        let timed = first.driver.timed_plan();
        prop_assert_eq!(timed.validate(members, clients, None), Ok(()));
    }

    /// After healing, the core works and reaches itself, whatever was in force.
    #[test]
    fn a_healed_core_is_whole(seed in 0_u64..1 << 53, members in 3_u32..10, clients in 0_u32..3) {
        let model = FaultModel { crashed: (members - 1) / 2, lost_disks: 1, byzantine: 0, outages: false };
        let mut rng = stream(seed, StreamName::Swarm);
        let plan = draw(&mut rng, &space(), members, clients, DURATION, model);
        let mut run = run(&plan, seed, members, clients, model);
        let core = run.driver.choose_core(&run.toy.ground, 0);
        assert!(core.len() >= (members - model.crashed) as usize, "the budget left enough");
        run.heal(&core);
        for a in &core {
            let place = run.toy.ground.place(*a);
            assert!(place.runs() && place.honest);
            assert!(!run.toy.slow.contains(a) && !run.toy.disks.contains_key(a) && !run.toy.clocks.contains_key(a));
            for b in core.iter().copied().chain((members..members + clients).map(Slot)).filter(|b| b != a) {
                assert!(run.toy.passes(*a, b) && run.toy.passes(b, *a), "{a} {b}");
                assert!(!run.toy.is_degraded(*a, b) && !run.toy.is_degraded(b, *a), "{a} {b}");
            }
        }
    }
}

/// If no fault was meant to last, nothing is in force any more.
fn check_ended(plan: &FaultPlan, run: &Run) {
    let ending = |entry: &crate::fault::FaultEntry| {
        let instant = crate::fault::FaultEntry { lasts: Some(Duration::from_secs(1)), ..entry.clone() };
        let alone = FaultPlan::new(vec![instant]);
        let refused = alone.validate(10, 10, None);
        entry.duration().is_some()
            || matches!(refused, Err(FaultError::Entry { problem: Problem::Instant, .. }))
    };
    if !plan.entries.iter().all(ending) {
        return;
    }
    let toy = &run.toy;
    assert!(toy.cuts.is_empty() && toy.degraded.is_empty(), "a link is stuck");
    let stays = |slot: &Slot| toy.left.contains(slot);
    assert!(toy.slow.iter().all(stays) && toy.disks.keys().all(stays) && toy.clocks.keys().all(stays));
    assert!(toy.ground.slots().all(|(slot, place)| place.runs() || stays(&slot)), "a slot is stuck");
}
