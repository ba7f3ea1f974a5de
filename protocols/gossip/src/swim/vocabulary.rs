//! What members say and report.

use sim_core::facts;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::{Lane, Message, Observe, Priority, Summary};

sim_core::vocabulary! {
    /// SWIM.
    pub Swim {
        message: SwimMessage,
        timer: SwimTimer,
        observation: SwimObservation,
    }
}

facts! {
    /// What one member holds another one to be.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Status {
        /// Never heard of, or forgotten.
        Unknown,
        /// Running.
        Alive,
        /// Suspected to have failed; counts as alive until the suspicion times out.
        Suspect,
        /// Failed.
        Dead,
        /// It said that it leaves.
        Left,
    }
}

facts! {
    /// One update: what somebody holds a member to be.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Update {
        /// Who it is about.
        pub node: NodeId,
        /// What that member is.
        pub status: Status,
        /// In which incarnation.
        pub incarnation: u32,
        /// Who says so; the same member for what it says about itself.
        pub from: NodeId,
    }
}

facts! {
    /// What members say to each other.
    pub enum SwimMessage {
        /// A probe. Whoever gets it answers.
        Ping {
            /// Comes back with the answer. A member's own probes are numbered without gaps.
            sequence: u32,
            /// For whom the sender asks, if not for itself.
            relay: Option<NodeId>,
            /// Updates.
            news: Box<[Update]>,
        },
        /// Asks somebody else to probe a member.
        PingRequest {
            /// Comes back with the answer.
            sequence: u32,
            /// Whom to probe.
            target: NodeId,
            /// Whether to say so if there is no answer.
            nack: bool,
            /// Updates.
            news: Box<[Update]>,
        },
        /// The answer to a probe.
        Ack {
            /// That of the probe.
            sequence: u32,
            /// Updates.
            news: Box<[Update]>,
        },
        /// Whoever was asked to probe got no answer in time.
        Nack {
            /// That of the request.
            sequence: u32,
        },
        /// Updates, without a probe to carry them.
        Gossip {
            /// Updates.
            news: Box<[Update]>,
        },
        /// A probe over the stream lane.
        StreamPing {
            /// That of the unanswered probe.
            sequence: u32,
        },
        /// Its answer.
        StreamAck {
            /// That of the probe.
            sequence: u32,
        },
        /// Asks whether the other one's view is the same.
        Compare {
            /// The hash of the sender's whole view.
            view: ContentHash,
        },
        /// It is.
        Same,
        /// A whole view.
        View {
            /// Whether the sender wants the other one's view in return.
            answer: bool,
            /// Whether the members of genesis that are not listed are alive in their first incarnation.
            genesis: bool,
            /// How many members the view has, listed or not.
            members: u32,
            /// What differs from that.
            listed: Box<[Update]>,
        },
    }
}

facts! {
    /// What a timer is for.
    #[derive(Copy, PartialEq, Eq)]
    pub enum SwimTimer {
        /// The earliest of all that a member waits for.
        Next,
    }
}

facts! {
    /// What a member reports.
    #[derive(Copy, PartialEq, Eq)]
    pub enum SwimObservation {
        /// It starts.
        Started {
            /// Its incarnation.
            incarnation: u32,
            /// Whether it knows the members of genesis; it must join if not.
            knows: bool,
        },
        /// It has exchanged views with another member, for the first time.
        Joined {
            /// Which member.
            peer: NodeId,
            /// Whether it took over the members of genesis but for those that follow as forgotten.
            genesis: bool,
            /// How many it holds alive.
            members: u32,
            /// The hash of those that it holds alive.
            view: ContentHash,
        },
        /// It holds a member alive that it did not, or in a later incarnation.
        Alive {
            /// Which member.
            peer: NodeId,
            /// In which incarnation.
            incarnation: u32,
            /// How many it holds alive.
            members: u32,
            /// The hash of those that it holds alive.
            view: ContentHash,
        },
        /// It suspects a member.
        Suspected {
            /// Which member.
            peer: NodeId,
            /// In which incarnation.
            incarnation: u32,
            /// Who said so; itself if its own probe failed or its own table says so.
            from: NodeId,
        },
        /// It holds a member dead.
        Died {
            /// Which member.
            peer: NodeId,
            /// In which incarnation.
            incarnation: u32,
            /// Who said so; itself if a suspicion of its own timed out.
            from: NodeId,
            /// How many it holds alive.
            members: u32,
            /// The hash of those that it holds alive.
            view: ContentHash,
        },
        /// It was told that a member left.
        Departed {
            /// Which member.
            peer: NodeId,
            /// In which incarnation.
            incarnation: u32,
            /// How many it holds alive.
            members: u32,
            /// The hash of those that it holds alive.
            view: ContentHash,
        },
        /// It does not remember a member any more.
        Forgot {
            /// Which member.
            peer: NodeId,
        },
        /// It denies that it failed, by a later incarnation of its own.
        Refuted {
            /// The new incarnation.
            incarnation: u32,
        },
        /// Its own health changed: it probes so many times more slowly.
        Health {
            /// 1 for a healthy member.
            factor: u32,
        },
        /// It leaves, and tells the others.
        Leaving {
            /// Its incarnation.
            incarnation: u32,
        },
        /// It has left and says no more.
        Gone,
    }
}

