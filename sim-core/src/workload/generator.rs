//! The running workload: hands out operations as they fall due.

use super::mix::{Mix, OperationKind};
use super::popularity::Popularity;
use super::ramp::Ramp;
use super::{Load, Spacing, WhenBusy, WorkloadModel};
use crate::math;
use crate::operation::{ObjectModel, Operation, Reply};
use crate::ordered::{OrderedMap, OrderedSet};
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
    popularity: Popularity,
    keyed: Keyed,
    /// How many operations were drawn so far.
    drawn: u64,
    skipped: u64,
    pace: Pace,
    /// Operations under way, by client.
    under_way: Vec<u32>,
    free: u32,
    /// The latest value that a client saw, by key: what a compare-and-swap expects.
    seen: OrderedMap<u64, Option<u64>>,
}

#[derive(Clone, Debug)]
enum Pace {
    Open {
        /// What waits for a client is drawn only once there is one: the line takes no memory, however long it is.
        streams: Vec<Stream>,
        /// Clients that are down: nobody is free there.
        away: OrderedSet<u32>,
    },
    Closed {
        think: Duration,
        ready: OrderedSet<(Time, u32)>,
        /// Clients that were down when they were ready: they go on when they are back.
        away: OrderedSet<u32>,
        /// How many operations each client has had.
        turns: Vec<u64>,
    },
}

/// One load of an open loop.
#[derive(Clone, Debug)]
struct Stream {
    load: Load,
    /// What the gaps before its operations are called.
    aspect: u64,
    /// How many of its operations have arrived.
    drawn: u64,
    /// When the next one arrives.
    next: Time,
    /// How the rate changes, if it does, and how many arrivals are expected by the next one.
    ramp: Option<(Ramp, f64)>,
}

impl Stream {
    fn new(index: usize, load: Load, keyed: &Keyed) -> Self {
        let aspect = WHEN + ((index as u64) << 2);
        let first = gap(keyed, load.spacing, load.rate.mean_gap(), aspect, 0);
        let next = (Time::ZERO + load.start).saturating_add(first);
        let ramp = load.ramp_to.zip(load.until).map(|(to, until)| {
            (
                Ramp::new(
                    load.rate,
                    to,
                    Duration::from_nanos(until.as_nanos().saturating_sub(load.start.as_nanos())),
                ),
                0.0,
            )
        });
        let mut stream = Self { load, aspect, drawn: 0, next, ramp };
        stream.climb(keyed);
        stream
    }

    /// Where the rate changes: when the next operation arrives.
    fn climb(&mut self, keyed: &Keyed) {
        let Some((ramp, expected)) = &mut self.ramp else { return };
        *expected += match self.load.spacing {
            Spacing::Fixed => 1.0,
            Spacing::Exponential => unit_gap(keyed, self.aspect, self.drawn),
        };
        let offset = ramp.when(*expected).unwrap_or(Duration::MAX);
        self.next = (Time::ZERO + self.load.start).saturating_add(offset);
    }

    /// When its next operation falls due, if there is one.
    fn due(&self) -> Option<Time> {
        let goes_on = self.load.operations.is_none_or(|most| self.drawn < most)
            && self.load.until.is_none_or(|until| self.next < Time::ZERO + until);
        goes_on.then_some(self.next)
    }

    /// An operation arrived: when the one after it does.
    fn advance(&mut self, keyed: &Keyed) {
        self.drawn += 1;
        if self.ramp.is_some() {
            return self.climb(keyed);
        }
        self.next = match self.load.spacing {
            // From the start, so that rounding does not add up.
            Spacing::Fixed => {
                let offset = self.load.rate.offset(self.drawn.saturating_add(1));
                (Time::ZERO + self.load.start).saturating_add(offset)
            }
            spacing => self.next.saturating_add(gap(
                keyed,
                spacing,
                self.load.rate.mean_gap(),
                self.aspect,
                self.drawn,
            )),
        };
    }
}

/// An operation that fell due in an open loop.
#[derive(Clone, Copy, Debug)]
struct Arrival {
    number: u64,
    at: Time,
    mix: Mix,
}

/// How many accounts a bank has.
const ACCOUNTS: u64 = crate::operation::ACCOUNTS as u64;

