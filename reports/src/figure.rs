//! Figures as values: one [`Figure`] gives a PNG, an SVG and a tidy CSV, so that picture and numbers cannot differ.
//!
//! A figure knows nothing of runs or campaigns. It has a title, two axes, series of points, and bands behind them. How
//! a series is drawn follows from its [`Style`] and from whether its points carry an interval: a line gets a ribbon,
//! dots get whiskers. Colors are Okabe and Ito's, which people with any color vision tell apart.
//!
//! ```
//! use reports::figure::{Axis, Figure, Point, Series, Style};
//!
//! let mut figure = Figure::new("messages-vs-n", "Messages per commit", Axis::log("nodes", ""), Axis::log("messages", ""));
//! figure.caption = "Mean of 200 seeds each; lines are least squares in log-log".to_owned();
//! figure.add(Series::new("Raft", Style::Dots, vec![
//!     Point::new(3.0, 4.1).between(4.0, 4.2),
//!     Point::new(9.0, 16.3).between(16.0, 16.5),
//!     Point::new(27.0, 52.4).between(52.0, 52.8),
//! ]));
//! figure.add_power_law(0, 0.95);
//! let files = figure.files()?; // messages-vs-n.png, .svg and .csv, to be written by the caller
//! assert_eq!(files.len(), 3);
//! # Ok::<(), reports::figure::FigureError>(())
//! ```
//!
//! Shapes for what is drawn often (distributions, histograms, percentiles, published values beside measured ones) are
//! in [`shapes`]. Text is set in the font of `reports/fonts/`, which is part of the program: no font of the system is used.

mod canvas;
mod data;
mod draw;
mod error;
mod font;
mod glyphs;
mod inline;
mod layout;
mod marks;
mod number;
pub mod paper;
mod raster;
mod scale;
pub mod shapes;
pub(crate) mod strip;
mod vector;

#[cfg(test)]
mod tests;

pub use error::FigureError;
pub use number::grouped;

/// The folder of the figures, beside a page.
pub const FIGURES: &str = "figures";

/// A picture of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// The stem of its files' names: lower case, digits and hyphens.
    pub name: String,
    /// What it shows, in a few words.
    pub title: String,
    /// A line below the title: how much was measured, what was left out.
    pub caption: String,
    /// The horizontal axis.
    pub x: Axis,
    /// The vertical axis.
    pub y: Axis,
    /// What is drawn, the first one first.
    pub series: Vec<Series>,
    /// Stretches of the horizontal axis that are tinted behind everything: faults in force.
    pub bands: Vec<Band>,
    /// Width and height in CSS pixels; a PNG has twice as many each way.
    pub size: (u32, u32),
}

/// An axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Axis {
    /// What it shows: `latency`.
    pub label: String,
    /// In which unit: `ms`; empty if it is a plain number.
    pub unit: String,
    /// How values become places.
    pub scale: Scale,
    /// The ends of the axis; from the data if absent.
    pub range: Option<(f64, f64)>,
}

/// How values become places.
#[derive(Clone, Debug, PartialEq)]
pub enum Scale {
    /// Equal steps for equal differences.
    Linear,
    /// Equal steps for equal ratios; values at or below zero are not drawn.
    Log,
    /// For shares from 0 to 1: equal steps from 90 % to 99 % to 99.9 %, so that a tail can be read.
    Tail,
    /// Named places; a value is the index of its name.
    Names(Vec<String>),
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Style {
    /// A line through the points, with a ribbon where they carry intervals. A value that is not a number breaks it.
    Line,
    /// A dashed line: a fit, a bound, a theory.
    Dashed,
    /// Dots, with whiskers where they carry intervals.
    Dots,
    /// Very many small, translucent dots.
    Cloud,
    /// A staircase: each value holds until the next point.
    Steps,
    /// A staircase, filled down to zero.
    Area,
    /// Columns up from zero.
    Bars,
    /// Hollow diamonds: values that others published.
    Published,
}

/// Points that belong together.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// As the legend calls it; empty keeps it out of the legend.
    pub name: String,
    /// How it is drawn.
    pub style: Style,
    /// Where.
    pub points: Vec<Point>,
    /// Which of the colors; if absent, by its place among the series without one.
    pub color: Option<usize>,
}

/// A point, perhaps with an interval up and down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// On the horizontal axis.
    pub x: f64,
    /// On the vertical axis.
    pub y: f64,
    /// Where the value may lie, low and high.
    pub interval: Option<(f64, f64)>,
}

