//! What a report can draw of a run, and that drawing changes nothing in it.

use serde_json::json;

use super::accounting::{busy_cast, busy_setup};
use super::lab::{Notes, Saw, Tick, actor, faults, millis, say, setup, subject, traced};
use crate::identity::NodeId;
use crate::outcome::{Cumulative, Outcome, Picture};
use crate::picture::Detail;
use crate::process::{Input, TimerId};
use crate::registry::Launch;
use crate::simulate::simulate;

fn drawn() -> Launch {
    Launch { picture: Detail::Full, ..Launch::default() }
}

/// Two members; the first one leads from the start and greets the other every hundred milliseconds.
fn greeted(plan: serde_json::Value, launch: &Launch) -> Outcome {
    let mut setup = setup(2);
    setup.faults = faults(plan);
    let cast = |boot: &crate::process::Boot<'_, super::lab::Lab>| {
        let leads = boot.node == NodeId(0);
        actor(move |input, cx| match input {
            Input::Start | Input::Timer { .. } if leads => {
                if matches!(input, Input::Start) {
                    cx.observe(Saw::Became { role: "leader" });
                }
                cx.send(NodeId(1), say(1));
                cx.set_timer(TimerId(0), millis(100), Tick { n: 0 });
            }
            _ => {}
        })
    };
    simulate(&setup, launch, subject(cast, &Notes::default())).unwrap()
}

fn lanes(picture: &Picture, slot: u32) -> Vec<(&str, u64, u64)> {
    let spans = picture.lanes.items.iter().filter(|span| span.slot == slot);
    spans.map(|span| (span.state.as_str(), span.from_ns / 1_000_000, span.to_ns / 1_000_000)).collect()
}

#[test]
fn a_picture_changes_nothing_in_a_run() {
    for seed in 0..40 {
        let setup = busy_setup(seed);
        let run = |launch: &Launch| simulate(&setup, launch, subject(busy_cast, &Notes::default())).unwrap();
        let bare = run(&Launch::default());
        let full = run(&Launch { picture: Detail::Full, ..traced() });
        assert_eq!(bare.digest, full.digest, "seed {seed}");
        assert_eq!((bare.events, bare.virtual_ns), (full.events, full.virtual_ns), "seed {seed}");
        assert!(bare.picture.series.items.is_empty() && bare.picture.lanes.items.is_empty());
        assert!(!full.picture.series.items.is_empty() && !full.picture.edges.items.is_empty());
    }
}

#[test]
fn lanes_show_who_stands_still_and_who_is_down() {
    let plan = json!([
        { "at": "1s", "for": "2s", "pause": { "target": "n1" } },
        { "at": "5s", "for": "1s", "crash": { "target": "n1" } },
    ]);
    let picture = greeted(plan, &drawn()).picture;
    let expected = [
        ("leader", 0, 1_000),
        ("paused", 1_000, 3_000),
        ("leader", 3_000, 5_000),
        ("down", 5_000, 6_000),
        ("leader", 6_000, 10_000),
    ];
    assert_eq!(lanes(&picture, 0), expected);
    assert_eq!(lanes(&picture, 1), [("running", 0, 10_000)]);
    let marks: Vec<_> = picture.marks.items.iter().map(|mark| mark.kind.as_str()).collect();
    assert_eq!(marks, ["pause", "resume", "crash", "restart"]);
    let rows = &picture.tables.items[0].rows;
    assert_eq!(rows[0][..3], ["n1", "up", "leader"]);
    assert_eq!((rows[0][5].as_str(), rows[1][5].as_str()), ("2", "1"));
}

#[test]
fn clocks_that_are_wrong_have_a_line_and_others_have_none() {
    let picture =
        greeted(json!([{ "at": "4s", "clock": { "target": "n2", "forward": "250ms" } }]), &drawn()).picture;
    let clocks: Vec<_> = picture.series.items.iter().filter(|series| series.slot.is_some()).collect();
    assert_eq!(clocks.len(), 1);
    let ends: Vec<f64> = clocks[0].points.iter().map(|(_, ahead)| *ahead).collect();
    assert_eq!((clocks[0].slot, ends), (Some(1), vec![0.0, 0.0, 250.0, 250.0]));
}

#[test]
fn rates_add_up_to_the_messages() {
    let outcome = greeted(json!([]), &drawn());
    let sent = &outcome.picture.series.items[0];
    assert_eq!((sent.name.as_str(), sent.unit.as_str()), ("messages sent", "1/s"));
    let steps = sent.points.windows(2);
    let total: f64 = steps.map(|pair| (pair[1].0 - pair[0].0) as f64 / 1e9 * pair[0].1).sum();
    assert!((total - outcome.messages.sent as f64).abs() <= 2.0, "{total} of {}", outcome.messages.sent);
}

#[test]
fn what_each_member_sent_is_a_distribution() {
    let outcome = greeted(json!([]), &drawn());
    let sent = &outcome.picture.distributions[0];
    assert_eq!((sent.name.as_str(), sent.count), (Cumulative::SENT, 2));
    assert_eq!(sent.steps, [(0, 0.5), (outcome.messages.sent, 1.0)], "one of two sends everything");
    assert!(greeted(json!([]), &traced()).picture.distributions.is_empty(), "nobody asked for it");
}

#[test]
fn edges_are_the_messages_of_a_traced_run() {
    let launch = Launch { picture: Detail::Full, ..traced() };
    let outcome = greeted(json!([{ "at": "950ms", "for": "100ms", "crash": { "target": "n2" } }]), &launch);
    let edges = &outcome.picture.edges.items;
    assert_eq!(edges.len() as u64, outcome.messages.sent - outcome.messages.in_flight);
    let lost: Vec<_> = edges.iter().filter(|edge| edge.arrived_ns.is_none()).collect();
    assert_eq!(lost.len() as u64, outcome.messages.dropped);
    assert_eq!((lost[0].from, lost[0].to, lost[0].sent_ns), (0, 1, 1_000_000_000));
    assert_eq!(edges[0].arrived_ns, Some(1_000_000));
    assert!(greeted(json!([]), &drawn()).picture.edges.items.is_empty(), "without a trace there are none");
}
