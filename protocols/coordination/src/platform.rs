//! The platform: a model behind an API, with limits that all agents of the key share.
//!
//! Limits are token buckets that refill continuously and hold one minute's worth, as the providers document theirs. A
//! bucket is the moment until which it is used up (the generic cell rate algorithm), so nothing is counted per tick.

use sim_core::distribution::Sampler;
use sim_core::identity::NodeId;
use sim_core::process::{Context, Input, Process, TimerId};
use sim_core::ratio::Ratio;
use sim_core::time::{Duration, Time};

use crate::parameters::Parameters;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
    CoordinationTimer as Timer,
};

const MINUTE: Duration = Duration::from_secs(60);
/// What is told when too many calls run at once.
const BUSY: Duration = Duration::from_secs(1);

/// One limit per minute.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    per_minute: u64,
    used_until: Time,
}

impl Bucket {
    /// So much per minute; 0 without limit.
    pub const fn new(per_minute: u32) -> Self {
        Self { per_minute: per_minute as u64, used_until: Time::ZERO }
    }

    fn after(&self, amount: u64, now: Time) -> Time {
        let cost = u128::from(MINUTE.as_nanos()) * u128::from(amount) / u128::from(self.per_minute.max(1));
        let cost = Duration::from_nanos(u64::try_from(cost).unwrap_or(u64::MAX));
        self.used_until.max(now).saturating_add(cost)
    }

    /// How long until so much is there; nothing if it is.
    pub fn lacks(&self, amount: u64, now: Time) -> Option<Duration> {
        if self.per_minute == 0 {
            return None;
        }
        let full = now.saturating_add(MINUTE);
        let after = self.after(amount, now);
        (after > full).then(|| after.since(full))
    }

    /// Takes so much.
    pub fn take(&mut self, amount: u64, now: Time) {
        if self.per_minute > 0 {
            self.used_until = self.after(amount, now);
        }
    }
}

/// The platform.
pub struct Platform {
    requests: Bucket,
    input: Bucket,
    output: Bucket,
    most_calls: u32,
    running: u32,
    next: u32,
    free: Vec<u32>,
    first_token: Sampler,
    per_token: Duration,
    failure: Ratio,
    price_in: u64,
    price_out: u64,
}

impl Platform {
    /// A platform with these limits, on which nothing runs.
    pub fn new(parameters: &Parameters) -> Self {
        Self {
            requests: Bucket::new(parameters.requests_per_minute),
            input: Bucket::new(parameters.input_tokens_per_minute),
            output: Bucket::new(parameters.output_tokens_per_minute),
            most_calls: parameters.concurrent_calls,
            running: 0,
            next: 0,
            free: Vec::new(),
            first_token: parameters.first_token.0.compile(),
            per_token: parameters.per_token,
            failure: parameters.call_failure,
            price_in: parameters.price_in.into(),
            price_out: parameters.price_out.into(),
        }
    }

    /// How long a call must wait, if a limit is reached.
    fn limit(&self, tokens_in: u32, tokens_out: u32, now: Time) -> Option<Duration> {
        let busy = (self.most_calls > 0 && self.running >= self.most_calls).then_some(BUSY);
        let lacks = [
            self.requests.lacks(1, now),
            self.input.lacks(tokens_in.into(), now),
            self.output.lacks(tokens_out.into(), now),
            busy,
        ];
        lacks.into_iter().flatten().max()
    }

    fn call(
        &mut self,
        from: NodeId,
        (call, tokens_in, tokens_out): (u64, u32, u32),
        cx: &mut Context<'_, Coordination>,
    ) {
        let now = cx.monotonic();
        if let Some(retry_after) = self.limit(tokens_in, tokens_out, now) {
            cx.observe(Observation::Limited { agent: from, retry_after });
            return cx.send(from, Message::Limited { call, retry_after });
        }
        self.requests.take(1, now);
        self.input.take(tokens_in.into(), now);
        self.output.take(tokens_out.into(), now);
        self.running += 1;
        let id = self.free.pop().unwrap_or_else(|| {
            self.next += 1;
            self.next
        });
        let broken = self.failure.happens(cx.rng().next_u64());
        let word = cx.rng().next_u64();
        let first = self.first_token.sample(word, cx.rng());
        let takes = first.saturating_add(self.per_token.saturating_mul(tokens_out.into()));
        // A millionth of a dollar for each dollar per million tokens.
        let cost = self.price_in * u64::from(tokens_in) + self.price_out * u64::from(tokens_out);
        if !broken {
            cx.observe(Observation::Served { agent: from, tokens_in, tokens_out, cost });
        }
        cx.set_timer(TimerId(id), takes, Timer::Served { call, to: from, tokens_out, broken });
    }
}

impl Process<Coordination> for Platform {
    fn step(&mut self, input: Input<'_, Coordination>, cx: &mut Context<'_, Coordination>) {
        match input {
            Input::Start => cx.observe(Observation::PlatformUp),
            Input::Message { from, message: &Message::Call { call, tokens_in, tokens_out } } => {
                self.call(from, (call, tokens_in, tokens_out), cx);
            }
            Input::Timer { id, timer: Timer::Served { call, to, broken, .. } } => {
                self.running -= 1;
                self.free.push(id.0);
                if broken {
                    cx.observe(Observation::Broken { agent: to });
                    cx.send(to, Message::Broken { call });
                } else {
                    cx.send(to, Message::Answer { call });
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_one_minute_and_refills_evenly() {
        let mut bucket = Bucket::new(60);
        let start = Time::from_nanos(5_000_000_000);
        assert_eq!(bucket.lacks(60, start), None);
        assert_eq!(bucket.lacks(61, start), Some(Duration::from_secs(1)));
        (0..60).for_each(|_| bucket.take(1, start));
        assert_eq!(bucket.lacks(1, start), Some(Duration::from_secs(1)));
        let later = start + Duration::from_secs(10);
        assert_eq!(bucket.lacks(10, later), None);
        assert_eq!(bucket.lacks(11, later), Some(Duration::from_secs(1)));
        let mut unlimited = Bucket::new(0);
        unlimited.take(1_000_000_000, start);
        assert_eq!(unlimited.lacks(u64::from(u32::MAX), start), None);
    }
}
