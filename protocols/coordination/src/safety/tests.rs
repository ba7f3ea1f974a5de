//! A wrong protocol trips each check, and an odd correct one does not.

use std::rc::Rc;
use std::sync::Arc;

use sim_core::check::Check;
use sim_core::identity::NodeId;
use sim_core::registry::parameters::Parameter;
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

use super::*;
use crate::graph::Tasks;
use crate::ledger::Bucket;
use crate::parameters::OnPartition;
use crate::vocabulary::{CoordinationMessage as Message, CoordinationObservation as Said, Parcel};

type Script<C> = protocol_testing::script::Script<Coordination, C>;

fn graph() -> Rc<Graph> {
    let tasks = serde_json::json!([
        { "name": "a", "duration": "10s" }, { "name": "b", "after": ["a"], "duration": "10s" }, { "name": "c" }
    ]);
    Rc::new(Graph::of(&Parameters { tasks: Tasks::read(&tasks).unwrap(), ..parameters() }, 1).unwrap())
}

fn parameters() -> Parameters {
    Parameters { tokens_out: 0, ..Parameters::default() }
}

fn at(seconds: u64) -> Time {
    Time::ZERO + Duration::from_secs(seconds)
}

fn started(task: u32, fence: u64) -> Said {
    Said::Started { task, fence, lease: Some(Duration::from_secs(20)) }
}

/// A check that reads the ledger, behind the one that writes it.
struct WithLedger<C> {
    first: precedence::Precedence,
    second: C,
}

impl<C: Check<Coordination>> Check<Coordination> for WithLedger<C> {
    fn observe(
        &mut self,
        ground: &sim_core::ground::Ground,
        seen: &sim_core::check::Seen<'_, Coordination>,
        findings: &mut sim_core::check::Findings,
    ) {
        self.first.observe(ground, seen, findings);
        let kind = sim_core::facts::Facts::kind_name(seen.observation);
        if self.second.hears().is_none_or(|kinds| kinds.contains(&kind)) {
            self.second.observe(ground, seen, findings);
        }
    }

    fn lifecycle(
        &mut self,
        ground: &sim_core::ground::Ground,
        slot: sim_core::identity::Slot,
        event: sim_core::check::Lifecycle,
        findings: &mut sim_core::check::Findings,
    ) {
        self.first.lifecycle(ground, slot, event, findings);
        self.second.lifecycle(ground, slot, event, findings);
    }

    fn reads(&self) -> &'static [&'static str] {
        self.second.reads()
    }

    fn sent(
        &mut self,
        ground: &sim_core::ground::Ground,
        from: NodeId,
        to: NodeId,
        message: &Message,
        findings: &mut sim_core::check::Findings,
    ) {
        self.second.sent(ground, from, to, message, findings);
    }

    fn finish(&mut self, ground: &sim_core::ground::Ground, findings: &mut sim_core::check::Findings) {
        self.second.finish(ground, findings);
    }
}

fn with_ledger<C: Check<Coordination>>(make: impl FnOnce(&Rc<Graph>, Ledger) -> C) -> Script<WithLedger<C>> {
    let graph = graph();
    let ledger = Ledger::new(&graph, 4);
    let second = make(&graph, ledger.clone());
    Script::new(WithLedger { first: precedence::Precedence::new(&graph, ledger, true), second }, 4)
}

#[test]
fn the_table_names_every_check_in_order() {
    let graph = graph();
    let made = checks(&parameters(), &graph, Setup::new(0, 4).members, 0, &Ledger::new(&graph, 4));
    let names: Vec<_> = made.iter().flat_map(sim_core::check::Judge::names).collect();
    assert_eq!(names, CHECKS.iter().map(|named| named.name).collect::<Vec<_>>());
}

