//! Whoever delivers a broadcast pushes or announces it over every link.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::Time;

use super::safety::Links;
use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeObservation};

/// A member that delivers a broadcast sends the payload or an announcement over each of its links, except the one that the
/// payload came over (Plumtree, algorithm 1: `EagerPush` and `LazyPush`). A link without either cannot repair the tree.
///
/// A slow member sends late what it has decided, so that it is judged at its next delivery; a crash excuses it.
#[derive(Clone, Debug, Default)]
pub struct Announcement {
    links: Links,
    /// By slot: the latest delivery.
    latest: Vec<Option<Delivery>>,
}

/// A delivery, and what is still to be sent because of it.
#[derive(Clone, Copy, Debug)]
struct Delivery {
    broadcast: u32,
    at: Time,
    /// Links that lack a message.
    left: u32,
}

impl Announcement {
    /// The latest delivery of a slot is over: were all links used?
    fn judge(&mut self, ground: &Ground, slot: Slot, findings: &mut Findings) {
        let Some(delivery) = self.latest.get_mut(slot.index()).and_then(Option::take) else { return };
        let place = ground.place(slot);
        if !place.honest {
            return;
        }
        findings.exercised();
        let Delivery { broadcast, at, left } = delivery;
        if left > 0 {
            let node = place.node;
            let text = format!(
                "{node} delivered broadcast {broadcast} at {at}, and {left} of its links got neither payload nor announcement"
            );
            findings.safety("", &[node], text);
        }
    }
}

impl Check<Plumtree> for Announcement {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Linked", "Unlinked", "Delivered"])
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Gossip", "IHave"]
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Plumtree>, findings: &mut Findings) {
        if let PlumtreeObservation::Delivered { broadcast, hops } = *seen.observation {
            self.judge(ground, seen.slot, findings);
            // A member's own broadcast came over no link.
            let links = self.links.of(seen.slot).0.len() as u32;
            let left = links.saturating_sub(u32::from(hops > 0));
            if seen.slot.index() >= self.latest.len() {
                self.latest.resize(seen.slot.index() + 1, None);
            }
            self.latest[seen.slot.index()] = Some(Delivery { broadcast, at: ground.now, left });
        } else {
            self.links.follow(ground, seen);
        }
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        _: NodeId,
        message: &PlumtreeMessage,
        _: &mut Findings,
    ) {
        let (PlumtreeMessage::Gossip { broadcast, .. } | PlumtreeMessage::IHave { broadcast, .. }) = *message
        else {
            return;
        };
        let latest = ground.slot_of(from).and_then(|slot| self.latest.get_mut(slot.index()));
        if let Some(Some(delivery)) = latest
            && delivery.broadcast == broadcast
        {
            delivery.left = delivery.left.saturating_sub(1);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if let (Lifecycle::Crashed | Lifecycle::Wiped, Some(latest)) =
            (what, self.latest.get_mut(slot.index()))
        {
            *latest = None;
        }
        if what == Lifecycle::Booted {
            *self.links.of(slot) = (Vec::new(), ground.now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Script = protocol_testing::script::Script<Plumtree, Announcement>;

    fn linked() -> Script {
        let mut script = Script::new(Announcement::default(), 4);
        (1..4).for_each(|peer| {
            script.see(0, PlumtreeObservation::Linked { peer: NodeId(peer), active: peer });
        });
        script
    }

    fn delivered(broadcast: u32, hops: u32) -> PlumtreeObservation {
        PlumtreeObservation::Delivered { broadcast, hops }
    }

    const PAYLOAD: PlumtreeMessage = PlumtreeMessage::Gossip { broadcast: 7, hops: 3, bytes: 9 };
    const ANNOUNCED: PlumtreeMessage = PlumtreeMessage::IHave { broadcast: 7, hops: 3 };

    #[test]
    fn a_link_without_payload_or_announcement_is_found() {
        let mut all = linked();
        all.see(0, delivered(7, 2)).send(0, 2, PAYLOAD).send(0, 3, ANNOUNCED).see(0, delivered(8, 2));
        assert_eq!((all.violations(), all.exercised()), (0, 1));
        let mut one = linked();
        one.see(0, delivered(7, 2)).send(0, 2, PAYLOAD).send(1, 3, ANNOUNCED).see(0, delivered(8, 2));
        assert_eq!(one.violations(), 1, "what another member sends does not count");
    }

    #[test]
    fn a_broadcast_of_its_own_goes_over_every_link() {
        let mut script = linked();
        script.see(0, delivered(7, 0)).send(0, 1, PAYLOAD).send(0, 2, PAYLOAD).see(0, delivered(8, 2));
        assert_eq!(script.violations(), 1);
    }

    #[test]
    fn a_slow_member_a_crash_and_a_link_that_ended_are_no_finding() {
        let mut late = linked();
        late.see(0, delivered(7, 2)).at(Time::from_nanos(5), 1).send(0, 2, PAYLOAD).send(0, 3, PAYLOAD);
        assert_eq!(late.see(0, delivered(8, 2)).violations(), 0);
        let mut crashed = linked();
        crashed.see(0, delivered(7, 2)).crash(0, 0).boot(0).see(0, delivered(7, 2)).see(0, delivered(8, 2));
        assert_eq!(crashed.violations(), 0, "a restarted member has no links");
        let mut ended = linked();
        ended.see(0, PlumtreeObservation::Unlinked { peer: NodeId(3), active: 2, dropped: true });
        ended.see(0, delivered(7, 2)).send(0, 2, PAYLOAD).see(0, delivered(8, 2));
        assert_eq!(ended.violations(), 0);
    }
}
