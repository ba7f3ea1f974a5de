//! A coordinator whose decisions go through a log that others hold, too.
//!
//! Every member of the core has the board and knows who has which task under which fence. The member that the core
//! elected is *in office*: it hears the agents, and proposes. What it proposes changes nothing until it is decided;
//! then each member makes the same change. Who the agents are, and until when their leases last, only the one in office
//! knows. A successor learns the first from their beats, and waits for the second as long as a lease can last.

use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::process::Context;
use sim_core::time::Time;

use super::leases::{Lease, Watch};
use super::{Deed, Hub, WATCH};
use crate::board::{Board, State};
use crate::decision::Decision;
use crate::graph::TaskId;
use crate::memory::store::Notes;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation, Ending,
};

/// What a coordinator keeps whose decisions go through a log.
#[derive(Clone, Debug, Default)]
pub(super) struct Office {
    /// Whether it is in office.
    pub(super) held: bool,
    /// Tasks that it wants to give away; undecided.
    pending: OrderedMap<TaskId, NodeId>,
    /// Fences that it wants to end, undecided; and the letter that asked for that, for its receipt.
    closing: OrderedMap<u64, Option<(NodeId, u64)>>,
    /// Notes that it wants to write, undecided.
    pub(super) writes: OrderedSet<u64>,
    proposals: Vec<Decision>,
}

impl Office {
    /// Whether the end of a fence is proposed.
    pub(super) fn is_closing(&self, fence: u64) -> bool {
        self.closing.contains_key(&fence)
    }
}

impl Hub {
    /// The same coordinator, deciding through a log.
    #[must_use]
    pub fn replicated(mut self) -> Self {
        self.office = Some(Office::default());
        self.board.start(Time::ZERO);
        self.board.events.clear();
        self
    }

    /// Whether its decisions go through a log.
    pub fn is_replicated(&self) -> bool {
        self.office.is_some()
    }

    /// Whether it coordinates now.
    pub fn is_in_office(&self) -> bool {
        self.office.as_ref().is_none_or(|office| office.held)
    }

    /// What is to be proposed since the last time.
    pub fn proposals(&mut self) -> Vec<Decision> {
        self.office.as_mut().map(|office| std::mem::take(&mut office.proposals)).unwrap_or_default()
    }

    /// The core has elected it, under this term, and it has applied whatever was decided before.
    pub fn take_office(&mut self, term: u64, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        let epoch = u32::try_from(term).unwrap_or(u32::MAX);
        let Some(office) = &mut self.office else { return };
        office.held = true;
        (self.epoch, self.opens, self.known) = (Some(epoch), Some(now), 0);
        cx.observe(Observation::Coordinator { epoch });
        self.open_registration(cx);
        for task in 0..self.leases.len() as TaskId {
            if let Some(Lease { agent, fence, .. }) = self.leases[task as usize] {
                cx.observe(Observation::Adopted { task, fence, agent });
                // Plant S12: what the predecessor waited for, nobody waits for any more.
                if !self.plants.failover_forgets {
                    // Its predecessor may have renewed the lease until a moment ago.
                    let expires = now.saturating_add(self.parameters.lease);
                    self.leases[task as usize] = Some(Lease { agent, fence, expires });
                    self.watch_for(expires, Watch::Lease(task, fence), cx);
                }
            } else if self.board.state(task) == State::Ready {
                cx.observe(Observation::Ready { task });
            }
        }
        self.watch_notes(cx);
    }

    /// It was deposed. What it proposed and was not decided may still be, so that it takes back only what it made of
    /// that in advance.
    pub fn leave_office(&mut self, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        let Some(office) = self.office.replace(Office::default()) else { return };
        office.pending.into_keys().for_each(|task| self.board.give_back(task, now, false));
        self.board.events.clear();
        self.members.clear();
        self.free.clear();
        self.watch.clear();
        self.forget_silences();
        self.called.clear();
        self.armed = None;
        cx.cancel_timer(WATCH);
        (self.epoch, self.opens, self.registration_ends) = (None, None, None);
    }

    /// Everything that was decided is void, since another side of the network decided otherwise: what was decided there follows,
    /// from the beginning.
    pub fn begin_again(&mut self, cx: &mut Context<'_, Coordination>) {
        self.board = Board::new(self.board.graph().clone(), Self::ordering(&self.parameters, self.plants))
            .with_growth_unchecked(self.plants.cycle_accepted);
        self.board.start(Time::ZERO);
        self.board.events.clear();
        self.leases.fill(None);
        self.notes = Notes::new(self.parameters.memory_keys);
        cx.observe(Observation::BeganAgain);
    }

    fn propose(&mut self, decision: Decision) {
        self.proposes(decision);
    }

    /// Wants something decided; whether that has to be.
    pub(super) fn proposes(&mut self, decision: Decision) -> bool {
        let Some(office) = &mut self.office else { return false };
        office.proposals.push(decision);
        true
    }

