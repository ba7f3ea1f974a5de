//! What an agent does with shared memory: it writes and reads notes at whoever coordinates, at a member of the core, or its own ones;
//! and who has a replica merges it with another one from time to time.

use std::sync::Arc;

use sim_core::identity::NodeId;
use sim_core::process::{Context, SyncId, SyncResult, TimerId};
use sim_core::random::below;
use sim_core::time::Duration;

use super::Agent;
use crate::courier::jittered;
use crate::memory::Keeps;
use crate::memory::notebook::{Turn, Wanted};
use crate::memory::replica::Outcome;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
    CoordinationTimer as Timer, Shared,
};

const MEMORY: TimerId = TimerId(6);

impl Agent {
    /// The agent starts: it turns to shared memory after a while.
    pub(super) fn begin_to_remember(&mut self, cx: &mut Context<'_, Coordination>) {
        if let Some(replica) = &mut self.replica {
            replica.start(cx);
        }
        if self.notebook.is_some() || self.replica.is_some() {
            self.turn_to_memory_in(self.team.place.parameters.memory_every, cx);
        }
    }

    fn turn_to_memory_in(&self, pause: Duration, cx: &mut Context<'_, Coordination>) {
        let pause = jittered(pause, cx);
        cx.set_timer(MEMORY, pause, Timer::Memory);
    }

    /// It is time to write or read something, or to ask again; and to hear another agent's notes.
    pub(super) fn use_memory(&mut self, cx: &mut Context<'_, Coordination>) {
        self.share_notes(cx);
        let parameters = &self.team.place.parameters;
        let Some(notebook) = &mut self.notebook else {
            return self.turn_to_memory_in(parameters.memory_every, cx);
        };
        let (turn, pause) = notebook.turn(parameters, cx);
        cx.set_timer(MEMORY, pause, Timer::Memory);
        match turn {
            Turn::Begin(wanted) => {
                cx.observe(match wanted {
                    Wanted::Write { key, note } => Observation::NoteAsked { key, note },
                    Wanted::Read { key, .. } => Observation::NoteSought { key },
                });
                self.ask_memory(wanted, 0, cx);
            }
            // Its own replica answers once its disk does.
            Turn::Again(..) if self.replica.is_some() => {}
            Turn::Again(wanted, tries) => self.ask_memory(wanted, tries, cx),
            Turn::GiveUp(wanted) => {
                self.store_turns += 1;
                cx.observe(Observation::NoteUnanswered { number: wanted.number() });
            }
        }
    }

    /// Whom it asks for something after so many tries: one after the other, where others than the coordinator may answer, since whoever
    /// does not answer may be on the other side of a split. A note is written at one replica only: at another one nobody
    /// would know that it was written before.
    fn store(&self, wanted: Wanted, tries: u32) -> NodeId {
        let parameters = &self.team.place.parameters;
        let (core, agents) = (parameters.core_of(self.team.agents).max(1), self.team.agents);
        if parameters.replicas(agents) > 0 {
            let tries = if matches!(wanted, Wanted::Read { .. }) { tries } else { 0 };
            NodeId((self.node.0 + self.store_turns + tries) % core)
        } else if self.read_only_core().is_some() {
            self.node
        } else if parameters.reads_while_cut_off() {
            NodeId((self.coordinator().0 + tries) % core)
        } else {
            self.coordinator()
        }
    }

    fn ask_memory(&mut self, wanted: Wanted, tries: u32, cx: &mut Context<'_, Coordination>) {
        let own = self.node;
        if self.replica.is_none() {
            let Some(notebook) = &self.notebook else { return };
            let (to, message) = (self.store(wanted, tries), notebook.message(wanted));
            if to != self.coordinator() || self.may_speak(cx) {
                self.send(to, message, cx);
            }
            return;
        }
        match wanted {
            Wanted::Write { key, note } => {
                let seen = self.replica.as_ref().map(|replica| replica.newest(key)).unwrap_or_default();
                self.write_here(own, (key, note), &seen, cx);
            }
            Wanted::Read { key, question } => self.read_here(own, (key, question), cx),
        }
    }

    /// An agent writes a note to the replica of this one.
    fn write_here(
        &mut self,
        from: NodeId,
        (key, note): (u32, u64),
        seen: &[u64],
        cx: &mut Context<'_, Coordination>,
    ) {
        let now = cx.monotonic();
        let Some(replica) = &mut self.replica else { return };
        match replica.write((key, note), from, seen, now) {
            Outcome::Kept => self.answer(from, Message::Remembered { note, version: 0 }, cx),
            Outcome::Waits => replica.flush(cx),
            Outcome::Owned(owner) => self.answer(from, Message::NotYours { note, owner }, cx),
            Outcome::Old => {}
        }
    }

