//! What members and clients of the store say, keep and report.

use sim_core::facts;
use sim_core::identity::NodeId;
use sim_core::operation::bytes_of;
use sim_core::process::{Lane, Message, Observe, Summary};

use super::siblings::{Siblings, Written};

sim_core::vocabulary! {
    /// A replicated store with eventual consistency.
    pub Store {
        message: StoreMessage,
        timer: StoreTimer,
        request: StoreRequest,
        response: StoreResponse,
        record: StoreRecord,
        observation: StoreObservation,
    }
}

facts! {
    /// When a write was made, by a hybrid logical clock (Kulkarni et al. 2014), and by whom: a total order.
    #[derive(Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Version {
        /// Nanoseconds of a clock that never falls behind what its owner has seen.
        pub time: u64,
        /// Which client wrote.
        pub actor: NodeId,
        /// Which of its incarnations, by a number that it drew; 0 where the last writer wins.
        pub session: u64,
    }
}

facts! {
    /// A key as somebody wrote it.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Record {
        /// Which key.
        pub key: u64,
        /// When it was written.
        pub version: Version,
        /// What was written; absent in a tombstone, which says that the key was deleted.
        pub value: Option<u64>,
    }
}

facts! {
    /// A record on its way, and the latest collection that its sender had confirmed when it held the record.
    #[derive(PartialEq, Eq)]
    pub struct Sent {
        /// The record.
        pub written: Written,
        /// The latest collection of the key's collector that the sender had confirmed.
        pub confirmed: u64,
    }
}

