//! Failure detection: each period one member is probed, directly, then through others, then given up on.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use super::member::Member;
use super::order::Round;
use super::parameters::Order;
use super::stalling::Stalling;
use super::view::lives;
use super::vocabulary::{PROBE, Status, Swim, SwimMessage, SwimObservation, Update};

/// Probes for others are numbered from here, so that answers are told apart.
const RELAYED: u32 = 1 << 31;

/// The probe of this period.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Probe {
    /// The number of the latest one.
    sequence: u32,
    relayed: u32,
    /// Whom it asks, until there is an answer.
    target: Option<NodeId>,
    /// The target's incarnation when it was asked.
    incarnation: u32,
    began: Time,
    /// How many were asked to say so if there is no answer, and how many did.
    asked: u32,
    nacks: u32,
    round: Round,
}

/// A probe that somebody else asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Relay {
    sequence: u32,
    /// Who asked, and under which number.
    origin: NodeId,
    theirs: u32,
    /// Whose answer is passed on.
    target: NodeId,
    nack: bool,
    until: Time,
}

impl Member {
    pub(super) fn probe_due(&mut self, now: Time, cx: &mut Context<'_, Swim>) {
        if self.due.indirect <= now {
            self.due.indirect = Time::MAX;
            self.ask_others(cx);
            // A member that was stopped for long gives the others the time that they usually have.
            let patience = self.settings.probe_interval - self.settings.probe_timeout;
            if self.probe.target.is_some() {
                self.due.probe = self.due.probe.max(now + patience);
            }
        }
        if self.due.probe <= now {
            self.give_up(cx);
            self.begin_probe(now, cx);
        }
    }

    /// The next member, if there is any.
    fn next_target(&mut self, cx: &mut Context<'_, Swim>) -> Option<NodeId> {
        if self.settings.order == Order::Random {
            self.pick(1, |own, node| lives(own.view.get(node).status), cx);
            return self.picked.first().copied();
        }
        let stays = self.settings.stall == Some(Stalling::ProbesOneRound);
        // What is left of this round, and the next.
        for round in 0..2 {
            let (me, view) = (self.me, &self.view);
            let fits = |node: &NodeId| *node != me && lives(view.get(*node).status);
            if let Some(found) = self.probe.round.by_ref().map(NodeId).find(fits) {
                return Some(found);
            }
            if round == 0 && !(stays && self.probe.sequence > 0) {
                self.probe.round = Round::new(cx.rng().next_u64(), self.view.domain());
            }
        }
        None
    }

    fn begin_probe(&mut self, now: Time, cx: &mut Context<'_, Swim>) {
        let period = self.settings.probe_interval;
        self.due.probe = now + period;
        let Some(target) = self.next_target(cx) else { return };
        let known = self.view.get(target);
        let sequence = self.probe.sequence.wrapping_add(1) & !RELAYED;
        self.probe = Probe {
            sequence,
            target: Some(target),
            incarnation: known.incarnation,
            began: now,
            asked: 0,
            nacks: 0,
            ..self.probe
        };
        self.due.probe = now + period.saturating_mul(u64::from(self.slowness()));
        self.due.indirect = now + self.settings.probe_timeout;
        self.helpers.clear();
        let accusation = self.accusation(target);
        let news = self.piggyback(PROBE, accusation);
        cx.send(target, SwimMessage::Ping { sequence, relay: None, news });
    }

    /// A suspect is told first of all that it is one, so that it can deny it (Lifeguard's buddy system).
    fn accusation(&self, target: NodeId) -> Option<Update> {
        let known = self.view.get(target);
        let from = self.view.latest_accuser(known)?;
        let wanted = self.settings.buddy && known.status == Status::Suspect;
        wanted.then_some(Update { node: target, status: known.status, incarnation: known.incarnation, from })
    }

    /// No answer in time: others are asked to probe, and the stream lane is tried.
    fn ask_others(&mut self, cx: &mut Context<'_, Swim>) {
        let Some(target) = self.probe.target else { return };
        if self.settings.plants.no_indirect_wait {
            return self.give_up(cx);
        }
        let sequence = self.probe.sequence;
        let fits = |own: &Self, node| node != target && own.view.get(node).status == Status::Alive;
        self.pick(self.settings.indirect_checks, fits, cx);
        let nack = self.settings.nacks;
        if nack {
            self.probe.asked = self.picked.len() as u32;
        }
        std::mem::swap(&mut self.helpers, &mut self.picked);
        for helper in 0..self.helpers.len() {
            let news = self.piggyback(PROBE, None);
            cx.send(self.helpers[helper], SwimMessage::PingRequest { sequence, target, nack, news });
        }
        if self.settings.fallback_ping {
            cx.send(target, SwimMessage::StreamPing { sequence });
        }
    }

