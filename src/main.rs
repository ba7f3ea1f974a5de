//! The program: calls the command line and exits with its code.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cli::main()
}
