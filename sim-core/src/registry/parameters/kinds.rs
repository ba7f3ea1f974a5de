//! What a parameter can be: a switch, a number, a length of time, a share, or one of a few names.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::ratio::Ratio;
use crate::registry::Named;
use crate::time::Duration;

/// The type of a parameter.
pub trait Parameter: Sized {
    /// Its JSON Schema, without default, bounds and description.
    fn schema() -> Value;

    /// Takes it from what a scenario says.
    ///
    /// # Errors
    /// With what was found and what was expected.
    fn read(value: &Value) -> Result<Self, String>;

    /// Writes it as a scenario would.
    fn write(&self) -> Value;

    /// As a person reads it.
    fn text(&self) -> String {
        let written = self.write();
        written.as_str().map_or_else(|| written.to_string(), str::to_owned)
    }

    /// That it is the least value allowed, in words.
    fn least(&self) -> String {
        format!("must be at least {}", self.text())
    }
}

pub(super) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    crate::tree::read(value).map_err(|misfit| misfit.message)
}

macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Parameter for $type {
            fn schema() -> Value {
                let mut schema = json!({ "type": "integer", "minimum": 0 });
                // Editors read numbers as floats: what is beyond them is no bound.
                if <$type>::BITS < u64::BITS {
                    schema["maximum"] = <$type>::MAX.into();
                }
                schema
            }
            fn read(value: &Value) -> Result<Self, String> {
                read(value)
            }
            fn write(&self) -> Value {
                (*self).into()
            }
        }
    )*};
}

numbers!(u8, u32, u64);

impl Parameter for bool {
    fn schema() -> Value {
        json!({ "type": "boolean" })
    }
    fn read(value: &Value) -> Result<Self, String> {
        read(value)
    }
    fn write(&self) -> Value {
        (*self).into()
    }
}

impl Parameter for Duration {
    fn schema() -> Value {
        json!({ "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]*)?\s*(ns|us|µs|ms|s|min|h)\s*$" })
    }
    fn read(value: &Value) -> Result<Self, String> {
        read(value)
    }
    fn write(&self) -> Value {
        self.to_string().into()
    }
    fn least(&self) -> String {
        match self.as_nanos() {
            1 => "must be longer than 0s".to_owned(),
            _ => format!("must be at least {self}"),
        }
    }
}

impl Parameter for Ratio {
    fn schema() -> Value {
        let forms = r"^\s*([0-9]+\s*/\s*[0-9]+|[0-9]+(\.[0-9]*)?\s*%|0*[01])\s*$";
        json!({ "anyOf": [{ "type": "string", "pattern": forms }, { "enum": [0, 1] }] })
    }
    fn read(value: &Value) -> Result<Self, String> {
        read(value)
    }
    fn write(&self) -> Value {
        self.to_string().into()
    }
}

/// The JSON Schema of one of a few names.
pub fn one_of(names: &[Named]) -> Value {
    let names: Vec<&str> = names.iter().map(|named| named.name).collect();
    json!({ "enum": names })
}

/// Which one of a few names a value is.
///
/// # Errors
/// If it is none of them.
pub fn which(value: &Value, names: &[Named]) -> Result<usize, String> {
    let name = value.as_str().ok_or_else(|| format!("invalid type: {value}, expected a name"))?;
    let place = names.iter().position(|named| named.name == name);
    place.ok_or_else(|| unknown("variant", name, &names.iter().map(|named| named.name).collect::<Vec<_>>()))
}

/// That a name is unknown, in serde's words, so that whoever knows the place can say which name is nearest.
pub(super) fn unknown(what: &str, name: &str, known: &[&str]) -> String {
    let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    match known.as_slice() {
        [] => format!("unknown {what} `{name}`, there are none"),
        known => format!("unknown {what} `{name}`, expected one of {}", known.join(", ")),
    }
}
