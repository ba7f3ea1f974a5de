//! Presets, and settings that follow one unless they are written.

use serde_json::{Value, json};
use sim_core::registry::parameters::Parameter;

sim_core::choices! {
    /// A published set of defaults.
    pub enum Preset {
        /// memberlist and Serf on a local network: a probe each second, a gossip tick each 200 ms, Lifeguard on.
        Lan = "lan",
        /// memberlist and Serf across the internet: a probe each 5 s, a gossip tick each 500 ms, Lifeguard on.
        Wan = "wan",
        /// SWIM as published in 2002: probes each second, suspicion, and what is piggybacked on them; nothing else.
        Pure = "pure",
    }
}

/// The word that stands for whatever the preset says.
const FOLLOWS: &str = "preset";

/// A setting that follows the preset unless it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting<T> {
    /// What the preset says.
    Preset,
    /// What is written.
    Own(T),
}

impl<T> Setting<T> {
    /// The value, where a preset says `otherwise`.
    pub fn or(self, otherwise: T) -> T {
        match self {
            Self::Preset => otherwise,
            Self::Own(value) => value,
        }
    }
}

impl<T: Parameter> Parameter for Setting<T> {
    fn schema() -> Value {
        json!({ "anyOf": [{ "const": FOLLOWS }, T::schema()] })
    }

    fn read(value: &Value) -> Result<Self, String> {
        if value.as_str() == Some(FOLLOWS) { Ok(Self::Preset) } else { T::read(value).map(Self::Own) }
    }

    fn write(&self) -> Value {
        match self {
            Self::Preset => FOLLOWS.into(),
            Self::Own(value) => value.write(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_as_it_was_written() {
        for setting in [Setting::Preset, Setting::Own(0_u32), Setting::Own(7)] {
            assert_eq!(Setting::read(&setting.write()), Ok(setting));
        }
        assert!(Setting::<u32>::read(&json!("presets")).is_err());
        assert_eq!((Setting::Preset.or(3), Setting::Own(4).or(3)), (3, 4));
    }
}
