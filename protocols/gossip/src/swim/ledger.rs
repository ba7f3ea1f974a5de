//! What members said that they hold each other to be, as checks see it.
//!
//! The check of incarnations writes it; the judge of progress and the checks of what is owed after the heal read it. They are
//! boxed apart by the world, so that they share it by a counted reference: the only one in this protocol.

use std::cell::{Ref, RefCell};
use std::rc::Rc;

use sim_core::ground::{Ground, Place};
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::process::Role;

use super::view::lives;
use super::vocabulary::{Status, SwimObservation};

/// In clusters of up to so many members all are followed.
const ALL_FOLLOWED: u32 = 16_384;
/// In larger ones about so many.
const FOLLOWED: u32 = 1_024;

/// Of a cluster of so many members one of how many is followed.
pub(super) fn followed_every(members: u32) -> u32 {
    if members <= ALL_FOLLOWED { 1 } else { members / FOLLOWED }
}

/// What one member holds another one to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) status: Status,
    pub(super) incarnation: u32,
}

const UNKNOWN: Held = Held { status: Status::Unknown, incarnation: 0 };

/// The view of one member.
#[derive(Clone, Debug, Default)]
pub(super) struct Belief {
    /// The members of genesis are alive to it, but for what follows.
    genesis: u32,
    differences: OrderedMap<NodeId, Held>,
    /// The hash of its view that it told last.
    pub(super) view: Option<u64>,
}

impl Belief {
    pub(super) fn of(&self, node: NodeId) -> Held {
        let base =
            if node.0 < self.genesis { Held { status: Status::Alive, incarnation: 0 } } else { UNKNOWN };
        self.differences.get(&node).copied().unwrap_or(base)
    }

    pub(super) fn holds(&self, node: NodeId) -> bool {
        lives(self.of(node).status)
    }

    fn put(&mut self, node: NodeId, status: Status, incarnation: u32) {
        self.differences.insert(node, Held { status, incarnation });
    }

    /// Follows what a member said; `genesis` is how many there were at genesis.
    fn follow(&mut self, said: &SwimObservation, genesis: u32) {
        match *said {
            SwimObservation::Started { knows, .. } => {
                *self = Self { genesis: if knows { genesis } else { 0 }, ..Self::default() };
            }
            // Whom it had forgotten before, it takes over with the others.
            SwimObservation::Joined { genesis: true, .. } => {
                self.genesis = genesis;
                self.differences.retain(|node, held| node.0 >= genesis || held.status != Status::Unknown);
            }
            SwimObservation::Alive { peer, incarnation, .. } => self.put(peer, Status::Alive, incarnation),
            SwimObservation::Suspected { peer, incarnation, .. } => {
                self.put(peer, Status::Suspect, incarnation);
            }
            SwimObservation::Died { peer, incarnation, .. } => self.put(peer, Status::Dead, incarnation),
            SwimObservation::Departed { peer, incarnation, .. } => self.put(peer, Status::Left, incarnation),
            SwimObservation::Forgot { peer } => self.put(peer, Status::Unknown, 0),
            _ => {}
        }
        match *said {
            SwimObservation::Joined { view, .. }
            | SwimObservation::Alive { view, .. }
            | SwimObservation::Died { view, .. }
            | SwimObservation::Departed { view, .. } => self.view = Some(view.0),
            _ => {}
        }
    }
}

/// The views of all members that are followed.
#[derive(Clone, Debug, Default)]
pub(super) struct Beliefs {
    members: u32,
    stride: u32,
    slots: Vec<Belief>,
    written: bool,
}

/// What a member of the core must hold another one to be, after the heal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owed {
    /// It is in the core and runs.
    Alive,
    /// It is down and stays so.
    Dead,
    /// It is outside and may come and go, or it leaves.
    Either,
}

/// Whether a place runs an honest member that takes part.
pub(super) fn takes_part(place: &Place) -> bool {
    place.runs()
        && place.honest
        && place.role == Role::Member
        && !matches!(place.status.role, Some("leaving" | "left"))
}

/// What is owed about the identity in a place.
fn owed_about(place: &Place, core: bool) -> Owed {
    match (core && takes_part(place), place.up) {
        (true, _) => Owed::Alive,
        (false, false) => Owed::Dead,
        (false, true) => Owed::Either,
    }
}

impl Beliefs {
    fn new(members: u32) -> Self {
        Self { members, stride: followed_every(members), ..Self::default() }
    }

    /// Whether the member in a slot is followed.
    pub(super) fn follows(&self, slot: Slot) -> bool {
        slot.0.is_multiple_of(self.stride)
    }

