//! Protocols that agree in spite of members that lie.
//!
//! - [`bracha`]: reliable broadcast

pub mod bracha;
