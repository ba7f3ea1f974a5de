//! Two protocols in one process, each with timers, syncs and a journal of its own, crashed and restarted.
//!
//! The parts use the same numbers for everything, and so does the composite itself: nothing of it may meet.

use std::cell::RefCell;
use std::rc::Rc;

use sim_core::check::{Check, Findings, Judge, Seen};
use sim_core::distribution::Distribution;
use sim_core::fault::FaultPlan;
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::part::{Embed, Part, PartPlace};
use sim_core::process::{
    Boot, Context, Input, JournalId, LinkState, Message, Observe, Process, SyncId, SyncResult, TimerId,
};
use sim_core::registry::{FaultModel, Launch};
use sim_core::setup::Setup;
use sim_core::simulate::{Subject, simulate};
use sim_core::time::{Duration, Time};

const LOG: JournalId = JournalId(0);
const TICK: TimerId = TimerId(0);

// The first part counts, and reports a number only when it is durable.

sim_core::facts! { enum CountTimer { Next } }
sim_core::facts! { struct Count { n: u64 } }
sim_core::facts! { enum Nothing { Nothing } }
sim_core::vocabulary! { Counting { message: Nothing, timer: CountTimer, record: Count, observation: Count } }

impl Message for Nothing {
    fn wire_size(&self) -> u32 {
        1
    }
}

impl Observe for Count {}

struct Counter {
    n: u64,
}

impl Counter {
    fn boot(boot: &Boot<'_, Counting>) -> Self {
        let records = boot.journal(LOG).intact().expect("no rot here");
        Self { n: records.last().map_or(0, |count| count.n) }
    }
}

impl Process<Counting> for Counter {
    fn step(&mut self, input: Input<'_, Counting>, cx: &mut Context<'_, Counting>) {
        match input {
            Input::Start => cx.set_timer(TICK, Duration::from_millis(10), CountTimer::Next),
            Input::Timer { id, .. } => {
                assert_eq!(id, TICK);
                self.n += 1;
                cx.append(LOG, Count { n: self.n });
                cx.sync(LOG, SyncId(self.n));
                cx.hold(SyncId(self.n));
                cx.observe(Count { n: self.n });
                cx.set_timer(TICK, Duration::from_millis(10), CountTimer::Next);
            }
            Input::Synced { id, result } => assert_eq!((id, result), (SyncId(self.n), SyncResult::Ok)),
            Input::Message { .. } | Input::Request { .. } | Input::Link { .. } => {}
        }
    }
}

// The second part passes on the largest number that it heard of, and adds one.

sim_core::facts! { struct Rumor { n: u64 } }
sim_core::vocabulary! { Gossip { message: Rumor, timer: Rumor, record: Rumor, observation: Rumor } }

impl Message for Rumor {
    fn wire_size(&self) -> u32 {
        8
    }
}

impl Observe for Rumor {}

/// Told apart from rumors: what was known at the start.
const START: u64 = 1_000_000;

struct Gossiper {
    known: u64,
    syncs: u64,
}

impl Gossiper {
    fn boot(boot: &Boot<'_, Gossip>) -> Self {
        let records = boot.journal(LOG).intact().expect("no rot here");
        Self { known: records.map(|rumor| rumor.n).max().unwrap_or(0), syncs: 0 }
    }
}

impl Process<Gossip> for Gossiper {
    fn step(&mut self, input: Input<'_, Gossip>, cx: &mut Context<'_, Gossip>) {
        match input {
            Input::Start => {
                cx.sync(LOG, SyncId(0));
                cx.set_timer(TICK, Duration::from_millis(7), Rumor { n: self.known });
            }
            Input::Link { .. } => {
                cx.hold(SyncId(0));
                cx.observe(Rumor { n: START + self.known });
            }
            Input::Timer { id, timer } => {
                assert_eq!(id, TICK);
                assert!(timer.n <= self.known);
                cx.send(NodeId(1 - cx.node().0), Rumor { n: self.known + 1 });
                cx.set_timer(TICK, Duration::from_millis(7), Rumor { n: self.known });
            }
            Input::Message { message, .. } => {
                self.known = self.known.max(message.n);
                self.syncs += 1;
                cx.append(LOG, Rumor { n: self.known });
                cx.sync(LOG, SyncId(self.syncs));
                cx.observe(Rumor { n: self.known });
            }
            Input::Synced { id, .. } => assert!(id.0 <= self.syncs),
            Input::Request { .. } => {}
        }
    }
}

