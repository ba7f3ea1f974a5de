//! Graphs as people write them, and as they are refused.

use sim_core::registry::parameters::{Parameter, ParameterSet};

use super::bounds::{chain_and_sum, greedy_makespan, least_makespan};
use super::*;

fn refused(tasks: &serde_json::Value) -> String {
    Tasks::read(tasks).unwrap_err()
}

#[test]
fn a_circle_is_named_task_by_task() {
    let circle = serde_json::json!([
        { "name": "start" }, { "name": "build", "after": ["start", "ship"] }, { "name": "test", "after": ["build"] },
        { "name": "ship", "after": ["test"] }
    ]);
    let message = refused(&circle);
    let (_, around) = message.split_once(": ").unwrap();
    let names: Vec<&str> = around.split(" -> ").collect();
    assert_eq!((names.len(), names.first()), (4, names.last()), "{message}");
    for pair in names.windows(2) {
        assert!(
            [["build", "test"], ["test", "ship"], ["ship", "build"]].iter().any(|edge| edge == pair),
            "{message}"
        );
    }
    assert_eq!(
        refused(&serde_json::json!([{ "name": "a", "after": ["a"] }])),
        "tasks wait for each other in a circle: a -> a"
    );
}

#[test]
fn names_that_are_wrong_are_told() {
    let message = refused(&serde_json::json!([{ "name": "a", "after": ["b"] }]));
    assert_eq!(message, "a names the task b, which is not there; there are a");
    assert_eq!(
        refused(&serde_json::json!([{ "name": "a" }, { "name": "a" }])),
        "there are two tasks called a"
    );
    let message = refused(&serde_json::json!([
        { "name": "a", "fallback": "f" }, { "name": "b", "fallback": "f" }, { "name": "f" }
    ]));
    assert_eq!(message, "f is the fallback of both a and b");
}

#[test]
fn a_csv_gives_the_same_graph_as_tables() {
    let csv = serde_json::json!([
        "name,after,duration,priority,tokens_out",
        "fetch,,3s,,",
        "read,fetch,5s,low,0",
        "sum,fetch read,,critical,200"
    ]);
    let from_csv = Tasks::read(&csv).unwrap();
    let tables = serde_json::json!([
        { "name": "fetch", "duration": "3s" },
        { "name": "read", "after": ["fetch"], "duration": "5s", "priority": "low", "tokens_out": 0 },
        { "name": "sum", "after": ["fetch", "read"], "priority": "critical", "tokens_out": 200 }
    ]);
    assert_eq!(from_csv, Tasks::read(&tables).unwrap());
    assert_eq!(Tasks::read(&from_csv.write()).unwrap(), from_csv);
    assert_eq!(
        refused(&serde_json::json!(["name,steps", "a,many"])),
        "line 2: steps is many, expected a number"
    );
    assert_eq!(refused(&serde_json::json!(["name,steps", "a"])), "line 2: 1 cells under 2 columns");
}

#[test]
fn whatever_a_swarm_draws_is_a_graph() {
    let mut rng = sim_core::random::stream(3, sim_core::random::StreamName::Configuration);
    for seed in 0..300 {
        let parameters = Parameters::default().drawn(&mut rng);
        let graph = Graph::of(&parameters, seed).unwrap();
        assert!(graph.len() >= (parameters.layers * parameters.width) as usize);
        let again = Graph::of(&parameters, seed).unwrap();
        assert!(
            graph
                .tasks
                .iter()
                .zip(&again.tasks)
                .all(|(one, two)| one.work == two.work && one.parents == two.parents)
        );
    }
}

#[test]
fn bounds_are_those_of_a_figure_made_by_hand() {
    // Two chains of 3 s + 4 s and 2 s, joined by 1 s: the longest chain takes 8 s, all of it 10 s.
    let tasks = Tasks::read(&serde_json::json!([
        { "name": "a", "duration": "3s" }, { "name": "b", "after": ["a"], "duration": "4s" },
        { "name": "c", "duration": "2s" }, { "name": "d", "after": ["b", "c"], "duration": "1s" }
    ]));
    let graph = Graph::of(&Parameters { tasks: tasks.unwrap(), ..Parameters::default() }, 1).unwrap();
    let (chain, sum) = chain_and_sum(&graph, &[0, 2, 1, 3], |id| graph.task(id).work);
    assert_eq!((chain, sum), (Duration::from_secs(8), Duration::from_secs(10)));
    assert_eq!(least_makespan(chain, sum, 1), Duration::from_secs(10));
    assert_eq!(least_makespan(chain, sum, 2), Duration::from_secs(8));
    assert_eq!(greedy_makespan(chain, sum, 2), Duration::from_secs(13));
}
