//! Carries out the actions of the fault driver.

use super::World;
use crate::fault::{Action, ClockChange, DiskFault};
use crate::identity::Slot;
use crate::kernel::event::Event;
use crate::kernel::tie;
use crate::process::{Process, Protocol};

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Faults begin or end now.
    pub(super) fn faults_due(&mut self) {
        let actions = self.kernel.faults_due();
        self.strike(actions);
    }

    /// Does what was triggered, and waits for what comes next.
    pub(super) fn strike(&mut self, actions: Vec<Action>) {
        self.perform(actions);
        self.kernel.queue_faults();
    }

    /// Triggers that wait for the end of the step.
    #[cold]
    pub(super) fn step_ended(&mut self) {
        let actions = self.kernel.step_triggers();
        self.strike(actions);
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
        let Some(action) = self.kernel.apply(action) else { return };
        match action {
            Action::Crash(slot) => self.crash(slot),
            Action::Install { slot, version } => self.versions.install(slot, &version),
            Action::Restart(slot) => self.restart(slot),
            Action::Wipe(slot) => self.wipe(slot),
            Action::Join => self.join(),
            Action::Leave(slot) => self.leave(slot),
            Action::Resume(slot) => self.resume(slot),
            Action::Disk { slot, fault: DiskFault::Rot } => self.rot(slot),
            Action::Disk { slot, fault } => self.storage.set_fault(slot, fault),
            Action::Clock { slot, change } => self.change_clock(slot, change),
            Action::Corrupt(slot) => self.corrupt(slot),
            Action::Twin { slot, node } => self.twin(slot, node),
            Action::Divert(diversion) => self.effects.detours.divert(diversion),
            Action::Straighten(id) => self.effects.detours.straighten(id),
            // Those the kernel does by itself.
            Action::Cut { .. }
            | Action::Mend(_)
            | Action::Degrade { .. }
            | Action::Restore(_)
            | Action::Round { .. }
            | Action::EndRound(_)
            | Action::Pause(_)
            | Action::Slow { .. } => {}
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
            kernel.queue(due, tie::timer(slot, id), Event::Timer(index));
        }
    }
}