#[test]
fn a_child_that_starts_early_is_found() {
    let script = || Script::new(precedence::Precedence::new(&graph(), Ledger::new(&graph(), 4), true), 4);
    script().see(1, started(1, 1)).found("", "n2 starts b before a has ended");
    let done = Said::Effect { task: 0, fence: 1, done: true };
    // The sink took the result although the agent crashed before it heard so: the child may start.
    script().see(1, started(0, 1)).see(4, done).crash(1, 0).see(2, started(1, 2)).clean();
}

/// Found by the swarm, seed 8007977: where a part of the core may lower its quorum, two coordinators gave one task away under
/// one fence, and the one counted the other one's failed attempt as the last.
#[test]
fn a_fallback_may_start_early_only_where_two_coordinators_may_decide() {
    let tasks = serde_json::json!([
        { "name": "a", "fallback": "b", "duration": "10s" }, { "name": "b", "duration": "10s" },
        { "name": "c", "after": ["a"], "duration": "10s" }
    ]);
    let parameters = Parameters { tasks: Tasks::read(&tasks).unwrap(), ..parameters() };
    let graph = Rc::new(Graph::of(&parameters, 1).unwrap());
    let script =
        |one_order| Script::new(precedence::Precedence::new(&graph, Ledger::new(&graph, 4), one_order), 4);
    script(true).see(1, started(1, 1)).found("", "n2 starts b before what it stands for has ended");
    script(false).see(1, started(1, 1)).clean();
    script(false).see(1, started(2, 1)).found("", "n2 starts c before a has ended");
}

#[test]
fn a_second_effect_and_a_fence_that_falls_are_found() {
    let effect = |fence| Said::Effect { task: 0, fence, done: true };
    let granted =
        |fence| Said::Granted { task: 0, fence, agent: NodeId(1), attempt: 0, waited: Duration::ZERO };
    let script = || Script::new(effects::Effects::new(&graph(), true), 4);
    script()
        .see(4, effect(1))
        .see(4, effect(2))
        .found("twice", "a took effect twice: under fence 0x1 and 0x2");
    script()
        .see(0, granted(5))
        .see(0, granted(5))
        .found("fence", "a goes to n2 under fence 0x5, which is not above 0x5");
    script().see(0, granted(1)).see(0, granted(2)).see(4, effect(1)).clean();
    let found = |fence| Said::EffectFound { task: 0, fence, done: true };
    script().see(4, effect(1)).see(4, found(1)).see(4, found(1)).clean();
    script()
        .see(4, found(2))
        .see(4, effect(2))
        .found("twice", "a took effect twice: under fence 0x2 and 0x2");
    script()
        .see(4, effect(1))
        .see(4, found(2))
        .found("found", "a took effect under fence 0x1, and 0x2 was found on the disk");
}

/// An end that became durable in a crash counts from the start that finds it.
#[test]
fn what_waits_for_an_end_that_was_found_may_start() {
    let graph = graph();
    let script = || Script::new(precedence::Precedence::new(&graph, Ledger::new(&graph, 4), true), 4);
    script().see(1, started(1, 1)).found("", "n2 starts b before a has ended");
    script().see(4, Said::EffectFound { task: 0, fence: 1, done: true }).see(1, started(1, 1)).clean();
}

#[test]
fn two_sides_that_decide_are_found_and_one_that_repeats_itself_is_not() {
    let policy = |on_partition| Parameters {
        strategy: crate::parameters::Strategy::Raft,
        on_partition,
        ..parameters()
    };
    let granted = |task, fence, agent| Said::Granted {
        task,
        fence,
        agent: NodeId(agent),
        attempt: 0,
        waited: Duration::ZERO,
    };
    let script = |own: OnPartition| Script::new(split_brain::SplitBrain::new(&graph(), &policy(own)), 4);
    let mut split = script(OnPartition::AdaptiveQuorum);
    split.see(0, granted(0, 7, 1)).see(3, granted(2, 7, 2));
    split.found(
        "",
        "n1 and n4 both decide, each for its own side of the network: decision 7 gives a to n2 on one side, and c to n3 on \
         the other",
    );
    // A successor that tells again what was decided, and a later decision about the same task.
    script(OnPartition::StandStill)
        .see(0, granted(0, 7, 1))
        .see(3, granted(0, 7, 1))
        .see(3, granted(0, 9, 2))
        .clean();
}