    fn read_here(&mut self, from: NodeId, (key, question): (u32, u64), cx: &mut Context<'_, Coordination>) {
        let Some(replica) = &self.replica else { return };
        let notes = replica.read(key);
        self.answer(from, Message::Recalled { question, notes, version: 0, current: true }, cx);
    }

    /// Answers somebody else, or itself.
    fn answer(&mut self, to: NodeId, message: Message, cx: &mut Context<'_, Coordination>) {
        if to == self.node {
            self.hear_memory(to, &message, cx);
        } else {
            self.send(to, message, cx);
        }
    }

    /// Hears a write or a read, unless that is for the coordinator; whether it was answered here.
    pub(super) fn serves_memory(
        &mut self,
        from: NodeId,
        message: &Message,
        cx: &mut Context<'_, Coordination>,
    ) -> bool {
        if self.replica.is_some() {
            cx.work(self.team.place.parameters.handling);
            match *message {
                Message::Remember { key, note, ref seen } => self.write_here(from, (key, note), seen, cx),
                Message::Recall { key, question } => self.read_here(from, (key, question), cx),
                _ => {}
            }
            return true;
        }
        let Some(core) = self.read_only_core() else { return false };
        let answer = match *message {
            Message::Remember { note, .. } => Message::ReadOnly { note },
            Message::Recall { key, question } => core.hub.recall_old(key, question),
            _ => return false,
        };
        cx.work(self.team.place.parameters.handling);
        self.answer(from, answer, cx);
        true
    }

    /// What it asked for under a number, if it still waits for that; it goes on after a while.
    fn has_answer(&mut self, number: u64, cx: &mut Context<'_, Coordination>) -> Option<Wanted> {
        let wanted = self.notebook.as_mut()?.answered(number)?;
        self.turn_to_memory_in(self.team.place.parameters.memory_every, cx);
        Some(wanted)
    }

    /// Hears a store about what it wrote or asked.
    pub(super) fn hear_memory(&mut self, by: NodeId, message: &Message, cx: &mut Context<'_, Coordination>) {
        let number = match *message {
            Message::Remembered { note, .. }
            | Message::NotYours { note, .. }
            | Message::ReadOnly { note } => note,
            Message::Recalled { question, .. } => question,
            _ => return,
        };
        let Some(wanted) = self.has_answer(number, cx) else { return };
        match (message, wanted) {
            (&Message::Remembered { note, version }, Wanted::Write { key, .. }) => {
                self.saw(key, Arc::new([note]));
                cx.observe(Observation::NoteKept { note, version, by });
            }
            (&Message::NotYours { note, owner }, _) => {
                cx.observe(Observation::NoteRefused { note, owner });
            }
            (&Message::ReadOnly { note }, _) => cx.observe(Observation::NoteDenied { note }),
            (&Message::Recalled { ref notes, version, current, .. }, Wanted::Read { key, .. }) => {
                self.saw(key, notes.clone());
                cx.observe(Observation::NotesFound { key, notes: notes.clone(), version, by, current });
            }
            _ => {}
        }
    }

    /// Keeps what it saw under a key, for its next write there, where that counts.
    fn saw(&mut self, key: u32, notes: Arc<[u64]>) {
        if self.team.place.parameters.memory() == Keeps::Merged
            && self.replica.is_none()
            && let Some(notebook) = &mut self.notebook
        {
            notebook.saw(key, notes);
        }
    }

    /// Gives up what has expired, writes what is not on disk, and exchanges notes with some other replica.
    fn share_notes(&mut self, cx: &mut Context<'_, Coordination>) {
        let (own, now) = (self.node.0, cx.monotonic());
        let replicas = self.team.place.parameters.replicas(self.team.agents);
        let Some(replica) = &mut self.replica else { return };
        replica.expire(now);
        replica.flush(cx);
        if replicas > 1 {
            let place = below(cx.rng().next_u64(), u64::from(replicas) - 1) as u32;
            let told = replica.told(true, now);
            self.send(NodeId(if place < own { place } else { place + 1 }), told, cx);
        }
    }

    /// Hears the notes of another replica.
    pub(super) fn merge_notes(
        &mut self,
        from: NodeId,
        (answer, notes, left): (bool, &Shared, &[(u64, Duration)]),
        cx: &mut Context<'_, Coordination>,
    ) {
        let now = cx.monotonic();
        let Some(replica) = &mut self.replica else { return };
        let told = answer.then(|| replica.told(false, now));
        replica.merge(notes, left, now);
        replica.flush(cx);
        told.into_iter().for_each(|told| self.send(from, told, cx));
    }

    /// What its replica wrote is durable, or is not.
    pub(super) fn notes_synced(
        &mut self,
        id: SyncId,
        result: SyncResult,
        cx: &mut Context<'_, Coordination>,
    ) {
        let kept = self.replica.as_mut().map(|replica| replica.synced(id, result, cx)).unwrap_or_default();
        for (note, owner) in kept {
            self.answer(owner, Message::Remembered { note, version: 0 }, cx);
        }
    }
}
