//! The messages of the crate as facts, each kind under its own name; what members keep and report.

use foca::{Codec, Message as Said, Timer};
use seedstorm::sim_core::facts::{Bytes, Opaque};
use seedstorm::sim_core::identity::NodeId;
use seedstorm::sim_core::process::{Lane, Message as OnTheWire, Observe, Summary};
use seedstorm::sim_core::{facts, vocabulary};

use crate::identity::{Identity, Packed};

facts! {
    /// What the crate sends: its header in words, and the whole as it is on the wire.
    pub struct Packet {
        /// Who sends it.
        pub src: Identity,
        /// In which incarnation: every message refutes suspicions of earlier ones.
        pub incarnation: u16,
        /// Whom it is for.
        pub dst: Identity,
        /// All of it, with the updates that travel along.
        pub bytes: Bytes,
    }
}

macro_rules! words {
    ($( $kind:ident = $of:pat ),* $(,)?) => {
        facts! {
            /// What is said.
            pub enum Word {
                $(
                    #[doc = concat!("A `", stringify!($kind), "` of the crate.")]
                    $kind { packet: Packet },
                )*
            }
        }

        impl Word {
            /// What the crate wants sent, if it is a packet of the crate.
            pub fn read(bytes: &[u8]) -> Option<Self> {
                let header = Packed.decode_header(bytes).ok()?;
                let packet = Packet {
                    src: header.src,
                    incarnation: header.src_incarnation,
                    dst: header.dst,
                    bytes: Bytes(bytes.to_vec()),
                };
                Some(match header.message {
                    $( $of => Self::$kind { packet }, )*
                })
            }

            /// The packet.
            pub const fn packet(&self) -> &Packet {
                match self {
                    $( Self::$kind { packet } )|* => packet,
                }
            }
        }
    };
}

words!(
    Ping = Said::Ping(_),
    Ack = Said::Ack(_),
    PingReq = Said::PingReq { .. },
    IndirectPing = Said::IndirectPing { .. },
    IndirectAck = Said::IndirectAck { .. },
    ForwardedAck = Said::ForwardedAck { .. },
    Announce = Said::Announce,
    Feed = Said::Feed,
    Gossip = Said::Gossip,
    Broadcast = Said::Broadcast,
    TurnUndead = Said::TurnUndead,
);

/// The crate asks for no order and no delivery.
impl OnTheWire for Word {
    fn wire_size(&self) -> u32 {
        28 + self.packet().bytes.0.len() as u32
    }

    fn lane(&self) -> Lane {
        Lane::Datagram
    }
}

facts! {
    /// What a timer is for.
    pub enum Alarm {
        /// The crate wants it back.
        Crate { event: Opaque<Timer<Identity>> },
        /// Somebody is asked to let it join, as long as it knows nobody who is up.
        Join,
        /// It leaves.
        Leave,
    }
}

facts! {
    /// A record of the journal.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Kept {
        /// It was started so often.
        Boot { number: u32 },
    }
}

facts! {
    /// What one member holds another one to be.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Held {
        /// Who that is.
        pub id: Identity,
        /// The latest incarnation that it knows of.
        pub incarnation: u16,
        /// Whether it lives, is suspected or declared down.
        pub status: Status,
    }
}

facts! {
    /// Alive, suspected, or declared down.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Status {
        /// It is up.
        Alive,
        /// Somebody suspects it; it counts as up.
        Suspect,
        /// It was declared down, which is final for this identity.
        Down,
    }
}

facts! {
    /// What a member reports.
    pub enum Report {
        /// It takes part from now on, and knows the members of genesis if the cluster was running.
        Started { id: Identity, warm: bool },
        /// It was declared down, and the crate has given it a new identity.
        Renewed { id: Identity },
        /// It left, and takes no part any more.
        Left { id: Identity },
        /// It holds somebody to be up.
        Alive { held: Held },
        /// It holds somebody to be suspected.
        Suspected { held: Held },
        /// It holds somebody to be down; whether its own timer said so.
        Down { held: Held, timed_out: bool },
        /// It knows nothing of an address any more.
        Forgot { peer: NodeId },
        /// The crate has returned an error.
        Failed { error: String },
    }
}

impl Observe for Report {
    fn summary(&self) -> Summary {
        let none = Summary::default();
        let rank = |id: &Identity| Some(u64::from(id.boot) << 32 | u64::from(id.renewal));
        match self {
            Self::Started { id, .. } | Self::Renewed { id } => {
                Summary { role: Some("member"), rank: rank(id), ..none }
            }
            Self::Left { id } => Summary { role: Some("left"), rank: rank(id), ..none },
            Self::Down { held, .. } => Summary { peer: Some(held.id.node), ..none },
            _ => none,
        }
    }
}

vocabulary! {
    /// Members that know each other.
    pub Foca {
        message: Word,
        timer: Alarm,
        record: Kept,
        observation: Report,
    }
}
