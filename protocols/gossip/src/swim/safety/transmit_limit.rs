//! An update is sent a limited number of times by each member, so that all hear of it and the rest of a packet is free for
//! others (SWIM, section 4.1).
//!
//! Counted at a few members. What a probe says about its own target comes on top, and so does not count.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::{OrderedMap, OrderedSet};

use crate::swim::settings::Settings;
use crate::swim::vocabulary::{Swim, SwimMessage, SwimObservation, Update};

/// At so many members sendings are counted.
const COUNTED: u32 = 16;

/// An update: about whom, status, incarnation, whose.
type Key = (NodeId, u8, u32, NodeId);

/// What is known of one member.
#[derive(Clone, Debug, Default)]
struct Sender {
    /// The most members that it ever held alive.
    most: u32,
    sent: OrderedMap<Key, u32>,
    /// Whom it has forgotten: what it says of them again may still be waiting from before, too.
    forgotten: OrderedSet<NodeId>,
}

/// Counts how often each update was sent.
#[derive(Clone, Debug)]
pub struct TransmitLimit {
    settings: Settings,
    members: u32,
    stride: u32,
    senders: Vec<Sender>,
}

impl TransmitLimit {
    /// For a cluster of these settings that begins with so many members.
    pub fn new(settings: &Settings, members: u32) -> Self {
        let stride = members.div_ceil(COUNTED).max(1);
        Self { settings: settings.clone(), members, stride, senders: Vec::new() }
    }

    fn of(&mut self, slot: Slot) -> Option<&mut Sender> {
        if !slot.0.is_multiple_of(self.stride) {
            return None;
        }
        let index = (slot.0 / self.stride) as usize;
        if index >= self.senders.len() {
            self.senders.resize_with(index + 1, Sender::default);
        }
        self.senders.get_mut(index)
    }
}

impl Check<Swim> for TransmitLimit {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Swim>, _: &mut Findings) {
        let genesis = self.members;
        let Some(sender) = self.of(seen.slot) else { return };
        match *seen.observation {
            SwimObservation::Started { knows, .. } => sender.most = if knows { genesis } else { 1 },
            SwimObservation::Joined { members, .. } | SwimObservation::Alive { members, .. } => {
                sender.most = sender.most.max(members);
            }
            // What was forgotten may be learned, and told, again.
            SwimObservation::Forgot { peer } => {
                sender.sent.retain(|(node, ..), _| *node != peer);
                sender.forgotten.insert(peer);
            }
            _ => {}
        }
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Joined", "Alive", "Forgot"])
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Ping", "PingRequest", "Ack", "Gossip"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &SwimMessage,
        findings: &mut Findings,
    ) {
        let news = message.news();
        let slot = ground.slot_of(from).filter(|slot| ground.place(*slot).honest && !news.is_empty());
        let Some(slot) = slot else { return };
        let Some(most) = self.of(slot).map(|sender| sender.most) else { return };
        let limit = self.settings.transmit_limit(most);
        let Some(sender) = self.of(slot) else { return };
        let Sender { sent, forgotten, .. } = sender;
        for update in news.iter().filter(|update| update.node != to && !forgotten.contains(&update.node)) {
            findings.exercised();
            let Update { node, status, incarnation, from: accuser } = *update;
            let key = (node, sim_core::facts::Facts::kind(&status), incarnation, accuser);
            let count = sent.entry(key).or_insert(0);
            *count += 1;
            if *count == limit + 1 {
                let text = format!("{from} sent an update about {node} more than {limit} times");
                findings.safety("", &[from], text);
            }
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Booted
            && let Some(sender) = self.of(slot)
        {
            *sender = Sender::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::Script;
    use super::*;
    use crate::swim::parameters::Parameters;
    use crate::swim::vocabulary::Status;

    /// Among four members an update is sent four times.
    fn send(times: u32, to: u32) -> Script<TransmitLimit> {
        let settings = Settings::of(&Parameters::default());
        let mut script = Script::new(TransmitLimit::new(&settings, 4), 4);
        script.see(0, SwimObservation::Started { incarnation: 0, knows: true });
        for _ in 0..times {
            let update = Update { node: NodeId(3), status: Status::Dead, incarnation: 0, from: NodeId(1) };
            script.send(0, to, SwimMessage::Gossip { news: [update].into() });
        }
        script
    }

    #[test]
    fn once_too_often_is_found() {
        assert_eq!((send(4, 1).violations(), send(4, 1).exercised()), (0, 4));
        assert_eq!(send(5, 1).violations(), 1);
        assert_eq!(send(9, 3).violations(), 0, "that is for the one whom it is about");
    }

    #[test]
    fn whoever_restarts_or_forgot_may_say_it_again() {
        let mut script = send(4, 1);
        script.see(0, SwimObservation::Forgot { peer: NodeId(3) });
        let update = Update { node: NodeId(3), status: Status::Dead, incarnation: 0, from: NodeId(1) };
        for _ in 0..6 {
            script.send(0, 1, SwimMessage::Gossip { news: [update].into() }).clean();
        }
    }
}
