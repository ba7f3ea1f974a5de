//! What can still come: a state from which some operation that is under way can never get its reply leads nowhere, and
//! is left at once. And what should come next: what the operation that returns first waits for.

use std::borrow::Cow;

use super::fifo::Fifo;
use super::reads::Reads;
use crate::history::object::{Call, Object};
use crate::history::spec::State;
use crate::operation::{ObjectModel, Operation, Reply};
use crate::ordered::OrderedMap;

/// How many operations that are not placed bring each value about, and how many take it away.
pub(super) struct Outlook<'a> {
    /// The place of each value that some operation brings about.
    values: OrderedMap<u64, usize>,
    makers: Vec<u32>,
    takers: Vec<u32>,
    /// How many operations that are placed bring each value about.
    made: Vec<u32>,
    /// How many operations that are placed bring something about.
    puts: usize,
    fifo: Option<Fifo>,
    /// What each read of a set gave, in order.
    contents: Vec<Option<Cow<'a, [u64]>>>,
    /// For each enqueue, when its value is taken out, if the values that are equal come out in the order of their calls.
    wanted: Vec<u64>,
    /// The longest list that was read: every list is a beginning of it, or goes on from it.
    longest: &'a [u64],
    /// What was read of a text.
    reads: Option<Reads>,
}

impl<'a> Outlook<'a> {
    pub(super) fn new(object: &Object<'a>) -> Self {
        let mut outlook = Self {
            values: OrderedMap::new(),
            makers: Vec::new(),
            takers: Vec::new(),
            made: Vec::new(),
            puts: 0,
            fifo: (object.model == ObjectModel::Queue).then(|| Fifo::new(object)).flatten(),
            contents: object.calls.iter().map(|call| content(object, call)).collect(),
            wanted: wanted(object),
            longest: longest(object),
            reads: Reads::new(object),
        };
        for call in &object.calls {
            if let Some(value) = made(call) {
                let next = outlook.makers.len();
                let place = *outlook.values.entry(value).or_insert(next);
                if place == next {
                    outlook.makers.push(0);
                    outlook.takers.push(0);
                    outlook.made.push(0);
                }
            }
        }
        for call in &object.calls {
            let places =
                [made(call), taken(call)].map(|value| value.and_then(|value| outlook.values.get(&value)));
            if let Some(place) = places[0] {
                outlook.makers[*place] += 1;
            }
            if let Some(place) = places[1] {
                outlook.takers[*place] += 1;
            }
        }
        outlook
    }

    /// An operation is placed.
    pub(super) fn placed(&mut self, call: &Call<'_>) {
        if let Some(place) = self.place_of(made(call)) {
            self.makers[place] -= 1;
            self.made[place] += 1;
            self.puts += 1;
        }
        if let Some(place) = self.place_of(taken(call)) {
            self.takers[place] -= 1;
        }
    }

    /// An operation is taken back.
    pub(super) fn taken_back(&mut self, call: &Call<'_>) {
        if let Some(place) = self.place_of(made(call)) {
            self.makers[place] += 1;
            self.made[place] -= 1;
            self.puts -= 1;
        }
        if let Some(place) = self.place_of(taken(call)) {
            self.takers[place] += 1;
        }
    }

    fn place_of(&self, value: Option<u64>) -> Option<usize> {
        self.values.get(&value?).copied()
    }

    fn can_come(&self, value: u64) -> bool {
        self.values.get(&value).is_some_and(|place| self.makers[*place] > 0)
    }

    fn can_go(&self, value: u64) -> bool {
        self.values.get(&value).is_some_and(|place| self.takers[*place] > 0)
    }

    /// Whether every operation that is under way may get its reply yet, by what is not placed, once `last` is placed.
    /// Of sets, what returns first is looked at whole, the others as far as `last` changed something.
    pub(super) fn possible(
        &self,
        state: &State,
        last: &Call<'_>,
        mut open: impl Iterator<Item = (u32, &'a Call<'a>)>,
    ) -> bool {
        if let State::List(list) = state {
            let same = list.last() == self.longest.get(list.len().wrapping_sub(1));
            return list.len() > self.longest.len() || same;
        }
        if let (Some(fifo), Some(value)) = (&self.fifo, made(last)) {
            let count = |value| self.place_of(Some(value)).map_or(0, |place| self.made[place] as usize);
            if !fifo.allows(value, self.puts - 1, count) {
                return false;
            }
        }
        let changed = made(last).or_else(|| taken(last));
        open.all(|(i, call)| self.may_answer(state, i, call, changed))
    }

    fn may_answer(&self, state: &State, operation: u32, call: &Call<'_>, changed: Option<u64>) -> bool {
        match (state, &call.operation, call.reply) {
            (State::Register(there), Operation::Read { .. }, Some(Reply::Value(given)))
            | (State::Register(there), Operation::Cas { from: given, .. }, Some(Reply::Done)) => {
                *there == *given || given.is_some_and(|given| self.can_come(given))
            }
            (State::Text { there, .. }, Operation::Read { .. }, Some(Reply::Value(given))) => {
                let Some(reads) = &self.reads else { return true };
                reads.given(*given).starts_with(there.as_deref().unwrap_or_default())
                    || reads.bases(operation).iter().any(|put| self.can_come(*put))
            }
            (State::Queue(queue), Operation::Dequeue { .. }, Some(Reply::Value(Some(given)))) => {
                self.can_come(*given) || queue.contains(given)
            }
            (State::Set(set), Operation::ReadSet { .. }, Some(_)) => {
                let (Some(given), Some(changed)) = (&self.contents[operation as usize], changed) else {
                    return true;
                };
                match (set.contains(&changed), given.binary_search(&changed).is_ok()) {
                    (true, false) => self.can_go(changed),
                    (false, true) => self.can_come(changed),
                    _ => true,
                }
            }
            _ => true,
        }
    }

