//! The tiers against a stupid oracle, on small random histories, true ones and falsified ones.

use super::check::{HistoryCheck, HistoryVerdict, Undecided};
use super::conflict::{Outcome, Reason};
use super::object::{Call, Object};
use super::record::History;
use super::search::{Limits, SearchEnd, search};
use super::spec::State;
use super::{list, queue, register, witness};
use crate::operation::{Answer, ObjectModel, Operation, Reply};
use crate::random::{Draw, Keyed, Purpose, below};
use crate::time::Time;

/// Tries every order that real time allows. No memory, no pruning.
fn oracle(object: &Object<'_>) -> bool {
    fn possible(left: &[Call<'_>], state: &State) -> bool {
        if left.iter().all(|call| call.returned == u64::MAX) {
            return true;
        }
        let first_return = left.iter().map(|call| call.returned).min().unwrap();
        (0..left.len()).filter(|i| left[*i].call <= first_return).any(|i| {
            let mut state = state.clone();
            let mut rest = left.to_vec();
            let call = rest.remove(i);
            state.apply(&call.operation, call.reply).is_ok() && possible(&rest, &state)
        })
    }
    possible(&object.calls, &State::initial(object.model))
}

/// How a random history is falsified.
#[derive(Clone, Copy, PartialEq)]
enum Lie {
    Nothing,
    /// Some replies come from an older state.
    Stale,
    /// Some replies are made up.
    Invented,
}

struct Maker {
    draw: Draw,
    model: ObjectModel,
    history: History,
    /// Operations under way: index, and whether it took effect already.
    open: Vec<(usize, Option<(Reply, u64)>)>,
    state: State,
    older: State,
    position: u64,
    lie: Lie,
    /// Values are drawn from so many; each is new if 0.
    values: u64,
}

impl Maker {
    fn below(&mut self, n: u64) -> u64 {
        below(self.draw.next_u64(), n)
    }

    fn history(model: ObjectModel, lie: Lie, seed: u64, operations: usize) -> History {
        Self::with(model, lie, seed, operations, 0)
    }

    fn with(model: ObjectModel, lie: Lie, seed: u64, operations: usize, values: u64) -> History {
        let mut maker = Self {
            draw: Draw::new(Keyed::new(seed, Purpose::Campaign), model as u64, lie as u64),
            model,
            history: History::new(model),
            open: Vec::new(),
            state: State::initial(model),
            older: State::initial(model),
            position: 0,
            lie,
            values,
        };
        let pending = maker.below(3) == 0;
        while maker.history.len() < operations || !maker.open.is_empty() {
            maker.event(operations);
            if pending && maker.history.len() == operations && maker.below(6) == 0 {
                break;
            }
        }
        maker.history
    }

    fn event(&mut self, operations: usize) {
        let now = Time::from_nanos(self.history.events);
        let choice = self.below(3);
        if choice == 0 && self.history.len() < operations && self.open.len() < 3 {
            let operation = self.operation();
            let index = self.history.invoke(self.open.len() as u32, now, operation);
            self.open.push((index, None));
        } else if !self.open.is_empty() {
            let i = self.below(self.open.len() as u64) as usize;
            match self.open[i].1.clone() {
                None => self.take_effect(i),
                Some((reply, position)) => {
                    let (index, _) = self.open.remove(i);
                    let unknown = self.below(8) == 0;
                    let reply = if unknown { Reply::Unknown } else { reply };
                    self.history.complete(index, now, Answer { reply, position: Some(position) });
                }
            }
        }
    }

    fn operation(&mut self) -> Operation {
        let key = 0;
        let new = self.history.len() as u64 + 1;
        let value = if self.values > 0 { 1 + self.below(self.values) } else { new };
        let earlier = self.below(new);
        match (self.model, self.below(3)) {
            (ObjectModel::Register | ObjectModel::CasRegister | ObjectModel::Kv, 0) => {
                Operation::Read { key }
            }
            (ObjectModel::CasRegister, 1) => {
                let from = match &self.state {
                    State::Register(there) if earlier.is_multiple_of(3) => *there,
                    _ => (earlier > 0).then_some(earlier),
                };
                Operation::Cas { key, from, to: value }
            }
            (ObjectModel::Register | ObjectModel::CasRegister | ObjectModel::Kv, _) => {
                Operation::Write { key, value }
            }
            (ObjectModel::Append, 0) => Operation::ReadList { key },
            (ObjectModel::Append, _) => Operation::Append { key, value },
            (ObjectModel::Queue, 0) => Operation::Enqueue { key, value },
            (ObjectModel::Queue, _) => Operation::Dequeue { key },
            (ObjectModel::Set, 0) => Operation::ReadSet { key },
            (ObjectModel::Set, 1) => Operation::Remove { key, value: earlier },
            (ObjectModel::Set, _) => Operation::Add { key, value },
            (ObjectModel::Bank, 0) => Operation::ReadBank { key },
            (ObjectModel::Bank, _) => {
                let [from, to] = [0, 1].map(|_| self.below(3) as u32);
                Operation::Transfer { key, from, to, amount: 40 * self.below(4) }
            }
        }
    }

    fn take_effect(&mut self, i: usize) {
        let operation = self.history.records()[self.open[i].0].operation;
        let stale = self.lie == Lie::Stale && self.below(4) == 0;
        let seen = if stale { self.older.clone() } else { self.state.clone() };
        let mut reply = truth(&seen, &operation);
        if self.lie == Lie::Invented && self.below(6) == 0 {
            reply = self.invented(&reply);
        }
        if !stale {
            let _ = self.state.apply(&operation, Some(&truth(&seen, &operation)));
        }
        if self.below(3) == 0 {
            self.older = self.state.clone();
        }
        let changes = !operation.is_read()
            && reply != Reply::Mismatch
            && !(matches!(operation, Operation::Dequeue { .. }) && reply == Reply::Value(None));
        self.position += u64::from(changes);
        self.open[i].1 = Some((reply, self.position));
    }

    fn invented(&mut self, reply: &Reply) -> Reply {
        let value = self.below(self.history.len() as u64 + 2);
        match reply {
            Reply::Value(_) => Reply::Value((value > 0).then_some(value)),
            Reply::Values(values) => {
                let mut values = values.clone();
                if values.pop().is_none() || value.is_multiple_of(2) {
                    values.push(value);
                }
                Reply::Values(values)
            }
            Reply::Mismatch => Reply::Done,
            other => other.clone(),
        }
    }
}

/// What an operation answers in a state.
fn truth(state: &State, operation: &Operation) -> Reply {
    match (state, operation) {
        (State::Register(there), Operation::Cas { from, .. }) if from != there => Reply::Mismatch,
        (State::Register(there), Operation::Read { .. }) => Reply::Value(*there),
        (State::List(list), Operation::ReadList { .. }) => Reply::Values(list.clone()),
        (State::Queue(queue), Operation::Dequeue { .. }) => Reply::Value(queue.front().copied()),
        (State::Set(set), Operation::ReadSet { .. }) => Reply::Values(set.iter().copied().collect()),
        (State::Bank(accounts), Operation::ReadBank { .. }) => Reply::Values(accounts.to_vec()),
        (State::Bank(accounts), Operation::Transfer { from, amount, .. })
            if accounts[*from as usize] < *amount =>
        {
            Reply::Mismatch
        }
        _ => Reply::Done,
    }
}

/// Calls `judge` with many random histories that have one object, and whether each is linearizable.
fn for_each(models: &[ObjectModel], mut judge: impl FnMut(&History, &Object<'_>, bool)) {
    for model in models {
        let (mut legal, mut illegal) = (0, 0);
        for lie in [Lie::Nothing, Lie::Stale, Lie::Invented] {
            for seed in 0..1_500 {
                let history = Maker::history(*model, lie, seed, 3 + seed as usize % 6);
                let objects = Object::all(&history);
                let Some(object) = objects.first() else { continue };
                let truth = oracle(object);
                assert!(truth || lie != Lie::Nothing, "a true history is legal");
                *if truth { &mut legal } else { &mut illegal } += 1;
                judge(&history, object, truth);
            }
        }
        assert!(legal > 1_500 && illegal > 300, "{model}: {legal} legal, {illegal} illegal");
    }
}

const REGISTERS: [ObjectModel; 3] = [ObjectModel::Register, ObjectModel::Kv, ObjectModel::CasRegister];

#[test]
fn zones_agree_with_the_oracle() {
    let (mut sure, mut unsure) = (0, 0);
    for_each(&REGISTERS, |history, object, truth| match register::judge(object) {
        Outcome::Linearizable => {
            sure += 1;
            assert!(truth, "{:#?}", history.records());
        }
        Outcome::Illegal(conflict) => {
            sure += 1;
            assert!(!truth, "{conflict:?} {:#?}", history.records());
        }
        Outcome::Unsure => {
            unsure += 1;
            assert_eq!(object.model, ObjectModel::CasRegister);
        }
    });
    assert!(unsure * 10 < sure, "{unsure} unsure, {sure} sure");
}

#[test]
fn prefixes_agree_with_the_oracle() {
    for_each(&[ObjectModel::Append], |history, object, truth| match list::judge(object) {
        Outcome::Linearizable => assert!(truth, "{:#?}", history.records()),
        Outcome::Illegal(conflict) => assert!(!truth, "{conflict:?} {:#?}", history.records()),
        Outcome::Unsure => panic!("every value is appended once"),
    });
}

#[test]
fn queue_patterns_agree_with_the_oracle() {
    let (mut sure, mut unsure) = (0, 0);
    for_each(&[ObjectModel::Queue], |history, object, truth| {
        match queue::judge(object) {
            Outcome::Linearizable => assert!(truth, "{:#?}", history.records()),
            Outcome::Illegal(conflict) => assert!(!truth, "{conflict:?} {:#?}", history.records()),
            Outcome::Unsure => unsure += 1,
        }
        sure += 1;
    });
    assert!(unsure * 5 < sure, "{unsure} of {sure} unsure");
}

#[test]
fn the_search_agrees_with_the_oracle() {
    for_each(&ObjectModel::ALL, |history, object, truth| {
        let found = search(object, Limits { steps: u64::MAX, memory: u64::MAX, prune: true });
        let end = if truth { SearchEnd::Found } else { SearchEnd::Impossible };
        assert_eq!(found.end, end, "{:#?}", history.records());
    });
}

#[test]
fn a_witness_that_passes_is_right() {
    let (mut proved, mut all) = (0, 0);
    for_each(&ObjectModel::ALL, |history, object, truth| {
        let witness = witness::proves(history, std::slice::from_ref(object));
        assert!(truth || witness != Some(true), "{:#?}", history.records());
        all += u32::from(truth);
        proved += u32::from(witness == Some(true));
    });
    assert!(proved * 4 > all * 3, "{proved} of {all} proved");
}

#[test]
fn a_true_witness_is_a_proof_of_a_true_history() {
    for model in ObjectModel::ALL {
        let mut failed = 0;
        for seed in 0..500 {
            let history = Maker::history(model, Lie::Nothing, seed, 8);
            let objects = Object::all(&history);
            let unknown = objects.iter().flat_map(|object| &object.calls).any(|call| call.reply.is_none());
            let proof = witness::proves(&history, &objects) != Some(false);
            assert!(proof || unknown, "{model}: {:#?}", history.records());
            failed += u32::from(!proof);
        }
        // What never returned is inserted where it shows: too late in a list, and removals do not show at all.
        let register = matches!(State::initial(model), State::Register(_));
        let most = if register { 40 } else { 150 };
        assert!(failed < most, "{model}: {failed}");
    }
}

#[test]
fn verdicts_agree_with_the_oracle_and_name_the_breaking_return() {
    for_each(&ObjectModel::ALL, |history, object, truth| {
        let judgement = HistoryCheck::default().judge(history);
        match judgement.verdict {
            HistoryVerdict::Linearizable => assert!(truth),
            HistoryVerdict::Unknown(why) => panic!("{why}"),
            HistoryVerdict::Illegal(illegal) => {
                assert!(!truth);
                assert!(!illegal.sentence(history).is_empty());
                let end = object.calls.iter().find(|call| call.index == illegal.broken_by).unwrap().returned;
                assert!(!oracle(&object.until(end)), "{:#?}", history.records());
                assert!(end == 0 || oracle(&object.until(end - 1)), "{illegal:?} {:#?}", history.records());
                let mut state = State::initial(object.model);
                let cut = object.until(end);
                for index in &illegal.longest {
                    let call = cut.calls.iter().find(|call| call.index == *index).unwrap();
                    state.apply(&call.operation, call.reply).unwrap();
                }
                for (index, refusal) in &illegal.refused {
                    let call = cut.calls.iter().find(|call| call.index == *index).unwrap();
                    assert_eq!(state.clone().apply(&call.operation, call.reply), Err(refusal.clone()));
                }
            }
        }
    });
}

/// Writes a history of register operations: `(process, call, return, operation, reply)`.
fn history(model: ObjectModel, lines: &[(u32, u64, u64, Operation, Reply)]) -> History {
    let mut events: Vec<(u64, bool, usize)> = Vec::new();
    for (i, (_, call, returned, ..)) in lines.iter().enumerate() {
        events.push((*call, false, i));
        events.push((*returned, true, i));
    }
    events.sort_unstable();
    let mut history = History::new(model);
    let mut indexes = vec![0; lines.len()];
    for (at, is_return, i) in events {
        let (client, _, _, operation, reply) = &lines[i];
        if is_return {
            let answer = Answer { reply: reply.clone(), position: None };
            history.complete(indexes[i], Time::from_nanos(at), answer);
        } else {
            indexes[i] = history.invoke(*client, Time::from_nanos(at), *operation);
        }
    }
    history
}

const KEY: u64 = 0;

fn reason(history: &History) -> Reason {
    match HistoryCheck::default().judge(history).verdict {
        HistoryVerdict::Illegal(illegal) => illegal.conflict.reason,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_stale_read_is_explained() {
    let write = |value| Operation::Write { key: KEY, value };
    let read = Operation::Read { key: KEY };
    let stale = history(
        ObjectModel::Register,
        &[
            (0, 0, 1, write(1), Reply::Done),
            (0, 2, 3, write(2), Reply::Done),
            (1, 4, 5, read, Reply::Value(Some(1))),
        ],
    );
    assert_eq!(reason(&stale), Reason::BothFirst { one: Some(1), other: Some(2) });
    let invented = history(ObjectModel::Register, &[(0, 0, 1, read, Reply::Value(Some(9)))]);
    assert_eq!(reason(&invented), Reason::NeverWritten { value: 9 });
    let early = history(
        ObjectModel::Register,
        &[(0, 0, 1, read, Reply::Value(Some(1))), (1, 2, 3, write(1), Reply::Done)],
    );
    assert_eq!(reason(&early), Reason::NeverWritten { value: 1 });
}

#[test]
fn swaps_that_contradict_each_other_are_explained() {
    let cas = |from, to| Operation::Cas { key: KEY, from, to };
    let twice = history(
        ObjectModel::CasRegister,
        &[(0, 0, 9, cas(None, 1), Reply::Done), (1, 1, 8, cas(None, 2), Reply::Done)],
    );
    assert_eq!(reason(&twice), Reason::SwappedTwice { value: None });
    let cycle = history(
        ObjectModel::CasRegister,
        &[(0, 0, 9, cas(Some(2), 1), Reply::Done), (1, 1, 8, cas(Some(1), 2), Reply::Done)],
    );
    assert!(matches!(reason(&cycle), Reason::SwapCycle { .. }));
    let backward = history(
        ObjectModel::CasRegister,
        &[
            (0, 0, 9, cas(None, 1), Reply::Done),
            (1, 1, 3, cas(Some(1), 2), Reply::Done),
            (2, 4, 5, Operation::Read { key: KEY }, Reply::Value(Some(1))),
        ],
    );
    assert_eq!(reason(&backward), Reason::Backward { earlier: Some(1), later: Some(2) });
}

#[test]
fn a_client_goes_on_as_a_new_process_after_an_unknown_end() {
    let mut history = History::new(ObjectModel::Register);
    let read = Operation::Read { key: KEY };
    let done = |reply| Answer { reply, position: None };
    let first = history.invoke(3, Time::ZERO, read);
    history.complete(first, Time::ZERO, done(Reply::Value(None)));
    let second = history.invoke(3, Time::ZERO, read);
    history.complete(second, Time::ZERO, done(Reply::Unknown));
    let third = history.invoke(3, Time::ZERO, read);
    let fourth = history.invoke(3, Time::ZERO, read);
    history.complete(third, Time::ZERO, done(Reply::Refused));
    let processes: Vec<u64> = history.records().iter().map(|record| record.process).collect();
    assert_eq!(processes[0], processes[1]);
    assert_ne!(processes[1], processes[2]);
    assert_ne!(processes[2], processes[3]);
    assert_eq!(history.entries().len(), 3, "what was refused is left out");
    assert_eq!(fourth, 3);
}

#[test]
fn a_small_budget_says_unknown() {
    let add = |i: u64| (i as u32, i, 100 + i, Operation::Add { key: KEY, value: i }, Reply::Done);
    let read = (50, 200, 201, Operation::ReadSet { key: KEY }, Reply::Values(vec![77]));
    let remove = (60, 0, 190, Operation::Remove { key: KEY, value: 5 }, Reply::Done);
    let lines: Vec<_> = (0..12).map(add).chain([remove, read]).collect();
    let history = history(ObjectModel::Set, &lines);
    let judgement = HistoryCheck::new(10).judge(&history);
    assert!(matches!(judgement.undecided(), Some(Undecided::Budget { .. })));
    assert_eq!(judgement.operations, 14);
    let forgetful = HistoryCheck { memory_bytes: 40, ..HistoryCheck::default() };
    assert!(matches!(forgetful.judge(&history).undecided(), Some(Undecided::Memory { .. })));
}

/// A history of many busy clients: `(operations, clients, different values)`; all of it true.
fn busy(model: ObjectModel, operations: usize, clients: u64, values: u64, seed: u64) -> History {
    let mut draw = Draw::new(Keyed::new(seed, Purpose::Campaign), model as u64, clients);
    let mut history = History::new(model);
    let mut state = State::initial(model);
    let mut open: Vec<Option<(usize, Option<Reply>)>> = vec![None; clients as usize];
    let mut now = 0;
    while history.len() < operations || open.iter().any(Option::is_some) {
        now += 1;
        let client = below(draw.next_u64(), clients);
        let place = &mut open[client as usize];
        match place.take() {
            None if history.len() < operations => {
                let (kind, value) = (below(draw.next_u64(), 3), 1 + below(draw.next_u64(), values));
                let operation = operation(model, kind, value);
                *place = Some((history.invoke(client as u32, Time::from_nanos(now), operation), None));
            }
            None => {}
            Some((index, None)) => {
                let operation = history.records()[index].operation;
                let reply = truth(&state, &operation);
                state.apply(&operation, Some(&reply)).unwrap();
                *place = Some((index, Some(reply)));
            }
            Some((index, Some(reply))) => {
                history.complete(index, Time::from_nanos(now), Answer { reply, position: None });
            }
        }
    }
    history
}

fn operation(model: ObjectModel, kind: u64, value: u64) -> Operation {
    let key = KEY;
    match (model, kind) {
        (ObjectModel::Queue, 0) => Operation::Dequeue { key },
        (ObjectModel::Queue, _) => Operation::Enqueue { key, value },
        (ObjectModel::Append, 0) => Operation::ReadList { key },
        (ObjectModel::Append, _) => Operation::Append { key, value },
        (ObjectModel::Set, 0) => Operation::ReadSet { key },
        (ObjectModel::Set, 1) => Operation::Remove { key, value },
        (ObjectModel::Set, _) => Operation::Add { key, value },
        (ObjectModel::Bank, 0) => Operation::ReadBank { key },
        (ObjectModel::Bank, kind) => Operation::Transfer {
            key,
            from: (value % 8) as u32,
            to: (value / 3 % 8) as u32,
            amount: kind * 40,
        },
        (ObjectModel::CasRegister, 1) => Operation::Cas { key, from: Some(value), to: value % 5 + 1 },
        (_, 0) => Operation::Read { key },
        _ => Operation::Write { key, value },
    }
}

#[test]
fn busy_clients_and_repeated_values_are_decided() {
    for model in ObjectModel::ALL {
        // More than this is not always decided.
        let most = match model {
            ObjectModel::Queue => 100,
            ObjectModel::Set => 300,
            _ => 1_000,
        };
        let cases = [(100, 10, 3), (300, 20, 5), (300, 20, 40), (1_000, 20, 10)];
        for (operations, clients, values) in cases.into_iter().filter(|case| case.0 <= most) {
            for seed in 0..5 {
                let history = busy(model, operations, clients, values, seed);
                let judgement = HistoryCheck::default().judge(&history);
                let case = format!(
                    "{model}, {operations} operations, {clients} clients, {values} values, seed {seed}"
                );
                assert_eq!(judgement.verdict, HistoryVerdict::Linearizable, "{case}");
            }
        }
    }
}

/// A history as it comes back from its written form with coarse stamps, of which many are equal.
fn reread(history: &History, coarse: u64) -> History {
    let mut entries = history.entries();
    for entry in &mut entries {
        entry.call_ns /= coarse;
        entry.return_ns = entry.return_ns.map(|at| at / coarse);
    }
    let mut text = Vec::new();
    super::write_history(&entries, &mut text).unwrap();
    // Where every read is invented, nobody can tell that it is one of our banks.
    super::read_history(history.model(), &text[..]).unwrap_or_else(|error| {
        assert!(matches!(error, super::ReadHistoryError::OtherBank), "{error}");
        history.clone()
    })
}

/// Judges so many random histories, with repeated values, open operations and equal stamps among them, and compares
/// with the oracle. Returns how many were legal and illegal.
fn fuzz(seeds: std::ops::Range<u64>) -> (u64, u64) {
    let (mut legal, mut illegal) = (0, 0);
    for seed in seeds {
        let model = ObjectModel::ALL[seed as usize % ObjectModel::ALL.len()];
        let lie = [Lie::Nothing, Lie::Stale, Lie::Invented][(seed / 7) as usize % 3];
        let values = [0, 1, 2, 3][(seed / 21) as usize % 4];
        let made = Maker::with(model, lie, seed, 3 + (seed / 84) as usize % 6, values);
        let history = if seed.is_multiple_of(2) { reread(&made, 3) } else { made };
        let objects = Object::all(&history);
        let Some(object) = objects.first() else { continue };
        let truth = oracle(object);
        let verdict = HistoryCheck::default().judge(&history).verdict;
        match verdict {
            HistoryVerdict::Linearizable => assert!(truth, "seed {seed}: {:#?}", history.records()),
            HistoryVerdict::Illegal(_) => assert!(!truth, "seed {seed}: {:#?}", history.records()),
            HistoryVerdict::Unknown(why) => panic!("seed {seed}: {why}"),
        }
        *if truth { &mut legal } else { &mut illegal } += 1;
    }
    (legal, illegal)
}

#[test]
fn random_histories_are_judged_as_the_oracle_does() {
    let (legal, illegal) = fuzz(0..6_000);
    assert!(legal > 3_000 && illegal > 500, "{legal} legal, {illegal} illegal");
}

/// `cargo test --release -p sim-core --lib history -- --ignored`
#[test]
#[ignore = "takes minutes without optimization"]
fn two_hundred_thousand_random_histories_are_judged_as_the_oracle_does() {
    let (legal, illegal) = fuzz(0..200_000);
    println!("{legal} legal, {illegal} illegal");
    assert!(legal > 100_000 && illegal > 20_000, "{legal} legal, {illegal} illegal");
}

/// Each enqueue overlaps many others: trying operations in the order of their calls takes forever, in the order of their
/// returns no time.
#[test]
fn what_returns_first_is_tried_first() {
    let write = |i: u64, call: u64, returned: u64| {
        (i as u32, call, returned, Operation::Write { key: KEY, value: i % 7 }, Reply::Done)
    };
    let mut lines: Vec<_> = (0..40).map(|i| write(i, i, 1_000 - 10 * i)).collect();
    for i in 0..40 {
        let read = Operation::Read { key: KEY };
        lines.push((
            100 + i as u32,
            1_001 - 10 * (39 - i) - 600,
            1_005 - 10 * (39 - i),
            read,
            Reply::Value(Some((39 - i) % 7)),
        ));
    }
    let history = history(ObjectModel::Register, &lines);
    let objects = Object::all(&history);
    let found = search(&objects[0], Limits { steps: 1_000_000, memory: u64::MAX, prune: true });
    assert_eq!(found.end, SearchEnd::Found);
    assert!(found.steps < 10_000, "{} steps", found.steps);
}

#[test]
fn a_store_that_appends_joins_texts() {
    let line = |process: u64, call: u64, f: &str, value: &str| {
        format!(
            "{{\"process\":{process},\"call_ns\":{call},\"return_ns\":{},\"f\":\"{f}\",\"key\":\"k\",\"value\":{value},\"ok\":true}}\n",
            call + 15
        )
    };
    let text = |read: &str| {
        line(0, 0, "put", "\"x\"")
            + &line(0, 20, "append", "\"yz\"")
            + &line(1, 22, "append", "\"a\"")
            + &line(0, 50, "get", read)
    };
    for (read, truth) in [
        ("\"xyza\"", true),
        ("\"xayz\"", true),
        ("\"xya\"", false),
        ("\"yza\"", false),
        ("null", false),
        ("\"x\"", false),
    ] {
        let history = super::read_history(ObjectModel::Kv, text(read).as_bytes()).unwrap();
        let verdict = HistoryCheck::default().judge(&history).verdict;
        assert_eq!(verdict == HistoryVerdict::Linearizable, truth, "{read}: {verdict:?}");
    }
    let history = super::read_history(ObjectModel::Kv, text("\"xya\"").as_bytes()).unwrap();
    let HistoryVerdict::Illegal(illegal) = HistoryCheck::default().judge(&history).verdict else { panic!() };
    assert!(illegal.refused.iter().any(|(_, refusal)| refusal.to_string().contains("it gave \"xya\", but ")));
}
