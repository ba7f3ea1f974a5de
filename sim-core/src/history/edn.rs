//! Histories as Jepsen writes them, in EDN: an operation is invoked and later ends as `:ok`, `:fail` or `:info`.
//!
//! Read are registers (`:read`, `:write`), compare-and-swap (`:cas`), lists (`:append` and `:read`, also as a transaction
//! of one such step, as Elle has them), queues (`:enqueue`, `:dequeue`) and sets (`:add`, `:remove`, `:read`). A value may
//! be `[key value]`, as `jepsen.independent` writes it, if all values are. Operations of a nemesis are passed over. A
//! `:fail` surely did not happen, an `:info` may have. That a swap saw another value (`:error :mismatch`) and a dequeue
//! found nothing (`:error :empty`) are observations.

mod form;
mod write;

use std::io::BufRead;
use std::rc::Rc;

use super::entry::Datum;
use super::names::Names;
use super::reader::{self, Flaw, ReadHistoryError};
use super::record::History;
use crate::operation::{ACCOUNTS, Answer, ObjectModel, Operation, Reply};
use crate::ordered::OrderedMap;
use crate::time::Time;

use form::{Form, Parser};

pub use write::write_edn;

/// Reads a history of objects of one kind from EDN: maps one after the other, or in a vector. Events count in the order
/// in which they stand.
///
/// # Errors
/// If the source fails, or is no EDN, or an event that cannot be.
pub fn read_edn(model: ObjectModel, mut from: impl BufRead) -> Result<History, ReadHistoryError> {
    let mut text = String::new();
    from.read_to_string(&mut text)?;
    let mut events = Vec::new();
    let mut parser = Parser::new(&text);
    while let Some((line, form)) = parser.next()? {
        take(line, form, &mut events)?;
    }
    let events: Vec<EdnEvent> =
        events.into_iter().filter(|event: &EdnEvent| event.process.is_some()).collect();
    let keyed = events.iter().all(EdnEvent::may_be_keyed) && events.iter().any(EdnEvent::is_keyed);
    let mut replay = Replay {
        model,
        keyed,
        names: Names::default(),
        history: History::new(model),
        open: OrderedMap::new(),
    };
    for event in &events {
        replay.event(event).map_err(|flaw| ReadHistoryError::Meaning { line: event.line, flaw })?;
    }
    replay.history.texts = Rc::new(replay.names.texts);
    reader::refuse_other_banks(&replay.history)?;
    Ok(replay.history)
}

/// One end of an operation, as it is written.
struct EdnEvent {
    line: usize,
    kind: EdnType,
    /// `None` for a nemesis.
    process: Option<u64>,
    f: String,
    value: Form,
    error: Option<String>,
    time: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum EdnType {
    Invoke,
    Ok,
    Fail,
    Info,
}

/// Takes the events out of a form: a map, or a vector or list of maps.
fn take(line: usize, form: Form, events: &mut Vec<EdnEvent>) -> Result<(), ReadHistoryError> {
    match form {
        Form::List(forms) => forms.into_iter().try_for_each(|(line, form)| take(line, form, events)),
        Form::Tagged(form) => take(line, *form, events),
        Form::Map(entries) => {
            let event = event(line, entries).map_err(|flaw| ReadHistoryError::Meaning { line, flaw })?;
            events.push(event);
            Ok(())
        }
        _ => Err(ReadHistoryError::Meaning { line, flaw: Flaw::NoOperation }),
    }
}

fn event(line: usize, entries: Vec<(Form, Form)>) -> Result<EdnEvent, Flaw> {
    let (mut kind, mut process, mut f, mut value, mut time) = (None, None, None, Form::Nil, 0);
    let mut error = None;
    for (key, entry) in entries {
        let Form::Keyword(key) = key else { continue };
        match (key.as_str(), entry) {
            ("type", Form::Keyword(name)) => kind = EdnType::named(&name),
            ("process", Form::Integer(number)) => process = Some(u64::try_from(number).ok()),
            ("process", _) => process = Some(None),
            ("f", Form::Keyword(name) | Form::Text(name)) => f = Some(name),
            ("value", entry) => value = entry,
            ("error", Form::Keyword(name)) => error = Some(name),
            ("time", Form::Integer(at)) => time = u64::try_from(at).unwrap_or(0),
            _ => {}
        }
    }
    let (Some(kind), Some(process)) = (kind, process) else { return Err(Flaw::NoOperation) };
    // A nemesis may do anything.
    let f = f.or_else(|| process.is_none().then(String::new)).ok_or(Flaw::NoOperation)?;
    Ok(EdnEvent { line, kind, process, f, value, error, time })
}

impl EdnType {
    fn named(name: &str) -> Option<Self> {
        match name {
            "invoke" => Some(Self::Invoke),
            "ok" => Some(Self::Ok),
            "fail" => Some(Self::Fail),
            "info" => Some(Self::Info),
            _ => None,
        }
    }
}

impl EdnEvent {
    /// Whether the value says which object is meant, or nothing at all.
    fn may_be_keyed(&self) -> bool {
        self.is_keyed() || (matches!(self.value, Form::Nil) && matches!(self.f.as_str(), "read" | "dequeue"))
    }

