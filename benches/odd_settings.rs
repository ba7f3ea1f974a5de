//! Settings that are odd but legal, under faults, with clean code: nobody may be accused.
//!
//! `cargo bench --bench odd_settings` runs 500 settings of each protocol with 100 seeds each, and ends with an error if anything
//! worse than a missed service level is found. Name protocols to run only those, and `SETTINGS`x`SEEDS` to run fewer:
//! `cargo bench --bench odd_settings -- raft 400x10`. Both may be ranges (`100..150x0..20`), so that pieces of it add up to the
//! whole. A setting that takes more than a second for each seed is named; `show` prints settings and runs none.

#[path = "../tests/it/liveness/odd.rs"]
mod odd;

use std::ops::Range;
use std::process::ExitCode;

use cpu_time::ThreadTime;
use sim_core::ordered::OrderedMap;

use seedstorm::prelude::*;
use seedstorm::sim_core::outcome::Progress;

/// What the runs of a protocol came to.
#[derive(Default)]
struct Tally {
    runs: u64,
    events: u64,
    by_progress: OrderedMap<String, u64>,
    by_verdict: OrderedMap<Verdict, u64>,
    accused: Vec<String>,
}

impl Tally {
    fn add(&mut self, protocol: &str, setting: u64, seed: u64, outcome: &Outcome) {
        self.runs += 1;
        self.events += outcome.events;
        let progress = match &outcome.progress {
            Progress::NotOwed { .. } => "not owed".to_owned(),
            Progress::Made { late: None, .. } => "made".to_owned(),
            Progress::Made { .. } => "made late".to_owned(),
            Progress::Stalled { reason, .. } => format!("{reason:?}"),
            Progress::Missed { .. } => "missed".to_owned(),
        };
        *self.by_progress.entry(progress).or_default() += 1;
        *self.by_verdict.entry(outcome.verdict).or_default() += 1;
        for violation in outcome.violations.iter().filter(|found| found.verdict > Verdict::Service) {
            let message =
                format!("{protocol} {setting} seed {seed}: {} {}", violation.check, violation.message);
            println!("{message}");
            self.accused.push(message);
        }
    }
}

fn main() -> ExitCode {
    seedstorm::memory::keep();
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let size = |word: &String| {
        let (settings, seeds) = word.split_once('x')?;
        Some((range(settings)?, range(seeds)?))
    };
    let (settings, seeds) = words.iter().find_map(size).unwrap_or((0..500, 0..100));
    let wanted = |protocol: &&&str| {
        let named: Vec<&String> =
            words.iter().filter(|word| size(word).is_none() && *word != "show").collect();
        named.is_empty() || named.iter().any(|word| word.as_str() == **protocol)
    };
    if let Some(unknown) = words
        .iter()
        .find(|word| size(word).is_none() && *word != "show" && !odd::PROTOCOLS.contains(&word.as_str()))
    {
        eprintln!("{unknown} is no protocol with odd settings; there are {}", odd::PROTOCOLS.join(", "));
        return ExitCode::FAILURE;
    }
    let show = words.iter().any(|word| word == "show");
    let mut accused = 0;
    for protocol in odd::PROTOCOLS.iter().filter(wanted) {
        let tally = campaign(protocol, settings.clone(), seeds.clone(), show);
        println!(
            "{protocol}: {} runs, {} events; verdicts {:?}; progress {:?}; accused {}",
            tally.runs,
            tally.events,
            tally.by_verdict,
            tally.by_progress,
            tally.accused.len()
        );
        accused += tally.accused.len();
    }
    if accused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// `100..150`, or `50` for the first fifty.
fn range(word: &str) -> Option<Range<u64>> {
    let (from, to) = word.split_once("..").unwrap_or(("0", word));
    Some(from.parse().ok()?..to.parse().ok()?)
}

fn campaign(protocol: &str, settings: Range<u64>, seeds: Range<u64>, show: bool) -> Tally {
    let registry = seedstorm::registry();
    let mut tally = Tally::default();
    for setting in settings {
        if show {
            println!("# {protocol} {setting}\n{}", odd::scenario(protocol, setting));
            continue;
        }
        let (started, before) = (ThreadTime::now(), tally.events);
        let source = Source { name: "odd".to_owned(), text: odd::scenario(protocol, setting) };
        let loaded = load(&registry, source, Format::Toml, &[]).expect("a legal setting");
        for seed in seeds.clone() {
            let outcome = run(&compile(&loaded, seed, &[]), &Launch::default()).expect("a legal setting");
            tally.add(protocol, setting, seed, &outcome);
        }
        let (took, runs) = (started.elapsed().as_secs_f64(), seeds.end - seeds.start);
        if took > runs as f64 {
            let events = tally.events - before;
            println!("{protocol} {setting}: {took:.0} s for {runs} runs with {events} events");
        }
    }
    tally
}
