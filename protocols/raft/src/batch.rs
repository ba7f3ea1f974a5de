//! The entries of a message.

use std::ops::Deref;
use std::rc::Rc;

use sim_core::digest::Digest;
use sim_core::facts::{Field, Visitor};

use super::vocabulary::Entry;

/// Entries in the order of the log, shared by all recipients of a message. Most messages carry one entry or none, and
/// those need no memory of their own.
#[derive(Clone, Debug)]
pub enum Batch {
    /// One entry.
    One(Entry),
    /// None or more.
    Many(Rc<[Entry]>),
}

impl From<&[Entry]> for Batch {
    fn from(entries: &[Entry]) -> Self {
        match entries {
            [entry] => Self::One(entry.clone()),
            entries => Self::Many(Rc::from(entries)),
        }
    }
}

impl FromIterator<Entry> for Batch {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        Self::from(&*entries.into_iter().collect::<Vec<_>>())
    }
}

impl Deref for Batch {
    type Target = [Entry];

    #[inline]
    fn deref(&self) -> &[Entry] {
        match self {
            Self::One(entry) => std::slice::from_ref(entry),
            Self::Many(entries) => entries,
        }
    }
}

impl Field for Batch {
    #[inline]
    fn fold(&self, digest: &mut Digest) {
        self[..].fold(digest);
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        self[..].show(name, visitor);
    }
}

#[cfg(test)]
mod tests {
    use super::Batch;
    use crate::vocabulary::{Command, Entry};

    #[test]
    fn a_batch_is_the_entries_that_it_was_made_of() {
        for count in 0..4 {
            let entries: Vec<_> = (1..=count).map(|term| Entry::new(term, Command::Noop)).collect();
            let batch = Batch::from(&entries[..]);
            assert_eq!(batch[..], entries);
            assert_eq!(matches!(batch, Batch::One(_)), count == 1);
            assert_eq!(entries.iter().cloned().collect::<Batch>()[..], entries);
        }
    }
}
