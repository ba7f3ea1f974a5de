//! What is reported to checks.

use std::sync::Arc;

use gossip::swim::vocabulary::SwimObservation;
use raft::vocabulary::RaftObservation;
use sim_core::facts;
use sim_core::identity::NodeId;
use sim_core::process::{Observe, Summary};
use sim_core::time::Duration;

facts! {
    /// What is reported to checks.
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
        /// It coordinates no more: another one may have been elected.
        Deposed,
        /// A member of the core gives up what its side decided: it takes over what another side decided, from the beginning.
        BeganAgain,
        /// Something that a member of the core reports of their agreement.
        Order {
            /// What it reports.
            inner: RaftObservation,
        },
        /// Something that an agent reports as a member of SWIM.
        Membership {
            /// What it reports.
            inner: SwimObservation,
        },
        /// The platform is there.
        PlatformUp,
        /// The sink is there.
        SinkUp,
        /// The coordinator has an agent in its registry.
        Registered {
            /// Which agent.
            agent: NodeId,
            /// In which namespace, counted from 0.
            namespace: u32,
            /// What it can do, as bits.
            capabilities: u64,
            /// For how many tasks it has room.
            places: u32,
        },
        /// An agent has not registered with the coordinator within the deadline.
        Missing {
            /// Which agent.
            agent: NodeId,
        },
        /// The hub holds an agent for dead.
        Lost {
            /// Which agent.
            agent: NodeId,
        },
        /// The hub hears nothing of an agent, and the sink does: the network between hub and agent is cut.
        CutOff {
            /// Which agent.
            agent: NodeId,
            /// How long the hub has heard nothing of it.
            silent: Duration,
        },
        /// Neither the hub nor the sink hears anything of an agent.
        Gone {
            /// Which agent.
            agent: NodeId,
            /// How long the hub has heard nothing of it.
            silent: Duration,
        },
        /// An agent that stands by is called to take the place of one that is gone.
        Called {
            /// Which one stands by.
            standby: NodeId,
            /// In whose place.
            agent: NodeId,
        },
        /// Nobody stands by who could take the place of an agent that is gone.
        NobodyStandsBy {
            /// Which agent.
            agent: NodeId,
        },
        /// An agent that stood by does tasks from now on, in the place of another one.
        Replaces {
            /// Which other one.
            agent: NodeId,
            /// What that costs, in millionths of a dollar.
            cost: u64,
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
        /// The coordinator chose an agent for a task, which the core has to decide.
        Proposed {
            /// Which task.
            task: u32,
            /// Which agent.
            agent: NodeId,
        },
        /// An agent has a task of which it is no home.
        Stole {
            /// Which task.
            task: u32,
            /// Who let it have the task.
            home: NodeId,
        },
        /// An agent may not have a task that it asked for.
        ClaimRefused {
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
        /// An agent publishes the success of a task as an event.
        Published {
            /// Which task.
            task: u32,
        },
        /// A subscriber hears of it.
        EventHeard {
            /// Which task.
            task: u32,
        },
        /// A subscriber did not take it, and is not told any more.
        EventUnheard {
            /// Which task.
            task: u32,
            /// Which agent.
            agent: NodeId,
        },
        /// Nobody is left whom the publisher still tries to tell.
        EventRouted {
            /// Which task.
            task: u32,
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
        /// An agent writes a note to shared memory.
        NoteAsked {
            /// Under which key.
            key: u32,
            /// The number of the note.
            note: u64,
        },
        /// It heard that its note is kept.
        NoteKept {
            /// The number of the note.
            note: u64,
            /// At which place of the order; 0 where there is none.
            version: u64,
            /// Who keeps it.
            by: NodeId,
        },
        /// It heard that nothing is written, since whoever it asked knows no coordinator.
        NoteDenied {
            /// The number of the note.
            note: u64,
        },
        /// A member of the core has known no coordinator for too long: it writes no notes, and reads are of what it had last.
        WentReadOnly,
        /// It knows a coordinator again.
        LeftReadOnly,
        /// It heard that the key belongs to somebody else.
        NoteRefused {
            /// The number of the note.
            note: u64,
            /// To whom.
            owner: NodeId,
        },
        /// It asks what is under a key.
        NoteSought {
            /// Under which key.
            key: u32,
        },
        /// It heard what is there.
        NotesFound {
            /// Under which key.
            key: u32,
            /// The numbers of the notes.
            notes: Arc<[u64]>,
            /// The last place of the order at which anything was written there; 0 where there is none.
            version: u64,
            /// Who says so.
            by: NodeId,
            /// Whether that is so now; else it was so when `by` knew a coordinator last.
            current: bool,
        },
        /// It had no answer from shared memory, and gave up.
        NoteUnanswered {
            /// The number of the note or the question.
            number: u64,
        },
        /// A note has expired: its store does not return it any more.
        NoteForgotten {
            /// The number of the note.
            note: u64,
            /// At which place of the order it was written; 0 where there is none.
            version: u64,
        },
        /// Whoever wrote a note had seen another one, whose place it takes.
        NoteReplaced {
            /// The number of the other note.
            note: u64,
            /// The number of the new one.
            by: u64,
        },
        /// A note of somebody else is at this agent now.
        NoteLearned {
            /// The number of the note.
            note: u64,
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
        /// So many calls in a row failed or had no answer: the agent calls the model no more for a while.
        BreakerOpened {
            /// How many calls.
            calls: u32,
        },
        /// The model answered it again.
        BreakerClosed,
        /// So many beats in a row had no answer: the agent says nothing to the coordinator but beats for a while.
        CoordinatorBreakerOpened {
            /// How many beats.
            beats: u32,
        },
        /// The coordinator answered it again, or another one coordinates.
        CoordinatorBreakerClosed,
        /// A task took effect.
        Effect {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// Whether it succeeded.
            done: bool,
        },
        /// The sink found at a start that a task has taken effect. That it took effect may be news: its record became durable in a crash.
        EffectFound {
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
        /// So many letters wait behind others for a receiver; there is room for so many.
        LettersWait {
            /// For whom.
            to: NodeId,
            /// How many wait.
            length: u32,
            /// For how many there is room.
            room: u32,
        },
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
            Self::Registered { agent, .. }
            | Self::Missing { agent }
            | Self::Lost { agent }
            | Self::CutOff { agent, .. }
            | Self::Gone { agent, .. }
            | Self::Called { agent, .. }
            | Self::NobodyStandsBy { agent }
            | Self::Replaces { agent, .. }
            | Self::Back { agent } => Summary { peer: Some(agent), ..none },
            Self::Granted { agent, fence, .. } | Self::Expired { agent, fence, .. } => {
                // The epoch of whoever decides; the rest of a fence counts its decisions.
                Summary { peer: Some(agent), rank: Some(fence >> 32), ..none }
            }
            _ => none,
        }
    }
}
