//! From a setup and a system under test to an outcome.

use crate::agenda::{Agenda, ChoiceAgenda};
use crate::check::{Check, Seen};
use crate::coalition::Coalition;
use crate::ground::Ground;
use crate::identity::Slot;
use crate::operation::Service;
use crate::outcome::{Outcome, Stall};
use crate::process::{Factory, Protocol};
use crate::registry::{FaultModel, Launch, LaunchError};
use crate::setup::Setup;
use crate::time::Duration;
use crate::world::World;

/// The system under test: everything about a run that is typed by its protocol.
pub struct Subject<P: Protocol, F: Factory<P>> {
    /// The protocol's name.
    pub protocol: &'static str,
    /// Makes processes.
    pub factory: F,
    /// Judges them.
    pub checks: Vec<Box<dyn Check<P>>>,
    /// The brain of its traitors, if it has any.
    pub coalition: Option<Box<dyn Coalition<P>>>,
    /// Translates operations.
    pub service: Box<dyn Service<P>>,
    /// Knows what progress is owed.
    pub liveness: Box<dyn Liveness<P>>,
    /// What faults it bears.
    pub model: FaultModel,
}

/// What progress a protocol owes in the second phase.
pub trait Liveness<P: Protocol> {
    /// Whether this healed core must make progress.
    ///
    /// # Errors
    /// The reason why nothing is owed.
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall>;

    /// How progress is seen.
    fn seen_by(&self) -> ProgressSeen;

    /// Whether what is owed has been reached; asked at the heal (without an observation) and after each observation since.
    /// Only for [`ProgressSeen::Observations`].
    fn reached(&mut self, _ground: &Ground, _core: &[Slot], _seen: Option<&Seen<'_, P>>) -> bool {
        false
    }

    /// Why progress may be missing, when its time is over; `None` if nothing explains it.
    fn explain(&self, _ground: &Ground, _core: &[Slot]) -> Option<Stall> {
        None
    }
}

/// For systems that owe no progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct NothingOwed;

impl<P: Protocol> Liveness<P> for NothingOwed {
    fn owed(&self, _: &Ground, _: &[Slot]) -> Result<(), Stall> {
        Err(Stall::Forfeited)
    }

    fn seen_by(&self) -> ProgressSeen {
        ProgressSeen::Observations
    }
}

impl<P: Protocol, F: Factory<P>> Subject<P, F> {
    /// A system with nothing but processes: no checks, no traitors, no clients, no progress owed.
    pub fn new(protocol: &'static str, factory: F) -> Self {
        Self {
            protocol,
            factory,
            checks: Vec::new(),
            coalition: None,
            service: Box::new(crate::operation::NoService),
            liveness: Box::new(NothingOwed),
            model: FaultModel { crashed: 0, lost_disks: 0, byzantine: 0 },
        }
    }
}

/// How progress is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressSeen {
    /// A client's operation that was invoked after the heal returns.
    Operations,
    /// By [`Liveness::reached`].
    Observations,
}

/// Runs it.
///
/// # Errors
/// If the setup cannot be run with this system.
pub fn simulate<P: Protocol, F: Factory<P>>(
    setup: &Setup,
    launch: &Launch,
    subject: Subject<P, F>,
) -> Result<Outcome, LaunchError> {
    let world = World::new(setup, launch, subject)?;
    Ok(world.run())
}

/// How far every order is searched.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Choices per run.
    pub depth: usize,
    /// How far slot clocks may be apart: timeouts whose deadlines are no further apart may come in either order.
    pub drift: Duration,
    /// Runs at most.
    pub runs: u64,
}

/// What a search through every order came to.
#[derive(Clone, Debug)]
pub struct EveryOrder {
    /// How many runs it took.
    pub runs: u64,
    /// Whether every order within the depth was run.
    pub complete: bool,
    /// The first run that broke something, with the choices that lead there.
    pub failing: Option<(Vec<u32>, Outcome)>,
}

/// Runs under the `Choices` scheduler: `choices` decides, one by one, which enabled event comes next. Returns the outcome
/// and how many alternatives there were at each choice.
///
/// # Errors
/// If the setup cannot be run with this system.
pub fn simulate_choices<P: Protocol, F: Factory<P>>(
    setup: &Setup,
    launch: &Launch,
    subject: Subject<P, F>,
    choices: &[u32],
    drift: Duration,
) -> Result<(Outcome, Vec<u32>), LaunchError> {
    let agenda = Agenda::Choices(ChoiceAgenda::new(choices.to_vec(), drift));
    let world = World::with_agenda(setup, launch, subject, agenda)?;
    Ok(world.run_choices())
}

/// Runs every order of events to a depth, depth first, until one breaks something.
///
/// # Errors
/// If the setup cannot be run with this system.
pub fn every_order<P: Protocol, F: Factory<P>>(
    setup: &Setup,
    launch: &Launch,
    bounds: Bounds,
    mut subject: impl FnMut() -> Subject<P, F>,
) -> Result<EveryOrder, LaunchError> {
    let mut choices = vec![0; bounds.depth];
    for run in 1..=bounds.runs {
        let (outcome, widths) = simulate_choices(setup, launch, subject(), &choices, bounds.drift)?;
        if !outcome.violations.is_empty() {
            choices.truncate(widths.len());
            return Ok(EveryOrder { runs: run, complete: false, failing: Some((choices, outcome)) });
        }
        let Some(last) = (0..widths.len()).rev().find(|at| choices[*at] + 1 < widths[*at]) else {
            return Ok(EveryOrder { runs: run, complete: true, failing: None });
        };
        choices[last] += 1;
        choices[last + 1..].fill(0);
    }
    Ok(EveryOrder { runs: bounds.runs, complete: false, failing: None })
}
