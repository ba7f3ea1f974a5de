//! Gates: what a step made visible while it held on syncs waits here until they have ended, in order, or is lost with them.

use std::collections::VecDeque;

use super::{Pending, Storage, Store};
use crate::identity::{NodeId, Slot};
use crate::kernel::Folded;
use crate::process::{JournalId, Process, Protocol, RequestId, SyncId};
use crate::trace::What;
use crate::world::World;

/// A visible effect that waits for a sync.
pub(in crate::world) enum Gated<P: Protocol> {
    Send { to: NodeId, payload: u32 },
    Return { id: RequestId, response: P::Response },
    Observe { journal: JournalId, observation: P::Observation },
}

/// Effects of one step that wait for the same.
pub(super) struct Gate<P: Protocol> {
    /// Syncs that have to succeed.
    waits: Vec<SyncId>,
    /// Journals, and how much of each has to be durable.
    until: Vec<(JournalId, u64)>,
    effects: Vec<Gated<P>>,
}

impl<P: Protocol> Gate<P> {
    const fn new() -> Self {
        Self { waits: Vec::new(), until: Vec::new(), effects: Vec::new() }
    }

    /// One that is handed on by its pointer, from the making to those of its slot and to the spare ones.
    pub(super) fn boxed() -> Box<Self> {
        Box::new(Self::new())
    }

    fn is_empty(&self) -> bool {
        self.effects.is_empty()
    }

    /// It waits for nothing, and is as good as new.
    fn forget(&mut self) {
        self.waits.clear();
        self.until.clear();
    }

    fn is_open(&self) -> bool {
        self.waits.is_empty() && self.until.is_empty()
    }

    fn waits_for_journals(&self) -> bool {
        !self.until.is_empty()
    }
}

/// The place of a sync that has not ended, of several with this id the last. Most processes count their syncs, so the ids
/// rise; a slow disk may have thousands of them to come.
#[inline]
fn place(pending: &VecDeque<Pending>, id: SyncId) -> Option<usize> {
    // As a rule, a step holds on what it has just asked for.
    if pending.back().is_some_and(|last| last.id == id) {
        return Some(pending.len() - 1);
    }
    search(pending, id)
}

fn search(pending: &VecDeque<Pending>, id: SyncId) -> Option<usize> {
    let after = pending.partition_point(|sync| sync.id <= id);
    let found = after.checked_sub(1).filter(|place| pending[*place].id == id);
    found.or_else(|| pending.iter().rposition(|sync| sync.id == id))
}

/// So much of a journal is durable. Of gates in order, of which so many wait for journals: how many open, and how many wait
/// for no journal any more.
///
/// A journal only grows while gates wait for it, so the later of two waits for no less of it: what waits for more ends the
/// search, as does the last of those that wait for journals.
fn grew<'a, P: Protocol + 'a>(
    mut gates: impl Iterator<Item = &'a mut Gate<P>>,
    mut unseen: u32,
    (journal, durable): (JournalId, u64),
) -> (u32, u32) {
    let (mut opening, mut done) = (0, 0);
    while unseen > 0
        && let Some(gate) = gates.next()
    {
        unseen -= u32::from(gate.waits_for_journals());
        let Some(place) = gate.until.iter().position(|(other, _)| *other == journal) else { continue };
        if gate.until[place].1 > durable {
            break;
        }
        gate.until.remove(place);
        done += u32::from(!gate.waits_for_journals());
        opening += u32::from(gate.is_open());
    }
    (opening, done)
}

impl<P: Protocol> Store<P> {
    /// What is true of gates between two events.
    pub(super) fn gate_invariants(&self) {
        for gate in &self.gates {
            let come = gate.waits.iter().all(|id| place(&self.pending, *id).is_some());
            assert!(!gate.is_open() && come, "a gate waits for a sync that is still to come");
        }
        let counted = self.gates.iter().filter(|gate| gate.waits_for_journals()).count();
        assert_eq!(counted, self.on_journals as usize, "gates that wait for journals are counted");
    }
}

impl<P: Protocol> Storage<P> {
    /// How many sends wait for syncs.
    pub(in crate::world) fn gated_sends(&self) -> u64 {
        let gates = self.stores.iter().flatten().flat_map(|store| &store.gates);
        gates.flat_map(|gate| &gate.effects).filter(|effect| matches!(effect, Gated::Send { .. })).count()
            as u64
    }

    /// Whether the step in progress holds on anything.
    #[inline]
    pub(in crate::world) fn gate_open(&self) -> bool {
        self.holding
    }

    /// The gate in the making waits for what the step holds on now.
    #[inline]
    fn hang(&mut self, slot: Slot) {
        if self.open.waits != self.holds || self.open.until != self.until {
            self.hang_another(slot);
        }
    }

