//! A lock with leases and fencing tokens (Gray and Cheriton, "Leases", SOSP 1989), in every order of its events.
//!
//! The server waits a margin beyond the lease before it grants the lock again. If clocks can be apart by less than the
//! margin, no two leases live at once; whatever clocks do, fencing keeps the holder of an old lease from writing.

use sim_core::check::{Check, Findings, Judge, Seen};
use sim_core::digest::hash_words;
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::outcome::Outcome;
use sim_core::process::{Boot, Context, Input, Message, Observe, Process, TimerId};
use sim_core::registry::Launch;
use sim_core::setup::Setup;
use sim_core::simulate::{
    Bounds, EveryOrder, Schedules, Subject, by_priorities, every_order, simulate_choices,
};
use sim_core::time::{Duration, Time};

sim_core::facts! {
    enum LockMessage {
        Acquire,
        Granted { token: u64 },
        Free,
        Write { token: u64 },
    }
}
sim_core::facts! { enum LockTimer { LeaseOver { token: u64 } } }
sim_core::facts! {
    enum LockReport {
        Acquired { token: u64 },
        Expired { token: u64 },
        Accepted { token: u64 },
    }
}
sim_core::vocabulary! { Lock { message: LockMessage, timer: LockTimer, observation: LockReport } }

impl Message for LockMessage {
    fn wire_size(&self) -> u32 {
        64
    }
}

impl Observe for LockReport {}

const SERVER: NodeId = NodeId(0);
const LEASE: Duration = Duration::from_millis(10);
const MARGIN: Duration = Duration::from_millis(5);
const OVER: TimerId = TimerId(0);

/// Grants the lock to whoever asks while it is free, calls those that asked in vain, and keeps what it protects.
struct Server {
    fencing: bool,
    token: u64,
    held: bool,
    waiting: Vec<NodeId>,
    highest_written: u64,
}

impl Server {
    fn asked(&mut self, client: NodeId, cx: &mut Context<'_, Lock>) {
        if self.held {
            self.waiting.push(client);
            return;
        }
        self.held = true;
        self.token += 1;
        cx.send(client, LockMessage::Granted { token: self.token });
        cx.set_timer(OVER, LEASE + MARGIN, LockTimer::LeaseOver { token: self.token });
    }

    fn write(&mut self, token: u64, cx: &mut Context<'_, Lock>) {
        if token >= self.highest_written || !self.fencing {
            self.highest_written = token;
            cx.observe(LockReport::Accepted { token });
        }
    }
}

impl Process<Lock> for Server {
    fn step(&mut self, input: Input<'_, Lock>, cx: &mut Context<'_, Lock>) {
        match input {
            Input::Message { from, message: LockMessage::Acquire } => self.asked(from, cx),
            Input::Message { message: LockMessage::Write { token }, .. } => self.write(*token, cx),
            Input::Timer { .. } => {
                self.held = false;
                cx.send_all(self.waiting.drain(..), LockMessage::Free);
            }
            _ => {}
        }
    }
    fn fingerprint(&self) -> Option<u64> {
        let waiting = self.waiting.iter().fold(0, |sum, node| sum * 31 + u64::from(node.0) + 1);
        Some(hash_words(&[self.token, u64::from(self.held), waiting, self.highest_written]))
    }
}

/// Asks for the lock until it has had it once, and writes while it believes that it holds it.
struct Client {
    asked: Time,
}

impl Process<Lock> for Client {
    fn step(&mut self, input: Input<'_, Lock>, cx: &mut Context<'_, Lock>) {
        match input {
            Input::Start | Input::Message { message: LockMessage::Free, .. } => {
                self.asked = cx.now();
                cx.send(SERVER, LockMessage::Acquire);
            }
            Input::Message { message: LockMessage::Granted { token }, .. } => {
                // The lease runs from before the server granted it: the client's own moment of asking.
                let left = (self.asked + LEASE).since(cx.now());
                if !left.is_zero() {
                    cx.observe(LockReport::Acquired { token: *token });
                    cx.set_timer(OVER, left, LockTimer::LeaseOver { token: *token });
                    cx.send(SERVER, LockMessage::Write { token: *token });
                }
            }
            Input::Timer { timer: LockTimer::LeaseOver { token }, .. } => {
                cx.observe(LockReport::Expired { token });
            }
            _ => {}
        }
    }
    fn fingerprint(&self) -> Option<u64> {
        Some(self.asked.as_nanos())
    }
}

/// No two leases live at once.
#[derive(Default)]
struct OneLease {
    live: Vec<NodeId>,
}

impl Check<Lock> for OneLease {
    fn fingerprint(&self) -> Option<u64> {
        Some(self.live.iter().fold(0, |sum, node| sum * 31 + u64::from(node.0) + 1))
    }
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Lock>, findings: &mut Findings) {
        match seen.observation {
            LockReport::Acquired { .. } => self.live.push(seen.node),
            LockReport::Expired { .. } => self.live.retain(|node| *node != seen.node),
            LockReport::Accepted { .. } => {}
        }
        findings.exercised();
        if let [one, other] = self.live[..] {
            findings.safety("", &self.live, format!("two live leases: {one} and {other}"));
        }
    }
}

/// What is written was written under ever newer leases.
#[derive(Default)]
struct Fenced {
    highest: u64,
}

impl Check<Lock> for Fenced {
    fn fingerprint(&self) -> Option<u64> {
        Some(self.highest)
    }
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Lock>, findings: &mut Findings) {
        if let LockReport::Accepted { token } = seen.observation {
            findings.exercised();
            if *token < self.highest {
                let message = format!("a write under lease {token} after one under {}", self.highest);
                findings.safety("", &[seen.node], message);
            }
            self.highest = self.highest.max(*token);
        }
    }
}

