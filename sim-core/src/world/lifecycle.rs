//! How processes come and go: boot, crash, wipe, restart, join, leave, pause, twins and treason.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::World;
use super::step::Stimulus;
use crate::check::{Lifecycle, Verdict};
use crate::coalition::Member;
use crate::identity::{NodeId, Slot};
use crate::kernel::event::Event;
use crate::kernel::{Dropped, Folded, Hot};
use crate::process::{Boot, Process, Protocol, Role, Start};
use crate::random::Drawn;
use crate::time::Time;
use crate::trace::What;

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Starts a process in a slot and steps it for the first time.
    pub(super) fn boot(&mut self, slot: Slot, start: Start) {
        let place = &mut self.kernel.ground.places[slot.index()];
        let was_up = std::mem::replace(&mut place.up, true);
        self.watch.running += u64::from(!was_up && place.role == Role::Member);
        let (node, role, incarnation) = (place.node, place.role, place.incarnation);
        self.kernel.refresh(slot);
        self.kernel.hot[slot.index()].drawn = Drawn::default();
        self.kernel.painter.enter(slot, self.kernel.now, "running", None);
        self.trace(slot, What::Boot { incarnation });
        let members = Rc::clone(&self.members);
        let boot = Boot {
            node,
            slot,
            role,
            members: &members,
            start,
            incarnation,
            run_seed: self.kernel.seed,
            journals: self.storage.journals(slot),
        };
        let factory = &mut self.factory;
        match catch_unwind(AssertUnwindSafe(|| factory.boot(boot))) {
            Ok(process) => self.nodes[slot.index()] = Some(process),
            Err(_) => {
                let message = format!("{node} panicked while it started");
                let findings = &mut self.kernel.findings;
                findings.set_now(self.kernel.now);
                findings.report(Verdict::Crash, "process/panic", "boot", &[node], message);
                self.crash(slot);
                return;
            }
        }
        self.tell_lifecycle(slot, Lifecycle::Booted);
        self.resume_operations(slot);
        self.step(slot, Stimulus::Start);
    }

    /// Stops the process in a slot: its memory, timers, sessions and whatever was not synced are gone.
    pub(super) fn crash(&mut self, slot: Slot) {
        let place = &mut self.kernel.ground.places[slot.index()];
        if !place.up {
            return;
        }
        place.up = false;
        self.watch.running -= u64::from(place.role == Role::Member);
        place.paused = false;
        place.status = crate::ground::Status::default();
        place.incarnation += 1;
        self.kernel.refresh(slot);
        self.kernel.fold(Folded::Crash, slot, 0);
        self.trace(slot, What::Crash);
        self.kernel.painter.enter(slot, self.kernel.now, "down", None);
        self.kernel.painter.mark(slot, self.kernel.now, "crash");
        self.nodes[slot.index()] = None;
        self.watch.left_role(slot);
        self.timers.clear(slot);
        self.crash_storage(slot);
        self.empty_inbox(slot);
        self.kernel.network.down(self.kernel.now, slot, &mut self.kernel.notices);
        self.kernel.queue_notices();
        self.abandon_operations(slot);
        self.tell_lifecycle(slot, Lifecycle::Crashed);
        self.watch_roles();
    }

    fn empty_inbox(&mut self, slot: Slot) {
        if !self.kernel.servers.on() {
            return;
        }
        let server = self.kernel.servers.of(slot);
        server.paused = false;
        server.busy = false;
        let left = server.drain();
        for notice in left.notices {
            self.kernel.pending_notices.remove(notice);
        }
        for event in left.events {
            if let Event::Synced(key) = Event::decode(event) {
                self.kernel.syncs.remove(key);
            }
        }
        for key in left.messages {
            let envelope = self.kernel.envelopes.remove(key);
            self.discard(&envelope, Dropped::ReceiverDown);
        }
    }

    /// Starts a process in a slot that is down.
    pub(super) fn restart(&mut self, slot: Slot) {
        let place = &self.kernel.ground.places[slot.index()];
        if place.up || self.watch.departed(slot) {
            return;
        }
        let start = match place.incarnation {
            _ if self.watch.take_wiped(slot) => Start::Join,
            0 => Start::Genesis,
            _ => Start::Restart,
        };
        self.kernel.network.up(self.kernel.now, slot, &mut self.kernel.notices);
        self.kernel.queue_notices();
        self.kernel.painter.mark(slot, self.kernel.now, "restart");
        self.boot(slot, start);
    }

    /// Stops the process and takes its disk; the place will be somebody new.
    pub(super) fn wipe(&mut self, slot: Slot) {
        self.crash(slot);
        self.wipe_storage(slot);
        let node = self.fresh_identity();
        self.assign(slot, node);
        self.watch.wiped(slot);
        self.tell_lifecycle(slot, Lifecycle::Wiped);
    }

    /// Gives a slot to an identity; a traitor that lives there goes on under the new name.
    fn assign(&mut self, slot: Slot, node: NodeId) {
        self.kernel.ground.assign(slot, node);
        self.kernel.refresh(slot);
        if let Some(traitor) = self.traitors.iter_mut().find(|traitor| traitor.slot == slot) {
            traitor.node = node;
        }
    }

    fn fresh_identity(&mut self) -> NodeId {
        let node = NodeId(self.next_identity);
        self.next_identity += 1;
        node
    }

    /// A newcomer joins in a slot of its own.
    pub(super) fn join(&mut self) {
        let node = self.fresh_identity();
        let slot = self.kernel.ground.add(node, Role::Member);
        self.kernel.ground.places[slot.index()].up = false;
        self.kernel.hot.push(Hot {
            drawn: Drawn::default(),
            stepped: Time::MAX,
            node,
            incarnation: 0,
            steps: 0,
            up: false,
            corrupt: false,
        });
        self.kernel.network.add_slot(Role::Member);
        self.kernel.servers.add_slot();
        self.kernel.sends.add_slot();
        self.kernel.painter.add_slot();
        self.timers.add_slot();
        self.storage.add_slot();
        self.watch.add_slot();
        self.nodes.push(None);
        self.set_new_clock(slot);
        self.boot(slot, Start::Join);
    }

    /// The process leaves for good.
    pub(super) fn leave(&mut self, slot: Slot) {
        self.crash(slot);
        self.watch.depart(slot);
    }

    pub(super) fn pause(&mut self, slot: Slot) {
        if !self.kernel.ground.places[slot.index()].up {
            return;
        }
        self.kernel.servers.turn_on();
        self.kernel.servers.of(slot).paused = true;
        self.kernel.ground.places[slot.index()].paused = true;
        self.kernel.painter.enter(slot, self.kernel.now, crate::picture::PAUSED, None);
        self.kernel.painter.mark(slot, self.kernel.now, "pause");
    }

    pub(super) fn resume(&mut self, slot: Slot) {
        if !self.kernel.ground.places[slot.index()].paused {
            return;
        }
        self.kernel.ground.places[slot.index()].paused = false;
        self.kernel.servers.of(slot).paused = false;
        let kernel = &mut self.kernel;
        kernel.painter.enter_again(slot, kernel.now, &kernel.ground.places[slot.index()]);
        kernel.painter.mark(slot, kernel.now, "resume");
        self.serve(slot);
    }

    /// The process in a slot is a traitor from now on.
    pub(super) fn corrupt(&mut self, slot: Slot) {
        let place = &mut self.kernel.ground.places[slot.index()];
        place.honest = false;
        place.twin = false;
        let member = Member { slot, node: place.node };
        if let Err(at) = self.traitors.binary_search_by_key(&slot, |member| member.slot) {
            self.traitors.insert(at, member);
        }
        self.kernel.refresh(slot);
        self.kernel.painter.mark(slot, self.kernel.now, "corrupt");
        self.tell_lifecycle(slot, Lifecycle::Corrupted);
    }

    /// A second copy of an identity takes over a slot: both run honest code, and the identity counts as a traitor.
    pub(super) fn twin(&mut self, slot: Slot, node: NodeId) {
        let running = self.kernel.ground.places[slot.index()].up && self.nodes[slot.index()].is_some();
        if running {
            self.crash(slot);
        }
        self.wipe_storage(slot);
        self.assign(slot, node);
        let slots: Vec<Slot> = self.kernel.ground.slots_of(node).collect();
        for twin in slots {
            let place = &mut self.kernel.ground.places[twin.index()];
            place.honest = false;
            place.twin = self.traitors.iter().all(|traitor| traitor.slot != twin);
            self.kernel.refresh(twin);
            self.tell_lifecycle(twin, Lifecycle::Corrupted);
        }
        if running {
            self.kernel.network.up(self.kernel.now, slot, &mut self.kernel.notices);
            self.kernel.queue_notices();
            self.boot(slot, Start::Genesis);
        }
    }

    pub(super) fn tell_lifecycle(&mut self, slot: Slot, event: Lifecycle) {
        let ground = &self.kernel.ground;
        for judge in &mut self.checks {
            judge.ask(self.kernel.now, &mut self.kernel.findings, |check, findings| {
                check.lifecycle(ground, slot, event, findings);
            });
        }
        self.found_something();
    }
}
