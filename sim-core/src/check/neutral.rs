//! Checks for any protocol: they read nothing but the neutral [`Summary`](crate::process::Summary) of observations, and the
//! world's own truth.
//!
//! Each takes a line in the table of a protocol's checks. The kinds of observations that it is about are named, since only
//! the protocol knows which of them is a decision.
//!
//! ```
//! use sim_core::check::neutral::{Agreement, DurableOnQuorum, Monotone, OnePerRank, majority};
//! # sim_core::facts! { pub enum Word { Hello } }
//! # sim_core::facts! { pub enum Report { Leads { term: u64 }, Wrote { index: u64 }, Chose { index: u64 } } }
//! # impl sim_core::process::Observe for Report {}
//! # sim_core::vocabulary! { pub Log { message: Word, observation: Report } }
//! # impl sim_core::process::Message for Word { fn wire_size(&self) -> u32 { 1 } }
//!
//! sim_core::checks! {
//!     /// What a replicated log promises.
//!     fn checks(members: u32) -> Log {
//!         "log/one-leader": "No term has two leaders." => OnePerRank::of("leader"),
//!         "log/agreement": "No two members choose different entries." => Agreement::at_positions(&["Chose"]),
//!         "log/term-monotone": "Terms never go back." => Monotone::rank(&["Leads"]),
//!         "log/durable": "What is chosen is on the disks of a majority."
//!             => DurableOnQuorum::new(majority(members), &["Wrote"], &["Chose"]),
//!     }
//! }
//! assert_eq!(checks(5).len(), CHECKS.len());
//! ```
//!
//! Two rules make them fair. What is not honest is not judged. And where a check speaks of disks, a process must **append
//! first, then observe, then hold**: the length of the journal at the moment of the observation is where its record stands.

mod agreement;
mod durable;
mod log_matching;
mod monotone;
mod one_per_rank;
mod stable;

pub use agreement::Agreement;
pub use durable::{DurableOnQuorum, majority};
pub use log_matching::{LogMatching, Prefix, Prefixes};
pub use monotone::{Lasting, Monotone};
pub use one_per_rank::OnePerRank;
pub use stable::StableLeadership;

use super::Seen;
use crate::facts::Facts;
use crate::process::Protocol;

/// The observations that a check is about, by the names of their kinds.
type Kinds = &'static [&'static str];

/// Whether an observation is of one of these kinds.
#[inline]
fn is_one_of<P: Protocol>(kinds: Kinds, seen: &Seen<'_, P>) -> bool {
    kinds.contains(&seen.observation.kind_name())
}

#[cfg(test)]
mod lab {
    //! A vocabulary for tests: each observation says what the summary says.

    use crate::process::{Message, Observe, Summary};

    crate::facts! {
        /// Nobody says anything.
        #[allow(dead_code, reason = "a vocabulary has words, and these tests need none")]
        pub(super) enum Word { Hello }
    }
    crate::facts! {
        /// What members report.
        pub(super) enum Fact {
            Leads { rank: u64 },
            Follows { rank: u64 },
            Wins {},
            Enters { rank: u64 },
            Wrote { position: u64, digest: u64 },
            Chose { position: u64, digest: u64 },
            Ruled { rank: u64, digest: u64 },
            Appended { position: u64, rank: u64, digest: u64 },
        }
    }
    crate::vocabulary! { pub(super) Lab { message: Word, observation: Fact } }

    pub(super) type Script<C> = crate::check::script::Script<Lab, C>;

    impl Message for Word {
        fn wire_size(&self) -> u32 {
            1
        }
    }

    impl Observe for Fact {
        fn summary(&self) -> Summary {
            let none = Summary::default();
            match *self {
                Self::Leads { rank } => Summary { role: Some("leader"), rank: Some(rank), ..none },
                Self::Follows { rank } => Summary { role: Some("follower"), rank: Some(rank), ..none },
                Self::Wins {} => Summary { role: Some("leader"), ..none },
                Self::Enters { rank } => Summary { rank: Some(rank), ..none },
                Self::Wrote { position, digest } | Self::Chose { position, digest } => {
                    Summary { position: Some(position), digest: Some(digest), ..none }
                }
                Self::Ruled { rank, digest } => Summary { rank: Some(rank), digest: Some(digest), ..none },
                Self::Appended { position, rank, digest } => {
                    Summary { position: Some(position), rank: Some(rank), digest: Some(digest), ..none }
                }
            }
        }
    }
}
