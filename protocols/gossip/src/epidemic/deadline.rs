//! How long an epidemic may take.

use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::parameters::{Mode, Parameters};

/// What the length of an epidemic depends on, beside the size of the healed core.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    members: u32,
    /// The longest cycle.
    cycle: Duration,
    /// How long the messages of one contact are usually under way.
    contact: Duration,
    /// How many contacts it takes, as a mean, until one is not lost.
    attempts: u64,
    /// How long clocks that went back may hold up the next cycle.
    held_up: Duration,
}

impl Pace {
    /// The pace of an epidemic with these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        // Who pulls hears after a question and an answer.
        let messages = if parameters.mode == Mode::Push { 1 } else { 2 };
        let arrives = (1.0 - setup.network.loss.as_f64()) * (1.0 - setup.network.corrupt.as_f64());
        let attempts = (0..messages).fold(1.0, |attempts, _| attempts / arrives);
        Self {
            members: setup.members,
            cycle: parameters.longest_cycle(),
            contact: setup.usual_way().saturating_mul(messages),
            attempts: attempts.ceil() as u64,
            held_up: setup.faults.held_up(),
        }
    }

    /// How long it may take to reach all of `core` healed members: a push needs about log2 n + ln n cycles
    /// (PUBLISHED-RESULTS.md, row 9), and c more with probability e^-c. This is 3 log2 n + 20, stretched by the share of
    /// contacts that go to members outside the core and of those that are lost, with as many contacts one after the
    /// other as there are cycles without that.
    pub fn deadline(&self, core: u32) -> Duration {
        let cycles = 3 * u64::from(u32::BITS - self.members.leading_zeros()) + 20;
        let stretch = u64::from(self.members.div_ceil(core.max(1))).saturating_mul(self.attempts);
        let contacts = self.contact.saturating_mul(cycles);
        let cycles = self.cycle.saturating_mul(cycles.saturating_mul(stretch));
        cycles.saturating_add(contacts).saturating_add(self.held_up)
    }
}

#[cfg(test)]
mod tests {
    use sim_core::distribution::Distribution;
    use sim_core::fault::FaultPlan;
    use sim_core::ratio::Ratio;

    use super::*;

    fn deadline(mode: Mode, change: impl FnOnce(&mut Setup)) -> Duration {
        let mut setup = Setup::new(0, 8);
        setup.network.latency = Distribution::Fixed(Duration::ZERO);
        change(&mut setup);
        Pace::new(&Parameters { mode, ..Parameters::default() }, &setup).deadline(4)
    }

    const fn secs(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    #[test]
    fn a_deadline_follows_cycles_latency_losses_and_clocks() {
        // 3 * 4 + 20 cycles of a second, and every other contact goes to somebody outside.
        assert_eq!(deadline(Mode::Push, |_| {}), secs(64));
        let slow = |setup: &mut Setup| setup.network.latency = Distribution::Fixed(secs(3_600));
        assert_eq!(deadline(Mode::Push, slow), secs(64 + 32 * 3_600));
        assert_eq!(deadline(Mode::Pull, slow), secs(64 + 64 * 3_600));
        let lossy = |setup: &mut Setup| setup.network.loss = Ratio::new(1, 2);
        assert_eq!(deadline(Mode::Push, lossy), secs(2 * 64));
        assert_eq!(deadline(Mode::PushPull, lossy), secs(4 * 64));
        let hopeless = |setup: &mut Setup| setup.network.corrupt = Ratio::ONE;
        assert_eq!(deadline(Mode::Push, hopeless), Duration::MAX);
        let back = r#"[{ "at": "1s", "clock": { "target": "n1", "back": "1h" } }]"#;
        let back = |setup: &mut Setup| setup.faults = FaultPlan::new(serde_json::from_str(back).unwrap());
        assert_eq!(deadline(Mode::Pull, back), secs(64 + 3_600));
    }
}
