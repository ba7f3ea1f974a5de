//! The parameters of heartbeats.

use sim_core::registry::parameters::ABOVE_ZERO;
use sim_core::time::Duration;

sim_core::parameters! {
    /// How members tell that others are gone.
    #[derive(Copy)]
    pub struct Parameters {
        /// How a silence is judged.
        detector: Detector = "phi-normal", drawn |_, _, dice| dice.pick(Detector::ALL);
        /// How often a member tells others that it lives, and looks at those that it hears.
        interval: Duration = "1s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(100), 1..=10);
        /// How many others each member tells: the next ones on a ring of all; 0 for everybody. Akka has 9.
        watchers: u32 = 9, in 0..=256, drawn |_, _, dice| dice.pick(&[0, 1, 3, 9]);
        /// The longest silence that is trusted, of the detector `timeout`.
        timeout: Duration = "5s", in ABOVE_ZERO, must |own| own.timeout >= own.interval, "must be as long as the interval at least",
            drawn |_, drawn, dice| drawn.interval * dice.within(2..=6);
        /// The largest phi that is trusted: 8 is one mistake in 10^8 heartbeats, if gaps are distributed as assumed.
        threshold: u32 = 8, in 1..=32, drawn |_, _, dice| dice.pick(&[4, 8, 8, 12]);
        /// How much longer than the mean a gap may be before phi grows, of `phi-normal`. Akka's cluster has 3 s.
        acceptable_pause: Duration = "3s",
            drawn |_, drawn, dice| drawn.interval * dice.within(0..=3);
        /// The least standard deviation that is assumed, of `phi-normal`. Akka has 100 ms.
        min_deviation: Duration = "100ms", in ABOVE_ZERO,
            drawn |own, _, dice| dice.eighths(own.min_deviation, 4..=16);
        /// How many gaps are remembered. Cassandra has 1,000.
        samples: u32 = 100, in 2..=1_000, drawn |_, _, dice| dice.pick(&[10, 100]);
        /// Gaps longer than this many intervals are not remembered, and neither is one in which there was a suspicion: a
        /// silence is no example of how members beat. Cassandra has 2.
        longest_sample: u32 = 2, in 1..=16, drawn |_, _, dice| dice.within(2..=4) as u32;
    }
}

sim_core::choices! {
    /// How a silence is judged.
    pub enum Detector {
        /// Longer than a constant.
        Timeout = "timeout",
        /// Phi, with gaps that are distributed normally (as in Akka).
        PhiNormal = "phi-normal",
        /// Phi, with gaps that are distributed exponentially (as in Cassandra).
        PhiExponential = "phi-exponential",
    }
}

impl Parameters {
    /// How many others each member tells, of so many.
    pub fn watchers_of(&self, members: u32) -> u32 {
        let others = members.saturating_sub(1);
        if self.watchers == 0 { others } else { self.watchers.min(others) }
    }
}