#[test]
fn two_live_leases_are_found_and_a_lease_that_is_over_is_none() {
    let script = || with_ledger(|_, ledger| leases::LiveLeases::new(ledger, true));
    script()
        .at(at(1), 1)
        .see(1, started(0, 1))
        .at(at(11), 2)
        .see(2, started(0, 2))
        .found("", "n3 begins a, which n2 still has for 10 s more");
    script().at(at(1), 1).see(1, started(0, 1)).at(at(21), 2).see(2, started(0, 2)).clean();
    script().see(1, started(0, 1)).crash(1, 0).see(2, started(0, 2)).clean();
    let renewed = Said::Renewed { task: 0, fence: 1, lease: Duration::from_secs(20) };
    let mut renewing = script();
    renewing
        .at(at(1), 1)
        .see(1, started(0, 1))
        .at(at(15), 1)
        .see(1, renewed)
        .at(at(25), 2)
        .see(2, started(0, 2));
    assert_eq!(renewing.violations(), 1, "the lease lasts until 35 s");
}

/// n4 is a home, and lets n2 have a at the start.
#[test]
fn a_home_that_contradicts_itself_is_found() {
    let claimed = |fence| Message::Claimed { task: 0, fence, attempt: 0, sequence: 0 };
    let script = || {
        let parameters = Parameters {
            strategy: crate::parameters::Strategy::Gossip,
            lease: Duration::from_secs(32),
            ..parameters()
        };
        let mut script = with_ledger(|_, ledger| homes::Homes::new(&parameters, 4, 0, ledger));
        script.at(at(0), 3).send(3, 1, claimed(1 << 32)).at(at(10), 3);
        script
    };
    script().send(3, 1, claimed(1 << 32)).send(3, 1, claimed(1 << 32 | 1)).clean();
    script()
        .send(3, 2, claimed(1 << 32 | 1))
        .found("", "n4 lets n3 have a, which n2 may count on for 20 s more");
    // Others may, and the home after the lease; or the work is over, or the task.
    script().send(2, 0, claimed(3 << 32)).send(3, 2, claimed(4 << 32)).clean();
    script().at(at(30), 3).send(3, 2, claimed(1 << 32 | 1)).clean();
    let ended = Said::Ended { task: 0, fence: 1 << 32 };
    script().see(1, ended).at(at(10), 3).send(3, 2, claimed(1 << 32 | 1)).clean();
    let done = Said::Effect { task: 0, fence: 1 << 32, done: true };
    script().see(4, done).at(at(10), 3).send(3, 2, claimed(1 << 32 | 1)).clean();
    // Over a crash it lets agents keep what they have, and gives nothing away for a lease; in its first life it has given nothing away.
    script().restart(3).send(3, 2, claimed(1 << 32 | 1)).clean();
    let mut later = script();
    later.restart(3).send(3, 2, claimed(9 << 32));
    later.found("", "n4 lets n3 have a, which n2 may count on for 20 s more");
}

