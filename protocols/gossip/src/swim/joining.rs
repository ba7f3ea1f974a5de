//! Coming, going, and coming back: joins, graceful leaves, what is forgotten, and who is tried again.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use super::member::{Life, Member};
use super::view::lives;
use super::vocabulary::{Status, Swim, SwimObservation, Update};

/// How often a seed is drawn until one is found that is not known.
const DRAWS: u32 = 8;

impl Member {
    /// Those that a newcomer knows: the first members of genesis.
    fn seeds(&self) -> u32 {
        let all = self.members;
        if self.settings.seeds == 0 { all } else { all.min(self.settings.seeds) }
    }

    fn draw_seed(&self, cx: &mut Context<'_, Swim>) -> Option<NodeId> {
        let seeds = self.seeds();
        let drawn = (seeds > 0).then(|| NodeId(cx.rng().below(u64::from(seeds)) as u32));
        drawn.filter(|seed| *seed != self.me)
    }

    /// Asks a seed to let it join, until one answers.
    pub(super) fn join_due(&mut self, now: Time, cx: &mut Context<'_, Swim>) {
        if self.due.join > now {
            return;
        }
        self.due.join = now + self.settings.join_retry;
        match self.draw_seed(cx) {
            Some(seed) => self.send_view(seed, true, cx),
            None if self.seeds() > 1 => self.due.join = now + Duration::from_millis(1),
            None => {}
        }
    }

    /// There is somebody to reconnect to.
    pub(super) fn want_reconnect(&mut self, now: Time, cx: &mut Context<'_, Swim>) {
        let every = self.settings.reconnect_interval;
        if self.due.reconnect == Time::MAX && !every.is_zero() {
            self.due.reconnect = now + cx.rng().duration_between(Duration::from_nanos(1), every);
        }
    }

    /// Tries a member that was declared dead, so often that about one in the cluster does in each interval; or a seed that
    /// it never heard of, since the two may have joined different parts of a cluster.
    pub(super) fn reconnect_due(&mut self, now: Time, cx: &mut Context<'_, Swim>) {
        if self.due.reconnect > now {
            return;
        }
        let based = self.view.is_based();
        if self.view.dead() == 0 && based {
            self.due.reconnect = Time::MAX;
            return;
        }
        self.due.reconnect = now + self.settings.reconnect_interval;
        if self.settings.plants.no_reconnect {
            return;
        }
        let dead = self.view.those(Status::Dead);
        let strange =
            if based { 0 } else { u64::from(self.seeds()).saturating_sub(u64::from(self.view.members())) };
        let candidates = dead.len() as u64 + strange;
        let alive = u64::from(self.view.alive().max(1));
        if candidates == 0 || (candidates < alive && cx.rng().below(alive) >= candidates) {
            return;
        }
        let drawn = cx.rng().below(candidates) as usize;
        let peer = dead.get(drawn).copied().or_else(|| self.strange_seed(cx));
        if let Some(peer) = peer {
            self.send_view(peer, true, cx);
        }
    }

    fn strange_seed(&self, cx: &mut Context<'_, Swim>) -> Option<NodeId> {
        let unknown = |seed: &NodeId| self.view.get(*seed).status == Status::Unknown;
        (0..DRAWS).find_map(|_| self.draw_seed(cx).filter(unknown))
    }

    /// Leaves, and some time later has left.
    pub(super) fn leave_due(&mut self, now: Time, cx: &mut Context<'_, Swim>) {
        if self.due.leave > now {
            return;
        }
        if self.life == Life::Leaving {
            self.life = Life::Gone;
            return cx.observe(SwimObservation::Gone);
        }
        self.life = Life::Leaving;
        self.due.join = Time::MAX;
        self.due.leave = now + self.settings.leave_delay;
        let (node, incarnation) = (self.me, self.incarnation);
        self.view.bury(&Update { node, status: Status::Left, incarnation, from: node }, Time::ZERO);
        cx.observe(SwimObservation::Leaving { incarnation });
        self.tell(node, cx);
    }

    /// Forgets those who have been dead for long.
    pub(super) fn reap_due(&mut self, now: Time, cx: &mut Context<'_, Swim>) {
        if self.due.reap > now {
            return;
        }
        self.due.reap = Time::MAX;
        while let Some(peer) = self.deaths.front().copied() {
            let known = self.view.get(peer);
            if !lives(known.status) && known.status != Status::Unknown {
                let until = self.view.died_at(known) + self.settings.tombstones;
                if until > now {
                    self.due.reap = until;
                    return;
                }
                self.view.set(peer, Status::Unknown, 0);
                cx.observe(SwimObservation::Forgot { peer });
            }
            self.deaths.pop_front();
        }
    }
}