    /// Whether the members of the core know of each other, if only through others of the core: two groups that never heard
    /// of each other have no way to meet. Whom a member holds dead it knows, and tries; whom it heard leave, it does not try.
    pub(super) fn connects(&self, ground: &Ground, core: &[Slot]) -> bool {
        let knows = |slot: Slot, other: Slot| {
            let node = ground.place(other).node;
            let never = |belief: &Belief| matches!(belief.of(node).status, Status::Unknown | Status::Left);
            self.of(slot).is_none_or(|belief| !never(belief))
        };
        let mut left: Vec<Slot> =
            core.iter().copied().filter(|slot| takes_part(ground.place(*slot))).collect();
        let mut reached: Vec<Slot> = left.pop().into_iter().collect();
        let mut next = 0;
        while let Some(slot) = reached.get(next).copied() {
            next += 1;
            let apart = |other: &Slot| !knows(slot, *other) && !knows(*other, slot);
            let (far, near): (Vec<Slot>, Vec<Slot>) = left.into_iter().partition(apart);
            reached.extend(near);
            left = far;
        }
        left.is_empty()
    }

    pub(super) fn of(&self, slot: Slot) -> Option<&Belief> {
        self.slots.get(slot.index() / self.stride as usize)
    }

    pub(super) fn follow(&mut self, slot: Slot, said: &SwimObservation) {
        self.written = true;
        let index = slot.index() / self.stride as usize;
        if index >= self.slots.len() {
            self.slots.resize_with(index + 1, Belief::default);
        }
        self.slots[index].follow(said, self.members);
    }

    /// Whether there is anything in it, and of everybody.
    pub(super) fn is_complete(&self) -> bool {
        self.written && self.stride == 1
    }

    /// Pairs of a core member and somebody whom it does not hold to be what is owed; whether that one is alive.
    pub(super) fn wrong(&self, ground: &Ground, core: &[Slot]) -> Vec<(Slot, NodeId, bool)> {
        let owed = self.owed(ground, core);
        let mut wrong = Vec::new();
        let viewers = core.iter().copied().filter(|slot| takes_part(ground.place(*slot)));
        for slot in viewers {
            let me = ground.place(slot).node;
            let Some(belief) = self.of(slot) else { continue };
            for (node, owed) in owed.iter().filter(|(node, _)| **node != me) {
                let right = match owed {
                    Owed::Alive => belief.holds(*node),
                    Owed::Dead => !belief.holds(*node),
                    Owed::Either => true,
                };
                if !right {
                    wrong.push((slot, *node, *owed == Owed::Alive));
                }
            }
        }
        wrong
    }

    /// Whether a member of the core does not hold somebody to be what is owed.
    pub(super) fn is_wrong(&self, ground: &Ground, core: &[Slot], slot: Slot, node: NodeId) -> bool {
        let viewer = ground.place(slot);
        let Some(belief) = self.of(slot).filter(|_| takes_part(viewer) && viewer.node != node) else {
            return false;
        };
        let about = |slot: Slot| owed_about(ground.place(slot), core.binary_search(&slot).is_ok());
        match ground.slot_of(node).map_or(Owed::Dead, about) {
            Owed::Alive => !belief.holds(node),
            Owed::Dead => belief.holds(node),
            Owed::Either => false,
        }
    }

    /// What is owed about each identity that ever was.
    fn owed(&self, ground: &Ground, core: &[Slot]) -> OrderedMap<NodeId, Owed> {
        // An identity whose place was given to somebody else is gone for good.
        let named = self.slots.iter().flat_map(|belief| belief.differences.keys().copied());
        let genesis = (0..self.members).map(NodeId);
        let mut owed: OrderedMap<NodeId, Owed> =
            named.chain(genesis).map(|node| (node, Owed::Dead)).collect();
        for (slot, place) in ground.slots() {
            owed.insert(place.node, owed_about(place, core.binary_search(&slot).is_ok()));
        }
        owed
    }
}

/// The beliefs, shared.
#[derive(Clone, Debug)]
pub struct Ledger(Rc<RefCell<Beliefs>>);

impl Ledger {
    /// Of a cluster that begins with so many members.
    pub fn new(members: u32) -> Self {
        Self(Rc::new(RefCell::new(Beliefs::new(members))))
    }

    pub(super) fn read(&self) -> Ref<'_, Beliefs> {
        self.0.borrow()
    }

    pub(super) fn follow(&self, slot: Slot, said: &SwimObservation) {
        self.0.borrow_mut().follow(slot, said);
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::*;

    #[test]
    fn a_newcomer_takes_over_whom_it_had_forgotten() {
        let ledger = Ledger::new(3);
        let view = ContentHash(0);
        let (peer, other) = (NodeId(2), NodeId(7));
        let died = |peer| SwimObservation::Died { peer, incarnation: 0, from: NodeId(1), members: 1, view };
        ledger.follow(Slot(0), &SwimObservation::Started { incarnation: 0, knows: false });
        for peer in [peer, other] {
            ledger.follow(Slot(0), &died(peer));
            ledger.follow(Slot(0), &SwimObservation::Forgot { peer });
        }
        ledger.follow(Slot(0), &SwimObservation::Joined { peer: NodeId(1), genesis: true, members: 3, view });
        let beliefs = ledger.read();
        let belief = beliefs.of(Slot(0)).unwrap();
        assert_eq!((belief.holds(peer), belief.holds(other)), (true, false));
    }
}
