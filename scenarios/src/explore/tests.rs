mod limits;

use super::*;
use crate::testing::{LEAST, toml};
use sim_core::check::Verdict;

/// What is known is counted, is no finding, and does not stop a campaign.
#[test]
fn known_failures_are_passed_over() {
    let loaded = toml(LEAST).unwrap();
    let first = explore(&loaded, &options(0..60, &["bad-coin"], 2), Hooks::NONE).unwrap();
    let known = vec![first.findings[0].fingerprint.clone()];
    let stop = ExploreOptions { known, stop_on_first: true, ..options(0..60, &["bad-coin"], 2) };
    let passed = explore(&loaded, &stop, Hooks::NONE).unwrap();
    assert_eq!((passed.findings.len(), passed.runs), (first.findings.len() - 1, 60));
    assert_eq!((first.known, passed.known), (0, first.findings[0].runs));
    assert!(passed.known > 1);
}

fn options(seeds: Range<u64>, plants: &[&str], jobs: usize) -> ExploreOptions {
    let plants = plants.iter().map(|plant| (*plant).to_owned()).collect();
    let (known, build) = (Vec::new(), "b".to_owned());
    ExploreOptions {
        seeds,
        shard: Shard::WHOLE,
        plants,
        jobs: Some(jobs),
        stop_on_first: false,
        known,
        build,
        table: None,
    }
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

fn kept(folder: &Path, begin: Begin, options: &ExploreOptions) -> Result<Exploration, ExploreError> {
    let keep = Keep { folder, begin, enough: &|| false, onlooker: &() };
    explore_in(keep, &toml(LEAST).unwrap(), options, Hooks::NONE).map(|(exploration, _)| exploration)
}

#[test]
fn a_campaign_that_stopped_at_any_round_goes_on_to_the_same_end() {
    let loaded = toml(LEAST).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = options(3..1_100, &["bad-coin"], 2);
    let whole = explore(&loaded, &options, Hooks::NONE).unwrap();
    // Time is over after each round, until there is none left.
    for round in 1..=5_u64 {
        let keep = Keep {
            folder: folder.path(),
            begin: if round > 1 { Begin::Resume } else { Begin::Fresh },
            enough: &|| true,
            onlooker: &(),
        };
        let (part, _) = explore_in(keep, &loaded, &options, Hooks::NONE).unwrap();
        assert_eq!((part.runs, part.resumed), ((round * ROUND).min(1_097), (round - 1) * ROUND));
        // Results are a prefix of the unlimited ones.
        let prefix = ExploreOptions { seeds: 3..3 + part.runs, ..options.clone() };
        assert_eq!(part.totals, explore(&loaded, &prefix, Hooks::NONE).unwrap().totals);
    }
    let end = kept(folder.path(), Begin::Resume, &options).unwrap();
    assert_eq!((end.runs, &end.activity, &end.totals), (1_097, &whole.activity, &whole.totals));
    assert_eq!(end.totals.digest(), whole.totals.digest());
    assert_eq!((end.findings.len(), end.findings[0].runs), (1, whole.findings[0].runs));
    assert_eq!(end.findings[0].capsule, whole.findings[0].capsule);
}

#[test]
fn a_capsule_that_is_gone_or_damaged_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(0..50, &["bad-coin"], 2);
    let found = kept(folder.path(), Begin::Fresh, &options).unwrap();
    let path = folder.path().join(found.findings[0].file_name());
    let text = std::fs::read(&path).unwrap();
    for damage in [None, Some("{\"schema\": \"seedstorm.capsule/1\"}")] {
        std::fs::remove_file(&path).unwrap();
        damage.map_or(Ok(()), |damage| std::fs::write(&path, damage)).unwrap();
        assert_eq!(
            kept(folder.path(), Begin::Resume, &options).unwrap().findings[0].capsule,
            found.findings[0].capsule
        );
        assert_eq!(std::fs::read(&path).unwrap(), text);
    }
}

