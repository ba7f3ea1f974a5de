//! What must never happen, whatever goes wrong. One checker per file.
//!
//! A strategy is held to what it gives and to nothing else ([`Parameters::gives`]). A check of what the policy for partitions
//! forfeits hears nothing.

pub mod buckets;
pub mod conservation;
pub mod coordinator;
pub mod core;
pub mod deadlock;
pub mod effects;
pub mod events;
pub mod health;
pub mod homes;
pub mod leases;
pub mod limits;
pub mod makespan;
pub mod memory;
pub mod paths;
pub mod precedence;
pub mod queues;
pub mod registry;
pub mod results;
pub mod silence;
pub mod split_brain;
pub mod starvation;
pub mod steps;

use std::rc::Rc;

use sim_core::identity::NodeId;

use raft::safety::commit_durable::CommitDurable;
use raft::safety::commit_monotone::CommitMonotone;
use raft::safety::commit_term::CommitTerm;
use raft::safety::election_safety::ElectionSafety;
use raft::safety::leader_append_only::LeaderAppendOnly;
use raft::safety::leader_completeness::LeaderCompleteness;
use raft::safety::log_matching::LogMatching;
use raft::safety::one_vote::OneVote;
use raft::safety::state_machine_safety::StateMachineSafety;
use raft::safety::term_monotone::TermMonotone;

use crate::graph::Graph;
use crate::ledger::Ledger;
use crate::parameters::Parameters;
use crate::vocabulary::{Coordination, CoordinationMessage as Message};

/// What somebody says, and to whom, whether or not others pass it on. What it passes on for others says nothing of it.
fn said(from: NodeId, to: NodeId, message: &Message) -> Option<(NodeId, &Message)> {
    match message {
        Message::Relay { from: origin, to, parcel, .. } => (*origin == from).then(|| (*to, &*parcel.0)),
        other => Some((to, other)),
    }
}

sim_core::checks! {
    /// Every check, fresh, for one run.
    pub fn checks(parameters: &Parameters, graph: &Rc<Graph>, agents: u32, drift_ppm: u32, ledger: &Ledger) -> Coordination {
        "coordination/precedence": "No task starts before all that it waits for has ended."
            => precedence::Precedence::new(graph, ledger.clone(), parameters.gives().one_order),
        "coordination/paths": "Tasks start after the success of all that they wait for, and on the way for which a result decided."
            => paths::Paths::new(graph, parameters.gives().one_order),
        "coordination/steps": "The steps of a task are done one after the other, from where the sink says that they were, and once under each fence."
            => steps::Steps::new(graph, parameters.gives().one_order),
        "coordination/results": "A coordinator says of tasks what became of them at the sink, the sink what took effect, under fences that rise."
            => results::Results::new(graph, parameters.gives().one_order),
        "coordination/exactly-once": "Every task takes effect at most once, and the fences of a task rise."
            => effects::Effects::new(graph, parameters.gives().one_order),
        "coordination/live-leases": "At any moment, at most one agent has a live lease of a task, and one task a lock."
            => leases::LiveLeases::new(ledger.clone(), parameters.gives().exclusive).with_locks(parameters.gives().locks),
        "coordination/conservation": "The coordinator gives away only tasks that are free, and ends each one once."
            => conservation::Conservation::new(graph, parameters.core_of(agents), parameters.gives().one_order),
        "coordination/queue-bound": "No more tasks wait at an agent than it has room for, and no more letters for one receiver."
            => queues::QueueBound,
        "coordination/deadlock": "Tasks never wait for each other in a circle, and whatever waits waits for something that \
            can come."
            => deadlock::Deadlock::new(graph, ledger.clone()),
        "coordination/starvation": "No ready task is overtaken by one that became ready more than two steps of ageing later, or later and is not more urgent."
            => starvation::Starvation::new(graph, parameters.ageing, parameters.gives().one_order),
        "coordination/health-checks": "An agent does nothing else when its last beat is older than two heartbeats."
            => health::HealthChecks::new(parameters, agents),
        "coordination/silence": "A coordinator finds agents that fall silent in time, and not before."
            => silence::Silence::new(parameters, agents),
        "coordination/homes": "A home lets one agent at a time have a task, also over a crash."
            => homes::Homes::new(parameters, agents, drift_ppm, ledger.clone()),
        "coordination/limits": "An agent whose call was refused waits as long as it was told to."
            => limits::Limits::new(parameters),
        "coordination/makespan": "The tasks do not end sooner than their longest chain and their work allow."
            => makespan::Makespan::new(parameters, graph, agents, ledger.clone()),
        "coordination/buckets": "The six buckets of each agent's time sum to the run, and an agent is at work exactly when it \
            has a task."
            => buckets::TimeBuckets::new(parameters, agents, ledger.clone()),
        "coordination/one-coordinator": "At any moment at most one agent coordinates, and terms rise."
            => coordinator::OneCoordinator::new(parameters.gives().one_order),
        "coordination/registry": "Whoever has not registered within the deadline is named, and tasks go to registered agents that can do them, \
            and only agents that are gone are replaced."
            => registry::Registry::new(parameters, graph, agents),
        "coordination/events": "Whoever subscribes to a topic hears of each event once in its life, or it is reported that it did not."
            => events::Events::new(parameters, graph, agents),
        "coordination/split-brain": "Never do two coordinators decide different things at one place of the order, also where \
            the policy for partitions forfeits that."
            => split_brain::SplitBrain::new(graph, parameters),
        "coordination/memory": "Shared memory keeps what the strategy promises: acknowledged notes are not lost, what is read was \
            written, and what was given up as expired is not returned."
            => memory::SharedMemory::new(parameters, agents).on_clocks(drift_ppm),
        "raft/election-safety": "No term ever has two leaders, also not one after the other."
            => core::OfCore::new(ElectionSafety::default()).if_given(parameters.gives().one_order),
        "raft/one-vote": "A server votes for one candidate in a term, also if it crashes in between and its vote was durable or sent."
            => core::OfCore::new(OneVote::default()),
        "raft/term-monotone": "A server's term never goes back; over a crash, not behind one that was durable or that it led."
            => core::OfCore::new(TermMonotone::default()),
        "raft/commit-monotone": "A server's commit index never goes back while the server runs."
            => core::OfCore::new(CommitMonotone::default()).if_given(parameters.gives().one_order),
        "raft/leader-append-only": "A leader begins with an entry of its term, and never drops or overwrites an entry of its own log; it only appends."
            => core::OfCore::new(LeaderAppendOnly::default()),
        "raft/log-matching": "Logs that hold an entry of the same index and term are equal up to that index."
            => core::OfCore::new(LogMatching::default()).if_given(parameters.gives().one_order),
        "raft/commit-durable": "What is committed is on the disks of a majority of the members, whatever crashes next."
            => core::OfCore::new(CommitDurable::new(parameters.core_of(agents), 0)).if_given(parameters.gives().one_order),
        "raft/commit-term": "A leader commits by counting only up to an entry of its own term."
            => core::OfCore::new(CommitTerm::default()),
        "raft/state-machine-safety": "Servers commit and apply the same entries in the same order, without gaps, and come to the same states."
            => core::OfCore::new(StateMachineSafety::default()).if_given(parameters.gives().one_order),
        "raft/leader-completeness": "What was committed in a term is in the log of every leader of a later term."
            => core::OfCore::new(LeaderCompleteness::default()).if_given(parameters.gives().one_order),
    }
}

#[cfg(test)]
mod tests;
