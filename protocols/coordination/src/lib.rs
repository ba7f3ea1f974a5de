//! Coordination: agents that share work, a platform that they all call, and a sink where results take effect.
//!
//! The same tasks run under different strategies. `single` lets one agent do everything, `independent` shares tasks out
//! before the start and lets nobody take over, and `star` has one coordinator that gives tasks to agents under leases.
//!
//! - [`parameters`] and [`plants`]: what can be set, and bugs to switch on
//! - [`graph`]: the tasks, as they are written, generated, validated and bounded
//! - [`topology`]: who is linked to whom, and who forwards for whom
//! - [`vocabulary`]: what is said and reported
//! - [`board`]: in which state every task is, and what follows when one ends
//! - [`worker`]: an agent at work; [`hub`] and [`solitary`]: who decides about its work; [`agent`] puts them together
//! - [`decision`]: what a core decides, as the words of its log
//! - [`courier`]: letters that arrive or are told to be lost
//! - [`memory`]: notes that agents share
//! - [`platform`] and [`sink`]: the model's API and the place of results, in the client slots
//! - [`ledger`]: what really became of tasks and of the agents' time, for checks
//! - [`safety`] and [`liveness`]: what is checked, and owed
//! - [`entry`]: its place in the registry

pub mod agent;
pub mod board;
mod breaker;
pub mod courier;
pub mod decision;
pub mod entry;
pub mod gossip;
pub mod graph;
pub mod hub;
pub mod ledger;
pub mod liveness;
mod marks;
pub mod memory;
pub mod parameters;
pub mod plants;
pub mod platform;
pub mod safety;
pub mod sink;
pub mod solitary;
pub mod topology;
pub mod vocabulary;
pub mod worker;

use sim_core::registry::Registry;

/// Registers the protocol. Its code for every kind of world is made here, beside its processes, so that one is inlined into
/// the other.
#[inline(never)]
pub fn register(registry: &mut Registry) {
    registry.register(entry::ENTRY);
}

#[cfg(test)]
mod tests;
