//! The schema of `[[limit]]`.

use serde_json::Value;

use super::form::{DURATION, about, count, duration, list, probability, table};

/// A share with its sign: `"1"` would be read as a number.
const SHARE: &str = r"^\s*([0-9]+\s*/\s*[0-9]+|[0-9]+(\.[0-9]*)?\s*%)\s*$";

pub(super) fn limits() -> Value {
    let level = || {
        tree!({ "anyOf": [
            count(0, u64::MAX),
            { "type": "string", "pattern": DURATION, "examples": ["250ms", "10s"] },
            { "type": "string", "pattern": SHARE, "examples": ["99.9%", "1/2"] },
        ] })
    };
    let over = tree!({ "enum": ["run", "campaign"], "default": "run" });
    let entry = table(
        &["metric"],
        tree!({
            "metric": about(tree!({ "type": "string", "examples": ["operation_latency_ns", "operations.succeeded"] }), "A metric, a measure, or a counter."),
            "quantile": about(probability(), "Which of several values is limited, as \"99%\"; every one if absent."),
            "at_least": about(level(), "The least that it may be: a number, a duration, or a share."),
            "at_most": about(level(), "The most that it may be: a number, a duration, or a share."),
            "over": about(over, "Each run by itself, or the values of all runs of a campaign together."),
            "since": about(duration(), "Only operations that were asked for at this time or later."),
            "until": about(duration(), "Only operations that were asked for before this time."),
        }),
    );
    about(list(entry), "Service levels: what a run or a campaign must keep to.")
}
