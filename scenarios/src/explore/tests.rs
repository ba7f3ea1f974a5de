use super::*;
use crate::testing::{LEAST, toml};
use sim_core::check::Verdict;

fn options(seeds: Range<u64>, plants: &[&str], jobs: usize) -> ExploreOptions {
    let plants = plants.iter().map(|plant| (*plant).to_owned()).collect();
    ExploreOptions { seeds, plants, jobs: Some(jobs), stop_on_first: false, build: "b".to_owned() }
}

#[test]
fn findings_are_grouped_and_shown_by_their_lowest_seed() {
    let loaded = toml(LEAST).unwrap();
    let found = explore(&loaded, &options(0..700, &["bad-coin"], 2), Hooks::NONE).unwrap();
    assert_eq!((found.runs, found.findings.len()), (700, 1));
    let finding = &found.findings[0];
    assert_eq!((finding.seed, finding.runs, finding.verdict), (3, 100, Verdict::Safety));
    assert_eq!(finding.capsule.seed, 3);
    assert_eq!(finding.file_name(), format!("toy-agreement-{}.capsule.json", finding.fingerprint));
    assert!(explore(&loaded, &options(0..700, &[], 2), Hooks::NONE).unwrap().findings.is_empty());
}

#[test]
fn threads_change_nothing() {
    let loaded = toml(LEAST).unwrap();
    let [one, two] =
        [1, 2].map(|jobs| explore(&loaded, &options(5..605, &["bad-coin"], jobs), Hooks::NONE).unwrap());
    assert_eq!((one.runs, &one.activity, &one.totals), (two.runs, &two.activity, &two.totals));
    assert_eq!(one.findings[0].capsule, two.findings[0].capsule);
    let other = explore(&loaded, &options(6..606, &["bad-coin"], 2), Hooks::NONE).unwrap();
    assert_ne!(one.totals.digest(), other.totals.digest());
}

#[test]
fn the_first_finding_is_the_lowest_seed_whatever_the_threads() {
    let loaded = toml(LEAST).unwrap();
    for jobs in [1, 2] {
        let options = ExploreOptions { stop_on_first: true, ..options(4..900, &["bad-coin"], jobs) };
        let found = explore(&loaded, &options, Hooks::NONE).unwrap();
        assert_eq!((found.runs, found.findings[0].seed), (7, 10));
    }
}

#[test]
fn activity_is_counted() {
    let loaded = toml(LEAST).unwrap();
    let found = explore(&loaded, &options(0..100, &[], 2), Hooks::NONE).unwrap();
    let activity = &found.activity;
    assert_eq!((activity.runs, activity.conclusive, activity.owed_liveness), (100, 98, 100));
    assert_eq!(activity.verdicts["inconclusive"], 2);
    assert_eq!(activity.reasons["nothing happened"], 2);
    assert_eq!(activity.counters["operations"], Counter { runs: 66, total: 99 });
    assert_eq!(activity.checks["toy/agreement"], Counter { runs: 100, total: 400 });
    assert!((activity.conclusive_share() - 0.98).abs() < 1e-9);
}

#[test]
fn an_expected_failure_is_no_finding() {
    let loaded = toml(&LEAST.replace("[cluster]", "expect = \"safety:toy/agreement\"\n[cluster]")).unwrap();
    assert!(explore(&loaded, &options(0..20, &["bad-coin"], 1), Hooks::NONE).unwrap().findings.is_empty());
}

#[test]
fn an_unknown_plant_and_a_panic_are_told() {
    let loaded = toml(LEAST).unwrap();
    let error = explore(&loaded, &options(7..20, &["worse-coin"], 2), Hooks::NONE).unwrap_err();
    assert!(matches!(error, ExploreError::Launch { seed: 7, .. }), "{error}");
    let loaded = toml(&format!("{LEAST}toy = {{ panics = true }}\n")).unwrap();
    let found = explore(&loaded, &options(0..3, &[], 2), Hooks::NONE).unwrap();
    assert_eq!((found.findings.len(), found.findings[0].runs), (1, 3));
    assert_eq!(found.findings[0].verdict, Verdict::Crash);
    assert!(found.findings[0].message.ends_with("asked to"), "{}", found.findings[0].message);
}

#[test]
fn what_was_done_before_an_interrupt_is_kept_without_gaps() {
    use std::sync::atomic::{AtomicU64, Ordering};
    let loaded = toml(LEAST).unwrap();
    let runs = AtomicU64::new(0);
    let hooks = Hooks {
        after_run: &|| {
            runs.fetch_add(1, Ordering::Relaxed);
        },
        interrupted: &|| runs.load(Ordering::Relaxed) >= 300,
    };
    let found = explore(&loaded, &options(0..5_000, &[], 2), hooks).unwrap();
    assert!(found.interrupted && (ROUND..600).contains(&found.runs), "{}", found.runs);
    let whole = explore(&loaded, &options(0..found.runs, &[], 1), Hooks::NONE).unwrap();
    assert_eq!(whole.totals, found.totals);
}
