//! What the tests of all protocols share.
//!
//! - [`script`]: what members report, played to one check
//! - [`pump`]: a cluster without a world

pub mod pump;
pub mod script;
