//! With more traitors than a protocol bears there are forks, and what is said about each fork is right.
//!
//! `cargo bench --bench evidence` runs 10,000 seeds of the swarms of PBFT, HotStuff and Tendermint with one traitor more than
//! they bear. No honest member panics. At every fork, whom the evidence names is a traitor of the plan, the statements of each of them
//! contradict each other, and nobody could be left out. The first few forks are shrunk, which must keep their verdict and leave evidence that
//! is as good. Anything else ends with an error. Name protocols to run only those, and a range of seeds: `-- pbft 100..300`.

#[path = "evidence/statements.rs"]
mod statements;

use std::ops::Range;
use std::process::ExitCode;

use seedstorm::prelude::*;
use seedstorm::protocols::byzantine::power::Power;
use seedstorm::protocols::byzantine::quorum::Quorum;
use seedstorm::scenarios::builtin;
use seedstorm::scenarios::capsule::Capsule;
use seedstorm::scenarios::replay::plan_of;
use seedstorm::scenarios::shrink::{ShrinkHooks, ShrinkOptions, shrink};
use seedstorm::sim_core::check::{Evidence, Violation};
use seedstorm::sim_core::fault::family::Family;
use seedstorm::sim_core::identity::NodeId;
use seedstorm::sim_core::registry::parameters::Parameter;
use sim_core::ordered::{OrderedMap, OrderedSet};

use statements::contradict;

/// So many forks of each protocol are shrunk, with so many runs each.
const SHRUNK: u64 = 10;
const SHRINK_RUNS: u64 = 400;

/// What the runs of a protocol came to.
#[derive(Default)]
struct Tally {
    runs: u64,
    forked: u64,
    convicted: u64,
    /// How often so many were named.
    named: OrderedMap<usize, u64>,
    /// What showed their guilt.
    how: OrderedMap<String, u64>,
    shrunk: u64,
    /// Rules for traitors, before and after.
    rules: (u64, u64),
    wrong: Vec<String>,
}

