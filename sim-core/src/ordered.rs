//! Maps and sets in order of their keys: rows in one sorted list while they are few, in several that follow each other when
//! there are many.
//!
//! A `BTreeMap` costs 5,000 to 9,000 lines of intermediate code for every pair of types, these lists some hundreds. Up to some hundred
//! rows a list is faster, since it is searched in one piece of memory and keeps its room
//! (`docs/design/0073-ordered-lists.md`, `docs/design/0167-ordered-lists-in-pieces.md`).

mod pieces;
mod set;

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::{Bound, Index, RangeBounds};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use pieces::{Pieces, Place};

pub use pieces::IntoRows;
pub use set::{Members, OrderedSet};

/// A map in order of its keys.
#[derive(Clone)]
pub struct OrderedMap<K, V> {
    rows: Pieces<(K, V)>,
}

impl<K, V> OrderedMap<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self { rows: Pieces::new() }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Removes all rows, and keeps their room.
    pub fn clear(&mut self) {
        self.rows.clear();
    }

    /// The row with the lowest key.
    pub fn first_key_value(&self) -> Option<(&K, &V)> {
        self.rows.first().map(|(key, value)| (key, value))
    }

    /// The row with the highest key.
    pub fn last_key_value(&self) -> Option<(&K, &V)> {
        self.rows.last().map(|(key, value)| (key, value))
    }

    /// The row with the highest key, for changing its value.
    pub fn last_mut(&mut self) -> Option<(&K, &mut V)> {
        self.rows.last_mut().map(|(key, value)| (&*key, value))
    }

    /// Takes the row with the lowest key out.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        self.rows.pop_first()
    }

    /// Takes the row with the lowest key out if `wanted` says yes to it.
    pub fn pop_first_if(&mut self, wanted: impl FnOnce(&K, &V) -> bool) -> Option<(K, V)> {
        let (key, value) = self.first_key_value()?;
        wanted(key, value).then(|| self.pop_first())?
    }

    /// Takes the row with the highest key out.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        self.rows.pop_last()
    }

    /// All rows in order of their keys.
    pub fn iter(&self) -> Rows<'_, K, V> {
        Rows { rows: self.rows.iter() }
    }

    /// All rows in order of their keys, their values for changing.
    pub fn iter_mut(&mut self) -> RowsMut<'_, K, V> {
        RowsMut { rows: self.rows.iter_mut() }
    }

    /// All keys in order.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &K> + ExactSizeIterator + Clone {
        self.rows.iter().map(|(key, _)| key)
    }

    /// All values in order of their keys.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &V> + ExactSizeIterator + Clone {
        self.rows.iter().map(|(_, value)| value)
    }

    /// All values in order of their keys, for changing.
    pub fn values_mut(&mut self) -> impl DoubleEndedIterator<Item = &mut V> + ExactSizeIterator {
        self.rows.iter_mut().map(|(_, value)| value)
    }

    /// All values in order of their keys, moved out.
    pub fn into_values(self) -> impl DoubleEndedIterator<Item = V> + ExactSizeIterator {
        self.rows.into_iter().map(|(_, value)| value)
    }

    /// All keys in order, moved out.
    pub fn into_keys(self) -> impl DoubleEndedIterator<Item = K> + ExactSizeIterator {
        self.rows.into_iter().map(|(key, _)| key)
    }

    /// Keeps the rows that `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&K, &mut V) -> bool) {
        self.rows.retain(|(key, value)| keep(key, value));
    }
}

impl<K: Ord, V> OrderedMap<K, V> {
    /// Where the key is, or where it would be.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<Place, Place>
    where
        K: Borrow<Q>,
    {
        self.rows.find(|(held, _)| held.borrow().cmp(key))
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        if self.is_empty() {
            return None;
        }
        self.place(key).ok().map(|place| &self.rows[place].1)
    }

    /// The value of a key, for changing.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        if self.is_empty() {
            return None;
        }
        self.place(key).ok().map(|place| &mut self.rows[place].1)
    }

    /// The key as it is held, and its value.
    pub fn get_key_value<Q: Ord + ?Sized>(&self, key: &Q) -> Option<(&K, &V)>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().map(|place| (&self.rows[place].0, &self.rows[place].1))
    }

    /// Whether there is a row of this key.
    pub fn contains_key<Q: Ord + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.place(key).is_ok()
    }

    /// Sets the value of a key, and returns the one before.
    pub fn insert(&mut self, key: K, value: V) -> Option<V> {
        match self.place(&key) {
            Ok(place) => Some(std::mem::replace(&mut self.rows[place].1, value)),
            Err(place) => {
                self.rows.insert(place, (key, value));
                None
            }
        }
    }

    /// Removes a key, and returns its value.
    pub fn remove<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        if self.is_empty() {
            return None;
        }
        self.place(key).ok().map(|place| self.rows.remove(place).1)
    }

    /// The place of a key, with its value or without.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let place = self.place(&key);
        Entry { rows: &mut self.rows, key, place }
    }

    /// The rows of a range of keys, in order.
    ///
    /// # Panics
    /// If the range ends before it begins.
    pub fn range<Q: Ord + ?Sized>(&self, range: impl RangeBounds<Q>) -> Rows<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let before = |key: &Q| self.place(key).unwrap_or_else(|place| place);
        let through = |key: &Q| self.place(key).map_or_else(|place| place, Place::next);
        let start = match range.start_bound() {
            Bound::Unbounded => self.rows.start(),
            Bound::Included(key) => before(key),
            Bound::Excluded(key) => through(key),
        };
        let end = match range.end_bound() {
            Bound::Unbounded => self.rows.end(),
            Bound::Included(key) => through(key),
            Bound::Excluded(key) => before(key),
        };
        Rows { rows: self.rows.between(start, end) }
    }

    /// Moves the rows from a key on out.
    pub fn split_off<Q: Ord + ?Sized>(&mut self, key: &Q) -> Self
    where
        K: Borrow<Q>,
    {
        Self { rows: self.rows.split_off(self.place(key).unwrap_or_else(|place| place)) }
    }
}

