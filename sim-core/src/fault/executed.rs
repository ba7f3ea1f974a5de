//! What a run did of its plan: selectors resolved to slots and times, refusals named.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::family::{Family, Kind};
use crate::identity::Slot;
use crate::ordered::OrderedMap;

/// A fault that began, or was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Executed {
    /// Which entry of the plan it comes from, as an index into the sorted plan.
    pub entry: u32,
    /// When it began or was refused, in true time.
    pub at_ns: u64,
    /// When it ended; absent if it lasted to the end of the run or was over at once.
    pub until_ns: Option<u64>,
    /// What part of the world it is about.
    pub family: Family,
    /// What it is.
    pub kind: Kind,
    /// Whom it struck.
    pub slots: Vec<Slot>,
    /// What happened, in words: `cut n1 and n3 from n2, n4 and n5`. Why not, if it was refused.
    pub detail: String,
    /// Why it did not happen, if it was refused.
    pub refused: Option<Refusal>,
}

/// Why a fault did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    /// Nobody is what the selector asks for.
    NoTarget,
    /// The slot does not exist, or its process left for good.
    Absent,
    /// The process is down.
    Down,
    /// The process stands still.
    Paused,
    /// Another fault of this kind is in force there.
    InForce,
    /// It is a traitor already.
    Traitor,
    /// It takes a member, not a client.
    Client,
    /// As many members as the protocol must bear are down, paused, without a working disk, or traitors.
    CrashBudget,
    /// As many disks as the protocol must bear are lost.
    DiskBudget,
    /// As many traitors as the protocol must bear are there.
    TraitorBudget,
    /// The protocol counts on clocks that run more evenly.
    ClockBudget,
    /// Nothing on the disk is durable that could rot.
    EmptyDisk,
    /// A shape that does not exist for so few or so many members.
    Shape,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoTarget => "nobody is what it aims at",
            Self::Absent => "nobody is there",
            Self::Down => "the process is down",
            Self::Paused => "the process stands still",
            Self::InForce => "such a fault is in force there",
            Self::Traitor => "it is a traitor already",
            Self::Client => "it takes a member",
            Self::CrashBudget => "as many members as must be borne are affected",
            Self::DiskBudget => "as many disks as must be borne are lost",
            Self::TraitorBudget => "as many traitors as must be borne are there",
            Self::ClockBudget => "its clock must run more evenly than that",
            Self::EmptyDisk => "nothing on the disk is durable",
            Self::Shape => "there is no such shape for so few or so many members",
        })
    }
}

/// How often faults fired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// By kind; kinds that never fired are absent.
    pub fired: OrderedMap<Kind, u64>,
    /// How many were refused, for whatever reason.
    pub refused: u64,
}

impl Activity {
    /// How often faults of a family fired.
    pub fn family(&self, family: Family) -> u64 {
        self.fired.iter().filter(|(kind, _)| kind.family() == family).map(|(_, count)| count).sum()
    }

    /// How often faults fired in all.
    pub fn total(&self) -> u64 {
        self.fired.values().sum()
    }

    /// Counts of every family, in order, zeros included.
    pub fn families(&self) -> [(Family, u64); 5] {
        Family::ALL.map(|family| (family, self.family(family)))
    }
}
