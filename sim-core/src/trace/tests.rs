//! Traces: what is recorded is read again, whatever else is refused.

use super::file::HEADER;
use super::{
    Content, Event, LossReason, ShowFacts, Trace, TraceError, TraceEvent, TraceFilter, TraceRequest, Tracer,
    WORLD, What, WhatKind, first_difference,
};
use crate::facts::{ContentHash, render};
use crate::identity::{NodeId, Slot};
use crate::process::{JournalId, LinkState, RequestId, SyncId, SyncResult, TimerId};
use crate::slot_names::SlotNames;
use crate::time::{Duration, Time};

crate::facts! {
    enum Say {
        Vote { term: u64, candidate: NodeId, granted: bool },
        Tail { entries: Vec<(u64, Option<i64>)>, hash: ContentHash, name: String, at: Time, wait: Duration },
        Nested { inner: Box<[u8]>, vote: Inner },
        Idle,
    }
}

crate::facts! {
    struct Inner {
        term: u64,
    }
}

fn say() -> [Say; 4] {
    [
        Say::Vote { term: 4, candidate: NodeId(1), granted: true },
        Say::Tail {
            entries: vec![(1, Some(-7)), (u64::MAX, None), (3, Some(i64::MIN))],
            hash: ContentHash(u64::MAX),
            name: "naïve".to_owned(),
            at: Time::from_nanos(5),
            wait: Duration::from_millis(150),
        },
        Say::Nested { inner: Box::new([1, 2]), vote: Inner { term: 9 } },
        Say::Idle,
    ]
}

/// One event of every sort.
fn every_what(facts: &dyn ShowFacts) -> Vec<What<&dyn ShowFacts, &str>> {
    let (id, journal, timer, sync) = (300, JournalId(2), TimerId(7), SyncId(1 << 40));
    vec![
        What::Boot { incarnation: 2 },
        What::Crash,
        What::Start,
        What::Deliver { id, from: NodeId(1), sent_at: Time::from_nanos(77), message: facts },
        What::Fire { id: timer, timer: facts },
        What::Request { id: RequestId(5), request: facts },
        What::Link { peer: NodeId(3), state: LinkState::Up },
        What::HoldUntilDurable { journal },
        What::Synced { id: sync, result: SyncResult::Io },
        What::Send { id, to: NodeId(0), message: facts },
        What::SetTimer { id: timer, after: Duration::from_secs(1), timer: facts },
        What::CancelTimer { id: timer },
        What::Append { journal, record: facts },
        What::Rewrite { journal, records: 4 },
        What::Sync { journal, id: sync },
        What::Hold { id: sync },
        What::Return { id: RequestId(5), response: facts },
        What::CloseLink { peer: NodeId(2) },
        What::Observe { observation: facts },
        What::Work { time: Duration::from_micros(3) },
        What::Lost { id, reason: LossReason::Withheld },
        What::Fault { text: "cut n1 | n2" },
        What::Abort,
    ]
}

fn names() -> SlotNames {
    ["n1", "n2", "n3"].into_iter().collect()
}

fn everything() -> Tracer {
    let mut tracer = Tracer::new(TraceRequest::default(), names());
    let mut sequence = 0;
    for facts in &say() {
        for what in every_what(facts) {
            sequence += 1;
            let slot = if what.kind() == WhatKind::Fault { WORLD } else { Slot(sequence as u32 % 4) };
            tracer.record(&Event { at: Time::from_nanos(sequence * 1_000_003), slot, sequence, what });
        }
    }
    tracer
}

/// What a tracer must hand back.
fn owned(event: &TraceEvent<'_>) -> (Time, Slot, u64, WhatKind, Option<Content>) {
    let content = event.what.content().map(|content| Content::of(*content));
    (event.at, event.slot, event.sequence, event.what.kind(), content)
}

#[test]
fn every_sort_of_event_is_read_as_it_was_recorded() {
    let trace = everything().finish();
    let facts = say();
    let recorded = facts.iter().flat_map(|facts| every_what(facts));
    assert_eq!(trace.events.len(), 92);
    for ((event, what), sequence) in trace.events.iter().zip(recorded).zip(1..) {
        let slot = if what.kind() == WhatKind::Fault { WORLD } else { Slot(sequence as u32 % 4) };
        let given = Event { at: Time::from_nanos(sequence * 1_000_003), slot, sequence, what };
        let found = (event.at, event.slot, event.sequence, event.what.kind(), event.what.content().cloned());
        assert_eq!(found, owned(&given));
        assert!(!trace.line(event).is_empty());
    }
    let kinds: crate::ordered::OrderedSet<WhatKind> = trace.events.iter().map(|e| e.what.kind()).collect();
    assert_eq!(kinds.len(), WhatKind::ALL.len());
    assert_eq!(trace.events[6].what, What::Link { peer: NodeId(3), state: LinkState::Up });
    assert_eq!(trace.events[8].what, What::Synced { id: SyncId(1 << 40), result: SyncResult::Io });
    assert_eq!(trace.events[20].what, What::Lost { id: 300, reason: LossReason::Withheld });
    assert_eq!(trace.events[7].what, What::HoldUntilDurable { journal: JournalId(2) });
    let down = short(&[(0, What::Link { peer: NodeId(3), state: LinkState::Down })]);
    assert_eq!(down.events[0].what, What::Link { peer: NodeId(3), state: LinkState::Down });
}

