//! The shortest beginning of a history that is illegal: beginnings of linearizable histories are linearizable, so
//! halving finds it.

use super::conflict::{Conflict, Outcome};
use super::object::Object;

/// The shortest illegal beginning of an illegal object, and what is wrong with it.
pub(super) fn shortest_illegal<'a>(
    object: &Object<'a>,
    conflict: Conflict,
    judge: &dyn Fn(&Object<'_>) -> Outcome,
) -> (Object<'a>, Conflict) {
    let mut returns: Vec<u64> =
        object.calls.iter().map(|call| call.returned).filter(|returned| *returned != u64::MAX).collect();
    returns.sort_unstable();
    let mut shortest = (object.clone(), conflict);
    // What ends with return `low` is not known to be illegal, what ends with return `high` is.
    let (mut low, mut high) = (0, returns.len());
    while low < high {
        let middle = low.midpoint(high);
        let beginning = object.until(returns[middle]);
        if let Outcome::Illegal(conflict) = judge(&beginning) {
            shortest = (beginning, conflict);
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    shortest
}
