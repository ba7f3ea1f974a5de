//! Maps and sets in order of their keys, for what stays small: rows in one sorted list.
//!
//! A `BTreeMap` costs 5,000 to 9,000 lines of intermediate code for every pair of types, a list about 300, and up to some hundred
//! rows the list is faster, since it is searched in one piece of memory and keeps its room. Adding at the end and finding are
//! cheap at any size. Adding or removing elsewhere moves all rows behind, so what may hold thousands of rows in
//! no order stays a `BTreeMap` (`docs/design/0073-ordered-lists.md`).

use std::borrow::Borrow;
use std::fmt;
use std::ops::{Bound, Index, Range, RangeBounds};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

/// A map in order of its keys.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderedMap<K, V> {
    rows: Vec<(K, V)>,
}

impl<K, V> OrderedMap<K, V> {
    /// An empty map.
    pub const fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// How many rows there are.
    pub const fn len(&self) -> usize {
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

    /// Takes the row with the lowest key out.
    pub fn pop_first(&mut self) -> Option<(K, V)> {
        (!self.rows.is_empty()).then(|| self.rows.remove(0))
    }

    /// Takes the row with the highest key out.
    pub fn pop_last(&mut self) -> Option<(K, V)> {
        self.rows.pop()
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
        self.rows.retain_mut(|(key, value)| keep(key, value));
    }
}

impl<K: Ord, V> OrderedMap<K, V> {
    /// Where the key is, or where it would be.
    fn place<Q: Ord + ?Sized>(&self, key: &Q) -> Result<usize, usize>
    where
        K: Borrow<Q>,
    {
        match self.rows.last() {
            // Most keys rise with time: rounds, views, heights.
            Some((last, _)) if last.borrow() < key => Err(self.rows.len()),
            _ => self.rows.binary_search_by(|(held, _)| held.borrow().cmp(key)),
        }
    }

    /// The value of a key.
    pub fn get<Q: Ord + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.place(key).ok().map(|place| &self.rows[place].1)
    }

    /// The value of a key, for changing.
    pub fn get_mut<Q: Ord + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
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
        self.place(key).ok().map(|place| self.rows.remove(place).1)
    }

    /// The place of a key, with its value or without.
    pub fn entry(&mut self, key: K) -> Entry<'_, K, V> {
        let place = self.place(&key);
        Entry { rows: &mut self.rows, key, place }
    }

    /// Where a range of keys begins and ends.
    fn span<Q: Ord + ?Sized>(&self, range: &impl RangeBounds<Q>) -> Range<usize>
    where
        K: Borrow<Q>,
    {
        let before = |key: &Q| self.rows.partition_point(|(held, _)| held.borrow() < key);
        let through = |key: &Q| self.rows.partition_point(|(held, _)| held.borrow() <= key);
        let start = match range.start_bound() {
            Bound::Unbounded => 0,
            Bound::Included(key) => before(key),
            Bound::Excluded(key) => through(key),
        };
        let end = match range.end_bound() {
            Bound::Unbounded => self.rows.len(),
            Bound::Included(key) => through(key),
            Bound::Excluded(key) => before(key),
        };
        assert!(start <= end, "a range ends before it begins");
        start..end
    }

    /// The rows of a range of keys, in order.
    ///
    /// # Panics
    /// If the range ends before it begins.
    pub fn range<Q: Ord + ?Sized>(&self, range: impl RangeBounds<Q>) -> Rows<'_, K, V>
    where
        K: Borrow<Q>,
    {
        Rows { rows: self.rows[self.span(&range)].iter() }
    }

    /// The rows of a range of keys, in order, their values for changing.
    ///
    /// # Panics
    /// If the range ends before it begins.
    pub fn range_mut<Q: Ord + ?Sized>(&mut self, range: impl RangeBounds<Q>) -> RowsMut<'_, K, V>
    where
        K: Borrow<Q>,
    {
        let span = self.span(&range);
        RowsMut { rows: self.rows[span].iter_mut() }
    }

    /// Moves the rows from a key on out.
    pub fn split_off<Q: Ord + ?Sized>(&mut self, key: &Q) -> Self
    where
        K: Borrow<Q>,
    {
        let place = self.place(key).unwrap_or_else(|place| place);
        Self { rows: self.rows.split_off(place) }
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
    type IntoIter = std::vec::IntoIter<(K, V)>;

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
    rows: std::slice::Iter<'a, (K, V)>,
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
    rows: std::slice::IterMut<'a, (K, V)>,
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
#[derive(Debug)]
pub struct Entry<'a, K, V> {
    rows: &'a mut Vec<(K, V)>,
    key: K,
    place: Result<usize, usize>,
}

