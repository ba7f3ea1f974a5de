//! The program: the command line with the protocols of this package.

use std::process::ExitCode;

fn main() -> ExitCode {
    seedstorm::cli::main(&seedstorm::registry())
}
