//! How values are distributed, small enough to be kept with a run.

use serde::{Deserialize, Serialize};

/// Which share of values is at most how large: an empirical distribution function, in at most a few hundred steps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cumulative {
    /// Of what: a metric, in nanoseconds if its name ends with `_ns`, or [`Cumulative::SENT`].
    pub name: String,
    /// How many values.
    pub count: u64,
    /// Values in ascending order, each with the share of all that is at most that; the last one has 1.
    pub steps: Vec<(u64, f64)>,
}

/// So many steps a distribution has at most, but for one.
const MOST_STEPS: u64 = 200;

impl Cumulative {
    /// The name of what each member sent.
    pub const SENT: &'static str = "messages sent by each member";

    /// From values in ascending order, and how often each is there. Of those between two steps the largest is kept.
    pub(crate) fn of(name: &str, values: &[(u64, u64)]) -> Self {
        let count: u64 = values.iter().map(|(_, times)| times).sum();
        let (mut steps, mut below, mut reached) = (Vec::new(), 0, None);
        for (value, times) in values {
            below += times;
            let step = (u128::from(below) * u128::from(MOST_STEPS)) / u128::from(count.max(1));
            let here = (*value, below as f64 / count as f64);
            // A step is where the share passes a multiple of 1/200, so that ends of gaps stay.
            match steps.last_mut() {
                Some(last) if reached == Some(step) => *last = here,
                _ => steps.push(here),
            }
            reached = Some(step);
        }
        Self { name: name.to_owned(), count, steps }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_rises_to_one_in_a_few_steps() {
        let few = Cumulative::of("few", &[(3, 1), (5, 2), (9, 1)]);
        assert_eq!((few.count, few.steps), (4, vec![(3, 0.25), (5, 0.75), (9, 1.0)]));
        let many: Vec<(u64, u64)> = (0..10_000).map(|value| (value, 3)).collect();
        let many = Cumulative::of("many", &many);
        assert_eq!((many.count, many.steps.last()), (30_000, Some(&(9_999, 1.0))));
        assert!((190..=201).contains(&many.steps.len()), "{}", many.steps.len());
        assert!(many.steps.is_sorted_by(|one, next| one.0 < next.0 && one.1 < next.1));
        assert_eq!(Cumulative::of("none", &[]).steps, []);
    }
}
