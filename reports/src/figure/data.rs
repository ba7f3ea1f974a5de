//! The numbers of a figure as a tidy table: a row for each point and for each band.

use sim_core::text::csv_line;

use super::{Band, Figure, Point, Scale, Series, Style};

/// The heads and the rows.
pub(super) fn table(figure: &Figure) -> (Vec<String>, Vec<Vec<String>>) {
    let heads = ["series", "style"].map(str::to_owned).into_iter();
    let ends = [figure.x.heading(), format!("{} end", figure.x.label), figure.y.heading()];
    let heads = heads.chain(ends).chain(["low", "high"].map(str::to_owned)).collect();
    let points = figure.series.iter().flat_map(|series| {
        let row = |point: &Point| row(figure, series, point);
        series.points.iter().map(row).collect::<Vec<_>>()
    });
    (heads, points.chain(figure.bands.iter().map(band)).collect())
}

fn row(figure: &Figure, series: &Series, point: &Point) -> Vec<String> {
    let x = match &figure.x.scale {
        Scale::Names(names) => names.get(point.x as usize).cloned().unwrap_or_else(|| number(point.x)),
        Scale::Linear | Scale::Log | Scale::Tail => number(point.x),
    };
    let (low, high) = point.interval.map_or_else(Default::default, |(low, high)| (number(low), number(high)));
    vec![series.name.clone(), style(series.style).to_owned(), x, String::new(), number(point.y), low, high]
}

fn band(band: &Band) -> Vec<String> {
    let empty = String::new;
    vec![band.label.clone(), "band".to_owned(), number(band.from), number(band.to), empty(), empty(), empty()]
}

/// The shortest digits that give the same number again; nothing for what is none.
fn number(value: f64) -> String {
    if value.is_finite() { format!("{value}") } else { String::new() }
}

fn style(style: Style) -> &'static str {
    match style {
        Style::Line => "line",
        Style::Dashed => "dashed",
        Style::Dots => "dots",
        Style::Cloud => "cloud",
        Style::Steps => "steps",
        Style::Area => "area",
        Style::Bars => "bars",
        Style::Published => "published",
    }
}

/// The table as a CSV (RFC 4180, lines end with a line feed alone).
pub(super) fn csv(figure: &Figure) -> String {
    let (heads, rows) = table(figure);
    std::iter::once(&heads).chain(&rows).map(csv_line).collect()
}
