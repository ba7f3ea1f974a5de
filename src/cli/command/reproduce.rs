//! `reproduce`.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use scenarios::parallel::Hooks;
use scenarios::reproduce::{
    Allowed, ExperimentResult, Published, ReproduceOptions, Reproduction, Row, count_runs,
    reproduce as run_experiments, select,
};
use serde_json::{Value, json};
use sim_core::ratio::Ratio;
use sim_core::registry::Registry;

use crate::cli::arguments::share;
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::interrupt;
use crate::cli::table::thousands;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;
use crate::cli::wall::Stopwatch;

#[derive(Debug, Args)]
pub(crate) struct ReproduceArguments {
    /// What to reproduce: a protocol (`raft`), rows (`1 4`), or `all` [default: all].
    #[arg(value_name = "WHAT")]
    pub(crate) what: Vec<String>,
    /// Run only this share of the seeds, the first ones, as in `1/10`; tolerances widen by the root of it.
    #[arg(long, default_value = "1", value_name = "SHARE", value_parser = share)]
    pub(crate) seeds_scale: Ratio,
    /// Threads [default: all cores].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,
    /// Write the rows as JSON and the plots as PNG, SVG and CSV here.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// Runs published experiments and puts what was published beside what comes out.
pub(crate) fn reproduce(
    registry: &Registry,
    arguments: &ReproduceArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let experiments = select(&arguments.what)?;
    if let Some(folder) = &arguments.out {
        scenarios::artefact::fit(folder, &["reproduce.json"])?;
    }
    let options = ReproduceOptions { scale: arguments.seeds_scale, jobs: arguments.jobs.map(usize::from) };
    let watch = Stopwatch::start();
    interrupt::listen();
    let bar = terminal.progress(count_runs(&experiments, options.scale));
    let after_run = || {
        bar.inc(1);
        if watch.seconds() > 1.0 {
            terminal.show(&bar);
        }
    };
    let hooks = Hooks { after_run: &after_run, interrupted: &interrupt::interrupted };
    let reproduction = run_experiments(registry, experiments, &options, hooks);
    bar.finish_and_clear();
    let reproduction = reproduction?;
    let mut unkept = Unkept::default();
    if let Some(folder) = &arguments.out {
        unkept.kept(write(folder, &reproduction, watch, terminal));
    }
    terminal.result(|| document(&reproduction, watch), &words(&reproduction, watch))?;
    let exit = exit(&reproduction);
    Ok(unkept.end(exit, terminal))
}

fn exit(reproduction: &Reproduction) -> Exit {
    if reproduction.interrupted {
        Exit::Interrupted
    } else if reproduction.passes() {
        Exit::AsExpected
    } else {
        Exit::Finding
    }
}

/// Writes the rows and every figure.
fn write(
    folder: &Path,
    reproduction: &Reproduction,
    watch: Stopwatch,
    terminal: &Terminal,
) -> Result<(), CliError> {
    let document = format!("{:#}\n", document(reproduction, watch));
    scenarios::artefact::write(&folder.join("reproduce.json"), document.as_bytes())?;
    for figure in crate::literature::figures(reproduction) {
        for file in figure.files()? {
            scenarios::artefact::write(&folder.join(file.name), &file.content)?;
        }
    }
    terminal.remark(&format!("rows and plots are in {}", folder.display()));
    Ok(())
}

fn document(reproduction: &Reproduction, watch: Stopwatch) -> Value {
    let rows: Vec<Value> = reproduction.results.iter().flat_map(rows).collect();
    json!({
        "schema": "seedstorm.reproduce/1",
        "seeds_scale": reproduction.scale.to_string(),
        "full": reproduction.is_full(),
        "interrupted": reproduction.interrupted,
        "pass": reproduction.passes(),
        "rows": rows,
        "wall": { "milliseconds": watch.milliseconds() },
    })
}

fn rows(result: &ExperimentResult) -> impl Iterator<Item = Value> + '_ {
    let experiment = &result.experiment;
    result.rows.iter().map(|row| {
        json!({
            "id": row.id,
            "row": experiment.row,
            "protocol": experiment.protocol,
            "title": row.title,
            "source": experiment.source,
            "unit": row.unit,
            "published": match &row.published {
                Published::Value(value) => json!(value),
                Published::Order(words) => json!(words),
            },
            "measured": row.measured,
            "ci95": [row.ci95.low, row.ci95.high],
            "tolerance": match row.tolerance {
                Allowed::Within(distance) => json!(distance),
                Allowed::Exact => json!(0.0),
                Allowed::Order(p_value) => json!(format!("p < {p_value}")),
            },
            "pass": row.pass,
            "runs": row.runs,
            "note": row.note,
        })
    })
}

fn words(reproduction: &Reproduction, watch: Stopwatch) -> String {
    let mut text = String::new();
    for result in &reproduction.results {
        let experiment = &result.experiment;
        let _ = writeln!(text, "{} {}: {}", experiment.row, experiment.protocol, experiment.title);
        let _ = writeln!(text, "  {}", experiment.source);
        for row in &result.rows {
            text += &line(row);
        }
        text.push('\n');
    }
    let (rows, passing) = (reproduction.rows().count(), reproduction.rows().filter(|row| row.pass).count());
    let runs: u64 =
        reproduction.results.iter().flat_map(|result| &result.samples).map(|sample| sample.runs).sum();
    let cut = if reproduction.interrupted { " · interrupted" } else { "" };
    let _ =
        writeln!(text, "{passing} of {rows} rows pass · {} runs in {}{cut}", thousands(runs), watch.words());
    if !reproduction.is_full() {
        let scale = reproduction.scale;
        let _ =
            writeln!(text, "{scale} of the seeds: tolerances are widened by the root of what is left out");
    }
    text
}

fn line(row: &Row) -> String {
    let published = match &row.published {
        Published::Value(value) => number(*value),
        Published::Order(words) => words.clone(),
    };
    let tolerance = match row.tolerance {
        Allowed::Within(distance) => format!("±{}", number(distance)),
        Allowed::Exact => "exact".to_owned(),
        Allowed::Order(p_value) => format!("p < {p_value}"),
    };
    let interval = format!("[{}, {}]", number(row.ci95.low), number(row.ci95.high));
    let verdict = if row.pass { "pass" } else { "FAIL" };
    let note = row.note.as_ref().map_or_else(String::new, |note| format!("  {note}"));
    let (id, measured, unit) = (&row.id, number(row.measured), row.unit);
    format!(
        "  {verdict}  {id:<22} published {published:>8}  measured {measured:>8} {interval:<20} {tolerance:>9} {unit}{note}\n"
    )
}

/// A figure in about four digits.
fn number(value: f64) -> String {
    match value.abs() {
        _ if value.fract() == 0.0 => format!("{value}"),
        size if size < 1.0 => format!("{value:.4}"),
        size if size < 10.0 => format!("{value:.3}"),
        size if size < 1_000.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}
