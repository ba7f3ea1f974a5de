//! The passes: each makes candidates of the best run so far, the boldest first.

pub(super) mod afresh;
pub(super) mod background;
pub(super) mod fates;
pub(super) mod faults;
pub(super) mod firm;
pub(super) mod horizon;
pub(super) mod members;
pub(super) mod workload;

use std::ops::Range;

/// The parts that delta debugging leaves out of a list: halves, quarters and so on to single items, from the end to
/// the start, since what comes late depends on what came before (Zeller and Hildebrandt 2002).
fn parts(length: usize) -> impl Iterator<Item = Range<usize>> {
    let sizes = std::iter::successors(Some(length), |size| (*size > 1).then(|| size.div_ceil(2)));
    sizes.filter(|size| *size > 0).flat_map(move |size| {
        let starts = (0..length).step_by(size).collect::<Vec<_>>();
        starts.into_iter().rev().map(move |start| start..(start + size).min(length))
    })
}

/// A list without a part of it.
fn without<T: Clone>(list: &[T], part: &Range<usize>) -> Vec<T> {
    let kept = list.iter().enumerate().filter(|(index, _)| !part.contains(index));
    kept.map(|(_, item)| item.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_comes_once_the_largest_first() {
        let of = |length| parts(length).map(|part| (part.start, part.end)).collect::<Vec<_>>();
        assert_eq!(of(0), []);
        assert_eq!(of(1), [(0, 1)]);
        assert_eq!(of(4), [(0, 4), (2, 4), (0, 2), (3, 4), (2, 3), (1, 2), (0, 1)]);
        assert_eq!(of(3), [(0, 3), (2, 3), (0, 2), (2, 3), (1, 2), (0, 1)]);
    }

    #[test]
    fn a_list_loses_a_part() {
        assert_eq!(without(&[1, 2, 3, 4], &(1..3)), [1, 4]);
    }
}