#[test]
fn another_campaigns_state_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let first = options(0..50, &[], 2);
    let why = |options: &ExploreOptions| match kept(folder.path(), Begin::Resume, options).unwrap_err() {
        ExploreError::Folder(FolderError::Resume { why, .. }) => why,
        other => panic!("{other}"),
    };
    assert!(why(&first).contains("os error"), "there is nothing to go on with");
    kept(folder.path(), Begin::Fresh, &first).unwrap();
    let path = folder.path().join("explore.state.json");
    let before = std::fs::read(&path).unwrap();
    assert_eq!(why(&ExploreOptions { seeds: 0..51, ..first.clone() }), "its seeds are 0..50, not 0..51");
    assert_eq!(why(&options(0..50, &["bad-coin"], 2)), "its plants are none, not bad-coin");
    assert!(why(&ExploreOptions { build: "c".to_owned(), ..first.clone() }).contains("another build"));
    let other = toml(&LEAST.replace("nodes = 4", "nodes = 5")).unwrap();
    let keep = Keep { folder: folder.path(), begin: Begin::Resume, enough: &|| false, onlooker: &() };
    let error = explore_in(keep, &other, &first, Hooks::NONE).unwrap_err();
    assert!(error.to_string().contains("another scenario"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    for broken in ["", "{}", "[1]", &String::from_utf8_lossy(&before)[..before.len() / 2]] {
        std::fs::write(&path, broken).unwrap();
        why(&first);
    }
}

#[test]
fn an_unfinished_campaign_is_not_replaced_unasked() {
    let loaded = toml(LEAST).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("explore.state.json");
    let first = options(0..600, &["bad-coin"], 2);
    let begun = |begin: Begin, loaded: &Loaded, options: &ExploreOptions, enough: bool| {
        let keep = Keep { folder: folder.path(), begin, enough: &|| enough, onlooker: &() };
        explore_in(keep, loaded, options, Hooks::NONE).map(|(exploration, _)| exploration)
    };
    assert_eq!(begun(Begin::Fresh, &loaded, &first, true).unwrap().runs, ROUND);
    let before = std::fs::read(&path).unwrap();
    let refused = |loaded: &Loaded, options: &ExploreOptions| {
        let error = begun(Begin::Fresh, loaded, options, false).unwrap_err();
        assert!(matches!(error, ExploreError::Folder(FolderError::Unfinished(_))), "{error}");
        assert_eq!(std::fs::read(&path).unwrap(), before);
        error.to_string()
    };
    let said = refused(&loaded, &first);
    assert!(said.contains("256 of seeds 0..600") && !said.contains("not the same"), "{said}");
    for way in ["--resume", "--out", "--start-over"] {
        assert!(said.contains(way), "{said}");
    }
    let said = refused(&loaded, &options(0..50, &["bad-coin"], 2));
    assert!(said.contains("not the same campaign: its seeds are 0..600, not 0..50"), "{said}");
    let said = refused(&toml(&LEAST.replace("nodes = 4", "nodes = 5")).unwrap(), &first);
    assert!(said.contains("it explores another scenario"), "{said}");
    // Each way on, and a campaign at its end, which only repeats itself.
    assert_eq!(begun(Begin::Over, &loaded, &first, true).unwrap().runs, ROUND);
    assert_eq!(begun(Begin::Resume, &loaded, &first, false).unwrap().runs, 600);
    assert_eq!(begun(Begin::Fresh, &loaded, &first, false).unwrap().runs, 600);
    let stop = ExploreOptions { stop_on_first: true, ..first.clone() };
    assert_eq!(begun(Begin::Fresh, &loaded, &stop, false).unwrap().runs, 4);
    assert_eq!(begun(Begin::Fresh, &loaded, &first, false).unwrap().runs, 600);
    // What cannot be read may be worth something too.
    std::fs::write(&path, &before[..before.len() / 2]).unwrap();
    let said = begun(Begin::Fresh, &loaded, &first, false).unwrap_err().to_string();
    assert!(said.contains("cannot be gone on with: EOF") && said.contains("--start-over"), "{said}");
    // What is of somebody else is not dropped either way.
    std::fs::write(&path, "{\"mine\": 1}").unwrap();
    for begin in [Begin::Fresh, Begin::Over] {
        let error = begun(begin, &loaded, &first, false).unwrap_err();
        assert!(matches!(error, ExploreError::Folder(FolderError::Write(_))), "{error}");
    }
}

#[test]
fn two_campaigns_do_not_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let held = crate::artefact::lock(folder.path()).unwrap();
    let error = kept(folder.path(), Begin::Fresh, &options(0..5, &[], 1)).unwrap_err();
    assert!(matches!(error, ExploreError::Folder(FolderError::Lock(_))), "{error}");
    drop(held);
    assert_eq!(kept(folder.path(), Begin::Fresh, &options(0..5, &[], 1)).unwrap().runs, 5);
}

