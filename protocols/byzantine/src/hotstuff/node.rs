//! Members and clients, as the world boots them.

use sim_core::facts::ContentHash;
use sim_core::process::{Boot, Context, Factory, Input, Process, Role};

use super::parameters::Parameters;
use super::plants::Plants;
use super::replica::Replica;
use super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation, HotstuffTimer};
use crate::client::{Answer, Asks, Client, Policy};
use crate::power::Power;
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

impl Factory<Hotstuff> for Members {
    type Node = Node;

    fn boot(&mut self, boot: Boot<'_, Hotstuff>) -> Node {
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

impl Process<Hotstuff> for Node {
    fn step(&mut self, input: Input<'_, Hotstuff>, cx: &mut Context<'_, Hotstuff>) {
        match self {
            Self::Replica(replica) => replica.step(input, cx),
            Self::Client(client) => client.step(input, cx),
            Self::Halted if matches!(input, Input::Start) => cx.observe(HotstuffObservation::Halted),
            Self::Halted | Self::Outsider => {}
        }
    }
}

impl Parameters {
    const fn policy(&self) -> Policy {
        Policy { retry: self.client_retry, read_only: false, leader_first: true, power: Power::EQUAL }
    }
}

impl Asks for Hotstuff {
    fn request(request: Request) -> HotstuffMessage {
        HotstuffMessage::Request(request)
    }

    /// To a client, a turn is a view: it names the leader.
    fn answer(message: &HotstuffMessage) -> Option<Answer<'_>> {
        let HotstuffMessage::Reply { turn, timestamp, reply, position } = message else { return None };
        Some(Answer { view: *turn, timestamp: *timestamp, reply, position: *position })
    }

    fn retry(timestamp: u64) -> HotstuffTimer {
        HotstuffTimer::Retry { timestamp }
    }

    fn retried(timer: &HotstuffTimer) -> Option<u64> {
        if let HotstuffTimer::Retry { timestamp } = timer { Some(*timestamp) } else { None }
    }

    fn asked(timestamp: u64, operation: ContentHash) -> HotstuffObservation {
        HotstuffObservation::Asked { timestamp, operation }
    }

    fn acknowledged(timestamp: u64, position: u64, answer: ContentHash) -> HotstuffObservation {
        HotstuffObservation::Acknowledged { timestamp, position, answer }
    }
}
