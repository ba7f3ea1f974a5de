//! A circuit breaker between an agent and somebody who serves many: the model, or the coordinator. One that is down or overloaded is left
//! alone: what nobody waits for any more uses up a limit, and what is behind it, long after it is back.
//!
//! Closed, everything goes out. After some failures or silences in a row it is open, and nothing goes out for a while. Then one word
//! tries: its answer closes the breaker, and a failure or silence opens it again. A refusal with 429 is an answer. (Nygard, "Release
//! It!", 2007, section 5.2.)

use sim_core::time::{Duration, Time};

/// What an agent may do about a call, or a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Make it.
    Call,
    /// Wait that long, and ask again.
    Wait(Duration),
}

/// A breaker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Breaker {
    /// After how many calls it opens; 0 never.
    limit: u32,
    pause: Duration,
    /// How many calls in a row had no answer or failed.
    failures: u32,
    /// Until when no call goes out, or no other than the one that tries.
    open_until: Option<Time>,
    /// Whether one is out that tries.
    tries: bool,
    /// Plant S20: once open, it stays open.
    sticks: bool,
}

impl Breaker {
    /// A closed one that opens after so many calls, for so long.
    pub(crate) const fn new(limit: u32, pause: Duration) -> Self {
        Self { limit, pause, failures: 0, open_until: None, tries: false, sticks: false }
    }

    /// The same; whether it stays open once it is, which is a bug.
    pub(crate) const fn sticking(self, sticks: bool) -> Self {
        Self { sticks, ..self }
    }

    /// Somebody wants to call. Whoever comes first after the pause tries; it has `patience` for an answer.
    pub(crate) fn leave(&mut self, now: Time, patience: Duration) -> Leave {
        match self.open_until {
            Some(until) if now < until || self.sticks => Leave::Wait(until.since(now).min(self.pause)),
            Some(_) => {
                (self.open_until, self.tries) = (Some(now.saturating_add(patience)), true);
                Leave::Call
            }
            None => Leave::Call,
        }
    }

    /// A call failed, or had no answer; after how many in a row it opens now, if it does.
    pub(crate) fn failed(&mut self, now: Time) -> Option<u32> {
        self.failures = self.failures.saturating_add(1);
        self.tries = false;
        if self.limit == 0 || self.failures < self.limit {
            return None;
        }
        let was_closed = self.open_until.is_none();
        self.open_until = Some(now.saturating_add(self.pause));
        was_closed.then_some(self.failures)
    }

    /// Something had no answer that goes out whether the breaker is open or not, such as a beat. While it is open, that counts only if
    /// one is out that tries: else beats without an answer would put off whoever is to try for ever.
    pub(crate) fn unanswered(&mut self, now: Time) -> Option<u32> {
        if self.is_open() && !self.tries { None } else { self.failed(now) }
    }

    /// Whether nothing goes out but what tries.
    pub(crate) const fn is_open(&self) -> bool {
        self.open_until.is_some()
    }

    /// There was an answer; whether it was open.
    pub(crate) fn answered(&mut self) -> bool {
        self.failures = 0;
        !self.sticks && self.open_until.take().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn at(seconds: u64) -> Time {
        Time::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn one_call_tries_after_the_pause_and_its_answer_lets_all_others_go() {
        let mut breaker = Breaker::new(2, Duration::from_secs(10));
        assert_eq!((breaker.failed(at(0)), breaker.leave(at(1), PATIENCE)), (None, Leave::Call));
        assert_eq!(breaker.failed(at(2)), Some(2));
        assert_eq!(breaker.leave(at(3), PATIENCE), Leave::Wait(Duration::from_secs(9)));
        assert_eq!(breaker.leave(at(12), PATIENCE), Leave::Call, "this one tries");
        assert_eq!(breaker.leave(at(13), PATIENCE), Leave::Wait(Duration::from_secs(10)));
        assert_eq!(breaker.failed(at(14)), None, "it is open already");
        assert_eq!(breaker.leave(at(15), PATIENCE), Leave::Wait(Duration::from_secs(9)));
        assert_eq!(breaker.leave(at(24), PATIENCE), Leave::Call);
        assert!(breaker.answered());
        assert_eq!(breaker.leave(at(25), PATIENCE), Leave::Call);
        assert!(!breaker.answered());
    }

    #[test]
    fn beats_without_an_answer_do_not_put_off_whoever_tries() {
        let mut breaker = Breaker::new(2, Duration::from_secs(10));
        assert_eq!([0, 1].map(|second| breaker.unanswered(at(second))), [None, Some(2)]);
        assert!((2..11).all(|second| breaker.unanswered(at(second)).is_none()));
        assert_eq!(breaker.leave(at(11), PATIENCE), Leave::Call, "ten seconds after it opened");
        assert_eq!(breaker.unanswered(at(12)), None);
        assert_eq!(
            breaker.leave(at(13), PATIENCE),
            Leave::Wait(Duration::from_secs(9)),
            "that had no answer either"
        );
    }

    #[test]
    fn an_answer_in_between_starts_the_count_again() {
        let mut breaker = Breaker::new(2, Duration::from_secs(10));
        assert_eq!(breaker.failed(at(0)), None);
        assert!(!breaker.answered());
        assert_eq!(breaker.failed(at(1)), None);
        let mut never = Breaker::new(0, Duration::from_secs(10));
        assert!((0..100).all(|_| never.failed(at(0)).is_none()));
    }
}
