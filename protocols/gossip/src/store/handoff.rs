//! Hinted hand-off: what was kept for a home that did not answer is handed over, until the home has it (Dynamo, section 4.6).

use std::ops::Bound;

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::member::{HANDOFF, Member, Merged};
use super::siblings::Written;
use super::vocabulary::{
    Record, Sent, Store, StoreMessage, StoreObservation, StoreRecord, StoreTimer, Version,
};

/// How many hints are handed over at once.
const MOST_AT_ONCE: usize = 64;

impl Member {
    /// Hands over what it keeps, as far as it may at once. It goes on where it stopped the last time, and begins again at the end:
    /// what a home never takes, since it is gone, keeps nobody else from their hints.
    pub(super) fn hand_off(&mut self, cx: &mut Context<'_, Store>) {
        let mut at_once = Vec::new();
        let mut rest = self.hints.range((self.not_handed(), Bound::Unbounded));
        let mut last = None;
        while at_once.len() < MOST_AT_ONCE
            && let Some((at @ (target, _), kept)) = rest.next()
        {
            at_once.extend(kept.iter().map(|written| (*target, written.clone())));
            last = Some(*at);
        }
        self.handed = last.filter(|_| rest.next().is_some());
        for (target, written) in at_once {
            let record = written.record;
            cx.send(self.roster.actor(target), StoreMessage::HandOff { sent: self.sent(written) });
            if self.shared.plants.hint_not_awaited {
                self.forget_hint(target, record.key, record.version, cx);
            }
        }
        cx.set_timer(HANDOFF, self.shared.parameters.handoff_every, StoreTimer::HandOff);
    }

    /// Where the hints begin that are handed over next.
    fn not_handed(&self) -> Bound<(NodeId, u64)> {
        let behind =
            |at: &(NodeId, u64)| self.hints.range((Bound::Excluded(*at), Bound::Unbounded)).next().is_some();
        self.handed.filter(behind).map_or(Bound::Unbounded, Bound::Excluded)
    }

    /// Somebody hands over what it kept for this member.
    pub(super) fn handed(&mut self, from: NodeId, sent: &Sent, cx: &mut Context<'_, Store>) {
        let Record { key, version, .. } = sent.written.record;
        if self.repair(sent, cx) == Merged::Held {
            self.journal.say(from, StoreMessage::HandedOff { key, version });
        } else {
            self.pass_on(from, key);
        }
    }

    /// The home has it: all that is included in it need not be kept any longer.
    pub(super) fn handed_off(
        &mut self,
        from: NodeId,
        key: u64,
        version: Version,
        cx: &mut Context<'_, Store>,
    ) {
        let Some(kept) = self.hints.get(&(from, key)) else { return };
        let older = kept.newest().filter(|kept| kept.past.is_none() && kept.record.version <= version);
        if let Some(kept) = kept.get(version).or(older) {
            self.forget_hint(from, key, kept.record.version, cx);
        }
    }

    /// Keeps a record for a home.
    pub(super) fn hint(&mut self, target: NodeId, written: Written, cx: &mut Context<'_, Store>) {
        let record = written.record;
        self.journal.append(StoreRecord::Hinted { target, written: written.clone() }, cx);
        let kept = self.hints.entry((target, record.key)).or_default();
        if written.past.is_some() {
            let versions = kept.iter().map(|kept| kept.record.version);
            let superseded =
                versions.filter(|version| *version != record.version && written.includes(*version));
            let key = record.key;
            superseded.for_each(|version| cx.observe(StoreObservation::Unhinted { target, key, version }));
        }
        kept.hold(written);
        cx.observe(StoreObservation::Hinted { target, record });
    }

    pub(super) fn forget_hint(
        &mut self,
        target: NodeId,
        key: u64,
        version: Version,
        cx: &mut Context<'_, Store>,
    ) {
        self.remove_hint(target, key, version);
        self.journal.append(StoreRecord::Unhinted { target, key, version }, cx);
        cx.observe(StoreObservation::Unhinted { target, key, version });
    }

    pub(super) fn remove_hint(&mut self, target: NodeId, key: u64, version: Version) {
        if let Some(kept) = self.hints.get_mut(&(target, key)) {
            kept.remove(version);
            if kept.is_empty() {
                self.hints.remove(&(target, key));
            }
        }
    }
}
