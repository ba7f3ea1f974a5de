//! `explain` and `completions`.

use scenarios::document::{Format, Source};
use scenarios::glossary::{Term, glossary};
use scenarios::scenario::load;

use crate::support::{folder, seedstorm};

#[test]
fn every_name_that_is_listed_is_explained() {
    let folder = folder();
    let listed = seedstorm(folder.path(), &["list", "--json"]).json();
    let terms = glossary(&seedstorm::registry());
    let mut seen = 0;
    for (list, rows) in listed.as_object().unwrap() {
        for row in rows.as_array().into_iter().flatten() {
            let name = row["name"].as_str().unwrap();
            let found = scenarios::glossary::explain(&terms, name).unwrap();
            assert!(found.iter().any(|term| term.kind.plural() == list), "{list}: {name}");
            seen += 1;
        }
    }
    assert!(seen > 120, "only {seen} names are listed");
    let said = seedstorm(folder.path(), &["explain", "R01", "--json"]);
    let term = &said.json()["terms"][0];
    assert_eq!((said.code, &term["name"], &term["kind"]), (0, &"vote-not-durable".into(), &"plant".into()));
    assert_eq!(term["related"][0], "raft/election-safety");
}

#[test]
fn a_name_that_nothing_has_is_refused_with_the_nearest() {
    let folder = folder();
    let said = seedstorm(folder.path(), &["explain", "election-saftey"]);
    assert_eq!((said.code, said.out.as_str()), (2, ""));
    assert!(said.err.contains("did you mean \"election-safety\"?"), "{}", said.err);
}

/// Near misses of every kind of name: checks, faults, keys, plants, words of longer names, and what is near nothing.
#[test]
fn near_misses_of_every_kind_of_name_are_told_what_was_meant() {
    let terms = glossary(&seedstorm::registry());
    let explain = |name| scenarios::glossary::explain(&terms, name);
    for (wrong, meant) in [
        ("halve", "halves"),
        ("latncy", "latency"),
        ("lossy", "loss"),
        ("torn", "torn-tail"),
        ("bitrot", "bit-rot"),
        ("clockdrift", "clock-drift"),
        ("partiton", "partition"),
        ("crsh", "crash"),
        ("leaderr", "leader"),
        ("minoritee", "minority"),
        ("inconclusiv", "inconclusive"),
        ("vote not durable", "vote-not-durable"),
        ("R 01", "R01"),
        ("electoin-safety", "election-safety"),
        ("raft-stom", "raft-storm"),
    ] {
        assert_eq!(explain(wrong).unwrap_err().as_deref(), Some(meant), "{wrong}");
    }
    for (part, whole) in [("durable", "durable"), ("quorum", "quorum"), ("majority", "majorit")] {
        let near = explain(part).unwrap_err().unwrap();
        assert!(near.contains(whole), "{part}: {near}");
    }
    let long = "x".repeat(1 << 16);
    for nothing in ["xyzzy", "no-such-thing", "zz", "", &long] {
        assert_eq!(explain(nothing), Err(None), "{}", nothing.len());
    }
    // Words that faults are written with have no page of their own, and lead to the fault.
    for (word, fault) in [("halves", "split"), ("drift", "clock-drift"), ("direction", "isolate")] {
        let found = explain(word).unwrap();
        assert_eq!((found.len(), found[0].name.as_str()), (1, fault), "{word}");
    }
}

/// The arguments of an example, with quotes taken as a shell takes them.
fn arguments(example: &str) -> Vec<String> {
    let command = example.split(';').next().unwrap_or(example).trim();
    let mut arguments: Vec<String> = Vec::new();
    for (index, part) in command.split('\'').enumerate() {
        if index % 2 == 1 {
            let last = arguments.last_mut().unwrap();
            last.push_str(part);
        } else {
            let glued = index == 0 || part.starts_with(' ') || part.is_empty();
            assert!(glued, "{example}");
            arguments.extend(part.split(' ').filter(|word| !word.is_empty()).map(str::to_owned));
        }
        if part.ends_with(' ') {
            arguments.push(String::new());
        }
    }
    arguments.into_iter().filter(|word| !word.is_empty()).collect()
}

/// Loads what an example names, with what it sets.
fn loads(term: &Term) {
    let words = arguments(&term.example);
    // These read no scenario, or a file that a run has to write first.
    if ["sweep", "demo", "schema", "replay", "shrink", "likelihood", "corpus"].contains(&words[1].as_str()) {
        return;
    }
    let [_, _, name, rest @ ..] = &words[..] else { panic!("{}", term.example) };
    let source = scenarios::builtin::find(name).unwrap_or_else(|| panic!("{}: no {name}", term.example));
    let sets = rest.windows(2).filter(|pair| pair[0] == "--set").map(|pair| pair[1].clone());
    let sets: Vec<String> = sets.collect();
    let source = Source { name: name.clone(), text: source.text };
    let loaded = load(&seedstorm::registry(), source, Format::Toml, &sets);
    assert!(loaded.is_ok(), "{}\n{}", term.example, loaded.unwrap_err().render(false));
}

#[test]
fn every_example_is_accepted() {
    for term in glossary(&seedstorm::registry()) {
        loads(&term);
    }
}

#[test]
fn completions_know_every_command() {
    let folder = folder();
    let help = seedstorm(folder.path(), &["--help"]).out;
    let commands = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let commands: Vec<&str> = commands
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    assert!(commands.contains(&"explore") && commands.len() >= 6, "{commands:?}");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let said = seedstorm(folder.path(), &["completions", shell]);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{shell}");
        for command in &commands {
            assert!(said.out.contains(command), "{shell} does not know {command}");
        }
    }
    assert_eq!(seedstorm(folder.path(), &["completions", "cmd"]).code, 2);
}