facts! {
    /// What members and clients say to each other.
    #[derive(PartialEq, Eq)]
    pub enum StoreMessage {
        /// A client reads a key.
        Get { #[doc = "Which operation of the client."] operation: u64, #[doc = "Which key."] key: u64 },
        /// A client writes or deletes a key.
        Put { #[doc = "Which operation of the client."] operation: u64, #[doc = "What is written."] written: Written },
        /// A member answers a read.
        Got {
            /// Which operation of the client.
            operation: u64,
            /// What the answers hold together.
            found: Siblings,
            /// The latest time that the member has seen.
            clock: u64,
        },
        /// A write was acknowledged by enough members.
        Done {
            /// Which operation of the client.
            operation: u64,
            /// The latest time that the member has seen.
            clock: u64,
        },
        /// A member does not take a write because of its version.
        Refused {
            /// Which operation of the client.
            operation: u64,
            /// The latest time that the member has seen.
            clock: u64,
            /// Whether the version is older than a collected tombstone; if not, it is too far ahead.
            late: bool,
        },
        /// A coordinator has a record stored, by a home of the key or, with a hint, by somebody else.
        Write {
            /// Which operation of the coordinator.
            operation: u64,
            /// What is stored.
            sent: Sent,
            /// For whom it is kept, if the recipient is no home of the key.
            hint: Option<NodeId>,
        },
        /// It is stored, and durable.
        Wrote {
            /// Which operation of the coordinator.
            operation: u64,
            /// For whom it is kept.
            hint: Option<NodeId>,
        },
        /// A coordinator asks a home for a record.
        Read { #[doc = "Which operation of the coordinator."] operation: u64, #[doc = "Which key."] key: u64 },
        /// The answer.
        ReadReply {
            /// Which operation of the coordinator.
            operation: u64,
            /// What the home has.
            found: Siblings,
            /// The latest collection of the key's collector that it has confirmed.
            confirmed: u64,
            /// The latest collection in which it dropped a record of the key's collector: the key may have been in it.
            dropped: u64,
        },
        /// A coordinator tells a home of a record that its answer lacked.
        Repair { #[doc = "The record."] sent: Sent },
        /// Whoever kept a record for a home hands it over.
        HandOff { #[doc = "The record."] sent: Sent },
        /// The home has it, durably.
        HandedOff { #[doc = "Which key."] key: u64, #[doc = "Which version."] version: Version },
        /// Compares all that two members share, by the root of a hash tree.
        Root { #[doc = "The root."] root: u64 },
        /// The roots differ: the leaves below it.
        Leaves { #[doc = "One hash for each bucket of keys."] leaves: Box<[u64]> },
        /// Records of the buckets that differ.
        Exchange {
            /// Which buckets, as a bit set.
            buckets: u64,
            /// The records.
            sent: Box<[Sent]>,
            /// Whether the other end should answer with what it has newer.
            answer: bool,
        },
        /// Everybody is asked to confirm that nothing older than these tombstones is left: by the collector, or by somebody who
        /// has confirmed it.
        Confirm {
            /// Who collects.
            collector: NodeId,
            /// Which of its collections.
            collection: u64,
            /// The tombstones.
            tombstones: Box<[Written]>,
        },
        /// Nothing older is left, durably.
        Confirmed {
            /// Which collection.
            collection: u64,
            /// Who runs in place of a member whose disk was lost, as far as the sender knows.
            renewed: Box<[(NodeId, NodeId)]>,
        },
        /// Somebody new takes the place of a member whose disk was lost.
        Join { #[doc = "The place."] place: NodeId },
        /// It has been written down that somebody new is there.
        Welcome {
            /// By collector: the latest of its collections that the sender has confirmed.
            confirmed: Box<[u64]>,
            /// Up to which version the sender takes no writes.
            fence: Version,
            /// The latest time that the sender has seen.
            clock: u64,
            /// Places of members whose disks were lost, and who runs there.
            renewed: Box<[(NodeId, NodeId)]>,
        },
        /// Everybody confirmed: the tombstones may be dropped.
        Collect {
            /// Which collection of the sender is complete.
            collection: u64,
            /// The tombstones.
            tombstones: Box<[Written]>,
        },
    }
}

facts! {
    /// What a timer is for.
    #[derive(Copy, PartialEq, Eq)]
    pub enum StoreTimer {
        /// Members that did not answer a coordinator are given up.
        Unanswered,
        /// A comparison with another member is due.
        Exchange,
        /// Hints are handed over.
        HandOff,
        /// Tombstones are collected.
        Collect,
        /// A failed sync is tried again.
        Disk,
        /// A newcomer asks again those that have not answered.
        Join,
        /// A client tries an operation again.
        Retry { #[doc = "Which one."] operation: u64 },
    }
}

facts! {
    /// What a client is asked to do.
    #[derive(Copy, PartialEq, Eq)]
    pub enum StoreRequest {
        /// Read a key.
        Get { #[doc = "Which key."] key: u64 },
        /// Write a key.
        Put { #[doc = "Which key."] key: u64, #[doc = "What is written."] value: u64 },
        /// Delete a key.
        Delete { #[doc = "Which key."] key: u64 },
    }
}

facts! {
    /// What a client returns.
    #[derive(PartialEq, Eq)]
    pub enum StoreResponse {
        /// A write was acknowledged.
        Done { #[doc = "Under which version."] version: Version },
        /// A write came too late to be taken; it may have been taken before, by others.
        Unknown,
        /// A key was read.
        Read {
            /// What was found, a tombstone too: the record with the highest version.
            record: Option<Record>,
            /// The other siblings.
            others: Box<[Record]>,
        },
    }
}

facts! {
    /// What the journal holds.
    #[derive(PartialEq, Eq)]
    pub enum StoreRecord {
        /// A record of a key that has its home here.
        Kept { #[doc = "The record."] written: Written },
        /// A tombstone was dropped.
        Dropped {
            /// Which key.
            key: u64,
            /// Which version.
            version: Version,
            /// In which collection of the key's collector; 0 if by age.
            collection: u64,
        },
        /// A record is kept for another member.
        Hinted { #[doc = "For whom."] target: NodeId, #[doc = "The record."] written: Written },
        /// It is not kept any more.
        Unhinted {
            /// For whom it was.
            target: NodeId,
            /// Which key.
            key: u64,
            /// Which version.
            version: Version,
        },
        /// A collection was confirmed.
        Confirmed {
            /// Whose.
            collector: NodeId,
            /// Which one.
            collection: u64,
            /// The tombstones.
            tombstones: Box<[Written]>,
        },
        /// Somebody new runs in a place.
        Renewed { #[doc = "The place."] place: NodeId, #[doc = "Who."] actor: NodeId },
        /// A newcomer may act from now on.
        Joined,
        /// It begins a collection of its own.
        Began { #[doc = "Which one."] collection: u64 },
        /// The journal was rewritten: what follows is all that still matters of the records before.
        Compacted {
            /// The latest time that the member had seen.
            clock: u64,
            /// The newest version of the tombstones that it had confirmed.
            fence: Version,
            /// The latest collection of its own that it had begun.
            began: u64,
        },
        /// It dropped tombstones before the journal was rewritten.
        DroppedLast { #[doc = "Whose."] collector: NodeId, #[doc = "In which of the collector's collections last."] collection: u64 },
    }
}

facts! {
    /// What members and clients report.
    #[derive(Copy, PartialEq, Eq)]
    pub enum StoreObservation {
        /// A member starts; what its disk holds follows.
        Started,
        /// It has told all that its disk holds.
        Recovered,
        /// A member writes down, or finds on its disk, what it knows of the collections of another one.
        Knows {
            /// Whose.
            collector: NodeId,
            /// The latest one that it has confirmed.
            confirmed: u64,
            /// The latest one in which it has dropped something.
            dropped: u64,
            /// Up to which version it takes no writes.
            fence: Version,
        },
        /// A member writes down, or finds on its disk, who runs in the place of a member whose disk was lost.
        Renewed { #[doc = "The place."] place: NodeId, #[doc = "Who."] actor: NodeId },
        /// A newcomer acts from now on.
        Joined,
        /// A home has a record now.
        Stored { #[doc = "The record."] record: Record },
        /// A home gives a record up for a write that supersedes it, which it stores next.
        Superseded {
            /// Which key.
            key: u64,
            /// Which version is given up.
            version: Version,
            /// For which one.
            by: Version,
        },
        /// A home dropped a tombstone.
        Dropped { #[doc = "Which key."] key: u64, #[doc = "Which version."] version: Version },
        /// A member keeps a record for another one.
        Hinted { #[doc = "For whom."] target: NodeId, #[doc = "The record."] record: Record },
        /// It does not keep it any more.
        Unhinted {
            /// For whom it was.
            target: NodeId,
            /// Which key.
            key: u64,
            /// Which version.
            version: Version,
        },
        /// A coordinator acknowledges a write.
        Acknowledged { #[doc = "What was written."] record: Record },
        /// A coordinator repairs a home that answered with something older.
        Repaired { #[doc = "Which home."] home: NodeId, #[doc = "Which key."] key: u64 },
        /// Two members found a difference.
        Differed { #[doc = "The other one."] peer: NodeId },
        /// A client has chosen the version of a write.
        Stamped { #[doc = "What it writes."] record: Record },
        /// A client has seen a version.
        Saw { #[doc = "Which key."] key: u64, #[doc = "Which version."] version: Version },
    }
}

const HEADER: u32 = 28;
const VERSION: u32 = 12;
const RECORD: u32 = 8 + VERSION + 9;
const SENT: u32 = RECORD + 8;
/// A version in a vector: its session as well.
const KNOWN: u32 = VERSION + 8;

impl Written {
    /// Bytes of the value besides the number, and of a vector with its own session.
    fn extra_bytes(&self) -> u32 {
        let value = self.record.value.map_or(0, bytes_of);
        let past = self.past.as_ref().map_or(0, |past| many(past.len(), KNOWN).saturating_add(8));
        value.saturating_add(past)
    }
}

impl Siblings {
    /// Bytes of all but the first record, and what the first one has besides the usual.
    fn extra_bytes(&self) -> u32 {
        let extra = self.iter().map(Written::extra_bytes).fold(0, u32::saturating_add);
        many(self.iter().count().saturating_sub(1), RECORD).saturating_add(extra)
    }
}

fn many(count: usize, each: u32) -> u32 {
    each.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX / 64))
}

fn all(written: &[Written]) -> u32 {
    written.iter().map(Written::extra_bytes).fold(many(written.len(), RECORD), u32::saturating_add)
}

impl Message for StoreMessage {
    fn wire_size(&self) -> u32 {
        let body = match self {
            Self::Get { .. } | Self::Read { .. } => 16,
            Self::Put { written, .. } => (8 + RECORD).saturating_add(written.extra_bytes()),
            Self::Got { found, .. } => (16 + RECORD).saturating_add(found.extra_bytes()),
            Self::Done { .. } | Self::Refused { .. } => 17,
            Self::Write { sent, .. } => (8 + SENT + 5).saturating_add(sent.written.extra_bytes()),
            Self::Root { .. } => 8,
            Self::Confirmed { renewed, .. } => many(renewed.len(), 8).saturating_add(8),
            Self::Join { .. } => 4,
            Self::Welcome { confirmed, renewed, .. } => {
                many(confirmed.len() + renewed.len(), 8).saturating_add(KNOWN + 8)
            }
            Self::Wrote { .. } => 13,
            Self::ReadReply { found, .. } => (17 + SENT).saturating_add(found.extra_bytes()),
            Self::Repair { sent } | Self::HandOff { sent } => SENT.saturating_add(sent.written.extra_bytes()),
            Self::HandedOff { .. } => 8 + VERSION,
            Self::Leaves { leaves } => many(leaves.len(), 8),
            Self::Exchange { sent, .. } => {
                let extra = sent.iter().map(|sent| sent.written.extra_bytes()).fold(9, u32::saturating_add);
                many(sent.len(), SENT).saturating_add(extra)
            }
            Self::Confirm { tombstones, .. } => all(tombstones).saturating_add(12),
            Self::Collect { tombstones, .. } => all(tombstones).saturating_add(8),
        };
        body.saturating_add(HEADER)
    }

    fn lane(&self) -> Lane {
        Lane::Datagram
    }
}

impl Observe for StoreObservation {
    /// The position is a key, or the number of a collection; the digest a value.
    fn summary(&self) -> Summary {
        let none = Summary::default();
        let of = |record: Record| Summary { position: Some(record.key), digest: record.value, ..none };
        match *self {
            Self::Started => Summary { role: Some("member"), ..none },
            Self::Recovered | Self::Joined => none,
            Self::Knows { collector, confirmed, .. } => {
                Summary { peer: Some(collector), position: Some(confirmed), ..none }
            }
            Self::Renewed { place, .. } => Summary { peer: Some(place), ..none },
            Self::Stored { record } | Self::Acknowledged { record } | Self::Stamped { record } => of(record),
            Self::Hinted { target, record } => Summary { peer: Some(target), ..of(record) },
            Self::Unhinted { target, key, .. } => Summary { peer: Some(target), position: Some(key), ..none },
            Self::Superseded { key, .. } | Self::Dropped { key, .. } | Self::Saw { key, .. } => {
                Summary { position: Some(key), ..none }
            }
            Self::Repaired { home, key } => Summary { peer: Some(home), position: Some(key), ..none },
            Self::Differed { peer } => Summary { peer: Some(peer), ..none },
        }
    }
}
