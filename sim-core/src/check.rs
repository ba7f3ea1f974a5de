//! Checks: they read observations, messages and the world's own truth, never a process's fields.
//!
//! Every check is O(1) amortised per observation and says whether it needs real time or only order. Its name and what it
//! means stand in one table of its protocol ([`checks!`](crate::checks!)). How often it was exercised is counted with
//! what it finds: a check that was never exercised has proved nothing.

mod by_index;
mod by_slot;
mod evidence;
mod judge;
pub mod neutral;
mod panel;
pub mod script;

pub use by_index::ByIndex;
pub use by_slot::BySlot;
pub use evidence::{Culprit, Evidence, Guilt, Signed};
pub use judge::Judge;
pub(crate) use judge::{Seat, Standing, ask, ask_all};
pub use panel::{Calls, Panel, call, places};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::ground::{Ground, Mark};
use crate::identity::{NodeId, Slot};
use crate::metrics::Metrics;
use crate::process::{JournalId, Protocol, RequestId};
use crate::time::Time;

/// What a run is judged to be, worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Everything that was owed was kept, and something happened.
    Pass,
    /// Nothing is wrong, but too little happened to say so, or a stall has an explanation.
    Inconclusive,
    /// The faults exceeded what the protocol promises to bear.
    Assumption,
    /// A service level was missed.
    Service,
    /// Progress was owed and did not come.
    Liveness,
    /// Something happened that must never happen.
    Safety,
    /// A process panicked.
    Crash,
}

impl Verdict {
    /// Its name, as scenarios and documents write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Inconclusive => "inconclusive",
            Self::Assumption => "assumption",
            Self::Service => "service",
            Self::Liveness => "liveness",
            Self::Safety => "safety",
            Self::Crash => "crash",
        }
    }
}

/// Whether a check needs true time or only the order of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Needs {
    /// Holds in every order of events; applies under every scheduler.
    Order,
    /// Speaks of durations; listed as off under a scheduler without real time.
    RealTime,
}

/// An observation with the world's stamps.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a, P: Protocol> {
    /// Where it was made.
    pub slot: Slot,
    /// By whom.
    pub node: NodeId,
    /// In which incarnation of the slot.
    pub incarnation: u32,
    /// Whether whoever lives there follows the protocol, as far as the world knows.
    pub honest: bool,
    /// The journal that the same step appended to last before it (or journal 0).
    pub journal: JournalId,
    /// How long that journal was, and how much of it was durable, when the observation was made.
    pub mark: Mark,
    /// What was observed.
    pub observation: &'a P::Observation,
}

/// What happens to a slot, told to checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lifecycle {
    /// A process starts here.
    Booted,
    /// The process stopped; records beyond `survived` of each journal are gone.
    Crashed,
    /// The disk is gone too.
    Wiped,
    /// From now on it is a traitor.
    Corrupted,
    /// The first phase is over; progress is owed from now on if this is in the core.
    Healed,
}

/// Judges a run while it happens.
pub trait Check<P: Protocol> {
    /// Whether it needs real time.
    fn needs(&self) -> Needs {
        Needs::Order
    }

    /// Whether others rest on what it keeps, such as the judge of progress. Then it is told of everything although it is
    /// off, and what it finds is left out.
    fn keeps_books(&self) -> bool {
        false
    }