    /// How much an operation brings about what another one waits for: less is better, `u64::MAX` is not at all.
    pub(super) fn helps(
        &self,
        state: &State,
        operation: u32,
        call: &Call<'_>,
        first: u32,
        of: &Call<'_>,
    ) -> u64 {
        let useful = match (state, &of.operation, of.reply) {
            (State::Register(_), Operation::Read { .. }, Some(Reply::Value(given)))
            | (State::Register(_), Operation::Cas { from: given, .. }, Some(Reply::Done)) => {
                made(call) == *given && given.is_some()
            }
            (State::Queue(queue), Operation::Dequeue { .. }, Some(Reply::Value(Some(_)))) => {
                match queue.front() {
                    Some(front) => taken(call) == Some(*front) || is_open_dequeue(call),
                    None => return self.wanted_if_enqueue(operation, call),
                }
            }
            (State::Queue(_), Operation::Enqueue { .. }, _) => {
                let rank = self.wanted_if_enqueue(operation, call);
                return if rank < self.wanted[first as usize] { rank } else { u64::MAX };
            }
            (State::Queue(queue), Operation::Dequeue { .. }, Some(Reply::Value(None))) => {
                queue.front().is_some_and(|front| taken(call) == Some(*front) || is_open_dequeue(call))
            }
            (State::Set(set), Operation::ReadSet { .. }, Some(_)) => {
                let Some(given) = &self.contents[first as usize] else { return u64::MAX };
                let wanted = |value: u64| given.binary_search(&value).is_ok();
                match call.operation {
                    Operation::Add { value, .. } => wanted(value) && !set.contains(&value),
                    Operation::Remove { value, .. } => !wanted(value) && set.contains(&value),
                    _ => false,
                }
            }
            (State::Text { there, .. }, ..) => {
                let Some(reads) = &self.reads else { return u64::MAX };
                return reads.helps(there.as_deref().unwrap_or_default(), call, of.call);
            }
            (State::List(list), ..) => {
                let next = self.longest.get(list.len());
                next.is_some() && made(call) == next.copied()
            }
            _ => false,
        };
        if useful { 0 } else { u64::MAX }
    }

    fn wanted_if_enqueue(&self, operation: u32, call: &Call<'_>) -> u64 {
        match call.operation {
            Operation::Enqueue { .. } => self.wanted[operation as usize],
            _ => u64::MAX,
        }
    }
}

fn is_open_dequeue(call: &Call<'_>) -> bool {
    matches!((&call.operation, call.reply), (Operation::Dequeue { .. }, None))
}

/// The value that an operation brings about, if it may take effect.
fn made(call: &Call<'_>) -> Option<u64> {
    match (&call.operation, call.reply) {
        (_, Some(Reply::Mismatch)) => None,
        (
            Operation::Write { value, .. }
            | Operation::Cas { to: value, .. }
            | Operation::Append { value, .. }
            | Operation::Enqueue { value, .. }
            | Operation::Add { value, .. },
            _,
        ) => Some(*value),
        _ => None,
    }
}

/// The value that an operation takes away.
fn taken(call: &Call<'_>) -> Option<u64> {
    match (&call.operation, call.reply) {
        (Operation::Remove { value, .. }, _)
        | (Operation::Dequeue { .. }, Some(Reply::Value(Some(value)))) => Some(*value),
        _ => None,
    }
}

/// What a read of a set gave, in order.
fn content<'a>(object: &Object<'a>, call: &Call<'a>) -> Option<Cow<'a, [u64]>> {
    let Some(Reply::Values(values)) = call.reply.filter(|_| object.model == ObjectModel::Set) else {
        return None;
    };
    if values.is_sorted() {
        return Some(Cow::Borrowed(values));
    }
    let mut values = values.clone();
    values.sort_unstable();
    Some(Cow::Owned(values))
}

fn longest<'a>(object: &Object<'a>) -> &'a [u64] {
    let read = |call: &Call<'a>| match (call.operation, call.reply) {
        (Operation::ReadList { .. }, Some(Reply::Values(values))) => Some(&values[..]),
        _ => None,
    };
    object.calls.iter().filter_map(read).max_by_key(|values| values.len()).unwrap_or_default()
}

/// When each enqueued value is taken out: the first of equal values first. What is never taken out comes last.
fn wanted(object: &Object<'_>) -> Vec<u64> {
    let mut wanted = vec![u64::MAX; object.calls.len()];
    let mut takes: OrderedMap<u64, Vec<u64>> = OrderedMap::new();
    for call in &object.calls {
        if let (Operation::Dequeue { .. }, Some(Reply::Value(Some(value)))) = (&call.operation, call.reply) {
            takes.entry(*value).or_default().push(call.returned);
        }
    }
    for takes in takes.values_mut() {
        takes.sort_unstable_by_key(|returned| std::cmp::Reverse(*returned));
    }
    let mut puts: Vec<usize> = (0..object.calls.len()).collect();
    puts.retain(|i| matches!(object.calls[*i].operation, Operation::Enqueue { .. }));
    puts.sort_unstable_by_key(|i| object.calls[*i].returned);
    for i in puts {
        if let Operation::Enqueue { value, .. } = object.calls[i].operation {
            wanted[i] = takes.get_mut(&value).and_then(Vec::pop).unwrap_or(u64::MAX);
        }
    }
    wanted
}
