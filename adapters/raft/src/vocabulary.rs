//! The messages of the crate as facts, each kind under its own name, and the words of the store on top.

use adapter_kit::client::Talk;
use adapter_kit::command::{Answer, Ask, Proposal, Told};
use raft::eraftpb::{Message, MessageType};
use seedstorm::sim_core::facts::{ContentHash, Opaque};
use seedstorm::sim_core::process::{Lane, Message as OnTheWire, Observe, Summary};
use seedstorm::sim_core::{facts, vocabulary};

/// A message of the crate.
pub type Body = Opaque<Message>;

macro_rules! words {
    ($( $kind:ident = $of:ident ),*) => {
        facts! {
            /// What is said.
            pub enum Word {
                $(
                    #[doc = concat!("A `", stringify!($of), "` of the crate.")]
                    $kind { body: Body },
                )*
                /// Anything else of the crate.
                Other { body: Body },
                /// A client asks a replica.
                Request { proposal: Proposal },
                /// A replica answers.
                Answer { answer: Answer },
            }
        }

        impl Word {
            /// The message of the crate, if it is one.
            pub fn body(&self) -> Option<&Message> {
                match self {
                    $( Self::$kind { body } )|* | Self::Other { body } => Some(&body.0),
                    Self::Request { .. } | Self::Answer { .. } => None,
                }
            }
        }

        impl From<Message> for Word {
            fn from(message: Message) -> Self {
                let kind: fn(Body) -> Self = match message.get_msg_type() {
                    $( MessageType::$of => |body| Self::$kind { body }, )*
                    _ => |body| Self::Other { body },
                };
                kind(Opaque(message))
            }
        }
    };
}

words!(
    Append = MsgAppend,
    AppendResponse = MsgAppendResponse,
    Heartbeat = MsgHeartbeat,
    HeartbeatResponse = MsgHeartbeatResponse,
    RequestVote = MsgRequestVote,
    RequestVoteResponse = MsgRequestVoteResponse,
    RequestPreVote = MsgRequestPreVote,
    RequestPreVoteResponse = MsgRequestPreVoteResponse,
    Propose = MsgPropose
);

/// The crate asks for no order and no delivery.
impl OnTheWire for Word {
    fn wire_size(&self) -> u32 {
        128
    }

    fn lane(&self) -> Lane {
        Lane::Datagram
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

facts! {
    /// An entry of the log as it is kept.
    #[derive(PartialEq, Eq)]
    pub struct Line {
        /// Its index.
        pub index: u64,
        /// Its term.
        pub term: u64,
        /// What it says; nothing of a leader's first one.
        pub proposal: Option<Proposal>,
    }
}

facts! {
    /// A record of the journal.
    #[derive(PartialEq, Eq)]
    pub enum Kept {
        /// An entry, in place of whatever stood there and behind.
        Entry { line: Line },
        /// The crate's hard state.
        State { term: u64, vote: u64, commit: u64 },
    }
}

facts! {
    /// What a replica reports.
    pub enum Report {
        /// It follows, or does not know whom.
        Follows { term: u64 },
        /// It leads.
        Leads { term: u64 },
        /// It has entered a term.
        Entered { term: u64 },
        /// It wrote an entry.
        Wrote { index: u64, term: u64, digest: ContentHash },
        /// It holds an entry to be committed.
        Committed { index: u64, digest: ContentHash },
    }
}

impl Observe for Report {
    fn summary(&self) -> Summary {
        let none = Summary::default();
        match *self {
            Self::Follows { term } => Summary { role: Some("follower"), rank: Some(term), ..none },
            Self::Leads { term } => Summary { role: Some("leader"), rank: Some(term), ..none },
            Self::Entered { term } => Summary { rank: Some(term), ..none },
            Self::Wrote { index, term, digest } => {
                Summary { position: Some(index), rank: Some(term), digest: Some(digest.0), ..none }
            }
            Self::Committed { index, digest } => {
                Summary { position: Some(index), digest: Some(digest.0), ..none }
            }
        }
    }
}

vocabulary! {
    /// The crate with a key-value store on its log.
    pub Tikv {
        message: Word,
        timer: Alarm,
        request: Ask,
        response: Told,
        record: Kept,
        observation: Report,
    }
}

impl Talk for Tikv {
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
