//! Series for what is drawn often: fits, distributions, histograms, percentiles.

use sim_core::math;
use sim_core::stats::{log_log, sorted};

use super::{Figure, Point, Series, Style};

/// The share of values at or below each value: an empirical distribution function, as steps.
pub fn distribution(name: &str, values: &[f64]) -> Series {
    let sorted = sorted(values);
    let count = sorted.len() as f64;
    let start = sorted.first().map(|first| Point::new(*first, 0.0));
    let rises = sorted.iter().enumerate().filter(|(index, value)| sorted.get(index + 1) != Some(value));
    let points = rises.map(|(index, value)| Point::new(*value, (index + 1) as f64 / count));
    Series::new(name, Style::Steps, start.into_iter().chain(points).collect())
}

/// How many values fall into each of so many equal bins from the least to the largest.
pub fn histogram(name: &str, values: &[f64], bins: usize) -> Series {
    let sorted = sorted(values);
    let (Some(low), Some(high)) = (sorted.first().copied(), sorted.last().copied()) else {
        return Series::new(name, Style::Area, Vec::new());
    };
    let bins = if high > low { bins.max(1) } else { 1 };
    let width = if high > low { (high - low) / bins as f64 } else { 1.0 };
    let mut counts = vec![0_u64; bins];
    for value in &sorted {
        counts[(((value - low) / width) as usize).min(bins - 1)] += 1;
    }
    let bin = |(index, count): (usize, &u64)| Point::new(low + index as f64 * width, *count as f64);
    let mut points: Vec<Point> = counts.iter().enumerate().map(bin).collect();
    points.push(Point::new(low + bins as f64 * width, 0.0));
    Series::new(name, Style::Area, points)
}

/// Values by the share of values below them, for an axis that opens up its tail ([`super::Axis::tail`]). The value of
/// rank i of n stands at (i - 1/2)/n (Hazen, 1914). At most `most` points are kept, the largest values all among them.
pub fn percentiles(name: &str, values: &[f64], most: usize) -> Series {
    let sorted = sorted(values);
    let count = sorted.len();
    let tail = most / 2;
    let every = (count / (most - tail).max(1)).max(1);
    let kept = (0..count).filter(|index| index % every == 0 || index + tail >= count);
    let point = |index: usize| Point::new((index as f64 + 0.5) / count as f64, sorted[index]);
    Series::new(name, Style::Line, kept.map(point).collect())
}

impl Figure {
    /// Adds the power law that fits a series best (least squares in log-log) as a dashed line in its color, and tells the
    /// exponent and its interval in the series' name. Nothing is added where there is nothing to fit: fewer than three
    /// points, or a value that is not above zero.
    ///
    /// # Panics
    /// If there is no such series, or the confidence is not strictly between 0 and 1.
    pub fn add_power_law(&mut self, series: usize, confidence: f64) {
        let points: Vec<(f64, f64)> = self.series[series].points.iter().map(|p| (p.x, p.y)).collect();
        let Some(fit) = log_log(&points, confidence) else { return };
        let at = |x: f64| Point::new(x, pow10(fit.at(math::log10(x))));
        let ends =
            points.iter().fold((f64::INFINITY, 0.0_f64), |(low, high), (x, _)| (low.min(*x), high.max(*x)));
        let interval = fit.slope_interval;
        let name = &mut self.series[series].name;
        *name = format!("{name}: slope {:.2} [{:.2}, {:.2}]", fit.slope, interval.low, interval.high);
        let color = self.color_of(series);
        self.add(Series::new("", Style::Dashed, vec![at(ends.0), at(ends.1)]).colored(color));
    }
}

fn pow10(exponent: f64) -> f64 {
    math::pow(10.0, exponent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Axis;

    fn pairs(series: &Series) -> Vec<(f64, f64)> {
        series.points.iter().map(|point| (point.x, point.y)).collect()
    }

    #[test]
    fn a_distribution_rises_to_one() {
        let series = distribution("d", &[3.0, 1.0, 1.0, 2.0]);
        assert_eq!(pairs(&series), [(1.0, 0.0), (1.0, 0.5), (2.0, 0.75), (3.0, 1.0)]);
    }

    #[test]
    fn a_histogram_counts_every_value_once() {
        let series = histogram("h", &[0.0, 1.0, 1.5, 4.0], 2);
        assert_eq!(pairs(&series), [(0.0, 3.0), (2.0, 1.0), (4.0, 0.0)]);
        assert_eq!(pairs(&histogram("h", &[5.0, 5.0], 10)), [(5.0, 2.0), (6.0, 0.0)]);
        assert_eq!(pairs(&histogram("h", &[], 10)), []);
    }

    #[test]
    fn percentiles_keep_the_whole_tail() {
        let values: Vec<f64> = (0..10_000).map(f64::from).collect();
        let series = percentiles("p", &values, 200);
        assert!(series.points.len() <= 210, "{}", series.points.len());
        let tail: Vec<f64> = series.points.iter().rev().take(100).map(|point| point.y).collect();
        assert!(tail.windows(2).all(|pair| pair[0] - pair[1] == 1.0), "{tail:?}");
        assert!(series.points.last().unwrap().x < 1.0);
    }

    #[test]
    fn a_power_law_is_found() {
        let mut figure = Figure::new("f", "", Axis::log("n", ""), Axis::log("messages", ""));
        let points = [2.0, 4.0, 8.0, 16.0].map(|n| Point::new(n, 3.0 * n * n)).to_vec();
        figure.add(Series::new("Bracha", Style::Dots, points));
        figure.add_power_law(0, 0.95);
        assert_eq!(figure.series[0].name, "Bracha: slope 2.00 [2.00, 2.00]");
        let line = &figure.series[1].points;
        assert!((line[0].y - 12.0).abs() < 1e-6 && (line[1].y - 768.0).abs() < 1e-6, "{line:?}");
        figure.add(Series::new("two", Style::Dots, vec![Point::new(1.0, 1.0)]));
        figure.add_power_law(2, 0.95);
        assert_eq!(figure.series.len(), 3, "one point has no slope");
    }
}
