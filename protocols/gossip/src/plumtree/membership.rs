//! HyParView: joins, requests for links, shuffles, and what happens when a link ends.
//!
//! A link is made by a request that is accepted, so that both ends have it; a stream keeps their order. Whoever drops a link
//! says so.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::member::{COMPARE, JOIN, Member, SHUFFLE, UNANSWERED};
use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeObservation, PlumtreeTimer};
use crate::hyparview::Link;

impl Member {
    /// Joins through an earlier member at genesis, later through any member of genesis.
    pub(super) fn join(&mut self, cx: &mut Context<'_, Plumtree>) {
        let first = std::mem::take(&mut self.genesis);
        if !first && !self.views.active.is_empty() {
            return;
        }
        let known = if first { self.me.0 } else { self.shared.members };
        if known == 0 {
            return;
        }
        let contact = NodeId(cx.rng().below(known.into()) as u32);
        if contact != self.me {
            cx.send(contact, PlumtreeMessage::Join);
        }
        self.await_answer(contact, cx);
    }

    /// Asks for a link, unless it has one or has asked already.
    fn ask(&mut self, whom: NodeId, high: bool, cx: &mut Context<'_, Plumtree>) {
        if whom != self.me && !self.views.has(whom) && !self.asked.contains(&whom) {
            cx.send(whom, PlumtreeMessage::Neighbor { high });
            self.await_answer(whom, cx);
        }
    }

    fn await_answer(&mut self, of: NodeId, cx: &mut Context<'_, Plumtree>) {
        self.asked.push(of);
        cx.set_timer(UNANSWERED, self.shared.parameters.neighbor_timeout, PlumtreeTimer::Unanswered);
    }

    /// A newcomer is linked, and walks on from here over all other links.
    pub(super) fn welcome(&mut self, newcomer: NodeId, cx: &mut Context<'_, Plumtree>) {
        self.grant(newcomer, cx);
        let ttl = self.shared.parameters.join_walk;
        let others = self.views.active.iter().map(|link| link.peer).filter(|peer| *peer != newcomer);
        cx.send_all(others, PlumtreeMessage::ForwardJoin { node: newcomer, ttl });
    }

    /// A newcomer comes by on its walk. It ends where there is nobody else to go to, too.
    pub(super) fn walk(&mut self, from: NodeId, node: NodeId, ttl: u32, cx: &mut Context<'_, Plumtree>) {
        if node == self.me {
            return;
        }
        let next = if ttl == 0 { None } else { self.views.pick_active(from, cx.rng()) };
        match next {
            Some(next) => {
                if ttl == self.shared.parameters.passive_walk {
                    self.remember(node, cx);
                }
                if next != node {
                    cx.send(next, PlumtreeMessage::ForwardJoin { node, ttl: ttl - 1 });
                }
            }
            None => self.ask(node, true, cx),
        }
    }

    pub(super) fn asked_for_link(&mut self, from: NodeId, high: bool, cx: &mut Context<'_, Plumtree>) {
        if high || self.has_room() || self.views.has(from) {
            self.grant(from, cx);
        } else {
            cx.send(from, PlumtreeMessage::Reject);
        }
    }

    fn has_room(&self) -> bool {
        self.views.active.len() < self.shared.parameters.active_size as usize
    }

    fn grant(&mut self, to: NodeId, cx: &mut Context<'_, Plumtree>) {
        cx.send(to, PlumtreeMessage::Accept);
        self.add(to, cx);
    }

    /// It has a link now; both ends announce what they have, so that nothing is missed that was sent before.
    fn add(&mut self, peer: NodeId, cx: &mut Context<'_, Plumtree>) {
        if !self.views.has(peer) {
            if !self.has_room() && !self.shared.plants.no_room_made {
                self.drop_one(cx);
            }
            self.views.forget(peer);
            self.views.active.push(Link { peer, eager: true });
            let active = self.views.active.len() as u32;
            cx.observe(PlumtreeObservation::Linked { peer, active });
        }
        if let Some(link) = self.views.link(peer) {
            link.eager = true;
        }
        let [low, high] = self.has;
        if low | high != 0 {
            cx.send(peer, PlumtreeMessage::HaveAll { low, high });
        }
    }

    fn drop_one(&mut self, cx: &mut Context<'_, Plumtree>) {
        let Some(peer) = self.views.pick_active(self.me, cx.rng()) else { return };
        self.unlink(peer, true, cx);
        self.has_answered(peer);
        if !self.shared.plants.silent_eviction {
            cx.send(peer, PlumtreeMessage::Disconnect);
        }
        self.remember(peer, cx);
    }

    /// A link is gone, dropped or not; whether there was one.
    fn unlink(&mut self, peer: NodeId, dropped: bool, cx: &mut Context<'_, Plumtree>) -> bool {
        let had = self.views.unlink(peer);
        if had {
            let active = self.views.active.len() as u32;
            cx.observe(PlumtreeObservation::Unlinked { peer, active, dropped });
        }
        self.announced.retain(|announced| announced.peer != peer);
        had
    }

    fn remember(&mut self, node: NodeId, cx: &mut Context<'_, Plumtree>) {
        let room = self.shared.parameters.passive_size;
        self.views.remember(self.me, node, room, cx.rng());
    }

