//! Who answers a read.

use std::collections::VecDeque;

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::process::RequestId;

use super::super::lineage::Lineage;
use super::super::parameters::Parameters;
use super::super::ring::Ring;
use super::super::siblings::Siblings;
use super::super::vocabulary::{
    Record, Store, StoreMessage, StoreObservation, StoreRequest, StoreResponse, Version,
};
use super::actors::Actors;

/// The most reads of a coordinator that are remembered; what is said of older ones is not judged.
const MOST_READS: usize = 64;

/// The most tombstones of a key that are remembered.
const MOST_TOMBSTONES: usize = 8;

/// Whoever coordinates a read has the answers of R homes when it answers its client: of R different ones, not R answers (Dynamo,
/// section 4.5).
///
/// What its client returns is the answer to what it was asked for, and not to something else that it asked for before: a read returns what
/// somebody wrote to that key, and a write has been acknowledged when it is done.
///
/// If one of these homes had dropped tombstones of a collection that is complete, the coordinator finds nothing that is older than
/// them: who answered before it had confirmed that collection is asked again (design record 0120).
#[derive(Debug)]
pub struct Answers {
    ring: Ring,
    quorum: usize,
    /// Whether tombstones are dropped once everybody has confirmed them, and not by their age.
    collects: bool,
    lineage: Lineage,
    /// By key: the tombstones of complete collections, each with the number of its collection; the latest few.
    collected: OrderedMap<u64, VecDeque<(u64, Version)>>,
    actors: Actors,
    places: BySlot<Place>,
    /// What clients have written, and what of it was acknowledged, by key.
    stamped: OrderedMap<(u64, Version), bool>,
    /// Which key is asked for under a request.
    asked: OrderedMap<RequestId, u64>,
}

/// What a coordinator does.
#[derive(Debug, Default)]
struct Place {
    /// The latest request: whose, which operation of it, and which key.
    asked: Option<(NodeId, u64, u64)>,
    /// The latest operation of its own; they ascend.
    latest: u64,
    reads: VecDeque<Read>,
}

/// A read under way.
#[derive(Debug)]
struct Read {
    client: NodeId,
    of_client: u64,
    operation: u64,
    key: u64,
    /// Which homes have answered: a bit set in the order of preference.
    answered: u64,
    /// The latest collection that one of them said it had dropped something in.
    dropped: u64,
}

impl Answers {
    /// For members with these parameters on this ring.
    pub fn new(parameters: &Parameters, ring: Ring) -> Self {
        Self {
            quorum: (parameters.read_quorum as usize).min(ring.replicas()),
            collects: parameters.tombstone_grace.is_zero(),
            lineage: Lineage::new(parameters.conflicts),
            collected: OrderedMap::new(),
            actors: Actors::default(),
            places: BySlot::default(),
            stamped: OrderedMap::new(),
            asked: OrderedMap::new(),
            ring,
        }
    }

    /// A coordinator asks a home: for the first time if it has not named this operation before.
    fn asks(&mut self, slot: Slot, operation: u64, key: u64) {
        let place = self.places.at(slot);
        if operation <= place.latest {
            return;
        }
        place.latest = operation;
        let Some((client, of_client, _)) = place.asked.take_if(|(.., of)| *of == key) else { return };
        if place.reads.len() == MOST_READS {
            place.reads.pop_front();
        }
        let own = self.ring.homes(key).iter().position(|home| home.0 == slot.0);
        let answered = own.map_or(0, |own| 1 << own);
        place.reads.push_back(Read { client, of_client, operation, key, answered, dropped: 0 });
    }

    /// A home has answered a coordinator. What somebody who was replaced says of collections may not be listened to.
    fn answered(&mut self, slot: Slot, (home, current): (Slot, bool), operation: u64, dropped: u64) {
        let reads = &mut self.places.at(slot).reads;
        let Some(read) = reads.iter_mut().rev().find(|read| read.operation == operation) else { return };
        if let Some(place) = self.ring.homes(read.key).iter().position(|known| known.0 == home.0) {
            read.answered |= 1 << place;
            read.dropped = read.dropped.max(if current { dropped } else { 0 });
        }
    }

