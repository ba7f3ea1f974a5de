//! Judges a published claim against our sample: the published figure, ours with its interval, the tolerance, pass or fail.

use sim_core::math;
use sim_core::stats::{Interval, mann_whitney, mean, mean_interval, median, median_interval, wilson};

use super::{Claim, Comparison, Experiment, Sample, Statistic, Tolerance};

/// How sure intervals are.
const CONFIDENCE: f64 = 0.95;
/// What chance may make of an order at most.
const ORDER_P_VALUE: f64 = 0.001;

/// A claim and what came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name among all rows: `1-n5-s4-l0.1`.
    pub id: String,
    /// What it is.
    pub title: String,
    /// In which unit; empty if it is a plain number.
    pub unit: &'static str,
    /// What was published.
    pub published: Published,
    /// What we measure; not a number if there was nothing to measure.
    pub measured: f64,
    /// Where the true value of ours lies, in 95 of 100 cases. Of what is the same in every run: the least and the most.
    pub ci95: Interval,
    /// How far the two may be apart.
    pub tolerance: Allowed,
    /// Whether they are not farther apart than that.
    pub pass: bool,
    /// How many runs it rests on.
    pub runs: u64,
    /// Why it does not pass where no comparison of numbers says so.
    pub note: Option<String>,
}

/// What was published.
#[derive(Clone, Debug, PartialEq)]
pub enum Published {
    /// A figure.
    Value(f64),
    /// An order.
    Order(String),
}

/// How far two figures may be apart.
#[derive(Clone, Debug, PartialEq)]
pub enum Allowed {
    /// So much, in the unit of the figure.
    Within(f64),
    /// Not at all, in any run.
    Exact,
    /// The order must hold, with a rank test that leaves chance at most this probability.
    Order(f64),
}

/// Judges one claim.
pub(super) fn judge(experiment: &Experiment, claim: &Claim, samples: &[Sample]) -> Row {
    let sample = &samples[claim.case];
    let (values, missing) = sample.column(&claim.column);
    let (measured, ci95) = estimate(claim.statistic, &values);
    let (published, tolerance, holds) = match &claim.comparison {
        Comparison::Near(published, tolerance) => {
            let allowed = allowed(*published, *tolerance, sample);
            let near = (measured - published).abs() <= allowed;
            (Published::Value(*published), Allowed::Within(allowed), near)
        }
        Comparison::Exactly(published) => {
            let equal = !values.is_empty() && values.iter().all(|value| value == published);
            (Published::Value(*published), Allowed::Exact, equal)
        }
        Comparison::ShorterThan { case } => {
            let (longer, _) = samples[*case].column(&claim.column);
            let words = format!("shorter than {}", experiment.cases[*case].name);
            (Published::Order(words), Allowed::Order(ORDER_P_VALUE), is_shorter(&values, &longer))
        }
    };
    let note = note(sample, missing);
    Row {
        id: format!("{}-{}", experiment.row, claim.name),
        title: claim.title.clone(),
        unit: claim.unit,
        published,
        measured,
        ci95,
        tolerance,
        pass: holds && note.is_none(),
        runs: sample.runs,
        note,
    }
}

fn estimate(statistic: Statistic, values: &[f64]) -> (f64, Interval) {
    let nothing = Interval { low: f64::NAN, high: f64::NAN };
    let (measured, interval) = match statistic {
        Statistic::Mean => (mean(values), mean_interval(values, CONFIDENCE)),
        Statistic::Median => (median(values), median_interval(values, CONFIDENCE)),
        Statistic::ShareOtherThan(usual) => {
            let others = values.iter().filter(|value| **value != usual).count() as u64;
            let trials = values.len() as u64;
            let share = (trials > 0).then(|| others as f64 / trials as f64);
            (share, Some(wilson(others, trials, CONFIDENCE)))
        }
        Statistic::Every => {
            let ends = values.iter().fold(None, |ends: Option<Interval>, value| {
                let Interval { low, high } = ends.unwrap_or(Interval { low: *value, high: *value });
                Some(Interval { low: low.min(*value), high: high.max(*value) })
            });
            (mean(values), ends)
        }
    };
    (measured.unwrap_or(f64::NAN), interval.unwrap_or(nothing))
}

