//! What a member makes of an update: which one is newer, what is passed on, what it denies.
//!
//! An incarnation is raised by its owner alone. Within one incarnation, suspect overrides alive and dead overrides both
//! (SWIM, section 4.2); alive needs a later incarnation than whatever is known.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use super::member::Member;
use super::rumor::MOST_MEMBERS;
use super::stalling::Stalling;
use super::view::{Known, TOGETHER, lives};
use super::vocabulary::{Status, Swim, SwimObservation, Update};

impl Member {
    pub(super) fn learn_all(&mut self, news: &[Update], cx: &mut Context<'_, Swim>) {
        for news in news.chunks(TOGETHER) {
            let subjects = self.view.warm(news);
            for (update, subject) in news.iter().zip(subjects) {
                if !self.view.is_old(subject, update) {
                    self.learn(*update, cx);
                }
            }
        }
    }

    pub(super) fn learn(&mut self, update: Update, cx: &mut Context<'_, Swim>) {
        let Update { node, status, incarnation, from } = update;
        if node.0 >= MOST_MEMBERS {
            return;
        }
        match status {
            Status::Unknown => {}
            Status::Alive => self.learn_alive(node, incarnation, cx),
            Status::Suspect => self.suspect(node, incarnation, from, cx),
            Status::Dead | Status::Left => self.learn_dead(update, cx),
        }
    }

    /// Whether it is news that a member is alive in an incarnation.
    fn is_news(&self, known: Known, incarnation: u32) -> bool {
        let plants = &self.settings.plants;
        let stale = plants.stale_alive && known.status != Status::Alive;
        let level =
            plants.alive_beats_suspect && known.status == Status::Suspect && incarnation == known.incarnation;
        known.status == Status::Unknown || incarnation > known.incarnation || stale || level
    }

    pub(super) fn learn_alive(&mut self, node: NodeId, incarnation: u32, cx: &mut Context<'_, Swim>) {
        if node == self.me {
            if incarnation > self.incarnation && self.life != super::member::Life::Leaving {
                self.refute(incarnation, cx);
            }
            return;
        }
        let known = self.view.get(node);
        if !self.is_news(known, incarnation) {
            return;
        }
        self.view.set(node, Status::Alive, incarnation);
        self.tell(node, cx);
        let (members, view) = (self.view.alive(), self.view.living());
        cx.observe(SwimObservation::Alive { peer: node, incarnation, members, view });
    }

    /// Somebody says that a member failed, maybe this one itself.
    pub(super) fn suspect(
        &mut self,
        node: NodeId,
        incarnation: u32,
        from: NodeId,
        cx: &mut Context<'_, Swim>,
    ) {
        let known = self.view.get(node);
        let zombie = known.status == Status::Unknown && self.settings.plants.suspect_adds;
        if (known.status == Status::Unknown && !zombie) || incarnation < known.incarnation {
            return;
        }
        if known.status == Status::Suspect {
            return self.confirm(known, Update { node, status: Status::Suspect, incarnation, from }, cx);
        }
        if known.status != Status::Alive && !zombie {
            return;
        }
        if node == self.me {
            return self.refute(incarnation, cx);
        }
        self.view.suspect(node, incarnation, from, cx.monotonic(), &self.settings);
        self.tell(node, cx);
        cx.observe(SwimObservation::Suspected { peer: node, incarnation, from });
    }

    /// A suspicion is confirmed by somebody else: it ends sooner, and the confirmation is passed on.
    fn confirm(&mut self, known: Known, update: Update, cx: &mut Context<'_, Swim>) {
        if self.view.confirm(known, &update, cx.monotonic(), &self.settings) {
            self.tell(update.node, cx);
        }
    }

    fn learn_dead(&mut self, update: Update, cx: &mut Context<'_, Swim>) {
        let Update { node, incarnation, .. } = update;
        let known = self.view.get(node);
        if !lives(known.status) || incarnation < known.incarnation {
            return;
        }
        if node == self.me {
            return self.refute(incarnation, cx);
        }
        self.lay_down(update, cx);
    }

    /// From now on a member is dead, or has left.
    fn lay_down(&mut self, update: Update, cx: &mut Context<'_, Swim>) {
        let Update { node, status, incarnation, from } = update;
        let now = cx.monotonic();
        self.view.bury(&update, now);
        self.deaths.push_back(node);
        self.due.reap = self.due.reap.min(now + self.settings.tombstones);
        self.tell(node, cx);
        let (members, view) = (self.view.alive(), self.view.living());
        if status == Status::Left {
            cx.observe(SwimObservation::Departed { peer: node, incarnation, members, view });
        } else {
            cx.observe(SwimObservation::Died { peer: node, incarnation, from, members, view });
            self.want_reconnect(now, cx);
        }
        if self.settings.plants.no_tombstones {
            self.view.set(node, Status::Unknown, 0);
        }
    }

    /// Suspicions that timed out become deaths.
    pub(super) fn bury(&mut self, now: Time, cx: &mut Context<'_, Swim>) {
        if self.settings.stall == Some(Stalling::NeverBuries) {
            self.view.forget_deadlines(now);
        }
        loop {
            let Some((deadline, node)) = self.view.next_due() else { return };
            if deadline > now {
                return;
            }
            let Known { incarnation, .. } = self.view.get(node);
            self.lay_down(Update { node, status: Status::Dead, incarnation, from: self.me }, cx);
        }
    }

    /// Denies what is said about itself in this incarnation, by a later one.
    pub(super) fn refute(&mut self, accused: u32, cx: &mut Context<'_, Swim>) {
        if self.settings.plants.never_refutes || self.settings.stall == Some(Stalling::NeverDenies) {
            return;
        }
        self.incarnation = self.incarnation.max(accused).saturating_add(1);
        let (node, incarnation) = (self.me, self.incarnation);
        self.view.set(node, Status::Alive, incarnation);
        cx.observe(SwimObservation::Refuted { incarnation });
        self.tell(node, cx);
        self.feel(1, cx);
    }

    /// Passes on what it holds of a member, with the next packets and gossip ticks.
    pub(super) fn tell(&mut self, node: NodeId, cx: &Context<'_, Swim>) {
        let view = &self.view;
        self.broadcasts.push(view.rumor(node), |rumor| view.is_held(rumor));
        if self.due.gossip == Time::MAX && self.settings.gossip_nodes > 0 {
            self.due.gossip = self.next_gossip(cx.monotonic());
        }
    }

    /// Gossip ticks come at multiples of their interval, after the phase that was drawn.
    fn next_gossip(&self, now: Time) -> Time {
        let interval = self.settings.gossip_interval.as_nanos();
        let into = (now.as_nanos() + interval - self.gossip_phase.as_nanos()) % interval;
        now + Duration::from_nanos(interval - into)
    }
}
