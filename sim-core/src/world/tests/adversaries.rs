//! Rules for traitors do what they say, and to nobody else.

use serde_json::{Value, json};

use super::lab::{Actor, Lab, Played, Saw, Tick, actor, faults, millis, note, play_with, say, setup};
use crate::check::Verdict;
use crate::coalition::{Coalition, CoalitionContext, Puppet};
use crate::identity::{NodeId, Slot};
use crate::process::{Boot, Input, TimerId};
use crate::setup::Setup;
use crate::subject::Subject;
use crate::time::Duration;

/// Four members that say their number (from one) to all others at 0, 100 and 200 ms, and note what they hear: the number,
/// behind it from whom. n1 is a traitor, in the role of a leader from 100 ms on.
fn talk(rules: Value, change: impl FnOnce(&mut Setup)) -> Played {
    talk_with(rules, change, None)
}

fn talk_with(rules: Value, change: impl FnOnce(&mut Setup), own: Option<Box<dyn Coalition<Lab>>>) -> Played {
    let mut setup = setup(4);
    setup.duration = millis(290);
    setup.initial.corrupt = vec![0];
    setup.adversaries = serde_json::from_value(rules).unwrap();
    change(&mut setup);
    let cast = |boot: &Boot<'_, Lab>| {
        let me = boot.node;
        let mut said = 0;
        actor(move |input, cx| match input {
            Input::Start | Input::Timer { .. } => {
                if said == 1 && me == NodeId(0) {
                    cx.observe(Saw::Became { role: "leader" });
                }
                said += 1;
                let others = (0..4).map(NodeId).filter(|node| *node != me);
                cx.send_all(others, say(u64::from(me.0) + 1));
                cx.set_timer(TimerId(0), millis(100), Tick { n: 0 });
            }
            Input::Message { from, message } => note(cx, "heard", message.n * 10 + u64::from(from.0) + 1),
            _ => {}
        })
    };
    play_with(&setup, cast, |subject: &mut Subject<Lab, Actor>| subject.coalition = own)
}

/// When somebody heard n1 say its own number.
fn from_the_traitor(played: &Played, listener: u32) -> Vec<u64> {
    let heard = played.noted("heard").into_iter();
    heard.filter(|(_, slot, n)| *slot == listener && *n == 11).map(|(at, ..)| at).collect()
}

#[test]
fn without_a_rule_a_traitor_is_honest_if_nothing_moves_it() {
    let played = talk(json!([]), |_| {});
    assert_eq!(from_the_traitor(&played, 3), [1, 101, 201]);
    let other = talk(json!([{ "slots": [1], "act": "silent" }]), |_| {});
    assert_eq!(other.outcome.digest, played.outcome.digest, "a rule for somebody who is honest");
}

#[test]
fn the_silent_say_nothing_or_nothing_of_a_kind_or_in_a_role() {
    let played = talk(json!([{ "slots": [0], "act": "silent" }]), |_| {});
    assert_eq!(from_the_traitor(&played, 3), [0; 0]);
    assert!(played.noted("heard").iter().all(|(_, slot, _)| *slot != 0), "and do not listen");

    let of = |on: Value| talk(json!([{ "on": on, "act": "silent" }]), |_| {});
    let played = of(json!({ "send": "say" }));
    assert_eq!(from_the_traitor(&played, 3), [0; 0]);
    assert!(played.noted("heard").iter().any(|(_, slot, _)| *slot == 0), "it listens");
    assert_eq!(from_the_traitor(&of(json!({ "send": "Other" })), 3), [1, 101, 201]);
    assert_eq!(from_the_traitor(&of(json!({ "send": "Say", "role": "leader" })), 3), [1, 101]);
    assert_eq!(from_the_traitor(&of(json!({ "role": "follower" })), 3), [1, 101, 201]);
}

#[test]
fn the_same_few_are_not_told() {
    let played = talk(json!([{ "act": { "withhold": { "from": 1 } } }]), |_| {});
    assert_eq!([1, 2, 3].map(|listener| from_the_traitor(&played, listener).len()), [3, 3, 0]);
    let played = talk(json!([{ "act": { "withhold": { "from": 2 } } }]), |_| {});
    assert_eq!([1, 2, 3].map(|listener| from_the_traitor(&played, listener).len()), [3, 0, 0]);
    // The lab bears everything.
    let played = talk(json!([{ "act": { "withhold": { "from": null } } }]), |_| {});
    assert_eq!([1, 2, 3].map(|listener| from_the_traitor(&played, listener).len()), [0, 0, 0]);
}

#[test]
fn some_recipients_are_left_out() {
    let long = |setup: &mut Setup| setup.duration = Duration::from_secs(20);
    let played = talk(json!([{ "act": { "drop": { "probability": "1/4" } } }]), long);
    let heard: usize = [1, 2, 3].map(|listener| from_the_traitor(&played, listener).len()).iter().sum();
    assert!((400..500).contains(&heard), "{heard} of 600");
    let differ = |listener| from_the_traitor(&played, listener);
    assert_ne!(differ(1), differ(2), "each recipient by itself");
}

#[test]
fn what_is_delayed_comes_later() {
    let played = talk(json!([{ "act": { "delay": { "by": "30ms" } } }]), |_| {});
    assert_eq!(from_the_traitor(&played, 3), [31, 131, 231]);
    assert_eq!(played.noted("heard").iter().filter(|(.., n)| *n == 22).count(), 9, "others are not");
}

