//! The running workload: hands out operations as they fall due.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::mix::{Kind, Mix};
use super::{Rate, Spacing, WhenBusy, WorkloadModel};
use crate::math;
use crate::operation::{ObjectModel, Operation, Reply};
use crate::random::{Keyed, Purpose, below};
use crate::time::{Duration, Time};

/// An operation handed to a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// Which client, counting from 0.
    pub client: u32,
    /// What to do.
    pub operation: Operation,
    /// When it arrived; earlier than the moment it is handed over if it had to wait for a client.
    pub arrived: Time,
}

/// Hands out the operations of one run.
///
/// At the moment of [`Workload::next_arrival`], take all that [`Workload::arrive`] gives; tell every return; after
/// either, ask for the next moment anew: a return may bring it forward.
#[derive(Clone, Debug)]
pub struct Workload {
    model: WorkloadModel,
    mix: Mix,
    keyed: Keyed,
    /// How many operations were drawn so far.
    drawn: u64,
    skipped: u64,
    pace: Pace,
    /// Operations under way, by client.
    under_way: Vec<u32>,
    free: u32,
    /// The latest value that a client saw, by key: what a compare-and-swap expects.
    seen: BTreeMap<u64, Option<u64>>,
}

#[derive(Clone, Debug)]
enum Pace {
    Open {
        rate: Rate,
        next: Option<Time>,
        /// Numbers and arrival times of operations that no client was free for.
        waiting: VecDeque<(u64, Time)>,
        /// When a client became free for the first of them.
        resume: Option<Time>,
        /// Clients that are down: nobody is free there.
        away: BTreeSet<u32>,
    },
    Closed {
        think: Duration,
        ready: BTreeSet<(Time, u32)>,
        /// Clients that were down when they were ready: they go on when they are back.
        away: BTreeSet<u32>,
        /// How many operations each client has had.
        turns: Vec<u64>,
    },
}

/// Which aspect of an operation a word decides; the high half of the counter.
const WHAT: u64 = 0;
const WHERE: u64 = 1;
const WHEN: u64 = 2;
/// In a closed loop an operation is named by its client and turn instead of one number.
const CLOSED: u64 = 1 << 32;

impl Workload {
    /// The workload of a run. The model must be valid for this many clients.
    pub fn new(model: &WorkloadModel, clients: u32, seed: u64) -> Self {
        let keyed = Keyed::new(seed, Purpose::Workload);
        let mut workload = Self {
            mix: model.mix.or_default(model.model),
            model: model.clone(),
            keyed,
            drawn: 0,
            skipped: 0,
            pace: Pace::new(model, clients),
            under_way: vec![0; clients as usize],
            free: clients,
            seen: BTreeMap::new(),
        };
        workload.begin(clients);
        workload
    }

    fn begin(&mut self, clients: u32) {
        let start = Time::ZERO + self.model.start;
        let first = match self.model.open_rate() {
            Some(rate) => self.gap(rate.mean_gap(), WHEN, 0),
            None => Duration::ZERO,
        };
        match &mut self.pace {
            Pace::Open { next, .. } => *next = Some(start.saturating_add(first)),
            // Spread over one think time, so that clients do not march in step.
            Pace::Closed { think, ready, .. } => {
                for client in 0..clients {
                    let word = self.keyed.word(u64::MAX, CLOSED * (u64::from(client) + 1));
                    let wait = Duration::from_nanos(below(word, think.as_nanos()));
                    ready.insert((start.saturating_add(wait), client));
                }
            }
        }
    }

    /// When the first operation falls due.
    pub fn first_arrival(&self) -> Option<Time> {
        self.next_arrival()
    }

    /// When the next operation falls due, as things stand now; a moment in the past means at once.
    pub fn next_arrival(&self) -> Option<Time> {
        match &self.pace {
            Pace::Open { next, resume, .. } => {
                let fresh = next.filter(|at| self.goes_on(*at));
                resume.iter().copied().chain(fresh).min()
            }
            Pace::Closed { ready, .. } => ready.first().map(|(at, _)| *at).filter(|at| self.goes_on(*at)),
        }
    }

    /// How many operations were given up because every client was busy.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// How many operations wait for a client.
    pub fn waiting(&self) -> usize {
        match &self.pace {
            Pace::Open { waiting, .. } => waiting.len(),
            Pace::Closed { .. } => 0,
        }
    }

