//! What agents, the core, the platform and the sink say to each other.

use std::rc::Rc;
use std::sync::Arc;

use gossip::swim::vocabulary::SwimMessage;
use raft::vocabulary::RaftMessage;
use sim_core::digest::Digest;
use sim_core::facts;
use sim_core::facts::{Facts, Field, Visitor, show_facts};
use sim_core::identity::NodeId;
use sim_core::process::{Lane, Message, Priority};
use sim_core::time::Duration;

use super::{Ending, Fact, Gathered, Shared};

facts! {
    /// What is said. Letters have a number and are repeated until a receipt comes.
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
            /// In whose place it is, if it stood by.
            instead_of: Option<NodeId>,
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
        /// An agent that stands by is to take the place of another one.
        Replace {
            /// The number of the letter.
            letter: u64,
            /// Whose.
            agent: NodeId,
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
        /// A task succeeded that publishes on a topic to which the receiver subscribes.
        Event {
            /// The number of the letter.
            letter: u64,
            /// Which task.
            task: u32,
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
            /// The number that its sender gave it, by which those on the way know copies.
            number: u64,
            /// What is said.
            parcel: Parcel,
        },
        /// A member of the core passes on the latest beats of agents.
        Gathered {
            /// The beats.
            beats: Arc<[Gathered]>,
        },
        /// Who does not coordinate says who may.
        Redirect {
            /// Who may coordinate, if somebody does.
            leader: Option<NodeId>,
        },
        /// Something that members of the core say to each other to agree on an order.
        Order {
            /// What they say.
            inner: RaftMessage,
        },
        /// Something that agents say to each other as members of SWIM.
        Membership {
            /// What they say.
            inner: SwimMessage,
        },
        /// An agent asks the home of a task for it, under fence 0, or to keep it.
        Claim {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// What tells this question from others.
            sequence: u64,
        },
        /// It may have the task.
        Claimed {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// How many attempts failed before.
            attempt: u32,
            /// What tells the question from others.
            sequence: u64,
        },
        /// It may not: somebody else has the task, or may have it.
        Taken {
            /// Which task.
            task: u32,
            /// Under which fence it asked.
            fence: u64,
            /// For how long.
            wait: Duration,
        },
        /// A home tells the other homes of a task who has it now.
        Noted {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// Which agent; nobody any more, if none.
            agent: Option<NodeId>,
        },
        /// An agent has ended its work on a task; its home frees it.
        Release {
            /// Which task.
            task: u32,
            /// Under which fence.
            fence: u64,
            /// What became of it.
            ending: Ending,
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
        /// An agent whose beats nobody answers tells the sink that it is alive.
        Present,
        /// A coordinator asks the sink which of these agents, of whom it hears nothing, were heard there lately.
        WhoLives {
            /// Their numbers.
            agents: Arc<[u64]>,
            /// How late that may have been.
            within: Duration,
        },
        /// Which ones.
        Lives {
            /// The numbers of those that were asked for.
            agents: Arc<[u64]>,
            /// The numbers of those that were heard.
            heard: Arc<[u64]>,
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
        /// An agent writes a note to shared memory.
        Remember {
            /// Under which key.
            key: u32,
            /// The number of the note.
            note: u64,
            /// Where notes are merged: those that it has seen there, whose place it takes.
            seen: Arc<[u64]>,
        },
        /// The note is kept.
        Remembered {
            /// The number of the note.
            note: u64,
            /// At which place of the order.
            version: u64,
        },
        /// The note is not kept: its key belongs to somebody else.
        NotYours {
            /// The number of the note.
            note: u64,
            /// To whom.
            owner: NodeId,
        },
        /// The note is not kept: whoever was asked knows no coordinator, and writes nothing.
        ReadOnly {
            /// The number of the note.
            note: u64,
        },
        /// What is under a key of shared memory?
        Recall {
            /// Which key.
            key: u32,
            /// What tells this question from others.
            question: u64,
        },
        /// These notes, or none.
        Recalled {
            /// What tells the question from others.
            question: u64,
            /// The numbers of the notes; at most one, unless notes are merged.
            notes: Arc<[u64]>,
            /// Whether that is so now; else it was so when whoever was asked knew a coordinator last.
            current: bool,
            /// The last place of the order at which anything was written under the key.
            version: u64,
        },
        /// The notes of an agent that keeps some itself.
        Share {
            /// Whether it wants those of the other one.
            answer: bool,
            /// The notes.
            notes: Shared,
            /// How long each is kept still, if they expire.
            left: Arc<[(u64, Duration)]>,
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

/// What travels on a way of several agents.
#[derive(Clone, Debug)]
pub struct Parcel(pub Rc<CoordinationMessage>);

impl Field for Parcel {
    fn fold(&self, digest: &mut Digest) {
        Facts::digest(&*self.0, digest);
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        show_facts(&*self.0, name, visitor);
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
                Self::Gathered { beats } => {
                    beats.iter().map(|beat| 40 + 12 * beat.held.len() as u32).sum::<u32>()
                }
                Self::BeatHeard { revoked, .. } => 20 + 8 * revoked.len() as u32,
                Self::WhoLives { agents, .. } => 12 + 4 * agents.len() as u32,
                Self::Lives { agents, heard } => 8 + 4 * (agents.len() + heard.len()) as u32,
                Self::Relay { parcel, .. } => 16 + parcel.0.wire_size(),
                Self::Facts { ends, .. } => 16 + 8 * ends.len() as u32,
                Self::Call { tokens_in, .. } => 200_u32.saturating_add(tokens_in.saturating_mul(TOKEN)),
                Self::Answer { .. } | Self::Event { .. } => 400,
                Self::Remember { seen, .. } => 400 + 8 * seen.len() as u32,
                Self::Recalled { notes, .. } => 40 + 360 * notes.len() as u32,
                // A note is as long there as where it is written.
                Self::Share { notes, left, .. } => {
                    360 * notes.len() + notes.wire_size() + 16 * left.len() as u32
                }
                Self::Order { inner } => return inner.wire_size(),
                Self::Membership { inner } => return inner.wire_size(),
                _ => 40,
            }
    }

    fn lane(&self) -> Lane {
        match self {
            Self::Order { inner } => inner.lane(),
            Self::Membership { inner } => inner.lane(),
            _ => Lane::Datagram,
        }
    }

    /// Beats come first, and with them what the core says to itself: that it is heard must not wait behind work.
    /// The same holds for what keeps a claim, and for what homes tell each other: it must not wait behind those who ask for more.
    /// Reports come last.
    fn priority(&self) -> Priority {
        match self {
            Self::Beat { .. }
            | Self::Gathered { .. }
            | Self::BeatHeard { .. }
            | Self::Redirect { .. }
            | Self::Noted { .. }
            | Self::Order { .. } => Priority::Critical,
            Self::Claim { fence, .. } if *fence > 0 => Priority::Critical,
            Self::Membership { inner } if inner.priority() != Priority::Low => Priority::Critical,
            Self::Relay { parcel, .. } => parcel.0.priority(),
            Self::Report { .. } | Self::Membership { .. } => Priority::Low,
            _ => Priority::Normal,
        }
    }
}

impl CoordinationMessage {
    /// The number of a letter, if it is one.
    pub const fn letter(&self) -> Option<u64> {
        match *self {
            Self::Grant { letter, .. }
            | Self::Cancel { letter, .. }
            | Self::Replace { letter, .. }
            | Self::Finish { letter, .. }
            | Self::Event { letter, .. } => Some(letter),
            _ => None,
        }
    }

    /// The same letter under another number.
    pub(crate) fn numbered(mut self, number: u64) -> Self {
        match &mut self {
            Self::Grant { letter, .. }
            | Self::Cancel { letter, .. }
            | Self::Replace { letter, .. }
            | Self::Finish { letter, .. }
            | Self::Event { letter, .. } => *letter = number,
            _ => {}
        }
        self
    }
}