    /// Wants to write a note, unless that is under way.
    pub(super) fn proposes_note(&mut self, agent: NodeId, key: u32, note: u64) {
        if self.office.as_mut().is_some_and(|office| office.writes.insert(note)) {
            self.propose(Decision::Note { key, note, agent });
        }
    }

    /// Wants to give a task to an agent; whether that has to be decided first.
    pub(super) fn proposes_grant(
        &mut self,
        task: TaskId,
        agent: NodeId,
        cx: &mut Context<'_, Coordination>,
    ) -> bool {
        let Some(office) = &mut self.office else { return false };
        office.pending.insert(task, agent);
        cx.observe(Observation::Proposed { task, agent });
        self.propose(Decision::Grant { task, agent });
        self.leave(agent);
        if let Some(member) = self.members.get_mut(&agent) {
            member.tasks.insert(task);
        }
        self.enlist(agent, cx.monotonic());
        true
    }

    /// Wants to end a lease that ran out; whether that has to be decided first.
    pub(super) fn proposes_expiry(&mut self, task: TaskId, fence: u64) -> bool {
        let Some(office) = &mut self.office else { return false };
        if !office.is_closing(fence) {
            office.closing.insert(fence, None);
            self.propose(Decision::Expire { task, fence });
        }
        true
    }

    /// An agent says by a letter that it has ended its work on a task. It has its receipt once that is decided.
    pub fn asked_to_end(
        &mut self,
        (from, letter): (NodeId, u64),
        (task, fence): (TaskId, u64),
        ending: Ending,
        cx: &mut Context<'_, Coordination>,
    ) {
        let current = self.leases[task as usize].is_some_and(|lease| lease.fence == fence);
        if !current || ending == Ending::Elsewhere {
            self.deeds.push(Deed::Send(from, Message::Receipt { letter }));
            return self.finished(from, (task, fence), ending, cx);
        }
        let Some(office) = &mut self.office else { return };
        if office.closing.insert(fence, Some((from, letter))).is_none() {
            self.propose(Decision::Finish { task, fence, ending });
        }
    }

    /// The sink told of ends that this coordinator did not know of.
    pub(super) fn proposes_facts(&mut self, ends: impl Iterator<Item = (TaskId, bool)>) {
        for (task, done) in ends {
            self.known += 1;
            if !self.board.state(task).is_final() {
                self.propose(Decision::Fact { task, done });
            }
        }
    }

    /// A decision was made, at this index.
    pub fn apply(&mut self, index: u64, decision: Decision, cx: &mut Context<'_, Coordination>) {
        match decision {
            Decision::Grant { task, agent } => self.granted(task, agent, index, cx),
            Decision::Finish { task, fence, ending } => {
                let letter = self.closed(fence);
                if self.is_current(task, fence) {
                    let agent = self.leases[task as usize].map(|lease| lease.agent);
                    self.finished(agent.unwrap_or_default(), (task, fence), ending, cx);
                }
                if let Some((to, letter)) = letter {
                    self.deeds.push(Deed::Send(to, Message::Receipt { letter }));
                }
            }
            Decision::Expire { task, fence } => {
                self.closed(fence);
                if self.is_current(task, fence) {
                    let agent = self.leases[task as usize].map(|lease| lease.agent);
                    self.take_back(task, cx);
                    agent.into_iter().for_each(|agent| self.rest(agent, cx));
                }
            }
            Decision::Fact { task, done } => {
                if !self.board.state(task).is_final() {
                    self.ended_at_sink(task, done, cx);
                }
            }
            Decision::Note { key, note, agent } => self.write_decided((key, note), agent, index, cx),
            Decision::Forget { key, version } => self.forget(key, version, cx),
        }
        self.report(cx);
        if self.is_in_office() {
            self.pump(cx);
        }
    }

    fn is_current(&self, task: TaskId, fence: u64) -> bool {
        self.leases[task as usize].is_some_and(|lease| lease.fence == fence)
    }

    fn closed(&mut self, fence: u64) -> Option<(NodeId, u64)> {
        self.office.as_mut()?.closing.remove(&fence).flatten()
    }

    /// It is decided that an agent gets a task.
    fn granted(&mut self, task: TaskId, agent: NodeId, fence: u64, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        let Some(office) = &mut self.office else { return };
        let (own, held) = (office.pending.remove(&task).is_some(), office.held);
        let fits = self.board.state(task) == if own { State::Leased } else { State::Ready };
        if !fits {
            self.leave(agent);
            if let Some(member) = self.members.get_mut(&agent) {
                member.tasks.remove(&task);
            }
            return self.enlist(agent, now);
        }
        if !own {
            self.board.assign(task);
        }
        let expires = now.saturating_add(self.parameters.lease);
        if !held {
            self.leases[task as usize] = Some(Lease { agent, fence, expires });
            return;
        }
        self.lease(task, Lease { agent, fence, expires }, cx);
        self.tell_of_grant(task, agent, fence, cx);
    }
}
