//! What members say, keep and report.

use sim_core::digest::hash_words;
use sim_core::facts;
use sim_core::identity::NodeId;
use sim_core::process::{Lane, Message, Observe, Signature, Summary};

sim_core::vocabulary! {
    /// Bracha's reliable broadcast.
    pub Bracha {
        message: BrachaMessage,
        timer: BrachaTimer,
        record: BrachaRecord,
        observation: BrachaObservation,
    }
}

/// The three things that a member signs for one broadcast, at most once each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The sender's own word.
    Initial,
    /// "This is what I heard from the sender."
    Echo,
    /// "I am ready to deliver this."
    Ready,
}

impl Phase {
    /// Every phase, in order.
    pub const ALL: [Self; 3] = [Self::Initial, Self::Echo, Self::Ready];

    /// Its place in [`Phase::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Echo => "echo",
            Self::Ready => "ready",
        }
    }
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl facts::Field for Phase {
    fn fold(&self, digest: &mut sim_core::digest::Digest) {
        digest.word(self.index() as u64);
    }

    fn show(&self, name: &'static str, visitor: &mut dyn facts::Visitor) {
        visitor.value(name, facts::Value::Text(self.name()));
    }
}

facts! {
    /// Names a broadcast.
    #[derive(Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct Broadcast {
        /// Who broadcasts.
        pub sender: NodeId,
        /// Which of the sender's broadcasts, from 1.
        pub sequence: u64,
    }
}

impl Broadcast {
    /// What is signed to say `value` in a phase of this broadcast.
    pub fn content(&self, phase: Phase, value: u64) -> u64 {
        hash_words(&[phase.index() as u64, u64::from(self.sender.0), self.sequence, value])
    }
}

impl std::fmt::Display for Broadcast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "broadcast {} of {}", self.sequence, self.sender)
    }
}

facts! {
    /// A signed value for a broadcast.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Vote {
        /// For which broadcast.
        pub broadcast: Broadcast,
        /// Which value.
        pub value: u64,
        /// The voter's signature over [`Broadcast::content`].
        pub signature: Signature,
    }
}

facts! {
    /// What members say to each other.
    #[derive(Copy, PartialEq, Eq)]
    pub enum BrachaMessage {
        /// The sender's value, signed by the sender.
        Initial(Vote),
        /// What a member heard, signed by that member.
        Echo(Vote),
        /// What a member is ready to deliver, signed by that member.
        Ready(Vote),
    }
    altered by |own, hand| {
        let (phase, Self::Initial(vote) | Self::Echo(vote) | Self::Ready(vote)) = (own.phase(), own);
        vote.signature.seal(vote.broadcast.content(phase, vote.value), hand);
    }
}

impl BrachaMessage {
    /// A vote in a phase.
    pub const fn new(phase: Phase, vote: Vote) -> Self {
        match phase {
            Phase::Initial => Self::Initial(vote),
            Phase::Echo => Self::Echo(vote),
            Phase::Ready => Self::Ready(vote),
        }
    }

    /// Its phase.
    pub const fn phase(&self) -> Phase {
        match self {
            Self::Initial(_) => Phase::Initial,
            Self::Echo(_) => Phase::Echo,
            Self::Ready(_) => Phase::Ready,
        }
    }

    /// Its vote.
    pub const fn vote(&self) -> &Vote {
        match self {
            Self::Initial(vote) | Self::Echo(vote) | Self::Ready(vote) => vote,
        }
    }
}

facts! {
    /// What a timer is for.
    #[derive(Copy, PartialEq, Eq)]
    pub enum BrachaTimer {
        /// The next broadcast is due.
        Broadcast,
        /// A failed sync is tried again.
        Disk,
    }
}

facts! {
    /// What the journal holds: everything that the member ever signed.
    #[derive(Copy, PartialEq, Eq)]
    pub struct BrachaRecord {
        /// In which phase.
        pub phase: Phase,
        /// For which broadcast.
        pub broadcast: Broadcast,
        /// Which value.
        pub value: u64,
    }
}

facts! {
    /// What a member reports. After a restart it reports again what its journal says that it signed.
    #[derive(Copy, PartialEq, Eq)]
    pub enum BrachaObservation {
        /// It starts.
        Started {
            /// Whether it broadcasts values of its own.
            broadcaster: bool,
            /// How many votes its journal held.
            recovered: u64,
        },
        /// Its journal is damaged: it takes no part any more, since it cannot know what it signed.
        Halted,
        /// It signed a value of its own.
        Broadcast {
            /// Which broadcast.
            broadcast: Broadcast,
            /// The value.
            value: u64,
        },
        /// It signed an echo.
        Echoed {
            /// For which broadcast.
            broadcast: Broadcast,
            /// The value.
            value: u64,
        },
        /// It signed a ready.
        Readied {
            /// For which broadcast.
            broadcast: Broadcast,
            /// The value.
            value: u64,
        },
        /// It delivered a value.
        Delivered {
            /// Of which broadcast.
            broadcast: Broadcast,
            /// The value.
            value: u64,
            /// How many broadcasts it has delivered in this incarnation, this one included.
            count: u64,
        },
    }
}

impl Message for BrachaMessage {
    /// A header, the phase, the broadcast, a 32-byte value and a 64-byte signature with its signer.
    fn wire_size(&self) -> u32 {
        40 + 1 + 12 + 32 + 68
    }

    fn lane(&self) -> Lane {
        Lane::Stream
    }
}

impl Observe for BrachaObservation {
    fn summary(&self) -> Summary {
        let about = |broadcast: Broadcast, value| Summary {
            rank: Some(broadcast.sequence),
            peer: Some(broadcast.sender),
            digest: Some(value),
            ..Summary::default()
        };
        match *self {
            Self::Started { broadcaster, .. } => {
                let role = if broadcaster { "broadcaster" } else { "echoer" };
                Summary { role: Some(role), position: Some(0), ..Summary::default() }
            }
            Self::Halted => Summary { role: Some("halted"), ..Summary::default() },
            Self::Broadcast { broadcast, value }
            | Self::Echoed { broadcast, value }
            | Self::Readied { broadcast, value } => about(broadcast, value),
            Self::Delivered { broadcast, value, count } => {
                Summary { position: Some(count), ..about(broadcast, value) }
            }
        }
    }
}
