//! Every message ends somewhere, whatever goes wrong: random processes under random faults.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rand_core::Rng;

use super::lab::{
    Actor, Cx, Kept, Lab, Notes, Say, Tick, Told, actor, flow, millis, note, say, setup, subject,
};
use crate::distribution::Distribution;
use crate::fault::swarm::{SwarmSpace, draw};
use crate::identity::{NodeId, Slot};
use crate::kernel::Kernel;
use crate::operation::ObjectModel;
use crate::process::{Boot, Input, JournalId, LinkState, SyncId, TimerId};
use crate::random::{StreamName, below, stream};
use crate::registry::{FaultModel, Launch};
use crate::setup::Setup;
use crate::time::Time;
use crate::workload::WorkloadModel;
use crate::world::World;

/// A few slots under a random plan of every family.
pub(super) fn busy_setup(seed: u64) -> Setup {
    let mut dice = stream(seed, StreamName::Configuration);
    let mut pick = |most: u64| below(dice.next_u64(), most);
    let (members, clients) = (3 + u32::try_from(pick(4)).unwrap(), 2);
    let mut setup = Setup { seed, members, clients, ..setup(members) };
    setup.duration = millis(3_000);
    setup.network.latency = Distribution::Uniform { min: millis(1), max: millis(20) };
    setup.network.duplicate = "1/20".parse().unwrap();
    setup.network.bandwidth = (pick(2) == 0).then_some(200_000.into());
    setup.disk.sync = Distribution::Uniform { min: millis(0), max: millis(pick(2) * 15) };
    setup.service.per_message = millis(pick(2)).into();
    setup.service.inbox = (pick(2) == 0).then_some(4);
    setup.clocks.drift_ppm = 100;
    setup.workload =
        Some(WorkloadModel { think: Some(millis(20)), ..WorkloadModel::new(ObjectModel::Register) });
    let space = SwarmSpace {
        membership: true,
        events: vec!["Saw".to_owned()],
        messages: vec!["Say".to_owned()],
        roles: Vec::new(),
        max_faults: 12,
        ..SwarmSpace::default()
    };
    let model = FaultModel { crashed: 2, lost_disks: 1, byzantine: 2, outages: false };
    setup.faults = draw(&mut stream(seed, StreamName::Plan), &space, members, clients, setup.duration, model);
    setup.faults.over_budget = true;
    setup
}

/// Talks to everybody on both lanes, stores and holds, works, closes links, and answers clients, all at random.
pub(super) fn busy_cast(_: &Boot<'_, Lab>) -> Actor {
    let peers: Vec<NodeId> = (0..8).map(NodeId).collect();
    let mut syncs = 0;
    actor(move |input, cx| match input {
        Input::Start => again(cx),
        Input::Timer { .. } => {
            again(cx);
            act(cx, &peers, &mut syncs);
        }
        Input::Message { message, .. } => note(cx, "heard", message.n),
        Input::Request { id, request } => {
            act(cx, &peers, &mut syncs);
            cx.respond(id, Told { n: request.n });
        }
        Input::Link { state, .. } => note(cx, "link", u64::from(state == LinkState::Up)),
        Input::Synced { id, result } => {
            cx.hold(id);
            note(cx, "synced", result as u64);
        }
    })
}

fn again(cx: &mut Cx<'_>) {
    let after = millis(5 + below(cx.rng().next_u64(), 50));
    cx.set_timer(TimerId(0), after, Tick { n: 0 });
}

