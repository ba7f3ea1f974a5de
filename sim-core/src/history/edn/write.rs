//! Histories written as Jepsen writes them.
//!
//! Every value is `[key value]`, as of `jepsen.independent`, and lists are transactions of one step, as Elle has them. What
//! is read again by [`read_edn`](super::read_edn) is the history that was written.

use std::io::{self, Write};

use crate::history::entry::{Datum, EntryValue, Function, HistoryEntry};
use crate::operation::ObjectModel;
use crate::ordered::OrderedMap;

/// The `:error` of a compare-and-swap that saw another value.
pub(super) const MISMATCH: &str = "mismatch";

/// The `:error` of a dequeue that found nothing.
pub(super) const EMPTY: &str = "empty";

/// Writes a history of objects of one kind as EDN, a map for each event, in the order of the stamps. At equal stamps calls
/// come before returns, but for a process that calls at the stamp of its last return. An operation whose outcome is not
/// known ends as `:info` behind all others.
///
/// # Errors
/// If the target fails.
pub fn write_edn(model: ObjectModel, entries: &[HistoryEntry], mut to: impl Write) -> io::Result<()> {
    for (index, event) in events(entries).into_iter().enumerate() {
        let Event { at, kind, entry } = event;
        let known = kind == "ok" || kind == "fail";
        let (f, value) = value(model, entry, known);
        let error = match (kind, entry.f) {
            ("fail", Function::Cas | Function::Transfer) => format!(", :error :{MISMATCH}"),
            ("fail", _) => format!(", :error :{EMPTY}"),
            _ => String::new(),
        };
        writeln!(
            to,
            "{{:index {index}, :type :{kind}, :process {}, :f :{f}, :value {value}, :time {at}{error}}}",
            entry.process
        )?;
    }
    Ok(())
}

/// One end of an operation.
struct Event<'a> {
    at: u64,
    kind: &'static str,
    entry: &'a HistoryEntry,
}

fn events(entries: &[HistoryEntry]) -> Vec<Event<'_>> {
    let last = entries.iter().map(|entry| entry.return_ns.unwrap_or(entry.call_ns)).max().unwrap_or(0);
    let mut stamps: Vec<(u64, bool, usize)> = Vec::with_capacity(2 * entries.len());
    for (index, entry) in entries.iter().enumerate() {
        stamps.push((entry.call_ns, false, index));
        stamps.push((ended(entry).unwrap_or(u64::MAX), true, index));
    }
    stamps.sort_unstable();
    let mut open: OrderedMap<u64, usize> = OrderedMap::new();
    let mut events = Vec::with_capacity(stamps.len());
    let end = |index: usize| {
        let entry = &entries[index];
        Event { at: ended(entry).unwrap_or(last), kind: end_kind(entry), entry }
    };
    for (at, is_end, index) in stamps {
        let entry = &entries[index];
        if !is_end {
            // A process that calls at the stamp of its last return has returned.
            events.extend(open.insert(entry.process, index).map(end));
            events.push(Event { at, kind: "invoke", entry });
        } else if open.get(&entry.process) == Some(&index) {
            open.remove(&entry.process);
            events.push(end(index));
        }
    }
    events
}

/// When it ended, if its outcome is known.
fn ended(entry: &HistoryEntry) -> Option<u64> {
    entry.return_ns.filter(|_| entry.ok.is_some())
}

fn end_kind(entry: &HistoryEntry) -> &'static str {
    let empty = entry.f == Function::Dequeue && entry.value == EntryValue::None;
    match entry.ok {
        None => "info",
        Some(false) => "fail",
        Some(true) if empty => "fail",
        Some(true) => "ok",
    }
}

