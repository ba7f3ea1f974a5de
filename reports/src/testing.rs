//! Records for tests: two leaders in one term after a lost vote, told as a story, and a plain run without one.

use sim_core::check::{Needs, Verdict, Violation};
use sim_core::digest::RunDigest;
use sim_core::fault::{Executed, Family, FaultPlan, Kind};
use sim_core::history::HistoryEntry;
use sim_core::identity::Slot;
use sim_core::network::Changes;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::{
    CheckReport, Ended, Evidence, LaneSpan, MessageCounts, MetricSummary, Outcome, Picture, PointMark,
    Progress, Series,
};
use sim_core::story::{Arrow, Counterfactual, CriticalPair, Likelihood, LikelihoodAt, Step, StepKind, Story};

use crate::record::{RecordVersion, RunRecord};

const MS: u64 = 1_000_000;

/// A run of five nodes that passed, with two faults, a hundred operations and one wrong clock.
pub(crate) fn passing() -> RunRecord {
    let mut picture = Picture::default();
    for slot in 0..5 {
        for (state, from, to, label) in lane(slot) {
            let (from_ns, to_ns) = (from * MS, to * MS);
            picture.lanes.push(LaneSpan {
                slot,
                state: state.to_owned(),
                from_ns,
                to_ns,
                label: label.to_owned(),
            });
        }
    }
    let points = vec![(0, 0.0), (200 * MS, 0.0), (200 * MS, 30.0), (1_000 * MS, 30.0)];
    let (name, unit) = ("clock offset of n2".to_owned(), "ms".to_owned());
    picture.series.push(Series { name, unit, slot: Some(1), points, omitted: 0 });
    picture.marks.push(PointMark {
        at_ns: 900 * MS,
        slot: u32::MAX,
        kind: "heal".to_owned(),
        label: String::new(),
    });
    RunRecord {
        schema: RecordVersion::V1,
        name: "raft-test".to_owned(),
        title: "A run for tests".to_owned(),
        about: "What one should see.".to_owned(),
        scenario: serde_json::json!({ "cluster": { "protocol": "raft", "nodes": 5 } }),
        scenario_hash: "00112233445566778899aabbccddeeff".to_owned(),
        expect: "pass".to_owned(),
        as_expected: true,
        replay: "seedstorm replay seedstorm-out/demo/election-safety.capsule.json".to_owned(),
        outcome: outcome(picture),
        history_omitted: 0,
        story: None,
        moments: None,
    }
}

fn lane(slot: u32) -> Vec<(&'static str, u64, u64, &'static str)> {
    match slot {
        0 => vec![("follower", 0, 550, ""), ("candidate", 550, 659, "4"), ("leader", 659, 1_000, "4")],
        1 => vec![("follower", 0, 690, "3"), ("candidate", 690, 706, "4"), ("leader", 706, 1_000, "4")],
        2 => vec![("follower", 0, 661, "4"), ("down", 661, 690, ""), ("follower", 690, 1_000, "4")],
        _ => vec![("follower", 0, 1_000, "3")],
    }
}

fn outcome(picture: Picture) -> Outcome {
    let fault = |at: u64, until: u64, family, kind, slots: &[u32], detail: &str| Executed {
        entry: 0,
        at_ns: at * MS,
        until_ns: Some(until * MS),
        family,
        kind,
        slots: slots.iter().copied().map(Slot).collect(),
        detail: detail.to_owned(),
        refused: None,
    };
    let check = |name: &str, exercised| CheckReport {
        name: name.to_owned(),
        on: true,
        needs: Needs::Order,
        exercised,
    };
    let latency =
        MetricSummary { count: 100, mean: 2e7, p50: 20 * MS, p90: 30 * MS, p99: 40 * MS, max: 50 * MS };
    Outcome {
        protocol: "raft".to_owned(),
        plants: Vec::new(),
        seed: 211,
        slots: (1..=5).map(|n| format!("n{n}")).chain(["c1".to_owned()]).collect(),
        members: 5,
        core: Vec::new(),
        verdict: Verdict::Pass,
        reasons: Vec::new(),
        violations: Vec::new(),
        violations_omitted: 0,
        digest: RunDigest::default(),
        events: 12_345,
        virtual_ns: 1_000 * MS,
        ended: Ended::Horizon,
        progress: Progress::Made { after_ns: 30 * MS, late: None },
        messages: MessageCounts {
            sent: 1_904,
            by_kind: OrderedMap::from([("RequestVote".to_owned(), 90), ("AppendEntries".to_owned(), 1_814)]),
            ..MessageCounts::default()
        },
        metrics: OrderedMap::from([("operation_latency_ns".to_owned(), latency)]),
        measures: OrderedMap::new(),
        limits: Vec::new(),
        activity: OrderedMap::from([
            ("operations.invoked".to_owned(), 100),
            ("operations.succeeded".to_owned(), 99),
        ]),
        checks: vec![check("raft/election-safety", 4), check("raft/log-matching", 0)],
        faults: vec![
            fault(412, 900, Family::Network, Kind::OneWay, &[0, 1], "lose every message from n1 to n2"),
            fault(661, 690, Family::Process, Kind::Crash, &[2], "crash n3"),
        ],
        plan: FaultPlan::default(),
        fates: Changes::default(),
        history: (0..100).map(operation).collect(),
        picture,
        trace: None,
        trace_file: None,
    }
}