/// The most that one transfer moves.
const MOST_MOVED: u64 = crate::operation::OPENING_BALANCE / 2;

/// Which aspect of an operation a word decides; the high half of the counter.
const WHAT: u64 = 0;
const WHERE: u64 = 1;
const WHEN: u64 = 2;
/// In a closed loop an operation is named by its client and turn instead of one number.
const CLOSED: u64 = 1 << 32;

impl Workload {
    /// From now on, operations are drawn from another seed. Those whose arrival is settled arrive all the same.
    pub(crate) const fn draw_anew(&mut self, seed: u64) {
        self.keyed = Keyed::new(seed, Purpose::Workload);
    }

    /// The workload of a run. The model must be valid for this many clients.
    pub fn new(model: &WorkloadModel, clients: u32, seed: u64) -> Self {
        let keyed = Keyed::new(seed, Purpose::Workload);
        let mut workload = Self {
            model: model.clone(),
            popularity: Popularity::new(model.skew, model.key_count()),
            keyed,
            drawn: 0,
            skipped: 0,
            pace: Pace::new(model, clients, &keyed),
            under_way: vec![0; clients as usize],
            free: clients,
            seen: OrderedMap::new(),
        };
        workload.begin(clients);
        workload
    }

    fn begin(&mut self, clients: u32) {
        let start = Time::ZERO + self.model.start;
        let Pace::Closed { think, ready, .. } = &mut self.pace else { return };
        // Spread over one think time, so that clients do not march in step.
        for client in 0..clients {
            let word = self.keyed.word(u64::MAX, CLOSED * (u64::from(client) + 1));
            let wait = Duration::from_nanos(below(word, think.as_nanos()));
            ready.insert((start.saturating_add(wait), client));
        }
    }

    /// When the first operation falls due.
    pub fn first_arrival(&self) -> Option<Time> {
        self.next_arrival()
    }

    /// When the next operation falls due, as things stand now; a moment in the past means at once.
    pub fn next_arrival(&self) -> Option<Time> {
        match &self.pace {
            Pace::Open { .. } if self.waits() => None,
            Pace::Open { streams, .. } => streams.iter().filter_map(Stream::due).min(),
            Pace::Closed { ready, .. } => ready.first().map(|(at, _)| *at).filter(|at| self.goes_on(*at)),
        }
    }

    /// How many operations were given up because every client was busy.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Whether whatever arrives in an open loop waits in line: no client is free.
    fn waits(&self) -> bool {
        self.free == 0 && self.model.when_busy == WhenBusy::Wait
    }

    /// Whether a closed loop goes on.
    fn goes_on(&self, at: Time) -> bool {
        self.model.operations.is_none_or(|most| self.drawn < most)
            && self.model.until.is_none_or(|until| at < Time::ZERO + until)
    }

    /// The next operation that is due by now, if there is one.
    pub fn arrive(&mut self, now: Time) -> Option<Invocation> {
        match &self.pace {
            Pace::Open { .. } => self.arrive_open(now),
            Pace::Closed { .. } => self.arrive_closed(now),
        }
    }

    /// Gives an operation of an open loop to a client, if one is free.
    fn hand_over(&mut self, arrival: Arrival) -> Option<Invocation> {
        let Arrival { number, at, mix } = arrival;
        let client = self.choose_client(number)?;
        self.take(client);
        Some(Invocation {
            client,
            operation: self.operation(client, number, 0, number + 1, mix),
            arrived: at,
        })
    }

    fn arrive_open(&mut self, now: Time) -> Option<Invocation> {
        loop {
            if self.waits() {
                return None;
            }
            let Pace::Open { streams, .. } = &mut self.pace else { return None };
            let due = streams.iter_mut().filter_map(|stream| Some((stream.due()?, stream)));
            // Of two that fall due at once, the one that was written first.
            let (at, stream) = due.min_by_key(|(at, _)| *at).filter(|(at, _)| *at <= now)?;
            let mix = stream.load.mix.or_default(self.model.model);
            stream.advance(&self.keyed);
            let arrival = Arrival { number: self.drawn, at, mix };
            self.drawn += 1;
            if let Some(invocation) = self.hand_over(arrival) {
                return Some(invocation);
            }
            self.skipped += 1;
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
        let mix = self.model.mix.or_default(self.model.model);
        Some(Invocation { client, operation: self.operation(client, turn, lane, value, mix), arrived })
    }

    /// An operation ended, in whatever way, or its client is gone.
    pub fn returned(&mut self, client: u32, operation: &Operation, reply: &Reply, now: Time) {
        self.learn(operation, reply);
        let Some(count) = self.under_way.get_mut(client as usize).filter(|count| **count > 0) else { return };
        *count -= 1;
        if *count == 0 {
            self.free += 1;
        }
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
            self.think(client, now);
        }
    }

