//! What replicas of a key-value store on anybody's log have in common.
//!
//! [`command`]: what clients ask for and logs hold. [`sessions`]: the store, which does each command once. [`client`]: asks one
//! replica after the other. [`judge`]: the operations of workloads in these words, and what progress is owed. [`node`]: all of
//! that around a replica. [`storm`]: that mistakes at the boundary are found, which adapters of other crates test as well.

pub mod client;
pub mod command;
pub mod judge;
pub mod node;
pub mod sessions;
pub mod storm;
