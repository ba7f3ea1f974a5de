//! The results of a sweep in a few lines.

use std::fmt::Write;
use std::path::PathBuf;

use scenarios::sweep::{Sweep, SweepRun};
use sim_core::sweep::{Comparison, Estimate, Fit, SweepPoint, SweepTable, Unjudged};

use super::command::sweep::judge;
use super::table::{counted, thousands};
use super::wall::Stopwatch;

/// The tables of points, the slopes, where the files are.
pub(crate) fn words(
    sweep: &Sweep,
    run: &SweepRun,
    table: &SweepTable,
    kept: &[PathBuf],
    watch: Stopwatch,
    columns: usize,
) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{} · {}", sweep.name, table.title);
    let resumed = match run.resumed {
        0 => String::new(),
        runs => format!(", {} of them from before", thousands(runs)),
    };
    let _ = writeln!(
        text,
        "{} of {}{resumed} · {} · seeds {} · {}",
        thousands(run.made),
        counted(sweep.runs(), "run"),
        counted(table.points.len() as u64, "point"),
        table.seeds,
        watch.words()
    );
    if !table.points.is_empty() {
        let _ = writeln!(text, "{} · {}", judge(run, table).words(), table.reason());
    }
    if let Some(stop) = &table.stop {
        let stopped = table.points.iter().filter(|point| point.stopped).count();
        let _ = writeln!(text, "{stop}: {stopped} of {} points stopped early", table.points.len());
    }
    if run.interrupted {
        text += "interrupted: what was done is kept, --resume goes on with it\n";
    }
    let mut bases: Vec<&str> = table.points.iter().map(|point| point.base.as_str()).collect();
    bases.dedup();
    for base in bases {
        let points: Vec<&SweepPoint> = table.points.iter().filter(|point| point.base == base).collect();
        text += &of_base(base, &points, columns);
    }
    for point in &table.points {
        for limit in point.limits.iter().filter(|limit| limit.met != Some(true)) {
            let state = if limit.met.is_none() { "NOT JUDGED" } else { "MISSED" };
            let at: Vec<String> = point.at.iter().map(|at| format!("{} = {}", at.key, at.value)).collect();
            let worst = limit.worst.join(", ");
            let _ = writeln!(text, "limit {state}  {} at {}: {}", point.base, at.join(", "), limit.words);
            if !worst.is_empty() {
                let _ = writeln!(text, "worst runs  {worst}");
            }
        }
    }
    text += &of_comparisons(&table.comparisons);
    text += &of_fits(&table.fits);
    for law in &table.unjudged {
        let Unjudged { line, column, law, .. } = law;
        let _ = writeln!(text, "{line}: {column} ~ {law} was NOT JUDGED, too little was measured");
    }
    for path in kept.iter().filter(|path| path.ends_with("report.html") || path.ends_with("points.csv")) {
        let _ = writeln!(
            text,
            "{:<10}{}",
            if path.ends_with("report.html") { "report" } else { "numbers" },
            path.display()
        );
    }
    text
}

/// Columns that people ask for first, as they are headed; those that were not measured are left out.
const SHOWN: [(&str, &str); 5] = [
    ("messages_per", "messages"),
    ("bytes_per", "bytes"),
    ("operation_latency_ns.p50", "p50"),
    ("operation_latency_ns.p90", "p90"),
    ("operation_latency_ns.p99", "p99"),
];

fn of_base(base: &str, points: &[&SweepPoint], columns: usize) -> String {
    let has = |column: &str| points.iter().any(|point| point.columns.contains_key(column));
    let measures = points.iter().flat_map(|point| point.columns.keys());
    let mut measures: Vec<&str> =
        measures.map(String::as_str).filter(|name| name.starts_with("measure.")).collect();
    measures.sort_unstable();
    measures.dedup();
    let mut shown: Vec<(&str, &str)> = SHOWN.into_iter().filter(|(column, _)| has(column)).collect();
    shown.extend(measures.into_iter().map(|name| (name, name.trim_start_matches("measure."))));
    let keys: Vec<&str> = points[0].at.iter().map(|at| at.key.as_str()).collect();
    let table = |shown: &[(&str, &str)], spread: bool| {
        let rows = points.iter().map(|point| cells(point, shown, spread));
        aligned(&std::iter::once(heads(&keys, shown)).chain(rows).collect::<Vec<_>>())
    };
    let fits = |text: &str| text.lines().all(|line| line.chars().count() <= columns);
    let mut text = table(&shown, true);
    // On a narrow terminal, intervals and then columns are left out: the page and points.csv have all of them.
    if !fits(&text) {
        text = table(&shown, false);
    }
    while !fits(&text) && shown.len() > 1 {
        shown.pop();
        text = table(&shown, false);
    }
    format!("\n{base}, per {}\n{text}", points[0].per)
}

fn heads(keys: &[&str], shown: &[(&str, &str)]) -> Vec<String> {
    let mut heads: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    heads.push("runs".to_owned());
    for (_, head) in shown {
        heads.push((*head).to_owned());
    }
    heads.push("not pass".to_owned());
    heads
}

