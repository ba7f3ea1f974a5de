//! How processes come and go: boot, crash, wipe, restart, join, leave, pause, twins and treason.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::World;
use super::step::Stimulus;
use crate::check::{Lifecycle, Verdict, ask_all};
use crate::identity::{NodeId, Slot};
use crate::kernel::Dropped;
use crate::kernel::lifecycle::Life;
use crate::operation::MemberChange;
use crate::process::{Boot, Process, Protocol, Start};
use crate::time::Duration;

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Starts a process in a slot and steps it for the first time.
    pub(super) fn boot(&mut self, slot: Slot, start: Start) {
        let Life { node, role, incarnation } = self.kernel.come_up(slot);
        let (members, leaders) = (Rc::clone(&self.members), Rc::clone(&self.leaders));
        let boot = Boot {
            node,
            slot,
            role,
            members: &members,
            leaders: &leaders,
            start,
            corrupt: self.kernel.is_corrupt_client(slot),
            version: self.versions.of(slot),
            incarnation,
            run_seed: self.kernel.seed,
            journals: self.storage.journals(slot),
        };
        let factory = &mut self.factory;
        match catch_unwind(AssertUnwindSafe(|| factory.boot(boot))) {
            Ok(process) => self.nodes[slot.index()] = Some(process),
            Err(_) => {
                let message = format!("{node} panicked while it started");
                self.kernel.report(Verdict::Crash, ("process/panic", "boot"), &[node], message);
                self.crash(slot);
                return;
            }
        }
        self.tell_lifecycle(slot, Lifecycle::Booted);
        self.kernel.resume_operations(slot);
        self.step(slot, Stimulus::Start);
        match start {
            Start::Join => self.tell_clients(MemberChange::Joined(node)),
            Start::Restart => self.tell_again(slot),
            Start::Genesis => {}
        }
    }

    /// Stops the process in a slot: its memory, timers, sessions and whatever was not synced are gone.
    pub(super) fn crash(&mut self, slot: Slot) {
        if !self.kernel.ground.places[slot.index()].up {
            return;
        }
        self.kernel.go_down(slot);
        self.nodes[slot.index()] = None;
        self.timers.clear(slot);
        self.crash_storage(slot);
        self.empty_inbox(slot);
        self.kernel.network.down(self.kernel.now, slot, &mut self.kernel.notices);
        self.kernel.queue_notices();
        self.kernel.abandon_operations(slot);
        self.tell_lifecycle(slot, Lifecycle::Crashed);
        self.kernel.watch_roles();
    }

    /// A process ends itself.
    pub(super) fn abort(&mut self, slot: Slot, restart_after: Option<Duration>) {
        self.kernel.aborts(slot, restart_after);
        self.crash(slot);
        if let Some(after) = restart_after {
            self.kernel.supervise(slot, after);
        }
    }

    /// Those who ended themselves are started again when it is time.
    pub(super) fn restart_aborted(&mut self) {
        while let Some(slot) = self.kernel.next_restart() {
            self.restart(slot);
        }
    }

    /// What waited in a slot that crashed is lost.
    fn empty_inbox(&mut self, slot: Slot) {
        if !self.kernel.servers.on() {
            return;
        }
        let left = self.kernel.empty_inbox(slot);
        for request in left.requests {
            self.waiting_requests.take(u64::from(request));
        }
        for key in left.messages {
            let envelope = self.kernel.envelopes.remove(key);
            self.discard(&envelope, Dropped::ReceiverDown);
        }
    }

    /// Starts a process in a slot that is down.
    pub(super) fn restart(&mut self, slot: Slot) {
        let place = &self.kernel.ground.places[slot.index()];
        if place.up || self.kernel.watch.departed(slot) {
            return;
        }
        let start = match place.incarnation {
            _ if self.kernel.watch.take_wiped(slot) => Start::Join,
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
        let before = self.kernel.ground.places[slot.index()].node;
        let node = self.kernel.fresh_identity();
        self.kernel.assign(slot, node);
        self.kernel.watch.wiped(slot);
        self.tell_lifecycle(slot, Lifecycle::Wiped);
        self.tell_clients(MemberChange::Left(before));
    }

    /// A newcomer joins in a slot of its own.
    pub(super) fn join(&mut self) {
        let slot = self.kernel.add_member();
        self.add_place();
        self.boot(slot, Start::Join);
    }

    /// A new slot gets what every slot has.
    pub(super) fn add_place(&mut self) {
        self.timers.add_slot();
        self.storage.add_slot();
        self.nodes.push(None);
    }

    /// The process leaves for good.
    pub(super) fn leave(&mut self, slot: Slot) {
        self.crash(slot);
        self.kernel.watch.depart(slot);
        self.tell_clients(MemberChange::Left(self.kernel.ground.places[slot.index()].node));
    }

    pub(super) fn resume(&mut self, slot: Slot) {
        if !self.kernel.ground.places[slot.index()].paused {
            return;
        }
        self.kernel.resume(slot);
        self.serve(slot);
    }

    /// The process in a slot is a traitor from now on.
    pub(super) fn corrupt(&mut self, slot: Slot) {
        self.kernel.corrupt(slot);
        self.tell_lifecycle(slot, Lifecycle::Corrupted);
    }

    /// A second copy of an identity takes over a slot: both run honest code, and the identity counts as a traitor.
    pub(super) fn twin(&mut self, slot: Slot, node: NodeId) {
        let running = self.kernel.ground.places[slot.index()].up && self.nodes[slot.index()].is_some();
        if running {
            self.crash(slot);
        }
        self.wipe_storage(slot);
        self.kernel.assign(slot, node);
        let slots: Vec<Slot> = self.kernel.ground.slots_of(node).collect();
        for twin in slots {
            self.kernel.become_twin(twin);
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
        ask_all(&mut self.checks, (self.kernel.now, &mut self.kernel.findings), |check, findings| {
            check.lifecycle(ground, slot, event, findings);
        });
        self.kernel.found_something();
    }
}
