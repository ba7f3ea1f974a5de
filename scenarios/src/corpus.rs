//! A corpus of capsules as regression tests: a few per fingerprint, smallest first, all replayed together.

pub mod folder;
mod told;

use sim_core::registry::{Launch, Registry};
use sim_core::sorting::SortSeldom;

use crate::capsule::Capsule;
use crate::parallel::on_all_cores;
use crate::replay::{Replay, ReplayError, ReplayOptions, Replayed, replay};

pub use told::{Came, Told, annotations, suite, summary};

/// How many capsules of one fingerprint are kept where nobody says otherwise.
pub const KEPT_PER_FINGERPRINT: usize = 3;

/// A capsule of a corpus.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its file's name.
    pub name: String,
    /// The capsule.
    pub capsule: Capsule,
    /// Whether its checksum matched.
    pub intact: bool,
}

/// The name of a capsule's file in a corpus: what it breaks, and which run it is. The same run has the same name.
pub fn file_name(capsule: &Capsule) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    let part = |text: &str| text.chars().map(plain).collect::<String>();
    let check = part(capsule.check.as_deref().unwrap_or("run"));
    let digest = capsule.digest.to_string();
    let fingerprint = part(capsule.fingerprint.as_deref().unwrap_or("none"));
    format!("{check}-{fingerprint}-{}.capsule.json", digest.get(..8).unwrap_or(&digest))
}

/// How large the run of a capsule is, and how long it takes: what comes first in a corpus.
fn cost(kept: &Kept) -> (usize, u64, u64, u64, &str) {
    let setup = &kept.capsule.setup;
    let events = kept.capsule.shrunk.as_ref().map_or(u64::MAX, |log| log.after.events);
    // An edited capsule may claim any number.
    let slots = u64::from(setup.members) + u64::from(setup.clients);
    (setup.faults.entries.len(), slots, events, setup.duration.as_nanos(), &kept.name)
}

/// Puts the smallest and fastest first.
pub fn sort(corpus: &mut [Kept]) {
    corpus.sort_seldom_by(|a, b| cost(a).cmp(&cost(b)));
}

/// The names of those that are too many: beyond so many of one fingerprint and one set of plants, the largest; in the
/// order of a sorted corpus.
pub fn surplus(corpus: &[Kept], per_fingerprint: usize) -> Vec<String> {
    let same = |a: &Kept, b: &Kept| {
        a.capsule.fingerprint == b.capsule.fingerprint && a.capsule.plants == b.capsule.plants
    };
    let earlier = |index: usize| corpus[..index].iter().filter(|kept| same(kept, &corpus[index])).count();
    let over = (0..corpus.len()).filter(|index| earlier(*index) >= per_fingerprint);
    over.map(|index| corpus[index].name.clone()).collect()
}

/// Runs every capsule again, in parallel, with results in the order of the corpus.
pub fn replay_all(registry: &Registry, corpus: &[Kept], build: &str) -> Vec<Result<Replay, ReplayError>> {
    let one = |kept: &Kept| {
        let options = ReplayOptions { build, intact: kept.intact };
        replay(registry, &kept.capsule, options, &Launch::default())
    };
    on_all_cores(corpus, one)
}

/// What the runs of a corpus came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Still fail in the same way.
    pub reproduced: u64,
    /// Fail in another way.
    pub changed: u64,
    /// Fail no more.
    pub gone: u64,
    /// Came to another digest than the same engine and build recorded.
    pub nondeterministic: u64,
    /// Could not be run by this program.
    pub refused: u64,
}

