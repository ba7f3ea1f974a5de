//! Reads a record back, and says what is wrong with one that is none.

use serde::Deserialize;
use sim_core::text::{clipped, one_line};

use super::RunRecord;

/// What this program reads.
const READ: &str = "seedstorm.record/1";

/// A text that is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not JSON, or was cut off.
    #[error("read a record: it is not whole JSON: {}", told(.0))]
    NotJson(serde_json::Error),
    /// It does not say that it is a record.
    #[error("read a record: it has no \"schema\", so it is not a record of a run")]
    NoSchema,
    /// It is a record of another version, or another document.
    #[error(
        "read a record: it is a \"{found}\", and this program reads \"{READ}\"; run the scenario again to get one"
    )]
    Version {
        /// What it says it is.
        found: String,
    },
    /// Its parts contradict each other.
    #[error("read a record: it is broken: it has {members} members, and the names of {slots} slots")]
    Members {
        /// How many members it says there were.
        members: u32,
        /// How many slots it names.
        slots: usize,
    },
    /// It says that it is a record, but is not.
    #[error("read a record: it is broken: {}", told(.0))]
    Broken(serde_json::Error),
}

/// What a reader of JSON says, which may quote any text.
fn told(error: &serde_json::Error) -> String {
    clipped(&one_line(&error.to_string()), 1_000).into_owned()
}

/// The one field that every version has.
#[derive(Deserialize)]
struct Schema {
    schema: Option<String>,
}

impl RunRecord {
    /// Reads a record.
    ///
    /// # Errors
    /// If the text is not a record of this version.
    pub fn from_json(text: &str) -> Result<Self, RecordError> {
        let Schema { schema } = serde_json::from_str(text).map_err(|error| match error.classify() {
            serde_json::error::Category::Data => RecordError::NoSchema,
            _ => RecordError::NotJson(error),
        })?;
        match schema {
            None => Err(RecordError::NoSchema),
            Some(found) if found != READ => {
                Err(RecordError::Version { found: clipped(&one_line(&found), 200).into_owned() })
            }
            Some(_) => serde_json::from_str(text).map_err(RecordError::Broken).and_then(Self::sound),
        }
    }

    /// Itself, if there is a name for every member: figures have room for each.
    fn sound(self) -> Result<Self, RecordError> {
        let (members, slots) = (self.outcome.members, self.outcome.slots.len());
        if members as usize > slots { Err(RecordError::Members { members, slots }) } else { Ok(self) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        RunRecord::from_json(text).unwrap_err().to_string()
    }

    #[test]
    fn members_without_names_are_refused() {
        let mut record = crate::testing::passing();
        record.outcome.members = 4_000_000_000;
        let refused = error(&record.to_json().unwrap());
        assert!(refused.contains("it has 4000000000 members, and the names of"), "{refused}");
    }

    #[test]
    fn what_is_no_record_is_named() {
        for (text, said) in [
            ("", "not whole JSON"),
            ("{\"schema\": \"seedstorm.rec", "not whole JSON"),
            ("[1]", "no \"schema\""),
            ("{}", "no \"schema\""),
            ("{\"schema\": 7}", "no \"schema\""),
            ("{\"schema\": \"seedstorm.record/2\"}", "it is a \"seedstorm.record/2\""),
            ("{\"schema\": \"seedstorm.record/1\"}", "broken: missing field"),
        ] {
            assert!(error(text).contains(said), "{text}: {}", error(text));
        }
    }
}
