//! The system under test, and the progress that it owes.

use crate::check::{Judge, Seen};
use crate::coalition::Coalition;
use crate::fault::{FaultGroup, FaultModel};
use crate::ground::{Electorate, Ground};
use crate::identity::Slot;
use crate::operation::Service;
use crate::outcome::{Expectation, Stall};
use crate::process::{Factory, Process, Protocol};
use crate::progress::Pace;
use crate::time::Duration;

/// The system under test: everything about a run that is typed by its protocol and its kind of process.
pub struct Subject<P: Protocol, N: Process<P>> {
    /// The protocol's name.
    pub protocol: &'static str,
    /// Makes processes. It is called only at a boot, so its type is erased: each closure would otherwise get a copy of
    /// the whole world.
    pub factory: Box<dyn Factory<P, Node = N>>,
    /// Judges them.
    pub checks: Vec<Judge<P>>,
    /// The brain of its traitors, if it has any.
    pub coalition: Option<Box<dyn Coalition<P>>>,
    /// Translates operations.
    pub service: Box<dyn Service<P>>,
    /// Knows what progress is owed.
    pub liveness: Box<dyn Liveness<P>>,
    /// What faults it bears.
    pub model: FaultModel,
    /// Members of whom fewer may be affected, beside the model.
    pub groups: Vec<FaultGroup>,
    /// What theory says of a share of the members over time; only a report asks for it ([`Launch::picture`](crate::registry::Launch)).
    pub expected: Option<Expectation>,
    /// How wrong clocks may run, in parts per million; any rate by default, standing still included.
    pub drift_ppm: u32,
}

/// What progress a protocol owes in the second phase.
pub trait Liveness<P: Protocol> {
    /// Whether this healed core must make progress.
    ///
    /// # Errors
    /// The reason why nothing is owed.
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall>;

    /// The kinds of observations that it must be told of from the start; asked once.
    fn hears(&self) -> &'static [&'static str] {
        &[]
    }

    /// A process reported something of a kind that it hears, in either phase.
    fn observe(&mut self, _: &Seen<'_, P>) {}

    /// Who votes now, as far as it has [observed](Self::observe): of each of these, a quorum has to agree. The budget of
    /// faults, the core that is healed, and selectors that speak of quorums go by it. None where the members of the
    /// beginning decide for good, as many as the fault model says.
    fn electorates(&self) -> &[Electorate] {
        &[]
    }

    /// How fast correct code makes progress in a good environment; `timeout` is the protocol's base timeout.
    fn pace(&self, timeout: Duration, _core: &[Slot]) -> Pace {
        Pace::of(timeout)
    }

    /// Whether each client must have an operation done that it is asked for after the heal, too.
    fn asks_clients(&self) -> bool {
        false
    }

    /// How much has been reached of what is owed; asked at the heal (without an observation) and after each observation
    /// since, until it is all.
    fn reached(&mut self, _ground: &Ground, _core: &[Slot], _seen: Option<&Seen<'_, P>>) -> Reach;

    /// Why progress may be missing, when it is overdue; `None` if nothing explains it. [`Stall::Outsider`] is only a
    /// suspicion: it must be proved by a run without those outside.
    fn explain(&self, _ground: &Ground, _core: &[Slot]) -> Option<Stall> {
        None
    }

    /// Knobs that are set so that they forfeit progress while somebody outside the core is broken, in words, if there are
    /// any. They count as the reason of a stall only if progress comes once [`Process::mend`](crate::process::Process::mend)
    /// has changed them.
    fn forfeits(&self) -> Option<&'static str> {
        None
    }
}

/// How much has been reached of what is owed after the heal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing more than before.
    Nothing,
    /// Something that was left from before the heal, for the first time: the cluster is at work.
    More,
    /// All of it.
    All,
}

/// For systems that owe no progress.
#[derive(Clone, Copy, Debug, Default)]
pub struct NothingOwed;

impl<P: Protocol> Liveness<P> for NothingOwed {
    fn owed(&self, _: &Ground, _: &[Slot]) -> Result<(), Stall> {
        Err(Stall::Settings)
    }

    fn reached(&mut self, _: &Ground, _: &[Slot], _: Option<&Seen<'_, P>>) -> Reach {
        Reach::Nothing
    }
}

impl<P: Protocol, N: Process<P>> Subject<P, N> {
    /// A system with nothing but processes: no checks, no traitors, no clients, no progress owed.
    pub fn new(protocol: &'static str, factory: impl Factory<P, Node = N> + 'static) -> Self {
        Self {
            protocol,
            factory: Box::new(factory),
            checks: Vec::new(),
            coalition: None,
            service: Box::new(crate::operation::NoService),
            liveness: Box::new(NothingOwed),
            model: FaultModel { crashed: 0, lost_disks: 0, byzantine: 0, outages: false },
            groups: Vec::new(),
            expected: None,
            drift_ppm: u32::MAX,
        }
    }
}
