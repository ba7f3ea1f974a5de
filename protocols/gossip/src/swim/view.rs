//! What a member holds the others to be: a base that all share, and what differs from it.
//!
//! Everybody that was there at genesis is alive in incarnation 0: that is the base, and takes no memory. So a view costs
//! what happened since, and 100,000 views fit. Two hashes are kept as it changes: of the whole view, for comparing two of
//! them, and of those that are alive, for checks.

use std::sync::Arc;

use sim_core::digest::hash_words;
use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;

use super::table::{Entry, Table};
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
pub(super) const fn packed(status: Status, incarnation: u32) -> u32 {
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
pub(super) const fn status_of(state: u32) -> Status {
    match state & 7 {
        1 => Status::Alive,
        2 => Status::Suspect,
        3 => Status::Dead,
        4 => Status::Left,
        _ => Status::Unknown,
    }
}

#[inline]
pub(super) const fn incarnation_of(state: u32) -> u32 {
    state >> 3
}

/// Whether a status counts as alive.
#[inline]
pub(super) const fn lives(status: Status) -> bool {
    matches!(status, Status::Alive | Status::Suspect)
}

/// What is known about one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) status: Status,
    pub(super) incarnation: u32,
    pub(super) link: u32,
}

impl Known {
    pub(super) const fn state(self) -> u32 {
        packed(self.status, self.incarnation)
    }
}

/// One member's view.
#[derive(Clone, Debug)]
pub(super) struct View {
    base: Arc<Base>,
    /// Whether the base is part of it.
    based: bool,
    differences: Table,
    /// All numbers of members are below this.
    domain: u32,
    alive: u32,
    dead: u32,
    whole: u64,
    living: u64,
}

impl View {
    /// Of somebody who knows all members of genesis, or nobody.
    pub(super) fn new(base: Arc<Base>, based: bool) -> Self {
        let mut view = Self {
            base,
            based: false,
            differences: Table::default(),
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
        for entry in self.differences.sorted().iter().filter(|entry| entry.node.0 < self.base.members) {
            added -= 1;
            whole = whole.wrapping_sub(whole_of(entry.node, alive));
            living = living.wrapping_sub(living_of(entry.node));
        }
        self.based = true;
        self.alive += added;
        self.whole = self.whole.wrapping_add(whole);
        self.living = self.living.wrapping_add(living);
        self.domain = self.domain.max(self.base.members);
    }

    #[inline]
    pub(super) fn get(&self, node: NodeId) -> Known {
        match self.differences.get(node) {
            Some(entry) => Known {
                status: status_of(entry.state),
                incarnation: incarnation_of(entry.state),
                link: entry.link,
            },
            None => {
                let based = self.based && node.0 < self.base.members;
                let status = if based { Status::Alive } else { Status::Unknown };
                Known { status, incarnation: 0, link: 0 }
            }
        }
    }

    /// Changes what is known about a member.
    pub(super) fn set(&mut self, node: NodeId, status: Status, incarnation: u32, link: u32) {
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
        let in_base = self.based && node.0 < self.base.members;
        let as_before = if in_base { packed(Status::Alive, 0) } else { packed(Status::Unknown, 0) };
        if state == as_before {
            self.differences.remove(node);
        } else {
            self.differences.put(Entry { node, state, link });
        }
    }

    /// Points elsewhere, without a change of what is known.
    pub(super) fn relink(&mut self, node: NodeId, link: u32) {
        let known = self.get(node);
        self.differences.put(Entry { node, state: known.state(), link });
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
        base.max(u32::try_from(self.differences.len()).unwrap_or(u32::MAX))
    }

    /// What differs from the base, as updates, by number.
    pub(super) fn listed(&self) -> Vec<Update> {
        let update = |entry: Entry| Update {
            node: entry.node,
            status: status_of(entry.state),
            incarnation: incarnation_of(entry.state),
            from: entry.node,
        };
        self.differences.sorted().into_iter().map(update).collect()
    }

    /// Those of a status among what differs from the base, by number.
    pub(super) fn those(&self, status: Status) -> Vec<NodeId> {
        let all = self.differences.sorted().into_iter();
        all.filter(|entry| status_of(entry.state) == status).map(|entry| entry.node).collect()
    }
}

#[cfg(test)]
mod tests {
    use sim_core::random::mix64;

    use super::*;

    const STATUSES: [Status; 5] =
        [Status::Unknown, Status::Alive, Status::Suspect, Status::Dead, Status::Left];

    /// Counts and hashes from scratch.
    fn recount(view: &View) -> (u32, u32, u64, u64) {
        let all = || (0..view.domain).map(NodeId).map(|node| (node, view.get(node)));
        let count = |of: &dyn Fn(Status) -> bool| all().filter(|(_, known)| of(known.status)).count() as u32;
        let whole = all().fold(0, |sum: u64, (node, known)| sum.wrapping_add(whole_of(node, known.state())));
        let living = all().filter(|(_, known)| lives(known.status));
        let living = living.fold(0, |sum: u64, (node, _)| sum.wrapping_add(living_of(node)));
        (count(&lives), count(&|status| status == Status::Dead), whole, living)
    }

    #[test]
    fn counts_and_hashes_follow_every_change() {
        let base = Arc::new(Base::new(20));
        for based in [false, true] {
            let mut view = View::new(Arc::clone(&base), based);
            for step in 0..2_000_u64 {
                let word = mix64(step);
                let status = STATUSES[(word >> 8) as usize % 5];
                let incarnation = if status == Status::Unknown { 0 } else { (word >> 16) as u32 % 4 };
                view.set(NodeId((word % 30) as u32), status, incarnation, 0);
                if step == 1_000 {
                    view.take_base();
                }
                assert_eq!((view.alive, view.dead, view.whole, view.living), recount(&view), "{step}");
            }
        }
    }

    #[test]
    fn equal_views_have_equal_hashes_however_they_came_about() {
        let base = Arc::new(Base::new(8));
        let (mut warm, mut cold) = (View::new(Arc::clone(&base), true), View::new(Arc::clone(&base), false));
        assert_ne!(warm.whole(), cold.whole());
        cold.set(NodeId(3), Status::Alive, 2, 0);
        cold.take_base();
        warm.set(NodeId(3), Status::Dead, 1, 0);
        assert_ne!(warm.living(), cold.living());
        warm.set(NodeId(3), Status::Alive, 2, 0);
        assert_eq!((warm.whole(), warm.living(), warm.alive()), (cold.whole(), cold.living(), cold.alive()));
        assert_eq!(warm.listed(), cold.listed());
    }

    #[test]
    fn a_calm_cluster_takes_no_memory() {
        let view = View::new(Arc::new(Base::new(100_000)), true);
        assert_eq!((view.alive(), view.listed().len(), view.domain()), (100_000, 0, 100_000));
    }
}
