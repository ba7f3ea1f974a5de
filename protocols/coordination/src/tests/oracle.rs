//! A naive central scheduler as oracle: it knows the whole graph and what every attempt comes to, speaks with nobody, and gives
//! each ready task to the next free worker. It shares the graph with the code under test, and neither board nor cascade.
//!
//! It knows generated graphs: a branch decides between tasks that wait for nothing else, and nobody waits for a newcomer. So
//! what becomes of a task does not depend on when others end.

use sim_core::ordered::OrderedSet;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{Entry, Launch};
use sim_core::time::Duration;
use sim_core::trace::{Shown, TraceFilter, TraceRequest, WhatKind};

use super::{calm, for_one_alone, max};
use crate::entry::ENTRY;
use crate::graph::{Graph, TaskId};
use crate::parameters::Parameters;

/// What becomes of the place of a task: of itself, or of whoever stands for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Done,
    Failed,
    Skipped,
}

/// What really took effect: tasks, and whether they succeeded.
type Results = OrderedSet<(TaskId, bool)>;

/// The fate of every place, by asking for those that it waits for first.
fn fates(graph: &Graph) -> Vec<Option<Fate>> {
    let mut fates = vec![None; graph.len()];
    for _ in 0..graph.len() {
        for (id, task) in graph.iter().filter(|(_, task)| task.stands_for.is_none()) {
            let succeeds = |parent: TaskId, fate| fate == Fate::Done && !graph.task(parent).fails_for_good();
            let causes =
                || task.born.iter().map(|cause| fates[*cause as usize].map(|fate| succeeds(*cause, fate)));
            let born = if task.born.is_empty() || causes().any(|came| came == Some(true)) {
                Some(true)
            } else {
                causes().all(|came| came.is_some()).then_some(false)
            };
            let known: Option<Vec<Fate>> =
                task.parents.iter().map(|parent| fates[*parent as usize]).collect();
            if let (Some(parents), Some(born)) = (known, born) {
                fates[id as usize] = Some(fate(graph, id, &parents, born));
            }
        }
    }
    fates
}

fn fate(graph: &Graph, id: TaskId, parents: &[Fate], born: bool) -> Fate {
    let task = graph.task(id);
    let left_aside = task.parents.iter().any(|parent| {
        let parent = graph.task(*parent);
        let taken = |above: u8, then, otherwise| if parent.score > above { then } else { otherwise };
        !parent.fails_for_good()
            && parent.branch.is_some_and(|split| {
                [split.then, split.otherwise].contains(&id)
                    && taken(split.above, split.then, split.otherwise) != id
            })
    });
    if parents.contains(&Fate::Failed) {
        Fate::Failed
    } else if !born || left_aside || (!parents.is_empty() && !parents.contains(&Fate::Done)) {
        Fate::Skipped
    } else if graph.in_place_of(id).any(|one| !graph.task(one).fails_for_good()) {
        Fate::Done
    } else {
        Fate::Failed
    }
}

/// Whether the place of a task was ever tried: it was not skipped, and nothing that it waits for failed.
fn was_tried(graph: &Graph, id: TaskId, fates: &[Option<Fate>]) -> bool {
    let failed = |parent: &TaskId| fates[*parent as usize] == Some(Fate::Failed);
    fates[id as usize] != Some(Fate::Skipped) && !graph.task(id).parents.iter().any(failed)
}

/// Those who are tried at a place, one after the other, until one succeeds.
fn tried(graph: &Graph, id: TaskId) -> Vec<TaskId> {
    let mut all = Vec::new();
    for one in graph.in_place_of(id) {
        all.push(one);
        if !graph.task(one).fails_for_good() {
            break;
        }
    }
    all
}

fn results(graph: &Graph, fates: &[Option<Fate>]) -> Results {
    let places = graph.iter().filter(|(id, task)| task.stands_for.is_none() && was_tried(graph, *id, fates));
    let all = places.flat_map(|(id, _)| tried(graph, id));
    all.map(|one| (one, !graph.task(one).fails_for_good())).collect()
}

/// How long a place takes, with all attempts.
fn work(graph: &Graph, id: TaskId) -> Duration {
    let attempts = |one: TaskId| {
        let task = graph.task(one);
        let failed = (0..=task.retries).take_while(|attempt| task.fails(*attempt)).count() as u64;
        task.work.saturating_mul(failed.min(u64::from(task.retries)) + 1)
    };
    tried(graph, id).into_iter().map(attempts).fold(Duration::ZERO, Duration::saturating_add)
}

