//! What members told of neighbors and broadcasts, and what they owe each other after the heal.

use std::cell::{Ref, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use seedstorm::sim_core;
use sim_core::ground::{Ground, Place};
use sim_core::identity::{NodeId, Slot};
use sim_core::process::Role;

use crate::vocabulary::{Note, Report};

/// What all members told. One check writes it; the judge of progress and the checks of what is owed read it.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Rc<RefCell<Told>>);

impl Ledger {
    pub(crate) fn read(&self) -> Ref<'_, Told> {
        self.0.borrow()
    }

    pub(crate) fn follow(&self, slot: Slot, report: &Report) {
        self.0.borrow_mut().follow(slot, report);
    }

    /// From now on, only what is broadcast from now on counts.
    pub(crate) fn begin_again(&self) {
        self.0.borrow_mut().heard.clear();
        self.0.borrow_mut().since_heal.clear();
    }
}

/// The same, by slot.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    neighbors: BTreeMap<Slot, BTreeSet<NodeId>>,
    /// Broadcasts since the heal.
    since_heal: BTreeSet<Note>,
    /// Of whom each slot's process has received something that was broadcast since the heal.
    heard: BTreeSet<(Slot, NodeId)>,
}

/// What is not as it must be after the heal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrong {
    /// The first one received nothing that the second one has broadcast since.
    Unheard(Slot, NodeId),
    /// The second one is a neighbor of the first one, which is none of its neighbors.
    OneSided(Slot, NodeId),
}

fn takes_part(place: &Place) -> bool {
    place.runs() && place.honest && place.role == Role::Member
}

impl Told {
    fn follow(&mut self, slot: Slot, report: &Report) {
        match *report {
            Report::Started => {
                self.neighbors.insert(slot, BTreeSet::new());
                self.heard.retain(|(of, _)| *of != slot);
            }
            Report::Up { peer } => {
                self.neighbors.entry(slot).or_default().insert(peer);
            }
            Report::Down { peer } => {
                self.neighbors.entry(slot).or_default().remove(&peer);
            }
            Report::Broadcast { note } => {
                self.since_heal.insert(note);
            }
            Report::Received { note, .. } => {
                if self.since_heal.contains(&note) {
                    self.heard.insert((slot, note.origin));
                }
            }
            Report::Garbled => {}
        }
    }

    /// Whether somebody is a neighbor in the view of a slot's process.
    pub(crate) fn has(&self, slot: Slot, node: NodeId) -> bool {
        self.neighbors.get(&slot).is_some_and(|neighbors| neighbors.contains(&node))
    }

    /// Everything that is not as it must be among the core.
    pub(crate) fn wrong(&self, ground: &Ground, core: &[Slot]) -> BTreeSet<Wrong> {
        let running = || core.iter().copied().filter(|slot| takes_part(ground.place(*slot)));
        let mut wrong = BTreeSet::new();
        for (one, other) in running().flat_map(|one| running().map(move |other| (one, other))) {
            let (me, node) = (ground.place(one).node, ground.place(other).node);
            if one == other {
                continue;
            }
            if !self.heard.contains(&(one, node)) {
                wrong.insert(Wrong::Unheard(one, node));
            }
            if self.has(one, node) && !self.has(other, me) {
                wrong.insert(Wrong::OneSided(one, node));
            }
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_core_must_hear_itself_and_be_neighbors_on_both_sides() {
        let ground = Ground::new(3, 0);
        let core = [Slot(0), Slot(1)];
        let (one, other) = (NodeId(0), NodeId(1));
        let mut told = Told::default();
        let note = |origin| Note { origin, life: 1, number: 1 };
        for (slot, origin) in [(0, one), (1, other)] {
            told.follow(Slot(slot), &Report::Broadcast { note: note(origin) });
        }
        told.follow(Slot(0), &Report::Received { note: note(other), from: NodeId(2) });
        told.follow(Slot(0), &Report::Up { peer: other });
        told.follow(Slot(0), &Report::Up { peer: NodeId(2) });
        let wrong: Vec<Wrong> = told.wrong(&ground, &core).into_iter().collect();
        let expected = [Wrong::Unheard(Slot(1), one), Wrong::OneSided(Slot(0), other)];
        assert_eq!(wrong, expected, "whoever is outside may do as it likes");
        told.follow(Slot(1), &Report::Up { peer: one });
        told.follow(Slot(1), &Report::Received { note: note(one), from: one });
        assert!(told.wrong(&ground, &core).is_empty());
        told.follow(Slot(0), &Report::Down { peer: other });
        assert_eq!(
            told.wrong(&ground, &core).into_iter().collect::<Vec<_>>(),
            [Wrong::OneSided(Slot(1), one)]
        );
    }
}