    /// In a closed loop, a client has its next operation after a while.
    fn think(&mut self, client: u32, now: Time) {
        let Pace::Closed { think, turns, .. } = &self.pace else { return };
        let aspect = CLOSED * (u64::from(client) + 1) + WHEN;
        let wait = gap(&self.keyed, self.model.spacing, *think, aspect, turns[client as usize]);
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

    /// The operation of a number for a client. `value` is unique in the run.
    fn operation(&self, client: u32, number: u64, lane: u64, value: u64, mix: Mix) -> Operation {
        let [kind, which] = self.keyed.words(number, lane + WHAT);
        let key = self.popularity.pick(which);
        let writers = self.under_way.len().saturating_sub(self.model.readers.unwrap_or(0) as usize);
        let kind = if client as usize >= writers { OperationKind::Read } else { mix.pick(kind) };
        match kind {
            OperationKind::Read => match self.model.model {
                ObjectModel::Append => Operation::ReadList { key },
                ObjectModel::Set => Operation::ReadSet { key },
                ObjectModel::Bank => Operation::ReadBank { key },
                _ => Operation::Read { key },
            },
            OperationKind::Write => Operation::Write { key, value },
            OperationKind::Cas => {
                Operation::Cas { key, from: self.seen.get(&key).copied().flatten(), to: value }
            }
            OperationKind::Append => Operation::Append { key, value },
            OperationKind::Enqueue => Operation::Enqueue { key, value },
            OperationKind::Dequeue => Operation::Dequeue { key },
            OperationKind::Add => Operation::Add { key, value },
            OperationKind::Remove => {
                let word = self.keyed.words(number, lane + WHERE)[1];
                Operation::Remove { key, value: 1 + below(word, value) }
            }
            OperationKind::Transfer => {
                let word = self.keyed.words(number, lane + WHERE)[1];
                // Different accounts; now and then more than one of them holds.
                let (from, to) = (word % ACCOUNTS, (word >> 8) % (ACCOUNTS - 1));
                let to = if to < from { to } else { to + 1 };
                let amount = 1 + below(word, MOST_MOVED);
                Operation::Transfer { key, from: from as u32, to: to as u32, amount }
            }
        }
    }
}

/// A gap of the given mean; the aspect and the number name it.
fn gap(keyed: &Keyed, spacing: Spacing, mean: Duration, aspect: u64, number: u64) -> Duration {
    match spacing {
        Spacing::Fixed => mean,
        Spacing::Exponential => {
            Duration::from_nanos((unit_gap(keyed, aspect, number) * mean.as_nanos() as f64) as u64)
        }
    }
}

/// A gap of mean 1, exponentially distributed.
fn unit_gap(keyed: &Keyed, aspect: u64, number: u64) -> f64 {
    // 53 bits, shifted off zero: the logarithm is finite.
    let word = keyed.word(number, aspect) >> 11;
    let uniform = (word as f64 + 0.5) / (1_u64 << 53) as f64;
    -math::ln(uniform)
}

impl Pace {
    fn new(model: &WorkloadModel, clients: u32, keyed: &Keyed) -> Self {
        match model.open_rate() {
            Some(_) => {
                let loads = model.loads().into_iter().enumerate();
                let streams = loads.map(|(index, load)| Stream::new(index, load, keyed)).collect();
                Self::Open { streams, away: OrderedSet::new() }
            }
            None => Self::Closed {
                think: model.think.unwrap_or_default(),
                ready: OrderedSet::new(),
                away: OrderedSet::new(),
                turns: vec![0; clients as usize],
            },
        }
    }
}

#[cfg(test)]
mod tests;
