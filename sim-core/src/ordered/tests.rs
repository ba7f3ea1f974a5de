#![expect(clippy::disallowed_types, reason = "ours is compared with the tree of std")]

use std::collections::btree_map::OccupiedEntry;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(u16, u16),
    /// All keys from one on, so many of them.
    Fill(u16, u16),
    Remove(u16),
    Clear(u16, u16),
    Add(u16),
    PopFirst,
    PopLast,
    PopIf(u16),
    Split(u16),
    Retain(u16),
}

/// Keys of a few rows, or of many pieces.
fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop_oneof![Just(24_u16), Just(3000)].prop_flat_map(|keys| {
        let key = 0..keys;
        let step = prop_oneof![
            4 => (key.clone(), any::<u16>()).prop_map(|(key, value)| Step::Insert(key, value)),
            2 => (key.clone(), key.clone()).prop_map(|(from, count)| Step::Fill(from, count)),
            4 => key.clone().prop_map(Step::Remove),
            1 => (key.clone(), key.clone()).prop_map(|(from, count)| Step::Clear(from, count)),
            4 => key.clone().prop_map(Step::Add),
            2 => Just(Step::PopFirst),
            2 => Just(Step::PopLast),
            2 => key.clone().prop_map(Step::PopIf),
            1 => key.clone().prop_map(Step::Split),
            1 => key.prop_map(Step::Retain),
        ];
        prop::collection::vec(step, 0..60)
    })
}

proptest! {
    #[test]
    fn a_map_does_what_the_tree_of_std_does(steps in steps(), from in 0..3000_u16, width in 0..1000_u16) {
        let (mut ours, mut tree) = (OrderedMap::new(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Insert(key, value) => assert_eq!(ours.insert(key, value), tree.insert(key, value)),
                Step::Fill(from, count) => {
                    ours.extend((from..from + count).rev().map(|key| (key, key)));
                    tree.extend((from..from + count).rev().map(|key| (key, key)));
                }
                Step::Remove(key) => assert_eq!(ours.remove(&key), tree.remove(&key)),
                Step::Clear(from, count) => {
                    (from..from + count).for_each(|key| assert_eq!(ours.remove(&key), tree.remove(&key)));
                }
                Step::Add(key) => {
                    *ours.entry(key).and_modify(|value| *value = value.wrapping_add(1)).or_insert(7) ^= 1;
                    *tree.entry(key).and_modify(|value: &mut u16| *value = value.wrapping_add(1)).or_insert(7) ^= 1;
                }
                Step::PopFirst => assert_eq!(ours.pop_first(), tree.pop_first()),
                Step::PopLast => assert_eq!(ours.pop_last(), tree.pop_last()),
                Step::PopIf(key) => {
                    let theirs = tree.first_entry().filter(|first| *first.key() < key);
                    assert_eq!(ours.pop_first_if(|first, _| *first < key), theirs.map(OccupiedEntry::remove_entry));
                }
                Step::Split(key) => {
                    let (ours, tree) = (ours.split_off(&key), tree.split_off(&key));
                    assert!(ours.iter().eq(tree.iter()) && ours.into_iter().rev().eq(tree.into_iter().rev()));
                }
                Step::Retain(least) => {
                    ours.retain(|key, value| { *value |= 1; *key >= least || key % 7 == 0 });
                    tree.retain(|key, value| { *value |= 1; *key >= least || key % 7 == 0 });
                }
            }
            ours.values_mut().zip(tree.values_mut()).for_each(|(ours, theirs)| (*ours, *theirs) = (*ours ^ 2, *theirs ^ 2));
            assert!(ours.iter().eq(tree.iter()) && ours.iter().rev().eq(tree.iter().rev()));
            assert_eq!((ours.len(), ours.iter().len(), ours.is_empty()), (tree.len(), tree.len(), tree.is_empty()));
        }
        let to = from + width;
        assert!(ours.range(from..to).eq(tree.range(from..to)));
        assert!(ours.range(..=to).rev().eq(tree.range(..=to).rev()));
        assert!(ours.range((Bound::Excluded(from), Bound::Unbounded)).eq(tree.range((Bound::Excluded(from), Bound::Unbounded))));
        assert_eq!(ours.get(&from), tree.get(&from));
        assert_eq!((ours.first_key_value(), ours.last_key_value()), (tree.first_key_value(), tree.last_key_value()));
        assert_eq!(ours.clone().last_mut().map(|(key, value)| (*key, *value)), tree.last_key_value().map(|(key, value)| (*key, *value)));
        assert_eq!(serde_json::to_string(&ours).unwrap(), serde_json::to_string(&tree).unwrap());
        let read: OrderedMap<u16, u16> = serde_json::from_str(&serde_json::to_string(&tree).unwrap()).unwrap();
        assert_eq!((&read, format!("{ours:?}")), (&ours, format!("{tree:?}")));
        assert_eq!(read.cmp(&ours), Ordering::Equal);
    }

    #[test]
    fn a_set_does_what_the_tree_of_std_does(steps in steps(), others in prop::collection::vec(0..24_u16, 0..20)) {
        let (mut ours, mut tree) = (OrderedSet::new(), BTreeSet::new());
        for step in steps {
            match step {
                Step::Insert(key, _) | Step::Add(key) | Step::Split(key) => assert_eq!(ours.insert(key), tree.insert(key)),
                Step::Fill(from, count) | Step::Clear(from, count) => {
                    ours.extend(from..from + count);
                    tree.extend(from..from + count);
                }
                Step::Remove(key) | Step::PopIf(key) => assert_eq!(ours.remove(&key), tree.remove(&key)),
                Step::PopFirst => assert_eq!(ours.pop_first(), tree.pop_first()),
                Step::PopLast => assert_eq!(ours.pop_last(), tree.pop_last()),
                Step::Retain(least) => {
                    ours.retain(|key| *key >= least);
                    tree.retain(|key| *key >= least);
                }
            }
            assert!(ours.iter().eq(tree.iter()));
        }
        let (other, others): (OrderedSet<u16>, BTreeSet<u16>) = (others.iter().copied().collect(), others.iter().copied().collect());
        assert!(ours.difference(&other).eq(tree.difference(&others)));
        assert!(ours.intersection(&other).eq(tree.intersection(&others)));
        assert_eq!(ours.is_subset(&other), tree.is_subset(&others));
        assert_eq!((ours.first(), ours.last(), ours.contains(&3)), (tree.first(), tree.last(), tree.contains(&3)));
    }
}

