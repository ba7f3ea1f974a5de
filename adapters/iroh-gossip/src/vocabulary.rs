//! The messages of the crate as facts, each kind under its own name; what members report.

use iroh_gossip::proto::{Message, Timer};
use seedstorm::sim_core::facts::{Bytes, Opaque};
use seedstorm::sim_core::identity::NodeId;
use seedstorm::sim_core::process::{Lane, Message as OnTheWire, Observe, Summary};
use seedstorm::sim_core::{facts, vocabulary};

/// Who members are to the crate.
pub type Peer = u32;

/// On the wire, the topic comes first.
const TOPIC_BYTES: usize = 32;

macro_rules! words {
    ($( $kind:ident = $tags:pat ),* $(,)?) => {
        facts! {
            /// What is said: a message of the crate as it is on the wire.
            pub enum Word {
                $(
                    #[doc = concat!("A `", stringify!($kind), "` of the crate.")]
                    $kind { bytes: Bytes },
                )*
            }
        }

        impl Word {
            /// What the crate wants sent. Its two layers and their kinds are the two bytes behind the topic.
            ///
            /// # Panics
            /// If the crate cannot encode it or has kinds that are not known here.
            pub fn of(message: &Message<Peer>) -> Self {
                let bytes = postcard::to_allocvec(message).expect("the crate's messages can be encoded");
                let tags = (bytes[TOPIC_BYTES], bytes[TOPIC_BYTES + 1]);
                let bytes = Bytes(bytes);
                match tags {
                    $( $tags => Self::$kind { bytes }, )*
                    _ => panic!("a message of an unknown kind: {message:?}"),
                }
            }

            /// All of it.
            pub const fn bytes(&self) -> &Bytes {
                match self {
                    $( Self::$kind { bytes } )|* => bytes,
                }
            }
        }
    };
}

words!(
    Join = (0, 0),
    ForwardJoin = (0, 1),
    Shuffle = (0, 2),
    ShuffleReply = (0, 3),
    Neighbor = (0, 4),
    Disconnect = (0, 5),
    Gossip = (1, 0),
    Prune = (1, 1),
    Graft = (1, 2),
    IHave = (1, 3),
);

impl Word {
    /// The crate's message.
    pub fn read(&self) -> Option<Message<Peer>> {
        postcard::from_bytes(&self.bytes().0).ok()
    }
}

/// The crate runs over QUIC: order and delivery, as long as a connection lasts.
impl OnTheWire for Word {
    fn wire_size(&self) -> u32 {
        48 + self.bytes().0.len() as u32
    }

    fn lane(&self) -> Lane {
        Lane::Stream
    }
}

facts! {
    /// What a timer is for.
    pub enum Alarm {
        /// The crate wants it back.
        Crate { timer: Opaque<Timer<Peer>> },
        /// Time to join somebody.
        Join,
        /// Time to broadcast.
        Broadcast,
    }
}

facts! {
    /// A broadcast: what its content says.
    #[derive(Copy, PartialEq, Eq, PartialOrd, Ord)]
    pub struct Note {
        /// Who broadcasts.
        pub origin: NodeId,
        /// A number that each start of a process draws: the crate knows a message by its content.
        pub life: u32,
        /// Which one of this life.
        pub number: u32,
    }
}

impl Note {
    /// As content.
    pub fn written(self) -> Vec<u8> {
        [self.origin.0, self.life, self.number].into_iter().flat_map(u32::to_le_bytes).collect()
    }

    /// From content, if it is such.
    pub fn read(content: &[u8]) -> Option<Self> {
        let words: Vec<u32> =
            content.chunks(4).filter_map(|word| Some(u32::from_le_bytes(word.try_into().ok()?))).collect();
        let [origin, life, number] = words[..] else { return None };
        Some(Self { origin: NodeId(origin), life, number })
    }
}

facts! {
    /// What a member reports.
    #[derive(Copy)]
    pub enum Report {
        /// It takes part from now on, with no neighbor.
        Started,
        /// It broadcasts something.
        Broadcast { note: Note },
        /// Something was handed to the application.
        Received { note: Note, from: NodeId },
        /// Something was handed to it that is no broadcast of anybody.
        Garbled,
        /// The crate has a neighbor more.
        Up { peer: NodeId },
        /// The crate has a neighbor less.
        Down { peer: NodeId },
    }
}

impl Observe for Report {
    fn summary(&self) -> Summary {
        let none = Summary::default();
        match self {
            Self::Started => Summary { role: Some("member"), ..none },
            Self::Received { from, .. } => Summary { peer: Some(*from), ..none },
            Self::Up { peer } | Self::Down { peer } => Summary { peer: Some(*peer), ..none },
            Self::Broadcast { .. } | Self::Garbled => none,
        }
    }
}

vocabulary! {
    /// Members of one topic.
    pub Gossips {
        message: Word,
        timer: Alarm,
        observation: Report,
    }
}
