//! The system under test, and what progress it owes.

use crate::check::{Judge, Seen};
use crate::coalition::Coalition;
use crate::fault::FaultModel;
use crate::ground::Ground;
use crate::identity::Slot;
use crate::operation::Service;
use crate::outcome::Stall;
use crate::process::{Factory, Process, Protocol};

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
