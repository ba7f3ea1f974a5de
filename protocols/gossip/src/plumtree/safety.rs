//! What must never happen in Plumtree, and what the overlay promises.

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::{Duration, Time};

use super::broadcast::FAR;
use super::parameters::Parameters;
use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeObservation};

/// What each slot has delivered, by the number of the broadcast.
#[derive(Clone, Debug, Default)]
pub(super) struct Deliveries(Vec<[u64; 2]>);

impl Deliveries {
    pub(super) fn get(&self, slot: Slot) -> [u64; 2] {
        self.0.get(slot.index()).copied().unwrap_or_default()
    }

    pub(super) fn forget(&mut self, slot: Slot) {
        if let Some(known) = self.0.get_mut(slot.index()) {
            *known = [0; 2];
        }
    }

    /// Adds one; whether it is new.
    pub(super) fn add(&mut self, slot: Slot, broadcast: u32) -> bool {
        if slot.index() >= self.0.len() {
            self.0.resize(slot.index() + 1, [0; 2]);
        }
        let word = &mut self.0[slot.index()][(broadcast / 64) as usize];
        let before = *word;
        *word |= 1 << (broadcast % 64);
        *word != before
    }
}

/// Validity and integrity: what is delivered was broadcast, and in one incarnation nothing is delivered twice.
#[derive(Clone, Debug, Default)]
pub struct Integrity {
    delivered: Deliveries,
    sent: [u64; 2],
}

impl Check<Plumtree> for Integrity {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Broadcast", "Delivered"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Plumtree>, findings: &mut Findings) {
        match *seen.observation {
            PlumtreeObservation::Broadcast { broadcast } => {
                self.sent[(broadcast / 64) as usize] |= 1 << (broadcast % 64);
            }
            PlumtreeObservation::Delivered { broadcast, .. } if ground.place(seen.slot).honest => {
                findings.exercised();
                let node = seen.node;
                if self.sent[(broadcast / 64) as usize] >> (broadcast % 64) & 1 == 0 {
                    let text = format!("{node} delivers broadcast {broadcast}, which nobody made");
                    findings.safety("never broadcast", &[node], text);
                }
                if !self.delivered.add(seen.slot, broadcast) {
                    findings.safety("twice", &[node], format!("{node} delivers broadcast {broadcast} again"));
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Booted {
            self.delivered.forget(slot);
        }
    }
}

/// The active view is bounded and has nobody twice and never the member itself.
#[derive(Clone, Debug)]
pub struct ActiveView {
    most: u32,
    links: Links,
}

/// The links that members report, by slot, and when each slot's last changed.
#[derive(Clone, Debug, Default)]
struct Links(Vec<(Vec<NodeId>, Time)>);

impl Links {
    fn of(&mut self, slot: Slot) -> &mut (Vec<NodeId>, Time) {
        if slot.index() >= self.0.len() {
            self.0.resize_with(slot.index() + 1, Default::default);
        }
        &mut self.0[slot.index()]
    }

    fn get(&self, slot: Slot) -> Option<&(Vec<NodeId>, Time)> {
        self.0.get(slot.index())
    }
}

impl ActiveView {
    /// For members with these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        Self { most: parameters.active_size, links: Links::default() }
    }
}

impl Check<Plumtree> for ActiveView {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Linked", "Unlinked"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Plumtree>, findings: &mut Findings) {
        let node = seen.node;
        let links = &mut self.links.of(seen.slot).0;
        let shape = match *seen.observation {
            PlumtreeObservation::Linked { peer, .. } => {
                let again = links.contains(&peer);
                links.push(peer);
                match () {
                    () if again => "linked twice",
                    () if peer == node => "linked to itself",
                    () if links.len() > self.most as usize => "too many",
                    () => "",
                }
            }
            PlumtreeObservation::Unlinked { peer, .. } => {
                let place = links.iter().position(|known| *known == peer);
                place.map(|place| links.swap_remove(place)).map_or("was not linked", |_| "")
            }
            _ => return,
        };
        if !ground.place(seen.slot).honest {
            return;
        }
        findings.exercised();
        if !shape.is_empty() {
            let text = format!("{node} has {} links, of at most {}: {shape}", links.len(), self.most);
            findings.safety(shape, &[node], text);
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Booted {
            self.links.of(slot).0.clear();
        }
    }
}

/// Active views are symmetric once they are quiet: judged at the end, between members of the healed core whose links did not
/// change for a while.
#[derive(Clone, Debug)]
pub struct Symmetry {
    quiet: Duration,
    links: Links,
    core: Vec<Slot>,
}

impl Symmetry {
    /// For members with these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        let quiet = parameters.neighbor_timeout.saturating_mul(4).max(Duration::from_secs(3));
        Self { quiet, links: Links::default(), core: Vec::new() }
    }

