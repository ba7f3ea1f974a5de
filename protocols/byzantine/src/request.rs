//! What clients ask for, signed by them, one by one and in batches.

use sim_core::facts;
use sim_core::facts::Facts;
use sim_core::identity::NodeId;
use sim_core::process::{Context, Protocol, Signature};

use crate::shared::{Shared, Wire};
use crate::vote::SIGNATURE_SIZE;
use objects::Operation;

facts! {
    /// An operation of a client.
    #[derive(Copy, PartialEq, Eq)]
    pub struct Command {
        /// Whose.
        pub client: NodeId,
        /// Rises with each operation of the client, so that each is done once.
        pub timestamp: u64,
        /// What to do.
        pub operation: Operation,
    }
}

impl Command {
    /// Whose session it belongs to, and its place there.
    pub const fn session(&self) -> (NodeId, u64) {
        (self.client, self.timestamp)
    }
}

facts! {
    /// A command and its client's signature.
    #[derive(Copy, PartialEq, Eq)]
    pub struct SignedCommand {
        /// The command.
        pub command: Command,
        /// Its client's signature.
        pub signature: Signature,
    }
    altered by |own, hand| own.signature.seal(own.command.content(), hand)
}

/// A request, shared by all who keep or send it.
pub type Request = Shared<SignedCommand>;

impl Wire for SignedCommand {
    /// Client, timestamp, kind, key and two values with their bytes, and a signature.
    fn size(&self) -> u32 {
        4 + 8 + 25 + SIGNATURE_SIZE + self.command.operation.extra_bytes()
    }
}

impl SignedCommand {
    /// Signs a command as its client.
    pub fn sign<P: Protocol>(command: Command, cx: &mut Context<'_, P>) -> Request {
        Shared::new(Self { command, signature: cx.sign(command.content()) })
    }

    /// Whether its client signed it.
    pub fn verify<P: Protocol>(&self, cx: &mut Context<'_, P>) -> bool {
        self.signature.signer == self.command.client && cx.verify(self.command.content(), &self.signature)
    }
}

facts! {
    /// Requests that are decided together, in this order. None at all is the null request, which fills a gap.
    #[derive(PartialEq, Eq)]
    pub struct Requests {
        /// The requests.
        pub list: Vec<Request>,
    }
}

/// A batch, shared by all who keep or send it.
pub type Batch = Shared<Requests>;

impl Wire for Requests {
    fn size(&self) -> u32 {
        self.list.iter().fold(4, |size, request| size.saturating_add(request.wire()))
    }
}

impl Requests {
    /// A batch of these requests.
    pub fn batch(list: Vec<Request>) -> Batch {
        Shared::new(Self { list })
    }
}
