//! The state machine that protocols replicate: objects of every model that clients may use, and one session per client.
//!
//! Raft, PBFT, HotStuff and Tendermint order operations; what an operation does once it is ordered is the same for all of
//! them and stands here, once.
//!
//! - [`operation`]: what clients may ask for and what it comes to, and both in neutral words.
//! - [`contents`]: registers, lists, queues, sets and banks, with a digest that every change keeps up to date.
//! - [`store`]: the contents and the sessions that make every operation happen once (Ongaro's dissertation, section 6.3).

pub mod contents;
pub mod operation;
pub mod store;

pub use contents::Contents;
pub use operation::{MODELS, Operation, Reply};
pub use store::{Outcome, Session, Store};
