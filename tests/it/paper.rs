//! The literature, on seeds enough for its tolerances. Figures and tolerances are those that the papers allow; nothing
//! is tuned to them.

mod byzantine;
mod gossip;
mod raft;

use seedstorm::prelude::*;
use seedstorm::scenarios::reproduce::{ReproduceOptions, Reproduction, reproduce, select};
use sim_core::ratio::Ratio;

fn run_rows(words: &[&str], scale: Ratio, jobs: usize) -> Reproduction {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let options = ReproduceOptions { scale, jobs: Some(jobs) };
    reproduce(&seedstorm::registry(), select(&words).unwrap(), &options, Hooks::NONE).unwrap()
}

fn assert_passes(reproduction: &Reproduction) {
    for row in reproduction.rows() {
        assert!(row.pass, "{row:?}");
    }
}
