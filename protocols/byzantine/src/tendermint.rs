//! Tendermint (Buchman, Kwon, Milosevic, The latest gossip on BFT consensus, arXiv 1807.04938).
//!
//! One block is decided after the other, each in rounds. A proposer proposes; members prevote for the block, or for none;
//! who sees a quorum of prevotes for it precommits and is locked on it; a quorum of precommits decides. A round that fails
//! is followed by one with another proposer and longer timeouts. A lock gives way only to a proposal that proves that a
//! quorum prevoted for another block since.
//!
//! The paper floods every message to everybody. Here votes go to everybody directly; a precommit carries the prevotes that
//! justify it, and a proposal its proof of lock; blocks, votes and decisions that somebody lacks are pulled. A vote is
//! durable before it leaves. Heights without requests wait for some.
//!
//! - [`vocabulary`], [`block`]: what is said, proposed, kept and reported
//! - [`parameters`], [`plants`]: settings, and bugs that can be switched on
//! - `replica`: a member, and what it does with each input; [`node`]: members and clients
//! - `rounds`, `proposals`, `voting`, `timer`: Algorithm 1 of the paper; `execution`: what follows from it
//! - `catch_up`, `durability`: who was left behind, and what a restart finds
//! - [`safety`], [`liveness`]: what is checked, and what progress is owed
//! - [`traitors`]: the lies that only members of Tendermint can tell
//! - [`entry`]: its place in the registry

pub mod block;
mod catch_up;
mod durability;
pub mod entry;
mod execution;
pub mod liveness;
pub mod node;
pub mod parameters;
pub mod plants;
mod proposals;
mod replica;
mod rounds;
pub mod safety;
mod timer;
pub mod traitors;
pub mod vocabulary;
mod voting;

#[cfg(test)]
mod tests;
