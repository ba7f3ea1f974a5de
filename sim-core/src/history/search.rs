//! The general tier: depth-first search for an order (Wing and Gong 1993), remembering configurations that led nowhere
//! (Lowe 2017), with a budget in steps and a bound on memory.
//!
//! A configuration is remembered as a hash of the state and of *which* operations are placed: the first one that is
//! not, and the few beyond it that are. So an entry costs what is concurrent, not what the history is long. An
//! operation that changes nothing is placed as soon as it fits, and never taken back for another choice. Of the
//! others, what helps the operation that returns first is tried first, then what returns first; of those that do the
//! same, only one ([`kinds`]). A state in which some operation cannot get its reply any more is left ([`outlook`]).

mod events;
mod fifo;
mod kinds;
mod outlook;
mod placed;
mod reads;

use events::Events;
use kinds::Kinds;
use outlook::Outlook;
use placed::Placed;

use super::object::{Call, Object};
use super::spec::{Refusal, State, Undo};
use crate::digest::Digest;
use crate::hash::FixedSet;

/// What a search came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Searched {
    pub(super) end: SearchEnd,
    /// The longest order found, as indexes into the history.
    pub(super) longest: Vec<usize>,
    /// What could not come next after the longest order, and why.
    pub(super) refused: Vec<(usize, Refusal)>,
    /// Steps used.
    pub(super) steps: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SearchEnd {
    Found,
    Impossible,
    OutOfBudget,
    OutOfMemory,
}

const NONE: u32 = u32::MAX;

/// What a search may use.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Operations that are tried.
    pub(super) steps: u64,
    /// Bytes for what is remembered.
    pub(super) memory: u64,
    /// Whether to leave states that lead nowhere at once. Whoever wants to show how far an order goes does not.
    pub(super) prune: bool,
}

/// What a remembered configuration costs, with the room that a hash set leaves free.
const ENTRY_BYTES: u64 = 40;

/// Searches for an order of one object's operations.
pub(super) fn search(object: &Object<'_>, limits: Limits) -> Searched {
    let mut search = Search::new(object, limits);
    let end = search.run();
    let Search { longest, steps, .. } = search;
    let refused = if end == SearchEnd::Found { Vec::new() } else { refusals(object, &longest) };
    let longest = longest.iter().map(|i| object.calls[*i as usize].index).collect();
    Searched { end, longest, refused, steps }
}

struct Search<'a, 'b> {
    object: &'a Object<'b>,
    events: Events,
    placed: Placed,
    kinds: Kinds,
    outlook: Outlook<'b>,
    state: State,
    /// What was placed, and the choices that were left there.
    path: Vec<Frame>,
    /// The choices of all levels, one behind the other, the next one of a level last.
    choices: Vec<u32>,
    ranked: Vec<((u64, u64), u32)>,
    dead: FixedSet<u128>,
    /// How many operations that returned are not placed yet.
    owed: usize,
    longest: Vec<u32>,
    steps: u64,
    limits: Limits,
}

struct Frame {
    operation: u32,
    undo: Undo,
    /// Where the choices of the level behind it begin.
    choices: usize,
}

impl<'a, 'b> Search<'a, 'b> {
    fn new(object: &'a Object<'b>, limits: Limits) -> Self {
        let events = Events::new(object);
        Self {
            object,
            placed: Placed::new(object.calls.len()),
            kinds: Kinds::new(object),
            outlook: Outlook::new(object),
            state: object.initial(),
            path: Vec::new(),
            choices: Vec::new(),
            ranked: Vec::new(),
            dead: FixedSet::default(),
            owed: events.returns(),
            longest: Vec::new(),
            steps: 0,
            events,
            limits,
        }
    }

    fn run(&mut self) -> SearchEnd {
        self.open_level();
        while self.owed > 0 {
            let floor = self.path.last().map_or(0, |frame| frame.choices);
            let Some(operation) = (self.choices.len() > floor).then(|| self.choices.pop()).flatten() else {
                if !self.back() {
                    return SearchEnd::Impossible;
                }
                continue;
            };
            if self.steps == self.limits.steps {
                return SearchEnd::OutOfBudget;
            }
            if self.dead.len() as u64 * ENTRY_BYTES > self.limits.memory {
                return SearchEnd::OutOfMemory;
            }
            self.steps += 1;
            if self.place(operation) {
                self.open_level();
            }
        }
        self.keep_longest();
        SearchEnd::Found
    }

