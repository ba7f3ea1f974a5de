//! Raft (Ongaro and Ousterhout 2014; Ongaro's dissertation 2014).
//!
//! In reading order: [`vocabulary`], [`batch`], [`log`], [`server`] with its phases (election, replication, follower, commit,
//! requests, reads, transfer, snapshot, membership, durability; the state machine is [`objects`]), [`client`] (and the operator that it may be), [`node`], [`composing`] (Raft as a part of something larger), and what a scenario sees: [`parameters`], [`initial`], [`plants`],
//! [`traitors`], [`service`], [`liveness`] (and the timing that it needs), [`entry`].

mod adapting;
pub mod batch;
pub mod client;
mod commit;
pub mod composing;
pub mod configuration;
mod durability;
mod election;
pub mod entry;
mod follower;
pub mod initial;
pub mod liveness;
pub mod log;
mod membership;
pub mod node;
mod operator;
pub mod parameters;
pub mod plants;
mod reads;
mod replication;
mod requests;
pub mod safety;
pub mod server;
pub mod service;
pub mod snapshot;
pub mod stalling;
mod timing;
pub mod traitors;
mod transfer;
mod versions;
pub mod vocabulary;

use sim_core::registry::Registry;

/// Registers the protocol. Its code for every kind of world is made here, beside its processes, so that one is inlined into
/// the other.
#[inline(never)]
pub fn register(registry: &mut Registry) {
    registry.register(entry::ENTRY);
}

#[cfg(test)]
mod tests;