impl<'a, K, V> Entry<'a, K, V> {
    /// The value; if there is none, first `value` is put there.
    pub fn or_insert_with(self, value: impl FnOnce() -> V) -> &'a mut V {
        let place = match self.place {
            Ok(place) => place,
            Err(place) => {
                self.rows.insert(place, (self.key, value()));
                place
            }
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

/// A set in order.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrderedSet<T> {
    rows: Vec<T>,
}

impl<T> OrderedSet<T> {
    /// An empty set.
    pub const fn new() -> Self {
        Self { rows: Vec::new() }
    }

    /// How many members there are.
    pub const fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no member.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Removes all members, and keeps their room.
    pub fn clear(&mut self) {
        self.rows.clear();
    }

    /// All members in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.rows.iter()
    }

    /// The lowest member.
    pub fn first(&self) -> Option<&T> {
        self.rows.first()
    }

    /// The highest member.
    pub fn last(&self) -> Option<&T> {
        self.rows.last()
    }

    /// Takes the lowest member out.
    pub fn pop_first(&mut self) -> Option<T> {
        (!self.rows.is_empty()).then(|| self.rows.remove(0))
    }

    /// Takes the highest member out.
    pub fn pop_last(&mut self) -> Option<T> {
        self.rows.pop()
    }

    /// Keeps the members that `keep` says yes to.
    pub fn retain(&mut self, keep: impl FnMut(&T) -> bool) {
        self.rows.retain(keep);
    }
}

impl<T: Ord> OrderedSet<T> {
    fn place<Q: Ord + ?Sized>(&self, member: &Q) -> Result<usize, usize>
    where
        T: Borrow<Q>,
    {
        match self.rows.last() {
            Some(last) if last.borrow() < member => Err(self.rows.len()),
            _ => self.rows.binary_search_by(|held| held.borrow().cmp(member)),
        }
    }

    /// Whether it is a member.
    pub fn contains<Q: Ord + ?Sized>(&self, member: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.place(member).is_ok()
    }

    /// Adds a member, and tells whether it is new.
    pub fn insert(&mut self, member: T) -> bool {
        let place = self.place(&member);
        if let Err(place) = place {
            self.rows.insert(place, member);
        }
        place.is_err()
    }

    /// Removes a member, and tells whether there was one.
    pub fn remove<Q: Ord + ?Sized>(&mut self, member: &Q) -> bool
    where
        T: Borrow<Q>,
    {
        self.place(member).is_ok_and(|place| {
            self.rows.remove(place);
            true
        })
    }

    /// Whether every member is one of the other set, too.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.rows.iter().all(|member| other.contains(member))
    }

    /// The members of this set that are not in the other, in order.
    pub fn difference<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> {
        self.rows.iter().filter(|member| !other.contains(*member))
    }

    /// The members of both sets, in order.
    pub fn intersection<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a T> {
        self.rows.iter().filter(|member| other.contains(*member))
    }
}

impl<T> Default for OrderedSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OrderedSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(&self.rows).finish()
    }
}

impl<T: Ord> FromIterator<T> for OrderedSet<T> {
    fn from_iter<I: IntoIterator<Item = T>>(members: I) -> Self {
        let mut set = Self::new();
        set.extend(members);
        set
    }
}

impl<T: Ord, const N: usize> From<[T; N]> for OrderedSet<T> {
    fn from(members: [T; N]) -> Self {
        members.into_iter().collect()
    }
}

impl<T: Ord> Extend<T> for OrderedSet<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, members: I) {
        for member in members {
            self.insert(member);
        }
    }
}

impl<T> IntoIterator for OrderedSet<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a OrderedSet<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests;
