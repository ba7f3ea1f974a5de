//! What the tests of all protocols share.
//!
//! - [`script`]: what members report, played to one check

pub mod script;
