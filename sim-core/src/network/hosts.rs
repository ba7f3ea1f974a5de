//! Latencies between pairs of hosts, as somebody measured them: a matrix of numbers, a word for each pair.
//!
//! A matrix over pairs costs a cache miss per message, and is worth it where the pairs are what one wants to see. It is
//! shared by all runs of a scenario, and is written as one text: six hexadecimal digits for each pair, the pairs of an upper
//! triangle where both ways are equal.

use std::fmt::Write;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::distribution::{Distribution, Sampler};
use crate::random::Draw;
use crate::time::Duration;

/// Latency by host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostLatency {
    /// One-way latency between any two hosts. The first member is at the first host, the second at the second, and after the
    /// last host the first again; clients likewise.
    pub latency: HostMatrix,
    /// What each message takes more; nothing if absent.
    #[serde(default)]
    pub jitter: Distribution,
}

/// One-way latencies between hosts, in microseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct HostMatrix {
    hosts: usize,
    micros: Arc<[u32]>,
}

/// Why numbers are no matrix.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Too few or too many hosts.
    #[error("expected 1 to {most} hosts, found {0}", most = HostMatrix::MOST_HOSTS)]
    Hosts(usize),
    /// Not a number for each pair.
    #[error("expected {expected} latencies, found {found}")]
    Pairs {
        /// How many there should be.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// A latency is too large, or no number.
    #[error("a latency is no number of microseconds of at most {most}", most = HostMatrix::MOST_MICROS)]
    Latency,
}

/// A matrix as it is written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    hosts: usize,
    micros: String,
}

const DIGITS: usize = 6;

impl HostMatrix {
    /// No matrix has more hosts: a capsule holds it twice, and has at most 64 MiB.
    pub const MOST_HOSTS: usize = 2_048;
    /// The largest latency: 16.7 seconds.
    pub const MOST_MICROS: u32 = (1 << 24) - 1;

    /// A matrix from a row per sending host.
    ///
    /// # Errors
    /// If there is no number for each pair, or one is too large.
    pub fn new(hosts: usize, micros: Vec<u32>) -> Result<Self, HostError> {
        if !(1..=Self::MOST_HOSTS).contains(&hosts) {
            return Err(HostError::Hosts(hosts));
        }
        if micros.len() != hosts * hosts {
            return Err(HostError::Pairs { expected: hosts * hosts, found: micros.len() });
        }
        if micros.iter().any(|micros| *micros > Self::MOST_MICROS) {
            return Err(HostError::Latency);
        }
        Ok(Self { hosts, micros: micros.into() })
    }

    /// How many hosts there are.
    pub fn hosts(&self) -> usize {
        self.hosts
    }

    /// The latency from one host to another, both below [`HostMatrix::hosts`].
    ///
    /// # Panics
    /// If there is no such host.
    #[inline]
    pub fn between(&self, from: usize, to: usize) -> Duration {
        Duration::from_micros(u64::from(self.micros[from * self.hosts + to]))
    }

    /// The shortest and the longest latency.
    pub fn bounds(&self) -> (Duration, Duration) {
        let micros = |found: Option<&u32>| Duration::from_micros(found.copied().unwrap_or_default().into());
        (micros(self.micros.iter().min()), micros(self.micros.iter().max()))
    }

    fn symmetric(&self) -> bool {
        let at = |a: usize, b: usize| self.micros[a * self.hosts + b];
        (0..self.hosts).all(|a| (0..a).all(|b| at(a, b) == at(b, a)))
    }
}

impl From<HostMatrix> for Written {
    fn from(matrix: HostMatrix) -> Self {
        let symmetric = matrix.symmetric();
        let mut micros = String::with_capacity(matrix.micros.len() * DIGITS);
        for from in 0..matrix.hosts {
            let first = if symmetric { from } else { 0 };
            for latency in &matrix.micros[from * matrix.hosts + first..(from + 1) * matrix.hosts] {
                let _ = write!(micros, "{latency:06x}");
            }
        }
        Self { hosts: matrix.hosts, micros }
    }
}

