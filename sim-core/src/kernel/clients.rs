//! What clients are asked and what they answered, without the words of a protocol: the workload, who is to be asked when,
//! and the history.

use super::Kernel;
use crate::history::{History, HistoryCheck, LINEARIZABLE};
use crate::identity::Slot;
use crate::kernel::event::Control;
use crate::metrics::MetricId;
use crate::operation::{Answer, ObjectModel, Operation, Reply, ValueBytes};
use crate::process::RequestId;
use crate::setup::Setup;
use crate::time::Time;
use crate::workload::{Invocation, Workload};

/// An operation that a client was asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call {
    pub(crate) slot: Slot,
    pub(crate) operation: Operation,
    entry: usize,
    invoked: Time,
    open: bool,
    /// Whether it was asked after the heal, to see progress, and not by the workload.
    question: bool,
}

/// What clients are asked and what they answered.
pub(crate) struct Clients {
    pub(crate) workload: Option<Workload>,
    value_bytes: ValueBytes,
    pub(crate) history: History,
    asked: Vec<Call>,
    first: u32,
    count: u32,
    latency: MetricId,
    pub(crate) probes: u64,
    pub(crate) invoked: u64,
    /// Operations that waited in line for a client.
    pub(crate) waited: u64,
    pub(crate) returned: u64,
    pub(crate) succeeded: u64,
}

impl Clients {
    /// The clients of a run, their latency measured under this name.
    pub(crate) fn of(setup: &Setup, latency: MetricId) -> Self {
        let workload = setup.workload.as_ref().map(|model| Workload::new(model, setup.clients, setup.seed));
        let model = setup.workload.as_ref().map_or(ObjectModel::Register, |workload| workload.model);
        Self {
            workload,
            value_bytes: setup
                .workload
                .as_ref()
                .map_or(ValueBytes::default(), |workload| workload.value_bytes),
            history: History::new(model),
            asked: Vec::new(),
            first: setup.members,
            count: setup.clients,
            latency,
            probes: 0,
            invoked: 0,
            waited: 0,
            returned: 0,
            succeeded: 0,
        }
    }

    pub(crate) fn slot_of(&self, client: u32) -> Slot {
        Slot(self.first + client)
    }

    fn client_of(&self, slot: Slot) -> u32 {
        slot.0 - self.first
    }

    /// The client in a slot, if it is one of the workload's.
    fn client_at(&self, slot: Slot) -> Option<u32> {
        slot.0.checked_sub(self.first).filter(|client| *client < self.count)
    }

    /// Which slot was asked by a request.
    pub(crate) fn slot_of_request(&self, id: RequestId) -> Option<Slot> {
        self.asked.get(usize::try_from(id.0).ok()?).map(|asked| asked.slot)
    }

    /// The operation of a request that is under way at a slot.
    pub(crate) fn open(&mut self, slot: Slot, id: RequestId) -> Option<&mut Call> {
        let asked = self.asked.get_mut(usize::try_from(id.0).ok()?)?;
        (asked.open && asked.slot == slot).then_some(asked)
    }

    /// What a client slot that crashed had under way ends unknown.
    fn abandon(&mut self, slot: Slot, now: Time) {
        let Some(client) = self.client_at(slot) else { return };
        if let Some(workload) = &mut self.workload {
            workload.gone(client);
        }
        for asked in self.asked.iter_mut().filter(|asked| asked.open && asked.slot == slot) {
            asked.open = false;
            self.history.complete(asked.entry, now, Answer { reply: Reply::Unknown, position: None });
            if let Some(workload) = &mut self.workload {
                workload.returned(client, &asked.operation, &Reply::Unknown, now);
            }
        }
    }
}

/// How what clients saw is judged, if it is.
pub(crate) fn history_check(setup: &Setup) -> Option<HistoryCheck> {
    let off = setup.checks_off.iter().any(|off| off == LINEARIZABLE);
    (setup.workload.is_some() && !off).then(|| HistoryCheck::new(setup.history_budget))
}

impl Kernel {
    /// Whether a slot is that of a client which does not follow the protocol.
    pub(crate) fn is_corrupt_client(&self, slot: Slot) -> bool {
        let corrupt = self.setup.workload.as_ref().and_then(|workload| workload.corrupt).unwrap_or(0);
        slot.0.checked_sub(self.setup.members).is_some_and(|client| client < corrupt)
    }

    /// Clients that do not follow the protocol are known as such.
    pub(crate) fn set_corrupt_clients(&mut self) {
        let clients = self.setup.members..self.setup.members + self.setup.clients;
        for slot in clients.map(Slot).filter(|slot| self.is_corrupt_client(*slot)).collect::<Vec<_>>() {
            let place = &mut self.ground.places[slot.index()];
            // It runs code of its own, which no coalition moves.
            (place.honest, place.twin) = (false, true);
            self.refresh(slot);
        }
    }

