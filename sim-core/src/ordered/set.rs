//! A set in order.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::pieces::{IntoRows, Pieces, Place, Rows};

/// The members of a set, in order.
pub type Members<'a, T> = Rows<'a, T>;

/// A set in order.
#[derive(Clone)]
pub struct OrderedSet<T> {
    rows: Pieces<T>,
}

impl<T> OrderedSet<T> {
    /// An empty set.
    pub const fn new() -> Self {
        Self { rows: Pieces::new() }
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    #[cfg(test)]
    pub(super) fn pieces(&self) -> usize {
        self.rows.pieces()
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
    pub fn iter(&self) -> Members<'_, T> {
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
        self.rows.pop_first()
    }

    /// Takes the highest member out.
    pub fn pop_last(&mut self) -> Option<T> {
        self.rows.pop_last()
    }

    /// Keeps the members that `keep` says yes to.
    pub fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        self.rows.retain(|member| keep(member));
    }
}

impl<T: Ord> OrderedSet<T> {
    fn place<Q: Ord + ?Sized>(&self, member: &Q) -> Result<Place, Place>
    where
        T: Borrow<Q>,
    {
        self.rows.find(|held| held.borrow().cmp(member))
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

impl<T: PartialEq> PartialEq for OrderedSet<T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<T: Eq> Eq for OrderedSet<T> {}

impl<T: PartialOrd> PartialOrd for OrderedSet<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.iter().partial_cmp(other.iter())
    }
}

impl<T: Ord> Ord for OrderedSet<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.iter().cmp(other.iter())
    }
}

impl<T: Hash> Hash for OrderedSet<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.len().hash(state);
        self.iter().for_each(|member| member.hash(state));
    }
}

impl<T> Default for OrderedSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: fmt::Debug> fmt::Debug for OrderedSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self).finish()
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
    type IntoIter = IntoRows<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a OrderedSet<T> {
    type Item = &'a T;
    type IntoIter = Members<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