#[test]
fn two_tasks_that_have_one_lock_are_found() {
    let tasks =
        serde_json::json!([{ "name": "a", "lock": "l" }, { "name": "b", "lock": "l" }, { "name": "c" }]);
    let parameters = Parameters { tasks: Tasks::read(&tasks).unwrap(), ..parameters() };
    let graph = Rc::new(Graph::of(&parameters, 1).unwrap());
    let script = |given| {
        let ledger = Ledger::new(&graph, 4);
        let second = leases::LiveLeases::new(ledger.clone(), true).with_locks(given);
        Script::new(WithLedger { first: precedence::Precedence::new(&graph, ledger, true), second }, 4)
    };
    let mut both = script(true);
    both.at(at(1), 1).see(1, started(0, 1)).at(at(11), 2).see(2, started(2, 2)).clean();
    both.see(2, started(1, 3)).found("lock", "n3 begins b, and n2 has a, which needs the same lock");
    script(false).at(at(1), 1).see(1, started(0, 1)).see(2, started(1, 3)).clean();
    // Its lease is over, or it is, or its agent is gone.
    script(true).at(at(1), 1).see(1, started(0, 1)).at(at(21), 2).see(2, started(1, 3)).clean();
    script(true)
        .see(1, started(0, 1))
        .see(0, Said::Settled { task: 0, how: 2 })
        .see(2, started(1, 3))
        .clean();
    script(true).see(1, started(0, 1)).crash(1, 0).see(2, started(1, 3)).clean();
}

#[test]
fn a_task_that_is_passed_over_by_one_that_is_not_more_urgent_is_found() {
    let tasks = serde_json::json!([
        { "name": "a" }, { "name": "low", "priority": "low" }, { "name": "high", "priority": "critical" },
        { "name": "b" }
    ]);
    let graph =
        Rc::new(Graph::of(&Parameters { tasks: Tasks::read(&tasks).unwrap(), ..parameters() }, 1).unwrap());
    let after = |first: u32, second: u32| {
        let mut script = Script::new(starvation::Starvation::new(&graph, Duration::from_secs(8), true), 4);
        script.at(at(0), 0).see(0, ready(first)).at(at(1), 0).see(0, ready(second)).see(0, granted(second));
        script
    };
    after(0, 3).found("urgency", "b is given away before a, which is as urgent and became ready earlier");
    after(0, 1).found("urgency", "low is given away before a, which is as urgent and became ready earlier");
    after(0, 2).clean();
    after(1, 3).clean();
}

#[test]
fn a_coordinator_that_gives_a_task_away_twice_is_found() {
    let granted =
        |fence| Said::Granted { task: 0, fence, agent: NodeId(1), attempt: 0, waited: Duration::ZERO };
    let expired = Said::Expired { task: 0, fence: 1, agent: NodeId(1) };
    let settled = Said::Settled { task: 0, how: 0 };
    let script = || Script::new(conservation::Conservation::new(&graph(), 0, true), 4);
    script()
        .see(0, granted(1))
        .see(0, granted(2))
        .found("gives away", "n1 gives away a, which is with an agent under fence 0x1");
    script().see(0, settled.clone()).see(0, settled.clone()).found("ends", "n1 ends a, which has ended");
    script().see(0, granted(1)).see(0, expired).see(0, granted(2)).see(0, settled).clean();
    // A coordinator that starts again knows nothing of the first.
    script().see(0, granted(1)).see(0, Said::Coordinator { epoch: 2 }).see(0, granted(2)).clean();
}

#[test]
fn a_queue_beyond_its_room_is_found() {
    let queued = |length| Said::Queued { length, room: 2 };
    Script::new(queues::QueueBound, 4)
        .see(1, queued(3))
        .found("", "3 tasks wait at n2, which has room for 2");
    Script::new(queues::QueueBound, 4).see(1, queued(2)).clean();
    let letters = |length| Said::LettersWait { to: NodeId(2), length, room: 2 };
    Script::new(queues::QueueBound, 4)
        .see(1, letters(3))
        .found("letters", "3 letters wait at n2 for n3, and there is room for 2");
    Script::new(queues::QueueBound, 4).see(1, letters(2)).clean();
}

fn ready(task: u32) -> Said {
    Said::Ready { task }
}

fn granted(task: u32) -> Said {
    Said::Granted { task, fence: 1, agent: NodeId(1), attempt: 0, waited: Duration::ZERO }
}

