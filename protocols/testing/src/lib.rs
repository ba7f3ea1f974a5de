//! What the tests of all protocols share.
//!
//! - [`script`]: what members report, played to one check
//! - [`pump`]: a cluster without a world
//! - [`swarm`]: whole runs in which anything breaks

pub mod pump;
pub mod swarm;
pub use sim_core::check::script;
