//! Statistics of runs: summaries, intervals, tests and lines. Campaigns decide with them, reports print them.
//!
//! Everything is a function of its input: resampling is keyed, and the special functions stand on [`crate::math`], so
//! that a table made on one machine is the table made on another.
//!
//! - [`mean`], [`variance`], [`std_dev`], [`median`], [`quantile`] describe a sample.
//! - [`wilson`], [`mean_interval`], [`median_interval`], [`quantile_interval`], [`bootstrap`] say how far to trust it.
//! - [`ks_one_sample`], [`ks_two_sample`], [`chi_square`], [`mann_whitney`] say whether two things differ.
//! - [`Tally`] and [`Pairs`] hold samples of any size in bounded memory, and parts of them can be put together.
//! - [`least_squares`] and [`log_log`] fit a line, [`paired`] and [`paired_ratio`] compare two columns over the same seeds.
//!
//! Functions of a sample give `None` where it is too small to say anything. Values must be finite, or at least not
//! NaN: a NaN comes out as NaN.

mod compare;
mod interval;
mod line;
mod pairs;
mod special;
mod summary;
mod tally;

pub use compare::{TestResult, chi_square, ks_one_sample, ks_two_sample, mann_whitney};
pub use interval::{
    Interval, bootstrap, mean_interval, median_interval, paired_ratio, quantile_interval, wilson,
};
pub use line::{Line, least_squares, log_log};
pub use pairs::{Paired, Pairs, paired};
pub use special::{chi_square_survival, kolmogorov_survival, student_t_cdf, student_t_quantile};
pub use summary::{mean, median, quantile, sorted, std_dev, variance};
pub use tally::{Summary, Tally};
