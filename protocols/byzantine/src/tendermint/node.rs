//! Members and clients, as the world boots them.

use sim_core::facts::ContentHash;
use sim_core::process::{Boot, Context, Factory, Input, Process, Role};

use super::parameters::Parameters;
use super::plants::Plants;
use super::replica::Replica;
use super::vocabulary::{Tendermint, TendermintMessage, TendermintObservation, TendermintTimer};
use crate::client::{Answer, Asks, Client, Policy};
use crate::request::Request;

/// Makes members and clients.
#[derive(Clone, Copy, Debug)]
pub struct Members {
    /// Their settings.
    pub parameters: Parameters,
    /// Their bugs.
    pub plants: Plants,
}

/// What runs in a slot.
#[derive(Debug)]
pub enum Node {
    /// A member.
    Replica(Box<Replica>),
    /// A client.
    Client(Box<Client>),
    /// A member with a damaged journal.
    Halted,
    /// Somebody who came after genesis: the members are fixed.
    Outsider,
}

impl Factory<Tendermint> for Members {
    type Node = Node;

    fn boot(&mut self, boot: Boot<'_, Tendermint>) -> Node {
        if boot.role == Role::Client {
            let Parameters { client_retry: retry, power, .. } = self.parameters;
            let policy = Policy { retry, read_only: false, leader_first: false, power };
            return Node::Client(Box::new(Client::new(policy, &boot)));
        }
        if !boot.members.contains(&boot.node) {
            return Node::Outsider;
        }
        let replica = Replica::recover(self.parameters, self.plants, &boot);
        replica.map_or(Node::Halted, |replica| Node::Replica(Box::new(replica)))
    }
}

impl Process<Tendermint> for Node {
    fn step(&mut self, input: Input<'_, Tendermint>, cx: &mut Context<'_, Tendermint>) {
        match self {
            Self::Replica(replica) => replica.step(input, cx),
            Self::Client(client) => client.step(input, cx),
            Self::Halted if matches!(input, Input::Start) => cx.observe(TendermintObservation::Halted),
            Self::Halted | Self::Outsider => {}
        }
    }
}

impl Asks for Tendermint {
    fn request(request: Request) -> TendermintMessage {
        TendermintMessage::Request(request)
    }

    fn answer(message: &TendermintMessage) -> Option<Answer<'_>> {
        let TendermintMessage::Reply { height, timestamp, reply, position } = message else { return None };
        Some(Answer { view: *height, timestamp: *timestamp, reply, position: *position })
    }

    fn retry(timestamp: u64) -> TendermintTimer {
        TendermintTimer::Retry { timestamp }
    }

    fn retried(timer: &TendermintTimer) -> Option<u64> {
        if let TendermintTimer::Retry { timestamp } = timer { Some(*timestamp) } else { None }
    }

    fn asked(timestamp: u64, operation: ContentHash) -> TendermintObservation {
        TendermintObservation::Asked { timestamp, operation }
    }

    fn acknowledged(timestamp: u64, position: u64, answer: ContentHash) -> TendermintObservation {
        TendermintObservation::Acknowledged { timestamp, position, answer }
    }
}
