//! A toy world for tests: it executes actions on ground truth and insists that each of them makes sense.

use super::action::{Action, ClockChange, CutId, Degradation, DegradeId, DiskFault, Reach};
use super::driver::FaultDriver;
use super::plan::FaultPlan;
use crate::fault::FaultModel;
use crate::ground::{Ground, Place};
use crate::identity::{NodeId, Slot};
use crate::ordered::{OrderedMap, OrderedSet};
use crate::process::{JournalId, Role};
use crate::time::Time;

/// Ground truth, and what is in force.
pub(super) struct Toy {
    pub(super) ground: Ground,
    pub(super) cuts: OrderedMap<CutId, Reach>,
    pub(super) degraded: OrderedMap<DegradeId, Degradation>,
    pub(super) slow: OrderedSet<Slot>,
    pub(super) disks: OrderedMap<Slot, DiskFault>,
    pub(super) clocks: OrderedMap<Slot, ClockChange>,
    pub(super) left: OrderedSet<Slot>,
    pub(super) diverted: OrderedSet<u32>,
    pub(super) rounds: OrderedSet<u32>,
    /// Everything done, with its time.
    pub(super) done: Vec<(Time, Action)>,
}

impl Toy {
    pub(super) fn new(members: u32, clients: u32) -> Self {
        Self {
            ground: Ground::new(members, clients),
            cuts: OrderedMap::new(),
            degraded: OrderedMap::new(),
            slow: OrderedSet::new(),
            disks: OrderedMap::new(),
            clocks: OrderedMap::new(),
            left: OrderedSet::new(),
            diverted: OrderedSet::new(),
            rounds: OrderedSet::new(),
            done: Vec::new(),
        }
    }

    /// Executes actions, panicking at the first that makes no sense.
    pub(super) fn execute(&mut self, actions: &mut Vec<Action>) {
        for action in actions.drain(..) {
            self.done.push((self.ground.now, action.clone()));
            self.one(action);
        }
    }

    fn place(&mut self, slot: Slot) -> &mut Place {
        assert!(!self.left.contains(&slot), "{slot} left");
        &mut self.ground.places[slot.index()]
    }

    fn one(&mut self, action: Action) {
        match action {
            Action::Cut { id, reach } => assert!(self.cuts.insert(id, reach).is_none(), "{id:?} is in force"),
            Action::Mend(id) => assert!(self.cuts.remove(&id).is_some(), "{id:?} is not in force"),
            Action::Degrade { id, how } => {
                assert!(self.degraded.insert(id, how).is_none(), "{id:?} is in force");
            }
            Action::Restore(id) => assert!(self.degraded.remove(&id).is_some(), "{id:?} is not in force"),
            Action::Crash(slot) | Action::Wipe(slot) => {
                assert!(self.place(slot).up && !self.place(slot).paused, "{slot} does not run");
                self.place(slot).up = false;
            }
            Action::Install { slot, .. } => assert!(self.place(slot).up, "{slot} is down"),
            Action::Restart(slot) => {
                assert!(!self.place(slot).up, "{slot} is up");
                self.place(slot).up = true;
            }
            Action::Join => {
                let node = NodeId(u32::try_from(self.ground.places.len()).unwrap());
                self.ground.places.push(Place::new(node, Role::Member));
            }
            Action::Leave(slot) => {
                assert!(self.place(slot).up, "{slot} is down");
                self.place(slot).up = false;
                self.left.insert(slot);
            }
            Action::Pause(slot) => {
                assert!(self.place(slot).runs(), "{slot} does not run");
                self.place(slot).paused = true;
            }
            Action::Resume(slot) => {
                assert!(self.place(slot).paused, "{slot} is not paused");
                self.place(slot).paused = false;
            }
            Action::Slow { slot, percent, .. } => {
                self.place(slot);
                let changed = if percent == 100 { self.slow.remove(&slot) } else { self.slow.insert(slot) };
                assert!(changed, "{slot} is so already");
            }
            Action::Disk { slot, fault } => self.disk(slot, fault),
            Action::Clock { slot, change } => self.clock(slot, change),
            Action::Round { number, .. } => {
                assert!(self.rounds.insert(number), "round {number} has begun already");
            }
            Action::EndRound(number) => assert!(self.rounds.remove(&number), "round {number} has not begun"),
            Action::Divert(diversion) => assert!(self.diverted.insert(diversion.id), "{diversion:?}"),
            Action::Straighten(id) => assert!(self.diverted.remove(&id), "{id} is not in force"),
            Action::Corrupt(slot) | Action::Twin { slot, .. } => {
                assert!(self.place(slot).honest, "{slot} is a traitor");
                self.place(slot).honest = false;
            }
        }
    }

