//! Grafts and prunes are answered, and what was pruned stays so.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use super::parameters::Parameters;
use super::safety::{Deliveries, Links};
use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeObservation};

/// A member sends the payload that it is asked for, if it has it, and prunes a link over which it gets what it has already; over a
/// link that was pruned it pushes nothing until somebody grafts it or it brings something new, and over one that was grafted it pushes
/// until one of its ends prunes it (Plumtree, algorithms 1 and 2).
///
/// An answer is sent in the step that it answers, so that it is missing once the next message is handed over.
#[derive(Debug)]
pub struct Tree {
    prune: bool,
    links: Links,
    delivered: Deliveries,
    members: BySlot<Member>,
}

#[derive(Debug, Default)]
struct Member {
    /// To whom it owes an answer.
    owes: Option<(NodeId, Answer)>,
    /// Whose prune made a link lazy that has been so since.
    pruned: Vec<NodeId>,
    /// Whose graft made a link eager that has been so since.
    grafted: Vec<NodeId>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Payload(u32),
    Prune,
}

impl Member {
    /// A link may be eager again, or is a new one.
    fn forget(&mut self, peer: NodeId) {
        self.pruned.retain(|known| *known != peer);
    }

    /// A link may be lazy again, or is another one.
    fn forget_graft(&mut self, peer: NodeId) {
        self.grafted.retain(|known| *known != peer);
    }
}

impl Tree {
    /// For members with these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        Self {
            prune: parameters.prune,
            links: Links::default(),
            delivered: Deliveries::default(),
            members: BySlot::default(),
        }
    }

    fn has(&self, slot: Slot, broadcast: u32) -> bool {
        self.delivered.get(slot)[(broadcast / 64) as usize] >> (broadcast % 64) & 1 == 1
    }

    /// The step before is over: was its message answered?
    fn judge(&mut self, ground: &Ground, slot: Slot, findings: &mut Findings) {
        let place = ground.place(slot);
        let Some((peer, answer)) = self.members.at(slot).owes.take().filter(|_| place.honest) else { return };
        let node = place.node;
        let (shape, text) = match answer {
            Answer::Payload(broadcast) => (
                "graft",
                format!(
                    "{node} has broadcast {broadcast}, and did not send it to {peer}, which asked for it"
                ),
            ),
            Answer::Prune => {
                ("duplicate", format!("{node} got what it has from {peer}, and did not prune that link"))
            }
        };
        findings.safety(shape, &[node, peer], text);
    }
}

