//! Plumtree over HyParView: broadcast along a tree that is embedded in a random overlay and repairs itself (Leitão, Pereira
//! and Rodrigues, "Epidemic broadcast trees", SRDS 2007; the overlay: "HyParView", DSN 2007).
//!
//! A member has a link with a few others. Over eager links it pushes payloads, over lazy ones it announces them. A payload
//! that comes twice makes its link lazy; an announcement without a payload makes the link eager and asks for it. So the
//! eager links become a tree, and the lazy ones repair it. Links are streams: their end tells that a member has failed.
//!
//! - [`vocabulary`] and [`parameters`]: what members say and report, and what can be set
//! - [`member`]: the state machine; `membership` and `broadcast` are its halves
//! - [`safety`], [`announcement`], [`eviction`], [`tree`], [`repair`], [`candidates`], [`completeness`] and [`liveness`]: what is checked, and owed; [`course`]: what is measured
//! - [`plants`]: bugs to switch on
//! - [`entry`]: its place in the registry

pub mod announcement;
mod broadcast;
pub mod candidates;
pub mod completeness;
pub mod course;
pub mod entry;
pub mod eviction;
pub mod liveness;
pub mod member;
mod membership;
pub mod parameters;
pub mod plants;
pub mod repair;
pub mod safety;
pub mod tree;
pub mod vocabulary;

#[cfg(test)]
mod tests;
