//! One member: it tells its watchers that it lives, and watches those before it on the ring.

use std::sync::Arc;

use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Factory, Input, Process, Role, TimerId};
use sim_core::time::Time;

use super::detector::{History, is_too_long};
use super::parameters::Parameters;
use super::plants::Plants;
use super::vocabulary::{Heartbeat, HeartbeatMessage, HeartbeatObservation, HeartbeatTimer};

/// The only timer.
const BEAT: TimerId = TimerId(0);

/// Makes members.
#[derive(Clone, Debug)]
pub struct Members {
    shared: Arc<Shared>,
}

/// What all members have in common.
#[derive(Debug)]
struct Shared {
    parameters: Parameters,
    plants: Plants,
    members: u32,
}

impl Members {
    /// Members of a ring of so many.
    pub fn new(parameters: Parameters, plants: Plants, members: u32) -> Self {
        Self { shared: Arc::new(Shared { parameters, plants, members }) }
    }
}

impl Factory<Heartbeat> for Members {
    type Node = Member;

    fn boot(&mut self, boot: Boot<'_, Heartbeat>) -> Member {
        Member {
            shared: Arc::clone(&self.shared),
            me: boot.node,
            // Whoever came later, or with an empty disk, has no place on the ring.
            takes_part: boot.role == Role::Member && boot.node.0 < self.shared.members,
            born: 0,
            number: 0,
            pulses: Vec::new(),
        }
    }
}

/// What a member knows of one that it watches.
#[derive(Clone, Debug)]
struct Pulse {
    /// When it was heard last, or when the watch began.
    last: Time,
    heard: bool,
    /// Which process was heard, and which beat of it.
    born: u64,
    number: u64,
    suspected: bool,
    history: History,
}

/// A member.
#[derive(Clone, Debug)]
pub struct Member {
    shared: Arc<Shared>,
    me: NodeId,
    takes_part: bool,
    born: u64,
    number: u64,
    /// By how far before this member on the ring, less one.
    pulses: Vec<Pulse>,
}

impl Process<Heartbeat> for Member {
    fn step(&mut self, input: Input<'_, Heartbeat>, cx: &mut Context<'_, Heartbeat>) {
        if !self.takes_part {
            return;
        }
        match input {
            Input::Message { from, message: HeartbeatMessage::Beat { born, number } } => {
                self.hear(from, *born, *number, cx);
            }
            Input::Timer { .. } => self.beat(cx),
            Input::Start => self.start(cx),
            Input::Link { .. } | Input::Synced { .. } => {}
            Input::Request { request, .. } => match request {},
        }
    }
}

impl Member {
    fn start(&mut self, cx: &mut Context<'_, Heartbeat>) {
        let Shared { parameters, members, .. } = &*self.shared;
        self.born = cx.rng().below(u64::MAX);
        let pulse = Pulse {
            last: cx.monotonic(),
            heard: false,
            born: 0,
            number: 0,
            suspected: false,
            history: History::assumed(parameters),
        };
        self.pulses = vec![pulse; parameters.watchers_of(*members) as usize];
        cx.observe(HeartbeatObservation::Started);
        let phase = cx.rng().duration_between(sim_core::time::Duration::ZERO, parameters.interval);
        cx.set_timer(BEAT, phase, HeartbeatTimer::Beat);
    }

    /// The member so far before this one, counted from zero.
    fn watched(&self, place: usize) -> NodeId {
        let members = self.shared.members;
        NodeId((self.me.0 + members - 1 - place as u32) % members)
    }

    fn beat(&mut self, cx: &mut Context<'_, Heartbeat>) {
        self.look(cx);
        self.number += 1;
        let Shared { parameters, plants, members } = &*self.shared;
        let message = HeartbeatMessage::Beat { born: self.born, number: self.number };
        let watchers = parameters.watchers_of(*members);
        let next = (1..=watchers).map(|place| NodeId((self.me.0 + place) % members));
        if plants.deserts_suspects {
            let suspects = |node: NodeId| {
                (0..self.pulses.len())
                    .any(|place| self.pulses[place].suspected && self.watched(place) == node)
            };
            let told: Vec<NodeId> = next.filter(|node| !suspects(*node)).collect();
            cx.send_all(told, message);
        } else {
            cx.send_all(next, message);
        }
        cx.set_timer(BEAT, parameters.interval, HeartbeatTimer::Beat);
    }

    /// Suspects whoever was silent for too long.
    fn look(&mut self, cx: &mut Context<'_, Heartbeat>) {
        let now = cx.monotonic();
        for place in 0..self.pulses.len() {
            let pulse = &self.pulses[place];
            let silence = now.since(pulse.last);
            let begun = pulse.heard || !self.shared.plants.ignores_the_silent;
            if !pulse.suspected && begun && is_too_long(&self.shared.parameters, &pulse.history, silence) {
                self.pulses[place].suspected = true;
                cx.observe(HeartbeatObservation::Suspected { peer: self.watched(place) });
            }
        }
    }

    fn hear(&mut self, from: NodeId, born: u64, number: u64, cx: &mut Context<'_, Heartbeat>) {
        let Shared { parameters, plants, members } = &*self.shared;
        if from.0 >= *members {
            return;
        }
        let place = (self.me.0 + members - 1 - from.0) % members;
        let Some(pulse) = self.pulses.get_mut(place as usize) else { return };
        // A copy, or one that was overtaken, says nothing new.
        if pulse.heard && pulse.born == born && number <= pulse.number {
            return;
        }
        let gap = cx.monotonic().since(pulse.last);
        let usual = !pulse.suspected && gap <= parameters.interval * u64::from(parameters.longest_sample);
        if usual || plants.remembers_pauses {
            pulse.history.add(gap, parameters.samples);
        }
        (pulse.heard, pulse.born, pulse.number, pulse.last) = (true, born, number, cx.monotonic());
        if std::mem::replace(&mut pulse.suspected, false) {
            cx.observe(HeartbeatObservation::Trusted { peer: from });
        }
    }
}
