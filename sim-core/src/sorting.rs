//! Sorting where code counts for more than time.
//!
//! The sort of std is 2,000 lines of intermediate code for each type and order, which is right for what a run sorts often. A
//! list that is sorted once per report, plan or message of an error is sorted here: its places are, behind one comparison
//! by reference, so the code exists once.

use std::cmp::Ordering;

/// Sorts lists that are sorted seldom. What is equal keeps its order.
///
/// ```
/// use sim_core::sorting::SortSeldom;
///
/// let mut words = ["three", "one", "seven", "two"];
/// words.sort_seldom_by_key(|word| word.len());
/// assert_eq!(words, ["one", "two", "three", "seven"]);
/// ```
pub trait SortSeldom<T> {
    /// Sorts by an order.
    fn sort_seldom_by(&mut self, order: impl Fn(&T, &T) -> Ordering);

    /// Sorts by a key.
    fn sort_seldom_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K);
}

impl<T> SortSeldom<T> for [T] {
    fn sort_seldom_by(&mut self, order: impl Fn(&T, &T) -> Ordering) {
        let places = places(self.len(), &|a, b| order(&self[a], &self[b]));
        settle(places, &mut |a, b| self.swap(a, b));
    }

    fn sort_seldom_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        self.sort_seldom_by(|a, b| key(a).cmp(&key(b)));
    }
}

/// For each place, where what belongs there is now; nothing if all is in order.
fn places(length: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    if (1..length).all(|place| order(place - 1, place).is_le()) {
        return Vec::new();
    }
    let mut places: Vec<usize> = (0..length).collect();
    places.sort_by(|a, b| order(*a, *b));
    places
}

/// Moves everything to its place, circle by circle.
fn settle(mut places: Vec<usize>, swap: &mut dyn FnMut(usize, usize)) {
    for start in 0..places.len() {
        let mut place = start;
        while places[place] != start {
            let from = std::mem::replace(&mut places[place], place);
            swap(place, from);
            place = from;
        }
        places[place] = place;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_sorts_as_std_does(mut items: Vec<(u8, u16)>) {
            let mut expected = items.clone();
            expected.sort_by_key(|item| item.0);
            items.sort_seldom_by_key(|item| item.0);
            prop_assert_eq!(&items, &expected);
            expected.sort_by(|a, b| b.cmp(a));
            items.sort_seldom_by(|a, b| b.cmp(a));
            prop_assert_eq!(items, expected);
        }
    }
}
