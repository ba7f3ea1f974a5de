//! What no run can have is refused before anything is built, wherever a setup comes from: a scenario, a capsule, a program.
//!
//! What the network and the plan of faults say of themselves they check themselves.

use super::{FIRST_VERSION, Setup};
use crate::distribution::{DistributionError, LONGEST};
use crate::time::Duration;
use crate::workload::WorkloadError;

/// The longest phase of a run: a hundred years.
const LONGEST_PHASE: Duration = Duration::from_secs(100 * 365 * 86_400);

/// So many slots a world holds at most.
const MOST_SLOTS: u64 = 1 << 24;

/// No clock is further off its rate than this, in parts per million.
const MOST_DRIFT: u32 = 900_000;
/// No timer is later than this.
const LONGEST_JITTER: Duration = Duration::from_secs(10);

/// Why a setup cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SetupError {
    /// There is nobody.
    #[error("a cluster needs at least one member")]
    NoMember,
    /// There are too many.
    #[error("a world holds at most {MOST_SLOTS} slots")]
    Slots,
    /// A phase takes too long.
    #[error("a run lasts at most {LONGEST_PHASE}")]
    Phase,
    /// A step or a retransmission takes too long.
    #[error("{name} is {value}, above the longest duration of 365 days")]
    TooLong {
        /// What takes so long.
        name: &'static str,
        /// How long it takes.
        value: Duration,
    },
    /// Something is drawn that cannot be.
    #[error("{name}: failed to {error}")]
    Distribution {
        /// What is drawn.
        name: &'static str,
        /// Why it cannot be.
        error: DistributionError,
    },
    /// A clock is no clock.
    #[error("a clock cannot drift by more than {MOST_DRIFT} ppm")]
    Drift,
    /// Timers that are later than any machine's.
    #[error("a timer cannot be late by more than {LONGEST_JITTER}")]
    Jitter,
    /// A message never arrives.
    #[error("in an inbox of no places nothing ever arrives")]
    Inbox,
    /// The workload makes no sense.
    #[error(transparent)]
    Workload(#[from] WorkloadError),
    /// There are two versions of one name, or one takes the name of the first.
    #[error("there are two versions called \"{0}\"")]
    SameVersion(String),
    /// A fault names a version that nobody knows.
    #[error("a fault upgrades to \"{version}\": expected one of {known}")]
    UnknownVersion {
        /// What it names.
        version: String,
        /// All that there are.
        known: String,
    },
    /// The start names somebody who is not there.
    #[error("the start names n{}, but there are only {members} members", u64::from(*slot) + 1)]
    Nobody {
        /// Who it is, counted from zero.
        slot: u32,
        /// How many there are.
        members: u32,
    },
}

impl Setup {
    /// Whether it can be run.
    ///
    /// # Errors
    /// The first thing that cannot be.
    pub fn validate(&self) -> Result<(), SetupError> {
        if self.members == 0 {
            return Err(SetupError::NoMember);
        }
        if u64::from(self.members) + u64::from(self.clients) + self.initial.beside.len() as u64 > MOST_SLOTS {
            return Err(SetupError::Slots);
        }
        let phases = [Some(self.duration), self.progress_timeout];
        if phases.into_iter().flatten().any(|phase| phase > LONGEST_PHASE) {
            return Err(SetupError::Phase);
        }
        self.check_lengths()?;
        self.check_distributions()?;
        if self.clocks.drift_ppm > MOST_DRIFT {
            return Err(SetupError::Drift);
        }
        if self.clocks.timer_jitter > LONGEST_JITTER {
            return Err(SetupError::Jitter);
        }
        if self.service.inbox == Some(0) {
            return Err(SetupError::Inbox);
        }
        if let Some(workload) = &self.workload {
            workload.validate(self.clients)?;
        }
        self.check_versions()?;
        self.check_initial()
    }

