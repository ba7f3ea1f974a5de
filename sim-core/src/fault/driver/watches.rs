//! Entries that wait for the protocol to do something.
//!
//! Of the many kinds of messages and observations of a protocol few are waited for, some of them by many entries. Those that
//! wait for the same kind stand together under a name that is looked up once in a run, so that an event is shown to nobody
//! who waits for another kind.

use super::{AFTER_TRIGGER, FaultDriver, Order, Task};
use crate::distribution::Distribution;
use crate::fault::action::Action;
use crate::fault::plan::{Before, KindName, Moment, Trigger, TriggerOn};
use crate::fault::selector;
use crate::ground::Ground;
use crate::identity::Slot;
use crate::process::JournalId;
use crate::random::Draw;
use crate::time::Duration;

/// Names the entries that wait for one kind of message or observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited(u32);

impl Awaited {
    const fn place(self) -> usize {
        self.0 as usize
    }
}

/// All that wait for one kind.
#[derive(Clone, Debug)]
pub(super) struct Waiting {
    of_messages: bool,
    kind: KindName,
    /// In the order of entries.
    watches: Vec<Watch>,
}

/// An entry that waits for the protocol to do something.
#[derive(Clone, Debug)]
struct Watch {
    entry: usize,
    trigger: Trigger,
    seen: u32,
    /// Where what was seen is not durable yet: the slot, its incarnation, the journal and how much of it has to be.
    waiting: Vec<(Slot, u32, JournalId, u64)>,
}

impl FaultDriver {
    /// Puts an entry on watch.
    pub(super) fn watch(&mut self, entry: usize, trigger: Trigger) {
        let (of_messages, kind) = (matches!(trigger.what, TriggerOn::Send(_)), trigger.kind());
        let watch = Watch { entry, trigger, seen: 0, waiting: Vec::new() };
        let same = |known: &&mut Waiting| known.of_messages == of_messages && known.kind == kind;
        match self.waiting.iter_mut().find(same) {
            Some(known) => known.watches.push(watch),
            None => self.waiting.push(Waiting { of_messages, kind, watches: vec![watch] }),
        }
    }

    /// Nobody waits for anything any more.
    pub(super) fn stop_watching(&mut self) {
        self.waiting.iter_mut().for_each(|waiting| waiting.watches.clear());
    }

    /// Who waits for observations of this kind, if anybody still does.
    pub fn awaiting_observation(&self, kind: &str) -> Option<Awaited> {
        self.awaiting(false, kind)
    }

    /// Who waits for messages of this kind, if anybody still does.
    pub fn awaiting_message(&self, kind: &str) -> Option<Awaited> {
        self.awaiting(true, kind)
    }

    fn awaiting(&self, of_messages: bool, kind: &str) -> Option<Awaited> {
        let is = |known: &Waiting| known.of_messages == of_messages && known.kind.is(kind);
        let place = self.waiting.iter().position(is)?;
        let found = Awaited(u32::try_from(place).expect("fewer than 2^32 entries"));
        self.waits(found).then_some(found)
    }

    /// Whether somebody of them still waits.
    #[inline]
    pub fn waits(&self, awaited: Awaited) -> bool {
        !self.waiting[awaited.place()].watches.is_empty()
    }

    /// Whether some entry still waits for a sync.
    pub fn watches_syncs(&self) -> bool {
        let mut watches = self.waiting.iter().flat_map(|waiting| &waiting.watches);
        watches.any(|watch| matches!(watch.trigger.what, TriggerOn::Durable(_)))
    }

    /// Whether something waits for the end of the step.
    #[inline]
    pub(crate) fn is_armed(&self) -> bool {
        !self.armed.is_empty()
    }

    /// An observation was made, and `ground` shows it already. Called before anything that the same step does later:
    /// what strikes `before = "send"` strikes now, everything else in [`FaultDriver::stepped`]. Whether anybody has waited
    /// long enough.
    pub fn observed(
        &mut self,
        awaited: Awaited,
        (slot, journal): (Slot, JournalId),
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) -> bool {
        let waiting = std::slice::from_mut(&mut self.waiting[awaited.place()]);
        seen(waiting, |watch| watch.observed(slot, journal, ground)) && self.fire(slot, ground, actions)
    }

