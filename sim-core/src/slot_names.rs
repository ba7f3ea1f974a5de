//! The names of all slots of a run, in one text.

use std::fmt::{self, Write};
use std::ops::Index;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Names, by slot. Those of a million slots take 12 MB this way; as texts of their own they took 56.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotNames {
    /// All names, one after the other.
    text: String,
    /// Where each of them ends.
    ends: Vec<u32>,
}

impl SlotNames {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The name of a slot, if there is such a slot.
    pub fn get(&self, slot: usize) -> Option<&str> {
        let end = *self.ends.get(slot)?;
        let start = slot.checked_sub(1).map_or(0, |before| self.ends[before]);
        Some(&self.text[start as usize..end as usize])
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|slot| &self[slot])
    }

    /// Adds the name of the next slot. What somebody else has written is read with [`SlotNames::read`].
    ///
    /// # Panics
    /// If all names together take more than 4 GiB.
    pub fn push(&mut self, name: impl fmt::Display) {
        write!(self.text, "{name}").expect("a name that can be written");
        self.ends.push(u32::try_from(self.text.len()).expect("names of at most 4 GiB"));
    }

    /// Takes names from a file.
    ///
    /// # Errors
    /// If all names together take more than 4 GiB.
    pub fn read<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Result<Self, NamesTooLong> {
        Self::read_within(names, MOST)
    }

    /// [`SlotNames::read`], with room for so many bytes.
    pub(crate) fn read_within<T: AsRef<str>>(
        names: impl IntoIterator<Item = T>,
        most: usize,
    ) -> Result<Self, NamesTooLong> {
        let mut all = Self::default();
        for name in names {
            let name = name.as_ref();
            if name.len() > most - all.text.len() {
                return Err(NamesTooLong);
            }
            all.push(name);
        }
        Ok(all)
    }
}

/// How many bytes all names may have.
pub(crate) const MOST: usize = u32::MAX as usize;

/// The names of all slots together are longer than any run's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the names of all slots take more than 4 GiB")]
pub struct NamesTooLong;

impl Index<usize> for SlotNames {
    type Output = str;

    /// # Panics
    /// If there is no such slot.
    fn index(&self, slot: usize) -> &str {
        self.get(slot).expect("a slot of this run")
    }
}

impl<T: fmt::Display> FromIterator<T> for SlotNames {
    fn from_iter<I: IntoIterator<Item = T>>(names: I) -> Self {
        let mut all = Self::default();
        names.into_iter().for_each(|name| all.push(name));
        all
    }
}

impl Serialize for SlotNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for SlotNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::read(Vec::<String>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_by_slot_and_written_as_a_list() {
        let names: SlotNames = ["n1", "", "änderung", "c1"].into_iter().collect();
        assert_eq!((names.len(), names.is_empty(), names.get(4)), (4, false, None));
        assert_eq!(names.iter().collect::<Vec<_>>(), ["n1", "", "änderung", "c1"]);
        assert_eq!((&names[0], &names[1], &names[3]), ("n1", "", "c1"));
        let json = serde_json::to_string(&names).expect("texts");
        assert_eq!(json, r#"["n1","","änderung","c1"]"#);
        assert_eq!(serde_json::from_str::<SlotNames>(&json).expect("a list of texts"), names);
    }

    #[test]
    fn names_of_a_file_that_take_more_than_there_is_room_for_are_an_error() {
        let names = ["n1", "", "c1"];
        assert_eq!(SlotNames::read_within(names, 4), Ok(names.into_iter().collect()));
        assert_eq!(SlotNames::read_within(names, 3), Err(NamesTooLong));
    }
}
