//! A replicated store with eventual consistency, as Dynamo and its kin run it (DeCandia et al., "Dynamo: Amazon's highly available
//! key-value store", SOSP 2007).
//!
//! Each key has N homes on a ring of hashes. Any member coordinates what a client asks: a write is acknowledged once W members have
//! it on disk, and a read is answered by R homes. The last writer wins, or concurrent writes are kept side by side. What homes miss reaches
//! them by hints, read repair and comparisons of hash trees. A delete leaves a tombstone, which is collected once nothing older
//! is left anywhere.
//!
//! - [`vocabulary`] and [`parameters`]: what is said, kept and reported, and what can be set
//! - [`siblings`]: what is held of a key
//! - [`ring`], [`tree`] and [`replica`]: where keys live, and how two members compare
//! - [`member`]: the state machine; its parts are `coordinating`, `handoff`, `exchange`, `collection`, `joining`,
//!   `compaction` and `journal`
//! - [`client`] and [`service`]: who asks, and how workloads say it
//! - [`safety`], [`convergence`] and [`liveness`]: what is checked, and owed
//! - [`plants`]: bugs to switch on
//! - [`entry`]: its place in the registry

mod agreement;
pub mod client;
mod collection;
mod compaction;
pub mod convergence;
mod coordinating;
pub mod entry;
mod exchange;
mod handoff;
mod holdings;
mod joining;
mod journal;
mod lineage;
pub mod liveness;
pub mod member;
pub mod parameters;
pub mod plants;
pub mod replica;
pub mod ring;
pub mod safety;
pub mod service;
pub mod siblings;
pub mod tree;
pub mod vocabulary;

#[cfg(test)]
mod tests;
