//! What runs in a slot: a replica of the crate under test, or a client.

use seedstorm::sim_core::check::Judge;
use seedstorm::sim_core::process::{Boot, Context, Input, Process, Role};
use seedstorm::sim_core::simulate::Subject;

use crate::client::{Client, Talk};
use crate::judge::{KeyValue, Serves};

/// A replica or a client.
pub enum Node<R> {
    /// A member.
    Replica(Box<R>),
    /// Somebody who asks members.
    Client(Client),
}

impl<P: Talk, R: Process<P>> Process<P> for Node<R> {
    fn step(&mut self, input: Input<'_, P>, cx: &mut Context<'_, P>) {
        match self {
            Self::Replica(replica) => replica.step(input, cx),
            Self::Client(client) => client.step(input, cx),
        }
    }
}

/// A key-value store whose replicas are made by a function, with clients and what progress is owed to them.
pub fn store<P: Talk, R: Process<P>>(
    protocol: &'static str,
    checks: Vec<Judge<P>>,
    replica: impl Fn(&Boot<'_, P>) -> R + 'static,
) -> Subject<P, Node<R>> {
    Subject {
        checks,
        service: Box::new(KeyValue),
        liveness: Box::new(Serves),
        ..Subject::new(protocol, move |boot: Boot<'_, P>| match boot.role {
            Role::Member => Node::Replica(Box::new(replica(&boot))),
            Role::Client => Node::Client(Client::boot(&boot)),
        })
    }
}
