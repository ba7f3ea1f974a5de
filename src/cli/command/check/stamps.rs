//! How the stamps of a history are written: in one unit, and with as many digits as tell them apart.

use sim_core::time::Time;

/// Units, the largest first, in nanoseconds, each with how many digits it can have behind the point.
const UNITS: [(&str, u64, usize); 4] =
    [("s", 1_000_000_000, 9), ("ms", 1_000_000, 6), ("us", 1_000, 3), ("ns", 1, 0)];

/// A unit, and how many digits stand behind the point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamps {
    unit: &'static str,
    scale: u64,
    digits: usize,
}

impl Stamps {
    /// For these stamps: the largest unit of which the last one has at least one, and three, six or nine digits, so that two
    /// that differ are not written alike.
    pub(super) fn of(stamps: impl Iterator<Item = Time>) -> Self {
        let mut stamps: Vec<u64> = stamps.map(Time::as_nanos).collect();
        stamps.sort_unstable();
        stamps.dedup();
        let last = stamps.last().copied().unwrap_or(0);
        let nothing = UNITS[1];
        let found = UNITS.into_iter().find(|(_, scale, _)| last >= *scale);
        let (unit, scale, most) = found.unwrap_or(nothing);
        let apart = |digits: usize| {
            let step = scale / 10_u64.pow(digits as u32);
            stamps.windows(2).all(|pair| pair[0] / step != pair[1] / step)
        };
        let digits = (3..=most).step_by(3).find(|digits| apart(*digits)).unwrap_or(most);
        Self { unit, scale, digits }
    }

    /// `12.345 s`, `7 ns`.
    pub(super) fn words(self, at: Time) -> String {
        let Self { unit, scale, digits } = self;
        let (whole, rest) = (at.as_nanos() / scale, at.as_nanos() % scale);
        if digits == 0 {
            return format!("{whole} {unit}");
        }
        format!("{whole}.{:0digits$} {unit}", rest / (scale / 10_u64.pow(digits as u32)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_that_differ_are_written_differently_in_one_unit() {
        let written = |stamps: &[u64]| {
            let times = || stamps.iter().map(|at| Time::from_nanos(*at));
            let stamps = Stamps::of(times());
            times().map(|at| stamps.words(at)).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(written(&[0, 5, 12]), "0 ns, 5 ns, 12 ns");
        assert_eq!(written(&[1_500, 2_000]), "1.500 us, 2.000 us");
        assert_eq!(written(&[0, 2_000_000, 3_400_000]), "0.000 ms, 2.000 ms, 3.400 ms");
        assert_eq!(written(&[412_000_000, 61_000_000_000]), "0.412 s, 61.000 s");
        assert_eq!(written(&[61_000_000_000, 61_000_200_000]), "61.000000 s, 61.000200 s");
        assert_eq!(written(&[61_000_000_000, 61_000_000_001]), "61.000000000 s, 61.000000001 s");
        assert_eq!((written(&[0]), written(&[])), ("0.000 ms".to_owned(), String::new()));
    }
}
