//! What members hold each other to be, and what they must hold each other to be after the heal.

use std::cell::{Ref, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use seedstorm::sim_core;
use sim_core::ground::{Ground, Place};
use sim_core::identity::{NodeId, Slot};
use sim_core::process::Role;

use crate::identity::Identity;
use crate::vocabulary::{Held, Report, Status};

/// The views of all members. The check of views writes it; the judge of progress and the checks of what is owed after the heal
/// read it.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Rc<RefCell<Views>>);

impl Ledger {
    pub(crate) fn read(&self) -> Ref<'_, Views> {
        self.0.borrow()
    }

    pub(crate) fn follow(&self, slot: Slot, report: &Report, genesis: &[NodeId]) {
        self.0.borrow_mut().follow(slot, report, genesis);
    }
}

/// What each slot's process holds others to be.
#[derive(Clone, Debug, Default)]
pub(crate) struct Views(BTreeMap<Slot, BTreeMap<NodeId, Held>>);

/// What a member of the core must hold somebody to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owed {
    /// It is in the core and runs.
    Up,
    /// It is down for good, or has left.
    Down,
    /// It is outside, and may come and go.
    Either,
}

/// Whether a place runs a member that has not left.
fn takes_part(place: &Place) -> bool {
    place.runs() && place.honest && place.role == Role::Member && place.status.role != Some("left")
}

fn owed_about(place: &Place, core: bool) -> Owed {
    if core && takes_part(place) {
        Owed::Up
    } else if !place.up || place.status.role == Some("left") {
        Owed::Down
    } else {
        Owed::Either
    }
}

/// What is not as it must be: whose view, about whom, and whether that one is up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wrong {
    pub(crate) viewer: Slot,
    pub(crate) about: NodeId,
    pub(crate) is_up: bool,
}

impl Views {
    /// What a slot's process holds somebody to be, if it ever said.
    pub(crate) fn of(&self, slot: Slot, node: NodeId) -> Option<&Held> {
        self.0.get(&slot)?.get(&node)
    }

    fn follow(&mut self, slot: Slot, report: &Report, genesis: &[NodeId]) {
        let view = self.0.entry(slot).or_default();
        match report {
            Report::Started { id, warm } => {
                view.clear();
                // It says so itself in a moment; nothing is made up in between.
                let others = genesis.iter().filter(|node| **node != id.node && *warm);
                view.extend(others.map(|node| {
                    let id = Identity::started(*node, 1);
                    (*node, Held { id, incarnation: 0, status: Status::Alive })
                }));
            }
            Report::Alive { held } | Report::Suspected { held } | Report::Down { held, .. } => {
                view.insert(held.id.node, *held);
            }
            Report::Forgot { peer } => {
                view.remove(peer);
            }
            Report::Renewed { .. } | Report::Left { .. } | Report::Failed { .. } => {}
        }
    }

    fn holds_up(&self, slot: Slot, node: NodeId) -> bool {
        self.of(slot, node).is_some_and(|held| held.status != Status::Down)
    }

    /// Everything in the views of the core that is not as it must be.
    pub(crate) fn wrong(&self, ground: &Ground, core: &[Slot]) -> BTreeSet<Wrong> {
        let places = ground.slots().filter(|(_, place)| place.is_member());
        let mut owed: BTreeMap<NodeId, Owed> = BTreeMap::new();
        // Whoever is named and has no place any more is gone for good.
        owed.extend(self.0.values().flat_map(|view| view.keys()).map(|node| (*node, Owed::Down)));
        owed.extend(
            places.map(|(slot, place)| (place.node, owed_about(place, core.binary_search(&slot).is_ok()))),
        );
        let mut wrong = BTreeSet::new();
        for viewer in core.iter().copied().filter(|slot| takes_part(ground.place(*slot))) {
            let me = ground.place(viewer).node;
            for (about, owed) in owed.iter().filter(|(node, _)| **node != me) {
                let held = self.holds_up(viewer, *about);
                let is_up = *owed == Owed::Up;
                if *owed != Owed::Either && held != is_up {
                    wrong.insert(Wrong { viewer, about: *about, is_up });
                }
            }
        }
        wrong
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alive(node: u32) -> Report {
        Report::Alive {
            held: Held { id: Identity::started(NodeId(node), 1), incarnation: 0, status: Status::Alive },
        }
    }

    fn down(node: u32) -> Report {
        let held = Held { id: Identity::started(NodeId(node), 1), incarnation: 0, status: Status::Down };
        Report::Down { held, timed_out: false }
    }

    #[test]
    fn the_core_must_hold_itself_up_and_the_dead_down() {
        let mut ground = Ground::new(3, 0);
        ground.places[2].up = false;
        let core = [Slot(0), Slot(1)];
        let mut views = Views::default();
        let about = |views: &Views, ground: &Ground| {
            views
                .wrong(ground, &core)
                .into_iter()
                .map(|wrong| (wrong.viewer.0, wrong.about.0))
                .collect::<Vec<_>>()
        };
        assert_eq!(about(&views, &ground), [(0, 1), (1, 0)], "they know of nobody");
        for (slot, report) in [(0, alive(1)), (0, alive(2)), (1, alive(0)), (1, down(2))] {
            views.follow(Slot(slot), &report, &[]);
        }
        assert_eq!(about(&views, &ground), [(0, 2)], "the dead one is not noticed");
        views.follow(Slot(0), &down(2), &[]);
        assert_eq!(about(&views, &ground), []);
        views.follow(Slot(1), &down(0), &[]);
        assert_eq!(about(&views, &ground), [(1, 0)]);
        ground.places[0].status.role = Some("left");
        assert_eq!(about(&views, &ground), [], "whoever left is owed nothing and held down");
    }

    #[test]
    fn whoever_is_outside_may_come_and_go() {
        let ground = Ground::new(3, 0);
        let mut views = Views::default();
        views.follow(Slot(0), &alive(1), &[]);
        views.follow(Slot(1), &alive(0), &[]);
        assert!(views.wrong(&ground, &[Slot(0), Slot(1)]).is_empty());
    }
}
