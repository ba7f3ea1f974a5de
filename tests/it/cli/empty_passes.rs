//! Runs and campaigns that show too little are no pass, and everything that tells of them says the same.

use std::fs;
use std::path::Path;

use crate::support::{Said, folder, seedstorm};

/// A file of `tests/cases`.
fn case(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(name).display().to_string()
}

/// Runs a scenario: it must be inconclusive for this reason.
fn inconclusive(arguments: &[&str], reason: &str) -> Said {
    let folder = folder();
    let said = seedstorm(folder.path(), &[&["run"], arguments].concat());
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    assert!(said.out.contains("\nINCONCLUSIVE ") && said.out.contains(reason), "{}", said.out);
    let json = seedstorm(folder.path(), &[&["run"], arguments, &["--json"]].concat()).json();
    assert_eq!((&json["verdict"], &json["judgment"]), (&"inconclusive".into(), &"inconclusive".into()));
    assert_eq!(json["as_expected"], false);
    said
}

#[test]
fn a_run_without_checks_is_no_pass() {
    inconclusive(&[&case("no-checks.toml"), "--seed", "1"], "nothing was checked: every check is off");
}

#[test]
fn a_run_whose_only_fault_was_refused_is_no_pass() {
    let case = case("only-fault-refused.toml");
    let said = inconclusive(&[&case, "--seed", "1"], "the only fault was refused: ");
    assert!(said.out.contains("faults       none · 1 refused"), "{}", said.out);
}

#[test]
fn a_single_node_that_says_nothing_is_no_pass() {
    for protocol in ["raft", "bracha", "epidemic"] {
        let folder = folder();
        let text = format!(
            "schema = \"seedstorm.scenario/1\"\ntitle = \"t\"\n[cluster]\nprotocol = \"{protocol}\"\nnodes = 1\n\
             duration = \"5s\"\n[checks]\nprogress = \"none\"\n"
        );
        let file = folder.path().join("alone.toml");
        fs::write(&file, text).unwrap();
        inconclusive(&[&file.display().to_string(), "--seed", "1"], "no message was delivered");
    }
}

#[test]
fn a_pass_that_was_not_expected_is_told() {
    let folder = folder();
    let arguments = ["run", "raft-calm", "--seed", "1", "--set", "expect=crash", "--out", "kept"];
    let said = seedstorm(folder.path(), &arguments);
    assert_eq!(said.code, 1);
    assert!(said.out.contains("\nunexpected   expected crash, got pass\n"), "{}", said.out);
    let page = fs::read_to_string(folder.path().join("kept/report.html")).unwrap();
    assert!(
        page.contains("expected <code>crash</code>, <strong>got pass</strong>"),
        "the page does not tell"
    );
    assert!(page.contains("<span class=\"badge bad\">PASS</span>"), "the badge looks as if all were well");
}

/// Explores a scenario, and looks at all that is told: the terminal, the document, JUnit and GitHub.
fn explore_inconclusive(arguments: &[&str]) {
    let folder = folder();
    let more = ["--junit", "junit.xml", "--github", "--out", "out", "--start-over"];
    let said = seedstorm(folder.path(), &[&["explore"], arguments, &more].concat());
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    assert!(said.out.contains("\nINCONCLUSIVE: nothing was found, but "), "{}", said.out);
    assert!(!said.out.contains("NOTHING FOUND"), "{}", said.out);
    assert!(said.err.contains("::error title="), "{}", said.err);
    let junit = fs::read_to_string(folder.path().join("junit.xml")).unwrap();
    assert!(junit.contains("<error message="), "{junit}");
    let json = seedstorm(folder.path(), &[&["explore"], arguments, &more, &["--json"]].concat()).json();
    assert_eq!((&json["judgment"], &json["demands_met"]), (&"inconclusive".into(), &false.into()));
}

#[test]
fn an_exploration_without_checks_finds_nothing_that_counts() {
    explore_inconclusive(&[&case("no-checks.toml"), "--seeds", "0..20"]);
}

#[test]
fn an_exploration_whose_demands_are_missed_is_no_pass() {
    let folder = folder();
    // The fault comes after the end of every run: its family never fires.
    let text = "schema = \"seedstorm.scenario/1\"\ntitle = \"t\"\n[cluster]\nprotocol = \"raft\"\nnodes = 3\n\
                duration = \"5s\"\n[workload]\nmodel = \"register\"\nclients = 1\nrate = \"10/s\"\n[[faults]]\n\
                on = { event = \"BecameLeader\", nth = 900 }\ncrash = { target = \"n3\" }\n";
    let file = folder.path().join("late.toml");
    fs::write(&file, text).unwrap();
    explore_inconclusive(&[&file.display().to_string(), "--seeds", "0..20"]);
}

#[test]
fn a_sweep_without_conclusive_runs_is_no_pass() {
    let folder = folder();
    let text = "schema = \"seedstorm.sweep/1\"\ntitle = \"t\"\nseeds = \"0..3\"\n[grid]\n\"cluster.nodes\" = [3, 5]\n\
                [[base]]\nlabel = \"Raft\"\nscenario = \"raft-calm\"\nset = { \"checks.at_least\" = { \
                \"operations.succeeded\" = 1000000000 } }\n";
    fs::write(folder.path().join("s.toml"), text).unwrap();
    let said = seedstorm(folder.path(), &["sweep", "s.toml", "--out", "out"]);
    assert_eq!(said.code, 3, "{}{}", said.out, said.err);
    let told = "INCONCLUSIVE · no run is a finding, 0 of 6 runs are conclusive, at least 95 % must be";
    assert!(said.out.contains(told), "{}", said.out);
    let page = fs::read_to_string(folder.path().join("out/report.html")).unwrap();
    assert!(
        page.contains("<span class=\"badge unsure\">INCONCLUSIVE</span>"),
        "the page says something else"
    );
    let json =
        seedstorm(folder.path(), &["sweep", "s.toml", "--out", "out", "--start-over", "--json"]).json();
    assert_eq!(json["judgment"], "inconclusive");
}
