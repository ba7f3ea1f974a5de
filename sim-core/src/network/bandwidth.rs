//! A sender's line: bytes leave one after the other.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::identity::Slot;
use crate::time::{Duration, Time};

const SECOND: u64 = 1_000_000_000;

/// Bytes per second that slots can send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bandwidth {
    /// All of them alike.
    Everywhere(u64),
    /// By host. The first member is at the first host, the second at the second, and after the last host the first again;
    /// clients likewise.
    Hosts(Vec<u64>),
}

/// As a scenario writes what is by host.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ByHost {
    hosts: Vec<u64>,
}

impl Bandwidth {
    /// The smallest; nothing if there is no host.
    pub fn least(&self) -> Option<u64> {
        match self {
            Self::Everywhere(rate) => Some(*rate),
            Self::Hosts(rates) => rates.iter().min().copied(),
        }
    }
}

impl From<u64> for Bandwidth {
    fn from(rate: u64) -> Self {
        Self::Everywhere(rate)
    }
}

impl Serialize for Bandwidth {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Everywhere(rate) => serializer.serialize_u64(*rate),
            Self::Hosts(rates) => {
                let mut table = serializer.serialize_struct("ByHost", 1)?;
                table.serialize_field("hosts", rates)?;
                table.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Bandwidth {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Bandwidth;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes per second, or a table of them by host")
    }

    fn visit_u64<E: Error>(self, rate: u64) -> Result<Bandwidth, E> {
        Ok(Bandwidth::Everywhere(rate))
    }

    fn visit_i64<E: Error>(self, rate: i64) -> Result<Bandwidth, E> {
        u64::try_from(rate)
            .map(Bandwidth::Everywhere)
            .map_err(|_| E::custom("expected bytes per second, 1 or more"))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Bandwidth, A::Error> {
        let ByHost { hosts } = Deserialize::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Bandwidth::Hosts(hosts))
    }
}

/// A line of limited bandwidth for each slot; state only for slots that sent.
#[derive(Clone, Debug)]
pub(super) struct Lines {
    rates: Rates,
    /// When each slot's line has sent everything that waits.
    free_at: Vec<Time>,
}

/// Bytes per second, above zero.
#[derive(Clone, Debug)]
enum Rates {
    Everywhere(u64),
    Hosts { members: usize, rates: Vec<u64> },
}

impl Rates {
    fn of(&self, slot: Slot) -> u64 {
        match self {
            Self::Everywhere(rate) => *rate,
            Self::Hosts { members, rates } => {
                let place = slot.index().checked_sub(*members).unwrap_or(slot.index());
                rates[place % rates.len()]
            }
        }
    }
}

impl Lines {
    /// Lines of `rate` bytes per second; zero counts as one.
    pub(super) fn new(rate: u64) -> Self {
        Self { rates: Rates::Everywhere(rate.max(1)), free_at: Vec::new() }
    }

    /// The lines of a network with so many members. Zero counts as one, and no host as one of endless bandwidth.
    pub(super) fn of(bandwidth: &Bandwidth, members: u32) -> Self {
        let rates = match bandwidth {
            Bandwidth::Everywhere(rate) => return Self::new(*rate),
            Bandwidth::Hosts(rates) if rates.is_empty() => return Self::new(u64::MAX),
            Bandwidth::Hosts(rates) => rates.iter().map(|rate| (*rate).max(1)).collect(),
        };
        Self { rates: Rates::Hosts { members: members as usize, rates }, free_at: Vec::new() }
    }

    /// How long the message of `size` bytes that a slot sent last, at `at`, waits behind others, and how long it takes to
    /// leave.
    pub(super) fn of_last(&self, from: Slot, at: Time, size: u32) -> (Duration, Duration) {
        let takes = transmission(size, self.rates.of(from));
        (self.free_at(from).since(at.saturating_add(takes)), takes)
    }

    /// When the line of a slot has sent everything that waits.
    pub(super) fn free_at(&self, from: Slot) -> Time {
        self.free_at.get(from.index()).copied().unwrap_or(Time::ZERO)
    }

