//! Operations: the workload hands requests to client slots, returns end them, and together they write the history.

use super::World;
use super::step::Stimulus;
use crate::facts::Facts;
use crate::history::History;
use crate::identity::Slot;
use crate::kernel::Folded;
use crate::kernel::event::{Control, Event};
use crate::metrics::MetricId;
use crate::operation::{Answer, Operation, Reply};
use crate::process::{Process, Protocol, RequestId};
use crate::time::Time;
use crate::trace::What;
use crate::workload::Workload;

/// A request that was handed to a client.
struct Pending<P: Protocol> {
    slot: Slot,
    entry: usize,
    operation: Operation,
    invoked: Time,
    open: bool,
    /// Kept while the client is too busy to take it.
    request: Option<P::Request>,
}

/// What clients are asked and what they answered.
pub(super) struct Clients<P: Protocol> {
    pub(super) workload: Option<Workload>,
    pub(super) history: History,
    requests: Vec<Pending<P>>,
    first: u32,
    count: u32,
    latency: MetricId,
    pub(super) probes: u64,
    pub(super) invoked: u64,
    /// Operations that waited in line for a client.
    pub(super) waited: u64,
    pub(super) returned: u64,
    pub(super) succeeded: u64,
}

impl<P: Protocol> Clients<P> {
    pub(super) fn new(
        workload: Option<Workload>,
        history: History,
        first: u32,
        count: u32,
        latency: MetricId,
    ) -> Self {
        Self {
            workload,
            history,
            requests: Vec::new(),
            first,
            count,
            latency,
            probes: 0,
            invoked: 0,
            waited: 0,
            returned: 0,
            succeeded: 0,
        }
    }

    fn slot_of(&self, client: u32) -> Slot {
        Slot(self.first + client)
    }

    fn client_of(&self, slot: Slot) -> u32 {
        slot.0 - self.first
    }

    /// The client in a slot, if it is one of the workload's.
    fn client_at(&self, slot: Slot) -> Option<u32> {
        slot.0.checked_sub(self.first).filter(|client| *client < self.count)
    }

    /// What a client slot that crashed had under way ends unknown.
    fn abandon(&mut self, slot: Slot, now: Time) {
        let Some(client) = self.client_at(slot) else { return };
        if let Some(workload) = &mut self.workload {
            workload.gone(client);
        }
        for request in &mut self.requests {
            if request.open && request.slot == slot {
                request.open = false;
                self.history.complete(request.entry, now, Answer { reply: Reply::Unknown, position: None });
                if let Some(workload) = &mut self.workload {
                    workload.returned(client, &request.operation, &Reply::Unknown, now);
                }
            }
        }
    }
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// A slot crashed: what it had under way as a client ends unknown, and its user goes on.
    pub(super) fn abandon_operations(&mut self, slot: Slot) {
        self.clients.abandon(slot, self.kernel.now);
        if let Some(client) = self.clients.client_at(slot) {
            self.operation_ended(client, self.kernel.now, false);
        }
        self.queue_arrival();
    }

    /// A slot is up again: a user who waits for it goes on.
    pub(super) fn resume_operations(&mut self, slot: Slot) {
        if let Some(client) = self.clients.client_at(slot)
            && let Some(workload) = &mut self.clients.workload
        {
            workload.back(client, self.kernel.now);
            self.queue_arrival();
        }
    }

    /// The workload's next operation is due.
    pub(super) fn arrival(&mut self) {
        let now = self.kernel.now;
        while let Some(invocation) = self.clients.workload.as_mut().and_then(|workload| workload.arrive(now))
        {
            if invocation.arrived < now {
                self.clients.waited += 1;
                // Found by name, so that runs in which nobody waits pay for no histogram.
                let wait = self.kernel.metrics.histogram(crate::metrics::OPERATION_WAIT);
                self.kernel.metrics.record(wait, now.since(invocation.arrived).as_nanos());
            }
            self.invoke(invocation.client, &invocation.operation);
        }
        self.queue_arrival();
    }

    pub(super) fn queue_arrival(&mut self) {
        let next = self.clients.workload.as_ref().and_then(Workload::next_arrival);
        if let Some(at) = next.filter(|_| !self.phase.over()) {
            let at = at.max(self.kernel.now);
            if self.watch.arrival_queued.is_none_or(|queued| queued <= self.kernel.now || at < queued) {
                self.watch.arrival_queued = Some(at);
                self.kernel.queue_control(at, Control::Arrival, false);
            }
        }
    }

