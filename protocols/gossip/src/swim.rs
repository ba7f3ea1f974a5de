//! SWIM: scalable, weakly consistent, infection-style process group membership (Das, Gupta and Motivala, DSN 2002), as
//! memberlist and Serf run it, with Lifeguard (Dadgar, Phillips and Currey, 2017).
//!
//! Each period a member probes another one. If there is no answer it asks others to probe; if there is none still, the
//! target is suspected, and declared dead unless it denies that in time. What members learn travels with probes and with
//! gossip, each update a limited number of times; whole views are compared now and then.
//!
//! - [`parameters`], [`preset`] and [`settings`]: what can be set, published defaults, and the published formulas
//! - [`vocabulary`]: what members say and report
//! - [`member`]: the state machine; its phases are `probing`, `learning`, `dissemination`, `push_pull` and `joining`
//! - `view` (on `pages`, `suspicion` and `subjects`), `broadcasts` (of `rumor`), `order`, `due`: what a member keeps
//! - [`initial`]: what it starts from
//! - [`safety`] and [`liveness`]: what is checked, and owed
//! - [`plants`] and [`stalling`]: bugs to switch on; [`traitors`]: members that lie
//! - `versions`: what members promise together that are set otherwise
//! - [`entry`]: its place in the registry

mod broadcasts;
mod dissemination;
mod due;
pub mod entry;
pub mod initial;
mod joining;
mod learning;
pub mod ledger;
pub mod liveness;
pub mod member;
mod order;
mod pages;
pub mod parameters;
pub mod plants;
pub mod preset;
mod probing;
mod push_pull;
mod rumor;
pub mod safety;
pub mod settings;
pub mod stalling;
mod subjects;
mod suspicion;
pub mod traitors;
mod versions;
mod view;
pub mod vocabulary;

#[cfg(test)]
mod tests;
