use std::sync::Arc;

use sim_core::operation::{ACCOUNTS, OPENING_BALANCE, Operation as NeutralOperation, ValueBytes};
use sim_core::random::{Keyed, Purpose};

use super::*;

const CLIENT: NodeId = NodeId(9);

/// A store, and the number of the operation that comes next.
#[derive(Default)]
struct Asked(Store, u64);

impl Asked {
    fn ask(&mut self, operation: Operation) -> Reply {
        self.1 += 1;
        let outcome = self.0.apply(self.1, (CLIENT, self.1), operation, false);
        assert!(!outcome.repeated);
        assert_eq!(self.0.digest(), self.0.digest_by_the_book(), "{operation:?}");
        self.0.session(CLIENT).expect("it did something").reply.clone()
    }
}

fn list(values: &[u64]) -> Reply {
    Reply::List { values: Arc::from(values) }
}

fn value(value: impl Into<Option<u64>>) -> Reply {
    Reply::Value { value: value.into() }
}

#[test]
fn registers_are_read_written_and_swapped() {
    let mut store = Asked::default();
    assert_eq!(store.ask(Operation::Get { key: 1 }), value(None));
    assert_eq!(store.ask(Operation::Cas { key: 1, from: None, to: 5 }), Reply::Done);
    assert_eq!(store.ask(Operation::Cas { key: 1, from: None, to: 6 }), Reply::Mismatch);
    assert_eq!(store.ask(Operation::Get { key: 1 }), value(5));
    assert_eq!(store.ask(Operation::Put { key: 1, value: 7 }), Reply::Done);
    assert_eq!(store.ask(Operation::Cas { key: 1, from: Some(7), to: 8 }), Reply::Done);
    assert_eq!(store.ask(Operation::Get { key: 1 }), value(8));
    assert_eq!((store.0.applied(), store.0.session(CLIENT).unwrap().index), (7, 7));
    assert_eq!(store.0.bytes(), 64 + 16 + 40);
}

#[test]
fn lists_queues_and_sets_keep_what_they_are_given() {
    let mut store = Asked::default();
    assert_eq!(store.ask(Operation::GetList { key: 1 }), list(&[]));
    assert_eq!(store.ask(Operation::Append { key: 1, value: 4 }), Reply::Done);
    assert_eq!(store.ask(Operation::Append { key: 1, value: 2 }), Reply::Done);
    assert_eq!(store.ask(Operation::Append { key: 2, value: 9 }), Reply::Done);
    assert_eq!(store.ask(Operation::GetList { key: 1 }), list(&[4, 2]));

    assert_eq!(store.ask(Operation::Dequeue { key: 1 }), value(None));
    assert_eq!(store.ask(Operation::Enqueue { key: 1, value: 4 }), Reply::Done);
    assert_eq!(store.ask(Operation::Enqueue { key: 1, value: 2 }), Reply::Done);
    assert_eq!(store.ask(Operation::Dequeue { key: 1 }), value(4));
    assert_eq!(store.ask(Operation::Enqueue { key: 1, value: 8 }), Reply::Done);
    assert_eq!(store.ask(Operation::Dequeue { key: 1 }), value(2));

    assert_eq!(store.ask(Operation::Remove { key: 1, value: 3 }), Reply::Done);
    for added in [5, 3, 5] {
        assert_eq!(store.ask(Operation::Add { key: 1, value: added }), Reply::Done);
    }
    assert_eq!(store.ask(Operation::GetSet { key: 1 }), list(&[3, 5]));
    assert_eq!(store.ask(Operation::Remove { key: 1, value: 3 }), Reply::Done);
    assert_eq!(store.ask(Operation::GetSet { key: 1 }), list(&[5]));
    // Two lists with three elements, a queue with one, a set with one, a session.
    assert_eq!(store.0.bytes(), 64 + (2 * 16 + 24) + 24 + 24 + 40);
}

#[test]
fn a_bank_moves_money_and_neither_makes_nor_loses_any() {
    let mut store = Asked::default();
    let transfer = |from, to, amount| Operation::Transfer { key: 1, from, to, amount };
    assert_eq!(store.ask(Operation::GetBank { key: 1 }), list(&[OPENING_BALANCE; ACCOUNTS]));
    assert_eq!(store.ask(transfer(0, 1, OPENING_BALANCE)), Reply::Done);
    assert_eq!(store.ask(transfer(0, 2, 1)), Reply::Mismatch, "nothing is left");
    assert_eq!(store.ask(transfer(1, 2, 30)), Reply::Done);
    assert_eq!(store.ask(transfer(3, 3, 7)), Reply::Done, "to itself");
    assert_eq!(store.ask(transfer(3, ACCOUNTS as u32, 1)), Reply::Mismatch, "nobody");
    assert_eq!(store.ask(transfer(ACCOUNTS as u32, 3, 0)), Reply::Mismatch, "nobody");
    let Reply::List { values } = store.ask(Operation::GetBank { key: 1 }) else { panic!("accounts") };
    assert_eq!(values[..3], [0, 2 * OPENING_BALANCE - 30, OPENING_BALANCE + 30]);
    assert_eq!(values.iter().sum::<u64>(), OPENING_BALANCE * ACCOUNTS as u64);
}

