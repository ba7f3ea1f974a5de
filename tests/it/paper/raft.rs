//! Raft against Ongaro's dissertation and the Raft paper: the whole table with few seeds, and its second row whole.

use seedstorm::prelude::*;
use seedstorm::scenarios::reproduce::{Allowed, Published, ReproduceOptions, reproduce, select};
use sim_core::ratio::Ratio;

use super::{assert_passes, run_rows};

/// Row 2, with all its seeds: n = 5, latency U[30,40] ms, timeout U[300,600] ms, everyone a follower with a fresh timer.
#[test]
fn election_times_on_a_wide_area_network_are_those_of_the_dissertation() {
    let reproduction = run_rows(&["2"], Ratio::ONE, 2);
    assert_passes(&reproduction);
    assert!(reproduction.is_full() && reproduction.rows().all(|row| row.runs == 10_000));
    let tolerances: Vec<Allowed> = reproduction.rows().map(|row| row.tolerance.clone()).collect();
    assert_eq!(tolerances[0], Allowed::Within(0.03 * 430.0));
}

#[test]
fn split_votes_messages_and_pre_vote_are_as_published() {
    let reproduction = run_rows(&["1", "3", "5"], Ratio::new(1, 20), 2);
    assert_passes(&reproduction);
    assert_eq!(reproduction.rows().count(), 6 + 20 + 5);
}

/// Row 4 without its ten minutes of split votes: what is left of the order.
#[test]
fn the_more_spread_the_shorter_is_the_downtime() {
    let mut experiments = select(&["4".to_owned()]).unwrap();
    experiments[0].cases[0].overlays.push("cluster.duration=\"20s\"".to_owned());
    let options = ReproduceOptions { scale: Ratio::new(1, 20), jobs: Some(2) };
    let reproduction = reproduce(&seedstorm::registry(), experiments, &options, Hooks::NONE).unwrap();
    assert_passes(&reproduction);
    let orders = reproduction.rows().filter(|row| matches!(row.published, Published::Order(_)));
    assert_eq!(orders.count(), 3);
}

#[test]
fn rows_do_not_depend_on_threads_and_fewer_seeds_are_a_prefix() {
    let few = Ratio::new(1, 200);
    let (one, two) = (run_rows(&["1"], few, 1), run_rows(&["1"], few, 2));
    assert!(one.rows().eq(two.rows()));
    let more = run_rows(&["1"], Ratio::new(1, 100), 2);
    for (fewer, more) in one.results[0].samples.iter().zip(&more.results[0].samples) {
        let column = one.results[0].experiment.claims[0].column;
        let (fewer, more) = (fewer.column(&column).0, more.column(&column).0);
        assert_eq!(fewer[..], more[..fewer.len()]);
    }
}

/// A row can fail: timers that are spread three times as far give other times. (Twice as far would differ by a tenth, which
/// is within what so few runs are allowed.)
#[test]
fn other_timeouts_do_not_pass() {
    let mut experiments = select(&["2".to_owned()]).unwrap();
    experiments[0].cases[0].overlays.push("cluster.raft.election_timeout_max=\"1200ms\"".to_owned());
    let options = ReproduceOptions { scale: Ratio::new(1, 20), jobs: Some(2) };
    let reproduction = reproduce(&seedstorm::registry(), experiments, &options, Hooks::NONE).unwrap();
    let failing: Vec<&str> = reproduction.rows().filter(|row| !row.pass).map(|row| row.id.as_str()).collect();
    assert_eq!(failing, ["2-f0-mean", "2-f0-median"]);
}
