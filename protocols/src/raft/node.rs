//! What runs in a slot: a server, a client, or somebody who takes no part.

use sim_core::process::{Boot, Context, Factory, Input, Process, Role};

use super::client::Client;
use super::parameters::Parameters;
use super::plants::Plants;
use super::server::Server;
use super::vocabulary::{Raft, RaftObservation};

/// Makes the servers and clients of a cluster.
#[derive(Clone, Copy, Debug, Default)]
pub struct RaftFactory {
    /// The settings.
    pub parameters: Parameters,
    /// The bugs that are on.
    pub plants: Plants,
}

/// What runs in a slot.
#[derive(Debug)]
pub enum RaftNode {
    /// A member.
    Server(Box<Server>),
    /// A client.
    Client(Client),
    /// A server that takes no part: its journal is damaged, so that it may have forgotten a vote or an entry that
    /// others count on; or it is no member, since the members are fixed.
    Halted,
}

impl Factory<Raft> for RaftFactory {
    type Node = RaftNode;

    fn boot(&mut self, boot: Boot<'_, Raft>) -> RaftNode {
        match boot.role {
            Role::Client => RaftNode::Client(Client::new(self.parameters, &boot)),
            Role::Member => Server::recover(self.parameters, self.plants, &boot)
                .map_or(RaftNode::Halted, |server| RaftNode::Server(Box::new(server))),
        }
    }
}

impl Process<Raft> for RaftNode {
    fn step(&mut self, input: Input<'_, Raft>, cx: &mut Context<'_, Raft>) {
        match self {
            Self::Server(server) => server.step(input, cx),
            Self::Client(client) => client.step(input, cx),
            Self::Halted => {
                if matches!(input, Input::Start) {
                    cx.observe(RaftObservation::Halted);
                }
            }
        }
    }
}
