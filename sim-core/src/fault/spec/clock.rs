//! Clock faults, as a scenario writes them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::SpecError;
use crate::fault::family::Kind;
use crate::fault::selector::Selector;
use crate::time::Duration;

/// Clocks that are wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawClock", into = "RawClock")]
pub struct Clock {
    /// Whose.
    pub target: Selector,
    /// How.
    pub change: ClockFault,
}

/// How a clock is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClockFault {
    /// Written `drift = "200ppm"`: it gains this much (loses, if negative).
    Drift(Drift),
    /// Written `forward = "2s"`: it jumps.
    Forward(Duration),
    /// Written `back = "2s"`: it jumps back.
    Back(Duration),
    /// Written `freeze = true`: it stands still.
    Freeze,
}

impl ClockFault {
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Drift(_) => Kind::ClockDrift,
            Self::Forward(_) | Self::Back(_) => Kind::ClockStep,
            Self::Freeze => Kind::ClockFreeze,
        }
    }
}

/// A clock fault as it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClock {
    target: Selector,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    drift: Option<Drift>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    forward: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    back: Option<Duration>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    freeze: Option<bool>,
}

impl TryFrom<RawClock> for Clock {
    type Error = SpecError;

    fn try_from(raw: RawClock) -> Result<Self, SpecError> {
        let change = match (raw.drift, raw.forward, raw.back, raw.freeze) {
            (Some(drift), None, None, None) => ClockFault::Drift(drift),
            (None, Some(by), None, None) => ClockFault::Forward(by),
            (None, None, Some(by), None) => ClockFault::Back(by),
            (None, None, None, Some(true)) => ClockFault::Freeze,
            _ => return Err(SpecError::ClockChange),
        };
        Ok(Self { target: raw.target, change })
    }
}

impl From<Clock> for RawClock {
    fn from(clock: Clock) -> Self {
        let raw = Self { target: clock.target, drift: None, forward: None, back: None, freeze: None };
        match clock.change {
            ClockFault::Drift(drift) => Self { drift: Some(drift), ..raw },
            ClockFault::Forward(by) => Self { forward: Some(by), ..raw },
            ClockFault::Back(by) => Self { back: Some(by), ..raw },
            ClockFault::Freeze => Self { freeze: Some(true), ..raw },
        }
    }
}

/// How much a clock gains or loses, in parts per billion; written `"200ppm"`, `"-50ppm"`, `"1500ppb"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Drift {
    /// Nanoseconds gained per second; lost, if negative.
    pub parts_per_billion: i32,
}

impl Drift {
    /// The most that a drift may be, either way: 10 %.
    pub const MOST: i32 = 100_000_000;

    /// A drift of this many parts per million.
    ///
    /// # Panics
    /// If it is above 10 % either way.
    pub const fn ppm(parts_per_million: i32) -> Self {
        assert!(parts_per_million.unsigned_abs() <= 100_000, "a drift is at most 10 % either way");
        Self { parts_per_billion: parts_per_million * 1_000 }
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.parts_per_billion % 1_000 == 0 {
            write!(f, "{}ppm", self.parts_per_billion / 1_000)
        } else {
            write!(f, "{}ppb", self.parts_per_billion)
        }
    }
}

/// A text that is no drift.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("read a drift: expected \"200ppm\", \"-50ppm\" or \"1500ppb\", at most 10 % either way")]
pub struct ParseDriftError;

impl FromStr for Drift {
    type Err = ParseDriftError;

    fn from_str(text: &str) -> Result<Self, ParseDriftError> {
        let text = text.trim();
        let (number, scale) = text
            .strip_suffix("ppm")
            .map(|number| (number, 1_000))
            .or_else(|| text.strip_suffix("ppb").map(|number| (number, 1)))
            .ok_or(ParseDriftError)?;
        let parts: i32 = number.trim().parse().map_err(|_| ParseDriftError)?;
        let parts_per_billion = parts.checked_mul(scale).ok_or(ParseDriftError)?;
        if parts_per_billion.unsigned_abs() > Self::MOST.unsigned_abs() {
            return Err(ParseDriftError);
        }
        Ok(Self { parts_per_billion })
    }
}

crate::serde_as_text!(Drift);
