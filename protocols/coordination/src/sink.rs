//! The sink: where results take effect. It is on disk, gives away epochs of fences, and lets no earlier fence act once it
//! has seen a later one of the same task.
//!
//! Whatever changes it is written and synced first, and answered after that.

use std::collections::VecDeque;
use std::sync::Arc;

use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Boot, Context, Input, JournalId, Process, Stored, SyncId, SyncResult};
use sim_core::time::{Duration, Time};

use crate::plants::Plants;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation, CoordinationRecord,
    Ending, Fact,
};

const JOURNAL: JournalId = JournalId(0);
/// How long a sink stays down whose disk failed.
const RESTART: Duration = Duration::from_millis(100);
/// How many ends one answer tells of.
const PAGE: usize = 128;

/// What the sink knows of a task.
#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    fence: u64,
    steps: u32,
    /// Under which fence it ended.
    ended: Option<u64>,
}

/// The sink.
pub struct Sink {
    plants: Plants,
    epoch: u32,
    tasks: OrderedMap<u32, Entry>,
    ends: Vec<Fact>,
    /// Epochs by who asked, so that a repeated question is answered alike.
    opened: OrderedMap<(NodeId, u64), u32>,
    /// When each agent was heard last; forgotten by a crash.
    heard: OrderedMap<NodeId, Time>,
    /// What waits for its sync.
    pending: VecDeque<(SyncId, NodeId, Message)>,
    next: u64,
}

impl Sink {
    /// The sink on what its disk holds.
    pub fn new(boot: &Boot<'_, Coordination>, plants: Plants) -> Self {
        let mut sink = Self {
            plants,
            epoch: 0,
            tasks: OrderedMap::new(),
            ends: Vec::new(),
            opened: OrderedMap::new(),
            heard: OrderedMap::new(),
            pending: VecDeque::new(),
            next: 0,
        };
        for stored in boot.journal(JOURNAL).records {
            match stored {
                Stored::Intact(record) => _ = sink.take(record),
                Stored::Damaged => {}
            }
        }
        sink
    }

    /// Takes in what is durable, unless something durable before it forbids it; tells whether a task ended by it. What was on the disk at
    /// a start is taken in by the same rule as what became durable since: a record that was refused then is refused again.
    fn take(&mut self, record: &CoordinationRecord) -> bool {
        match *record {
            CoordinationRecord::Epoch { epoch } => self.epoch = self.epoch.max(epoch),
            CoordinationRecord::Held { task, fence, steps } if self.refuses(task, fence).is_none() => {
                let entry = self.tasks.entry(task).or_default();
                (entry.fence, entry.steps) = (entry.fence.max(fence), entry.steps.max(steps));
            }
            CoordinationRecord::Ended { task, fence, done } if self.refuses(task, fence).is_none() => {
                let entry = self.tasks.entry(task).or_default();
                entry.fence = entry.fence.max(fence);
                if entry.ended.replace(fence) != Some(fence) {
                    self.ends.push(Fact { task, done });
                    return true;
                }
            }
            CoordinationRecord::Held { .. }
            | CoordinationRecord::Ended { .. }
            | CoordinationRecord::Order { .. }
            | CoordinationRecord::Notes { .. } => {}
        }
        false
    }

    /// Why a fence may not act on a task any more: whether the task has ended.
    fn refuses(&self, task: u32, fence: u64) -> Option<bool> {
        let entry = self.tasks.get(&task).copied().unwrap_or_default();
        match entry.ended {
            _ if self.plants.no_fence => None,
            Some(own) if own == fence => None,
            Some(_) => Some(true),
            None => (fence < entry.fence).then_some(false),
        }
    }

    /// A change that is to be durable before it is answered.
    fn write(
        &mut self,
        from: NodeId,
        message: &Message,
        record: CoordinationRecord,
        cx: &mut Context<'_, Coordination>,
    ) {
        let id = SyncId(self.next);
        self.next += 1;
        cx.append(JOURNAL, record);
        cx.sync(JOURNAL, id);
        self.pending.push_back((id, from, message.clone()));
    }

