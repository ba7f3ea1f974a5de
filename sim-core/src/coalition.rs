//! Traitors: one brain that owns every corrupt slot.
//!
//! It sees what reaches a corrupt slot and decides what the slot does: run the honest code and edit its effects,
//! swallow the input, or act on its own as any of its slots. It holds the keys of its own slots only.

use crate::identity::{NodeId, Slot};
use crate::process::{Effects, Input, Keys, Protocol, Signature};
use crate::random::Draw;
use crate::time::{Duration, Time};

/// The brain of all traitors of a run.
pub trait Coalition<P: Protocol> {
    /// An input reaches a corrupt slot.
    fn step(
        &mut self,
        slot: Slot,
        input: Input<'_, P>,
        puppet: &mut dyn Puppet<P>,
        cx: &mut CoalitionContext<'_, P>,
    );

    /// A wake-up that it asked for.
    fn wake(&mut self, _token: u64, _cx: &mut CoalitionContext<'_, P>) {}
}

/// The honest process that lives in a corrupt slot.
pub trait Puppet<P: Protocol> {
    /// Runs the honest code on an input. What it asks for is added to [`Puppet::effects`].
    fn run(&mut self, input: Input<'_, P>);

    /// What will be carried out after this step, to be edited.
    fn effects(&mut self) -> &mut Effects<P>;
}

/// A corrupt slot and who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// The place.
    pub slot: Slot,
    /// The identity whose key it holds.
    pub node: NodeId,
}

/// What a coalition asks for, besides what its puppets do.
#[derive(Clone, Debug)]
pub(crate) enum Plot<P: Protocol> {
    Send { from: Slot, to: NodeId, message: P::Message },
    Wake { after: Duration, token: u64 },
}

/// What a coalition has at hand.
pub struct CoalitionContext<'a, P: Protocol> {
    pub(crate) now: Time,
    pub(crate) members: &'a [Member],
    pub(crate) keys: &'a Keys,
    pub(crate) draw: Draw,
    pub(crate) plots: &'a mut Vec<Plot<P>>,
}

impl<P: Protocol> CoalitionContext<'_, P> {
    /// True time: traitors have good watches.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The corrupt slots, in order.
    pub fn members(&self) -> &[Member] {
        self.members
    }

    /// Whether an identity is one of them.
    pub fn owns(&self, node: NodeId) -> bool {
        self.members.iter().any(|member| member.node == node)
    }

    /// Sends a message from a corrupt slot. Nothing happens if the slot is not corrupt.
    pub fn send_as(&mut self, from: Slot, to: NodeId, message: P::Message) {
        if self.members.iter().any(|member| member.slot == from) {
            self.plots.push(Plot::Send { from, to, message });
        }
    }

    /// Calls [`Coalition::wake`] with this token after a time.
    pub fn wake_after(&mut self, after: Duration, token: u64) {
        self.plots.push(Plot::Wake { after, token });
    }

    /// Signs as the identity of a corrupt slot; a forgery that verifies nowhere if the slot is not corrupt.
    pub fn sign_as(&mut self, slot: Slot, content: u64) -> Signature {
        match self.members.iter().find(|member| member.slot == slot) {
            Some(member) => self.keys.sign(member.node, content),
            None => Signature::forged(NodeId(slot.0), content),
        }
    }

    /// Whether a signature is the signer's own over this content.
    pub fn verify(&self, content: u64, signature: &Signature) -> bool {
        self.keys.verify(content, signature)
    }

    /// The coalition's own dice.
    pub fn rng(&mut self) -> &mut Draw {
        &mut self.draw
    }
}