#[test]
fn contents_read_as_the_facts_themselves() {
    for facts in say() {
        let content = Content::of(&facts);
        assert_eq!(content.to_string(), render(&facts));
        assert_eq!(content.hash, facts.content_hash());
    }
}

#[test]
fn an_event_is_one_line_or_one_object() {
    let trace = everything().finish();
    assert_eq!(trace.line(&trace.events[3]), "0.004 s  n2 -> n1  Vote term 4 candidate n2 granted true");
    assert_eq!(trace.line(&trace.events[21]), "0.022 s  FAULT cut n1 | n2");
    assert_eq!(
        trace.json(&trace.events[3]).to_string(),
        concat!(
            r#"{"at_ns":4000012,"content":{"fields":{"candidate":"n2","granted":true,"term":4},"#,
            r#""hash":"HASH","kind":"Vote"},"from":"n2","id":300,"name":"n1","sent_at_ns":77,"sequence":4,"slot":0,"#,
            r#""what":"deliver"}"#
        )
        .replace("HASH", &format!("{:016x}", say()[0].content_hash()))
    );
    let tail = trace.json(&trace.events[26]);
    assert_eq!(tail["content"]["fields"]["entries"][0], serde_json::json!([1, -7]));
    let nested = trace.json(&trace.events[49]);
    assert_eq!(nested["content"]["fields"]["vote"], serde_json::json!({"kind": "Inner", "term": 9}));
}

#[test]
fn bytes_are_read_again_and_every_damage_is_refused() {
    let tracer = everything();
    let bytes = tracer.clone().into_bytes();
    assert_eq!(Trace::from_bytes(&bytes), Ok(tracer.finish()));
    assert!(bytes.len() < 88 * 60, "{} bytes", bytes.len());
    for end in 0..bytes.len() {
        assert!(Trace::from_bytes(&bytes[..end]).is_err());
    }
    for place in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[place] ^= 0x10;
        assert!(Trace::from_bytes(&damaged).is_err(), "byte {place}");
    }
    // Names that take more than there is room for are an error as well.
    assert!(Trace::from_bytes_within(&bytes, 6).is_ok());
    assert!(matches!(Trace::from_bytes_within(&bytes, 5), Err(TraceError::Malformed { .. })));
    assert_eq!(Trace::from_bytes(b"{}"), Err(TraceError::NotATrace));
    let mut newer = bytes;
    newer[8] += 1;
    assert_eq!(Trace::from_bytes(&newer), Err(TraceError::Version { found: newer[8] }));
}

#[test]
fn nonsense_under_a_right_checksum_is_no_panic() {
    let tracer = everything();
    for place in HEADER..tracer.bytes.len() {
        for change in [0x01, 0x80, 0xff] {
            let mut damaged = tracer.clone();
            damaged.bytes[place] ^= change;
            match Trace::from_bytes(&damaged.into_bytes()) {
                Ok(_) | Err(TraceError::Malformed { .. }) => {}
                Err(other) => panic!("byte {place}: {other}"),
            }
        }
    }
    // Groups in groups without end must not exhaust the stack, nor a huge count the memory.
    let mut deep = tracer;
    deep.bytes.truncate(HEADER);
    deep.count = 1;
    deep.bytes.extend([WhatKind::Observe as u8, 0, 0, 0, 0]);
    deep.bytes.extend([0; 8]);
    deep.bytes.extend([11, 0, 0].repeat(100_000));
    assert!(matches!(Trace::from_bytes(&deep.clone().into_bytes()), Err(TraceError::Malformed { .. })));
    deep.count = u64::MAX;
    assert!(matches!(Trace::from_bytes(&deep.into_bytes()), Err(TraceError::Malformed { .. })));
}

