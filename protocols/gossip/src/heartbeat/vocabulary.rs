//! What members say and report.

use sim_core::facts;
use sim_core::identity::NodeId;
use sim_core::process::{Message, Observe, Summary};

sim_core::vocabulary! {
    /// Heartbeats.
    pub Heartbeat {
        message: HeartbeatMessage,
        timer: HeartbeatTimer,
        observation: HeartbeatObservation,
    }
}

facts! {
    /// What members say to each other.
    #[derive(Copy, PartialEq, Eq)]
    pub enum HeartbeatMessage {
        /// The sender lives.
        Beat {
            /// A number that its process drew when it started: a later process counts anew.
            born: u64,
            /// Which beat of this process, counted from 1.
            number: u64,
        },
    }
}

facts! {
    /// What a timer is for.
    #[derive(Copy, PartialEq, Eq)]
    pub enum HeartbeatTimer {
        /// A beat is due, and so is a look at the others.
        Beat,
    }
}

facts! {
    /// What a member reports.
    #[derive(Copy, PartialEq, Eq)]
    pub enum HeartbeatObservation {
        /// It starts, and suspects nobody.
        Started,
        /// It has heard nothing of somebody for too long.
        Suspected {
            /// Of whom.
            peer: NodeId,
        },
        /// It hears somebody again whom it suspected.
        Trusted {
            /// Whom.
            peer: NodeId,
        },
    }
}

impl Message for HeartbeatMessage {
    fn wire_size(&self) -> u32 {
        const HEADER: u32 = 28;
        match self {
            Self::Beat { .. } => HEADER + 16,
        }
    }
}

impl Observe for HeartbeatObservation {
    fn summary(&self) -> Summary {
        match *self {
            Self::Started => Summary { role: Some("member"), ..Summary::default() },
            Self::Suspected { peer } | Self::Trusted { peer } => {
                Summary { role: Some("member"), peer: Some(peer), ..Summary::default() }
            }
        }
    }
}
