//! A figure over time as a strip that a page can stretch: its plot has no letters, so that it may be drawn wider than it
//! is high, and the page puts ticks and names beside it.

use std::fmt::Write;

use super::canvas::COLORS;
use super::scale::{Ground, Measure};
use super::{Figure, Point, Series, Style};

/// How wide the plot is, in units of its own.
pub(crate) const WIDTH: f64 = 10_000.0;
/// How high.
pub(crate) const HEIGHT: f64 = 100.0;

/// The parts of a strip.
pub(crate) struct Strip {
    /// Where the vertical axis has its ticks, from 0 at the top to 1, and what stands there.
    pub(crate) ticks: Vec<(f64, String)>,
    /// A path for each series: the class of its color, the class of its style, the path.
    pub(crate) paths: Vec<(String, &'static str, String)>,
}

impl Figure {
    /// The figure as a strip. Its horizontal axis must be of numbers with given ends.
    pub(crate) fn strip(&self) -> Strip {
        let grounded = self.series.iter().any(|series| series.style == Style::Area);
        let heights = self.series.iter().flat_map(|series| &series.points).flat_map(Point::heights);
        let y = Measure::new(&self.y, heights, if grounded { Ground::Zero } else { Ground::High });
        let ends = self.x.range.unwrap_or((0.0, 1.0));
        let across = |x: f64| ((x - ends.0) / (ends.1 - ends.0)).clamp(0.0, 1.0) * WIDTH;
        let place = |point: &Point| {
            let share = y.inside(point.y).filter(|_| point.y.is_finite())?;
            Some((across(point.x), (1.0 - share) * HEIGHT))
        };
        let ticks = y.ticks(2.5).into_iter();
        let ticks = ticks.filter_map(|tick| Some((1.0 - y.inside(tick.value)?, tick.label)));
        let path = |(index, series): (usize, &Series)| {
            let (class, path) = drawn(series, place);
            (self.color_class(index), class, path)
        };
        Strip { ticks: ticks.collect(), paths: self.series.iter().enumerate().map(path).collect() }
    }

    /// The class that gives a series its color on a page.
    pub(crate) fn color_class(&self, index: usize) -> String {
        format!("c{}", self.color_of(index) % COLORS)
    }

    /// `latency (ms)`, as the strip is headed.
    pub(crate) fn y_heading(&self) -> String {
        self.y.heading()
    }
}

/// A series as a path, with the class of its style.
fn drawn(series: &Series, place: impl Fn(&Point) -> Option<(f64, f64)>) -> (&'static str, String) {
    let places: Vec<Option<(f64, f64)>> = series.points.iter().map(place).collect();
    let mut path = String::new();
    let mut before: Option<(f64, f64)> = None;
    let class = match series.style {
        Style::Cloud | Style::Dots | Style::Published | Style::Bars => "cloud",
        Style::Area => "area",
        Style::Line | Style::Dashed | Style::Steps => "line",
    };
    for at in places {
        // Writing to a string cannot fail.
        let _ = match (at, before, series.style) {
            (None, _, _) => Ok(()),
            (Some((x, y)), _, _) if class == "cloud" => write!(path, "M{x:.0} {y:.1}h0"),
            (Some((x, y)), None, Style::Area) => write!(path, "M{x:.0} {HEIGHT}V{y:.1}"),
            (Some((x, y)), None, _) => write!(path, "M{x:.0} {y:.1}"),
            (Some((x, y)), Some(_), Style::Steps | Style::Area) => write!(path, "H{x:.0}V{y:.1}"),
            (Some((x, y)), Some(_), _) => write!(path, "L{x:.0} {y:.1}"),
        };
        before = at;
    }
    if class == "area" && !path.is_empty() {
        let _ = write!(path, "V{HEIGHT}Z");
    }
    (class, path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figure::Axis;

    #[test]
    fn a_line_breaks_where_there_is_no_value_and_an_area_stands_on_the_ground() {
        let axis = || Axis::linear("time", "s").from_to(0.0, 10.0);
        let points = || {
            vec![Point::new(0.0, 0.0), Point::new(5.0, 4.0), Point::new(7.0, f64::NAN), Point::new(10.0, 2.0)]
        };
        let mut figure = Figure::new("f", "F", axis(), Axis::linear("rate", "1/s").from_to(0.0, 4.0));
        figure.add(Series::new("a", Style::Line, points()).colored(3));
        figure.add(Series::new("b", Style::Area, points()[..2].to_vec()));
        let strip = figure.strip();
        assert_eq!(strip.paths[0], ("c3".to_owned(), "line", "M0 100.0L5000 0.0M10000 50.0".to_owned()));
        assert_eq!(strip.paths[1].2, "M0 100V100.0H5000V0.0V100Z");
        assert!(strip.ticks.iter().any(|(share, label)| *share == 1.0 && label == "0"), "{:?}", strip.ticks);
    }
}
