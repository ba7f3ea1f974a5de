//! A coordinator has a write stored by enough members, and a read answered by enough homes (Dynamo, sections 4.5 and 4.6).

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Time;

use super::member::{Compared, Member, Merged, UNANSWERED};
use super::siblings::{Siblings, Written};
use super::vocabulary::{Sent, Store, StoreMessage, StoreObservation, StoreTimer};

/// How often a coordinator asks again before it gives up.
const MOST_TRIES: u32 = 4;

/// The most homes of a key.
const MOST_HOMES: usize = 7;

/// A write that not all homes have.
#[derive(Clone, Debug)]
pub(super) struct PendingWrite {
    operation: u64,
    client: NodeId,
    /// Which operation of the client.
    of_client: u64,
    sent: Sent,
    /// Which homes have it: a bit set in the order of preference.
    has: u64,
    /// For which homes somebody else keeps it.
    kept: u64,
    /// How many answers came.
    answers: u32,
    /// How many others were asked to keep it.
    asked: usize,
    tries: u32,
    until: Time,
    acknowledged: bool,
}

/// A read that not all homes have answered.
#[derive(Clone, Debug)]
pub(super) struct PendingRead {
    operation: u64,
    client: NodeId,
    /// Which operation of the client.
    of_client: u64,
    key: u64,
    /// By home: what it answered, if it did.
    answers: [Option<Answer>; MOST_HOMES],
    tries: u32,
    until: Time,
    answered: bool,
}

/// What a home said about a key.
#[derive(Clone, Debug)]
pub(super) struct Answer {
    /// What it has.
    pub(super) found: Siblings,
    /// The latest collection of the key's collector that it has confirmed.
    pub(super) confirmed: u64,
    /// The latest collection in which it dropped something of the key's collector.
    pub(super) dropped: u64,
}

impl PendingRead {
    fn answers(&self) -> usize {
        self.answers.iter().flatten().count()
    }

    /// Which homes have answered: a bit set in the order of preference.
    fn answered_by(&self) -> u64 {
        let places = self.answers.iter().enumerate().filter(|(_, answer)| answer.is_some());
        places.fold(0, |set, (place, _)| set | 1 << place)
    }

    /// What the answers hold together.
    fn found(&self) -> Siblings {
        let mut found = Siblings::default();
        let all = self.answers.iter().flatten().flat_map(|answer| answer.found.iter());
        all.for_each(|written| found.add(written.clone()));
        found
    }

    /// A record as the latest of the homes that answered with it would send it.
    fn sent(&self, written: &Written) -> Sent {
        let version = written.record.version;
        let having = self.answers.iter().flatten().filter(|answer| answer.found.get(version).is_some());
        let confirmed = having.map(|answer| answer.confirmed).max().unwrap_or(0);
        Sent { written: written.clone(), confirmed }
    }

    /// Takes back answers from before a collection in which another home may have dropped the key: they may be older than
    /// the tombstone. A last writer that another home holds is newer than that; siblings may be older. Whose answers these were:
    /// a bit set in the order of preference. The coordinator's own answer is always of now.
    fn take_back(&mut self, own: Option<usize>) -> u64 {
        let replaced = |answer: &Answer| answer.found.newest().is_some_and(|newest| newest.past.is_none());
        let others = self.answers.iter().flatten().filter(|answer| !replaced(answer));
        let dropped = others.map(|answer| answer.dropped).max().unwrap_or(0);
        let mut taken = 0;
        for (place, answer) in self.answers.iter_mut().enumerate() {
            let before = |answer: &Answer| !answer.found.is_empty() && answer.confirmed < dropped;
            if own != Some(place) && answer.as_ref().is_some_and(before) {
                *answer = None;
                taken |= 1 << place;
            }
        }
        taken
    }
}

impl Member {
    fn operation(&mut self) -> u64 {
        self.next_operation += 1;
        self.next_operation
    }

    /// A client writes.
    pub(super) fn put(
        &mut self,
        client: NodeId,
        of_client: u64,
        written: &Written,
        cx: &mut Context<'_, Store>,
    ) {
        let record = written.record;
        let offset = self.shared.parameters.max_offset;
        let late = record.version <= self.fence;
        let ahead = !offset.is_zero() && record.version.time > cx.now().saturating_add(offset).as_nanos();
        if late || ahead {
            let refused = StoreMessage::Refused { operation: of_client, clock: self.clock, late };
            return cx.send(client, refused);
        }
        // A client that asks again is answered by the write that is under way.
        let same = |write: &PendingWrite| write.client == client && write.of_client == of_client;
        if self.writes.iter().any(same) {
            return;
        }
        self.clock = self.clock.max(record.version.time);
        let (operation, sent) = (self.operation(), self.sent(written.clone()));
        let until = cx.monotonic() + self.shared.parameters.answer_timeout;
        let (has, kept, asked, answers, tries, acknowledged) = (0, 0, 0, 0, 0, false);
        self.writes.push(PendingWrite {
            operation,
            client,
            of_client,
            sent: sent.clone(),
            has,
            kept,
            answers,
            asked,
            tries,
            until,
            acknowledged,
        });
        self.await_answers(cx);
        self.ask_to_write(operation, &sent, 0, cx);
    }

