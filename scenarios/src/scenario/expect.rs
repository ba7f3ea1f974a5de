//! `expect`: the expected verdict of a run.

use std::fmt;
use std::str::FromStr;

use sim_core::check::Verdict;
use sim_core::judgment::Judgment;
use sim_core::outcome::Outcome;

/// Every verdict, worst last, as scenarios and people write them.
pub const VERDICTS: [(&str, Verdict); 7] = [
    ("pass", Verdict::Pass),
    ("inconclusive", Verdict::Inconclusive),
    ("assumption", Verdict::Assumption),
    ("service", Verdict::Service),
    ("liveness", Verdict::Liveness),
    ("safety", Verdict::Safety),
    ("crash", Verdict::Crash),
];

/// `assumption` in full; read, never written.
const LONG_ASSUMPTION: &str = "assumption_violated";

/// The name of a verdict.
pub const fn verdict_name(verdict: Verdict) -> &'static str {
    verdict.name()
}

/// A verdict, and by which check if that matters: `safety:bft/agreement`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expectation {
    /// The verdict.
    pub verdict: Verdict,
    /// The check that must have found something.
    pub check: Option<String>,
}

impl Default for Expectation {
    fn default() -> Self {
        Self { verdict: Verdict::Pass, check: None }
    }
}

impl Expectation {
    /// Whether an outcome is what was expected.
    pub fn met(&self, outcome: &Outcome) -> bool {
        let found = |check: &String| outcome.violations.iter().any(|violation| violation.check == *check);
        outcome.verdict == self.verdict && self.check.as_ref().is_none_or(found)
    }

    /// What an outcome comes to against this.
    pub fn judge(&self, outcome: &Outcome) -> Judgment {
        Judgment::of_run(outcome.verdict, self.met(outcome))
    }

    /// What was expected and what came instead, if that differs.
    pub fn contradiction(&self, outcome: &Outcome) -> Option<String> {
        let by = outcome.violations.iter().find(|violation| violation.verdict == outcome.verdict);
        let by = by.filter(|_| self.check.is_some()).map(|by| format!(":{}", by.check));
        let came = verdict_name(outcome.verdict);
        (!self.met(outcome)).then(|| format!("expected {self}, got {came}{}", by.unwrap_or_default()))
    }
}

/// The text names no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown verdict \"{0}\", expected one of pass, inconclusive, assumption, service, liveness, safety, crash, with :check behind it if it matters"
)]
pub struct ParseExpectationError(String);

impl FromStr for Expectation {
    type Err = ParseExpectationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, check) = text.split_once(':').map_or((text, None), |(name, check)| (name, Some(check)));
        let name = if name == LONG_ASSUMPTION { "assumption" } else { name };
        let verdict = VERDICTS.iter().find(|(known, _)| *known == name).map(|(_, verdict)| *verdict);
        let verdict = verdict.ok_or_else(|| ParseExpectationError(name.to_owned()))?;
        Ok(Self { verdict, check: check.map(str::to_owned) })
    }
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(verdict_name(self.verdict))?;
        self.check.as_ref().map_or(Ok(()), |check| write!(f, ":{check}"))
    }
}

sim_core::serde_as_text!(Expectation);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expectations_read_as_they_are_written() {
        for text in ["pass", "safety:bft/agreement", "crash"] {
            assert_eq!(text.parse::<Expectation>().unwrap().to_string(), text);
        }
        assert_eq!("assumption_violated".parse::<Expectation>().unwrap().to_string(), "assumption");
        assert!("fail".parse::<Expectation>().is_err());
        for (name, verdict) in VERDICTS {
            assert_eq!(verdict_name(verdict), name);
        }
    }
}
