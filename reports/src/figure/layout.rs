//! Where everything goes: margins that fit the labels, the plot, the legend.

use super::canvas::PixelPoint;
use super::font::width;
use super::scale::{Ground, Measure, Tick};
use super::{Figure, Scale, Series, Style};

/// The size of letters, as ems in CSS pixels.
pub(super) const TITLE: f64 = 16.0;
pub(super) const SMALL: f64 = 12.0;

const EDGE: f64 = 14.0;
/// The most of the width that names beside the ends of lines may take.
const NAMES_SHARE: f64 = 0.3;

/// A figure, measured.
pub(super) struct Layout<'a> {
    pub(super) x: Measure<'a>,
    pub(super) y: Measure<'a>,
    pub(super) x_ticks: Vec<Tick>,
    pub(super) y_ticks: Vec<Tick>,
    /// Values between ticks that are marked.
    pub(super) x_marks: Vec<f64>,
    pub(super) y_marks: Vec<f64>,
    /// The plot's upper left corner and its size.
    pub(super) corner: PixelPoint,
    pub(super) plot: PixelPoint,
    pub(super) legend: Legend,
    /// Whether names below the plot need two rows.
    pub(super) staggered: bool,
    /// The lines of the texts at the top, with their base lines.
    pub(super) title: Vec<(String, f64)>,
    pub(super) caption: Vec<(String, f64)>,
    pub(super) y_heading_at: f64,
    /// Where texts at the left begin.
    pub(super) left: f64,
}

/// How series are told apart.
pub(super) enum Legend {
    /// There is one at most.
    None,
    /// Names stand beside the ends of lines.
    Beside,
    /// Names stand above the plot: index of the series, place of the name.
    Above(Vec<(usize, PixelPoint)>),
}

impl<'a> Layout<'a> {
    pub(super) fn new(figure: &'a Figure) -> Self {
        let (width, height) = (f64::from(figure.size.0), f64::from(figure.size.1));
        let grounded = figure.series.iter().any(|series| matches!(series.style, Style::Bars | Style::Area));
        let points = || figure.series.iter().flat_map(|series| &series.points);
        let x = Measure::new(&figure.x, points().map(|point| point.x), Ground::Wide);
        let y = Measure::new(
            &figure.y,
            points().flat_map(super::Point::heights),
            if grounded { Ground::Zero } else { Ground::High },
        );
        // What a paper shows has its title below it.
        let mut top = 0.0;
        let mut title = Vec::new();
        for line in wrapped(&figure.title, width - 2.0 * EDGE, (TITLE, true)) {
            top += if title.is_empty() { EDGE + TITLE } else { TITLE + 4.0 };
            title.push((line, top));
        }
        let mut caption = Vec::new();
        for line in wrapped(&figure.caption, width - 2.0 * EDGE, (SMALL, false)) {
            top += 17.0;
            caption.push((line, top));
        }
        let legend = legend(figure, &mut top, width);
        top += 24.0;
        let y_heading_at = top;
        top += 10.0;
        if figure.bands.iter().any(|band| !band.label.is_empty()) {
            top += 14.0;
        }
        let staggered = is_crowded(figure, width - 70.0);
        let bottom = if staggered { 56.0 } else { 44.0 };
        let y_wanted = (height - top - bottom) / 50.0;
        let (y_ticks, y_marks) = (y.ticks(y_wanted), y.marks(y_wanted));
        let widest = y_ticks.iter().map(|tick| self::width(&tick.label, SMALL, false)).fold(0.0, f64::max);
        let left = EDGE + widest + 8.0;
        let right = match legend {
            Legend::Beside => EDGE + 12.0 + names_width(figure),
            Legend::None | Legend::Above(_) => EDGE + 10.0,
        };
        let plot = (width - left - right, height - top - bottom);
        let x_wanted = plot.0 / 80.0;
        let (x_ticks, x_marks) = (x.ticks(x_wanted), x.marks(x_wanted));
        Self {
            x,
            y,
            x_ticks,
            y_ticks,
            x_marks,
            y_marks,
            corner: (left, top),
            plot,
            legend,
            staggered,
            title,
            caption,
            y_heading_at,
            left: EDGE,
        }
    }

    /// The place of a value, if it has one inside the axes.
    pub(super) fn place(&self, x: f64, y: f64) -> Option<PixelPoint> {
        Some((self.across(self.x.inside(x)?), self.down(self.y.inside(y)?)))
    }

    pub(super) fn across(&self, share: f64) -> f64 {
        self.corner.0 + share * self.plot.0
    }

    pub(super) fn down(&self, share: f64) -> f64 {
        self.corner.1 + (1.0 - share) * self.plot.1
    }
}

/// Whether the names of a horizontal axis do not fit into one row.
fn is_crowded(figure: &Figure, room: f64) -> bool {
    let Scale::Names(names) = &figure.x.scale else { return false };
    let each = room / names.len().max(1) as f64;
    names.iter().any(|name| width(name, SMALL, false) + 6.0 > each)
}

/// The series that have a name.
pub(super) fn named(figure: &Figure) -> impl Iterator<Item = (usize, &Series)> {
    figure.series.iter().enumerate().filter(|(_, series)| !series.name.is_empty())
}

fn names_width(figure: &Figure) -> f64 {
    named(figure).map(|(_, series)| width(&series.name, SMALL, false)).fold(0.0, f64::max)
}

fn legend(figure: &Figure, top: &mut f64, width: f64) -> Legend {
    let count = named(figure).count();
    if count <= 1 && figure.series.iter().all(|series| series.style != Style::Published) {
        return Legend::None;
    }
    let is_line = |series: &Series| matches!(series.style, Style::Line | Style::Dashed | Style::Steps);
    let lines = named(figure).all(|(_, series)| is_line(series) && !series.points.is_empty());
    let along = !matches!(figure.x.scale, Scale::Names(_));
    if lines && along && count <= 8 && names_width(figure) < NAMES_SHARE * width {
        return Legend::Beside;
    }
    let (mut x, mut entries) = (EDGE, Vec::new());
    *top += 22.0;
    for (index, series) in named(figure) {
        let needed = 22.0 + self::width(&series.name, SMALL, false);
        if x > EDGE && x + needed > width - EDGE {
            x = EDGE;
            *top += 18.0;
        }
        entries.push((index, (x + 22.0, *top)));
        x += needed + 20.0;
    }
    Legend::Above(entries)
}

/// Breaks a text into lines that fit.
fn wrapped(text: &str, room: f64, (size, bold): (f64, bool)) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if width(line, size, bold) + width(word, size, bold) + 4.0 <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
