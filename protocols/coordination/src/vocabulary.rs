//! What agents, the platform and the sink say and report.

use std::sync::Arc;

use sim_core::digest::Digest;
use sim_core::facts;
use sim_core::facts::{Facts, Field, Never, Visitor, show_facts};
use sim_core::identity::NodeId;
use sim_core::process::{Lane, Message, Observe, Priority, Summary};
use sim_core::time::Duration;

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
    /// What is said. Letters have a number and are repeated until a receipt comes.
    #[derive(PartialEq)]
    pub enum CoordinationMessage {
        /// An agent is alive, in a life of this number, with so many places for tasks, and holds tasks under fences. The
        /// first beat of a life registers it.
        Beat {
            /// The number of the life.
            life: u64,
            /// The number of a beat.
            sequence: u64,
            /// What the agent can do, as bits.
            capabilities: u64,
            /// For how many tasks it has room, those that it has included.
            places: u32,
            /// What it holds: tasks and fences.
            held: Arc<[(u32, u64)]>,
        },
        /// The hub has heard a beat; tasks under the fences in `revoked` are not the agent's any more.
        BeatHeard {
            /// The number of a beat.
            sequence: u64,
            /// Fences.
            revoked: Arc<[u64]>,
        },
        /// A task for an agent, under the lease that its beat `sequence` renewed.
        Grant {
            /// The number of the letter.
            letter: u64,
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// How many attempts failed before.
            attempt: u32,
            /// The number of a beat.
            sequence: u64,
        },
        /// A task is not needed any more.
        Cancel {
            /// The number of the letter.
            letter: u64,
            /// Under which fence.
            fence: u64,
        },
        /// An agent has ended its work on a task.
        Finish {
            /// The number of the letter.
            letter: u64,
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// What became of it.
            ending: Ending,
        },
        /// How far an agent is; nobody misses it if it is lost.
        Report {
            /// Which task.
            task: u32,
            /// How many steps.
            steps: u32,
        },
        /// A letter arrived.
        Receipt {
            /// The number of the letter.
            letter: u64,
        },
        /// Something for another agent, which those on the way pass on.
        Relay {
            /// Who says it.
            from: NodeId,
            /// To whom.
            to: NodeId,
            /// What is said.
            parcel: Parcel,
        },
        /// An agent asks the sink for a new epoch of fences.
        Open {
            /// What tells this question from others.
            token: u64,
        },
        /// The epoch.
        Opened {
            /// What tells this question from others.
            token: u64,
            /// The epoch.
            epoch: u32,
        },
        /// What ended since so many ends?
        Ask {
            /// From which end on.
            since: u32,
        },
        /// Ends from there on, and how many there are in all.
        Facts {
            /// From which end on.
            since: u32,
            /// Ends, in order.
            ends: Arc<[Fact]>,
            /// How many ends there are.
            all: u32,
        },
        /// An agent starts with a task.
        Begin {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
        },
        /// It may, after so many steps that are saved.
        Begun {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// How many steps.
            steps: u32,
        },
        /// So many steps of a task are to be saved.
        Save {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// How many steps.
            steps: u32,
        },
        /// They are.
        Saved {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
        },
        /// The result of a task is to take effect.
        Write {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// What became of it.
            ending: Ending,
        },
        /// It has.
        Written {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
        },
        /// It must not: somebody has a later fence, or the task has ended.
        Refused {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// Whether the task has ended.
            ended: bool,
        },
        /// A call of the model.
        Call {
            /// The number of the call.
            call: u64,
            /// Tokens in.
            tokens_in: u32,
            /// Tokens out.
            tokens_out: u32,
        },
        /// The answer.
        Answer {
            /// The number of the call.
            call: u64,
        },
        /// 429: a limit is reached.
        Limited {
            /// The number of the call.
            call: u64,
            /// How long the platform wants the agent to wait.
            retry_after: Duration,
        },
        /// The call failed.
        Broken {
            /// The number of the call.
            call: u64,
        },
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
        /// The sink is to be asked again.
        Poll,
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
    }
}