/// A stretch of the horizontal axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Band {
    /// What it is: `partition`.
    pub label: String,
    /// Its left end.
    pub from: f64,
    /// Its right end; the same as the left one for a moment.
    pub to: f64,
}

/// A file of a figure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FigureFile {
    /// Its name, without a folder.
    pub name: String,
    /// What is in it.
    pub content: Vec<u8>,
}

impl Figure {
    /// A figure with nothing in it.
    pub fn new(name: &str, title: &str, x: Axis, y: Axis) -> Self {
        Self {
            name: name.to_owned(),
            title: title.to_owned(),
            caption: String::new(),
            x,
            y,
            series: Vec::new(),
            bands: Vec::new(),
            size: (720, 420),
        }
    }

    /// Adds a series.
    pub fn add(&mut self, series: Series) {
        self.series.push(series);
    }

    /// The figure as a PNG, two pixels for each CSS pixel.
    ///
    /// # Errors
    /// If the drawing library fails, which would be a bug.
    pub fn png(&self) -> Result<Vec<u8>, FigureError> {
        raster::png(self)
    }

    /// The figure as an SVG file that stands alone.
    ///
    /// # Errors
    /// If the drawing library fails, which would be a bug.
    pub fn svg(&self) -> Result<String, FigureError> {
        vector::svg(self)
    }

    /// The numbers, one row each: what is drawn and nothing else.
    pub fn csv(&self) -> String {
        data::csv(self)
    }

    /// An SVG element for a page, colored by the page's own variables and so light or dark as the page is.
    pub fn inline_svg(&self) -> String {
        inline::svg(self)
    }

    /// The heads and the rows of the [`Figure::csv`].
    pub fn table(&self) -> (Vec<String>, Vec<Vec<String>>) {
        data::table(self)
    }

    /// All three files.
    ///
    /// # Errors
    /// Like [`Figure::png`].
    pub fn files(&self) -> Result<[FigureFile; 3], FigureError> {
        let file = |ending: &str, content| FigureFile { name: format!("{}.{ending}", self.name), content };
        Ok([
            file("png", self.png()?),
            file("svg", self.svg()?.into_bytes()),
            file("csv", self.csv().into_bytes()),
        ])
    }

    /// The color of a series, as an index.
    fn color_of(&self, index: usize) -> usize {
        let free = |series: &&Series| series.color.is_none();
        self.series[index].color.unwrap_or_else(|| self.series[..index].iter().filter(free).count())
    }
}

impl Axis {
    /// An axis with equal steps.
    pub fn linear(label: &str, unit: &str) -> Self {
        Self { label: label.to_owned(), unit: unit.to_owned(), scale: Scale::Linear, range: None }
    }

    /// A logarithmic axis.
    pub fn log(label: &str, unit: &str) -> Self {
        Self { scale: Scale::Log, ..Self::linear(label, unit) }
    }

    /// An axis of shares that opens up its upper end.
    pub fn tail(label: &str) -> Self {
        Self { scale: Scale::Tail, ..Self::linear(label, "") }
    }

    /// An axis of names.
    pub fn names(label: &str, names: Vec<String>) -> Self {
        Self { scale: Scale::Names(names), ..Self::linear(label, "") }
    }

    /// The same axis with given ends.
    #[must_use]
    pub fn from_to(self, low: f64, high: f64) -> Self {
        Self { range: Some((low, high)), ..self }
    }

    /// `latency (ms)`.
    fn heading(&self) -> String {
        if self.unit.is_empty() { self.label.clone() } else { format!("{} ({})", self.label, self.unit) }
    }
}

impl Series {
    /// A series in the next free color.
    pub fn new(name: &str, style: Style, points: Vec<Point>) -> Self {
        Self { name: name.to_owned(), style, points, color: None }
    }

    /// The same series in a color of the palette, given by its index.
    #[must_use]
    pub fn colored(self, color: usize) -> Self {
        Self { color: Some(color), ..self }
    }
}

impl Point {
    /// A point without an interval.
    pub fn new(x: f64, y: f64) -> Self {
        Self { x, y, interval: None }
    }

    /// The same point with an interval.
    #[must_use]
    pub fn between(self, low: f64, high: f64) -> Self {
        Self { interval: Some((low, high)), ..self }
    }

    /// Every value on the vertical axis that belongs to it.
    fn heights(&self) -> impl Iterator<Item = f64> {
        let (low, high) = self.interval.unwrap_or((self.y, self.y));
        [self.y, low, high].into_iter()
    }
}
