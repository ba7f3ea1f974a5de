//! Schedules and their numbers, against enumeration by hand.

use proptest::prelude::*;

use super::*;
use crate::ordered::OrderedSet;

fn shape(members: u32, twins: u32, rounds: u32, together: u32, kinds: u32) -> RoundShape {
    RoundShape { members, twins, rounds, together, kinds }
}

fn space(shape: RoundShape) -> RoundSpace {
    RoundSpace::new(shape).unwrap()
}

/// All ways to call the members: those without a twin among themselves, those with one among themselves.
fn renamings(shape: RoundShape) -> Vec<Vec<u32>> {
    let plain = shape.members - shape.twins;
    let mut all = vec![Vec::new()];
    for member in 0..shape.members {
        let group = if member < plain { 0..plain } else { plain..shape.members };
        all = all
            .into_iter()
            .flat_map(|names: Vec<u32>| {
                group
                    .clone()
                    .filter(|name| !names.contains(name))
                    .map(|name| [&names[..], &[name]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
    }
    all
}

/// A round under other names, with the leader's first copy apart from nobody on its side.
fn renamed(shape: RoundShape, round: &PlannedRound, names: &[u32]) -> PlannedRound {
    let RoundShape { members, twins, .. } = shape;
    let copy = |copy: u32| {
        if copy < members { names[copy as usize] } else { names[(copy - twins) as usize] + twins }
    };
    let apart =
        (0..members + twins).filter(|it| round.apart >> it & 1 == 1).fold(0, |set, it| set | 1 << copy(it));
    let leader = names[round.leader as usize];
    let all = (1 << (members + twins)) - 1;
    let apart = if apart >> leader & 1 == 1 { apart ^ all } else { apart };
    PlannedRound { leader, apart, lost: round.lost }
}

/// The least of all schedules that differ in names only.
fn canonical(shape: RoundShape, schedule: &[PlannedRound]) -> Vec<PlannedRound> {
    let under = |names: Vec<u32>| schedule.iter().map(|round| renamed(shape, round, &names)).collect();
    renamings(shape).into_iter().map(under).min().unwrap()
}

/// Every round that a shape allows, by names.
fn rounds(shape: RoundShape) -> Vec<PlannedRound> {
    let RoundShape { members, twins, together, kinds, .. } = shape;
    let mut all = Vec::new();
    for leader in 0..members {
        for apart in 0..1_u32 << (members + twins) {
            let side = |side: u32| {
                let there = |copy: u32| apart >> copy & 1 == side;
                (0..members)
                    .filter(|member| there(*member) || (*member >= members - twins && there(member + twins)))
                    .count() as u32
            };
            if apart >> leader & 1 == 0 && side(0).max(side(1)) >= together {
                let lost = if apart == 0 { 0 } else { kinds };
                all.extend((0..=lost).map(|lost| PlannedRound { leader, apart, lost }));
            }
        }
    }
    all
}

/// Every schedule of a shape, by names.
fn schedules(shape: RoundShape) -> Vec<Vec<PlannedRound>> {
    let all = rounds(shape);
    let mut schedules = vec![Vec::new()];
    for _ in 0..shape.rounds {
        schedules = schedules
            .into_iter()
            .flat_map(|before: Vec<PlannedRound>| {
                all.iter().map(move |round| [&before[..], &[*round]].concat())
            })
            .collect();
    }
    schedules
}

#[test]
fn the_numbers_are_those_of_schedules_that_differ_in_more_than_names() {
    for shape in [
        shape(1, 0, 2, 0, 0),
        shape(3, 0, 1, 0, 0),
        shape(3, 0, 2, 2, 1),
        shape(4, 0, 2, 3, 0),
        shape(4, 0, 3, 3, 0),
        shape(2, 1, 2, 0, 0),
        shape(3, 1, 2, 2, 0),
        shape(3, 2, 2, 3, 1),
        shape(4, 1, 2, 3, 0),
    ] {
        let space = space(shape);
        let mut seen = OrderedSet::new();
        for schedule in schedules(shape) {
            let index = space.index(&schedule).unwrap();
            assert!(index < space.len());
            let own = space.schedule(index);
            assert_eq!(canonical(shape, &own), canonical(shape, &schedule), "{shape:?} {index}");
            seen.insert(index);
        }
        assert_eq!(seen.len() as u128, space.len(), "{shape:?}: each number is that of some schedule");
        let different: OrderedSet<_> =
            schedules(shape).iter().map(|schedule| canonical(shape, schedule)).collect();
        assert_eq!(different.len() as u128, space.len(), "{shape:?}");
    }
}

#[test]
fn spaces_that_are_too_large_or_empty_are_refused() {
    let refused = |shape| RoundSpace::new(shape).map(|space| space.len()).unwrap_err();
    assert_eq!(refused(shape(9, 3, 1, 0, 0)), RoundsError::Copies(12));
    assert_eq!(refused(shape(2, 3, 1, 0, 0)), RoundsError::Twins { members: 2, twins: 3 });
    assert_eq!(refused(shape(7, 1, 20, 5, 2)), RoundsError::Rounds(20));
    assert_eq!(refused(shape(4, 0, 2, 5, 0)), RoundsError::None);
    assert_eq!(space(shape(4, 0, 0, 3, 0)).schedule(0), []);
}

#[test]
fn what_the_space_does_not_have_has_no_number() {
    let space = space(shape(4, 1, 2, 3, 1));
    let whole = PlannedRound { leader: 0, apart: 0, lost: 0 };
    assert!(space.index(&[whole, whole]).is_some());
    for wrong in [
        PlannedRound { leader: 4, ..whole },
        PlannedRound { apart: 1 << 5, ..whole },
        PlannedRound { lost: 1, ..whole },
        PlannedRound { apart: 0b00110, lost: 2, ..whole },
    ] {
        assert_eq!(space.index(&[whole, wrong]), None, "{wrong:?}");
    }
    assert_eq!(space.index(&[whole]), None);
    // Two of four and both copies of nobody: no side has three.
    let plain = self::space(shape(4, 0, 1, 3, 0));
    assert_eq!(plain.index(&[PlannedRound { leader: 0, apart: 0b1100, lost: 0 }]), None);
}

fn shapes() -> impl Strategy<Value = RoundShape> {
    (1..=6_u32, 0..=2_u32, 1..=9_u32, 0..=1_u32, 0..=2_u32).prop_map(
        |(members, twins, rounds, quorum, kinds)| {
            let together = quorum * ((members + (members - 1) / 3) / 2 + 1);
            shape(members, twins.min(members), rounds, together, kinds)
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_number_and_its_schedule_convert_into_each_other(shape in shapes(), dice in any::<u64>()) {
        let space = space(shape);
        let index = space.draw(&mut crate::random::stream(dice, crate::random::StreamName::Rounds));
        let schedule = space.schedule(index);
        prop_assert_eq!(schedule.len() as u32, shape.rounds);
        prop_assert_eq!(space.index(&schedule), Some(index));
        // Under other names, and seen from the other side, it is the same.
        let names = renamings(shape);
        let names = &names[dice as usize % names.len()];
        let other: Vec<PlannedRound> = schedule.iter().map(|round| renamed(shape, round, names)).collect();
        prop_assert_eq!(space.index(&other), Some(index));
        let all = (1_u32 << (shape.members + shape.twins)) - 1;
        let flipped = |round: &PlannedRound| PlannedRound { apart: if round.apart == 0 { 0 } else { round.apart ^ all }, ..*round };
        prop_assert_eq!(space.index(&schedule.iter().map(flipped).collect::<Vec<_>>()), Some(index));
    }

    #[test]
    fn a_schedule_and_its_entries_convert_into_each_other(shape in shapes(), dice in any::<u64>(), clients in 0..5_u32) {
        let space = space(shape);
        let schedule = space.schedule(u128::from(dice) << 40 | u128::from(dice));
        let kinds: Vec<String> = (0..shape.kinds).map(|kind| format!("Kind{kind}")).collect();
        let plan = FaultPlan::new(space.entries(&schedule, clients, &kinds));
        prop_assert_eq!(space.read(&plan, clients, &kinds), Some(schedule.clone()));
        let leaders: Vec<u32> = plan.leaders().into_iter().flatten().map(|node| node.0).collect();
        prop_assert_eq!(leaders, schedule.iter().map(|round| round.leader).collect::<Vec<_>>());
    }
}
