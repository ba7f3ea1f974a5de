//! Reads a record back, and says what is wrong with one that is none.

use serde::Deserialize;

use super::RunRecord;

/// What this program reads.
const READ: &str = "seedstorm.record/1";

/// A text that is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// It is not JSON, or was cut off.
    #[error("read a record: it is not whole JSON: {0}")]
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
    /// It says that it is a record, but is not.
    #[error("read a record: it is broken: {0}")]
    Broken(serde_json::Error),
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
            Some(found) if found != READ => Err(RecordError::Version { found }),
            Some(_) => serde_json::from_str(text).map_err(RecordError::Broken),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        RunRecord::from_json(text).unwrap_err().to_string()
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
