//! Latency by region: who is where, and how long a message takes from one region to another.
//!
//! A matrix over pairs of slots would cost a cache miss per message at a thousand slots; this one has a row per
//! region, and two bytes per slot.

use rand_core::Rng;
use serde::{Deserialize, Serialize};

use super::{Distribution, DistributionError, Sampler};
use crate::time::Duration;

/// One-way latencies between named regions: `latency[from][to]`, with the latency within a region on the diagonal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionMatrix {
    /// The names of the regions.
    pub regions: Vec<String>,
    /// A row per sending region, an entry per receiving one, in the order of `regions`.
    pub latency: Vec<Vec<Distribution>>,
    /// Which member is in which region. Clients do not count.
    #[serde(default)]
    pub placement: Placement,
    /// Which client is in which region.
    #[serde(default)]
    pub clients: Placement,
}

/// Who of some members, or of some clients, is in which region.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Placement {
    /// The first in the first region, the second in the second, and after the last region the first again.
    #[default]
    RoundRobin,
    /// The first ones in the first region, and so on, in shares that differ by one at most.
    Blocks,
    /// The region of each, by name.
    Named(Vec<String>),
}

/// Why a matrix or a placement cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegionError {
    /// No region, or more than 65,535.
    #[error("use the regions: expected 1 to 65535 of them, found {0}")]
    Count(usize),
    /// Two regions have one name.
    #[error("use the regions: {0:?} is named twice")]
    Duplicate(String),
    /// A row of the matrix has a wrong number of entries.
    #[error("use the regions: row {row} of the latency matrix has {entries} entries, expected {expected}")]
    Row {
        /// The row, from 0.
        row: usize,
        /// How many entries it has.
        entries: usize,
        /// How many regions there are.
        expected: usize,
    },
    /// The matrix has a wrong number of rows.
    #[error("use the regions: the latency matrix has {rows} rows, expected {expected}")]
    Rows {
        /// How many rows there are.
        rows: usize,
        /// How many regions there are.
        expected: usize,
    },
    /// A latency makes no sense.
    #[error("use the regions: latency from {from:?} to {to:?}: failed to {error}")]
    Latency {
        /// The sending region.
        from: String,
        /// The receiving region.
        to: String,
        /// What is wrong with it.
        error: DistributionError,
    },
    /// Somebody is placed in a region that does not exist.
    #[error("use the regions: {who} is placed in {name:?}, which is not a region")]
    Unknown {
        /// Who, as people count: `n1`, `c1`.
        who: String,
        /// The name that was given.
        name: String,
    },
    /// More places than there are to be placed, or fewer.
    #[error("use the regions: {places} places are given for {count} {whom}")]
    Places {
        /// How many places are given.
        places: usize,
        /// How many there are.
        count: usize,
        /// Of what: `"members"`, `"clients"`.
        whom: &'static str,
    },
}

