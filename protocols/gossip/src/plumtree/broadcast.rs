//! Plumtree: payloads over eager links, announcements over lazy ones, and the repair of the tree (algorithms 1 to 3).

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Time;

use super::member::{MISSING, Member};
use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeObservation, PlumtreeTimer};

/// Stands for a number of hops that nobody knows: the payload was announced over a link that came later.
pub(super) const FAR: u32 = 1 << 16;

/// Who announced a payload that has not come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Announced {
    pub(super) broadcast: u32,
    pub(super) peer: NodeId,
    hops: u32,
}

/// When a payload is asked for that has not come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    broadcast: u32,
    until: Time,
}

impl Member {
    fn has(&self, broadcast: u32) -> bool {
        self.has[(broadcast / 64) as usize] >> (broadcast % 64) & 1 == 1
    }

    pub(super) fn broadcast(&mut self, broadcast: u32, cx: &mut Context<'_, Plumtree>) {
        cx.observe(PlumtreeObservation::Broadcast { broadcast });
        self.deliver(broadcast, 0, cx);
        self.push(self.me, broadcast, 0, cx);
    }

    fn deliver(&mut self, broadcast: u32, hops: u32, cx: &mut Context<'_, Plumtree>) {
        self.has[(broadcast / 64) as usize] |= 1 << (broadcast % 64);
        self.delivered_at = cx.monotonic();
        cx.observe(PlumtreeObservation::Delivered { broadcast, hops });
    }

    /// Pushes over eager links and announces over lazy ones, but for the one that it came over.
    fn push(&self, from: NodeId, broadcast: u32, hops: u32, cx: &mut Context<'_, Plumtree>) {
        let to = |eager| {
            let links = self.views.active.iter().filter(move |link| link.eager == eager);
            links.map(|link| link.peer).filter(move |peer| *peer != from)
        };
        let (hops, bytes) = (hops + 1, self.shared.parameters.payload_bytes);
        cx.send_all(to(true), PlumtreeMessage::Gossip { broadcast, hops, bytes });
        if !self.shared.plants.pruned_is_forgotten {
            cx.send_all(to(false), PlumtreeMessage::IHave { broadcast, hops });
        }
    }

    pub(super) fn receive(
        &mut self,
        from: NodeId,
        broadcast: u32,
        hops: u32,
        cx: &mut Context<'_, Plumtree>,
    ) {
        if self.has(broadcast) {
            if self.shared.parameters.prune && self.set_eager(from, false) {
                cx.send(from, PlumtreeMessage::Prune);
            }
            return;
        }
        self.deliver(broadcast, hops, cx);
        self.set_eager(from, true);
        self.push(from, broadcast, hops, cx);
        self.optimize(from, broadcast, hops, cx);
        self.announced.retain(|announced| announced.broadcast != broadcast);
        self.waiting.retain(|waiting| waiting.broadcast != broadcast);
    }

    /// A lazy link over which a payload would have come by fewer hops takes the place of the eager one.
    fn optimize(&mut self, from: NodeId, broadcast: u32, hops: u32, cx: &mut Context<'_, Plumtree>) {
        let least = self.shared.parameters.optimize_hops;
        let shorter = |announced: &&Announced| {
            announced.broadcast == broadcast && announced.hops.saturating_add(least) <= hops
        };
        let Some(shorter) = self.announced.iter().find(shorter).filter(|_| least > 0).copied() else {
            return;
        };
        if self.views.has(from) && self.set_eager(shorter.peer, true) {
            self.set_eager(from, false);
            cx.send(shorter.peer, PlumtreeMessage::Graft { broadcast: None, hops: 0 });
            cx.send(from, PlumtreeMessage::Prune);
        }
    }

    /// Makes a link eager or lazy; whether there is one.
    fn set_eager(&mut self, peer: NodeId, eager: bool) -> bool {
        self.views.link(peer).map(|link| link.eager = eager).is_some()
    }

    pub(super) fn pruned(&mut self, from: NodeId) {
        self.set_eager(from, false);
    }

    pub(super) fn announce(
        &mut self,
        from: NodeId,
        broadcast: u32,
        hops: u32,
        cx: &mut Context<'_, Plumtree>,
    ) {
        if self.has(broadcast) {
            return;
        }
        self.announced.push(Announced { broadcast, peer: from, hops });
        if self.waiting.iter().all(|waiting| waiting.broadcast != broadcast) {
            let until = cx.monotonic() + self.shared.parameters.graft_timeout;
            self.waiting.push(Waiting { broadcast, until });
            self.set_missing(cx);
        }
    }

    /// Over a new link all that the other end has is announced at once.
    pub(super) fn announce_all(&mut self, from: NodeId, theirs: [u64; 2], cx: &mut Context<'_, Plumtree>) {
        for (word, set) in theirs.into_iter().enumerate() {
            let mut missing = set & !self.has[word];
            while missing != 0 {
                self.announce(from, 64 * word as u32 + missing.trailing_zeros(), FAR, cx);
                missing &= missing - 1;
            }
        }
    }

    fn set_missing(&self, cx: &mut Context<'_, Plumtree>) {
        if let Some(next) = self.waiting.iter().map(|waiting| waiting.until).min() {
            cx.set_timer(MISSING, next.since(cx.monotonic()), PlumtreeTimer::Missing);
        }
    }

    /// Asks the next one who announced it for each payload that is overdue; gives up where nobody is left.
    pub(super) fn ask_for_missing(&mut self, cx: &mut Context<'_, Plumtree>) {
        let now = cx.monotonic();
        let again = now + self.shared.parameters.graft_again;
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain_mut(|waiting| {
            if waiting.until > now {
                return true;
            }
            let by = self.announced.iter().position(|announced| announced.broadcast == waiting.broadcast);
            let Some(by) = by else { return false };
            let Announced { broadcast, peer, hops } = self.announced.remove(by);
            if !self.shared.plants.never_grafts {
                self.set_eager(peer, true);
                cx.send(peer, PlumtreeMessage::Graft { broadcast: Some(broadcast), hops });
            }
            waiting.until = again;
            true
        });
        self.waiting = waiting;
        self.set_missing(cx);
    }

    pub(super) fn grafted(
        &mut self,
        from: NodeId,
        broadcast: Option<u32>,
        hops: u32,
        cx: &mut Context<'_, Plumtree>,
    ) {
        self.set_eager(from, true);
        if let Some(broadcast) = broadcast.filter(|broadcast| self.has(*broadcast)) {
            let bytes = self.shared.parameters.payload_bytes;
            cx.send(from, PlumtreeMessage::Gossip { broadcast, hops, bytes });
        }
    }
}
