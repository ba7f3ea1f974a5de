//! What is true of the kernel between two events, whatever happens in a run.
//!
//! Debug builds, and so tests, look at counters after every event and at everything whenever the number of events is a
//! power of two, and at the end. What does not hold is a defect of the simulator, never a finding about a protocol.

use super::Kernel;
use crate::agenda::Agenda;
use crate::identity::Slot;
use crate::process::Lane;

impl Kernel {
    /// What takes constant time to look at.
    pub(crate) fn quick_invariants(&self) {
        assert_eq!(self.now, self.ground.now, "one true time");
        assert!(self.notices.is_empty(), "notices are queued where they are made");
        let messages = &self.messages;
        let (began, ended) = (messages.sent + messages.duplicated, messages.delivered + messages.dropped);
        assert!(began >= ended, "{ended} messages ended, and only {began} began");
        assert_eq!(self.dropped.iter().sum::<u64>(), messages.dropped, "every loss has one reason");
        self.next_fault_is_queued();
    }

    /// Where time decides, the next fault begins or ends when it is due, and not when something else happens to.
    fn next_fault_is_queued(&self) {
        let Some(at) = self.driver.next_at().filter(|_| matches!(self.agenda, Agenda::Timed(_))) else {
            return;
        };
        let queued = self.watch.faults_queued.filter(|queued| *queued >= self.now);
        assert!(queued.is_some_and(|queued| queued <= at.max(self.now)), "the fault due at {at} is queued");
    }

    /// Everything; takes time for every slot, link and message under way.
    pub(crate) fn invariants(&self) {
        self.quick_invariants();
        self.count_check();
        self.slot_invariants();
        self.envelope_invariants();
        self.server_invariants();
        self.network.invariants();
        self.driver.invariants();
    }

    /// Every message that began is under way or has ended.
    ///
    /// # Panics
    /// If one was counted twice or not at all.
    pub(crate) fn count_check(&self) {
        let (messages, in_flight) = (&self.messages, self.envelopes.len() as u64);
        assert_eq!(
            messages.sent + messages.duplicated,
            messages.delivered + messages.dropped + in_flight,
            "sent {} + duplicated {} = delivered {} + dropped {} + in flight {in_flight}",
            messages.sent,
            messages.duplicated,
            messages.delivered,
            messages.dropped,
        );
    }

    fn slot_invariants(&self) {
        let by_kind: u64 = self.sends.by_kind.iter().sum();
        assert_eq!(by_kind, self.messages.sent, "every message sent has one kind");
        assert_eq!(self.hot.len(), self.ground.places.len(), "every place has a hot copy");
        for (slot, (hot, place)) in self.hot.iter().zip(&self.ground.places).enumerate() {
            let copy = (hot.up, hot.node, hot.incarnation, hot.corrupt);
            let truth = (place.up, place.node, place.incarnation, !place.honest && !place.twin);
            assert_eq!(copy, truth, "the hot copy of slot {slot} follows the truth");
        }
    }

    fn envelope_invariants(&self) {
        for (key, envelope) in self.envelopes.iter() {
            let (from, to) = (envelope.from_slot.index(), envelope.to.index());
            assert!(from.max(to) < self.hot.len(), "envelope {key} is between slots that exist");
            assert!(envelope.sent <= self.now, "envelope {key} was sent");
            assert!(envelope.session == 0 || envelope.lane == Lane::Stream, "datagrams have no session");
        }
    }

    fn server_invariants(&self) {
        if !self.servers.on() {
            return;
        }
        let mut syncing = vec![0_u32; self.hot.len()];
        for (_, job) in self.syncs.iter() {
            let hot = &self.hot[job.slot.index()];
            syncing[job.slot.index()] +=
                u32::from(job.at_once && hot.up && hot.incarnation == job.incarnation);
        }
        for (index, syncing) in syncing.into_iter().enumerate() {
            let slot = Slot(u32::try_from(index).unwrap_or(u32::MAX));
            for key in self.servers.invariants(slot, syncing) {
                let waits = self.envelopes.get(key).map(|envelope| envelope.to);
                assert_eq!(waits, Some(slot), "what waits at {slot} is a message to it");
            }
        }
    }
}
