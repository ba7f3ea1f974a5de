//! stub
use crate::time::Duration;
use serde::{Deserialize, Serialize};
/// stub
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Distribution {
    /// stub
    Fixed(Duration),
    /// stub
    Uniform {
        /// stub
        min: Duration,
        /// stub
        max: Duration,
    },
}
/// stub
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegionMatrix {}