impl Check<Plumtree> for Tree {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Linked", "Unlinked", "Delivered"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Plumtree>, _: &mut Findings) {
        match *seen.observation {
            PlumtreeObservation::Delivered { broadcast, .. } => {
                self.delivered.add(seen.slot, broadcast);
            }
            PlumtreeObservation::Linked { peer, .. } | PlumtreeObservation::Unlinked { peer, .. } => {
                self.links.follow(ground, seen);
                let member = self.members.at(seen.slot);
                member.forget(peer);
                member.forget_graft(peer);
            }
            _ => {}
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["Gossip", "Graft", "Prune", "Join", "Neighbor", "Accept"]
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        from: NodeId,
        message: &PlumtreeMessage,
        findings: &mut Findings,
    ) {
        self.judge(ground, slot, findings);
        let linked = self.links.of(slot).0.contains(&from);
        let has = |broadcast: &u32| self.has(slot, *broadcast);
        let (owes, pruned) = match message {
            PlumtreeMessage::Gossip { broadcast, .. } if has(broadcast) => {
                ((self.prune && linked).then_some(Answer::Prune), None)
            }
            PlumtreeMessage::Graft { broadcast, .. } => {
                (broadcast.filter(has).map(Answer::Payload), Some(false))
            }
            PlumtreeMessage::Prune => (None, Some(true)),
            _ => (None, Some(false)),
        };
        let member = self.members.at(slot);
        member.owes = owes.map(|answer| (from, answer));
        if owes.is_some() {
            findings.exercised();
        }
        match message {
            PlumtreeMessage::Prune => member.forget_graft(from),
            PlumtreeMessage::Graft { .. } if linked && !member.grafted.contains(&from) => {
                member.grafted.push(from);
            }
            _ => {}
        }
        match pruned {
            Some(true) if linked && !member.pruned.contains(&from) => member.pruned.push(from),
            Some(false) => member.forget(from),
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Gossip", "IHave", "Graft", "Prune", "Accept"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &PlumtreeMessage,
        findings: &mut Findings,
    ) {
        let Some(slot) = ground.slot_of(from).filter(|_| ground.honest(from)) else { return };
        let member = self.members.at(slot);
        let answer = match *message {
            PlumtreeMessage::Gossip { broadcast, .. } => Answer::Payload(broadcast),
            PlumtreeMessage::Prune => {
                member.forget_graft(to);
                Answer::Prune
            }
            PlumtreeMessage::IHave { broadcast, .. } => {
                if member.grafted.contains(&to) {
                    let text = format!(
                        "{from} only announces broadcast {broadcast} to {to}, which grafted that link"
                    );
                    findings.safety("lazy", &[from, to], text);
                }
                return;
            }
            // It makes the link eager by itself.
            _ => return member.forget(to),
        };
        if member.owes == Some((to, answer)) {
            member.owes = None;
        } else if let Answer::Payload(broadcast) = answer
            && member.pruned.contains(&to)
        {
            let text = format!("{from} pushes broadcast {broadcast} to {to}, which pruned that link");
            findings.safety("pruned", &[from, to], text);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        match what {
            Lifecycle::Booted | Lifecycle::Crashed | Lifecycle::Wiped => {
                self.members.reset(slot);
                self.delivered.forget(slot);
                *self.links.of(slot) = (Vec::new(), ground.now);
            }
            Lifecycle::Corrupted | Lifecycle::Healed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Script = sim_core::check::script::Script<Plumtree, Tree>;

    const PAYLOAD: PlumtreeMessage = PlumtreeMessage::Gossip { broadcast: 7, hops: 1, bytes: 9 };
    const OTHER: PlumtreeMessage = PlumtreeMessage::Gossip { broadcast: 8, hops: 1, bytes: 9 };
    const GRAFT: PlumtreeMessage = PlumtreeMessage::Graft { broadcast: Some(7), hops: 1 };

    /// A member that has broadcast 7 and a link with the next one.
    fn linked() -> Script {
        let mut script = Script::new(Tree::new(&Parameters::default()), 3);
        script.see(0, PlumtreeObservation::Linked { peer: NodeId(1), active: 1 });
        script.see(0, PlumtreeObservation::Delivered { broadcast: 7, hops: 0 });
        script
    }

    fn hears(script: &mut Script, from: u32, message: PlumtreeMessage) -> &mut Script {
        script.receive(sim_core::time::Time::ZERO, from, 0, message)
    }

    #[test]
    fn a_graft_is_answered_with_the_payload() {
        let mut silent = linked();
        hears(&mut silent, 1, GRAFT);
        hears(&mut silent, 2, PlumtreeMessage::Prune)
            .found("graft", "n1 has broadcast 7, and did not send it to n2, which asked for it");
        let mut answers = linked();
        hears(&mut answers, 1, GRAFT).send(0, 1, PAYLOAD);
        hears(&mut answers, 1, PlumtreeMessage::Graft { broadcast: Some(8), hops: 1 });
        hears(&mut answers, 1, GRAFT).restart(0);
        hears(&mut answers, 1, PlumtreeMessage::Prune).clean();
        assert_eq!(answers.exercised(), 2, "nobody sends what it has not, nor after a crash");
    }

    #[test]
    fn a_duplicate_is_answered_with_a_prune() {
        let mut silent = linked();
        hears(&mut silent, 1, PAYLOAD);
        hears(&mut silent, 1, PAYLOAD)
            .found("duplicate", "n1 got what it has from n2, and did not prune that link");
        let mut answers = linked();
        hears(&mut answers, 1, PAYLOAD).send(0, 1, PlumtreeMessage::Prune);
        hears(&mut answers, 2, PAYLOAD);
        hears(&mut answers, 1, OTHER);
        hears(&mut answers, 1, PlumtreeMessage::Prune).clean();
        let floods = Parameters { prune: false, ..Parameters::default() };
        let mut floods = Script::new(Tree::new(&floods), 3);
        floods.see(0, PlumtreeObservation::Linked { peer: NodeId(1), active: 1 });
        floods.see(0, PlumtreeObservation::Delivered { broadcast: 7, hops: 0 });
        hears(&mut floods, 1, PAYLOAD);
        hears(&mut floods, 1, PAYLOAD).clean();
    }

    #[test]
    fn a_grafted_link_is_pushed_over_until_it_is_pruned() {
        let announces = |script: &mut Script| {
            script.send(0, 1, PlumtreeMessage::IHave { broadcast: 8, hops: 1 }).violations()
        };
        let grafted = || {
            let mut script = linked();
            hears(&mut script, 1, GRAFT).send(0, 1, PAYLOAD);
            script
        };
        assert_eq!(announces(&mut linked()), 0);
        assert_eq!(announces(&mut grafted()), 1);
        assert_eq!(announces(grafted().send(0, 1, PlumtreeMessage::Prune)), 0);
        assert_eq!(announces(hears(&mut grafted(), 1, PlumtreeMessage::Prune)), 0);
        let again = PlumtreeObservation::Linked { peer: NodeId(1), active: 1 };
        assert_eq!(announces(grafted().see(0, again)), 0);
    }

    #[test]
    fn nothing_is_pushed_over_a_pruned_link_until_it_is_grafted() {
        let pruned = || {
            let mut script = linked();
            hears(&mut script, 1, PlumtreeMessage::Prune);
            script
        };
        pruned().send(0, 1, OTHER).found("pruned", "n1 pushes broadcast 8 to n2, which pruned that link");
        pruned().send(0, 2, OTHER).clean();
        let after = |message: PlumtreeMessage| {
            let mut script = pruned();
            hears(&mut script, 1, message).send(0, 1, PAYLOAD).send(0, 1, OTHER).violations()
        };
        assert_eq!((after(GRAFT), after(OTHER), after(PlumtreeMessage::Accept)), (0, 0, 0));
        let mut grafts = pruned();
        grafts.send(0, 1, GRAFT).send(0, 1, OTHER).clean();
        let mut again = pruned();
        again.see(0, PlumtreeObservation::Unlinked { peer: NodeId(1), active: 0, dropped: false });
        again.see(0, PlumtreeObservation::Linked { peer: NodeId(1), active: 1 }).send(0, 1, OTHER).clean();
    }
}
