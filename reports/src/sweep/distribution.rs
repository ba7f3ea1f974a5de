//! How the single runs of a sweep's points are distributed: a mean hides the run that took ten times as long.

use sim_core::sweep::{Plot, SweepPoint, SweepTable};

use super::words::{capitalized, column_words, key_words, line_words, unit_of};
use super::{empty, value_axis};
use crate::figure::{Axis, Figure, Scale, shapes};

/// More lines cannot be told apart.
const MOST_LINES: usize = 8;

/// The distribution of a plot's first column over the runs of its points. None where it would show nothing: a share of runs, or
/// quantities that are the same in all runs.
pub(super) fn figure(table: &SweepTable, plot: &Plot) -> Option<Figure> {
    let column = plot.columns.first()?;
    let (shown, all) = chosen(table, plot, column);
    let values = |point: &SweepPoint| point.distributions.get(column).cloned().unwrap_or_default();
    let vary = shown.iter().any(|point| {
        let values = values(point);
        let mut different = values.clone();
        different.dedup();
        different.len() > 2
    });
    if !vary {
        return None;
    }
    let mut x = Axis { label: value_axis(plot)?.label, ..value_axis(plot)? };
    if plot.columns.len() > 1 && plot.y_label.is_none() {
        x.label = column_words(column, false);
    }
    if shown.iter().any(|point| values(point).first().is_none_or(|least| *least <= 0.0)) {
        x.scale = Scale::Linear;
    }
    let title = format!("{}: how single runs differ", capitalized(&x.label));
    let y = Axis::linear("share of runs up to there", "").from_to(0.0, 1.0);
    let mut figure = empty(plot, &format!("{}-distribution", plot.name), &title, x, y);
    let alone = table.lines(&plot.against).len() == 1;
    for point in &shown {
        let line = line_words(table, point, &plot.against);
        let value = point.coordinate(&plot.against).map_or("", |at| &at.value);
        let place = format!("{} = {value}", key_words(table, &plot.against));
        let name = if alone { place } else { format!("{line}, {place}") };
        let divisor = unit_of(column).1;
        let values: Vec<f64> = values(point).iter().map(|value| value / divisor).collect();
        figure.add(shapes::distribution(&name, &values));
    }
    let points =
        if shown.len() < all { format!("{} of {all} points", shown.len()) } else { format!("{all} points") };
    figure.caption = format!("Each run counts once; {points}");
    Some(figure)
}

/// The points that are shown: all of them if they are few, else as many of each line, from its first to its last; and how many
/// there are.
fn chosen<'a>(table: &'a SweepTable, plot: &Plot, column: &str) -> (Vec<&'a SweepPoint>, usize) {
    let lines: Vec<Vec<&SweepPoint>> = table
        .lines(&plot.against)
        .into_iter()
        .map(|(_, points)| {
            points
                .into_iter()
                .filter(|point| plot.shows(&point.base) && point.distributions.contains_key(column))
                .collect::<Vec<_>>()
        })
        .filter(|points| !points.is_empty())
        .collect();
    let all = lines.iter().map(Vec::len).sum();
    if all <= MOST_LINES {
        return (lines.into_iter().flatten().collect(), all);
    }
    let each = (MOST_LINES / lines.len()).max(1);
    let spread = |points: &Vec<&'a SweepPoint>| {
        let last = points.len() - 1;
        let count = each.min(points.len());
        let at = |index: usize| if count > 1 { index * last / (count - 1) } else { last };
        (0..count).map(|index| points[at(index)]).collect::<Vec<_>>()
    };
    (lines.iter().take(MOST_LINES).flat_map(spread).collect(), all)
}
