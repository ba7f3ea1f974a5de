//! Operations: the workload hands requests to client slots, and returns end them.

use super::World;
use super::step::Stimulus;
use crate::check::ask;
use crate::facts::Facts;
use crate::identity::Slot;
use crate::kernel::Folded;
use crate::kernel::event::Event;
use crate::kernel::tie;
use crate::operation::{MemberChange, Operation};
use crate::process::{Process, Protocol, RequestId};
use crate::trace::What;

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// The workload's next operation is due.
    pub(super) fn arrival(&mut self) {
        while let Some(invocation) = self.kernel.next_invocation() {
            self.invoke(invocation.client, &invocation.operation);
            // Clients that answer at once and are asked at once would never let the event loop look up.
            if self.kernel.ended.is_some() || self.kernel.events >= self.kernel.pace.next {
                break;
            }
        }
        self.kernel.queue_arrival();
    }

    /// Hands an operation to a client; whether it was there to take it.
    fn invoke(&mut self, client: u32, operation: &Operation) -> bool {
        let Some(request) = self.service.encode(&self.kernel.with_weight(operation)) else { return false };
        if !self.kernel.may_ask(client, operation) {
            return false;
        }
        let id = self.kernel.ask(client, *operation);
        let slot = self.kernel.clients.slot_of(client);
        let node = self.kernel.hot[slot.index()].node;
        let ground = &self.kernel.ground;
        let findings = (self.kernel.now, &mut self.kernel.findings);
        ask((&mut self.checks, &self.watchers), findings, |check, findings| {
            check.invoked(ground, node, id, &request, findings);
        });
        let index = u32::try_from(id.0).expect("fewer than 2^29 requests");
        if self.kernel.postponed(slot, Event::Request(index)) {
            self.waiting_requests.put(id.0, request);
        } else {
            self.step(slot, Stimulus::Request { id, request });
        }
        true
    }

    /// A client that was busy has time for a request, or is to hear of something.
    pub(super) fn request_waits(&mut self, index: u32) {
        let id = RequestId(u64::from(index));
        let Some(slot) = self.kernel.clients.slot_of_request(id) else { return };
        if self.kernel.postponed(slot, Event::Request(index)) {
            return;
        }
        let Some(request) = self.waiting_requests.take(id.0) else { return };
        if self.kernel.hot[slot.index()].up {
            self.step(slot, Stimulus::Request { id, request });
        }
    }

    /// Somebody came or left: all clients hear of it, where that is of use to them.
    pub(super) fn tell_clients(&mut self, change: MemberChange) {
        if self.service.member_change(change).is_none() {
            return;
        }
        self.member_changes.push(change);
        for client in 0..self.kernel.setup.clients {
            let slot = self.kernel.clients.slot_of(client);
            if self.kernel.hot[slot.index()].up {
                self.tell_client(slot, change);
            }
        }
    }

    /// A client that starts again hears who came and left before, since it forgot.
    pub(super) fn tell_again(&mut self, slot: Slot) {
        let first = self.kernel.clients.slot_of(0);
        if slot < first || slot.0 - first.0 >= self.kernel.setup.clients {
            return;
        }
        for index in 0..self.member_changes.len() {
            self.tell_client(slot, self.member_changes[index]);
        }
    }

    fn tell_client(&mut self, slot: Slot, change: MemberChange) {
        let Some(request) = self.service.member_change(change) else { return };
        let id = self.kernel.tell(slot);
        let index = u32::try_from(id.0).expect("fewer than 2^29 requests");
        self.waiting_requests.put(id.0, request);
        self.kernel.queue(self.kernel.now, tie::news(slot, index), Event::Request(index));
    }

    /// A client returns.
    pub(super) fn respond(&mut self, slot: Slot, id: RequestId, response: &P::Response) {
        self.kernel.fold(Folded::Return, slot, response.content() ^ id.0);
        self.kernel.trace(slot, What::Return { id, response });
        let Some(asked) = self.kernel.clients.open(slot, id) else { return };
        let operation = asked.operation;
        let answer = self.service.decode(&self.kernel.with_weight(&operation), response);
        let answer = self.kernel.without_weight(answer);
        let node = self.kernel.hot[slot.index()].node;
        let ground = &self.kernel.ground;
        let findings = (self.kernel.now, &mut self.kernel.findings);
        ask((&mut self.checks, &self.watchers), findings, |check, findings| {
            check.returned(ground, node, id, response, findings);
        });
        self.kernel.found_something();
        self.kernel.answered(slot, id, answer);
    }

    /// Asks a client for one operation, to see whether there is progress. Nobody is asked where no client knows such an
    /// operation. Whether it was asked.
    pub(super) fn put_question(&mut self, client: u32, question: Operation) -> bool {
        // Above every value that a workload writes, so that written values stay unique.
        let operation = question.with_value((1 << 60) + self.kernel.clients.probes);
        if self.service.encode(&operation).is_none() {
            return false;
        }
        self.kernel.clients.probes += 1;
        self.invoke(client, &operation)
    }
}