/// The name of an operation and its value, with what was read if that is known.
fn value(model: ObjectModel, entry: &HistoryEntry, known: bool) -> (&'static str, String) {
    let key = entry.key.as_ref().map_or_else(|| "0".to_owned(), datum);
    let reads = matches!(entry.f, Function::Read | Function::Get | Function::Dequeue);
    let value = if reads && !known { "nil".to_owned() } else { plain(model, &entry.value) };
    let f = match entry.f {
        Function::Get => "read",
        Function::Put => "write",
        f => f.name(),
    };
    match (model, entry.f) {
        (ObjectModel::Bank, Function::Read) => ("read", format!("[{key} {}]", balances(&entry.value))),
        (ObjectModel::Bank, _) => ("transfer", format!("[{key} {}]", transfer(&entry.value))),
        (ObjectModel::Append, Function::Read) => ("txn", format!("[[:r {key} {value}]]")),
        (ObjectModel::Append, _) => ("txn", format!("[[:{f} {key} {value}]]")),
        _ => (f, format!("[{key} {value}]")),
    }
}

fn plain(model: ObjectModel, value: &EntryValue) -> String {
    match value {
        EntryValue::None => "nil".to_owned(),
        EntryValue::One(one) => datum(one),
        EntryValue::Many(all) => {
            let all: Vec<String> =
                all.iter().map(|one| one.as_ref().map_or_else(|| "nil".to_owned(), datum)).collect();
            let open = if model == ObjectModel::Set { "#{" } else { "[" };
            let close = if model == ObjectModel::Set { "}" } else { "]" };
            format!("{open}{}{close}", all.join(" "))
        }
    }
}

/// `{0 95, 1 105}`, as Jepsen's workload writes what all accounts hold.
fn balances(value: &EntryValue) -> String {
    let EntryValue::Many(all) = value else { return "nil".to_owned() };
    let held = |(account, one): (usize, &Option<Datum>)| {
        format!("{account} {}", one.as_ref().map_or_else(|| "nil".to_owned(), datum))
    };
    let all: Vec<String> = all.iter().enumerate().map(held).collect();
    format!("{{{}}}", all.join(", "))
}

/// `{:from 0, :to 1, :amount 5}`.
fn transfer(value: &EntryValue) -> String {
    let EntryValue::Many(all) = value else { return "nil".to_owned() };
    let named = [":from", ":to", ":amount"].into_iter().zip(all);
    let all: Vec<String> = named
        .map(|(name, one)| format!("{name} {}", one.as_ref().map_or_else(|| "nil".to_owned(), datum)))
        .collect();
    format!("{{{}}}", all.join(", "))
}

