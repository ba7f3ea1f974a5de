//! What the coalition can do to reliable broadcast. One brain moves every corrupt slot.
//!
//! With f traitors none of this breaks agreement or totality; with f + 1 the split of [`Behavior::Equivocate`] does, if a
//! broadcaster is among them (PUBLISHED-RESULTS.md, row 17).

mod split;

use std::collections::BTreeMap;

use sim_core::coalition::{Coalition, CoalitionContext, Deed, Member, Puppet};
use sim_core::identity::{NodeId, Slot};
use sim_core::process::{Effect, Effects, Input, LinkState, Signature};
use sim_core::random::below;

pub(super) use self::split::{Line, split};
use self::split::{other_value, stories};
use super::vocabulary::{Bracha, BrachaMessage, Broadcast, Phase, Vote};

sim_core::choices! {
    /// What traitors do.
    pub enum Behavior {
        /// Does nothing at all.
        Silent = "silent",
        /// Tells two halves of the honest members two values, all traitors together.
        Equivocate = "equivocate",
        /// Follows the protocol, but tells f honest members nothing, always the same ones.
        Withhold = "withhold",
        /// Follows the protocol, and says again what it heard, to anybody.
        Replay = "replay",
        /// Follows the protocol, and speaks for honest members with signatures that do not verify.
        Forge = "forge",
        /// Draws one of the others for each input.
        Random = "random",
    }
}

/// How many overheard messages are kept for replay.
const OVERHEARD: usize = 256;

/// The brain.
#[derive(Clone, Debug)]
pub struct Traitors {
    behavior: Behavior,
    members: u32,
    /// Broadcasts that were split, with the value for the first half.
    split: BTreeMap<Broadcast, u64>,
    overheard: Vec<BrachaMessage>,
    heard: usize,
}

impl Traitors {
    /// Traitors among this many members.
    pub const fn new(behavior: Behavior, members: u32) -> Self {
        Self { behavior, members, split: BTreeMap::new(), overheard: Vec::new(), heard: 0 }
    }

    fn draw_behavior(&self, behavior: Behavior, cx: &mut CoalitionContext<'_, Bracha>) -> Behavior {
        if behavior != Behavior::Random {
            return behavior;
        }
        let others = Behavior::ALL.len() - 1;
        Behavior::ALL[draw_below(cx, others)]
    }

    fn honest(&self, cx: &CoalitionContext<'_, Bracha>) -> Vec<NodeId> {
        (0..self.members).map(NodeId).filter(|node| !cx.owns(*node)).collect()
    }

    /// Keeps the latest messages, each in turn overwriting the oldest.
    fn overhear(&mut self, message: BrachaMessage) {
        if self.overheard.len() < OVERHEARD {
            self.overheard.push(message);
        } else {
            self.overheard[self.heard % OVERHEARD] = message;
        }
        self.heard = self.heard.wrapping_add(1);
    }

    /// Whatever the puppet would say is replaced by the split.
    fn equivocate(&mut self, effects: &mut Effects<Bracha>, cx: &mut CoalitionContext<'_, Bracha>) {
        for (_, message) in take_sends(effects) {
            let Vote { broadcast, value, .. } = *message.vote();
            if self.split.contains_key(&broadcast) {
                continue;
            }
            self.split.insert(broadcast, value);
            cx.did(Deed::Equivocated);
            for line in split(broadcast, value, cx.members(), &self.honest(cx)) {
                say(&line, cx);
            }
        }
    }

    /// In a new session a peer hears its half's value again.
    fn split_again(&self, slot: Slot, peer: NodeId, cx: &mut CoalitionContext<'_, Bracha>) {
        let honest = self.honest(cx);
        let me: Vec<Member> = cx.members().iter().copied().filter(|member| member.slot == slot).collect();
        for (broadcast, value) in &self.split {
            let lines = split(*broadcast, *value, &me, &honest);
            lines.iter().filter(|line| line.to == peer).for_each(|line| say(line, cx));
        }
    }

