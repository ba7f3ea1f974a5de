//! What members promise each other of hints and tombstones. It is judged when a promise is broken, whether or not anything is lost or
//! comes back because of it.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::super::holdings::Holdings;
use super::super::parameters::Parameters;
use super::super::ring::Ring;
use super::super::siblings::Written;
use super::super::vocabulary::{Record, Sent, Store, StoreMessage, Version};

/// A home that tells whoever kept a record for it that it took it over has it on disk, or something newer (Dynamo, section 4.6).
///
/// Whoever confirms a list has its tombstones on disk where it is a home, and no older hint; it sends nothing that is older from
/// then on, and knows what it has confirmed after each restart. A number names one list, and a list is collected once everybody
/// has confirmed it (design records 0120 and 0141).
///
/// Promises about holding and sending are judged for the latest list of each collector, since whoever has confirmed a later one
/// says so of an earlier one, too; and for complete ones, which everybody confirmed while they were the latest.
#[derive(Debug)]
pub struct Promises {
    ring: Ring,
    holdings: Holdings,
    /// By collector and number.
    lists: OrderedMap<(NodeId, u64), List>,
    /// By key: the lists that its tombstones were in.
    listed: OrderedMap<u64, Vec<Listed>>,
    places: BySlot<Place>,
}

/// One list.
#[derive(Debug)]
struct List {
    tombstones: Box<[(u64, Version)]>,
    /// Which places have said that they confirm it.
    confirmed: Vec<Slot>,
    complete: bool,
}

/// A tombstone in a list.
#[derive(Debug)]
struct Listed {
    number: u64,
    version: Version,
    complete: bool,
}

/// What a member has confirmed.
#[derive(Debug, Default)]
struct Place {
    /// Its disk was lost: who runs there now knows numbers of lists that it has not seen.
    renewed: bool,
    /// By collector: the latest list that it said it confirms.
    said: OrderedMap<NodeId, u64>,
    /// The newest tombstone in them.
    fence: Option<Version>,
}

impl Promises {
    /// For members with these parameters on this ring.
    pub fn new(parameters: &Parameters, ring: Ring) -> Self {
        Self {
            ring,
            holdings: Holdings::new(parameters),
            lists: OrderedMap::new(),
            listed: OrderedMap::new(),
            places: BySlot::default(),
        }
    }

    fn latest(&self, collector: NodeId) -> Option<u64> {
        let all = (collector, 0)..=(collector, u64::MAX);
        self.lists.range(all).next_back().map(|((_, number), _)| *number)
    }

    /// Somebody is asked to confirm a list.
    fn asks(&mut self, from: NodeId, name: (NodeId, u64), tombstones: &[Written], findings: &mut Findings) {
        let tombstones: Box<[(u64, Version)]> =
            tombstones.iter().map(|written| (written.record.key, written.record.version)).collect();
        findings.exercised();
        if let Some(known) = self.lists.get(&name) {
            if known.tombstones != tombstones {
                let (collector, number) = name;
                let text = format!("{from} sends list {number} of {collector}, which was another one before");
                findings.safety("two lists", &[from, collector], text);
            }
            return;
        }
        for (key, version) in &tombstones {
            let listed = Listed { number: name.1, version: *version, complete: false };
            self.listed.entry(*key).or_default().push(listed);
        }
        self.lists.insert(name, List { tombstones, confirmed: Vec::new(), complete: false });
    }

    /// A member says to a collector that it has confirmed a list.
    fn confirms(
        &mut self,
        ground: &Ground,
        (slot, node): (Slot, NodeId),
        name: (NodeId, u64),
        findings: &mut Findings,
    ) {
        let (collector, number) = name;
        let is_latest = self.latest(collector) == Some(number);
        let Some(list) = self.lists.get_mut(&name) else { return };
        if list.confirmed.contains(&slot) {
            return;
        }
        list.confirmed.push(slot);
        let place = self.places.at(slot);
        if !is_latest {
            return;
        }
        place.said.insert(collector, number);
        place.fence =
            list.tombstones.iter().map(|(_, version)| Some(*version)).fold(place.fence, Option::max);
        if place.renewed {
            return;
        }
        for (key, version) in &list.tombstones {
            if self.holdings.is_gone(*key, *version) {
                continue;
            }
            findings.exercised();
            let home = self.ring.is_home(NodeId(slot.0), *key);
            if home && !self.holdings.has_on_disk(ground, slot, *key, *version) {
                let text = format!(
                    "{node} confirms list {number} of {collector} without its tombstone of key {key} on disk"
                );
                findings.safety("not held", &[node], text);
            } else if self.holdings.keeps_older(ground, slot, *key, *version) {
                let text = format!(
                    "{node} confirms list {number} of {collector}, and keeps something older of key {key} for another member"
                );
                findings.safety("older hint", &[node], text);
            }
        }
    }

    /// A collector says that a list is complete.
    fn collects(&mut self, (slot, node): (Slot, NodeId), number: u64, findings: &mut Findings) {
        let members = self.ring.members() as u32;
        let Some(list) = self.lists.get_mut(&(NodeId(slot.0), number)).filter(|list| !list.complete) else {
            return;
        };
        findings.exercised();
        list.complete = true;
        let mut others = (0..members).map(Slot).filter(|other| *other != slot);
        if let Some(missing) = others.find(|other| !list.confirmed.contains(other)) {
            let missing = NodeId(missing.0);
            let text = format!("{node} collects list {number}, which {missing} has not confirmed");
            findings.safety("unconfirmed", &[node, missing], text);
        }
        for (key, version) in &list.tombstones {
            let Some(listed) = self.listed.get_mut(key) else { continue };
            let lineage = self.holdings.lineage();
            listed.retain(|other| other.number >= number || !lineage.includes(*key, *version, other.version));
            listed.iter_mut().filter(|it| it.number == number).for_each(|it| it.complete = true);
        }
    }

