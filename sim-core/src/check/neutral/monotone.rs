//! What never goes back: terms, views, incarnations, commit indices, heights.

use std::collections::VecDeque;

use super::Kinds;
use crate::check::{BySlot, Check, Findings, Lifecycle, Seen};
use crate::ground::Ground;
use crate::identity::Slot;
use crate::process::{JournalId, Observe, Protocol, Summary};

/// A rank or a position of a process never goes back while it runs and, where that was promised, not over a crash either.
#[derive(Debug)]
pub struct Monotone {
    kinds: Kinds,
    reads: fn(&Summary) -> Option<u64>,
    what: &'static str,
    lasts: bool,
    slots: BySlot<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    value: Lasting,
    restarted: bool,
}

/// A rising value, and how much of it no crash can take.
///
/// A value that was not on disk yet may be lost with a crash, and rightly so. It binds once the world says that the record
/// before it is durable.
#[derive(Debug, Default)]
pub struct Lasting {
    /// What the process is at.
    pub current: u64,
    /// What no crash can take.
    pub binding: u64,
    /// Later values, with the positions of their records, while those are not durable.
    pending: VecDeque<(u64, u64)>,
    journal: JournalId,
}

impl Lasting {
    /// What a process found on its disk.
    pub fn found(value: u64) -> Self {
        Self { current: value, binding: value, ..Self::default() }
    }

    /// A value that was written with the last record of the journal.
    pub fn entered<P: Protocol>(&mut self, value: u64, seen: &Seen<'_, P>) {
        self.journal = seen.journal;
        self.settle(seen.mark.durable);
        if self.pending.back().is_none_or(|(last, _)| *last < value) {
            self.pending.push_back((value, seen.mark.appended));
        }
    }

    /// The process crashed: it may be back at what is binding.
    pub fn crashed(&mut self, ground: &Ground, slot: Slot) {
        self.settle(ground.place(slot).mark(self.journal).durable);
        self.pending.clear();
        self.current = self.binding;
    }

    fn settle(&mut self, durable: u64) {
        while let Some((value, position)) = self.pending.front().copied()
            && position <= durable
        {
            self.binding = self.binding.max(value);
            self.pending.pop_front();
        }
    }
}

impl Monotone {
    /// Of the ranks in observations of these kinds.
    pub fn rank(kinds: Kinds) -> Self {
        Self { kinds, reads: |summary| summary.rank, what: "rank", lasts: false, slots: BySlot::new() }
    }

    /// Of the positions in observations of these kinds.
    pub fn position(kinds: Kinds) -> Self {
        Self { reads: |summary| summary.position, what: "position", ..Self::rank(kinds) }
    }

    /// What was durable when a process crashed must be there when it is back. Each of the observations is made after the
    /// record of its value was appended, or by a process that found the value on its disk.
    #[must_use]
    pub const fn over_crashes(mut self) -> Self {
        self.lasts = true;
        self
    }
}

impl<P: Protocol> Check<P> for Monotone {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(self.kinds)
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let value = (self.reads)(&seen.observation.summary());
        let Some(value) = value.filter(|_| seen.honest) else { return };
        findings.exercised();
        let Kept { value: kept, restarted } = self.slots.at(seen.slot);
        if self.lasts {
            kept.entered(value, seen);
        }
        let before = std::mem::replace(&mut kept.current, value);
        let (shape, how) = if *restarted { ("restart", " over a crash") } else { ("running", "") };
        *restarted = false;
        if value < before {
            let (what, node) = (self.what, seen.node);
            let message = format!("the {what} of {node} went back from {before} to {value}{how}");
            findings.safety(shape, &[node], message);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        match event {
            Lifecycle::Crashed if self.lasts => {
                let kept = self.slots.at(slot);
                kept.value.crashed(ground, slot);
                kept.restarted = true;
            }
            Lifecycle::Crashed | Lifecycle::Wiped => self.slots.reset(slot),
            Lifecycle::Booted | Lifecycle::Corrupted | Lifecycle::Healed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lab::{Fact, Script};
    use super::Monotone;

    fn enters(rank: u64) -> Fact {
        Fact::Enters { rank }
    }

    #[test]
    fn what_goes_back_in_a_running_process_is_found() {
        let mut script = Script::new(Monotone::rank(&["Enters"]), 3);
        script.see(0, enters(3)).see(1, enters(1)).see(0, enters(3)).clean();
        script.see(0, enters(2)).found("running", "the rank of n1 went back from 3 to 2");
        assert_eq!(script.exercised(), 4);
    }

    #[test]
    fn what_was_durable_must_be_there_after_a_crash() {
        let mut script = Script::new(Monotone::position(&["Chose"]).over_crashes(), 3);
        let chose = |position| Fact::Chose { position, digest: 0 };
        script.write(0, chose(3)).sync(0).write(0, chose(4)).write(0, chose(5)).crash(0, 1).boot(0).clean();
        script.see(0, chose(3)).found("restart", "the position of n1 went back from 4 to 3 over a crash");
    }

    /// Without the promise, a restart begins anew; with it, what was not durable may be lost; a wiped place is somebody new.
    #[test]
    fn odd_and_correct() {
        let mut volatile = Script::new(Monotone::rank(&["Enters"]), 3);
        volatile.write(0, enters(3)).sync(0).restart(0).see(0, enters(1)).clean();
        let mut lasting = Script::new(Monotone::rank(&["Enters"]).over_crashes(), 3);
        lasting.write(0, enters(3)).sync(0).write(0, enters(4)).restart(0).see(0, enters(3)).clean();
        lasting.write(0, enters(7)).sync(0).crash(0, 0).wipe(0).boot(0).see(0, enters(1)).clean();
        lasting.corrupt(1).see(1, enters(9)).see(1, enters(2)).clean();
    }
}
