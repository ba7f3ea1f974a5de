//! What must never happen, whatever goes wrong. One checker per file.
//!
//! A strategy is held to what it gives and to nothing else ([`Strategy::gives`](crate::parameters::Strategy::gives)).

pub mod buckets;
pub mod conservation;
pub mod deadlock;
pub mod effects;
pub mod health;
pub mod leases;
pub mod makespan;
pub mod precedence;
pub mod queues;
pub mod starvation;

use std::rc::Rc;

use crate::graph::Graph;
use crate::ledger::Ledger;
use crate::parameters::Parameters;
use crate::vocabulary::Coordination;

sim_core::checks! {
    /// Every check, fresh, for one run.
    pub fn checks(parameters: &Parameters, graph: &Rc<Graph>, agents: u32, ledger: &Ledger) -> Coordination {
        "coordination/precedence": "No task starts before all that it waits for has ended."
            => precedence::Precedence::new(graph, ledger.clone()),
        "coordination/exactly-once": "Every task takes effect at most once, and the fences of a task rise."
            => effects::Effects::new(graph),
        "coordination/live-leases": "At any moment, at most one agent has a live lease of a task."
            => leases::LiveLeases::new(ledger.clone()),
        "coordination/conservation": "The coordinator gives away only tasks that are free, and ends each one once."
            => conservation::Conservation::new(graph),
        "coordination/queue-bound": "No more tasks wait at an agent than it has room for."
            => queues::QueueBound,
        "coordination/deadlock": "Tasks never wait for each other in a circle, and whatever waits waits for something that \
            can come."
            => deadlock::Deadlock::new(graph, ledger.clone()),
        "coordination/starvation": "No ready task is overtaken by one that became ready more than two steps of ageing later."
            => starvation::Starvation::new(graph, parameters.ageing),
        "coordination/health-checks": "An agent does nothing else when its last beat is older than two heartbeats."
            => health::HealthChecks::new(parameters, agents),
        "coordination/makespan": "The tasks do not end sooner than their longest chain and their work allow."
            => makespan::Makespan::new(parameters, graph, agents, ledger.clone()),
        "coordination/buckets": "The six buckets of each agent's time sum to the run, and an agent is at work exactly when it \
            has a task."
            => buckets::TimeBuckets::new(parameters, agents, ledger.clone()),
    }
}

#[cfg(test)]
mod tests;