    fn is_keyed(&self) -> bool {
        let Form::List(items) = &self.value else { return false };
        let [(_, key), (_, value)] = &items[..] else { return false };
        let plain = matches!(key, Form::Integer(_) | Form::Text(_) | Form::Keyword(_));
        // Of a swap the value itself is a pair, and a list that was read may have two elements.
        match self.f.as_str() {
            "cas" => plain && matches!(value, Form::List(_)),
            "read" => {
                let read = |value: &Form| {
                    matches!(
                        value,
                        Form::Nil | Form::List(_) | Form::Map(_) | Form::Integer(_) | Form::Text(_)
                    )
                };
                plain && read(value)
            }
            _ => plain,
        }
    }
}

struct Replay {
    model: ObjectModel,
    keyed: bool,
    names: Names,
    history: History,
    /// The open operation of each process, and the line of its call.
    open: OrderedMap<u64, (usize, usize)>,
}

impl Replay {
    fn event(&mut self, event: &EdnEvent) -> Result<(), Flaw> {
        let Some(process) = event.process else { return Ok(()) };
        let at = Time::from_nanos(event.time);
        if event.kind == EdnType::Invoke {
            if let Some((_, other)) = self.open.get(&process) {
                return Err(Flaw::Overlap { process, other: *other });
            }
            let (operation, _) = self.operation(event)?;
            self.open.insert(process, (self.history.call(process, at, operation), event.line));
            return Ok(());
        }
        let Some((index, _)) = self.open.remove(&process) else {
            return Err(Flaw::NotOpen { process });
        };
        let reply = match event.kind {
            EdnType::Ok => {
                let (ended, reply) = self.operation(event)?;
                let called = self.history.records[index].operation;
                let finds = called.is_read() || matches!(called, Operation::Dequeue { .. });
                if ended.key() != called.key() || (!finds && ended != called) {
                    return Err(Flaw::OtherEnd { process });
                }
                reply
            }
            EdnType::Fail => self.failed(index, event),
            _ => return Ok(()),
        };
        self.history.complete(index, at, Answer { reply, position: None });
        Ok(())
    }

    /// What an operation came to that failed: some observe something all the same.
    fn failed(&self, index: usize, event: &EdnEvent) -> Reply {
        match (self.history.records[index].operation, event.error.as_deref()) {
            (Operation::Cas { .. } | Operation::Transfer { .. }, Some(write::MISMATCH)) => Reply::Mismatch,
            (Operation::Dequeue { .. }, Some(write::EMPTY)) => Reply::Value(None),
            _ => Reply::Refused,
        }
    }

