//! What runs in the slots of a protocol that replicates a service: members that recover from their journals, and clients.

use sim_core::process::{Boot, Context, Factory, Input, Process, Role};

use crate::client::{Asks, Client, Policy};

/// A protocol whose members replicate a service.
pub trait Replicates: Asks {
    /// Its settings.
    type Parameters: Copy;
    /// Its planted bugs.
    type Plants: Copy;
    /// A member.
    type Replica: Process<Self>;

    /// How clients go about it.
    fn policy(parameters: &Self::Parameters) -> Policy;

    /// A member with what its journal holds; `None` if that is damaged.
    fn recover(
        parameters: Self::Parameters,
        plants: Self::Plants,
        boot: &Boot<'_, Self>,
    ) -> Option<Self::Replica>;

    /// A member reports that its journal is damaged.
    fn halted() -> Self::Observation;
}

/// Makes members and clients.
#[derive(Clone, Copy, Debug)]
pub struct Members<A, B> {
    /// Their settings.
    pub parameters: A,
    /// Their bugs.
    pub plants: B,
}

/// What runs in a slot.
#[derive(Debug)]
pub enum Node<R> {
    /// A member.
    Replica(Box<R>),
    /// A client.
    Client(Box<Client>),
    /// A member with a damaged journal.
    Halted,
    /// Somebody who came after genesis: the members are fixed.
    Outsider,
}

impl<P: Replicates> Factory<P> for Members<P::Parameters, P::Plants> {
    type Node = Node<P::Replica>;

    fn boot(&mut self, boot: Boot<'_, P>) -> Self::Node {
        if boot.role == Role::Client {
            return Node::Client(Box::new(Client::new(P::policy(&self.parameters), &boot)));
        }
        if !boot.members.contains(&boot.node) {
            return Node::Outsider;
        }
        let replica = P::recover(self.parameters, self.plants, &boot);
        replica.map_or(Node::Halted, |replica| Node::Replica(Box::new(replica)))
    }
}

impl<P: Replicates> Process<P> for Node<P::Replica> {
    fn step(&mut self, input: Input<'_, P>, cx: &mut Context<'_, P>) {
        match self {
            Self::Replica(replica) => replica.step(input, cx),
            Self::Client(client) => client.step(input, cx),
            Self::Halted if matches!(input, Input::Start) => cx.observe(P::halted()),
            Self::Halted | Self::Outsider => {}
        }
    }
}
