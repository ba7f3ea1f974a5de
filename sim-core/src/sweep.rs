//! The results of a sweep as plain data: made by campaigns, drawn by reports, printed by the program.
//!
//! A sweep runs the same seeds at every point of a grid. Here stand the points with what was measured there, each with
//! its interval, and the power laws fitted through them. Nothing in it depends on the wall clock.

use serde::{Deserialize, Serialize};

use crate::judgment::{Campaign, Judgment, MIN_CONCLUSIVE};
use crate::ordered::OrderedMap;

/// What a sweep came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepTable {
    /// One line.
    pub title: String,
    /// A paragraph on what one should see.
    pub about: String,
    /// What was swept, as 32 hexadecimal digits: points, seeds and scenarios.
    pub hash: String,
    /// The seeds at every point, as `0..20`.
    pub seeds: String,
    /// The confidence of every interval.
    pub confidence: f64,
    /// When a point has runs enough, in a sentence; absent if each has all seeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<String>,
    /// The points in their order.
    pub points: Vec<SweepPoint>,
    /// Power laws through points.
    pub fits: Vec<Fit>,
    /// Laws that theory states and no fit could judge.
    #[serde(default)]
    pub unjudged: Vec<Unjudged>,
    /// What is to be drawn.
    pub plots: Vec<Plot>,
    /// Points side by side, seed by seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub comparisons: Vec<Comparison>,
}

/// Two points that differ in one thing, compared over the seeds that both have run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// What they have in common, as `cluster.nodes = 5`.
    pub at: String,
    /// What the first has, as `Raft` or `network.loss = 0`.
    pub first: String,
    /// What the second has.
    pub second: String,
    /// Which column.
    pub column: String,
    /// How many seeds have a value of it at both.
    pub pairs: u64,
    /// The mean of second minus first.
    pub difference: f64,
    /// Where that mean lies, from Student's t.
    pub difference_interval: (f64, f64),
    /// The probability of such a mean if the two do not differ.
    pub p_value: f64,
    /// The mean of the second over that of the first; absent if the first may be zero.
    pub ratio: Option<f64>,
    /// Where the ratio lies, by the bootstrap.
    pub ratio_interval: Option<(f64, f64)>,
    /// In how many pairs the second is larger.
    pub larger: u64,
    /// In how many pairs the second is smaller.
    pub smaller: u64,
}

/// How many runs of a point are of some kind.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rate {
    /// How many.
    pub count: u64,
    /// Of how many.
    pub of: u64,
    /// Where the share lies (Wilson).
    pub interval: (f64, f64),
}

impl Rate {
    /// The share.
    pub fn share(&self) -> f64 {
        if self.of == 0 { 0.0 } else { self.count as f64 / self.of as f64 }
    }
}

/// A point of the grid.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SweepPoint {
    /// The label of the scenario that was run here.
    pub base: String,
    /// What one counts messages by: `commit`.
    pub per: String,
    /// The hash of the resolved scenario.
    pub scenario_hash: String,
    /// The swept keys and their values here.
    pub at: Vec<Coordinate>,
    /// How many runs there were.
    pub runs: u64,
    /// Whether it stopped early, since these runs were enough.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
    /// How many of them say something.
    pub conclusive: u64,
    /// How many of them accuse the protocol, or came to a conclusive end that the scenario does not expect.
    pub findings: u64,
    /// Runs by verdict.
    pub verdicts: OrderedMap<String, u64>,
    /// The shares of runs that are conclusive, findings, broken, or of a verdict (`verdict.pass`).
    #[serde(default, skip_serializing_if = "OrderedMap::is_empty")]
    pub rates: OrderedMap<String, Rate>,
    /// What was measured, by column.
    pub columns: OrderedMap<String, Estimate>,
    /// The values that single runs had, ascending, of columns that are plotted: all of them, or the quantiles from 0 to 100
    /// in a hundred where there are more runs.
    #[serde(default, skip_serializing_if = "OrderedMap::is_empty")]
    pub distributions: OrderedMap<String, Vec<f64>>,
    /// Limits on all runs of the point together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<PointLimit>,
}

/// A limit on all runs of a point together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointLimit {
    /// The check that it is reported under.
    pub check: String,
    /// What it came to, in a sentence.
    pub words: String,
    /// Whether it was kept; absent if no run had a value.
    pub met: Option<bool>,
    /// The worst runs, worst first, each as a seed and its value.
    pub worst: Vec<String>,
}

