//! The page of a sweep: slopes against theory, figures, every number.

use maud::{Markup, html};
use sim_core::ordered::OrderedSet;
use sim_core::sweep::{Comparison, Estimate, Fit, SweepPoint, SweepTable};

use super::words::{column_words, line_words, place_words, unit_of};
use super::{FILE_NAME, figures};
use crate::figure::grouped;
use crate::page::{Files, Page, framed, table, tone};

/// The page as one file.
pub fn page(table: &SweepTable) -> String {
    let figures = figures(table);
    let about = html! { b { (table.title) } " · a sweep over seeds " (table.seeds) };
    let main = html! {
        (headline(table))
        // The picture that answers comes first, the numbers behind it later.
        section aria-label="Figures" {
            h2 { "Over the grid" }
            div.gallery { @for figure in &figures { (framed(figure, Files::Beside)) } }
        }
        @if !table.fits.is_empty() { (fits(table)) }
        @for law in &table.unjudged {
            p { strong { "Not judged" } ": " (column_words(&law.column, false)) " ~ " (law.law) " of " (law.line) }
        }
        @if !table.comparisons.is_empty() { (comparisons(table)) }
        (points(table))
        (rates(table))
    };
    Page { title: format!("{} · seedstorm sweep", table.title), about, main, made_from: FILE_NAME }
        .into_html()
}

/// What it came to, in a sentence.
fn headline(table: &SweepTable) -> Markup {
    let judgment = table.judge();
    html! {
        section.headline aria-label="Verdict" {
            h1 { span class={ "badge " (tone(judgment)) } { (judgment.words()) } " " (table.reason()) }
            p.sub { (summary(table)) " · sweep " code { (table.hash) } }
            p.about { b { (table.title) } ". " (table.about) }
            @if let Some(stop) = &table.stop { p { (stop) ": " (stopped(table)) } }
        }
    }
}

fn summary(table: &SweepTable) -> String {
    let sum = |of: fn(&SweepPoint) -> u64| table.points.iter().map(of).sum::<u64>();
    let (runs, conclusive) = (sum(|p| p.runs), sum(|p| p.conclusive));
    format!(
        "{} points, {} runs, {} of them conclusive; the same seeds at every point; intervals of 95 %",
        grouped(table.points.len() as f64, 0),
        grouped(runs as f64, 0),
        grouped(conclusive as f64, 0),
    )
}

/// How many points did.
fn stopped(table: &SweepTable) -> String {
    let stopped = table.points.iter().filter(|point| point.stopped).count();
    format!("{stopped} of {} points stopped early", table.points.len())
}

fn owned<const N: usize>(words: [&str; N]) -> Vec<String> {
    words.map(str::to_owned).to_vec()
}

fn fits(table: &SweepTable) -> Markup {
    let heads = owned([
        "line",
        "column",
        "slope",
        "95 % interval",
        "R²",
        "theory",
        "its slope here",
        "tolerance",
        "agrees",
    ]);
    let rows: Vec<Vec<String>> = table.fits.iter().map(|found| fit(table, found)).collect();
    html! { section { h2 { "Slopes" } (table::table(&heads, &rows, "Slopes of power laws")) } }
}

fn fit(table: &SweepTable, fit: &Fit) -> Vec<String> {
    let first = table.points.iter().find(|point| point.line(&fit.against) == fit.line);
    let (low, high) = fit.slope_interval;
    let mut row = vec![
        first.map_or_else(|| fit.line.clone(), |point| line_words(table, point, &fit.against)),
        column_words(&fit.column, false),
        format!("{:.3}", fit.slope),
        format!("{low:.3} to {high:.3}"),
        format!("{:.4}", fit.r_squared),
    ];
    if let Some(theory) = &fit.theory {
        let agrees = if theory.agrees { "yes" } else { "NO" };
        let tolerance = format!("± {}", theory.tolerance);
        row.extend([theory.law.clone(), format!("{:.3}", theory.slope), tolerance, agrees.to_owned()]);
    }
    row
}

