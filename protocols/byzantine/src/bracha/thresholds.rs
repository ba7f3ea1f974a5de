//! How many votes it takes (Bracha 1987, figure 1).

use crate::quorum::Quorum;

/// The thresholds of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds(Quorum);

impl Thresholds {
    /// For `members` members, of which as many may lie as `n >= 3f + 1` allows.
    pub const fn new(members: u32) -> Self {
        Self(Quorum::of(members))
    }

    /// f: how many may lie or stop.
    pub const fn faulty(self) -> u32 {
        self.0.faulty()
    }

    /// Echoes that make a member ready: more than (n + f) / 2, so that two such sets share an honest member.
    pub const fn echoes(self) -> u32 {
        self.0.size()
    }

    /// Readies that make a member ready: f + 1, so that one of them is honest.
    pub const fn amplify(self) -> u32 {
        self.0.one_honest()
    }

    /// Readies that deliver: 2f + 1, so that f + 1 of them are honest and make everybody ready.
    pub const fn deliver(self) -> u32 {
        2 * self.0.faulty() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorums_do_what_the_proofs_need() {
        for n in 1..200 {
            let thresholds = Thresholds::new(n);
            let f = thresholds.faulty();
            assert!(n > 3 * f && n < 3 * (f + 1) + 1, "f is the largest that n allows");
            assert!(2 * thresholds.echoes() > n + f, "two echo quorums share more than f members");
            assert!(2 * (thresholds.echoes() - 1) <= n + f, "and no smaller number does");
            assert!(thresholds.echoes() <= n - f, "the honest members alone are enough to echo");
            assert!(thresholds.deliver() <= n - f, "and to deliver");
            assert!(thresholds.deliver() - f >= thresholds.amplify(), "who delivers makes everybody ready");
        }
    }
}