    /// A process reported something.
    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, P>, findings: &mut Findings);

    /// The kinds of observations that [`Check::observe`] makes something of, all if `None`; asked once, at the start. It
    /// is not told of others, which saves most of the cost of having a dozen checks.
    fn hears(&self) -> Option<&'static [&'static str]> {
        None
    }

    /// The kinds of messages that [`Check::sent`] makes something of; asked once, at the start. It is not told of others.
    fn reads(&self) -> &'static [&'static str] {
        &[]
    }

    /// A message was sent, by an honest process or a traitor.
    fn sent(&mut self, _: &Ground, _from: NodeId, _to: NodeId, _: &P::Message, _: &mut Findings) {}

    /// The kinds of messages that [`Check::received`] makes something of; asked once, at the start. It is not told of
    /// others, and of failed syncs only if there are any.
    fn takes(&self) -> &'static [&'static str] {
        &[]
    }

    /// A message is about to be handed to the process in a slot, whose clock [`Ground::monotonic`] shows.
    fn received(&mut self, _: &Ground, _: Slot, _from: NodeId, _: &P::Message, _: &mut Findings) {}

    /// A process is about to hear that a sync of its disk has failed.
    fn sync_failed(&mut self, _: &Ground, _: Slot) {}

    /// Whether [`Check::invoked`] and [`Check::returned`] make something of what clients ask and are told; asked once, at
    /// the start. It is told of neither otherwise.
    fn watches_clients(&self) -> bool {
        false
    }

    /// A request was handed to a client.
    fn invoked(&mut self, _: &Ground, _client: NodeId, _: RequestId, _: &P::Request, _: &mut Findings) {}

    /// A client returned.
    fn returned(&mut self, _: &Ground, _client: NodeId, _: RequestId, _: &P::Response, _: &mut Findings) {}

    /// Something happened to a slot; `ground` already shows it.
    fn lifecycle(&mut self, _: &Ground, _: Slot, _: Lifecycle, _: &mut Findings) {}

    /// A hash of all that decides what it will still find, for exhaustive search; `None` if it does not offer one.
    fn fingerprint(&self) -> Option<u64> {
        None
    }

    /// The run is over.
    fn finish(&mut self, _: &Ground, _: &mut Findings) {}

    /// What it has to show to whoever looks at the run; asked at the end, where the run is drawn.
    fn table(&self, _: &Ground) -> Option<Table> {
        None
    }
}

/// A property that was broken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Which check found it.
    pub check: String,
    /// When, in true time.
    pub at_ns: u64,
    /// What happened, as a sentence with numbers: "two leaders in term 4: n1 and n2". One line: a text of the protocol's
    /// own, as of a panic, is [escaped](crate::text::one_line).
    pub message: String,
    /// The same failure under another seed has the same fingerprint: check and shape, no numbers.
    pub fingerprint: String,
    /// Who was involved.
    pub nodes: Vec<NodeId>,
    /// How bad it is.
    pub verdict: Verdict,
}

/// What checks find and how often they had something to judge. The first few violations of each fingerprint are kept, the
/// rest counted.
#[derive(Clone, Debug)]
pub struct Findings {
    /// When the check whose turn it is began to judge.
    now: Time,
    /// The check that is judging, by its place among all.
    turn: usize,
    /// The first of those that judge together with it.
    first: usize,
    /// Those who judge, in their order.
    roll: Vec<Member>,
    /// How often each had something to judge.
    exercised: Vec<u64>,
    violations: Vec<Violation>,
    /// How often each kind was reported: a check and a shape.
    kinds: Vec<((&'static str, &'static str), u64)>,
    worst: Option<Verdict>,
    omitted: u64,
    /// Whether the latest one was kept.
    kept: bool,
    evidence: Vec<Evidence>,
    measured: Metrics,
}

/// A check among those that judge a run.
#[derive(Clone, Copy, Debug, Default)]
struct Member {
    name: &'static str,
    /// Whether nobody asks for its findings: it is off, and only keeps books.
    unasked: bool,
}

/// How many violations of one kind are kept whole in one run.
const KEPT: u64 = 16;

impl Default for Findings {
    fn default() -> Self {
        Self::of(vec![Member::default()])
    }
}

impl Findings {
    /// Nothing found yet, by a check without a name.
    pub fn new() -> Self {
        Self::default()
    }

    fn of(roll: Vec<Member>) -> Self {
        Self {
            now: Time::ZERO,
            turn: 0,
            first: 0,
            exercised: vec![0; roll.len()],
            roll,
            violations: Vec::new(),
            kinds: Vec::new(),
            worst: None,
            omitted: 0,
            kept: false,
            evidence: Vec::new(),
            measured: Metrics::default(),
        }
    }

    /// The check whose turn it is had something to judge.
    #[inline]
    pub fn exercised(&mut self) {
        self.exercised_by(1);
    }

    /// The check whose turn it is had so many things to judge.
    #[inline]
    pub fn exercised_by(&mut self, times: u64) {
        self.exercised[self.turn] += times;
    }

