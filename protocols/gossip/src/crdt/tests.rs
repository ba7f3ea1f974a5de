//! The laws of merging, over states that three replicas can reach, and what each type promises.

use std::fmt::Debug;

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};
use sim_core::identity::NodeId;

use super::Merge;
use super::counter::{GCounter, PnCounter};
use super::map::LwwMap;
use super::set::OrSet;
use super::vector::VersionVector;

/// What happens at one of three replicas: a change of an element, or a merge with another replica.
type Step = (u8, u8, u8);

/// The states that three replicas reach.
fn reach<S: Merge + Default>(steps: &[Step], change: impl Fn(&mut S, NodeId, u64, u8)) -> [S; 3] {
    let mut states: [S; 3] = Default::default();
    for (time, (replica, what, element)) in steps.iter().enumerate() {
        let replica = usize::from(replica % 3);
        if what.is_multiple_of(4) {
            let other = states[usize::from(element % 3)].clone();
            states[replica].merge(&other);
        } else {
            let element = u64::from(element % 4) + 1_000 * time as u64;
            change(&mut states[replica], NodeId(replica as u32), element, *what);
        }
    }
    states
}

fn laws<S: Merge + Debug>([a, b, c]: &[S; 3]) -> Result<(), proptest::test_runner::TestCaseError> {
    let (ab, ba) = (a.clone().merged(b), b.clone().merged(a));
    prop_assert_eq!(&ab, &ba, "commutative");
    prop_assert_eq!(ab.clone().merged(c), a.clone().merged(&b.clone().merged(c)), "associative");
    prop_assert_eq!(&a.clone().merged(a), a, "idempotent");
    prop_assert!(ab.includes(a) && ab.includes(b), "monotone");
    Ok(())
}

proptest! {
    #[test]
    fn merging_keeps_the_laws(steps in proptest::collection::vec(any::<Step>(), 0..60)) {
        laws(&reach(&steps, |state: &mut VersionVector, actor, _, _| {
            state.next(actor);
        }))?;
        laws(&reach(&steps, |state: &mut GCounter, actor, element, _| state.add(actor, element % 1_000)))?;
        laws(&reach(&steps, |state: &mut PnCounter, actor, element, what| {
            if what.is_multiple_of(2) { state.add(actor, element % 1_000) } else { state.subtract(actor, element % 1_000) }
        }))?;
        laws(&reach(&steps, |state: &mut OrSet, actor, element, what| {
            if what.is_multiple_of(3) { state.remove(element % 1_000) } else { state.add(actor, element % 1_000) }
        }))?;
        laws(&reach(&steps, |state: &mut LwwMap, actor, element, what| {
            let (key, time) = (element % 1_000, element / 1_000);
            state.write(key, (time, actor), (what % 3 > 0).then_some(time));
        }))?;
    }

    /// Whatever is counted is counted once, however often states are merged.
    #[test]
    fn counters_lose_nothing_and_count_nothing_twice(
        steps in proptest::collection::vec(any::<Step>(), 0..60)
    ) {
        let change = |state: &mut PnCounter, actor, element: u64, what: u8| {
            if what.is_multiple_of(2) { state.add(actor, element % 1_000) } else { state.subtract(actor, element % 1_000) }
        };
        let [a, b, c] = reach(&steps, change);
        let counted = steps.iter().filter(|(_, what, _)| !what.is_multiple_of(4));
        let wanted: i128 = counted
            .map(|(_, what, element)| if what.is_multiple_of(2) { i128::from(element % 4) } else { -i128::from(element % 4) })
            .sum();
        prop_assert_eq!(a.merged(&b).merged(&c).value(), wanted);
    }
}

#[test]
fn an_addition_wins_over_a_concurrent_removal() {
    let (mut one, mut other) = (OrSet::default(), OrSet::default());
    one.add(NodeId(1), 7);
    one.add(NodeId(1), 8);
    other.merge(&one);
    other.remove(7);
    other.remove(8);
    one.add(NodeId(1), 7);
    one.merge(&other);
    assert!(one.contains(7), "the removal had not seen the second addition");
    assert!(!one.contains(8));
    assert_eq!(other.merged(&one).iter().collect::<Vec<_>>(), [7]);
}

#[test]
fn the_last_writer_wins_and_a_removal_is_a_write() {
    let mut map = LwwMap::default();
    map.write(1, (5, NodeId(1)), Some(50));
    map.write(1, (4, NodeId(9)), Some(40));
    assert_eq!(map.get(1), Some(50));
    map.write(1, (5, NodeId(2)), None);
    assert_eq!(map.get(1), None);
    map.write(1, (5, NodeId(1)), Some(50));
    assert_eq!(map.get(1), None);
}
