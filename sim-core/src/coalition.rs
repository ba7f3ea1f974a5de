//! Traitors: one brain that owns every corrupt slot.
//!
//! It sees what reaches a corrupt slot and decides what the slot does: run the honest code and edit its effects,
//! swallow the input, or act on its own as any of its slots. It holds the keys of its own slots only. Where the network
//! grants it, it also holds back messages between others.

mod altering;
mod deeds;
mod dice;
mod directed;
pub mod habits;
mod overheard;

pub use altering::Altering;
pub use deeds::Deed;
pub(crate) use deeds::Deeds;
pub(crate) use dice::CoalitionDice;
pub(crate) use directed::Directed;
pub use overheard::Overheard;

use crate::identity::{NodeId, Slot};
use crate::process::{Effects, Endless, Input, Keys, Protocol, Signature};
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

    /// A wake-up that it asked for; its token must be below 2^63.
    fn wake(&mut self, _token: u64, _cx: &mut CoalitionContext<'_, P>) {}

    /// Does what the protocol calls by a name, in place of one message that the honest code of a corrupt slot would
    /// send: how a rule of a scenario names a behavior for some messages only. The message itself is not sent. What it
    /// did, the coalition counts itself ([`CoalitionContext::did`]).
    fn act(
        &mut self,
        _behavior: &str,
        _ways: u32,
        _from: Slot,
        _to: &[NodeId],
        _message: &P::Message,
        _cx: &mut CoalitionContext<'_, P>,
    ) {
    }

    /// A message reaches a corrupt slot that a rule of a scenario moves, so that [`Coalition::step`] is not asked.
    fn heard(&mut self, _message: &P::Message) {}

    /// How long to hold back a message between two others; at most what the network grants. Only asked if it grants
    /// something.
    fn order(&mut self, _crossing: &Crossing<'_, P>, _draw: &mut Draw) -> Duration {
        Duration::ZERO
    }
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

/// A message from one slot that is no traitor to another.
#[derive(Debug)]
pub struct Crossing<'a, P: Protocol> {
    /// Who sends.
    pub from: Slot,
    /// To whom.
    pub to: Slot,
    /// What.
    pub message: &'a P::Message,
    /// The longest that it may be held back.
    pub granted: Duration,
    pub(crate) members: u32,
    pub(crate) traitors: &'a [Member],
}

impl<P: Protocol> Crossing<'_, P> {
    /// Whether it crosses between two halves of the honest members: the first half by number, and the rest. What clients
    /// send and get crosses nothing.
    pub fn halves_apart(&self) -> bool {
        let below = |slot: u32| self.traitors.iter().filter(|traitor| traitor.slot.0 < slot).count() as u32;
        let honest = self.members - below(self.members);
        let first = |slot: Slot| slot.0 - below(slot.0) < honest.div_ceil(2);
        self.from.0.max(self.to.0) < self.members && first(self.from) != first(self.to)
    }
}

/// What a coalition asks for, besides what its puppets do.
#[derive(Clone, Debug)]
pub(crate) enum Plot<P: Protocol> {
    Send { from: Slot, to: NodeId, message: P::Message },
    Wake { after: Duration, token: u64 },
}

/// A step of a coalition asks for no more than this: it would never end.
const MOST_PLOTS: usize = 4_000_000;

/// What a coalition has at hand.
pub struct CoalitionContext<'a, P: Protocol> {
    pub(crate) now: Time,
    pub(crate) role: Option<&'static str>,
    pub(crate) members: &'a [Member],
    pub(crate) keys: &'a Keys,
    pub(crate) draw: Draw,
    pub(crate) plots: &'a mut Vec<Plot<P>>,
    pub(crate) deeds: &'a mut Deeds,
}

impl<P: Protocol> CoalitionContext<'_, P> {
    /// True time: traitors have good watches.
    pub fn now(&self) -> Time {
        self.now
    }

    /// The role that the slot in question was in before this step, as far as it told; none in a wake-up.
    pub fn role(&self) -> Option<&'static str> {
        self.role
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
            self.plot(Plot::Send { from, to, message });
        }
    }

    /// Calls [`Coalition::wake`] with this token after a time.
    pub fn wake_after(&mut self, after: Duration, token: u64) {
        self.plot(Plot::Wake { after, token });
    }

    fn plot(&mut self, plot: Plot<P>) {
        if self.plots.len() >= MOST_PLOTS {
            std::panic::panic_any(Endless { asked: self.plots.len() });
        }
        self.plots.push(plot);
    }

    /// Signs as the identity of a corrupt slot; a forgery that verifies nowhere if the slot is not corrupt.
    pub fn sign_as(&mut self, slot: Slot, content: u64) -> Signature {
        match self.members.iter().find(|member| member.slot == slot) {
            Some(member) => self.keys.sign(member.node, content),
            None => Signature::forged(NodeId(slot.0), content),
        }
    }

    /// The tag of a traitor's signature.
    pub(crate) fn tag(&self, signer: NodeId, content: u64) -> Option<u64> {
        self.owns(signer).then(|| self.keys.tag(signer, content))
    }

    /// Counts something that a traitor did, for the outcome's activity.
    pub fn did(&mut self, deed: Deed) {
        self.deeds.add(deed);
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
