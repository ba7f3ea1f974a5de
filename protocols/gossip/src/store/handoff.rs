//! Hinted hand-off: what was kept for a home that did not answer is handed over, until the home has it (Dynamo, section 4.6).

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::member::{HANDOFF, Member, Merged};
use super::vocabulary::{
    Record, Sent, Store, StoreMessage, StoreObservation, StoreRecord, StoreTimer, Version,
};

/// How many hints are handed over at once.
const MOST_AT_ONCE: usize = 64;

impl Member {
    /// Hands over what it keeps, as far as it may at once: the first of it again, until it is taken.
    pub(super) fn hand_off(&mut self, cx: &mut Context<'_, Store>) {
        let at_once: Vec<_> =
            self.hints.iter().take(MOST_AT_ONCE).map(|(at, record)| (*at, *record)).collect();
        for ((target, key), record) in at_once {
            cx.send(target, StoreMessage::HandOff { sent: self.sent(record) });
            if self.shared.plants.hint_not_awaited {
                self.forget_hint(target, key, cx);
            }
        }
        cx.set_timer(HANDOFF, self.shared.parameters.handoff_every, StoreTimer::HandOff);
    }

    /// Somebody hands over what it kept for this member.
    pub(super) fn handed(&mut self, from: NodeId, sent: Sent, cx: &mut Context<'_, Store>) {
        if self.repair(sent, cx) == Merged::Held {
            let (key, version) = (sent.record.key, sent.record.version);
            self.journal.say(from, StoreMessage::HandedOff { key, version });
        } else {
            self.pass_on(from, sent.record.key, cx);
        }
    }

    /// The home has it.
    pub(super) fn handed_off(
        &mut self,
        from: NodeId,
        key: u64,
        version: Version,
        cx: &mut Context<'_, Store>,
    ) {
        if self.hints.get(&(from, key)).is_some_and(|kept| kept.version <= version) {
            self.forget_hint(from, key, cx);
        }
    }

    /// Keeps a record for a home.
    pub(super) fn hint(&mut self, target: NodeId, record: Record, cx: &mut Context<'_, Store>) {
        self.hints.insert((target, record.key), record);
        self.journal.append(StoreRecord::Hinted { target, record }, cx);
        cx.observe(StoreObservation::Hinted { target, record });
    }

    pub(super) fn forget_hint(&mut self, target: NodeId, key: u64, cx: &mut Context<'_, Store>) {
        if self.hints.remove(&(target, key)).is_some() {
            self.journal.append(StoreRecord::Unhinted { target, key }, cx);
            cx.observe(StoreObservation::Unhinted { target, key });
        }
    }
}
