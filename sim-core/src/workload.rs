//! Workloads: which operations clients are asked to do, and when.
//!
//! A workload makes neutral operations; the protocol's [`Service`](crate::operation::Service) encodes them. In an open
//! loop operations arrive at a rate, whatever became of earlier ones; in a closed loop each client thinks and asks
//! again. What operation number i is (kind, key, value, gap before it) is a function of the seed and of i alone. Only
//! what a compare-and-swap expects is guessed from what clients have seen, since it would hardly ever succeed
//! otherwise.

mod generator;
mod mix;
mod popularity;
mod ramp;
mod rate;

pub use generator::{Invocation, Workload};
pub use mix::Mix;
pub use rate::{ParseRateError, Rate};

use serde::{Deserialize, Serialize};

use crate::operation::{MOST_VALUE_BYTES, ObjectModel, ValueBytes};
use crate::time::Duration;

/// What clients do, as plain data. With neither `rate` nor `think` it is an open loop of 100 operations per second.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkloadModel {
    /// What kind of object they use.
    pub model: ObjectModel,
    /// Open loop: operations per time, of all clients together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// Closed loop: the mean time a client waits after a return before it asks again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub think: Option<Duration>,
    /// Open loop: the rate rises or falls evenly to this one until `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp_to: Option<Rate>,
    /// How gaps between arrivals, or think times, are distributed.
    #[serde(default)]
    pub spacing: Spacing,
    /// Open loop: what becomes of an operation that arrives when every client has one under way.
    #[serde(default)]
    pub when_busy: WhenBusy,
    /// How often each kind of operation is asked for; the default mix of the model if all weights are zero.
    #[serde(default)]
    pub mix: Mix,
    /// How many objects there are: by default 16 for `kv`, else 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<u64>,
    /// How often each of them is used.
    #[serde(default, skip_serializing_if = "Skew::is_even")]
    pub skew: Skew,
    /// How many bytes the written values have, besides the number that each is told by.
    #[serde(default, skip_serializing_if = "ValueBytes::is_nothing")]
    pub value_bytes: ValueBytes,
    /// How many of the clients, the last ones, only read: who never writes goes on asking whoever answers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub readers: Option<u32>,
    /// How many of the clients, the first ones, do not follow the protocol: they say what they like to whom they like
    /// ([`Boot::corrupt`](crate::process::Boot::corrupt)). What they are asked for may be done or not, once at most, and nobody
    /// owes them anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrupt: Option<u32>,
    /// How many operations there are at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<u64>,
    /// When the first may arrive.
    #[serde(default)]
    pub start: Duration,
    /// From when on none arrives any more; the end of the run by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
    /// Further loads that the same clients serve, each with a time and a rate of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Load>,
}

/// An open loop beside others, on the same objects and for the same clients.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Operations per time.
    pub rate: Rate,
    /// The rate rises or falls evenly to this one until `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ramp_to: Option<Rate>,
    /// How gaps between arrivals are distributed.
    #[serde(default)]
    pub spacing: Spacing,
    /// How often each kind of operation is asked for; the default mix of the model if all weights are zero.
    #[serde(default)]
    pub mix: Mix,
    /// How many operations there are at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<u64>,
    /// When the first may arrive.
    #[serde(default)]
    pub start: Duration,
    /// From when on none arrives any more; the end of the run by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Duration>,
}

/// How often each object is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Skew {
    /// All equally often.
    #[default]
    Even,
    /// By Zipf's law: the i-th key, counted from 1, in proportion to 1/i. Of 1,000 keys the first gets 13 % of all operations.
    Zipf,
}

impl Skew {
    fn is_even(&self) -> bool {
        *self == Self::Even
    }
}

/// How gaps between arrivals, or think times, are distributed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spacing {
    /// Exponentially: arrivals of many independent users (a Poisson process).
    #[default]
    Exponential,
    /// All equal.
    Fixed,
}

