//! What members say and report. Broadcasts have numbers; a set of them is a bit set in two words.

use sim_core::facts;
use sim_core::identity::NodeId;
use sim_core::process::{Lane, Message, Observe, Priority, Summary};

sim_core::vocabulary! {
    /// Plumtree over HyParView.
    pub Plumtree {
        message: PlumtreeMessage,
        timer: PlumtreeTimer,
        observation: PlumtreeObservation,
    }
}

facts! {
    /// What members say to each other.
    #[derive(PartialEq, Eq)]
    pub enum PlumtreeMessage {
        /// A newcomer asks for a link, which it gets, and to be told to others.
        Join,
        /// A newcomer walks from link to link at random.
        ForwardJoin {
            /// The newcomer.
            node: NodeId,
            /// How many steps are left.
            ttl: u32,
        },
        /// Asks for a link.
        Neighbor {
            /// Whether it must be granted: the asker has no other link.
            high: bool,
        },
        /// Grants a link.
        Accept,
        /// Refuses a link: there is no room.
        Reject,
        /// Ends a link to make room for another one.
        Disconnect,
        /// Candidates for the passive view, on a random walk.
        Shuffle {
            /// Who gets the answer.
            origin: NodeId,
            /// How many steps are left.
            ttl: u32,
            /// The candidates.
            sample: Box<[NodeId]>,
        },
        /// Candidates in return.
        ShuffleReply {
            /// The candidates.
            sample: Box<[NodeId]>,
        },
        /// A payload.
        Gossip {
            /// Which broadcast.
            broadcast: u32,
            /// How many links it has come over when it arrives.
            hops: u32,
            /// Its length in bytes.
            bytes: u32,
        },
        /// Announces a payload.
        IHave {
            /// Which broadcast.
            broadcast: u32,
            /// How many links it would have come over.
            hops: u32,
        },
        /// Makes a link eager, and asks for a payload if one is missing.
        Graft {
            /// Which broadcast, if one is missing.
            broadcast: Option<u32>,
            /// How many links it will have come over.
            hops: u32,
        },
        /// Makes a link lazy.
        Prune,
        /// Announces all payloads, over a new link.
        HaveAll {
            /// Broadcasts 0 to 63.
            low: u64,
            /// Broadcasts 64 to 127.
            high: u64,
        },
        /// Says to anybody which payloads it has, to find out whether the overlay fell apart.
        Compare {
            /// Broadcasts 0 to 63.
            low: u64,
            /// Broadcasts 64 to 127.
            high: u64,
        },
    }
}

facts! {
    /// What a timer is for.
    #[derive(Copy, PartialEq, Eq)]
    pub enum PlumtreeTimer {
        /// It joins, or joins again.
        Join,
        /// A shuffle is due.
        Shuffle,
        /// A comparison is due.
        Compare,
        /// Who was asked for a link did not answer.
        Unanswered,
        /// An announced payload did not come.
        Missing,
        /// It broadcasts.
        Broadcast,
    }
}

facts! {
    /// What a member reports.
    #[derive(Copy, PartialEq, Eq)]
    pub enum PlumtreeObservation {
        /// It starts.
        Started,
        /// It has a link.
        Linked {
            /// With whom.
            peer: NodeId,
            /// How many it has.
            active: u32,
        },
        /// A link ended.
        Unlinked {
            /// With whom.
            peer: NodeId,
            /// How many it has.
            active: u32,
            /// Whether it was dropped to make room; if not, the link failed or the other end dropped it.
            dropped: bool,
        },
        /// It broadcasts.
        Broadcast {
            /// Which one.
            broadcast: u32,
        },
        /// It delivers a broadcast, its own as well.
        Delivered {
            /// Which one.
            broadcast: u32,
            /// How many links it came over.
            hops: u32,
        },
    }
}

const HEADER: u32 = 28;
const ADDRESS: u32 = 6;

impl Message for PlumtreeMessage {
    fn wire_size(&self) -> u32 {
        HEADER.saturating_add(match self {
            Self::Join | Self::Neighbor { .. } | Self::Accept | Self::Reject => 2,
            Self::Disconnect | Self::Prune => 1,
            Self::ForwardJoin { .. } => 2 + ADDRESS,
            Self::Shuffle { sample, .. } => (2 + ADDRESS).saturating_add(ADDRESS * sample.len() as u32),
            Self::ShuffleReply { sample } => 2 + ADDRESS * sample.len() as u32,
            Self::Gossip { bytes, .. } => bytes.saturating_add(20),
            Self::IHave { .. } | Self::Graft { .. } | Self::HaveAll { .. } | Self::Compare { .. } => 20,
        })
    }

    /// A comparison goes to anybody, so that it keeps no session.
    fn lane(&self) -> Lane {
        if matches!(self, Self::Compare { .. }) { Lane::Datagram } else { Lane::Stream }
    }

    fn priority(&self) -> Priority {
        Priority::Normal
    }
}

impl Observe for PlumtreeObservation {
    /// The position is a number of links; the rank, of a delivery, the number of the broadcast.
    fn summary(&self) -> Summary {
        let none = Summary::default();
        match *self {
            Self::Started => Summary { role: Some("joining"), ..none },
            Self::Linked { peer, active } => {
                Summary { role: Some("member"), peer: Some(peer), position: Some(active.into()), ..none }
            }
            Self::Unlinked { peer, active, .. } => {
                let role = if active == 0 { "joining" } else { "member" };
                Summary { role: Some(role), peer: Some(peer), position: Some(active.into()), ..none }
            }
            Self::Broadcast { broadcast } => Summary { rank: Some(broadcast.into()), ..none },
            Self::Delivered { broadcast, hops } => {
                Summary { rank: Some(broadcast.into()), position: Some(hops.into()), ..none }
            }
        }
    }
}