    /// The period is over without an answer: its target is suspected. Whether that may be the own fault, those tell who
    /// were asked to say so and did not.
    fn give_up(&mut self, cx: &mut Context<'_, Swim>) {
        let Some(target) = self.probe.target.take() else { return };
        let worse = match self.probe.asked {
            0 => 1,
            asked => asked.saturating_sub(self.probe.nacks),
        };
        self.feel(i64::from(worse), cx);
        self.suspect(target, self.probe.incarnation, self.me, cx);
    }

    /// An answer to a probe. Numbers begin anew with a restart, so that it must come from the target itself or from somebody who
    /// was asked to probe it: a late answer to an earlier life says nothing about somebody else.
    pub(super) fn answered(&mut self, from: NodeId, sequence: u32, cx: &mut Context<'_, Swim>) {
        if sequence & RELAYED != 0 {
            return self.pass_on(from, sequence, cx);
        }
        let Some(target) = self.probe.target.filter(|_| sequence == self.probe.sequence) else { return };
        if from != target && !self.helpers.contains(&from) {
            return;
        }
        self.probe.target = None;
        if self.due.indirect < Time::MAX {
            self.due.indirect = Time::MAX;
            self.feel(-1, cx);
        }
        // A period that was stretched for the answer ends with the next beat after it.
        let (began, now) = (self.probe.began, cx.monotonic());
        let period = self.settings.probe_interval.as_nanos();
        let beats = now.since(began).as_nanos() / period + 1;
        let next = began + Duration::from_nanos(period.saturating_mul(beats));
        self.due.probe = self.due.probe.min(next);
    }

    /// Whoever was asked got no answer either.
    pub(super) fn refused(&mut self, from: NodeId, sequence: u32) {
        let asked = self.helpers.contains(&from);
        if asked && sequence == self.probe.sequence && self.probe.target.is_some() {
            self.probe.nacks += 1;
        }
    }

    /// Probes for somebody else.
    pub(super) fn relay(
        &mut self,
        origin: NodeId,
        theirs: u32,
        target: NodeId,
        nack: bool,
        cx: &mut Context<'_, Swim>,
    ) {
        self.probe.relayed = self.probe.relayed.wrapping_add(1) & !RELAYED;
        let sequence = self.probe.relayed | RELAYED;
        let until = cx.monotonic() + self.settings.probe_timeout;
        self.relays.push(Relay { sequence, origin, theirs, target, nack, until });
        self.due.nack = self.due.nack.min(until);
        let news = self.piggyback(PROBE, None);
        cx.send(target, SwimMessage::Ping { sequence, relay: Some(origin), news });
    }

    fn pass_on(&mut self, from: NodeId, sequence: u32, cx: &mut Context<'_, Swim>) {
        let answered = |relay: &Relay| relay.sequence == sequence && relay.target == from;
        let Some(place) = self.relays.iter().position(answered) else { return };
        let relay = self.relays.remove(place);
        let news = self.piggyback(PROBE, None);
        cx.send(relay.origin, SwimMessage::Ack { sequence: relay.theirs, news });
    }

    /// Tells those who asked that there was no answer.
    pub(super) fn expire_relays(&mut self, now: Time, cx: &mut Context<'_, Swim>) {
        if self.due.nack > now {
            return;
        }
        for relay in self.relays.iter().filter(|relay| relay.until <= now && relay.nack) {
            cx.send(relay.origin, SwimMessage::Nack { sequence: relay.theirs });
        }
        self.relays.retain(|relay| relay.until > now);
        self.due.nack = self.relays.iter().map(|relay| relay.until).min().unwrap_or(Time::MAX);
    }

    /// How much longer than usual it waits for answers: a member that is unwell doubts itself (Lifeguard).
    fn slowness(&self) -> u32 {
        self.health + 1
    }

    /// It feels so much worse, or better.
    pub(super) fn feel(&mut self, worse: i64, cx: &mut Context<'_, Swim>) {
        let most = if self.settings.plants.no_local_health { 0 } else { self.settings.local_health - 1 };
        let felt = (i64::from(self.health) + worse).clamp(0, i64::from(most)) as u32;
        if felt != self.health {
            self.health = felt;
            cx.observe(SwimObservation::Health { factor: self.slowness() });
        }
    }
}