/// What becomes of an operation that arrives when every client has one under way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WhenBusy {
    /// It waits in line until a client returns.
    #[default]
    Wait,
    /// It is given up before anybody was asked.
    Skip,
    /// A client gets it all the same, and has several under way.
    Overlap,
}

/// So many operations a second clients are asked for at most: a run of more only waits for its workload.
const MOST_PER_SECOND: u64 = 1_000_000;

/// So many keys may be used unevenly at most: a run keeps a table of them.
const MOST_SKEWED_KEYS: u64 = 1 << 20;

/// Why a workload cannot be run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WorkloadError {
    /// Both loops at once.
    #[error("use the workload: \"rate\" (open loop) and \"think\" (closed loop) exclude each other")]
    TwoLoops,
    /// A closed loop beside other loads.
    #[error(
        "use the workload: several loads are open loops, each with a \"rate\"; \"think\" (closed loop) stands alone"
    )]
    ClosedAmongOthers,
    /// There is nobody to ask.
    #[error("use the workload: it needs at least one client")]
    NoClients,
    /// There is no object.
    #[error("use the workload: \"keys\" must be at least 1")]
    NoKeys,
    /// A weight for an operation that the model does not have.
    #[error("use the workload: the model {model} has no operation \"{operation}\"")]
    ForeignOperation {
        /// The model.
        model: ObjectModel,
        /// The operation, as `mix` names it.
        operation: &'static str,
    },
    /// Clients that only read what cannot be read, or more of them than there are clients.
    #[error("use the workload: \"readers\" are some of the clients, and need a model with reads")]
    Readers,
    /// No client is left that follows the protocol.
    #[error("use the workload: \"corrupt\" clients are fewer than all")]
    Corrupt,
    /// More keys than a table of their shares may have.
    #[error("use the workload: with \"skew\" there may be at most {MOST_SKEWED_KEYS} \"keys\"")]
    SkewedKeys,
    /// A range of bytes from more to less, or values that are too large.
    #[error(
        "use the workload: \"value_bytes\" has \"min\" up to \"max\", and a value has at most {MOST_VALUE_BYTES} bytes"
    )]
    ValueBytes,
    /// A ramp without an end, or in a closed loop.
    #[error("use the workload: \"ramp_to\" needs \"rate\" and \"until\", by when the new rate is reached")]
    EndlessRamp,
    /// It ends before it starts.
    #[error("use the workload: \"until\" must be later than \"start\"")]
    EmptyPeriod,
    /// Arrivals come too fast, of all loads together, or never.
    #[error(
        "use the workload: the rate must lie between one per century and {MOST_PER_SECOND} per second, all loads together"
    )]
    AbsurdRate,
}

impl WorkloadModel {
    /// An open loop on a model, with all defaults.
    pub fn new(model: ObjectModel) -> Self {
        Self {
            model,
            rate: None,
            ramp_to: None,
            think: None,
            spacing: Spacing::default(),
            when_busy: WhenBusy::default(),
            mix: Mix::default(),
            keys: None,
            skew: Skew::default(),
            value_bytes: ValueBytes::default(),
            readers: None,
            corrupt: None,
            operations: None,
            start: Duration::ZERO,
            until: None,
            more: Vec::new(),
        }
    }

    /// All open loops, this one first; none in a closed loop.
    pub fn loads(&self) -> Vec<Load> {
        let Some(rate) = self.open_rate() else { return Vec::new() };
        let &Self { ramp_to, spacing, mix, operations, start, until, .. } = self;
        std::iter::once(Load { rate, ramp_to, spacing, mix, operations, start, until })
            .chain(self.more.clone())
            .collect()
    }

    /// How many operations there are at most, of all loads together; `None` without a limit.
    pub fn most_operations(&self) -> Option<u64> {
        let further = self.more.iter().map(|load| load.operations);
        std::iter::once(self.operations)
            .chain(further)
            .try_fold(0_u64, |sum, most| Some(sum.saturating_add(most?)))
    }

