//! How long it takes to judge a history, and what it costs to record one.
//!
//! `cargo bench -p sim-core --bench history` prints CPU seconds per history, the tier that decided, and the marks that
//! the project has set itself.

#[path = "support/measure.rs"]
mod measure;

use measure::median_of_5;
use sim_core::history::{History, HistoryCheck, HistoryVerdict};
use sim_core::operation::{Answer, ObjectModel, Operation, Reply};
use sim_core::random::{Draw, Keyed, Purpose, below};
use sim_core::time::Time;
use std::collections::VecDeque;

/// Clients that always have an operation under way.
const CLIENTS: u64 = 10;

/// A true history of one object: operations take effect at a random event between call and return, and one in
/// `unknown` never ends.
struct Truth {
    draw: Draw,
    model: ObjectModel,
    unknown: u64,
    history: History,
    register: Option<u64>,
    list: Vec<u64>,
    queue: VecDeque<u64>,
    position: u64,
}

impl Truth {
    fn history(model: ObjectModel, operations: usize, unknown: u64) -> History {
        let mut truth = Self {
            draw: Draw::new(Keyed::new(1, Purpose::Campaign), 0, 0),
            model,
            unknown,
            history: History::new(model),
            register: None,
            list: Vec::new(),
            queue: VecDeque::new(),
            position: 0,
        };
        let mut open: Vec<Option<(usize, Option<Answer>)>> = vec![None; CLIENTS as usize];
        let mut now = 0;
        while truth.history.len() < operations {
            let client = truth.below(CLIENTS);
            now += 1_000;
            let place = &mut open[client as usize];
            *place = truth.event(client as u32, Time::from_nanos(now), place.take());
        }
        truth.history
    }

    fn below(&mut self, n: u64) -> u64 {
        below(self.draw.next_u64(), n)
    }

    fn event(
        &mut self,
        client: u32,
        now: Time,
        open: Option<(usize, Option<Answer>)>,
    ) -> Option<(usize, Option<Answer>)> {
        match open {
            None => {
                let operation = self.operation();
                Some((self.history.invoke(client, now, operation), None))
            }
            Some((index, None)) => {
                let answer = self.take_effect(index);
                Some((index, Some(answer)))
            }
            Some((index, Some(answer))) => {
                let unknown = self.unknown > 0 && self.below(self.unknown) == 0;
                let reply = if unknown { Reply::Unknown } else { answer.reply };
                self.history.complete(index, now, Answer { reply, ..answer });
                None
            }
        }
    }

    fn operation(&mut self) -> Operation {
        let (key, value) = (0, self.history.len() as u64 + 1);
        match (self.model, self.below(3)) {
            (ObjectModel::Queue, 0) => Operation::Dequeue { key },
            (ObjectModel::Queue, _) => Operation::Enqueue { key, value },
            (ObjectModel::Append, 0) if value.is_multiple_of(50) => Operation::ReadList { key },
            (ObjectModel::Append, _) => Operation::Append { key, value },
            (_, 0) => Operation::Read { key },
            (ObjectModel::CasRegister, 1) => Operation::Cas { key, from: self.register, to: value },
            _ => Operation::Write { key, value },
        }
    }

    fn take_effect(&mut self, index: usize) -> Answer {
        self.position += 1;
        let reply = match self.history.records()[index].operation {
            Operation::Write { value, .. } => {
                self.register = Some(value);
                Reply::Done
            }
            Operation::Cas { from, .. } if from != self.register => Reply::Mismatch,
            Operation::Cas { to, .. } => {
                self.register = Some(to);
                Reply::Done
            }
            Operation::Append { value, .. } => {
                self.list.push(value);
                Reply::Done
            }
            Operation::Enqueue { value, .. } => {
                self.queue.push_back(value);
                Reply::Done
            }
            Operation::Dequeue { .. } => Reply::Value(self.queue.pop_front()),
            Operation::ReadList { .. } => Reply::Values(self.list.clone()),
            _ => Reply::Value(self.register),
        };
        Answer { reply, position: Some(self.position) }
    }
}

/// The same history without the positions that a protocol claims.
fn unwitnessed(history: &History) -> History {
    let mut text = Vec::new();
    sim_core::history::write_history(&history.entries(), &mut text).expect("memory does not fail");
    sim_core::history::read_history(history.model(), &text[..]).expect("what is written can be read")
}

fn judge(name: &str, mark: &str, history: &History) {
    let operations = history.len() as u64;
    let mut tiers = Vec::new();
    let measured = median_of_5(operations, |_| {
        let judgement = HistoryCheck::new(100_000_000).judge(history);
        assert_eq!(judgement.verdict, HistoryVerdict::Linearizable, "{name}");
        tiers = judgement.tiers;
        judgement.operations
    });
    let seconds = measured.ns * operations as f64 / 1e9;
    println!("{name:44} {operations:9} operations {seconds:8.3} s  {mark:8} {tiers:?} {}", measured.fold & 1);
}

fn main() {
    let register = Truth::history(ObjectModel::Register, 1_000_000, 0);
    judge("register, witness and zones", "", &register);
    judge("register, zones", "< 0.5 s", &unwitnessed(&register));
    let register = Truth::history(ObjectModel::Register, 1_000_000, 100);
    judge("register, zones, 1 % unknown", "", &unwitnessed(&register));
    let swaps = Truth::history(ObjectModel::CasRegister, 100_000, 0);
    judge("cas-register, one key, 10 busy clients", "seconds", &unwitnessed(&swaps));
    let swaps = Truth::history(ObjectModel::CasRegister, 100_000, 1_000);
    judge("cas-register, 0.1 % unknown", "seconds", &unwitnessed(&swaps));
    let list = Truth::history(ObjectModel::Append, 10_000, 100);
    judge("append, 1 % unknown", "", &unwitnessed(&list));
    let queue = Truth::history(ObjectModel::Queue, 1_000_000, 0);
    judge("queue", "", &unwitnessed(&queue));
    let measured = median_of_5(1_000_000, |operations| {
        Truth::history(ObjectModel::Register, operations as usize, 0).len() as u64
    });
    println!("making and recording an operation {:.0} ns {}", measured.ns, measured.fold & 1);
}
