//! Cycles, found by petgraph and named task by task.

use petgraph::algo::toposort;
use petgraph::graph::{DiGraph, NodeIndex};

use super::{Graph, Task, TaskId};

/// Refuses a graph whose tasks of some kind wait for each other in a circle.
///
/// # Errors
/// The circle, as `a -> b -> a`.
pub(super) fn refuse(graph: &Graph, there: impl Fn(&Task) -> bool) -> Result<(), String> {
    let mut edges = DiGraph::<TaskId, ()>::with_capacity(graph.len(), graph.len());
    for (id, _) in graph.iter() {
        edges.add_node(id);
    }
    let node = |id: TaskId| NodeIndex::new(id as usize);
    for (id, task) in graph.iter().filter(|(_, task)| there(task)) {
        let parents = task.parents.iter().filter(|parent| there(graph.task(**parent)));
        for parent in parents {
            edges.add_edge(node(*parent), node(id), ());
        }
        // Whoever waits for a task waits for its fallback, too.
        if let Some(fallback) = task.fallback {
            edges.add_edge(node(id), node(fallback), ());
        }
    }
    match toposort(&edges, None) {
        Ok(_) => Ok(()),
        Err(cycle) => {
            let around = circle(&edges, cycle.node_id());
            let names: Vec<&str> = around.iter().map(|id| graph.name(edges[*id])).collect();
            Err(format!("tasks wait for each other in a circle: {}", names.join(" -> ")))
        }
    }
}

/// A way from a task back to itself, both ends included.
fn circle(edges: &DiGraph<TaskId, ()>, start: NodeIndex) -> Vec<NodeIndex> {
    let mut from: Vec<Option<NodeIndex>> = vec![None; edges.node_count()];
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        let mut next: Vec<NodeIndex> = edges.neighbors(node).collect();
        next.sort_unstable();
        for next in next {
            if next == start {
                let mut way = vec![start, node];
                let mut at = node;
                while let Some(before) = from[at.index()].filter(|_| at != start) {
                    way.push(before);
                    at = before;
                }
                way.reverse();
                return way;
            }
            if from[next.index()].is_none() {
                from[next.index()] = Some(node);
                queue.push_back(next);
            }
        }
    }
    vec![start]
}

/// Whether a task that comes into being would wait for itself, given which tasks are there already.
pub fn would_close_a_cycle(graph: &Graph, newcomer: TaskId, there: impl Fn(TaskId) -> bool) -> bool {
    let mut seen = sim_core::ordered::OrderedSet::new();
    let mut stack: Vec<TaskId> = graph.task(newcomer).children.clone();
    while let Some(task) = stack.pop() {
        if task == newcomer {
            return true;
        }
        if there(task) && seen.insert(task) {
            stack.extend(&graph.task(task).children);
        }
    }
    false
}