    fn is_quiet(&self, ground: &Ground, slot: Slot) -> bool {
        let place = ground.place(slot);
        let changed = self.links.get(slot).map_or(Time::ZERO, |links| links.1);
        place.runs() && place.honest && self.core.contains(&slot) && ground.now.since(changed) >= self.quiet
    }
}

impl Check<Plumtree> for Symmetry {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Linked", "Unlinked"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Plumtree>, _: &mut Findings) {
        let (links, changed) = self.links.of(seen.slot);
        *changed = ground.now;
        match *seen.observation {
            PlumtreeObservation::Linked { peer, .. } if !links.contains(&peer) => links.push(peer),
            PlumtreeObservation::Unlinked { peer, .. } => links.retain(|known| *known != peer),
            _ => {}
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        match what {
            Lifecycle::Booted => *self.links.of(slot) = (Vec::new(), ground.now),
            // Whatever was wrong with the network may end links now.
            Lifecycle::Healed => {
                self.core.push(slot);
                self.links.of(slot).1 = ground.now;
            }
            _ => {}
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        for slot in self.core.clone() {
            let Some((links, _)) = self.links.get(slot).filter(|_| self.is_quiet(ground, slot)) else {
                continue;
            };
            let node = ground.place(slot).node;
            for peer in links {
                let Some(other) = ground.slot_of(*peer).filter(|other| self.is_quiet(ground, *other)) else {
                    continue;
                };
                findings.exercised();
                if self.links.get(other).is_none_or(|(theirs, _)| !theirs.contains(&node)) {
                    let text = format!("{node} has a link with {peer}, which has none with {node}");
                    findings.safety("", &[node, *peer], text);
                }
            }
        }
    }
}

/// What broadcasts cost and reach: no verdict, only figures. Redundancy is the paper's relative message redundancy,
/// m / (n - 1) - 1 for m payloads sent and n members that delivered, in thousandths.
#[derive(Clone, Debug, Default)]
pub struct Course {
    of: Vec<Broadcast>,
}

/// What became of one broadcast.
#[derive(Clone, Copy, Debug, Default)]
struct Broadcast {
    /// Members that ran when it was made, and were there at genesis.
    members: u64,
    delivered: u64,
    payloads: u64,
    last_hop: u64,
}

impl Course {
    fn at(&mut self, broadcast: u32) -> &mut Broadcast {
        let index = broadcast as usize;
        if index >= self.of.len() {
            self.of.resize(index + 1, Broadcast::default());
        }
        &mut self.of[index]
    }
}

impl Check<Plumtree> for Course {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Broadcast", "Delivered"])
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Gossip"]
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Plumtree>, findings: &mut Findings) {
        match *seen.observation {
            PlumtreeObservation::Broadcast { broadcast } => {
                self.at(broadcast).members =
                    ground.members().filter(|(_, place)| place.runs()).count() as u64;
            }
            PlumtreeObservation::Delivered { broadcast, hops } => {
                findings.exercised();
                let course = self.at(broadcast);
                course.delivered += 1;
                if hops < FAR {
                    course.last_hop = course.last_hop.max(hops.into());
                }
            }
            _ => {}
        }
    }

    fn sent(&mut self, _: &Ground, _: NodeId, _: NodeId, message: &PlumtreeMessage, _: &mut Findings) {
        if let PlumtreeMessage::Gossip { broadcast, .. } = message {
            self.at(*broadcast).payloads += 1;
        }
    }

