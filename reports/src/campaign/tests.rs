use super::*;

fn record() -> CampaignRecord {
    let demand = |what: &str, found, met| DemandRecord { what: what.to_owned(), found, needed: 0.95, met };
    CampaignRecord {
        name: "raft-swarm".to_owned(),
        title: "A swarm".to_owned(),
        about: "About it.".to_owned(),
        protocol: "raft".to_owned(),
        plants: vec!["vote-not-durable".to_owned()],
        first_seed: 100,
        seeds: 1_000,
        runs: 512,
        headline: "1 finding".to_owned(),
        judgment: "finding".to_owned(),
        findings: vec![FindingRecord {
            verdict: "safety".to_owned(),
            check: "raft/election-safety".to_owned(),
            message: "two leaders in term 4: n1 and n2".to_owned(),
            seed: 211,
            runs: 3,
            shrunk: "faults 23 -> 2".to_owned(),
            capsule: "raft-election-safety-0011223344556677.capsule.json".to_owned(),
            page: Some("raft-election-safety-0011223344556677.html".to_owned()),
            replay: "seedstorm replay raft-election-safety-0011223344556677.capsule.json".to_owned(),
        }],
        known: 0,
        demands: vec![demand("conclusive", 0.99, true), demand("owed progress", 0.25, false)],
        verdicts: vec![Counted { name: "pass".to_owned(), runs: 509 }],
        reasons: Vec::new(),
        owed_liveness: 128,
        groups: vec![Group {
            title: "fault family".to_owned(),
            counters: vec![CounterRecord { name: "network".to_owned(), runs: 256, total: 1_024 }],
        }],
        digest: "00112233445566778899aabbccddeeff".to_owned(),
    }
}

#[test]
fn a_record_is_read_as_it_was_written() {
    let text = record().to_json().unwrap();
    assert!(text.contains("\"schema\": \"seedstorm.campaign/1\""));
    assert_eq!(CampaignRecord::from_json(&text).unwrap(), record());
    for (text, said) in [
        ("", "not whole JSON"),
        ("{}", "without a \"schema\""),
        ("{\"schema\": \"seedstorm.campaign/2\"}", "it is a \"seedstorm.campaign/2\""),
        ("{\"schema\": \"seedstorm.campaign/1\"}", "broken"),
    ] {
        let error = CampaignRecord::from_json(text).unwrap_err().to_string();
        assert!(error.contains(said), "{text}: {error}");
    }
}

#[test]
fn the_page_tells_what_was_found_and_whether_silence_would_count() {
    let page = page(&record());
    for told in [
        "two leaders in term 4: n1 and n2",
        "href=\"raft-election-safety-0011223344556677.html\"",
        "of 1,000 seeds",
        "No: what is marked below",
        "<strong class=\"bad\">NO</strong>",
        "50.0 %",
    ] {
        assert!(page.contains(told), "{told} is not on the page");
    }
    assert!(!page.contains("style=\""), "the policy forbids styles in elements");
}

#[test]
fn names_of_files_are_linked_only_if_they_stay_in_the_folder() {
    let mut evil = record();
    for name in ["javascript:alert(1)", "../x.html", "/etc/passwd", "<script>"] {
        evil.findings[0].page = Some(name.to_owned());
        let page = page(&evil);
        assert_eq!(page.matches("href=").count(), 2, "{name}: the skip link and the capsule");
    }
}
