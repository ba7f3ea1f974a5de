//! The state of a world as one number, for a search that does not go the same way twice.

use super::World;
use crate::agenda::Agenda;
use crate::digest::{Digest, hash_words};
use crate::identity::Slot;
use crate::kernel::event::{Control, Event};
use crate::process::{Lane, Process, Protocol};
use crate::queue;

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Whether an earlier run was in the same state after as many choices. As many, since fewer leave more to try.
    pub(super) fn was_here_before(&mut self) -> bool {
        match &self.kernel.agenda {
            Agenda::Choices(agenda) if agenda.looks_up() => {}
            _ => return false,
        }
        let Some(state) = self.state() else { return false };
        let Agenda::Choices(agenda) = &mut self.kernel.agenda else { return false };
        agenda.knows(state)
    }

    /// All that decides what can still happen and what checks will say to it; `None` if something does that nobody gives
    /// a fingerprint of. Messages under way are a multiset: in which order they were sent decides nothing.
    fn state(&self) -> Option<u128> {
        let Agenda::Choices(agenda) = &self.kernel.agenda else { return None };
        if !self.fits_in_a_fingerprint() {
            return None;
        }
        let mut digest = Digest::new();
        digest.word(agenda.taken.len() as u64);
        for judge in &self.checks {
            digest.word(judge.check.fingerprint()?);
        }
        for (index, node) in self.nodes.iter().enumerate() {
            let (slot, hot) = (Slot(u32::try_from(index).ok()?), &self.kernel.hot[index]);
            digest.word(u64::from(hot.node.0) << 32 | u64::from(hot.incarnation));
            digest.word(u64::from(hot.drawn.words()));
            digest.word(self.kernel.clocks.read(slot, self.kernel.now).as_nanos());
            digest.word(match node {
                Some(process) => process.fingerprint()?,
                None => u64::MAX,
            });
        }
        let pending = agenda.pending.iter().map(|key| self.name(Event::decode(queue::payload_of(*key))));
        let mut pending = pending.collect::<Option<Vec<u64>>>()?;
        pending.sort_unstable();
        pending.iter().for_each(|event| digest.word(*event));
        Some(digest.whole().0)
    }

    /// Whether processes, clocks, checks and what is pending are all that there is.
    fn fits_in_a_fingerprint(&self) -> bool {
        let setup = &self.kernel.setup;
        // What waits in a finite queue decides what is lost, and is in no fingerprint.
        let plain = setup.network.queue_bytes.is_none()
            && setup.faults.entries.is_empty()
            && setup.stop.is_empty()
            && setup.workload.is_none();
        plain && self.kernel.traitors.is_empty() && !self.kernel.servers.on() && self.storage.blank()
    }

    /// A pending event by its content; `None` for sorts that come with a state of their own.
    fn name(&self, event: Event) -> Option<u64> {
        match event {
            Event::Deliver(envelope) => {
                let envelope = self.kernel.envelopes[envelope];
                let content = self.payloads[envelope.payload].content;
                let link = u64::from(envelope.from_slot.0) << 32 | u64::from(envelope.to.0);
                let from = u64::from(envelope.from.0) << 1 | u64::from(envelope.damaged);
                (envelope.lane == Lane::Datagram).then(|| hash_words(&[0, link, from, content]))
            }
            Event::Timer(index) => {
                let (slot, id) = self.timers.owner(index);
                let (deadline, content) = self.timers.carried(index)?;
                let owner = u64::from(slot.0) << 32 | u64::from(id.0);
                Some(hash_words(&[1, owner, deadline.as_nanos(), content]))
            }
            Event::Control(Control::End) => Some(0),
            _ => None,
        }
    }
}
