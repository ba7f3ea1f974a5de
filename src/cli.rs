//! The command line: turns arguments into library calls and an exit code. Results go to stdout, everything else to stderr.

mod arguments;
mod campaign;
mod capsule_page;
mod command;
mod document;
mod embedded;
mod engine;
mod error;
mod evidence;
mod exit;
mod export;
mod files;
mod folder;
mod hang;
mod interrupt;
mod machines;
mod mistyped;
mod progress;
mod run_progress;
mod run_text;
mod shrink_text;
mod story_progress;
mod sweep_table;
mod table;
mod terminal;
mod unkept;
mod wall;
mod watch;

use std::ffi::{OsStr, OsString};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::FromArgMatches;
use scenarios::program;
use sim_core::registry::Registry;

use arguments::{Arguments, Command};
use error::CliError;
use exit::Exit;
use terminal::Terminal;

pub use embedded::{Answer, Embedded};

/// Runs the command that the arguments of this process name, for the protocols of a registry. A program of a few lines
/// has every command of this package that way, with its own protocols and under its own name:
///
/// ```no_run
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     // A registry with protocols of one's own; `seedstorm::registry()` holds those of this package.
///     seedstorm::cli::main(&seedstorm::registry())
/// }
/// ```
///
/// Capsules, stories and errors print commands of the program by the name of its file. Arguments that make no sense end
/// the process with exit code 2 and a text that says why.
pub fn main(registry: &Registry) -> ExitCode {
    name_program();
    scenarios::run::keep_quiet_about_panics_in_runs();
    crate::memory::keep();
    interrupt::survive_size_limits();
    let arguments = read(std::env::args_os()).unwrap_or_else(|error| error.exit());
    let terminal = Terminal::new(arguments.quiet, arguments.json);
    hang::listen(terminal);
    caught(|| dispatch(registry, &arguments, terminal)).into()
}

/// What words ask for, the first of which is the program's name.
fn read<T: Into<OsString>>(words: impl IntoIterator<Item = T>) -> Result<Arguments, clap::Error> {
    let command = mistyped::with_negative_values(arguments::command());
    let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
    let matches = command.clone().try_get_matches_from(&words);
    Arguments::from_arg_matches(&matches.map_err(|error| mistyped::with_hints(error, &command, &words))?)
}

/// A panic outside of a run is a bug of this program; the hook has printed it.
fn caught(command: impl FnOnce() -> Exit) -> Exit {
    catch_unwind(AssertUnwindSafe(command)).unwrap_or(Exit::Internal)
}

/// Commands that are printed begin with the name of the file that runs.
fn name_program() {
    let path = std::env::args_os().next().map(PathBuf::from);
    let stem = path.as_deref().and_then(Path::file_stem).and_then(OsStr::to_str);
    if let Some(name) = stem.filter(|name| !name.is_empty()) {
        program::call(name);
    }
}

fn dispatch(registry: &Registry, arguments: &Arguments, terminal: Terminal) -> Exit {
    let result = match &arguments.command {
        Command::Demo(demo) => command::demo::demo(registry, demo, &terminal),
        Command::Run(run) => command::run::run(registry, run, &terminal),
        Command::Replay(replay) => command::replay::replay(registry, replay, &terminal),
        Command::Explore(explore) => command::explore::explore(registry, explore, &terminal),
        Command::Reproduce(reproduce) => command::reproduce::reproduce(registry, reproduce, &terminal),
        Command::Sweep(sweep) => command::sweep::sweep(registry, sweep, &terminal),
        Command::Merge(merge) => command::merge::merge(registry, merge, &terminal),
        Command::Schema(schema) => command::schema::schema(registry, schema, &terminal),
        Command::Shrink(shrink) => command::shrink::shrink(registry, shrink, &terminal),
        Command::Likelihood(likelihood) => command::likelihood::likelihood(registry, likelihood, &terminal),
        Command::Report(report) => command::report::report(registry, report, &terminal),
        Command::Compare(compare) => command::compare::compare(registry, compare, &terminal),
        Command::Check(check) => command::check::check(check, &terminal),
        Command::Corpus(corpus) => command::corpus::corpus(registry, corpus, &terminal),
        Command::Validate(validate) => command::validate::validate(registry, validate, &terminal),
        Command::List(list) => command::list::list(registry, list, &terminal),
        Command::Explain(explain) => command::explain::explain(registry, explain, &terminal),
        Command::Completions(completions) => command::completions::completions(completions, &terminal),
    };
    result.unwrap_or_else(|error| report(&error, &terminal))
}

fn report(error: &CliError, terminal: &Terminal) -> Exit {
    terminal.complain(&error.render(terminal.color()));
    error.exit()
}