/// IP and UDP, or a share of TCP.
const HEADER: u32 = 28;
/// A compound message's own part.
const COMPOUND: u32 = 2;

/// The bytes of a packet that holds nothing but updates.
pub(super) const PACKET: u32 = HEADER + COMPOUND;
/// What a probe, a request or an answer takes beside updates.
pub(super) const PROBE: u32 = 36;
/// The bytes of one entry of a whole view.
const ENTRY: u32 = 46;

impl Update {
    /// What it takes in a packet: an address where there is one, names, numbers and two bytes of length.
    #[inline]
    pub(super) const fn bytes(&self) -> u32 {
        match self.status {
            Status::Alive => 60,
            _ => 42,
        }
    }
}

fn bytes(news: &[Update]) -> u32 {
    news.iter().map(Update::bytes).sum()
}

impl SwimMessage {
    /// The updates that it carries beside what it is about; whole views are none.
    pub(super) fn news(&self) -> &[Update] {
        match self {
            Self::Ping { news, .. }
            | Self::PingRequest { news, .. }
            | Self::Ack { news, .. }
            | Self::Gossip { news } => news,
            _ => &[],
        }
    }
}

impl Message for SwimMessage {
    fn wire_size(&self) -> u32 {
        match self {
            Self::Ping { news, .. } | Self::PingRequest { news, .. } | Self::Ack { news, .. } => {
                PACKET + PROBE + bytes(news)
            }
            Self::Gossip { news } => PACKET + bytes(news),
            Self::Nack { .. } | Self::StreamPing { .. } | Self::StreamAck { .. } => HEADER + 12,
            Self::Compare { .. } => HEADER + 16,
            Self::Same => HEADER + 4,
            Self::View { members, .. } => members.saturating_mul(ENTRY).saturating_add(HEADER + 16),
        }
    }

    fn lane(&self) -> Lane {
        match self {
            Self::StreamPing { .. }
            | Self::StreamAck { .. }
            | Self::Compare { .. }
            | Self::Same
            | Self::View { .. } => Lane::Stream,
            _ => Lane::Datagram,
        }
    }

    /// Views are long and can wait; probes cannot.
    fn priority(&self) -> Priority {
        match self {
            Self::View { .. } | Self::Compare { .. } | Self::Same => Priority::Low,
            _ => Priority::Normal,
        }
    }
}

impl Observe for SwimObservation {
    /// The rank is an incarnation: that of the peer, if it is about one. The position is the number of members held alive.
    fn summary(&self) -> Summary {
        let none = Summary::default();
        match *self {
            Self::Started { incarnation, knows } => {
                let role = if knows { "member" } else { "joining" };
                Summary { role: Some(role), rank: Some(incarnation.into()), ..none }
            }
            Self::Joined { peer, members, view, .. } => Summary {
                role: Some("member"),
                peer: Some(peer),
                position: Some(members.into()),
                digest: Some(view.0),
                ..none
            },
            Self::Alive { peer, members, view, .. }
            | Self::Died { peer, members, view, .. }
            | Self::Departed { peer, members, view, .. } => {
                Summary { peer: Some(peer), position: Some(members.into()), digest: Some(view.0), ..none }
            }
            Self::Suspected { peer, .. } | Self::Forgot { peer } => Summary { peer: Some(peer), ..none },
            Self::Refuted { incarnation } => Summary { rank: Some(incarnation.into()), ..none },
            Self::Leaving { incarnation } => {
                Summary { role: Some("leaving"), rank: Some(incarnation.into()), ..none }
            }
            Self::Gone => Summary { role: Some("left"), ..none },
            Self::Health { .. } => none,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_small_and_sized_by_what_they_carry() {
        assert!(size_of::<SwimMessage>() <= 40, "{}", size_of::<SwimMessage>());
        assert_eq!(size_of::<Update>(), 16);
        let update = Update { node: NodeId(1), status: Status::Suspect, incarnation: 0, from: NodeId(2) };
        let ping = |news: Vec<Update>| SwimMessage::Ping { sequence: 1, relay: None, news: news.into() };
        assert_eq!(ping(vec![update; 2]).wire_size(), ping(vec![]).wire_size() + 84);
        assert_eq!(ping(vec![]).lane(), Lane::Datagram);
        assert_eq!(SwimMessage::Same.lane(), Lane::Stream);
    }
}
