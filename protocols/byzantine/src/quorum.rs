//! How many votes it takes among members of which some lie.

/// The quorum of a cluster: of its members, or of their voting power if they have different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    votes: u32,
}

impl Quorum {
    /// For so many members, or so much voting power.
    pub const fn of(votes: u32) -> Self {
        Self { votes }
    }

    /// f = floor((n - 1) / 3): how many may lie or stop.
    pub const fn faulty(self) -> u32 {
        self.votes.saturating_sub(1) / 3
    }

    /// floor((n + f) / 2) + 1: two quorums share more than f members, so that one of these is honest. This is 2f + 1 only
    /// where n = 3f + 1; with n = 5 or 6, three votes would not be enough.
    pub const fn size(self) -> u32 {
        (self.votes + self.faulty()) / 2 + 1
    }

    /// f + 1: one of them is honest.
    pub const fn one_honest(self) -> u32 {
        self.faulty() + 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quorums_share_an_honest_member_and_the_honest_are_one() {
        for n in 1..300 {
            let quorum = Quorum::of(n);
            let (f, q) = (quorum.faulty(), quorum.size());
            assert!(n > 3 * f && n < 3 * (f + 1) + 1, "f is the largest that n allows");
            assert!(2 * q > n + f, "two quorums share more than f members");
            assert!(2 * (q - 1) <= n + f, "no smaller number does");
            assert!(q <= n - f, "the honest members are a quorum");
        }
        assert_eq!([4, 5, 6, 7, 10].map(|n| Quorum::of(n).size()), [3, 4, 4, 5, 7]);
    }
}
