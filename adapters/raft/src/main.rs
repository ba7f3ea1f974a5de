//! Every command of seedstorm, for the crate raft.

fn main() -> std::process::ExitCode {
    seedstorm::cli::main(&raft_under_test::registry())
}
