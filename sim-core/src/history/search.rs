//! The general tier: depth-first search for an order (Wing and Gong 1993), remembering configurations that led nowhere
//! (Lowe 2017), with a budget in steps.
//!
//! A configuration is remembered as a hash of the state and of *which* operations are placed: the first one that is
//! not, and the few beyond it that are. So an entry costs what is concurrent, not what the history is long. An
//! operation that changes nothing is placed as soon as it fits, and never taken back for another choice.

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
}

const NONE: u32 = u32::MAX;

/// Searches for an order of one object's operations.
pub(super) fn search(object: &Object<'_>, budget: u64) -> Searched {
    let mut search = Search::new(object, budget);
    let end = search.run();
    let Search { longest, steps, .. } = search;
    let refused = if end == SearchEnd::Found { Vec::new() } else { refusals(object, &longest) };
    let longest = longest.iter().map(|i| object.calls[*i as usize].index).collect();
    Searched { end, longest, refused, steps }
}

/// Calls and returns as a doubly linked list in event order: placing an operation unlinks both.
struct Search<'a, 'b> {
    object: &'a Object<'b>,
    events: Vec<Event>,
    /// The event of each call and return; `NONE` for a return that never comes.
    call_at: Vec<u32>,
    return_at: Vec<u32>,
    placed: Placed,
    state: State,
    path: Vec<Frame>,
    dead: FixedSet<u128>,
    /// How many operations that returned are not placed yet.
    owed: usize,
    longest: Vec<u32>,
    steps: u64,
    budget: u64,
}

#[derive(Clone, Copy)]
struct Event {
    operation: u32,
    returns: bool,
    before: u32,
    after: u32,
}

struct Frame {
    operation: u32,
    undo: Undo,
    /// It changes nothing, so no other choice in its place can lead further.
    forced: bool,
}

impl<'a, 'b> Search<'a, 'b> {
    fn new(object: &'a Object<'b>, budget: u64) -> Self {
        let calls = &object.calls;
        let mut order: Vec<(u64, bool, u32)> = Vec::with_capacity(2 * calls.len());
        for (i, call) in (0..).zip(calls) {
            order.push((call.call, false, i));
            if call.returned != u64::MAX {
                order.push((call.returned, true, i));
            }
        }
        order.sort_unstable();
        let (mut call_at, mut return_at) = (vec![NONE; calls.len()], vec![NONE; calls.len()]);
        // Event 0 is the head of the list.
        let mut events = vec![Event { operation: NONE, returns: false, before: NONE, after: NONE }];
        for (at, (_, returns, operation)) in (1..).zip(order) {
            let places = if returns { &mut return_at } else { &mut call_at };
            places[operation as usize] = at;
            events[at as usize - 1].after = at;
            events.push(Event { operation, returns, before: at - 1, after: NONE });
        }
        let owed = return_at.iter().filter(|at| **at != NONE).count();
        Self {
            object,
            events,
            call_at,
            return_at,
            placed: Placed::new(calls.len()),
            state: State::initial(object.model),
            path: Vec::new(),
            dead: FixedSet::default(),
            owed,
            longest: Vec::new(),
            steps: 0,
            budget,
        }
    }

    fn run(&mut self) -> SearchEnd {
        let mut at = self.events[0].after;
        while self.owed > 0 {
            if at == NONE || self.events[at as usize].returns {
                let Some(next) = self.back() else { return SearchEnd::Impossible };
                at = next;
                continue;
            }
            if self.steps == self.budget {
                return SearchEnd::OutOfBudget;
            }
            self.steps += 1;
            at = if self.place(self.events[at as usize].operation) {
                self.events[0].after
            } else {
                self.events[at as usize].after
            };
        }
        self.keep_longest();
        SearchEnd::Found
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
        let forced = call.changes_nothing();
        if !forced && !self.dead.insert(self.configuration()) {
            self.placed.set(operation as usize, false);
            self.state.undo(undo);
            return false;
        }
        self.unlink(operation);
        self.owed -= usize::from(self.return_at[operation as usize] != NONE);
        self.path.push(Frame { operation, undo, forced });
        true
    }

    /// Takes back the latest choice; gives the event to go on with.
    fn back(&mut self) -> Option<u32> {
        self.keep_longest();
        loop {
            let frame = self.path.pop()?;
            self.state.undo(frame.undo);
            self.placed.set(frame.operation as usize, false);
            self.link(frame.operation);
            self.owed += usize::from(self.return_at[frame.operation as usize] != NONE);
            if !frame.forced {
                return Some(self.events[self.call_at[frame.operation as usize] as usize].after);
            }
        }
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

    fn unlink(&mut self, operation: u32) {
        for at in [self.call_at[operation as usize], self.return_at[operation as usize]] {
            if at != NONE {
                let Event { before, after, .. } = self.events[at as usize];
                self.events[before as usize].after = after;
                if after != NONE {
                    self.events[after as usize].before = before;
                }
            }
        }
    }

    fn link(&mut self, operation: u32) {
        for at in [self.return_at[operation as usize], self.call_at[operation as usize]] {
            if at != NONE {
                let Event { before, after, .. } = self.events[at as usize];
                self.events[before as usize].after = at;
                if after != NONE {
                    self.events[after as usize].before = at;
                }
            }
        }
    }
}

/// Which operations are placed, as a bit set with its ends.
struct Placed {
    bits: Vec<u64>,
    /// All words below this one are full.
    full: usize,
    /// Words from this one on are empty.
    end: usize,
}

impl Placed {
    fn new(operations: usize) -> Self {
        Self { bits: vec![0; operations / 64 + 1], full: 0, end: 0 }
    }

    fn set(&mut self, operation: usize, placed: bool) {
        let word = operation / 64;
        let bit = 1 << (operation % 64);
        if placed {
            self.bits[word] |= bit;
            self.end = self.end.max(word + 1);
            while self.bits[self.full] == u64::MAX {
                self.full += 1;
            }
        } else {
            self.bits[word] &= !bit;
            self.full = self.full.min(word);
            while self.end > 0 && self.bits[self.end - 1] == 0 {
                self.end -= 1;
            }
        }
    }

    fn fold(&self, digest: &mut Digest) {
        digest.word(self.full as u64);
        for word in &self.bits[self.full.min(self.end)..self.end] {
            digest.word(*word);
        }
    }
}

/// Replays an order and says why nothing could follow it.
fn refusals(object: &Object<'_>, order: &[u32]) -> Vec<(usize, Refusal)> {
    let mut state = State::initial(object.model);
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