    /// When a message of `size` bytes that reaches the line at `at` has left it. `None` if the line is busy and the
    /// message would not fit among the `room` bytes that may wait. An idle line takes any message.
    pub(super) fn send(&mut self, from: Slot, at: Time, size: u32, room: Option<u64>) -> Option<Time> {
        if self.free_at.len() <= from.index() {
            self.free_at.resize(from.index() + 1, Time::ZERO);
        }
        let rate = self.rates.of(from);
        let free_at = &mut self.free_at[from.index()];
        let wait = free_at.since(at);
        if let Some(room) = room
            && !wait.is_zero()
            && waiting(wait, rate) + u128::from(size) > u128::from(room)
        {
            return None;
        }
        let start = (*free_at).max(at);
        *free_at = start.saturating_add(transmission(size, rate));
        Some(*free_at)
    }
}

/// How long `size` bytes take, rounded up to a nanosecond.
fn transmission(size: u32, rate: u64) -> Duration {
    Duration::from_nanos((u64::from(size) * SECOND).div_ceil(rate))
}

/// The bytes that leave a line in `wait`.
fn waiting(wait: Duration, rate: u64) -> u128 {
    u128::from(wait.as_nanos()) * u128::from(rate) / u128::from(SECOND)
}

#[cfg(test)]
mod tests {
    use super::{Bandwidth, Lines};
    use crate::identity::Slot;
    use crate::time::{Duration, Time};

    const MILLI: u64 = 1_000_000;

    fn at(millis: u64) -> Time {
        Time::from_nanos(millis * MILLI)
    }

    #[test]
    fn messages_leave_one_after_the_other() {
        let mut lines = Lines::new(1_000);
        assert_eq!(lines.send(Slot(0), at(0), 100, None), Some(at(100)));
        assert_eq!(lines.of_last(Slot(0), at(0), 100), (Duration::ZERO, Duration::from_millis(100)));
        assert_eq!(lines.send(Slot(0), at(10), 50, None), Some(at(150)));
        assert_eq!(
            lines.of_last(Slot(0), at(10), 50),
            (Duration::from_millis(90), Duration::from_millis(50))
        );
        assert_eq!(lines.send(Slot(7), at(10), 50, None), Some(at(60)));
        assert_eq!(lines.send(Slot(0), at(500), 1, None), Some(at(501)));
        assert_eq!(Lines::new(3).send(Slot(0), at(0), 1, None), Some(Time::from_nanos(333_333_334)));
    }

    #[test]
    fn what_does_not_fit_the_queue_is_refused_and_takes_no_time() {
        let mut lines = Lines::new(1_000);
        assert_eq!(lines.send(Slot(0), at(0), 5_000, Some(100)), Some(at(5_000)));
        assert_eq!(lines.send(Slot(0), at(4_900), 1, Some(100)), None);
        assert_eq!(lines.send(Slot(0), at(4_950), 50, Some(100)), Some(at(5_050)));
        assert_eq!(lines.send(Slot(0), at(4_950), 1, Some(100)), None);
        assert_eq!(lines.send(Slot(0), at(4_950), 1, None), Some(at(5_051)));
    }

    #[test]
    fn members_and_clients_have_the_bandwidth_of_their_hosts_in_turn() {
        // Three members, then clients.
        let mut lines = Lines::of(&Bandwidth::Hosts(vec![1_000, 500]), 3);
        for (slot, millis) in [(0, 100), (1, 200), (2, 100), (3, 100), (4, 200)] {
            assert_eq!(lines.send(Slot(slot), at(0), 100, None), Some(at(millis)), "slot {slot}");
        }
        assert_eq!(
            lines.of_last(Slot(1), at(0), 100),
            (Duration::ZERO, Duration::from_millis(200)),
            "what waits is counted at the sender's own rate"
        );
        assert_eq!(lines.send(Slot(1), at(100), 100, Some(50)), None, "50 bytes wait already");
    }

    #[test]
    fn bandwidth_is_a_number_or_a_table_by_host() {
        let read = |json: &str| serde_json::from_str::<Bandwidth>(json).map_err(|error| error.to_string());
        for (json, bandwidth) in
            [("1000", Bandwidth::from(1_000)), (r#"{"hosts":[5,7]}"#, Bandwidth::Hosts(vec![5, 7]))]
        {
            assert_eq!(read(json), Ok(bandwidth.clone()));
            assert_eq!(serde_json::to_string(&bandwidth).unwrap(), json);
        }
        assert_eq!(Bandwidth::Hosts(vec![5, 7]).least(), Some(5));
        for (json, why) in [
            (r#"{"host":[5]}"#, "unknown field"),
            (r#"{"hosts":[-5]}"#, "invalid value"),
            ("-1", "1 or more"),
            (r#""much""#, "bytes per second, or a table"),
        ] {
            assert!(read(json).unwrap_err().contains(why), "{json}: {:?}", read(json));
        }
    }

    #[test]
    fn a_line_of_no_bandwidth_is_a_very_slow_one() {
        assert_eq!(Lines::new(0).send(Slot(0), at(0), 2, None), Some(at(2_000)));
    }
}
