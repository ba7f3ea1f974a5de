//! Scenarios: from a scenario file to a verdict, a capsule and a story.
//!
//! A text becomes a [`document`] that remembers where everything stood, a typed [`scenario`], and with a seed a
//! [`plan`], which a [`run`] judges. A failing run becomes a [`capsule`] that [`replay`]s for ever; [`explore`] looks
//! for failing runs over a range of seeds. The [`builtin`] scenarios are files like any other.

pub mod artefact;
pub mod begin;
pub mod builtin;
pub mod campaign;
pub mod campaign_limits;
pub mod capsule;
pub mod compare;
pub mod corpus;
pub mod document;
pub mod explore;
mod github;
pub mod glossary;
pub mod junit;
pub mod merge;
pub mod neighbors;
pub mod parallel;
pub mod plan;
pub mod problem;
pub mod program;
mod renaming;
pub mod replay;
pub mod reproduce;
pub mod run;
pub mod runs_table;
pub mod scenario;
pub mod schema;
pub mod shard;
pub mod shrink;
pub mod shrink_log;
pub mod source;
pub mod story;
pub mod sweep;
#[cfg(test)]
mod testing;
pub mod trace_file;

/// The number of the engine: it is raised whenever a change moves the digest of any run.
pub const ENGINE: u32 = 3;
