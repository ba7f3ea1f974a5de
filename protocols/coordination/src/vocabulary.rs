//! What agents, the platform and the sink say ([`CoordinationMessage`]), keep and report ([`CoordinationObservation`]).
//! What the members of a core say to each other is Raft's, under the name `Order`,
//! and what agents say as members of SWIM is SWIM's, under the name `Membership`.

mod embedding;
mod message;
mod report;

use std::sync::Arc;

use gossip::swim::vocabulary::SwimTimer;
use raft::vocabulary::{RaftRecord, RaftTimer};
use sim_core::facts;
use sim_core::facts::Never;
use sim_core::identity::NodeId;
use sim_core::time::Duration;

pub use crate::memory::replica::Shared;
pub use message::{CoordinationMessage, Parcel};
pub use report::CoordinationObservation;

sim_core::vocabulary! {
    /// Agents that share work, a platform and a sink.
    pub Coordination {
        message: CoordinationMessage,
        timer: CoordinationTimer,
        request: Never, response: Never,
        record: CoordinationRecord,
        observation: CoordinationObservation,
    }
}

facts! {
    /// How a task ended.
    #[derive(Copy, PartialEq, Eq)]
    pub enum Ending {
        /// It succeeded.
        Done,
        /// It failed for good.
        Failed,
        /// This attempt failed, and there is another one.
        Attempt,
        /// The agent could not go on: the platform or the sink did not answer.
        Returned,
        /// The sink says that it had ended before.
        Elsewhere,
        /// The sink has seen a later fence. Only agents without a coordinator tell this from `Returned`.
        Superseded,
    }
}

facts! {
    /// The end of a task, as the sink has it.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Fact {
        /// Which task.
        pub task: u32,
        /// Whether it succeeded.
        pub done: bool,
    }
}

facts! {
    /// A beat, as somebody else passes it on.
    #[derive(PartialEq, Eq)]
    pub struct Gathered {
        /// Whose.
        pub agent: NodeId,
        /// The number of the life.
        pub life: u64,
        /// The number of the beat.
        pub sequence: u64,
        /// What the agent can do, as bits.
        pub capabilities: u64,
        /// For how many tasks it has room, those that it has included.
        pub places: u32,
        /// In whose place it is, if it stood by.
        pub instead_of: Option<NodeId>,
        /// What it holds: tasks and fences.
        pub held: Arc<[(u32, u64)]>,
    }
}

facts! {
    /// What a timer stands for.
    #[derive(PartialEq)]
    pub enum CoordinationTimer {
        /// It is time for a beat.
        Beat,
        /// A slot's work or patience is over.
        Slot {
            /// Which slot of the agent.
            slot: u32,
        },
        /// Letters are to be repeated.
        Courier,
        /// A lease or an agent may be over.
        Watch,
        /// An answer is overdue, or it is time to ask for a task again.
        Claim,
        /// The sink is to be asked again.
        Poll,
        /// What was gathered is to be passed on.
        Gather,
        /// Something is to be written to shared memory or read from it.
        Memory,
        /// A call of the model is over.
        Served {
            /// The number of the call.
            call: u64,
            /// To whom.
            to: NodeId,
            /// Tokens out.
            tokens_out: u32,
            /// Whether it fails.
            broken: bool,
        },
        /// A timer of a member of the core.
        Order {
            /// What it stands for.
            inner: RaftTimer,
        },
        /// A timer of a member of SWIM.
        Membership {
            /// What it stands for.
            inner: SwimTimer,
        },
    }
}

facts! {
    /// What the sink keeps on its disk, and members of the core on theirs.
    #[derive(PartialEq)]
    pub enum CoordinationRecord {
        /// An epoch was given away.
        Epoch {
            /// The epoch.
            epoch: u32,
        },
        /// Somebody starts with a task, or so many steps of it are saved.
        Held {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// How many steps.
            steps: u32,
        },
        /// A task ended.
        Ended {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// Whether it succeeded.
            done: bool,
        },
        /// All notes of an agent that keeps some itself.
        Notes {
            /// The notes.
            notes: Shared,
            /// How long each is kept still, if they expire.
            left: Arc<[(u64, Duration)]>,
            /// Notes that went with this change, and which one took the place of each; 0 if it expired.
            gone: Arc<[(u64, u64)]>,
            /// The last note that was written here in each life of an agent.
            last: Arc<[(NodeId, u64)]>,
        },
        /// What a member of the core keeps.
        Order {
            /// What it is.
            inner: RaftRecord,
        },
    }
}
