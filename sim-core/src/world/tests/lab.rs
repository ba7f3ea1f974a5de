//! A vocabulary with one of everything, processes made of closures, and a check that writes down what it sees.

use std::cell::RefCell;
use std::rc::Rc;

use serde_json::Value;

use crate::check::{Check, Findings, Judge, Lifecycle, Seen};
use crate::distribution::Distribution;
use crate::fault::{FaultEntry, FaultPlan};
use crate::ground::{Ground, Mark};
use crate::identity::{NodeId, Slot};
use crate::operation::{Answer, Operation, Reply, Service};
use crate::outcome::Outcome;
use crate::process::{
    Boot, Context, Factory, Input, Lane, Message, Observe, Priority, Process, Signature, Summary,
};
use crate::registry::{FaultModel, Launch};
use crate::runs::simulate;
use crate::setup::Setup;
use crate::subject::Subject;
use crate::time::{Duration, Time};
use crate::trace::TraceRequest;

crate::facts! {
    /// A message of any lane and priority.
    pub(super) struct Say {
        pub(super) n: u64,
        pub(super) stream: bool,
        pub(super) urgency: u8,
        pub(super) proof: Option<Signature>,
    }
}

crate::facts! { pub(super) struct Tick { pub(super) n: u64 } }
crate::facts! { pub(super) struct Ask { pub(super) n: u64 } }
crate::facts! { pub(super) struct Told { pub(super) n: u64 } }
crate::facts! { #[derive(PartialEq)] pub(super) struct Kept { pub(super) n: u64 } }
crate::facts! {
    pub(super) enum Saw {
        Saw { what: &'static str, n: u64 },
        Became { role: &'static str },
    }
}

crate::vocabulary! {
    /// One of everything.
    pub(super) Lab {
        message: Say,
        timer: Tick,
        request: Ask,
        response: Told,
        record: Kept,
        observation: Saw,
    }
}

impl Message for Say {
    fn wire_size(&self) -> u32 {
        1_000
    }
    fn lane(&self) -> Lane {
        if self.stream { Lane::Stream } else { Lane::Datagram }
    }
    fn priority(&self) -> Priority {
        Priority::ALL[usize::from(self.urgency)]
    }
    /// Millions are rounds.
    fn round(&self) -> Option<u64> {
        Some(self.n / 1_000_000).filter(|round| *round > 0)
    }
}

impl Observe for Saw {
    fn summary(&self) -> Summary {
        match self {
            Self::Saw { .. } => Summary::default(),
            Self::Became { role } => Summary { role: Some(role), ..Summary::default() },
        }
    }
}

/// A datagram of normal priority.
pub(super) fn say(n: u64) -> Say {
    Say { n, stream: false, urgency: 1, proof: None }
}

/// A stream message of normal priority.
pub(super) fn flow(n: u64) -> Say {
    Say { stream: true, ..say(n) }
}

pub(super) type In<'a> = Input<'a, Lab>;
pub(super) type Cx<'a> = Context<'a, Lab>;

/// Reports something under a name.
pub(super) fn note(cx: &mut Cx<'_>, what: &'static str, n: u64) {
    cx.observe(Saw::Saw { what, n });
}

type Script = Box<dyn FnMut(In<'_>, &mut Cx<'_>)>;

/// A process that does what its closure does.
pub(super) struct Actor(Script);

impl Process<Lab> for Actor {
    fn step(&mut self, input: In<'_>, cx: &mut Cx<'_>) {
        (self.0)(input, cx);
    }
}

/// An actor of a closure.
pub(super) fn actor(script: impl FnMut(In<'_>, &mut Cx<'_>) + 'static) -> Actor {
    Actor(Box::new(script))
}

/// Notes every message it gets under "heard".
pub(super) fn listener() -> Actor {
    actor(|input, cx| {
        if let Input::Message { message, .. } = input {
            note(cx, "heard", message.n);
        }
    })
}

/// Makes actors with a closure.
pub(super) struct Cast<F>(pub(super) F);

impl<F: FnMut(&Boot<'_, Lab>) -> Actor> Factory<Lab> for Cast<F> {
    type Node = Actor;

    fn boot(&mut self, boot: Boot<'_, Lab>) -> Actor {
        (self.0)(&boot)
    }
}

/// What was observed, where and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) at: Time,
    pub(super) slot: u32,
    pub(super) node: NodeId,
    pub(super) what: &'static str,
    pub(super) n: u64,
    pub(super) journal: u8,
    pub(super) mark: Mark,
}

pub(super) type Notes = Rc<RefCell<Vec<Line>>>;

/// Writes observations down.
pub(super) struct Recorder(pub(super) Notes);

impl Check<Lab> for Recorder {
    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Lab>, findings: &mut Findings) {
        findings.exercised();
        assert_eq!(
            ground.stepping, seen.slot,
            "what a slot says is looked at by its own clock, also if it was held back"
        );
        let (what, n) = match seen.observation {
            Saw::Saw { what, n } => (*what, *n),
            Saw::Became { role } => (*role, 0),
        };
        let (slot, node, journal) = (seen.slot.0, seen.node, seen.journal.0);
        self.0.borrow_mut().push(Line { at: ground.now, slot, node, what, n, journal, mark: seen.mark });
    }
    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        let what = match event {
            Lifecycle::Booted => "booted",
            Lifecycle::Crashed => "crashed",
            Lifecycle::Wiped => "wiped",
            Lifecycle::Corrupted => "corrupted",
            Lifecycle::Healed => "healed",
        };
        let node = ground.place(slot).node;
        let (slot, mark) = (slot.0, Mark::default());
        self.0.borrow_mut().push(Line { at: ground.now, slot, node, what, n: 0, journal: 0, mark });
    }
}

