//! What was read of a text that grows piece by piece: the next read tells which piece comes next.

use std::borrow::Cow;
use std::rc::Rc;

use crate::history::object::{Call, Object};
use crate::history::texts::Texts;
use crate::operation::{Operation, Reply};
use crate::ordered::{OrderedMap, OrderedSet};

/// How many reads ahead are asked what comes next.
const AHEAD: usize = 8;

pub(super) struct Reads {
    texts: Rc<Texts>,
    /// The reads by their returns: `(return, what was given)`.
    by_return: Vec<(u64, u64)>,
    /// For each read, the values that may have been put before the rest of its text was appended.
    bases: Vec<Vec<u64>>,
}

impl Reads {
    /// `None` if the object is no text.
    pub(super) fn new(object: &Object<'_>) -> Option<Self> {
        let texts = Rc::clone(object.texts.as_ref()?);
        let mut by_return: Vec<(u64, u64)> =
            object.calls.iter().filter_map(|call| given(call).map(|given| (call.returned, given))).collect();
        by_return.sort_unstable();
        let bases = bases(object, &texts);
        Some(Self { texts, by_return, bases })
    }

    /// The text behind a reply.
    pub(super) fn given(&self, given: Option<u64>) -> Cow<'_, str> {
        given.map_or(Cow::Borrowed(""), |given| self.texts.of(given))
    }

    /// The values of puts with which the text of a read begins.
    pub(super) fn bases(&self, operation: u32) -> &[u64] {
        &self.bases[operation as usize]
    }

    /// How soon a read needs what this operation makes of a text, counted from the reads that return after `from` on;
    /// `u64::MAX` if none of the next ones does.
    pub(super) fn helps(&self, there: &str, call: &Call<'_>, from: u64) -> u64 {
        let next = self.by_return.partition_point(|(returned, _)| *returned < from);
        let wanted = |given: &str| match call.operation {
            Operation::Append { value, .. } => {
                given.strip_prefix(there).is_some_and(|rest| rest.starts_with(&*self.texts.of(value)))
            }
            Operation::Write { value, .. } => {
                !given.starts_with(there) && given.starts_with(&*self.texts.of(value))
            }
            _ => false,
        };
        let ahead = self.by_return[next..].iter().take(AHEAD);
        let place = ahead.map(|(_, given)| self.texts.of(*given)).position(|given| wanted(&given));
        place.map_or(u64::MAX, |place| place as u64)
    }
}

fn given(call: &Call<'_>) -> Option<u64> {
    match (call.operation, call.reply) {
        (Operation::Read { .. }, Some(Reply::Value(given))) => *given,
        _ => None,
    }
}

fn bases(object: &Object<'_>, texts: &Texts) -> Vec<Vec<u64>> {
    let mut puts: OrderedMap<Cow<'_, str>, Vec<u64>> = OrderedMap::new();
    for call in &object.calls {
        if let Operation::Write { value, .. } = call.operation {
            puts.entry(texts.of(value)).or_default().push(value);
        }
    }
    let lengths: OrderedSet<usize> = puts.keys().map(|text| text.len()).collect();
    let of = |call: &Call<'_>| {
        let Some(given) = given(call).map(|given| texts.of(given)) else { return Vec::new() };
        let beginnings = lengths.iter().filter_map(|length| given.get(..*length));
        beginnings.filter_map(|text| puts.get(text)).flatten().copied().collect()
    };
    object.calls.iter().map(of).collect()
}