/// A swept key and a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Coordinate {
    /// The key, as `cluster.nodes`.
    pub key: String,
    /// The value as written.
    pub value: String,
    /// The value as a number, if it is one: durations in milliseconds, probabilities between 0 and 1.
    pub number: Option<f64>,
    /// The unit of the number; empty for plain numbers.
    pub unit: String,
}

/// A quantity over the runs of a point.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// In how many runs it was there.
    pub count: u64,
    /// The mean over runs.
    pub mean: f64,
    /// Where the mean lies, from Student's t, and of a share of runs (`broken`) from Wilson; absent of a single run.
    pub mean_interval: Option<(f64, f64)>,
    /// The median over runs.
    pub median: f64,
    /// Where the median lies, from the ranks around it.
    pub median_interval: (f64, f64),
    /// Nine runs in ten have at most this.
    #[serde(default)]
    pub p90: f64,
    /// Where that lies, from the ranks around it; absent if there are too few runs to say.
    #[serde(default)]
    pub p90_interval: Option<(f64, f64)>,
    /// 99 runs in a hundred have at most this.
    #[serde(default)]
    pub p99: f64,
    /// Where that lies; absent if there are too few runs to say.
    #[serde(default)]
    pub p99_interval: Option<(f64, f64)>,
}

/// A power law through the points of one line: `column ~ key ^ slope`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fit {
    /// Which points: the label of their scenario, and whatever else they have in common.
    pub line: String,
    /// The label of their scenario.
    pub base: String,
    /// Which column.
    pub column: String,
    /// Against which key.
    pub against: String,
    /// Through how many points.
    pub points: u64,
    /// The exponent.
    pub slope: f64,
    /// Where the exponent lies, from how far the points are from the line.
    pub slope_interval: (f64, f64),
    /// The share of the variance of the logarithms that the line explains.
    pub r_squared: f64,
    /// What the slope should be.
    pub theory: Option<Theory>,
}

/// What theory says of a slope.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Theory {
    /// The law, as `n log n`.
    pub law: String,
    /// The slope of the law itself, fitted over the same values of the key.
    pub slope: f64,
    /// How far the measured slope may be from it.
    pub tolerance: f64,
    /// Whether it is that near.
    pub agrees: bool,
}

/// A law that was stated of a line of points and could not be judged: too little was measured there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unjudged {
    /// Which points, as in [`Fit::line`].
    pub line: String,
    /// The label of their scenario.
    pub base: String,
    /// Which column.
    pub column: String,
    /// The law, as `n log n`.
    pub law: String,
}

/// What is to be drawn: columns against a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plot {
    /// The stem of its files' names.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// The key on the horizontal axis.
    pub against: String,
    /// The columns on the vertical axis, a line for each.
    pub columns: Vec<String>,
    /// The labels of the scenarios whose lines are drawn; all of them if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<String>,
    /// Whether both axes are logarithmic.
    pub log: bool,
    /// Whether power laws are fitted.
    pub fit: bool,
    /// What the horizontal axis is called; the key in words if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_label: Option<String>,
    /// What the vertical axis is called; the column in words if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_label: Option<String>,
    /// How the horizontal axis is scaled, instead of what `log` says of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_scale: Option<AxisScale>,
    /// How the vertical axis is scaled, instead of what `log` says of both.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_scale: Option<AxisScale>,
    /// Width and height on paper in millimeters; 85 by 60 and 178 by 80 if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_mm: Option<(f64, f64)>,
}

/// How an axis is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AxisScale {
    /// Equal steps for equal differences.
    Linear,
    /// Equal steps for equal ratios.
    Log,
}

impl Plot {
    /// A plot of columns against a key, with linear axes.
    pub fn new(name: String, title: String, against: &str, columns: Vec<String>) -> Self {
        Self {
            name,
            title,
            against: against.to_owned(),
            columns,
            bases: Vec::new(),
            log: false,
            fit: false,
            x_label: None,
            y_label: None,
            x_scale: None,
            y_scale: None,
            size_mm: None,
        }
    }

    /// Whether the horizontal axis is logarithmic.
    pub fn x_log(&self) -> bool {
        self.x_scale.map_or(self.log, |scale| scale == AxisScale::Log)
    }

    /// Whether the vertical axis is logarithmic.
    pub fn y_log(&self) -> bool {
        self.y_scale.map_or(self.log, |scale| scale == AxisScale::Log)
    }