    /// A coordinator answers its client.
    fn finds(
        &mut self,
        (slot, node): (Slot, NodeId),
        (client, of_client): (NodeId, u64),
        found: &Siblings,
        findings: &mut Findings,
    ) {
        let reads = &mut self.places.at(slot).reads;
        let same = |read: &Read| (read.client, read.of_client) == (client, of_client);
        let Some(read) = reads.iter().rposition(same).and_then(|index| reads.remove(index)) else { return };
        findings.exercised();
        let (answers, quorum, key) = (read.answered.count_ones() as usize, self.quorum, read.key);
        if answers < quorum {
            let text =
                format!("{node} answers a read of key {key} that {answers} homes have answered, of {quorum}");
            findings.safety("too few", &[node], text);
        }
        let dropped = read.dropped;
        let collected = self.collected.get(&key).into_iter().flatten();
        let mut known = collected.filter(|(number, _)| self.collects && *number <= dropped);
        let older = |tombstone: Version| {
            found.iter().any(|written| self.lineage.supersedes(key, tombstone, written.record.version))
        };
        if let Some((number, _)) = known.find(|(_, tombstone)| older(*tombstone)) {
            let text = format!(
                "{node} finds a record of key {key} that is older than a tombstone of collection {number}, in which a home that \
                 answered had dropped something"
            );
            findings.safety("older", &[node], text);
        }
    }
}