    /// Asks the homes that do not have it.
    fn ask_to_write(&mut self, operation: u64, sent: &Sent, has: u64, cx: &mut Context<'_, Store>) {
        let write = StoreMessage::Write { operation, sent: sent.clone(), hint: None };
        let me = self.me;
        let homes = || {
            let homes = self.shared.ring.homes(sent.written.record.key).iter().enumerate();
            homes.filter(move |(place, _)| has >> place & 1 == 0).map(|(_, home)| *home)
        };
        let own = homes().any(|home| home == me);
        self.tell_all(homes().filter(|home| *home != me), write, cx);
        if own {
            self.write(me, operation, sent, None, cx);
        }
    }

    /// A coordinator has a record stored here.
    pub(super) fn write(
        &mut self,
        from: NodeId,
        operation: u64,
        sent: &Sent,
        hint: Option<NodeId>,
        cx: &mut Context<'_, Store>,
    ) {
        let merged = match hint {
            Some(target) => self.keep(target, sent, cx),
            None => self.merge(sent, cx),
        };
        if merged == Merged::Outdated {
            return self.pass_on(from, sent.written.record.key);
        }
        let wrote = StoreMessage::Wrote { operation, hint };
        if self.shared.plants.eager_acknowledgment {
            self.tell(from, wrote, cx);
        } else {
            self.journal.say(from, wrote);
        }
    }

    /// Keeps a record for a home that did not answer (hinted hand-off).
    fn keep(&mut self, target: NodeId, sent: &Sent, cx: &mut Context<'_, Store>) -> Merged {
        let record = sent.written.record;
        self.clock = self.clock.max(record.version.time);
        match self.compare_with(self.hints.get(&(target, record.key)), sent) {
            Compared::Outdated => return Merged::Outdated,
            Compared::Held => {}
            Compared::New => self.hint(target, sent.written.clone(), cx),
        }
        Merged::Held
    }

    /// A home has a write on disk, or somebody else has it for that home. Both together are one copy: a hint is dropped once the home
    /// has it.
    pub(super) fn wrote(
        &mut self,
        home: NodeId,
        hint: Option<NodeId>,
        operation: u64,
        cx: &mut Context<'_, Store>,
    ) {
        let Some(index) = self.writes.iter().position(|write| write.operation == operation) else { return };
        let key = self.writes[index].sent.written.record.key;
        let place = self.shared.ring.homes(key).iter().position(|node| *node == home);
        let Some(place) = place else { return };
        let replicas = self.shared.ring.replicas();
        let parameters = &self.shared.parameters;
        let write = &mut self.writes[index];
        *(if hint.is_some() { &mut write.kept } else { &mut write.has }) |= 1 << place;
        write.answers += 1;
        let counted = if parameters.sloppy { write.has | write.kept } else { write.has };
        let copies = if self.shared.plants.counted_twice { write.answers } else { counted.count_ones() };
        // There may be fewer members than copies are asked for.
        let enough = copies >= parameters.write_quorum.min(replicas as u32);
        let all = write.has == (1 << replicas) - 1;
        let (client, of_client, record) = (write.client, write.of_client, write.sent.written.record);
        if enough && !write.acknowledged {
            write.acknowledged = true;
            cx.observe(StoreObservation::Acknowledged { record });
            cx.send(client, StoreMessage::Done { operation: of_client, clock: self.clock });
        }
        if all && enough {
            self.writes.swap_remove(index);
        }
    }

    /// A client reads.
    pub(super) fn get(&mut self, client: NodeId, of_client: u64, key: u64, cx: &mut Context<'_, Store>) {
        let same = |read: &PendingRead| read.client == client && read.of_client == of_client;
        if self.reads.iter().any(same) {
            return;
        }
        let operation = self.operation();
        let until = cx.monotonic() + self.shared.parameters.answer_timeout;
        let answers = [const { None }; MOST_HOMES];
        let (tries, answered) = (0, false);
        self.reads.push(PendingRead { operation, client, of_client, key, answers, tries, until, answered });
        self.await_answers(cx);
        self.ask_to_read(operation, key, 0, cx);
    }

    /// Asks the homes that have not answered.
    fn ask_to_read(&mut self, operation: u64, key: u64, answered_by: u64, cx: &mut Context<'_, Store>) {
        let me = self.me;
        let homes = || {
            let homes = self.shared.ring.homes(key).iter().enumerate();
            homes.filter(move |(place, _)| answered_by >> place & 1 == 0).map(|(_, home)| *home)
        };
        let own = homes().any(|home| home == me);
        self.tell_all(homes().filter(|home| *home != me), StoreMessage::Read { operation, key }, cx);
        if own {
            self.read(me, operation, key, cx);
        }
    }

    /// A coordinator asks what this home has.
    pub(super) fn read(&mut self, from: NodeId, operation: u64, key: u64, cx: &mut Context<'_, Store>) {
        let Answer { found, confirmed, dropped } = self.answer(key);
        self.tell(from, StoreMessage::ReadReply { operation, found, confirmed, dropped }, cx);
    }