    fn hang_another(&mut self, slot: Slot) {
        if self.open.is_empty() {
            self.open.forget();
        } else {
            self.seal(slot);
        }
        self.open.waits.extend_from_slice(&self.holds);
        self.open.until.extend_from_slice(&self.until);
    }

    /// The gate in the making, which keeps something, joins those of the slot.
    fn seal(&mut self, slot: Slot) {
        let fresh = self.spare.pop().unwrap_or_else(Gate::boxed);
        let gate = std::mem::replace(&mut self.open, fresh);
        let store = self.of(slot);
        for id in &gate.waits {
            let place = place(&store.pending, *id).expect("a gate waits for a sync that is still to come");
            store.pending[place].gates += 1;
        }
        store.on_journals += u32::from(gate.waits_for_journals());
        store.gates.push_back(gate);
    }
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    #[inline(never)]
    pub(in crate::world) fn hold(&mut self, slot: Slot, id: SyncId) {
        self.kernel.fold(Folded::Hold, slot, id.0);
        self.kernel.trace(slot, What::Hold { id });
        let Some(store) = self.storage.stores[slot.index()].as_ref() else { return };
        if store.failed.contains(&id) {
            (self.storage.lost, self.storage.holding) = (true, true);
        }
        let pending = place(&store.pending, id).is_some();
        if pending && !self.storage.holds.contains(&id) {
            self.storage.holds.push(id);
            self.storage.holding = true;
        }
    }

    #[inline(never)]
    pub(in crate::world) fn hold_until_durable(&mut self, slot: Slot, journal: JournalId) {
        self.kernel.fold(Folded::HoldUntilDurable, slot, u64::from(journal.0));
        self.kernel.trace(slot, What::HoldUntilDurable { journal });
        let mark = self.kernel.ground.places[slot.index()].mark(journal);
        let until = &mut self.storage.until;
        if mark.durable < mark.appended {
            until.retain(|(other, _)| *other != journal);
            until.push((journal, mark.appended));
            self.storage.holding = true;
        }
    }

    /// Keeps a visible effect, which is made where it stays, until the syncs that the step holds on have ended; it is lost if one
    /// of them has failed.
    #[inline(always)]
    pub(in crate::world) fn gate(&mut self, slot: Slot, effect: impl FnOnce() -> Gated<P>) {
        if self.storage.lost {
            return self.lose(&effect());
        }
        self.storage.hang(slot);
        self.storage.open.effects.extend(std::iter::once_with(effect));
    }

    /// A step is over, and its holds with it: what it gated waits, or is lost if its slot crashed in the middle of it.
    pub(in crate::world) fn close_step(&mut self, slot: Slot, survived: bool) {
        if !survived {
            let mut effects = std::mem::take(&mut self.storage.open.effects);
            effects.drain(..).for_each(|effect| self.lose(&effect));
            self.storage.open.effects = effects;
        }
        if self.storage.open.is_empty() {
            self.storage.open.forget();
        } else {
            self.storage.seal(slot);
        }
        self.storage.holds.clear();
        self.storage.until.clear();
        (self.storage.lost, self.storage.holding) = (false, false);
    }

    /// A gated effect will never be seen.
    pub(super) fn lose(&mut self, effect: &Gated<P>) {
        if let Gated::Send { payload, .. } = effect {
            self.release(*payload);
        }
    }

    /// A sync is done, for which so many gates wait. Those that wait for nothing else open.
    pub(super) fn open_gates(&mut self, slot: Slot, id: SyncId, mut waiting: u32) {
        if waiting == 0 {
            return;
        }
        let mut opening = 0;
        for gate in &mut self.storage.of(slot).gates {
            if waiting == 0 {
                break;
            }
            let before = gate.waits.len();
            gate.waits.retain(|wait| *wait != id);
            waiting -= u32::from(gate.waits.len() < before);
            opening += u32::from(gate.is_open());
        }
        self.release_open(slot, opening);
    }

    /// More of a journal is durable. What waited for no more than that goes out.
    pub(super) fn open_durable(&mut self, slot: Slot, journal: JournalId) {
        let store = self.storage.of(slot);
        if store.on_journals == 0 {
            return;
        }
        let durable = self.kernel.ground.places[slot.index()].mark(journal).durable;
        let gates = store.gates.iter_mut().map(Box::as_mut);
        let (opening, done) = grew(gates, store.on_journals, (journal, durable));
        store.on_journals -= done;
        self.release_open(slot, opening);
    }

