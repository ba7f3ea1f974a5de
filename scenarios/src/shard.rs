//! Shards: a campaign of numbered runs in equal parts, for as many machines.
//!
//! Shard K of N makes the runs whose numbers leave the remainder K when divided by N. Each shard gets a share of every
//! point of a grid and of every stretch of seeds, so all of them take about as long.

use std::fmt;
use std::str::FromStr;

/// The most shards of one campaign.
pub const MOST_SHARDS: u32 = 100_000;

/// One part of a campaign, written `K/N` with K below N.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shard {
    index: u32,
    of: u32,
}

/// A text is no shard.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected K/N with K < N <= {MOST_SHARDS}, such as 0/8 for the first of eight shards")]
pub struct ParseShardError;

impl Shard {
    /// A campaign in one piece.
    pub const WHOLE: Self = Self { index: 0, of: 1 };

    /// Shard `index` of `of`, if there is one.
    pub const fn new(index: u32, of: u32) -> Option<Self> {
        if index < of && of <= MOST_SHARDS { Some(Self { index, of }) } else { None }
    }

    /// All shards of a campaign that is divided into so many.
    pub fn all(of: u32) -> impl Iterator<Item = Self> {
        (0..of).map(move |index| Self { index, of })
    }

    /// Its place among the shards, counted from 0.
    pub const fn index(self) -> u32 {
        self.index
    }

    /// How many shards there are.
    pub const fn of(self) -> u32 {
        self.of
    }

    /// Whether it is the whole campaign.
    pub const fn is_whole(&self) -> bool {
        self.of == 1
    }

    /// How many of a campaign's runs are its own.
    pub const fn count(self, runs: u64) -> u64 {
        runs.saturating_sub(self.index as u64).div_ceil(self.of as u64)
    }

    /// The number in the campaign of its own run `own`, counted from 0.
    pub const fn number(self, own: u64) -> u64 {
        own * self.of as u64 + self.index as u64
    }

    /// Which of its own runs a number of the campaign is, if it is its own.
    pub fn own(self, number: u64) -> Option<u64> {
        let of = u64::from(self.of);
        (number % of == u64::from(self.index)).then_some(number / of)
    }

    /// The name of its folder beside those of the others.
    pub fn folder_name(self) -> String {
        format!("{}-of-{}", self.index, self.of)
    }
}

impl Default for Shard {
    fn default() -> Self {
        Self::WHOLE
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = ParseShardError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once('/');
        let parts = parts.and_then(|(index, of)| Some((index.parse().ok()?, of.parse().ok()?)));
        parts.and_then(|(index, of)| Self::new(index, of)).ok_or(ParseShardError)
    }
}

sim_core::serde_as_text!(Shard);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_is_in_one_shard() {
        for (runs, of) in [(0, 3), (1, 3), (2, 3), (3, 3), (10, 3), (100, 7), (5, 8), (6, 1)] {
            let mut numbers: Vec<u64> = Vec::new();
            for shard in Shard::all(of) {
                let own: Vec<u64> = (0..shard.count(runs)).map(|own| shard.number(own)).collect();
                assert!((0..).zip(&own).all(|(place, number)| shard.own(*number) == Some(place)));
                numbers.extend(own);
            }
            numbers.sort_unstable();
            assert_eq!(numbers, (0..runs).collect::<Vec<u64>>(), "{runs} runs in {of} shards");
        }
    }

    #[test]
    fn a_shard_is_read_as_it_is_written() {
        assert_eq!("2/3".parse(), Ok(Shard { index: 2, of: 3 }));
        assert_eq!(Shard { index: 2, of: 3 }.to_string(), "2/3");
        for wrong in ["3/3", "1", "1/0", "-1/3", "a/b", "0/100001", ""] {
            assert_eq!(wrong.parse::<Shard>(), Err(ParseShardError), "{wrong}");
        }
        assert!("0/1".parse::<Shard>().is_ok_and(|shard| shard.is_whole()));
    }
}
