//! What goes to other agents, and what passes through: agents that are not linked speak through those on the way, and
//! forwarding is their work.

use std::rc::Rc;

use sim_core::identity::NodeId;
use sim_core::process::{Context, Priority};

use super::{Agent, Relays, Team};
use crate::hub::{Deed, Pulse};
use crate::parameters::Parameters;
use crate::vocabulary::{Coordination, CoordinationMessage as Message, Parcel};

/// Sends what a part of an agent says, if need be through agents on the way.
pub(super) fn send_all(
    (node, relays): (NodeId, &mut Relays),
    team: &Team,
    to: &[NodeId],
    message: Message,
    cx: &mut Context<'_, Coordination>,
) {
    if team.ways.is_direct() {
        return cx.send_all(to.iter().copied(), message);
    }
    let parcel = Parcel(Rc::new(message));
    for to in to {
        let next = team.ways.next(node, *to);
        if next == *to {
            cx.send(*to, (*parcel.0).clone());
        } else {
            let number = relays.number();
            cx.send(next, Message::Relay { from: node, to: *to, number, parcel: parcel.clone() });
        }
    }
}

impl Agent {
    /// Sends something to another agent, if need be through others.
    pub(super) fn send(&mut self, to: NodeId, message: Message, cx: &mut Context<'_, Coordination>) {
        let next = self.team.ways.next(self.node, to);
        if next == to {
            cx.send(to, message);
        } else {
            let (number, parcel) = (self.relays.number(), Parcel(Rc::new(message)));
            cx.send(next, Message::Relay { from: self.node, to, number, parcel });
        }
    }

    /// Hears what came through others, or passes it on, unless it did so before.
    pub(super) fn pass_on(
        &mut self,
        (from, to): (NodeId, NodeId),
        number: u64,
        parcel: &Parcel,
        cx: &mut Context<'_, Coordination>,
    ) {
        if to == self.node {
            return self.hear(from, &parcel.0, cx);
        }
        if !self.relays.is_new(from, number) {
            return;
        }
        // It costs whoever passes it on as much as whoever hears it.
        let Parameters { voting, handling, .. } = self.team.place.parameters;
        cx.work(if matches!(*parcel.0, Message::Order { .. } | Message::Membership { .. }) {
            voting
        } else {
            handling
        });
        // The last one on the way cannot speak for the sender either: links are authenticated.
        let next = self.team.ways.next(self.node, to);
        cx.send(next, Message::Relay { from, to, number, parcel: parcel.clone() });
    }

    pub(super) fn post(
        &mut self,
        to: NodeId,
        message: Message,
        urgency: Priority,
        cx: &mut Context<'_, Coordination>,
    ) {
        let shed = self.courier.post(to, message, urgency, cx);
        shed.into_iter().for_each(|message| self.untold(to, &message, cx));
        self.carry(cx);
    }

    pub(super) fn accept(&mut self, from: NodeId, letter: u64, cx: &mut Context<'_, Coordination>) -> bool {
        self.send(from, Message::Receipt { letter }, cx);
        self.courier.is_new(from, letter)
    }

    pub(super) fn courier_receipt(&mut self, letter: u64, cx: &mut Context<'_, Coordination>) {
        let arrived = self.courier.receipt(letter, cx);
        if let Some(Message::Event { task, .. }) = arrived {
            self.event_ended(task, cx);
        }
        self.carry(cx);
    }

    /// Repeats letters that are due. What a coordinator could not deliver comes back with the lease; what an agent could
    /// not deliver is found out by its coordinator's next question to the sink.
    pub(super) fn repeat(&mut self, cx: &mut Context<'_, Coordination>) {
        let given_up = self.courier.repeat(cx);
        self.carry(cx);
        // The result of a task is told for as long as it takes.
        for (to, message) in given_up {
            self.untold(to, &message, cx);
            self.post_finish(message, cx);
        }
    }

    /// A letter is given up or dropped: what follows for whoever wrote it.
    fn untold(&mut self, to: NodeId, message: &Message, cx: &mut Context<'_, Coordination>) {
        self.event_unheard(to, message, cx);
        if let (Message::Replace { agent, .. }, Some(hub)) = (message, self.hub_mut()) {
            hub.not_called(to, *agent, cx);
        }
    }

    /// Sends what the courier wants to be sent. What is for a coordinator that does not answer is held back, and repeated.
    fn carry(&mut self, cx: &mut Context<'_, Coordination>) {
        for (to, message) in std::mem::take(&mut self.courier.out) {
            if !matches!(message, Message::Finish { .. }) || self.may_speak(cx) {
                self.send(to, message, cx);
            }
        }
    }

    /// The coordinator hears an agent.
    pub(super) fn coordinate(&mut self, from: NodeId, message: &Message, cx: &mut Context<'_, Coordination>) {
        if self.hub_mut().is_none() {
            return;
        }
        cx.work(self.team.place.parameters.handling);
        if !self.presides(cx) {
            if !self.gather(from, message, cx) {
                self.send_on(from, cx);
            }
            return;
        }
        let Some(hub) = self.hub_mut() else { return };
        match *message {
            Message::Beat { life, sequence, capabilities, places, instead_of, ref held } => {
                hub.beat(from, &Pulse { life, sequence, capabilities, places, instead_of, held }, cx);
            }
            Message::Gathered { ref beats } => {
                beats.iter().for_each(|beat| hub.beat(beat.agent, &Pulse::of(beat), cx));
            }
            Message::Finish { letter, task, fence, ending } if hub.is_replicated() => {
                hub.asked_to_end((from, letter), (task, fence), ending, cx);
            }
            Message::Finish { task, fence, ending, .. } => hub.finished(from, (task, fence), ending, cx),
            Message::Remember { key, note, .. } => hub.remember(from, key, note, cx),
            Message::Recall { key, question } => hub.recall(from, key, question),
            _ => {}
        }
    }

    /// Does what the coordinator in this agent wants done.
    pub(super) fn do_deeds(&mut self, cx: &mut Context<'_, Coordination>) {
        let Some(hub) = self.hub_mut() else { return };
        for deed in std::mem::take(&mut hub.deeds) {
            match deed {
                Deed::Post(to, message) => {
                    let urgency = match message {
                        Message::Grant { task, .. } => self.team.place.graph.task(task).rank.priority(),
                        _ => Priority::Critical,
                    };
                    self.post(to, message, urgency, cx);
                }
                Deed::Send(to, message) => self.send(to, message, cx),
                Deed::Take(order) => self.worker.take(order, cx),
                Deed::Drop(fence) => self.worker.drop_fences(&[fence], cx),
                Deed::Ask(since) => self.ask(since, cx),
                Deed::AskSink(message) => cx.send(self.team.place.sink, message),
            }
        }
    }
}
