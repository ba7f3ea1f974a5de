//! The second phase: a core of honest slots with intact disks is healed, everything outside stays broken as it is.

use super::strike::cuts_anything;
use super::{Active, Flapping, SlotUndo, Undo};
use crate::fault::action::{Action, CutId, Degradation, DegradeId, Reach};
use crate::fault::driver::FaultDriver;
use crate::fault::governor::Governor;
use crate::fault::links::{cut_off, heal_degradation, heal_reach, made_worse};
use crate::fault::resolve::Lots;
use crate::fault::selector::in_role;
use crate::ground::Ground;
use crate::identity::Slot;
use crate::ordered::OrderedMap;

/// Names the choice of the core among the lots of a run; no entry has this id.
const CORE: u32 = u32::MAX;

impl FaultDriver {
    /// A random core: honest members whose disks lost nothing, at least as many as remain when all have failed that may
    /// fail (or what is left, if that is less). Where who votes changes, that is a quorum of each electorate, and
    /// newcomers are as good as others; else only members of the beginning are taken. Members that were down from the
    /// start are taken only where there are too few others. The protocol says whether it owes progress to this core;
    /// another `attempt` draws another one.
    pub fn choose_core(&self, ground: &Ground, attempt: u32) -> Vec<Slot> {
        let mut governor: Governor = self.governor.clone();
        governor.sync(ground);
        let sound = |slot: &Slot| {
            let is = governor.condition(*slot);
            !is.left && !is.lost && !is.traitor
        };
        let boards = governor.boards();
        let there = ground.members().map(|(slot, _)| slot);
        let (idle, able): (Vec<Slot>, Vec<Slot>) = there
            .filter(|slot| slot.0 < self.members || !boards.is_empty())
            .filter(sound)
            .partition(|slot| governor.condition(*slot).down_by_itself());
        let mut lots = Lots::new(self.keyed, CORE, attempt);
        let model = governor.model();
        let remain = self.members.saturating_sub(model.crashed.max(model.byzantine));
        let least = boards.iter().map(|board| board.quorum).max().unwrap_or(remain).max(1);
        let most = u32::try_from(able.len()).unwrap_or(u32::MAX);
        let extra = lots.below(u64::from(most.saturating_sub(least)) + 1);
        let size = least.saturating_add(u32::try_from(extra).unwrap_or(0));
        // Half of the cores have to do without those who lead, as far as there are others: what only a leader knows is to
        // be lost.
        let leads = |slot: &Slot| ground.place(*slot).status.role.is_some_and(|is| in_role("leader", is));
        let (leaders, others): (Vec<Slot>, Vec<Slot>) = able.iter().copied().partition(leads);
        let decide = boards.iter().all(|board| board.lacks(&others) == 0);
        let enough = !leaders.is_empty() && others.len() >= least as usize && decide;
        let able = if enough && lots.below(2) == 0 { others } else { able };
        let mut core = lots.pick(able.clone(), size);
        let missing = least.saturating_sub(u32::try_from(core.len()).unwrap_or(u32::MAX));
        core.extend(lots.pick(idle.clone(), missing));
        for board in boards {
            for more in [&able, &idle] {
                let spare = more.iter().copied().filter(|slot| !core.contains(slot) && board.seats(*slot));
                let spare = lots.pick(spare.collect(), board.lacks(&core));
                core.extend(spare);
            }
        }
        core.sort_unstable();
        core
    }

    /// Heals a core: links inside it, and between it and all clients; rates of its clocks, pauses, slowness and disk
    /// faults of its slots; its slots that are down start again. Everything outside stays broken as it is, traitors
    /// stay, and nothing begins or ends any more.
    ///
    /// Where not everybody is linked to everybody, `ways` are the core and those on the ways between its members, across
    /// whose links these speak: cuts are healed among all of them. Else it is the core.
    pub fn heal(&mut self, ground: &Ground, core: &[Slot], ways: &[Slot], actions: &mut Vec<Action>) {
        self.begin_call(ground);
        self.healed = true;
        self.agenda.clear();
        self.stop_watching();
        self.armed.clear();
        self.straighten_all(actions);
        let and_clients = |slots: &[Slot]| {
            let mut slots = slots.to_vec();
            slots.extend((self.members..self.members + self.clients).map(Slot));
            slots.sort_unstable();
            slots.dedup();
            slots
        };
        let (slots, ways) = (and_clients(core), and_clients(ways));
        for (name, active) in std::mem::take(&mut self.active) {
            let log = active.log;
            let left = match active.undo {
                undo @ Undo::Cut { .. } => self.heal_one(undo, &ways, ground, actions),
                undo => self.heal_one(undo, &slots, ground, actions),
            };
            if let Some(undo) = left {
                self.active.insert(name, Active { log, undo });
            } else {
                self.log[log].until_ns = Some(ground.now.as_nanos());
            }
        }
        for slot in &slots {
            self.set_going(*slot, ground, actions);
        }
    }

