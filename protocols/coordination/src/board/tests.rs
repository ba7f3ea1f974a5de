//! The board, and the board against an oracle.

use std::rc::Rc;

use sim_core::random::{Keyed, Purpose, below};

use super::*;
use crate::graph::Tasks;
use crate::parameters::Parameters;
use sim_core::registry::parameters::{Parameter, ParameterSet};

fn graph(tasks: &serde_json::Value) -> Rc<Graph> {
    let tasks = Tasks::read(tasks).unwrap();
    Rc::new(Graph::of(&Parameters { tasks, ..Parameters::default() }, 1).unwrap())
}

fn board(tasks: &serde_json::Value) -> Board {
    let mut board = Board::new(graph(tasks), Ordering::Ageing(Duration::from_secs(10)));
    board.start(Time::ZERO);
    board
}

fn id(board: &Board, name: &str) -> TaskId {
    board.graph().iter().find(|(_, task)| task.name == name).unwrap().0
}

fn run(board: &mut Board, name: &str, state: State) {
    let task = board.pick(u64::MAX).unwrap();
    assert_eq!(board.graph().name(task), name);
    board.end(task, state, Time::ZERO);
}

fn states(board: &Board) -> String {
    let mark = |state| match state {
        State::Dormant => '.',
        State::Waiting => 'w',
        State::Ready => 'r',
        State::Leased => 'l',
        State::Done => 'D',
        State::Failed => 'F',
        State::Skipped => 's',
    };
    board.graph().iter().map(|(id, _)| mark(board.state(id))).collect()
}

#[test]
fn a_task_is_ready_when_the_last_of_its_parents_has_ended() {
    let mut board = board(&serde_json::json!([
        { "name": "a" }, { "name": "b" }, { "name": "c", "after": ["a", "b"] }
    ]));
    run(&mut board, "a", State::Done);
    assert_eq!(states(&board), "Drw");
    run(&mut board, "b", State::Done);
    assert_eq!(states(&board), "DDr");
    run(&mut board, "c", State::Done);
    assert_eq!(board.unfinished(), 0);
}

#[test]
fn what_waits_for_a_failed_task_fails_unless_there_is_a_fallback() {
    let mut board = board(&serde_json::json!([
        { "name": "a", "retries": 1 }, { "name": "b", "after": ["a"] },
        { "name": "c", "retries": 0, "fallback": "d" }, { "name": "d" }, { "name": "e", "after": ["c"] }
    ]));
    let a = board.pick(0).unwrap();
    assert!(!board.fail_attempt(a, Time::ZERO), "it has another attempt");
    assert_eq!(board.pick(0), Some(a));
    assert!(board.fail_attempt(a, Time::ZERO));
    assert_eq!(states(&board), "FFr.w");
    let c = board.pick(0).unwrap();
    assert!(board.fail_attempt(c, Time::ZERO));
    assert_eq!(states(&board), "FFFrw", "the fallback takes its place, and the dependent goes on waiting");
    run(&mut board, "d", State::Done);
    run(&mut board, "e", State::Done);
    assert_eq!(states(&board), "FFFDD");
}

#[test]
fn a_result_decides_and_a_join_waits_for_the_way_that_was_taken() {
    let tasks = serde_json::json!([
        { "name": "a", "score": 80, "branch": { "above": 80, "then": "fast", "else": "audit" } },
        { "name": "fast", "after": ["a"] }, { "name": "after-fast", "after": ["fast"] },
        { "name": "audit", "after": ["a"] }, { "name": "join", "after": ["fast", "audit"] }
    ]);
    let mut board = board(&tasks);
    run(&mut board, "a", State::Done);
    assert_eq!(
        states(&board),
        "Dssrw",
        "80 is not above 80, and what only the other way leads to is not needed"
    );
    run(&mut board, "audit", State::Done);
    run(&mut board, "join", State::Done);
    assert_eq!(board.unfinished(), 0);
}

