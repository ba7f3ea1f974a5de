//! What an agent does with shared memory: it writes and reads notes at whoever coordinates, or its own ones, which it merges with
//! those of another agent from time to time.

use sim_core::identity::NodeId;
use sim_core::process::{Context, SyncId, SyncResult, TimerId};
use sim_core::random::below;
use sim_core::time::Duration;

use super::Agent;
use crate::courier::jittered;
use crate::memory::notebook::{Turn, Wanted};
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
                self.ask_memory(wanted, cx);
            }
            // A replica answers once its disk does.
            Turn::Again(_) if self.replica.is_some() => {}
            Turn::Again(wanted) => self.send(self.coordinator(), wanted.message(), cx),
            Turn::GiveUp(wanted) => cx.observe(Observation::NoteUnanswered { number: wanted.number() }),
        }
    }

    fn ask_memory(&mut self, wanted: Wanted, cx: &mut Context<'_, Coordination>) {
        let (node, now) = (self.node, cx.monotonic());
        let Some(replica) = &mut self.replica else {
            return self.send(self.coordinator(), wanted.message(), cx);
        };
        match wanted {
            Wanted::Write { key, note } => match replica.write(key, note, node, now) {
                Ok(()) => replica.flush(cx),
                Err(owner) => self.hear_memory(&Message::NotYours { note, owner }, cx),
            },
            Wanted::Read { key, question } => {
                let notes = replica.read(key);
                if self.has_answer(question, cx).is_some() {
                    cx.observe(Observation::NotesFound { key, notes, version: 0 });
                }
            }
        }
    }

    /// What it asked for under a number, if it still waits for that; it goes on after a while.
    fn has_answer(&mut self, number: u64, cx: &mut Context<'_, Coordination>) -> Option<Wanted> {
        let wanted = self.notebook.as_mut()?.answered(number)?;
        self.turn_to_memory_in(self.team.place.parameters.memory_every, cx);
        Some(wanted)
    }

    /// Hears whoever coordinates about what it wrote or asked.
    pub(super) fn hear_memory(&mut self, message: &Message, cx: &mut Context<'_, Coordination>) {
        let number = match *message {
            Message::Remembered { note, .. } | Message::NotYours { note, .. } => note,
            Message::Recalled { question, .. } => question,
            _ => return,
        };
        let Some(wanted) = self.has_answer(number, cx) else { return };
        match (message, wanted) {
            (&Message::Remembered { note, version }, _) => {
                cx.observe(Observation::NoteKept { note, version });
            }
            (&Message::NotYours { note, owner }, _) => {
                cx.observe(Observation::NoteRefused { note, owner });
            }
            (&Message::Recalled { note, version, .. }, Wanted::Read { key, .. }) => {
                let notes = note.into_iter().collect();
                cx.observe(Observation::NotesFound { key, notes, version });
            }
            _ => {}
        }
    }

    /// Gives up what has expired, writes what is not on disk, and exchanges notes with some other agent.
    fn share_notes(&mut self, cx: &mut Context<'_, Coordination>) {
        let (own, agents, now) = (self.node.0, self.team.agents, cx.monotonic());
        let Some(replica) = &mut self.replica else { return };
        replica.expire(now);
        replica.flush(cx);
        if agents > 1 {
            let place = below(cx.rng().next_u64(), u64::from(agents) - 1) as u32;
            let told = replica.told(true, now);
            self.send(NodeId(if place < own { place } else { place + 1 }), told, cx);
        }
    }

    /// Hears the notes of another agent.
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
        for note in kept {
            self.hear_memory(&Message::Remembered { note, version: 0 }, cx);
        }
    }
}
