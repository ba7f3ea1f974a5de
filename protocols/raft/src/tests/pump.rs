//! A cluster of servers and clients without a world.

use sim_core::identity::NodeId;
use sim_core::process::{Input, RequestId};

pub(super) use protocol_testing::pump::{DELAY, Rough, SYNC};

use crate::node::{RaftFactory, RaftNode};
use crate::server::{Role, Server};
use crate::vocabulary::{Raft, RaftRequest};
use objects::Operation;

/// Servers, then clients.
pub(super) type Pump = protocol_testing::pump::Pump<Raft, RaftFactory>;

/// What is asked of a cluster of servers.
pub(super) trait Servers {
    /// Hands an operation to a client.
    fn request(&mut self, client: NodeId, id: u64, operation: Operation);
    /// The server of a name.
    fn server(&self, node: NodeId) -> &Server;
    /// The leader of the highest term among those that are up.
    fn leader(&self) -> Option<NodeId>;
}

impl Servers for Pump {
    fn request(&mut self, client: NodeId, id: u64, operation: Operation) {
        self.step(
            client,
            Input::Request { id: RequestId(id), request: RaftRequest::Operation { operation } },
        );
    }

    fn server(&self, node: NodeId) -> &Server {
        match self.process(node) {
            Some(RaftNode::Server(server)) => server,
            other => panic!("no server at {node}: {other:?}"),
        }
    }

    fn leader(&self) -> Option<NodeId> {
        let servers = self.processes().filter_map(|process| match process {
            RaftNode::Server(server) => Some(server),
            _ => None,
        });
        let leading = servers.filter(|server| matches!(server.role, Role::Leader(_)));
        leading.max_by_key(|server| server.term).map(|server| server.node)
    }
}
