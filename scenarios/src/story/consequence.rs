//! What came of a violation. A check that stands near the cause fires first and ends a shrunk run: a second vote, a commit
//! that counts the wrong entries. What a user would have seen comes later, if it comes: two leaders, a lost write. So the
//! run goes on, at first as it is, then with whoever was involved taken away.

use serde_json::{Value, json};
use sim_core::check::{Verdict, Violation};
use sim_core::registry::Launch;
use sim_core::setup::Setup;
use sim_core::story::Consequence;
use sim_core::time::{Duration, Time};
use sim_core::tree;

use crate::plan::Plan;
use crate::run::run;

/// How long a run goes on, in largest timeouts of the protocol.
const TIMEOUTS: u64 = 10;

/// How many of those who are involved are taken away, one at a time.
const MOST_NODES: usize = 3;

/// Runs with more events than this are for shrinking first.
const MOST_EVENTS: u64 = 100_000;

/// The first other property that breaks as the run goes on.
pub(super) fn find(plan: &Plan, events: u64, first: &Violation) -> Option<Consequence> {
    if first.verdict != Verdict::Safety || events > MOST_EVENTS {
        return None;
    }
    for (given, strike) in continuations(first) {
        let plan = Plan { setup: going_on(plan, first, strike), ..plan.clone() };
        // A fault that does not fit into the plan, as a second crash of who is down, is no way to go on.
        let Ok(outcome) = run(&plan, &Launch::default()) else { continue };
        let later = |other: &&Violation| {
            other.at_ns >= first.at_ns && goes_further(first, other) && other.verdict == Verdict::Safety
        };
        if let Some(other) = outcome.violations.iter().find(later) {
            let (at_ns, check, message) = (other.at_ns, other.check.clone(), other.message.clone());
            return Some(Consequence { at_ns, check, message, given });
        }
    }
    None
}

/// Whether a later violation says more than the first one: it breaks another property, or the same one with the same and more members, as
/// a second vote after one was forgotten.
fn goes_further(first: &Violation, other: &Violation) -> bool {
    let more = other.nodes.len() > first.nodes.len();
    other.check != first.check || more && first.nodes.iter().all(|node| other.nodes.contains(node))
}

/// What may happen next, in words and as a fault: nothing more; each of the involved cut off, or crashed, for good.
fn continuations(first: &Violation) -> Vec<(String, Option<Value>)> {
    // At once, but not at the same instant: what led to the violation is over.
    let at = format!("{}ns", first.at_ns + 1);
    let mut all = vec![(String::new(), None)];
    for node in first.nodes.iter().take(MOST_NODES) {
        let cut = json!({ "at": at, "partition": { "isolate": node.to_string() } });
        let crash = json!({ "at": at, "crash": { "target": node.to_string() } });
        all.push((format!("if {node} is cut off then"), Some(cut)));
        all.push((format!("if {node} crashes then"), Some(crash)));
    }
    all
}

fn going_on(plan: &Plan, first: &Violation, strike: Option<Value>) -> Setup {
    let mut setup = plan.setup.clone();
    (setup.stop, setup.at_least, setup.measures) = (Vec::new(), Vec::new(), Vec::new());
    let more = plan.cluster.largest_timeout().saturating_mul(TIMEOUTS);
    let end = Time::from_nanos(first.at_ns).saturating_add(more).since(Time::ZERO);
    // A run that has come to its second phase goes on there.
    match &mut setup.progress_timeout {
        Some(_) if Duration::from_nanos(first.at_ns) > setup.duration => {}
        within => (setup.duration, *within) = (end, None),
    }
    setup.faults.entries.extend(strike.and_then(|strike| tree::read(&strike).ok()));
    setup.faults.sort();
    setup
}
