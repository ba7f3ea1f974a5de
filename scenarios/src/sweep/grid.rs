//! Which points of a grid are run: all of them, or some that a Latin hypercube draws.

use sim_core::random::{Keyed, Purpose, below};

use super::file::Latin;

/// Every combination of places on axes of these lengths; the last one moves fastest.
pub(super) fn all(lengths: &[usize]) -> impl Iterator<Item = Vec<usize>> {
    let mut next = Some(vec![0_usize; lengths.len()]);
    let lengths = lengths.to_vec();
    std::iter::from_fn(move || {
        let current = next.take()?;
        let mut moved = current.clone();
        if let Some(axis) = (0..lengths.len()).rev().find(|axis| current[*axis] + 1 < lengths[*axis]) {
            moved[axis] += 1;
            moved[axis + 1..].fill(0);
            next = Some(moved);
        }
        Some(current)
    })
}

/// Combinations in which each place of each axis is met equally often, or once more; in the order of the grid, each once.
pub(super) fn latin(lengths: &[usize], latin: Latin) -> Vec<Vec<usize>> {
    let count = latin.points as usize;
    let keyed = Keyed::new(latin.seed, Purpose::Campaign);
    let strata: Vec<Vec<usize>> =
        (0..lengths.len()).map(|axis| shuffled(count, keyed, axis as u64)).collect();
    let mut points: Vec<Vec<usize>> = (0..count)
        .map(|point| {
            strata.iter().zip(lengths).map(|(strata, length)| strata[point] * length / count).collect()
        })
        .collect();
    points.sort_unstable();
    points.dedup();
    points
}

/// The numbers below a count in a drawn order (Fisher and Yates).
fn shuffled(count: usize, keyed: Keyed, axis: u64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..count).collect();
    for place in (1..count).rev() {
        let other = below(keyed.word(axis, place as u64), place as u64 + 1) as usize;
        order.swap(place, other);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_axis_moves_fastest() {
        let points: Vec<Vec<usize>> = all(&[2, 1, 3]).collect();
        let expected = [[0, 0, 0], [0, 0, 1], [0, 0, 2], [1, 0, 0], [1, 0, 1], [1, 0, 2]];
        assert_eq!(points, expected.map(Vec::from));
        assert_eq!(all(&[]).count(), 1);
    }

    /// The definition: of each axis every value is there equally often, or once more.
    #[test]
    fn a_latin_hypercube_meets_every_value_equally_often() {
        for seed in 0..20 {
            for (lengths, count) in [(&[5, 5, 5][..], 5), (&[4, 3, 7], 12), (&[2, 9], 9), (&[6], 6)] {
                let points = latin(lengths, Latin { points: count, seed });
                // With few values two draws may be one point; of many values none is drawn twice.
                assert!(points.len() <= count as usize && points.len() > count as usize / 2);
                for (axis, length) in lengths.iter().enumerate() {
                    if points.len() == count as usize {
                        let met = |value: usize| points.iter().filter(|point| point[axis] == value).count();
                        let counts: Vec<usize> = (0..*length).map(met).collect();
                        let (least, most) = (counts.iter().min().unwrap(), counts.iter().max().unwrap());
                        assert!(most - least <= 1, "{lengths:?} {counts:?}");
                    }
                }
            }
        }
        let of = |seed| latin(&[50, 50], Latin { points: 50, seed });
        assert!(of(1) == of(1) && of(1) != of(2) && of(1).len() == 50);
    }
}