    fn check_versions(&self) -> Result<(), SetupError> {
        let names: Vec<&str> = self.version_names().collect();
        let twice = (1..names.len()).find(|index| names[..*index].contains(&names[*index]));
        if let Some(index) = twice {
            return Err(SetupError::SameVersion(names[index].to_owned()));
        }
        let mut installed = self.faults.entries.iter().filter_map(|entry| entry.what.version());
        match installed.find(|version| !names.contains(version)) {
            Some(version) => {
                Err(SetupError::UnknownVersion { version: version.to_owned(), known: names.join(", ") })
            }
            None => Ok(()),
        }
    }

    /// The names of all versions, the first one first.
    pub fn version_names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(FIRST_VERSION).chain(self.versions.iter().map(|version| version.name.as_str()))
    }

    fn check_lengths(&self) -> Result<(), SetupError> {
        let lengths = [
            ("the service time of a kilobyte", self.service.per_kilobyte),
            ("the service time of a signature", self.service.per_signature),
            ("the wait before a retransmission", self.network.retransmit_after),
            ("the delay of the coalition", self.network.coalition_delay.unwrap_or_default()),
        ];
        let long = lengths.into_iter().find(|(_, value)| *value > LONGEST);
        long.map_or(Ok(()), |(name, value)| Err(SetupError::TooLong { name, value }))
    }

    fn check_distributions(&self) -> Result<(), SetupError> {
        let drawn = [
            ("the time of a sync", Some(&self.disk.sync)),
            ("the service time of a message", Some(&self.service.per_message)),
            ("offset", self.clocks.offset.as_ref()),
        ];
        drawn.into_iter().try_for_each(|(name, distribution)| {
            let checked = distribution.map_or(Ok(()), crate::distribution::Distribution::validate);
            checked.map_err(|error| SetupError::Distribution { name, error })
        })
    }

    fn check_initial(&self) -> Result<(), SetupError> {
        let initial = &self.initial;
        let twins = initial.twins.iter().flat_map(|(slot, node)| [slot, node]);
        let mut named = initial.absent.iter().chain(&initial.corrupt).chain(twins).chain(&initial.beside);
        match named.find(|slot| **slot >= self.members) {
            None => Ok(()),
            Some(slot) => Err(SetupError::Nobody { slot: *slot, members: self.members }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::distribution::Distribution;

    fn refused(change: impl Fn(&mut Setup)) -> String {
        let mut setup = Setup::new(1, 3);
        change(&mut setup);
        setup.validate().map_or_else(|error| error.to_string(), |()| String::new())
    }

    #[test]
    fn what_no_run_can_have_is_refused() {
        assert_eq!(refused(|_| ()), "");
        let long = Distribution::Fixed(Duration::MAX);
        assert!(refused(|setup| setup.members = 0).contains("at least one member"));
        assert!(refused(|setup| setup.clients = 1 << 24).contains("16777216 slots"));
        assert!(refused(|setup| setup.duration = Duration::MAX).contains("lasts at most"));
        assert!(refused(|setup| setup.progress_timeout = Some(Duration::MAX)).contains("lasts at most"));
        assert!(refused(|setup| setup.disk.sync = long.clone()).contains("the time of a sync: failed to"));
        assert!(refused(|setup| setup.clocks.offset = Some(long.clone())).contains("offset: failed to"));
        assert!(refused(|setup| setup.clocks.drift_ppm = 1_000_000).contains("900000 ppm"));
        assert!(refused(|setup| setup.clocks.timer_jitter = Duration::from_secs(11)).contains("10s"));
        assert!(refused(|setup| setup.service.inbox = Some(0)).contains("no places"));
        assert!(refused(|setup| setup.service.per_signature = Duration::MAX).contains("of a signature is"));
        assert!(refused(|setup| setup.network.retransmit_after = Duration::MAX).contains("retransmission"));
        assert!(refused(|setup| setup.initial.absent = vec![3]).contains("n4, but there are only 3"));
        assert!(refused(|setup| setup.initial.twins = vec![(1, u32::MAX)]).contains("n4294967296"));
    }
}
