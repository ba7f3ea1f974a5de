//! The witness tier: the protocol says where each operation stands in its total order; if that order respects real
//! time and replaying it gives every reply, the history is linearizable, and nothing else needs to be known.
//!
//! Real time is followed while the history is recorded, at one comparison per call and end: whatever had returned
//! when an operation was called must stand before it. The witness comes from the accused, so a failure proves nothing.

use super::nearly::sort_nearly;
use super::object::{Call, Object};
use super::record::{History, Record};
use super::spec::State;
use crate::operation::{Operation, Reply};
use crate::ordered::OrderedMap;

/// A place in the claimed order. What only reads stands after what changes state at the same position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    position: u64,
    reads: bool,
}

impl Rank {
    /// The place of an operation with a known reply and position.
    pub(super) fn of(operation: &Operation, reply: &Reply, position: Option<u64>) -> Option<Self> {
        let reads = match reply {
            Reply::Refused | Reply::Unknown => return None,
            Reply::Mismatch => true,
            Reply::Value(None) if matches!(operation, Operation::Dequeue { .. }) => true,
            _ => operation.is_read(),
        };
        position.map(|position| Self { position, reads })
    }
}

/// The highest place of an object's operations that had returned at some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Floor(Option<Rank>);

impl Floor {
    /// Whether an operation that was called at that moment may stand at this place.
    pub(super) fn allows(self, place: Rank) -> bool {
        self.0.is_none_or(|floor| floor < place || (floor == place && place.reads))
    }

    pub(super) fn raise(&mut self, place: Rank) {
        self.0 = self.0.max(Some(place));
    }
}

/// Whether the claimed order proves the history linearizable. `None` if some operation has no position.
pub(super) fn proves(history: &History, objects: &[Object<'_>]) -> Option<bool> {
    if history.positioned == 0 {
        return None;
    }
    if history.disorder.is_some() {
        return Some(false);
    }
    let mut all = true;
    for object in objects {
        all &= proves_object(&history.records, object)?;
    }
    Some(all)
}

fn proves_object(records: &[Record], object: &Object<'_>) -> Option<bool> {
    let mut placed = Vec::with_capacity(object.calls.len());
    let mut pending = Pending::default();
    for call in &object.calls {
        let Some(reply) = call.reply else {
            pending.add(call);
            continue;
        };
        let end = records[call.index].end.as_ref()?;
        placed.push((Rank::of(&call.operation, reply, end.position)?, call));
    }
    sort_nearly(&mut placed, |(place, call)| (*place, call.call));
    let twice = |pair: &[(Rank, &Call<'_>)]| pair[0].0 == pair[1].0 && !pair[0].0.reads;
    if placed.windows(2).any(twice) {
        return Some(false);
    }
    Some(replay(records, object.initial(), &placed, &pending))
}

/// Replays the order. An operation whose end is unknown is inserted where its effect is first seen.
fn replay(records: &[Record], mut state: State, placed: &[(Rank, &Call<'_>)], pending: &Pending<'_>) -> bool {
    let mut last = Floor::default();
    let mut used = Vec::new();
    for (place, call) in placed {
        while state.apply(&call.operation, call.reply).is_err() {
            let Some(missing) = pending.explains(&state, call) else { return false };
            let floor = records[missing.index].floor;
            // All that returned before the missing operation was called is placed already.
            let settled = floor.0 <= last.0 && floor.0 < Some(*place);
            if !settled || used.contains(&missing.index) || state.apply(&missing.operation, None).is_err() {
                return false;
            }
            used.push(missing.index);
        }
        last.raise(*place);
    }
    true
}

/// Operations that may have happened, by the value that would show it.
#[derive(Default)]
struct Pending<'a> {
    by_value: OrderedMap<u64, Call<'a>>,
}

impl<'a> Pending<'a> {
    fn add(&mut self, call: &Call<'a>) {
        match call.operation {
            Operation::Write { value, .. }
            | Operation::Cas { to: value, .. }
            | Operation::Append { value, .. }
            | Operation::Enqueue { value, .. }
            | Operation::Add { value, .. } => {
                self.by_value.insert(value, *call);
            }
            _ => {}
        }
    }

    /// The operation that must have come before this one, given what this one returned.
    fn explains(&self, state: &State, call: &Call<'_>) -> Option<&Call<'a>> {
        let wanted = match (&call.operation, call.reply?, state) {
            (_, Reply::Value(Some(value)), State::Register(_) | State::Queue(_)) => *value,
            (Operation::Cas { from: Some(from), .. }, Reply::Done, _) => *from,
            (_, Reply::Values(values), State::List(list)) => *values.get(list.len())?,
            (_, Reply::Values(values), State::Set(set)) => {
                *values.iter().find(|value| !set.contains(value))?
            }
            _ => return None,
        };
        self.missing(state, wanted)
    }

    /// The operation that makes a value appear, or the one that must come before it.
    fn missing(&self, state: &State, wanted: u64) -> Option<&Call<'a>> {
        let mut wanted = wanted;
        for _ in 0..=self.by_value.len() {
            let call = self.by_value.get(&wanted)?;
            match (&call.operation, state) {
                (Operation::Cas { from, .. }, State::Register(there)) if from != there => wanted = (*from)?,
                _ => return Some(call),
            }
        }
        None
    }
}
