//! Standard exponential and normal deviates by the ziggurat (Marsaglia and Tsang, Journal of Statistical Software
//! 5(8), 2000), with 256 layers and 53-bit deviates.
//!
//! A logarithm per draw would cost more than the generator. Here 98.9 % of the draws are one table look-up, one
//! multiplication and one comparison; the tables are computed once by [`crate::math`], so they have the same bits
//! everywhere. Layer, sign and deviate come from separate bits of the word (Doornik, "An improved ziggurat method",
//! 2005, found the correlation that sharing them brings).

use std::sync::LazyLock;

use rand_core::Rng;

use crate::math;

/// Where the tail of the exponential begins, for 256 layers (Marsaglia and Tsang).
const EXPONENTIAL_TAIL: f64 = 7.697_117_470_131_05;
/// Where the tail of the normal begins, for 256 layers (Marsaglia and Tsang).
const NORMAL_TAIL: f64 = 3.654_152_885_361_009;

/// Layers of equal area under a falling curve: layer `i` reaches from 0 to `edge[i]`, and lies under the curve
/// entirely up to `edge[i + 1]`.
#[derive(Debug)]
pub(super) struct Ziggurat {
    edge: [f64; 257],
    height: [f64; 257],
}

/// The tables of the exponential.
pub(super) static EXPONENTIAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    let tail_area = math::exp(-EXPONENTIAL_TAIL);
    Ziggurat::new(EXPONENTIAL_TAIL, tail_area, |x| math::exp(-x), |y| -math::ln(y))
});

/// The tables of the normal; the curve is not normalized.
pub(super) static NORMAL: LazyLock<Ziggurat> = LazyLock::new(|| {
    let tail_area =
        math::sqrt(std::f64::consts::FRAC_PI_2) * math::erfc(NORMAL_TAIL / std::f64::consts::SQRT_2);
    Ziggurat::new(NORMAL_TAIL, tail_area, bell, |y| math::sqrt(-2.0 * math::ln(y)))
});

fn bell(x: f64) -> f64 {
    math::exp(-0.5 * x * x)
}

impl Ziggurat {
    fn new(tail: f64, tail_area: f64, curve: impl Fn(f64) -> f64, inverse: impl Fn(f64) -> f64) -> Self {
        let area = tail * curve(tail) + tail_area;
        let mut edge = [0.0; 257];
        edge[0] = area / curve(tail);
        edge[1] = tail;
        for i in 2..256 {
            edge[i] = inverse(area / edge[i - 1] + curve(edge[i - 1]));
        }
        Self { edge, height: edge.map(curve) }
    }

    /// Whether a point of layer `i` at `x`, at a uniformly drawn height within the layer, is under the curve.
    fn accepts(&self, i: usize, height: f64, curve_at_x: f64) -> bool {
        self.height[i + 1] + (self.height[i] - self.height[i + 1]) * height < curve_at_x
    }

    /// A standard exponential deviate, from the tables of the exponential.
    #[inline]
    pub(super) fn exponential<R: Rng + ?Sized>(&self, word: u64, more: &mut R) -> f64 {
        let layer = (word & 0xFF) as usize;
        let x = unit(word) * self.edge[layer];
        if x < self.edge[layer + 1] { x } else { self.exponential_edge(layer, x, more) }
    }

    #[cold]
    fn exponential_edge<R: Rng + ?Sized>(&self, layer: usize, x: f64, more: &mut R) -> f64 {
        if layer == 0 {
            return EXPONENTIAL_TAIL - math::ln(open_unit(more.next_u64()));
        }
        if self.accepts(layer, unit(more.next_u64()), math::exp(-x)) {
            return x;
        }
        self.exponential(more.next_u64(), more)
    }

    /// A standard normal deviate, from the tables of the normal.
    #[inline]
    pub(super) fn normal<R: Rng + ?Sized>(&self, word: u64, more: &mut R) -> f64 {
        let layer = (word & 0xFF) as usize;
        let x = unit(word) * self.edge[layer];
        let x = if x < self.edge[layer + 1] { Some(x) } else { self.normal_edge(layer, x, more) };
        match x {
            Some(x) if word & 0x100 == 0 => x,
            Some(x) => -x,
            None => self.normal(more.next_u64(), more),
        }
    }

    #[cold]
    fn normal_edge<R: Rng + ?Sized>(&self, layer: usize, x: f64, more: &mut R) -> Option<f64> {
        if layer == 0 {
            return Some(normal_tail(more));
        }
        self.accepts(layer, unit(more.next_u64()), bell(x)).then_some(x)
    }
}