    fn answer(&self, key: u64) -> Answer {
        let found = self.replica.get(key).cloned().unwrap_or_default();
        let dropped = self.dropped[self.shared.ring.collector(key).index()];
        Answer { found, confirmed: self.confirmed_of(key), dropped }
    }

    /// A home says what it has.
    pub(super) fn read_reply(
        &mut self,
        from: NodeId,
        operation: u64,
        answer: Answer,
        cx: &mut Context<'_, Store>,
    ) {
        let Some(index) = self.reads.iter().position(|read| read.operation == operation) else { return };
        let (key, ring) = (self.reads[index].key, &self.shared.ring);
        let replicas = ring.replicas();
        let place_of = |node: NodeId| ring.homes(key).iter().position(|home| *home == node);
        let Some(place) = place_of(from) else { return };
        let (own, now) = (place_of(self.me), self.answer(key));
        if let Some(newest) = answer.found.newest() {
            self.clock = self.clock.max(newest.record.version.time);
        }
        let read = &mut self.reads[index];
        read.answers[place] = Some(answer);
        if let Some(own) = own
            && let Some(answer) = &mut read.answers[own]
        {
            *answer = now;
        }
        let again = read.take_back(own);
        let enough = (self.shared.parameters.read_quorum as usize).min(replicas);
        let (answers, client, of_client) = (read.answers(), read.client, read.of_client);
        if answers >= enough && !read.answered {
            read.answered = true;
            let found = read.found();
            cx.send(client, StoreMessage::Got { operation: of_client, found, clock: self.clock });
        }
        if answers >= replicas {
            let read = self.reads.swap_remove(index);
            self.repair_homes(&read, cx);
        }
        for place in (0..replicas).filter(|place| again >> place & 1 == 1) {
            let home = self.shared.ring.homes(key)[place];
            cx.send(self.roster.actor(home), StoreMessage::Read { operation, key });
        }
    }

    /// Tells homes what their answers lacked (read repair).
    fn repair_homes(&mut self, read: &PendingRead, cx: &mut Context<'_, Store>) {
        if !self.shared.parameters.read_repair {
            return;
        }
        let found = read.found();
        for place in 0..self.shared.ring.replicas() {
            let Some(answer) = &read.answers[place] else { continue };
            let home = self.shared.ring.homes(read.key)[place];
            for written in found.iter().filter(|written| !answer.found.includes(written.record.version)) {
                cx.observe(StoreObservation::Repaired { home, key: read.key });
                self.tell(home, StoreMessage::Repair { sent: read.sent(written) }, cx);
            }
        }
    }

    fn await_answers(&self, cx: &mut Context<'_, Store>) {
        let writes = self.writes.iter().map(|write| write.until);
        let next = writes.chain(self.reads.iter().map(|read| read.until)).min();
        if let Some(next) = next {
            cx.set_timer(UNANSWERED, next.since(cx.monotonic()), StoreTimer::Unanswered);
        }
    }

    /// Some have not answered in time.
    pub(super) fn unanswered(&mut self, cx: &mut Context<'_, Store>) {
        let now = cx.monotonic();
        let again = now + self.shared.parameters.answer_timeout;
        for index in (0..self.writes.len()).rev() {
            let write = &mut self.writes[index];
            if write.until > now {
                continue;
            }
            (write.tries, write.until) = (write.tries + 1, again);
            if write.tries >= MOST_TRIES {
                self.writes.swap_remove(index);
            } else {
                let write = write.clone();
                self.write_again(&write, cx);
            }
        }
        for index in (0..self.reads.len()).rev() {
            let read = &mut self.reads[index];
            if read.until > now {
                continue;
            }
            (read.tries, read.until) = (read.tries + 1, again);
            if read.answered || read.tries >= MOST_TRIES {
                let read = self.reads.swap_remove(index);
                self.repair_homes(&read, cx);
            } else {
                let (operation, key, answered_by) = (read.operation, read.key, read.answered_by());
                self.ask_to_read(operation, key, answered_by, cx);
            }
        }
        self.await_answers(cx);
    }

    /// Asks the missing homes again, and for each of them somebody who was not asked yet to keep a hint.
    fn write_again(&mut self, write: &PendingWrite, cx: &mut Context<'_, Store>) {
        let PendingWrite { operation, ref sent, has, kept, asked, .. } = *write;
        let key = sent.written.record.key;
        let missing = (0..self.shared.ring.replicas()).filter(|place| (has | kept) >> place & 1 == 0);
        let mut next = asked;
        for place in missing {
            let Some(keeper) = self.shared.ring.others(key).nth(next) else { break };
            next += 1;
            let home = self.shared.ring.homes(key)[place];
            let write = || StoreMessage::Write { operation, sent: sent.clone(), hint: Some(home) };
            if keeper == self.me {
                self.write(keeper, operation, sent, Some(home), cx);
            } else {
                cx.send(self.roster.actor(keeper), write());
            }
        }
        if let Some(write) = self.writes.iter_mut().find(|write| write.operation == operation) {
            write.asked = next;
        }
        self.ask_to_write(operation, sent, has, cx);
    }
}