/// Points side by side, seed by seed.
fn comparisons(table: &SweepTable) -> Markup {
    let heads = owned([
        "at",
        "first",
        "second",
        "column",
        "pairs",
        "second minus first",
        "p",
        "second over first",
        "larger",
        "smaller",
    ]);
    let row = |found: &Comparison| {
        let (unit, divisor) = unit_of(&found.column);
        let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
        let number = |value: f64| {
            let value = value / divisor;
            grouped(value, if value.abs() < 100.0 { 2 } else { 0 })
        };
        let (low, high) = found.difference_interval;
        let ratio = found.ratio.zip(found.ratio_interval);
        let ratio = ratio.map(|(ratio, (low, high))| format!("{ratio:.3} ({low:.3} to {high:.3})"));
        vec![
            found.at.clone(),
            found.first.clone(),
            found.second.clone(),
            head(&found.column),
            found.pairs.to_string(),
            format!("{} ({} to {}){unit}", number(found.difference), number(low), number(high)),
            format!("{:.4}", found.p_value),
            ratio.unwrap_or_default(),
            found.larger.to_string(),
            found.smaller.to_string(),
        ]
    };
    let rows: Vec<Vec<String>> = table.comparisons.iter().map(row).collect();
    html! {
        section {
            h2 { "Side by side" }
            (table::table(&heads, &rows, "Points compared seed by seed"))
            p.quiet {
                "Differences over the same seeds, with Student's interval of 95 %; ratios of means with that of a bootstrap \
                 over pairs. The same numbers: " code { "comparisons.csv" } "."
            }
        }
    }
}

/// The share of runs of each kind.
fn rates(table: &SweepTable) -> Markup {
    let names: OrderedSet<&str> =
        table.points.iter().flat_map(|point| point.rates.keys()).map(String::as_str).collect();
    if names.is_empty() {
        return html! {};
    }
    let heads: Vec<String> =
        ["base", "at"].into_iter().chain(names.iter().copied()).map(|name| name.replace('.', " ")).collect();
    let row = |point: &SweepPoint| {
        let share = |name: &&str| {
            let rate = point.rates.get(*name)?;
            let (low, high) = rate.interval;
            Some(format!("{:.1} % ({:.1} to {:.1})", 100.0 * rate.share(), 100.0 * low, 100.0 * high))
        };
        let shares = names.iter().map(|name| share(name).unwrap_or_default());
        [point.base.clone(), place_words(table, point)].into_iter().chain(shares).collect()
    };
    let rows: Vec<Vec<String>> = table.points.iter().map(row).collect();
    html! {
        section {
            h2 { "Shares of runs" }
            (table::table(&heads, &rows, "Shares of runs, with Wilson's interval of 95 %"))
            p.quiet { "With Wilson's intervals of 95 %. The same numbers: " code { "rates.csv" } "." }
        }
    }
}

/// Every point with what people ask for first; the rest is in `points.csv`.
fn points(table: &SweepTable) -> Markup {
    let has = |column: &&str| table.points.iter().any(|point| point.columns.contains_key(*column));
    let measured: OrderedSet<&str> =
        table.points.iter().flat_map(|point| point.columns.keys()).map(String::as_str).collect();
    let measured = measured.into_iter().filter(|column| column.starts_with("measure."));
    let columns: Vec<&str> = measured.chain(SHOWN.iter().copied().filter(has)).collect();
    let heads = ["base", "at", "runs", "conclusive"].map(str::to_owned).into_iter();
    let heads: Vec<String> = heads.chain(columns.iter().map(|column| head(column))).collect();
    let row = |point: &SweepPoint| {
        let counts = [point.runs, point.conclusive].map(|count| count.to_string());
        let measured = columns.iter().map(|name| point.columns.get(*name).map(|found| estimate(name, found)));
        let measured = measured.map(Option::unwrap_or_default);
        [point.base.clone(), place_words(table, point)].into_iter().chain(counts).chain(measured).collect()
    };
    let rows: Vec<Vec<String>> = table.points.iter().map(row).collect();
    html! {
        section {
            h2 { "Points" }
            (table::table(&heads, &rows, "Points of the grid"))
            p.quiet { "Every column with its intervals: " code { "points.csv" } "; every run: " code { "runs.csv" } "." }
        }
    }
}

/// A column in words, as a table is headed.
fn head(column: &str) -> String {
    let per = if column.ends_with("_per") { " per unit of work" } else { "" };
    format!("{}{per}", column_words(column, false))
}

const SHOWN: [&str; 5] =
    ["messages_per", "bytes_per", "operation_latency_ns.p50", "operation_latency_ns.p99", "virtual_ns"];

/// A mean and half its interval, which a single value has not; nanoseconds as milliseconds.
fn estimate(column: &str, found: &Estimate) -> String {
    let (unit, divisor) = unit_of(column);
    let unit = if unit.is_empty() { String::new() } else { format!(" {unit}") };
    let decimals = if found.mean.abs() / divisor < 100.0 { 2 } else { 0 };
    let spread = found.mean_interval.map_or_else(String::new, |(low, high)| {
        format!(" ± {}", grouped((high - low) / 2.0 / divisor, decimals))
    });
    format!("{}{spread}{unit}", grouped(found.mean / divisor, decimals))
}
