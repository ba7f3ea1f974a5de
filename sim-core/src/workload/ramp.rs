//! Arrivals at a rate that rises or falls evenly.
//!
//! Arrivals at rate 1 are stretched: if the expected number of arrivals up to t is
//! N(t) = r t + (s - r) t^2 / 2T for a rate that goes from r to s within T, the i-th arrival comes where N(t) is what a steady
//! process of rate 1 has reached (inversion; Devroye 1986, chapter VI). Only sums, products and square roots are needed, which
//! are the same on every machine.

use super::Rate;
use crate::time::Duration;

/// A rate that changes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ramp {
    /// Arrivals per nanosecond at its beginning.
    from: f64,
    /// Arrivals per nanosecond at its end.
    to: f64,
    /// How long it takes, in nanoseconds.
    length: f64,
}

impl Ramp {
    pub(super) fn new(from: Rate, to: Rate, length: Duration) -> Self {
        Self { from: from.per_nanosecond(), to: to.per_nanosecond(), length: length.as_nanos() as f64 }
    }

    /// How long after its beginning so many arrivals are expected; `None` if that is after its end.
    pub(super) fn when(self, arrivals: f64) -> Option<Duration> {
        let slope = (self.to - self.from) / self.length;
        let square = self.from * self.from + 2.0 * slope * arrivals;
        if square < 0.0 {
            return None;
        }
        let at = 2.0 * arrivals / (self.from + square.sqrt());
        (at <= self.length).then(|| Duration::from_nanos(at as u64))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn arrivals_follow_the_rate() {
        let (slow, fast) = (Rate::per_second(100), Rate::per_second(300));
        // 200 a second in the mean; after half the time the rate is 200 and 75 have come.
        let up = Ramp::new(slow, fast, SECOND);
        let near = |found: Option<Duration>, millis: u64| {
            let found = found.unwrap();
            assert!(found.as_nanos().abs_diff(millis * 1_000_000) < 1_000, "{found} instead of {millis} ms");
        };
        near(up.when(75.0), 500);
        near(up.when(200.0 - 1e-9), 1_000);
        assert_eq!(up.when(200.1), None);
        let down = Ramp::new(fast, slow, SECOND);
        near(down.when(125.0), 500);
        assert_eq!(down.when(200.1), None);
        assert_eq!(down.when(1_000.0), None);
        near(Ramp::new(slow, slow, SECOND).when(50.0), 500);
    }
}
