//! Plans in, actions out.

mod second_phase;
mod swarmed;
mod written;

use crate::fault::FaultModel;
use crate::fault::action::Action;
use crate::fault::plan::{FaultEntry, FaultPlan};
use crate::fault::toy::Run;
use crate::time::{Duration, Time};

/// Bears two of five.
const TWO: FaultModel = FaultModel { crashed: 2, lost_disks: 1, byzantine: 0, outages: false };

/// An entry from its TOML form.
fn entry(text: &str) -> FaultEntry {
    toml::from_str(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// A plan from the TOML forms of its entries.
fn plan(entries: &[&str]) -> FaultPlan {
    FaultPlan::new(entries.iter().map(|text| entry(text)).collect())
}

/// The actions of a plan, with their times in milliseconds.
fn actions(run: &Run) -> Vec<(u64, Action)> {
    run.toy.done.iter().map(|(at, action)| (at.as_nanos() / 1_000_000, action.clone())).collect()
}

const fn seconds(seconds: u64) -> Time {
    Time::from_nanos(Duration::from_secs(seconds).as_nanos())
}
