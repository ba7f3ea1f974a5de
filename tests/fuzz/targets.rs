//! Everything that reads a file, given one input: it may refuse it, and do nothing else.

use seedstorm::prelude::*;
use seedstorm::reports::record::RunRecord;
use seedstorm::scenarios::artefact::lock;
use seedstorm::scenarios::begin::Begin;
use seedstorm::scenarios::capsule::Capsule;
use seedstorm::scenarios::explore::{Keep, explore_in, github, judge, junit};
use seedstorm::scenarios::parallel::Threads;
use seedstorm::scenarios::replay::plan_of;
use seedstorm::scenarios::sweep::{SweepOptions, Tabulated, points_csv, sweep};
use seedstorm::sim_core::history::read_history;
use seedstorm::sim_core::operation::ObjectModel;
use seedstorm::sim_core::ratio::Ratio;
use seedstorm::sim_core::text::is_control;
use serde_json::Value;

use super::corpus::{BUILD, Corpus, build_sweep, options};
use super::mutate::{self, Dice};

/// What is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Scenario,
    Resolved,
    Sweep,
    Capsule,
    State,
    Rows,
    Record,
    Table,
    History,
}

/// All targets, the more frequent ones several times.
pub(crate) const TARGETS: &[Target] = &[
    Target::Scenario,
    Target::Scenario,
    Target::Scenario,
    Target::Resolved,
    Target::Resolved,
    Target::Resolved,
    Target::Capsule,
    Target::Capsule,
    Target::Sweep,
    Target::Sweep,
    Target::State,
    Target::Rows,
    Target::Record,
    Target::Table,
    Target::History,
];

/// So many events of a run that was read are run.
const EVENTS: u64 = 3_000;

/// Runs with more members than this are only read.
const MEMBERS: u32 = 300;

/// An input: a file of the corpus, changed.
pub(crate) fn input(corpus: &Corpus, target: Target, dice: &mut Dice) -> Vec<u8> {
    let files = match target {
        Target::Scenario => &corpus.scenarios,
        Target::Resolved => &corpus.resolved,
        Target::Sweep => &corpus.sweeps,
        Target::Capsule => &corpus.capsules,
        Target::State => &corpus.states,
        Target::Rows => &corpus.rows,
        Target::Record => &corpus.records,
        Target::Table => &corpus.tables,
        Target::History => &corpus.histories,
    };
    let (file, other) = (dice.pick(files), dice.pick(files));
    let structured = !matches!(target, Target::Scenario | Target::Sweep) && dice.below(5) > 0;
    let changed = if matches!(target, Target::Rows | Target::History) {
        structured.then(|| lines(file, dice)).flatten()
    } else {
        structured.then(|| document(file, other, dice)).flatten()
    };
    changed.unwrap_or_else(|| {
        let mut bytes = file.clone().into_bytes();
        mutate::text(&mut bytes, other.as_bytes(), dice);
        bytes
    })
}

/// A JSON document with other values.
fn document(file: &str, other: &str, dice: &mut Dice) -> Option<Vec<u8>> {
    let (mut value, other): (Value, Value) =
        (serde_json::from_str(file).ok()?, serde_json::from_str(other).ok()?);
    mutate::values(&mut value, &other, dice);
    Some(value.to_string().into_bytes())
}

/// One line of JSON lines with other values.
fn lines(file: &str, dice: &mut Dice) -> Option<Vec<u8>> {
    let mut lines: Vec<String> = file.lines().map(str::to_owned).collect();
    let (index, other) = (dice.below(lines.len()), dice.below(lines.len()));
    let mut value: Value = serde_json::from_str(&lines[index]).ok()?;
    mutate::values(&mut value, &serde_json::from_str(&lines[other]).ok()?, dice);
    lines[index] = value.to_string();
    Some((lines.join("\n") + "\n").into_bytes())
}

/// Reads an input as the program would; whether it was taken.
///
/// # Panics
/// If something is wrong: that is what is looked for.
pub(crate) fn read(corpus: &Corpus, target: Target, bytes: &[u8], dice: &mut Dice) -> bool {
    // The program refuses what is no text before anything else looks at it.
    let Ok(text) = std::str::from_utf8(bytes) else { return false };
    match target {
        Target::Scenario => scenario(corpus, text, Format::Toml, dice),
        Target::Resolved => scenario(corpus, text, Format::Json, dice),
        Target::Sweep => swept(corpus, text),
        Target::Capsule => capsule(corpus, text, dice),
        Target::State => state(corpus, text),
        Target::Rows => rows(corpus, text),
        Target::Record => record(text, dice),
        Target::Table => table(text, dice),
        Target::History => {
            let model = *dice.pick(&ObjectModel::ALL);
            read_history(model, text.as_bytes()).is_ok()
        }
    }
}