    /// Finds what may come next, and in which order it is tried.
    fn open_level(&mut self) {
        let calls = &self.object.calls;
        let from = self.choices.len();
        self.ranked.clear();
        // What returns first is among those that are open, if anything is owed.
        let first = self.events.open().min_by_key(|i| calls[*i as usize].returned);
        let Some(first) = first else { return };
        for operation in self.events.open() {
            let call = &calls[operation as usize];
            if call.changes_nothing() {
                if self.state.allows(&call.operation, call.reply) {
                    self.choices.truncate(from);
                    self.choices.push(operation);
                    return;
                }
                continue;
            }
            let of = &calls[first as usize];
            let helps = self.outlook.helps(&self.state, operation, call, first, of);
            self.ranked.push(((helps, call.returned), operation));
        }
        self.ranked.sort_unstable();
        self.choices.extend(self.ranked.iter().map(|(_, operation)| *operation));
        self.kinds.keep_first(&mut self.choices, from);
        self.choices[from..].reverse();
    }

    /// Places an operation next if it fits and leads somewhere new.
    fn place(&mut self, operation: u32) -> bool {
        let call = &self.object.calls[operation as usize];
        let Ok(undo) = self.state.step(&call.operation, call.reply) else { return false };
        // What is unknown and changes nothing here need not be placed here.
        if call.reply.is_none() && matches!(undo, Undo::Nothing) {
            return false;
        }
        self.placed.set(operation as usize, true);
        self.outlook.placed(call);
        self.events.unlink(operation);
        let forced = call.changes_nothing();
        if !forced && ((self.limits.prune && self.doomed(call)) || !self.dead.insert(self.configuration())) {
            self.undo(operation, undo);
            return false;
        }
        self.owed -= usize::from(self.events.returns_ever(operation));
        self.path.push(Frame { operation, undo, choices: self.choices.len() });
        true
    }

    /// Whether some operation that is under way cannot get its reply any more, now that this one is placed.
    fn doomed(&self, last: &Call<'_>) -> bool {
        let returning = self.events.open().filter(|i| self.events.returns_ever(*i));
        let calls = &self.object.calls;
        !self.outlook.possible(&self.state, last, returning.map(|i| (i, &calls[i as usize])))
    }

    fn undo(&mut self, operation: u32, undo: Undo) {
        self.state.undo(undo);
        self.placed.set(operation as usize, false);
        self.outlook.taken_back(&self.object.calls[operation as usize]);
        self.events.link(operation);
    }

    /// Takes back the latest choice, if there is one.
    fn back(&mut self) -> bool {
        self.keep_longest();
        let Some(Frame { operation, undo, .. }) = self.path.pop() else { return false };
        self.owed += usize::from(self.events.returns_ever(operation));
        self.undo(operation, undo);
        true
    }

    fn keep_longest(&mut self) {
        if self.path.len() > self.longest.len() {
            self.longest.clear();
            self.longest.extend(self.path.iter().map(|frame| frame.operation));
        }
    }

    fn configuration(&self) -> u128 {
        let mut digest = Digest::new();
        self.state.fold(&mut digest);
        self.placed.fold(&mut digest);
        digest.whole().0
    }
}

/// Replays an order and says why nothing could follow it.
fn refusals(object: &Object<'_>, order: &[u32]) -> Vec<(usize, Refusal)> {
    let mut state = object.initial();
    let mut placed = vec![false; object.calls.len()];
    for i in order {
        let call = &object.calls[*i as usize];
        placed[*i as usize] = true;
        if state.apply(&call.operation, call.reply).is_err() {
            return Vec::new();
        }
    }
    let open = || object.calls.iter().zip(&placed).filter(|(_, placed)| !**placed).map(|(call, _)| call);
    let first_return = open().map(|call| call.returned).min().unwrap_or(u64::MAX);
    let refusal = |call: &Call<'_>| {
        let refusal = state.clone().apply(&call.operation, call.reply).err();
        refusal.map(|refusal| (call.index, refusal))
    };
    open().take_while(|call| call.call < first_return).filter_map(refusal).collect()
}
