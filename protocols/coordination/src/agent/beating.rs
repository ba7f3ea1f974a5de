//! Beats: what an agent tells its coordinator of itself, and what it may keep because it was heard.

use std::collections::VecDeque;
use std::sync::Arc;

use sim_core::identity::NodeId;
use sim_core::process::{Context, Priority, TimerId};
use sim_core::time::{Duration, Time};

use super::{Agent, Boss};
use crate::breaker::Leave;
use crate::graph::TaskId;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
    CoordinationTimer as Timer, Ending,
};
use crate::worker::Order;

pub(super) const BEAT: TimerId = TimerId(0);
/// After so many beats without an answer, an agent outside of the core turns to the next member of it.
const UNANSWERED: u32 = 2;
/// How often an agent is sent on between two beats.
const TURNS: u32 = 3;

/// The beats of one life.
#[derive(Clone, Debug)]
pub(super) struct Beats {
    sequence: u64,
    /// Beats that were sent lately, and when.
    sent: VecDeque<(u64, Time)>,
    due: Option<Time>,
    /// Who coordinates, as far as this agent knows.
    pub(super) coordinator: NodeId,
    /// Which member of the core gathers its beats, where they do not go to the coordinator.
    home: Option<NodeId>,
    /// How many beats were not answered since the last answer.
    unanswered: u32,
    /// How often it turned to somebody else since the last beat that was due.
    turns: u32,
}

impl Beats {
    /// Of an agent that believes this one to be its coordinator.
    pub(super) fn new(life: u64, coordinator: NodeId) -> Self {
        Self {
            sequence: life,
            sent: VecDeque::new(),
            due: None,
            coordinator,
            home: None,
            unanswered: 0,
            turns: 0,
        }
    }

    /// The same, of an agent whose beats are gathered, by this one at first.
    pub(super) fn gathered(self, home: NodeId) -> Self {
        Self { home: Some(home), ..self }
    }

    fn sent_at(&self, sequence: u64) -> Option<Time> {
        self.sent.iter().find(|(known, _)| *known == sequence).map(|(_, at)| *at)
    }
}

/// What an agent counts on of a lease that began when it sent a beat: a sixteenth less, since clocks may drift.
pub(super) fn counted_on(lease: Duration) -> Duration {
    lease / 16 * 15
}

impl Agent {
    /// Beats, if that is overdue; whatever comes in waits.
    pub(super) fn beat_if_due(&mut self, cx: &mut Context<'_, Coordination>) {
        if self.beats().is_some_and(|beats| beats.due.is_some_and(|due| cx.monotonic() >= due)) {
            self.beat(cx);
        }
    }

    /// Beats if it is time for that: the timer may be of a beat that was overdue and made already.
    pub(super) fn beat(&mut self, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        let core = self.team.place.parameters.core_of(self.team.agents);
        let is_edge = matches!(self.boss, Boss::First(_));
        let Some(beats) = self.beats_mut().filter(|beats| beats.due.is_none_or(|due| now >= due)) else {
            return;
        };
        let alone = beats.unanswered > 0;
        (beats.turns, beats.unanswered) = (0, beats.unanswered + 1);
        if is_edge && core > 0 && beats.unanswered > UNANSWERED {
            beats.unanswered = 1;
            match &mut beats.home {
                Some(home) => *home = NodeId((home.0 + 1) % core),
                None => {
                    let next = NodeId((beats.coordinator.0 + 1) % core);
                    self.turn_to(next, cx);
                }
            }
        }
        // So that somebody can tell a coordinator who does not hear it that it lives.
        if alone {
            if let Some(beats) = self.breaker.unanswered(now) {
                cx.observe(Observation::CoordinatorBreakerOpened { beats });
            }
            cx.send(self.team.place.sink, Message::Present);
        }
        self.beat_now(cx);
    }

    fn beat_now(&mut self, cx: &mut Context<'_, Coordination>) {
        let team = self.team.clone();
        let (now, parameters) = (cx.monotonic(), &team.place.parameters);
        let (every, lease) = (parameters.heartbeat, parameters.lease);
        let life = self.life;
        let (places, instead_of) = self.room(cx);
        let Some(beats) = self.beats_mut() else { return };
        beats.sequence += 1;
        beats.due = Some(now.saturating_add(every));
        beats.sent.push_back((beats.sequence, now));
        while beats.sent.front().is_some_and(|(_, at)| now.since(*at) > lease) {
            beats.sent.pop_front();
        }
        let (sequence, to) = (beats.sequence, beats.home.unwrap_or(beats.coordinator));
        let message = Message::Beat {
            life,
            sequence,
            capabilities: parameters.capabilities(self.node.0, self.team.agents),
            places,
            instead_of,
            held: self.named(),
        };
        self.send(to, message, cx);
        cx.set_timer(BEAT, every, Timer::Beat);
    }