    /// Whether the lines of a scenario are drawn.
    pub fn shows(&self, base: &str) -> bool {
        self.bases.is_empty() || self.bases.iter().any(|shown| shown == base)
    }
}

impl SweepPoint {
    /// Where it stands on a key.
    pub fn coordinate(&self, key: &str) -> Option<&Coordinate> {
        self.at.iter().find(|coordinate| coordinate.key == key)
    }

    /// What tells its line from others when drawn against a key: the scenario's label and all other keys.
    pub fn line(&self, against: &str) -> String {
        let others = self.at.iter().filter(|coordinate| coordinate.key != against);
        let others = others.map(|coordinate| format!(", {} = {}", coordinate.key, coordinate.value));
        others.fold(self.base.clone(), |line, other| line + &other)
    }
}

impl SweepTable {
    /// Every line of points against a key, in the order of their first points.
    pub fn lines(&self, against: &str) -> Vec<(String, Vec<&SweepPoint>)> {
        let mut lines: Vec<(String, Vec<&SweepPoint>)> = Vec::new();
        for point in self.points.iter().filter(|point| point.coordinate(against).is_some()) {
            let name = point.line(against);
            match lines.iter_mut().find(|(known, _)| *known == name) {
                Some((_, points)) => points.push(point),
                None => lines.push((name, vec![point])),
            }
        }
        lines
    }

    /// Whether everything that theory says was judged, and every fitted slope is what it says.
    pub fn agrees_with_theory(&self) -> bool {
        self.unjudged.is_empty() && !self.contradicts_theory()
    }

    /// What the sweep comes to: enough conclusive runs, one at every point, no finding, and laws that could be judged
    /// and hold.
    pub fn judge(&self) -> Judgment {
        let [runs, conclusive, findings] = self.counts();
        let contradicted = self.theories().filter(|theory| !theory.agrees).count() as u64;
        let few = usize::from(!MIN_CONCLUSIVE.reached_by(conclusive, runs));
        Campaign {
            runs,
            contradictions: findings + contradicted + self.limits_that(Some(false)),
            missed: few + self.silent_points() + self.unjudged.len() + self.limits_that(None) as usize,
            interrupted: false,
        }
        .judge()
    }

    /// Why it comes to that, in a sentence.
    pub fn reason(&self) -> String {
        let [runs, conclusive, findings] = self.counts();
        let mut parts = Vec::new();
        let all = self.theories().count() + self.unjudged.len();
        if all > 0 {
            let agree = self.theories().filter(|theory| theory.agrees).count();
            parts.push(format!("{agree} of {all} slopes agree with theory"));
        }
        parts.push(match findings {
            0 => "no run is a finding".to_owned(),
            1 => "1 run is a finding".to_owned(),
            many => format!("{many} runs are findings"),
        });
        if !MIN_CONCLUSIVE.reached_by(conclusive, runs) {
            let least = MIN_CONCLUSIVE.as_f64() * 100.0;
            parts.push(format!("{conclusive} of {runs} runs are conclusive, at least {least:.0} % must be"));
        }
        match self.silent_points() {
            0 => {}
            1 => parts.push("1 point has no conclusive run".to_owned()),
            many => parts.push(format!("{many} points have no conclusive run")),
        }
        for (count, word) in
            [(self.limits_that(Some(false)), "missed"), (self.limits_that(None), "not judged")]
        {
            match count {
                0 => {}
                1 => parts.push(format!("1 limit was {word}")),
                many => parts.push(format!("{many} limits were {word}")),
            }
        }
        parts.join(", ")
    }

    /// Runs, conclusive ones, and findings.
    fn counts(&self) -> [u64; 3] {
        let sum = |of: fn(&SweepPoint) -> u64| self.points.iter().map(of).sum();
        [sum(|point| point.runs), sum(|point| point.conclusive), sum(|point| point.findings)]
    }

    /// How many limits of points came to this.
    fn limits_that(&self, met: Option<bool>) -> u64 {
        self.points.iter().flat_map(|point| &point.limits).filter(|limit| limit.met == met).count() as u64
    }

    fn silent_points(&self) -> usize {
        self.points.iter().filter(|point| point.conclusive == 0).count()
    }

    fn theories(&self) -> impl Iterator<Item = &Theory> {
        self.fits.iter().filter_map(|fit| fit.theory.as_ref())
    }

    /// Whether some fitted slope is not what theory says.
    pub fn contradicts_theory(&self) -> bool {
        self.theories().any(|theory| !theory.agrees)
    }
}
