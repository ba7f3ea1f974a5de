//! Every command of seedstorm, for iroh-gossip.

fn main() -> std::process::ExitCode {
    seedstorm::cli::main(&iroh_gossip_under_test::registry())
}
