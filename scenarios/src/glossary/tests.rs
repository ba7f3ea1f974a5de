use super::*;
use crate::testing::registry;

fn only<'a>(terms: &'a [Term], name: &str) -> &'a Term {
    let found = explain(terms, name).unwrap();
    assert_eq!(found.len(), 1, "{name}: {:?}", found.iter().map(|term| term.kind).collect::<Vec<_>>());
    found[0]
}

#[test]
fn names_numbers_and_forms_are_found() {
    let terms = glossary(&registry());
    assert_eq!(only(&terms, "T01").name, "bad-coin");
    assert_eq!(
        only(&terms, "bad-coin").related,
        ["toy/agreement", "least"],
        "what it breaks, and its witness"
    );
    assert_eq!(only(&terms, "toy/agreement").related, ["bad-coin"]);
    assert_eq!(only(&terms, "agreement").name, "toy/agreement");
    assert_eq!(only(&terms, "random(7)").name, "random(2)");
    assert_eq!(only(&terms, "n17").kind, TermKind::Target);
    assert_eq!(only(&terms, "70").aliases[0], "internal");
    let crash: Vec<TermKind> = explain(&terms, "crash").unwrap().iter().map(|term| term.kind).collect();
    assert_eq!(crash, [TermKind::Fault, TermKind::Verdict]);
    let seen = explain(&terms, "linearizable").unwrap();
    assert!(seen.len() == 8 && seen.iter().all(|term| term.kind == TermKind::Check));
    assert_eq!(only(&terms, "linearizable/cas-register").kind, TermKind::Check);
    for name in crate::scenario::EVERYWHERE {
        assert!(explain(&terms, name).unwrap().iter().any(|term| term.kind == TermKind::Behavior), "{name}");
    }
    let disks = explain(&terms, "disk").unwrap();
    assert!(disks.len() > 3 && disks.iter().filter(|term| term.kind != TermKind::Fault).count() == 2);
    assert_eq!(only(&terms, "malicious").kind, TermKind::Family);
    let network = explain(&terms, "network").unwrap();
    assert!(network[0].kind == TermKind::Family && network[0].related.contains(&"loss".to_owned()));
}

#[test]
fn a_typo_gets_the_nearest_name() {
    let terms = glossary(&registry());
    for (typo, meant) in [
        ("bad-cion", "bad-coin"),
        ("toy/agrement", "toy/agreement"),
        ("agrement", "agreement"),
        ("livenes", "liveness"),
        ("torn-tial", "torn-tail"),
        ("withold", "withhold"),
        ("linearizeable", "linearizable"),
    ] {
        assert_eq!(explain(&terms, typo), Err(Some(meant.to_owned())), "{typo}");
    }
    assert_eq!(explain(&terms, "quite something else"), Err(None));
}

#[test]
fn every_term_says_everything() {
    for term in glossary(&registry()) {
        assert!(term.about.len() > 40 && term.about.ends_with('.'), "{}: {}", term.name, term.about);
        assert!(!term.about.contains(".. ") && !term.about.contains("  "), "{}: {}", term.name, term.about);
        assert!(term.example.starts_with("seedstorm ") && !term.written.is_empty(), "{}", term.name);
    }
}

#[test]
fn tables_and_their_keys_are_found() {
    let terms = glossary(&registry());
    for name in ["network.regions", "[network.regions]"] {
        let regions = only(&terms, name);
        assert_eq!(regions.kind, TermKind::Table);
        let keys: Vec<&str> = regions.entries.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["clients", "latency", "placement", "regions"]);
    }
    let swarm: Vec<TermKind> = explain(&terms, "swarm").unwrap().iter().map(|term| term.kind).collect();
    assert_eq!(swarm, [TermKind::Table, TermKind::Concept]);
    assert_eq!(only(&terms, "workload.readers").name, "[workload]");
    let with_readers = explain(&terms, "readers").unwrap();
    let names: Vec<&str> = with_readers.iter().map(|term| term.name.as_str()).collect();
    assert_eq!(names, ["[swarm]", "[workload]"]);
    assert!(explain(&terms, "disk.readers").is_err());
}

/// Whatever may stand at the top of a scenario as a table has a page.
#[test]
fn every_table_of_the_schema_has_a_page() {
    let registry = registry();
    let terms = glossary(&registry);
    let schema = crate::schema::scenario(&registry);
    let mut tables = 0;
    for (name, property) in schema["properties"].as_object().unwrap() {
        let scalar = property["type"].as_str().is_some_and(|kind| kind == "string" || kind == "boolean");
        if !scalar && property.get("const").is_none() {
            let found = explain(&terms, name).unwrap();
            assert!(found.iter().any(|term| term.kind == TermKind::Table), "{name}");
            tables += 1;
        }
    }
    assert!(tables > 12, "{tables}");
}

#[test]
fn what_a_term_names_next_is_a_name() {
    let terms = glossary(&registry());
    for term in terms.iter().filter(|term| term.kind == TermKind::Concept) {
        for next in &term.related {
            assert!(explain(&terms, next).is_ok(), "{}: {next}", term.name);
        }
    }
}