fn cells(point: &SweepPoint, shown: &[(&str, &str)], spread: bool) -> Vec<String> {
    let mut cells: Vec<String> = point.at.iter().map(|at| at.value.clone()).collect();
    cells.push(thousands(point.runs));
    for (column, _) in shown {
        cells.push(
            point.columns.get(*column).map_or_else(|| "-".to_owned(), |found| number(column, found, spread)),
        );
    }
    let others = point.verdicts.iter().filter(|(name, _)| *name != "pass");
    let others: Vec<String> = others.map(|(name, runs)| format!("{name} {runs}")).collect();
    cells.push(if others.is_empty() { "-".to_owned() } else { others.join(", ") });
    cells
}

/// The mean, and half the width of its interval where that is wanted and there is one.
fn number(column: &str, found: &Estimate, spread: bool) -> String {
    let (scale, unit) = if column.contains("_ns") { (1e6, " ms") } else { (1.0, "") };
    // A mean of one value has no interval.
    let half = found.mean_interval.filter(|_| spread).map(|(low, high)| (high - low) / 2.0);
    let spread = half.map_or_else(String::new, |half| format!(" ±{}", digits(half / scale)));
    format!("{}{unit}{spread}", digits(found.mean / scale))
}

/// Three or four digits that matter.
fn digits(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 1_000.0 => format!("{value:.1}"),
        size if size < 9e15 => thousands(value.round() as u64),
        _ => format!("{value:.3e}"),
    }
}

/// Points side by side, a line for each column.
fn of_comparisons(comparisons: &[Comparison]) -> String {
    let mut text = String::new();
    for found in comparisons {
        let (scale, unit) = if found.column.contains("_ns") { (1e6, " ms") } else { (1.0, "") };
        let sign = |value: f64| if value < 0.0 { "-" } else { "" };
        let number = |value: f64| format!("{}{}", sign(value), digits(value.abs() / scale));
        let (low, high) = found.difference_interval;
        let ratio = found.ratio.zip(found.ratio_interval);
        let ratio = ratio.map_or_else(String::new, |(ratio, (low, high))| {
            format!(", {ratio:.3} times ({low:.3} to {high:.3})")
        });
        let _ = writeln!(
            text,
            "{} against {} ({}): {} {} more ({} to {}){unit}{ratio}; larger in {}, smaller in {} of {} seeds",
            found.second,
            found.first,
            found.at,
            found.column,
            number(found.difference),
            number(low),
            number(high),
            found.larger,
            found.smaller,
            found.pairs,
        );
    }
    if text.is_empty() { text } else { format!("\n{text}") }
}

/// Columns to the right, the last one to the left.
fn aligned(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let pad = width - cell.chars().count();
            let gap = if column == 0 { "  " } else { "   " };
            let last = column + 1 == columns;
            line += gap;
            line += &" ".repeat(if last { 0 } else { pad });
            line += cell;
        }
        text += line.trim_end();
        text.push('\n');
    }
    text
}

fn of_fits(fits: &[Fit]) -> String {
    if fits.is_empty() {
        return "\n".to_owned();
    }
    let mut rows =
        vec![["", "", "slope", "95 % interval", "theory", "its slope", ""].map(str::to_owned).to_vec()];
    for fit in fits {
        let (low, high) = fit.slope_interval;
        let mut row = vec![
            fit.line.clone(),
            format!("{} ~ {}", fit.column, fit.against),
            format!("{:.3}", fit.slope),
            format!("{low:.3} to {high:.3}"),
        ];
        match &fit.theory {
            Some(theory) => row.extend([
                theory.law.clone(),
                format!("{:.3} ±{}", theory.slope, theory.tolerance),
                if theory.agrees { "agrees".to_owned() } else { "DISAGREES".to_owned() },
            ]),
            None => row.extend(["-".to_owned(), "-".to_owned(), String::new()]),
        }
        rows.push(row);
    }
    format!("\nslopes in log-log\n{}\n", aligned(&rows))
}

#[cfg(test)]
mod tests {
    use super::{aligned, digits, of_comparisons};
    use sim_core::sweep::Comparison;

    #[test]
    fn numbers_keep_the_digits_that_matter() {
        for (value, text) in
            [(0.0, "0"), (1.234, "1.23"), (67.5, "67.5"), (1_234.5, "1,235"), (2e16, "2.000e16")]
        {
            assert_eq!(digits(value), text);
        }
    }

    #[test]
    fn columns_stand_under_each_other() {
        let rows = [["n", "messages", "x"], ["13", "5", "y"]].map(|row| row.map(str::to_owned).to_vec());
        assert_eq!(aligned(&rows), "   n   messages   x\n  13          5   y\n");
    }

    #[test]
    fn a_comparison_is_told_with_its_signs_and_units() {
        let found = Comparison {
            at: "Raft".to_owned(),
            first: "a".to_owned(),
            second: "b".to_owned(),
            column: "operation_latency_ns.p50".to_owned(),
            pairs: 12,
            difference: -2_500_000_000.0,
            difference_interval: (-3e9, 1e6),
            p_value: 0.1,
            ratio: None,
            ratio_interval: None,
            larger: 3,
            smaller: 9,
        };
        let expected = "\nb against a (Raft): operation_latency_ns.p50 -2,500 more (-3,000 to 1.00) ms; larger in 3, \
                        smaller in 9 of 12 seeds\n";
        assert_eq!(of_comparisons(&[found]), expected);
        assert_eq!(of_comparisons(&[]), "");
    }
}
