//! Sessions of the stream lane, as processes live through them.

use serde_json::json;

use super::lab::{Actor, Lab, Played, Say, Tick, actor, faults, flow, millis, note, play, play_with, setup};
use crate::check::{Check, Findings, Judge, Seen, Verdict};
use crate::ground::Ground;
use crate::identity::NodeId;
use crate::process::{Boot, Input, Lane, LinkState, TimerId};
use crate::ratio::Ratio;
use crate::setup::Setup;
use crate::simulate::Subject;

/// Both say their time on a stream every ten milliseconds, and note what they hear and what becomes of the link.
fn chatter(boot: &Boot<'_, Lab>) -> Actor {
    let peer = NodeId(1 - boot.node.0);
    actor(move |input, cx| match input {
        Input::Start | Input::Timer { .. } => {
            cx.set_timer(TimerId(0), millis(10), Tick { n: 0 });
            cx.send(peer, flow(cx.now().as_nanos() / 1_000_000));
        }
        Input::Message { message, .. } => note(cx, "heard", message.n),
        Input::Link { peer: other, state } => {
            assert_eq!(other, peer);
            note(cx, if state == LinkState::Up { "up" } else { "down" }, 0);
        }
        _ => {}
    })
}

fn run(plan: serde_json::Value) -> Played {
    let mut setup = setup(2);
    setup.duration = millis(500);
    setup.faults = faults(plan);
    play(&setup, chatter)
}

fn links_at(played: &Played, slot: u32) -> Vec<(u64, &'static str)> {
    let links = played.lines.iter().filter(|line| line.slot == slot && ["up", "down"].contains(&line.what));
    links.map(|line| (line.at.as_nanos() / 1_000_000, line.what)).collect()
}

#[test]
fn the_first_session_is_not_announced() {
    let played = run(json!([]));
    assert_eq!(links_at(&played, 0), []);
    assert_eq!(played.outcome.messages.dropped, 0);
}

#[test]
fn a_cut_ends_the_session_and_the_heal_begins_another() {
    let played = run(json!([{ "at": "105ms", "for": "100ms", "partition": { "isolate": "n1" } }]));
    for slot in [0, 1] {
        let links = links_at(&played, slot);
        assert_eq!(links.iter().map(|(_, what)| *what).collect::<Vec<_>>(), ["down", "up"]);
        assert!(links[0].0 >= 105 && links[1].0 >= 205, "{links:?}");
        let heard: Vec<u64> =
            played.noted("heard").iter().filter(|(_, at, _)| *at == slot).map(|(.., n)| *n).collect();
        assert!(heard.is_sorted() && heard.iter().all(|n| !(110..205).contains(n)), "{heard:?}");
        assert!(heard.iter().any(|n| *n > 205));
    }
}

#[test]
fn a_crash_ends_the_session_for_the_peer_and_a_restart_begins_another() {
    let played = run(json!([{ "at": "105ms", "crash": { "target": "n1", "restart_after": "100ms" } }]));
    let links = links_at(&played, 1);
    assert_eq!(links.iter().map(|(_, what)| *what).collect::<Vec<_>>(), ["down", "up"]);
    assert!((105..120).contains(&links[0].0) && (205..220).contains(&links[1].0), "{links:?}");
    assert_eq!(links_at(&played, 0).iter().map(|(_, what)| *what).collect::<Vec<_>>(), ["up"]);
}

#[test]
fn a_notice_names_who_was_at_the_other_end_when_the_session_ended() {
    for (fault, newcomer) in [
        (json!({ "at": "105ms", "amnesia": { "target": "n2", "restart_after": "100ms" } }), NodeId(2)),
        (json!({ "at": "105ms", "twins": { "target": "n1", "place": "n2" } }), NodeId(0)),
    ] {
        let mut setup = setup(2);
        setup.duration = millis(500);
        setup.faults = faults(json!([fault]));
        let played = play(&setup, |boot| {
            let first = boot.node == NodeId(0);
            actor(move |input, cx| match input {
                Input::Start if first => cx.send(NodeId(1), flow(1)),
                Input::Link { peer, state } => {
                    note(cx, if state == LinkState::Up { "up" } else { "down" }, u64::from(peer.0));
                }
                _ => {}
            })
        });
        let heard = |what| played.noted(what).into_iter().filter(|(_, slot, _)| *slot == 0).map(|(.., n)| n);
        assert_eq!(heard("down").collect::<Vec<_>>(), [1], "{fault}");
        assert_eq!(heard("up").collect::<Vec<_>>(), [u64::from(newcomer.0)], "{fault}");
    }
}

#[test]
fn closing_a_link_loses_nothing_that_was_under_way() {
    let mut setup = setup(2);
    setup.duration = millis(100);
    let played = play(&setup, |boot| match boot.node {
        NodeId(0) => actor(|input, cx| {
            if matches!(input, Input::Start) {
                (0..5).for_each(|n| cx.send(NodeId(1), flow(n)));
                cx.close_link(NodeId(1));
            }
        }),
        _ => actor(|input, cx| match input {
            Input::Message { message, .. } => note(cx, "heard", message.n),
            Input::Link { state, .. } => note(cx, "link", u64::from(state == LinkState::Up)),
            _ => {}
        }),
    });
    let order: Vec<(&str, u64)> = played
        .lines
        .iter()
        .filter(|line| ["heard", "link"].contains(&line.what))
        .map(|line| (line.what, line.n))
        .collect();
    let expected: Vec<(&str, u64)> = (0..5).map(|n| ("heard", n)).chain([("link", 0), ("link", 1)]).collect();
    assert_eq!(order, expected);
}

