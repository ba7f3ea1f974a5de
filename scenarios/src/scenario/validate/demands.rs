//! Demands and stop rules that no run can meet: a run that waits for them would prove nothing, or never stop.

use sim_core::fault::{Family, Fault};
use sim_core::registry::{Cluster, ProtocolInfo};
use sim_core::setup::Amount;

use super::{Scenario, Validator};
use crate::problem::Problem;
use crate::scenario::ProgressRule;
use crate::scenario::counters::is_of_operations;

/// The most that a counter can reach, and why.
struct Bound {
    most: u64,
    why: String,
}

impl Validator<'_> {
    /// What `checks.at_least` and `[stop]` ask for, against what can happen.
    pub(super) fn demands(&mut self, cluster: &dyn Cluster) {
        self.shares_of_operations();
        // What a swarm draws, nobody knows yet.
        if self.scenario.swarm.is_some() {
            return;
        }
        let scenario = self.scenario;
        for (name, least) in &scenario.checks.at_least {
            if let Amount::Times(least) = *least {
                self.demand(&["checks", "at_least", name], name, least, cluster);
            }
        }
        if let Some(rule) = &scenario.stop.observed
            && let Amount::Times(count) = rule.count
        {
            self.demand(&["stop", "observed", "count"], &format!("observed.{}", rule.kind), count, cluster);
        }
        if let Some(Amount::Times(count)) = scenario.stop.returned {
            self.demand(&["stop", "returned"], "operations.returned", count, cluster);
        }
    }

    /// A share of the operations needs a workload that says how many there are.
    fn shares_of_operations(&mut self) {
        let scenario = self.scenario;
        let title = match &scenario.workload {
            None => "there is no [workload], so there are no operations to take a share of",
            Some(workload) if workload.most_operations().is_none() => {
                "a share of operations without a limit: workload.operations is absent"
            }
            Some(_) => return,
        };
        let share = |amount: &Amount| matches!(amount, Amount::Members(_));
        let mut refuse = |path: &[&str]| {
            let origin = self.places.value_at(path);
            let note = "set workload.operations, or write a number";
            self.problems.push(Problem::new(title).at(origin).note(note));
        };
        for (name, _) in scenario.checks.at_least.iter().filter(|(_, least)| share(least)) {
            if is_of_operations(name) {
                refuse(&["checks", "at_least", name]);
            }
        }
        if scenario.stop.returned.as_ref().is_some_and(share) {
            refuse(&["stop", "returned"]);
        }
    }

    fn demand(&mut self, path: &[&str], counter: &str, wanted: u64, cluster: &dyn Cluster) {
        let Some(Bound { most, why }) = bound(self.scenario, self.protocol, cluster, counter) else { return };
        if wanted > most {
            let title = format!("{counter} never reaches {wanted}: {why}");
            let note = if most > 0 && counter.starts_with("observed.") {
                format!("expected {most} at most, or a share of the members: \"all\", \"99%\"")
            } else {
                format!("expected {most} at most")
            };
            // The demand may stand under a short name.
            let origin = self.places.value_at(path);
            self.problems.push(Problem::new(title).at(origin).note(note));
        }
    }
}

/// What can be known of a counter without running anything.
fn bound(
    scenario: &Scenario,
    protocol: &'static ProtocolInfo,
    cluster: &dyn Cluster,
    counter: &str,
) -> Option<Bound> {
    let bound = |most: u64, why: &str| Some(Bound { most, why: why.to_owned() });
    let never = |why: &str| bound(0, why);
    let quiet = |family: Family| scenario.faults.iter().all(|entry| family_of(&entry.what) != family);
    let (group, name) = counter.split_once('.')?;
    match (group, name) {
        ("faults", "fired") if scenario.faults.is_empty() => never("there are no [[faults]]"),
        ("faults", name) => {
            let family = Family::ALL.into_iter().find(|family| family.name() == name)?;
            quiet(family).then(|| never(&format!("no fault of the {name} is written")))?
        }
        ("operations", _) if scenario.workload.is_none() => never("there is no [workload]"),
        ("operations", "invoked" | "returned" | "succeeded") => {
            let most = scenario.workload.as_ref()?.most_operations()?;
            bound(most, &format!("the workload asks for {most} operations"))
        }
        ("syncs" | "disks", _) if !protocol.journals => {
            never(&format!("{} keeps nothing on disks", protocol.name))
        }
        ("disks", "torn" | "lost") if quiet(Family::Process) => never("nothing crashes"),
        ("disks", "rotten") if quiet(Family::Disk) => never("no disk is struck"),
        ("traitors", _) if honest(scenario) => never("nobody is a traitor"),
        ("dropped", "inbox_full") if scenario.service.inbox.is_none() => {
            never("inboxes have no limit: service.inbox is absent")
        }
        ("dropped", "loss") if scenario.network.loss.is_zero() && quiet(Family::Network) => {
            never("nothing loses messages")
        }
        ("dropped", "checksum") if scenario.network.corrupt.is_zero() && quiet(Family::Network) => {
            never("nothing damages messages")
        }
        ("dropped", "cut") if quiet(Family::Network) => never("nothing is cut"),
        ("progress", "owed") if scenario.checks.progress == ProgressRule::None => {
            never("checks.progress is \"none\"")
        }
        ("progress", "owed") => bound(1, "progress is owed once"),
        ("ended", "early") => bound(1, "a run ends once"),
        ("observed", kind) if quiet(Family::Process) && honest(scenario) => {
            let most = cluster.most_observed(kind, scenario.cluster.nodes)?;
            bound(most, &format!("all nodes together make at most {most} {kind}"))
        }
        _ => None,
    }
}