    /// How often the check whose turn it is had something to judge.
    pub fn times_exercised(&self) -> u64 {
        self.exercised[self.turn]
    }

    fn member(&self) -> Member {
        self.roll[self.turn]
    }

    /// Reports that a safety property was violated. `shape` tells kinds of this violation apart without
    /// any number in it; it is empty where there is only one kind.
    pub fn safety(&mut self, shape: &'static str, nodes: &[NodeId], message: String) {
        self.found(Verdict::Safety, shape, nodes, message);
    }

    /// [`Findings::safety`] with a message that is made where it is needed: a check that is asked often keeps what it says out
    /// of its way.
    #[cold]
    #[inline(never)]
    pub fn accuse(&mut self, shape: &'static str, nodes: &[NodeId], message: impl FnOnce() -> String) {
        self.safety(shape, nodes, message());
    }

    /// Reports that a safety property was broken at an earlier moment, which is known only now to have led to nothing worse.
    pub fn safety_at(&mut self, at: Time, shape: &'static str, nodes: &[NodeId], message: String) {
        self.judged(at, Verdict::Safety, shape, nodes, message);
    }

    /// Reports that the protocol made no progress although it should have.
    pub fn liveness(&mut self, shape: &'static str, nodes: &[NodeId], message: String) {
        self.found(Verdict::Liveness, shape, nodes, message);
    }

    /// Reports any violation that the check whose turn it is has found.
    pub fn found(&mut self, verdict: Verdict, shape: &'static str, nodes: &[NodeId], message: String) {
        self.judged(self.now, verdict, shape, nodes, message);
    }

    fn judged(&mut self, at: Time, verdict: Verdict, shape: &'static str, nodes: &[NodeId], message: String) {
        let Member { name, unasked } = self.member();
        if unasked {
            self.kept = false;
        } else {
            self.report(at, verdict, (name, shape), nodes, message);
        }
    }

    /// Reports any violation, found outside of every check's turn: when, and under which name and shape.
    pub fn report(
        &mut self,
        now: Time,
        verdict: Verdict,
        kind: (&'static str, &'static str),
        nodes: &[NodeId],
        message: String,
    ) {
        self.worst = self.worst.max(Some(verdict));
        let (check, shape) = kind;
        let place = self.kinds.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
            self.kinds.push((kind, 0));
            self.kinds.len() - 1
        });
        self.kinds[place].1 += 1;
        self.kept = self.kinds[place].1 <= KEPT;
        if !self.kept {
            self.omitted += 1;
            return;
        }
        self.violations.push(Violation {
            check: check.to_owned(),
            at_ns: now.as_nanos(),
            message: crate::text::into_one_line(message),
            fingerprint: fingerprint(check, shape),
            nodes: nodes.to_vec(),
            verdict,
        });
    }

    /// Takes in a violation whose check has a name of its own, as a limit that was missed.
    pub(crate) fn take(&mut self, violation: Violation) {
        self.worst = self.worst.max(Some(violation.verdict));
        self.kept = true;
        self.violations.push(violation);
    }

    /// What the violation that was reported last rests on, as sentences: who signed what, what stood where. The first few
    /// of many are kept.
    pub fn because(&mut self, facts: impl IntoIterator<Item = String>) {
        if self.kept {
            self.evidence.push(Evidence::new(self.violations.len() - 1, facts));
        }
    }

    /// As [`Findings::because`], and who is guilty.
    pub fn because_of(&mut self, guilt: Guilt, facts: impl IntoIterator<Item = String>) {
        self.because(facts);
        if self.kept
            && let Some(evidence) = self.evidence.last_mut()
        {
            evidence.guilt = Some(guilt);
        }
    }

    /// Records a quantity that a check measures, under a name: how long something took, in nanoseconds.
    pub fn record(&mut self, name: &'static str, value: u64) {
        if !self.member().unasked {
            let id = self.measured.histogram(name);
            self.measured.record(id, value);
        }
    }

    /// What checks measured.
    pub fn measured(&self) -> &Metrics {
        &self.measured
    }

    /// What violations rest on, where a check said so.
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// What was found, in the order in which it was found.
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }

    /// The worst verdict of all that was found, kept or not.
    pub fn worst(&self) -> Option<Verdict> {
        self.worst
    }

    /// How many more there were.
    pub fn omitted(&self) -> u64 {
        self.omitted
    }

    /// Whether anything was found.
    pub fn any(&self) -> bool {
        !self.violations.is_empty()
    }
}