facts! {
    /// What the sink keeps on its disk.
    #[derive(PartialEq)]
    pub enum SinkRecord {
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
    }
}

facts! {
    /// What is reported to checks.
    #[derive(PartialEq)]
    pub enum CoordinationObservation {
        /// An agent has nothing to do.
        Idle,
        /// It works on tasks.
        Working,
        /// It waits for the platform's limits.
        Throttled,
        /// It waits for others, or speaks with them.
        Coordinating,
        /// It coordinates others from now on, under this epoch.
        Coordinator {
            /// The epoch.
            epoch: u32,
        },
        /// The platform is there.
        PlatformUp,
        /// The sink is there.
        SinkUp,
        /// The hub knows an agent.
        Registered {
            /// Which agent.
            agent: NodeId,
        },
        /// The hub holds an agent for dead.
        Lost {
            /// Which agent.
            agent: NodeId,
        },
        /// It is back.
        Back {
            /// Which agent.
            agent: NodeId,
        },
        /// The coordinator knows that a task can start.
        Ready {
            /// Which task.
            task: u32,
        },
        /// A task was given to an agent.
        Granted {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// Which agent.
            agent: NodeId,
            /// How many attempts failed before.
            attempt: u32,
            /// How long it was ready.
            waited: Duration,
        },
        /// An agent goes on with a task that it has from a former life of the coordinator.
        Adopted {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// Which agent.
            agent: NodeId,
        },
        /// An agent could not go on with a task and gave it back.
        Returned {
            /// Which task.
            task: u32,
        },
        /// A lease is over: the task is free again.
        Expired {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// Which agent.
            agent: NodeId,
        },
        /// A result came under a fence that is not the task's any more.
        Stale {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
        },
        /// An attempt failed, and there is another one.
        Retried {
            /// Which task.
            task: u32,
            /// How many attempts failed.
            failed: u32,
        },
        /// The hub knows that a task ended: 0 done, 1 failed, 2 not needed.
        Settled {
            /// Which task.
            task: u32,
            /// 0 done, 1 failed, 2 not needed.
            how: u32,
        },
        /// A fallback takes the place of a task that failed.
        FellBack {
            /// Which task.
            task: u32,
            /// To whom.
            to: u32,
        },
        /// A result decided for this task.
        Branched {
            /// Which task.
            task: u32,
            /// To whom.
            to: u32,
        },
        /// A task came into being.
        Grew {
            /// Which task.
            task: u32,
        },
        /// A task did not come into being, since it would wait for itself.
        GrowthRefused {
            /// Which task.
            task: u32,
        },
        /// A task is not needed any more while an agent has it.
        Canceled {
            /// Which task.
            task: u32,
        },
        /// An agent works on a task. Without news its lease is over after this time, or never.
        Started {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// How long, by the agent's clock.
            lease: Option<Duration>,
        },
        /// Its lease lasts so long from now on.
        Renewed {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// How long, by the agent's clock.
            lease: Duration,
        },
        /// It does not work on the task any more.
        Ended {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
        },
        /// So many tasks wait at an agent; it has room for so many.
        Queued {
            /// How many wait.
            length: u32,
            /// For how many there is room.
            room: u32,
        },
        /// A letter was given up: nobody took it.
        GaveUp {
            /// To whom.
            to: NodeId,
        },
        /// Letters of low priority were dropped, since too many wait.
        Shed {
            /// To whom.
            to: NodeId,
        },
        /// A step of a task is done.
        Stepped {
            /// Which task.
            task: u32,
            /// How many steps.
            steps: u32,
        },
        /// A call of the model was answered: what it used, and what it cost in millionths of a dollar.
        Served {
            /// Which agent.
            agent: NodeId,
            /// Tokens in.
            tokens_in: u32,
            /// Tokens out.
            tokens_out: u32,
            /// In millionths of a dollar.
            cost: u64,
        },
        /// 429: a call was refused.
        Limited {
            /// Which agent.
            agent: NodeId,
            /// How long the platform wants the agent to wait.
            retry_after: Duration,
        },
        /// A call failed.
        Broken {
            /// Which agent.
            agent: NodeId,
        },
        /// A task took effect.
        Effect {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// Whether it succeeded.
            done: bool,
        },
        /// The sink refused a fence: a later one is known, or the task has ended.
        FenceRefused {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// Whether the task has ended.
            ended: bool,
        },
    }
}