/// When the last task ends, if so many workers take the places as they become ready, the lowest number first.
fn makespan(graph: &Graph, fates: &[Option<Fate>], workers: usize) -> Duration {
    let mut ends: Vec<Option<Duration>> = vec![None; graph.len()];
    let mut free = vec![Duration::ZERO; workers];
    loop {
        let ready = graph.iter().filter(|(id, task)| {
            task.stands_for.is_none() && ends[*id as usize].is_none() && was_tried(graph, *id, fates)
        });
        let since = |id: TaskId| {
            let task = graph.task(id);
            let succeeds =
                |cause: &&TaskId| was_tried(graph, **cause, fates) && !graph.task(**cause).fails_for_good();
            let first = task.born.iter().filter(succeeds).filter_map(|cause| ends[*cause as usize]).min();
            if !task.born.is_empty() && first.is_none() {
                return None;
            }
            let tried = task.parents.iter().filter(|other| was_tried(graph, **other, fates));
            tried
                .map(|other| ends[*other as usize])
                .try_fold(first.unwrap_or_default(), |last, end| Some(last.max(end?)))
        };
        let next = ready.filter_map(|(id, _)| Some((since(id)?, id))).min();
        let Some((since, id)) = next else { break };
        free.sort_unstable();
        let end = free[0].max(since).saturating_add(work(graph, id));
        (free[0], ends[id as usize]) = (end, Some(end));
    }
    ends.into_iter().flatten().max().unwrap_or_default()
}

/// What took effect in a run.
fn run(parameters: &serde_json::Value, seed: u64, agents: u32) -> (Results, u64) {
    let filter = TraceFilter {
        whats: vec![WhatKind::Observe],
        kinds: vec!["Effect".to_owned()],
        ..TraceFilter::default()
    };
    let request = TraceRequest { filter, ..TraceRequest::default() };
    let launch = Launch { trace: Some(request), ..Launch::default() };
    let outcome = ENTRY.configure(parameters).unwrap().launch(&calm(seed, agents), &launch).unwrap();
    assert_eq!(outcome.violations, [], "seed {seed}");
    let mut results = Results::new();
    for event in &outcome.trace.as_ref().unwrap().events {
        let sim_core::trace::What::Observe { observation } = &event.what else { continue };
        let field =
            |name: &str| observation.fields.iter().find(|field| field.name == name).map(|field| &field.value);
        if let (Some(Shown::Unsigned(task)), Some(Shown::Bool(done))) = (field("task"), field("done")) {
            assert!(results.insert((*task as TaskId, *done)), "{task} took effect twice under seed {seed}");
        }
    }
    (results, max(&outcome, "makespan_ns"))
}

#[test]
fn every_strategy_comes_to_the_results_of_the_naive_scheduler() {
    let mut rng = sim_core::random::stream(6, sim_core::random::StreamName::Configuration);
    let (mut failed, mut all) = (0, 0);
    for seed in 100..130 {
        let drawn = for_one_alone(Parameters::default().drawn(&mut rng));
        let graph = Graph::of(&drawn, seed).unwrap();
        let wanted = results(&graph, &fates(&graph));
        failed += wanted.iter().filter(|(_, done)| !done).count();
        all += wanted.len();
        // A core speaks all the time, which takes its time.
        let few = if seed % 10 == 0 { 7 } else { 4 };
        for strategy in &["single", "independent", "star", "gossip", "service", "hybrid", "raft"][..few] {
            let mut parameters = drawn.write();
            parameters["strategy"] = (*strategy).into();
            assert_eq!(run(&parameters, seed, 6).0, wanted, "{strategy} under seed {seed}");
        }
    }
    assert!(failed > 10 && all > 5 * failed, "{failed} of {all} failed");
}

/// Whoever never leaves a worker idle while a task is ready needs less than twice as long as anybody else (Graham 1966): both do that.
#[test]
fn a_star_without_overhead_is_within_twice_the_naive_scheduler() {
    for seed in 0..30 {
        let parameters = serde_json::json!({
            "strategy": "star", "tokens_out": 0, "steps": 1, "queue": 0, "handling": "0s", "layers": 4, "width": 9,
            "failure": "1/5", "fallbacks": "1/2", "branches": "1/4", "growth": "1/4", "duration": "5s"
        });
        let graph = Graph::of(&Parameters::read(&parameters).unwrap(), seed).unwrap();
        let fates = fates(&graph);
        let naive = makespan(&graph, &fates, 4).as_nanos();
        let (found, took) = run(&parameters, seed, 5);
        assert_eq!(found, results(&graph, &fates), "seed {seed}");
        assert!(
            took <= 2 * naive && naive <= 2 * took,
            "seed {seed}: {took} ns, the naive scheduler {naive} ns"
        );
        let alone = makespan(&graph, &fates, 1).as_nanos();
        let mut single = parameters;
        single["strategy"] = "single".into();
        assert_eq!(run(&single, seed, 5).1, alone, "one agent alone never waits: seed {seed}");
    }
}
