//! Operations and replies as people read them.

use super::record::{History, Record};
use super::texts::Texts;
use crate::operation::{Operation, Reply};

/// How many elements of a list or set are spelled out.
const ELEMENTS: usize = 12;

impl History {
    /// What was called, as "write 3".
    pub fn call_in_words(&self, record: &Record) -> String {
        let value = |value: u64| self.texts.of(value).into_owned();
        match record.operation {
            Operation::Read { .. }
            | Operation::ReadList { .. }
            | Operation::ReadSet { .. }
            | Operation::ReadBank { .. } => "read".to_owned(),
            Operation::Transfer { from, to, amount, .. } => {
                format!("transfer {amount} from {from} to {to}")
            }
            Operation::Write { value: to, .. } => format!("write {}", value(to)),
            Operation::Cas { from, to, .. } => {
                format!("cas {} to {}", optional(&self.texts, from), value(to))
            }
            Operation::Append { value: element, .. } => format!("append {}", value(element)),
            Operation::Enqueue { value: element, .. } => format!("enqueue {}", value(element)),
            Operation::Dequeue { .. } => "dequeue".to_owned(),
            Operation::Add { value: element, .. } => format!("add {}", value(element)),
            Operation::Remove { value: element, .. } => format!("remove {}", value(element)),
        }
    }

    /// What came back, as "ok" or "3"; "no answer" if that is not known.
    pub fn reply_in_words(&self, record: &Record) -> String {
        match record.reply() {
            None | Some(Reply::Unknown) => "no answer".to_owned(),
            Some(Reply::Done) => "ok".to_owned(),
            Some(Reply::Value(value)) => optional(&self.texts, *value),
            Some(Reply::Values(values)) => elements(&self.texts, values),
            Some(Reply::Mismatch) => "mismatch".to_owned(),
            Some(Reply::Refused) => "refused".to_owned(),
        }
    }

    /// A key as the history names it.
    pub fn key_in_words(&self, key: u64) -> String {
        self.texts.of(key).into_owned()
    }
}

fn optional(texts: &Texts, value: Option<u64>) -> String {
    value.map_or_else(|| "nothing".to_owned(), |value| texts.of(value).into_owned())
}

fn elements(texts: &Texts, values: &[u64]) -> String {
    let shown: Vec<_> = values.iter().take(ELEMENTS).map(|value| texts.of(*value)).collect();
    let rest = values.len().saturating_sub(ELEMENTS);
    if rest == 0 {
        format!("[{}]", shown.join(" "))
    } else {
        format!("[{} … {rest} more]", shown.join(" "))
    }
}