    /// Says one message in so many ways: each part of the honest members hears its own value for the broadcast, the same
    /// in every phase and from every traitor. Fellow traitors hear the first story, as it would have been told to them: their
    /// honest code goes on with it, so that they have something to tell in the next phase.
    fn tell_stories(
        &mut self,
        ways: u32,
        from: Slot,
        to: &[NodeId],
        message: &BrachaMessage,
        cx: &mut CoalitionContext<'_, Bracha>,
    ) {
        let (phase, vote) = (message.phase(), *message.vote());
        let value = *self.split.entry(vote.broadcast).or_insert(vote.value);
        let told = |line: &Line| to.contains(&line.to);
        let lines = stories(ways, from, phase, vote.broadcast, value, &self.honest(cx));
        lines.iter().filter(|line| told(line)).for_each(|line| say(line, cx));
        for fellow in to.iter().filter(|node| cx.owns(**node)).copied().collect::<Vec<_>>() {
            say(&Line { from, to: fellow, phase, broadcast: vote.broadcast, value }, cx);
        }
        cx.did(Deed::Equivocated);
    }

    /// The f honest members of the highest numbers.
    fn victims<'a>(&self, honest: &'a [NodeId]) -> &'a [NodeId] {
        let behind = (self.members.saturating_sub(1) / 3) as usize;
        &honest[honest.len().saturating_sub(behind)..]
    }

    /// The f honest members of the highest numbers hear nothing.
    fn withhold(&self, effects: &mut Effects<Bracha>, cx: &mut CoalitionContext<'_, Bracha>) {
        for (recipients, message) in take_sends(effects) {
            effects.push_send(self.told(&recipients, cx), message);
        }
    }

    /// Those who are told although something is withheld.
    fn told(&self, to: &[NodeId], cx: &mut CoalitionContext<'_, Bracha>) -> Vec<NodeId> {
        let honest = self.honest(cx);
        let victims = self.victims(&honest);
        let told: Vec<NodeId> = to.iter().copied().filter(|node| !victims.contains(node)).collect();
        if told.len() < to.len() {
            cx.did(Deed::Withheld);
        }
        told
    }

    fn replay(&self, slot: Slot, cx: &mut CoalitionContext<'_, Bracha>) {
        let honest = self.honest(cx);
        if self.overheard.is_empty() || honest.is_empty() {
            return;
        }
        let message = self.overheard[draw_below(cx, self.overheard.len())];
        let to = honest[draw_below(cx, honest.len())];
        cx.send_as(slot, to, message);
        cx.did(Deed::Replayed);
    }

    /// Another value in the name of an honest member: with a made-up signature, or with one for something else.
    fn forge(&self, slot: Slot, cx: &mut CoalitionContext<'_, Bracha>) {
        let honest = self.honest(cx);
        let Some(model) = self.overheard.last().copied().filter(|_| !honest.is_empty()) else { return };
        let vote = model.vote();
        let victim = honest[draw_below(cx, honest.len())];
        let to = honest[draw_below(cx, honest.len())];
        let guess = cx.rng().next_u64();
        let value = other_value(vote.value);
        let stolen = Vote { value, ..*vote };
        let made_up = Vote { signature: Signature::forged(victim, guess), ..stolen };
        for phase in Phase::ALL {
            cx.send_as(slot, to, BrachaMessage::new(phase, made_up));
        }
        cx.did(Deed::Forged);
        if !cx.owns(vote.signature.signer) {
            cx.send_as(slot, to, BrachaMessage::new(model.phase(), stolen));
        }
    }
}

impl Coalition<Bracha> for Traitors {
    fn step(
        &mut self,
        slot: Slot,
        input: Input<'_, Bracha>,
        puppet: &mut dyn Puppet<Bracha>,
        cx: &mut CoalitionContext<'_, Bracha>,
    ) {
        let up = match &input {
            Input::Message { message, .. } => {
                self.overhear(**message);
                None
            }
            Input::Link { peer, state: LinkState::Up } => Some(*peer),
            _ => None,
        };
        let behavior = self.draw_behavior(self.behavior, cx);
        if behavior == Behavior::Silent {
            cx.did(Deed::Silent);
            return;
        }
        puppet.run(input);
        match behavior {
            Behavior::Silent | Behavior::Random => {}
            Behavior::Equivocate => {
                self.equivocate(puppet.effects(), cx);
                if let Some(peer) = up {
                    self.split_again(slot, peer, cx);
                }
            }
            Behavior::Withhold => self.withhold(puppet.effects(), cx),
            Behavior::Replay => self.replay(slot, cx),
            Behavior::Forge => self.forge(slot, cx),
        }
    }