fn scenario(corpus: &Corpus, text: &str, format: Format, dice: &mut Dice) -> bool {
    let source = Source { name: "fuzz.toml".to_owned(), text: text.to_owned() };
    match load(&corpus.registry, source, format, &[]) {
        Ok(loaded) => {
            assert!(!loaded.scenario.title.chars().any(is_control));
            let again = load(
                &corpus.registry,
                Source { name: "again.json".to_owned(), text: loaded.resolved.to_string() },
                Format::Json,
                &[],
            );
            let again = again.unwrap_or_else(|problems| panic!("what is resolved is refused: {problems}"));
            assert_eq!(again.hash, loaded.hash, "what is resolved is another scenario");
            let plan = compile(&loaded, dice.word() % 1_000, &[]);
            begin(plan).unwrap_or_else(|error| panic!("what is valid is refused: {error}"));
            true
        }
        Err(problems) => {
            let told = problems.render(false);
            assert!(!told.chars().any(|c| is_control(c) && c != '\n'), "{told:?}");
            assert!(told.len() < 100_000, "{} bytes are told", told.len());
            false
        }
    }
}

/// Makes the first events of a run, where it is not too large.
fn begin(mut plan: Plan) -> Result<(), String> {
    if plan.setup.members > MEMBERS || plan.setup.clients > MEMBERS {
        return Ok(());
    }
    plan.setup.max_events = plan.setup.max_events.min(EVENTS);
    let outcome = run(&plan, &Launch::default()).map_err(|error| error.to_string())?;
    let broken = |it: &&seedstorm::sim_core::check::Violation| it.verdict == Verdict::Crash;
    if let Some(panic) = outcome.violations.iter().find(broken) {
        panic!("the run panicked: {}", panic.message);
    }
    Ok(())
}

fn swept(corpus: &Corpus, text: &str) -> bool {
    build_sweep(&corpus.registry, text).is_some()
}

fn capsule(corpus: &Corpus, text: &str, dice: &mut Dice) -> bool {
    let Ok((capsule, _)) = Capsule::from_json(text, true) else { return false };
    let shown = capsule.message.iter().chain(&capsule.check).chain([&capsule.name, &capsule.protocol]);
    assert!(!shown.flat_map(|text| text.chars()).any(is_control));
    let written = capsule.to_json("x.json").unwrap();
    assert_eq!(Capsule::from_json(&written, false).unwrap().0, capsule, "it is another one when written");
    let setup = if dice.below(2) == 0 { capsule.setup.clone() } else { capsule.pinned_setup() };
    if let Ok(plan) = plan_of(&corpus.registry, &capsule, setup) {
        // A capsule may ask for what no run can have.
        let _ = begin(plan);
    }
    true
}

fn state(corpus: &Corpus, text: &str) -> bool {
    std::fs::write(corpus.folder.join("explore.state.json"), text).unwrap();
    let keep = Keep { folder: &corpus.folder, begin: Begin::Resume, enough: &|| true, onlooker: &() };
    let at_once = Hooks { interrupted: &|| true, ..Hooks::NONE };
    let options = ExploreOptions { seeds: 0..6, ..options() };
    let Ok((exploration, _held)) = explore_in(keep, &corpus.explored, &options, at_once) else {
        return false;
    };
    let demands = judge(&corpus.explored, &exploration.activity, Ratio::new(95, 100));
    let nowhere = |_: &seedstorm::scenarios::explore::Finding| String::new();
    github::annotations(&corpus.explored, &exploration, &demands, &nowhere);
    github::summary(&corpus.explored, &exploration, &demands, &nowhere);
    junit::suite(&corpus.explored, &exploration, &demands, &nowhere);
    true
}

fn rows(corpus: &Corpus, text: &str) -> bool {
    std::fs::write(corpus.folder.join("runs.jsonl"), text).unwrap();
    let held = lock(&corpus.folder).unwrap();
    let options = SweepOptions {
        jobs: Some(1),
        begin: Begin::Resume,
        build: BUILD.to_owned(),
        ..SweepOptions::default()
    };
    let at_once = Hooks { interrupted: &|| true, ..Hooks::NONE };
    let Ok(run) = sweep(&corpus.swept, &held, &options, at_once) else { return false };
    let threads = Threads::start(Some(1)).unwrap();
    let read = Tabulated::read(&corpus.swept, &corpus.folder, BUILD, run.made, &threads).unwrap();
    read.write_runs_csv(&corpus.folder.join("runs.csv"), &threads).unwrap();
    points_csv(&read.table);
    true
}

fn record(text: &str, dice: &mut Dice) -> bool {
    let Ok(record) = RunRecord::from_json(text) else { return false };
    if dice.below(8) == 0 {
        seedstorm::reports::folder::page(&record);
    }
    true
}

fn table(text: &str, dice: &mut Dice) -> bool {
    let Ok(table) = seedstorm::reports::sweep::from_json(text) else { return false };
    if dice.below(8) == 0 {
        seedstorm::reports::sweep::page(&table);
    }
    true
}