    fn goes_on(&self, at: Time) -> bool {
        self.model.operations.is_none_or(|most| self.drawn < most)
            && self.model.until.is_none_or(|until| at < Time::ZERO + until)
    }

    /// The next operation that is due by now, if there is one.
    pub fn arrive(&mut self, now: Time) -> Option<Invocation> {
        match &self.pace {
            Pace::Open { .. } => self.resume().or_else(|| self.arrive_open(now)),
            Pace::Closed { .. } => self.arrive_closed(now),
        }
    }

    /// Hands over an operation that waited.
    fn resume(&mut self) -> Option<Invocation> {
        let free = self.free;
        let Pace::Open { waiting, resume, .. } = &mut self.pace else { return None };
        resume.take()?;
        if free == 0 {
            return None;
        }
        let (number, arrived) = waiting.pop_front()?;
        let client = self.choose_client(number)?;
        self.take(client);
        self.allow_resume(arrived);
        Some(Invocation { client, operation: self.operation(number, 0, number + 1), arrived })
    }

    /// If an operation still waits and a client is free, the next one goes at once.
    fn allow_resume(&mut self, now: Time) {
        if let Pace::Open { waiting, resume, .. } = &mut self.pace
            && self.free > 0
            && !waiting.is_empty()
        {
            *resume = Some(now);
        }
    }

    fn arrive_open(&mut self, now: Time) -> Option<Invocation> {
        loop {
            let Pace::Open { rate, next: Some(arrived), .. } = self.pace else { return None };
            if arrived > now || !self.goes_on(arrived) {
                return None;
            }
            let number = self.drawn;
            self.drawn += 1;
            let next = self.arrival_after(arrived, rate);
            if let Pace::Open { next: slot, .. } = &mut self.pace {
                *slot = Some(next);
            }
            if let Some(client) = self.choose_client(number) {
                self.take(client);
                return Some(Invocation {
                    client,
                    operation: self.operation(number, 0, number + 1),
                    arrived,
                });
            }
            self.put_off(number, arrived);
        }
    }

    fn put_off(&mut self, number: u64, arrived: Time) {
        match &mut self.pace {
            Pace::Open { waiting, .. } if self.model.when_busy == WhenBusy::Wait => {
                waiting.push_back((number, arrived));
            }
            _ => self.skipped += 1,
        }
    }

    /// When arrival number `drawn` comes, given the one before it.
    fn arrival_after(&self, before: Time, rate: Rate) -> Time {
        match self.model.spacing {
            // From the start, so that rounding does not add up.
            Spacing::Fixed => {
                (Time::ZERO + self.model.start).saturating_add(rate.offset(self.drawn.saturating_add(1)))
            }
            Spacing::Exponential => before.saturating_add(self.gap(rate.mean_gap(), WHEN, self.drawn)),
        }
    }

    /// A gap of the given mean; the counter names it.
    fn gap(&self, mean: Duration, aspect: u64, number: u64) -> Duration {
        match self.model.spacing {
            Spacing::Fixed => mean,
            Spacing::Exponential => {
                // 53 bits, shifted off zero: the logarithm is finite.
                let word = self.keyed.word(number, aspect) >> 11;
                let uniform = (word as f64 + 0.5) / (1_u64 << 53) as f64;
                Duration::from_nanos((-math::ln(uniform) * mean.as_nanos() as f64) as u64)
            }
        }
    }

    /// The client drawn for an operation, or the next free one after it.
    fn choose_client(&self, number: u64) -> Option<u32> {
        let clients = self.under_way.len() as u64;
        let drawn = below(self.keyed.words(number, WHERE)[0], clients) as usize;
        if self.model.when_busy == WhenBusy::Overlap {
            return Some(drawn as u32);
        }
        if self.free == 0 {
            return None;
        }
        let (before, after) = self.under_way.split_at(drawn);
        let free = |busy: &[u32]| busy.iter().position(|count| *count == 0);
        free(after).map(|i| drawn + i).or_else(|| free(before)).map(|client| client as u32)
    }

    fn take(&mut self, client: u32) {
        let count = &mut self.under_way[client as usize];
        if *count == 0 {
            self.free -= 1;
        }
        *count += 1;
    }

