//! The messages of the crate as facts, each kind under its own name, and the words of the store on top.

use adapter_kit::client::Talk;
use adapter_kit::command::{Answer, Ask, Proposal, Told};
use omnipaxos::messages::Message;
use omnipaxos::messages::ballot_leader_election::HeartbeatMsg;
use omnipaxos::messages::sequence_paxos::PaxosMsg;
use omnipaxos::storage::{Entry, NoSnapshot};
use seedstorm::sim_core::facts::{ContentHash, Opaque};
use seedstorm::sim_core::process::{Lane, Message as OnTheWire, Observe, Summary};
use seedstorm::sim_core::{facts, vocabulary};

/// A message of the crate.
pub type Body = Opaque<Message<Item>>;

facts! {
    /// An entry of the log.
    #[derive(PartialEq, Eq)]
    pub struct Item {
        /// What is proposed.
        pub proposal: Proposal,
    }
}

impl Entry for Item {
    type Snapshot = NoSnapshot;
}

macro_rules! words {
    ($( $kind:ident ),*) => {
        facts! {
            /// What is said.
            pub enum Word {
                $(
                    #[doc = concat!("A `", stringify!($kind), "` of the crate.")]
                    $kind { body: Body },
                )*
                /// A client asks a replica.
                Request { proposal: Proposal },
                /// A replica answers.
                Answer { answer: Answer },
            }
        }

        impl Word {
            /// The message of the crate, if it is one.
            pub fn body(&self) -> Option<&Message<Item>> {
                match self {
                    $( Self::$kind { body } => Some(&body.0), )*
                    Self::Request { .. } | Self::Answer { .. } => None,
                }
            }
        }
    };
}

words!(
    PrepareReq,
    Prepare,
    Promise,
    AcceptSync,
    AcceptDecide,
    Accepted,
    NotAccepted,
    Decide,
    ProposalForward,
    Reconfiguration,
    HeartbeatRequest,
    HeartbeatReply
);

impl From<Message<Item>> for Word {
    fn from(message: Message<Item>) -> Self {
        let kind: fn(Body) -> Self = match &message {
            Message::SequencePaxos(paxos) => match paxos.msg {
                PaxosMsg::PrepareReq(_) => |body| Self::PrepareReq { body },
                PaxosMsg::Prepare(_) => |body| Self::Prepare { body },
                PaxosMsg::Promise(_) => |body| Self::Promise { body },
                PaxosMsg::AcceptSync(_) => |body| Self::AcceptSync { body },
                PaxosMsg::AcceptDecide(_) => |body| Self::AcceptDecide { body },
                PaxosMsg::Accepted(_) => |body| Self::Accepted { body },
                PaxosMsg::NotAccepted(_) => |body| Self::NotAccepted { body },
                PaxosMsg::Decide(_) => |body| Self::Decide { body },
                PaxosMsg::ProposalForward(_) => |body| Self::ProposalForward { body },
                PaxosMsg::Compaction(_) | PaxosMsg::AcceptStopSign(_) | PaxosMsg::ForwardStopSign(_) => {
                    |body| Self::Reconfiguration { body }
                }
            },
            Message::BLE(heartbeat) => match heartbeat.msg {
                HeartbeatMsg::Request(_) => |body| Self::HeartbeatRequest { body },
                HeartbeatMsg::Reply(_) => |body| Self::HeartbeatReply { body },
            },
        };
        kind(Opaque(message))
    }
}

/// Everything goes over TCP: the crate counts on order, and is told when a connection is new.
impl OnTheWire for Word {
    fn wire_size(&self) -> u32 {
        128
    }

    fn lane(&self) -> Lane {
        Lane::Stream
    }
}

facts! {
    /// What a timer is for.
    pub enum Alarm {
        /// The crate's clock.
        Tick,
        /// A client tries again, elsewhere.
        Retry { sequence: u64 },
    }
}

impl Talk for Omni {
    fn request(proposal: Proposal) -> Word {
        Word::Request { proposal }
    }

    fn answer(message: &Word) -> Option<&Answer> {
        if let Word::Answer { answer } = message { Some(answer) } else { None }
    }

    fn retry(sequence: u64) -> Alarm {
        Alarm::Retry { sequence }
    }

    fn retried(timer: &Alarm) -> Option<u64> {
        if let Alarm::Retry { sequence } = timer { Some(*sequence) } else { None }
    }
}

facts! {
    /// One write of the crate to its storage.
    #[derive(PartialEq, Eq)]
    pub enum Write {
        /// Entries at the end.
        Append { entries: Vec<Item> },
        /// Entries from an index on, in place of whatever was there.
        AppendFrom { from: u64, entries: Vec<Item> },
        /// A ballot was promised.
        Promise { ballot: Number },
        /// How far the log is decided.
        Decided { index: u64 },
        /// The ballot in which entries were accepted last.
        AcceptedRound { ballot: Number },
    }
}

facts! {
    /// A record of the journal: writes that are done together or not at all.
    #[derive(PartialEq, Eq)]
    pub struct Kept {
        /// The writes, in order.
        pub writes: Vec<Write>,
    }
}

facts! {
    /// A ballot of the crate.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Number {
        /// Its configuration.
        pub config: u32,
        /// Its number.
        pub n: u32,
        /// Its priority.
        pub priority: u32,
        /// Its owner.
        pub pid: u64,
    }
}

facts! {
    /// What a replica reports.
    pub enum Report {
        /// It follows, or does not know whom.
        Follows { n: u32 },
        /// It leads.
        Leads { n: u32 },
        /// It has promised a ballot; owners of one number are told apart by the last bits.
        Promised { n: u64 },
        /// It wrote an entry at an index.
        Wrote { index: u64, digest: ContentHash },
        /// It holds an entry to be decided.
        Decided { index: u64, digest: ContentHash },
    }
}

impl Observe for Report {
    fn summary(&self) -> Summary {
        let none = Summary::default();
        match *self {
            Self::Follows { n } => Summary { role: Some("follower"), rank: Some(n.into()), ..none },
            Self::Leads { n } => Summary { role: Some("leader"), rank: Some(n.into()), ..none },
            Self::Promised { n } => Summary { rank: Some(n), ..none },
            Self::Wrote { index, digest } | Self::Decided { index, digest } => {
                Summary { position: Some(index), digest: Some(digest.0), ..none }
            }
        }
    }
}

vocabulary! {
    /// OmniPaxos with a key-value store on its log.
    pub Omni {
        message: Word,
        timer: Alarm,
        request: Ask,
        response: Told,
        record: Kept,
        observation: Report,
    }
}
