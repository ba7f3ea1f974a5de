use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

#[derive(Clone, Copy, Debug)]
enum Step {
    Insert(u8, u16),
    Remove(u8),
    Add(u8),
    PopFirst,
    PopLast,
    Split(u8),
    Retain(u8),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = 0..24_u8;
    let step = prop_oneof![
        (key.clone(), any::<u16>()).prop_map(|(key, value)| Step::Insert(key, value)),
        key.clone().prop_map(Step::Remove),
        key.clone().prop_map(Step::Add),
        Just(Step::PopFirst),
        Just(Step::PopLast),
        key.clone().prop_map(Step::Split),
        key.prop_map(Step::Retain),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #[test]
    fn a_map_does_what_the_tree_of_std_does(steps in steps(), from in 0..24_u8, width in 0..24_u8) {
        let (mut ours, mut tree) = (OrderedMap::new(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Insert(key, value) => assert_eq!(ours.insert(key, value), tree.insert(key, value)),
                Step::Remove(key) => assert_eq!(ours.remove(&key), tree.remove(&key)),
                Step::Add(key) => {
                    *ours.entry(key).and_modify(|value| *value = value.wrapping_add(1)).or_insert(7) ^= 1;
                    *tree.entry(key).and_modify(|value: &mut u16| *value = value.wrapping_add(1)).or_insert(7) ^= 1;
                }
                Step::PopFirst => assert_eq!(ours.pop_first(), tree.pop_first()),
                Step::PopLast => assert_eq!(ours.pop_last(), tree.pop_last()),
                Step::Split(key) => assert!(ours.split_off(&key).into_iter().eq(tree.split_off(&key))),
                Step::Retain(least) => {
                    ours.retain(|key, value| { *value |= 1; *key >= least });
                    tree.retain(|key, value| { *value |= 1; *key >= least });
                }
            }
            assert!(ours.iter().eq(tree.iter()));
        }
        let to = from + width;
        assert!(ours.range(from..to).eq(tree.range(from..to)));
        assert!(ours.range(..=to).rev().eq(tree.range(..=to).rev()));
        assert!(ours.range((Bound::Excluded(from), Bound::Unbounded)).eq(tree.range((Bound::Excluded(from), Bound::Unbounded))));
        assert_eq!((ours.get(&from), ours.len()), (tree.get(&from), tree.len()));
        assert_eq!((ours.first_key_value(), ours.last_key_value()), (tree.first_key_value(), tree.last_key_value()));
        assert_eq!(serde_json::to_string(&ours).unwrap(), serde_json::to_string(&tree).unwrap());
        let read: OrderedMap<u8, u16> = serde_json::from_str(&serde_json::to_string(&tree).unwrap()).unwrap();
        assert_eq!((read, format!("{ours:?}")), (ours, format!("{tree:?}")));
    }

    #[test]
    fn a_set_does_what_the_tree_of_std_does(steps in steps(), others in prop::collection::vec(0..24_u8, 0..20)) {
        let (mut ours, mut tree) = (OrderedSet::new(), BTreeSet::new());
        for step in steps {
            match step {
                Step::Insert(key, _) | Step::Add(key) => assert_eq!(ours.insert(key), tree.insert(key)),
                Step::Remove(key) | Step::Split(key) => assert_eq!(ours.remove(&key), tree.remove(&key)),
                Step::PopFirst => assert_eq!(ours.pop_first(), tree.pop_first()),
                Step::PopLast => assert_eq!(ours.pop_last(), tree.pop_last()),
                Step::Retain(least) => {
                    ours.retain(|key| *key >= least);
                    tree.retain(|key| *key >= least);
                }
            }
            assert!(ours.iter().eq(tree.iter()));
        }
        let (other, others): (OrderedSet<u8>, BTreeSet<u8>) = (others.iter().copied().collect(), others.iter().copied().collect());
        assert!(ours.difference(&other).eq(tree.difference(&others)));
        assert!(ours.intersection(&other).eq(tree.intersection(&others)));
        assert_eq!(ours.is_subset(&other), tree.is_subset(&others));
        assert_eq!((ours.first(), ours.last(), ours.contains(&3)), (tree.first(), tree.last(), tree.contains(&3)));
    }
}

#[test]
#[should_panic(expected = "a range ends before it begins")]
fn a_range_that_ends_before_it_begins_panics() {
    let map: OrderedMap<u8, u8> = (0..9).map(|key| (key, key)).collect();
    assert_eq!(map.range(7..3).count(), 0);
}
