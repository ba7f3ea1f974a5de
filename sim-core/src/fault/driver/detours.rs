//! Detours in a protocol's own code: a window in which some are taken, and each of them as a fault of its own.
//!
//! A window is no fault by itself: what was taken in it is recorded and pinned, one by one, so that a shrinker can take single
//! detours away. A pinned one names its instant and which pass of its point it was, counted from the beginning of that instant.

use super::{Firing, Order, Task, line};
use crate::fault::action::Action;
use crate::fault::driver::FaultDriver;
use crate::fault::executed::Refusal;
use crate::fault::family::Kind;
use crate::fault::plan::Moment;
use crate::fault::resolve::Lots;
use crate::fault::spec::{Detour, Fault, aim};
use crate::ground::Ground;
use crate::process::{Diversion, Taken};

impl FaultDriver {
    /// Whether the plan has any.
    pub(crate) fn has_detours(&self) -> bool {
        self.entries.iter().any(|entry| matches!(entry.what, Fault::Detour(_)))
    }

    /// From now on, detours may be taken.
    pub(super) fn divert(
        &mut self,
        firing: &mut Firing,
        detour: &Detour,
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) -> Result<(), Refusal> {
        let eligible = |slot| self.admits(slot, Kind::Detour, None).is_ok();
        let mut slots =
            self.scene(ground, firing.event).resolve(&detour.target, &mut firing.lots, &eligible)?;
        slots.retain(|slot| self.admits(*slot, Kind::Detour, None).is_ok());
        let (id, point, how) = (firing.id, detour.point.clone(), detour.how());
        actions.push(Action::Divert(Diversion { id, slots, point, how }));
        self.diverted.push(id);
        if let Some(lasts) = firing.lasts {
            let end = self.planned(ground.now).saturating_add(lasts);
            self.schedule(end, Order::End, Task::Straighten { id });
        }
        Ok(())
    }

    /// A window is over.
    pub(super) fn straighten(&mut self, id: u32, actions: &mut Vec<Action>) {
        let before = self.diverted.len();
        self.diverted.retain(|open| *open != id);
        if self.diverted.len() < before {
            actions.push(Action::Straighten(id));
        }
    }

    /// Nothing new happens any more.
    pub(super) fn straighten_all(&mut self, actions: &mut Vec<Action>) {
        actions.extend(std::mem::take(&mut self.diverted).into_iter().map(Action::Straighten));
    }

    /// A detour was taken: it is a fault that struck now.
    pub(crate) fn took(&mut self, taken: Taken, ground: &Ground) {
        let Some(entry) = self.entries.iter().position(|entry| entry.id == Some(taken.id)) else { return };
        let Fault::Detour(detour) = &self.entries[entry].what else { return };
        let once = detour.nth.is_some();
        let id = if once { taken.id } else { self.fresh_id() };
        if once {
            self.diverted.retain(|open| *open != id);
        }
        let lots = Lots::new(self.keyed, id, 0);
        // A detour breaks nothing that a protocol bears.
        let (at, lasts, event, over_budget) = (Moment::At(ground.now), None, None, false);
        let firing = Firing { entry, id, lots, at, lasts, event, over_budget };
        let point = Some(taken.point.to_owned());
        let pinned =
            Fault::Detour(Detour { target: aim(&[taken.slot]), point, chance: None, nth: Some(taken.nth) });
        let executed = line(&firing, Kind::Detour, vec![taken.slot], ground.now);
        self.began(&firing, executed, pinned, None, ground);
    }
}
