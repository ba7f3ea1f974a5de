//! Reliable broadcast with signatures (Bracha, "Asynchronous Byzantine agreement protocols", Information and
//! Computation 75, 1987).
//!
//! A sender's value is delivered by all correct members or by none, and never two values for one broadcast, with up to
//! `f = floor((n - 1) / 3)` members that lie. Many broadcasts run side by side, named by sender and sequence.
//!
//! Bracha's channels are authenticated; here each vote carries its voter's signature instead, so that it can be relayed
//! and kept as evidence. Channels must also be reliable: after a new session each member says again what it said
//! before, and what it said it wrote down first, so that a restarted member cannot say something else.
//!
//! - [`vocabulary`]: what members say, keep and report
//! - [`parameters`]: how many broadcasts by whom
//! - [`thresholds`], [`instance`]: the rules of one broadcast
//! - [`node`]: the state machine, its journal and its links
//! - [`safety`], [`accountability`], [`totality`]: what is checked
//! - [`liveness`] and [`ledger`]: what progress is owed, and what it is judged by
//! - `pace`: how long members are busy with what is broadcast
//! - [`traitors`]: what the coalition can do
//! - [`plants`]: bugs that tests switch on
//! - [`entry`]: its place in the registry

pub mod accountability;
pub mod entry;
pub mod instance;
pub mod ledger;
pub mod liveness;
pub mod node;
mod pace;
pub mod parameters;
pub mod plants;
pub mod safety;
pub mod stalling;
pub mod thresholds;
pub mod totality;
pub mod traitors;
pub mod vocabulary;

#[cfg(test)]
mod paper;
#[cfg(test)]
mod pump;
#[cfg(test)]
mod runs;