impl<K: PartialEq, V: PartialEq> PartialEq for OrderedMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.rows.iter().eq(other.rows.iter())
    }
}

impl<K: Eq, V: Eq> Eq for OrderedMap<K, V> {}

impl<K: PartialOrd, V: PartialOrd> PartialOrd for OrderedMap<K, V> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.rows.iter().partial_cmp(other.rows.iter())
    }
}

impl<K: Ord, V: Ord> Ord for OrderedMap<K, V> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rows.iter().cmp(other.rows.iter())
    }
}

impl<K: Hash, V: Hash> Hash for OrderedMap<K, V> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.rows.iter().for_each(|row| row.hash(state));
    }
}

impl<K, V> Default for OrderedMap<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for OrderedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl<K: Ord, V> FromIterator<(K, V)> for OrderedMap<K, V> {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(rows: I) -> Self {
        let mut map = Self::new();
        map.extend(rows);
        map
    }
}

impl<K: Ord, V, const N: usize> From<[(K, V); N]> for OrderedMap<K, V> {
    fn from(rows: [(K, V); N]) -> Self {
        rows.into_iter().collect()
    }
}

impl<K: Ord, V> Extend<(K, V)> for OrderedMap<K, V> {
    fn extend<I: IntoIterator<Item = (K, V)>>(&mut self, rows: I) {
        for (key, value) in rows {
            self.insert(key, value);
        }
    }
}

impl<K: Ord + Borrow<Q>, V, Q: Ord + ?Sized> Index<&Q> for OrderedMap<K, V> {
    type Output = V;

    fn index(&self, key: &Q) -> &V {
        self.get(key).expect("the map has this key")
    }
}

impl<K, V> IntoIterator for OrderedMap<K, V> {
    type Item = (K, V);
    type IntoIter = IntoRows<(K, V)>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl<'a, K, V> IntoIterator for &'a OrderedMap<K, V> {
    type Item = (&'a K, &'a V);
    type IntoIter = Rows<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl<'a, K, V> IntoIterator for &'a mut OrderedMap<K, V> {
    type Item = (&'a K, &'a mut V);
    type IntoIter = RowsMut<'a, K, V>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter_mut()
    }
}

impl<K: Serialize, V: Serialize> Serialize for OrderedMap<K, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Deserialize<'de> for OrderedMap<K, V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read<K, V>(OrderedMap<K, V>);
        impl<'de, K: Deserialize<'de> + Ord, V: Deserialize<'de>> Visitor<'de> for Read<K, V> {
            type Value = OrderedMap<K, V>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(mut self, mut rows: A) -> Result<Self::Value, A::Error> {
                while let Some((key, value)) = rows.next_entry()? {
                    self.0.insert(key, value);
                }
                Ok(self.0)
            }
        }
        deserializer.deserialize_map(Read(Self::new()))
    }
}

/// Rows of a map, in order.
#[derive(Debug)]
pub struct Rows<'a, K, V> {
    rows: pieces::Rows<'a, (K, V)>,
}

impl<K, V> Clone for Rows<'_, K, V> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone() }
    }
}

impl<'a, K, V> Iterator for Rows<'a, K, V> {
    type Item = (&'a K, &'a V);

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next().map(|(key, value)| (key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl<K, V> DoubleEndedIterator for Rows<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.rows.next_back().map(|(key, value)| (key, value))
    }
}

impl<K, V> ExactSizeIterator for Rows<'_, K, V> {}

/// Rows of a map, in order, their values for changing.
#[derive(Debug)]
pub struct RowsMut<'a, K, V> {
    rows: pieces::RowsMut<'a, (K, V)>,
}

impl<'a, K, V> Iterator for RowsMut<'a, K, V> {
    type Item = (&'a K, &'a mut V);

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next().map(|(key, value)| (&*key, value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.rows.size_hint()
    }
}

impl<K, V> DoubleEndedIterator for RowsMut<'_, K, V> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.rows.next_back().map(|(key, value)| (&*key, value))
    }
}

impl<K, V> ExactSizeIterator for RowsMut<'_, K, V> {}

/// The place of a key in a map, with its value or without.
pub struct Entry<'a, K, V> {
    rows: &'a mut Pieces<(K, V)>,
    key: K,
    place: Result<Place, Place>,
}

impl<'a, K, V> Entry<'a, K, V> {
    /// The value; if there is none, first `value` is put there.
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'a mut V {
        let place = match self.place {
            Ok(place) => place,
            Err(place) => self.rows.insert(place, (self.key, value())),
        };
        &mut self.rows[place].1
    }

    /// The value; if there is none, first `value` is put there.
    pub fn or_insert(self, value: V) -> &'a mut V {
        self.or_insert_with(|| value)
    }

    /// The value; if there is none, first the default is put there.
    pub fn or_default(self) -> &'a mut V
    where
        V: Default,
    {
        self.or_insert_with(V::default)
    }

    /// Changes the value, if there is one.
    #[must_use]
    pub fn and_modify(self, change: impl FnOnce(&mut V)) -> Self {
        if let Ok(place) = self.place {
            change(&mut self.rows[place].1);
        }
        self
    }
}

#[cfg(test)]
mod tests;
