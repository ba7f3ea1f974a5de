//! What a member holds the others to be: a base that all share, and what differs from it.
//!
//! Everybody that was there at genesis is alive in incarnation 0: that is the base, and takes no memory. So a view costs
//! what happened since, and 100,000 views fit. Two hashes are kept as it changes: of the whole view, for comparing two of
//! them, and of those that are alive, for checks.

use std::hint::black_box;
use std::sync::Arc;

use sim_core::digest::hash_words;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::time::Time;

use super::pages::{Grave, Pages};
use super::rumor::{Rumor, Said};
use super::settings::{Scale, Settings};
use super::subjects::{Subject, Subjects};
use super::vocabulary::{Status, Update};

/// The members of genesis, alive in incarnation 0.
#[derive(Clone, Debug, Default)]
pub(super) struct Base {
    members: u32,
    /// The sums over all of them.
    whole: u64,
    living: u64,
}

impl Base {
    pub(super) fn new(members: u32) -> Self {
        let all = || (0..members).map(NodeId);
        let sum = |of: &dyn Fn(NodeId) -> u64| all().fold(0_u64, |sum, node| sum.wrapping_add(of(node)));
        let alive = packed(Status::Alive, 0);
        Self { members, whole: sum(&|node| whole_of(node, alive)), living: sum(&living_of) }
    }

    pub(super) fn members(&self) -> u32 {
        self.members
    }
}

fn whole_of(node: NodeId, state: u32) -> u64 {
    if status_of(state) == Status::Unknown { 0 } else { hash_words(&[u64::from(node.0), u64::from(state)]) }
}

fn living_of(node: NodeId) -> u64 {
    hash_words(&[u64::from(node.0)])
}

/// Status and incarnation in one word.
#[inline]
const fn packed(status: Status, incarnation: u32) -> u32 {
    incarnation << 3
        | match status {
            Status::Unknown => 0,
            Status::Alive => 1,
            Status::Suspect => 2,
            Status::Dead => 3,
            Status::Left => 4,
        }
}

#[inline]
const fn status_of(state: u32) -> Status {
    match state & 7 {
        1 => Status::Alive,
        2 => Status::Suspect,
        3 => Status::Dead,
        4 => Status::Left,
        _ => Status::Unknown,
    }
}

/// Whether a status counts as alive.
#[inline]
pub(super) const fn lives(status: Status) -> bool {
    matches!(status, Status::Alive | Status::Suspect)
}

/// So many updates are looked at together.
pub(super) const TOGETHER: usize = 32;

/// Deaths are dated in units of 2^24 ns, about 17 ms.
const TICK: u32 = 24;

/// A moment as it is kept beside a death.
fn ticks(time: Time) -> u32 {
    u32::try_from(time.as_nanos() >> TICK).unwrap_or(u32::MAX)
}

/// What is known about one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) status: Status,
    pub(super) incarnation: u32,
    /// Where more is kept, if there may be more.
    subject: Option<Subject>,
}

impl Known {
    const fn state(self) -> u32 {
        packed(self.status, self.incarnation)
    }
}

/// One member's view.
#[derive(Clone, Debug)]
pub(super) struct View {
    base: Arc<Base>,
    /// Whether the base is part of it.
    based: bool,
    subjects: Subjects,
    pages: Pages,
    /// The size that the latest suspicion began with, and what is kept of it.
    size: (u32, Scale),
    /// All numbers of members are below this.
    domain: u32,
    alive: u32,
    dead: u32,
    whole: u64,
    living: u64,
}

impl View {
    /// Of somebody who knows all members of genesis, or nobody.
    pub(super) fn new(base: Arc<Base>, subjects: Subjects, based: bool) -> Self {
        let mut view = Self {
            base,
            based: false,
            subjects,
            pages: Pages::default(),
            size: (0, Scale::of(0)),
            domain: 0,
            alive: 0,
            dead: 0,
            whole: 0,
            living: 0,
        };
        if based {
            view.take_base();
        }
        view
    }

    /// The base becomes part of it; what is known already stays.
    pub(super) fn take_base(&mut self) {
        if self.based {
            return;
        }
        let alive = packed(Status::Alive, 0);
        let (mut added, mut whole, mut living) = (self.base.members, self.base.whole, self.base.living);
        for node in self.pages.all().map(|subject| self.subjects.node(subject)) {
            if node.0 < self.base.members {
                added -= 1;
                whole = whole.wrapping_sub(whole_of(node, alive));
                living = living.wrapping_sub(living_of(node));
            }
        }
        self.based = true;
        self.alive += added;
        self.whole = self.whole.wrapping_add(whole);
        self.living = self.living.wrapping_add(living);
        self.domain = self.domain.max(self.base.members);
    }

    /// The status of somebody about whom nothing is kept.
    #[inline]
    fn before(&self, node: NodeId) -> Status {
        if self.based && node.0 < self.base.members { Status::Alive } else { Status::Unknown }
    }