    fn hear(&mut self, from: NodeId, message: &Message, cx: &mut Context<'_, Coordination>) {
        self.heard.insert(from, cx.monotonic());
        match *message {
            Message::WhoLives { ref agents, within } => {
                let since =
                    |agent: u64| self.heard.get(&NodeId(agent as u32)).map(|at| cx.monotonic().since(*at));
                let lives = |agent: &u64| since(*agent).is_some_and(|silent| silent <= within);
                let heard = agents.iter().copied().filter(lives).collect();
                cx.send(from, Message::Lives { agents: agents.clone(), heard });
            }
            Message::Ask { since } => self.tell(from, since, cx),
            // Its epoch is on the way to the disk: the answer comes from there.
            Message::Open { token } if self.is_opening(from, token) => {}
            Message::Open { token } => match self.opened.get(&(from, token)) {
                Some(epoch) => cx.send(from, Message::Opened { token, epoch: *epoch }),
                None => {
                    self.epoch += 1;
                    self.write(from, message, CoordinationRecord::Epoch { epoch: self.epoch }, cx);
                    self.opened.insert((from, token), self.epoch);
                }
            },
            Message::Begin { task, fence }
            | Message::Save { task, fence, .. }
            | Message::Write { task, fence, .. } => match self.refuses(task, fence) {
                Some(ended) => refuse(from, (task, fence, ended), cx),
                None => self.write(from, message, self.record(message), cx),
            },
            _ => {}
        }
    }

    fn is_opening(&self, who: NodeId, token: u64) -> bool {
        let asks = |message: &Message| matches!(message, Message::Open { token: own } if *own == token);
        self.pending.iter().any(|(_, from, message)| *from == who && asks(message))
    }

    fn record(&self, message: &Message) -> CoordinationRecord {
        match *message {
            Message::Save { task, fence, steps } => CoordinationRecord::Held { task, fence, steps },
            Message::Write { task, fence, ending } => {
                CoordinationRecord::Ended { task, fence, done: ending == Ending::Done }
            }
            Message::Begin { task, fence } => CoordinationRecord::Held {
                task,
                fence,
                steps: self.tasks.get(&task).map_or(0, |entry| entry.steps),
            },
            _ => CoordinationRecord::Epoch { epoch: self.epoch },
        }
    }

    fn tell(&self, to: NodeId, since: u32, cx: &mut Context<'_, Coordination>) {
        let from = (since as usize).min(self.ends.len());
        let ends: Arc<[Fact]> = self.ends[from..self.ends.len().min(from + PAGE)].into();
        cx.send(to, Message::Facts { since: from as u32, ends, all: self.ends.len() as u32 });
    }

    /// What is durable now takes effect and is answered, unless something durable before it forbids it.
    fn apply(&mut self, from: NodeId, message: &Message, cx: &mut Context<'_, Coordination>) {
        match *message {
            Message::Open { token } => {
                let epoch = self.opened.get(&(from, token)).copied().unwrap_or(self.epoch);
                cx.send(from, Message::Opened { token, epoch });
            }
            Message::Begin { task, fence }
            | Message::Save { task, fence, .. }
            | Message::Write { task, fence, .. } => {
                if let Some(ended) = self.refuses(task, fence) {
                    return refuse(from, (task, fence, ended), cx);
                }
                let record = self.record(message);
                let ended = self.take(&record);
                let steps = self.tasks.get(&task).map_or(0, |entry| entry.steps);
                match *message {
                    Message::Save { .. } => cx.send(from, Message::Saved { task, fence }),
                    Message::Write { ending, .. } => {
                        if ended {
                            cx.observe(Observation::Effect { task, fence, done: ending == Ending::Done });
                        }
                        cx.send(from, Message::Written { task, fence });
                    }
                    _ => cx.send(from, Message::Begun { task, fence, steps }),
                }
            }
            _ => {}
        }
    }

    /// What has ended before is told at a start: a record may have become durable in a crash, before anybody heard of it.
    fn start(&self, cx: &mut Context<'_, Coordination>) {
        for Fact { task, done } in &self.ends {
            let fence = self.tasks.get(task).and_then(|entry| entry.ended).unwrap_or_default();
            cx.observe(Observation::EffectFound { task: *task, fence, done: *done });
        }
        cx.observe(Observation::SinkUp);
    }

    fn synced(&mut self, id: SyncId, result: SyncResult, cx: &mut Context<'_, Coordination>) {
        while let Some((next, from, message)) = self.pending.pop_front() {
            if next > id {
                return self.pending.push_front((next, from, message));
            }
            if result != SyncResult::Ok {
                // Nobody knows what the disk holds of it: a start tells.
                return cx.abort(Some(RESTART));
            }
            self.apply(from, &message, cx);
        }
    }
}

fn refuse(to: NodeId, (task, fence, ended): (u32, u64, bool), cx: &mut Context<'_, Coordination>) {
    cx.observe(Observation::FenceRefused { task, fence, ended });
    cx.send(to, Message::Refused { task, fence, ended });
}

impl Process<Coordination> for Sink {
    fn step(&mut self, input: Input<'_, Coordination>, cx: &mut Context<'_, Coordination>) {
        match input {
            Input::Start => self.start(cx),
            Input::Message { from, message } => self.hear(from, message, cx),
            Input::Synced { id, result } => self.synced(id, result, cx),
            _ => {}
        }
    }
}
