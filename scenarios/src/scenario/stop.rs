//! `[stop]`: when a run ends before its time.

use serde::{Deserialize, Serialize};
use sim_core::setup::{Amount, Stop};

/// When to stop; the first rule that is met ends the run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StopRules {
    /// As soon as a kind of observation has been made this often.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// As soon as this many operations have returned, or this share of those that the workload asks for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub returned: Option<Amount>,
    /// As soon as every running member is in this role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub all_in_role: Option<String>,
    /// At the first violation.
    pub violation: bool,
}

/// A kind of observation and a count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Observed {
    /// The kind's name.
    pub kind: String,
    /// How often, or by which share of the members.
    #[serde(default = "once")]
    pub count: Amount,
}

const fn once() -> Amount {
    Amount::Times(1)
}

impl StopRules {
    /// The rules as a list, where the workload asks for so many operations.
    pub(crate) fn list(&self, operations: u64) -> Vec<Stop> {
        let observed = self.observed.iter();
        let observed = observed.map(|rule| Stop::Observed { kind: rule.kind.clone(), count: rule.count });
        let returned = self.returned.map(|count| Stop::Returned(count.of(operations)));
        let role = self.all_in_role.clone().map(Stop::AllInRole);
        let violation = self.violation.then_some(Stop::Violation);
        observed.chain(returned).chain(role).chain(violation).collect()
    }
}
