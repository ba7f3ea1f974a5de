//! What no schedule can beat, and what a greedy one cannot exceed (Graham 1966).

use sim_core::time::Duration;

use super::{Graph, TaskId};

/// The longest chain of work among these tasks, and all their work together. `done` must be in an order in which
/// parents come first, as tasks are done.
pub fn chain_and_sum(
    graph: &Graph,
    done: &[TaskId],
    cost: impl Fn(TaskId) -> Duration,
) -> (Duration, Duration) {
    let mut ends = vec![Duration::ZERO; graph.len()];
    let (mut longest, mut sum) = (Duration::ZERO, Duration::ZERO);
    for id in done {
        let parents = graph.task(*id).parents.iter().map(|parent| ends[*parent as usize]);
        let own = cost(*id);
        let end = parents.max().unwrap_or_default().saturating_add(own);
        ends[*id as usize] = end;
        longest = longest.max(end);
        sum = sum.saturating_add(own);
    }
    (longest, sum)
}

/// No `slots` that work at once finish sooner: max(critical path, work / slots).
pub fn least_makespan(chain: Duration, sum: Duration, slots: u64) -> Duration {
    chain.max(sum / slots.max(1))
}

/// No greedy schedule without faults and overhead takes longer: work / slots + critical path.
pub fn greedy_makespan(chain: Duration, sum: Duration, slots: u64) -> Duration {
    chain.saturating_add(sum / slots.max(1))
}
