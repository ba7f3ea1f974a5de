//! A swarm as a test: `cargo test` explores a scenario, and a failure is a small story that replays.

mod failure;
mod settings;

use std::path::{Path, PathBuf};

use scenarios::campaign_limits::CampaignLimit;
use scenarios::capsule::Capsule;
use scenarios::corpus::folder::{self, read_capsule};
use scenarios::corpus::{KEPT_PER_FINGERPRINT, Kept, file_name};
use scenarios::explore::{
    Demand, Exploration, ExploreOptions, Hooks, explore, fails as finding_in, is_finding, judge,
};
use scenarios::plan::Plan;
use scenarios::replay::{Replay, ReplayOptions, Replayed, plan_of, replay};
use scenarios::run::{keep_quiet_about_panics_in_runs, run};
use scenarios::scenario::{Loaded, load};
use scenarios::shrink::{ShrinkHooks, ShrinkOptions, shrink};
use scenarios::source::Source;
use scenarios::story::tell;
use sim_core::judgment::Judgment;
use sim_core::outcome::Outcome;
use sim_core::ratio::Ratio;
use sim_core::registry::{Launch, Registry};

pub use failure::{Found, StormFailure};
pub use settings::{BadSetting, Settings};

use crate::build::build_name;

/// So many runs are spent on shrinking what was found.
const BUDGET: u64 = 2_000;

/// Explores a scenario in a test, and panics with the shrunk story of what it finds.
///
/// The scenario is a path from the root of the package under test, or the name of a built-in one. Further settings are methods of
/// [`Storm`]: `seeds`, `first_seed`, `plant`, `set`, `min_conclusive`.
///
/// ```no_run
/// # fn registry() -> seedstorm::sim_core::registry::Registry { seedstorm::registry() }
/// #[test]
/// fn it_weathers_the_storm() {
///     seedstorm::storm!(registry(), "tests/swarm.toml", seeds = 500);
/// }
/// ```
///
/// What fails is kept beside the scenario, in `NAME.corpus`, and tried first the next time. Environment variables go before the
/// settings in the code: `SEEDSTORM_SEEDS` (`1000` or `500..1000`), `SEEDSTORM_SEED` (one), `SEEDSTORM_TIME` (at most so long,
/// as `10min`), `SEEDSTORM_JOBS` (threads), `SEEDSTORM_CAPSULE` (replay this file and nothing else).
#[macro_export]
macro_rules! storm {
    ($registry:expr, $scenario:expr $(, $setting:ident = $value:expr)* $(,)?) => {
        $crate::storm::Storm::new(&$registry, env!("CARGO_MANIFEST_DIR"), $scenario)$( .$setting($value) )*.assert()
    };
}

/// A scenario to be explored by a test.
#[must_use = "nothing is explored before `run` or `assert`"]
pub struct Storm<'a> {
    registry: &'a Registry,
    home: PathBuf,
    scenario: String,
    settings: Settings,
    plants: Vec<String>,
    overlays: Vec<String>,
    min_conclusive: Ratio,
}

/// What a storm came to that found nothing.
#[derive(Clone, Debug)]
pub struct Weathered {
    /// How many runs were made.
    pub runs: u64,
    /// How many capsules of earlier failures were replayed.
    pub replayed: u64,
    /// What was demanded, all of it met.
    pub demands: Vec<Demand>,
}

impl<'a> Storm<'a> {
    /// A scenario by its path from `home`, or a built-in one by its name; 200 seeds.
    pub fn new(registry: &'a Registry, home: impl Into<PathBuf>, scenario: &str) -> Self {
        Self {
            registry,
            home: home.into(),
            scenario: scenario.to_owned(),
            settings: Settings::default(),
            plants: Vec::new(),
            overlays: Vec::new(),
            min_conclusive: Ratio::new(95, 100),
        }
    }

    /// How many seeds are explored.
    pub fn seeds(mut self, seeds: u64) -> Self {
        self.settings.seeds = seeds;
        self
    }

    /// The first seed; 0 if nothing is said.
    pub fn first_seed(mut self, first: u64) -> Self {
        self.settings.first = first;
        self
    }

