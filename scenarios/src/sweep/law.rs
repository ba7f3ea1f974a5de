//! Laws of growth that theory knows, and their slopes.

use serde::{Deserialize, Serialize};
use sim_core::math;
use sim_core::stats::log_log;

/// How a quantity grows with another one, up to a factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Law {
    /// Not at all.
    #[serde(rename = "1")]
    Constant,
    /// Like its logarithm.
    #[serde(rename = "log n")]
    Logarithmic,
    /// Like it.
    #[serde(rename = "n")]
    Linear,
    /// Like it times its logarithm.
    #[serde(rename = "n log n")]
    Linearithmic,
    /// Like its square.
    #[serde(rename = "n^2")]
    Quadratic,
    /// Like its cube.
    #[serde(rename = "n^3")]
    Cubic,
}

impl Law {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Constant => "1",
            Self::Logarithmic => "log n",
            Self::Linear => "n",
            Self::Linearithmic => "n log n",
            Self::Quadratic => "n^2",
            Self::Cubic => "n^3",
        }
    }

    /// The law itself, with the factor 1.
    fn at(self, n: f64) -> f64 {
        match self {
            Self::Constant => 1.0,
            Self::Logarithmic => math::ln(n),
            Self::Linear => n,
            Self::Linearithmic => n * math::ln(n),
            Self::Quadratic => n * n,
            Self::Cubic => n * n * n,
        }
    }

    /// The slope of the law in log-log over these values, as one would measure it: that of `n log n` is above 1, and
    /// how far depends on the values. `None` where no line can be fitted.
    pub fn slope(self, values: &[f64]) -> Option<f64> {
        let points: Vec<(f64, f64)> = values.iter().map(|n| (*n, self.at(*n))).collect();
        log_log(&points, 0.95).map(|line| line.slope)
    }
}

#[cfg(test)]
mod tests {
    use super::Law;

    #[test]
    fn slopes_of_laws_are_their_exponents() {
        let values = [3.0, 5.0, 9.0, 17.0];
        for (law, slope) in
            [(Law::Constant, 0.0), (Law::Linear, 1.0), (Law::Quadratic, 2.0), (Law::Cubic, 3.0)]
        {
            assert!((law.slope(&values).unwrap() - slope).abs() < 1e-9, "{law:?}");
        }
        // d ln(n ln n) / d ln n = 1 + 1 / ln n: from 1.91 at 3 down to 1.35 at 17.
        let slope = Law::Linearithmic.slope(&values).unwrap();
        assert!((1.35..1.91).contains(&slope), "{slope}");
        assert_eq!(Law::Linear.slope(&values[..2]), None);
        for law in [Law::Logarithmic, Law::Linearithmic, Law::Cubic] {
            assert_eq!(serde_json::to_value(law).unwrap(), law.name());
        }
    }
}