/// Registers, read and written with a number.
pub(super) struct Registers;

impl Service<Lab> for Registers {
    fn encode(&self, operation: &Operation) -> Option<Ask> {
        match operation {
            Operation::Write { value, .. } => Some(Ask { n: *value }),
            Operation::Read { .. } => Some(Ask { n: 0 }),
            _ => None,
        }
    }
    fn decode(&self, operation: &Operation, response: &Told) -> Answer {
        let reply = match operation {
            Operation::Read { .. } => Reply::Value((response.n > 0).then_some(response.n)),
            _ => Reply::Done,
        };
        Answer { reply, position: None }
    }
}

/// A run and what its recorder wrote down.
pub(super) struct Played {
    pub(super) outcome: Outcome,
    pub(super) lines: Vec<Line>,
}

impl Played {
    /// `(milliseconds, slot, number)` of every note of a name.
    pub(super) fn noted(&self, what: &str) -> Vec<(u64, u32, u64)> {
        let named = self.lines.iter().filter(|line| line.what == what);
        named.map(|line| (line.at.as_nanos() / 1_000_000, line.slot, line.n)).collect()
    }

    /// The numbers of every note of a name.
    pub(super) fn numbers(&self, what: &str) -> Vec<u64> {
        self.noted(what).into_iter().map(|(_, _, n)| n).collect()
    }
}

/// The milliseconds and numbers in a list of notes.
pub(super) fn at_and_number(noted: &[(u64, u32, u64)]) -> Vec<(u64, u64)> {
    noted.iter().map(|(at, _, n)| (*at, *n)).collect()
}

/// Ten seconds of so many members, with links of one millisecond.
pub(super) fn setup(members: u32) -> Setup {
    let mut setup = Setup::new(7, members);
    setup.duration = Duration::from_secs(10);
    setup.network.latency = Distribution::Fixed(millis(1));
    setup
}

/// A plan from its written form, with no budget.
pub(super) fn faults(entries: Value) -> FaultPlan {
    let entries: Vec<FaultEntry> = serde_json::from_value(entries).unwrap();
    FaultPlan { over_budget: true, ..FaultPlan::new(entries) }
}

pub(super) const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A subject of actors, with a recorder and registers.
pub(super) fn subject(
    cast: impl FnMut(&Boot<'_, Lab>) -> Actor + 'static,
    notes: &Notes,
) -> Subject<Lab, Actor> {
    Subject {
        checks: vec![Judge::new("lab/recorder", "writes down what it sees", Recorder(Rc::clone(notes)))],
        service: Box::new(Registers),
        model: FaultModel { crashed: 99, lost_disks: 99, byzantine: 99, outages: false },
        ..Subject::new("lab", Cast(cast))
    }
}

/// Runs actors.
pub(super) fn play(setup: &Setup, cast: impl FnMut(&Boot<'_, Lab>) -> Actor + 'static) -> Played {
    play_with(setup, cast, |_| {})
}

/// Runs actors, after a change of the subject.
pub(super) fn play_with(
    setup: &Setup,
    cast: impl FnMut(&Boot<'_, Lab>) -> Actor + 'static,
    change: impl FnOnce(&mut Subject<Lab, Actor>),
) -> Played {
    let notes = Notes::default();
    let mut subject = subject(cast, &notes);
    change(&mut subject);
    let launch = Launch { keep_history: true, ..Launch::default() };
    let outcome = simulate(setup, &launch, subject).unwrap();
    let lines = notes.borrow().clone();
    Played { outcome, lines }
}

/// A launch that records a trace.
pub(super) fn traced() -> Launch {
    Launch { trace: Some(TraceRequest::default()), ..Launch::default() }
}

/// Lets a panic that a test provokes pass without a word on the terminal.
pub(super) fn quietly<T>(run: impl FnOnce() -> T) -> T {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let result = run();
    std::panic::set_hook(hook);
    result
}
