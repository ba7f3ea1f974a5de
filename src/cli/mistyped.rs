//! What to say to arguments that make no sense, beyond what the parser of arguments says.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Command};
use scenarios::problem::nearest;

/// Values that look like negative numbers are values: their own parser says what is wrong with them.
pub(super) fn with_negative_values(command: Command) -> Command {
    let allow = |argument: Arg| {
        let takes = argument.get_action().takes_values();
        if takes { argument.allow_negative_numbers(true) } else { argument }
    };
    command.mut_args(allow).mut_subcommands(with_negative_values)
}

/// The error with the nearest command, where two letters that changed places hide it from the parser.
pub(super) fn with_hints(mut error: clap::Error, command: &Command, words: &[OsString]) -> clap::Error {
    if error.kind() != ErrorKind::InvalidSubcommand || error.get(ContextKind::SuggestedSubcommand).is_some() {
        return error;
    }
    let Some(ContextValue::String(wrong)) = error.get(ContextKind::InvalidSubcommand) else { return error };
    // A command's own commands are something else than those of the program.
    let before = words.iter().take_while(|word| *word != wrong.as_str());
    let within = before.fold(command, |within, word| within.find_subcommand(word).unwrap_or(within));
    let names: Vec<&str> = within.get_subcommands().map(Command::get_name).collect();
    if let Some(near) = nearest(wrong, &names) {
        let near = ContextValue::Strings(vec![near.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, near);
    }
    error
}
