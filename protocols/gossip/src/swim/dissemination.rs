//! Gossip ticks: updates reach others sooner than the next probe would carry them.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Time;

use super::member::Member;
use super::view::lives;
use super::vocabulary::{Status, Swim, SwimMessage};

impl Member {
    pub(super) fn gossip_due(&mut self, now: Time, cx: &mut Context<'_, Swim>) {
        if self.due.gossip > now {
            return;
        }
        self.pick(self.settings.gossip_nodes, |own, node| own.hears_gossip(node, now), cx);
        let picked = std::mem::take(&mut self.picked);
        for node in &picked {
            let news = self.piggyback(0, None);
            if news.is_empty() {
                break;
            }
            cx.send(*node, SwimMessage::Gossip { news });
        }
        self.picked = picked;
        // Without anything to tell there are no ticks.
        let more = !self.broadcasts.is_empty();
        self.due.gossip = if more { now + self.settings.gossip_interval } else { Time::MAX };
    }

    /// Those that are alive, and those that died a short time ago: they may deny it.
    fn hears_gossip(&self, node: NodeId, now: Time) -> bool {
        let known = self.view.get(node);
        let window = self.settings.gossip_to_dead;
        let fresh = || now.since(self.view.died_at(known).min(now)) <= window;
        let reached = known.status == Status::Dead && !self.settings.plants.no_reconnect && fresh();
        lives(known.status) || reached
    }
}
