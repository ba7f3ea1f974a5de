//! Raft in the real world: published figures, and a loop of clients.

use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::distribution::Distribution;
use sim_core::fault::FaultPlan;
use sim_core::operation::ObjectModel;
use sim_core::outcome::Outcome;
use sim_core::process::{Boot, Context, Factory, Input, Process};
use sim_core::registry::{Entry, FaultModel, Launch};
use sim_core::setup::{Amount, DiskModel, Measure, MeasureOf, Pattern, Setup, Stop};
use sim_core::simulate::{Subject, simulate};
use sim_core::time::Duration;
use sim_core::workload::WorkloadModel;

use crate::entry::ENTRY;
use crate::liveness::RaftLiveness;
use crate::node::{RaftFactory, RaftNode};
use crate::parameters::Parameters;
use crate::server::Role;
use crate::service::KeyValueService;
use crate::vocabulary::{Raft, RaftMessage};

fn setup(seed: u64, members: u32) -> Setup {
    Setup { max_events: 10_000_000, ..Setup::new(seed, members) }
}

fn run(parameters: &Value, setup: &Setup) -> Outcome {
    ENTRY.configure(parameters).unwrap().launch(setup, &Launch::default()).unwrap()
}

/// When the first leader started, in milliseconds, over many runs in ascending order.
fn first_leader(runs: u64, absent: u32) -> Vec<f64> {
    let parameters = json!({
        "election_timeout_min": "300ms", "election_timeout_max": "600ms", "pre_vote": false, "check_quorum": false,
    });
    let mut times: Vec<f64> = (0..runs)
        .map(|seed| {
            let mut setup = setup(seed, 5);
            setup.network.latency =
                Distribution::Uniform { min: Duration::from_millis(30), max: Duration::from_millis(40) };
            setup.initial.absent = (0..absent).collect();
            setup.stop = vec![Stop::Observed { kind: "BecameLeader".to_owned(), count: Amount::Times(1) }];
            setup.measures = vec![Measure {
                name: "t".to_owned(),
                what: MeasureOf::FirstTime(Pattern::of("BecameLeader")),
            }];
            run(&parameters, &setup).measures["t"].unwrap() as f64 / 1e6
        })
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    times
}

/// Row 2 of the published results, with fewer runs.
#[test]
fn elections_on_a_wan_take_as_long_as_published() {
    for (absent, mean, median) in [(0, 430.0, 409.5), (1, 468.6, 423.3), (2, 631.6, 468.7)] {
        let times = first_leader(1_000, absent);
        let ours = times.iter().sum::<f64>() / times.len() as f64;
        let middle = times[times.len() / 2];
        assert!((ours / mean - 1.0).abs() < 0.08, "{absent} down: mean {ours}, published {mean}");
        assert!((middle / median - 1.0).abs() < 0.05, "{absent} down: median {middle}, published {median}");
    }
}

#[test]
fn a_minute_of_requests_is_answered() {
    for disk in [Distribution::Fixed(Duration::ZERO), Distribution::Fixed(Duration::from_millis(3))] {
        let mut setup = setup(1, 5);
        setup.clients = 4;
        setup.disk.sync = disk;
        setup.workload = Some(WorkloadModel::new(ObjectModel::CasRegister));
        setup.progress_timeout = Some(Duration::from_millis(500));
        let outcome = run(&json!({}), &setup);
        assert_eq!(outcome.verdict, Verdict::Pass, "{:?} {:?}", outcome.reasons, outcome.violations);
        assert!(outcome.activity["operations.returned"] > 5_000, "{:?}", outcome.activity);
    }
}

/// n1 starts first and nobody else for a long time; what it and the others hold is given.
fn started(state: &Value) -> Outcome {
    let parameters = json!({ "pre_vote": false, "check_quorum": false });
    let mut setup = setup(1, 3);
    setup.duration = Duration::from_secs(3);
    setup.initial.state = Some(state.clone());
    let observed = |name: &str, what: Value| Measure {
        name: name.to_owned(),
        what: serde_json::from_value(what).unwrap(),
    };
    setup.measures = vec![
        observed("candidate", json!({ "first_time": { "kind": "BecameCandidate", "node": "n1" } })),
        observed("leader", json!({ "first_time": "BecameLeader" })),
        observed("term", json!({ "rank_at": "BecameLeader" })),
        observed("n1", json!({ "count": { "kind": "BecameLeader", "node": "n1" } })),
    ];
    run(&parameters, &setup)
}