fn operation(index: u64) -> HistoryEntry {
    let call = index * 10 * MS;
    let entry = serde_json::json!({
        "process": index % 3, "call_ns": call, "return_ns": call + (1 + index % 17) * MS,
        "f": "write", "value": index, "ok": if index == 50 { None } else { Some(true) },
    });
    serde_json::from_value(entry).expect("an operation")
}

/// Two leaders in term 4.
pub(crate) fn violation() -> RunRecord {
    let mut record = passing();
    record.as_expected = false;
    record.outcome.verdict = Verdict::Safety;
    record.outcome.plants = vec!["vote-not-durable".to_owned()];
    record.outcome.violations = vec![Violation {
        check: "raft/election-safety".to_owned(),
        at_ns: 706 * MS,
        message: "two leaders in term 4: n1 and n2".to_owned(),
        fingerprint: "8a9f".to_owned(),
        nodes: Vec::new(),
        verdict: Verdict::Safety,
    }];
    let facts = vec!["n3 voted for n1 in term 4".to_owned(), "n3 voted for n2 in term 4".to_owned()];
    record.outcome.picture.evidence.push(Evidence { violation: 0, facts, omitted: 7, guilt: None });
    record.story = Some(story());
    record
}

/// The story of `docs`' own example.
pub(crate) fn story() -> Story {
    let other = |what: &str, step, verdict, reproduced| Counterfactual {
        what: what.to_owned(),
        step,
        verdict,
        reproduced,
    };
    Story {
        headline: "two leaders in term 4: n1 and n2".to_owned(),
        check: "raft/election-safety".to_owned(),
        slots: vec![0, 2, 1],
        steps: steps(),
        omitted: 12,
        counterfactuals: vec![
            other("without fault 1", Some(1), Verdict::Pass, false),
            other("without fault 2", Some(5), Verdict::Pass, false),
            other("same schedule, vote on disk", None, Verdict::Pass, false),
        ],
        critical: Some(CriticalPair {
            first: 3,
            second: 5,
            about: "the crash comes before the vote is on disk".to_owned(),
        }),
        critical_sought: true,
        consequence: None,
        likelihood: Some(Likelihood {
            found_ns: 706 * MS,
            open_ns: Some(412 * MS),
            doomed_ns: 504 * MS,
            moments: [(0, 3), (412, 5), (504, 20)].map(|(at, count)| likely(at, count)).to_vec(),
        }),
    }
}

fn likely(at: u64, count: u64) -> LikelihoodAt {
    LikelihoodAt { at_ns: at * MS, count, of: 20, low_percent: 4, high_percent: 97 }
}

fn steps() -> Vec<Step> {
    let arrow = |from, to, sent: u64, arrived: Option<u64>, kind: &str| {
        let (sent_ns, arrived_ns) = (sent * MS, arrived.map(|at| at * MS));
        Some(Arrow { from, to, sent_ns, arrived_ns, kind: kind.to_owned() })
    };
    let step = |number, at: u64, slot, kind, text: &str, note: &str, arrow| {
        let (text, note) = (text.to_owned(), note.to_owned());
        Step { number, at_ns: at * MS, slot, kind, text, note, arrow }
    };
    let (vote, told) = ("RequestVote", "Vote");
    vec![
        step(1, 412, None, StepKind::Fault, "FAULT cut n1 | n2", "", None),
        step(
            2,
            655,
            Some(2),
            StepKind::Message,
            "n1 -> n3  RequestVote term 4",
            "",
            arrow(0, 2, 650, Some(655), vote),
        ),
        step(3, 657, Some(2), StepKind::Disk, "n3 votes n1", "disk: term 4, vote MISSING", None),
        step(
            4,
            659,
            Some(0),
            StepKind::Message,
            "n1 is leader of term 4",
            "votes: n1 n3",
            arrow(2, 0, 657, Some(659), told),
        ),
        step(5, 661, Some(2), StepKind::Fault, "FAULT crash n3, back at 0.690 s", "", None),
        step(
            6,
            702,
            Some(2),
            StepKind::Message,
            "n2 -> n3  RequestVote term 4",
            "",
            arrow(1, 2, 695, Some(702), vote),
        ),
        step(
            7,
            703,
            Some(0),
            StepKind::Message,
            "n2 -> n1  RequestVote term 4",
            "",
            arrow(1, 0, 695, None, vote),
        ),
        step(8, 704, Some(2), StepKind::Disk, "n3 votes n2", "<- second vote in term 4", None),
        step(
            9,
            706,
            Some(1),
            StepKind::Violation,
            "n2 is leader of term 4",
            "votes: n2 n3",
            arrow(2, 1, 704, Some(706), told),
        ),
    ]
}
