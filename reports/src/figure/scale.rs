//! From values to shares of an axis, and where an axis has its ticks.

use sim_core::math;

use super::number::{grouped, tick};
use super::{Axis, Scale};

/// A tick: where, and what stands there.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) label: String,
}

/// Whether an axis shows zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ground {
    /// Always: what is drawn stands on it.
    Zero,
    /// Unless that would waste most of the height.
    High,
    /// Only if it is near.
    Wide,
}

/// An axis with ends.
#[derive(Clone, Debug)]
pub(super) struct Measure<'a> {
    scale: &'a Scale,
    /// Whether it shows plain whole numbers only, as terms are: there is nothing to name between them.
    whole: bool,
    /// The ends, in values.
    pub(super) low: f64,
    pub(super) high: f64,
}

impl<'a> Measure<'a> {
    /// The axis for these values.
    pub(super) fn new(axis: &'a Axis, values: impl Iterator<Item = f64>, ground: Ground) -> Self {
        let usable = |value: &f64| value.is_finite() && (axis.scale != Scale::Log || *value > 0.0);
        let mut whole = axis.unit.is_empty();
        let ends = values.filter(usable).fold(None, |ends: Option<(f64, f64)>, value| {
            whole &= value.fract() == 0.0;
            Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let (low, high) = axis.range.unwrap_or_else(|| widen(&axis.scale, ends, ground));
        Self { scale: &axis.scale, whole, low, high }
    }

    /// Where a value lies between the ends, 0 to 1; `None` if it has no place.
    pub(super) fn share(&self, value: f64) -> Option<f64> {
        let (low, high) = (self.warp(self.low)?, self.warp(self.high)?);
        let at = self.warp(value)?;
        (high > low).then_some((at - low) / (high - low))
    }

    /// Like [`Self::share`], with what lies outside moved to the nearest end.
    pub(super) fn inside(&self, value: f64) -> Option<f64> {
        self.share(value.clamp(self.low, self.high))
    }

    fn warp(&self, value: f64) -> Option<f64> {
        let warped = match self.scale {
            Scale::Linear | Scale::Names(_) => value,
            Scale::Log if value > 0.0 => math::log10(value),
            Scale::Tail if value < 1.0 => -math::log10(1.0 - value.max(0.0)),
            Scale::Log | Scale::Tail => return None,
        };
        warped.is_finite().then_some(warped)
    }

    /// Marks between the ticks of a logarithmic axis, at whole multiples of powers of ten: they show that it is one, and help
    /// to read values. None where they would be too near each other.
    pub(super) fn marks(&self, wanted: f64) -> Vec<f64> {
        if *self.scale != Scale::Log || self.low <= 0.0 || math::log10(self.high / self.low) > 1.5 * wanted {
            return Vec::new();
        }
        let powers = math::log10(self.low).floor() as i32..=math::log10(self.high).ceil() as i32;
        let all = powers.flat_map(|power| (1..10).map(move |times| f64::from(times) * 10_f64.powi(power)));
        all.filter(|value| (self.low..=self.high).contains(value)).collect()
    }

    /// The ticks, about `wanted` of them; more where fewer than two would be left, which measure nothing.
    pub(super) fn ticks(&self, wanted: f64) -> Vec<Tick> {
        let mut found = self.about(wanted);
        for more in [2.0, 4.0] {
            if found.len() < 2 {
                found = self.about(more * wanted);
            }
        }
        found
    }

    fn about(&self, wanted: f64) -> Vec<Tick> {
        let all = match self.scale {
            Scale::Linear => linear_ticks(self.low, self.high, wanted, if self.whole { 1.0 } else { 0.0 }),
            Scale::Log => log_ticks(self.low, self.high, wanted),
            Scale::Tail => tail_ticks(),
            Scale::Names(names) => {
                let name =
                    |(index, name): (usize, &String)| Tick { value: index as f64, label: name.clone() };
                names.iter().enumerate().map(name).collect()
            }
        };
        let slack = (self.high - self.low) * 1e-9;
        all.into_iter().filter(|t| t.value >= self.low - slack && t.value <= self.high + slack).collect()
    }
}

fn widen(scale: &Scale, ends: Option<(f64, f64)>, ground: Ground) -> (f64, f64) {
    match scale {
        Scale::Names(names) => (-0.5, names.len().max(1) as f64 - 0.5),
        Scale::Tail => (0.0, ends.map_or(0.9, |(_, high)| high.clamp(0.9, 1.0 - 1e-9))),
        Scale::Log => {
            let (low, high) = ends.unwrap_or((1.0, 10.0));
            if high / low < 1.5 { (low / 1.5, high * 1.5) } else { (low / 1.12, high * 1.12) }
        }
        Scale::Linear => {
            let (low, high) = ends.unwrap_or((0.0, 1.0));
            let share = match ground {
                Ground::Zero => f64::INFINITY,
                Ground::High => 0.6,
                Ground::Wide => 0.2,
            };
            let low = if low > 0.0 && low < share * high { 0.0 } else { low };
            let high = if ground == Ground::Zero { high.max(0.0) } else { high };
            let span = if high > low { high - low } else { high.abs().max(1.0) };
            let below = if low == 0.0 { 0.0 } else { 0.05 * span };
            (low - below, high.max(low) + 0.05 * span)
        }
    }
}

/// Round ticks, at least so far apart.
fn linear_ticks(low: f64, high: f64, wanted: f64, least: f64) -> Vec<Tick> {
    let rough = (high - low) / wanted.max(1.0);
    if rough <= 0.0 || !rough.is_finite() {
        return Vec::new();
    }
    let power = 10_f64.powi(math::log10(rough).floor() as i32);
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|nice| nice * power).find(|step| *step >= rough * 0.8);
    let step = step.unwrap_or(10.0 * power).max(least);
    let first = (low / step).ceil() as i64;
    let last = (high / step + 1e-9).floor() as i64;
    let tick = |index| {
        let value = index as f64 * step;
        Tick { value, label: tick(value, step) }
    };
    (first..=last).map(tick).collect()
}

fn log_ticks(low: f64, high: f64, wanted: f64) -> Vec<Tick> {
    let decades = math::log10(high / low);
    if decades < 0.7 {
        return linear_ticks(low, high, wanted, 0.0).into_iter().filter(|tick| tick.value > 0.0).collect();
    }
    let (first, last) = (math::log10(low).floor() as i32, math::log10(high).ceil() as i32);
    let steps: &[f64] = if decades * 3.0 <= wanted + 2.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let every = ((decades / wanted).ceil() as i32).max(1);
    (first..=last)
        .filter(|power| power.rem_euclid(every) == 0)
        .flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)))
        .map(|value| Tick { value, label: tick(value, value) })
        .collect()
}