#[test]
fn an_old_task_that_is_passed_over_is_found() {
    let tasks = serde_json::json!([
        { "name": "a", "priority": "low" }, { "name": "b" }, { "name": "c", "priority": "critical" }
    ]);
    let graph =
        Rc::new(Graph::of(&Parameters { tasks: Tasks::read(&tasks).unwrap(), ..parameters() }, 1).unwrap());
    let script = || Script::new(starvation::Starvation::new(&graph, Duration::from_secs(8), true), 4);
    let mut early = script();
    early.at(at(0), 0).see(0, ready(0)).at(at(17), 0).see(0, ready(2)).see(0, granted(2)).clean();
    let mut late = script();
    late.at(at(0), 0).see(0, ready(0)).at(at(18), 0).see(0, ready(2)).see(0, granted(2));
    late.found("", "c is given away before a, which became ready 18 s earlier");
    // Where a core decides, the choice counts: meanwhile an older task may have become free.
    let proposed = |task: u32| Said::Proposed { task, agent: NodeId(1) };
    let mut chosen = script();
    chosen
        .at(at(0), 0)
        .see(0, ready(0))
        .see(0, proposed(0))
        .see(0, granted(0))
        .at(at(30), 0)
        .see(0, ready(2));
    chosen.see(0, proposed(2)).see(0, ready(0)).see(0, granted(2)).clean();
    chosen.at(at(60), 0).see(0, ready(1)).see(0, proposed(1));
    chosen.found("", "b is given away before a, which became ready 1 min earlier");
    // A coordinator that starts again does not know since when.
    let mut again = script();
    again.at(at(0), 0).see(0, ready(0)).at(at(30), 0).see(0, Said::Coordinator { epoch: 2 });
    again.see(0, ready(0)).at(at(31), 0).see(0, ready(2)).see(0, granted(2)).clean();
    // Nor since when a task was ready that an agent went on with; it is no newcomer when its lease is over. The swarm, seed 20010140.
    let adopted = Said::Adopted { task: 2, fence: 1, agent: NodeId(1) };
    let mut back = script();
    back.at(at(0), 0).see(0, Said::Coordinator { epoch: 2 }).see(0, adopted).see(0, ready(0));
    back.at(at(30), 0).see(0, ready(2)).see(0, granted(2)).clean();
}

#[test]
fn a_task_that_waits_for_a_newcomer_is_not_passed_over() {
    let tasks = serde_json::json!([
        { "name": "a", "priority": "low" }, { "name": "plan" }, { "name": "c", "priority": "critical" },
        { "name": "sign", "born": "plan", "before": ["a"] }
    ]);
    let graph =
        Rc::new(Graph::of(&Parameters { tasks: Tasks::read(&tasks).unwrap(), ..parameters() }, 1).unwrap());
    let script = || Script::new(starvation::Starvation::new(&graph, Duration::from_secs(8), true), 4);
    let mut grown = script();
    grown.at(at(0), 0).see(0, ready(0)).see(0, Said::Grew { task: 3 }).at(at(30), 0).see(0, ready(2));
    grown.see(0, granted(2)).clean();
    let mut alone = script();
    alone.at(at(0), 0).see(0, ready(0)).at(at(30), 0).see(0, ready(2)).see(0, granted(2));
    alone.found("", "c is given away before a, which became ready 30 s earlier");
}

#[test]
fn a_circle_that_is_taken_in_is_found() {
    let tasks = serde_json::json!([
        { "name": "plan" }, { "name": "ship", "after": ["plan"] },
        { "name": "sign", "born": "plan", "after": ["ship"], "before": ["ship"] },
        { "name": "test", "born": "plan", "before": ["ship"] }
    ]);
    let graph =
        Rc::new(Graph::of(&Parameters { tasks: Tasks::read(&tasks).unwrap(), ..parameters() }, 1).unwrap());
    let script = || Script::new(deadlock::Deadlock::new(&graph, Ledger::new(&graph, 4)), 4);
    let message = "n1 takes in sign, which waits for itself through what waits for it";
    script().see(0, Said::Grew { task: 2 }).found("circle", message);
    script().see(0, Said::Grew { task: 3 }).clean();
}