impl Check<Store> for Answers {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Stamped", "Saw", "Acknowledged"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Store>, _: &mut Findings) {
        match *seen.observation {
            StoreObservation::Acknowledged { record } => {
                self.stamped.insert((record.key, record.version), true);
                return;
            }
            StoreObservation::Stamped { record } => {
                self.stamped.insert((record.key, record.version), false);
            }
            _ => {}
        }
        self.lineage.follow(seen);
    }

    fn watches_clients(&self) -> bool {
        true
    }

    fn invoked(&mut self, _: &Ground, _: NodeId, id: RequestId, request: &StoreRequest, _: &mut Findings) {
        let (StoreRequest::Get { key } | StoreRequest::Put { key, .. } | StoreRequest::Delete { key }) =
            *request;
        self.asked.insert(id, key);
    }

    fn returned(
        &mut self,
        _: &Ground,
        client: NodeId,
        id: RequestId,
        response: &StoreResponse,
        findings: &mut Findings,
    ) {
        let Some(key) = self.asked.remove(&id) else { return };
        match response {
            StoreResponse::Done { version } => {
                findings.exercised();
                if self.stamped.get(&(key, *version)) != Some(&true) {
                    let text =
                        format!("{client} is done with a write to key {key} that nobody has acknowledged");
                    findings.safety("not acknowledged", &[client], text);
                }
            }
            StoreResponse::Read { record, others } => {
                findings.exercised();
                let written =
                    |found: &Record| found.key == key && self.stamped.contains_key(&(key, found.version));
                if !record.iter().chain(others).all(written) {
                    let text =
                        format!("{client} reads something under key {key} that nobody has written there");
                    findings.safety("never written", &[client], text);
                }
            }
            StoreResponse::Unknown => {}
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["Get", "ReadReply"]
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        from: NodeId,
        message: &StoreMessage,
        _: &mut Findings,
    ) {
        match *message {
            StoreMessage::Get { operation, key } => {
                self.places.at(slot).asked = Some((from, operation, key));
            }
            StoreMessage::ReadReply { operation, dropped, .. } => {
                let Some(home) = self.actors.slot_of(ground, from) else { return };
                let current = ground.place(home).node == from;
                self.answered(slot, (home, current), operation, dropped);
            }
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Read", "Got", "Collect"]
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
        match message {
            StoreMessage::Read { operation, key } => self.asks(slot, *operation, *key),
            StoreMessage::Got { operation, found, .. } => {
                self.finds((slot, from), (to, *operation), found, findings);
            }
            StoreMessage::Collect { collection, tombstones } => {
                for Record { key, version, .. } in tombstones.iter().map(|written| written.record) {
                    let known = self.collected.entry(key).or_default();
                    if !known.contains(&(*collection, version)) {
                        if known.len() == MOST_TOMBSTONES {
                            known.pop_front();
                        }
                        known.push_back((*collection, version));
                    }
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        self.actors.lifecycle(ground, slot);
        if what == Lifecycle::Crashed {
            *self.places.at(slot) = Place::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::script;
    use sim_core::time::Time;

    use super::super::super::siblings::Written;
    use super::*;

    type Script = script::Script<Store, Answers>;

    const KEY: u64 = 5;
    const CLIENT: u32 = 4;

    fn ring() -> Ring {
        Ring::new(1, 4, 4, 3)
    }

    fn homes() -> [u32; 3] {
        let homes: Vec<u32> = ring().homes(KEY).iter().map(|home| home.0).collect();
        [homes[0], homes[1], homes[2]]
    }

    /// The member that is no home.
    fn stranger() -> u32 {
        (0..4).find(|member| !homes().contains(member)).unwrap()
    }

    fn written(time: u64, value: Option<u64>) -> Written {
        let version = Version { time, actor: NodeId(CLIENT), session: 0 };
        Written::last(Record { key: KEY, version, value })
    }

    fn found(held: Option<Written>) -> Siblings {
        let mut found = Siblings::default();
        held.into_iter().for_each(|written| found.add(written));
        found
    }

    fn got(held: Option<Written>) -> StoreMessage {
        StoreMessage::Got { operation: 1, found: found(held), clock: 0 }
    }

    fn reply(dropped: u64) -> StoreMessage {
        StoreMessage::ReadReply { operation: 9, found: Siblings::default(), confirmed: dropped, dropped }
    }

    /// A client asks a member, which asks these homes.
    fn asked(coordinator: u32) -> Script {
        let mut script = Script::new(Answers::new(&Parameters::default(), ring()), 4);
        let get = StoreMessage::Get { operation: 1, key: KEY };
        script.receive(Time::ZERO, CLIENT, coordinator, get);
        for home in homes().into_iter().filter(|home| *home != coordinator) {
            script.send(coordinator, home, StoreMessage::Read { operation: 9, key: KEY });
        }
        script
    }

    #[test]
    fn answers_of_one_home_are_one() {
        let (me, [one, other, _]) = (stranger(), homes());
        let mut script = asked(me);
        script.receive(Time::ZERO, one, me, reply(0)).receive(Time::ZERO, other, me, reply(0));
        script.send(me, CLIENT, got(None)).clean();
        assert_eq!(script.exercised(), 1);
        let mut twice = asked(me);
        twice.receive(Time::ZERO, one, me, reply(0)).receive(Time::ZERO, one, me, reply(0));
        let text = format!("{} answers a read of key 5 that 1 homes have answered, of 2", NodeId(me));
        twice.send(me, CLIENT, got(None)).found("too few", &text);
        let mut own = asked(one);
        own.receive(Time::ZERO, other, one, reply(0)).send(one, CLIENT, got(None)).clean();
        assert_eq!(own.exercised(), 1, "its own answer counts");
        let mut lost = asked(me);
        lost.receive(Time::ZERO, one, me, reply(0)).crash(other, 0).wipe(other).boot(other);
        lost.receive(Time::ZERO, other, me, reply(0)).send(me, CLIENT, got(None)).clean();
    }

    #[test]
    fn what_is_older_than_a_dropped_tombstone_is_not_found() {
        let (me, [one, other, _]) = (stranger(), homes());
        let run = |dropped: u64, held: Option<Written>| {
            let mut script = asked(me);
            script.receive(Time::ZERO, one, me, reply(0));
            let tombstones = Box::from([written(6, None)]);
            script.send(homes()[0], other, StoreMessage::Collect { collection: 2, tombstones });
            script.receive(Time::ZERO, other, me, reply(dropped)).send(me, CLIENT, got(held));
            script
        };
        run(2, None).clean();
        run(2, Some(written(8, Some(1)))).clean();
        run(1, Some(written(4, Some(1)))).clean();
        assert_eq!(run(2, Some(written(4, Some(1)))).violations(), 1);
    }

    #[test]
    fn a_client_returns_what_it_was_asked_for() {
        let version = |time| Version { time, actor: NodeId(9), session: 0 };
        let record = |key, time| Record { key, version: version(time), value: Some(time) };
        let read = |record| StoreResponse::Read { record: Some(record), others: [].into() };
        let returns = |request, response| {
            let mut script = Script::new(Answers::new(&Parameters::default(), ring()), 4);
            script.see(3, StoreObservation::Stamped { record: record(5, 4) });
            script.see(0, StoreObservation::Acknowledged { record: record(5, 4) });
            script.see(3, StoreObservation::Stamped { record: record(5, 6) });
            let Script { check, ground, findings, .. } = &mut script;
            check.invoked(ground, NodeId(4), RequestId(1), &request, findings);
            check.returned(ground, NodeId(4), RequestId(1), &response, findings);
            script.violations()
        };
        let (get, put) = (StoreRequest::Get { key: 5 }, StoreRequest::Put { key: 5, value: 1 });
        assert_eq!(returns(get, read(record(5, 6))), 0, "it is written, though not acknowledged");
        assert_eq!(returns(get, read(record(6, 6))), 1, "it is of another key");
        assert_eq!(returns(get, read(record(5, 7))), 1, "nobody has written that");
        assert_eq!(returns(put, StoreResponse::Done { version: version(4) }), 0);
        assert_eq!(
            returns(put, StoreResponse::Done { version: version(6) }),
            1,
            "nobody has acknowledged it"
        );
        assert_eq!(returns(put, StoreResponse::Unknown), 0);
    }
}
