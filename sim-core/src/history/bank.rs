//! Banks: money only moves, so whoever reads all accounts at once sees the same sum. That alone refutes; what keeps the sum
//! needs an order.

use super::conflict::{Conflict, Outcome, Reason};
use super::object::Object;
use crate::operation::{ACCOUNTS, OPENING_BALANCE, Reply};

/// What all accounts of a bank hold together, always.
const TOTAL: u64 = OPENING_BALANCE * ACCOUNTS as u64;

fn sum(balances: &[u64]) -> Option<u64> {
    balances.iter().try_fold(0, |sum: u64, balance| sum.checked_add(*balance))
}

/// Whether all accounts are there and hold together what they must.
pub(super) fn is_whole(balances: &[u64]) -> bool {
    balances.len() == ACCOUNTS && sum(balances) == Some(TOTAL)
}

/// Judges a bank.
pub(super) fn judge(object: &Object<'_>) -> Outcome {
    let wrong = object.calls.iter().find_map(|call| {
        let Some(Reply::Values(balances)) = call.reply else { return None };
        (!is_whole(balances)).then_some((call.index, sum(balances).unwrap_or(u64::MAX), balances.len()))
    });
    match wrong {
        Some((reader, sum, accounts)) => {
            Outcome::Illegal(Conflict { operations: vec![reader], reason: Reason::Total { sum, accounts } })
        }
        None => Outcome::Unsure,
    }
}
