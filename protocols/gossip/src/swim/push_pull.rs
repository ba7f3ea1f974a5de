//! Anti-entropy: now and then two members compare their views, and exchange them if they differ.
//!
//! memberlist sends whole views each time. Here hashes are compared first, which leads to the same views and costs nothing
//! where they are equal already.

use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use super::member::{Life, Member};
use super::vocabulary::{Status, Swim, SwimMessage, SwimObservation, Update};

impl Member {
    /// The first time is drawn, so that not all come together.
    pub(super) fn first_push_pull(&self, now: Time, cx: &mut Context<'_, Swim>) -> Time {
        if self.settings.push_pull_interval.is_zero() {
            return Time::MAX;
        }
        let every = self.settings.push_pull_every(self.view.alive());
        now + cx.rng().duration_between(Duration::ZERO, every)
    }

    pub(super) fn push_pull_due(&mut self, now: Time, cx: &mut Context<'_, Swim>) {
        if self.due.push_pull > now {
            return;
        }
        self.due.push_pull = now + self.settings.push_pull_every(self.view.alive());
        self.pick(1, |own, node| own.view.get(node).status == Status::Alive, cx);
        if let Some(peer) = self.picked.first().copied() {
            cx.send(peer, SwimMessage::Compare { view: self.view.whole() });
        }
    }

    pub(super) fn compare(&mut self, from: NodeId, view: ContentHash, cx: &mut Context<'_, Swim>) {
        if view == self.view.whole() {
            cx.send(from, SwimMessage::Same);
        } else {
            self.send_view(from, true, cx);
        }
    }

    pub(super) fn send_view(&mut self, to: NodeId, answer: bool, cx: &mut Context<'_, Swim>) {
        let view = SwimMessage::View {
            answer,
            genesis: self.view.is_based(),
            members: self.view.members(),
            listed: self.view.listed().into(),
        };
        cx.send(to, view);
    }

    /// Takes over what another member's view has and this one lacks. Whom the other one holds dead is suspected only: it
    /// may deny it.
    pub(super) fn merge(
        &mut self,
        from: NodeId,
        genesis: bool,
        listed: &[Update],
        cx: &mut Context<'_, Swim>,
    ) {
        let takes_over = genesis && !self.view.is_based();
        if takes_over {
            self.take_over(from, listed, cx);
        } else if self.life == Life::Joining {
            self.joined(from, false, cx);
        }
        if genesis && !takes_over {
            self.recall(listed, cx);
        }
        for update in listed {
            let heard = match update.status {
                Status::Dead | Status::Suspect => Update { status: Status::Suspect, from, ..*update },
                _ => *update,
            };
            self.learn(heard, cx);
        }
    }

    fn joined(&mut self, peer: NodeId, genesis: bool, cx: &mut Context<'_, Swim>) {
        if self.life == Life::Joining {
            self.life = Life::Member;
            self.due.join = Time::MAX;
        }
        let (members, view) = (self.view.alive(), self.view.living());
        cx.observe(SwimObservation::Joined { peer, genesis, members, view });
    }

    /// A newcomer takes the members of genesis over at once, but for those that are listed as dead.
    fn take_over(&mut self, from: NodeId, listed: &[Update], cx: &mut Context<'_, Swim>) {
        let gone = |update: &&Update| !super::view::lives(update.status) && update.node.0 < self.members;
        let unknown = |update: &&Update| self.view.get(update.node).status == Status::Unknown;
        let gone: Vec<NodeId> =
            listed.iter().filter(gone).filter(unknown).map(|update| update.node).collect();
        self.view.take_base();
        for node in &gone {
            self.view.set(*node, Status::Unknown, 0);
        }
        self.joined(from, true, cx);
        for peer in gone {
            cx.observe(SwimObservation::Forgot { peer });
        }
    }

    /// Members of genesis that were forgotten here, but are as they were at the other one.
    fn recall(&mut self, listed: &[Update], cx: &mut Context<'_, Swim>) {
        let forgotten = self.view.those(Status::Unknown).into_iter();
        let as_before = forgotten.filter(|node| {
            node.0 < self.members && listed.binary_search_by_key(node, |update| update.node).is_err()
        });
        for node in as_before.collect::<Vec<_>>() {
            self.learn_alive(node, 0, cx);
        }
    }
}
