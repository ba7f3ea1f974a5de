//! Histories from and to JSON lines.

use std::io::{self, BufRead, Write};
use std::rc::Rc;

use super::bank;
use super::entry::{Datum, EntryValue, Function, HistoryEntry};
use super::names::Names;
use super::record::History;
use crate::operation::{ACCOUNTS, Answer, OPENING_BALANCE, ObjectModel, Operation, Reply};
use crate::time::Time;

/// Why a text is not a history.
#[derive(Debug, thiserror::Error)]
pub enum ReadHistoryError {
    /// The source failed.
    #[error("read a history: {0}")]
    Io(#[from] io::Error),
    /// A line is not an entry.
    #[error("read a history: line {line}: {}", within_a_line(source))]
    Form {
        /// Which line, counting from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The text is not EDN.
    #[error("read a history: line {line}: expected {expected}")]
    Edn {
        /// Which line, counting from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// A line is an entry that cannot be.
    #[error("read a history: line {line}: {flaw}")]
    Meaning {
        /// Which line, counting from 1.
        line: usize,
        /// What is wrong with it.
        flaw: Flaw,
    },
    /// No read of all accounts is one of a bank of this program's own workload, so that nothing can be said.
    #[error(
        "read a history: this is another bank: the model opens {ACCOUNTS} accounts with {OPENING_BALANCE} each, and no \
         read of all accounts has that sum"
    )]
    OtherBank,
}

/// What is wrong with a line. Its reader takes it for a document of one line, and counts from there.
fn within_a_line(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

/// What is wrong with an entry that has the right form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The model has no such operation.
    #[error("the model {model} has no operation \"{f}\"")]
    ForeignOperation {
        /// The model.
        model: ObjectModel,
        /// The operation.
        f: &'static str,
    },
    /// The model has no such operation, in EDN.
    #[error("the model {model} has no operation :{f} that can be read from EDN")]
    EdnOperation {
        /// The model.
        model: ObjectModel,
        /// The operation.
        f: String,
    },
    /// `:value` does not fit `:f`.
    #[error("the value of :{f} must be {expected}")]
    EdnValue {
        /// The operation.
        f: String,
        /// What it must be.
        expected: &'static str,
    },
    /// A map or form that is no operation.
    #[error(
        "expected an operation: a map with :type (:invoke, :ok, :fail or :info), :process, :f and :value"
    )]
    NoOperation,
    /// A transaction that is more than one operation on one object.
    #[error("a transaction has {steps} steps: only those of one step are operations on one object")]
    Transaction {
        /// How many it has.
        steps: usize,
    },
    /// An operation ends as another one.
    #[error("process {process} ends another operation than it called")]
    OtherEnd {
        /// The process.
        process: u64,
    },
    /// An operation ends that was not called.
    #[error("process {process} ends an operation that it did not call")]
    NotOpen {
        /// The process.
        process: u64,
    },
    /// `value` does not fit `f`.
    #[error("the value of \"{f}\" must be {expected}")]
    Value {
        /// The operation.
        f: &'static str,
        /// What it must be.
        expected: &'static str,
    },
    /// It returned before it was called.
    #[error("it returned at {return_ns} ns, before its call at {call_ns} ns")]
    BackInTime {
        /// The call.
        call_ns: u64,
        /// The return.
        return_ns: u64,
    },
    /// `ok` says that the outcome is known, `return_ns` that there was none.
    #[error("\"ok\" is {ok} but \"return_ns\" is null: what never returned has an \"ok\" of null")]
    OkWithoutReturn {
        /// The outcome.
        ok: bool,
    },
    /// `ok` is false for anything but a compare-and-swap.
    #[error(
        "\"ok\" is false: leave out an operation that surely did not happen (only a cas can observe a mismatch)"
    )]
    Failed,
    /// The process has another operation open.
    #[error("process {process} calls while its operation of line {other} is open")]
    Overlap {
        /// The process.
        process: u64,
        /// The line of the open operation.
        other: usize,
    },
}

/// Writes entries as JSON lines.
///
/// # Errors
/// If the target fails.
pub fn write_history(entries: &[HistoryEntry], mut to: impl Write) -> io::Result<()> {
    for entry in entries {
        serde_json::to_writer(&mut to, entry)?;
        to.write_all(b"\n")?;
    }
    Ok(())
}

