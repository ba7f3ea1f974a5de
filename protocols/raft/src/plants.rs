//! Real bugs, each one switch at one hook of the clean code. All are off unless asked for.

use sim_core::registry::{LaunchError, Plant};

/// Which bugs are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plants {
    /// R01: the vote is kept in memory only.
    pub vote_not_durable: bool,
    /// R03: entries of earlier terms are committed by counting replicas.
    pub commit_old_term_by_counting: bool,
}

/// What can be switched on.
pub const PLANTS: &[Plant] = &[
    Plant {
        name: "vote-not-durable",
        id: "R01",
        about: "The vote is kept in memory only: the journal holds the term without it.",
        breaks: "ElectionSafety",
        source: "akka-raft #62; redisraft 9806229",
        witness: "raft-witness-vote-not-durable",
    },
    Plant {
        name: "commit-old-term-by-counting",
        id: "R03",
        about: "A leader commits entries of earlier terms by counting replicas (Raft paper, section 5.4.2, figure 8).",
        breaks: "LeaderCompleteness, StateMachineSafety",
        source: "LogCabin #44; PySyncObj #169; willemt 97c9183",
        witness: "raft-witness-commit-old-term",
    },
];

impl Plants {
    /// The plants of these names or catalog numbers.
    ///
    /// # Errors
    /// If a name is unknown.
    pub fn named(names: &[String]) -> Result<Self, LaunchError> {
        let mut plants = Self::default();
        for name in names {
            match name.as_str() {
                "vote-not-durable" | "R01" => plants.vote_not_durable = true,
                "commit-old-term-by-counting" | "R03" => plants.commit_old_term_by_counting = true,
                _ => return Err(LaunchError::UnknownPlant { protocol: "raft", plant: name.clone() }),
            }
        }
        Ok(plants)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_listed_plant_switches_something_on_under_both_names() {
        for plant in PLANTS {
            let by_name = Plants::named(&[plant.name.to_owned()]).unwrap();
            assert_ne!(by_name, Plants::default());
            assert_eq!(Plants::named(&[plant.id.to_owned()]).unwrap(), by_name);
        }
        assert!(Plants::named(&["no-such".to_owned()]).is_err());
    }
}
