//! Byzantine agreement against the literature: exact rows exactly, the others with few seeds.

use seedstorm::prelude::*;
use seedstorm::scenarios::reproduce::{ReproduceOptions, Reproduction, reproduce, select};
use sim_core::ratio::Ratio;

fn run_rows(words: &[&str], scale: Ratio) -> Reproduction {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let options = ReproduceOptions { scale, jobs: Some(2) };
    reproduce(&seedstorm::registry(), select(&words).unwrap(), &options, Hooks::NONE).unwrap()
}

#[test]
fn delays_counts_and_thresholds_are_as_published() {
    let reproduction = run_rows(&["14", "15", "17", "18"], Ratio::new(1, 10));
    for row in reproduction.rows() {
        assert!(row.pass, "{row:?}");
    }
    assert_eq!(reproduction.rows().count(), 15 + 33 + 30 + 4);
}

#[test]
fn decisions_under_normal_delays_take_as_long_as_published() {
    for row in run_rows(&["16"], Ratio::new(1, 10)).rows() {
        assert!(row.pass, "{row:?}");
        assert!((row.measured - 760.0).abs() < 45.0, "{row:?}");
    }
}

/// A row can fail: with one traitor more, the honest are split where they should not be.
#[test]
fn one_traitor_more_does_not_pass() {
    let mut experiments = select(&["17".to_owned()]).unwrap();
    experiments[0].cases[0].overlays.push("initial.corrupt=[\"n1\",\"n2\"]".to_owned());
    let options = ReproduceOptions { scale: Ratio::new(1, 10), jobs: Some(2) };
    let reproduction = reproduce(&seedstorm::registry(), experiments, &options, Hooks::NONE).unwrap();
    let failing: Vec<&str> = reproduction.rows().filter(|row| !row.pass).map(|row| row.id.as_str()).collect();
    assert_eq!(failing, ["17-pbft-n4-t1"]);
}

/// The attacks need the rules as they were published: without these bugs, the rows of the flaws fail, and no others.
#[test]
fn repaired_rules_show_no_flaw() {
    let mut experiments = select(&["18".to_owned()]).unwrap();
    for case in &mut experiments[0].cases {
        case.plant = None;
    }
    let options = ReproduceOptions { scale: Ratio::new(1, 10), jobs: Some(2) };
    let reproduction = reproduce(&seedstorm::registry(), experiments, &options, Hooks::NONE).unwrap();
    let failing: Vec<&str> = reproduction.rows().filter(|row| !row.pass).map(|row| row.id.as_str()).collect();
    assert_eq!(failing, ["18-zyzzyva-published", "18-fab-published"]);
}
