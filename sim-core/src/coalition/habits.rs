//! What traitors of any protocol can do, and the seam for the lies that only their protocol can tell.
//!
//! A protocol lists its behaviors, those of every protocol among them, and implements [`Lies`] for its own.

use super::{Altering, Coalition, CoalitionContext, Deed, Overheard, Puppet};
use crate::facts::mutation::Scope;
use crate::identity::{NodeId, Slot};
use crate::process::{Effect, Effects, Input, LinkState, Protocol};
use crate::random::below;
use crate::text::Named;

/// Follows nothing and says nothing.
pub const SILENT: Named = Named { name: "silent", about: "Does nothing at all." };
/// Leaves some honest members behind.
pub const WITHHOLD: Named = Named {
    name: "withhold",
    about: "Follows the protocol, but tells f honest members nothing, always the same ones.",
};
/// Repeats what it heard.
pub const REPLAY: Named =
    Named { name: "replay", about: "Follows the protocol, and says again what it heard, to anybody." };
/// Changes what it says.
pub const MUTATE: Named = Named {
    name: "mutate",
    about: "Follows the protocol, but of every other message it changes a value, mostly a little, and mostly signs it again.",
};
/// Any of the others; the last one in a protocol's list.
pub const RANDOM: Named = Named { name: "random", about: "Draws one of the others for each input." };

/// A lie that is being told.
pub struct Telling<'a, P: Protocol> {
    /// Its name in the protocol's list of behaviors.
    pub lie: &'static str,
    /// Which slot tells it.
    pub slot: Slot,
    /// Who is not told about it: the honest members, in order.
    pub honest: &'a [NodeId],
    /// What the coalition has heard.
    pub heard: &'a Overheard<P>,
}

/// The lies that only a protocol can tell.
pub trait Lies<P: Protocol> {
    /// Edits what the honest code of a slot would do, after it ran on an input; `up` is a peer with a new session, if
    /// that was the input.
    fn lie(
        &mut self,
        telling: &Telling<'_, P>,
        up: Option<NodeId>,
        effects: &mut Effects<P>,
        cx: &mut CoalitionContext<'_, P>,
    );

    /// Lies in place of one message, in so many ways where there are several; whether the message itself is sent as well.
    fn instead(
        &mut self,
        telling: &Telling<'_, P>,
        ways: u32,
        to: &[NodeId],
        message: &P::Message,
        cx: &mut CoalitionContext<'_, P>,
    ) -> bool;

    /// A wake-up that a lie asked for.
    fn wake(&mut self, _token: u64, _cx: &mut CoalitionContext<'_, P>) {}
}

/// A brain that does what every protocol's traitors can do, and tells the lies of one.
pub struct Habits<P: Protocol, L> {
    behaviors: &'static [Named],
    behavior: &'static str,
    members: u32,
    /// How many honest members are left behind.
    untold: usize,
    overheard: Overheard<P>,
    lies: L,
}

impl<P: Protocol, L: Lies<P>> Habits<P, L> {
    /// Traitors among so many members, who leave so many behind where they withhold, do what a run asks for, or
    /// `otherwise`.
    pub fn new(
        behaviors: &'static [Named],
        behavior: Option<&str>,
        otherwise: &'static str,
        members: u32,
        untold: u32,
        lies: L,
    ) -> Self {
        let known = behaviors.iter().find(|known| Some(known.name) == behavior);
        let behavior = known.map_or(otherwise, |known| known.name);
        let untold = untold as usize;
        Self { behaviors, behavior, members, untold, overheard: Overheard::new(), lies }
    }

    fn draw_behavior(&self, behavior: &'static str, cx: &mut CoalitionContext<'_, P>) -> &'static str {
        if behavior != RANDOM.name {
            return behavior;
        }
        let others = self.behaviors.len() as u64 - 1;
        self.behaviors[below(cx.rng().next_u64(), others) as usize].name
    }

    fn honest(&self, cx: &CoalitionContext<'_, P>) -> Vec<NodeId> {
        (0..self.members).map(NodeId).filter(|node| !cx.owns(*node)).collect()
    }