    /// Whether it was waiting for an answer of this one.
    fn has_answered(&mut self, peer: NodeId) -> bool {
        let before = self.asked.len();
        self.asked.retain(|asked| *asked != peer);
        self.asked.len() < before
    }

    /// The other end granted what was asked for; it has the link already. If it is not wanted any more, it must hear so.
    pub(super) fn accepted(&mut self, from: NodeId, cx: &mut Context<'_, Plumtree>) {
        if !self.has_answered(from) {
            if !self.views.has(from) {
                cx.send(from, PlumtreeMessage::Disconnect);
            }
            return;
        }
        self.tries = 0;
        self.add(from, cx);
        self.seek(cx);
    }

    pub(super) fn rejected(&mut self, from: NodeId, cx: &mut Context<'_, Plumtree>) {
        if self.has_answered(from) {
            self.tries += 1;
            self.seek(cx);
        }
    }

    pub(super) fn disconnected(&mut self, from: NodeId, cx: &mut Context<'_, Plumtree>) {
        if self.unlink(from, false, cx) {
            self.remember(from, cx);
            self.tries = 0;
            self.seek(cx);
        }
    }

    /// The stream with a peer ended: it failed, or the network did.
    pub(super) fn lost(&mut self, peer: NodeId, cx: &mut Context<'_, Plumtree>) {
        self.views.forget(peer);
        let had = self.unlink(peer, false, cx);
        self.has_answered(peer);
        if had {
            self.tries = 0;
        }
        self.seek(cx);
    }

    pub(super) fn unanswered(&mut self, cx: &mut Context<'_, Plumtree>) {
        for silent in std::mem::take(&mut self.asked) {
            self.views.forget(silent);
        }
        self.seek(cx);
    }

    /// Asks a candidate for a link if there is room for one. Without any link and candidate it joins again.
    fn seek(&mut self, cx: &mut Context<'_, Plumtree>) {
        if !self.asked.is_empty() || !self.has_room() || self.genesis {
            return;
        }
        let (alone, candidates) = (self.views.active.is_empty(), self.views.passive.len());
        if self.tries as usize >= candidates.max(1) || candidates == 0 {
            if alone {
                self.tries = 0;
                cx.set_timer(JOIN, self.shared.parameters.neighbor_timeout, PlumtreeTimer::Join);
            }
            return;
        }
        let drawn = cx.rng().below(candidates as u64) as usize;
        let candidate = self.views.passive[drawn];
        self.ask(candidate, alone, cx);
    }

    pub(super) fn shuffle(&mut self, cx: &mut Context<'_, Plumtree>) {
        let parameters = &self.shared.parameters;
        cx.set_timer(SHUFFLE, parameters.shuffle_every, PlumtreeTimer::Shuffle);
        let ttl = parameters.join_walk;
        let (active, passive) = (parameters.shuffle_active, parameters.shuffle_passive);
        if let Some(peer) = self.views.pick_active(self.me, cx.rng()) {
            let sample = self.views.sample(self.me, active, passive, cx.rng());
            cx.send(peer, PlumtreeMessage::Shuffle { origin: self.me, ttl, sample });
        }
        self.tries = 0;
        self.seek(cx);
    }

    /// A shuffle comes by; where its walk ends it is answered.
    pub(super) fn mix(
        &mut self,
        from: NodeId,
        origin: NodeId,
        ttl: u32,
        sample: &[NodeId],
        cx: &mut Context<'_, Plumtree>,
    ) {
        if origin == self.me {
            return;
        }
        let next = if ttl == 0 { None } else { self.views.pick_active(from, cx.rng()) };
        if let Some(next) = next.filter(|next| *next != origin) {
            let sample = sample.into();
            cx.send(next, PlumtreeMessage::Shuffle { origin, ttl: ttl - 1, sample });
            return;
        }
        let parameters = &self.shared.parameters;
        let (active, passive) = (parameters.shuffle_active, parameters.shuffle_passive);
        let answer = self.views.sample(self.me, active, passive, cx.rng());
        cx.send(origin, PlumtreeMessage::ShuffleReply { sample: answer });
        self.learn(sample, cx);
    }

    pub(super) fn learn(&mut self, sample: &[NodeId], cx: &mut Context<'_, Plumtree>) {
        sample.iter().for_each(|node| self.remember(*node, cx));
    }

    /// Tells a random member what it has.
    pub(super) fn compare(&mut self, cx: &mut Context<'_, Plumtree>) {
        cx.set_timer(COMPARE, self.shared.parameters.compare_every, PlumtreeTimer::Compare);
        let peer = NodeId(cx.rng().below(self.shared.members.into()) as u32);
        if peer != self.me && !self.views.has(peer) {
            let [low, high] = self.has;
            cx.send(peer, PlumtreeMessage::Compare { low, high });
        }
    }

    /// If the other one lacks something that was not delivered just now, the overlay may have fallen apart: a link mends it.
    pub(super) fn compared(&mut self, from: NodeId, theirs: [u64; 2], cx: &mut Context<'_, Plumtree>) {
        let lacks = self.has[0] & !theirs[0] != 0 || self.has[1] & !theirs[1] != 0;
        if lacks && cx.monotonic().since(self.delivered_at) >= self.shared.parameters.graft_timeout {
            self.ask(from, true, cx);
        }
    }
}
