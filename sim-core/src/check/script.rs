//! Scripts for the tests of checks: what members report, what their disks hold, and what happens to them.

use std::marker::PhantomData;

use crate::check::{Check, Findings, Lifecycle, Seen, fingerprint};
use crate::facts::Facts;
use crate::ground::{Ground, Mark};
use crate::identity::{NodeId, Slot};
use crate::process::{JournalId, Keys, Protocol, Signature};
use crate::time::Time;

/// The signature of a node under a content, in the world of a script.
pub fn signature(node: NodeId, content: u64) -> Signature {
    Keys::default().sign(node, content)
}

/// A small world of members (and one client after them) that does what the test says, watched by one check.
pub struct Script<P, C> {
    /// The check.
    pub check: C,
    /// The world that it sees.
    pub ground: Ground,
    /// What it found.
    pub findings: Findings,
    protocol: PhantomData<P>,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what is said is written where it is said: scripts read as scripts"
)]
impl<P: Protocol, C: Check<P>> Script<P, C> {
    /// So many members, and one client in the slot after them.
    pub fn new(check: C, members: u32) -> Self {
        Self { check, ground: Ground::new(members, 1), findings: Findings::new(), protocol: PhantomData }
    }

    /// A member reports something that it writes nothing for. The check is told if it hears of that kind.
    pub fn see(&mut self, slot: u32, observation: P::Observation) -> &mut Self {
        if self.check.hears().is_some_and(|kinds| !kinds.contains(&observation.kind_name())) {
            return self;
        }
        let place = self.ground.place(Slot(slot));
        let seen = Seen {
            slot: Slot(slot),
            node: place.node,
            incarnation: place.incarnation,
            honest: place.honest,
            journal: JournalId(0),
            mark: place.mark(JournalId(0)),
            observation: &observation,
        };
        self.check.observe(&self.ground, &seen, &mut self.findings);
        self
    }

    /// A member appends a record to its journal and reports what it is about.
    pub fn write(&mut self, slot: u32, observation: P::Observation) -> &mut Self {
        self.mark(slot).appended += 1;
        self.see(slot, observation)
    }

    /// What a member wrote is durable.
    pub fn sync(&mut self, slot: u32) -> &mut Self {
        let mark = self.mark(slot);
        mark.durable = mark.appended;
        self
    }

    /// A member crashes; of what was not durable, so many records survive.
    pub fn crash(&mut self, slot: u32, kept: u64) -> &mut Self {
        let mark = self.mark(slot);
        mark.durable = (mark.durable + kept).min(mark.appended);
        mark.appended = mark.durable;
        let place = &mut self.ground.places[slot as usize];
        place.up = false;
        place.incarnation += 1;
        self.tell(slot, Lifecycle::Crashed)
    }

    /// It is back.
    pub fn boot(&mut self, slot: u32) -> &mut Self {
        self.ground.places[slot as usize].up = true;
        self.tell(slot, Lifecycle::Booted)
    }

    /// A member crashes, loses what was not durable, and is back.
    pub fn restart(&mut self, slot: u32) -> &mut Self {
        self.crash(slot, 0).boot(slot)
    }

    /// A crashed member is back and reports what it found.
    pub fn recover(&mut self, slot: u32, recovered: P::Observation) -> &mut Self {
        self.boot(slot).see(slot, recovered)
    }

    /// A crashed member's disk is gone, and so is its identity.
    pub fn wipe(&mut self, slot: u32) -> &mut Self {
        self.ground.places[slot as usize].marks.clear();
        self.ground.assign(Slot(slot), NodeId(100 + slot));
        self.tell(slot, Lifecycle::Wiped)
    }

    /// It is a traitor from now on.
    pub fn corrupt(&mut self, slot: u32) -> &mut Self {
        self.ground.places[slot as usize].honest = false;
        self.tell(slot, Lifecycle::Corrupted)
    }

    /// The core of the cluster is healed.
    pub fn heal(&mut self, slot: u32) -> &mut Self {
        self.tell(slot, Lifecycle::Healed)
    }

    /// A message is sent.
    pub fn send(&mut self, from: u32, to: u32, message: P::Message) -> &mut Self {
        self.check.sent(&self.ground, NodeId(from), NodeId(to), &message, &mut self.findings);
        self
    }

    /// A message is handed to a member, at this moment of its clock.
    pub fn receive(&mut self, at: Time, from: u32, to: u32, message: P::Message) -> &mut Self {
        self.at(at, to);
        self.check.received(&self.ground, Slot(to), NodeId(from), &message, &mut self.findings);
        self
    }

    /// A member takes a step at this moment, by its clock and in truth.
    pub fn at(&mut self, at: Time, slot: u32) -> &mut Self {
        (self.ground.now, self.ground.stepping, self.ground.monotonic) = (at, Slot(slot), at);
        self
    }

    /// A sync of a member fails.
    pub fn fail_sync(&mut self, slot: u32) -> &mut Self {
        self.check.sync_failed(&self.ground, Slot(slot));
        self
    }

    /// The run is over.
    pub fn finish(&mut self) -> &mut Self {
        self.check.finish(&self.ground, &mut self.findings);
        self
    }

    /// How often it had something to judge so far.
    pub fn exercised(&self) -> u64 {
        self.findings.times_exercised()
    }

    /// How many violations were found so far.
    pub fn violations(&self) -> usize {
        self.findings.violations().len()
    }

    /// Nothing was found.
    #[track_caller]
    pub fn clean(&mut self) -> &mut Self {
        assert_eq!(self.findings.violations(), []);
        self
    }

    /// Exactly one thing was found so far: of this shape, said so.
    #[track_caller]
    pub fn found(&mut self, shape: &str, message: &str) -> &mut Self {
        let [violation] = self.findings.violations() else {
            panic!("one violation expected: {:#?}", self.findings.violations())
        };
        assert_eq!(violation.message, message);
        assert_eq!(violation.fingerprint, fingerprint("", shape), "the shape is {shape:?}");
        self
    }

    fn tell(&mut self, slot: u32, event: Lifecycle) -> &mut Self {
        self.check.lifecycle(&self.ground, Slot(slot), event, &mut self.findings);
        self
    }

    fn mark(&mut self, slot: u32) -> &mut Mark {
        let marks = &mut self.ground.places[slot as usize].marks;
        if marks.is_empty() {
            marks.push(Mark::default());
        }
        &mut marks[0]
    }
}