fn beat() -> Message {
    Message::Beat { life: 1, sequence: 1, capabilities: 0, places: 1, instead_of: None, held: Arc::new([]) }
}

#[test]
fn an_agent_that_works_on_without_beating_is_found() {
    let call = || Message::Call { call: 1, tokens_in: 1, tokens_out: 1 };
    let script = || Script::new(health::HealthChecks::new(&parameters(), 4), 4);
    let mut late = script();
    late.at(at(0), 1).send(1, 0, beat()).at(at(4), 1).send(1, 5, call()).at(at(8), 1).send(1, 5, call());
    late.at(at(11), 1).send(1, 5, call());
    late.found("", "n2 goes on working 11 s after its last beat");
    // One that stood still beats first, through others if need be.
    let relay = Message::Relay { from: NodeId(1), to: NodeId(0), number: 1, parcel: Parcel(Rc::new(beat())) };
    let mut still = script();
    still.at(at(0), 1).send(1, 0, beat()).at(at(60), 1).send(1, 2, relay).send(1, 5, call()).clean();
    assert_eq!(still.exercised(), 1);
    // What came while it stood still may be served before its timer, but not for longer than an interval.
    let mut again = script();
    again.at(at(0), 1).send(1, 0, beat()).at(at(60), 1).send(1, 5, call()).at(at(62), 1).send(1, 5, call());
    assert_eq!(again.violations(), 0);
    again.at(at(66), 1).send(1, 5, call());
    again.found("", "n2 goes on working 1 min 6 s after its last beat");
}

#[test]
fn tasks_that_end_sooner_than_they_can_are_found() {
    let done = |task| Said::Effect { task, fence: 1, done: true };
    let script = || with_ledger(|graph, ledger| makespan::Makespan::new(&parameters(), graph, 4, ledger));
    let mut early = script();
    early
        .at(at(1), 1)
        .see(1, started(0, 1))
        .at(at(8), 4)
        .see(4, done(0))
        .at(at(15), 4)
        .see(4, done(1))
        .finish();
    assert_eq!(early.violations(), 1, "a and b take 10 s each, one after the other");
    let mut fair = script();
    fair.at(at(0), 1)
        .see(1, started(0, 1))
        .at(at(10), 4)
        .see(4, done(0))
        .at(at(20), 4)
        .see(4, done(1))
        .finish()
        .clean();
}

#[test]
fn an_agent_that_is_busy_without_a_task_is_found() {
    let script = || with_ledger(|_, ledger| buckets::TimeBuckets::new(&parameters(), 4, ledger));
    script().see(1, Said::Working).found("busy", "n2 says that it is busy and has no task");
    script().see(1, started(0, 1)).see(1, Said::Idle).found("busy", "n2 says that it is idle and has a task");
    let ended = Said::Ended { task: 0, fence: 1 };
    let mut fair = script();
    fair.at(at(2), 1)
        .see(1, started(0, 1))
        .see(1, Said::Working)
        .at(at(5), 1)
        .crash(1, 0)
        .at(at(9), 1)
        .boot(1);
    fair.see(1, Said::Idle)
        .see(1, started(0, 1))
        .see(1, Said::Working)
        .at(at(12), 1)
        .see(1, ended)
        .see(1, Said::Idle);
    fair.finish().clean();
    let spent = fair.check.second_buckets(at(12));
    let seconds = |bucket: Bucket| spent[1].of(bucket).as_nanos() / 1_000_000_000;
    assert_eq!((seconds(Bucket::Working), seconds(Bucket::Down)), (6, 4));
    assert_eq!((seconds(Bucket::Waiting), seconds(Bucket::Idle)), (2, 0), "c was ready all the time");
}

impl WithLedger<buckets::TimeBuckets> {
    fn second_buckets(&self, now: Time) -> Vec<crate::ledger::Buckets> {
        self.second.buckets(now)
    }
}
