//! A latency for each link that is drawn once and kept for the whole run.
//!
//! Nothing is stored per link: the latency is a function of the seed and the two ends, and is drawn again for each message.

use serde::{Deserialize, Serialize};

use crate::distribution::{Distribution, Sampler};
use crate::random::{Draw, Keyed, Purpose};
use crate::time::Duration;

/// Latency by link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkLatency {
    /// What the one-way latency of each link is drawn from, once per run.
    pub latency: Distribution,
    /// What each message takes more; nothing if absent.
    #[serde(default)]
    pub jitter: Distribution,
    /// Whether the two ways of a link have latencies of their own.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asymmetric: bool,
}

/// Latencies by link, ready to draw from.
#[derive(Clone, Debug)]
pub(super) struct LinkSampler {
    keyed: Keyed,
    latency: Sampler,
    jitter: Sampler,
    asymmetric: bool,
}

impl LinkSampler {
    pub(super) fn new(model: &LinkLatency, seed: u64) -> Self {
        Self {
            keyed: Keyed::new(seed, Purpose::Latency),
            latency: model.latency.compile(),
            jitter: model.jitter.compile(),
            asymmetric: model.asymmetric,
        }
    }

    /// The latency of a link without jitter.
    fn of(&self, from: usize, to: usize) -> Duration {
        let (a, b) = if self.asymmetric { (from, to) } else { (from.min(to), from.max(to)) };
        let mut draw = Draw::new(self.keyed, a as u64, b as u64);
        let word = draw.next_u64();
        self.latency.sample(word, &mut draw)
    }

    #[inline]
    pub(super) fn sample(&self, from: usize, to: usize, word: u64, more: &mut Draw) -> Duration {
        self.of(from, to).saturating_add(self.jitter.sample(word, more))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampler(seed: u64, asymmetric: bool) -> LinkSampler {
        let latency =
            Distribution::Uniform { min: Duration::from_millis(1), max: Duration::from_millis(100) };
        LinkSampler::new(&LinkLatency { latency, jitter: Distribution::default(), asymmetric }, seed)
    }

    #[test]
    fn a_link_keeps_its_latency_and_others_have_their_own() {
        let one = sampler(1, false);
        let draw = |word: u64| {
            let mut more = Draw::new(Keyed::new(9, Purpose::Fate), word, 0);
            one.sample(3, 5, word, &mut more)
        };
        assert!((0..100).all(|message| draw(message << 57) == draw(0)), "no message moves it");
        assert_eq!(one.of(3, 5), one.of(5, 3));
        let two_ways = sampler(1, true);
        assert_ne!(two_ways.of(3, 5), two_ways.of(5, 3));
        assert_ne!(one.of(3, 5), sampler(2, false).of(3, 5), "another seed is another network");
        // Links are spread as the distribution says: a tenth of them in each tenth.
        let mut tenths = [0; 10];
        for a in 0..200 {
            for b in 0..a {
                tenths[((one.of(a, b).as_nanos() - 1_000_000) / 9_900_001) as usize] += 1;
            }
        }
        assert!(tenths.iter().all(|links| (1_800..2_200).contains(links)), "{tenths:?}");
    }

    #[test]
    fn jitter_comes_on_top() {
        let latency = Distribution::Fixed(Duration::from_millis(10));
        let jitter = Distribution::Uniform { min: Duration::ZERO, max: Duration::from_millis(2) };
        let sampler = LinkSampler::new(&LinkLatency { latency, jitter, asymmetric: false }, 1);
        let draw = |word: u64| {
            let mut more = Draw::new(Keyed::new(9, Purpose::Fate), word, 0);
            sampler.sample(0, 1, word, &mut more)
        };
        assert_eq!(draw(0), Duration::from_millis(10));
        assert!(
            draw(u64::MAX) > Duration::from_micros(11_990) && draw(u64::MAX) <= Duration::from_millis(12)
        );
    }
}