/// Reads a history of objects of one kind from JSON lines; empty lines are skipped. At equal stamps, calls come
/// before returns.
///
/// # Errors
/// If the source fails, or a line is no entry, or one that cannot be. Nothing is guessed.
pub fn read_history(model: ObjectModel, from: impl BufRead) -> Result<History, ReadHistoryError> {
    let mut lines = Vec::new();
    let mut names = Names::default();
    for (number, text) in (1..).zip(from.lines()) {
        let text = text?;
        if !text.trim().is_empty() {
            lines.push(Line::parse(number, &text, model, &mut names)?);
        }
    }
    refuse_overlaps(&lines)?;
    let mut history = replay(model, &lines);
    history.texts = Rc::new(names.texts);
    refuse_other_banks(&history)?;
    Ok(history)
}

/// A line understood.
struct Line {
    number: usize,
    process: u64,
    call: u64,
    returned: Option<u64>,
    operation: Operation,
    reply: Reply,
}

impl Line {
    fn parse(
        number: usize,
        text: &str,
        model: ObjectModel,
        names: &mut Names,
    ) -> Result<Self, ReadHistoryError> {
        let entry: HistoryEntry =
            serde_json::from_str(text).map_err(|source| ReadHistoryError::Form { line: number, source })?;
        Self::understand(number, &entry, model, names)
            .map_err(|flaw| ReadHistoryError::Meaning { line: number, flaw })
    }

    fn understand(
        number: usize,
        entry: &HistoryEntry,
        model: ObjectModel,
        names: &mut Names,
    ) -> Result<Self, Flaw> {
        if let Some(return_ns) = entry.return_ns.filter(|returned| *returned < entry.call_ns) {
            return Err(Flaw::BackInTime { call_ns: entry.call_ns, return_ns });
        }
        if let (Some(ok), None) = (entry.ok, entry.return_ns) {
            return Err(Flaw::OkWithoutReturn { ok });
        }
        if entry.ok == Some(false) && !matches!(entry.f, Function::Cas | Function::Transfer) {
            return Err(Flaw::Failed);
        }
        let (operation, reply) = names.operation(model, entry)?;
        Ok(Self {
            number,
            process: entry.process,
            call: entry.call_ns,
            returned: entry.return_ns,
            operation,
            reply: if entry.ok.is_some() { reply } else { Reply::Unknown },
        })
    }
}

impl Names {
    fn one(&mut self, entry: &HistoryEntry) -> Result<u64, Flaw> {
        match &entry.value {
            EntryValue::One(datum) => Ok(self.number(datum)),
            _ => Err(Flaw::Value { f: entry.f.name(), expected: "a number or a text" }),
        }
    }

    fn pair(&mut self, entry: &HistoryEntry) -> Result<(Option<u64>, u64), Flaw> {
        if let EntryValue::Many(both) = &entry.value
            && let [from, Some(to)] = &both[..]
        {
            return Ok((from.as_ref().map(|from| self.number(from)), self.number(to)));
        }
        Err(Flaw::Value { f: entry.f.name(), expected: "[from, to], where from may be null" })
    }

    fn optional(&mut self, entry: &HistoryEntry) -> Result<Reply, Flaw> {
        match &entry.value {
            EntryValue::None => Ok(Reply::Value(None)),
            EntryValue::One(datum) => Ok(Reply::Value(Some(self.number(datum)))),
            EntryValue::Many(_) => {
                Err(Flaw::Value { f: entry.f.name(), expected: "a number, a text or null" })
            }
        }
    }

    fn many(&mut self, entry: &HistoryEntry) -> Result<Reply, Flaw> {
        let flaw = Flaw::Value { f: entry.f.name(), expected: "a list without null" };
        match &entry.value {
            EntryValue::Many(all) => {
                let values = all.iter().map(|datum| datum.as_ref().map(|datum| self.number(datum)));
                Ok(Reply::Values(values.collect::<Option<_>>().ok_or(flaw)?))
            }
            // Not known what was read: it never returned.
            EntryValue::None if entry.ok.is_none() => Ok(Reply::Unknown),
            _ => Err(flaw),
        }
    }

