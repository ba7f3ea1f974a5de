//! The page of a sweep: slopes against theory, figures, every number. It stands alone and asks for nothing.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use sim_core::sweep::{Estimate, Fit, SweepPoint, SweepTable};

use super::figures;
use crate::figure::{Figure, grouped};

/// The page as one file: no script, no request, light or dark as the reader's system is.
pub fn page(table: &SweepTable) -> String {
    let figures = figures(table);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                title { (table.title) " · seedstorm sweep" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (table.title) }
                    p.about { (table.about) }
                    p.muted { (summary(table)) }
                    @if !table.fits.is_empty() { (fits(table)) }
                    @for law in &table.unjudged {
                        p { strong { "Not judged" } ": " (law.column) " ~ " (law.law) " of " (law.line) }
                    }
                    @for figure in &figures { (drawn(figure)) }
                    (points(table))
                    footer.muted { "sweep " code { (table.hash) } " · seeds " (table.seeds) }
                }
            }
        }
    };
    page.into_string()
}

fn summary(table: &SweepTable) -> String {
    let sum = |of: fn(&SweepPoint) -> u64| table.points.iter().map(of).sum::<u64>();
    let (runs, conclusive, findings) = (sum(|p| p.runs), sum(|p| p.conclusive), sum(|p| p.findings));
    format!(
        "{} points, {} runs: {} conclusive, {} that accuse a protocol. The same seeds at every point; intervals of 95 %.",
        grouped(table.points.len() as f64, 0),
        grouped(runs as f64, 0),
        grouped(conclusive as f64, 0),
        grouped(findings as f64, 0),
    )
}

fn fits(table: &SweepTable) -> Markup {
    html! {
        section {
            h2 { "Slopes" }
            div.scroll {
                table {
                    thead { tr {
                        th scope="col" { "line" } th scope="col" { "column" } th.number scope="col" { "slope" }
                        th.number scope="col" { "95 % interval" } th.number scope="col" { "R²" }
                        th scope="col" { "theory" } th.number scope="col" { "its slope here" } th scope="col" { "agrees" }
                    } }
                    tbody { @for fit in &table.fits { (fit_row(fit)) } }
                }
            }
        }
    }
}

fn fit_row(fit: &Fit) -> Markup {
    let (low, high) = fit.slope_interval;
    html! {
        tr {
            th scope="row" { (fit.line) }
            td { (fit.column) }
            td.number { (format!("{:.3}", fit.slope)) }
            td.number { (format!("{low:.3} to {high:.3}")) }
            td.number { (format!("{:.4}", fit.r_squared)) }
            @match &fit.theory {
                Some(theory) => {
                    td { (theory.law) }
                    td.number { (format!("{:.3} ± {}", theory.slope, theory.tolerance)) }
                    td { @if theory.agrees { "yes" } @else { strong { "no" } } }
                }
                None => { td {} td {} td {} }
            }
        }
    }
}

fn drawn(figure: &Figure) -> Markup {
    let (heads, rows) = figure.table();
    html! {
        section.drawn {
            figure { (PreEscaped(figure.inline_svg())) }
            details {
                summary { "The numbers" }
                div.scroll {
                    table {
                        thead { tr { @for head in &heads { th scope="col" { (head) } } } }
                        tbody { @for row in &rows { tr { @for cell in row { td { (cell) } } } } }
                    }
                }
            }
        }
    }
}

/// Every point with what people ask for first; the rest is in `points.csv`.
fn points(table: &SweepTable) -> Markup {
    let has = |column: &str| table.points.iter().any(|point| point.columns.contains_key(column));
    let columns: Vec<&str> = SHOWN.iter().copied().filter(|column| has(column)).collect();
    html! {
        section {
            h2 { "Points" }
            div.scroll {
                table {
                    thead { tr {
                        th scope="col" { "base" } th scope="col" { "at" } th.number scope="col" { "runs" }
                        th.number scope="col" { "conclusive" }
                        @for column in &columns { th.number scope="col" { (column) } }
                    } }
                    tbody { @for point in &table.points {
                        tr {
                            th scope="row" { (point.base) }
                            td { (at(point)) }
                            td.number { (point.runs) }
                            td.number { (point.conclusive) }
                            @for column in &columns { td.number { (point.columns.get(*column).map(estimate).unwrap_or_default()) } }
                        }
                    } }
                }
            }
            p.muted { "Every column with its intervals: " code { "points.csv" } "; every run: " code { "runs.csv" } "." }
        }
    }
}

const SHOWN: [&str; 5] =
    ["messages_per", "bytes_per", "operation_latency_ns.p50", "operation_latency_ns.p99", "virtual_ns"];

fn at(point: &SweepPoint) -> String {
    let pairs = point.at.iter().map(|at| format!("{} = {}", at.key, at.value));
    pairs.collect::<Vec<_>>().join(", ")
}

fn estimate(found: &Estimate) -> String {
    let decimals = if found.mean.abs() < 100.0 { 2 } else { 0 };
    let half = found.mean_interval.map_or(0.0, |(low, high)| (high - low) / 2.0);
    format!("{} ± {}", grouped(found.mean, decimals), grouped(half, decimals))
}

const STYLE: &str = "
:root{--paper:#f6f6f4;--card:#fff;--text:#1b1b1b;--muted:#5c5c5c;--grid:#dcdcdc;--alarm:#b3261e;
--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#cc79a7;--c4:#c98600;--c5:#2f8fc9;--c6:#5a5a5a;--c7:#a08a00}
@media (prefers-color-scheme:dark){:root{--paper:#141414;--card:#1d1d1d;--text:#ececec;--muted:#a9a9a9;--grid:#3a3a3a;
--alarm:#ff8a80;--c0:#56b4e9;--c1:#e8833a;--c2:#2fc79b;--c3:#dd9cc0;--c4:#f0b93a;--c5:#8fd0f5;--c6:#d0d0d0;--c7:#f0e442}}
body{margin:0;background:var(--paper);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem}h1{font-size:1.6rem;margin:.2em 0}h2{font-size:1.15rem;margin:2em 0 .5em}
.about{max-width:46rem}.muted{color:var(--muted);font-size:.9rem}.drawn{margin-top:2em}figure{margin:0;background:var(--card);border:1px solid var(--grid);
border-radius:6px;padding:.5rem}svg{width:100%;height:auto;display:block;font-family:system-ui,sans-serif}
.scroll{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--grid);white-space:nowrap;font-weight:400}
thead th{color:var(--muted)}.number{text-align:right}code{font-size:.85em}summary{cursor:pointer;padding:.4rem 0}
footer{margin-top:2.5rem}@media print{details{display:none}body{background:#fff}}
";