fn act(cx: &mut Cx<'_>, peers: &[NodeId], syncs: &mut u64) {
    let dice = cx.rng().next_u64();
    let urgency = u8::try_from(dice >> 8 & 1).unwrap() + u8::try_from(dice >> 9 & 1).unwrap();
    let one = peers[below(cx.rng().next_u64(), peers.len() as u64) as usize];
    if dice & 1 == 0 {
        *syncs += 1;
        let journal = JournalId(u8::try_from(dice >> 1 & 1).unwrap());
        cx.append(journal, Kept { n: *syncs });
        cx.sync(journal, SyncId(*syncs));
        if dice & 4 == 0 {
            cx.hold(SyncId(*syncs));
        }
    }
    cx.send_all(peers.iter().copied(), Say { urgency, ..say(dice >> 32) });
    cx.send(one, Say { urgency, ..flow(dice >> 33) });
    cx.send_all(peers.iter().copied(), flow(dice >> 34));
    match dice >> 4 & 15 {
        0 => cx.close_link(one),
        1 => cx.work(millis(10)),
        2 => cx.rewrite(JournalId(0), vec![Kept { n: 0 }]),
        _ => note(cx, "acted", dice >> 40),
    }
}

#[test]
fn every_message_and_every_payload_is_accounted_for() {
    let (mut dropped, mut duplicated, mut in_flight, mut faults) = (0, 0, 0, 0);
    for seed in 0..200 {
        let setup = busy_setup(seed);
        let subject = subject(busy_cast, &Notes::default());
        let mut world = World::new(&setup, &Launch::default(), subject).unwrap();
        world.begin();
        let ended = world.turn();
        world.invariants();
        let outcome = world.conclude(ended);
        let messages = &outcome.messages;
        assert_eq!(
            messages.sent + messages.duplicated,
            messages.delivered + messages.dropped + messages.in_flight,
            "seed {seed}: {messages:?}"
        );
        let counted: u64 =
            outcome.activity.iter().filter(|(name, _)| name.starts_with("dropped.")).map(|(_, n)| n).sum();
        assert_eq!(counted, messages.dropped, "seed {seed}");
        assert!(
            messages.delivered > 0 && outcome.violations.iter().all(|found| found.check != "process/panic")
        );
        dropped += messages.dropped;
        duplicated += messages.duplicated;
        in_flight += messages.in_flight;
        faults += outcome.faults.iter().filter(|fault| fault.refused.is_none()).count();
    }
    assert!(dropped > 1_000 && duplicated > 1_000 && in_flight > 1_000 && faults > 500);
}

#[test]
fn a_wrong_count_is_an_error_of_the_simulator() {
    type Defect = fn(&mut Kernel);
    let defects: [(&str, Defect); 8] = [
        ("in flight", |kernel| kernel.messages.delivered -= 1),
        ("only", |kernel| kernel.messages.dropped += 1_000_000),
        ("one reason", |kernel| kernel.dropped[0] += 1),
        ("one kind", |kernel| kernel.sends.by_kind[0] += 1),
        ("hot copy", |kernel| kernel.hot[0].incarnation += 1),
        ("true time", |kernel| kernel.ground.now = Time::MAX),
        ("take no time", |kernel| kernel.servers.of(Slot(0)).syncing += 1),
        ("how far a journal is", |kernel| kernel.ground.places[0].marks[0].durable += 1),
    ];
    for (told, defect) in defects {
        let subject = subject(busy_cast, &Notes::default());
        let mut world = World::new(&busy_setup(1), &Launch::default(), subject).unwrap();
        world.begin();
        world.turn();
        world.kernel.servers.turn_on();
        world.invariants();
        defect(&mut world.kernel);
        let panic = catch_unwind(AssertUnwindSafe(|| world.invariants())).expect_err(told);
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string));
        assert!(text.as_ref().is_some_and(|text| text.contains(told)), "{told}: {text:?}");
    }
}

#[test]
#[should_panic(expected = "in flight")]
fn no_outcome_is_told_with_messages_that_do_not_add_up() {
    let subject = subject(busy_cast, &Notes::default());
    let mut world = World::new(&busy_setup(2), &Launch::default(), subject).unwrap();
    world.begin();
    world.turn();
    world.kernel.messages.duplicated += 1;
    world.kernel.count_messages();
}
