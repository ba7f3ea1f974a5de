//! Rows in order, in pieces of a few kilobytes: adding or removing a row moves a piece at most.

use std::cmp::Ordering;
use std::ops::{Index, IndexMut};
use std::{slice, vec};

/// Rows in order. No piece is empty, unless there is no row.
#[derive(Clone)]
pub(super) struct Pieces<R> {
    /// The first rows: all of them, while they are few.
    head: Vec<R>,
    /// Behind a pointer, since most lists have none and stand in states that should be small.
    more: Option<Box<More<R>>>,
}

/// Pieces behind the first one.
#[derive(Clone)]
struct More<R>(Vec<Vec<R>>);

/// Where a row is, or would be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    piece: usize,
    row: usize,
}

impl Place {
    /// The place behind it.
    pub(super) const fn next(self) -> Self {
        Self { piece: self.piece, row: self.row + 1 }
    }
}

impl<R> Pieces<R> {
    /// How many rows a piece has at most.
    pub(super) const ROOM: usize = match size_of::<R>() {
        0..=16 => 256,
        17..=128 => 4096 / size_of::<R>(),
        _ => 32,
    };

    pub(super) const fn new() -> Self {
        Self { head: Vec::new(), more: None }
    }

    pub(super) fn len(&self) -> usize {
        self.head.len() + self.more().iter().map(Vec::len).sum::<usize>()
    }

    #[cfg(test)]
    pub(super) fn pieces(&self) -> usize {
        1 + self.more().len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.head.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.head.clear();
        self.more = None;
    }

    fn more(&self) -> &[Vec<R>] {
        self.more.as_ref().map_or(&[], |more| &more.0)
    }

    fn more_mut(&mut self) -> &mut Vec<Vec<R>> {
        &mut self.more.get_or_insert_with(|| Box::new(More(Vec::new()))).0
    }

    fn piece(&self, piece: usize) -> &Vec<R> {
        if piece == 0 { &self.head } else { &self.more()[piece - 1] }
    }

    fn piece_mut(&mut self, piece: usize) -> &mut Vec<R> {
        if piece == 0 { &mut self.head } else { &mut self.more_mut()[piece - 1] }
    }

    pub(super) fn first(&self) -> Option<&R> {
        self.head.first()
    }

    pub(super) fn last(&self) -> Option<&R> {
        self.more().last().unwrap_or(&self.head).last()
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut R> {
        let last = self.more.as_mut().and_then(|more| more.0.last_mut());
        last.unwrap_or(&mut self.head).last_mut()
    }

    /// Where the row is that `order` calls equal, or where it would be. `order` compares a row with what is looked for.
    pub(super) fn find(&self, order: impl Fn(&R) -> Ordering) -> Result<Place, Place> {
        let piece = match &self.more {
            None => 0,
            Some(more) => more.0.partition_point(|rows| order(&rows[0]).is_le()),
        };
        let rows = self.piece(piece);
        let found = match rows.last() {
            // Most keys rise with time: rounds, views, heights.
            Some(last) if order(last).is_lt() => Err(rows.len()),
            _ => rows.binary_search_by(order),
        };
        match found {
            Ok(row) => Ok(Place { piece, row }),
            Err(row) => Err(Place { piece, row }),
        }
    }

    /// Puts a row there, and tells where it is then.
    pub(super) fn insert(&mut self, mut at: Place, row: R) -> Place {
        if self.piece(at.piece).len() == Self::ROOM {
            at = self.split(at);
        }
        self.piece_mut(at.piece).insert(at.row, row);
        at
    }

    /// Makes two pieces of a full one. Rows that are added at the end leave full pieces behind.
    #[cold]
    fn split(&mut self, at: Place) -> Place {
        let at_end = at.piece == self.more().len() && at.row == Self::ROOM;
        let cut = if at_end { Self::ROOM } else { Self::ROOM / 2 };
        let behind = self.piece_mut(at.piece).split_off(cut);
        self.more_mut().insert(at.piece, behind);
        if at.row < cut { at } else { Place { piece: at.piece + 1, row: at.row - cut } }
    }

    /// Takes the row out that is there.
    pub(super) fn remove(&mut self, at: Place) -> R {
        let rows = self.piece_mut(at.piece);
        let row = rows.remove(at.row);
        if rows.len() < Self::ROOM / 4 && self.more.is_some() {
            self.join(at.piece);
        }
        row
    }

    /// Makes one piece of this one and a neighbor, if it is empty or both are small.
    #[cold]
    fn join(&mut self, piece: usize) {
        if self.more().is_empty() {
            self.more = None;
            return;
        }
        let empty = self.piece(piece).is_empty();
        for first in [piece.saturating_sub(1), piece] {
            let Some(next) = self.more().get(first) else { continue };
            if empty || self.piece(first).len() + next.len() <= Self::ROOM / 2 {
                let mut next = self.more_mut().remove(first);
                self.piece_mut(first).append(&mut next);
                return;
            }
        }
    }

    pub(super) fn pop_first(&mut self) -> Option<R> {
        (!self.is_empty()).then(|| self.remove(Place { piece: 0, row: 0 }))
    }

    pub(super) fn pop_last(&mut self) -> Option<R> {
        let piece = self.more().len();
        let row = self.piece(piece).len().checked_sub(1)?;
        Some(self.remove(Place { piece, row }))
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&mut R) -> bool) {
        for piece in 0..=self.more().len() {
            self.piece_mut(piece).retain_mut(&mut keep);
        }
        self.drop_empty();
    }

