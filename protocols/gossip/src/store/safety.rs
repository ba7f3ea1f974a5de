//! What must never happen in the store, whatever breaks: a check for each promise.

mod causality;
mod durability;
mod order;
mod promises;
mod reads;
mod siblings;

pub use causality::Causality;
pub use durability::{Durability, Survival};
pub use order::{Newest, Resurrection};
pub use promises::Promises;
pub use reads::QuorumReads;
pub use siblings::Siblings;
