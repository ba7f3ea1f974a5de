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
    },
    Closed {
        think: Duration,
        ready: BTreeSet<(Time, u32)>,
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
        if let Pace::Closed { think, turns, .. } = &self.pace {
            let turn = turns[client as usize];
            let wait = self.gap(*think, CLOSED * (u64::from(client) + 1) + WHEN, turn);
            if let Pace::Closed { ready, .. } = &mut self.pace {
                ready.insert((now.saturating_add(wait), client));
            }
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
            Some(rate) => Self::Open { rate, next: None, waiting: VecDeque::new(), resume: None },
            None => Self::Closed {
                think: model.think.unwrap_or_default(),
                ready: BTreeSet::new(),
                turns: vec![0; clients as usize],
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(model: ObjectModel) -> WorkloadModel {
        WorkloadModel { operations: Some(200), ..WorkloadModel::new(model) }
    }

    /// Runs a workload whose operations take `latency(i)` each and return `reply(operation)`.
    fn run(
        model: &WorkloadModel,
        clients: u32,
        seed: u64,
        latency: impl Fn(u64) -> u64,
        reply: impl Fn(&Operation) -> Reply,
    ) -> Vec<(Time, Invocation)> {
        let mut workload = Workload::new(model, clients, seed);
        let mut handed = Vec::new();
        let mut open: BTreeSet<(Time, usize)> = BTreeSet::new();
        loop {
            let back = open.first().map(|(at, _)| *at);
            let due = workload.next_arrival().filter(|due| back.is_none_or(|back| *due <= back));
            if let Some(due) = due {
                let now = handed.last().map_or(Time::ZERO, |(at, _)| *at).max(due);
                while let Some(invocation) = workload.arrive(now) {
                    let back = now + Duration::from_nanos(latency(handed.len() as u64));
                    open.insert((back, handed.len()));
                    handed.push((now, invocation));
                }
            } else if let Some((now, i)) = open.pop_first() {
                let invocation = handed[i].1;
                workload.returned(
                    invocation.client,
                    &invocation.operation,
                    &reply(&invocation.operation),
                    now,
                );
            } else {
                return handed;
            }
        }
    }

    fn done(_: &Operation) -> Reply {
        Reply::Done
    }

    #[test]
    fn an_operation_is_the_same_whatever_else_changes() {
        for kind in ObjectModel::ALL {
            let model = model(kind);
            let fast = run(&model, 3, 9, |_| 1_000, done);
            let slow = run(&model, 7, 9, |i| 300_000_000 * (i % 2), done);
            assert_eq!(fast.len(), 200);
            let strip = |operation: Operation| match operation {
                Operation::Cas { key, to, .. } => Operation::Cas { key, from: None, to },
                other => other,
            };
            let content = |all: &[(Time, Invocation)]| {
                let mut all: Vec<_> = all.iter().map(|(_, i)| (i.arrived, strip(i.operation))).collect();
                all.sort_by_key(|(arrived, _)| *arrived);
                all
            };
            assert_eq!(content(&fast), content(&slow));
            assert_ne!(content(&fast), content(&run(&model, 3, 10, |_| 1_000, done)));
        }
    }

    #[test]
    fn values_are_written_once_in_both_loops() {
        let open = model(ObjectModel::Register);
        let closed = WorkloadModel { think: Some(Duration::from_millis(3)), ..open.clone() };
        for model in [open, closed] {
            let values: Vec<u64> = run(&model, 4, 1, |i| 5_000_000 * (i % 5), done)
                .iter()
                .filter_map(|(_, invocation)| match invocation.operation {
                    Operation::Write { value, .. } => Some(value),
                    _ => None,
                })
                .collect();
            let distinct: BTreeSet<u64> = values.iter().copied().collect();
            assert!(values.len() > 70 && distinct.len() == values.len());
        }
    }

    #[test]
    fn a_client_has_one_operation_at_a_time_unless_asked_otherwise() {
        let base = model(ObjectModel::Register);
        let latency = |_| 60_000_000;
        let overlapping = |busy: WhenBusy, clients: u32| {
            let model = WorkloadModel { when_busy: busy, ..base.clone() };
            let handed = run(&model, clients, 4, latency, done);
            let overlaps = (0..handed.len())
                .filter(|i| {
                    handed[..*i].iter().any(|(at, other)| {
                        other.client == handed[*i].1.client
                            && *at + Duration::from_nanos(60_000_000) > handed[*i].0
                    })
                })
                .count();
            (handed.len(), overlaps)
        };
        assert_eq!(overlapping(WhenBusy::Wait, 2), (200, 0));
        let (handed, overlaps) = overlapping(WhenBusy::Skip, 2);
        assert!(handed < 100 && overlaps == 0);
        let (handed, overlaps) = overlapping(WhenBusy::Overlap, 2);
        assert!(handed == 200 && overlaps > 50);
    }

    #[test]
    fn the_rate_is_kept_and_the_period_too() {
        let model = WorkloadModel {
            operations: None,
            start: Duration::from_secs(1),
            until: Some(Duration::from_secs(11)),
            ..WorkloadModel::new(ObjectModel::Kv)
        };
        let exponential = run(&model, 5, 2, |_| 1_000_000, done);
        assert!(exponential.len().abs_diff(1_000) < 100, "{}", exponential.len());
        let fixed = run(&WorkloadModel { spacing: Spacing::Fixed, ..model }, 5, 2, |_| 1_000_000, done);
        assert_eq!(fixed.len(), 999);
        for (at, invocation) in exponential.iter().chain(&fixed) {
            assert!(at.as_nanos() >= 1_000_000_000 && invocation.arrived.as_nanos() < 11_000_000_000);
        }
    }

    #[test]
    fn a_closed_loop_waits_for_returns() {
        let model = WorkloadModel {
            think: Some(Duration::from_millis(10)),
            spacing: Spacing::Fixed,
            ..model(ObjectModel::Register)
        };
        let handed = run(&model, 2, 3, |_| 5_000_000, done);
        for client in 0..2 {
            let times: Vec<Time> =
                handed.iter().filter(|(_, i)| i.client == client).map(|(at, _)| *at).collect();
            assert_eq!(times.len(), 100);
            assert!(times.windows(2).all(|pair| pair[1].since(pair[0]) == Duration::from_millis(15)));
        }
    }

    #[test]
    fn a_swap_expects_what_was_seen_last() {
        let model = WorkloadModel {
            mix: Mix { cas: 1, read: 1, ..Mix::default() },
            ..model(ObjectModel::CasRegister)
        };
        let register = std::cell::Cell::new(None);
        let apply = |operation: &Operation| match *operation {
            Operation::Cas { from, to, .. } if from == register.get() => {
                register.set(Some(to));
                Reply::Done
            }
            Operation::Read { .. } => Reply::Value(register.get()),
            _ => Reply::Mismatch,
        };
        let swaps = |all: &[(Time, Invocation)]| {
            all.iter().filter(|(_, i)| matches!(i.operation, Operation::Cas { .. })).count() as u64
        };
        let handed = run(&model, 3, 6, |_| 10, apply);
        let succeeded = register.get().unwrap();
        assert!(swaps(&handed) > 80 && succeeded > 150, "the last swap succeeded: {succeeded}");
    }
}
