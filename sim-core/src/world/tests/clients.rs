//! Requests, returns, and the history that they write.

use serde_json::json;

use super::lab::{Actor, Ask, Lab, Told, actor, faults, millis, note, play, play_with, say, setup};
use crate::check::{Seen, Verdict};
use crate::ground::Ground;
use crate::identity::{NodeId, Slot};
use crate::operation::{Answer, MemberChange, ObjectModel, Operation, Service};
use crate::outcome::Stall;
use crate::process::{Boot, Input, RequestId};
use crate::setup::Setup;
use crate::simulate::{Liveness, Reach};
use crate::workload::WorkloadModel;

/// Two clients of one register, in a closed loop.
fn closed(clients: u32) -> Setup {
    let mut setup = setup(1);
    setup.clients = clients;
    setup.duration = millis(500);
    setup.workload =
        Some(WorkloadModel { think: Some(millis(10)), ..WorkloadModel::new(ObjectModel::Register) });
    setup
}

/// The member keeps the register: a write is answered with its value, a read (0) with what `read` makes of it.
/// A client asks it, and answers what it is told.
fn cast(boot: &Boot<'_, Lab>, mut read: impl FnMut(u64) -> u64 + 'static) -> Actor {
    if boot.node == NodeId(0) {
        let mut register = 0;
        return actor(move |input, cx| {
            if let Input::Message { from, message } = input {
                if message.n > 0 {
                    register = message.n;
                }
                cx.send(from, say(read(register)));
            }
        });
    }
    let mut asked: Vec<RequestId> = Vec::new();
    actor(move |input, cx| match input {
        Input::Request { id, request: Ask { n } } => {
            asked.push(id);
            cx.send(NodeId(0), say(n));
        }
        Input::Message { message, .. } => {
            if let Some(id) = asked.pop() {
                cx.respond(id, Told { n: message.n });
                cx.respond(id, Told { n: 999 });
                cx.respond(RequestId(10_000), Told { n: 999 });
            }
        }
        _ => {}
    })
}

#[test]
fn operations_are_timed_counted_and_judged() {
    let played = play(&closed(2), |boot| cast(boot, |register| register));
    let outcome = &played.outcome;
    assert_eq!(outcome.verdict, Verdict::Inconclusive, "this cast reports nothing");
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
    let count = outcome.activity["operations.succeeded"];
    assert!(count > 50, "{count}");
    assert_eq!(outcome.activity["operations.returned"], count, "a second return of an operation is nothing");
    let latency = &outcome.metrics["operation_latency_ns"];
    assert_eq!((latency.count, latency.max), (count, 2_000_000));
    let calls: Vec<u64> = outcome.history.iter().map(|entry| entry.call_ns).collect();
    assert!(calls.is_sorted() && calls.len() as u64 == outcome.activity["operations.invoked"]);
}

#[test]
fn a_register_that_forgets_is_found() {
    let played = play(&closed(2), |boot| cast(boot, |_| 0));
    assert_eq!(played.outcome.violations[0].check, "linearizable/register");
    assert_eq!(played.outcome.verdict, Verdict::Safety);
    let mut off = closed(2);
    off.checks_off = vec!["linearizable".to_owned()];
    assert!(play(&off, |boot| cast(boot, |_| 0)).outcome.violations.is_empty());
}

#[test]
fn a_client_that_crashed_goes_on_as_another_process() {
    let mut setup = closed(1);
    // What the client asked last before it crashed is lost, so that it ends unknown.
    setup.faults = faults(json!([
        { "at": "50ms", "for": "60ms", "partition": { "from": "c1", "to": "n1" } },
        { "at": "105ms", "crash": { "target": "c1", "restart_after": "50ms" } },
    ]));
    let played = play(&setup, |boot| cast(boot, |register| register));
    assert!(played.outcome.faults.iter().all(|fault| fault.refused.is_none()), "{:?}", played.outcome.faults);
    let history = &played.outcome.history;
    let processes: Vec<u64> = history.iter().map(|entry| entry.process).collect();
    assert!(processes.is_sorted() && processes.first() != processes.last(), "{processes:?}");
    assert_eq!(history.iter().filter(|entry| entry.ok.is_none()).count(), 1);
    assert!(history.iter().any(|entry| entry.call_ns > 155_000_000), "the loop went on");
}

#[test]
fn a_request_waits_while_its_client_is_paused() {
    let mut setup = closed(1);
    setup.workload.as_mut().unwrap().operations = Some(1);
    setup.faults = faults(json!([{ "at": "0s", "for": "100ms", "pause": { "target": "c1" } }]));
    let played = play(&setup, |boot| cast(boot, |register| register));
    let history = &played.outcome.history;
    assert_eq!(history.len(), 1);
    assert!(history[0].call_ns < 100_000_000);
    assert_eq!(history[0].return_ns, Some(102_000_000));
}

#[test]
fn a_user_who_does_not_think_waits_for_a_client_that_is_down() {
    let mut setup = closed(2);
    setup.workload =
        Some(WorkloadModel { think: Some(millis(0)), ..WorkloadModel::new(ObjectModel::Register) });
    let crash = json!([{ "at": "100ms", "crash": { "target": "c1", "restart_after": "200ms" } }]);
    setup.faults = faults(crash);
    let played = play(&setup, |boot| cast(boot, |register| register));
    let calls = |client: u32, (from, until): (u64, u64)| {
        let within = |at: u64| at >= from * 1_000_000 && at < until * 1_000_000;
        let history = played.outcome.history.iter();
        history
            .filter(|entry| u32::try_from(entry.process).unwrap() % 2 == client && within(entry.call_ns))
            .count()
    };
    assert!(calls(0, (0, 100)) > 20 && calls(1, (101, 300)) > 20);
    assert_eq!(calls(0, (101, 300)), 0, "it is down");
    assert!(calls(0, (301, 500)) > 20, "it is back");
}

