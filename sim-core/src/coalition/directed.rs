//! Traitors that follow the rules of a scenario.
//!
//! A slot for which some rule is written runs its honest code, and the rules edit what that says; every other traitor is
//! moved by the protocol's own coalition, if it has one. All traitors share what any of them heard.

use super::{Altering, Coalition, CoalitionContext, Crossing, Deed, Overheard, Puppet};
use crate::adversary::{Act, Adversary, Ordering};
use crate::aside::Aside;
use crate::facts::Facts;
use crate::fault::FaultModel;
use crate::fault::plan::same_kind;
use crate::fault::selector::in_role;
use crate::identity::{NodeId, Slot};
use crate::process::{Input, Message, Protocol};
use crate::random::{Draw, below};
use crate::time::Duration;

/// Marks the wake-ups of the rules among those of the protocol's own coalition.
const LATER: u64 = 1 << 63;

/// A message on its way out.
struct Outgoing<P: Protocol> {
    from: Slot,
    to: Vec<NodeId>,
    message: P::Message,
}

/// The rules, and the coalition that moves whom they do not.
pub(crate) struct Directed<P: Protocol> {
    rules: Vec<Adversary>,
    own: Option<Box<dyn Coalition<P>>>,
    members: u32,
    borne: u32,
    /// Delayed messages by wake-up.
    later: Aside<Outgoing<P>>,
    delayed: u64,
    overheard: Overheard<P>,
}

impl<P: Protocol> Directed<P> {
    /// The protocol's own coalition under the rules of a setup; itself if there are none.
    pub(crate) fn under(
        rules: &[Adversary],
        members: u32,
        model: FaultModel,
        own: Option<Box<dyn Coalition<P>>>,
    ) -> Option<Box<dyn Coalition<P>>> {
        if rules.is_empty() {
            return own;
        }
        let borne = if model.byzantine > 0 { model.byzantine } else { model.crashed };
        let (later, overheard) = (Aside::new(), Overheard::new());
        let rules = rules.to_vec();
        Some(Box::new(Self { rules, own, members, borne, later, delayed: 0, overheard }))
    }

    /// Whether any rule is about what this slot says.
    fn moves(&self, slot: Slot) -> bool {
        self.rules.iter().any(|rule| rule.moves(slot))
    }

    /// The rule that decides about a message, or about the slot as a whole if there is none.
    fn rule(&self, slot: Slot, role: Option<&str>, message: Option<&P::Message>) -> Option<&Adversary> {
        let fits = |rule: &&Adversary| {
            let right_role =
                rule.on.role.as_ref().is_none_or(|wanted| role.is_some_and(|is| in_role(wanted, is)));
            let right_kind = match (&rule.on.send, message) {
                (None, _) => true,
                (Some(kind), Some(message)) => same_kind(kind, message.kind_name()),
                (Some(_), None) => false,
            };
            let right_round = in_round(rule, message);
            rule.moves(slot) && right_role && right_kind && right_round
        };
        self.rules.iter().find(fits)
    }

    fn honest(&self, cx: &CoalitionContext<'_, P>) -> Vec<NodeId> {
        (0..self.members).map(NodeId).filter(|node| !cx.owns(*node)).collect()
    }

