//! Members and clients, as the world boots them.

use sim_core::process::{Boot, Context, Factory, Input, Process, Role};

use super::client::Client;
use super::parameters::Parameters;
use super::plants::Plants;
use super::replica::Replica;
use super::vocabulary::{Pbft, PbftObservation};

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
            return Node::Client(Box::new(Client::new(self.parameters, &boot)));
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
