//! Servers of several versions in one cluster, as a rolling upgrade leaves them.

use sim_core::registry::Together;

use super::parameters::{Parameters, Reads};

/// Checks whose property rests on all servers being set alike.
const OF_EQUALS: [&str; 2] = ["raft/leadership-stable", "raft/transfer"];

/// What the given versions promise together: the weakest of what each promises, and the longest of what each waits. Leases
/// are judged like any read: if one version's leases outlive another one's patience, that is found.
///
/// # Errors
/// If they differ in what the members of the beginning must agree on.
pub(super) fn together(versions: &[Parameters]) -> Result<Together<Parameters>, String> {
    let (first, others) = versions.split_first().ok_or_else(|| "there is no version".to_owned())?;
    if others.iter().any(|version| version.learners != first.learners) {
        return Err("every version needs the same number of learners: who votes is settled at the beginning"
            .to_owned());
    }
    let all = |of: fn(&Parameters) -> bool| versions.iter().all(of);
    let longest =
        |of: fn(&Parameters) -> sim_core::time::Duration| versions.iter().map(of).max().unwrap_or_default();
    let parameters = Parameters {
        pre_vote: all(|version| version.pre_vote),
        check_quorum: all(|version| version.check_quorum),
        election_timeout_min: longest(|version| version.election_timeout_min),
        election_timeout_max: longest(|version| version.election_timeout_max),
        heartbeat: longest(|version| version.heartbeat),
        client_retry: longest(|version| version.client_retry),
        disk_retry: longest(|version| version.disk_retry),
        reads: reads(versions),
        clock_drift_ppm: versions.iter().map(|version| version.clock_drift_ppm).min().unwrap_or_default(),
        transfer_every: longest(|version| version.transfer_every),
        snapshot_every: versions.iter().map(|version| version.snapshot_every).max().unwrap_or_default(),
        reconfigure_every: longest(|version| version.reconfigure_every),
        joint: versions.iter().any(|version| version.joint),
        apply_delay: longest(|version| version.apply_delay),
        // These promise nothing. All settings are listed, so that a new one has to be thought of here.
        max_batch: first.max_batch,
        max_inflight: first.max_inflight,
        snapshot_chunk: first.snapshot_chunk,
        learners: first.learners,
        local_clients: first.local_clients,
    };
    let alike = others.iter().all(|version| {
        let judged = |of: &Parameters| {
            (of.pre_vote, of.check_quorum, of.election_timeout_min, of.election_timeout_max, of.heartbeat)
        };
        judged(version) == judged(first)
    });
    let mut unjudged = if alike { Vec::new() } else { OF_EQUALS.to_vec() };
    if others.iter().any(|version| version.snapshot_every != first.snapshot_every) {
        unjudged.push("raft/snapshots");
    }
    Ok(Together { parameters, unjudged })
}

/// How clients of all versions read, at worst.
fn reads(versions: &[Parameters]) -> Reads {
    let ways = versions.iter().map(|version| version.reads);
    [Reads::Stale, Reads::Mixed, Reads::Lease, Reads::Index]
        .into_iter()
        .find(|worst| ways.clone().any(|way| way == *worst))
        .unwrap_or(Reads::Log)
}

#[cfg(test)]
mod tests {
    use sim_core::time::Duration;

    use super::*;

    #[test]
    fn versions_promise_together_what_each_of_them_does() {
        let first = Parameters::default();
        let second = Parameters {
            pre_vote: false,
            client_retry: Duration::from_secs(2),
            reads: Reads::Lease,
            ..first
        };
        let both = together(&[first, second]).unwrap();
        assert!(!both.parameters.pre_vote && both.parameters.check_quorum);
        assert_eq!(both.parameters.client_retry, Duration::from_secs(2));
        assert_eq!(both.parameters.reads, Reads::Lease);
        assert_eq!(both.unjudged, OF_EQUALS);
        let taken = together(&[first, Parameters { snapshot_every: 9, ..first }]).unwrap();
        assert_eq!(taken.unjudged, ["raft/snapshots"]);
        assert_eq!(together(&[first, first]).unwrap(), Together { parameters: first, unjudged: Vec::new() });
    }

    #[test]
    fn who_votes_is_not_a_matter_of_versions() {
        let first = Parameters::default();
        assert!(together(&[first, Parameters { learners: 1, ..first }]).unwrap_err().contains("learners"));
    }
}
