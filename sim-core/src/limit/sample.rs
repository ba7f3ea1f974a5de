//! Values that are held against bounds: exact counts beyond each bound, and the values themselves to four digits.

use serde::{Deserialize, Serialize};

use crate::ratio::Ratio;

/// Values and how many there were of each. Samples of several runs add up to one, in any order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sample {
    at_least: Option<u64>,
    at_most: Option<u64>,
    count: u64,
    below: u64,
    above: u64,
    /// The smallest and the largest value, exactly.
    ends: Option<(u64, u64)>,
    /// In ascending order, each to four digits.
    values: Vec<(u64, u64)>,
}

/// Values are kept to four digits: an error of one in two thousand.
const DIGITS: u32 = 4;

impl Sample {
    /// Nothing so far, to be held against a least and a most.
    pub const fn new((at_least, at_most): (Option<u64>, Option<u64>)) -> Self {
        Self { at_least, at_most, count: 0, below: 0, above: 0, ends: None, values: Vec::new() }
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many values there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Adds a value that was seen so often.
    pub fn add(&mut self, value: u64, times: u64) {
        if times == 0 {
            return;
        }
        self.count = self.count.saturating_add(times);
        let of = |beyond: bool| if beyond { times } else { 0 };
        self.below = self.below.saturating_add(of(self.at_least.is_some_and(|least| value < least)));
        self.above = self.above.saturating_add(of(self.at_most.is_some_and(|most| value > most)));
        self.stretch((value, value));
        self.put(rounded(value), times);
    }

    /// Adds all values of another one that was held against the same bounds.
    pub fn absorb(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.below = self.below.saturating_add(other.below);
        self.above = self.above.saturating_add(other.above);
        other.ends.into_iter().for_each(|ends| self.stretch(ends));
        for (value, times) in &other.values {
            self.put(*value, *times);
        }
    }

    fn stretch(&mut self, (least, most): (u64, u64)) {
        let (low, high) = self.ends.unwrap_or((least, most));
        self.ends = Some((low.min(least), high.max(most)));
    }

    fn put(&mut self, value: u64, times: u64) {
        match self.values.binary_search_by_key(&value, |(known, _)| *known) {
            Ok(place) => self.values[place].1 = self.values[place].1.saturating_add(times),
            Err(place) => self.values.insert(place, (value, times)),
        }
    }

    /// Whether the quantile keeps to both bounds, or without one every value; nothing can be said of no values.
    pub fn met(&self, quantile: Option<Ratio>) -> Option<bool> {
        if self.count == 0 {
            return None;
        }
        let (most_above, most_below) = match quantile {
            None => (0, 0),
            Some(share) => {
                let rank = self.rank(share);
                (self.count - rank, rank - 1)
            }
        };
        Some(self.above <= most_above && self.below <= most_below)
    }

    /// Whether one value keeps to the bounds that is at least what is in here, as far as that tells.
    pub(super) fn met_open(&self) -> Option<bool> {
        match (self.at_least, self.at_most) {
            (_, Some(_)) if self.above > 0 => Some(false),
            (Some(_), None) if self.count > 0 && self.below == 0 => Some(true),
            _ => None,
        }
    }

    /// The quantile to four digits; without one the largest value, or the smallest if there is only a least.
    pub fn value(&self, quantile: Option<Ratio>, has_most: bool) -> Option<u64> {
        let rank = match quantile {
            Some(share) => self.rank(share),
            None if has_most => self.count,
            None => 1,
        };
        let (least, most) = self.ends?;
        match rank {
            _ if rank == self.count => return Some(most),
            1 => return Some(least),
            _ => {}
        }
        let mut seen = 0_u64;
        let found = self.values.iter().find(|(_, times)| {
            seen = seen.saturating_add(*times);
            seen >= rank
        });
        found.map(|(value, _)| (*value).clamp(least, most))
    }

    /// Which value, counting from one, has this share of all values up to it.
    fn rank(&self, share: Ratio) -> u64 {
        let down = share.of(self.count);
        let rank = if share.reached_by(down, self.count) { down } else { down + 1 };
        rank.clamp(1, self.count.max(1))
    }
}

/// A value to four digits, to the nearest.
fn rounded(value: u64) -> u64 {
    let extra = value.checked_ilog10().unwrap_or(0).saturating_sub(DIGITS - 1);
    let scale = 10_u64.pow(extra);
    value.saturating_add(scale / 2) / scale * scale
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[u64], bounds: (Option<u64>, Option<u64>)) -> Sample {
        let mut sample = Sample::new(bounds);
        values.iter().for_each(|value| sample.add(*value, 1));
        sample
    }

    #[test]
    fn a_quantile_keeps_to_its_bounds_as_the_sorted_values_say() {
        let values: Vec<u64> = (0..1_000_u64).map(|i| i * 7_919 % 1_009).collect();
        let mut sorted = values.clone();
        sorted.sort_unstable();
        for (part, whole) in [(0, 1), (1, 100), (1, 2), (9, 10), (99, 100), (999, 1_000), (1, 1)] {
            let share = Ratio::new(part, whole);
            let rank = (u64::from(part) * 1_000).div_ceil(u64::from(whole)).max(1) as usize;
            let exact = sorted[rank - 1];
            let met = |bounds| of(&values, bounds).met(Some(share));
            assert_eq!(met((None, Some(exact))), Some(true), "{share}");
            assert_eq!(met((Some(exact), None)), Some(true), "{share}");
            assert_eq!(met((Some(exact + 1), None)), Some(false), "{share}");
            assert!(exact == 0 || met((None, Some(exact - 1))) != Some(true));
            assert_eq!(of(&values, (None, None)).value(Some(share), true), Some(exact));
        }
    }

    #[test]
    fn without_a_quantile_every_value_counts() {
        assert_eq!(of(&[3, 5], (Some(3), Some(5))).met(None), Some(true));
        assert_eq!(of(&[3, 5], (Some(4), None)).met(None), Some(false));
        assert_eq!(of(&[3, 5], (None, Some(4))).met(None), Some(false));
        assert_eq!(of(&[], (None, Some(4))).met(None), None);
        assert_eq!(
            (of(&[3, 5], (None, Some(9))).value(None, true), of(&[3, 5], (Some(1), None)).value(None, false)),
            (Some(5), Some(3))
        );
    }

    #[test]
    fn samples_add_up_and_bounds_stay_exact_where_values_are_rounded() {
        let bounds = (None, Some(1_000_000_007));
        let (one, two) = (of(&[1_000_000_007, 12], bounds), of(&[1_000_000_008, 12], bounds));
        assert_eq!((one.met(None), two.met(None)), (Some(true), Some(false)));
        let mut both = one.clone();
        both.absorb(&two);
        let mut other = two.clone();
        other.absorb(&one);
        assert_eq!(both, other);
        assert_eq!(
            (both.count(), both.met(Some(Ratio::new(3, 4))), both.met(None)),
            (4, Some(true), Some(false))
        );
        assert_eq!(both.value(Some(Ratio::new(1, 2)), true), Some(12));
        assert_eq!(both.value(None, true), Some(1_000_000_008));
        let shown = both.value(Some(Ratio::new(3, 4)), true).unwrap();
        assert!(shown.abs_diff(1_000_000_007) < 1_000_000, "{shown}");
        assert_eq!(serde_json::from_str::<Sample>(&serde_json::to_string(&both).unwrap()).unwrap(), both);
        assert!((u64::MAX - rounded(u64::MAX)) < 1 << 54);
    }
}