// The composite.

sim_core::facts! { enum BothMessage { Count { inner: Nothing }, Gossip { inner: Rumor } } }
sim_core::facts! { enum BothTimer { Own, Count { inner: CountTimer }, Gossip { inner: Rumor } } }
sim_core::facts! { enum BothRecord { Own { boots: u64 }, Count { inner: Count }, Gossip { inner: Rumor } } }
sim_core::facts! {
    enum BothReport { Boots { n: u64 }, Own { n: u64 }, Count { inner: Count }, Gossip { inner: Rumor } }
}
sim_core::vocabulary! {
    Both { message: BothMessage, timer: BothTimer, record: BothRecord, observation: BothReport }
}

impl Message for BothMessage {
    fn wire_size(&self) -> u32 {
        match self {
            Self::Count { inner } => inner.wire_size(),
            Self::Gossip { inner } => inner.wire_size(),
        }
    }
}

impl Observe for BothReport {}

/// Both parts are embedded in the same way, under their own names.
macro_rules! embed {
    ($part:ident, $name:ident) => {
        impl Embed<$part> for Both {
            fn message(inner: <$part as sim_core::process::Protocol>::Message) -> BothMessage {
                BothMessage::$name { inner }
            }
            fn as_message(message: &BothMessage) -> Option<&<$part as sim_core::process::Protocol>::Message> {
                if let BothMessage::$name { inner } = message { Some(inner) } else { None }
            }
            fn timer(inner: <$part as sim_core::process::Protocol>::Timer) -> BothTimer {
                BothTimer::$name { inner }
            }
            fn into_timer(timer: BothTimer) -> Option<<$part as sim_core::process::Protocol>::Timer> {
                if let BothTimer::$name { inner } = timer { Some(inner) } else { None }
            }
            fn record(inner: <$part as sim_core::process::Protocol>::Record) -> BothRecord {
                BothRecord::$name { inner }
            }
            fn as_record(record: &BothRecord) -> Option<&<$part as sim_core::process::Protocol>::Record> {
                if let BothRecord::$name { inner } = record { Some(inner) } else { None }
            }
            fn response(
                response: <$part as sim_core::process::Protocol>::Response,
            ) -> sim_core::facts::Never {
                response
            }
            fn observation(inner: <$part as sim_core::process::Protocol>::Observation) -> BothReport {
                BothReport::$name { inner }
            }
        }
    };
}

embed!(Counting, Count);
embed!(Gossip, Gossip);

struct Pair {
    boots: u64,
    counter: Part<Counting, Counter>,
    gossiper: Part<Gossip, Gossiper>,
}

