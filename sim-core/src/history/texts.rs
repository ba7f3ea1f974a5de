//! What the values of a history look like as text: a key-value store that can append joins texts.

use std::borrow::Cow;

use crate::ordered::OrderedMap;

/// The texts behind numbers. A number without one stands for its decimal digits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    by_number: OrderedMap<u64, String>,
}

impl Texts {
    /// Gives a number its text.
    pub(super) fn name(&mut self, number: u64, text: String) {
        self.by_number.insert(number, text);
    }

    /// The text of a value.
    pub fn of(&self, number: u64) -> Cow<'_, str> {
        match self.by_number.get(&number) {
            Some(text) => Cow::Borrowed(text),
            None => Cow::Owned(number.to_string()),
        }
    }
}