    /// What an event calls, and what it says of the outcome if it ended well.
    fn operation(&mut self, event: &EdnEvent) -> Result<(Operation, Reply), Flaw> {
        if let Some((f, form)) = transaction(event)? {
            let Form::List(items) = form else { return Err(Flaw::NoOperation) };
            let [(_, key), (_, value)] = &items[..] else { return Err(Flaw::NoOperation) };
            let key = self.datum(key, &event.f, "a key")?;
            return self.one(&f, key, value);
        }
        match &event.value {
            Form::List(items) if self.keyed && items.len() == 2 => {
                let key = self.datum(&items[0].1, &event.f, "[key value]")?;
                self.one(&event.f, key, &items[1].1)
            }
            value => self.one(&event.f, 0, value),
        }
    }

    fn one(&mut self, f: &str, key: u64, value: &Form) -> Result<(Operation, Reply), Flaw> {
        match (f, self.model) {
            ("read" | "r", ObjectModel::Append) => {
                Ok((Operation::ReadList { key }, Reply::Values(self.all(f, value)?)))
            }
            ("append", ObjectModel::Append | ObjectModel::Kv) => {
                Ok((Operation::Append { key, value: self.datum(value, f, "a value")? }, Reply::Done))
            }
            ("read" | "r", ObjectModel::Set) => {
                Ok((Operation::ReadSet { key }, Reply::Values(self.all(f, value)?)))
            }
            ("read" | "r", ObjectModel::Register | ObjectModel::CasRegister | ObjectModel::Kv) => {
                Ok((Operation::Read { key }, Reply::Value(self.optional(f, value)?)))
            }
            ("write" | "w", ObjectModel::Register | ObjectModel::CasRegister | ObjectModel::Kv) => {
                Ok((Operation::Write { key, value: self.datum(value, f, "a value")? }, Reply::Done))
            }
            ("enqueue", ObjectModel::Queue) => {
                Ok((Operation::Enqueue { key, value: self.datum(value, f, "a value")? }, Reply::Done))
            }
            ("dequeue", ObjectModel::Queue) => {
                Ok((Operation::Dequeue { key }, Reply::Value(self.optional(f, value)?)))
            }
            ("add", ObjectModel::Set) => {
                Ok((Operation::Add { key, value: self.datum(value, f, "a value")? }, Reply::Done))
            }
            ("remove", ObjectModel::Set) => {
                Ok((Operation::Remove { key, value: self.datum(value, f, "a value")? }, Reply::Done))
            }
            ("read" | "r", ObjectModel::Bank) => {
                Ok((Operation::ReadBank { key }, Reply::Values(balances(f, value)?)))
            }
            ("transfer", ObjectModel::Bank) => Ok((transfer(f, key, value)?, Reply::Done)),
            ("cas", ObjectModel::CasRegister) => {
                let Form::List(items) = value else {
                    return Err(Flaw::EdnValue { f: f.to_owned(), expected: "[from to]" });
                };
                let [(_, from), (_, to)] = &items[..] else {
                    return Err(Flaw::EdnValue { f: f.to_owned(), expected: "[from to]" });
                };
                let from = match from {
                    Form::Nil => None,
                    from => Some(self.datum(from, f, "[from to]")?),
                };
                let to = self.datum(to, f, "[from to]")?;
                Ok((Operation::Cas { key, from, to }, Reply::Done))
            }
            (f, model) => Err(Flaw::EdnOperation { model, f: f.to_owned() }),
        }
    }

    fn optional(&mut self, f: &str, value: &Form) -> Result<Option<u64>, Flaw> {
        match value {
            Form::Nil => Ok(None),
            value => self.datum(value, f, "a value or nil").map(Some),
        }
    }

    fn all(&mut self, f: &str, value: &Form) -> Result<Vec<u64>, Flaw> {
        let expected = "a list of values";
        match value {
            Form::List(items) => items.iter().map(|(_, item)| self.datum(item, f, expected)).collect(),
            // As Elle writes a list to which nothing was appended; of an invocation it says nothing.
            Form::Nil => Ok(Vec::new()),
            _ => Err(Flaw::EdnValue { f: f.to_owned(), expected }),
        }
    }