/// A deviate beyond the last layer (Marsaglia, Technometrics 6, 1964).
fn normal_tail<R: Rng + ?Sized>(more: &mut R) -> f64 {
    loop {
        let x = -math::ln(open_unit(more.next_u64())) / NORMAL_TAIL;
        let y = -math::ln(open_unit(more.next_u64()));
        if y + y >= x * x {
            return NORMAL_TAIL + x;
        }
    }
}

/// The upper 53 bits as a number from 0 up to but excluding 1.
#[inline]
fn unit(word: u64) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
    // Through i64, which a processor converts in one instruction.
    (word >> 11).cast_signed() as f64 * STEP
}

/// The upper 52 bits as a number strictly between 0 and 1, fit for a logarithm.
fn open_unit(word: u64) -> f64 {
    const STEP: f64 = 1.0 / (1_u64 << 52) as f64;
    ((word >> 12) as f64 + 0.5) * STEP
}

#[cfg(test)]
mod tests {
    use super::{EXPONENTIAL, EXPONENTIAL_TAIL, NORMAL, NORMAL_TAIL, Ziggurat, bell, normal_tail};
    use crate::math;
    use crate::random::{Draw, Keyed, Purpose};
    use crate::stats::ks_one_sample;

    /// The construction closes: the top layer, up to the height of the curve at 0, has the area of the others.
    #[test]
    fn the_layers_have_equal_areas() {
        for (name, table) in [("exponential", &*EXPONENTIAL), ("normal", &*NORMAL)] {
            let area = table.edge[0] * table.height[1];
            for i in 1..256 {
                let layer = table.edge[i] * (table.height[i + 1] - table.height[i]);
                assert!((layer / area - 1.0).abs() < 1e-9, "{name} {i}: {layer} is not {area}");
            }
            assert_eq!(table.height[256], 1.0);
        }
    }

    /// The tails come up in one draw of two thousand, too seldom for a test of the whole law to see them.
    #[test]
    fn the_tails_follow_their_laws() {
        let mut more = Draw::new(Keyed::new(6, Purpose::Fate), 0, 0);
        let tail: Vec<f64> = (0..20_000).map(|_| EXPONENTIAL.exponential_edge(0, 8.0, &mut more)).collect();
        let fit = ks_one_sample(&tail, |x| 1.0 - math::exp(EXPONENTIAL_TAIL - x)).unwrap();
        assert!(fit.p_value > 0.01, "exponential {fit:?}");
        let tail: Vec<f64> = (0..20_000).map(|_| normal_tail(&mut more)).collect();
        let fit =
            ks_one_sample(&tail, |x| 1.0 - math::normal_cdf(-x) / math::normal_cdf(-NORMAL_TAIL)).unwrap();
        assert!(fit.p_value > 0.01, "normal {fit:?}");
    }

    /// Of a grid over the edge of a layer, the share that is accepted is the share of its area under the curve.
    #[test]
    fn the_edges_of_layers_follow_the_curve() {
        let cells = || (0..400).map(|i| (f64::from(i) + 0.5) / 400.0);
        let exponential: fn(f64) -> f64 = |x| math::exp(-x);
        for (table, curve) in [(&*EXPONENTIAL, exponential), (&*NORMAL, bell)] {
            for layer in [1, 2, 50, 200, 255] {
                let (left, right) = (table.edge[layer + 1], table.edge[layer]);
                let (floor, ceiling) = (curve(right), curve(left));
                let (mut accepted, mut under) = (0, 0.0);
                for x in cells().map(|share| left + (right - left) * share) {
                    under += (curve(x) - floor) / (ceiling - floor) / 400.0;
                    accepted += cells().filter(|height| table.accepts(layer, *height, curve(x))).count();
                }
                let share = accepted as f64 / 160_000.0;
                assert!(
                    (share - under).abs() < 0.003,
                    "layer {layer}: {share} of the edge, expected {under}"
                );
            }
        }
    }

    /// Bits, not closeness: every delay of a recorded run goes through these tables.
    #[test]
    fn the_tables_are_golden() {
        let fold = |table: &Ziggurat| {
            let bits = table.edge.iter().chain(&table.height).map(|value| value.to_bits());
            bits.fold(0, |hash, bits| crate::random::mix64(hash ^ bits))
        };
        assert_eq!(
            format!("{:016x} {:016x}", fold(&EXPONENTIAL), fold(&NORMAL)),
            "005d27dd1aa995f5 8f39a10c402e11f3"
        );
    }
}