fn tail_ticks() -> Vec<Tick> {
    let nines = (1..=9).map(|nines| 1.0 - 10_f64.powi(-nines));
    let label = |share: f64, decimals: usize| Tick {
        value: share,
        label: format!("{} %", grouped(share * 100.0, decimals)),
    };
    let head = [label(0.0, 0), label(0.5, 0)];
    head.into_iter()
        .chain(nines.enumerate().map(|(index, share)| label(share, index.saturating_sub(1))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis, values: &[f64], wanted: f64) -> Vec<String> {
        let measure = Measure::new(axis, values.iter().copied(), Ground::High);
        measure.ticks(wanted).into_iter().map(|tick| tick.label).collect()
    }

    #[test]
    fn linear_axes_have_round_ticks() {
        assert_eq!(labels(&Axis::linear("", ""), &[0.0, 9.7], 5.0), ["0", "2", "4", "6", "8", "10"]);
        assert_eq!(labels(&Axis::linear("", ""), &[0.1, 0.42], 4.0), ["0.0", "0.1", "0.2", "0.3", "0.4"]);
    }

    #[test]
    fn there_is_no_term_and_a_half() {
        assert_eq!(labels(&Axis::linear("term", ""), &[1.0, 2.0, 3.0], 8.0), ["0", "1", "2", "3"]);
        assert_eq!(labels(&Axis::linear("latency", "s"), &[1.0, 3.0], 6.0)[..3], ["0.0", "0.5", "1.0"]);
    }

    #[test]
    fn log_axes_have_decades_or_finer() {
        assert_eq!(labels(&Axis::log("", ""), &[1.0, 10_000.0], 5.0), ["1", "10", "100", "1,000", "10,000"]);
        assert_eq!(labels(&Axis::log("", ""), &[3.0, 40.0], 6.0), ["5", "10", "20"]);
    }

    #[test]
    fn log_axes_are_marked_between_their_ticks() {
        let (axis, linear) = (Axis::log("", ""), Axis::linear("", ""));
        let marks = |axis: &Axis, values: &[f64], wanted: f64| {
            Measure::new(axis, values.iter().copied(), Ground::High).marks(wanted)
        };
        assert_eq!(marks(&axis, &[3.0, 30.0], 6.0)[..4], [3.0, 4.0, 5.0, 6.0]);
        assert_eq!(marks(&axis, &[3.0, 30.0], 6.0).last(), Some(&30.0));
        assert!(marks(&linear, &[3.0, 30.0], 6.0).is_empty());
        assert!(marks(&axis, &[1e-9, 1e9], 6.0).is_empty(), "too near each other");
    }

    #[test]
    fn an_axis_has_two_ticks_at_least() {
        assert_eq!(labels(&Axis::linear("", "ms"), &[-40.0, 99.0], 1.0), ["0", "100"]);
        assert_eq!(labels(&Axis::log("", "ms"), &[30.0, 400.0], 1.0), ["50", "100", "200"]);
    }

    #[test]
    fn tails_open_up_the_upper_end() {
        let axis = Axis::tail("");
        assert_eq!(labels(&axis, &[0.5, 0.9995], 5.0), ["0 %", "50 %", "90 %", "99 %", "99.9 %"]);
        let measure = Measure::new(&axis, [0.999].into_iter(), Ground::High);
        let third = measure.share(0.9).unwrap();
        assert!((third - 1.0 / 3.0).abs() < 1e-9, "{third}");
        assert_eq!(measure.share(1.0), None);
    }

    #[test]
    fn values_without_a_place_are_not_drawn() {
        let axis = Axis::log("", "");
        let measure = Measure::new(&axis, [0.0, 1.0, 100.0].into_iter(), Ground::High);
        assert_eq!(measure.share(0.0), None);
        assert!(measure.low > 0.5, "{}", measure.low);
    }
}