fn datum(datum: &Datum) -> String {
    match datum {
        Datum::Number(number) => number.to_string(),
        Datum::Negative(number) => number.to_string(),
        Datum::Text(text) => {
            let mut quoted = String::from("\"");
            for c in text.chars() {
                match c {
                    '"' | '\\' => quoted.extend(['\\', c]),
                    '\n' => quoted.push_str("\\n"),
                    '\r' => quoted.push_str("\\r"),
                    '\t' => quoted.push_str("\\t"),
                    c => quoted.push(c),
                }
            }
            quoted + "\""
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{History, read_edn};
    use crate::operation::{Answer, Operation, Reply};
    use crate::random::{Keyed, Purpose, below};
    use crate::time::Time;

    /// A history of three clients, in which anything may happen; it need not be legal.
    fn drawn(model: ObjectModel, seed: u64) -> History {
        let keyed = Keyed::new(seed, Purpose::Bootstrap);
        let mut history = History::new(model);
        let mut open: Vec<(usize, Operation)> = Vec::new();
        for step in 0..60 {
            let draw = |what: u64, end: u64| below(keyed.word(step, what), end);
            // Stamps are often equal.
            let at = Time::from_nanos(step / 3);
            if open.len() < 3 && draw(0, 2) == 0 {
                let (key, value) = (draw(1, 2), 100 + step);
                let operation = match (model, draw(2, 3)) {
                    (ObjectModel::CasRegister, 0) => {
                        Operation::Cas { key, from: (draw(3, 2) == 0).then_some(draw(4, 9)), to: value }
                    }
                    (ObjectModel::Append, 0) => Operation::ReadList { key },
                    (ObjectModel::Append, _) => Operation::Append { key, value },
                    (ObjectModel::Queue, 0) => Operation::Dequeue { key },
                    (ObjectModel::Queue, _) => Operation::Enqueue { key, value },
                    (ObjectModel::Set, 0) => Operation::ReadSet { key },
                    (ObjectModel::Set, 1) => Operation::Remove { key, value },
                    (ObjectModel::Set, _) => Operation::Add { key, value },
                    (ObjectModel::Bank, 0) => Operation::ReadBank { key },
                    (ObjectModel::Bank, _) => Operation::Transfer { key, from: 0, to: 7, amount: value },
                    (_, 1) => Operation::Read { key },
                    _ => Operation::Write { key, value },
                };
                open.push((history.invoke(draw(5, 3) as u32, at, operation), operation));
            } else if let Some(index) = (!open.is_empty()).then(|| draw(1, open.len() as u64)) {
                let (index, operation) = open.swap_remove(index as usize);
                let reply = match (operation, draw(6, 5)) {
                    (_, 0) => Reply::Unknown,
                    (Operation::Cas { .. } | Operation::Transfer { .. }, 1) => Reply::Mismatch,
                    (Operation::Read { .. } | Operation::Dequeue { .. }, 1) => Reply::Value(None),
                    (Operation::Read { .. } | Operation::Dequeue { .. }, _) => Reply::Value(Some(draw(7, 9))),
                    (Operation::ReadBank { .. }, _) => Reply::Values(vec![100; 8]),
                    (Operation::ReadList { .. } | Operation::ReadSet { .. }, rest) => {
                        Reply::Values((0..rest).collect())
                    }
                    _ => Reply::Done,
                };
                history.complete(index, at, Answer { reply, position: None });
            }
        }
        history
    }

    fn written(model: ObjectModel, entries: &[HistoryEntry]) -> String {
        let mut text = Vec::new();
        write_edn(model, entries, &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    /// What is read is what was written, of every kind of object; and written again it is the same text.
    #[test]
    fn a_history_comes_back_as_it_was() {
        for model in ObjectModel::ALL {
            for seed in 0..50 {
                let mut entries = drawn(model, seed).entries();
                let text = written(model, &entries);
                let read = read_edn(model, text.as_bytes()).unwrap().entries();
                for entry in &mut entries {
                    // When something ended whose outcome is not known says nothing.
                    entry.return_ns = ended(entry);
                }
                assert_eq!(read, entries, "{model} {seed}\n{text}");
                assert_eq!(written(model, &read), text);
            }
        }
    }

    #[test]
    fn a_process_returns_before_it_calls_again_at_the_same_stamp() {
        let mut history = History::new(ObjectModel::Register);
        let at = Time::from_nanos;
        let write = |value| Operation::Write { key: 0, value };
        let done = || Answer { reply: Reply::Done, position: None };
        let other = history.invoke(1, at(0), write(1));
        let first = history.invoke(0, at(0), write(2));
        history.complete(first, at(5), done());
        let second = history.invoke(0, at(5), write(3));
        history.complete(other, at(5), done());
        history.complete(second, at(6), done());
        let text = written(ObjectModel::Register, &history.entries());
        let ends: Vec<String> =
            text.lines().map(|line| line.split(", ").skip(1).take(2).collect::<Vec<_>>().join(" ")).collect();
        let invoke = |process: u64| format!(":type :invoke :process {process}");
        let ok = |process: u64| format!(":type :ok :process {process}");
        assert_eq!(ends, [invoke(0), invoke(1), ok(1), invoke(1), ok(0), ok(1)]);
    }

    #[test]
    fn what_is_not_known_ends_behind_everything_as_info() {
        let mut history = History::new(ObjectModel::Register);
        history.invoke(0, Time::from_nanos(1), Operation::Read { key: 7 });
        let text = written(ObjectModel::Register, &history.entries());
        let expected = "{:index 0, :type :invoke, :process 0, :f :read, :value [7 nil], :time 1}\n\
                        {:index 1, :type :info, :process 0, :f :read, :value [7 nil], :time 1}\n";
        assert_eq!(text, expected);
        assert_eq!(datum(&Datum::Text("a\"\\\n".to_owned())), "\"a\\\"\\\\\\n\"");
    }
}
