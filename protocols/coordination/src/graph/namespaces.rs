//! Namespaces of agents: teams that share a coordinator and not their tasks.

use serde_json::Value;
use sim_core::registry::parameters::Parameter;
use sim_core::tree;

/// Namespaces in which agents register, in turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Namespaces(pub Vec<String>);

/// Bits of namespaces begin here; those of skills end before.
const FIRST: u32 = 32;
/// How many there can be.
const MOST: usize = 32;

impl Namespaces {
    /// The bits of all namespaces that there can be.
    pub(crate) const ALL: u64 = u64::MAX << FIRST;

    /// The bit of the namespace of an agent; none if there is one for all.
    pub fn of(&self, agent: u32) -> u64 {
        match self.0.len() as u32 {
            0 => 0,
            count => 1 << (FIRST + agent % count),
        }
    }

    /// Which namespace such bits stand for, counted from 0.
    pub const fn number(bits: u64) -> u32 {
        let bits = bits >> FIRST;
        if bits == 0 { 0 } else { bits.trailing_zeros() }
    }

    /// The bit of a namespace that a task names.
    pub(super) fn mask(&self, by: &str, name: Option<&str>) -> Result<u64, String> {
        let Some(name) = name else { return Ok(0) };
        let place = self.0.iter().position(|known| known == name);
        let known = if self.0.is_empty() { "there are none".to_owned() } else { self.0.join(", ") };
        let place =
            place.ok_or_else(|| format!("{by} is for {name}, which is not among the namespaces: {known}"))?;
        Ok(1 << (FIRST + place as u32))
    }

    /// The names of those that are on in a set of bits.
    pub fn names(&self, bits: u64) -> String {
        let on = (FIRST..).zip(&self.0).filter(|(bit, _)| bits >> bit & 1 == 1);
        on.map(|(_, name)| format!("namespace {name}")).collect::<Vec<_>>().join(", ")
    }
}

impl Parameter for Namespaces {
    fn schema() -> Value {
        serde_json::json!({ "type": ["array", "string"], "items": { "type": "string" } })
    }

    fn read(value: &Value) -> Result<Self, String> {
        if value == "none" {
            return Ok(Self::default());
        }
        let names: Vec<String> =
            tree::read(value).map_err(|_| format!("expected \"none\" or a list of names, got {value}"))?;
        let mut sorted = names.clone();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(format!("there are two namespaces called {}", pair[0]));
        }
        if names.len() > MOST {
            Err(format!("there can be at most {MOST} namespaces"))
        } else {
            Ok(Self(names))
        }
    }

    fn write(&self) -> Value {
        if self.0.is_empty() { "none".into() } else { self.0.clone().into() }
    }
}
