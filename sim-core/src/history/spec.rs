//! What each kind of object does when one operation after another is applied to it.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use super::texts::Texts;
use crate::ordered::OrderedSet;

use crate::digest::Digest;
use crate::operation::{ACCOUNTS, OPENING_BALANCE, ObjectModel, Operation, Reply};

/// The state of one object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// A register, with or without compare-and-swap.
    Register(Option<u64>),
    /// A register of text that can be appended to.
    Text {
        /// What is there.
        there: Option<String>,
        /// What values look like.
        texts: Rc<Texts>,
    },
    /// A list.
    List(Vec<u64>),
    /// A queue.
    Queue(VecDeque<u64>),
    /// A set.
    Set(OrderedSet<u64>),
    /// What each account of a bank holds.
    Bank([u64; ACCOUNTS]),
}

/// Why an operation with its reply could not come next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A read or dequeue gave one value where another was due.
    Value {
        /// What was due.
        due: Option<u64>,
        /// What was given.
        given: Option<u64>,
    },
    /// A swap succeeded although another value was there.
    SwapOf {
        /// What was there.
        there: Option<u64>,
        /// What the swap expected.
        from: Option<u64>,
    },
    /// A swap saw a mismatch although the expected value was there.
    NoMismatch {
        /// What was there.
        there: Option<u64>,
    },
    /// A text was read that was not there.
    Text {
        /// What was there.
        due: Option<String>,
        /// What was given.
        given: Option<String>,
    },
    /// A list or set was read otherwise than it was.
    Content {
        /// How many elements there were.
        due: usize,
        /// How many were given.
        given: usize,
        /// The first element that differs: what was due and what was given there.
        first: (Option<u64>, Option<u64>),
    },
    /// A transfer took place although its account held too little, or did not although there was enough.
    Funds {
        /// What the account held.
        held: u64,
        /// What was to be paid.
        amount: u64,
    },
    /// The operation or its reply does not belong to this kind of object.
    Foreign,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let show =
            |value: &Option<u64>| value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
        match self {
            Self::Value { due, given } => write!(f, "it gave {}, but {} was there", show(given), show(due)),
            Self::SwapOf { there, from } => {
                write!(f, "it swapped {}, but {} was there", show(from), show(there))
            }
            Self::NoMismatch { there } => write!(f, "it saw a mismatch, but {} was there", show(there)),
            Self::Text { due, given } => {
                let show = |text: &Option<String>| {
                    text.as_ref().map_or_else(|| "nothing".to_owned(), |text| format!("{text:?}"))
                };
                write!(f, "it gave {}, but {} was there", show(given), show(due))
            }
            Self::Content { due, given, first } => write!(
                f,
                "it gave {given} elements where {due} were there; the first difference is {} instead of {}",
                show(&first.1),
                show(&first.0)
            ),
            Self::Funds { held, amount } if held < amount => {
                write!(f, "it moved {amount}, but the account held {held}")
            }
            Self::Funds { held, amount } => {
                write!(f, "it was refused {amount}, but the account held {held}")
            }
            Self::Foreign => f.write_str("this kind of object has no such operation or reply"),
        }
    }
}

/// What takes back one step.
#[derive(Clone, Debug)]
pub(super) enum Undo {
    Nothing,
    Text(Option<String>),
    Cut(usize),
    Register(Option<u64>),
    Shorten,
    PutBack(u64),
    TakeOut(u64),
    Insert(u64),
    MoveBack { from: usize, to: usize, amount: u64 },
}

impl State {
    /// The state before anything happened.
    pub fn initial(model: ObjectModel) -> Self {
        match model {
            ObjectModel::Register | ObjectModel::CasRegister | ObjectModel::Kv => Self::Register(None),
            ObjectModel::Append => Self::List(Vec::new()),
            ObjectModel::Queue => Self::Queue(VecDeque::new()),
            ObjectModel::Set => Self::Set(OrderedSet::new()),
            ObjectModel::Bank => Self::Bank([OPENING_BALANCE; ACCOUNTS]),
        }
    }

