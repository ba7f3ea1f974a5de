//! Every command of seedstorm, for OmniPaxos.

fn main() -> std::process::ExitCode {
    seedstorm::cli::main(&omnipaxos_under_test::registry())
}
