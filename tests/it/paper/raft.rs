//! Raft against Ongaro's dissertation.

use seedstorm::prelude::*;
use seedstorm::scenarios::builtin;

/// Election times over 10,000 seeds, in milliseconds, sorted.
fn election_times(absent: &str) -> Vec<f64> {
    let registry = seedstorm::registry();
    let source = builtin::find("raft-wan-election").unwrap();
    let overlay = format!("initial.absent={absent}");
    let loaded = load(&registry, source, Format::Toml, &[overlay]).unwrap();
    let time = |seed| {
        let outcome = run(&compile(&loaded, seed, &[]), &Launch::default()).unwrap();
        outcome.measures["election_ns"].unwrap() as f64 / 1e6
    };
    let mut times: Vec<f64> = (0..10_000).map(time).collect();
    times.sort_by(f64::total_cmp);
    times
}

/// Row 2: n = 5, latency U[30,40] ms, timeout U[300,600] ms, everyone a follower with a fresh timer at 0.
#[test]
fn election_times_on_a_wide_area_network_are_those_of_the_dissertation() {
    for (absent, mean, median) in
        [("[]", 430.0, 409.5), ("[\"n5\"]", 468.6, 423.3), ("[\"n4\", \"n5\"]", 631.6, 468.7)]
    {
        let times = election_times(absent);
        let found_mean = times.iter().sum::<f64>() / times.len() as f64;
        let found_median = f64::midpoint(times[4_999], times[5_000]);
        println!(
            "absent {absent}: mean {found_mean:.1} (published {mean}), median {found_median:.1} ({median})"
        );
        assert!((found_mean / mean - 1.0).abs() < 0.03, "{absent}: mean {found_mean} against {mean}");
        assert!(
            (found_median / median - 1.0).abs() < 0.02,
            "{absent}: median {found_median} against {median}"
        );
    }
}
