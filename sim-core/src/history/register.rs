//! Registers whose values are written once: zones (Gibbons and Korach, "Testing shared memories", 1997), carried over
//! to compare-and-swap.
//!
//! A value and everything that saw it form a cluster. A swap ties its cluster to the one it came from, so clusters
//! form chains, and in any order a chain stands in one piece. Chain A must precede chain B if an operation of A
//! returned before one of B was called, that is if A's first return comes before B's last call. Among chains this
//! relation has a cycle exactly if two chains each precede the other. So the history is linearizable exactly if (1)
//! each chain is in order by itself, and (2) no two chains precede each other: with *forward* zones (first return
//! before last call) that overlap, or a backward zone inside a forward one.
//!
//! A write that never returned and was never seen is left out: an order with it is one without it. A swap that saw a
//! mismatch must stand where its value is not in force. If it fits into the order found it is a proof; if not,
//! another order might do, and this tier says that it is not sure.

mod chains;
mod mismatch;
mod zones;

use super::conflict::{Conflict, Outcome, Reason};
use super::nearly::sort_nearly;
use super::object::{Call, Object};
use crate::operation::{Operation, Reply};

use chains::Chains;

/// Judges a register, with or without compare-and-swap.
pub(super) fn judge(object: &Object<'_>) -> Outcome {
    let chains = match Chains::build(object) {
        Ok(Some(chains)) => chains,
        Ok(None) => return Outcome::Unsure,
        Err(conflict) => return Outcome::Illegal(conflict),
    };
    let returns = returns_in_order(object, &chains);
    if let Some(conflict) = backward(object, &chains, &returns) {
        return Outcome::Illegal(conflict);
    }
    let zones = zones::zones(object, &chains);
    if let Some(conflict) = zones::conflict(&zones) {
        return Outcome::Illegal(conflict);
    }
    if mismatch::all_fit(object, &chains, &zones) { Outcome::Linearizable } else { Outcome::Unsure }
}

/// The value that an operation leaves behind or shows, if it belongs to a cluster: `Some(None)` is the unwritten one.
fn value_of(call: &Call<'_>) -> Option<Option<u64>> {
    match (&call.operation, call.reply) {
        (Operation::Write { value, .. }, _) => Some(Some(*value)),
        (Operation::Read { .. }, Some(Reply::Value(value))) => Some(*value),
        (Operation::Cas { .. }, Some(Reply::Mismatch)) => None,
        (Operation::Cas { to, .. }, _) => Some(Some(*to)),
        _ => None,
    }
}

fn writes(call: &Call<'_>) -> bool {
    !call.operation.is_read() && call.reply != Some(&Reply::Mismatch)
}

/// The calls that belong to a chain and returned, in the order of their returns: `(return, place in the object)`.
fn returns_in_order(object: &Object<'_>, chains: &Chains) -> Vec<(u64, u32)> {
    let mut returns: Vec<(u64, u32)> = (0..)
        .zip(&object.calls)
        .filter(|(i, call)| call.returned != u64::MAX && chains.place(*i).is_some())
        .map(|(i, call)| (call.returned, i))
        .collect();
    sort_nearly(&mut returns, |item| *item);
    returns
}

/// Whether some chain contradicts real time by itself: something later in it returned before something earlier was
/// called.
fn backward(object: &Object<'_>, chains: &Chains, returns: &[(u64, u32)]) -> Option<Conflict> {
    // Per chain, the furthest that had returned so far: `(place in the chain, call)`.
    let mut furthest: Vec<Option<(u64, u32)>> = vec![None; chains.count()];
    let mut next = 0;
    for (i, call) in (0..).zip(&object.calls) {
        while let Some((_, j)) = returns.get(next).copied().filter(|(returned, _)| *returned < call.call) {
            if let Some((chain, place)) = chains.place(j) {
                let furthest = &mut furthest[chain as usize];
                *furthest = (*furthest).max(Some((place, j)));
            }
            next += 1;
        }
        let Some((chain, place)) = chains.place(i) else { continue };
        if let Some((_, j)) = furthest[chain as usize].filter(|(far, _)| *far > place) {
            let later = &object.calls[j as usize];
            let value = |call: &Call<'_>| value_of(call).flatten();
            let reason = if value(call) == value(later) {
                Reason::NeverWritten { value: value(call).unwrap_or_default() }
            } else {
                Reason::Backward { earlier: value(call), later: value(later) }
            };
            return Some(Conflict { operations: vec![later.index, call.index], reason });
        }
    }
    None
}
