//! Sorting what is nearly in order: operations by their ends, or by their places in the log, are as far from the order of
//! their calls as there are clients.

/// So many places may an item have moved, on average, before it was not nearly in order.
const PLACES: usize = 16;

/// Sorts by a key, items of equal keys in the order in which they stand: in linear time what is nearly in order.
pub(super) fn sort_nearly<T: Copy, K: Ord>(items: &mut [T], key: impl Fn(&T) -> K) {
    let mut left = items.len() * PLACES;
    for from in 1..items.len() {
        let (item, own) = (items[from], key(&items[from]));
        let mut to = from;
        while let Some(before) = to.checked_sub(1)
            && key(&items[before]) > own
        {
            items[to] = items[before];
            to = before;
        }
        items[to] = item;
        match left.checked_sub(from - to) {
            Some(rest) => left = rest,
            None => return items.sort_by_key(key),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::sort_nearly;

    proptest! {
        #[test]
        fn it_sorts_and_keeps_equals_in_their_order(keys: Vec<u8>, spread in 1..40usize) {
            // As they come, and nearly in order.
            let mut nearly = keys.clone();
            nearly.sort_unstable();
            nearly.chunks_mut(spread).for_each(<[u8]>::reverse);
            for keys in [keys, nearly] {
                let items: Vec<(u8, usize)> = keys.into_iter().zip(0..).collect();
                let (mut own, mut other) = (items.clone(), items);
                sort_nearly(&mut own, |item| item.0);
                other.sort_by_key(|item| item.0);
                prop_assert_eq!(own, other);
            }
        }

        #[test]
        fn what_is_in_no_order_is_sorted_as_well(mut items in proptest::collection::vec(any::<u64>(), 0..500)) {
            let mut other = items.clone();
            sort_nearly(&mut items, |item| *item);
            other.sort_unstable();
            prop_assert_eq!(items, other);
        }
    }

    /// In reverse order, the budget is spent after a few items.
    #[test]
    fn the_worst_order_costs_no_square() {
        let compared = std::cell::Cell::new(0_u64);
        let mut items: Vec<u32> = (0..100_000).rev().collect();
        sort_nearly(&mut items, |item| {
            compared.set(compared.get() + 1);
            *item
        });
        assert!(items.is_sorted());
        assert!(compared.get() < 100_000 * 100, "{} keys", compared.get());
    }
}
