//! Text as GitHub takes it: in the commands of a workflow, and in the tables of a job's summary.

use sim_core::text::{lines, one_line};

/// Text as a workflow command carries it.
pub(crate) fn data(text: &str) -> String {
    lines(text).replace('%', "%25").replace('\n', "%0A")
}

/// Text as a property of a workflow command carries it.
pub(crate) fn property(text: &str) -> String {
    data(&one_line(text)).replace(':', "%3A").replace(',', "%2C")
}

/// A text that cannot leave its cell, nor be markup.
pub(crate) fn cell(text: &str) -> String {
    let text = text.replace(['\n', '\r'], " ");
    one_line(&text).replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;")
}
