//! Lists whose elements are appended once: the longest read gives the order, every read is a prefix of it, and then
//! the order must respect real time.

use super::conflict::{Conflict, Outcome, Reason};
use super::levels::{Level, UNREAD, backward};
use super::object::{Call, Object};
use crate::hash::FixedMap;
use crate::operation::{Operation, Reply};

/// Judges a list.
pub(super) fn judge(object: &Object<'_>) -> Outcome {
    let Some(appends) = appends(object) else { return Outcome::Unsure };
    let longest = longest(object);
    let places = match places(longest, &appends) {
        Ok(places) => places,
        Err(conflict) => return Outcome::Illegal(conflict),
    };
    if let Some(conflict) = fork(object, longest) {
        return Outcome::Illegal(conflict);
    }
    let place = |call: &Call<'_>| match (&call.operation, call.reply) {
        (Operation::Append { value, .. }, reply) => {
            places.get(value).copied().or_else(|| reply.map(|_| UNREAD))
        }
        (_, Some(Reply::Values(values))) => Some((values.len() as u64, true)),
        _ => None,
    };
    backward(object, &place).map_or(Outcome::Linearizable, Outcome::Illegal)
}

/// Who appended each value; `None` if a value was appended twice.
fn appends(object: &Object<'_>) -> Option<FixedMap<u64, usize>> {
    let mut appends = FixedMap::default();
    for call in &object.calls {
        if let Operation::Append { value, .. } = call.operation
            && appends.insert(value, call.index).is_some()
        {
            return None;
        }
    }
    Some(appends)
}

fn read<'a>(call: &Call<'a>) -> Option<&'a [u64]> {
    match call.reply {
        Some(Reply::Values(values)) => Some(values),
        _ => None,
    }
}

/// The longest list that was read, and by which operation.
fn longest<'a>(object: &Object<'a>) -> Option<(usize, &'a [u64])> {
    let reads = object.calls.iter().filter_map(|call| read(call).map(|values| (call.index, values)));
    reads.max_by_key(|(index, values)| (values.len(), std::cmp::Reverse(*index)))
}

/// The place of each element that was read.
fn places(
    longest: Option<(usize, &[u64])>,
    appends: &FixedMap<u64, usize>,
) -> Result<FixedMap<u64, Level>, Conflict> {
    let mut places = FixedMap::default();
    let Some((reader, values)) = longest else { return Ok(places) };
    for (place, value) in (1..).zip(values) {
        if !appends.contains_key(value) {
            return Err(Conflict {
                operations: vec![reader],
                reason: Reason::NeverWritten { value: *value },
            });
        }
        if places.insert(*value, (place, false)).is_some() {
            return Err(Conflict { operations: vec![reader], reason: Reason::ListedTwice { value: *value } });
        }
    }
    Ok(places)
}

/// A read that the longest read does not continue.
fn fork(object: &Object<'_>, longest: Option<(usize, &[u64])>) -> Option<Conflict> {
    let (reader, longest) = longest?;
    object.calls.iter().find_map(|call| {
        let values = read(call)?;
        if longest.starts_with(values) {
            return None;
        }
        let at = values.iter().zip(longest).take_while(|(one, other)| one == other).count();
        let operations = vec![call.index.min(reader), call.index.max(reader)];
        Some(Conflict { operations, reason: Reason::Forked { at } })
    })
}
