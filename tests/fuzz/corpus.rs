//! Valid files of each kind, made by the program itself where they are not built in.

use std::path::{Path, PathBuf};

use seedstorm::prelude::*;
use seedstorm::reports::record::{RecordVersion, RunRecord};
use seedstorm::scenarios::artefact::lock;
use seedstorm::scenarios::begin::Begin;
use seedstorm::scenarios::builtin;
use seedstorm::scenarios::capsule::Capsule;
use seedstorm::scenarios::explore::{Keep, explore_in};
use seedstorm::scenarios::parallel::Threads;
use seedstorm::scenarios::sweep::{Draft, SWEEPS, Sweep, SweepOptions, Tabulated, sweep};
use seedstorm::sim_core::history::write_history;
use sim_core::ordered::OrderedMap;

/// Capsules and states of this build, so that they are taken for its own.
pub(crate) const BUILD: &str = "fuzz";

/// A sweep of two short points.
const SWEEP: &str = r#"schema = "seedstorm.sweep/1"
title = "Two clusters"
seeds = "0..3"
[[base]]
label = "Raft"
scenario = "raft-calm"
per = "operations.succeeded"
set = { "cluster.duration" = "1s", "checks.progress" = "none" }
grid = { "cluster.nodes" = [3, 5] }
[[plot]]
against = "cluster.nodes"
columns = ["events"]
"#;

/// What is explored for states.
const EXPLORED: &str = "raft-calm";
pub(crate) const SEEDS: std::ops::Range<u64> = 0..6;

/// Files of each kind, and what is needed to read them.
pub(crate) struct Corpus {
    pub(crate) registry: Registry,
    pub(crate) scenarios: Vec<String>,
    pub(crate) resolved: Vec<String>,
    pub(crate) sweeps: Vec<String>,
    pub(crate) capsules: Vec<String>,
    pub(crate) states: Vec<String>,
    pub(crate) rows: Vec<String>,
    pub(crate) records: Vec<String>,
    pub(crate) tables: Vec<String>,
    pub(crate) histories: Vec<String>,
    /// The campaigns whose states those are.
    pub(crate) explored: Loaded,
    pub(crate) swept: Sweep,
    /// A folder for states.
    pub(crate) folder: PathBuf,
}

pub(crate) fn builtin_scenario(registry: &Registry, name: &str) -> Loaded {
    load(registry, builtin::find(name).unwrap(), Format::Toml, &["cluster.duration=2s".to_owned()]).unwrap()
}

pub(crate) fn options() -> ExploreOptions {
    ExploreOptions {
        seeds: SEEDS,
        plants: Vec::new(),
        jobs: Some(1),
        stop_on_first: false,
        known: Vec::new(),
        build: BUILD.to_owned(),
        ..ExploreOptions::default()
    }
}

pub(crate) fn build_sweep(registry: &Registry, text: &str) -> Option<Sweep> {
    let draft = Draft::parse(Source { name: "fuzz.toml".to_owned(), text: text.to_owned() }).ok()?;
    let names: Vec<String> = draft.scenarios().map(str::to_owned).collect();
    let sources: OrderedMap<String, Source> =
        names.into_iter().filter_map(|name| builtin::find(&name).map(|source| (name, source))).collect();
    draft.build(registry, &sources).ok()
}

impl Corpus {
    /// Makes every file; what the campaigns leave is left in a folder.
    pub(crate) fn new(folder: &Path) -> Self {
        let registry = seedstorm::registry();
        let explored = builtin_scenario(&registry, EXPLORED);
        let swept = build_sweep(&registry, SWEEP).expect("the sweep is one");
        let all: Vec<Source> = builtin::names().filter_map(builtin::find).collect();
        let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
        let case = |name: &str| std::fs::read_to_string(cases.join(name)).unwrap();
        let mut scenarios: Vec<String> = all.into_iter().map(|source| source.text).collect();
        scenarios
            .extend(["selector-not-ascii.toml", "slot-ranges.toml", "control-characters.toml"].map(case));
        let resolved = |name| format!("{:#}", builtin_scenario(&registry, name).resolved);
        let names =
            ["raft-swarm", "bracha-adversaries", "epidemic-churn", "raft-wan-election", "raft-bit-rot"];
        let mut corpus = Self {
            resolved: names.map(resolved).to_vec(),
            sweeps: vec![SWEEP.to_owned(), SWEEPS[0].text.to_owned()],
            capsules: vec![case("capsule-too-many-members.json")],
            states: vec![case("explore-state-broken.json")],
            rows: Vec::new(),
            records: Vec::new(),
            tables: Vec::new(),
            histories: Vec::new(),
            folder: folder.to_owned(),
            scenarios,
            registry,
            explored,
            swept,
        };
        corpus.add_runs();
        corpus.add_campaigns();
        corpus
    }

    fn add_runs(&mut self) {
        for (name, seed) in [("raft-swarm", 1), ("bracha-swarm", 2), ("epidemic-swarm", 3), ("raft-calm", 4)]
        {
            let loaded = builtin_scenario(&self.registry, name);
            let plan = compile(&loaded, seed, &[]);
            let picture = seedstorm::sim_core::picture::Detail::Full;
            let launch = Launch { keep_history: true, picture, ..Launch::default() };
            let outcome = run(&plan, &launch).unwrap();
            self.capsules.push(Capsule::new(&loaded, &plan, &outcome, BUILD).to_json("x.json").unwrap());
            let mut history = Vec::new();
            write_history(&outcome.history, &mut history).unwrap();
            self.histories.push(String::from_utf8(history).unwrap());
            if name == "raft-calm" || name == "bracha-swarm" {
                self.records.push(record(&loaded, outcome).to_json().unwrap());
            }
        }
        self.histories.retain(|history| !history.is_empty());
    }

    fn add_campaigns(&mut self) {
        let keep = Keep { folder: &self.folder, begin: Begin::Over, enough: &|| false, onlooker: &() };
        drop(explore_in(keep, &self.explored, &options(), Hooks::NONE).unwrap());
        let read = |name: &str| std::fs::read_to_string(self.folder.join(name)).unwrap();
        self.states.push(read("explore.state.json"));
        let options = SweepOptions {
            jobs: Some(1),
            begin: Begin::Over,
            build: BUILD.to_owned(),
            ..SweepOptions::default()
        };
        let held = lock(&self.folder).unwrap();
        let run = sweep(&self.swept, &held, &options, Hooks::NONE).unwrap();
        self.rows.push(read("runs.jsonl"));
        let threads = Threads::start(Some(1)).unwrap();
        let read = Tabulated::read(&self.swept, &self.folder, BUILD, run.made, &threads).unwrap();
        self.tables.push(format!("{:#}", seedstorm::reports::sweep::document(&read.table).unwrap()));
    }
}

fn record(loaded: &Loaded, outcome: Outcome) -> RunRecord {
    RunRecord {
        schema: RecordVersion::V1,
        name: loaded.name.clone(),
        title: loaded.scenario.title.clone(),
        about: loaded.scenario.about.clone(),
        scenario: loaded.resolved.clone(),
        scenario_hash: loaded.hash.clone(),
        expect: loaded.scenario.expect.to_string(),
        as_expected: true,
        replay: "seedstorm run".to_owned(),
        outcome,
        history_omitted: 0,
        story: None,
        moments: None,
    }
}