/// The tolerance in the unit of the figure. With fewer runs than the experiment has, it widens by the root of the ratio.
fn allowed(published: f64, tolerance: Tolerance, sample: &Sample) -> f64 {
    let runs = sample.runs.max(1) as f64;
    let widening = math::sqrt(sample.full_runs as f64 / runs);
    match tolerance {
        Tolerance::Share(share) => share * published.abs() * widening,
        Tolerance::Proportion { least, sigmas } => {
            let sigma = math::sqrt(published * (1.0 - published) / runs);
            (least * widening).max(sigmas * sigma)
        }
    }
}

fn is_shorter(values: &[f64], longer: &[f64]) -> bool {
    let below = median(values).zip(median(longer)).is_some_and(|(ours, other)| ours < other);
    let sure = mann_whitney(values, longer).is_some_and(|test| test.p_value < ORDER_P_VALUE);
    // The test is two-sided: U of the shorter must be below half of all pairs.
    let pairs = values.len() as f64 * longer.len() as f64;
    let direction = mann_whitney(values, longer).is_some_and(|test| test.statistic < pairs / 2.0);
    below && sure && direction
}

fn note(sample: &Sample, missing: u64) -> Option<String> {
    if let Some(seed) = sample.broken.first() {
        let broken = sample.broken.len();
        return Some(format!("a check found something in {broken} runs, first at seed {seed}"));
    }
    (missing > 0).then(|| format!("nothing was measured in {missing} of {} runs", sample.runs))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(runs: u64, full_runs: u64) -> Sample {
        let mut sample = Sample::default();
        (sample.runs, sample.full_runs) = (runs, full_runs);
        sample
    }

    #[test]
    fn tolerances_are_those_of_the_table_and_widen_with_fewer_runs() {
        let proportion = Tolerance::Proportion { least: 0.01, sigmas: 4.0 };
        // Four standard errors of 0.488 over 10,000 runs: 0.01999.
        let allowed_at = |published, tolerance, runs| allowed(published, tolerance, &sample(runs, 10_000));
        assert!((allowed_at(0.488, proportion, 10_000) - 0.019_994).abs() < 1e-5);
        assert_eq!(allowed_at(0.028, proportion, 10_000), 0.01);
        assert!((allowed_at(430.0, Tolerance::Share(0.03), 10_000) - 12.9).abs() < 1e-9);
        assert!((allowed_at(430.0, Tolerance::Share(0.03), 2_500) - 25.8).abs() < 1e-9);
    }

    #[test]
    fn estimates_by_hand() {
        let values = [1.0, 1.0, 2.0, 4.0];
        let (share, interval) = estimate(Statistic::ShareOtherThan(1.0), &values);
        assert!(share == 0.5 && interval.contains(0.5) && interval.low > 0.1);
        assert_eq!(estimate(Statistic::Every, &values), (2.0, Interval { low: 1.0, high: 4.0 }));
        assert_eq!(estimate(Statistic::Median, &values).0, 1.5);
        assert!(estimate(Statistic::Mean, &[]).0.is_nan());
    }

    #[test]
    fn an_order_needs_a_smaller_median_and_more_than_chance() {
        let short: Vec<f64> = (0..50).map(f64::from).collect();
        let long: Vec<f64> = (0..50).map(|value| f64::from(value) + 40.0).collect();
        assert!(is_shorter(&short, &long));
        assert!(!is_shorter(&long, &short));
        assert!(!is_shorter(&short, &short));
        assert!(!is_shorter(&short[..3], &long[..3]), "three runs prove nothing");
        assert!(!is_shorter(&[], &long));
    }
}
