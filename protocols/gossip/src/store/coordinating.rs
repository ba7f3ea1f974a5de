//! A coordinator has a write stored by enough members, and a read answered by enough homes (Dynamo, sections 4.5 and 4.6).

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::Time;

use super::member::{Member, Merged, UNANSWERED};
use super::vocabulary::{Record, Sent, Store, StoreMessage, StoreObservation, StoreTimer};

/// How often a coordinator asks again before it gives up.
const MOST_TRIES: u32 = 4;

/// The most homes of a key.
const MOST_HOMES: usize = 7;

/// A write that not all homes have.
#[derive(Clone, Copy, Debug)]
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
#[derive(Clone, Copy, Debug)]
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
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    /// What it has.
    pub(super) sent: Option<Sent>,
    /// The latest collection in which it dropped something of the key's collector.
    pub(super) dropped: u64,
}

impl PendingRead {
    fn answers(&self) -> usize {
        self.answers.iter().flatten().count()
    }

    /// The newest record among the answers.
    fn newest(&self) -> Option<Sent> {
        let all = self.answers.iter().flatten().filter_map(|answer| answer.sent);
        all.max_by_key(|sent| sent.record.version)
    }

    /// Takes back answers from before a collection in which another home may have dropped the key: they may be older than
    /// the tombstone. Whose answers these were: a bit set in the order of preference. The coordinator's own answer is always
    /// of now.
    fn take_back(&mut self, own: Option<usize>) -> u64 {
        let nothing = self.answers.iter().flatten().filter(|answer| answer.sent.is_none());
        let dropped = nothing.map(|answer| answer.dropped).max().unwrap_or(0);
        let mut taken = 0;
        for (place, answer) in self.answers.iter_mut().enumerate() {
            let sent = answer.and_then(|answer| answer.sent);
            if own != Some(place) && sent.is_some_and(|sent| sent.confirmed < dropped) {
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
        record: Record,
        cx: &mut Context<'_, Store>,
    ) {
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
        let (operation, sent) = (self.operation(), self.sent(record));
        let until = cx.monotonic() + self.shared.parameters.answer_timeout;
        let (has, kept, asked, answers, tries, acknowledged) = (0, 0, 0, 0, 0, false);
        self.writes.push(PendingWrite {
            operation,
            client,
            of_client,
            sent,
            has,
            kept,
            answers,
            asked,
            tries,
            until,
            acknowledged,
        });
        self.await_answers(cx);
        self.ask_to_write(operation, sent, 0, cx);
    }

    /// Asks the homes that do not have it.
    fn ask_to_write(&mut self, operation: u64, sent: Sent, has: u64, cx: &mut Context<'_, Store>) {
        let write = StoreMessage::Write { operation, sent, hint: None };
        let me = self.me;
        let homes = || {
            let homes = self.shared.ring.homes(sent.record.key).iter().enumerate();
            homes.filter(move |(place, _)| has >> place & 1 == 0).map(|(_, home)| *home)
        };
        let own = homes().any(|home| home == me);
        cx.send_all(homes().filter(|home| *home != me), write);
        if own {
            self.write(me, operation, sent, None, cx);
        }
    }

    /// A coordinator has a record stored here.
    pub(super) fn write(
        &mut self,
        from: NodeId,
        operation: u64,
        sent: Sent,
        hint: Option<NodeId>,
        cx: &mut Context<'_, Store>,
    ) {
        let merged = match hint {
            Some(target) => self.keep(target, sent, cx),
            None => self.merge(sent, cx),
        };
        if merged == Merged::Outdated {
            return self.pass_on(from, sent.record.key, cx);
        }
        let wrote = StoreMessage::Wrote { operation, hint };
        if self.shared.plants.eager_acknowledgment {
            self.tell(from, wrote, cx);
        } else {
            self.journal.say(from, wrote);
        }
    }

    /// Keeps a record for a home that did not answer (hinted hand-off).
    fn keep(&mut self, target: NodeId, sent: Sent, cx: &mut Context<'_, Store>) -> Merged {
        let record = sent.record;
        self.clock = self.clock.max(record.version.time);
        match self.hints.get(&(target, record.key)) {
            None if self.is_outdated(&sent) => return Merged::Outdated,
            Some(kept) if kept.version >= record.version => {}
            _ => {
                self.hint(target, record, cx);
            }
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
        let key = self.writes[index].sent.record.key;
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
        let PendingWrite { client, of_client, sent, .. } = *write;
        if enough && !write.acknowledged {
            write.acknowledged = true;
            cx.observe(StoreObservation::Acknowledged { record: sent.record });
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
        let answers = [None; MOST_HOMES];
        let (tries, answered) = (0, false);
        self.reads.push(PendingRead { operation, client, of_client, key, answers, tries, until, answered });
        self.await_answers(cx);
        self.ask_to_read(operation, key, &answers, cx);
    }

    /// Asks the homes that have not answered.
    fn ask_to_read(
        &mut self,
        operation: u64,
        key: u64,
        answers: &[Option<Answer>; MOST_HOMES],
        cx: &mut Context<'_, Store>,
    ) {
        let me = self.me;
        let homes = || {
            let homes = self.shared.ring.homes(key).iter().zip(answers);
            homes.filter(|(_, answer)| answer.is_none()).map(|(home, _)| *home)
        };
        let own = homes().any(|home| home == me);
        cx.send_all(homes().filter(|home| *home != me), StoreMessage::Read { operation, key });
        if own {
            self.read(me, operation, key, cx);
        }
    }

    /// A coordinator asks what this home has.
    pub(super) fn read(&mut self, from: NodeId, operation: u64, key: u64, cx: &mut Context<'_, Store>) {
        let Answer { sent, dropped } = self.answer(key);
        self.tell(from, StoreMessage::ReadReply { operation, sent, dropped }, cx);
    }

    fn answer(&self, key: u64) -> Answer {
        let sent = self.replica.get(key).map(|record| self.sent(*record));
        Answer { sent, dropped: self.dropped[self.shared.ring.collector(key).index()] }
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
        let read = &mut self.reads[index];
        read.answers[place] = Some(answer);
        if let Some(own) = own
            && let Some(answer) = &mut read.answers[own]
        {
            *answer = now;
        }
        if let Some(sent) = answer.sent {
            self.clock = self.clock.max(sent.record.version.time);
        }
        let again = read.take_back(own);
        let enough = (self.shared.parameters.read_quorum as usize).min(replicas);
        let (answers, newest) = (read.answers(), read.newest());
        let PendingRead { client, of_client, .. } = *read;
        if answers >= enough && !read.answered {
            read.answered = true;
            let record = newest.map(|newest| newest.record);
            cx.send(client, StoreMessage::Got { operation: of_client, record, clock: self.clock });
        }
        if answers >= replicas {
            let read = self.reads.swap_remove(index);
            self.repair_homes(&read, cx);
        }
        for place in (0..replicas).filter(|place| again >> place & 1 == 1) {
            let home = self.shared.ring.homes(key)[place];
            cx.send(home, StoreMessage::Read { operation, key });
        }
    }

    /// Tells homes that answered with something older (read repair).
    fn repair_homes(&mut self, read: &PendingRead, cx: &mut Context<'_, Store>) {
        let Some(newest) = read.newest().filter(|_| self.shared.parameters.read_repair) else { return };
        let version = newest.record.version;
        for place in 0..self.shared.ring.replicas() {
            let older = read.answers[place]
                .is_some_and(|answer| answer.sent.is_none_or(|has| has.record.version < version));
            if !older {
                continue;
            }
            let home = self.shared.ring.homes(read.key)[place];
            cx.observe(StoreObservation::Repaired { home, key: read.key });
            self.tell(home, StoreMessage::Repair { sent: newest }, cx);
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
                let write = *write;
                self.write_again(&write, cx);
            }
        }
        for index in (0..self.reads.len()).rev() {
            let read = &mut self.reads[index];
            if read.until > now {
                continue;
            }
            (read.tries, read.until) = (read.tries + 1, again);
            let read = *read;
            if read.answered || read.tries >= MOST_TRIES {
                self.reads.swap_remove(index);
                self.repair_homes(&read, cx);
            } else {
                self.ask_to_read(read.operation, read.key, &read.answers, cx);
            }
        }
        self.await_answers(cx);
    }

    /// Asks the missing homes again, and for each of them somebody who was not asked yet to keep a hint.
    fn write_again(&mut self, write: &PendingWrite, cx: &mut Context<'_, Store>) {
        let PendingWrite { operation, sent, has, kept, asked, .. } = *write;
        let key = sent.record.key;
        let missing = (0..self.shared.ring.replicas()).filter(|place| (has | kept) >> place & 1 == 0);
        let mut next = asked;
        for place in missing {
            let Some(keeper) = self.shared.ring.others(key).nth(next) else { break };
            next += 1;
            let home = self.shared.ring.homes(key)[place];
            let write = StoreMessage::Write { operation, sent, hint: Some(home) };
            if keeper == self.me {
                self.write(keeper, operation, sent, Some(home), cx);
            } else {
                cx.send(keeper, write);
            }
        }
        if let Some(write) = self.writes.iter_mut().find(|write| write.operation == operation) {
            write.asked = next;
        }
        self.ask_to_write(operation, sent, has, cx);
    }
}
