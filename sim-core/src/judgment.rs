//! What a run or a campaign comes to: one rule for exit codes, badges, reports and whatever other programs are told, so
//! that no two of them can disagree.

use crate::check::Verdict;
use crate::ratio::Ratio;

/// The share of a campaign's runs that must be conclusive where nothing else is said.
pub const MIN_CONCLUSIVE: Ratio = Ratio::new(95, 100);

/// What a run or a campaign comes to, against what was expected of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgment {
    /// What was expected, and enough happened to say so.
    AsExpected,
    /// Too little happened to say anything.
    Inconclusive,
    /// Something accuses the protocol, or is not what was expected.
    Finding,
    /// There was nothing to run.
    NothingRan,
    /// Somebody ended it early.
    Interrupted,
}

impl Judgment {
    /// Judges one run by its verdict, and by whether that is what was expected.
    pub const fn of_run(verdict: Verdict, as_expected: bool) -> Self {
        match verdict {
            _ if as_expected => Self::AsExpected,
            Verdict::Inconclusive => Self::Inconclusive,
            _ => Self::Finding,
        }
    }

    /// In capital letters, as badges and headlines say it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::AsExpected => "AS EXPECTED",
            Self::Inconclusive => "INCONCLUSIVE",
            Self::Finding => "NOT AS EXPECTED",
            Self::NothingRan => "NOTHING RAN",
            Self::Interrupted => "INTERRUPTED",
        }
    }

    /// Its name in documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AsExpected => "as-expected",
            Self::Inconclusive => "inconclusive",
            Self::Finding => "finding",
            Self::NothingRan => "nothing-ran",
            Self::Interrupted => "interrupted",
        }
    }
}

/// What counts in a campaign of many runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Campaign {
    /// Runs made.
    pub runs: u64,
    /// Runs that accuse the protocol against what is expected, or came to a conclusive end that is not expected, and
    /// whatever else contradicts what the campaign states.
    pub contradictions: u64,
    /// What the campaign demands and did not show: conclusive runs, faults of each family, checks that are exercised,
    /// laws that can be judged.
    pub missed: usize,
    /// Whether somebody ended it early.
    pub interrupted: bool,
}

impl Campaign {
    /// Judges the campaign.
    pub const fn judge(self) -> Judgment {
        match self {
            Self { interrupted: true, .. } => Judgment::Interrupted,
            Self { runs: 0, .. } => Judgment::NothingRan,
            Self { contradictions: 1.., .. } => Judgment::Finding,
            Self { missed: 1.., .. } => Judgment::Inconclusive,
            _ => Judgment::AsExpected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_judged_by_what_was_expected() {
        for (verdict, as_expected, judgment) in [
            (Verdict::Pass, true, Judgment::AsExpected),
            (Verdict::Safety, true, Judgment::AsExpected),
            (Verdict::Inconclusive, true, Judgment::AsExpected),
            (Verdict::Inconclusive, false, Judgment::Inconclusive),
            (Verdict::Pass, false, Judgment::Finding),
            (Verdict::Assumption, false, Judgment::Finding),
            (Verdict::Crash, false, Judgment::Finding),
        ] {
            assert_eq!(Judgment::of_run(verdict, as_expected), judgment, "{verdict:?} {as_expected}");
        }
    }

    #[test]
    fn a_campaign_that_shows_too_little_is_no_pass() {
        let whole = Campaign { runs: 10, ..Campaign::default() };
        for (campaign, judgment) in [
            (whole, Judgment::AsExpected),
            (Campaign { missed: 1, ..whole }, Judgment::Inconclusive),
            (Campaign { contradictions: 1, missed: 1, ..whole }, Judgment::Finding),
            (Campaign { runs: 0, missed: 1, ..whole }, Judgment::NothingRan),
            (Campaign { interrupted: true, contradictions: 1, ..whole }, Judgment::Interrupted),
        ] {
            assert_eq!(campaign.judge(), judgment, "{campaign:?}");
        }
    }
}
