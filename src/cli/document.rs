//! The JSON documents: everything that depends on the wall clock stands under the one key `wall`.

use std::path::PathBuf;

use scenarios::campaign_limits::CampaignLimit;
use scenarios::capsule::Capsule;
use scenarios::explore::{Demand, Exploration, ExploreOptions, Finding};
use scenarios::neighbors::Neighborhood;
use scenarios::replay::Replay;
use scenarios::scenario::{Loaded, verdict_name};
use scenarios::sweep::{Sweep, SweepRun};
use serde_json::{Value, json};
use sim_core::check::Violation;
use sim_core::limit::LimitReading;
use sim_core::outcome::Outcome;
use sim_core::story::Story;
use sim_core::sweep::SweepTable;

use super::command::sweep::judge;
use super::wall::Stopwatch;

/// `run --json`.
pub(crate) fn of_run(loaded: &Loaded, outcome: &Outcome, met: bool, watch: Stopwatch) -> Value {
    json!({
        "schema": "seedstorm.run/1",
        "scenario": loaded.name,
        "scenario_hash": loaded.hash,
        "title": loaded.scenario.title,
        "seed": outcome.seed,
        "protocol": outcome.protocol,
        "plants": outcome.plants,
        "nodes": outcome.members,
        "verdict": verdict_name(outcome.verdict),
        "expect": loaded.scenario.expect,
        "as_expected": met,
        "judgment": loaded.scenario.expect.judge(outcome).name(),
        "reasons": outcome.reasons,
        "violations": violations(outcome),
        "violations_omitted": outcome.violations_omitted,
        "digest": outcome.digest,
        "events": outcome.events,
        "virtual_ns": outcome.virtual_ns,
        "ended": outcome.ended,
        "progress": outcome.progress,
        "messages": outcome.messages,
        "metrics": outcome.metrics,
        "measures": outcome.measures,
        "limits": outcome.limits.iter().map(limit).collect::<Vec<_>>(),
        "faults": outcome.faults,
        "activity": outcome.activity,
        "checks": outcome.checks,
        "wall": { "elapsed_ms": watch.milliseconds() },
    })
}

/// A limit and how the run stands to it.
fn limit(reading: &LimitReading) -> Value {
    let LimitReading { limit, value, open, met, .. } = reading;
    json!({ "check": limit.check(), "limit": limit, "value": value, "open": open, "met": met })
}

/// A limit on a whole campaign and what it came to.
fn campaign_limit(result: &CampaignLimit<'_>) -> Value {
    json!({
        "check": result.limit.check(),
        "limit": result.limit,
        "judged_runs": result.judged,
        "value": result.value,
        "met": result.met,
        "worst": result.worst,
    })
}

fn violations(outcome: &Outcome) -> Vec<Value> {
    let document = |violation: &Violation| {
        json!({
            "check": violation.check,
            "at_ns": violation.at_ns,
            "message": violation.message,
            "fingerprint": violation.fingerprint,
            "verdict": verdict_name(violation.verdict),
            "nodes": violation.nodes.iter().map(ToString::to_string).collect::<Vec<_>>(),
        })
    };
    outcome.violations.iter().map(document).collect()
}

/// `replay --json`.
pub(crate) fn of_replay(
    capsule: &Capsule,
    replay: &Replay,
    story: Option<&Story>,
    neighbors: Option<&Neighborhood>,
    watch: Stopwatch,
) -> Value {
    let outcome = &replay.outcome;
    json!({
        "schema": "seedstorm.replay/1",
        "scenario": capsule.name,
        "scenario_hash": capsule.scenario_hash,
        "seed": capsule.seed,
        "protocol": capsule.protocol,
        "replayed": replay.replayed.name(),
        "same_build": replay.same_build,
        "recorded": {
            "verdict": verdict_name(capsule.verdict),
            "check": capsule.check,
            "fingerprint": capsule.fingerprint,
            "digest": capsule.digest,
        },
        "verdict": verdict_name(outcome.verdict),
        "violations": violations(outcome),
        "digest": outcome.digest,
        "events": outcome.events,
        "virtual_ns": outcome.virtual_ns,
        "story": story,
        "neighbors": neighbors.map(of_neighbors),
        "wall": { "elapsed_ms": watch.milliseconds() },
    })
}

fn of_neighbors(around: &Neighborhood) -> Value {
    json!({
        "runs": around.runs,
        "failed": around.failed,
        "failed_otherwise": around.failed_otherwise,
        "rate": around.rate(),
        "ci95": [around.interval.low, around.interval.high],
    })
}

/// `explore --json`.
pub(crate) fn of_exploration(
    loaded: &Loaded,
    options: &ExploreOptions,
    exploration: &Exploration,
    demands: &[Demand],
    capsules: &[PathBuf],
    watch: Stopwatch,
) -> Value {
    let failure = |(finding, capsule): (&Finding, &PathBuf)| {
        json!({
            "seed": finding.seed,
            "verdict": verdict_name(finding.verdict),
            "fingerprint": finding.fingerprint,
            "check": finding.check,
            "message": finding.message,
            "runs": finding.runs,
            "capsule": capsule,
        })
    };
    let totals = &exploration.totals;
    let seconds = watch.seconds();
    json!({
        "schema": "seedstorm.explore/1",
        "scenario": loaded.name,
        "scenario_hash": loaded.hash,
        "protocol": loaded.scenario.cluster.protocol,
        "plants": options.plants,
        "seeds": format!("{}..{}", options.seeds.start, options.seeds.end),
        "runs": exploration.runs,
        "covered": format!("{}..{}", options.seeds.start, options.seeds.start + exploration.runs),
        "interrupted": exploration.interrupted,
        "known": exploration.known,
        "failures": exploration.findings.iter().zip(capsules).map(failure).collect::<Vec<_>>(),
        "activity": exploration.activity,
        "limits": exploration.limits.results().map(|result| campaign_limit(&result)).collect::<Vec<_>>(),
        "demands": demands,
        "demands_met": demands.iter().all(|demand| demand.met),
        "judgment": exploration.judge(demands).name(),
        "coverage": totals,
        "digest": totals.digest(),
        "wall": {
            "elapsed_ms": watch.milliseconds(),
            "runs_per_second": (exploration.runs - exploration.resumed) as f64 / seconds.max(1e-9),
            "resumed_runs": exploration.resumed,
            "jobs": options.jobs,
        },
    })
}

/// `sweep --json`: what is in `sweep.json`, with how it was run.
pub(crate) fn of_sweep(
    sweep: &Sweep,
    run: &SweepRun,
    table: &SweepTable,
    files: &[PathBuf],
    watch: Stopwatch,
) -> Value {
    let mut value =
        reports::sweep::document(table).unwrap_or_else(|error| json!({ "error": error.to_string() }));
    if let Some(document) = value.as_object_mut() {
        document.insert("sweep".to_owned(), sweep.name.as_str().into());
        document.insert("runs".to_owned(), run.made.into());
        document.insert("interrupted".to_owned(), run.interrupted.into());
        document.insert("judgment".to_owned(), judge(run, table).name().into());
        document.insert("files".to_owned(), json!(files));
        let wall = json!({ "elapsed_ms": watch.milliseconds(), "resumed_runs": run.resumed });
        document.insert("wall".to_owned(), wall);
    }
    value
}
