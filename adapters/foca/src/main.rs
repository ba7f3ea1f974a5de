//! Every command of seedstorm, for foca.

fn main() -> std::process::ExitCode {
    seedstorm::cli::main(&foca_under_test::registry())
}