    fn operation(&mut self, model: ObjectModel, entry: &HistoryEntry) -> Result<(Operation, Reply), Flaw> {
        let key = entry.key.as_ref().map_or(0, |key| self.number(key));
        let register = matches!(model, ObjectModel::Register | ObjectModel::CasRegister | ObjectModel::Kv);
        match (entry.f, model) {
            (Function::Read | Function::Get, _) if register => {
                Ok((Operation::Read { key }, self.optional(entry)?))
            }
            (Function::Write | Function::Put, _) if register => {
                Ok((Operation::Write { key, value: self.one(entry)? }, Reply::Done))
            }
            (Function::Append, ObjectModel::Kv) => {
                Ok((Operation::Append { key, value: self.one(entry)? }, Reply::Done))
            }
            (Function::Cas, ObjectModel::CasRegister) => {
                let (from, to) = self.pair(entry)?;
                let reply = if entry.ok == Some(false) { Reply::Mismatch } else { Reply::Done };
                Ok((Operation::Cas { key, from, to }, reply))
            }
            (Function::Append, ObjectModel::Append) => {
                Ok((Operation::Append { key, value: self.one(entry)? }, Reply::Done))
            }
            (Function::Read, ObjectModel::Append) => Ok((Operation::ReadList { key }, self.many(entry)?)),
            (Function::Enqueue, ObjectModel::Queue) => {
                Ok((Operation::Enqueue { key, value: self.one(entry)? }, Reply::Done))
            }
            (Function::Dequeue, ObjectModel::Queue) => {
                Ok((Operation::Dequeue { key }, self.optional(entry)?))
            }
            (Function::Add, ObjectModel::Set) => {
                Ok((Operation::Add { key, value: self.one(entry)? }, Reply::Done))
            }
            (Function::Remove, ObjectModel::Set) => {
                Ok((Operation::Remove { key, value: self.one(entry)? }, Reply::Done))
            }
            (Function::Read, ObjectModel::Set) => Ok((Operation::ReadSet { key }, self.many(entry)?)),
            (Function::Read, ObjectModel::Bank) => Ok((Operation::ReadBank { key }, self.many(entry)?)),
            (Function::Transfer, ObjectModel::Bank) => {
                let reply = if entry.ok == Some(false) { Reply::Mismatch } else { Reply::Done };
                Ok((transfer(key, entry)?, reply))
            }
            (f, model) => Err(Flaw::ForeignOperation { model, f: f.name() }),
        }
    }
}

/// `[from, to, amount]`.
fn transfer(key: u64, entry: &HistoryEntry) -> Result<Operation, Flaw> {
    let number = |datum: &Option<Datum>| match datum {
        Some(Datum::Number(number)) => Some(*number),
        _ => None,
    };
    let account = |datum: &Option<Datum>| {
        let account = u32::try_from(number(datum)?).ok()?;
        ((account as usize) < ACCOUNTS).then_some(account)
    };
    let read = || match &entry.value {
        EntryValue::Many(all) => match &all[..] {
            [from, to, amount] => Some((account(from)?, account(to)?, number(amount)?)),
            _ => None,
        },
        _ => None,
    };
    let flaw = Flaw::Value { f: entry.f.name(), expected: "[from, to, amount], with accounts from 0 to 7" };
    let (from, to, amount) = read().ok_or(flaw)?;
    Ok(Operation::Transfer { key, from, to, amount })
}

impl Function {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Cas => "cas",
            Self::Append => "append",
            Self::Get => "get",
            Self::Put => "put",
            Self::Enqueue => "enqueue",
            Self::Dequeue => "dequeue",
            Self::Add => "add",
            Self::Remove => "remove",
            Self::Transfer => "transfer",
        }
    }
}

/// A bank that was opened otherwise is not judged: each of its reads would look wrong.
pub(super) fn refuse_other_banks(history: &History) -> Result<(), ReadHistoryError> {
    let own = |reply: &Reply| match reply {
        Reply::Values(balances) => Some(bank::is_whole(balances)),
        _ => None,
    };
    let mut reads = history.records.iter().filter_map(|record| own(record.reply()?)).peekable();
    if history.model != ObjectModel::Bank || reads.peek().is_none() || reads.any(|own| own) {
        return Ok(());
    }
    Err(ReadHistoryError::OtherBank)
}

/// A process that calls at the very stamp of its last return is sequential; one that calls before it is not.
fn refuse_overlaps(lines: &[Line]) -> Result<(), ReadHistoryError> {
    let mut order: Vec<&Line> = lines.iter().collect();
    order.sort_by_key(|line| (line.process, line.call, line.returned.unwrap_or(u64::MAX), line.number));
    for pair in order.windows(2) {
        let (open, next) = (pair[0], pair[1]);
        if open.process == next.process && open.returned.is_none_or(|returned| returned > next.call) {
            let flaw = Flaw::Overlap { process: next.process, other: open.number };
            return Err(ReadHistoryError::Meaning { line: next.number, flaw });
        }
    }
    Ok(())
}

