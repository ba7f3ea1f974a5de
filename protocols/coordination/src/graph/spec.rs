//! Tasks as a scenario writes them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sim_core::distribution::Distribution;
use sim_core::process::Priority;
use sim_core::ratio::Ratio;
use sim_core::registry::parameters::Parameter;
use sim_core::time::Duration;
use sim_core::tree;

use super::{Graph, Namespaces, Usual, csv};

/// A task as a scenario writes it. What it leaves out is as the parameters of the same names say.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TaskSpec {
    /// What people call it.
    pub name: String,
    /// What must have ended before it starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<String>,
    /// What starts only after it; for tasks that come into being while the graph runs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub before: Vec<String>,
    /// How long its local work takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Timing>,
    /// In how many steps; a call of the model follows each one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<u32>,
    /// Tokens into the model at the first step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_in: Option<u32>,
    /// Tokens out of the model at each step; 0 if it calls no model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens_out: Option<u32>,
    /// Capabilities that an agent needs for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub needs: Vec<String>,
    /// The namespace in which an agent must be registered for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Rank>,
    /// How often it is tried again after it failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<u32>,
    /// The probability that an attempt fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Ratio>,
    /// The task that runs instead if it fails for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<String>,
    /// Which task its result decides about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<Branch>,
    /// How good its result is, in percent; drawn if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<u8>,
    /// The task whose success brings it into being.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub born: Option<String>,
    /// The topic on which its success is an event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publishes: Option<String>,
    /// The topic whose first event brings it into being.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// The lock that it holds while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<String>,
    /// Tasks that its success makes superfluous.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cancels: Vec<String>,
}

/// `if score > above then ... else ...`
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Branch {
    /// In percent.
    pub above: u8,
    /// Who runs if the score is above.
    pub then: String,
    /// Who runs if it is not.
    #[serde(rename = "else")]
    pub otherwise: String,
}

/// The priority of a task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rank {
    /// Placed first.
    Critical,
    /// The usual one.
    #[default]
    Normal,
    /// Placed last.
    Low,
}

impl Rank {
    /// 0 for the most urgent.
    pub const fn level(self) -> u64 {
        self as u64
    }

    /// The priority of messages about it.
    pub const fn priority(self) -> Priority {
        Priority::ALL[self as usize]
    }
}

/// How long something takes: a distribution of durations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timing(pub Distribution);

impl Timing {
    /// Always the same.
    pub const fn fixed(duration: Duration) -> Self {
        Self(Distribution::Fixed(duration))
    }
}

impl Parameter for Timing {
    fn schema() -> Value {
        json!({ "type": ["string", "object"] })
    }

    fn read(value: &Value) -> Result<Self, String> {
        let timing: Self = tree::read(value).map_err(|misfit| misfit.message)?;
        timing.0.validate().map_err(|error| format!("failed to {error}"))?;
        Ok(timing)
    }

    fn write(&self) -> Value {
        tree::of(self).unwrap_or_default()
    }
}

/// A capability and how many agents have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Skill {
    /// What it is called.
    pub name: String,
    /// Every how many-th agent has it, counted from the last one.
    pub every: u32,
}

/// The capabilities that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Skills(pub Vec<Skill>);

impl Skills {
    /// What agent `index` of `agents` can do, as bits.
    pub fn of(&self, index: u32, agents: u32) -> u64 {
        let from_the_end = agents.saturating_sub(1 + index);
        let has = |skill: &Skill| from_the_end.is_multiple_of(skill.every.max(1));
        (0..).zip(&self.0).filter(|(_, skill)| has(skill)).fold(0, |bits, (bit, _)| bits | 1 << bit)
    }

    /// Several by name, as bits.
    pub(super) fn mask(&self, by: &str, names: &[String]) -> Result<u64, String> {
        names.iter().try_fold(0, |bits, name| {
            let place = self.0.iter().position(|skill| skill.name == *name);
            let bit = place.ok_or_else(|| format!("{by} needs {name}, which is not among the skills"))?;
            Ok(bits | 1 << bit)
        })
    }

    /// The names of a set of them.
    pub fn names(&self, mask: u64) -> String {
        let on = (0..).zip(&self.0).filter(|(bit, _)| mask >> bit & 1 == 1);
        on.map(|(_, skill)| skill.name.as_str()).collect::<Vec<_>>().join(", ")
    }
}

impl Parameter for Skills {
    fn schema() -> Value {
        json!({ "type": ["array", "string"] })
    }

    fn read(value: &Value) -> Result<Self, String> {
        if value == "none" {
            return Ok(Self::default());
        }
        let skills: Vec<Skill> = tree::read(value).map_err(|misfit| misfit.message)?;
        if skills.len() > 32 { Err("there can be at most 32 skills".to_owned()) } else { Ok(Self(skills)) }
    }

    fn write(&self) -> Value {
        if self.0.is_empty() { "none".into() } else { tree::of(&self.0).unwrap_or_default() }
    }
}

/// Which tasks there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Tasks {
    /// Layers of tasks, as `layers`, `width` and `fan_in` say.
    #[default]
    Generated,
    /// These.
    Listed(Vec<TaskSpec>),
}

/// Whether a value is a list of lines.
fn is_text(value: &Value) -> bool {
    value.as_array().is_some_and(|items| items.first().is_some_and(Value::is_string))
}

fn lines(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

impl Parameter for Tasks {
    /// A file is read before parameters are: its lines stand in its place.
    fn schema() -> Value {
        json!({
            "type": ["array", "string", "object"], "required": ["file"], "additionalProperties": false,
            "properties": { "file": { "type": "string", "pattern": "^.+$" } }
        })
    }

    /// A list of tables, or the lines of a CSV. A cycle is refused here, so that a bad file is refused as a whole.
    fn read(value: &Value) -> Result<Self, String> {
        let specs: Vec<TaskSpec> = match value.as_str() {
            Some("generated") => return Ok(Self::Generated),
            Some(other) => {
                return Err(format!("expected \"generated\", tables or the lines of a CSV, got \"{other}\""));
            }
            None if is_text(value) => csv::read(&lines(value))?,
            None => tree::read(value).map_err(|misfit| misfit.message)?,
        };
        if specs.is_empty() {
            return Err("there must be at least one task".to_owned());
        }
        // Names, references and cycles do not depend on skills and namespaces, which are other parameters.
        let bare: Vec<TaskSpec> = specs
            .iter()
            .map(|spec| TaskSpec { needs: Vec::new(), namespace: None, ..spec.clone() })
            .collect();
        let timings = specs.iter().filter_map(|spec| spec.duration.as_ref());
        for timing in timings {
            timing.0.validate().map_err(|error| format!("failed to {error}"))?;
        }
        let usual = Usual::of(&crate::parameters::Parameters::default());
        let keyed = sim_core::random::Keyed::new(0, sim_core::random::Purpose::Workload);
        Graph::build(&bare, (&Skills::default(), &Namespaces::default()), &usual, keyed)?;
        Ok(Self::Listed(specs))
    }

    fn write(&self) -> Value {
        match self {
            Self::Generated => "generated".into(),
            Self::Listed(specs) => tree::of(specs).unwrap_or_default(),
        }
    }
}
