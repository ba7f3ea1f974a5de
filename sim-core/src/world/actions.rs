//! Faults: what the driver decided is done to the world.

use super::World;
use super::effects::timer_name;
use crate::facts::Facts;
use crate::fault::{Action, ClockChange, DiskFault};
use crate::identity::Slot;
use crate::kernel::Folded;
use crate::kernel::event::{Control, Event};
use crate::process::{JournalId, Process, Protocol};

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Faults begin or end now.
    pub(super) fn faults_due(&mut self) {
        let mut actions = std::mem::take(&mut self.kernel.actions);
        self.kernel.driver.due(&self.kernel.ground, &mut actions);
        self.perform(actions);
        self.queue_faults();
    }

    /// One queue entry stands for all faults to come; a stale one finds nothing due.
    pub(super) fn queue_faults(&mut self) {
        let Some(at) = self.kernel.driver.next_at() else { return };
        let at = at.max(self.kernel.now);
        if self.watch.faults_queued.is_none_or(|queued| queued <= self.kernel.now || at < queued) {
            self.watch.faults_queued = Some(at);
            self.kernel.queue_control(at, Control::Faults, true);
        }
    }

    /// A protocol event that a trigger may wait for: an observation was made.
    pub(super) fn observation_triggers(
        &mut self,
        slot: Slot,
        journal: JournalId,
        observation: &P::Observation,
    ) {
        let mut actions = std::mem::take(&mut self.kernel.actions);
        let kernel = &mut self.kernel;
        kernel.driver.observed(observation.kind_name(), (slot, journal), &kernel.ground, &mut actions);
        self.perform(actions);
        self.queue_faults();
    }

    /// A protocol event that a trigger may wait for: a message is about to be sent to one recipient.
    pub(super) fn about_to_send(&mut self, slot: Slot, kind: &'static str) {
        let mut actions = std::mem::take(&mut self.kernel.actions);
        let kernel = &mut self.kernel;
        kernel.driver.sending(kind, slot, &kernel.ground, &mut actions);
        self.perform(actions);
        self.queue_faults();
    }

    /// A protocol event that a trigger may wait for: what was written is durable.
    #[cold]
    pub(super) fn sync_triggers(&mut self, slot: Slot) {
        let mut actions = std::mem::take(&mut self.kernel.actions);
        let kernel = &mut self.kernel;
        kernel.driver.synced(slot, &kernel.ground, &mut actions);
        self.perform(actions);
        self.queue_faults();
    }

    /// Triggers that wait for the end of the step.
    pub(super) fn step_ended(&mut self) {
        let mut actions = std::mem::take(&mut self.kernel.actions);
        actions.append(&mut self.kernel.late);
        self.kernel.driver.stepped(&self.kernel.ground, &mut actions);
        if actions.is_empty() {
            self.kernel.actions = actions;
            return;
        }
        self.perform(actions);
        self.queue_faults();
    }

    pub(super) fn perform(&mut self, mut actions: Vec<Action>) {
        for action in actions.drain(..) {
            if self.carrying_out && action.starts_a_step() {
                self.kernel.late.push(action);
            } else {
                self.apply(action);
            }
        }
        self.kernel.actions = actions;
    }

    fn apply(&mut self, action: Action) {
        self.trace_fault(&action);
        let kernel = &mut self.kernel;
        let now = kernel.now;
        kernel.fold(Folded::Fault, action.slot().unwrap_or_default(), action.kind());
        match action {
            Action::Cut { id, reach } => {
                kernel.network.cut(now, id, &reach, &mut kernel.notices);
                kernel.queue_notices();
            }
            Action::Mend(id) => {
                kernel.network.mend(now, id, &mut kernel.notices);
                kernel.queue_notices();
            }
            Action::Degrade { id, how } => kernel.network.degrade(id, &how),
            Action::Restore(id) => kernel.network.restore(id),
            Action::Crash(slot) => self.crash(slot),
            Action::Restart(slot) => self.restart(slot),
            Action::Wipe(slot) => self.wipe(slot),
            Action::Join => self.join(),
            Action::Leave(slot) => self.leave(slot),
            Action::Pause(slot) => self.pause(slot),
            Action::Resume(slot) => self.resume(slot),
            Action::Slow { slot, percent, floor } => kernel.servers.slow(slot, percent, floor),
            Action::Disk { slot, fault: DiskFault::Rot } => self.rot(slot),
            Action::Disk { slot, fault } => self.storage.set_fault(slot, fault),
            Action::Clock { slot, change } => self.change_clock(slot, change),
            Action::Corrupt(slot) => self.corrupt(slot),
            Action::Twin { slot, node } => self.twin(slot, node),
        }
    }

    /// Changes a clock; timers that are set go with it.
    pub(super) fn change_clock(&mut self, slot: Slot, change: ClockChange) {
        let kernel = &mut self.kernel;
        let now = kernel.now;
        kernel.change_clock(slot, change);
        let mut again = Vec::new();
        let clocks = &kernel.clocks;
        self.timers.convert(
            slot,
            |local| clocks.reaches(slot, local, now),
            |due, index, id| again.push((due, index, id)),
        );
        for (due, index, id) in again {
            kernel.queue(due, timer_name(slot, id), Event::Timer(index));
        }
    }
}
