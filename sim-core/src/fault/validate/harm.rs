//! What is wrong with the parameters of a fault of links.

use super::{Problem, positive};
use crate::fault::spec::{Harm, LinkFault};
use crate::ratio::Ratio;

/// What is wrong with the parameters of a fault of links.
pub(super) fn check(fault: &LinkFault) -> Result<(), Problem> {
    if fault.ends.is_ambiguous() {
        return Err(Problem::Links);
    }
    let likely = |odds: &Ratio| positive("probability", !odds.is_zero());
    match &fault.harm {
        Harm::SlowLink { delay } => Ok(delay.validate()?),
        Harm::Jam {} => Ok(()),
        Harm::Loss { probability } if probability.threshold() == u64::MAX => Err(Problem::CertainLoss),
        Harm::Loss { probability } | Harm::Duplicate { probability } | Harm::Corruption { probability } => {
            likely(probability)
        }
        Harm::Spikes { probability, delay } => {
            likely(probability)?;
            Ok(delay.validate()?)
        }
        Harm::Reorder { probability, within } => {
            likely(probability)?;
            positive("within", !within.is_zero())
        }
        Harm::Bandwidth { bytes_per_second } => positive("bytes_per_second", *bytes_per_second > 0),
        Harm::RateLimit { messages_per_second } => positive("messages_per_second", *messages_per_second > 0),
    }
}
