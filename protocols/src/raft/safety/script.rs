//! Scripts for the tests of checks: what servers report, what their disks hold, and what happens to them.

use sim_core::check::{Check, Findings, Lifecycle, Seen, fingerprint};
use sim_core::ground::{Ground, Mark};
use sim_core::identity::{NodeId, Slot};
use sim_core::process::JournalId;

use crate::raft::vocabulary::{Raft, RaftMessage, RaftObservation};

/// A small world of servers (and one client after them) that does what the test says, watched by one check.
pub(super) struct Script<C> {
    pub(super) check: C,
    ground: Ground,
    findings: Findings,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "what is said is written where it is said: scripts read as scripts"
)]
impl<C: Check<Raft>> Script<C> {
    /// So many servers, and one client in the slot after them.
    pub(super) fn new(check: C, members: u32) -> Self {
        Self { check, ground: Ground::new(members, 1), findings: Findings::new() }
    }

    /// A server reports something that it writes nothing for.
    pub(super) fn see(&mut self, slot: u32, observation: RaftObservation) -> &mut Self {
        let place = self.ground.place(Slot(slot));
        let seen = Seen {
            slot: Slot(slot),
            node: place.node,
            incarnation: place.incarnation,
            journal: JournalId(0),
            mark: place.mark(JournalId(0)),
            observation: &observation,
        };
        self.check.observe(&self.ground, &seen, &mut self.findings);
        self
    }

    /// A server appends a record to its journal and reports what it is about.
    pub(super) fn write(&mut self, slot: u32, observation: RaftObservation) -> &mut Self {
        self.mark(slot).appended += 1;
        self.see(slot, observation)
    }

    /// What a server wrote is durable.
    pub(super) fn sync(&mut self, slot: u32) -> &mut Self {
        let mark = self.mark(slot);
        mark.durable = mark.appended;
        self
    }

    /// A server crashes; of what was not durable, so many records survive.
    pub(super) fn crash(&mut self, slot: u32, kept: u64) -> &mut Self {
        let mark = self.mark(slot);
        mark.durable = (mark.durable + kept).min(mark.appended);
        mark.appended = mark.durable;
        let place = &mut self.ground.places[slot as usize];
        place.up = false;
        place.incarnation += 1;
        self.tell(slot, Lifecycle::Crashed)
    }

    /// It is back and reports what it found.
    pub(super) fn restart(&mut self, slot: u32, recovered: RaftObservation) -> &mut Self {
        self.ground.places[slot as usize].up = true;
        self.tell(slot, Lifecycle::Booted).see(slot, recovered)
    }

    /// A crashed server's disk is gone, and so is its identity.
    pub(super) fn wipe(&mut self, slot: u32) -> &mut Self {
        self.ground.places[slot as usize].marks.clear();
        self.ground.assign(Slot(slot), NodeId(100 + slot));
        self.tell(slot, Lifecycle::Wiped)
    }

    /// It is a traitor from now on.
    pub(super) fn corrupt(&mut self, slot: u32) -> &mut Self {
        self.ground.places[slot as usize].honest = false;
        self.tell(slot, Lifecycle::Corrupted)
    }

    /// A message is sent.
    pub(super) fn send(&mut self, from: u32, to: u32, message: RaftMessage) -> &mut Self {
        self.check.sent(&self.ground, NodeId(from), NodeId(to), &message, &mut self.findings);
        self
    }

    /// Nothing was found.
    #[track_caller]
    pub(super) fn clean(&mut self) -> &mut Self {
        assert_eq!(self.findings.violations(), []);
        self
    }

    /// Exactly one thing was found so far: of this shape, said so.
    #[track_caller]
    pub(super) fn found(&mut self, shape: &str, message: &str) -> &mut Self {
        let [violation] = self.findings.violations() else {
            panic!("one violation expected: {:#?}", self.findings.violations())
        };
        assert_eq!(violation.message, message);
        assert_eq!(violation.check, self.check.name());
        assert_eq!(violation.fingerprint, fingerprint(self.check.name(), shape), "the shape is {shape:?}");
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

/// It found this much on its disk.
pub(super) fn recovered(term: u64, last_index: u64, hash: u64) -> RaftObservation {
    RaftObservation::Recovered { term, vote: None, last_index, hash }
}

/// It appended an entry.
pub(super) fn appended(index: u64, term: u64, hash: u64) -> RaftObservation {
    RaftObservation::Appended { index, term, hash }
}

/// A leader of a term committed, by counting, up to an entry of its term.
pub(super) fn counted(index: u64, hash: u64, term: u64) -> RaftObservation {
    RaftObservation::Committed { index, hash, entry_term: term, term, counted: true }
}

/// A follower was told of a commit.
pub(super) fn told(index: u64, hash: u64, term: u64) -> RaftObservation {
    RaftObservation::Committed { index, hash, entry_term: term, term, counted: false }
}

/// It won an election.
pub(super) fn leads(term: u64, last_index: u64) -> RaftObservation {
    RaftObservation::BecameLeader { term, last_index }
}
