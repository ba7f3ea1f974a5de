//! Mutated files: the reader never panics, every complaint has a place, and whatever is accepted is what its resolved
//! form says.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::FULL;
use crate::document::{Format, Source};
use crate::problem::Problems;
use crate::scenario::{Loaded, load, reload};
use crate::testing::{registry, toml};

fn read(text: String, json: bool) -> Result<Loaded, Problems> {
    let source = Source { name: "mutated".to_owned(), text };
    load(&registry(), source, if json { Format::Json } else { Format::Toml }, &[])
}

/// What must be true of whatever came of a text.
fn judge(result: &Result<Loaded, Problems>) -> Result<(), TestCaseError> {
    match result {
        Ok(loaded) => {
            let again = reload(&registry(), "again", &loaded.resolved);
            let again = again.map_err(|problems| TestCaseError::fail(problems.render(false)))?;
            prop_assert_eq!((&again.hash, &again.resolved), (&loaded.hash, &loaded.resolved));
        }
        Err(problems) => {
            prop_assert!(problems.render(true).len() > 20 && !problems.list.is_empty());
            for problem in &problems.list {
                prop_assert!(problem.line_and_column().is_some());
            }
        }
    }
    Ok(())
}

/// Values to put anywhere: most are wrong in most places, and each is right somewhere.
fn values() -> Vec<Value> {
    let texts = [
        "0s",
        "1ns",
        "150ms",
        "1.5 s",
        "90min",
        "8760h",
        "99999999999h",
        "1/100",
        "0.1%",
        "100%",
        "0",
        "1",
        "3/2",
        "100/s",
        "3/10min",
        "1/0s",
        "200ppm",
        "-50ppm",
        "n1",
        "n7",
        "n8",
        "n0",
        "c1",
        "primary",
        "leader",
        "every(backup)",
        "next-leader",
        "random(2)",
        "slot(1-3,7)",
        "slot(7-1)",
        "1/3",
        "minority",
        "all",
        "clients",
        "event.node",
        "n1,n2,c1",
        "toy",
        "kv",
        "auto",
        "none",
        "halves",
        "both",
        "BecamePrimary",
        "",
        "\u{0}",
        "é",
        "safety:toy/agreement",
    ];
    let numbers = [0_u64, 1, 2, 7, 100_000, 4_294_967_295, 4_294_967_296, u64::MAX];
    let odd =
        [json!(-1), json!(1.5), json!(1e300), json!(true), Value::Null, json!([]), json!({}), json!([[1]])];
    let whole = [
        json!({ "within": "5s" }),
        json!({ "uniform": { "min": "1ms", "max": "5ms" } }),
        json!(["n1", "n2"]),
    ];
    let texts = texts.into_iter().map(Value::from);
    texts.chain(numbers.into_iter().map(Value::from)).chain(odd).chain(whole).collect()
}

fn pointers(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, inside)| (key.clone(), inside)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, inside)| (at.to_string(), inside)).collect()
        }
        _ => Vec::new(),
    };
    inside.into_iter().for_each(|(key, value)| pointers(value, &format!("{here}/{key}"), found));
}

#[test]
fn every_value_anywhere_is_refused_in_its_place_or_survives_a_round_trip() {
    let whole = toml(FULL).unwrap().resolved;
    let mut places = Vec::new();
    pointers(&whole, "", &mut places);
    let (mut accepted, mut refused) = (0, 0);
    for (index, place) in places.iter().enumerate().skip(1) {
        // A third of the values in each place, another third in the next.
        for wrong in values().into_iter().skip(index % 3).step_by(3) {
            let mut value = whole.clone();
            let Some(slot) = value.pointer_mut(place) else { continue };
            *slot = wrong;
            let result = read(value.to_string(), true);
            if result.is_ok() {
                accepted += 1;
            } else {
                refused += 1;
            }
            judge(&result).unwrap_or_else(|error| panic!("{place}: {error}\n{value}"));
        }
    }
    assert!(accepted > 100 && refused > 1_000, "{accepted} accepted, {refused} refused");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_of_a_text_makes_the_reader_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "\\PC{0,4}"), 1..6),
        json in any::<bool>(),
    ) {
        let mut text = if json { toml(FULL).unwrap().resolved.to_string() } else { FULL.to_owned() };
        for (at, remove, insert) in edits {
            let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let Some(from) = starts.get(at.index(starts.len().max(1))).copied() else { break };
            let to = text[from..].char_indices().nth(remove).map_or(text.len(), |(length, _)| from + length);
            text.replace_range(from..to, &insert);
        }
        judge(&read(text, json))?;
    }

    #[test]
    fn no_mixture_of_lines_makes_the_reader_panic(
        lines in prop::collection::vec(any::<prop::sample::Index>(), 1..60),
    ) {
        let known: Vec<&str> = FULL.lines().collect();
        let text: Vec<&str> = lines.iter().map(|line| known[line.index(known.len())]).collect();
        judge(&read(text.join("\n"), false))?;
    }

    #[test]
    fn no_overlay_makes_the_reader_panic(
        key in "[a-z.0-9_]{0,20}|cluster\\.(nodes|duration|toy)|faults\\.[0-9](\\.[a-z]{0,5})?|checks\\.[a-z]{0,8}",
        value in "\\PC{0,12}|[0-9]{1,12}|\\[.{0,4}|\\{.{0,6}",
    ) {
        let source = Source { name: "file".to_owned(), text: FULL.to_owned() };
        let result = load(&registry(), source, Format::Toml, &[format!("{key}={value}")]);
        judge(&result)?;
    }
}