    /// What it has, and what it has ended without a receipt for that: a coordinator that hears its results late must not take
    /// those tasks back meanwhile.
    fn named(&self) -> Arc<[(TaskId, u64)]> {
        let ended = self.courier.undelivered().filter_map(|letter| match *letter {
            Message::Finish { task, fence, .. } => Some((task, fence)),
            _ => None,
        });
        self.worker.held().map(|order| (order.task, order.fence)).chain(ended).collect()
    }

    /// Somebody says who coordinates. It is told at once of this agent, unless it turned around too often.
    pub(super) fn follow(&mut self, leader: NodeId, cx: &mut Context<'_, Coordination>) {
        let started = self.beats().is_some_and(|beats| beats.due.is_some());
        let Some(beats) = self.beats_mut().filter(|beats| beats.coordinator != leader) else { return };
        beats.turns += 1;
        let soon = beats.turns <= TURNS && started && beats.home.is_none();
        self.turn_to(leader, cx);
        if soon {
            self.beat_now(cx);
        }
    }

    /// From now on, somebody else coordinates: whatever the last one did not acknowledge is told again.
    fn turn_to(&mut self, leader: NodeId, cx: &mut Context<'_, Coordination>) {
        let Some(beats) = self.beats_mut() else { return };
        let before = std::mem::replace(&mut beats.coordinator, leader);
        self.close_breaker(cx);
        let is_finish = |message: &Message| matches!(message, Message::Finish { .. });
        for message in self.courier.take_back(before, is_finish, cx) {
            self.post_finish(message, cx);
        }
    }

    fn close_breaker(&mut self, cx: &mut Context<'_, Coordination>) {
        if self.breaker.answered() {
            cx.observe(Observation::CoordinatorBreakerClosed);
        }
    }

    /// Whether it says something to the coordinator now that is no beat.
    pub(super) fn may_speak(&mut self, cx: &Context<'_, Coordination>) -> bool {
        let patience = self.team.place.parameters.heartbeat;
        self.breaker.leave(cx.monotonic(), patience) == Leave::Call
    }

    /// Tells the coordinator what became of a task.
    pub(super) fn post_finish(&mut self, message: Message, cx: &mut Context<'_, Coordination>) {
        let Message::Finish { task, ending, .. } = message else { return };
        let rank = self.team.place.graph.task(task).rank;
        let urgency = if ending == Ending::Returned { Priority::Critical } else { rank.priority() };
        let coordinator = self.coordinator();
        self.post(coordinator, message, urgency, cx);
    }

    /// Takes a task, or gives it back where there is no room: the coordinator may believe that something has ended here
    /// that has not.
    fn take(&mut self, order: Order, cx: &mut Context<'_, Coordination>) {
        let has = self.worker.held().any(|held| held.fence == order.fence);
        if has || self.worker.room() > 0 || self.team.plants.no_back_pressure {
            return self.worker.take(order, cx);
        }
        let Order { task, fence, .. } = order;
        self.post_finish(Message::Finish { letter: 0, task, fence, ending: Ending::Returned }, cx);
    }

    /// Does what the coordinator says.
    pub(super) fn obey(&mut self, message: &Message, cx: &mut Context<'_, Coordination>) {
        let lease = counted_on(self.team.place.parameters.lease);
        let now = cx.monotonic();
        let Some(beats) = self.beats_mut() else { return };
        match *message {
            Message::Grant { task, fence, attempt, sequence, .. } => {
                let until = beats.sent_at(sequence).map(|at| at.saturating_add(lease));
                let named_from = beats.sequence + 1;
                // What came too late may be somebody else's by now.
                if let Some(lease_until) = until.filter(|until| *until > now) {
                    self.take(Order { task, fence, attempt, lease_until, named_from }, cx);
                }
            }
            Message::BeatHeard { sequence, ref revoked } => {
                beats.unanswered = 0;
                let at = beats.sent_at(sequence);
                self.close_breaker(cx);
                if let Some(at) = at {
                    self.worker.renew(sequence, at.saturating_add(lease), cx);
                }
                if !revoked.is_empty() {
                    self.worker.drop_fences(revoked, cx);
                }
            }
            Message::Cancel { fence, .. } => self.worker.drop_fences(&[fence], cx),
            Message::Replace { agent, .. } => self.take_the_place_of(agent, cx),
            _ => {}
        }
    }
}
