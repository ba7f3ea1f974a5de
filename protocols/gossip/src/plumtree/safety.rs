//! What must never happen in Plumtree, and what the overlay promises.

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

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

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Plumtree>, findings: &mut Findings) {
        match *seen.observation {
            PlumtreeObservation::Broadcast { broadcast } => {
                self.sent[(broadcast / 64) as usize] |= 1 << (broadcast % 64);
            }
            PlumtreeObservation::Delivered { broadcast, .. } if seen.honest => {
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
pub(super) struct Links(Vec<(Vec<NodeId>, Time)>);

impl Links {
    pub(super) fn of(&mut self, slot: Slot) -> &mut (Vec<NodeId>, Time) {
        if slot.index() >= self.0.len() {
            self.0.resize_with(slot.index() + 1, Default::default);
        }
        &mut self.0[slot.index()]
    }

    fn get(&self, slot: Slot) -> Option<&(Vec<NodeId>, Time)> {
        self.0.get(slot.index())
    }

    /// Follows what a member says about its links.
    pub(super) fn follow(&mut self, ground: &Ground, seen: &Seen<'_, Plumtree>) {
        let (links, changed) = self.of(seen.slot);
        *changed = ground.now;
        match *seen.observation {
            PlumtreeObservation::Linked { peer, .. } if !links.contains(&peer) => links.push(peer),
            PlumtreeObservation::Unlinked { peer, .. } => links.retain(|known| *known != peer),
            _ => {}
        }
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

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Plumtree>, findings: &mut Findings) {
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
        if !seen.honest {
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

/// Active views are symmetric once they are quiet: judged at the end, between members whose links did not change for a while.
/// Where something goes wrong, only the healed core is judged, and only by the time since the heal.
#[derive(Clone, Debug)]
pub struct Symmetry {
    quiet: Duration,
    /// Whether nothing goes wrong in this run, so that no message is late.
    calm: bool,
    /// Whether a member hears within that time that a session ended, as far as the network has it. Else nobody is judged.
    in_time: bool,
    links: Links,
    core: Vec<Slot>,
    /// By sender and recipient: how many messages about their link were sent and have not been handed over. What a session
    /// lost stays in here, so that its two members are not judged until one of them starts again.
    under_way: OrderedMap<(NodeId, NodeId), u32>,
}

/// The messages that make and end links.
const ABOUT_LINKS: &[&str] = &["Join", "Neighbor", "Accept", "Disconnect"];

impl Symmetry {
    /// For members with these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        let quiet = parameters.neighbor_timeout.saturating_mul(4).max(Duration::from_secs(3));
        let network = &setup.network;
        let prompt = network.regions.is_none() && network.topology.is_none() && network.loss.is_zero();
        let longest = network.bounds().1;
        let in_time = longest.is_some_and(|longest| longest.saturating_mul(8) < quiet);
        let calm = setup.faults.entries.is_empty() && prompt && in_time;
        Self { quiet, calm, in_time, links: Links::default(), core: Vec::new(), under_way: OrderedMap::new() }
    }

    /// Whether neither of two members still has to hear of the other what it makes of their link.
    fn is_settled(&self, one: NodeId, other: NodeId) -> bool {
        let none = |from, to| self.under_way.get(&(from, to)).is_none_or(|count| *count == 0);
        none(one, other) && none(other, one)
    }

    fn is_quiet(&self, ground: &Ground, slot: Slot) -> bool {
        let place = ground.place(slot);
        let changed = self.links.get(slot).map_or(Time::ZERO, |links| links.1);
        let judged = self.in_time && (self.calm || self.core.contains(&slot));
        judged && place.runs() && place.honest && ground.now.since(changed) >= self.quiet
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
        self.links.follow(ground, seen);
    }

    fn reads(&self) -> &'static [&'static str] {
        ABOUT_LINKS
    }

    fn sent(&mut self, _: &Ground, from: NodeId, to: NodeId, _: &PlumtreeMessage, _: &mut Findings) {
        *self.under_way.entry((from, to)).or_default() += 1;
    }

    fn takes(&self) -> &'static [&'static str] {
        ABOUT_LINKS
    }

    fn received(&mut self, ground: &Ground, slot: Slot, from: NodeId, _: &PlumtreeMessage, _: &mut Findings) {
        let to = ground.place(slot).node;
        if let Some(count) = self.under_way.get_mut(&(from, to)) {
            *count = count.saturating_sub(1);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        match what {
            Lifecycle::Booted => {
                *self.links.of(slot) = (Vec::new(), ground.now);
                // Its sessions ended, and what was said in them does not arrive any more.
                let node = ground.place(slot).node;
                self.under_way.retain(|(from, to), _| *from != node && *to != node);
            }
            // Whatever was wrong with the network may end links now.
            Lifecycle::Healed => {
                self.core.push(slot);
                if !self.calm {
                    self.links.of(slot).1 = ground.now;
                }
            }
            _ => {}
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        for (index, (links, _)) in self.links.0.iter().enumerate() {
            let slot = Slot(index as u32);
            if !self.is_quiet(ground, slot) {
                continue;
            }
            let node = ground.place(slot).node;
            for peer in links {
                let Some(other) = ground.slot_of(*peer).filter(|other| self.is_quiet(ground, *other)) else {
                    continue;
                };
                if !self.is_settled(node, *peer) {
                    continue;
                }
                findings.exercised();
                if self.links.get(other).is_none_or(|(theirs, _)| !theirs.contains(&node)) {
                    let text = format!("{node} has a link with {peer}, which has none with {node}");
                    findings.safety("", &[node, *peer], text);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::ratio::Ratio;

    use super::*;

    type Script<C> = protocol_testing::script::Script<Plumtree, C>;

    const MADE: PlumtreeObservation = PlumtreeObservation::Broadcast { broadcast: 3 };
    const DELIVERED: PlumtreeObservation = PlumtreeObservation::Delivered { broadcast: 3, hops: 1 };

    fn linked(peer: u32) -> PlumtreeObservation {
        PlumtreeObservation::Linked { peer: NodeId(peer), active: 1 }
    }

    fn unlinked(peer: u32) -> PlumtreeObservation {
        PlumtreeObservation::Unlinked { peer: NodeId(peer), active: 0, dropped: false }
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

    fn symmetry(setup: &Setup, heal: u64, both: bool, end: u64) -> usize {
        let mut script = Script::new(Symmetry::new(&Parameters::default(), setup), 4);
        let seconds = |seconds| Time::ZERO + Duration::from_secs(seconds);
        script.at(seconds(1), 0).see(0, linked(1));
        if both {
            script.see(1, linked(0));
        }
        script.at(seconds(heal), 0);
        (0..2).for_each(|slot| {
            script.heal(slot);
        });
        script.at(seconds(end), 0);
        script.finish().violations()
    }

    #[test]
    fn a_quiet_link_of_one_end_alone_is_found() {
        let mut faulty = Setup::new(1, 4);
        faulty.network.loss = Ratio::new(1, 10);
        assert_eq!(symmetry(&faulty, 2, true, 20), 0);
        assert_eq!(symmetry(&faulty, 2, false, 20), 1);
        assert_eq!(symmetry(&faulty, 19, false, 20), 0, "what was wrong may be late still");
        let calm = Setup::new(1, 4);
        assert_eq!(symmetry(&calm, 19, false, 20), 1);
        assert_eq!(symmetry(&calm, 19, true, 20), 0);
        assert_eq!(symmetry(&calm, 2, false, 2), 0, "the other end may not have heard yet");
    }

    /// Whatever keeps a message so long, nobody is wrong before it was handed over.
    #[test]
    fn a_link_is_not_judged_while_something_about_it_is_under_way() {
        let judged = |arrives: bool, restarts: bool| {
            let mut script = Script::new(Symmetry::new(&Parameters::default(), &Setup::new(1, 4)), 4);
            let seconds = |seconds| Time::ZERO + Duration::from_secs(seconds);
            if restarts {
                script.send(1, 0, PlumtreeMessage::Join).restart(1);
            }
            script.at(seconds(1), 0).see(0, linked(1)).send(0, 1, PlumtreeMessage::Accept);
            if arrives {
                script.receive(seconds(2), 0, 1, PlumtreeMessage::Accept);
            }
            script.at(seconds(30), 0);
            script.finish().violations()
        };
        assert_eq!((judged(false, false), judged(true, false), judged(true, true)), (0, 1, 1));
    }
}
