//! Limits on runs and on campaigns, over real runs: a leader that crashes again and again.

use sim_core::check::Verdict;

use super::*;
use crate::document::Format;
use crate::replay::{ReplayOptions, replay};
use crate::scenario::load;
use crate::source::Source;
use crate::testing::real;

const CRASHES: &str = r#"schema = "seedstorm.scenario/1"
title = "crashes"
[cluster]
protocol = "raft"
nodes = 3
duration = "10s"
[checks]
progress = "none"
[workload]
model = "register"
rate = "20/s"
[[faults]]
at = "2s"
every = "3s"
jitter = "500ms"
crash = { target = "leader", restart_after = "1s" }
[[measure]]
name = "downtime_ns"
what = { between = { from = { fault = "crash" }, to = { kind = "BecameLeader", nth = 2 } } }
"#;

fn loaded(limit: &str) -> Loaded {
    let source = Source { name: "crashes.toml".to_owned(), text: format!("{CRASHES}[[limit]]\n{limit}\n") };
    load(&real(), source, Format::Toml, &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

fn explored(loaded: &Loaded) -> (Exploration, Vec<Demand>) {
    let exploration = part(loaded, Shard::WHOLE);
    let demands = judge(loaded, &exploration.activity, sim_core::judgment::MIN_CONCLUSIVE);
    (exploration, demands)
}

fn part(loaded: &Loaded, shard: Shard) -> Exploration {
    let options = ExploreOptions {
        seeds: 0..20,
        shard,
        plants: Vec::new(),
        jobs: Some(2),
        stop_on_first: false,
        known: Vec::new(),
        build: "b".to_owned(),
        table: None,
    };
    explore(loaded, &options, Hooks::NONE).unwrap()
}

const NAME: &dyn Fn(&Finding) -> String = &|finding| finding.file_name();

#[test]
fn a_campaign_misses_a_limit_and_everybody_is_told_with_the_worst_runs() {
    let loaded =
        loaded("metric = \"downtime_ns\"\nquantile = \"90%\"\nat_most = \"100ms\"\nover = \"campaign\"");
    let (exploration, demands) = explored(&loaded);
    assert_eq!(
        (exploration.judge(&demands), exploration.headline(&demands)),
        (Judgment::Finding, "1 LIMIT MISSED".to_owned())
    );
    assert!(exploration.findings.is_empty() && demands.iter().all(|demand| demand.met));
    let result = exploration.limits.results().next().unwrap();
    assert_eq!((result.judged, result.met, result.worst.len()), (20, Some(false), 5));
    // The runs that are named have these very values.
    for worst in result.worst {
        let outcome = run(&compile(&loaded, worst.seed, &[]), &Launch::default()).unwrap();
        assert_eq!((outcome.measures["downtime_ns"], outcome.verdict), (Some(worst.value), Verdict::Pass));
    }
    assert!(result.worst.windows(2).all(|pair| pair[0].value >= pair[1].value));
    let seed = format!("seed {}: ", result.worst[0].seed);
    let annotations = github::annotations(&loaded, &exploration, &demands, NAME);
    assert!(
        annotations.contains("::error title=service limit/downtime_ns::") && annotations.contains(&seed),
        "{annotations}"
    );
    assert!(github::summary(&loaded, &exploration, &demands, NAME).contains("| missed | "));
    let suites =
        crate::junit::document("explore", &[junit::suite(&loaded, &exploration, &demands, NAME)]).unwrap();
    assert!(
        suites.contains("limit/downtime_ns") && suites.contains(&seed) && suites.contains("<failure"),
        "{suites}"
    );
}

#[test]
fn shards_of_a_campaign_come_to_the_same_under_its_limits() {
    let loaded =
        loaded("metric = \"downtime_ns\"\nquantile = \"90%\"\nat_most = \"100ms\"\nover = \"campaign\"");
    let (whole, _) = explored(&loaded);
    let mut shards = ["2/3", "0/3", "1/3"].map(|shard| part(&loaded, shard.parse().unwrap())).into_iter();
    let mut merged = shards.next().unwrap();
    shards.for_each(|shard| merged.absorb(shard));
    assert_eq!((merged.runs, &merged.limits), (whole.runs, &whole.limits));
}

#[test]
fn a_limit_that_is_kept_is_a_check_that_held() {
    let loaded =
        loaded("metric = \"downtime_ns\"\nquantile = \"90%\"\nat_most = \"5s\"\nover = \"campaign\"");
    let (exploration, demands) = explored(&loaded);
    assert_eq!(exploration.judge(&demands), Judgment::AsExpected, "{demands:?}");
    let demand = demands.iter().find(|demand| demand.what == "check limit/downtime_ns").unwrap();
    assert!(demand.met && (demand.found - 1.0).abs() < 1e-9);
}

#[test]
fn a_limit_without_anything_to_judge_is_no_pass() {
    let loaded = loaded(
        "metric = \"stalled\"\nat_most = \"5s\"\nover = \"campaign\"\n[[measure]]\nname = \"stalled\"\nwhat = { last_time = { kind = \"BecameLeader\", since = \"9999ms\" } }",
    );
    let (exploration, demands) = explored(&loaded);
    assert_eq!(exploration.judge(&demands), Judgment::Inconclusive);
    let result = exploration.limits.results().next().unwrap();
    assert_eq!((result.judged, result.met), (0, None));
}

#[test]
fn a_run_that_misses_its_limit_is_a_finding_that_replays() {
    let loaded = loaded("metric = \"downtime_ns\"\nat_most = \"100ms\"");
    let (exploration, demands) = explored(&loaded);
    assert_eq!(exploration.judge(&demands), Judgment::Finding);
    let [finding] = &exploration.findings[..] else { panic!("one kind of finding") };
    assert_eq!((finding.check.as_str(), finding.verdict), ("limit/downtime_ns", Verdict::Service));
    assert!(finding.message.contains("the scenario wants at most 100 ms"), "{}", finding.message);
    let again =
        replay(&real(), &finding.capsule, ReplayOptions { build: "b", intact: true }, &Launch::default())
            .unwrap();
    assert_eq!(again.outcome.violations[0].fingerprint, finding.fingerprint);
    assert_eq!(again.outcome.digest, finding.capsule.digest);
}

#[test]
fn limits_only_look_on() {
    let with =
        loaded("metric = \"operation_latency_ns\"\nquantile = \"99%\"\nsince = \"5s\"\nat_most = \"1ns\"");
    let source = Source { name: "crashes.toml".to_owned(), text: CRASHES.to_owned() };
    let without = load(&real(), source, Format::Toml, &[]).unwrap();
    let [one, two] =
        [&with, &without].map(|loaded| run(&compile(loaded, 3, &[]), &Launch::default()).unwrap());
    assert_eq!((one.digest, one.verdict, two.verdict), (two.digest, Verdict::Service, Verdict::Pass));
    assert!(one.limits[0].value.unwrap() < two.metrics["operation_latency_ns"].max);
}
