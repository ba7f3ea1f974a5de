//! Shapes of partitions, by who reaches whom.

use super::*;
use crate::fault::FaultModel;
use crate::fault::governor::Governor;
use crate::fault::toy::admits;
use crate::ground::Ground;
use crate::random::{Keyed, Purpose};

/// Who reaches whom, himself included, under a shape among so many members.
fn reached(shape: &Shape, members: u32, seed: u64) -> Result<Vec<Vec<u32>>, Refusal> {
    let ground = Ground::new(members, 1);
    let mut governor =
        Governor::new(FaultModel { crashed: 2, lost_disks: 0, byzantine: 0, outages: false }, false);
    governor.sync(&ground);
    let scene = Scene { ground: &ground, governor: &governor, members, clients: 1, event: None };
    let mut lots = Lots::new(Keyed::new(seed, Purpose::Fault), 0, 0);
    let drawn = draw(&Partition::of(shape.clone()), &scene, &mut lots)?;
    let again = draw(&drawn.pinned, &scene, &mut Lots::new(Keyed::new(seed + 1, Purpose::Fault), 9, 0))?;
    assert_eq!(again.reach, drawn.reach, "a pinned partition has nothing left to draw");
    let client = Slot(members);
    assert!((0..members).all(|slot| admits(&drawn.reach, client, Slot(slot))), "clients reach everybody");
    let reaches = |a: u32| (0..members).filter(|b| admits(&drawn.reach, Slot(a), Slot(*b))).collect();
    Ok((0..members).map(reaches).collect())
}

#[test]
fn in_a_ring_of_majorities_everybody_reaches_a_majority_and_no_two_the_same() {
    for members in 3..=12 {
        for seed in 0..20 {
            let reached = reached(&Shape::MajoritiesRing, members, seed).unwrap();
            for (slot, group) in reached.iter().enumerate() {
                assert!(group.len() as u32 > members / 2, "{members}: {reached:?}");
                assert!((group.len() as u32) < members || members == 3, "{members}: {reached:?}");
                let same = reached[..slot].contains(group);
                assert!(!same || members == 3, "{members}: {reached:?}");
            }
        }
    }
    assert_eq!(reached(&Shape::MajoritiesRing, 2, 0), Err(Refusal::Shape));
}

#[test]
fn halves_bridges_and_random_groups_have_their_shapes() {
    for (members, seed) in (2..=9).flat_map(|members| (0..20).map(move |seed| (members, seed))) {
        let halves = reached(&Shape::Halves, members, seed).unwrap();
        assert!(
            halves
                .iter()
                .all(|side| side.len() as u32 == members / 2 || side.len() as u32 == members.div_ceil(2))
        );
        assert_ne!(halves[0].len() as u32, members);
        let random = reached(&Shape::Random { parts: 3 }, members, seed).unwrap();
        assert!(random.iter().all(|side| (side.len() as u32) < members), "there are at least two groups");
        if members > 2 {
            let bridge = reached(&Shape::Bridge, members, seed).unwrap();
            let bridges = bridge.iter().filter(|side| side.len() as u32 == members).count();
            assert_eq!(bridges, 1, "{bridge:?}");
        }
    }
    assert_eq!(reached(&Shape::Halves, 1, 0), Err(Refusal::Shape));
    assert_eq!(reached(&Shape::Bridge, 2, 0), Err(Refusal::Shape));
}

#[test]
fn isolated_slots_reach_each_other_and_directions_are_seen_from_them() {
    let isolate = |direction| Shape::Isolate { target: "n1,n2".parse().unwrap(), direction };
    let both = reached(&isolate(Direction::Both), 4, 0).unwrap();
    assert_eq!(both, [vec![0, 1], vec![0, 1], vec![2, 3], vec![2, 3]]);
    let out = reached(&isolate(Direction::Outbound), 4, 0).unwrap();
    assert_eq!(out, [vec![0, 1], vec![0, 1], vec![0, 1, 2, 3], vec![0, 1, 2, 3]]);
    let inward = reached(&isolate(Direction::Inbound), 4, 0).unwrap();
    assert_eq!(inward, [vec![0, 1, 2, 3], vec![0, 1, 2, 3], vec![2, 3], vec![2, 3]]);
    let nobody_else = Shape::Isolate { target: Selector::All, direction: Direction::Both };
    assert_eq!(reached(&nobody_else, 4, 0), Err(Refusal::Shape));
    assert_eq!(reached(&Shape::LeaderAlone, 4, 0), Err(Refusal::NoTarget));
}

#[test]
fn members_in_no_group_form_one_more() {
    let groups = Shape::Groups(vec!["n1,n2".parse().unwrap(), "n2,n3".parse().unwrap()]);
    let reached = reached(&groups, 5, 0).unwrap();
    assert_eq!(reached, [vec![0, 1], vec![0, 1, 2], vec![1, 2], vec![3, 4], vec![3, 4]]);
}
