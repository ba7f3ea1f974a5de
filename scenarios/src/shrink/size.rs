//! The size of a failing run, as a measure of how hard it is to follow.

use serde_json::Value;
use sim_core::adversary::{Act, Adversary};
use sim_core::distribution::Distribution;
use sim_core::facts::mutation::Scope;
use sim_core::fault::{FaultEntry, Moment, Selector};
use sim_core::network::PinnedFate;
use sim_core::outcome::Outcome;
use sim_core::ratio::Ratio;
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

use crate::shrink_log::Size;

impl Size {
    /// The size of a run.
    pub(super) fn of(setup: &Setup, parameters: &Value, defaults: &Value, outcome: &Outcome) -> Self {
        let entries = &setup.faults.entries;
        let lasting = entries.iter().filter_map(FaultEntry::duration);
        let count = |length: usize| length as u64;
        Self {
            faults: count(entries.len()),
            traitors: count(
                setup.initial.corrupt.len() + setup.initial.twins.len() + setup.initial.beside.len(),
            ),
            rules: rules(setup),
            nodes: setup.members.into(),
            chance: chances(setup),
            fates: count(setup.pins.iter().count()),
            targets: entries.iter().map(targets).sum(),
            waits: entries.iter().map(waits).sum(),
            clients: setup.clients.into(),
            operations: operations(outcome),
            knobs: count(differing(parameters, defaults).count() + left_behind(setup)),
            lasting_ms: lasting.map(|lasts| lasts.as_nanos() / 1_000_000).sum(),
            digits: digits_of(setup),
            duration_ms: setup.duration.as_nanos().div_ceil(1_000_000),
            phases: 1 + u64::from(setup.progress_timeout.is_some()),
            messages: outcome.messages.sent,
            events: outcome.events,
        }
    }
}

impl Size {
    /// Whether a run has fewer of what makes all other runs long: faults, traitors, members, clients.
    pub(super) const fn plainly_below(&self, other: &Self) -> bool {
        self.faults < other.faults
            || self.traitors < other.traitors
            || self.nodes < other.nodes
            || self.clients < other.clients
    }

    /// Whether a run is as easy to follow as another one: no more of anything that a reader keeps in mind, and not much
    /// longer.
    pub(super) fn as_plain_as(&self, other: &Self) -> bool {
        let shape = |size: &Self| {
            let whom =
                [size.faults, size.traitors, size.rules, size.nodes, size.chance, size.fates, size.targets];
            (whom, [size.waits, size.clients, size.operations, size.knobs, size.phases])
        };
        shape(self) <= shape(other)
            && self.digits <= other.digits + 2
            && self.events <= other.events + other.events / 4
    }
}

/// Members that start from something.
fn left_behind(setup: &Setup) -> usize {
    match &setup.initial.state {
        None => 0,
        Some(Value::Array(list)) => 1 + list.len(),
        Some(_) => 1,
    }
}

fn operations(outcome: &Outcome) -> u64 {
    outcome.activity.get("operations.invoked").copied().unwrap_or_default()
}

/// Slots that a fault names.
fn targets(entry: &FaultEntry) -> u64 {
    let slots = |selector: &&Selector| match selector {
        Selector::Slots(slots) => slots.len(),
        Selector::Role(_) => 0,
        _ => 1,
    };
    entry.what.selectors().iter().map(slots).sum()
}

/// What traitors are told. A behavior that is drawn for each input is two things to follow, each other one is one.
fn rules(setup: &Setup) -> u64 {
    let behavior = match setup.behavior.as_deref() {
        None => 0,
        Some("random") => 2,
        Some(_) => 1,
    };
    behavior + setup.adversaries.len() as u64 + u64::from(setup.network.coalition_delay.is_some())
}

/// Decimal digits in the times and numbers of rules.
fn digits_of_rules(setup: &Setup) -> u64 {
    let digits_of = |rule: &Adversary| match &rule.act {
        Act::Delay { by } => digits(by.as_nanos()),
        Act::Own { ways, .. } => u64::from(*ways),
        Act::Drop { probability } | Act::Replay { probability } => u64::from(*probability != Ratio::ONE),
        Act::Alter { scope, seal, probability, .. } => {
            u64::from(*probability != Ratio::ONE) + u64::from(*scope == Scope::Any) + u64::from(!seal)
        }
        Act::Withhold { .. } | Act::Silent | Act::Order { .. } => 0,
    };
    let granted = setup.network.coalition_delay.map_or(0, |delay| digits(delay.as_nanos()));
    granted + setup.adversaries.iter().map(digits_of).sum::<u64>()
}

