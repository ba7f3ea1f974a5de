//! The parameters of an epidemic.

use serde::{Deserialize, Serialize};
use sim_core::ratio::Ratio;
use sim_core::time::Duration;

/// How an epidemic spreads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// What a contact does.
    pub mode: Mode,
    /// When contacts happen.
    pub rhythm: Rhythm,
    /// Length of a cycle.
    pub period: Duration,
    /// Free-running only: each cycle is longer or shorter by up to this share of the period, drawn anew.
    pub jitter: Ratio,
    /// When an infective agent stops spreading.
    pub interest: Interest,
    /// The paper's k: a counter's limit, or one over a coin's probability; 1 to 255, without meaning for `never`.
    pub k: u8,
    /// How many rumors there are: 1 to 64, and 1 where interest can be lost.
    pub rumors: u32,
    /// How many agents know each rumor at the start: rumor 0 starts at the first `initial` agents, rumor 1 at the next.
    pub initial: u32,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            mode: Mode::PushPull,
            rhythm: Rhythm::FreeRunning,
            period: Duration::from_secs(1),
            jitter: Ratio::ZERO,
            interest: Interest::Never,
            k: 1,
            rumors: 1,
            initial: 1,
        }
    }
}

/// What a contact does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// An infective agent tells the other.
    Push,
    /// Every agent asks the other.
    Pull,
    /// Both in one contact.
    PushPull,
}

/// When contacts happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rhythm {
    /// Each agent has a phase of its own, drawn at its start, and spreads what it learns at once.
    FreeRunning,
    /// All cycles begin together, at multiples of the period on each agent's clock; what is learned in one cycle is
    /// spread from the next one on, and counts as needed by all who told it in that cycle (so the paper's table 1). A
    /// contact must fit in its cycle: one-way latency above 0 and below a third of the period.
    Synchronous,
}

/// When an infective agent stops spreading (Demers et al. 1987, section 1.4). Judged at the end of each cycle in which
/// it sent a rumor, whatever the number of agents that it sent it to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interest {
    /// Never (simple epidemic).
    Never,
    /// With probability 1/k, whether or not the rumor was needed.
    BlindCoin,
    /// After k cycles, whether or not the rumor was needed.
    BlindCounter,
    /// With probability 1/k, if nobody needed the rumor.
    FeedbackCoin,
    /// After k cycles in a row in which nobody needed the rumor: the counter is reset if anybody needed it, raised by one
    /// if nobody did, and kept if nobody was told.
    FeedbackCounter,
}

impl Interest {
    /// Whether the rule needs to be told if a rumor was news.
    #[inline]
    pub const fn wants_feedback(self) -> bool {
        matches!(self, Self::FeedbackCoin | Self::FeedbackCounter)
    }
}

/// Why parameters make no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Absurd {
    /// A cycle has no length.
    #[error("a period must be longer than 0s")]
    Period,
    /// A cycle could have no length.
    #[error("jitter must be less than the whole period")]
    Jitter,
    /// The k of a rule is zero.
    #[error("k must be at least 1")]
    K,
    /// Too few or too many rumors.
    #[error("there are 1 to 64 rumors")]
    Rumors,
    /// One counter cannot serve several rumors.
    #[error("interest can be lost in one rumor only: set rumors to 1 or interest to \"never\"")]
    RumorsOfInterest,
    /// Nobody knows the rumor.
    #[error("at least one agent must know each rumor at the start")]
    Initial,
}

impl Absurd {
    /// The parameter to look at.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Period => "period",
            Self::Jitter => "jitter",
            Self::K => "k",
            Self::Rumors | Self::RumorsOfInterest => "rumors",
            Self::Initial => "initial",
        }
    }
}

impl Parameters {
    /// Whether they make sense.
    ///
    /// # Errors
    /// With the first parameter that does not.
    pub fn validate(&self) -> Result<(), Absurd> {
        let wrong = [
            (self.period.is_zero(), Absurd::Period),
            (self.jitter == Ratio::ONE || self.spread() >= self.period, Absurd::Jitter),
            (self.k == 0, Absurd::K),
            (self.rumors == 0 || self.rumors > 64, Absurd::Rumors),
            (self.rumors > 1 && self.interest != Interest::Never, Absurd::RumorsOfInterest),
            (self.initial == 0, Absurd::Initial),
        ];
        wrong.into_iter().find(|(is, _)| *is).map_or(Ok(()), |(_, absurd)| Err(absurd))
    }

    /// How much a cycle may differ from the period.
    pub fn spread(&self) -> Duration {
        Duration::from_nanos(self.jitter.of(self.period.as_nanos()))
    }

    /// The longest that a cycle can be.
    pub fn longest_cycle(&self) -> Duration {
        self.period.saturating_add(self.spread())
    }

    /// Every rumor.
    pub const fn all(&self) -> u64 {
        if self.rumors >= 64 { u64::MAX } else { (1 << self.rumors) - 1 }
    }

    /// What the agent of this number knows at genesis: nothing or one rumor.
    pub const fn known_at_genesis(&self, agent: u32) -> u64 {
        let rumor = agent / self.initial;
        if rumor < self.rumors { 1 << rumor } else { 0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rumors_start_in_blocks_of_agents() {
        let two = Parameters { rumors: 2, initial: 3, ..Parameters::default() };
        let known: Vec<u64> = (0..8).map(|agent| two.known_at_genesis(agent)).collect();
        assert_eq!(known, [1, 1, 1, 2, 2, 2, 0, 0]);
        assert_eq!(two.all(), 3);
        assert_eq!(Parameters { rumors: 64, ..Parameters::default() }.all(), u64::MAX);
    }

    #[test]
    fn absurd_parameters_are_named() {
        let base = Parameters::default;
        assert_eq!(base().validate(), Ok(()));
        let endless = Duration::from_nanos(u64::MAX);
        assert_eq!(Parameters { period: endless, ..base() }.validate(), Ok(()), "long is not absurd");
        for (parameters, absurd) in [
            (Parameters { period: Duration::ZERO, ..base() }, Absurd::Period),
            (Parameters { jitter: Ratio::ONE, ..base() }, Absurd::Jitter),
            (Parameters { k: 0, ..base() }, Absurd::K),
            (Parameters { rumors: 65, ..base() }, Absurd::Rumors),
            (Parameters { rumors: 2, interest: Interest::BlindCoin, ..base() }, Absurd::RumorsOfInterest),
            (Parameters { initial: 0, ..base() }, Absurd::Initial),
        ] {
            assert_eq!(parameters.validate(), Err(absurd));
        }
    }
}