impl RegionMatrix {
    /// Checks names, shape and every latency.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate(&self) -> Result<(), RegionError> {
        let expected = self.regions.len();
        if !(1..=usize::from(u16::MAX)).contains(&expected) {
            return Err(RegionError::Count(expected));
        }
        for (i, name) in self.regions.iter().enumerate() {
            if self.regions[..i].contains(name) {
                return Err(RegionError::Duplicate(name.clone()));
            }
        }
        if self.latency.len() != expected {
            return Err(RegionError::Rows { rows: self.latency.len(), expected });
        }
        for (row, latencies) in self.latency.iter().enumerate() {
            self.validate_row(row, latencies)?;
        }
        Ok(())
    }

    fn validate_row(&self, row: usize, latencies: &[Distribution]) -> Result<(), RegionError> {
        let (entries, expected) = (latencies.len(), self.regions.len());
        if entries != expected {
            return Err(RegionError::Row { row, entries, expected });
        }
        for (name, latency) in self.regions.iter().zip(latencies) {
            latency.validate().map_err(|error| RegionError::Latency {
                from: self.regions[row].clone(),
                to: name.clone(),
                error,
            })?;
        }
        Ok(())
    }

    /// Whether the placement fits so many members.
    ///
    /// # Errors
    /// A list of another length, or a name that is no region.
    pub fn fit_members(&self, members: u32) -> Result<(), RegionError> {
        self.place(&self.placement, members as usize, Whom::Members).map(drop)
    }

    /// Whether the placement of clients fits so many.
    ///
    /// # Errors
    /// A list of another length, or a name that is no region.
    pub fn fit_clients(&self, clients: u32) -> Result<(), RegionError> {
        self.place(&self.clients, clients as usize, Whom::Clients).map(drop)
    }

    /// Places the members, then the clients, and works out the latencies.
    ///
    /// # Errors
    /// What [`RegionMatrix::validate`] refuses, and a placement that does not fit.
    pub fn compile(&self, members: u32, clients: u32) -> Result<RegionSampler, RegionError> {
        self.validate()?;
        let mut region_of = self.place(&self.placement, members as usize, Whom::Members)?;
        region_of.extend(self.place(&self.clients, clients as usize, Whom::Clients)?);
        let samplers = self.latency.iter().flatten().map(Distribution::compile).collect();
        Ok(RegionSampler {
            regions: self.regions.len(),
            region_of: region_of.into_boxed_slice(),
            clients: clients as usize,
            samplers,
        })
    }

    fn place(&self, placement: &Placement, count: usize, whom: Whom) -> Result<Vec<u16>, RegionError> {
        let regions = self.regions.len();
        match placement {
            Placement::RoundRobin => Ok((0..count).map(|index| (index % regions) as u16).collect()),
            Placement::Blocks => Ok((0..count).map(|index| (index * regions / count) as u16).collect()),
            Placement::Named(names) if names.len() != count => {
                Err(RegionError::Places { places: names.len(), count, whom: whom.plural() })
            }
            Placement::Named(names) => {
                names.iter().enumerate().map(|(index, name)| self.find(whom, index, name)).collect()
            }
        }
    }

    fn find(&self, whom: Whom, index: usize, name: &str) -> Result<u16, RegionError> {
        let region = self.regions.iter().position(|region| region == name);
        region.and_then(|region| u16::try_from(region).ok()).ok_or_else(|| RegionError::Unknown {
            who: format!("{}{}", whom.letter(), index + 1),
            name: name.to_owned(),
        })
    }
}

/// Who is placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whom {
    Members,
    Clients,
}

impl Whom {
    const fn plural(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Clients => "clients",
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::Members => 'n',
            Self::Clients => 'c',
        }
    }
}

/// A matrix with its slots placed, ready to draw from.
#[derive(Clone, Debug)]
pub struct RegionSampler {
    regions: usize,
    region_of: Box<[u16]>,
    /// How many of those that are placed are clients: they stand last.
    clients: usize,
    samplers: Box<[Sampler]>,
}

impl RegionSampler {
    /// The region of a slot, as an index into [`RegionMatrix::regions`]. Members that join while the run goes on are
    /// placed round robin, behind the members that there were.
    #[inline]
    pub fn region_of(&self, slot: usize) -> usize {
        self.region_of
            .get(slot)
            .map_or_else(|| (slot - self.clients) % self.regions, |region| usize::from(*region))
    }

    /// The law of the latency from one slot to another.
    #[inline]
    pub fn sampler(&self, from: usize, to: usize) -> &Sampler {
        &self.samplers[self.region_of(from) * self.regions + self.region_of(to)]
    }

    /// A latency from one slot to another; see [`Sampler::sample`].
    #[inline]
    pub fn sample<R: Rng + ?Sized>(&self, from: usize, to: usize, word: u64, more: &mut R) -> Duration {
        self.sampler(from, to).sample(word, more)
    }
}

#[cfg(test)]
mod tests {
    use super::{Placement, RegionError, RegionMatrix};
    use crate::distribution::{Distribution, DistributionError};
    use crate::random::{Draw, Keyed, Purpose};
    use crate::time::Duration;

    fn matrix(millis: &[&[u64]]) -> RegionMatrix {
        let fixed = |millis: &u64| Distribution::Fixed(Duration::from_millis(*millis));
        RegionMatrix {
            regions: ["eu", "us", "ap"][..millis.len()].iter().map(ToString::to_string).collect(),
            latency: millis.iter().map(|row| row.iter().map(fixed).collect()).collect(),
            placement: Placement::default(),
            clients: Placement::default(),
        }
    }

    #[test]
    fn latency_follows_the_regions_and_its_direction() {
        let mut matrix = matrix(&[&[1, 40], &[45, 2]]);
        let names = ["us", "eu", "eu"].map(String::from).to_vec();
        for (placement, regions) in [
            (Placement::RoundRobin, [0, 1, 0]),
            (Placement::Blocks, [0, 0, 1]),
            (Placement::Named(names), [1, 0, 0]),
        ] {
            matrix.placement = placement;
            let sampler = matrix.compile(3, 0).unwrap();
            let mut more = Draw::new(Keyed::new(0, Purpose::Fate), 0, 0);
            for from in 0..3 {
                assert_eq!(sampler.region_of(from), regions[from]);
                for to in 0..3 {
                    let expected = &matrix.latency[regions[from]][regions[to]];
                    let latency = sampler.sample(from, to, 0, &mut more);
                    assert_eq!(Distribution::Fixed(latency), *expected);
                }
            }
            assert_eq!(sampler.region_of(5), 1);
        }
    }

