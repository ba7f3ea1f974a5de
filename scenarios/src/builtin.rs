//! The built-in scenarios: files like any other, compiled in.

use crate::document::Source;

/// A built-in scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Builtin {
    /// Its name.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

macro_rules! builtins {
    ($( $name:literal )*) => {
        /// Every built-in scenario, by family.
        pub const BUILTINS: &[Builtin] = &[
            $( Builtin { name: $name, text: include_str!(concat!("../builtin/", $name, ".toml")) } ),*
        ];
    };
}

builtins! {
    "raft-calm"
    "raft-wan-election"
    "raft-leader-crash"
    "raft-minority-cut"
    "raft-majority-cut"
    "raft-one-way-cut"
    "raft-bridge"
    "raft-flapping-link"
    "raft-partition"
    "raft-loss-and-duplication"
    "raft-slow-disk"
    "raft-torn-disk"
    "raft-vote-persisted"
    "raft-traitor-leader"
    "raft-inflated-terms"
    "raft-full-disk"
    "raft-bit-rot"
    "raft-clock-drift"
    "raft-clock-steps"
    "raft-pause"
    "raft-rolling-restart"
    "raft-overload"
    "raft-isolated-server"
    "raft-split-votes"
    "raft-downtime"
    "raft-messages"
    "raft-ghost-leader"
    "raft-storm"
    "raft-nine-servers"
    "raft-even-cluster"
    "raft-preset-etcd"
    "raft-preset-hashicorp"
    "raft-preset-tikv"
    "raft-membership"
    "raft-joint-membership"
    "raft-snapshots"
    "raft-slow-restore"
    "raft-leadership-transfer"
    "raft-lease-reads"
    "raft-lease-beyond-drift"
    "raft-stale-reads"
    "raft-swarm"
    "raft-witness-vote-not-durable"
    "raft-witness-commit-old-term"
    "raft-witness-vote-by-length"
    "raft-witness-truncates-without-conflict"
    "raft-witness-commit-goes-back"
    "raft-witness-counts-old-votes"
    "raft-witness-counts-votes-twice"
    "raft-witness-commits-by-acknowledgments"
    "raft-witness-half-is-a-majority"
    "raft-witness-commit-stops-at-old-terms"
    "raft-witness-step-down-after-vote"
    "raft-witness-vote-for-zero-is-none"
    "raft-witness-candidate-before-durable"
    "raft-witness-acknowledges-before-sync"
    "raft-witness-damaged-disk-is-blank"
    "raft-witness-no-pre-vote"
    "raft-witness-no-check-quorum"
    "raft-witness-leader-grants-pre-votes"
    "raft-witness-no-sessions"
    "raft-witness-controls"
    "raft-witness-changes-before-own-commit"
    "raft-witness-joint-is-union"
    "raft-witness-learners-refuse"
    "raft-witness-learners-count"
    "raft-witness-anybody-stands"
    "raft-witness-term-of-snapshot"
    "raft-witness-start-always-matches"
    "raft-witness-install-drops-suffix"
    "raft-witness-takes-old-snapshots"
    "raft-witness-lease-by-timer"
    "raft-witness-lease-without-quorum"
    "raft-witness-reads-before-own-commit"
    "raft-witness-reads-before-applied"
    "demo-bug"
    "bracha-calm"
    "bracha-equivocation"
    "bracha-adversaries"
    "bracha-twins"
    "bracha-beyond-f"
    "bracha-swarm"
    "bracha-messages"
    "bracha-split"
    "pbft-calm"
    "pbft-primary-crash"
    "pbft-equivocating-primary"
    "pbft-withholding"
    "pbft-f-traitors"
    "pbft-beyond-f"
    "pbft-n-3f"
    "pbft-cut-through-view-change"
    "pbft-twins"
    "pbft-adaptive"
    "pbft-mixed"
    "pbft-wan"
    "pbft-swarm"
    "pbft-messages"
    "pbft-normal-delays"
    "pbft-split"
    "pbft-witness-quorum-of-2f"
    "pbft-witness-commit-without-prepared"
    "pbft-witness-view-change-forgets-prepared"
    "pbft-witness-prepared-claims-unverified"
    "pbft-witness-digest-not-compared"
    "pbft-witness-second-proposal-accepted"
    "pbft-witness-proposer-not-checked"
    "pbft-witness-sequence-not-compared"
    "pbft-witness-votes-counted-by-message"
    "pbft-witness-unstable-checkpoint-adopted"
    "pbft-witness-requests-unsigned"
    "pbft-witness-requests-executed-again"
    "pbft-witness-hash-order-execution"
    "pbft-witness-malformed-certificate-panics"
    "epidemic-calm"
    "epidemic-cycles"
    "epidemic-churn"
    "epidemic-million"
    "epidemic-swarm"
    "swim-calm"
    "swim-crash"
    "swim-mass-failure"
    "swim-partition"
    "swim-join-storm"
    "swim-slow-members"
    "swim-churn"
    "swim-lossy-wan"
    "swim-10000"
    "swim-100000"
    "swim-suspicion-timeout"
    "swim-lone-suspicion"
    "swim-retransmit"
    "swim-first-detection"
    "swim-swarm"
    "swim-witness-stale-alive"
    "swim-witness-never-refutes"
    "swim-witness-no-tombstones"
    "swim-witness-alive-beats-suspect"
    "swim-witness-no-reconnect"
    "swim-witness-suspect-adds"
    "swim-witness-plain-queue"
    "swim-witness-no-indirect-wait"
    "swim-witness-no-local-health"
}

/// The built-in scenario of a name, as a source.
pub fn find(name: &str) -> Option<Source> {
    let found = BUILTINS.iter().find(|builtin| builtin.name == name)?;
    Some(Source { name: found.name.to_owned(), text: found.text.to_owned() })
}

/// The names of all built-in scenarios.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILTINS.iter().map(|builtin| builtin.name)
}
