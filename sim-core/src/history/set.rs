//! Sets to which each element is added once and from which nothing is removed: what was read grows, so that reads stand in
//! the order of their sizes, each of which contains those before it. An element belongs to the first of them that shows it.
//! Then the order must respect real time. An add that never returned and was never seen is left out.

use super::conflict::{Conflict, Outcome, Reason};
use super::levels::{Level, UNREAD, backward};
use super::object::{Call, Object};
use crate::hash::FixedMap;
use crate::operation::{Operation, Reply};

/// What a read gave, in order, and which operation it was.
type Content = (Vec<u64>, usize);

/// Judges a set.
pub(super) fn judge(object: &Object<'_>) -> Outcome {
    let Some(added) = added(object) else { return Outcome::Unsure };
    let mut contents: Vec<Content> = object.calls.iter().filter_map(content).collect();
    contents.sort_unstable_by_key(|(values, index)| (values.len(), *index));
    if let Some(conflict) = strange(&contents, &added).or_else(|| shrinking(&contents)) {
        return Outcome::Illegal(conflict);
    }
    let levels = levels(&contents);
    let level = |call: &Call<'_>| match (&call.operation, call.reply) {
        (Operation::Add { value, .. }, reply) => levels.get(value).copied().or_else(|| reply.map(|_| UNREAD)),
        (_, Some(Reply::Values(values))) => Some((values.len() as u64, true)),
        _ => None,
    };
    backward(object, &level).map_or(Outcome::Linearizable, Outcome::Illegal)
}

/// Who added each element; `None` if one was added twice, or something may have been removed.
fn added(object: &Object<'_>) -> Option<FixedMap<u64, usize>> {
    let mut added = FixedMap::default();
    for call in &object.calls {
        match call.operation {
            Operation::Add { value, .. } if added.insert(value, call.index).is_some() => return None,
            Operation::Remove { .. } => return None,
            _ => {}
        }
    }
    Some(added)
}

fn content(call: &Call<'_>) -> Option<Content> {
    let Some(Reply::Values(values)) = call.reply else { return None };
    let mut values = values.clone();
    values.sort_unstable();
    Some((values, call.index))
}

/// A read with an element that nobody added, or with one twice.
fn strange(contents: &[Content], added: &FixedMap<u64, usize>) -> Option<Conflict> {
    contents.iter().find_map(|(values, index)| {
        let unknown = values.iter().find(|value| !added.contains_key(value));
        let twice = || values.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        let reason = match unknown {
            Some(value) => Reason::NeverWritten { value: *value },
            None => Reason::ListedTwice { value: twice()? },
        };
        Some(Conflict { operations: vec![*index], reason })
    })
}

/// Two reads of which neither contains the other.
fn shrinking(contents: &[Content]) -> Option<Conflict> {
    contents.windows(2).find_map(|pair| {
        let [(smaller, one), (larger, other)] = pair else { return None };
        let mut rest = larger.iter();
        // Both are in order.
        let missing = smaller.iter().find(|value| !rest.any(|there| there == *value))?;
        let operations = vec![*one.min(other), *one.max(other)];
        Some(Conflict { operations, reason: Reason::Incomparable { value: *missing } })
    })
}

/// The size of the first read that shows each element.
fn levels(contents: &[Content]) -> FixedMap<u64, Level> {
    let mut levels = FixedMap::default();
    for (values, _) in contents {
        for value in values {
            levels.entry(*value).or_insert((values.len() as u64, false));
        }
    }
    levels
}