/// What part of the world a fault is about, made of others or not.
fn family_of(fault: &Fault) -> Family {
    match (fault.kind(), fault) {
        (Some(kind), _) => kind.family(),
        (None, Fault::Adaptive(_)) => Family::Malicious,
        (None, _) => Family::Process,
    }
}

/// Whether there is no traitor in any run of it.
fn honest(scenario: &Scenario) -> bool {
    scenario.adversaries.is_empty()
        && scenario.initial.corrupt.is_empty()
        && scenario.initial.twins.is_empty()
        && scenario.faults.iter().all(|entry| family_of(&entry.what) != Family::Malicious)
}

#[cfg(test)]
mod tests {
    use sim_core::registry::Registry;

    use crate::document::{Format, Source};
    use crate::testing::real;

    fn complaint(registry: &Registry, protocol: &str, nodes: u32, more: &str) -> String {
        let text = format!(
            "schema = \"seedstorm.scenario/1\"\ntitle = \"t\"\n[cluster]\nprotocol = \"{protocol}\"\nnodes = {nodes}\n\
             duration = \"10s\"\n{more}\n"
        );
        let source = Source { name: "test.toml".to_owned(), text };
        let loaded = crate::scenario::load(registry, source, Format::Toml, &[]);
        loaded.map_or_else(|problems| problems.render(false), |_| String::new())
    }

    #[test]
    fn a_demand_that_no_run_can_meet_is_refused() {
        let mut registry = real();
        registry.register(protocols::gossip::epidemic::entry::ENTRY);
        let workload = "[workload]\nmodel = \"register\"\noperations = 9\n";
        let endless = "[workload]\nmodel = \"register\"\n";
        let crash = "[[faults]]\nat = \"1s\"\ncrash = { target = \"n1\", restart_after = \"1s\" }\n";
        let drawn = "[swarm]\nfamilies = \"all\"\n";
        let demand = |counter: &str| format!("[checks]\nat_least = {{ {counter} }}\n");
        let stop = |rule: &str| format!("[stop]\n{rule}\n");
        for (protocol, more, expected) in [
            (
                "epidemic",
                demand("infected = 100"),
                "observed.Infected never reaches 100: all nodes together make at most 50 Infected",
            ),
            ("epidemic", demand("infected = 50"), ""),
            ("epidemic", demand("infected = \"all\""), ""),
            ("epidemic", demand("infected = 100") + crash, ""),
            ("epidemic", stop("observed = { kind = \"Infected\", count = 100 }"), "never reaches 100"),
            ("epidemic", stop("observed = { kind = \"Infected\", count = \"99%\" }"), ""),
            ("epidemic", demand("\"syncs.ok\" = 1"), "epidemic keeps nothing on disks"),
            ("epidemic", demand("operations = 1"), "there is no [workload]"),
            ("epidemic", stop("returned = 1"), "there is no [workload]"),
            (
                "epidemic",
                demand("operations = \"all\""),
                "there is no [workload], so there are no operations",
            ),
            ("epidemic", demand("messages_lost = \"all\""), "dropped.loss is no share of anything"),
            ("raft", demand("operations = \"99%\"") + workload, ""),
            ("raft", stop("returned = \"all\"") + workload, ""),
            ("raft", stop("returned = \"1/2\"") + endless, "a share of operations without a limit"),
            (
                "raft",
                demand("operations = \"all\"") + endless + drawn,
                "a share of operations without a limit",
            ),
            ("raft", stop("returned = \"0%\"") + workload, "expected a whole number from 0 up, or a share"),
            ("raft", stop("returned = \"101%\"") + workload, "expected a whole number from 0 up, or a share"),
            ("raft", stop("returned = 10") + workload, "the workload asks for 9 operations"),
            ("raft", demand("operations = 10") + workload, "the workload asks for 9 operations"),
            ("raft", demand("operations = 9") + workload, ""),
            ("raft", demand("faults_fired = 1"), "there are no [[faults]]"),
            ("raft", demand("\"faults.network\" = 1") + crash, "no fault of the network is written"),
            ("raft", demand("\"faults.process\" = 1") + crash, ""),
            ("raft", demand("\"disks.torn\" = 1"), "nothing crashes"),
            ("raft", demand("messages_cut = 1") + crash, "nothing is cut"),
            ("raft", demand("messages_cut = 1") + drawn, ""),
            ("raft", demand("messages_shed = 1"), "inboxes have no limit"),
            ("raft", demand("\"traitors.forged\" = 1"), "nobody is a traitor"),
            ("raft", demand("\"progress.owed\" = 2"), "progress is owed once"),
            (
                "raft",
                "[checks]\nprogress = \"none\"\nat_least = { \"progress.owed\" = 1 }\n".to_owned(),
                "is \"none\"",
            ),
            ("raft", demand("became_leader = 1000"), ""),
        ] {
            let found = complaint(&registry, protocol, 50, &more);
            assert_eq!(found.is_empty(), expected.is_empty(), "{more}: {found}");
            assert!(found.contains(expected), "{more}: {found}");
        }
    }
}
