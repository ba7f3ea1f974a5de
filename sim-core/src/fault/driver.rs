//! stub
use super::{Action, Executed, FaultPlan};
use crate::ground::Ground;
use crate::identity::Slot;
use crate::registry::FaultModel;
use crate::time::Time;
use std::collections::BTreeMap;
#[derive(Debug)]
pub struct FaultDriver {}
#[derive(Debug, thiserror::Error)]
#[error("x")]
pub struct FaultError;
impl FaultDriver {
    pub fn new(_: &FaultPlan, _: FaultModel, _: u32, _: u32, _: u64) -> Result<Self, FaultError> {
        Ok(Self {})
    }
    pub fn next_at(&self) -> Option<Time> {
        None
    }
    pub fn due(&mut self, _: &Ground, _: &mut Vec<Action>) {}
    pub fn watches_observations(&self) -> bool {
        false
    }
    pub fn watches_messages(&self) -> bool {
        false
    }
    pub fn observed(&mut self, _: &'static str, _: Slot, _: &Ground, _: &mut Vec<Action>) {}
    pub fn sending(&mut self, _: &'static str, _: Slot, _: &Ground, _: &mut Vec<Action>) {}
    pub fn stepped(&mut self, _: &Ground, _: &mut Vec<Action>) {}
    pub fn heal(&mut self, _: &Ground, _: &[Slot], _: &mut Vec<Action>) {}
    pub fn choose_core(&self, g: &Ground, _: u64) -> Vec<Slot> {
        g.members().map(|(s, _)| s).collect()
    }
    pub fn executed(&self) -> &[Executed] {
        &[]
    }
    pub fn executed_plan(&self) -> FaultPlan {
        FaultPlan::default()
    }
    pub fn activity(&self) -> BTreeMap<String, u64> {
        BTreeMap::new()
    }
    pub fn over_budget(&self) -> bool {
        false
    }
}
