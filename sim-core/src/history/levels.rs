//! Operations on levels: whatever brings an element stands below every read that shows it and above every read that does
//! not. Then only real time is left to be asked.

use super::conflict::{Conflict, Reason};
use super::object::{Call, Object};
use crate::operation::Operation;

/// How much there was once an operation had happened, and whether it is a read, which comes after what it shows.
pub(super) type Level = (u64, bool);

/// Beyond every element that was read: what was put in and never seen, in the order of the calls.
pub(super) const UNREAD: Level = (u64::MAX, false);

/// Two operations of which the later in the order returned before the earlier was called.
pub(super) fn backward(object: &Object<'_>, place: &dyn Fn(&Call<'_>) -> Option<Level>) -> Option<Conflict> {
    let mut returns: Vec<(u64, usize)> = (0..)
        .zip(&object.calls)
        .filter(|(_, call)| call.returned != u64::MAX)
        .map(|(i, call)| (call.returned, i))
        .collect();
    returns.sort_unstable();
    let mut returns = returns.into_iter().peekable();
    let mut furthest = None;
    for call in &object.calls {
        while let Some((_, i)) = returns.next_if(|(returned, _)| *returned < call.call) {
            furthest = furthest.max(place(&object.calls[i]).map(|place| (place, i)));
        }
        let (Some(here), Some((far, i))) = (place(call), furthest) else { continue };
        if far > here {
            let later = &object.calls[i];
            let value = match later.operation {
                Operation::Append { value, .. } | Operation::Add { value, .. } => Some(value),
                _ => None,
            };
            return Some(Conflict {
                operations: vec![later.index, call.index],
                reason: Reason::Lost { value },
            });
        }
    }
    None
}