    /// A member sends a record with the number of the latest list that it, or whoever it has it from, had confirmed; `own` if
    /// that is what it holds now.
    fn carries(
        &self,
        (slot, node): (Slot, NodeId),
        (record, stamp, own): (Record, u64, bool),
        findings: &mut Findings,
    ) {
        let Record { key, version, .. } = record;
        let collector = self.ring.collector(key);
        self.knows(slot, node, (collector, stamp, own), findings);
        let Some(listed) = self.listed.get(&key) else { return };
        findings.exercised();
        let latest = self.latest(collector);
        let renewed = self.places.get(slot).is_some_and(|place| place.renewed);
        let bound = |it: &&Listed| {
            let number = it.number;
            let confirmed =
                || self.lists.get(&(collector, number)).is_some_and(|it| it.confirmed.contains(&slot));
            let still = latest == Some(number) && !renewed && confirmed();
            it.complete && stamp >= number || still && (own || stamp >= number)
        };
        let older = |it: &&Listed| self.holdings.lineage().supersedes(key, it.version, version);
        if let Some(it) = listed.iter().filter(bound).find(older) {
            let number = it.number;
            let text = format!(
                "{node} sends a record of key {key} that is older than a tombstone in list {number} of {collector}, \
                 which is confirmed"
            );
            findings.safety("older record", &[node], text);
        }
    }

    /// A home says that it has taken what was kept for it.
    fn takes_over(
        &self,
        ground: &Ground,
        (slot, node): (Slot, NodeId),
        (key, version): (u64, Version),
        findings: &mut Findings,
    ) {
        findings.exercised();
        let holdings = &self.holdings;
        if !holdings.has_on_disk(ground, slot, key, version) && !holdings.is_gone(key, version) {
            let text =
                format!("{node} says that it has taken over a write of key {key}, which is not on its disk");
            findings.safety("handed over", &[node], text);
        }
    }

    /// What a member says that it has confirmed is no less than what it said before.
    fn knows(
        &self,
        slot: Slot,
        node: NodeId,
        (collector, number, own): (NodeId, u64, bool),
        findings: &mut Findings,
    ) {
        let said = self.places.get(slot).and_then(|place| place.said.get(&collector));
        let Some(said) = said.filter(|_| own) else { return };
        findings.exercised();
        if number < *said {
            let text =
                format!("{node} knows of list {number} of {collector} only, and has confirmed list {said}");
            findings.safety("forgotten", &[node], text);
        }
    }

    /// A member tells a newcomer up to where it takes no writes.
    fn refuses(&self, slot: Slot, node: NodeId, fence: Version, findings: &mut Findings) {
        if self.places.get(slot).is_some_and(|place| place.fence.is_some_and(|known| known > fence)) {
            let text = format!("{node} takes writes that are older than a tombstone which it has confirmed");
            findings.safety("fence", &[node], text);
        }
    }
}

impl Check<Store> for Promises {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&Holdings::HEARS)
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Store>, _: &mut Findings) {
        self.holdings.follow(seen);
    }

    fn reads(&self) -> &'static [&'static str] {
        &[
            "Write",
            "ReadReply",
            "Repair",
            "HandOff",
            "HandedOff",
            "Exchange",
            "Confirm",
            "Confirmed",
            "Welcome",
            "Collect",
        ]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &StoreMessage,
        findings: &mut Findings,
    ) {
        let Some(slot) = ground.slot_of(from).filter(|_| ground.honest(from)) else { return };
        let sender = (slot, from);
        let of = |sent: &Sent| (sent.written.record, sent.confirmed);
        match message {
            StoreMessage::HandedOff { key, version } => {
                self.takes_over(ground, sender, (*key, *version), findings);
            }
            StoreMessage::Confirm { collector, collection, tombstones } => {
                self.asks(from, (*collector, *collection), tombstones, findings);
            }
            StoreMessage::Confirmed { collection, .. } => {
                let Some(collector) = ground.slot_of(to) else { return };
                self.confirms(ground, sender, (NodeId(collector.0), *collection), findings);
            }
            StoreMessage::Collect { collection, .. } => self.collects(sender, *collection, findings),
            StoreMessage::Welcome { confirmed, fence, .. } => {
                for (collector, number) in (0..).map(NodeId).zip(confirmed) {
                    self.knows(slot, from, (collector, *number, true), findings);
                }
                self.refuses(slot, from, *fence, findings);
            }
            StoreMessage::Write { sent, .. } | StoreMessage::Repair { sent } => {
                let (record, stamp) = of(sent);
                self.carries(sender, (record, stamp, false), findings);
            }
            StoreMessage::HandOff { sent } => {
                let (record, stamp) = of(sent);
                self.carries(sender, (record, stamp, true), findings);
            }
            StoreMessage::Exchange { sent, .. } => {
                for (record, stamp) in sent.iter().map(of) {
                    self.carries(sender, (record, stamp, true), findings);
                }
            }
            StoreMessage::ReadReply { found, confirmed, .. } => {
                for written in found.iter() {
                    self.carries(sender, (written.record, *confirmed, true), findings);
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        self.holdings.lifecycle(ground, slot, what);
        if what == Lifecycle::Wiped {
            *self.places.at(slot) = Place { renewed: true, ..Place::default() };
        }
    }
}

#[cfg(test)]
mod tests;