impl TryFrom<Written> for HostMatrix {
    type Error = HostError;

    fn try_from(written: Written) -> Result<Self, HostError> {
        let Written { hosts, micros } = written;
        if !(1..=Self::MOST_HOSTS).contains(&hosts) {
            return Err(HostError::Hosts(hosts));
        }
        let digit = |byte: &u8| (*byte as char).to_digit(16).ok_or(HostError::Latency);
        let number = |digits: &[u8]| digits.iter().try_fold(0_u32, |sum, byte| Ok(sum * 16 + digit(byte)?));
        let read: Vec<u32> =
            micros.as_bytes().chunks(DIGITS).map(number).collect::<Result<_, HostError>>()?;
        if read.len() != hosts * (hosts + 1) / 2 || hosts == 1 {
            return Self::new(hosts, read);
        }
        let mut whole = vec![0; hosts * hosts];
        let mut next = read.into_iter();
        for from in 0..hosts {
            for to in from..hosts {
                let latency = next.next().unwrap_or_default();
                (whole[from * hosts + to], whole[to * hosts + from]) = (latency, latency);
            }
        }
        Self::new(hosts, whole)
    }
}

/// Latencies by host, ready to draw from.
#[derive(Clone, Debug)]
pub(super) struct HostSampler {
    matrix: HostMatrix,
    members: usize,
    jitter: Sampler,
}

impl HostSampler {
    pub(super) fn new(model: &HostLatency, members: u32) -> Self {
        Self { matrix: model.latency.clone(), members: members as usize, jitter: model.jitter.compile() }
    }

    fn host_of(&self, slot: usize) -> usize {
        slot.checked_sub(self.members).unwrap_or(slot) % self.matrix.hosts
    }

    #[inline]
    pub(super) fn sample(&self, from: usize, to: usize, word: u64, more: &mut Draw) -> Duration {
        let way = self.matrix.between(self.host_of(from), self.host_of(to));
        way.saturating_add(self.jitter.sample(word, more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_matrix_is_written_whole_or_as_a_triangle() {
        let read = |json: &str| serde_json::from_str::<HostMatrix>(json).map_err(|error| error.to_string());
        let even = HostMatrix::new(2, vec![0, 1_000, 1_000, 5]).unwrap();
        let json = serde_json::to_string(&even).unwrap();
        assert_eq!(json, r#"{"hosts":2,"micros":"0000000003e8000005"}"#);
        assert_eq!(read(&json), Ok(even.clone()));
        let odd = HostMatrix::new(2, vec![0, 1_000, 2_000, 5]).unwrap();
        assert_eq!(read(&serde_json::to_string(&odd).unwrap()), Ok(odd.clone()));
        assert_eq!(
            (odd.between(0, 1), odd.between(1, 0)),
            (Duration::from_millis(1), Duration::from_millis(2))
        );
        for (json, why) in [
            (r#"{"hosts":2,"micros":"000000"}"#, "expected 4 latencies, found 1"),
            (r#"{"hosts":0,"micros":""}"#, "expected 1 to 2048 hosts"),
            (r#"{"hosts":99999999999,"micros":""}"#, "expected 1 to 2048 hosts"),
            (r#"{"hosts":1,"micros":"00000g"}"#, "no number"),
        ] {
            assert!(read(json).unwrap_err().contains(why), "{json}");
        }
        assert_eq!(HostMatrix::new(1, vec![1 << 24]), Err(HostError::Latency));
    }

    #[test]
    fn members_and_clients_take_their_hosts_in_turn() {
        let latency = HostMatrix::new(3, (0..9).map(|pair| pair * 1_000).collect()).unwrap();
        let sampler = HostSampler::new(&HostLatency { latency, jitter: Distribution::default() }, 5);
        let hosts: Vec<usize> = (0..8).map(|slot| sampler.host_of(slot)).collect();
        assert_eq!(hosts, [0, 1, 2, 0, 1, 0, 1, 2]);
    }
}
