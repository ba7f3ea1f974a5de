//! The primitive things that can be done to the world. Selectors, roles and moments are resolved before this.

use serde::{Deserialize, Serialize};

pub use crate::clock::ClockChange;
pub use crate::network::{CutId, Degradation, DegradeId, Reach};

use crate::identity::{NodeId, Slot};
use crate::process::Diversion;
use crate::time::Duration;

/// Something done to the world at one instant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Messages that [`Reach`] does not admit are lost from now on; sessions across end.
    Cut {
        /// Its name.
        id: CutId,
        /// Who still reaches whom.
        reach: Reach,
    },
    /// A cut ends.
    Mend(CutId),
    /// Links get worse in some way.
    Degrade {
        /// Its name.
        id: DegradeId,
        /// How much worse.
        how: Degradation,
    },
    /// A degradation ends.
    Restore(DegradeId),
    /// The process stops; unsynced records may be lost, as the disk faults in force say.
    Crash(Slot),
    /// What starts in the slot from now on is this version.
    Install {
        /// Which slot.
        slot: Slot,
        /// The version, by name.
        version: String,
    },
    /// A process starts in a slot that is down, from what its journals hold.
    Restart(Slot),
    /// The process stops and its disk is gone; it comes back, if restarted, under an identity never used before.
    Wipe(Slot),
    /// A new slot with a new identity joins.
    Join,
    /// The process leaves for good.
    Leave(Slot),
    /// The process stands still; what arrives waits in its inbox.
    Pause(Slot),
    /// A paused process goes on.
    Resume(Slot),
    /// Every service time of the slot is multiplied by this, and a slot without service times gets `floor` per message.
    Slow {
        /// Which slot.
        slot: Slot,
        /// The factor, in percent: 100 restores the normal speed.
        percent: u32,
        /// The least service time of a message while slow.
        floor: Duration,
    },
    /// Something is wrong with a disk, until [`DiskFault::Healthy`].
    Disk {
        /// Which slot.
        slot: Slot,
        /// What is wrong.
        fault: DiskFault,
    },
    /// A clock is changed.
    Clock {
        /// Which slot.
        slot: Slot,
        /// How.
        change: ClockChange,
    },
    /// The slot's process is a traitor from now on.
    Corrupt(Slot),
    /// A second copy of an identity runs in this slot from now on.
    Twin {
        /// Where.
        slot: Slot,
        /// Who.
        node: NodeId,
    },
    /// In a round of the protocol, members reach only whom this says, with messages that tell the round.
    Round {
        /// Which one, counting from one.
        number: u32,
        /// Who leads it, as every process knows from its start.
        leader: Option<NodeId>,
        /// Who reaches whom; all reach all if absent.
        reach: Option<Reach>,
        /// The kinds of messages that are lost; all if there are none.
        drop: Vec<String>,
        /// How long, from the first message that tells the round on; to the heal if absent.
        lasts: Option<Duration>,
    },
    /// A round is like any other from now on.
    EndRound(u32),
    /// Processes may take detours in their own code.
    Divert(Diversion),
    /// A diversion ends, by its name.
    Straighten(u32),
}

impl Action {
    /// The slot that it is done to, if it is one.
    pub fn slot(&self) -> Option<Slot> {
        match self {
            Self::Crash(slot)
            | Self::Restart(slot)
            | Self::Wipe(slot)
            | Self::Leave(slot)
            | Self::Pause(slot)
            | Self::Resume(slot)
            | Self::Corrupt(slot)
            | Self::Slow { slot, .. }
            | Self::Disk { slot, .. }
            | Self::Clock { slot, .. }
            | Self::Install { slot, .. }
            | Self::Twin { slot, .. } => Some(*slot),
            Self::Cut { .. }
            | Self::Mend(_)
            | Self::Degrade { .. }
            | Self::Restore(_)
            | Self::Join
            | Self::Round { .. }
            | Self::EndRound(_)
            | Self::Divert(_)
            | Self::Straighten(_) => None,
        }
    }

    /// Whether a process is stepped by it at once.
    pub(crate) const fn starts_a_step(&self) -> bool {
        matches!(self, Self::Restart(_) | Self::Join | Self::Twin { .. } | Self::Resume(_))
    }

    /// A number for the kind of action, part of the digest.
    pub(crate) fn kind(&self) -> u64 {
        match self {
            Self::Cut { .. } => 1,
            Self::Mend(_) => 2,
            Self::Degrade { .. } => 3,
            Self::Restore(_) => 4,
            Self::Crash(_) => 5,
            Self::Restart(_) => 6,
            Self::Wipe(_) => 7,
            Self::Join => 8,
            Self::Leave(_) => 9,
            Self::Pause(_) => 10,
            Self::Resume(_) => 11,
            Self::Slow { .. } => 12,
            Self::Disk { .. } => 13,
            Self::Clock { .. } => 14,
            Self::Corrupt(_) => 15,
            Self::Twin { .. } => 16,
            Self::Round { .. } => 18,
            Self::EndRound(_) => 19,
            Self::Install { .. } => 20,
            // Part of no digest: what is taken of them is.
            Self::Divert(_) | Self::Straighten(_) => 17,
        }
    }
}

/// What may be wrong with a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum DiskFault {
    /// Nothing.
    Healthy,
    /// Syncs take this many times as long, plus `extra`.
    #[serde(alias = "slow-sync")]
    Slow {
        /// The factor, in percent.
        percent: u32,
        /// Additional time per sync.
        extra: Duration,
    },
    /// Syncs fail.
    #[serde(alias = "failing-sync")]
    Failing,
    /// Syncs report a full disk.
    #[serde(alias = "full-disk")]
    Full,
    /// At the next crash the unsynced tail is lost entirely.
    LoseTail,
    /// At the next crash the unsynced tail is cut within a record, which is found torn.
    #[serde(alias = "torn-tail")]
    TearTail,
    /// One durable record, chosen by the run's randomness, no longer matches its checksum when next read.
    #[serde(alias = "bit-rot")]
    Rot,
}