    #[test]
    fn a_matrix_reads_from_a_scenario() {
        let text =
            r#"{"regions":["eu","us"],"latency":[["1ms","40ms"],["45ms","2ms"]],"placement":"blocks"}"#;
        let expected = RegionMatrix { placement: Placement::Blocks, ..matrix(&[&[1, 40], &[45, 2]]) };
        assert_eq!(serde_json::from_str::<RegionMatrix>(text).unwrap(), expected);
        let named: Placement = serde_json::from_str(r#"{"named":["eu"]}"#).unwrap();
        assert_eq!(named, Placement::Named(vec!["eu".into()]));
        assert_eq!(serde_json::to_string(&Placement::RoundRobin).unwrap(), r#""round-robin""#);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(matrix(&[]).validate(), Err(RegionError::Count(0)));
        assert_eq!(
            matrix(&[&[1, 2], &[3]]).validate(),
            Err(RegionError::Row { row: 1, entries: 1, expected: 2 })
        );
        let mut short = matrix(&[&[1, 2], &[3, 4]]);
        short.latency.pop();
        assert_eq!(short.validate(), Err(RegionError::Rows { rows: 1, expected: 2 }));
        let mut twice = matrix(&[&[1, 2], &[3, 4]]);
        twice.regions[1] = "eu".into();
        assert_eq!(twice.validate(), Err(RegionError::Duplicate("eu".into())));
        let mut absurd = matrix(&[&[1, 2], &[3, 4]]);
        absurd.latency[1][0] = Distribution::Exponential { mean: Duration::ZERO };
        let error = DistributionError::Zero { name: "mean" };
        assert_eq!(
            absurd.validate(),
            Err(RegionError::Latency { from: "us".into(), to: "eu".into(), error })
        );
        let named = |names: &[&str]| Placement::Named(names.iter().map(ToString::to_string).collect());
        let place = |placement: Placement, clients: Placement| {
            RegionMatrix { placement, clients, ..matrix(&[&[1, 2], &[3, 4]]) }.compile(2, 1).map(drop)
        };
        assert_eq!(
            place(named(&["eu"]), Placement::default()),
            Err(RegionError::Places { places: 1, count: 2, whom: "members" })
        );
        let unknown =
            |who: &str, name: &str| Err(RegionError::Unknown { who: who.into(), name: name.into() });
        assert_eq!(place(named(&["eu", "mars"]), Placement::default()), unknown("n2", "mars"));
        assert_eq!(
            place(named(&["eu", "us"]), named(&["eu", "us"])),
            Err(RegionError::Places { places: 2, count: 1, whom: "clients" })
        );
        assert_eq!(place(Placement::default(), named(&["eu2"])), unknown("c1", "eu2"));
        assert_eq!(place(named(&["eu", "us"]), named(&["eu"])), Ok(()));
    }

    #[test]
    fn clients_do_not_move_members() {
        let matrix = |placement: Placement, clients: Placement| RegionMatrix {
            placement,
            clients,
            ..matrix(&[&[1, 2, 3], &[4, 5, 6], &[7, 8, 9]])
        };
        let places = |matrix: RegionMatrix, clients: u32| {
            let sampler = matrix.compile(4, clients).unwrap();
            (0..4 + clients as usize + 2).map(|slot| sampler.region_of(slot)).collect::<Vec<_>>()
        };
        for clients in 0..9_u32 {
            let placed = places(matrix(Placement::Blocks, Placement::RoundRobin), clients);
            assert_eq!(placed[..4], [0, 0, 1, 2]);
            let of_clients: Vec<_> = (0..clients as usize).map(|client| client % 3).collect();
            assert_eq!(placed[4..4 + clients as usize], of_clients);
            // Two that join: the fifth member and the sixth.
            assert_eq!(placed[4 + clients as usize..], [1, 2]);
        }
        let named = Placement::Named(["ap", "eu"].map(String::from).to_vec());
        assert_eq!(places(matrix(Placement::RoundRobin, named), 2), [0, 1, 2, 0, 2, 0, 1, 2]);
        assert_eq!(places(matrix(Placement::RoundRobin, Placement::Blocks), 3), [0, 1, 2, 0, 0, 1, 2, 1, 2]);
    }
}
