//! The parameters of reliable broadcast.

use serde::{Deserialize, Serialize};
use sim_core::time::Duration;

use super::vocabulary::Broadcast;

/// What is broadcast, and by whom. Broadcasts that these parameters do not foresee are ignored, so that traitors
/// cannot fill a member's memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// How many members broadcast: the first ones.
    pub broadcasters: u32,
    /// How many values each of them broadcasts.
    pub broadcasts: u64,
    /// Time between two broadcasts of one member; the first comes within the first interval.
    pub interval: Duration,
    /// After which time a failed sync is tried again.
    pub disk_retry: Duration,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            broadcasters: 1,
            broadcasts: 10,
            interval: Duration::from_millis(100),
            disk_retry: Duration::from_millis(100),
        }
    }
}

/// Why parameters make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Absurd {
    /// Nobody broadcasts.
    #[error("at least one member must broadcast")]
    Broadcasters,
    /// Broadcasts all at once, for ever.
    #[error("an interval must be longer than 0s")]
    Interval,
    /// Retries without end at one moment.
    #[error("disk_retry must be longer than 0s")]
    DiskRetry,
}

impl Absurd {
    /// The parameter to look at.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Broadcasters => "broadcasters",
            Self::Interval => "interval",
            Self::DiskRetry => "disk_retry",
        }
    }
}

impl Parameters {
    /// Whether they make sense.
    ///
    /// # Errors
    /// With the first parameter that does not.
    pub fn validate(&self) -> Result<(), Absurd> {
        let wrong = [
            (self.broadcasters == 0, Absurd::Broadcasters),
            (self.interval.is_zero(), Absurd::Interval),
            (self.disk_retry.is_zero(), Absurd::DiskRetry),
        ];
        wrong.into_iter().find(|(is, _)| *is).map_or(Ok(()), |(_, absurd)| Err(absurd))
    }

    /// Whether a broadcast is one of those that are made.
    pub const fn foresee(&self, broadcast: &Broadcast) -> bool {
        broadcast.sender.0 < self.broadcasters
            && broadcast.sequence >= 1
            && broadcast.sequence <= self.broadcasts
    }
}