    /// What is held of a subject.
    #[inline]
    fn held(&self, subject: Subject, node: NodeId) -> (Status, u32) {
        match self.pages.said(subject).status() {
            Some(status) => (status, self.pages.incarnation(subject)),
            None => (self.before(node), 0),
        }
    }

    #[inline]
    pub(super) fn get(&self, node: NodeId) -> Known {
        let subject = self.subjects.find(node);
        let held = subject.map_or_else(|| (self.before(node), 0), |subject| self.held(subject, node));
        Known { status: held.0, incarnation: held.1, subject }
    }

    /// Reads what updates are about before any of them is acted on. A member is cold when a message comes, and this way it is
    /// waited for once for all of them, and not for one after the other.
    #[inline]
    pub(super) fn warm(&self, news: &[Update]) -> [Option<Subject>; TOGETHER] {
        let mut subjects = [None; TOGETHER];
        let mut read = 0;
        for (subject, update) in subjects.iter_mut().zip(news) {
            *subject = self.subjects.find(update.node);
            read ^= subject.map_or(0, |subject| self.pages.said(subject).bits());
        }
        black_box(read);
        let mut read = 0;
        for (subject, update) in subjects.iter().zip(news) {
            if let Some(subject) = subject.filter(|_| !self.is_old(*subject, update)) {
                read ^= self.pages.touch(subject);
            }
        }
        black_box(read);
        subjects
    }

    /// Reads what rumors are, for the same reason.
    #[inline]
    pub(super) fn warm_rumors(&self, rumors: &[Rumor]) {
        let read = rumors.iter().map(|rumor| self.pages.touch(rumor.subject()));
        black_box(read.fold(0, |all, read| all ^ read));
    }

    /// Whether an update changes nothing for sure, as nearly all do that come. Without any bug, that is: some make old news
    /// news.
    #[inline]
    pub(super) fn is_old(&self, subject: Option<Subject>, update: &Update) -> bool {
        let Some(subject) = subject else { return false };
        let said = self.pages.said(subject);
        match (update.status, said.status()) {
            (Status::Dead | Status::Left | Status::Suspect, Some(Status::Dead | Status::Left)) => true,
            (Status::Suspect, Some(Status::Suspect)) => {
                said.is_full() && update.incarnation <= self.pages.incarnation(subject)
            }
            _ => false,
        }
    }

    /// A member is alive, or nothing is known about it.
    pub(super) fn set(&mut self, node: NodeId, status: Status, incarnation: u32) {
        debug_assert!(
            matches!(status, Status::Alive | Status::Unknown),
            "{node} is not {status:?} for no reason"
        );
        let subject = self.write(node, status, incarnation);
        self.pages.clear(subject);
    }

    /// A suspicion begins.
    pub(super) fn suspect(
        &mut self,
        node: NodeId,
        incarnation: u32,
        from: NodeId,
        now: Time,
        settings: &Settings,
    ) {
        if self.size.0 != self.alive {
            self.size = (self.alive, Scale::of(self.alive));
        }
        let size = self.size;
        let subject = self.write(node, Status::Suspect, incarnation);
        let begun = self.pages.suspect(subject, from, now, size, settings);
        self.pages.put(subject, Said::suspect(incarnation, begun.accused, begun.full), incarnation);
    }

    /// Somebody else says so, too, maybe of a later incarnation; whether that is news.
    pub(super) fn confirm(&mut self, known: Known, update: &Update, now: Time, settings: &Settings) -> bool {
        let Some(subject) = known.subject else { return false };
        let incarnation = known.incarnation.max(update.incarnation);
        if incarnation > known.incarnation {
            let said = self.pages.said(subject);
            self.write(update.node, Status::Suspect, incarnation);
            self.pages.put(subject, said.in_incarnation(incarnation), incarnation);
        }
        let Some(confirmed) = self.pages.confirm(subject, update.from, now, settings) else {
            let later = incarnation > known.incarnation;
            if later {
                self.pages.name_latest(subject, update.from);
            }
            return later;
        };
        let said = Said::suspect(incarnation, confirmed.accused, confirmed.full);
        self.pages.put(subject, said, incarnation);
        true
    }

    /// A member is dead, or has left.
    pub(super) fn bury(&mut self, update: &Update, now: Time) {
        let subject = self.write(update.node, update.status, update.incarnation);
        self.pages.clear(subject);
        self.pages.bury(subject, Grave { at: ticks(now), from: update.from });
    }