/// Calls and returns in the order of their stamps, calls first, then lines.
fn replay(model: ObjectModel, lines: &[Line]) -> History {
    let mut events: Vec<(u64, bool, usize)> = Vec::with_capacity(2 * lines.len());
    for (i, line) in lines.iter().enumerate() {
        events.push((line.call, false, i));
        events.extend(line.returned.map(|returned| (returned, true, i)));
    }
    events.sort_unstable();
    let mut history = History::new(model);
    let mut indexes = vec![0; lines.len()];
    for (at, is_return, i) in events {
        let (line, at) = (&lines[i], Time::from_nanos(at));
        if is_return {
            history.complete(indexes[i], at, Answer { reply: line.reply.clone(), position: None });
        } else {
            indexes[i] = history.call(line.process, at, line.operation);
        }
    }
    history
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{HistoryCheck, HistoryVerdict};

    fn read(model: ObjectModel, text: &str) -> Result<History, String> {
        read_history(model, text.as_bytes()).map_err(|error| error.to_string())
    }

    fn legal(model: ObjectModel, text: &str) -> bool {
        HistoryCheck::default().judge(&read(model, text).unwrap()).verdict == HistoryVerdict::Linearizable
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = concat!(
            r#"{"process":0,"call_ns":0,"return_ns":5,"f":"write","key":3,"value":1,"ok":true}"#,
            "\n",
            r#"{"process":1,"call_ns":2,"return_ns":9,"f":"cas","key":3,"value":[1,2],"ok":true}"#,
            "\n",
            r#"{"process":2,"call_ns":3,"return_ns":8,"f":"cas","key":3,"value":[null,7],"ok":false}"#,
            "\n",
            r#"{"process":3,"call_ns":4,"return_ns":null,"f":"write","key":3,"value":5,"ok":null}"#,
            "\n",
            r#"{"process":0,"call_ns":10,"return_ns":12,"f":"read","key":3,"value":2,"ok":true}"#,
            "\n",
        );
        let history = read(ObjectModel::CasRegister, text).unwrap();
        let mut written = Vec::new();
        write_history(&history.entries(), &mut written).unwrap();
        assert_eq!(String::from_utf8(written).unwrap(), text);
        assert_eq!(HistoryCheck::default().judge(&history).verdict, HistoryVerdict::Linearizable);
    }

    #[test]
    fn every_model_reads_its_own_operations() {
        assert!(legal(
            ObjectModel::Kv,
            "{\"process\":0,\"call_ns\":0,\"return_ns\":1,\"f\":\"put\",\"key\":\"x\",\"value\":\"a\",\"ok\":true}\n\n\
             {\"process\":0,\"call_ns\":1,\"return_ns\":2,\"f\":\"get\",\"key\":\"x\",\"value\":\"a\",\"ok\":true}\n"
        ));
        assert!(legal(
            ObjectModel::Append,
            "{\"process\":0,\"call_ns\":0,\"return_ns\":1,\"f\":\"append\",\"value\":-4,\"ok\":true}\n\
             {\"process\":0,\"call_ns\":1,\"return_ns\":2,\"f\":\"read\",\"value\":[-4],\"ok\":true,\"meta\":{\"a\":1}}"
        ));
        assert!(!legal(
            ObjectModel::Queue,
            "{\"process\":0,\"call_ns\":0,\"return_ns\":1,\"f\":\"enqueue\",\"value\":4,\"ok\":true}\n\
             {\"process\":1,\"call_ns\":2,\"return_ns\":3,\"f\":\"dequeue\",\"value\":null,\"ok\":true}"
        ));
        assert!(!legal(
            ObjectModel::Set,
            "{\"process\":0,\"call_ns\":0,\"return_ns\":1,\"f\":\"add\",\"value\":4,\"ok\":true}\n\
             {\"process\":1,\"call_ns\":2,\"return_ns\":3,\"f\":\"read\",\"value\":[4,5],\"ok\":true}"
        ));
    }

    #[test]
    fn banks_move_money_and_other_banks_are_refused() {
        let line = |call: u64, f: &str, value: &str, ok: bool| {
            format!(
                "{{\"process\":0,\"call_ns\":{call},\"return_ns\":{},\"f\":\"{f}\",\"value\":{value},\"ok\":{ok}}}\n",
                call + 1
            )
        };
        let moved = |read: &str| {
            line(0, "transfer", "[0,1,60]", true)
                + &line(2, "transfer", "[0,1,60]", false)
                + &line(4, "read", read, true)
        };
        assert!(legal(ObjectModel::Bank, &moved("[40,160,100,100,100,100,100,100]")));
        assert!(!legal(ObjectModel::Bank, &moved("[100,100,100,100,100,100,100,100]")), "it was moved");
        let poor = line(9, "read", "[40,160,100,100,100,100,100,100]", true);
        assert!(
            !legal(ObjectModel::Bank, &(moved("[40,100,100,100,100,100,100,100]") + &poor)),
            "60 are lost"
        );
        let error = read(ObjectModel::Bank, &moved("[40,60]")).unwrap_err();
        assert!(error.contains("this is another bank: the model opens 8 accounts with 100 each"), "{error}");
        let error = read(ObjectModel::Bank, &line(0, "transfer", "[0,8,1]", true)).unwrap_err();
        assert!(error.contains("[from, to, amount], with accounts from 0 to 7"), "{error}");
    }

    #[test]
    fn at_equal_stamps_calls_come_before_returns() {
        // The read overlaps the write, since it was called at the stamp of the return.
        let line = |value: &str| {
            format!(
                "{{\"process\":0,\"call_ns\":0,\"return_ns\":5,\"f\":\"write\",\"value\":1,\"ok\":true}}\n\
                 {{\"process\":1,\"call_ns\":5,\"return_ns\":6,\"f\":\"read\",\"value\":{value},\"ok\":true}}"
            )
        };
        assert!(legal(ObjectModel::Register, &line("null")) && legal(ObjectModel::Register, &line("1")));
    }

    #[test]
    fn bad_lines_are_named() {
        let line = |rest: &str| format!("\n{{\"process\":1,\"call_ns\":7,{rest}}}");
        let cases = [
            (r#""return_ns":9,"f":"read","value":1,"ok":true,"colour":1"#, "line 2: unknown field `colour`"),
            (r#""f":"read","value":1,"ok":true"#, "line 2: missing field `return_ns`"),
            (r#""return_ns":9,"f":"read","value":1"#, "line 2: missing field `ok`"),
            (r#""return_ns":9,"f":"peek","value":1,"ok":true"#, "line 2: unknown variant `peek`"),
            (r#""return_ns":9,"f":"read","value":1.5,"ok":true"#, "line 2: data did not match"),
            (r#""return_ns":5,"f":"read","value":1,"ok":true"#, "line 2: it returned at 5 ns, before"),
            (r#""return_ns":null,"f":"write","value":1,"ok":true"#, "line 2: \"ok\" is true but"),
            (r#""return_ns":9,"f":"write","value":1,"ok":false"#, "line 2: \"ok\" is false: leave out"),
            (r#""return_ns":9,"f":"cas","value":[1,2],"ok":true"#, "line 2: the model register has no"),
            (r#""return_ns":9,"f":"write","value":null,"ok":true"#, "line 2: the value of \"write\" must be"),
        ];
        for (rest, expected) in cases {
            let error = read(ObjectModel::Register, &line(rest)).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn a_process_with_two_open_operations_is_refused() {
        let line = |process: u64, call: u64, returned: &str| {
            let ok = if returned == "null" { "null" } else { "true" };
            format!(
                "{{\"process\":{process},\"call_ns\":{call},\"return_ns\":{returned},\"f\":\"write\",\
                 \"value\":{call},\"ok\":{ok}}}\n"
            )
        };
        let overlap = line(0, 0, "5") + &line(1, 1, "9") + &line(0, 4, "6");
        let error = read(ObjectModel::Register, &overlap).unwrap_err();
        assert_eq!(error, "read a history: line 3: process 0 calls while its operation of line 1 is open");
        let endless = line(0, 0, "null") + &line(0, 8, "9");
        assert!(read(ObjectModel::Register, &endless).is_err());
        let sequential = line(0, 0, "5") + &line(0, 5, "6");
        assert!(read(ObjectModel::Register, &sequential).is_ok());
    }
}