    fn disk(&mut self, slot: Slot, fault: DiskFault) {
        self.place(slot);
        match fault {
            DiskFault::Healthy => assert!(self.disks.remove(&slot).is_some(), "{slot}: healthy already"),
            DiskFault::Rot => {}
            fault => assert!(self.disks.insert(slot, fault).is_none(), "{slot}: two disk faults"),
        }
    }

    fn clock(&mut self, slot: Slot, change: ClockChange) {
        self.place(slot);
        match change {
            ClockChange::Drift { .. } | ClockChange::Freeze => {
                assert!(self.clocks.insert(slot, change).is_none(), "{slot}: two rates");
            }
            ClockChange::OwnRate => assert!(self.clocks.remove(&slot).is_some(), "{slot}: true already"),
            _ => {}
        }
    }

    /// Whether a message from a to b passes all cuts.
    pub(super) fn passes(&self, a: Slot, b: Slot) -> bool {
        self.cuts.values().all(|reach| admits(reach, a, b))
    }

    /// Whether messages from a to b meet worse links.
    pub(super) fn is_degraded(&self, a: Slot, b: Slot) -> bool {
        let has = |list: &[Slot], slot| list.is_empty() || list.contains(&slot);
        self.degraded.values().any(|how| has(&how.from, a) && has(&how.to, b))
    }
}

/// Whether a cut lets a message pass, word by word as [`Reach`] says.
pub(super) fn admits(reach: &Reach, a: Slot, b: Slot) -> bool {
    match reach {
        Reach::Groups(sets) => {
            let set = |slot: Slot| sets.get(slot.index()).copied().unwrap_or(u64::MAX);
            set(a) & set(b) != 0
        }
        Reach::OneWay { from, to } => !(from.contains(&a) && to.contains(&b)),
        Reach::Pairs { slots, links } => {
            let linked = links.contains(&(a, b)) || links.contains(&(b, a));
            a == b || a.0 >= *slots || b.0 >= *slots || linked
        }
    }
}

/// A plan running in a toy world.
pub(super) struct Run {
    pub(super) toy: Toy,
    pub(super) driver: FaultDriver,
}

impl Run {
    pub(super) fn new(plan: &FaultPlan, model: FaultModel, members: u32, clients: u32, seed: u64) -> Self {
        let driver = FaultDriver::new(plan.clone(), model, members, clients, seed).unwrap();
        Self { toy: Toy::new(members, clients), driver }
    }

    /// Fires everything up to a time.
    pub(super) fn until(&mut self, end: Time) {
        let mut actions = Vec::new();
        while let Some(at) = self.driver.next_at().filter(|at| *at <= end) {
            assert!(at >= self.toy.ground.now);
            self.toy.ground.now = at;
            self.driver.due(&self.toy.ground, &mut actions);
            self.toy.execute(&mut actions);
        }
        self.toy.ground.now = end;
    }

    /// A step in which one observation and then one message are made.
    pub(super) fn step(&mut self, slot: Slot, observation: &'static str, message: &'static str) {
        let mut actions = Vec::new();
        self.see(slot, observation, &mut actions);
        self.toy.execute(&mut actions);
        if let Some(awaited) = self.driver.awaiting_message(message) {
            self.driver.sending(awaited, slot, &self.toy.ground, &mut actions);
        }
        self.toy.execute(&mut actions);
        self.driver.stepped(&self.toy.ground, &mut actions);
        self.toy.execute(&mut actions);
    }

    /// An observation is made.
    pub(super) fn see(&mut self, slot: Slot, observation: &str, actions: &mut Vec<Action>) {
        if let Some(awaited) = self.driver.awaiting_observation(observation) {
            self.driver.observed(awaited, (slot, JournalId(0)), &self.toy.ground, actions);
        }
    }

    pub(super) fn heal(&mut self, core: &[Slot]) {
        let mut actions = Vec::new();
        self.driver.heal(&self.toy.ground, core, core, &mut actions);
        self.toy.execute(&mut actions);
    }
}