/// What travels on a way of several agents.
#[derive(Clone, Debug, PartialEq)]
pub struct Parcel(pub Arc<CoordinationMessage>);

impl Field for Parcel {
    fn fold(&self, digest: &mut Digest) {
        Facts::digest(&*self.0, digest);
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        show_facts(&*self.0, name, visitor);
    }
}

sim_core::vocabulary! {
    /// Agents that share work, a platform and a sink.
    pub Coordination {
        message: CoordinationMessage,
        timer: CoordinationTimer,
        request: Never, response: Never,
        record: SinkRecord,
        observation: CoordinationObservation,
    }
}

/// IP, UDP and the frame of a message.
const HEADER: u32 = 48;

/// Bytes that a token takes in JSON.
const TOKEN: u32 = 4;

impl Message for CoordinationMessage {
    fn wire_size(&self) -> u32 {
        HEADER
            + match self {
                Self::Beat { held, .. } => 36 + 12 * held.len() as u32,
                Self::BeatHeard { revoked, .. } => 20 + 8 * revoked.len() as u32,
                Self::Relay { parcel, .. } => 8 + parcel.0.wire_size(),
                Self::Facts { ends, .. } => 16 + 8 * ends.len() as u32,
                Self::Call { tokens_in, .. } => 200_u32.saturating_add(tokens_in.saturating_mul(TOKEN)),
                Self::Answer { .. } => 400,
                _ => 40,
            }
    }

    fn lane(&self) -> Lane {
        Lane::Datagram
    }

    /// Beats come first, reports last.
    fn priority(&self) -> Priority {
        match self {
            Self::Beat { .. } | Self::BeatHeard { .. } => Priority::Critical,
            Self::Relay { parcel, .. } => parcel.0.priority(),
            Self::Report { .. } => Priority::Low,
            _ => Priority::Normal,
        }
    }
}

impl CoordinationMessage {
    /// The number of a letter, if it is one.
    pub const fn letter(&self) -> Option<u64> {
        match *self {
            Self::Grant { letter, .. } | Self::Cancel { letter, .. } | Self::Finish { letter, .. } => {
                Some(letter)
            }
            _ => None,
        }
    }

    /// The same letter under another number.
    pub(crate) fn numbered(mut self, number: u64) -> Self {
        match &mut self {
            Self::Grant { letter, .. } | Self::Cancel { letter, .. } | Self::Finish { letter, .. } => {
                *letter = number;
            }
            _ => {}
        }
        self
    }
}

impl Observe for CoordinationObservation {
    fn summary(&self) -> Summary {
        let none = Summary::default();
        let role = |role| Summary { role: Some(role), ..none };
        match *self {
            Self::Idle => role("idle"),
            Self::Working => role("working"),
            Self::Throttled => role("throttled"),
            Self::Coordinating => role("coordinating"),
            Self::Coordinator { epoch } => Summary { rank: Some(epoch.into()), ..role("coordinator") },
            Self::PlatformUp => role("platform"),
            Self::SinkUp => role("sink"),
            Self::Registered { agent } | Self::Lost { agent } | Self::Back { agent } => {
                Summary { peer: Some(agent), ..none }
            }
            Self::Granted { agent, fence, .. } | Self::Expired { agent, fence, .. } => {
                Summary { peer: Some(agent), rank: Some(fence), ..none }
            }
            _ => none,
        }
    }
}