#[test]
fn a_newcomer_holds_up_what_has_not_started_and_a_circle_is_refused() {
    let tasks = serde_json::json!([
        { "name": "plan" }, { "name": "build" }, { "name": "ship", "after": ["build"] },
        { "name": "test", "born": "plan", "before": ["ship", "build"] },
        { "name": "sign", "born": "plan", "after": ["ship"], "before": ["ship"] }
    ]);
    let mut clean = board(&tasks);
    run(&mut clean, "plan", State::Done);
    assert_eq!(states(&clean), "Dwwrs", "build was ready and waits again; sign would wait for itself");
    assert!(clean.events.contains(&Event::GrowthRefused(id(&clean, "sign"))));
    ["test", "build", "ship"].into_iter().for_each(|name| run(&mut clean, name, State::Done));
    assert_eq!(clean.unfinished(), 0);

    let mut planted = Board::new(graph(&tasks), Ordering::Strict).with_growth_unchecked(true);
    planted.start(Time::ZERO);
    ["plan", "test", "build"].into_iter().for_each(|name| run(&mut planted, name, State::Done));
    assert_eq!(
        (planted.pick(u64::MAX), planted.unfinished()),
        (None, 2),
        "ship and sign wait for each other"
    );
}

#[test]
fn the_first_to_succeed_cancels_the_others() {
    let mut board = board(&serde_json::json!([
        { "name": "a", "cancels": ["b"] }, { "name": "b", "cancels": ["a"] }, { "name": "c", "after": ["a", "b"] }
    ]));
    let [a, b] = [board.pick(0).unwrap(), board.pick(0).unwrap()];
    board.end(a, State::Done, Time::ZERO);
    assert!(board.events.contains(&Event::Canceled(b)), "whoever has it must hear of it");
    assert_eq!(states(&board), "Dsr");
}

#[test]
fn a_lock_is_held_by_one_and_passed_on() {
    let mut board = board(&serde_json::json!([
        { "name": "a", "lock": "x" }, { "name": "b", "lock": "x" }, { "name": "c" }
    ]));
    assert_eq!(board.pick(0), Some(0));
    assert_eq!(board.pick(0), Some(2), "b needs the lock");
    assert_eq!(board.pick(0), None);
    board.end(0, State::Done, Time::ZERO);
    assert_eq!(board.pick(0), Some(1));
    board.give_back(1, Time::ZERO, true);
    assert_eq!(board.pick(0), None, "the bug: nobody has the lock, and nobody can take it");
}

#[test]
fn who_waits_long_enough_overtakes_a_higher_priority() {
    let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
    let first = |order: Ordering, urgent_at: u64| {
        let mut queues = Queues::new(order);
        queues.push(0, crate::graph::Rank::Low, at(0), 1);
        queues.push(0, crate::graph::Rank::Critical, at(urgent_at), 2);
        queues.pop(0).unwrap().1
    };
    let ageing = Ordering::Ageing(Duration::from_secs(10));
    assert_eq!((first(ageing, 19), first(ageing, 21)), (2, 1));
    assert_eq!(first(Ordering::Strict, 1_000), 2);
}

#[test]
fn nobody_is_given_what_they_cannot_do() {
    let mut queues = Queues::new(Ordering::Strict);
    queues.push(0b10, crate::graph::Rank::Critical, Time::ZERO, 1);
    queues.push(0, crate::graph::Rank::Low, Time::ZERO, 2);
    assert_eq!(queues.pop(0b01).map(|(_, task)| task), Some(2));
    assert_eq!(queues.pop(0b01), None);
    assert_eq!(queues.pop(0b11).map(|(_, task)| task), Some(1));
}

/// What becomes of a task that is not there yet: a newcomer, or the fallback of a task whose dependents wait for `root`.
fn dormant(
    graph: &Graph,
    states: &[State],
    id: TaskId,
    root: TaskId,
    outcome: &impl Fn(&[State], TaskId) -> State,
) -> Option<State> {
    let task = graph.task(id);
    if !task.born.is_empty() {
        let causes = || task.born.iter().map(|cause| states[*cause as usize]);
        return if causes().any(|state| state == State::Done) {
            Some(State::Waiting)
        } else {
            causes().all(State::is_final).then_some(State::Skipped)
        };
    }
    let ran = graph.task(root).parents.iter().all(|parent| outcome(states, *parent) != State::Failed);
    match states[task.stands_for? as usize] {
        State::Failed if ran => Some(if task.fails_for_good() { State::Failed } else { State::Done }),
        State::Done | State::Skipped | State::Failed => Some(State::Skipped),
        _ => None,
    }
}