    /// Changes what is held of a member, counts and hashes.
    fn write(&mut self, node: NodeId, status: Status, incarnation: u32) -> Subject {
        let old = self.get(node);
        let state = packed(status, incarnation);
        self.alive = self.alive + u32::from(lives(status)) - u32::from(lives(old.status));
        self.dead = self.dead + u32::from(status == Status::Dead) - u32::from(old.status == Status::Dead);
        if old.state() != state {
            let change = whole_of(node, state).wrapping_sub(whole_of(node, old.state()));
            self.whole = self.whole.wrapping_add(change);
        }
        if lives(status) != lives(old.status) {
            let of = living_of(node);
            let change = if lives(status) { of } else { of.wrapping_neg() };
            self.living = self.living.wrapping_add(change);
        }
        self.domain = self.domain.max(node.0 + 1);
        let subject = old.subject.unwrap_or_else(|| self.subjects.number(node));
        let as_before = status == self.before(node) && incarnation == 0;
        let said = if as_before { Said::AS_BEFORE } else { Said::new(status, incarnation) };
        self.pages.put(subject, said, incarnation);
        subject
    }

    /// Who accused a member last, if it is a suspect.
    pub(super) fn latest_accuser(&self, known: Known) -> Option<NodeId> {
        self.pages.latest_accuser(known.subject?)
    }

    /// When a member died or left, to about 17 ms; the beginning of time if that is not kept.
    pub(super) fn died_at(&self, known: Known) -> Time {
        let grave = known.subject.and_then(|subject| self.pages.grave(subject));
        Time::from_nanos(grave.map_or(0, |grave| u64::from(grave.at)) << TICK)
    }

    /// No suspicion is due before this.
    #[inline]
    pub(super) fn earliest(&self) -> Time {
        self.pages.earliest()
    }

    /// The suspect that is due first, of several the one with the lowest number; and when.
    pub(super) fn next_due(&self) -> Option<(Time, NodeId)> {
        let first = self.pages.first_due(|subject| self.subjects.node(subject))?;
        Some((self.pages.earliest(), self.subjects.node(first)))
    }

    /// Plant of the tests: suspicions that are due never become deaths.
    pub(super) fn forget_deadlines(&mut self, now: Time) {
        self.pages.forget_deadlines(now);
    }

    /// What is held of a member, to be told.
    pub(super) fn rumor(&self, node: NodeId) -> Rumor {
        let subject = self.subjects.number(node);
        Rumor::new(subject, self.pages.said(subject), self.pages.incarnation(subject))
    }

    /// Whether a rumor is what is held still. It does not say by whom, for which other memory would have to be read.
    #[inline]
    pub(super) fn is_held(&self, rumor: Rumor) -> bool {
        let subject = rumor.subject();
        self.pages.said(subject) == rumor.said() && self.pages.incarnation(subject) == rumor.incarnation()
    }

    /// The update that a rumor is, if that is what is held still.
    #[inline]
    pub(super) fn told(&self, rumor: Rumor) -> Option<Update> {
        if !self.is_held(rumor) {
            return None;
        }
        let subject = rumor.subject();
        let node = self.subjects.node(subject);
        let (status, incarnation) = self.held(subject, node);
        let from = match status {
            Status::Unknown => return None,
            Status::Alive => node,
            Status::Suspect => self.pages.latest_accuser(subject)?,
            Status::Dead | Status::Left => self.pages.grave(subject)?.from,
        };
        Some(Update { node, status, incarnation, from })
    }

    /// Whether the base is part of it.
    pub(super) fn is_based(&self) -> bool {
        self.based
    }

    /// The numbers of members are below this.
    #[inline]
    pub(super) fn domain(&self) -> u32 {
        self.domain
    }

    /// How many are held alive, oneself included.
    #[inline]
    pub(super) fn alive(&self) -> u32 {
        self.alive
    }

    /// How many are held dead.
    pub(super) fn dead(&self) -> u32 {
        self.dead
    }

    /// The hash of all of it.
    pub(super) fn whole(&self) -> ContentHash {
        ContentHash(self.whole)
    }

    /// The hash of those that are alive.
    pub(super) fn living(&self) -> ContentHash {
        ContentHash(self.living)
    }

    /// How many members it has an opinion about.
    pub(super) fn members(&self) -> u32 {
        let base = if self.based { self.base.members } else { 0 };
        base.max(self.pages.len())
    }

    /// What differs from the base, as updates, by number.
    pub(super) fn listed(&self) -> Vec<Update> {
        let update = |subject| {
            let node = self.subjects.node(subject);
            let (status, incarnation) = self.held(subject, node);
            Update { node, status, incarnation, from: node }
        };
        let mut all: Vec<Update> = self.pages.all().map(update).collect();
        all.sort_unstable_by_key(|update| update.node);
        all
    }

    /// Those of a status among what differs from the base, by number.
    pub(super) fn those(&self, status: Status) -> Vec<NodeId> {
        let of_status = |subject: &Subject| self.pages.said(*subject).status() == Some(status);
        let mut all: Vec<NodeId> =
            self.pages.all().filter(of_status).map(|subject| self.subjects.node(subject)).collect();
        all.sort_unstable();
        all
    }
}

#[cfg(test)]
mod tests;