#[test]
fn servers_start_from_the_logs_terms_and_timers_that_are_given() {
    let equal = started(&json!([
        { "nodes": ["n1"], "first_timeout": "40ms", "log": [1, 2] },
        { "nodes": ["n2", "n3"], "first_timeout": "2s", "log": [1, 2], "term": 5 },
    ]));
    assert_eq!(equal.measures["candidate"], Some(40_000_000));
    assert_eq!(equal.measures["n1"], Some(1), "its log is as good as theirs");
    assert_eq!(equal.measures["term"], Some(6), "its term 3 was refused, and it learned term 5");
    assert_eq!(equal.verdict, Verdict::Pass, "{:?} {:?}", equal.reasons, equal.violations);

    let behind = started(&json!([
        { "nodes": ["n1"], "first_timeout": "40ms", "log": [1] },
        { "nodes": ["n2", "n3"], "first_timeout": "1s", "log": [1, 2] },
    ]));
    assert_eq!(behind.measures["n1"], Some(0), "nobody votes for a log that is behind");
    assert!(behind.measures["leader"].unwrap() > 1_000_000_000);
    assert_eq!(behind.verdict, Verdict::Pass, "{:?} {:?}", behind.reasons, behind.violations);
}

#[test]
fn a_network_or_disk_too_slow_for_the_timeouts_is_not_the_fault_of_raft() {
    for seed in 0..3 {
        let mut setup = setup(seed, 3);
        setup.clients = 1;
        setup.duration = Duration::from_secs(2);
        setup.progress_timeout = Some(Duration::from_millis(500));
        let verdict = |setup: &Setup| run(&json!({}), setup).verdict;
        assert_eq!(verdict(&Setup { disk: slow_disk(20), ..setup.clone() }), Verdict::Pass, "{seed}");
        assert_eq!(
            verdict(&Setup { disk: slow_disk(400), ..setup.clone() }),
            Verdict::Inconclusive,
            "{seed}"
        );
        setup.network.latency = Distribution::Fixed(Duration::from_millis(400));
        assert_eq!(verdict(&setup), Verdict::Inconclusive, "{seed}");
    }
}

fn slow_disk(millis: u64) -> DiskModel {
    DiskModel { sync: Distribution::Fixed(Duration::from_millis(millis)) }
}

/// Servers that do all that Raft asks of them, except that who leads hears no client.
struct Deaf(RaftFactory);

struct DeafNode(RaftNode);

impl Factory<Raft> for Deaf {
    type Node = DeafNode;

    fn boot(&mut self, boot: Boot<'_, Raft>) -> DeafNode {
        DeafNode(self.0.boot(boot))
    }
}

impl Process<Raft> for DeafNode {
    fn step(&mut self, input: Input<'_, Raft>, cx: &mut Context<'_, Raft>) {
        let leads = matches!(&self.0, RaftNode::Server(server) if matches!(server.role, Role::Leader(_)));
        let asked = matches!(
            input,
            Input::Message { message: RaftMessage::ClientRequest { .. } | RaftMessage::Forward { .. }, .. }
        );
        if !(leads && asked) {
            self.0.step(input, cx);
        }
    }
}

/// How many of thirty runs under deaf leaders are accused of the stall.
fn accused(plan: &Value) -> usize {
    let verdicts = (0..30).map(|seed| {
        let mut setup = setup(seed, 5);
        setup.clients = 1;
        setup.duration = Duration::from_secs(2);
        setup.progress_timeout = Some(Duration::from_millis(500));
        setup.faults = FaultPlan::new(serde_json::from_value(plan.clone()).unwrap());
        let parameters = Parameters::default();
        let subject = Subject {
            service: Box::new(KeyValueService::default()),
            liveness: Box::new(RaftLiveness::new(&parameters, &setup)),
            model: FaultModel { crashed: 2, lost_disks: 2, byzantine: 0, outages: false },
            ..Subject::new("raft", Deaf(RaftFactory { parameters, ..RaftFactory::default() }))
        };
        simulate(&setup, &Launch::default(), subject).unwrap().verdict
    });
    verdicts.filter(|verdict| *verdict == Verdict::Liveness).count()
}

/// Who leads is broken and outside the core in some of these runs. Without it the next leader is as deaf, so it is no excuse.
#[test]
fn a_broken_leader_outside_the_core_excuses_no_stall_that_goes_on_without_it() {
    assert_eq!(accused(&json!([])), 30);
    let slow = json!([{ "at": "1s", "slow": { "target": "leader", "percent": 200, "floor": "1us" } }]);
    assert_eq!(accused(&slow), 30);
    // Cut from one server of four, it leads on.
    let cut = json!([{ "at": "1s", "partition": { "from": "leader", "to": "n1" } }]);
    assert_eq!(accused(&cut), 30);
}