#[test]
fn what_was_heard_is_said_again_as_ones_own() {
    let played = talk(json!([{ "act": { "replay": { "probability": "1/1" } } }]), |_| {});
    let again: Vec<u64> = played.numbers("heard").into_iter().filter(|n| n % 10 == 1 && *n != 11).collect();
    assert!(!again.is_empty() && again.iter().all(|n| [21, 31, 41].contains(n)), "{again:?}");
    assert_eq!(from_the_traitor(&played, 3), [1, 101, 201], "besides what it says anyway");
}

#[test]
fn the_first_rule_that_fits_decides() {
    let rules = json!([
        { "on": { "role": "leader" }, "act": "silent" },
        { "act": { "delay": { "by": "30ms" } } },
    ]);
    assert_eq!(from_the_traitor(&talk(rules, |_| {}), 3), [31, 131]);
}

#[test]
fn a_rule_moves_whoever_becomes_a_traitor() {
    let later = |setup: &mut Setup| {
        setup.initial.corrupt = Vec::new();
        setup.faults = faults(json!([{ "at": "150ms", "corrupt": { "target": "n1" } }]));
    };
    let played = talk(json!([{ "on": { "send": "Say" }, "act": "silent" }]), later);
    assert_eq!(from_the_traitor(&played, 3), [1, 101]);
}

/// Honest members are n2, n3 and n4: the first half is n2 and n3.
#[test]
fn the_coalition_orders_the_network_as_far_as_it_is_granted() {
    let rules = |how: &str| json!([{ "act": { "order": { "how": how } } }]);
    let grant = |setup: &mut Setup| setup.network.coalition_delay = Some(millis(40));
    let times = |played: &Played, slot: u32, n: u64| -> Vec<u64> {
        let heard = played.noted("heard").into_iter();
        heard.filter(|line| line.1 == slot && line.2 == n).map(|(at, ..)| at).collect()
    };
    let halves = talk(rules("halves"), grant);
    assert_eq!(times(&halves, 2, 22), [1, 101, 201], "within a half");
    assert_eq!(times(&halves, 3, 22), [41, 141, 241], "from half to half");
    assert_eq!(from_the_traitor(&halves, 3), [1, 101, 201], "its own messages are its own affair");

    let shuffled = talk(rules("shuffle"), grant);
    let all = [times(&shuffled, 3, 22), times(&shuffled, 3, 33), times(&shuffled, 2, 22)].concat();
    let late = all.iter().map(|at| at % 100);
    assert!(late.clone().all(|at| (1..=41).contains(&at)) && late.clone().any(|at| at > 10), "{all:?}");
    let order = |played: &Played, from: usize| -> Vec<u64> {
        let heard = played.noted("heard").into_iter().filter(|line| line.1 == 3);
        heard.map(|line| line.2).filter(|n| *n != 11).skip(from).take(2).collect()
    };
    let orders: crate::ordered::OrderedSet<_> = [0, 2, 4].map(|from| order(&shuffled, from)).into();
    assert_ne!(orders.len(), 0);

    let calm = talk(json!([]), |_| {});
    let without_grant = talk(rules("halves"), |_| {});
    assert_eq!(times(&without_grant, 3, 22), times(&calm, 3, 22));
    let without_traitors = |setup: &mut Setup| {
        grant(setup);
        setup.initial.corrupt = Vec::new();
    };
    assert_eq!(times(&talk(rules("halves"), without_traitors), 3, 22), [1, 101, 201]);
}

/// Says the number of ways instead, to one recipient.
struct Liar;

impl Coalition<Lab> for Liar {
    fn step(
        &mut self,
        _: Slot,
        input: Input<'_, Lab>,
        puppet: &mut dyn Puppet<Lab>,
        _: &mut CoalitionContext<'_, Lab>,
    ) {
        puppet.run(input);
        puppet.effects().redirect(|_, _| Some(Vec::new()));
    }

    fn act(
        &mut self,
        behavior: &str,
        ways: u32,
        from: Slot,
        to: &[NodeId],
        _: &super::lab::Say,
        cx: &mut CoalitionContext<'_, Lab>,
    ) {
        assert_eq!(behavior, "lie");
        cx.send_as(from, to[0], say(ways.into()));
    }
}

#[test]
fn a_behavior_of_the_protocol_takes_the_place_of_the_messages_that_a_rule_names() {
    let lie =
        |on: Value| json!([{ "slots": [0], "on": on, "act": { "own": { "behavior": "lie", "ways": 7 } } }]);
    let played = talk_with(lie(json!({ "role": "leader" })), |_| {}, Some(Box::new(Liar)));
    assert_eq!(from_the_traitor(&played, 3), [1, 101], "honest in another role");
    assert_eq!(played.noted("heard").iter().filter(|(.., n)| *n == 71).count(), 1);
    assert_eq!(played.outcome.verdict, Verdict::Pass);
    // A traitor without a rule of its own is moved by the protocol's coalition as ever.
    let corrupt = |setup: &mut Setup| setup.initial.corrupt = vec![0, 1];
    let played = talk_with(lie(json!({})), corrupt, Some(Box::new(Liar)));
    assert!(!played.numbers("heard").contains(&22));
}