fn process(boot: &Boot<'_, Lock>, fencing: bool) -> Box<dyn Process<Lock>> {
    if boot.node == SERVER {
        let waiting = Vec::new();
        return Box::new(Server { fencing, token: 0, held: false, waiting, highest_written: 0 });
    }
    Box::new(Client { asked: Time::ZERO })
}

fn subject(fencing: bool) -> Subject<Lock, impl sim_core::process::Process<Lock>> {
    Subject {
        checks: vec![
            Judge::new("lock/one-lease", "no two leases live at once", OneLease::default()),
            Judge::new("lock/fenced", "writes are made under ever newer leases", Fenced::default()),
        ],
        ..Subject::new("lease-lock", move |boot: Boot<'_, Lock>| process(&boot, fencing))
    }
}

/// A server and two clients, with some checks off.
fn setup(off: &[&str]) -> Setup {
    let mut setup = Setup::new(1, 3);
    setup.checks_off = off.iter().map(|name| (*name).to_owned()).collect();
    setup
}

const DEPTH: usize = 16;

fn search(setup: &Setup, drift: Duration, fencing: bool) -> EveryOrder {
    let bounds = Bounds { depth: DEPTH, drift, runs: 1_000_000, prune: false };
    every_order(setup, &Launch::default(), bounds, || subject(fencing)).expect("a lock of three")
}

fn replayed(setup: &Setup, drift: Duration, fencing: bool, choices: &[u32]) -> Outcome {
    let run = simulate_choices(setup, &Launch::default(), subject(fencing), choices, drift);
    run.expect("a lock of three").0
}

/// Checks that the search failed as expected, and that its choices do the same again.
fn fails(setup: &Setup, drift: Duration, fencing: bool, check: &str) -> String {
    let (choices, outcome) = search(setup, drift, fencing).failing.expect("some order breaks it");
    let again = replayed(setup, drift, fencing, &choices);
    assert_eq!((&again.violations, again.digest), (&outcome.violations, outcome.digest));
    assert_eq!(outcome.violations[0].check, check);
    outcome.violations[0].message.clone()
}

const LARGE: Duration = Duration::from_millis(20);

#[test]
fn with_clocks_closer_than_the_margin_no_order_breaks_the_lock() {
    let drift = MARGIN - Duration::from_nanos(1_000_000);
    let result = search(&setup(&[]), drift, true);
    assert!(result.complete && result.failing.is_none(), "{result:?}");
    assert!(result.runs > 100, "only {} orders", result.runs);
    // Not vacuous: in the first order both clients get the lock, one after the other.
    let first = replayed(&setup(&[]), drift, true, &[0; DEPTH]);
    assert_eq!(first.activity["observed.Acquired"], 2);
    assert_eq!(first.activity["observed.Accepted"], 2);
}

#[test]
fn with_clocks_further_apart_two_leases_live_at_once() {
    let message = fails(&setup(&[]), LARGE, true, "lock/one-lease");
    assert!(message == "two live leases: n2 and n3" || message == "two live leases: n3 and n2", "{message}");
}

#[test]
fn fencing_protects_what_the_lock_does_not() {
    let off = setup(&["lock/one-lease"]);
    let fenced = search(&off, LARGE, true);
    assert!(fenced.complete && fenced.failing.is_none());
    let message = fails(&off, LARGE, false, "lock/fenced");
    assert_eq!(message, "a write under lease 1 after one under 2");
}

/// A server and so many clients, judged by fencing alone.
fn crowd(clients: u32) -> Setup {
    Setup { members: 1 + clients, ..setup(&["lock/one-lease"]) }
}

#[test]
fn states_that_were_seen_are_not_searched_again() {
    for (drift, fencing, off) in
        [(MARGIN, true, setup(&[])), (LARGE, true, crowd(2)), (LARGE, false, crowd(2))]
    {
        let bounds = |prune| Bounds { depth: DEPTH, drift, runs: 1_000_000, prune };
        let search =
            |prune| every_order(&off, &Launch::default(), bounds(prune), || subject(fencing)).unwrap();
        let (all, pruned) = (search(false), search(true));
        assert_eq!(all.complete, pruned.complete);
        assert!(pruned.runs < all.runs && pruned.pruned > 0, "{} of {} runs", pruned.runs, all.runs);
        let found =
            |search: EveryOrder| search.failing.map(|(_, outcome)| outcome.violations[0].message.clone());
        assert_eq!(found(all), found(pruned));
    }
}

#[test]
fn priorities_find_what_an_exhaustive_search_does_not_come_to() {
    let (crowd, launch) = (Setup { members: 6, ..setup(&[]) }, Launch::default());
    let bounds = Bounds { depth: 60, drift: LARGE, runs: 2_000, prune: true };
    let exhaustive = every_order(&crowd, &launch, bounds, || subject(true)).unwrap();
    assert!(exhaustive.failing.is_none() && !exhaustive.complete);
    let search = |seed| {
        let schedules = Schedules { depth: 60, drift: LARGE, runs: 100, orderings: 2, seed };
        by_priorities(&crowd, &launch, schedules, || subject(true)).unwrap()
    };
    for seed in 0..10 {
        let found = search(seed);
        let (choices, outcome) = found.failing.expect("a bug of few orderings");
        assert_eq!(outcome.violations[0].check, "lock/one-lease");
        assert_eq!(replayed(&crowd, LARGE, true, &choices).digest, outcome.digest);
        let again = search(seed);
        assert_eq!((found.runs, Some(choices)), (again.runs, again.failing.map(|(choices, _)| choices)));
    }
}
