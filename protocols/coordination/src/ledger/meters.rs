//! Where the time of agents goes: six buckets that sum to the run.

use sim_core::time::{Duration, Time};

use super::Run;

/// What an agent's time is spent on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// On tasks, calls of the model included.
    Working,
    /// On others: reading what to do, waiting for the sink, messages that it handles.
    Coordinating,
    /// On nothing, although a task is ready.
    Waiting,
    /// On waiting for the platform's limits.
    Throttled,
    /// On nothing, and nothing is ready.
    #[default]
    Idle,
    /// It does not run.
    Down,
}

/// All of them, with their names.
pub const BUCKETS: [(Bucket, &str); 6] = [
    (Bucket::Working, "working"),
    (Bucket::Coordinating, "coordinating"),
    (Bucket::Waiting, "waiting"),
    (Bucket::Throttled, "throttled"),
    (Bucket::Idle, "idle"),
    (Bucket::Down, "down"),
];

/// Time by bucket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Buckets(pub [Duration; 6]);

impl Buckets {
    /// How long one took.
    pub const fn of(&self, bucket: Bucket) -> Duration {
        self.0[bucket as usize]
    }

    /// The sums with another one's.
    #[must_use]
    pub fn plus(mut self, other: &Self) -> Self {
        BUCKETS.iter().for_each(|(bucket, _)| self.add(*bucket, other.of(*bucket)));
        self
    }

    /// One as a share of all, in tenths of a percent.
    pub fn permille(&self, bucket: Bucket) -> u64 {
        let all = u128::from(self.sum().as_nanos().max(1));
        (u128::from(self.of(bucket).as_nanos()) * 1_000 / all) as u64
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        self.0.iter().fold(Duration::ZERO, |sum, one| sum.saturating_add(*one))
    }

    fn add(&mut self, bucket: Bucket, time: Duration) {
        let own = &mut self.0[bucket as usize];
        *own = own.saturating_add(time);
    }

    /// Moves time from one bucket to another, as far as it is there.
    fn shift(&mut self, from: Bucket, to: Bucket, time: Duration) -> Duration {
        let there = self.of(from).min(time);
        self.0[from as usize] = Duration::from_nanos(self.of(from).as_nanos() - there.as_nanos());
        self.add(to, there);
        there
    }

    /// Coordinating as a share of coordinating and working, in tenths of a percent.
    pub fn overhead_permille(&self) -> u64 {
        let (coordinating, working) = (self.of(Bucket::Coordinating), self.of(Bucket::Working));
        let both = coordinating.saturating_add(working).as_nanos();
        (u128::from(coordinating.as_nanos()) * 1_000 / u128::from(both.max(1))) as u64
    }
}

/// How long any task was ready, with nobody at work on it.
#[derive(Clone, Copy, Debug)]
pub(super) struct ReadyClock {
    total: Duration,
    since: Option<Time>,
}

impl ReadyClock {
    pub(super) fn new(ready: bool) -> Self {
        Self { total: Duration::ZERO, since: ready.then_some(Time::ZERO) }
    }

    /// What it shows.
    pub(super) fn at(&self, now: Time) -> Duration {
        self.since.map_or(self.total, |since| self.total.saturating_add(now.since(since)))
    }

    pub(super) fn tick(&mut self, now: Time, ready: bool) {
        if ready != self.since.is_some() {
            self.total = self.at(now);
            self.since = ready.then_some(now);
        }
    }
}

/// One agent's time.
#[derive(Clone, Debug, Default)]
pub(super) struct Meter {
    bucket: Bucket,
    since: Time,
    /// What the clock of ready tasks showed then.
    waited: Duration,
    spent: Buckets,
    /// How long it was busy with messages of others.
    pub(super) handled: Duration,
    /// What it works on.
    pub(super) runs: Vec<Run>,
}

impl Meter {
    pub(super) fn turn(&mut self, now: Time, waited: Duration, bucket: Bucket) {
        self.spent = self.open_until(now, waited);
        (self.bucket, self.since, self.waited) = (bucket, now, waited);
    }

    fn open_until(&self, now: Time, waited: Duration) -> Buckets {
        let mut spent = self.spent;
        let time = now.since(self.since);
        if self.bucket == Bucket::Idle {
            let waiting = Duration::from_nanos(waited.as_nanos() - self.waited.as_nanos()).min(time);
            spent.add(Bucket::Waiting, waiting);
            spent.add(Bucket::Idle, Duration::from_nanos(time.as_nanos() - waiting.as_nanos()));
        } else {
            spent.add(self.bucket, time);
        }
        spent
    }

    /// Where its time went until now. Messages were handled while it had nothing else to do.
    pub(super) fn until(&self, now: Time, waited: Duration) -> Buckets {
        let mut spent = self.open_until(now, waited);
        let mut left = self.handled;
        for from in [Bucket::Idle, Bucket::Waiting, Bucket::Throttled] {
            let moved = spent.shift(from, Bucket::Coordinating, left);
            left = Duration::from_nanos(left.as_nanos() - moved.as_nanos());
        }
        spent
    }
}