    /// Applies an operation that had this reply; `None` if the reply is not known.
    ///
    /// # Errors
    /// If the operation cannot have this reply here; the state is unchanged then.
    pub fn apply(&mut self, operation: &Operation, reply: Option<&Reply>) -> Result<(), Refusal> {
        self.step(operation, reply).map(|_| ())
    }

    /// Whether an operation that changes nothing can have this reply here.
    pub(super) fn allows(&mut self, operation: &Operation, reply: Option<&Reply>) -> bool {
        self.step(operation, reply).is_ok()
    }

    pub(super) fn step(&mut self, operation: &Operation, reply: Option<&Reply>) -> Result<Undo, Refusal> {
        match self {
            Self::Register(value) => step_register(value, operation, reply),
            Self::Text { there, texts } => step_text(there, texts, operation, reply),
            Self::List(list) => step_list(list, operation, reply),
            Self::Queue(queue) => step_queue(queue, operation, reply),
            Self::Set(set) => step_set(set, operation, reply),
            Self::Bank(accounts) => step_bank(accounts, operation, reply),
        }
    }

    pub(super) fn undo(&mut self, undo: Undo) {
        match (self, undo) {
            (Self::Register(value), Undo::Register(before)) => *value = before,
            (Self::Text { there, .. }, Undo::Text(before)) => *there = before,
            (Self::Text { there: Some(there), .. }, Undo::Cut(length)) => there.truncate(length),
            (Self::List(list), Undo::Shorten) => {
                list.pop();
            }
            (Self::Queue(queue), Undo::Shorten) => {
                queue.pop_back();
            }
            (Self::Queue(queue), Undo::PutBack(value)) => queue.push_front(value),
            (Self::Set(set), Undo::TakeOut(value)) => {
                set.remove(&value);
            }
            (Self::Set(set), Undo::Insert(value)) => {
                set.insert(value);
            }
            (Self::Bank(accounts), Undo::MoveBack { from, to, amount }) => {
                accounts[to] -= amount;
                accounts[from] += amount;
            }
            _ => {}
        }
    }

    pub(super) fn fold(&self, digest: &mut Digest) {
        match self {
            Self::Register(value) => {
                digest.word(u64::from(value.is_some()));
                digest.word(value.unwrap_or_default());
            }
            Self::Text { there, .. } => {
                digest.word(u64::from(there.is_some()));
                digest.bytes(there.as_deref().unwrap_or_default().as_bytes());
            }
            Self::List(list) => fold_all(list.iter(), digest),
            Self::Queue(queue) => fold_all(queue.iter(), digest),
            Self::Set(set) => fold_all(set.iter(), digest),
            Self::Bank(accounts) => fold_all(accounts.iter(), digest),
        }
    }
}

fn fold_all<'a>(values: impl ExactSizeIterator<Item = &'a u64>, digest: &mut Digest) {
    digest.word(values.len() as u64);
    values.for_each(|value| digest.word(*value));
}

fn step_register(
    there: &mut Option<u64>,
    operation: &Operation,
    reply: Option<&Reply>,
) -> Result<Undo, Refusal> {
    let before = *there;
    match (operation, reply) {
        (Operation::Read { .. }, Some(Reply::Value(given))) if *given != before => {
            Err(Refusal::Value { due: before, given: *given })
        }
        (Operation::Read { .. }, None | Some(Reply::Value(_))) => Ok(Undo::Nothing),
        (Operation::Write { value, .. }, None | Some(Reply::Done)) => {
            *there = Some(*value);
            Ok(Undo::Register(before))
        }
        (Operation::Cas { from, .. }, Some(Reply::Mismatch)) if *from == before => {
            Err(Refusal::NoMismatch { there: before })
        }
        (Operation::Cas { from, .. }, Some(Reply::Done)) if *from != before => {
            Err(Refusal::SwapOf { there: before, from: *from })
        }
        (Operation::Cas { from, to, .. }, None | Some(Reply::Done)) if *from == before => {
            *there = Some(*to);
            Ok(Undo::Register(before))
        }
        (Operation::Cas { .. }, None | Some(Reply::Mismatch)) => Ok(Undo::Nothing),
        _ => Err(Refusal::Foreign),
    }
}