    fn datum(&mut self, form: &Form, f: &str, expected: &'static str) -> Result<u64, Flaw> {
        let datum = match form {
            Form::Integer(number) => match u64::try_from(*number) {
                Ok(number) => Datum::Number(number),
                Err(_) => Datum::Negative(*number),
            },
            Form::Text(text) => Datum::Text(text.clone()),
            Form::Keyword(name) => Datum::Text(format!(":{name}")),
            Form::Boolean(truth) => Datum::Text(truth.to_string()),
            Form::Other(text) => Datum::Text(text.clone()),
            _ => return Err(Flaw::EdnValue { f: f.to_owned(), expected }),
        };
        Ok(self.names.number(&datum))
    }
}

/// What all accounts hold: `{0 95, 1 105}`; of an invocation, nothing.
fn balances(f: &str, value: &Form) -> Result<Vec<u64>, Flaw> {
    let flaw =
        || Flaw::EdnValue { f: f.to_owned(), expected: "a map from accounts, counted from 0, to balances" };
    let entries = match value {
        Form::Nil => return Ok(Vec::new()),
        Form::Map(entries) => entries,
        _ => return Err(flaw()),
    };
    let mut accounts: Vec<(u64, u64)> = entries
        .iter()
        .map(|(account, balance)| Some((natural(account)?, natural(balance)?)))
        .collect::<Option<_>>()
        .ok_or_else(flaw)?;
    accounts.sort_unstable();
    let counted = (0..).zip(&accounts).all(|(place, (account, _))| place == *account);
    if counted { Ok(accounts.into_iter().map(|(_, balance)| balance).collect()) } else { Err(flaw()) }
}

/// `{:from 0, :to 1, :amount 5}`.
fn transfer(f: &str, key: u64, value: &Form) -> Result<Operation, Flaw> {
    let entries = if let Form::Map(entries) = value { &entries[..] } else { &[] };
    let of = |name: &str| {
        let is = |form: &Form| matches!(form, Form::Keyword(known) if known == name);
        natural(&entries.iter().find(|(key, _)| is(key))?.1)
    };
    let account = |name: &str| {
        let account = u32::try_from(of(name)?).ok()?;
        ((account as usize) < ACCOUNTS).then_some(account)
    };
    let read = || {
        Some(Operation::Transfer { key, from: account("from")?, to: account("to")?, amount: of("amount")? })
    };
    let expected = "{:from A, :to B, :amount N}, with accounts from 0 to 7";
    read().ok_or_else(|| Flaw::EdnValue { f: f.to_owned(), expected })
}

fn natural(form: &Form) -> Option<u64> {
    if let Form::Integer(number) = form { u64::try_from(*number).ok() } else { None }
}

/// The step of a transaction that has only one: its name and `[key value]`.
fn transaction(event: &EdnEvent) -> Result<Option<(String, Form)>, Flaw> {
    if event.f != "txn" {
        return Ok(None);
    }
    let Form::List(steps) = &event.value else { return Err(Flaw::NoOperation) };
    let [(_, Form::List(step))] = &steps[..] else { return Err(Flaw::Transaction { steps: steps.len() }) };
    match &step[..] {
        [(_, Form::Keyword(f)), key, value] => {
            Ok(Some((f.clone(), Form::List(vec![key.clone(), value.clone()]))))
        }
        _ => Err(Flaw::NoOperation),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::{HistoryCheck, HistoryVerdict};

    fn read(model: ObjectModel, text: &str) -> Result<History, String> {
        read_edn(model, text.as_bytes()).map_err(|error| error.to_string())
    }

    fn legal(model: ObjectModel, text: &str) -> bool {
        let history = read(model, text).unwrap();
        HistoryCheck::default().judge(&history).verdict == HistoryVerdict::Linearizable
    }

    #[test]
    fn registers_with_a_nemesis_and_an_open_write_are_read() {
        let text = "
            {:type :invoke, :f :write, :value 1, :process 0, :time 10, :index 0}
            {:type :info, :f :start, :value \"cut\", :process :nemesis, :time 11}
            {:type :ok, :f :write, :value 1, :process 0, :time 20}
            {:type :invoke, :f :write, :value 2, :process 1, :time 21}
            {:type :info, :f :write, :value 2, :process 1, :time 30, :error :timeout}
            {:type :invoke, :f :read, :value nil, :process 2, :time 31}
            {:type :ok, :f :read, :value READ, :process 2, :time 40}";
        for (read, truth) in [("1", true), ("2", true), ("3", false), ("nil", false)] {
            assert_eq!(legal(ObjectModel::Register, &text.replace("READ", read)), truth, "{read}");
        }
        assert_eq!(read_edn(ObjectModel::Register, text.replace("READ", "1").as_bytes()).unwrap().len(), 3);
    }

    #[test]
    fn swaps_in_a_vector_of_tagged_records_are_read_with_their_keys() {
        let text = "[#jepsen.history.Op{:type :invoke :f :cas :value [7 [nil 1]] :process 0}
             #jepsen.history.Op{:type :ok :f :cas :value [7 [nil 1]] :process 0}
             {:type :invoke :f :cas :value [8 [1 2]] :process 0}
             {:type :fail :f :cas :value [8 [1 2]] :process 0}
             {:type :invoke :f :read :value [7 nil] :process 0}
             {:type :ok :f :read :value [7 1] :process 0}]";
        assert!(legal(ObjectModel::CasRegister, text));
        assert!(!legal(ObjectModel::CasRegister, &text.replace("[7 1]", "[7 2]")));
        let other = text.replace("[7 1]", "[8 1]");
        assert!(read(ObjectModel::CasRegister, &other).unwrap_err().contains("than it called"));
        let apart = other.replace("[7 nil]", "[8 nil]");
        assert!(!legal(ObjectModel::CasRegister, &apart), "keys are apart");
    }

    #[test]
    fn lists_are_read_as_operations_and_as_transactions_of_one_step() {
        let plain =
            "{:type :invoke :f :append :value 1 :process 0} {:type :ok :f :append :value 1 :process 0}
            {:type :invoke :f :read :value nil :process 0} {:type :ok :f :read :value [1] :process 0}";
        let steps = "{:type :invoke :f :txn :value [[:append 5 1]] :process 0}
            {:type :ok :f :txn :value [[:append 5 1]] :process 0}
            {:type :invoke :f :txn :value [[:r 5 nil]] :process 0}
            {:type :ok :f :txn :value [[:r 5 [1]]] :process 0}";
        for text in [plain, steps] {
            assert!(legal(ObjectModel::Append, text));
            assert!(!legal(ObjectModel::Append, &text.replace("[1]", "[]")));
        }
    }

    #[test]
    fn bad_text_is_named_with_its_line() {
        let cases = [
            ("\n{:type :invoke", "line 2: expected a closing bracket"),
            ("\n\n17", "line 3: expected an operation"),
            ("{:type :ok :f :read :value 1 :process 3}", "process 3 ends an operation that it did not call"),
            ("{:type :invoke :f :peek :process 3}", "has no operation :peek"),
            (
                "{:type :invoke :f :read :process 3}\n{:type :invoke :f :read :process 3}",
                "line 2: process 3 calls while its operation of line 1 is open",
            ),
            (
                "{:type :invoke :f :txn :value [[:r 1 nil] [:r 2 nil]] :process 3}",
                "a transaction has 2 steps",
            ),
            (&"[".repeat(10_000), "nested less deeply"),
            ("]", "not a closing bracket"),
        ];
        for (text, words) in cases {
            let model = if text.contains("txn") { ObjectModel::Append } else { ObjectModel::Register };
            let error = read(model, text).unwrap_err();
            assert!(error.contains(words), "{text}: {error}");
        }
    }
}