    /// Does what a rule says with a message; who still gets it at once.
    fn act(&mut self, act: &Act, sent: Outgoing<P>, cx: &mut CoalitionContext<'_, P>) -> Vec<NodeId> {
        match act {
            Act::Silent => {
                cx.did(Deed::Silent);
                Vec::new()
            }
            Act::Withhold { from } => {
                let honest = self.honest(cx);
                let untold = from.unwrap_or(self.borne) as usize;
                let victims = &honest[honest.len().saturating_sub(untold)..];
                let told = sent.to.iter().copied().filter(|node| !victims.contains(node)).collect();
                fewer(sent.to.len(), told, Deed::Withheld, cx)
            }
            Act::Drop { probability } => {
                let all = sent.to.len();
                let told = sent.to.into_iter().filter(|_| !probability.happens(cx.rng().next_u64()));
                fewer(all, told.collect(), Deed::Dropped, cx)
            }
            Act::Delay { by } => {
                let token = LATER | self.delayed;
                self.delayed += 1;
                self.later.put(token, sent);
                cx.wake_after(*by, token);
                cx.did(Deed::Delayed);
                Vec::new()
            }
            Act::Replay { probability } => {
                if probability.happens(cx.rng().next_u64()) {
                    self.overheard.replay(sent.from, &self.honest(cx), cx);
                }
                sent.to
            }
            Act::Alter { field, scope, seal, probability } => {
                let Outgoing { from, to, message } = sent;
                let wanted = Altering { field: field.as_deref(), scope: *scope, seal: *seal };
                to.into_iter()
                    .filter(|node| {
                        !probability.happens(cx.rng().next_u64()) || !wanted.tell(from, *node, &message, cx)
                    })
                    .collect()
            }
            Act::Order { .. } => sent.to,
            Act::Own { behavior, ways } => {
                if let Some(own) = self.own.as_deref_mut() {
                    own.act(behavior, *ways, sent.from, &sent.to, &sent.message, cx);
                }
                Vec::new()
            }
        }
    }
}

/// The recipients that are left of so many, which is a deed if some were left out.
fn fewer<P: Protocol>(
    all: usize,
    left: Vec<NodeId>,
    deed: Deed,
    cx: &mut CoalitionContext<'_, P>,
) -> Vec<NodeId> {
    if left.len() < all {
        cx.did(deed);
    }
    left
}

/// Whether a rule is about the round that a message tells.
fn in_round<M: Message>(rule: &Adversary, message: Option<&M>) -> bool {
    rule.on.round.is_none_or(|wanted| message.and_then(M::round) == Some(u64::from(wanted)))
}

impl<P: Protocol> Coalition<P> for Directed<P> {
    fn step(
        &mut self,
        slot: Slot,
        input: Input<'_, P>,
        puppet: &mut dyn Puppet<P>,
        cx: &mut CoalitionContext<'_, P>,
    ) {
        if let Input::Message { message, .. } = &input {
            self.overheard.add(message);
            if let Some(own) = self.own.as_deref_mut() {
                own.heard(message);
            }
        }
        if !self.moves(slot) {
            return match self.own.as_deref_mut() {
                Some(own) => own.step(slot, input, puppet, cx),
                None => puppet.run(input),
            };
        }
        let role = cx.role();
        if self.rule(slot, role, None).is_some_and(|rule| rule.act == Act::Silent) {
            cx.did(Deed::Silent);
            return;
        }
        puppet.run(input);
        puppet.effects().redirect(|to, message| {
            let act = self.rule(slot, role, Some(message))?.act.clone();
            let sent = Outgoing { from: slot, to: to.to_vec(), message: message.clone() };
            Some(self.act(&act, sent, cx))
        });
    }

    fn wake(&mut self, token: u64, cx: &mut CoalitionContext<'_, P>) {
        match self.later.take(token) {
            Some(Outgoing { from, to, message }) => {
                to.into_iter().for_each(|node| cx.send_as(from, node, message.clone()));
            }
            None => {
                if let Some(own) = self.own.as_deref_mut() {
                    own.wake(token, cx);
                }
            }
        }
    }

    fn order(&mut self, crossing: &Crossing<'_, P>, draw: &mut Draw) -> Duration {
        let kind = crossing.message.kind_name();
        let ordering = self.rules.iter().find_map(|rule| match &rule.act {
            Act::Order { how }
                if rule.on.send.as_ref().is_none_or(|wanted| same_kind(wanted, kind))
                    && in_round(rule, Some(crossing.message)) =>
            {
                Some(*how)
            }
            _ => None,
        });
        match ordering {
            Some(Ordering::Shuffle) => {
                let most = crossing.granted.as_nanos();
                Duration::from_nanos(below(draw.next_u64(), most.saturating_add(1)))
            }
            Some(Ordering::Halves) if crossing.halves_apart() => crossing.granted,
            Some(Ordering::Halves) => Duration::ZERO,
            None => self.own.as_deref_mut().map_or(Duration::ZERO, |own| own.order(crossing, draw)),
        }
    }
}
