//! The sweep file as types.

use std::ops::Range;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sim_core::ordered::OrderedMap;
use sim_core::sweep::AxisScale;

use super::law::Law;
use super::stop::StopRule;
use crate::plan::SEEDS_END;

/// The version that a file must name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SweepVersion {
    /// The only one so far.
    #[serde(rename = "seedstorm.sweep/1")]
    V1,
}

/// A whole sweep file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SweepFile {
    /// Which version of the format it is written in.
    pub schema: SweepVersion,
    /// One line.
    pub title: String,
    /// A paragraph on what one should see.
    #[serde(default)]
    pub about: String,
    /// The seeds at every point, the end excluded: `"0..20"`.
    pub seeds: Seeds,
    /// The scenarios.
    #[serde(rename = "base")]
    pub bases: Vec<Base>,
    /// Keys of scenarios, each with the values that it takes.
    #[serde(default)]
    pub grid: Value,
    /// Points of the grid that are not run: those at which each of these keys has one of these values.
    #[serde(default, rename = "exclude", skip_serializing_if = "Vec::is_empty")]
    pub excludes: Vec<Value>,
    /// Further grids, each with all combinations of its values: single points if each list has one.
    #[serde(default, rename = "include", skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<Value>,
    /// Draws points of the grid instead of running all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latin: Option<Latin>,
    /// When a point has runs enough; if absent, each has all seeds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopRule>,
    /// What is compared seed by seed.
    #[serde(default, rename = "compare", skip_serializing_if = "Vec::is_empty")]
    pub compares: Vec<CompareTable>,
    /// What is to be drawn; if absent, what is usual.
    #[serde(default, rename = "plot")]
    pub plots: Vec<PlotTable>,
}

/// A scenario that is swept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// As tables and legends call it.
    pub label: String,
    /// A built-in scenario, or a file beside the sweep.
    #[serde(default)]
    pub scenario: Option<String>,
    /// The scenario itself instead.
    #[serde(default)]
    pub inline: Option<Value>,
    /// Keys that are set before those of the grid.
    #[serde(default)]
    pub set: OrderedMap<String, Value>,
    /// Keys with values of their own, in addition to the grid or instead of its values.
    #[serde(default)]
    pub grid: Value,
    /// Plants that are on.
    #[serde(default)]
    pub plants: Vec<String>,
    /// An activity counter to count messages and bytes by, as `operations.succeeded`; whole runs if absent.
    #[serde(default)]
    pub per: Option<String>,
    /// What one of these is called: `commit`.
    #[serde(default)]
    pub per_name: Option<String>,
    /// What columns should grow like, by column.
    #[serde(default)]
    pub theory: OrderedMap<String, Law>,
    /// How far a fitted slope may be from its theory.
    #[serde(default = "default_tolerance")]
    pub tolerance: f64,
}

const fn default_tolerance() -> f64 {
    0.1
}

impl Base {
    /// What messages and bytes are counted by, in a word.
    pub fn per_word(&self) -> &str {
        self.per_name.as_deref().or(self.per.as_deref()).unwrap_or("run")
    }
}

/// A Latin hypercube over the grid (McKay, Beckman, Conover 1979): each value of each key is met equally often, or once more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latin {
    /// How many points are drawn of each base.
    pub points: u32,
    /// What they are drawn from.
    #[serde(default)]
    pub seed: u64,
}

/// A comparison of points that differ in one thing, over the seeds that both have run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CompareTable {
    /// The labels of the two bases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bases: Vec<String>,
    /// Or the key in which they differ.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// And its two values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<Value>,
    /// The columns that are compared.
    pub columns: Vec<String>,
}

/// A plot as a file asks for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlotTable {
    /// The stem of its files' names; made of key and columns if absent.
    #[serde(default)]
    pub name: Option<String>,
    /// What it shows; made of key and columns if absent.
    #[serde(default)]
    pub title: Option<String>,
    /// The key on the horizontal axis.
    pub against: String,
    /// The columns on the vertical axis, a line for each.
    pub columns: Vec<String>,
    /// The labels of the bases whose lines are drawn; all of them if absent.
    #[serde(default)]
    pub bases: Vec<String>,
    /// Whether both axes are logarithmic.
    #[serde(default)]
    pub log: bool,
    /// Whether power laws are fitted.
    #[serde(default)]
    pub fit: bool,
    /// What the horizontal axis is called; the key in words if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_label: Option<String>,
    /// What the vertical axis is called; the column in words if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_label: Option<String>,
    /// `linear` or `log`, for the horizontal axis; what `log` says if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x_scale: Option<AxisScale>,
    /// `linear` or `log`, for the vertical axis; what `log` says if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub y_scale: Option<AxisScale>,
    /// Width and height on paper in millimeters: `[120, 70]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_mm: Option<(f64, f64)>,
}

/// A range of seeds, the end excluded, written `0..20`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seeds(pub Range<u64>);

/// The text is no range of seeds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no range of seeds, expected A..B with A < B <= 2^53, as in \"0..20\"")]
pub struct ParseSeedsError(String);

impl FromStr for Seeds {
    type Err = ParseSeedsError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let ends = text.split_once("..");
        let ends = ends.and_then(|(start, end)| Some((start.trim().parse().ok()?, end.trim().parse().ok()?)));
        match ends {
            Some((start, end)) if start < end && end <= SEEDS_END => Ok(Self(start..end)),
            _ => Err(ParseSeedsError(text.to_owned())),
        }
    }
}

impl Serialize for Seeds {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}..{}", self.0.start, self.0.end))
    }
}

impl<'de> Deserialize<'de> for Seeds {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
