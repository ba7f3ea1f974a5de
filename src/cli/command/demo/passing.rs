//! The first two parts of the demo: runs that pass.

use scenarios::plan::compile;
use scenarios::run::run;
use scenarios::scenario::{Loaded, verdict_name};
use serde_json::{Value, json};
use sim_core::ordered::OrderedMap;
use sim_core::outcome::{Outcome, Progress, Reign};
use sim_core::picture::Detail;
use sim_core::registry::Launch;

use crate::cli::error::CliError;
use crate::cli::run_text::milliseconds;
use crate::cli::table::thousands;
use crate::cli::terminal::Terminal;
use crate::cli::wall::Stopwatch;

/// Runs a scenario and says in two lines what happened.
pub(super) fn show(loaded: &Loaded, label: &str, seed: u64, terminal: &Terminal) -> Result<Value, CliError> {
    let watch = Stopwatch::start();
    let plan = compile(loaded, seed, &[]);
    let launch = Launch { picture: Detail::Full, ..Launch::default() };
    let outcome = run(&plan, &launch)?;
    let faults = faults(&outcome);
    let duration = loaded.scenario.cluster.duration;
    let what = if faults.is_empty() {
        format!("Raft, {} nodes, {duration} virtual in {}", outcome.members, watch.words())
    } else {
        format!("same code, {faults}")
    };
    let verdict = verdict_name(outcome.verdict).to_uppercase();
    let width = 70_usize.saturating_sub(what.chars().count());
    terminal.say(&format!("{label}  {what}{:width$}  {verdict}\n", ""))?;
    terminal.say(&format!("           {}\n", details(&outcome).join(" · ")))?;
    Ok(json!({
        "scenario": loaded.name,
        "verdict": verdict_name(outcome.verdict),
        "digest": outcome.digest,
        "events": outcome.events,
        "faults": outcome.faults.iter().filter(|fault| fault.refused.is_none()).count(),
    }))
}

/// `27 faults: 9 network, 6 process`.
fn faults(outcome: &Outcome) -> String {
    let mut families: OrderedMap<&str, u64> = OrderedMap::new();
    for fault in outcome.faults.iter().filter(|fault| fault.refused.is_none()) {
        *families.entry(fault.family.name()).or_default() += 1;
    }
    let total: u64 = families.values().sum();
    let parts: Vec<String> = families.iter().map(|(name, count)| format!("{count} {name}")).collect();
    if total == 0 { String::new() } else { format!("{total} faults: {}", parts.join(", ")) }
}

fn details(outcome: &Outcome) -> Vec<String> {
    let reigns = outcome.picture.reigns();
    let mut details = Vec::new();
    match reigns[..] {
        [] => {}
        [one] => {
            let name = outcome.slots.get(one.slot as usize).unwrap_or_default();
            details.push(format!("leader {name} after {}", milliseconds(one.from_ns)));
        }
        _ => {
            let members_led = reigns.len();
            let without = without_leader(&reigns, outcome.virtual_ns);
            details.push(format!("{members_led} leaders"));
            details.push(format!("{} without one", milliseconds(without)));
        }
    }
    let operations = outcome.activity.get("operations.succeeded").copied().unwrap_or_default();
    details.push(format!("{} operations", thousands(operations)));
    if let Some(latency) = outcome.metrics.get("operation_latency_ns") {
        details.push(format!("p99 {}", milliseconds(latency.p99)));
    }
    if let Progress::Made { after_ns, .. } = outcome.progress {
        details.push(format!("progress {} after the heal", milliseconds(after_ns)));
    }
    details
}

/// How long nobody led. Reigns are in the order of their beginnings.
fn without_leader(reigns: &[Reign], end_ns: u64) -> u64 {
    let (mut without, mut led_until) = (0, 0);
    for reign in reigns {
        without += reign.from_ns.saturating_sub(led_until);
        led_until = led_until.max(reign.to_ns);
    }
    without + end_ns.saturating_sub(led_until)
}
