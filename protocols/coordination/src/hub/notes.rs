//! Notes of shared memory that the coordinator has: alone, or as its core decided.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Duration;

use super::leases::Watch;
use super::{Deed, Hub};
use crate::decision::Decision;
use crate::memory::store::Answer;
use crate::memory::{is_claim, kept_for};
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

impl Hub {
    /// An agent writes a note. It has an answer once that is decided, if it has to be.
    pub fn remember(&mut self, from: NodeId, key: u32, note: u64, cx: &mut Context<'_, Coordination>) {
        if let Some(before) = self.notes.answer(from, note) {
            return before.into_iter().for_each(|answer| self.tell_writer(from, note, answer));
        }
        if self.office.is_some() {
            return self.proposes_note(from, key, note);
        }
        let Some(epoch) = self.epoch else { return };
        self.counter += 1;
        let version = u64::from(epoch) << 32 | u64::from(self.counter);
        if let Some(answer) = self.notes.write(key, note, from, version) {
            self.watch_note(key, answer, cx);
            self.tell_writer(from, note, answer);
        }
    }

    /// An agent asks what is under a key.
    pub fn recall(&mut self, from: NodeId, key: u32, question: u64) {
        let Some(epoch) = self.epoch else { return };
        let (note, version) = self.notes.read(key);
        // A coordinator that keeps nothing over a crash says in which life it never had anything there.
        let least = if self.office.is_some() { 0 } else { u64::from(epoch) << 32 };
        let (notes, version) = (note.iter().map(|there| there.note).collect(), version.max(least));
        self.deeds.push(Deed::Send(from, Message::Recalled { question, notes, version, current: true }));
    }

    /// What it had last under a key, as somebody who does not coordinate.
    pub fn recall_old(&self, key: u32, question: u64) -> Message {
        let (note, version) = self.notes.read(key);
        let notes = note.iter().map(|there| there.note).collect();
        Message::Recalled { question, notes, version, current: false }
    }

    fn tell_writer(&mut self, to: NodeId, note: u64, answer: Answer) {
        let message = match answer {
            Answer::Kept(version) => Message::Remembered { note, version },
            Answer::Owned(owner) => Message::NotYours { note, owner },
        };
        self.deeds.push(Deed::Send(to, message));
    }

    /// A note that is kept is looked at again when it expires.
    fn watch_note(&mut self, key: u32, answer: Answer, cx: &mut Context<'_, Coordination>) {
        let ttl = self.parameters.memory_ttl;
        if let Answer::Kept(version) = answer
            && ttl > Duration::ZERO
        {
            self.watch_for(cx.monotonic().saturating_add(kept_for(ttl)), Watch::Note(key, version), cx);
        }
    }

    /// A new coordinator does not know since when notes are there: each is kept for its whole time to live from now on.
    pub(super) fn watch_notes(&mut self, cx: &mut Context<'_, Coordination>) {
        let all: Vec<_> = self.notes.iter().collect();
        all.into_iter().for_each(|(key, version)| self.watch_note(key, Answer::Kept(version), cx));
    }

    /// A note has expired, unless another one took its place.
    pub(super) fn note_expires(&mut self, key: u32, version: u64, cx: &mut Context<'_, Coordination>) {
        let there = self.notes.read(key).0.is_some_and(|note| note.version == version);
        if there && !self.proposes(Decision::Forget { key, version }) {
            self.forget(key, version, cx);
        }
    }

    /// It is decided that an agent writes a note.
    pub(super) fn write_decided(
        &mut self,
        (key, note): (u32, u64),
        from: NodeId,
        version: u64,
        cx: &mut Context<'_, Coordination>,
    ) {
        let answer = self.notes.write(key, note, from, version);
        let Some(office) = self.office.as_mut().filter(|office| office.held) else { return };
        let asked = office.writes.remove(&note);
        if let Some(answer) = answer {
            self.watch_note(key, answer, cx);
            if asked {
                self.tell_writer(from, note, answer);
            }
        }
    }

    /// Plant S16: a note is acknowledged as soon as it is in the coordinator's own log, at this index.
    pub fn acknowledge_early(&mut self, index: u64, decision: Decision) {
        if let Decision::Note { key, note, agent } = decision
            && self.plants.acknowledged_early
            && !is_claim(key, self.parameters.memory_keys)
        {
            self.tell_writer(agent, note, Answer::Kept(index));
        }
    }

    /// It is decided that a note has expired.
    pub(super) fn forget(&mut self, key: u32, version: u64, cx: &mut Context<'_, Coordination>) {
        if let Some(note) = self.notes.forget(key, version)
            && self.is_in_office()
        {
            cx.observe(Observation::NoteForgotten { note: note.note, version });
        }
    }
}