fn waits(entry: &FaultEntry) -> u64 {
    match &entry.at {
        Moment::At(_) => 0,
        Moment::On(trigger) => trigger.nth.into(),
    }
}

/// How many things are left to chance.
fn chances(setup: &Setup) -> u64 {
    let random = |distribution: &Distribution| !matches!(distribution, Distribution::Fixed(_));
    let network = &setup.network;
    [
        !network.loss.is_zero(),
        !network.duplicate.is_zero(),
        !network.corrupt.is_zero(),
        random(&network.latency),
        network.regions.is_some() || network.hosts.is_some() || network.links.is_some(),
        network.client_latency.as_ref().is_some_and(random),
        network.bandwidth.is_some(),
        random(&setup.disk.sync),
        setup.clocks != Default::default(),
        setup.service != Default::default(),
    ]
    .into_iter()
    .map(u64::from)
    .sum()
}

/// The names of the parameters that are not at their defaults.
pub(super) fn differing<'a>(parameters: &'a Value, defaults: &'a Value) -> impl Iterator<Item = &'a String> {
    let table = parameters.as_object().into_iter().flatten();
    table.filter(|(name, value)| defaults.get(name.as_str()) != Some(value)).map(|(name, _)| name)
}

/// Decimal digits of a time, its trailing zeros not counted.
pub(super) fn digits(nanos: u64) -> u64 {
    let mut rest = nanos;
    while rest > 0 && rest.is_multiple_of(10) {
        rest /= 10;
    }
    rest.checked_ilog10().map_or(0, |log| u64::from(log) + 1)
}

fn digits_of(setup: &Setup) -> u64 {
    let moment = |entry: &FaultEntry| match &entry.at {
        Moment::At(at) => digits(at.since(Time::ZERO).as_nanos()),
        Moment::On(_) => 0,
    };
    let lasting = |entry: &FaultEntry| entry.duration().map_or(0, |lasts| digits(lasts.as_nanos()));
    let faults: u64 = setup.faults.entries.iter().map(|entry| moment(entry) + lasting(entry)).sum();
    let fate = |fate: PinnedFate| match fate {
        PinnedFate::Delay(delay) | PinnedFate::Duplicate(delay) => digits(delay.as_nanos()),
        PinnedFate::Drop | PinnedFate::Damage => 0,
    };
    let fates: u64 = setup.pins.iter().map(|pin| fate(pin.fate)).sum();
    let fixed = |distribution: &Distribution| match distribution {
        Distribution::Fixed(latency) => digits(latency.as_nanos()),
        _ => 0,
    };
    faults + fates + digits_of_rules(setup) + fixed(&setup.network.latency) + fixed(&setup.disk.sync)
}

/// The nearest values with so many digits: below, and above.
pub(super) fn rounded(value: Duration, digits: u32) -> [Duration; 2] {
    let nanos = value.as_nanos();
    let length = nanos.checked_ilog10().map_or(1, |log| log + 1);
    let unit = 10_u64.saturating_pow(length.saturating_sub(digits));
    let below = nanos / unit * unit;
    [below, below.saturating_add(unit)].map(Duration::from_nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_those_that_a_reader_has_to_read() {
        for (nanos, count) in [(0, 0), (5_000_000, 1), (1_230_000_000, 3), (123_456_789, 9)] {
            assert_eq!(digits(nanos), count, "{nanos}");
        }
    }

    #[test]
    fn rounding_goes_to_both_sides() {
        let of = |nanos, digits| rounded(Duration::from_nanos(nanos), digits).map(Duration::as_nanos);
        assert_eq!(of(1_234, 1), [1_000, 2_000]);
        assert_eq!(of(1_234, 2), [1_200, 1_300]);
        assert_eq!(of(7, 3), [7, 8]);
        assert_eq!(of(0, 1), [0, 1]);
    }
}