    /// The rate of the open loop; `None` in a closed loop.
    pub fn open_rate(&self) -> Option<Rate> {
        if self.think.is_some() { None } else { Some(self.rate.unwrap_or(Rate::DEFAULT)) }
    }

    /// Writes down what is left to defaults, which changes nothing in a run.
    pub fn fill_in(&mut self) {
        self.rate = self.open_rate();
        self.mix = self.mix.or_default(self.model);
        self.more.iter_mut().for_each(|load| load.mix = load.mix.or_default(self.model));
        self.keys = Some(self.key_count());
    }

    /// How many objects there are.
    pub fn key_count(&self) -> u64 {
        self.keys.unwrap_or(if self.model == ObjectModel::Kv { 16 } else { 1 })
    }

    /// Whether it can be run by this many clients.
    ///
    /// # Errors
    /// Names the first thing that does not fit.
    pub fn validate(&self, clients: u32) -> Result<(), WorkloadError> {
        if self.rate.is_some() && self.think.is_some() {
            return Err(WorkloadError::TwoLoops);
        }
        if self.think.is_some() && !self.more.is_empty() {
            return Err(WorkloadError::ClosedAmongOthers);
        }
        if clients == 0 {
            return Err(WorkloadError::NoClients);
        }
        if self.key_count() == 0 {
            return Err(WorkloadError::NoKeys);
        }
        if !self.skew.is_even() && self.key_count() > MOST_SKEWED_KEYS {
            return Err(WorkloadError::SkewedKeys);
        }
        if !self.value_bytes.is_sane() {
            return Err(WorkloadError::ValueBytes);
        }
        if self.ramp_to.is_some() && (self.rate.is_none() || self.until.is_none()) {
            return Err(WorkloadError::EndlessRamp);
        }
        let readers = self.readers.unwrap_or(0);
        if readers > clients || (readers > 0 && self.model == ObjectModel::Queue) {
            return Err(WorkloadError::Readers);
        }
        if self.corrupt.is_some_and(|corrupt| corrupt >= clients) {
            return Err(WorkloadError::Corrupt);
        }
        if self.until.is_some_and(|until| until <= self.start) {
            return Err(WorkloadError::EmptyPeriod);
        }
        fits(&self.mix, self.model)?;
        let loads = self.loads();
        loads.iter().try_for_each(|load| load.validate(self.model))?;
        let together = loads.iter().map(Load::most_in_a_second).sum::<u128>();
        if together > u128::from(MOST_PER_SECOND) { Err(WorkloadError::AbsurdRate) } else { Ok(()) }
    }
}

impl Load {
    fn most_in_a_second(&self) -> u128 {
        let end = self.ramp_to.map_or(0, Rate::in_a_second);
        self.rate.in_a_second().max(end)
    }

    fn validate(&self, model: ObjectModel) -> Result<(), WorkloadError> {
        if self.until.is_some_and(|until| until <= self.start) {
            return Err(WorkloadError::EmptyPeriod);
        }
        if !self.rate.sane() || self.ramp_to.is_some_and(|rate| !rate.sane()) {
            return Err(WorkloadError::AbsurdRate);
        }
        if self.ramp_to.is_some() && self.until.is_none() {
            return Err(WorkloadError::EndlessRamp);
        }
        fits(&self.mix, model)
    }
}