fn step_text(
    there: &mut Option<String>,
    texts: &Texts,
    operation: &Operation,
    reply: Option<&Reply>,
) -> Result<Undo, Refusal> {
    match (operation, reply) {
        (Operation::Read { .. }, Some(Reply::Value(given))) => {
            let given = given.map(|given| texts.of(given));
            if given.as_deref() == there.as_deref() {
                return Ok(Undo::Nothing);
            }
            Err(Refusal::Text { due: there.clone(), given: given.map(std::borrow::Cow::into_owned) })
        }
        (Operation::Read { .. }, None) => Ok(Undo::Nothing),
        (Operation::Write { value, .. }, None | Some(Reply::Done)) => {
            Ok(Undo::Text(there.replace(texts.of(*value).into_owned())))
        }
        (Operation::Append { value, .. }, None | Some(Reply::Done)) => {
            let piece = texts.of(*value);
            match there {
                Some(there) => {
                    let length = there.len();
                    there.push_str(&piece);
                    Ok(Undo::Cut(length))
                }
                None => Ok(Undo::Text(there.replace(piece.into_owned()))),
            }
        }
        _ => Err(Refusal::Foreign),
    }
}

fn step_list(list: &mut Vec<u64>, operation: &Operation, reply: Option<&Reply>) -> Result<Undo, Refusal> {
    match (operation, reply) {
        (Operation::Append { value, .. }, None | Some(Reply::Done)) => {
            list.push(*value);
            Ok(Undo::Shorten)
        }
        (Operation::ReadList { .. }, None) => Ok(Undo::Nothing),
        (Operation::ReadList { .. }, Some(Reply::Values(given))) => same(list.iter(), given.iter()),
        _ => Err(Refusal::Foreign),
    }
}

fn step_queue(
    queue: &mut VecDeque<u64>,
    operation: &Operation,
    reply: Option<&Reply>,
) -> Result<Undo, Refusal> {
    match (operation, reply) {
        (Operation::Enqueue { value, .. }, None | Some(Reply::Done)) => {
            queue.push_back(*value);
            Ok(Undo::Shorten)
        }
        (Operation::Dequeue { .. }, None) => Ok(queue.pop_front().map_or(Undo::Nothing, Undo::PutBack)),
        (Operation::Dequeue { .. }, Some(Reply::Value(given))) => {
            let due = queue.front().copied();
            if due != *given {
                return Err(Refusal::Value { due, given: *given });
            }
            Ok(queue.pop_front().map_or(Undo::Nothing, Undo::PutBack))
        }
        _ => Err(Refusal::Foreign),
    }
}

fn step_set(
    set: &mut OrderedSet<u64>,
    operation: &Operation,
    reply: Option<&Reply>,
) -> Result<Undo, Refusal> {
    match (operation, reply) {
        (Operation::Add { value, .. }, None | Some(Reply::Done)) => {
            Ok(if set.insert(*value) { Undo::TakeOut(*value) } else { Undo::Nothing })
        }
        (Operation::Remove { value, .. }, None | Some(Reply::Done)) => {
            Ok(if set.remove(value) { Undo::Insert(*value) } else { Undo::Nothing })
        }
        (Operation::ReadSet { .. }, None) => Ok(Undo::Nothing),
        (Operation::ReadSet { .. }, Some(Reply::Values(given))) => {
            let mut given = given.clone();
            given.sort_unstable();
            same(set.iter(), given.iter())
        }
        _ => Err(Refusal::Foreign),
    }
}

