//! What must never happen in the store, whatever breaks: a check for each promise.

mod actors;
mod answers;
mod causality;
mod durability;
mod hints;
mod order;
mod promises;
mod reads;
mod recovery;
mod siblings;
mod trees;

pub use answers::Answers;
pub use causality::Causality;
pub use durability::{Durability, Survival};
pub use hints::Hints;
pub use order::{Newest, Resurrection};
pub use promises::Promises;
pub use reads::QuorumReads;
pub use recovery::Recovery;
pub use siblings::Siblings;
pub use trees::Trees;