    /// Hands an operation to a client; whether it was there to take it.
    fn invoke(&mut self, client: u32, operation: &Operation) -> bool {
        let slot = self.clients.slot_of(client);
        let Some(request) = self.service.encode(operation) else { return false };
        if !self.kernel.hot[slot.index()].up {
            if let Some(workload) = &mut self.clients.workload {
                workload.refused(client, operation, self.kernel.now);
            }
            return false;
        }
        let now = self.kernel.now;
        let entry = self.clients.history.invoke(client, now, *operation);
        let id = RequestId(self.clients.requests.len() as u64);
        self.clients.invoked += 1;
        let node = self.kernel.hot[slot.index()].node;
        let ground = &self.kernel.ground;
        for judge in &mut self.checks {
            judge.ask(now, &mut self.kernel.findings, |check, findings| {
                check.invoked(ground, node, id, &request, findings);
            });
        }
        let index = u32::try_from(id.0).expect("fewer than 2^29 requests");
        let waits = self.postponed(slot, Event::Request(index));
        let kept = waits.then(|| request.clone());
        let operation = *operation;
        self.clients.requests.push(Pending {
            slot,
            entry,
            operation,
            invoked: now,
            open: true,
            request: kept,
        });
        if !waits {
            self.step(slot, Stimulus::Request { id, request });
        }
        true
    }

    /// A client that was busy has time for a request.
    pub(super) fn request_waits(&mut self, index: u32) {
        let pending = &mut self.clients.requests[index as usize];
        let (slot, request) = (pending.slot, pending.request.take());
        if let Some(request) = request.filter(|_| self.kernel.hot[slot.index()].up) {
            self.step(slot, Stimulus::Request { id: RequestId(u64::from(index)), request });
        }
    }

    /// A client returns.
    pub(super) fn respond(&mut self, slot: Slot, id: RequestId, response: &P::Response) {
        self.kernel.fold(Folded::Return, slot, response.content() ^ id.0);
        self.trace(slot, What::Return { id, response });
        let now = self.kernel.now;
        let index = usize::try_from(id.0).unwrap_or(usize::MAX);
        let Some(pending) = self.clients.requests.get_mut(index) else { return };
        if !pending.open || pending.slot != slot {
            return;
        }
        pending.open = false;
        let (operation, entry, invoked) = (pending.operation, pending.entry, pending.invoked);
        let answer = self.service.decode(&operation, response);
        let reply = answer.reply.clone();
        self.clients.history.complete(entry, now, answer);
        self.clients.returned += 1;
        let succeeded = !matches!(reply, Reply::Refused | Reply::Unknown);
        if succeeded {
            self.clients.succeeded += 1;
            self.kernel.metrics.record(self.clients.latency, now.since(invoked).as_nanos());
        }
        let client = self.clients.client_of(slot);
        if let Some(workload) = &mut self.clients.workload {
            workload.returned(client, &operation, &reply, now);
        }
        let node = self.kernel.hot[slot.index()].node;
        let ground = &self.kernel.ground;
        for judge in &mut self.checks {
            judge.ask(now, &mut self.kernel.findings, |check, findings| {
                check.returned(ground, node, id, response, findings);
            });
        }
        self.found_something();
        self.operation_ended(client, invoked, succeeded);
        self.queue_arrival();
        self.watch_returns();
    }

    /// Asks a client for one operation, to see whether there is progress. Nobody is asked where no client knows such an
    /// operation. Whether it was asked.
    pub(super) fn probe_operation(&mut self, client: u32) -> bool {
        // Above every value that a workload writes, so that written values stay unique.
        let value = (1 << 60) + self.clients.probes;
        let offered = [
            Operation::Write { key: 0, value },
            Operation::Append { key: 0, value },
            Operation::Enqueue { key: 0, value },
            Operation::Add { key: 0, value },
        ];
        let operation = offered.iter().find(|operation| self.service.encode(operation).is_some());
        operation.is_some_and(|operation| {
            self.clients.probes += 1;
            self.invoke(client, operation)
        })
    }
}
