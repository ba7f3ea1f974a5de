//! Gaps between heartbeats, and what they make of a silence.

use sim_core::math;
use sim_core::time::Duration;

use super::parameters::{Detector, Parameters};

/// The last gaps, in microseconds, with their sum and the sum of their squares: whole numbers, so that nothing drifts.
#[derive(Clone, Debug)]
pub struct History {
    gaps: Vec<u32>,
    /// Where the next one goes once there are as many as are remembered.
    next: usize,
    sum: u64,
    squares: u128,
}

impl History {
    /// What is assumed before anything was heard: two gaps, a quarter of an interval below it and above it (as in Akka).
    pub fn assumed(parameters: &Parameters) -> Self {
        let mut history = Self { gaps: Vec::new(), next: 0, sum: 0, squares: 0 };
        let (interval, quarter) = (parameters.interval, parameters.interval / 4);
        history.add(interval - quarter, parameters.samples);
        history.add(interval + quarter, parameters.samples);
        history
    }

    /// Remembers a gap, and forgets the oldest one if there are more than `most`.
    pub fn add(&mut self, gap: Duration, most: u32) {
        let gap = u32::try_from(gap.as_nanos() / 1_000).unwrap_or(u32::MAX);
        if self.gaps.len() < most as usize {
            self.gaps.push(gap);
        } else {
            let oldest = std::mem::replace(&mut self.gaps[self.next], gap);
            self.sum -= u64::from(oldest);
            self.squares -= u128::from(oldest) * u128::from(oldest);
            self.next = (self.next + 1) % self.gaps.len();
        }
        self.sum += u64::from(gap);
        self.squares += u128::from(gap) * u128::from(gap);
    }

    /// The mean of the gaps, in microseconds.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / self.gaps.len().max(1) as f64
    }

    /// Their standard deviation, in microseconds.
    pub fn deviation(&self) -> f64 {
        let mean = self.mean();
        math::sqrt((self.squares as f64 / self.gaps.len().max(1) as f64 - mean * mean).max(0.0))
    }
}

/// Whether a silence is longer than is trusted.
pub fn is_too_long(parameters: &Parameters, history: &History, silence: Duration) -> bool {
    match parameters.detector {
        Detector::Timeout => silence > parameters.timeout,
        Detector::PhiNormal | Detector::PhiExponential => {
            phi(parameters, history, silence) > f64::from(parameters.threshold)
        }
    }
}

/// The negative decimal logarithm of the probability that a gap lasts so long.
pub fn phi(parameters: &Parameters, history: &History, silence: Duration) -> f64 {
    let silence = micros(silence);
    if parameters.detector == Detector::PhiExponential {
        return silence / history.mean().max(1.0) / std::f64::consts::LN_10;
    }
    let deviation = history.deviation().max(micros(parameters.min_deviation));
    let mean = history.mean() + micros(parameters.acceptable_pause);
    let later = math::erfc((silence - mean) / deviation / std::f64::consts::SQRT_2) / 2.0;
    -math::log10(later)
}

/// The longest silence that may be trusted, whatever gaps are remembered: none of them is longer than `longest_sample`
/// intervals, so their mean is not, and their deviation is at most half of that. (The tail of a normal distribution beyond z
/// deviations is less than exp(-z^2/2).)
pub fn longest_silence(parameters: &Parameters) -> Duration {
    let longest = micros(parameters.interval * u64::from(parameters.longest_sample.max(2)));
    let threshold = f64::from(parameters.threshold) * std::f64::consts::LN_10;
    let bound = match parameters.detector {
        Detector::Timeout => return parameters.timeout,
        Detector::PhiExponential => longest * threshold,
        Detector::PhiNormal => {
            let deviation = (longest / 2.0).max(micros(parameters.min_deviation));
            longest + micros(parameters.acceptable_pause) + deviation * math::sqrt(2.0 * threshold)
        }
    };
    // The conversion saturates.
    Duration::from_micros((bound + 1.0) as u64)
}

/// The shortest silence that may be suspected, whatever gaps are remembered.
pub fn shortest_silence(parameters: &Parameters) -> Duration {
    match parameters.detector {
        Detector::Timeout => parameters.timeout,
        Detector::PhiNormal => parameters.acceptable_pause,
        Detector::PhiExponential => Duration::ZERO,
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_nanos() as f64 / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_history_is_what_a_naive_one_is() {
        let parameters = Parameters { samples: 5, ..Parameters::default() };
        let mut history = History::assumed(&parameters);
        let mut naive = vec![750_000.0, 1_250_000.0];
        for step in 0..40_u64 {
            let gap = ms(900 + step * 37 % 300);
            history.add(gap, 5);
            naive.push(micros(gap));
            let last = &naive[naive.len().saturating_sub(5)..];
            let mean = last.iter().sum::<f64>() / last.len() as f64;
            let variance =
                last.iter().map(|gap| (gap - mean) * (gap - mean)).sum::<f64>() / last.len() as f64;
            assert!(
                (history.mean() - mean).abs() < 1e-6 && (history.deviation() - variance.sqrt()).abs() < 1e-3
            );
        }
    }

    /// With gaps of exactly a second and no pause, Akka's normal distribution has the deviation 100 ms.
    #[test]
    fn phi_is_the_logarithm_of_the_tail() {
        let akka = Parameters { acceptable_pause: Duration::ZERO, samples: 2, ..Parameters::default() };
        let mut history = History::assumed(&akka);
        (0..2).for_each(|_| history.add(ms(1_000), 2));
        let at = |millis| phi(&akka, &history, ms(millis));
        assert!(
            (at(1_000) - std::f64::consts::LOG10_2).abs() < 1e-4,
            "half of all gaps are longer than the mean"
        );
        // One, two and three deviations: tails of 0.158655, 0.0227501 and 0.0013499.
        assert!((at(1_100) - 0.799_546).abs() < 1e-3 && (at(1_200) - 1.643_016).abs() < 1e-3);
        assert!((at(1_300) - 2.869_698).abs() < 1e-3, "{}", at(1_300));
        let cassandra = Parameters { detector: Detector::PhiExponential, ..akka };
        // Cassandra's constant is 1 / ln 10.
        assert!((phi(&cassandra, &history, ms(8_000)) - 8.0 * std::f64::consts::LOG10_E).abs() < 1e-6);
    }

    #[test]
    fn no_silence_lasts_longer_than_the_bound() {
        for detector in Detector::ALL {
            for (samples, threshold) in [(2, 1), (10, 8), (100, 32)] {
                let parameters =
                    Parameters { detector: *detector, samples, threshold, ..Parameters::default() };
                let bound = longest_silence(&parameters);
                // The gaps with the largest mean, and those with the largest deviation.
                for gaps in [[2_000, 2_000], [0, 2_000]] {
                    let mut history = History::assumed(&parameters);
                    (0..samples / 2).for_each(|_| gaps.iter().for_each(|gap| history.add(ms(*gap), samples)));
                    assert!(is_too_long(&parameters, &history, bound + ms(1)), "{parameters:?}");
                    assert!(
                        !is_too_long(&parameters, &history, shortest_silence(&parameters)),
                        "{parameters:?}"
                    );
                }
            }
        }
    }
}
