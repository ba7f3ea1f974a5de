//! How a run is launched, beside its setup, and why it may be refused.

use std::sync::Arc;

use crate::lookout::Lookout;
use crate::picture::Detail;
use crate::time::Time;
use crate::trace::TraceRequest;

/// How a run is launched, beyond the setup.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// Plants that are on, by name.
    pub plants: Vec<String>,
    /// Keep the history in the outcome.
    pub keep_history: bool,
    /// Record a trace; changes nothing in the run.
    pub trace: Option<TraceRequest>,
    /// How much is kept for pictures; changes nothing in the run.
    pub picture: Detail,
    /// Who looks on.
    pub lookout: Option<Arc<dyn Lookout>>,
    /// Draws chance anew from a moment on: what comes of it is another run than that of the setup.
    pub redraw: Option<Redraw>,
}

/// From a moment on, chance is that of another seed: what is under way stays under way, what was drawn before stays drawn
/// (plans of faults, latencies and clocks that are kept for a run, identities), and fates that were fixed by hand are no
/// longer. Everything else is drawn anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redraw {
    /// The moment; the first events at it have the new chance.
    pub at: Time,
    /// The seed of what follows.
    pub seed: u64,
}

/// A setup that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LaunchError {
    /// There are too few or too many members for this protocol.
    #[error("launch {protocol}: {reason}")]
    Unfit {
        /// The protocol.
        protocol: &'static str,
        /// Why not.
        reason: String,
    },
    /// No such plant.
    #[error("launch {protocol}: unknown plant \"{plant}\"")]
    UnknownPlant {
        /// The protocol.
        protocol: &'static str,
        /// The plant asked for.
        plant: String,
    },
    /// The world refused the setup.
    #[error("launch: {0}")]
    Setup(String),
}
