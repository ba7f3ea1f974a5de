//! stub
use serde::{Deserialize, Serialize};
/// stub
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct FaultPlan {}
/// stub
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Executed {}
