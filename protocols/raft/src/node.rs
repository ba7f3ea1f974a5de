//! What runs in a slot: a server, a client, or somebody who takes no part.

use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Factory, Input, JournalId, Process, Role, Start};

use super::client::Client;
use super::initial::InitialState;
use super::parameters::Parameters;
use super::plants::Plants;
use super::server::Server;
use super::stalling::Stalling;
use super::vocabulary::{Raft, RaftObservation, RaftRecord};

/// Makes the servers and clients of a cluster.
#[derive(Clone, Debug, Default)]
pub struct RaftFactory {
    /// The settings.
    pub parameters: Parameters,
    /// The bugs that are on.
    pub plants: Plants,
    /// A bug that keeps them from making progress, for tests.
    pub stall: Option<Stalling>,
    /// What servers start from.
    pub initial: InitialState,
    /// Whether servers come and leave: who comes later starts with nothing, and waits to be let in.
    pub changes: bool,
}

/// What runs in a slot.
#[derive(Debug)]
pub enum RaftNode {
    /// A member.
    Server(Box<Server>),
    /// A client.
    Client(Box<Client>),
    /// A server that takes no part: its journal is damaged, so that it may have forgotten a vote or an entry that
    /// others count on; or it came later, and nobody will ever let it in.
    Halted,
}

impl RaftNode {
    /// The server, if it takes part.
    pub fn server(&self) -> Option<&Server> {
        if let Self::Server(server) = self { Some(server) } else { None }
    }

    /// The same, to propose something or take what is decided.
    pub fn server_mut(&mut self) -> Option<&mut Server> {
        if let Self::Server(server) = self { Some(server) } else { None }
    }
}

impl Factory<Raft> for RaftFactory {
    type Node = RaftNode;

    fn boot(&mut self, boot: Boot<'_, Raft>) -> RaftNode {
        match boot.role {
            Role::Client => RaftNode::Client(Box::new(Client::new(self.parameters, &boot))),
            Role::Member => match self.server(&boot) {
                Some(mut server) => {
                    let given = self.initial.first_timeout(boot.node);
                    server.stall = self.stall;
                    server.open |= self.changes;
                    server.first_timeout = given.filter(|_| boot.start == Start::Genesis);
                    RaftNode::Server(Box::new(server))
                }
                None => RaftNode::Halted,
            },
        }
    }

    fn disk(&mut self, node: NodeId) -> Vec<(JournalId, Vec<RaftRecord>)> {
        self.initial.disk(node)
    }
}

impl RaftFactory {
    fn server(&self, boot: &Boot<'_, Raft>) -> Option<Server> {
        let comes = self.changes || boot.members.binary_search(&boot.node).is_ok();
        if comes { Server::recover(self.parameters, self.plants, boot) } else { None }
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

    fn mend(&mut self) {
        if let Self::Server(server) = self {
            (server.parameters.pre_vote, server.parameters.check_quorum) = (true, true);
        }
    }
}
