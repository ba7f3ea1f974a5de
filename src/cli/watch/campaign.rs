//! `explore --watch`: a campaign while it goes on.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use console::{Style, Term};
use scenarios::capsule::first_violation;
use scenarios::explore::{Activity, Counter, Demand, Exploration, ExploreOptions, fails, judge};
use scenarios::scenario::{Loaded, verdict_name};
use sim_core::check::Verdict;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::{MARK, Outcome};
use sim_core::ratio::Ratio;
use sim_core::sorting::SortSeldom;

use super::{FRAME, Screen, bar, labelled};
use crate::cli::table::{thousands, two_digits};
use crate::cli::wall::{Stopwatch, rough};

/// More distinct failures than these are counted and not listed.
const MOST_FOUND: usize = 8;

/// More counters than these are left out.
const MOST_COUNTED: usize = 6;

/// How many seconds the small chart of the rate goes back.
const SECONDS: usize = 40;

/// Looks on while a campaign goes on, and draws what it has seen.
pub(crate) struct CampaignWatch<'a> {
    loaded: &'a Loaded,
    options: &'a ExploreOptions,
    min_conclusive: Ratio,
    watch: Stopwatch,
    color: bool,
    /// How many frames were due so far.
    frames: AtomicU64,
    seen: Mutex<Seen>,
    screen: Mutex<Screen<Term>>,
}

/// What a campaign came to so far.
#[derive(Debug, Default)]
struct Seen {
    /// How many runs were made before.
    resumed: u64,
    activity: Activity,
    /// Runs that failed in a way that is known.
    known: u64,
    found: Vec<Found>,
    /// Runs by the second in which they ended.
    by_second: Vec<u64>,
}

/// A way of failing.
#[derive(Debug)]
struct Found {
    fingerprint: String,
    verdict: Verdict,
    check: String,
    message: String,
    /// The lowest seed so far.
    seed: u64,
    runs: u64,
}

impl<'a> CampaignWatch<'a> {
    /// Of a campaign that is about to begin.
    pub(crate) fn new(
        loaded: &'a Loaded,
        options: &'a ExploreOptions,
        min_conclusive: Ratio,
        watch: Stopwatch,
        color: bool,
    ) -> Self {
        Self {
            loaded,
            options,
            min_conclusive,
            watch,
            color,
            frames: AtomicU64::new(0),
            seen: Mutex::default(),
            screen: Mutex::new(Screen::stderr()),
        }
    }

    /// It goes on from what was explored before.
    pub(crate) fn begun(&self, exploration: &Exploration) {
        let mut seen = self.seen();
        seen.resumed = exploration.runs;
        seen.activity = exploration.activity.clone();
        seen.known = exploration.known;
        seen.found.extend(exploration.findings.iter().map(|finding| Found {
            fingerprint: finding.fingerprint.clone(),
            verdict: finding.verdict,
            check: finding.check.clone(),
            message: finding.message.clone(),
            seed: finding.seed,
            runs: finding.runs,
        }));
    }

    /// A run has ended.
    pub(crate) fn ended(&self, outcome: &Outcome) {
        let second = self.watch.seconds() as usize;
        self.seen().add(self.loaded, self.options, outcome, second);
    }

