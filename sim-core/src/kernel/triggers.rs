//! When faults are due, and what triggers them.

use super::Kernel;
use crate::fault::plan::same_kind;
use crate::fault::{Action, Awaited, FaultDriver, Reach};
use crate::ground::Ground;
use crate::identity::Slot;
use crate::kernel::event::Control;
use crate::process::{JournalId, Taken};
use crate::time::Duration;

/// A detour as part of the digest, above all kinds of actions.
const DETOUR: u64 = 64;

impl Kernel {
    /// One queue entry stands for all faults to come; a stale one finds nothing due.
    pub(crate) fn queue_faults(&mut self) {
        let Some(at) = self.driver.next_at() else { return };
        let at = at.max(self.now);
        if self.watch.faults_queued.is_none_or(|queued| queued <= self.now || at < queued) {
            self.watch.faults_queued = Some(at);
            self.queue_control(at, Control::Faults, true);
        }
    }

    /// What is to be done before anybody boots.
    pub(crate) fn rounds_due(&mut self) -> Vec<Action> {
        let mut actions = std::mem::take(&mut self.actions);
        self.driver.begin_rounds(&self.ground, &mut actions);
        actions
    }

    /// Faults begin or end now: what is to be done.
    pub(crate) fn faults_due(&mut self) -> Vec<Action> {
        let mut actions = std::mem::take(&mut self.actions);
        self.driver.due(&self.ground, &mut actions);
        actions
    }

    /// Who waits for observations of a kind.
    #[inline]
    pub(crate) fn awaiting_observation(&self, kind: u8) -> Option<Awaited> {
        self.watches.observations.who(kind).filter(|awaited| self.driver.waits(*awaited))
    }

    /// Who waits for messages of a kind.
    #[inline]
    pub(crate) fn awaiting_message(&self, kind: u8) -> Option<Awaited> {
        self.watches.messages.who(kind).filter(|awaited| self.driver.waits(*awaited))
    }

    /// An observation was made that somebody waits for: what is to be done, if anything.
    pub(crate) fn observation_triggers(
        &mut self,
        slot: Slot,
        journal: JournalId,
        awaited: Awaited,
    ) -> Option<Vec<Action>> {
        self.trigger(|driver, ground, actions| driver.observed(awaited, (slot, journal), ground, actions))
    }

    /// A message that somebody waits for is about to be sent to one recipient: what is to be done, if anything.
    pub(crate) fn send_triggers(&mut self, slot: Slot, awaited: Awaited) -> Option<Vec<Action>> {
        self.trigger(|driver, ground, actions| driver.sending(awaited, slot, ground, actions))
    }

    /// What was written is durable: what is to be done, if anything.
    #[cold]
    pub(crate) fn sync_triggers(&mut self, slot: Slot) -> Option<Vec<Action>> {
        self.trigger(|driver, ground, actions| driver.synced(slot, ground, actions))
    }

    /// Shows the driver an event that somebody waits for.
    #[inline]
    fn trigger(
        &mut self,
        show: impl FnOnce(&mut FaultDriver, &Ground, &mut Vec<Action>) -> bool,
    ) -> Option<Vec<Action>> {
        let mut actions = std::mem::take(&mut self.actions);
        if show(&mut self.driver, &self.ground, &mut actions) {
            return Some(actions);
        }
        self.actions = actions;
        None
    }

    /// Whether anything waits for the end of the step.
    #[inline]
    pub(crate) fn awaits_end_of_step(&self) -> bool {
        self.driver.is_armed() || !self.late.is_empty()
    }

    /// What waited for the end of the step, and what the end triggers.
    pub(crate) fn step_triggers(&mut self) -> Vec<Action> {
        let mut actions = std::mem::take(&mut self.actions);
        actions.append(&mut self.late);
        self.driver.stepped(&self.ground, &mut actions);
        actions
    }

    /// A process took a detour in its own code.
    #[cold]
    pub(crate) fn detoured(&mut self, taken: Taken) {
        self.trace_detour(taken);
        self.fold(super::Folded::Fault, taken.slot, DETOUR);
        self.driver.took(taken, &self.ground);
    }

    /// Does what a fault does to the network and to places. What it does to processes and disks is given back.
    pub(crate) fn apply(&mut self, action: Action) -> Option<Action> {
        // That detours may be taken is no deed; taking one is.
        if matches!(action, Action::Divert(_) | Action::Straighten(_)) {
            return Some(action);
        }
        self.trace_fault(&action);
        self.fold(super::Folded::Fault, action.slot().unwrap_or_default(), action.kind());
        match action {
            Action::Cut { id, reach } => {
                self.network.cut(self.now, id, &reach, &mut self.notices);
                self.queue_notices();
            }
            Action::Mend(id) => {
                self.network.mend(self.now, id, &mut self.notices);
                self.queue_notices();
            }
            Action::Degrade { id, how } => self.network.degrade(id, &how),
            Action::Restore(id) => self.network.restore(id),
            Action::Round { number, reach, drop, lasts, .. } => {
                self.part_round(number, reach.as_ref(), &drop, lasts);
            }
            Action::EndRound(number) => self.network.rounds.end(number),
            Action::Pause(slot) => self.pause(slot),
            Action::Slow { slot, percent, floor } => self.servers.slow(slot, percent, floor),
            other => return Some(other),
        }
        None
    }

    /// In a round, messages of these kinds reach only whom `reach` says.
    fn part_round(&mut self, number: u32, reach: Option<&Reach>, drop: &[String], lasts: Option<Duration>) {
        let Some(reach) = reach else { return };
        let known = (0_u8..).zip(self.vocabulary.messages);
        let dropped = known.filter(|(_, kind)| drop.iter().any(|name| same_kind(name, kind)));
        let kinds: Vec<u8> = dropped.map(|(number, _)| number).collect();
        // Names of kinds that nobody sends lose nothing.
        if drop.is_empty() || !kinds.is_empty() {
            self.network.rounds.begin(number, reach, &kinds, lasts);
        }
    }
}