    fn finish(&mut self, _: &Ground, findings: &mut Findings) {
        for course in self.of.iter().filter(|course| course.members > 1 && course.delivered > 1) {
            let reached = course.delivered.min(course.members);
            let needed = course.delivered - 1;
            findings.record("reliability_permille", 1_000 * reached / course.members);
            findings.record("redundancy_permille", 1_000 * course.payloads.saturating_sub(needed) / needed);
            findings.record("last_delivery_hop", course.last_hop);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    type Script<C> = protocol_testing::script::Script<Plumtree, C>;

    const MADE: PlumtreeObservation = PlumtreeObservation::Broadcast { broadcast: 3 };
    const DELIVERED: PlumtreeObservation = PlumtreeObservation::Delivered { broadcast: 3, hops: 1 };

    fn linked(peer: u32) -> PlumtreeObservation {
        PlumtreeObservation::Linked { peer: NodeId(peer), active: 1 }
    }

    fn unlinked(peer: u32) -> PlumtreeObservation {
        PlumtreeObservation::Unlinked { peer: NodeId(peer), active: 0 }
    }

    #[test]
    fn a_delivery_needs_a_broadcast_and_comes_once() {
        let script = || Script::new(Integrity::default(), 4);
        assert_eq!(script().see(1, DELIVERED).violations(), 1);
        assert_eq!(script().see(0, MADE).see(1, DELIVERED).see(2, DELIVERED).violations(), 0);
        assert_eq!(script().see(0, MADE).see(1, DELIVERED).see(1, DELIVERED).violations(), 1);
        let mut script = script();
        script.see(0, MADE).see(1, DELIVERED).crash(1, 0).boot(1).see(1, DELIVERED);
        assert_eq!(script.violations(), 0, "a restarted member has forgotten");
    }

    #[test]
    fn an_active_view_is_bounded_and_has_nobody_twice() {
        let parameters = Parameters { active_size: 2, ..Parameters::default() };
        let script = || Script::new(ActiveView::new(&parameters), 5);
        assert_eq!(script().see(0, linked(1)).see(0, linked(2)).violations(), 0);
        assert_eq!(script().see(0, linked(1)).see(0, linked(2)).see(0, linked(3)).violations(), 1);
        let mut turns = script();
        turns.see(0, linked(1)).see(0, linked(2)).see(0, unlinked(1)).see(0, linked(3));
        assert_eq!(turns.violations(), 0);
        assert_eq!(script().see(0, linked(1)).see(0, linked(1)).violations(), 1);
        assert_eq!(script().see(0, linked(0)).violations(), 1);
        assert_eq!(script().see(0, unlinked(1)).violations(), 1);
        assert_eq!(script().see(0, linked(1)).see(0, linked(2)).restart(0).see(0, linked(3)).violations(), 0);
    }

    #[test]
    fn a_quiet_link_of_one_end_alone_is_found() {
        let script = |both: bool, late: bool| {
            let mut script = Script::new(Symmetry::new(&Parameters::default()), 4);
            (0..2).for_each(|slot| {
                script.heal(slot);
            });
            script.at(Time::ZERO + Duration::from_secs(1), 0).see(0, linked(1));
            if both {
                script.see(1, linked(0));
            }
            let end = Duration::from_secs(if late { 20 } else { 2 });
            script.at(Time::ZERO + end, 0);
            script.finish().violations()
        };
        assert_eq!(script(true, true), 0);
        assert_eq!(script(false, true), 1);
        assert_eq!(script(false, false), 0, "the other end may not have heard yet");
    }

    #[test]
    fn the_course_of_a_broadcast_is_measured() {
        let mut script = Script::new(Course::default(), 3);
        (0..3).for_each(|slot| {
            script.boot(slot);
        });
        let payload = PlumtreeMessage::Gossip { broadcast: 3, hops: 1, bytes: 9 };
        script.see(0, MADE).see(0, DELIVERED).send(0, 1, payload.clone()).see(1, DELIVERED);
        script.send(1, 0, payload.clone()).send(0, 2, payload).see(2, DELIVERED).finish();
        let mean = |name: &str| script.findings.measured().summary()[name].mean;
        assert!((mean("reliability_permille") - 1_000.0).abs() < 1e-9);
        assert!((mean("redundancy_permille") - 500.0).abs() < 1e-9, "three payloads where two suffice");
    }
}