#[test]
fn what_a_campaign_must_show_is_judged() {
    let loaded = toml(LEAST).unwrap();
    let found = explore(&loaded, &options(0..100, &[], 2), Hooks::NONE).unwrap();
    let judged = |activity: &Activity| judge(&loaded, activity, "95%".parse().unwrap());
    let met = |demands: &[Demand]| {
        demands.iter().filter(|demand| demand.met).map(|demand| demand.what.clone()).collect::<Vec<_>>()
    };
    let demands = judged(&found.activity);
    assert_eq!(met(&demands), ["conclusive", "owed progress", "check toy/agreement"]);
    assert_eq!(demands.len(), 3);
    let mut marked = found.activity.clone();
    marked.counters.insert("sometimes.split-vote".to_owned(), Counter { runs: 2, total: 7 });
    marked.counters.insert("sometimes.lost-vote".to_owned(), Counter::default());
    let marks: Vec<Demand> =
        judged(&marked).into_iter().filter(|demand| demand.what.starts_with("mark ")).collect();
    let told: Vec<(&str, bool)> = marks.iter().map(|mark| (mark.what.as_str(), mark.met)).collect();
    assert_eq!(told, [("mark lost-vote", false), ("mark split-vote", true)]);
    let mut idle = found.activity.clone();
    idle.conclusive = 94;
    idle.owed_liveness = 49;
    idle.checks.values_mut().for_each(|counter| *counter = Counter::default());
    assert_eq!((met(&judged(&idle)), judged(&idle).len()), (Vec::new(), 3));
    // A check that was off in every run, as where versions are mixed, is not asked for.
    idle.checks.clear();
    assert_eq!(judged(&idle).len(), 2);
    // What clients saw is judged where there are clients, unless the scenario does not want it.
    let with = |more: &str| {
        let demands = judge(&toml(&format!("{LEAST}{more}")).unwrap(), &found.activity, "0".parse().unwrap());
        demands
            .into_iter()
            .filter(|demand| demand.what.starts_with("check "))
            .map(|demand| (demand.what, demand.met))
            .collect::<Vec<_>>()
    };
    let own = ("check toy/agreement".to_owned(), true);
    let clients = "[workload]\nmodel = \"cas-register\"\n";
    assert_eq!(with(clients), [own.clone(), ("check linearizable/cas-register".to_owned(), false)]);
    assert_eq!(with(&format!("{clients}[checks]\noff = [\"linearizable\"]\n")), [own]);
    assert_eq!(with("[checks]\nsafety = \"none\"\n"), []);
    // What is drawn must come, and what cannot come is not demanded: the toy bears no lost disks but one traitor.
    let swarm = format!("{LEAST}[swarm]\nfamilies = {{ only = [\"disk\", \"malicious\"] }}\n");
    let demands = judge(&toml(&swarm).unwrap(), &found.activity, "0".parse().unwrap());
    let missed: Vec<&str> =
        demands.iter().filter(|demand| !demand.met).map(|demand| demand.what.as_str()).collect();
    assert_eq!(missed, ["faults of the disk family", "faults of the malicious family"]);
}

#[test]
fn findings_and_demands_become_junit_and_annotations() {
    let loaded = toml(LEAST).unwrap();
    let mut found = explore(&loaded, &options(0..50, &["bad-coin"], 2), Hooks::NONE).unwrap();
    found.findings[0].message = "100 % <b>wrong</b>,\nin two lines: a|b\u{1b}".to_owned();
    let demands = judge(&loaded, &found.activity, "1".parse().unwrap());
    let capsule = |finding: &Finding| format!("out/{}", finding.file_name());
    let suite = junit::suite(&loaded, &found, &demands, &capsule);
    let xml = crate::junit::document("seedstorm explore", &[suite]).unwrap();
    for part in [
        "<testsuite name=\"test.toml\" tests=\"3\"",
        "<testcase name=\"toy/agreement\" classname=\"test.toml\"",
        "failures=\"1\"",
        "errors=\"1\"",
        "&lt;b&gt;wrong",
        "seedstorm replay out/toy-agreement-",
    ] {
        assert!(xml.contains(part), "{part} is not in\n{xml}");
    }
    assert!(!xml.contains('\u{1b}'), "XML 1.0 has no way to write an escape\n{xml}");
    let told = github::annotations(&loaded, &found, &demands, &capsule);
    let lines: Vec<&str> = told.lines().collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert!(lines[0].starts_with(
        "::error title=safety toy/agreement::test.toml, seed 3: 100 %25 <b>wrong</b>,%0Ain two"
    ));
    assert!(lines[1].starts_with("::warning title=test.toml%3A conclusive::in 98.0 %25 of runs"), "{told}");
    let page = github::summary(&loaded, &found, &demands, &capsule);
    assert!(page.contains("| safety | toy/agreement | 3 | 7 |") && page.contains("a\\|b"), "{page}");
    assert!(!page.contains("<b>"), "{page}");
}