    /// Switches a planted bug on, so that a test can show that the storm finds it.
    pub fn plant(mut self, name: &str) -> Self {
        self.plants.push(name.to_owned());
        self
    }

    /// Replaces a value of the scenario, as `--set` does: `cluster.nodes=7`.
    pub fn set(mut self, overlay: &str) -> Self {
        self.overlays.push(overlay.to_owned());
        self
    }

    /// The least share of runs that must be conclusive; 95 % if nothing is said.
    pub fn min_conclusive(mut self, share: Ratio) -> Self {
        self.min_conclusive = share;
        self
    }

    /// Explores, and panics with the story of a failure.
    ///
    /// # Panics
    /// If anything is found, a demand is missed, or the scenario cannot be run.
    #[track_caller]
    pub fn assert(self) {
        match self.run() {
            Ok(weathered) => eprintln!("{weathered}"),
            Err(failure) => panic!("{failure}"),
        }
    }

    /// Replays what failed before, then explores.
    ///
    /// # Errors
    /// What was found, which demand was missed, or why nothing could be run.
    pub fn run(mut self) -> Result<Weathered, StormFailure> {
        keep_quiet_about_panics_in_runs();
        let capsule = self.settings.read_environment()?;
        if let Some(path) = capsule {
            return self.only(&path);
        }
        let loaded = self.load()?;
        let corpus = self.corpus();
        let replayed = self.replay_all(&corpus)?;
        let exploration = self.explore(&loaded)?;
        if let Some(finding) = exploration.findings.first() {
            let small = self.shrunk(&finding.capsule)?;
            return Err(self.keep(&small, exploration.runs)?);
        }
        let demands = judge(&loaded, &exploration.activity, self.min_conclusive);
        match exploration.judge(&demands) {
            Judgment::AsExpected => Ok(Weathered { runs: exploration.runs, replayed, demands }),
            _ if exploration.limits.missed() > 0 => {
                let missed = exploration.limits.results().filter(|limit| limit.met == Some(false));
                let told = |limit: CampaignLimit<'_>| {
                    format!("{}; worst: {}", limit.words(), limit.worst_runs().join(", "))
                };
                let limits = missed.map(told).collect();
                Err(StormFailure::Limits { scenario: loaded.name, runs: exploration.runs, limits })
            }
            _ => Err(StormFailure::Demands { scenario: loaded.name, runs: exploration.runs, demands }),
        }
    }

    /// Runs one plan of this scenario, as a property test draws or makes it. What fails is shrunk and kept beside the scenario.
    ///
    /// # Errors
    /// What was found, or why the plan cannot be run.
    pub fn verify(&self, plan: &Plan) -> Result<Outcome, StormFailure> {
        keep_quiet_about_panics_in_runs();
        let loaded = self.load()?;
        let plan = Plan { plants: self.plants.clone(), ..plan.clone() };
        let outcome = run(&plan, &Launch::default())?;
        if !finding_in(&loaded, &outcome) {
            return Ok(outcome);
        }
        let small = self.shrunk(&Capsule::new(&loaded, &plan, &outcome, &build_name()))?;
        Err(self.keep(&small, 1)?)
    }

    fn load(&self) -> Result<Loaded, StormFailure> {
        let source = match scenarios::builtin::find(&self.scenario) {
            Some(source) => source,
            None => {
                let path = self.home.join(&self.scenario);
                let text = scenarios::artefact::read_text(&path, scenarios::document::LARGEST as u64);
                let text = text
                    .map_err(|error| StormFailure::Scenario(format!("read {}: {error}", path.display())))?;
                Source { name: self.scenario.clone(), text }
            }
        };
        let format = scenarios::document::Format::of_name(&self.scenario);
        let loaded = load(self.registry, source, format, &self.overlays);
        loaded.map_err(|problems| StormFailure::Scenario(problems.render(false)))
    }

    /// Where failures of this scenario are kept.
    fn corpus(&self) -> PathBuf {
        let name = Path::new(&self.scenario).with_extension("corpus");
        if scenarios::builtin::find(&self.scenario).is_some() {
            self.home.join("tests").join(name)
        } else {
            self.home.join(name)
        }
    }

    /// Replays one capsule.
    fn only(&self, path: &Path) -> Result<Weathered, StormFailure> {
        // Tests run in the folder of their package, and people name files from where they stand.
        let path = if path.exists() { path.to_owned() } else { self.home.join(path) };
        let (capsule, intact) = read_capsule(&path, true)?;
        let replayed = self.replay(&capsule, intact)?;
        if fails(&replayed) {
            return Err(self.found(&capsule, &path, None)?);
        }
        Ok(Weathered { runs: 0, replayed: 1, demands: Vec::new() })
    }

    /// Replays what failed before; how much that is. What was found with a planted bug on concerns only storms with it.
    fn replay_all(&self, corpus: &Path) -> Result<u64, StormFailure> {
        let there = folder::read(corpus, true)?;
        if let Some(damaged) = there.damaged.first() {
            let path = corpus.join(&damaged.name);
            return Err(StormFailure::Scenario(format!("{}: {}", path.display(), damaged.why)));
        }
        let ours = there.kept.iter().filter(|kept| kept.capsule.plants == self.plants);
        let mut replayed = 0;
        for Kept { name, capsule, intact } in ours {
            if fails(&self.replay(capsule, *intact)?) {
                return Err(self.found(capsule, &corpus.join(name), None)?);
            }
            replayed += 1;
        }
        Ok(replayed)
    }

    fn replay(&self, capsule: &Capsule, intact: bool) -> Result<Replay, StormFailure> {
        let options = ReplayOptions { build: &build_name(), intact };
        Ok(replay(self.registry, capsule, options, &Launch::default())?)
    }

    fn explore(&self, loaded: &Loaded) -> Result<Exploration, StormFailure> {
        let Settings { first, seeds, jobs, time } = self.settings;
        let options = ExploreOptions {
            seeds: first..first.saturating_add(seeds),
            plants: self.plants.clone(),
            jobs,
            stop_on_first: true,
            known: Vec::new(),
            build: build_name(),
            ..ExploreOptions::default()
        };
        let over = passed(time);
        let mut exploration = explore(loaded, &options, Hooks { after_run: &|| {}, interrupted: &over })?;
        // What ends with its time ends as it should.
        exploration.interrupted = false;
        Ok(exploration)
    }

    fn shrunk(&self, capsule: &Capsule) -> Result<Capsule, StormFailure> {
        let options = ShrinkOptions { budget: BUDGET, jobs: self.settings.jobs, build: build_name() };
        Ok(shrink(self.registry, capsule, &options, ShrinkHooks::NONE)?.capsule)
    }

    /// Keeps a run that fails, and tells of it.
    fn keep(&self, small: &Capsule, runs: u64) -> Result<StormFailure, StormFailure> {
        let corpus = self.corpus();
        folder::add(&corpus, std::slice::from_ref(small), KEPT_PER_FINGERPRINT)?;
        self.found(small, &corpus.join(file_name(small)), Some(runs))
    }

    /// Tells of a run that fails.
    fn found(&self, capsule: &Capsule, path: &Path, runs: Option<u64>) -> Result<StormFailure, StormFailure> {
        let plan = plan_of(self.registry, capsule, capsule.setup.clone())?;
        let story = tell(&plan, capsule.fingerprint.as_deref())?.map(|told| told.story);
        let path = path.strip_prefix(&self.home).unwrap_or(path).to_owned();
        Ok(StormFailure::Found(Box::new(Found::new(capsule, path, runs, story))))
    }
}

/// Whether a time is over that begins now.
#[expect(clippy::disallowed_types, reason = "how long a campaign takes, not what is in a run")]
fn passed(time: Option<std::time::Duration>) -> impl Fn() -> bool {
    let begun = std::time::Instant::now();
    move || time.is_some_and(|limit| begun.elapsed() >= limit)
}

/// Whether a capsule's run fails, as it did or in another way.
fn fails(replay: &Replay) -> bool {
    matches!(replay.replayed, Replayed::Reproduced | Replayed::Nondeterministic { .. })
        || is_finding(replay.outcome.verdict)
}

impl std::fmt::Display for Weathered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "seedstorm: nothing found in {} runs", self.runs)?;
        if self.replayed > 0 {
            write!(f, ", and {} earlier failures fail no more", self.replayed)?;
        }
        Ok(())
    }
}
