use super::*;
use crate::testing::{passing, violation};

fn both() -> Comparison {
    let parting = Parting {
        index: 1_234,
        at_ns: 412_000_000,
        before: vec!["0.411 s  n1 starts".to_owned()],
        sides: [vec!["0.412 s  n1 crashes".to_owned()], Vec::new()],
    };
    Comparison { runs: [passing(), violation()], parting: Some(parting), untraced: None }
}

#[test]
fn figures_carry_their_difference() {
    let mut both = both();
    both.runs[1].outcome.events = 12_000;
    both.runs[1].outcome.activity.insert("elections".to_owned(), 3);
    let figures = figures(&both);
    let row = |name: &str| figures.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(row("events").difference(), Some(-345));
    assert_eq!(row("events").difference_words(), "\u{2212}345 (\u{2212}2.8 %)");
    assert_eq!((row("elections").difference(), row("elections").value_words(0)), (None, "none".to_owned()));
    assert_eq!(row("operation latency p99").value_words(0), "40 ms");
    assert!(row("messages sent").is_equal());
}

#[test]
fn keys_that_differ_are_told_with_their_paths() {
    let mut both = both();
    both.runs[0].scenario =
        serde_json::json!({ "cluster": { "nodes": 5 }, "faults": [{ "at": "5s" }], "same": [1, 2] });
    both.runs[1].scenario =
        serde_json::json!({ "cluster": { "nodes": 7 }, "faults": [{ "at": "6s" }], "same": [1, 2] });
    both.runs[1].outcome.seed = both.runs[0].outcome.seed;
    both.runs[1].outcome.plants.clear();
    let row = |key: &str, a: &str, b: &str| (key.to_owned(), [a.to_owned(), b.to_owned()]);
    assert_eq!(
        scenario_differences(&both),
        [row("cluster.nodes", "5", "7"), row("faults[0].at", "5s", "6s")]
    );
}

#[test]
fn the_page_shows_both_runs_and_where_they_part() {
    let page = page(&both());
    for told in [
        "The runs differ from 0.412 s on, after 1,234 equal events",
        "0.412 s  n1 crashes",
        "The run had ended.",
        "aria-label=\"Run A\"",
        "aria-label=\"Run B\"",
        "id=\"figure-throughput\"",
        "Figures that differ",
    ] {
        assert!(page.contains(told), "{told} is not on the page");
    }
    assert_eq!(page.matches("aria-label=\"Faults and roles").count(), 2);
}

#[test]
fn runs_that_are_one_are_said_to_be() {
    let same = Comparison { runs: [passing(), passing()], parting: None, untraced: None };
    assert_eq!(headline(&same), "The runs are the same, event by event");
    assert!(figures(&same).iter().all(FigureRow::is_equal) && scenario_differences(&same).is_empty());
}
