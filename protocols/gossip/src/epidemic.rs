//! Epidemic broadcast: rumors spread by random contacts (Demers et al., "Epidemic algorithms for replicated database
//! maintenance", PODC 1987).
//!
//! Once per cycle an agent contacts another one, or several, drawn from all members, from its neighbors in an overlay
//! graph, or by their distance: it pushes the rumors it is spreading, pulls those that the other is spreading, or both. An agent is *susceptible* until it knows the rumors, *infective* while it spreads
//! them, and *removed* once it has lost interest, by one of the paper's rules.
//!
//! An agent is 32 bytes and holds no list of members, so that a million of them fit; it has no journal, so that a
//! restart makes it susceptible again.
//!
//! - [`vocabulary`]: what agents say and report
//! - [`parameters`]: modes, rhythms, rules of losing interest
//! - [`contacts`]: whom agents contact
//! - [`agent`]: the state machine
//! - [`safety`] and [`completeness`]: what is checked
//! - [`liveness`]: what progress is owed
//! - `theory`: how a simple epidemic grows, for reports
//! - [`entry`]: its place in the registry

pub mod agent;
pub mod completeness;
pub mod contacts;
pub mod entry;
pub mod liveness;
pub mod parameters;
mod rumor_table;
pub mod safety;
pub mod stalling;
mod theory;
pub mod vocabulary;

#[cfg(test)]
mod overlays;
#[cfg(test)]
mod paper;
#[cfg(test)]
mod runs;
