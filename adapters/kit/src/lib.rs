//! What replicas of a key-value store on anybody's log have in common.
//!
//! [`command`]: what clients ask for and logs hold. [`sessions`]: the store, which does each command once. [`client`]: asks one
//! replica after the other. [`judge`]: the operations of workloads in these words, and what progress is owed.

pub mod client;
pub mod command;
pub mod judge;
pub mod sessions;
