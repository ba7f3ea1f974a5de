//! HyParView's partial views (Leitão, Pereira and Rodrigues, "HyParView: a membership protocol for reliable gossip-based
//! broadcast", DSN 2007): a small active view of members that one has a link with, and a larger passive view of candidates
//! for when a link fails.
//!
//! This is what a member keeps. What it says and when stands in `plumtree/membership.rs`, which adds the broadcast tree: a
//! link of the active view is eager or lazy.

use sim_core::identity::NodeId;
use sim_core::random::ProcessRng;

/// One link of the active view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// The other end.
    pub peer: NodeId,
    /// Whether payloads are pushed over it; else they are only announced.
    pub eager: bool,
}

/// The two views of a member: nobody is in both, and the member itself in none.
#[derive(Clone, Debug, Default)]
pub struct Views {
    /// Members that it has a link with, at most a handful.
    pub active: Vec<Link>,
    /// Members that it only knows.
    pub passive: Vec<NodeId>,
}

impl Views {
    /// The link with a member.
    pub fn link(&mut self, peer: NodeId) -> Option<&mut Link> {
        self.active.iter_mut().find(|link| link.peer == peer)
    }

    /// Whether there is a link with a member.
    pub fn has(&self, peer: NodeId) -> bool {
        self.active.iter().any(|link| link.peer == peer)
    }

    /// Takes a link out; whether there was one.
    pub fn unlink(&mut self, peer: NodeId) -> bool {
        let place = self.active.iter().position(|link| link.peer == peer);
        place.map(|place| self.active.swap_remove(place)).is_some()
    }

    /// Remembers a candidate. Where there is no room it takes the place of another one.
    pub fn remember(&mut self, me: NodeId, node: NodeId, room: u32, rng: &mut ProcessRng<'_>) {
        if node == me || self.has(node) || self.passive.contains(&node) || room == 0 {
            return;
        }
        if self.passive.len() < room as usize {
            self.passive.push(node);
        } else {
            let place = rng.below(self.passive.len() as u64) as usize;
            self.passive[place] = node;
        }
    }

    /// Forgets a candidate.
    pub fn forget(&mut self, node: NodeId) {
        self.passive.retain(|known| *known != node);
    }

    /// A member with a link, but for one.
    pub fn pick_active(&self, except: NodeId, rng: &mut ProcessRng<'_>) -> Option<NodeId> {
        let others = self.active.iter().filter(|link| link.peer != except);
        let count = others.clone().count() as u64;
        let drawn = if count == 0 { return None } else { rng.below(count) };
        others.map(|link| link.peer).nth(drawn as usize)
    }

    /// What a shuffle tells: itself, and members of both views.
    pub fn sample(&self, me: NodeId, active: u32, passive: u32, rng: &mut ProcessRng<'_>) -> Box<[NodeId]> {
        let mut sample = vec![me];
        let mut add = |of: Vec<NodeId>, most: u32| {
            let mut of = of;
            rng.shuffle(&mut of);
            sample.extend(of.into_iter().take(most as usize));
        };
        add(self.active.iter().map(|link| link.peer).collect(), active);
        add(self.passive.clone(), passive);
        sample.into()
    }
}
