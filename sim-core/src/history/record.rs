//! The recorder: operations as they are called and as they end.

use std::rc::Rc;

use super::entry::HistoryEntry;
use super::texts::Texts;
use super::witness::{Floor, Rank};
use crate::operation::{Answer, ObjectModel, Operation, Reply};
use crate::ordered::OrderedMap;
use crate::time::Time;

/// One operation of a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Which sequential process called it.
    pub process: u64,
    /// When it was called.
    pub called: Time,
    /// The call's place among all calls and ends of the history: what real-time order is read from.
    pub call: u64,
    /// What was called.
    pub operation: Operation,
    /// How it ended; `None` if it never did.
    pub end: Option<OperationEnd>,
    /// What the witness must stand above: the highest place that had been returned when this was called.
    pub(super) floor: Floor,
}

/// The end of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationEnd {
    /// When it ended.
    pub at: Time,
    /// The end's place among all calls and ends of the history.
    pub rank: u64,
    /// What it came to.
    pub reply: Reply,
    /// Where the protocol says it stands in the total order.
    pub position: Option<u64>,
}

impl Record {
    /// What it surely came to: `None` if it never ended or ended unknown.
    pub fn reply(&self) -> Option<&Reply> {
        self.end.as_ref().map(|end| &end.reply).filter(|reply| **reply != Reply::Unknown)
    }

    /// The place of its end, or beyond all if what it came to is unknown: it may take effect at any later time.
    pub fn returned(&self) -> u64 {
        match &self.end {
            Some(end) if end.reply != Reply::Unknown => end.rank,
            _ => u64::MAX,
        }
    }

    /// Whether it surely never happened.
    pub fn refused(&self) -> bool {
        self.reply() == Some(&Reply::Refused)
    }
}

/// What clients asked and were told, in exact event order.
///
/// A process is sequential, so a client whose operation ended unknown goes on as a new process, and so does one that
/// calls while an earlier call of its own is open.
#[derive(Clone, Debug)]
pub struct History {
    pub(super) model: ObjectModel,
    pub(super) records: Vec<Record>,
    pub(super) events: u64,
    processes: Processes,
    pub(super) floors: OrderedMap<u64, Floor>,
    /// The first operation whose claimed position contradicts real time.
    pub(super) disorder: Option<usize>,
    /// How many ends came with a position.
    pub(super) positioned: u64,
    /// What values look like.
    pub(super) texts: Rc<Texts>,
}

#[derive(Clone, Debug, Default)]
struct Processes {
    next: u64,
    /// Processes of each client that have no open operation.
    idle: OrderedMap<u32, Vec<u64>>,
    /// The client of each process.
    client: Vec<u32>,
}

impl Processes {
    fn take(&mut self, client: u32) -> u64 {
        if let Some(process) = self.idle.get_mut(&client).and_then(Vec::pop) {
            return process;
        }
        self.client.push(client);
        self.next += 1;
        self.next - 1
    }

    fn give_back(&mut self, process: u64) {
        if let Some(client) = self.client.get(process as usize) {
            self.idle.entry(*client).or_default().push(process);
        }
    }
}

impl History {
    /// An empty history of objects of one kind.
    pub fn new(model: ObjectModel) -> Self {
        Self {
            model,
            records: Vec::new(),
            events: 0,
            processes: Processes::default(),
            floors: OrderedMap::new(),
            disorder: None,
            positioned: 0,
            texts: Rc::default(),
        }
    }

    /// What values and keys look like.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// What kind of objects it is about.
    pub fn model(&self) -> ObjectModel {
        self.model
    }

    /// All operations, in the order of their calls.
    pub fn records(&self) -> &[Record] {
        &self.records
    }

    /// How many operations were called.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether nothing was called.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// A client calls an operation. Returns the index that ends it.
    pub fn invoke(&mut self, client: u32, at: Time, operation: Operation) -> usize {
        let process = self.processes.take(client);
        self.call(process, at, operation)
    }

    /// A process calls an operation: for histories whose processes are named already.
    pub(super) fn call(&mut self, process: u64, at: Time, operation: Operation) -> usize {
        let floor = self.floors.get(&operation.key()).copied().unwrap_or_default();
        let call = self.next_event();
        self.records.push(Record { process, called: at, call, operation, end: None, floor });
        self.records.len() - 1
    }

    /// An operation ends; the second end of one operation changes nothing.
    ///
    /// # Panics
    /// If the index is not from [`History::invoke`].
    pub fn complete(&mut self, index: usize, at: Time, answer: Answer) {
        if self.records[index].end.is_some() {
            return;
        }
        let rank = self.next_event();
        if answer.reply != Reply::Unknown {
            self.processes.give_back(self.records[index].process);
        }
        self.follow_witness(index, &answer);
        let Answer { reply, position } = answer;
        self.records[index].end = Some(OperationEnd { at, rank, reply, position });
    }

    /// Compares a claimed position with what had been returned at the call, and raises what later calls must exceed.
    fn follow_witness(&mut self, index: usize, answer: &Answer) {
        let record = &self.records[index];
        let Some(place) = Rank::of(&record.operation, &answer.reply, answer.position) else { return };
        self.positioned += 1;
        if !record.floor.allows(place) && self.disorder.is_none() {
            self.disorder = Some(index);
        }
        self.floors.entry(record.operation.key()).or_default().raise(place);
    }

    fn next_event(&mut self) -> u64 {
        self.events += 1;
        self.events - 1
    }

    /// The history in its written form. Operations that surely never happened are left out.
    pub fn entries(&self) -> Vec<HistoryEntry> {
        let happened = self.records.iter().filter(|record| !record.refused());
        happened.map(|record| HistoryEntry::new(self.model, record)).collect()
    }
}