fn step_bank(
    accounts: &mut [u64; ACCOUNTS],
    operation: &Operation,
    reply: Option<&Reply>,
) -> Result<Undo, Refusal> {
    match (operation, reply) {
        (Operation::Transfer { from, to, amount, .. }, None | Some(Reply::Done | Reply::Mismatch)) => {
            let (from, to, amount) = (*from as usize, *to as usize, *amount);
            let (Some(&held), Some(_)) = (accounts.get(from), accounts.get(to)) else {
                return Err(Refusal::Foreign);
            };
            match (held >= amount, reply) {
                (true, Some(Reply::Mismatch)) | (false, Some(Reply::Done)) => {
                    Err(Refusal::Funds { held, amount })
                }
                (true, _) => {
                    accounts[from] -= amount;
                    accounts[to] += amount;
                    Ok(Undo::MoveBack { from, to, amount })
                }
                (false, _) => Ok(Undo::Nothing),
            }
        }
        (Operation::ReadBank { .. }, None) => Ok(Undo::Nothing),
        (Operation::ReadBank { .. }, Some(Reply::Values(given))) => same(accounts.iter(), given.iter()),
        _ => Err(Refusal::Foreign),
    }
}

fn same<'a>(
    mut due: impl ExactSizeIterator<Item = &'a u64>,
    mut given: impl ExactSizeIterator<Item = &'a u64>,
) -> Result<Undo, Refusal> {
    let lengths = (due.len(), given.len());
    loop {
        let first = (due.next().copied(), given.next().copied());
        if first.0 != first.1 {
            return Err(Refusal::Content { due: lengths.0, given: lengths.1, first });
        }
        if first.0.is_none() {
            return Ok(Undo::Nothing);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_can_be_taken_back() {
        let key = 0;
        let steps: [(ObjectModel, &[Operation]); 5] = [
            (
                ObjectModel::Bank,
                &[
                    Operation::Transfer { key, from: 0, to: 1, amount: OPENING_BALANCE },
                    Operation::Transfer { key, from: 0, to: 2, amount: 1 },
                    Operation::Transfer { key, from: 3, to: 3, amount: 4 },
                ],
            ),
            (
                ObjectModel::CasRegister,
                &[Operation::Write { key, value: 1 }, Operation::Cas { key, from: Some(1), to: 2 }],
            ),
            (
                ObjectModel::Append,
                &[Operation::Append { key, value: 1 }, Operation::Append { key, value: 2 }],
            ),
            (
                ObjectModel::Queue,
                &[
                    Operation::Enqueue { key, value: 1 },
                    Operation::Enqueue { key, value: 2 },
                    Operation::Dequeue { key },
                ],
            ),
            (
                ObjectModel::Set,
                &[
                    Operation::Add { key, value: 1 },
                    Operation::Add { key, value: 1 },
                    Operation::Remove { key, value: 1 },
                ],
            ),
        ];
        for (model, operations) in steps {
            let mut state = State::initial(model);
            let mut path = Vec::new();
            for operation in operations {
                path.push((state.clone(), operation));
                let undo = state.step(operation, None).unwrap();
                let after = state.clone();
                state.undo(undo);
                assert_eq!(state, path.last().unwrap().0, "{operation:?}");
                state.apply(operation, None).unwrap();
                assert_eq!(state, after);
            }
        }
    }

    #[test]
    fn refusals_say_what_was_there() {
        let mut state = State::Register(Some(3));
        let read = Operation::Read { key: 0 };
        let refusal = state.apply(&read, Some(&Reply::Value(Some(4)))).unwrap_err();
        assert_eq!(refusal.to_string(), "it gave 4, but 3 was there");
        let swap = Operation::Cas { key: 0, from: Some(3), to: 9 };
        assert_eq!(
            state.apply(&swap, Some(&Reply::Mismatch)).unwrap_err(),
            Refusal::NoMismatch { there: Some(3) }
        );
        let mut list = State::List(vec![1, 2]);
        let refusal = list.apply(&Operation::ReadList { key: 0 }, Some(&Reply::Values(vec![1]))).unwrap_err();
        assert_eq!(refusal, Refusal::Content { due: 2, given: 1, first: (Some(2), None) });
    }
}