    /// Moves the rows from a place on out.
    pub(super) fn split_off(&mut self, at: Place) -> Self {
        let mut rest = Self { head: self.piece_mut(at.piece).split_off(at.row), more: None };
        if let Some(more) = &mut self.more {
            *rest.more_mut() = more.0.split_off(at.piece);
        }
        self.drop_empty();
        rest.drop_empty();
        rest
    }

    /// Drops pieces that have become empty.
    fn drop_empty(&mut self) {
        let Some(more) = &mut self.more else { return };
        more.0.retain(|rows| !rows.is_empty());
        if self.head.is_empty() && !more.0.is_empty() {
            self.head = more.0.remove(0);
        }
    }

    pub(super) fn iter(&self) -> Rows<'_, R> {
        Rows { front: self.head.iter(), pieces: self.more().iter(), back: [].iter() }
    }

    pub(super) fn iter_mut(&mut self) -> RowsMut<'_, R> {
        let more: &mut [Vec<R>] = self.more.as_mut().map_or(&mut [], |more| &mut more.0);
        RowsMut { front: self.head.iter_mut(), pieces: more.iter_mut(), back: [].iter_mut() }
    }

    /// The place of the first row.
    pub(super) const fn start(&self) -> Place {
        Place { piece: 0, row: 0 }
    }

    /// The place behind the last row.
    pub(super) fn end(&self) -> Place {
        let piece = self.more().len();
        Place { piece, row: self.piece(piece).len() }
    }

    /// The rows from one place to before another.
    ///
    /// # Panics
    /// If the range ends before it begins.
    pub(super) fn between(&self, start: Place, end: Place) -> Rows<'_, R> {
        assert!(start <= end, "a range ends before it begins");
        if start.piece == end.piece {
            let rows = &self.piece(start.piece)[start.row..end.row];
            return Rows { front: rows.iter(), pieces: [].iter(), back: [].iter() };
        }
        Rows {
            front: self.piece(start.piece)[start.row..].iter(),
            pieces: self.more()[start.piece..end.piece - 1].iter(),
            back: self.piece(end.piece)[..end.row].iter(),
        }
    }
}

impl<R> Index<Place> for Pieces<R> {
    type Output = R;

    fn index(&self, at: Place) -> &R {
        &self.piece(at.piece)[at.row]
    }
}

impl<R> IndexMut<Place> for Pieces<R> {
    fn index_mut(&mut self, at: Place) -> &mut R {
        &mut self.piece_mut(at.piece)[at.row]
    }
}

impl<R> IntoIterator for Pieces<R> {
    type Item = R;
    type IntoIter = IntoRows<R>;

    fn into_iter(self) -> IntoRows<R> {
        let more = self.more.map_or_else(Vec::new, |more| more.0);
        IntoRows { front: self.head.into_iter(), pieces: more.into_iter(), back: Vec::new().into_iter() }
    }
}

/// An iterator over rows in pieces: what is left of the first one, whole ones, what is left of the last one.
macro_rules! rows {
    ($(#[$doc:meta])* $vis:vis $name:ident<$($life:lifetime,)? R> { $rows:ty, $pieces:ty } => $item:ty, $open:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        $vis struct $name<$($life,)? R> {
            front: $rows,
            pieces: $pieces,
            back: $rows,
        }

        impl<$($life,)? R> Iterator for $name<$($life,)? R> {
            type Item = $item;

            fn next(&mut self) -> Option<Self::Item> {
                loop {
                    if let Some(row) = self.front.next() {
                        return Some(row);
                    }
                    match self.pieces.next() {
                        Some(rows) => self.front = rows.$open(),
                        None => return self.back.next(),
                    }
                }
            }

            fn size_hint(&self) -> (usize, Option<usize>) {
                let whole = self.pieces.as_slice().iter().map(Vec::len).sum::<usize>();
                let rows = self.front.len() + whole + self.back.len();
                (rows, Some(rows))
            }
        }

        impl<$($life,)? R> DoubleEndedIterator for $name<$($life,)? R> {
            fn next_back(&mut self) -> Option<Self::Item> {
                loop {
                    if let Some(row) = self.back.next_back() {
                        return Some(row);
                    }
                    match self.pieces.next_back() {
                        Some(rows) => self.back = rows.$open(),
                        None => return self.front.next_back(),
                    }
                }
            }
        }

        impl<$($life,)? R> ExactSizeIterator for $name<$($life,)? R> {}
    };
}

rows! {
    /// Rows in order.
    pub     Rows<'a, R> { slice::Iter<'a, R>, slice::Iter<'a, Vec<R>> } => &'a R, iter
}
rows! {
    /// Rows in order, for changing.
    pub(super)     RowsMut<'a, R> { slice::IterMut<'a, R>, slice::IterMut<'a, Vec<R>> } => &'a mut R, iter_mut
}
rows! {
    /// Rows in order, moved out.
    pub     IntoRows<R> { vec::IntoIter<R>, vec::IntoIter<Vec<R>> } => R, into_iter
}

impl<R> Clone for Rows<'_, R> {
    fn clone(&self) -> Self {
        Self { front: self.front.clone(), pieces: self.pieces.clone(), back: self.back.clone() }
    }
}