/// What is added at the end leaves full pieces behind, and what is taken out leaves few.
#[test]
fn pieces_are_full_and_few() {
    let room = Pieces::<u64>::ROOM;
    let mut set: OrderedSet<u64> = (0..10 * room as u64).collect();
    assert_eq!(set.pieces(), 10);
    set.retain(|member| member % 64 == 0);
    while set.pop_last().is_some() {}
    assert_eq!((set.pieces(), set.len()), (1, 0));
    set.extend((0..10 * room as u64).rev());
    assert!(set.pieces() <= 20, "{}", set.pieces());
    for member in 0..10 * room as u64 {
        assert!(member % 64 == 0 || set.remove(&member));
    }
    assert!(set.pieces() <= 10, "{} pieces of {} rows", set.pieces(), set.len());
}

/// Maps that hold the same are equal, in whatever pieces they hold it.
#[test]
fn equal_whatever_the_pieces() {
    let rising: OrderedMap<u32, u32> = (0..5000).map(|key| (key, key)).collect();
    let falling: OrderedMap<u32, u32> = (0..5000).rev().map(|key| (key, key)).collect();
    let hash = |map: &OrderedMap<u32, u32>| {
        let mut hasher = std::hash::DefaultHasher::new();
        map.hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!((&rising, hash(&rising)), (&falling, hash(&falling)));
    assert!(rising < (1..5000).map(|key| (key, key)).collect());
}

#[test]
#[should_panic(expected = "a range ends before it begins")]
fn a_range_that_ends_before_it_begins_panics() {
    let map: OrderedMap<u8, u8> = (0..9).map(|key| (key, key)).collect();
    let (from, to) = (7, 3);
    assert_eq!(map.range(from..to).count(), 0);
}
