use proptest::prelude::*;
use sim_core::registry::Launch;

use super::*;
use crate::plan::compile;
use crate::replay::{ReplayOptions, Replayed, replay};
use crate::run::{run, twice};
use crate::testing::{LEAST, registry, toml};

fn capsule(seed: u64, plants: &[&str]) -> Capsule {
    let plants: Vec<String> = plants.iter().map(|plant| (*plant).to_owned()).collect();
    let loaded = toml(LEAST).unwrap();
    let plan = compile(&loaded, seed, &plants);
    let outcome = run(&plan, &Launch::default()).unwrap();
    Capsule::new(&loaded, &plan, &outcome, "build 1")
}

fn again(capsule: &Capsule, build: &str, intact: bool) -> Replayed {
    let options = ReplayOptions { build, intact };
    replay(&registry(), capsule, options, &Launch::default()).unwrap().replayed
}

#[test]
fn a_capsule_is_read_as_it_was_written() {
    let capsule = capsule(3, &["bad-coin"]);
    let text = capsule.to_json("a b/c.json").unwrap();
    assert!(text.contains("seedstorm replay 'a b/c.json'"), "{text}");
    let (read, intact) = Capsule::from_json(&text, false).unwrap();
    assert_eq!((read, intact), (capsule, true));
}

#[test]
fn a_changed_capsule_is_refused_unless_it_says_so() {
    let text = capsule(3, &["bad-coin"]).to_json("x").unwrap();
    let edited = text.replacen("\"seed\": 3", "\"seed\": 4", 2);
    assert_ne!(text, edited);
    assert!(matches!(Capsule::from_json(&edited, false), Err(CapsuleError::Checksum)));
    let (read, intact) = Capsule::from_json(&edited, true).unwrap();
    assert!(!intact);
    // Seed 4 is no failing seed.
    assert_eq!(again(&read, "build 1", intact), Replayed::Gone);
}

#[test]
fn what_is_no_capsule_is_refused_in_its_own_way() {
    let text = capsule(1, &[]).to_json("x").unwrap();
    assert!(matches!(Capsule::from_json(&text[..0], true), Err(CapsuleError::Empty)));
    for cut in [1, text.len() / 2, text.len() - 3] {
        assert!(matches!(Capsule::from_json(&text[..cut], true), Err(CapsuleError::Malformed(_))), "{cut}");
    }
    assert!(matches!(Capsule::from_json("{}", false), Err(CapsuleError::Schema { .. })));
    assert!(matches!(Capsule::from_json("[1]", false), Err(CapsuleError::Schema { .. })));
    let other = text.replace("capsule/1", "capsule/2");
    assert!(matches!(Capsule::from_json(&other, false), Err(CapsuleError::Schema { .. })));
    let lacking = text.replacen("\"engine\"", "\"motor\"", 1);
    assert!(matches!(Capsule::from_json(&lacking, true), Err(CapsuleError::Shape { .. })));
}

#[test]
fn a_replay_says_what_became_of_the_finding() {
    let failing = capsule(3, &["bad-coin"]);
    assert_eq!(again(&failing, "build 1", true), Replayed::Reproduced);
    assert_eq!(again(&failing, "build 2", true), Replayed::Reproduced);
    let other_finding = Capsule { fingerprint: Some("feed".to_owned()), ..failing.clone() };
    assert_eq!(again(&other_finding, "build 2", true), Replayed::Changed);
    let fixed = Capsule { plants: Vec::new(), ..failing.clone() };
    assert_eq!(again(&fixed, "build 2", true), Replayed::Gone);
    let digest = Capsule { digest: RunDigest(7), ..failing.clone() };
    assert_eq!(again(&digest, "build 1", true), Replayed::Nondeterministic { recorded: RunDigest(7) });
    assert_eq!(again(&digest, "build 2", true), Replayed::Reproduced);
    let unknown = Capsule { protocol: "paxos".to_owned(), ..failing };
    let options = ReplayOptions { build: "b", intact: true };
    assert!(replay(&registry(), &unknown, options, &Launch::default()).is_err());
}

#[test]
fn two_runs_are_one_or_differ() {
    let plan = compile(&toml(LEAST).unwrap(), 1, &[]);
    assert_eq!(twice(&plan, &Launch::default()).unwrap().divergence, None);
    let flaky = toml(&format!("{LEAST}toy = {{ flaky = true }}\n")).unwrap();
    let divergence = twice(&compile(&flaky, 1, &[]), &Launch::default()).unwrap().divergence.unwrap();
    assert_ne!(divergence.digests[0], divergence.digests[1]);
}

#[test]
fn commands_are_quoted_where_they_must_be() {
    assert_eq!(replay_command("out/a-1.json"), "seedstorm replay out/a-1.json");
    assert_eq!(replay_command("it's $HOME"), r"seedstorm replay 'it'\''s $HOME'");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_mutation_of_a_capsule_makes_the_reader_panic_or_passes_as_intact(
        edits in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..12, "\\PC{0,4}"), 1..4),
        edited in any::<bool>(),
    ) {
        let capsule = capsule(3, &["bad-coin"]);
        let whole = capsule.to_json("x").unwrap();
        let mut text = whole.clone();
        for (at, remove, insert) in edits {
            let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
            let Some(from) = starts.get(at.index(starts.len().max(1))).copied() else { break };
            let to = text[from..].char_indices().nth(remove).map_or(text.len(), |(length, _)| from + length);
            text.replace_range(from..to, &insert);
        }
        match Capsule::from_json(&text, edited) {
            // Space between words, and the command, are not covered by the checksum.
            Ok((read, true)) => prop_assert_eq!(read, capsule),
            Ok((read, false)) => {
                prop_assert!(edited);
                let again = Capsule::from_json(&read.to_json("x").unwrap(), false).unwrap();
                prop_assert_eq!(again, (read, true));
            }
            Err(error) => prop_assert!(error.to_string().starts_with("read the capsule: ")),
        }
    }
}
