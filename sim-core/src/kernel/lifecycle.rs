//! How places change hands: up and down, names, pauses, newcomers, treason.

use super::{Folded, Hot, Kernel, Notice};
use crate::coalition::Member;
use crate::identity::{NodeId, Slot};
use crate::kernel::event::{Control, Event};
use crate::process::Role;
use crate::random::WordsDrawn;
use crate::time::Duration;
use crate::trace::What;

/// Who begins to live in a place.
pub(crate) struct Life {
    pub(crate) node: NodeId,
    pub(crate) role: Role,
    pub(crate) incarnation: u32,
}

/// What was left in the inbox of a slot that crashed.
pub(crate) struct Emptied {
    /// Envelopes.
    pub(crate) messages: Vec<u32>,
    /// Requests that waited.
    pub(crate) requests: Vec<u32>,
}

impl Kernel {
    /// A place is up from now on.
    pub(crate) fn come_up(&mut self, slot: Slot) -> Life {
        let place = &mut self.ground.places[slot.index()];
        let was_up = std::mem::replace(&mut place.up, true);
        self.watch.running += u64::from(!was_up && place.is_member());
        let (node, role, incarnation) = (place.node, place.role, place.incarnation);
        self.refresh(slot);
        self.hot[slot.index()].drawn = WordsDrawn::default();
        self.painter.enter(slot, self.now, "running", None);
        self.trace(slot, What::Boot { incarnation });
        Life { node, role, incarnation }
    }

    /// A place that was up is down from now on.
    pub(crate) fn go_down(&mut self, slot: Slot) {
        let place = &mut self.ground.places[slot.index()];
        place.up = false;
        self.watch.running -= u64::from(place.is_member());
        place.paused = false;
        place.status = crate::ground::Status::default();
        place.incarnation += 1;
        self.refresh(slot);
        self.fold(Folded::Crash, slot, 0);
        self.trace(slot, What::Crash);
        self.painter.enter(slot, self.now, "down", None);
        self.painter.mark(slot, self.now, "crash");
        self.watch.left_role(slot);
    }

    /// A process is about to end itself.
    pub(crate) fn aborts(&mut self, slot: Slot, restart_after: Option<Duration>) {
        let after = restart_after.map_or(u64::MAX, Duration::as_nanos);
        self.fold(Folded::Abort, slot, after);
        self.trace(slot, What::Abort);
        self.painter.mark(slot, self.now, "abort");
    }

    /// A slot whose process ended itself gets a new one after a while.
    pub(crate) fn supervise(&mut self, slot: Slot, after: Duration) {
        let at = self.now.saturating_add(after);
        self.supervised.insert((at, slot, self.ground.places[slot.index()].incarnation));
        self.queue_control(at, Control::Supervise, false);
    }

    /// The next slot whose process is due to start again. Where somebody else has started one since, or a fault keeps the slot
    /// down, it is not.
    pub(crate) fn next_restart(&mut self) -> Option<Slot> {
        while let Some((_, slot, incarnation)) =
            self.supervised.first().copied().filter(|(at, ..)| *at <= self.now)
        {
            self.supervised.pop_first();
            if self.ground.places[slot.index()].incarnation == incarnation
                && !self.driver.governor().keeps_down(slot)
            {
                return Some(slot);
            }
        }
        None
    }

    /// A notice about a session reaches its slot: what the process hears now. At a slot that is busy or paused it waits
    /// behind what it comes after.
    pub(crate) fn notice_told(&mut self, key: u32) -> Option<Notice> {
        let link = self.pending_notices[key].link;
        let up = self.hot[link.slot.index()].up;
        if up && self.servers.occupied(link.slot) {
            let envelopes = &self.envelopes;
            self.servers.of(link.slot).tell(key, |envelope| envelopes[envelope].from_slot == link.peer);
            return None;
        }
        let notice = self.pending_notices.remove(key);
        (up && self.network.concerns(&link)).then_some(notice)
    }

    /// Empties the inbox of a slot that crashed: what somebody else must take care of.
    pub(crate) fn empty_inbox(&mut self, slot: Slot) -> Emptied {
        let server = self.servers.of(slot);
        server.paused = false;
        server.busy = false;
        let left = server.drain();
        for notice in left.notices {
            self.pending_notices.remove(notice);
        }
        let mut requests = Vec::new();
        for event in left.events {
            match Event::decode(event) {
                Event::Synced(key) => {
                    self.syncs.remove(key);
                }
                Event::Request(index) => requests.push(index),
                _ => {}
            }
        }
        Emptied { messages: left.messages, requests }
    }

    /// Gives a slot to an identity; a traitor that lives there goes on under the new name.
    pub(crate) fn assign(&mut self, slot: Slot, node: NodeId) {
        self.ground.assign(slot, node);
        self.refresh(slot);
        if let Some(traitor) = self.traitors.iter_mut().find(|traitor| traitor.slot == slot) {
            traitor.node = node;
        }
    }

    /// A name that nobody has had.
    pub(crate) fn fresh_identity(&mut self) -> NodeId {
        let node = NodeId(self.next_identity);
        self.next_identity += 1;
        node
    }

    /// A slot for a newcomer, who is not up yet.
    pub(crate) fn add_member(&mut self) -> Slot {
        let node = self.fresh_identity();
        let slot = self.ground.add(node, Role::Member);
        self.ground.places[slot.index()].up = false;
        self.hot.push(Hot::at(&self.ground.places[slot.index()]));
        self.network.add_slot(Role::Member);
        self.servers.add_slot();
        self.sends.add_slot();
        self.painter.add_slot();
        self.watch.add_slot();
        self.set_new_clock(slot);
        slot
    }

    /// A slot for a second copy of an identity, which is up from the start.
    pub(crate) fn add_beside(&mut self) -> Slot {
        let slot = self.add_member();
        let place = &mut self.ground.places[slot.index()];
        place.beside = true;
        place.up = true;
        self.refresh(slot);
        slot
    }

    /// A slot takes nothing up from now on.
    pub(crate) fn pause(&mut self, slot: Slot) {
        if !self.ground.places[slot.index()].up {
            return;
        }
        self.servers.turn_on();
        self.servers.of(slot).paused = true;
        self.ground.places[slot.index()].paused = true;
        self.painter.enter(slot, self.now, crate::picture::PAUSED, None);
        self.painter.mark(slot, self.now, "pause");
    }

    /// A slot that was paused goes on.
    pub(crate) fn resume(&mut self, slot: Slot) {
        self.ground.places[slot.index()].paused = false;
        self.servers.of(slot).paused = false;
        self.painter.enter_again(slot, self.now, &self.ground.places[slot.index()]);
        self.painter.mark(slot, self.now, "resume");
    }

    /// The process in a slot is a traitor from now on.
    pub(crate) fn corrupt(&mut self, slot: Slot) {
        let place = &mut self.ground.places[slot.index()];
        place.honest = false;
        place.twin = false;
        let member = Member { slot, node: place.node };
        if let Err(at) = self.traitors.binary_search_by_key(&slot, |member| member.slot) {
            self.traitors.insert(at, member);
        }
        self.refresh(slot);
        self.painter.mark(slot, self.now, crate::picture::TRAITOR);
    }

    /// The process in a slot is one of two under the same name: it runs honest code, and its name counts as a traitor.
    pub(crate) fn become_twin(&mut self, slot: Slot) {
        let place = &mut self.ground.places[slot.index()];
        place.honest = false;
        place.twin = self.traitors.iter().all(|traitor| traitor.slot != slot);
        self.refresh(slot);
    }
}