    /// A slot crashed: what it had under way as a client ends unknown, and its user goes on.
    pub(crate) fn abandon_operations(&mut self, slot: Slot) {
        self.clients.abandon(slot, self.now);
        if let Some(client) = self.clients.client_at(slot) {
            self.operation_ended(client, self.now, false);
        }
        self.queue_arrival();
    }

    /// A slot is up again: a user who waits for it goes on.
    pub(crate) fn resume_operations(&mut self, slot: Slot) {
        if let Some(client) = self.clients.client_at(slot)
            && let Some(workload) = &mut self.clients.workload
        {
            workload.back(client, self.now);
            self.queue_arrival();
        }
    }

    /// The operation of the workload that is due now, if there is one left.
    pub(crate) fn next_invocation(&mut self) -> Option<Invocation> {
        let now = self.now;
        let invocation = self.clients.workload.as_mut()?.arrive(now)?;
        if invocation.arrived < now {
            self.clients.waited += 1;
            // Found by name, so that runs in which nobody waits pay for no histogram.
            let wait = self.metrics.histogram(crate::metrics::OPERATION_WAIT);
            let waited = now.since(invocation.arrived).as_nanos();
            self.metrics.record(wait, waited);
            self.windows.record(crate::metrics::OPERATION_WAIT, invocation.arrived, waited);
        }
        Some(invocation)
    }

    /// Queues the next arrival of the workload, if the workload has not come to its end.
    pub(crate) fn queue_arrival(&mut self) {
        let next = self.clients.workload.as_ref().and_then(Workload::next_arrival);
        if let Some(at) = next.filter(|_| !self.phase.over()) {
            let at = at.max(self.now);
            if self.watch.arrival_queued.is_none_or(|queued| queued <= self.now || at < queued) {
                self.watch.arrival_queued = Some(at);
                self.queue_control(at, Control::Arrival, false);
            }
        }
    }

    /// An operation as protocols hear of it: its values tell how many bytes they have.
    #[inline]
    pub(crate) fn with_weight(&self, operation: &Operation) -> Operation {
        self.clients.value_bytes.put_on(self.setup.seed, operation)
    }

    /// An answer as histories keep it.
    #[inline]
    pub(crate) fn without_weight(&self, answer: Answer) -> Answer {
        Answer { reply: self.clients.value_bytes.take_off(answer.reply), ..answer }
    }

    /// Whether a client is there to be asked; if not, its user hears of it.
    pub(crate) fn may_ask(&mut self, client: u32, operation: &Operation) -> bool {
        let up = self.hot[self.clients.slot_of(client).index()].up;
        if let Some(workload) = self.clients.workload.as_mut().filter(|_| !up) {
            workload.refused(client, operation, self.now);
        }
        up
    }

    /// A client is asked for an operation: the name of the request.
    pub(crate) fn ask(&mut self, client: u32, operation: Operation) -> RequestId {
        let (slot, now) = (self.clients.slot_of(client), self.now);
        let clients = &mut self.clients;
        let entry = clients.history.invoke(client, now, operation);
        let id = RequestId(clients.asked.len() as u64);
        // What is asked after the heal shows progress; it is no load that anybody asked for, and is measured by nobody.
        let question = self.phase.over();
        clients.invoked += u64::from(!question);
        clients.asked.push(Call { slot, operation, entry, invoked: now, open: true, question });
        id
    }

    /// A client is told something that it need not answer: the name of the request.
    pub(crate) fn tell(&mut self, slot: Slot) -> RequestId {
        let id = RequestId(self.clients.asked.len() as u64);
        let operation = Operation::Read { key: 0 };
        let invoked = self.now;
        self.clients.asked.push(Call { slot, operation, entry: 0, invoked, open: false, question: true });
        id
    }

    /// A client has its answer.
    pub(crate) fn answered(&mut self, slot: Slot, id: RequestId, answer: Answer) {
        let now = self.now;
        // What somebody says who lies is worth nothing.
        let answer = if self.is_corrupt_client(slot) {
            Answer { reply: Reply::Unknown, position: None }
        } else {
            answer
        };
        let Some(asked) = self.clients.open(slot, id) else { return };
        asked.open = false;
        let Call { operation, entry, invoked, question, .. } = *asked;
        let reply = answer.reply.clone();
        let clients = &mut self.clients;
        clients.history.complete(entry, now, answer);
        let succeeded = !matches!(reply, Reply::Refused | Reply::Unknown);
        clients.returned += u64::from(!question);
        if succeeded && !question {
            clients.succeeded += 1;
            let latency = now.since(invoked).as_nanos();
            self.metrics.record(clients.latency, latency);
            self.windows.record(crate::metrics::OPERATION_LATENCY, invoked, latency);
        }
        let client = clients.client_of(slot);
        if let Some(workload) = &mut clients.workload {
            workload.returned(client, &operation, &reply, now);
        }
        self.operation_ended(client, invoked, succeeded);
        self.queue_arrival();
        self.watch_returns();
    }
}