    fn act(
        &mut self,
        behavior: &str,
        ways: u32,
        from: Slot,
        to: &[NodeId],
        message: &BrachaMessage,
        cx: &mut CoalitionContext<'_, Bracha>,
    ) {
        let behavior = Behavior::find(behavior).unwrap_or(Behavior::Silent);
        match self.draw_behavior(behavior, cx) {
            Behavior::Silent | Behavior::Random => return cx.did(Deed::Silent),
            Behavior::Equivocate => return self.tell_stories(ways, from, to, message, cx),
            Behavior::Withhold => {
                let told = self.told(to, cx);
                return told.into_iter().for_each(|node| cx.send_as(from, node, *message));
            }
            Behavior::Replay => self.replay(from, cx),
            Behavior::Forge => self.forge(from, cx),
        }
        to.iter().for_each(|node| cx.send_as(from, *node, *message));
    }

    fn heard(&mut self, message: &BrachaMessage) {
        self.overhear(*message);
    }
}

/// An index below a length that is not zero.
fn draw_below(cx: &mut CoalitionContext<'_, Bracha>, length: usize) -> usize {
    below(cx.rng().next_u64(), length as u64) as usize
}

fn say(line: &Line, cx: &mut CoalitionContext<'_, Bracha>) {
    let Line { from, to, phase, broadcast, value } = *line;
    let signature = cx.sign_as(from, broadcast.content(phase, value));
    cx.send_as(from, to, BrachaMessage::new(phase, Vote { broadcast, value, signature }));
}

/// Takes everything that is to be sent out of the effects of a step.
fn take_sends(effects: &mut Effects<Bracha>) -> Vec<(Vec<NodeId>, BrachaMessage)> {
    let sends = effects.list().iter().filter_map(|effect| match effect {
        Effect::Send { to, message } => Some((effects.recipients(to).to_vec(), *message)),
        _ => None,
    });
    let taken = sends.collect();
    effects.retain(|effect| !matches!(effect, Effect::Send { .. }));
    taken
}

#[cfg(test)]
mod tests {
    use super::split::sides;
    use super::*;

    #[test]
    fn taking_the_sends_leaves_the_rest() {
        let signature = Signature::forged(NodeId(0), 0);
        let broadcast = Broadcast { sender: NodeId(0), sequence: 1 };
        let message = BrachaMessage::Echo(Vote { broadcast, value: 3, signature });
        let mut effects = Effects::<Bracha>::new();
        effects.push_send([NodeId(1), NodeId(2)], message);
        effects.push(Effect::Hold(sim_core::process::SyncId(1)));
        effects.push_send([NodeId(3)], message);
        let taken = take_sends(&mut effects);
        assert_eq!(taken, [(vec![NodeId(1), NodeId(2)], message), (vec![NodeId(3)], message)]);
        assert!(matches!(effects.list(), [Effect::Hold(_)]));
    }

    #[test]
    fn only_the_latest_messages_are_kept() {
        let mut traitors = Traitors::new(Behavior::Replay, 4);
        let broadcast = Broadcast { sender: NodeId(0), sequence: 1 };
        for value in 0..300 {
            let vote = Vote { broadcast, value, signature: Signature::forged(NodeId(0), 0) };
            traitors.overhear(BrachaMessage::Echo(vote));
        }
        let kept = traitors.overheard.iter().map(|message| message.vote().value);
        assert_eq!((traitors.overheard.len(), kept.min()), (OVERHEARD, Some(44)));
    }

    #[test]
    fn the_two_sides_are_all_honest_members_once() {
        let honest: Vec<NodeId> = [1, 4, 5, 6, 9].map(NodeId).to_vec();
        let (left, right) = sides(&honest);
        assert_eq!((left.len(), right.len()), (3, 2));
        assert_eq!([left, right].concat(), honest);
    }
}