impl Tally {
    /// Counts results.
    pub fn of(results: &[Result<Replay, ReplayError>]) -> Self {
        let mut tally = Self::default();
        for result in results {
            let counter = match result.as_ref().map(|replay| replay.replayed) {
                Ok(Replayed::Reproduced) => &mut tally.reproduced,
                Ok(Replayed::Changed) => &mut tally.changed,
                Ok(Replayed::Gone) => &mut tally.gone,
                Ok(Replayed::Nondeterministic { .. }) => &mut tally.nondeterministic,
                Err(_) => &mut tally.refused,
            };
            *counter += 1;
        }
        tally
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explore::{ExploreOptions, Hooks, explore};
    use crate::testing::{LEAST, registry, toml};

    /// The capsule of a toy run that fails.
    fn failing(seed: u64, faults: usize) -> Kept {
        let loaded = toml(LEAST).unwrap();
        let options = ExploreOptions {
            seeds: seed..seed + 1,
            plants: vec!["bad-coin".to_owned()],
            jobs: Some(1),
            stop_on_first: false,
            known: Vec::new(),
            build: "b".to_owned(),
            ..ExploreOptions::default()
        };
        let mut found = explore(&loaded, &options, Hooks::NONE).unwrap();
        let mut capsule = *found.findings.remove(0).capsule;
        let crash = r#"{"at":"1s","crash":{"target":"n1"}}"#;
        capsule.setup.faults.entries = vec![serde_json::from_str(crash).unwrap(); faults];
        Kept { name: format!("seed-{seed}"), capsule, intact: false }
    }

    #[test]
    fn few_of_a_kind_are_kept_and_those_the_smallest() {
        let mut corpus = vec![failing(3, 4), failing(10, 1), failing(17, 2), failing(24, 3)];
        sort(&mut corpus);
        let names: Vec<&str> = corpus.iter().map(|kept| kept.name.as_str()).collect();
        assert_eq!(names, ["seed-10", "seed-17", "seed-24", "seed-3"]);
        assert_eq!(surplus(&corpus, 3), ["seed-3"]);
        assert!(surplus(&corpus, 4).is_empty());
        // The same failure with another plant on is another failure.
        corpus[3].capsule.plants = vec!["another".to_owned()];
        assert!(surplus(&corpus, 3).is_empty());
    }

    #[test]
    fn results_come_in_order_and_are_counted() {
        let mut gone = failing(10, 0);
        gone.capsule.plants.clear();
        let mut foreign = failing(17, 0);
        foreign.capsule.protocol = "unheard-of".to_owned();
        let mut wrong = failing(3, 0);
        (wrong.intact, wrong.capsule.digest) = (true, sim_core::digest::RunDigest(1));
        let mut changed = failing(24, 0);
        (changed.capsule.engine, changed.capsule.fingerprint) = (1, Some("another".to_owned()));
        let corpus = [failing(3, 0), gone, foreign, wrong, changed];
        let results = replay_all(&registry(), &corpus, "b");
        assert_eq!(results[0].as_ref().unwrap().replayed, Replayed::Reproduced);
        let tally = Tally { reproduced: 1, changed: 1, gone: 1, nondeterministic: 1, refused: 1 };
        assert_eq!(Tally::of(&results), tally);
        let told: Vec<Told> =
            corpus.iter().zip(&results).map(|(kept, result)| Told::of(kept, result)).collect();
        let names: Vec<&str> = told.iter().map(|told| told.came.name()).collect();
        assert_eq!(names, ["reproduced", "gone", "refused", "nondeterministic", "changed"]);
        assert!(told[4].message.starts_with("now toy/agreement: "), "{}", told[4].message);
        let path = |name: &str| format!("kept/{name}");
        let xml = crate::junit::document("test", &[suite(&told, &path)]).unwrap();
        assert!(xml.contains("tests=\"5\" failures=\"2\" errors=\"2\""), "{xml}");
        assert!(
            xml.contains("<testcase name=\"seed-10\" classname=\"corpus\"/>"),
            "what is gone holds\n{xml}"
        );
        assert_eq!(annotations(&told, &path).lines().count(), 4, "nothing is said of what is gone");
        assert!(summary(&told, &path).starts_with("### corpus: 1 of 5 capsules hold"));
    }

    #[test]
    fn a_name_tells_what_breaks_and_which_run_it_is() {
        let (one, other) = (failing(3, 0).capsule, failing(10, 0).capsule);
        assert!(file_name(&one).starts_with("toy-agreement-"), "{}", file_name(&one));
        assert_eq!(file_name(&one), file_name(&one.clone()));
        assert_ne!(file_name(&one), file_name(&other));
    }
}