#[test]
fn operations_of_an_open_loop_wait_for_a_client_that_is_there() {
    let mut setup = closed(2);
    setup.workload = Some(WorkloadModel::new(ObjectModel::Register));
    let invoked = |crash: serde_json::Value| {
        let setup = Setup { faults: faults(crash), ..setup.clone() };
        play(&setup, |boot| cast(boot, |register| register)).outcome.activity["operations.invoked"]
    };
    let all = invoked(json!([]));
    let one = json!({ "at": "100ms", "crash": { "target": "c1", "restart_after": "200ms" } });
    let other = json!({ "at": "150ms", "crash": { "target": "c2", "restart_after": "50ms" } });
    assert!(all > 30 && invoked(json!([one])) + 2 >= all);
    assert!(invoked(json!([one, other])) + 2 >= all, "they wait for one to be back");
}

/// Asks nobody to be ready, and takes progress from clients.
struct Anybody;

impl Liveness<Lab> for Anybody {
    fn owed(&self, _: &Ground, _: &[Slot]) -> Result<(), Stall> {
        Ok(())
    }
    fn reached(&mut self, _: &Ground, _: &[Slot], _: Option<&Seen<'_, Lab>>) -> Reach {
        Reach::All
    }
    fn asks_clients(&self) -> bool {
        true
    }
}

#[test]
fn every_client_looks_at_every_object_after_the_heal_and_before_anything_is_written_over_it() {
    let healed = |keys: u64| {
        let mut setup = closed(2);
        setup.progress_timeout = Some(millis(100));
        let workload = setup.workload.as_mut().unwrap();
        // One write each, then silence until the heal.
        (workload.keys, workload.operations, workload.mix.write) = (Some(keys), Some(2), 1);
        setup
    };
    let since = 500_000_000;
    let keep = |setup: &Setup, forgets: bool| {
        play_with(
            setup,
            move |boot| {
                let mut reads = 0;
                cast(boot, move |register| {
                    reads += u64::from(register > 0);
                    // The answers to the two writes are right, and so is what follows on the first new write.
                    if forgets && reads > 2 && register < 1 << 60 { 0 } else { register }
                })
            },
            |subject| subject.liveness = Box::new(Anybody),
        )
        .outcome
    };
    let outcome = keep(&healed(1), false);
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
    let late = |process: u64| {
        let of = outcome.history.iter().filter(move |entry| entry.process == process);
        of.filter(|entry| entry.call_ns >= since).map(|entry| format!("{:?}", entry.f)).collect::<Vec<_>>()
    };
    for client in 0..2 {
        assert_eq!(late(client), ["Read", "Write", "Read"], "client {client}");
    }
    let several = keep(&healed(3), false);
    let asked = several.history.iter().filter(|entry| entry.call_ns >= since).count();
    assert_eq!(asked, 2 * (3 + 1 + 1));
    // What was acknowledged and is gone is seen.
    let lost = keep(&healed(1), true);
    assert_eq!(lost.violations[0].check, "linearizable/register");
}

/// Hears who came and left, beside registers.
struct Informed;

impl Service<Lab> for Informed {
    fn encode(&self, operation: &Operation) -> Option<Ask> {
        super::lab::Registers.encode(operation)
    }
    fn decode(&self, operation: &Operation, response: &Told) -> Answer {
        super::lab::Registers.decode(operation, response)
    }
    fn member_change(&self, change: MemberChange) -> Option<Ask> {
        let (MemberChange::Joined(node) | MemberChange::Left(node)) = change;
        let more = if matches!(change, MemberChange::Joined(_)) { 1_000 } else { 2_000 };
        Some(Ask { n: more + u64::from(node.0) })
    }
}

#[test]
fn clients_hear_who_came_and_left_and_again_after_a_restart() {
    let mut setup = setup(2);
    setup.clients = 2;
    setup.faults = faults(json!([
        { "at": "1s", "join": { "count": 1 } },
        { "at": "2s", "for": "2s", "pause": { "target": "c2" } },
        { "at": "3s", "amnesia": { "target": "n2", "restart_after": "2s" } },
        { "at": "7s", "leave": { "target": "n1" } },
        { "at": "8s", "crash": { "target": "c1", "restart_after": "1s" } },
    ]));
    let tells = |boot: &Boot<'_, Lab>| {
        let client = boot.role == crate::process::Role::Client;
        actor(move |input, cx| {
            if let (true, Input::Request { request, .. }) = (client, input) {
                note(cx, "told", request.n);
            }
        })
    };
    let played = play_with(&setup, tells, |subject| subject.service = Box::new(Informed));
    let told = |slot: u32| -> Vec<(u64, u64)> {
        let all = played.noted("told");
        all.into_iter().filter(|(_, at, _)| *at == slot).map(|(ms, _, n)| (ms, n)).collect()
    };
    let later = [(5_000, 1_005), (7_000, 2_000)];
    assert_eq!(
        told(3)[..4],
        [&[(1_000, 1_004), (4_000, 2_001)], &later[..]].concat(),
        "while it was paused it waited"
    );
    assert_eq!(told(2)[..4], [&[(1_000, 1_004), (3_000, 2_001)], &later[..]].concat());
    let mut again: Vec<u64> = told(2)[4..].iter().map(|(_, n)| *n).collect();
    again.sort_unstable();
    assert_eq!(again, [1_004, 1_005, 2_000, 2_001], "it forgot");
    assert_eq!((told(2).len(), told(3).len()), (8, 4));
    assert_eq!(played.outcome.activity["operations.invoked"], 0, "nobody was asked for anything");
}
