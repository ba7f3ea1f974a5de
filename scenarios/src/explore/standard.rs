//! The demands that a campaign must meet before "nothing found" counts.

use serde::Serialize;
use sim_core::check::Verdict;
use sim_core::fault::{Family, Kind};
use sim_core::history::{WITNESS, check_name};
use sim_core::limit::Limit;
use sim_core::ordered::OrderedSet;
use sim_core::outcome::MARK;
use sim_core::ratio::Ratio;

use super::activity::{Activity, share};
use crate::scenario::{LINEARIZABLE, Loaded, ProgressRule};

/// One demand, and how it was met.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Demand {
    /// What is demanded, in words.
    pub what: String,
    /// The check that it is about, if it is that a check had something to judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub check: Option<String>,
    /// The share of runs in which it was so, between 0 and 1.
    pub found: f64,
    /// The least share of runs.
    pub needed: f64,
    /// Whether it was met.
    pub met: bool,
}

/// The least share of runs in which progress must have been owed and judged.
const OWED: Ratio = Ratio::new(1, 2);

/// The least share of runs in which each family of faults must have fired.
const FAMILY: Ratio = Ratio::new(1, 20);

/// Judges a campaign: enough runs are conclusive, all that are come to what the scenario expects, progress was owed in half
/// of them where the scenario owes any, each family of faults that the scenario may draw or writes fired in 5 % of them,
/// each mark that a process passed was reached, and each check had something to judge. A scenario that expects something else than a pass has only the first two demands.
pub fn judge(loaded: &Loaded, activity: &Activity, min_conclusive: Ratio) -> Vec<Demand> {
    let runs = activity.runs;
    let demand = |what: String, part: u64, needed: f64, met: bool| Demand {
        what,
        check: None,
        found: share(part, runs),
        needed,
        met,
    };
    let in_share = |what: String, part: u64, needed: Ratio| {
        demand(what, part, needed.as_f64(), needed.reached_by(part, runs))
    };
    let mut demands = vec![in_share("conclusive".to_owned(), activity.conclusive, min_conclusive)];
    let expect = &loaded.scenario.expect;
    if activity.unexpected > 0 || expect.verdict != Verdict::Pass {
        demands.push(demand(
            format!("as expected: {expect}"),
            runs - activity.unexpected,
            1.0,
            activity.unexpected == 0,
        ));
    }
    // Where something else than a pass is expected, it came or it did not: nobody concludes anything from silence.
    if expect.verdict != Verdict::Pass {
        return demands;
    }
    if loaded.scenario.checks.progress != ProgressRule::None {
        demands.push(in_share("owed progress".to_owned(), activity.owed_liveness, OWED));
    }
    for family in families(loaded) {
        let fired = activity.families.get(family.name()).map_or(0, |counter| counter.runs);
        demands.push(in_share(format!("faults of the {} family", family.name()), fired, FAMILY));
    }
    let marks =
        activity.counters.iter().filter_map(|(name, counter)| Some((name.strip_prefix(MARK)?, counter)));
    demands.extend(
        marks.map(|(mark, counter)| demand(format!("mark {mark}"), counter.runs, 0.0, counter.runs > 0)),
    );
    let limits: Vec<String> = limits(loaded);
    for check in checks(loaded, activity).into_iter().chain(limits.iter().map(String::as_str)) {
        let exercised = activity.checks.get(check).map_or(0, |counter| counter.runs);
        let mut demand = demand(format!("check {check}"), exercised, 0.0, exercised > 0 || runs == 0);
        demand.check = Some(check.to_owned());
        demands.push(demand);
    }
    demands
}

/// The checks that some run ought to exercise: those of the protocol that are on, and where there are clients those of what
/// they saw. What the protocol judges in none of the runs is left out, as what a mix of versions does not promise. The witness is
/// asked for only where some run of the protocol gave an order of its operations.
fn checks(loaded: &Loaded, activity: &Activity) -> Vec<&'static str> {
    let off = loaded.scenario.checks.names_off(loaded.protocol);
    let on = |check: &&str| !off.iter().any(|off| off == check);
    let ever = |check: &&str| activity.runs == 0 || activity.checks.contains_key(*check);
    let own = loaded.protocol.checks.iter().map(|check| check.name).filter(on).filter(ever);
    let judged = loaded.protocol.linearizable && on(&LINEARIZABLE);
    let seen = loaded.scenario.workload.as_ref().filter(|_| judged);
    let witness = seen.map(|_| WITNESS).filter(|witness| activity.checks.contains_key(*witness));
    let model = seen.map(|workload| check_name(workload.model));
    own.chain(witness).chain(model).collect()
}

/// The checks of the scenario's limits, each once.
fn limits(loaded: &Loaded) -> Vec<String> {
    let names: OrderedSet<String> = loaded.scenario.limit.iter().map(Limit::check).collect();
    names.into_iter().collect()
}

/// The families that some run of this scenario ought to see: those that are written, and those that seeds can draw.
fn families(loaded: &Loaded) -> OrderedSet<Family> {
    let scenario = &loaded.scenario;
    let written = scenario.faults.iter().filter_map(|entry| entry.what.kind());
    let mut families: OrderedSet<Family> = written.map(Kind::family).collect();
    if let Some(swarm) = &scenario.swarm {
        let members = swarm.nodes.map_or(scenario.cluster.nodes, |nodes| nodes.max);
        let space = swarm.space(loaded.protocol);
        let drawn = space.kinds(members, scenario.clients, loaded.cluster.fault_model(members));
        families.extend(drawn.into_iter().map(Kind::family));
    }
    families
}