#[test]
fn filters_and_limits_hold() {
    let record = |request: TraceRequest| {
        let mut tracer = Tracer::new(request, names());
        for facts in &say() {
            for (at, what) in (0..).zip(every_what(facts)) {
                let slot = if what.kind() == WhatKind::Fault { WORLD } else { Slot(at % 3) };
                tracer.record(&Event { at: Time::from_nanos(at.into()), slot, sequence: 0, what });
            }
        }
        tracer.finish()
    };
    let with =
        |filter: TraceFilter| record(TraceRequest { filter, limit: 1_000, ..TraceRequest::default() }).events;
    let base = TraceFilter::default;
    assert_eq!(with(base()).len(), 92);
    let slots = with(TraceFilter { slots: vec![Slot(1)], ..base() });
    assert!(slots.len() == 36 && slots.iter().all(|e| e.slot == Slot(1) || e.slot == WORLD));
    let sends = with(TraceFilter { whats: vec![WhatKind::Send], ..base() });
    assert_eq!(sends.len(), 4);
    let idle = with(TraceFilter { kinds: vec!["Idle".to_owned()], whats: vec![WhatKind::Send], ..base() });
    assert_eq!(idle.len(), 1);
    let late = with(TraceFilter { from: Time::from_nanos(5), until: Time::from_nanos(6), ..base() });
    assert_eq!(late.len(), 8);
    let few = record(TraceRequest { limit: 10, ..TraceRequest::default() });
    assert_eq!((few.events.len(), few.omitted), (10, 82));
    // In parts, each of a run of its own, a trace is the same.
    let parts =
        (0..3).map(|part| record(TraceRequest { skip: 40 * part, limit: 40, ..TraceRequest::default() }));
    let parts: Vec<Trace> = parts.collect();
    assert_eq!(parts.iter().map(|part| part.omitted).collect::<Vec<_>>(), [52, 12, 0]);
    assert_eq!(parts.into_iter().flat_map(|part| part.events).collect::<Vec<_>>(), with(base()));
}

/// Records `(slot, what)` at consecutive nanoseconds.
fn short(events: &[(u32, What<&dyn ShowFacts, &str>)]) -> Trace {
    let mut tracer = Tracer::new(TraceRequest::default(), names());
    for (sequence, (slot, what)) in (0..).zip(events) {
        let at = Time::from_nanos(sequence);
        tracer.record(&Event { at, slot: Slot(*slot), sequence, what: what.clone() });
    }
    tracer.finish()
}

#[test]
fn the_cone_follows_processes_and_messages_backward() {
    let idle = Say::Idle;
    let send = |id, to| What::Send { id, to: NodeId(to), message: &idle as &dyn ShowFacts };
    let deliver = |id, from| What::Deliver {
        id,
        from: NodeId(from),
        sent_at: Time::ZERO,
        message: &idle as &dyn ShowFacts,
    };
    let trace = short(&[
        (0, What::Start),                        // 0: before the send
        (1, What::Start),                        // 1: before the second send
        (2, What::Start),                        // 2: no part
        (0, send(1, 1)),                         // 3: caused 4
        (1, deliver(1, 0)),                      // 4: before the second send
        (0, What::Crash),                        // 5: after the send, no part
        (u32::MAX, What::Fault { text: "cut" }), // 6: the world
        (1, send(2, 3)),                         // 7: caused 9
        (1, send(3, 2)),                         // 8: never mind
        (3, deliver(2, 1)),                      // 9: the event
        (3, What::Crash),                        // 10: later
    ]);
    assert_eq!(trace.cone(9), [0, 1, 3, 4, 6, 7, 9]);
    assert_eq!(trace.cone(0), [0]);
    assert_eq!(trace.cone(11), Vec::<usize>::new());
}

#[test]
fn the_first_difference_is_found_in_any_part() {
    let vote = |term| Say::Vote { term, candidate: NodeId(0), granted: false };
    let (four, five) = (vote(4), vote(5));
    let observe = |vote: &'static Say| What::Observe { observation: vote as &dyn ShowFacts };
    let (four, five): (&'static Say, &'static Say) = (Box::leak(Box::new(four)), Box::leak(Box::new(five)));
    let left = short(&[(0, What::Start), (0, observe(four)), (0, What::Crash)]);
    let right = short(&[(0, What::Start), (0, observe(five)), (0, What::Crash)]);
    assert_eq!(first_difference(&left, &left.clone()), None);
    let difference = first_difference(&left, &right).unwrap();
    assert_eq!(difference.index, 1);
    assert!(
        difference.left.unwrap().contains("\"term\":4") && difference.right.unwrap().contains("\"term\":5")
    );
    let longer = short(&[(0, What::Start), (0, observe(four)), (0, What::Crash), (1, What::Start)]);
    let difference = first_difference(&left, &longer).unwrap();
    assert_eq!((difference.index, difference.left), (3, None));
}