fn fits(mix: &Mix, model: ObjectModel) -> Result<(), WorkloadError> {
    mix.foreign_to(model)
        .map_or(Ok(()), |operation| Err(WorkloadError::ForeignOperation { model, operation }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(json: &str) -> WorkloadModel {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn the_scenario_form_is_read_and_printed() {
        let read = model(r#"{"model":"cas-register","rate":"100/s","mix":{"read":60,"write":25,"cas":15}}"#);
        assert_eq!(read.model, ObjectModel::CasRegister);
        assert_eq!(read.open_rate(), Some("100/s".parse().unwrap()));
        assert_eq!((read.mix.read, read.mix.write, read.mix.cas), (60, 25, 15));
        assert_eq!(read.validate(10), Ok(()));
        let printed = serde_json::to_string(&read).unwrap();
        assert_eq!(model(&printed), read);
        assert!(serde_json::from_str::<WorkloadModel>(r#"{"model":"kv","speed":3}"#).is_err());
        assert!(serde_json::from_str::<WorkloadModel>(r#"{"model":"kv","mix":{"get":1,"poke":1}}"#).is_err());
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let base = WorkloadModel::new(ObjectModel::Register);
        assert_eq!(base.validate(1), Ok(()));
        assert_eq!(base.validate(0), Err(WorkloadError::NoClients));
        assert_eq!(WorkloadModel { keys: Some(0), ..base.clone() }.validate(1), Err(WorkloadError::NoKeys));
        let readers = |model, readers| WorkloadModel { readers: Some(readers), ..WorkloadModel::new(model) };
        assert_eq!(readers(ObjectModel::Register, 2).validate(2), Ok(()));
        assert_eq!(readers(ObjectModel::Register, 3).validate(2), Err(WorkloadError::Readers));
        assert_eq!(readers(ObjectModel::Queue, 1).validate(2), Err(WorkloadError::Readers));
        let corrupt = |corrupt| WorkloadModel { corrupt: Some(corrupt), ..base.clone() };
        assert_eq!(corrupt(1).validate(2), Ok(()));
        assert_eq!(corrupt(2).validate(2), Err(WorkloadError::Corrupt));
        let both = WorkloadModel { rate: Some(Rate::DEFAULT), think: Some(Duration::ZERO), ..base.clone() };
        assert_eq!(both.validate(1), Err(WorkloadError::TwoLoops));
        let empty = WorkloadModel { until: Some(Duration::ZERO), ..base.clone() };
        assert_eq!(empty.validate(1), Err(WorkloadError::EmptyPeriod));
        let fast = WorkloadModel { rate: Some(Rate::per_second(600_000)), ..base.clone() };
        assert_eq!(fast.validate(1), Ok(()));
        let load: Load = serde_json::from_str(r#"{"rate":"600000/s"}"#).unwrap();
        assert_eq!(WorkloadModel { more: vec![load], ..fast }.validate(1), Err(WorkloadError::AbsurdRate));
        let ramp = WorkloadModel { ramp_to: Some(Rate::per_second(600_000)), ..base.clone() };
        assert_eq!(ramp.validate(1), Err(WorkloadError::EndlessRamp));
        let ramp = WorkloadModel { rate: Some(Rate::per_second(500_000)), ..ramp };
        assert_eq!(ramp.validate(1), Err(WorkloadError::EndlessRamp));
        let ramp = WorkloadModel { until: Some(Duration::from_secs(1)), ..ramp };
        assert_eq!(ramp.validate(1), Ok(()));
        let load: Load = serde_json::from_str(r#"{"rate":"500000/s"}"#).unwrap();
        assert_eq!(WorkloadModel { more: vec![load], ..ramp }.validate(1), Err(WorkloadError::AbsurdRate));
        let skewed = WorkloadModel { skew: Skew::Zipf, keys: Some(1 << 20), ..base.clone() };
        assert_eq!(skewed.validate(1), Ok(()));
        let skewed = WorkloadModel { keys: Some((1 << 20) + 1), ..skewed };
        assert_eq!(skewed.validate(1), Err(WorkloadError::SkewedKeys));
        let foreign = WorkloadModel { mix: Mix { cas: 1, ..Mix::default() }, ..base };
        assert_eq!(
            foreign.validate(1),
            Err(WorkloadError::ForeignOperation { model: ObjectModel::Register, operation: "cas" })
        );
    }
}
