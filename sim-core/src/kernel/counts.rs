//! Counts of what was lost, and of what became of writes.

use crate::network::Lost;

/// Why messages did not arrive, beside what the network says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    Network(Lost),
    CutUnderway,
    ReceiverDown,
    Checksum,
    Shed,
    Nobody,
}

impl Dropped {
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Network(Lost::Loss) => 0,
            Self::Network(Lost::Cut) => 1,
            Self::Network(Lost::NoSession) => 2,
            Self::Network(Lost::NoRoute) => 3,
            Self::Network(Lost::QueueFull) => 4,
            Self::CutUnderway => 5,
            Self::ReceiverDown => 6,
            Self::Checksum => 7,
            Self::Shed => 8,
            Self::Nobody => 9,
            Self::Network(Lost::Round) => 10,
        }
    }

    /// Names in the order of the counters.
    pub(crate) const NAMES: [&'static str; 11] = [
        "loss",
        "cut",
        "no_session",
        "no_route",
        "queue_full",
        "cut_under_way",
        "receiver_down",
        "checksum",
        "inbox_full",
        "nobody",
        "round",
    ];
}

/// What became of writes and syncs.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct DiskCounts {
    /// Syncs that ended well.
    pub(crate) synced: u64,
    /// Syncs that failed.
    pub(crate) failed: u64,
    /// Journals whose end a crash tore.
    pub(crate) torn: u64,
    /// Journals of which a crash took writes, torn ones included.
    pub(crate) lost_tails: u64,
    /// Durable records that rotted.
    pub(crate) rotten: u64,
}