/// The fingerprint of a check and a shape: sixteen hexadecimal digits.
pub fn fingerprint(check: &str, shape: &str) -> String {
    let mut digest = Digest::new();
    digest.bytes(check.as_bytes());
    digest.bytes(shape.as_bytes());
    format!("{:016x}", digest.short())
}

/// What a check did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// The check's name.
    pub name: String,
    /// Whether it was on; a check that needs real time is off where there is none, and one to which the settings give nothing to judge.
    pub on: bool,
    /// What it needs.
    pub needs: Needs,
    /// How often it had something to judge.
    pub exercised: u64,
}

/// A small table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Column heads.
    pub columns: Vec<String>,
    /// Rows, as long as the heads.
    pub rows: Vec<Vec<String>>,
    /// How many more rows there were.
    #[serde(default)]
    pub omitted: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_of_one_kind_hide_no_other() {
        let mut findings = Findings::new();
        (0..40).for_each(|_| {
            findings.report(Time::ZERO, Verdict::Safety, ("toy/a", ""), &[], "again".to_owned());
        });
        findings.report(Time::ZERO, Verdict::Liveness, ("toy/b", ""), &[], "late".to_owned());
        (0..17).for_each(|_| {
            findings.report(Time::ZERO, Verdict::Crash, ("toy/a", "boot"), &[], "panic".to_owned());
        });
        let kept = |check: &str| findings.violations().iter().filter(|found| found.check == check).count();
        assert_eq!((kept("toy/a"), kept("toy/b"), findings.omitted()), (32, 1, 25));
        assert_eq!(findings.worst(), Some(Verdict::Crash));
        assert_eq!(Findings::new().worst(), None);
    }

    #[test]
    fn evidence_belongs_to_the_violation_before_it() {
        let mut findings = Findings::new();
        findings.report(Time::ZERO, Verdict::Safety, ("toy/a", ""), &[], "first".to_owned());
        findings.report(Time::ZERO, Verdict::Safety, ("toy/b", ""), &[], "second".to_owned());
        findings.because((0..50).map(|fact| fact.to_string()));
        (0..40).for_each(|_| {
            findings.report(Time::ZERO, Verdict::Safety, ("toy/a", ""), &[], "again".to_owned());
        });
        findings.because(["of one that was not kept".to_owned()]);
        let [only] = findings.evidence() else { panic!("{:?}", findings.evidence()) };
        assert_eq!((only.violation, only.facts.len(), only.omitted), (1, 40, 10));
    }

    #[test]
    fn verdicts_compose_by_the_worst() {
        assert_eq!(
            [Verdict::Pass, Verdict::Safety, Verdict::Liveness].into_iter().max(),
            Some(Verdict::Safety)
        );
        assert!(Verdict::Inconclusive > Verdict::Pass);
    }

    #[test]
    fn a_fingerprint_ignores_numbers_and_tells_shapes_apart() {
        let mut findings = Findings::new();
        findings.report(Time::ZERO, Verdict::Safety, ("raft/x", ""), &[NodeId(0)], "term 4".to_owned());
        findings.report(Time::ZERO, Verdict::Safety, ("raft/x", ""), &[NodeId(1)], "term 9".to_owned());
        findings.report(Time::ZERO, Verdict::Safety, ("raft/x", "lost"), &[], "term 9".to_owned());
        let prints: Vec<_> = findings.violations().iter().map(|v| v.fingerprint.clone()).collect();
        assert_eq!(prints[0], prints[1]);
        assert_ne!(prints[0], prints[2]);
    }

    #[test]
    fn a_flood_is_counted_not_kept() {
        let mut findings = Findings::new();
        for _ in 0..100 {
            findings.report(Time::ZERO, Verdict::Safety, ("raft/x", ""), &[], String::new());
        }
        assert_eq!((findings.violations().len(), findings.omitted()), (16, 84));
    }
}