impl Pair {
    fn boot(boot: &Boot<'_, Both>) -> Self {
        let (one, two) = (PartPlace { number: 1, journals: 1..2 }, PartPlace { number: 2, journals: 2..3 });
        let counter = one.boot(boot, |boot: Boot<'_, Counting>| Counter::boot(&boot));
        let gossiper = two.boot(boot, |boot: Boot<'_, Gossip>| Gossiper::boot(&boot));
        let boots = boot.journal(LOG).intact().expect("no rot here").count() as u64;
        Self { boots, counter: Part::new(one, counter), gossiper: Part::new(two, gossiper) }
    }
}

impl Process<Both> for Pair {
    fn step(&mut self, input: Input<'_, Both>, cx: &mut Context<'_, Both>) {
        if matches!(input, Input::Start) {
            self.counter.step(Input::Start, cx);
            self.gossiper.step(Input::Start, cx);
            cx.append(LOG, BothRecord::Own { boots: self.boots });
            cx.sync(LOG, SyncId(1));
            cx.hold(SyncId(1));
            cx.observe(BothReport::Boots { n: self.boots });
            cx.set_timer(TICK, Duration::from_millis(25), BothTimer::Own);
            // The part holds on a sync of its own, which ends earlier than that of the composite.
            self.gossiper.step(Input::Link { peer: cx.node(), state: LinkState::Up }, cx);
            return;
        }
        let rest = self.counter.offer(input, cx).or_else(|input| self.gossiper.offer(input, cx));
        match rest {
            Ok(()) | Err(Input::Synced { id: SyncId(1), .. }) => {}
            Err(Input::Timer { id: TICK, timer: BothTimer::Own }) => cx.observe(BothReport::Own { n: 0 }),
            Err(other) => panic!("neither the composite's nor a part's: {other:?}"),
        }
    }
}

type Lines = Rc<RefCell<Vec<(u64, u32, &'static str, u64)>>>;

/// Writes down milliseconds, slot, what and number.
struct Recorder(Lines);

impl Check<Both> for Recorder {
    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Both>, findings: &mut Findings) {
        findings.exercised();
        let (what, n) = match seen.observation {
            BothReport::Boots { n } => ("boots", *n),
            BothReport::Own { n } => ("own", *n),
            BothReport::Count { inner } => ("count", inner.n),
            BothReport::Gossip { inner } => ("gossip", inner.n),
        };
        assert!(
            what != "count" || seen.mark.durable == seen.mark.appended,
            "a count is durable when it is seen"
        );
        let at = ground.now.since(Time::ZERO).as_nanos() / 1_000_000;
        self.0.borrow_mut().push((at, seen.slot.0, what, n));
    }
}

fn run() -> Vec<(u64, u32, &'static str, u64)> {
    let mut setup = Setup::new(5, 2);
    setup.duration = Duration::from_millis(200);
    setup.network.latency = Distribution::Fixed(Duration::from_millis(1));
    setup.disk.sync = Distribution::Fixed(Duration::from_millis(2));
    // In the middle of the counter's eighth sync.
    let plan = serde_json::json!([
        { "at": "50ms", "disk": { "target": "n1", "fault": "lose-tail" } },
        { "at": "81ms", "crash": { "target": "n1", "restart_after": "20ms" } },
    ]);
    setup.faults = FaultPlan::new(serde_json::from_value(plan).expect("a plan"));
    let lines = Lines::default();
    let subject = Subject {
        checks: vec![Judge::new("both/recorder", "writes down what it sees", Recorder(Rc::clone(&lines)))],
        model: FaultModel { crashed: 1, lost_disks: 0, byzantine: 0, outages: false },
        ..Subject::new("both", |boot: Boot<'_, Both>| Pair::boot(&boot))
    };
    let outcome = simulate(&setup, &Launch::default(), subject).expect("a pair");
    assert!(outcome.violations.is_empty(), "{:?}", outcome.violations);
    let lines = lines.borrow().clone();
    lines.into_iter().filter(|(_, slot, ..)| *slot == 0).collect()
}

fn named(lines: &[(u64, u32, &'static str, u64)], name: &str) -> Vec<(u64, u64)> {
    lines.iter().filter(|(_, _, what, _)| *what == name).map(|(at, _, _, n)| (*at, *n)).collect()
}

#[test]
fn each_part_recovers_from_its_own_journal() {
    let lines = run();
    let counts = named(&lines, "count");
    assert!(counts.len() > 10);
    for ((at, n), place) in counts.iter().zip(1..) {
        // The eighth was lost with its sync, and is counted again ten milliseconds after the restart.
        let due = if place < 8 { 10 * place } else { 101 + 10 * (place - 7) };
        assert!(*n == place && (due + 2..due + 9).contains(at), "count {n} at {at} ms");
    }
    assert_eq!(named(&lines, "boots"), [(4, 0), (105, 1)], "the composite's own journal");
    let rumors = named(&lines, "gossip");
    let known = rumors.iter().filter(|(at, n)| *at < 70 && *n < START).map(|(_, n)| *n).max();
    let recovered: Vec<u64> = rumors.iter().filter(|(_, n)| *n >= START).map(|(_, n)| n - START).collect();
    assert_eq!((recovered.len(), recovered[0]), (2, 0));
    assert!(recovered[1] > 1 && recovered[1] >= known.expect("it heard something"), "{recovered:?}");
}

#[test]
fn timers_of_the_parts_and_of_the_composite_do_not_meet() {
    let lines = run();
    assert_eq!(named(&lines, "own"), [(25, 0), (126, 0)]);
    let rumors: Vec<u64> =
        named(&lines, "gossip").into_iter().map(|(_, n)| n).filter(|n| *n < START).collect();
    assert!(rumors.len() > 10 && rumors.is_sorted());
}

#[test]
fn a_hold_of_a_part_does_not_cancel_one_outside() {
    let first = named(&run(), "gossip")[0];
    assert_eq!(first, (4, START), "the part's own sync ended at 2 ms");
}
