//! A published experiment as plain data.

use sim_core::ratio::Ratio;

/// A published experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Experiment {
    /// Its row in the table of published results.
    pub row: u32,
    /// The protocol that it is about.
    pub protocol: &'static str,
    /// What it is about.
    pub title: &'static str,
    /// Where it was published.
    pub source: &'static str,
    /// What is run.
    pub cases: Vec<Case>,
    /// What was published of it.
    pub claims: Vec<Claim>,
    /// How it is drawn.
    pub drawings: Vec<Drawing>,
}

/// A scenario with overlays, over seeds from 0 on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// As tables and legends call it.
    pub name: String,
    /// A built-in scenario.
    pub scenario: &'static str,
    /// Overlays, as `--set` takes them.
    pub overlays: Vec<String>,
    /// A planted bug that is on: a rule as it was published, which breaks a promise. What checks find then is the figure.
    pub plant: Option<&'static str>,
    /// How many seeds.
    pub runs: u64,
}

/// A figure that was published.
#[derive(Clone, Debug, PartialEq)]
pub struct Claim {
    /// Its name among the claims of its experiment.
    pub name: String,
    /// What it is.
    pub title: String,
    /// In which unit; empty if it is a plain number.
    pub unit: &'static str,
    /// Of which case, as an index.
    pub case: usize,
    /// A number for each run.
    pub column: Column,
    /// One number of them all.
    pub statistic: Statistic,
    /// How it must compare.
    pub comparison: Comparison,
    /// Where it stands in a plot over a number.
    pub x: f64,
}

/// A number for each run, made of measures of its scenario.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Column {
    /// Measures that are added.
    pub plus: &'static [&'static str],
    /// Measures that are taken away.
    pub minus: &'static [&'static str],
    /// What the sum is divided by.
    pub divide_by: f64,
    /// Where a run was cut off: what is absent or above counts as this, after the division.
    pub censored_at: Option<f64>,
}

/// One number of many runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    /// Their mean.
    Mean,
    /// Their median.
    Median,
    /// The share of runs in which it is another than this.
    ShareOtherThan(f64),
    /// The same number in every run.
    Every,
}

/// How a figure of ours must compare.
#[derive(Clone, Debug, PartialEq)]
pub enum Comparison {
    /// Near a published figure.
    Near(f64, Tolerance),
    /// This, in every run.
    Exactly(f64),
    /// The runs of this case tend to be shorter than those of another: a smaller median, and a rank test (Mann and
    /// Whitney) that leaves chance less than one in a thousand.
    ShorterThan {
        /// The other case, as an index.
        case: usize,
    },
}

/// How near a figure of ours must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    /// A share of the published figure.
    Share(f64),
    /// Of a proportion: so much at least, or so many standard errors of the published one.
    Proportion {
        /// The least tolerance.
        least: f64,
        /// Standard errors.
        sigmas: f64,
    },
}

/// A plot of an experiment.
#[derive(Clone, Debug, PartialEq)]
pub struct Drawing {
    /// The stem of its files' names.
    pub name: &'static str,
    /// What it shows.
    pub title: &'static str,
    /// What is drawn.
    pub plot: Plot,
}

/// What is drawn, published figures beside ours.
#[derive(Clone, Debug, PartialEq)]
pub enum Plot {
    /// Claims side by side, under their names.
    Claims {
        /// Which, by index.
        claims: Vec<usize>,
        /// What the vertical axis shows.
        label: &'static str,
    },
    /// Claims over their [`Claim::x`].
    Over {
        /// What the horizontal axis shows.
        x: &'static str,
        /// What the vertical axis shows.
        label: &'static str,
        /// Series: a name, and the claims in it.
        series: Vec<(&'static str, Vec<usize>)>,
    },
    /// How a column is distributed in each case.
    Distributions {
        /// What the horizontal axis shows.
        label: &'static str,
        /// In which unit.
        unit: &'static str,
        /// What is distributed.
        column: Column,
        /// The ends of the horizontal axis, if it must not show everything.
        range: Option<(f64, f64)>,
        /// Published medians: which case, and the value.
        medians: Vec<(usize, f64)>,
    },
}

/// What a case keeps of its runs under any scale: fewer would say nothing.
const LEAST_RUNS: u64 = 30;

impl Case {
    /// A built-in scenario with overlays.
    pub fn new(name: &str, scenario: &'static str, overlays: &[&str], runs: u64) -> Self {
        let overlays = overlays.iter().map(|overlay| (*overlay).to_owned()).collect();
        Self { name: name.to_owned(), scenario, overlays, plant: None, runs }
    }

    /// The same with a planted bug: a rule as it was published.
    pub fn with(self, plant: &'static str) -> Self {
        Self { plant: Some(plant), ..self }
    }

    /// How many of its seeds are run at a scale.
    pub fn runs_at(&self, scale: Ratio) -> u64 {
        scale.of(self.runs).max(LEAST_RUNS).min(self.runs)
    }
}

impl Column {
    /// One measure.
    pub const fn of(measure: &'static [&'static str]) -> Self {
        Self { plus: measure, minus: &[], divide_by: 1.0, censored_at: None }
    }

    /// One measure in nanoseconds, as milliseconds.
    pub const fn milliseconds(measure: &'static [&'static str]) -> Self {
        Self { divide_by: 1e6, ..Self::of(measure) }
    }
}