/// What the second member hears when the first says all this, closes the link, and says the rest as soon as it may.
fn heard_around_the_end(setup: &Setup, before: &[Say], after: &[Say]) -> Vec<(&'static str, u64)> {
    let (before, after) = (before.to_vec(), after.to_vec());
    let played = play(setup, move |boot| {
        let (before, after) = (before.clone(), after.clone());
        match boot.node {
            NodeId(0) => actor(move |input, cx| match input {
                Input::Start => {
                    before.iter().for_each(|message| cx.send(NodeId(1), message.clone()));
                    cx.close_link(NodeId(1));
                }
                Input::Link { state: LinkState::Up, .. } => {
                    after.iter().for_each(|message| cx.send(NodeId(1), message.clone()));
                }
                _ => {}
            }),
            _ => actor(|input, cx| match input {
                Input::Message { message, .. } => note(cx, "heard", message.n),
                Input::Link { state, .. } => note(cx, if state == LinkState::Up { "up" } else { "down" }, 0),
                _ => {}
            }),
        }
    });
    let at_peer = played.lines.iter().filter(|line| line.slot == 1 && line.what != "booted");
    at_peer.map(|line| (line.what, line.n)).collect()
}

const DOWN: (&str, u64) = ("down", 0);
const UP: (&str, u64) = ("up", 0);

#[test]
fn a_busy_slot_hears_of_the_end_of_a_session_after_all_that_it_said() {
    let mut setup = setup(2);
    setup.service.per_message = millis(20).into();
    let (before, after): (Vec<_>, Vec<_>) = ((0..5).map(flow).collect(), (5..7).map(flow).collect());
    let expected: Vec<_> =
        (0..5).map(|n| ("heard", n)).chain([DOWN, UP, ("heard", 5), ("heard", 6)]).collect();
    assert_eq!(heard_around_the_end(&setup, &before, &after), expected);
    setup.service.inbox = Some(2);
    assert_eq!(heard_around_the_end(&setup, &before, &after), expected, "with a full inbox too");
}

#[test]
fn a_paused_slot_hears_of_the_end_of_a_session_after_all_that_it_said() {
    let mut setup = setup(2);
    setup.faults = faults(json!([{ "at": "0s", "for": "1s", "pause": { "target": "n2" } }]));
    let (before, after): (Vec<_>, Vec<_>) = ((0..3).map(flow).collect(), vec![flow(3)]);
    let expected = [("heard", 0), ("heard", 1), ("heard", 2), DOWN, UP, ("heard", 3)];
    assert_eq!(heard_around_the_end(&setup, &before, &after), expected);
}

#[test]
fn nothing_urgent_of_the_next_session_overtakes_the_end_of_the_one_before() {
    let mut setup = setup(2);
    setup.service.per_message = millis(20).into();
    let of = |n, urgency| Say { urgency, ..flow(n) };
    let before = [of(0, 1), of(1, 2), of(2, 1), of(3, 0), of(4, 2)];
    let heard = heard_around_the_end(&setup, &before, &[of(5, 2), of(6, 0)]);
    // Whichever came first is in service when the others come.
    let [first, rest @ ..] = heard.as_slice() else { panic!("{heard:?}") };
    let mut expected = vec![("heard", 3), ("heard", 0), ("heard", 2), ("heard", 1), ("heard", 4)];
    expected.retain(|said| said != first);
    expected.extend([DOWN, UP, ("heard", 6), ("heard", 5)]);
    assert_eq!(rest, expected);
}

/// What is heard, and whether links were spoken of, if half of all messages are lost and the scenario chooses the lane.
fn chosen(lane: Option<Lane>) -> (Vec<u64>, bool) {
    let mut setup = setup(2);
    setup.duration = millis(500);
    setup.network.loss = Ratio::new(1, 2);
    setup.network.lane = lane;
    setup.faults = faults(json!([{ "at": "105ms", "for": "100ms", "partition": { "isolate": "n1" } }]));
    let played = play(&setup, chatter);
    (played.numbers("heard"), !links_at(&played, 0).is_empty())
}

#[test]
fn a_scenario_chooses_the_lane() {
    let (own, told) = chosen(None);
    assert!(told, "the protocol wants streams");
    assert_eq!(chosen(Some(Lane::Stream)), (own.clone(), true));
    let (heard, told) = chosen(Some(Lane::Datagram));
    // A stream that lost a message waits for it, and a datagram waits for nobody.
    assert!(!told && heard.len() > 2 * own.len(), "{} and {}", heard.len(), own.len());
}

/// Finds fault as soon as anything is noted.
struct Fussy;

impl Check<Lab> for Fussy {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Lab>, findings: &mut Findings) {
        findings.exercised();
        findings.safety("", &[seen.node], "something was heard".to_owned());
    }
}

#[test]
fn who_counts_on_streams_and_gets_datagrams_is_not_accused() {
    let verdict = |lane| {
        let mut setup = setup(2);
        setup.duration = millis(100);
        setup.network.lane = lane;
        let fussy = |subject: &mut Subject<Lab, Actor>| {
            subject.checks.push(Judge::new("lab/fussy", "nothing is heard", Fussy));
        };
        play_with(&setup, chatter, fussy).outcome.verdict
    };
    assert_eq!(verdict(None), Verdict::Safety);
    assert_eq!(verdict(Some(Lane::Stream)), Verdict::Safety);
    assert_eq!(verdict(Some(Lane::Datagram)), Verdict::Assumption);
}
