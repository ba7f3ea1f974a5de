//! Members and clients, as the world boots them.

use sim_core::facts::ContentHash;
use sim_core::process::{Boot, Context, Factory, Input, Process, Role};

use super::parameters::Parameters;
use super::plants::Plants;
use super::replica::Replica;
use super::vocabulary::{Pbft, PbftMessage, PbftObservation, PbftTimer};
use crate::client::{Answer, Asks, Client, Policy};
use crate::power::Power;
use crate::request::Request;
use crate::store::Operation;

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

impl Factory<Pbft> for Members {
    type Node = Node;

    fn boot(&mut self, boot: Boot<'_, Pbft>) -> Node {
        if boot.role == Role::Client {
            return Node::Client(Box::new(Client::new(self.parameters.policy(), &boot)));
        }
        if !boot.members.contains(&boot.node) {
            return Node::Outsider;
        }
        let replica = Replica::recover(self.parameters, self.plants, &boot);
        replica.map_or(Node::Halted, |replica| Node::Replica(Box::new(replica)))
    }
}

impl Process<Pbft> for Node {
    fn step(&mut self, input: Input<'_, Pbft>, cx: &mut Context<'_, Pbft>) {
        match self {
            Self::Replica(replica) => replica.step(input, cx),
            Self::Client(client) => client.step(input, cx),
            Self::Halted if matches!(input, Input::Start) => cx.observe(PbftObservation::Halted),
            Self::Halted | Self::Outsider => {}
        }
    }
}

impl Parameters {
    const fn policy(&self) -> Policy {
        let Self { client_retry: retry, read_only, .. } = *self;
        Policy { retry, read_only, leader_first: true, power: Power::EQUAL }
    }
}

impl Asks for Pbft {
    fn request(request: Request) -> PbftMessage {
        PbftMessage::Request(request)
    }

    fn read_only(timestamp: u64, operation: Operation) -> Option<PbftMessage> {
        Some(PbftMessage::ReadOnly { timestamp, operation })
    }

    fn answer(message: &PbftMessage) -> Option<Answer<'_>> {
        let PbftMessage::Reply { view, timestamp, reply, position } = message else { return None };
        Some(Answer { view: *view, timestamp: *timestamp, reply, position: *position })
    }

    fn retry(timestamp: u64) -> PbftTimer {
        PbftTimer::Retry { timestamp }
    }

    fn retried(timer: &PbftTimer) -> Option<u64> {
        if let PbftTimer::Retry { timestamp } = timer { Some(*timestamp) } else { None }
    }

    fn asked(timestamp: u64, operation: ContentHash) -> PbftObservation {
        PbftObservation::Asked { timestamp, operation }
    }

    fn acknowledged(timestamp: u64, position: u64, answer: ContentHash) -> PbftObservation {
        PbftObservation::Acknowledged { timestamp, position, answer }
    }
}
