//! The command line: turns arguments into library calls and an exit code. Results go to stdout, everything else to stderr.

mod arguments;
mod build;
mod command;
mod corpus;
mod document;
mod error;
mod exit;
mod files;
mod folder;
mod hang;
mod interrupt;
mod machines;
mod progress;
mod run_progress;
mod run_text;
mod shrink_text;
mod story_text;
mod sweep_table;
mod table;
mod terminal;
mod wall;

use std::panic::catch_unwind;
use std::process::ExitCode;

use clap::Parser;

use arguments::{Arguments, Command};
use error::CliError;
use exit::Exit;
use terminal::Terminal;

/// Runs the command that the arguments name.
pub(crate) fn main() -> ExitCode {
    scenarios::run::keep_quiet_about_panics_in_runs();
    seedstorm::memory::keep();
    interrupt::survive_size_limits();
    let arguments = Arguments::parse();
    // A panic outside of a run is a bug of this program; the hook has printed it.
    catch_unwind(|| dispatch(&arguments)).unwrap_or(Exit::Internal).into()
}

fn dispatch(arguments: &Arguments) -> Exit {
    let terminal = Terminal::new(arguments.quiet, arguments.json);
    let registry = seedstorm::registry();
    hang::listen(terminal);
    let result = match &arguments.command {
        Command::Demo(demo) => command::demo::demo(&registry, demo, &terminal),
        Command::Run(run) => command::run::run(&registry, run, &terminal),
        Command::Replay(replay) => command::replay::replay(&registry, replay, &terminal),
        Command::Explore(explore) => command::explore::explore(&registry, explore, &terminal),
        Command::Reproduce(reproduce) => command::reproduce::reproduce(&registry, reproduce, &terminal),
        Command::Sweep(sweep) => command::sweep::sweep(&registry, sweep, &terminal),
        Command::Schema => command::schema::schema(&registry, &terminal),
        Command::Shrink(shrink) => command::shrink::shrink(&registry, shrink, &terminal),
        Command::Report(report) => command::report::report(report, &terminal),
        Command::Check(check) => command::check::check(check, &terminal),
        Command::Corpus(corpus) => command::corpus::corpus(&registry, corpus, &terminal),
        Command::Validate(validate) => command::validate::validate(&registry, validate, &terminal),
        Command::List(list) => command::list::list(&registry, list, &terminal),
        Command::Explain(explain) => command::explain::explain(&registry, explain, &terminal),
        Command::Completions(completions) => command::completions::completions(completions, &terminal),
    };
    result.unwrap_or_else(|error| report(&error, &terminal))
}

fn report(error: &CliError, terminal: &Terminal) -> Exit {
    terminal.complain(&error.render(terminal.color()));
    error.exit()
}
