//! Practical Byzantine fault tolerance (Castro and Liskov, OSDI 1999).
//!
//! A primary orders what clients ask for, in batches; the others prepare and commit each with a quorum. A primary that
//! does not deliver is replaced by a view change, which carries over whatever may have been committed. Checkpoints bound
//! what is remembered.
//!
//! Differences to the paper: every message travels on a session, so that nothing is said again unless a session ended;
//! votes are signed, and a vote is durable before it leaves; a replica that was left behind asks for what was committed
//! as soon as f + 1 others voted for it, without waiting for a checkpoint (arXiv 2107.11144).
//!
//! - [`vocabulary`], [`proofs`]: what is said, proved, kept and reported
//! - [`parameters`], [`plants`]: settings, and bugs that can be switched on
//! - `replica`: a member, and what it does with each input; [`node`]: members and clients
//! - `requests`, `ordering`, `execution`, `checkpoint`: the normal case
//! - `view_change`, `new_view`, `timer`: another primary
//! - `catch_up`, `durability`: who was left behind, and what a restart finds
//! - [`safety`], [`liveness`]: what is checked, and what progress is owed
//! - [`traitors`]: the lies that only members of PBFT can tell
//! - [`entry`]: its place in the registry

mod catch_up;
mod checkpoint;
mod durability;
pub mod entry;
mod execution;
pub mod liveness;
mod new_view;
pub mod node;
mod ordering;
pub mod parameters;
pub mod plants;
pub mod proofs;
mod replica;
mod requests;
pub mod safety;
mod timer;
pub mod traitors;
mod view_change;
pub mod vocabulary;

#[cfg(test)]
mod tests;