/// What becomes of each task, worked out by looking at everything again and again.
fn oracle(graph: &Graph) -> Vec<State> {
    let mut states: Vec<State> =
        graph.iter().map(|(_, task)| if task.is_plain() { State::Waiting } else { State::Dormant }).collect();
    let root = |mut id: TaskId| {
        while let Some(other) = graph.task(id).stands_for {
            id = other;
        }
        id
    };
    // A task together with its fallbacks: how it ended for those that wait for it.
    let outcome = |states: &[State], mut id: TaskId| loop {
        match (states[id as usize], graph.task(id).fallback) {
            (State::Failed, Some(next)) if states[next as usize] != State::Skipped => id = next,
            (state, _) => return state,
        }
    };
    loop {
        let before = states.clone();
        for (id, task) in graph.iter() {
            let state = states[id as usize];
            let own = |state: State, states: &mut Vec<State>| states[id as usize] = state;
            match state {
                State::Waiting => {
                    let parents: Vec<State> =
                        task.parents.iter().map(|parent| outcome(&states, *parent)).collect();
                    let branches = task.parents.iter().any(|parent| {
                        let other = graph.task(*parent);
                        states[*parent as usize] == State::Done
                            && other.branch.is_some_and(|split| {
                                (if other.score > split.above { split.otherwise } else { split.then }) == id
                            })
                    });
                    if branches
                        || (!parents.is_empty() && parents.iter().all(|state| *state == State::Skipped))
                    {
                        own(State::Skipped, &mut states);
                    } else if parents.contains(&State::Failed) {
                        own(State::Failed, &mut states);
                    } else if parents.iter().all(|state| matches!(state, State::Done | State::Skipped)) {
                        own(if task.fails_for_good() { State::Failed } else { State::Done }, &mut states);
                    }
                }
                State::Dormant => {
                    if let Some(next) = dormant(graph, &states, id, root(id), &outcome) {
                        own(next, &mut states);
                    }
                }
                _ => {}
            }
        }
        if states == before {
            return states;
        }
    }
}

#[test]
fn whatever_the_order_the_board_comes_to_what_the_oracle_says() {
    let mut rng = sim_core::random::stream(7, sim_core::random::StreamName::Configuration);
    for seed in 0..400 {
        let graph = Rc::new(Graph::of(&Parameters::default().drawn(&mut rng), seed).unwrap());
        let expected = oracle(&graph);
        let order = Keyed::new(seed, Purpose::Schedule);
        let mut board = Board::new(graph.clone(), Ordering::Strict);
        board.start(Time::ZERO);
        let (mut running, mut turn) = (Vec::new(), 0);
        loop {
            turn += 1;
            let word = order.word(turn, 0);
            if word & 1 == 0
                && let Some(task) = board.pick(u64::MAX)
            {
                running.push(task);
                continue;
            }
            if running.is_empty() {
                match board.pick(u64::MAX) {
                    Some(task) => running.push(task),
                    None => break,
                }
            }
            let task = running.swap_remove(below(word, running.len() as u64) as usize);
            if graph.task(task).fails(board.failed_attempts(task)) {
                board.fail_attempt(task, Time::ZERO);
            } else {
                board.end(task, State::Done, Time::ZERO);
            }
        }
        let found: Vec<State> = graph.iter().map(|(id, _)| board.state(id)).collect();
        assert_eq!(found, expected, "seed {seed}");
    }
}

/// Whichever publishes first brings a task into being; it does not come if nobody does.
#[test]
fn the_first_event_on_a_topic_brings_a_task_into_being() {
    let tasks = serde_json::json!([
        { "name": "a", "publishes": "built" }, { "name": "b", "publishes": "built" }, { "name": "test", "on": "built" }
    ]);
    let fresh = || board(&tasks);
    let mut board = fresh();
    assert_eq!(board.state(2), State::Dormant);
    board.end(0, State::Failed, Time::ZERO);
    assert_eq!(board.state(2), State::Dormant, "b may still publish");
    board.end(1, State::Done, Time::ZERO);
    assert_eq!(board.state(2), State::Ready);
    let mut neither = fresh();
    neither.end(1, State::Failed, Time::ZERO);
    neither.end(0, State::Failed, Time::ZERO);
    assert_eq!(neither.state(2), State::Skipped);
    let mut twice = fresh();
    twice.end(1, State::Done, Time::ZERO);
    twice.end(0, State::Failed, Time::ZERO);
    assert_eq!((twice.state(2), twice.unfinished()), (State::Ready, 1), "who has come stays");
}