#[test]
fn a_session_does_everything_once_and_remembers_its_answer() {
    let mut store = Store::default();
    let cas = Operation::Cas { key: 1, from: None, to: 5 };
    let first = store.apply(3, (CLIENT, 1), cas, false);
    let remembered = store.session(CLIENT).cloned();
    let digest = store.digest();
    let repeated = store.apply(4, (CLIENT, 1), cas, false);
    assert!(!first.repeated && repeated.repeated);
    assert_eq!((repeated.latest, repeated.answer), (first.latest, first.answer));
    assert_eq!(store.session(CLIENT).cloned(), remembered);
    assert_eq!(remembered, Some(Session { sequence: 1, reply: Reply::Done, index: 3 }));
    assert_eq!((store.digest(), store.applied()), (digest, 1));
    store.apply(5, (CLIENT, 2), Operation::Get { key: 1 }, false);
    let late = store.apply(6, (CLIENT, 1), cas, false);
    assert_eq!((late.repeated, late.latest), (true, 2), "the session has gone on");
    assert!(!store.apply(7, (CLIENT, 1), cas, true).repeated, "a bug does it again");
    assert_eq!(store.session(CLIENT).map(|session| &session.reply), Some(&Reply::Mismatch));
}

#[test]
fn no_two_states_on_a_long_way_have_one_digest() {
    let mut store = Store::default();
    let keyed = Keyed::new(1, Purpose::Workload);
    let mut seen = sim_core::ordered::OrderedSet::new();
    for index in 1..2_000_u64 {
        let [kind, word] = keyed.words(index, 0);
        let (key, value) = (word % 3, index);
        let operation = match kind % 8 {
            0 => Operation::Put { key, value },
            1 => Operation::Append { key, value },
            2 => Operation::Cas { key, from: store.contents().register(key), to: value },
            3 => Operation::Enqueue { key, value },
            4 => Operation::Dequeue { key },
            5 => Operation::Add { key, value: word % 7 },
            6 => Operation::Remove { key, value: word % 7 },
            _ => Operation::Transfer { key, from: 0, to: 1 + (word % 7) as u32, amount: word % 5 },
        };
        store.apply(index, (NodeId((word % 4) as u32), index), operation, false);
        assert_eq!(store.digest(), store.digest_by_the_book());
        assert!(seen.insert(store.digest()), "{index}: {operation:?}");
    }
}

#[test]
fn values_weigh_what_they_say_as_long_as_they_are_held() {
    let heavy = ValueBytes { min: 1_000, max: 1_000 };
    let weighed = |operation: NeutralOperation| Operation::of(&heavy.put_on(1, &operation));
    let mut store = Asked::default();
    let empty = store.0.bytes() + 40;
    let write = weighed(NeutralOperation::Write { key: 1, value: 3 });
    assert_eq!((write.extra_bytes(), Operation::Get { key: 1 }.extra_bytes()), (1_000, 0));
    store.ask(write);
    assert_eq!(store.0.bytes() - empty, 16 + 1_000);
    store.ask(weighed(NeutralOperation::Cas { key: 1, from: Some(3), to: 4 }));
    assert_eq!(store.0.bytes() - empty, 16 + 1_000, "one took the place of the other");
    assert_eq!(store.ask(Operation::Get { key: 1 }).extra_bytes(), 1_000);
    for value in [5, 6] {
        store.ask(weighed(NeutralOperation::Enqueue { key: 1, value }));
        store.ask(weighed(NeutralOperation::Add { key: 1, value }));
        store.ask(weighed(NeutralOperation::Append { key: 1, value }));
    }
    assert_eq!(store.0.bytes() - empty, 16 + 1_000 + 3 * (16 + 2 * 1_008));
    assert_eq!(store.ask(Operation::GetList { key: 1 }).extra_bytes(), 2 * 1_008);
    store.ask(Operation::Dequeue { key: 1 });
    store.ask(weighed(NeutralOperation::Remove { key: 1, value: 5 }));
    assert_eq!(store.0.bytes() - empty, 16 + 1_000 + 3 * 16 + 4 * 1_008);
    store.ask(Operation::Transfer { key: 1, from: 0, to: 1, amount: 60 });
    assert_eq!(store.0.bytes() - empty, 16 + 1_000 + 3 * 16 + 4 * 1_008 + 16 + 8 * ACCOUNTS as u64);
}
