//! Beats: what an agent tells its coordinator of itself, and what it may keep because it was heard.

use std::collections::VecDeque;

use sim_core::identity::NodeId;
use sim_core::process::{Context, Priority, TimerId};
use sim_core::time::{Duration, Time};

use super::{Agent, Boss};
use crate::vocabulary::{Coordination, CoordinationMessage as Message, CoordinationTimer as Timer, Ending};
use crate::worker::Order;

const BEAT: TimerId = TimerId(0);

/// The beats of one life.
#[derive(Clone, Debug)]
pub(super) struct Beats {
    sequence: u64,
    /// Beats that were sent lately, and when.
    sent: VecDeque<(u64, Time)>,
    due: Option<Time>,
}

impl Beats {
    pub(super) fn new(life: u64) -> Self {
        Self { sequence: life, sent: VecDeque::new(), due: None }
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
        if let Boss::First(beats) = &self.boss
            && beats.due.is_some_and(|due| cx.monotonic() >= due)
        {
            self.beat(cx);
        }
    }

    pub(super) fn beat(&mut self, cx: &mut Context<'_, Coordination>) {
        let (now, parameters) = (cx.monotonic(), &self.team.place.parameters);
        let (every, lease) = (parameters.heartbeat, parameters.lease);
        let Boss::First(beats) = &mut self.boss else { return };
        // The timer of a beat that was overdue and made already.
        if beats.due.is_some_and(|due| now < due) {
            return;
        }
        beats.sequence += 1;
        beats.due = Some(now.saturating_add(every));
        beats.sent.push_back((beats.sequence, now));
        while beats.sent.front().is_some_and(|(_, at)| now.since(*at) > lease) {
            beats.sent.pop_front();
        }
        let message = Message::Beat {
            life: self.life,
            sequence: beats.sequence,
            capabilities: parameters.skills.of(self.node.0, self.team.agents),
            places: parameters.slots + parameters.queue,
            held: self.worker.held().map(|order| (order.task, order.fence)).collect(),
        };
        self.send(NodeId(0), message, cx);
        cx.set_timer(BEAT, every, Timer::Beat);
    }

    /// Takes a task, or gives it back where there is no room: the coordinator may believe that something has ended here
    /// that has not.
    fn take(&mut self, order: Order, cx: &mut Context<'_, Coordination>) {
        let has = self.worker.held().any(|held| held.fence == order.fence);
        if has || self.worker.room() > 0 || self.team.plants.no_back_pressure {
            return self.worker.take(order, cx);
        }
        let Order { task, fence, .. } = order;
        let refusal = Message::Finish { letter: 0, task, fence, ending: Ending::Returned };
        self.post(NodeId(0), refusal, Priority::Critical, cx);
    }

    /// Does what the coordinator says.
    pub(super) fn obey(&mut self, message: &Message, cx: &mut Context<'_, Coordination>) {
        let lease = counted_on(self.team.place.parameters.lease);
        let now = cx.monotonic();
        let Boss::First(beats) = &self.boss else { return };
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
                if let Some(at) = beats.sent_at(sequence) {
                    self.worker.renew(sequence, at.saturating_add(lease), cx);
                }
                if !revoked.is_empty() {
                    self.worker.drop_fences(revoked, cx);
                }
            }
            Message::Cancel { fence, .. } => self.worker.drop_fences(&[fence], cx),
            _ => {}
        }
    }
}
