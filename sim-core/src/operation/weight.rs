//! How heavy values are: a value is a number that nobody else writes, and may stand for more bytes than a number takes.
//!
//! A protocol never sees those bytes. Each value that it is handed tells in its upper bits how many there are, so that
//! whatever keeps or sends a value knows its weight, and nothing has to carry a second field along. Histories, checks and
//! workloads know plain numbers: the world puts the weight on before a protocol hears of an operation, and takes it off
//! what comes back. A weight is a function of the run's seed and of the number, so that whoever names a value twice, as a
//! compare-and-swap does, names the same one.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Operation, Reply};
use crate::digest::hash_words;
use crate::random::below;

/// Where the weight begins.
const SHIFT: u32 = 40;
/// How many bits it has.
const BITS: u32 = 20;
const MASK: u64 = ((1 << BITS) - 1) << SHIFT;
/// From here on numbers are those of the world itself, which have no weight.
const PROBES: u64 = 1 << (SHIFT + BITS);

/// How many bytes one value may have at most.
pub const MOST_VALUE_BYTES: u32 = (1 << BITS) - 1;

/// The bytes that a value stands for besides the number itself.
pub const fn bytes_of(value: u64) -> u32 {
    ((value & MASK) >> SHIFT) as u32
}

/// The bytes of several values.
pub fn bytes_of_all(values: impl IntoIterator<Item = u64>) -> u64 {
    values.into_iter().map(|value| u64::from(bytes_of(value))).sum()
}

/// A value without its weight.
pub const fn number_of(value: u64) -> u64 {
    value & !MASK
}

/// How many bytes the values that clients write have besides the number itself: drawn evenly for each value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValueBytes {
    /// The fewest.
    pub min: u32,
    /// The most, up to [`MOST_VALUE_BYTES`].
    pub max: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number of bytes, or { min = .., max = .. }")]
enum Written {
    Same(u32),
    Range(Range),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    min: u32,
    max: u32,
}

impl Serialize for ValueBytes {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { min, max } = *self;
        if min == max { Written::Same(min) } else { Written::Range(Range { min, max }) }.serialize(to)
    }
}

impl<'de> Deserialize<'de> for ValueBytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(match Written::deserialize(from)? {
            Written::Same(bytes) => Self { min: bytes, max: bytes },
            Written::Range(Range { min, max }) => Self { min, max },
        })
    }
}

impl ValueBytes {
    /// Whether values have no bytes besides the number.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }

    /// Whether the range is one, and no value too large.
    pub const fn is_sane(&self) -> bool {
        self.min <= self.max && self.max <= MOST_VALUE_BYTES
    }

    /// A value with its weight.
    fn weighed(self, seed: u64, number: u64) -> u64 {
        if number >= PROBES || number & MASK != 0 {
            return number;
        }
        let more = u64::from(self.max - self.min) + 1;
        let bytes = u64::from(self.min) + below(hash_words(&[seed, number]), more);
        number | bytes << SHIFT
    }

    /// An operation whose values have their weight. Money and accounts have none.
    pub fn put_on(self, seed: u64, operation: &Operation) -> Operation {
        let weighed = |number: u64| self.weighed(seed, number);
        match *operation {
            _ if self.is_nothing() => *operation,
            Operation::Write { key, value } => Operation::Write { key, value: weighed(value) },
            Operation::Cas { key, from, to } => {
                Operation::Cas { key, from: from.map(weighed), to: weighed(to) }
            }
            Operation::Append { key, value } => Operation::Append { key, value: weighed(value) },
            Operation::Enqueue { key, value } => Operation::Enqueue { key, value: weighed(value) },
            Operation::Add { key, value } => Operation::Add { key, value: weighed(value) },
            Operation::Remove { key, value } => Operation::Remove { key, value: weighed(value) },
            Operation::Read { .. }
            | Operation::ReadList { .. }
            | Operation::Dequeue { .. }
            | Operation::ReadSet { .. }
            | Operation::Transfer { .. }
            | Operation::ReadBank { .. } => *operation,
        }
    }

    /// What came back, in plain numbers.
    pub fn take_off(self, reply: Reply) -> Reply {
        match reply {
            reply if self.is_nothing() => reply,
            Reply::Value(value) => Reply::Value(value.map(number_of)),
            Reply::Values(values) => Reply::Values(values.into_iter().map(number_of).collect()),
            reply => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn between(min: u32, max: u32) -> ValueBytes {
        ValueBytes { min, max }
    }

    #[test]
    fn a_value_has_one_weight_within_its_range() {
        let sizes = between(100, 1_100);
        let weights: Vec<u32> = (0..10_000).map(|number| bytes_of(sizes.weighed(7, number))).collect();
        assert!(weights.iter().all(|weight| (100..=1_100).contains(weight)));
        let mean = weights.iter().map(|weight| u64::from(*weight)).sum::<u64>() / 10_000;
        assert!((585..615).contains(&mean), "{mean}");
        let again = (0..10_000).map(|number| bytes_of(sizes.weighed(7, number)));
        assert!(again.eq(weights), "whoever names it twice names the same");
        assert_ne!(sizes.weighed(8, 1), sizes.weighed(7, 1), "another run");
    }

    #[test]
    fn what_is_put_on_comes_off_again() {
        let sizes = between(MOST_VALUE_BYTES, MOST_VALUE_BYTES);
        let Operation::Cas { from: Some(from), to, .. } =
            sizes.put_on(1, &Operation::Cas { key: 5, from: Some(3), to: 4 })
        else {
            panic!("it is still a swap");
        };
        assert_eq!([from, to].map(bytes_of), [MOST_VALUE_BYTES; 2]);
        assert_eq!(bytes_of_all([from, to]), 2 * u64::from(MOST_VALUE_BYTES));
        assert_eq!(sizes.take_off(Reply::Values(vec![from, to])), Reply::Values(vec![3, 4]));
        assert_eq!(sizes.take_off(Reply::Value(Some(to))), Reply::Value(Some(4)));
        let read = Operation::Read { key: 1 << 50 };
        assert_eq!(sizes.put_on(1, &read), read, "a key is no value");
    }

    #[test]
    fn what_the_world_itself_writes_and_what_has_no_size_weigh_nothing() {
        let probe = Operation::Write { key: 1, value: PROBES + 3 };
        assert_eq!(between(1, 9).put_on(1, &probe), probe);
        let plain = Operation::Write { key: 1, value: 3 };
        assert_eq!(ValueBytes::default().put_on(1, &plain), plain);
        let whatever = Reply::Value(Some(u64::MAX));
        assert_eq!(
            ValueBytes::default().take_off(whatever.clone()),
            whatever,
            "a traitor's value stays as it is"
        );
    }

    #[test]
    fn one_number_or_a_range_is_read() {
        let read = |text: &str| serde_json::from_str::<ValueBytes>(text).map_err(|error| error.to_string());
        assert_eq!(read("1024"), Ok(between(1_024, 1_024)));
        assert_eq!(read("{\"min\":1,\"max\":9}"), Ok(between(1, 9)));
        assert_eq!(serde_json::to_string(&between(1, 9)).unwrap(), "{\"min\":1,\"max\":9}");
        assert_eq!(serde_json::to_string(&between(5, 5)).unwrap(), "5");
        assert!(read("\"large\"").unwrap_err().contains("expected a number of bytes, or"));
        assert!(!between(2, 1).is_sane() && !between(0, MOST_VALUE_BYTES + 1).is_sane());
    }
}