    /// Those who are told although something is withheld: not the honest members of the highest numbers.
    fn told(&self, to: &[NodeId], cx: &mut CoalitionContext<'_, P>) -> Vec<NodeId> {
        let honest = self.honest(cx);
        let victims = &honest[honest.len().saturating_sub(self.untold)..];
        let told: Vec<NodeId> = to.iter().copied().filter(|node| !victims.contains(node)).collect();
        if told.len() < to.len() {
            cx.did(Deed::Withheld);
        }
        told
    }
}

impl<P: Protocol, L: Lies<P>> Coalition<P> for Habits<P, L> {
    fn step(
        &mut self,
        slot: Slot,
        input: Input<'_, P>,
        puppet: &mut dyn Puppet<P>,
        cx: &mut CoalitionContext<'_, P>,
    ) {
        let up = match &input {
            Input::Message { message, .. } => {
                self.overheard.add(message);
                None
            }
            Input::Link { peer, state: LinkState::Up } => Some(*peer),
            _ => None,
        };
        let behavior = self.draw_behavior(self.behavior, cx);
        if behavior == SILENT.name {
            return cx.did(Deed::Silent);
        }
        puppet.run(input);
        if behavior == WITHHOLD.name {
            let effects = puppet.effects();
            for (recipients, message) in take_sends(effects) {
                effects.push_send(self.told(&recipients, cx), message);
            }
        } else if behavior == REPLAY.name {
            self.overheard.replay(slot, &self.honest(cx), cx);
        } else if behavior == MUTATE.name {
            let effects = puppet.effects();
            for (recipients, message) in take_sends(effects) {
                effects.push_send(mutate(slot, recipients, &message, cx), message);
            }
        } else {
            let honest = self.honest(cx);
            let telling = Telling { lie: behavior, slot, honest: &honest, heard: &self.overheard };
            self.lies.lie(&telling, up, puppet.effects(), cx);
        }
    }

    fn act(
        &mut self,
        behavior: &str,
        ways: u32,
        from: Slot,
        to: &[NodeId],
        message: &P::Message,
        cx: &mut CoalitionContext<'_, P>,
    ) {
        let known = self.behaviors.iter().find(|known| known.name == behavior);
        let behavior = self.draw_behavior(known.map_or(SILENT.name, |known| known.name), cx);
        if behavior == SILENT.name {
            return cx.did(Deed::Silent);
        }
        if behavior == WITHHOLD.name {
            let told = self.told(to, cx);
            return told.into_iter().for_each(|node| cx.send_as(from, node, message.clone()));
        }
        if behavior == MUTATE.name {
            let told = mutate(from, to.to_vec(), message, cx);
            return told.into_iter().for_each(|node| cx.send_as(from, node, message.clone()));
        }
        let honest = self.honest(cx);
        let goes_on = if behavior == REPLAY.name {
            self.overheard.replay(from, &honest, cx);
            true
        } else {
            let telling = Telling { lie: behavior, slot: from, honest: &honest, heard: &self.overheard };
            self.lies.instead(&telling, ways, to, message, cx)
        };
        if goes_on {
            to.iter().for_each(|node| cx.send_as(from, *node, message.clone()));
        }
    }

    fn wake(&mut self, token: u64, cx: &mut CoalitionContext<'_, P>) {
        self.lies.wake(token, cx);
    }

    fn heard(&mut self, message: &P::Message) {
        self.overheard.add(message);
    }
}

/// Tells half of the recipients something else; who is still to be told the message itself.
fn mutate<P: Protocol>(
    from: Slot,
    mut to: Vec<NodeId>,
    message: &P::Message,
    cx: &mut CoalitionContext<'_, P>,
) -> Vec<NodeId> {
    to.retain(|node| {
        let word = cx.rng().next_u64();
        let scope = if word >> 1 & 3 == 0 { Scope::Any } else { Scope::Small };
        let altering = Altering { field: None, scope, seal: word >> 3 & 3 != 0 };
        word & 1 == 0 || !altering.tell(from, *node, message, cx)
    });
    to
}

/// Takes everything that is to be sent out of the effects of a step.
pub fn take_sends<P: Protocol>(effects: &mut Effects<P>) -> Vec<(Vec<NodeId>, P::Message)> {
    let sends = effects.list().iter().filter_map(|effect| match effect {
        Effect::Send { to, message } => Some((effects.recipients(to).to_vec(), message.clone())),
        _ => None,
    });
    let taken = sends.collect();
    effects.retain(|effect| !matches!(effect, Effect::Send { .. }));
    taken
}