    /// So many gates are open: what they kept goes out, in order.
    fn release_open(&mut self, slot: Slot, opening: u32) {
        for _ in 0..opening {
            let gates = &mut self.storage.of(slot).gates;
            let Some(place) = gates.iter().position(|gate| gate.is_open()) else { return };
            // Nearly always the first: gates open in order, as syncs end.
            let taken = if place == 0 { gates.pop_front() } else { gates.remove(place) };
            let Some(mut gate) = taken else { return };
            let incarnation = self.kernel.begin_burst(slot).incarnation;
            self.speaks_again(slot);
            for effect in gate.effects.drain(..) {
                self.release_gated(slot, incarnation, effect);
            }
            self.storage.spare.push(gate);
        }
    }

    /// What a slot has kept goes out: checks look at it by that slot's clock, whoever took the last step.
    fn speaks_again(&mut self, slot: Slot) {
        let monotonic = self.kernel.clocks.monotonic(slot, self.kernel.now);
        (self.kernel.ground.stepping, self.kernel.ground.monotonic) = (slot, monotonic);
    }

    /// A gated effect becomes visible, unless the slot crashed at one of those before it.
    fn release_gated(&mut self, slot: Slot, incarnation: u32, effect: Gated<P>) {
        let hot = self.kernel.hot[slot.index()];
        if !hot.up || hot.incarnation != incarnation {
            self.lose(&effect);
            return;
        }
        match effect {
            Gated::Send { to, payload } => {
                let parcel = self.payloads[payload].parcel(slot, hot.node, payload);
                let copies = self.post(&parcel, to);
                self.hand_over(payload, copies);
            }
            Gated::Return { id, response } => self.respond(slot, id, &response),
            Gated::Observe { journal, observation } => self.observe(slot, hot.node, journal, &observation),
        }
    }

    /// What waits is lost: for one sync, or all of a slot's.
    pub(super) fn burn_gates(&mut self, slot: Slot, id: Option<SyncId>) {
        let gates = std::mem::take(&mut self.storage.of(slot).gates);
        for mut gate in gates {
            if id.is_none_or(|id| gate.waits.contains(&id)) {
                self.storage.of(slot).on_journals -= u32::from(gate.waits_for_journals());
                gate.effects.drain(..).for_each(|effect| self.lose(&effect));
                gate.forget();
                self.storage.spare.push(gate);
            } else {
                self.storage.of(slot).gates.push_back(gate);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process::Message;

    crate::facts! {
        #[expect(dead_code, reason = "nobody says anything here")]
        enum Word { Hello }
    }
    crate::vocabulary! { Greeting { message: Word } }

    impl Message for Word {
        fn wire_size(&self) -> u32 {
            1
        }
    }

    const LOG: JournalId = JournalId(0);
    const OTHER: JournalId = JournalId(1);

    fn on_sync(id: u64) -> Gate<Greeting> {
        Gate { waits: vec![SyncId(id)], ..Gate::new() }
    }

    fn on(until: &[(JournalId, u64)]) -> Gate<Greeting> {
        Gate { until: until.to_vec(), ..Gate::new() }
    }

    /// How many gates open and wait for no journal any more, and how many were looked at.
    fn look(gates: &mut [Gate<Greeting>], until: (JournalId, u64)) -> (u32, u32, u32) {
        let on_journals = gates.iter().filter(|gate| gate.waits_for_journals()).count();
        let mut seen = 0;
        let counted = gates.iter_mut().inspect(|_| seen += 1);
        let (opening, done) = grew(counted, u32::try_from(on_journals).unwrap(), until);
        (opening, done, seen)
    }

    #[test]
    fn what_waits_for_syncs_is_not_searched_for_what_waits_for_journals() {
        let mut gates: Vec<_> = (0..1_000).map(on_sync).collect();
        assert_eq!(look(&mut gates, (LOG, 5)), (0, 0, 0));
    }

    #[test]
    fn a_search_ends_where_more_of_the_journal_is_waited_for() {
        let mut gates: Vec<_> = (1..=1_000).map(|upto| on(&[(LOG, upto)])).collect();
        assert_eq!(look(&mut gates, (LOG, 2)), (2, 2, 3));
        assert_eq!(look(&mut gates[2..], (LOG, 2)), (0, 0, 1));
    }

    #[test]
    fn a_gate_opens_once_it_waits_for_nothing() {
        let both = Gate { until: vec![(LOG, 1)], ..on_sync(7) };
        let mut gates = [on(&[(OTHER, 4), (LOG, 1)]), both, on(&[(LOG, 1)]), on_sync(8)];
        assert_eq!(look(&mut gates, (LOG, 1)), (1, 2, 3));
        assert_eq!(gates.each_ref().map(Gate::is_open), [false, false, true, false]);
        assert_eq!(look(&mut gates, (OTHER, 4)), (1, 1, 1));
    }
}
