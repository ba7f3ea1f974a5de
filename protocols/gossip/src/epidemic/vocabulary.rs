//! What agents say and report. Rumors travel as a bit set: rumor `r` is bit `r`.

use sim_core::facts;
use sim_core::identity::NodeId;
use sim_core::process::{Message, Observe, Summary};

sim_core::vocabulary! {
    /// Epidemic broadcast.
    pub Epidemic {
        message: EpidemicMessage,
        timer: EpidemicTimer,
        observation: EpidemicObservation,
    }
}

facts! {
    /// What agents say to each other. The paper's traffic `m` is the number of `Rumor` and `Exchange` messages per agent:
    /// those that carry rumors.
    #[derive(Copy, PartialEq, Eq)]
    pub enum EpidemicMessage {
        /// Rumors, pushed or in answer to a pull.
        Rumor {
            /// Which ones.
            rumors: u64,
        },
        /// Asks for what the other is spreading.
        Pull,
        /// Pushes and pulls at once.
        Exchange {
            /// What is pushed.
            rumors: u64,
        },
        /// Tells who sent a rumor whether it was needed; only where the rule of losing interest asks for it.
        Feedback {
            /// Whether any of it was news.
            needed: bool,
        },
        /// Refuses a contact: this cycle had as many as the limit allows.
        Refused,
    }
}

facts! {
    /// What a timer is for.
    #[derive(Copy, PartialEq, Eq)]
    pub enum EpidemicTimer {
        /// A cycle ends and the next one begins.
        Cycle,
    }
}

facts! {
    /// What an agent reports.
    #[derive(Copy, PartialEq, Eq)]
    pub enum EpidemicObservation {
        /// It starts and knows nothing.
        Susceptible,
        /// It learned rumors.
        Infected {
            /// Those that were news.
            rumors: u64,
            /// From whom; absent where the rumor started.
            source: Option<NodeId>,
            /// How many rumors it knows now.
            known: u32,
            /// Whether that is all there are.
            complete: bool,
        },
        /// It lost interest: it spreads no more.
        Removed,
    }
}

impl Message for EpidemicMessage {
    fn wire_size(&self) -> u32 {
        const HEADER: u32 = 28;
        match self {
            Self::Rumor { .. } | Self::Exchange { .. } => HEADER + 9,
            Self::Pull | Self::Refused => HEADER + 1,
            Self::Feedback { .. } => HEADER + 2,
        }
    }
}

impl Observe for EpidemicObservation {
    /// With several rumors an agent's role is `"infected"` once it knows all of them.
    fn summary(&self) -> Summary {
        match *self {
            Self::Susceptible => {
                Summary { role: Some("susceptible"), position: Some(0), ..Summary::default() }
            }
            Self::Infected { source, known, complete, .. } => Summary {
                role: complete.then_some("infected"),
                position: Some(u64::from(known)),
                peer: source,
                ..Summary::default()
            },
            Self::Removed => Summary { role: Some("removed"), ..Summary::default() },
        }
    }
}
