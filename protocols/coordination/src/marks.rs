//! Marks of what a run is about, so that the activity table of a campaign shows that each strategy, topology and policy was drawn.

use sim_core::process::Context;

use crate::parameters::{OnPartition, Parameters, Strategy};
use crate::topology::Topology;
use crate::vocabulary::Coordination;

/// Marks a run; once is enough.
pub(crate) fn mark(parameters: &Parameters, cx: &mut Context<'_, Coordination>) {
    cx.sometimes(of_strategy(parameters.strategy), true);
    cx.sometimes(of_topology(parameters.topology), true);
    if parameters.strategy.has_core() {
        cx.sometimes(of_policy(parameters.on_partition), true);
    }
    if parameters.uses_swim() {
        cx.sometimes("detector-swim", true);
    }
}

const fn of_strategy(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Single => "strategy-single",
        Strategy::Independent => "strategy-independent",
        Strategy::Star => "strategy-star",
        Strategy::Service => "strategy-service",
        Strategy::Hybrid => "strategy-hybrid",
        Strategy::Raft => "strategy-raft",
        Strategy::Gossip => "strategy-gossip",
    }
}

const fn of_topology(topology: Topology) -> &'static str {
    match topology {
        Topology::Mesh => "topology-mesh",
        Topology::Star => "topology-star",
        Topology::Tree => "topology-tree",
        Topology::Ring => "topology-ring",
        Topology::Random => "topology-random",
        Topology::Regular => "topology-regular",
        Topology::SmallWorld => "topology-small-world",
        Topology::HierarchicalMesh => "topology-hierarchical-mesh",
        Topology::Listed => "topology-listed",
    }
}

const fn of_policy(policy: OnPartition) -> &'static str {
    match policy {
        OnPartition::StandStill => "policy-stand-still",
        OnPartition::ReadOnly => "policy-read-only",
        OnPartition::LocalWrites => "policy-local-writes",
        OnPartition::AdaptiveQuorum => "policy-adaptive-quorum",
    }
}
