//! What an agent asks of shared memory: one thing at a time, asked again with growing pauses until there is an answer, and told as
//! unanswered when there is none.

use std::sync::Arc;

use sim_core::ordered::OrderedMap;
use sim_core::process::Context;
use sim_core::random::below;
use sim_core::time::Duration;

use crate::courier::{TRIES, jittered};
use crate::parameters::Parameters;
use crate::vocabulary::{Coordination, CoordinationMessage as Message};

/// The first pause before something is asked again; it doubles up to sixteen times this.
const PAUSE: Duration = Duration::from_millis(400);

/// A write or a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// To write a note of this number under a key.
    Write {
        /// Which key.
        key: u32,
        /// Which note.
        note: u64,
    },
    /// To read what is under a key.
    Read {
        /// Which key.
        key: u32,
        /// What tells this question from others.
        question: u64,
    },
}

impl Wanted {
    /// The number of the note or the question.
    pub const fn number(self) -> u64 {
        match self {
            Self::Write { note, .. } => note,
            Self::Read { question, .. } => question,
        }
    }
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// To ask for something new.
    Begin(Wanted),
    /// To ask again, for so manieth time.
    Again(Wanted, u32),
    /// To give up.
    GiveUp(Wanted),
}

/// What an agent asks for.
#[derive(Clone, Debug)]
pub struct Notebook {
    /// The last number that was used.
    last: u64,
    asked: Option<(Wanted, u32)>,
    /// Where notes are merged: what the agent saw last under each key.
    seen: OrderedMap<u32, Arc<[u64]>>,
}

impl Notebook {
    /// Nothing was asked; numbers follow this one, which no earlier life of the agent used.
    pub const fn new(life: u64) -> Self {
        Self { last: life, asked: None, seen: OrderedMap::new() }
    }

    /// What is said to a store.
    pub fn message(&self, wanted: Wanted) -> Message {
        match wanted {
            Wanted::Write { key, note } => {
                let seen = self.seen.get(&key).cloned().unwrap_or_default();
                Message::Remember { key, note, seen }
            }
            Wanted::Read { key, question } => Message::Recall { key, question },
        }
    }

    /// The agent has seen these notes under a key, where notes are merged.
    pub fn saw(&mut self, key: u32, notes: Arc<[u64]>) {
        self.seen.insert(key, notes);
    }

    /// It is time to ask; what for, and when to come back.
    pub fn turn(&mut self, parameters: &Parameters, cx: &mut Context<'_, Coordination>) -> (Turn, Duration) {
        let every = parameters.memory_every;
        match &mut self.asked {
            Some((wanted, tries)) if *tries >= TRIES => {
                let wanted = *wanted;
                self.asked = None;
                (Turn::GiveUp(wanted), jittered(every, cx))
            }
            Some((wanted, tries)) => {
                *tries += 1;
                let pause = PAUSE.saturating_mul(1 << (*tries - 1).min(4));
                (Turn::Again(*wanted, *tries - 1), jittered(pause, cx))
            }
            None => {
                self.last += 1;
                let key = below(cx.rng().next_u64(), 2 * u64::from(parameters.memory_keys)) as u32;
                let wanted = if parameters.memory_reads.happens(cx.rng().next_u64()) {
                    Wanted::Read { key, question: self.last }
                } else {
                    Wanted::Write { key, note: self.last }
                };
                self.asked = Some((wanted, 1));
                (Turn::Begin(wanted), jittered(PAUSE, cx))
            }
        }
    }

    /// There is an answer to the question or note of this number; what was asked, if it was the last thing.
    pub fn answered(&mut self, number: u64) -> Option<Wanted> {
        let (wanted, _) = self.asked.take_if(|(wanted, _)| wanted.number() == number)?;
        Some(wanted)
    }
}