    /// The slots that a fault in force is at, or of which a link to or from one of `healed` (sorted) is cut or worse;
    /// of so many slots in all.
    pub fn impaired(&self, healed: &[Slot], slots: usize) -> Vec<bool> {
        assert!(healed.is_sorted(), "whoever is healed is looked up in order");
        let mut impaired = vec![false; slots];
        let mut mark = |slot: Slot| {
            if let Some(place) = impaired.get_mut(slot.index()) {
                *place = true;
            }
        };
        for active in self.active.values() {
            match &active.undo {
                Undo::Slots { slots, .. } => slots.iter().copied().for_each(&mut mark),
                Undo::Cut { cuts, .. } => {
                    cuts.iter().for_each(|(_, reach)| cut_off(reach, healed, &mut mark));
                }
                Undo::Round(_) => {}
                Undo::Degrade(degraded) => {
                    degraded.iter().for_each(|(_, how)| made_worse(how, healed, slots, &mut mark));
                }
            }
        }
        impaired
    }

    /// Heals one fault where it touches the core; returns what is left of it.
    fn heal_one(
        &mut self,
        undo: Undo,
        core: &[Slot],
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) -> Option<Undo> {
        match undo {
            Undo::Slots { how, slots } => {
                let inside = |slot: &Slot| core.binary_search(slot).is_ok();
                let (healed, left): (Vec<Slot>, Vec<Slot>) = slots.into_iter().partition(inside);
                healed.into_iter().for_each(|slot| self.undo_at(slot, how, actions));
                (!left.is_empty()).then_some(Undo::Slots { how, slots: left })
            }
            Undo::Cut { cuts, .. } => {
                let cuts = self.heal_cuts(cuts, core, actions);
                (!cuts.is_empty()).then_some(Undo::Cut { cuts, flap: None::<Flapping> })
            }
            // The world heals, and rounds with it.
            Undo::Round(number) => {
                actions.push(Action::EndRound(number));
                None
            }
            Undo::Degrade(degraded) => {
                let left = self.heal_degraded(degraded, core, ground.places.len(), actions);
                (!left.is_empty()).then_some(Undo::Degrade(left))
            }
        }
    }

    /// What is left of a cut is cut before the cut is mended, so that nothing outside gets through in between.
    fn heal_cuts(
        &mut self,
        cuts: Vec<(CutId, Reach)>,
        core: &[Slot],
        actions: &mut Vec<Action>,
    ) -> Vec<(CutId, Reach)> {
        let mut left = Vec::new();
        for (old, reach) in cuts {
            for reach in heal_reach(&reach, core).into_iter().filter(cuts_anything) {
                let id = CutId(self.fresh_link());
                actions.push(Action::Cut { id, reach: reach.clone() });
                left.push((id, reach));
            }
            actions.push(Action::Mend(old));
        }
        left
    }

    fn heal_degraded(
        &mut self,
        degraded: Vec<(DegradeId, Degradation)>,
        core: &[Slot],
        slots: usize,
        actions: &mut Vec<Action>,
    ) -> Vec<(DegradeId, Degradation)> {
        let mut left = OrderedMap::new();
        for (old, how) in degraded {
            for how in heal_degradation(&how, core, slots) {
                let id = DegradeId(self.fresh_link());
                actions.push(Action::Degrade { id, how: how.clone() });
                left.insert(id, how);
            }
            actions.push(Action::Restore(old));
        }
        left.into_iter().collect()
    }

    fn fresh_link(&mut self) -> u32 {
        let id = self.next_healed;
        self.next_healed += 1;
        id
    }

    /// Starts or resumes a slot that stands still without any fault of this plan.
    fn set_going(&mut self, slot: Slot, ground: &Ground, actions: &mut Vec<Action>) {
        let is = self.governor.condition(slot);
        if slot.index() >= ground.places.len() || is.left {
            return;
        }
        if is.down {
            self.undo_at(slot, SlotUndo::Restart, actions);
        }
        if is.paused {
            self.undo_at(slot, SlotUndo::Resume, actions);
        }
    }
}