    /// Draws, if it is time to and nobody else does.
    pub(crate) fn look(&self) {
        let due = self.watch.milliseconds() / FRAME;
        if self.frames.fetch_max(due, Ordering::Relaxed) >= due {
            return;
        }
        if let Ok(mut screen) = self.screen.try_lock() {
            let lines = self.frame(&self.seen(), self.watch.seconds());
            // A frame that cannot be drawn is no reason to end a campaign.
            let _: io::Result<()> = screen.show(&lines);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is going on, a line for each thing.
    fn frame(&self, seen: &Seen, seconds: f64) -> Vec<String> {
        let (runs, whole) = (seen.activity.runs, self.options.runs());
        let share = runs as f64 / whole.max(1) as f64 * 100.0;
        let (done, all) = (thousands(runs), thousands(whole));
        let mut lines = vec![format!(
            "{} · {done} of {all} seeds · {share:.1} %  {}",
            self.loaded.name,
            bar(runs, whole)
        )];
        lines.push(labelled("rate", &rate(seen, whole, seconds)));
        lines.extend(self.found(seen));
        lines.push(labelled("conclusive", &conclusive(&seen.activity)));
        lines.push(labelled("faults", &shares(&seen.activity.families, runs)));
        lines.push(labelled("per run", &per_run(&seen.activity.counters, runs)));
        let demands = judge(self.loaded, &seen.activity, self.min_conclusive);
        lines.push(labelled("missing", &missing(&demands)));
        lines.push("Ctrl-C ends, and keeps what was found".to_owned());
        lines
    }

    fn found(&self, seen: &Seen) -> Vec<String> {
        let red = Style::new().red().bold().force_styling(self.color);
        let failed: u64 = seen.found.iter().map(|found| found.runs).sum();
        let known = match seen.known {
            0 => String::new(),
            known => format!(" · {} failed in a way that is known", runs(known)),
        };
        let summary = match seen.found.len() {
            0 => format!("nothing so far{known}"),
            1 => format!("{} in {}{known}", red.apply_to("1 failure"), runs(failed)),
            many => format!("{} in {}{known}", red.apply_to(format!("{many} failures")), runs(failed)),
        };
        let mut lines = vec![labelled("found", &summary)];
        lines.extend(seen.found.iter().take(MOST_FOUND).map(|found| {
            let Found { check, message, seed, .. } = found;
            let verdict = verdict_name(found.verdict).to_uppercase();
            labelled("", &format!("{verdict} {check} · seed {seed} · {} · {message}", runs(found.runs)))
        }));
        if seen.found.len() > MOST_FOUND {
            lines.push(labelled("", &format!("and {} more", seen.found.len() - MOST_FOUND)));
        }
        lines
    }
}

impl Seen {
    /// Takes in a run that ended in a second of the campaign.
    fn add(&mut self, loaded: &Loaded, options: &ExploreOptions, outcome: &Outcome, second: usize) {
        self.activity.add(outcome, &loaded.scenario.expect);
        if self.by_second.len() <= second {
            self.by_second.resize(second + 1, 0);
        }
        self.by_second[second] += 1;
        if !fails(loaded, outcome) {
            return;
        }
        let first = first_violation(outcome);
        let fingerprint =
            first.map_or_else(|| verdict_name(outcome.verdict).to_owned(), |first| first.fingerprint.clone());
        if options.known.contains(&fingerprint) {
            self.known += 1;
            return;
        }
        if let Some(found) = self.found.iter_mut().find(|found| found.fingerprint == fingerprint) {
            found.runs += 1;
            found.seed = found.seed.min(outcome.seed);
            return;
        }
        self.found.push(Found {
            fingerprint,
            verdict: outcome.verdict,
            check: first.map_or_else(String::new, |first| first.check.clone()),
            message: first.map_or_else(String::new, |first| first.message.clone()),
            seed: outcome.seed,
            runs: 1,
        });
    }
}

fn runs(count: u64) -> String {
    if count == 1 { "1 run".to_owned() } else { format!("{} runs", thousands(count)) }
}

/// How fast it goes on average, what is left at that pace, and how fast it was in each of the last seconds.
fn rate(seen: &Seen, whole: u64, seconds: f64) -> String {
    let made = seen.activity.runs.saturating_sub(seen.resumed);
    let rate = made as f64 / seconds.max(1e-3);
    let left = match made {
        0 => String::new(),
        _ => format!(" · {} left", rough(whole.saturating_sub(seen.activity.runs) as f64 / rate)),
    };
    // The second that goes on is not over yet.
    let over = (seconds as usize).min(seen.by_second.len());
    let chart = chart(&seen.by_second[over.saturating_sub(SECONDS)..over]);
    format!("{} runs/s{left}  {chart}", two_digits(rate))
}

/// A small chart of numbers, the highest of which is full.
fn chart(numbers: &[u64]) -> String {
    const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = numbers.iter().copied().max().unwrap_or(0).max(1);
    numbers.iter().map(|number| BLOCKS[(number * 7 / most) as usize]).collect()
}

fn conclusive(activity: &Activity) -> String {
    let verdicts = activity.verdicts.iter().map(|(name, count)| format!("{name} {}", thousands(*count)));
    let verdicts: Vec<String> = verdicts.collect();
    format!("{}  {}", percent(activity.conclusive_share()), verdicts.join(" · "))
}

/// In which share of the runs each of them happened.
fn shares(counters: &OrderedMap<String, Counter>, runs: u64) -> String {
    let share = |counter: &Counter| percent(counter.runs as f64 / runs.max(1) as f64);
    let shares: Vec<String> =
        counters.iter().map(|(name, counter)| format!("{name} {}", share(counter))).collect();
    if shares.is_empty() { "none so far".to_owned() } else { format!("{} of runs", shares.join(" · ")) }
}

/// What happens most often, and how often in a run.
fn per_run(counters: &OrderedMap<String, Counter>, runs: u64) -> String {
    let elsewhere =
        |name: &str| [MARK, "faults.", "time.", "progress."].iter().any(|group| name.starts_with(group));
    let mut counted: Vec<(&String, u64)> = counters
        .iter()
        .filter(|(name, counter)| counter.total > 0 && !elsewhere(name))
        .map(|(name, counter)| (name, counter.total))
        .collect();
    counted.sort_seldom_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    let each = |total: u64| two_digits(total as f64 / runs.max(1) as f64);
    let counted: Vec<String> = counted
        .iter()
        .take(MOST_COUNTED)
        .map(|(name, total)| {
            format!("{} {}", name.trim_start_matches("observed.").replace(['_', '.'], " "), each(*total))
        })
        .collect();
    if counted.is_empty() { "nothing so far".to_owned() } else { counted.join(" · ") }
}

/// What is demanded of the campaign and was not met up to now.
fn missing(demands: &[Demand]) -> String {
    let missed: Vec<String> = demands
        .iter()
        .filter(|demand| !demand.met)
        .map(|demand| match demand.needed {
            0.0 => demand.what.clone(),
            needed => format!("{} ({} of {:.0} %)", demand.what, percent(demand.found), needed * 100.0),
        })
        .collect();
    if missed.is_empty() {
        "nothing: every check had something to judge".to_owned()
    } else {
        format!("{} of {} demands: {}", missed.len(), demands.len(), missed.join(" · "))
    }
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use scenarios::document::Format;
    use scenarios::explore::{Hooks, Keep, Onlooker, explore_in};
    use scenarios::scenario::load;

    use super::*;

    fn looked_on(plants: &[&str], known: &[String]) -> (Vec<String>, Exploration) {
        struct Both<'a>(&'a CampaignWatch<'a>);
        impl Onlooker for Both<'_> {
            fn begun(&self, exploration: &Exploration) {
                self.0.begun(exploration);
            }
            fn ended(&self, outcome: &Outcome) {
                self.0.ended(outcome);
            }
        }
        let source = scenarios::builtin::find("raft-swarm").unwrap();
        let loaded = load(&crate::registry(), source, Format::Toml, &[]).unwrap();
        let options = ExploreOptions {
            seeds: 0..24,
            plants: plants.iter().map(|plant| (*plant).to_owned()).collect(),
            known: known.to_vec(),
            ..ExploreOptions::default()
        };
        let watch = CampaignWatch::new(&loaded, &options, Ratio::new(95, 100), Stopwatch::start(), false);
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep {
            folder: folder.path(),
            begin: scenarios::begin::Begin::Fresh,
            enough: &|| false,
            onlooker: &Both(&watch),
        };
        let (exploration, _lock) = explore_in(keep, &loaded, &options, Hooks::NONE).unwrap();
        let frame = watch.frame(&watch.seen(), 4.0);
        (frame, exploration)
    }

    #[test]
    fn a_frame_tells_what_the_campaign_tells_at_its_end() {
        let (frame, exploration) = looked_on(&[], &[]);
        assert!(frame[0].starts_with("raft-swarm · 24 of 24 seeds · 100.0 %  ████"), "{frame:#?}");
        assert!(frame[1].starts_with("rate        6.0 runs/s · 0 s left"), "{frame:#?}");
        assert!(frame[2].ends_with("nothing so far") && exploration.findings.is_empty(), "{frame:#?}");
        let passed = format!("pass {}", exploration.activity.verdicts["pass"]);
        assert!(frame[3].contains(&passed), "{frame:#?}");
        assert!(frame[4].contains("network") && frame[4].contains("% of runs"), "{frame:#?}");
        let missed = |line: &String| line.starts_with("missing");
        assert!(frame.iter().any(missed), "{frame:#?}");
    }

    #[test]
    fn failures_are_listed_once_each_by_their_lowest_seed_and_known_ones_are_counted() {
        let (frame, exploration) = looked_on(&["truncates-without-conflict"], &[]);
        let first = exploration.findings.first().expect("a planted bug is found in 24 seeds");
        let line = format!("{} · seed {} · ", first.check, first.seed);
        assert_eq!(frame.iter().filter(|shown| shown.contains(&line)).count(), 1, "{frame:#?}\n{line}");
        let count = exploration.findings.len();
        assert!(frame[2].contains(&format!("{count} failure")), "{frame:#?}");
        let known: Vec<String> = exploration.findings.iter().map(|found| found.fingerprint.clone()).collect();
        let (frame, exploration) = looked_on(&["truncates-without-conflict"], &known);
        let failed = format!("nothing so far · {} failed in a way", runs(exploration.known));
        assert!(exploration.known > 0 && frame[2].contains(&failed), "{frame:#?}");
    }

    #[test]
    fn the_chart_is_as_high_as_its_numbers() {
        assert_eq!(chart(&[0, 7, 14]), "▁▄█");
        assert_eq!(chart(&[]), "");
    }
}