    /// A message is about to be sent. What strikes `before = "send"` strikes now, so that the message itself may be
    /// stopped. Whether anybody has waited long enough.
    pub fn sending(
        &mut self,
        awaited: Awaited,
        from: Slot,
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) -> bool {
        let waiting = std::slice::from_mut(&mut self.waiting[awaited.place()]);
        seen(waiting, |watch| u32::from(watch.fits(from, ground))) && self.fire(from, ground, actions)
    }

    /// More of what a slot wrote is durable, and `ground` shows it already. What strikes `before = "send"` strikes now,
    /// before whatever waited for the sync. Whether anybody has waited long enough.
    pub fn synced(&mut self, slot: Slot, ground: &Ground, actions: &mut Vec<Action>) -> bool {
        seen(&mut self.waiting, |watch| watch.synced(slot, ground)) && self.fire(slot, ground, actions)
    }

    /// Fires what has been seen often enough, in the order of entries.
    #[cold]
    fn fire(&mut self, slot: Slot, ground: &Ground, actions: &mut Vec<Action>) -> bool {
        let all = self
            .waiting
            .iter_mut()
            .flat_map(|waiting| waiting.watches.extract_if(.., |watch| watch.is_due()));
        let mut fired: Vec<(usize, Trigger)> = all.map(|watch| (watch.entry, watch.trigger)).collect();
        fired.sort_unstable_by_key(|(entry, _)| *entry);
        for (entry, trigger) in fired {
            match (trigger.before, trigger.after.clone()) {
                (_, Some(after)) => {
                    let after = self.draw(entry, &after);
                    let task = Task::Begin { entry, event: Some(slot) };
                    self.schedule(self.planned(ground.now).saturating_add(after), Order::Begin, task);
                }
                (Some(Before::Send), None) => {
                    self.begin_call(ground);
                    self.begin(entry, Moment::On(trigger), Some(slot), ground, actions);
                }
                (None, None) => self.armed.push((entry, slot)),
            }
        }
        true
    }

    /// How long after its event an entry strikes: from the seed and the entry's id alone.
    fn draw(&self, entry: usize, after: &Distribution) -> Duration {
        let id = u64::from(self.entries[entry].id.unwrap_or_default());
        after.compile().sample_from(&mut Draw::new(self.keyed.labeled(AFTER_TRIGGER), id, 0))
    }
}

/// Adds how often each was seen now; whether one of them has been seen often enough.
#[inline]
fn seen(waiting: &mut [Waiting], counts: impl Fn(&mut Watch) -> u32) -> bool {
    let mut due = false;
    for watch in waiting.iter_mut().flat_map(|waiting| &mut waiting.watches) {
        watch.seen += counts(watch);
        due |= watch.is_due();
    }
    due
}

impl Watch {
    fn is_due(&self) -> bool {
        self.seen >= self.trigger.nth
    }

    /// Whether this is a place that it waits for.
    fn fits(&self, slot: Slot, ground: &Ground) -> bool {
        self.trigger.role.as_ref().is_none_or(|role| {
            let place = ground.place(slot);
            place.status.role.is_some_and(|is| selector::in_role(role, is))
        })
    }

    /// How often an observation counts: not before it is durable, where that is waited for.
    fn observed(&mut self, slot: Slot, journal: JournalId, ground: &Ground) -> u32 {
        if !self.fits(slot, ground) {
            return 0;
        }
        let place = ground.place(slot);
        let mark = place.mark(journal);
        if matches!(self.trigger.what, TriggerOn::Durable(_)) && mark.durable < mark.appended {
            self.waiting.push((slot, place.incarnation, journal, mark.appended));
            return 0;
        }
        1
    }

    /// How many observations of a slot have become durable; those of a process that is gone never will.
    fn synced(&mut self, slot: Slot, ground: &Ground) -> u32 {
        let (place, mut reached) = (ground.place(slot), 0);
        self.waiting.retain(|(at, incarnation, journal, upto)| {
            let lives = *at != slot || *incarnation == place.incarnation;
            let durable = lives && *at == slot && place.mark(*journal).durable >= *upto;
            reached += u32::from(durable);
            lives && !durable
        });
        reached
    }
}