    fn arrive_closed(&mut self, now: Time) -> Option<Invocation> {
        let Pace::Closed { ready, .. } = &self.pace else { return None };
        let (arrived, client) = *ready.first()?;
        if arrived > now || !self.goes_on(arrived) {
            return None;
        }
        let clients = self.under_way.len() as u64;
        let Pace::Closed { ready, turns, .. } = &mut self.pace else { return None };
        ready.pop_first();
        let turn = turns[client as usize];
        turns[client as usize] += 1;
        self.drawn += 1;
        self.take(client);
        let lane = CLOSED * (u64::from(client) + 1);
        let value = turn * clients + u64::from(client) + 1;
        Some(Invocation { client, operation: self.operation(turn, lane, value), arrived })
    }

    /// An operation ended, in whatever way, or its client is gone.
    pub fn returned(&mut self, client: u32, operation: &Operation, reply: &Reply, now: Time) {
        self.learn(operation, reply);
        let Some(count) = self.under_way.get_mut(client as usize).filter(|count| **count > 0) else { return };
        *count -= 1;
        if *count == 0 {
            self.free += 1;
        }
        self.allow_resume(now);
        self.think(client, now);
    }

    /// A client is down. In an open loop it gets no operation until it is back, unless they overlap.
    pub fn gone(&mut self, client: u32) {
        if let Pace::Open { away, .. } = &mut self.pace
            && away.insert(client)
        {
            self.take(client);
        }
    }

    /// An operation met a client that is down. In a closed loop the client has a next one when it is back.
    pub fn refused(&mut self, client: u32, operation: &Operation, now: Time) {
        match &mut self.pace {
            Pace::Open { .. } => self.returned(client, operation, &Reply::Refused, now),
            Pace::Closed { away, .. } => {
                away.insert(client);
            }
        }
    }

    /// A client that was down is there again.
    pub fn back(&mut self, client: u32, now: Time) {
        let (Pace::Open { away, .. } | Pace::Closed { away, .. }) = &mut self.pace;
        let was_away = away.remove(&client);
        if let Some(count) = self.under_way.get_mut(client as usize).filter(|_| was_away) {
            *count -= 1;
            self.free += u32::from(*count == 0);
            self.allow_resume(now);
            self.think(client, now);
        }
    }

    /// In a closed loop, a client has its next operation after a while.
    fn think(&mut self, client: u32, now: Time) {
        let Pace::Closed { think, turns, .. } = &self.pace else { return };
        let wait = self.gap(*think, CLOSED * (u64::from(client) + 1) + WHEN, turns[client as usize]);
        if let Pace::Closed { ready, .. } = &mut self.pace {
            ready.insert((now.saturating_add(wait), client));
        }
    }

    fn learn(&mut self, operation: &Operation, reply: &Reply) {
        if self.model.model != ObjectModel::CasRegister {
            return;
        }
        let seen = match (operation, reply) {
            (Operation::Read { .. }, Reply::Value(value)) => *value,
            (Operation::Write { value, .. } | Operation::Cas { to: value, .. }, Reply::Done) => Some(*value),
            _ => return,
        };
        self.seen.insert(operation.key(), seen);
    }

    /// The operation of a number. `value` is unique in the run.
    fn operation(&self, number: u64, lane: u64, value: u64) -> Operation {
        let [kind, which] = self.keyed.words(number, lane + WHAT);
        let key = below(which, self.model.key_count());
        match self.mix.pick(kind) {
            Kind::Read => match self.model.model {
                ObjectModel::Append => Operation::ReadList { key },
                ObjectModel::Set => Operation::ReadSet { key },
                _ => Operation::Read { key },
            },
            Kind::Write => Operation::Write { key, value },
            Kind::Cas => Operation::Cas { key, from: self.seen.get(&key).copied().flatten(), to: value },
            Kind::Append => Operation::Append { key, value },
            Kind::Enqueue => Operation::Enqueue { key, value },
            Kind::Dequeue => Operation::Dequeue { key },
            Kind::Add => Operation::Add { key, value },
            Kind::Remove => {
                let word = self.keyed.words(number, lane + WHERE)[1];
                Operation::Remove { key, value: 1 + below(word, value) }
            }
        }
    }
}

impl Pace {
    fn new(model: &WorkloadModel, clients: u32) -> Self {
        match model.open_rate() {
            Some(rate) => {
                Self::Open { rate, next: None, waiting: VecDeque::new(), resume: None, away: BTreeSet::new() }
            }
            None => Self::Closed {
                think: model.think.unwrap_or_default(),
                ready: BTreeSet::new(),
                away: BTreeSet::new(),
                turns: vec![0; clients as usize],
            },
        }
    }
}

#[cfg(test)]
mod tests;
