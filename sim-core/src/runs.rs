//! From a setup and a system under test to an outcome: one run, or many under the `Choices` scheduler.

mod orders;

pub use orders::{Bounds, EveryOrder, Schedules, by_priorities, every_order, simulate_choices};

use crate::launch::{Launch, LaunchError};
use crate::outcome::Outcome;
use crate::process::{Process, Protocol};
use crate::setup::Setup;
use crate::subject::Subject;
use crate::world::World;

/// Runs it.
///
/// # Errors
/// If the setup cannot be run with this system.
pub fn simulate<P: Protocol, N: Process<P>>(
    setup: &Setup,
    launch: &Launch,
    subject: Subject<P, N>,
) -> Result<Outcome, LaunchError> {
    let world = World::new(setup, launch, subject)?;
    Ok(world.run())
}
