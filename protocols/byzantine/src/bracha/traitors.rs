//! The lies that only traitors of reliable broadcast can tell. One brain moves every corrupt slot.
//!
//! With f traitors none of this breaks agreement or totality; with f + 1 the split of an equivocation does, if a broadcaster
//! is among them (PUBLISHED-RESULTS.md, row 17).

mod split;

use sim_core::coalition::habits::{
    Habits, Lies, MUTATE, RANDOM, REPLAY, SILENT, Telling, WITHHOLD, take_sends,
};
use sim_core::coalition::{CoalitionContext, Deed, Member};
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;
use sim_core::process::{Effects, Signature};
use sim_core::random::below;
use sim_core::registry::Named;

pub(super) use self::split::{Line, split};
use self::split::{other_value, stories};
use super::thresholds::Thresholds;
use super::vocabulary::{Bracha, BrachaMessage, Broadcast, Phase, Vote};

/// Two values for one broadcast; the worst that they can do.
const EQUIVOCATE: Named = Named {
    name: "equivocate",
    about: "Tells two halves of the honest members two values, all traitors together.",
};
/// Votes of others.
const FORGE: Named = Named {
    name: "forge",
    about: "Follows the protocol, and speaks for honest members with signatures that do not verify.",
};

/// What traitors do.
pub const BEHAVIORS: &[Named] = &[SILENT, EQUIVOCATE, WITHHOLD, REPLAY, FORGE, MUTATE, RANDOM];

/// The brain of traitors among so many members, who do what a run asks for, or equivocate.
pub fn traitors(behavior: Option<&str>, members: u32) -> Habits<Bracha, Traitors> {
    let untold = Thresholds::new(members).faulty();
    Habits::new(BEHAVIORS, behavior, EQUIVOCATE.name, members, untold, Traitors::default())
}

/// What was said in lies so far.
#[derive(Clone, Debug, Default)]
pub struct Traitors {
    /// Broadcasts that were split, with the value for the first half.
    split: OrderedMap<Broadcast, u64>,
}

impl Traitors {
    /// Whatever the puppet would say is replaced by the split.
    fn equivocate(
        &mut self,
        honest: &[NodeId],
        effects: &mut Effects<Bracha>,
        cx: &mut CoalitionContext<'_, Bracha>,
    ) {
        for (_, message) in take_sends(effects) {
            let Vote { broadcast, value, .. } = *message.vote();
            if self.split.contains_key(&broadcast) {
                continue;
            }
            self.split.insert(broadcast, value);
            cx.did(Deed::Equivocated);
            for line in split(broadcast, value, cx.members(), honest) {
                say(&line, cx);
            }
        }
    }

    /// In a new session a peer hears its half's value again.
    fn split_again(
        &self,
        telling: &Telling<'_, Bracha>,
        peer: NodeId,
        cx: &mut CoalitionContext<'_, Bracha>,
    ) {
        let slot = telling.slot;
        let me: Vec<Member> = cx.members().iter().copied().filter(|member| member.slot == slot).collect();
        for (broadcast, value) in &self.split {
            let lines = split(*broadcast, *value, &me, telling.honest);
            lines.iter().filter(|line| line.to == peer).for_each(|line| say(line, cx));
        }
    }

    /// Says one message in so many ways: each part of the honest members hears its own value for the broadcast, the same
    /// in every phase and from every traitor. Fellow traitors hear the first story, as it would have been told to them: their
    /// honest code goes on with it, so that they have something to tell in the next phase.
    fn tell_stories(
        &mut self,
        telling: &Telling<'_, Bracha>,
        ways: u32,
        to: &[NodeId],
        message: &BrachaMessage,
        cx: &mut CoalitionContext<'_, Bracha>,
    ) {
        let (from, phase, vote) = (telling.slot, message.phase(), *message.vote());
        let value = *self.split.entry(vote.broadcast).or_insert(vote.value);
        let told = |line: &Line| to.contains(&line.to);
        let lines = stories(ways, from, phase, vote.broadcast, value, telling.honest);
        lines.iter().filter(|line| told(line)).for_each(|line| say(line, cx));
        for fellow in to.iter().filter(|node| cx.owns(**node)).copied().collect::<Vec<_>>() {
            say(&Line { from, to: fellow, phase, broadcast: vote.broadcast, value }, cx);
        }
        cx.did(Deed::Equivocated);
    }

    /// Another value in the name of an honest member: with a made-up signature, or with one for something else.
    fn forge(telling: &Telling<'_, Bracha>, cx: &mut CoalitionContext<'_, Bracha>) {
        let (slot, honest) = (telling.slot, telling.honest);
        let Some(model) = telling.heard.last().copied().filter(|_| !honest.is_empty()) else { return };
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

impl Lies<Bracha> for Traitors {
    fn lie(
        &mut self,
        telling: &Telling<'_, Bracha>,
        up: Option<NodeId>,
        effects: &mut Effects<Bracha>,
        cx: &mut CoalitionContext<'_, Bracha>,
    ) {
        if telling.lie == FORGE.name {
            return Self::forge(telling, cx);
        }
        self.equivocate(telling.honest, effects, cx);
        if let Some(peer) = up {
            self.split_again(telling, peer, cx);
        }
    }

    fn instead(
        &mut self,
        telling: &Telling<'_, Bracha>,
        ways: u32,
        to: &[NodeId],
        message: &BrachaMessage,
        cx: &mut CoalitionContext<'_, Bracha>,
    ) -> bool {
        let forges = telling.lie == FORGE.name;
        if forges {
            Self::forge(telling, cx);
        } else {
            self.tell_stories(telling, ways, to, message, cx);
        }
        forges
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

#[cfg(test)]
mod tests {
    use sim_core::process::Effect;

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
    fn the_two_sides_are_all_honest_members_once() {
        let honest: Vec<NodeId> = [1, 4, 5, 6, 9].map(NodeId).to_vec();
        let (left, right) = sides(&honest);
        assert_eq!((left.len(), right.len()), (3, 2));
        assert_eq!([left, right].concat(), honest);
    }
}