fn main() -> ExitCode {
    seedstorm::memory::keep();
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let range = |word: &String| {
        let (from, to) = word.split_once("..")?;
        Some(from.parse::<u64>().ok()?..to.parse::<u64>().ok()?)
    };
    let seeds = words.iter().find_map(range).unwrap_or(0..10_000);
    let named: Vec<&String> = words.iter().filter(|word| range(word).is_none()).collect();
    println!(
        "| protocol | runs | forks | convicted | named: forks | shrunk | rules before and after | wrong |\n|---|---|---|---|---|---|---|---|"
    );
    let mut wrong = 0;
    for protocol in ["pbft", "hotstuff", "tendermint"] {
        if named.is_empty() || named.iter().any(|name| *name == protocol) {
            let tally = campaign(protocol, seeds.clone());
            wrong += tally.wrong.len();
            tell(protocol, &tally);
        }
    }
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn tell(protocol: &str, tally: &Tally) {
    let Tally { runs, forked, convicted, named, how, shrunk, rules, wrong } = tally;
    let named: Vec<String> = named.iter().map(|(named, forks)| format!("{named}: {forks}")).collect();
    let (before, after) = rules;
    let (named, wrong_runs) = (named.join(", "), wrong.len());
    println!(
        "| {protocol} | {runs} | {forked} | {convicted} | {named} | {shrunk} | {before}, {after} | {wrong_runs} |"
    );
    how.iter().for_each(|(how, forks)| eprintln!("{protocol}: {forks} {how}"));
    wrong.iter().for_each(|wrong| println!("{wrong}"));
}

fn campaign(protocol: &str, seeds: Range<u64>) -> Tally {
    let registry = seedstorm::registry();
    let source = builtin::find(&format!("{protocol}-swarm")).expect("every protocol has a swarm");
    let beyond = ["swarm.traitors={ beyond = 1 }".to_owned()];
    let loaded = load(&registry, source, Format::Toml, &beyond).expect("a legal scenario");
    let mut tally = Tally::default();
    for seed in seeds {
        let plan = compile(&loaded, seed, &[]);
        let outcome = run(&plan, &Launch::default()).expect("a legal scenario");
        tally.runs += 1;
        if !look(&mut tally, &plan, &outcome) || tally.shrunk == SHRUNK {
            continue;
        }
        tally.shrunk += 1;
        let forked = outcome.violations.iter().find(|found| found.check.ends_with("/agreement"));
        let capsule = Capsule {
            check: forked.map(|found| found.check.clone()),
            message: forked.map(|found| found.message.clone()),
            fingerprint: forked.map(|found| found.fingerprint.clone()),
            ..Capsule::new(&loaded, &plan, &outcome, "bench")
        };
        shrink_one(&registry, &mut tally, &capsule);
    }
    tally
}

/// Looks at a run; whether it forked.
fn look(tally: &mut Tally, plan: &Plan, outcome: &Outcome) -> bool {
    let forked = outcome.violations.iter().any(|found| found.check.ends_with("/agreement"));
    let convicted: Vec<(usize, &Violation)> = outcome
        .violations
        .iter()
        .enumerate()
        .filter(|(_, found)| found.check.ends_with("/accountability"))
        .collect();
    tally.forked += u64::from(forked);
    tally.convicted += u64::from(!convicted.is_empty());
    let seed = plan.setup.seed;
    let protocol = plan.protocol.name;
    // Beyond what it bears a protocol promises nothing, but that none of its members crashes.
    for found in outcome.violations.iter().filter(|found| found.verdict == Verdict::Crash) {
        tally.wrong.push(format!("{protocol} seed {seed}: {} {}", found.check, found.message));
    }
    if forked && convicted.is_empty() {
        tally.wrong.push(format!("{protocol} seed {seed}: a fork of which nothing is said"));
    }
    for (place, found) in convicted {
        let evidence = outcome.picture.evidence.items.iter().find(|evidence| evidence.violation == place);
        match judge(plan, outcome, found, evidence) {
            Ok(()) => *tally.named.entry(found.nodes.len()).or_default() += 1,
            Err(why) => tally.wrong.push(format!("{protocol} seed {seed}: {why}: {}", found.message)),
        }
        let how = found.message.rsplit_once("], ").map_or(&*found.message, |(_, how)| how);
        *tally.how.entry(how.to_owned()).or_default() += 1;
    }
    forked
}

/// Whether what is said about a fork is right.
fn judge(
    plan: &Plan,
    outcome: &Outcome,
    found: &Violation,
    evidence: Option<&Evidence>,
) -> Result<(), String> {
    let evidence = evidence.ok_or("no evidence")?;
    if found.verdict != Verdict::Assumption {
        return Err(format!("the verdict is {:?}", found.verdict));
    }
    let traitors = traitors(plan, outcome);
    if let Some(honest) = found.nodes.iter().find(|node| !traitors.contains(node)) {
        return Err(format!("{honest} is honest"));
    }
    let power = power(plan);
    let quorum = Quorum::of(power.total(plan.setup.members));
    let all = power.sum(found.nodes.iter().copied());
    if all < quorum.one_honest() {
        return Err(format!("a power of {all} cannot fork"));
    }
    // Two quorums share so much at least, and without any one of the named it would be less.
    let least = quorum.one_honest().max((2 * quorum.size()).saturating_sub(power.total(plan.setup.members)));
    let weakest = found.nodes.iter().map(|node| power.of(*node)).min().unwrap_or(0);
    if all - weakest >= least {
        return Err(format!("a power of {least} is enough, and {all} are named"));
    }
    let guilt = evidence.guilt.as_ref().ok_or("nobody is guilty")?;
    let shown: Vec<NodeId> = guilt.culprits.iter().map(|culprit| culprit.node).collect();
    if shown != found.nodes {
        return Err(format!("statements of {shown:?}"));
    }
    match guilt.culprits.iter().find(|culprit| !contradict(plan.protocol.name, culprit)) {
        Some(innocent) => Err(format!("no contradiction: {:?}", innocent.signed)),
        None => Ok(()),
    }
}

/// Who is a traitor by the plan, or was made one.
fn traitors(plan: &Plan, outcome: &Outcome) -> OrderedSet<NodeId> {
    let initial = &plan.setup.initial;
    let twins = initial.twins.iter().flat_map(|(slot, of)| [*slot, *of]);
    let later = outcome.faults.iter().filter(|fault| fault.family == Family::Malicious);
    let later = later.flat_map(|fault| fault.slots.iter().map(|slot| slot.0));
    let all = initial.corrupt.iter().copied().chain(twins).chain(initial.beside.iter().copied()).chain(later);
    all.map(NodeId).collect()
}

/// How much the votes of each member count.
fn power(plan: &Plan) -> Power {
    let parameters = plan.cluster.parameters();
    parameters.get("power").map_or(Power::EQUAL, |power| Power::read(power).expect("a legal scenario"))
}

fn shrink_one(registry: &Registry, tally: &mut Tally, capsule: &Capsule) {
    let options = ShrinkOptions { budget: SHRINK_RUNS, jobs: Some(1), build: "bench".to_owned() };
    let seed = capsule.seed;
    let small = match shrink(registry, capsule, &options, ShrinkHooks::NONE) {
        Ok(shrunk) => shrunk.capsule,
        Err(error) => return tally.wrong.push(format!("seed {seed}: {error}")),
    };
    if (small.verdict, &small.check) != (capsule.verdict, &capsule.check) {
        tally.wrong.push(format!("seed {seed}: shrunk to {:?} of {:?}", small.verdict, small.check));
    }
    if let Some(log) = &small.shrunk {
        tally.rules = (tally.rules.0 + log.before.rules, tally.rules.1 + log.after.rules);
    }
    let plan = plan_of(registry, &small, small.setup.clone()).expect("it was made here");
    let outcome = run(&plan, &Launch::default()).expect("a legal scenario");
    let mut again = Tally::default();
    if !look(&mut again, &plan, &outcome) {
        tally.wrong.push(format!("seed {seed}: shrunk, it forks no more"));
    }
    tally.wrong.extend(again.wrong.into_iter().map(|why| format!("shrunk: {why}")));
}
