//! What clients ask for, until it is executed.

use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};

use crate::request::Request;
use objects::Store;

#[derive(Debug)]
struct Known {
    request: Request,
    arrival: u64,
    /// Whether it is in a proposal of this view.
    proposed: bool,
}

/// The request that the timer is for.
#[derive(Debug)]
struct Watched {
    client: NodeId,
    timestamp: u64,
    /// Clients that were served since.
    served: OrderedSet<NodeId>,
}

/// Requests that are known and not executed: the latest of each client.
#[derive(Debug, Default)]
pub struct Pending {
    known: OrderedMap<NodeId, Known>,
    order: OrderedMap<u64, NodeId>,
    arrivals: u64,
    watched: Option<Watched>,
}

impl Pending {
    /// Takes a request in; false if it is not later than one that is known.
    pub fn add(&mut self, request: &Request) -> bool {
        let command = &request.command;
        if let Some(known) = self.known.get(&command.client) {
            if known.request.command.timestamp >= command.timestamp {
                return false;
            }
            self.order.remove(&known.arrival);
        }
        self.arrivals += 1;
        let known = Known { request: request.clone(), arrival: self.arrivals, proposed: false };
        self.order.insert(self.arrivals, command.client);
        self.known.insert(command.client, known);
        true
    }

    /// Something of a client was executed.
    pub fn done(&mut self, client: NodeId, timestamp: u64) {
        if let Some(known) = self.known.get(&client)
            && known.request.command.timestamp <= timestamp
        {
            self.order.remove(&known.arrival);
            self.known.remove(&client);
        }
    }

    /// Another state was taken over: what its sessions have seen is done.
    pub fn forget_done(&mut self, store: &Store) {
        let clients: Vec<NodeId> = self.known.keys().copied().collect();
        for client in clients {
            self.done(client, store.session(client).map_or(0, |session| session.sequence));
        }
    }

    /// What to propose next, at most so many.
    pub fn take(&mut self, most: usize) -> Vec<Request> {
        let mut taken = Vec::new();
        for client in self.order.values() {
            if taken.len() == most {
                break;
            }
            if let Some(known) = self.known.get_mut(client).filter(|known| !known.proposed) {
                known.proposed = true;
                taken.push(known.request.clone());
            }
        }
        taken
    }

    /// A view begins, in which only these requests are proposed so far.
    pub fn propose_only<'a>(&mut self, proposed: impl Iterator<Item = &'a Request>) {
        self.known.values_mut().for_each(|known| known.proposed = false);
        for request in proposed {
            if let Some(known) = self.known.get_mut(&request.command.client) {
                known.proposed |= known.request.command.timestamp <= request.command.timestamp;
            }
        }
    }

    /// All of them, in the order in which they came.
    pub fn requests(&self) -> impl Iterator<Item = &Request> {
        self.order.values().filter_map(|client| self.known.get(client)).map(|known| &known.request)
    }

    /// Waits for the oldest request from now on, if there is any.
    pub fn watch_oldest(&mut self) -> bool {
        let oldest = self.order.values().next().and_then(|client| self.known.get(client));
        self.watched = oldest.map(|known| {
            let command = &known.request.command;
            Watched { client: command.client, timestamp: command.timestamp, served: OrderedSet::new() }
        });
        self.watched.is_some()
    }

    /// Whether the wait begins anew after these clients were served: the request that is waited for was among them, or
    /// others were served for the first time since. So a primary starves nobody for long.
    pub fn excuses(&mut self, served: &[(NodeId, u64)]) -> bool {
        let Some(watched) = &mut self.watched else { return true };
        let mut excused = false;
        for (client, timestamp) in served {
            let done = *client == watched.client && *timestamp >= watched.timestamp;
            excused |= watched.served.insert(*client) || done;
        }
        excused
    }

    /// Whether what is waited for is still pending.
    pub fn watches(&self) -> bool {
        self.watched.as_ref().is_some_and(|watched| {
            let known = self.known.get(&watched.client);
            known.is_some_and(|known| known.request.command.timestamp == watched.timestamp)
        })
    }
}
