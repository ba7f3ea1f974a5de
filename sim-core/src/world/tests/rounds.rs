//! Rounds that messages tell: who hears whom in them, who leads them, and who runs twice.

use serde_json::json;

use super::lab::{Actor, Lab, Played, actor, faults, flow, listener, millis, note, play, setup};
use super::lab::{Tick, say};
use crate::identity::NodeId;
use crate::process::{Boot, Input, Lane, LinkState, TimerId};
use crate::setup::Setup;

/// Everybody tells all others, every ten milliseconds, a round from 1 to 3, again and again, and how often it spoke before.
fn chatter(boot: &Boot<'_, Lab>, lane: Lane) -> Actor {
    let others: Vec<NodeId> = boot.members.iter().copied().filter(|node| *node != boot.node).collect();
    let mut said = 0;
    actor(move |input, cx| match input {
        Input::Start | Input::Timer { .. } => {
            cx.set_timer(TimerId(0), millis(10), Tick { n: 0 });
            let n = (1 + said % 3) * 1_000_000 + said;
            said += 1;
            for other in &others {
                cx.send(*other, if lane == Lane::Stream { flow(n) } else { say(n) });
            }
        }
        Input::Message { message, .. } => note(cx, "heard", message.n),
        Input::Link { state, .. } => note(cx, if state == LinkState::Up { "up" } else { "down" }, 0),
        _ => {}
    })
}

fn run(plan: serde_json::Value, lane: Lane) -> Played {
    let mut setup = setup(3);
    setup.duration = millis(500);
    setup.faults = faults(plan);
    play(&setup, move |boot| chatter(boot, lane))
}

/// How often a slot heard something of each round.
fn heard(played: &Played, slot: u32) -> [usize; 3] {
    let of = |round| {
        played.noted("heard").iter().filter(|(_, at, n)| *at == slot && n / 1_000_000 == round).count()
    };
    [1, 2, 3].map(of)
}

#[test]
fn a_round_parts_members_and_their_sessions_go_on() {
    for lane in [Lane::Datagram, Lane::Stream] {
        let calm = run(json!([]), lane);
        let played = run(json!([{ "round": { "number": 2, "sides": ["n1", "n2,n3"] } }]), lane);
        assert_eq!(heard(&played, 0), [heard(&calm, 0)[0], 0, heard(&calm, 0)[2]]);
        // The third hears of the second what it heard before, and of the first no second round.
        let [one, two, three] = heard(&calm, 2);
        assert_eq!(heard(&played, 2), [one, two / 2, three]);
        assert!(played.noted("down").is_empty() && played.noted("up").is_empty());
        let activity = &played.outcome.activity;
        assert_eq!(activity["dropped.round"], played.outcome.messages.dropped);
        assert_eq!(played.outcome.faults.len(), 1);
    }
}

#[test]
fn of_a_round_only_the_named_kinds_are_lost() {
    let part = |drop: &str| json!([{ "round": { "number": 2, "sides": ["n1"], "drop": [drop] } }]);
    let calm = heard(&run(json!([]), Lane::Datagram), 0);
    assert_eq!(heard(&run(part("Say"), Lane::Datagram), 0), [calm[0], 0, calm[2]]);
    assert_eq!(heard(&run(part("Shout"), Lane::Datagram), 0), calm);
}

#[test]
fn rounds_end_with_the_heal() {
    let mut setup = setup(3);
    setup.duration = millis(200);
    setup.progress_timeout = Some(millis(50));
    setup.faults = faults(json!([{ "round": { "number": 2, "sides": ["n1", "n2,n3"] } }]));
    let played = play(&setup, |boot| chatter(boot, Lane::Stream));
    let second = played.noted("heard").into_iter().filter(|(_, at, n)| *at == 0 && n / 1_000_000 == 2);
    let times: Vec<u64> = second.map(|(_, _, n)| n % 1_000_000).collect();
    assert!(times.iter().all(|said| *said >= 19), "{times:?}");
    assert!(played.outcome.faults[0].until_ns.is_some());
}

#[test]
fn everybody_knows_from_its_start_who_leads() {
    let mut setup = setup(2);
    let round = |number: u32, leader: &str| json!({ "round": { "number": number, "leader": leader } });
    setup.faults = faults(json!([round(3, "n1"), round(1, "n2")]));
    let played = play(&setup, |boot| {
        let leaders = boot.leaders.to_vec();
        actor(move |input, cx| {
            if let Input::Start = input {
                assert_eq!(leaders, [Some(NodeId(1)), None, Some(NodeId(0))]);
                note(cx, "knows", 0);
            }
        })
    });
    assert_eq!(played.noted("knows").len(), 2);
}

/// A second copy beside the members hears and speaks under the same name, has a side of its own, and is no member.
#[test]
fn a_twin_beside_the_members_is_no_member() {
    let mut setup = Setup { clients: 1, ..setup(3) };
    setup.duration = millis(100);
    setup.initial.beside = vec![1];
    let parted = |sides: serde_json::Value| {
        let mut setup = setup.clone();
        setup.faults = faults(json!([{ "round": { "number": 1, "sides": sides } }]));
        play(&setup, |boot| {
            assert_eq!(boot.members.len(), 3);
            let node = boot.node;
            match node {
                NodeId(0) => actor(|input, cx| {
                    if let Input::Start = input {
                        cx.send(NodeId(1), say(1_000_000));
                    }
                }),
                NodeId(1) => listener(),
                _ => actor(|_, _| ()),
            }
        })
    };
    let hearers = |played: &Played| {
        let mut slots: Vec<u32> = played.noted("heard").iter().map(|(_, slot, _)| *slot).collect();
        slots.sort_unstable();
        slots
    };
    let played = parted(json!([]));
    assert_eq!(hearers(&played), [1, 4]);
    assert_eq!(hearers(&parted(json!(["slot(1,5)", "slot(2-3)"]))), [4]);
    assert_eq!(hearers(&parted(json!(["slot(1-3)", "slot(5)"]))), [1]);
}
