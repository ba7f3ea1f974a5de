//! `run`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use scenarios::capsule::Capsule;
use scenarios::plan::{Plan, compile};
use scenarios::run::{Divergence, run as run_once, twice};
use scenarios::scenario::Loaded;
use scenarios::trace_file::request;
use sim_core::check::Verdict;
use sim_core::lookout::Lookout;
use sim_core::operation::ObjectModel;
use sim_core::outcome::Outcome;
use sim_core::picture::Detail;
use sim_core::registry::{Launch, Registry};
use sim_core::story;

use crate::build::build_name;
use crate::cli::arguments::{RunArguments, ScenarioArguments};
use crate::cli::capsule_page::{Telling, told};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::export::{self, Export, TraceFile, check_formats};
use crate::cli::run_progress::RunProgress;
use crate::cli::terminal::Terminal;
use crate::cli::unkept::Unkept;
use crate::cli::wall::Stopwatch;
use crate::cli::{document, files, folder, hang, run_text, watch};

/// Runs a scenario once, or twice.
pub(crate) fn run(
    registry: &Registry,
    arguments: &RunArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let (loaded, plants) = files::scenario(registry, &arguments.scenario)?;
    fit(arguments)?;
    let plan = compile(&loaded, arguments.seed, &plants);
    hang::set_scene(&loaded, files::out_folder(&arguments.scenario));
    let watch = Stopwatch::start();
    let progress = RunProgress::of(&plan, terminal, watch);
    let lookout = Some(Arc::clone(&progress) as Arc<dyn Lookout>);
    let trace = arguments.trace.as_ref().map(|_| request(&[], None));
    let launch = Launch { picture: Detail::Full, keep_history: true, lookout, trace, ..Launch::default() };
    let (outcome, divergence) = if arguments.twice {
        let twice = twice(&plan, &launch)?;
        (twice.outcome, twice.divergence)
    } else {
        (run_once(&plan, &launch)?, None)
    };
    progress.finish();
    let watch = watch.stop();
    let mut unkept = Unkept::default();
    write_files(arguments, &loaded, &plan, &outcome, &mut unkept, terminal);
    let met = loaded.scenario.expect.met(&outcome);
    let told = if met && arguments.scenario.out.is_none() {
        None
    } else {
        told(&plan, &outcome, None, "the story", terminal)?
    };
    let kept = keep(&loaded, &plan, &outcome, &arguments.scenario, told.as_ref(), &mut unkept);
    let again = || run_text::run_command(&arguments.scenario, &plants, arguments.seed);
    let mut words = run_text::of_run(&loaded, &plan, &outcome, watch, &kept.replay.unwrap_or_else(again));
    words += &kept.report.map_or_else(String::new, |report| run_text::of_report(&report));
    if let Some(told) = told.as_ref().filter(|_| !met) {
        words += &format!("\n{}", story::words(&told.story, terminal.color_of_results()));
    }
    if arguments.twice && divergence.is_none() {
        words += "\nrun twice    the same digest both times\n";
    }
    if arguments.watch && !terminal.wants_json() {
        play(&outcome, arguments.speed, terminal);
    }
    // One document at a time: a trace on stdout is one already.
    let traced = arguments.trace.as_deref().is_some_and(|path| path == Path::new("-"));
    if !(traced && terminal.wants_json()) {
        terminal.result(|| document::of_run(&loaded, &outcome, met, watch), &words)?;
    }
    let exit = match divergence {
        Some(divergence) => complain(&divergence, terminal),
        None => loaded.scenario.expect.judge(&outcome).into(),
    };
    Ok(unkept.end(exit, terminal))
}

/// Whether the files for other programs can be written.
fn fit(arguments: &RunArguments) -> Result<(), CliError> {
    let RunArguments { history, latencies, trace, formats, .. } = arguments;
    let files = [(Export::Trace, trace), (Export::History, history), (Export::Latencies, latencies)];
    check_formats(formats, &files.map(|(export, path)| (export, path.is_some())))?;
    let paths: Vec<&PathBuf> = files.into_iter().filter_map(|(_, path)| path.as_ref()).collect();
    for (index, path) in paths.iter().enumerate() {
        scenarios::artefact::fit_file(path)?;
        // A device or a pipe takes one after the other.
        if paths[..index].contains(path) && (path.is_file() || !path.exists()) {
            return Err(CliError::OneForTwo { path: (*path).clone() });
        }
    }
    Ok(())
}

/// Writes the files for other programs.
fn write_files(
    arguments: &RunArguments,
    loaded: &Loaded,
    plan: &Plan,
    outcome: &Outcome,
    unkept: &mut Unkept,
    terminal: &Terminal,
) {
    let formats = &arguments.formats;
    if let Some(path) = &arguments.history {
        let model = plan.setup.workload.as_ref().map_or(ObjectModel::Register, |workload| workload.model);
        let format = Export::History.format(path, formats);
        unkept.kept(export::write_clients_history(path, format, model, outcome));
    }
    if let Some(path) = &arguments.latencies {
        unkept.kept(export::write_latencies(path, Export::Latencies.format(path, formats), outcome));
    }
    if let Some(path) = &arguments.trace {
        let format = Export::Trace.format(path, formats);
        let file = TraceFile { path, format, scenario: &loaded.name, request: &request(&[], None) };
        unkept.kept(file.write(plan, outcome, terminal));
    }
}

/// Plays a run back where somebody looks; what cannot be shown is no reason not to tell what it came to.
fn play(outcome: &Outcome, speed: f64, terminal: &Terminal) {
    if !watch::possible(terminal) {
        return;
    }
    if let Err(error) = watch::play(outcome, speed, terminal.color()) {
        terminal.remark(&format!("note: the run could not be shown: {error}"));
    }
}

/// What was written of a run.
#[derive(Default)]
struct Kept {
    /// The command that replays it.
    replay: Option<String>,
    /// The page.
    report: Option<PathBuf>,
}

/// Writes the run's folder if something was found or a folder was named.
fn keep(
    loaded: &Loaded,
    plan: &Plan,
    outcome: &Outcome,
    arguments: &ScenarioArguments,
    told: Option<&Telling>,
    unkept: &mut Unkept,
) -> Kept {
    let met = loaded.scenario.expect.met(outcome);
    let found = !met && !matches!(outcome.verdict, Verdict::Pass | Verdict::Inconclusive);
    if !found && arguments.out.is_none() {
        return Kept::default();
    }
    let folder = files::out_folder(arguments);
    let path = folder.join(format!("seed-{}.capsule.json", outcome.seed));
    let capsule = Capsule::new(loaded, plan, outcome, &build_name());
    let replay = scenarios::capsule::replay_command(&path.display().to_string());
    let record = folder::record(loaded, outcome, met, &replay, told.cloned());
    let replay = unkept.kept(files::write_capsule_at(&path, &capsule)).map(|()| replay);
    Kept { replay, report: unkept.kept(folder::write(&folder, record)) }
}

fn complain(divergence: &Divergence, terminal: &Terminal) -> Exit {
    terminal.complain(&run_text::of_divergence(divergence));
    Exit::Internal
}
