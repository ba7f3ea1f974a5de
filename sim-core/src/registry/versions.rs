//! Versions of a protocol that run in one cluster, as a rolling upgrade leaves them.

use super::parameters::ParameterSet;
use super::{ParameterError, ProtocolInfo};
use crate::identity::NodeId;
use crate::launch::LaunchError;
use crate::process::{Boot, Factory, JournalId, Process, Protocol};
use crate::setup::{Setup, Version};

/// What holds of a cluster whose members run several versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Together<T> {
    /// What all of them promise: checks, progress and the budget of faults go by it.
    pub parameters: T,
    /// Checks that judge nothing here, since their property rests on all members being set alike.
    pub unjudged: Vec<&'static str>,
}

/// What the given versions promise together, the first of which is the one of the beginning; or why they cannot run together.
pub type RunsTogether<T> = fn(&[T]) -> Result<Together<T>, String>;

/// The parameters of all versions, the first one first, and what they promise together.
type Mix<T> = (Vec<T>, Together<T>);

/// The parameters of all versions of a run, the first one first.
///
/// # Errors
/// If the parameters of a version are no parameters.
pub(super) fn all<T: ParameterSet + Clone>(
    first: &T,
    versions: &[Version],
) -> Result<Vec<T>, ParameterError> {
    let others = versions.iter().map(|version| T::read(&version.parameters));
    std::iter::once(Ok(first.clone())).chain(others).collect()
}

/// What all versions of a setup promise together; `None` if there is but one.
///
/// # Errors
/// If the protocol knows no versions, or these cannot run together.
pub(super) fn together<T: ParameterSet + Clone>(
    first: &T,
    setup: &Setup,
    info: &ProtocolInfo,
    rule: Option<RunsTogether<T>>,
) -> Result<Option<Mix<T>>, LaunchError> {
    if setup.versions.is_empty() {
        return Ok(None);
    }
    let Some(rule) = rule else {
        return Err(info.unfit("its members cannot be upgraded: it has no versions".to_owned()));
    };
    let all = all(first, &setup.versions).map_err(|error| info.unfit(error.message))?;
    let together = rule(&all).map_err(|why| info.unfit(why))?;
    Ok(Some((all, together)))
}

/// Makes whatever version a member starts as.
pub(super) struct AnyVersion<P: Protocol, N: Process<P>>(pub(super) Vec<Box<dyn Factory<P, Node = N>>>);

impl<P: Protocol, N: Process<P>> Factory<P> for AnyVersion<P, N> {
    type Node = N;

    fn boot(&mut self, boot: Boot<'_, P>) -> N {
        self.0[boot.version as usize].boot(boot)
    }

    /// At genesis, everybody is the first version.
    fn disk(&mut self, node: NodeId) -> Vec<(JournalId, Vec<P::Record>)> {
        self.0[0].disk(node)
    }
}
