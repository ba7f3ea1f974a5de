//! Failure detection by heartbeats: a fixed timeout, or a suspicion that accrues.
//!
//! Members stand on a ring, and each tells the next few that it lives, once in every interval. Whoever hears nothing for too
//! long suspects. What is too long is a constant, or follows from the gaps that were seen before: phi is the negative decimal
//! logarithm of the probability that a member that lives stays silent for so long (Hayashibara, Défago, Yared and Katayama,
//! "The φ accrual failure detector", SRDS 2004), with a normal distribution as in Akka or an exponential one as in Cassandra.
//!
//! - [`vocabulary`] and [`parameters`]: what members say and report, and what can be set
//! - [`detector`]: gaps, phi, and how long a silence can last unsuspected at most
//! - [`member`]: the state machine
//! - [`silence`] and [`safety`]: what is checked; [`ledger`] and [`liveness`]: what is owed
//! - [`plants`]: bugs to switch on
//! - [`entry`]: its place in the registry

pub mod detector;
pub mod entry;
pub mod ledger;
pub mod liveness;
pub mod member;
pub mod parameters;
pub mod plants;
pub mod safety;
pub mod silence;
pub mod vocabulary;

#[cfg(test)]
mod tests;
