//! Names of values: numbers for keys and values that are none.

use super::entry::Datum;
use super::texts::Texts;
use crate::ordered::OrderedMap;

/// Keys and values as numbers. Numbers stand for themselves; anything else gets one that no number of the file can
/// have in practice, from the top down.
#[derive(Default)]
pub(super) struct Names {
    others: OrderedMap<Datum, u64>,
    pub(super) texts: Texts,
}

impl Names {
    pub(super) fn number(&mut self, datum: &Datum) -> u64 {
        match datum {
            Datum::Number(number) => *number,
            other => {
                if let Some(known) = self.others.get(other) {
                    return *known;
                }
                let next = u64::MAX - self.others.len() as u64;
                self.texts.name(next, other.to_string());
                self.others.insert(other.clone(), next);
                next
            }
        }
    }
}
