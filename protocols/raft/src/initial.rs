//! What servers start from, where a scenario says so: `[[initial.raft]]`.

pub(crate) mod past;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sim_core::identity::{NodeId, NodeName};
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::process::JournalId;
use sim_core::registry::{ParameterError, parse_parameters};
use sim_core::time::Duration;

use super::durability::JOURNAL;
use super::vocabulary::{Command, Entry, RaftRecord};

/// What some servers start from, as a scenario writes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    /// Which servers; all if absent.
    nodes: Option<Vec<NodeName>>,
    /// Their term; that of the last entry if absent.
    term: Option<u64>,
    /// Whom they voted for in it.
    vote: Option<NodeName>,
    /// The term of each entry of their log; the entries do nothing.
    log: Vec<u64>,
    /// How long their first election timer runs; drawn as any other if absent.
    first_timeout: Option<Duration>,
}

/// The JSON Schema of the list.
pub(super) fn schema() -> Value {
    let node = || json!({ "type": "string", "pattern": "^n[1-9][0-9]*$" });
    let term = |least: u64| json!({ "type": "integer", "minimum": least });
    let about = |mut schema: Value, words: &str| {
        schema["description"] = words.into();
        schema
    };
    let or_null = |schema: Value| json!({ "anyOf": [schema, { "type": "null" }] });
    let properties = json!({
        "nodes": about(or_null(json!({ "type": "array", "items": node() })), "Which servers; all if absent."),
        "term": about(or_null(term(0)), "Their term; that of the last entry of the log if absent."),
        "vote": about(or_null(node()), "Whom they voted for in it."),
        "log": about(json!({ "type": "array", "items": term(1) }), "The term of each entry of their log."),
        "first_timeout": about(
            or_null(json!({ "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]*)?\s*(ns|us|µs|ms|s|min|h)\s*$" })),
            "How long their first election timer runs; drawn if absent.",
        ),
    });
    json!({
        "type": "array",
        "items": { "type": "object", "additionalProperties": false, "properties": properties },
    })
}

/// What each server starts from, where it is not an empty disk and a drawn timer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InitialState {
    servers: OrderedMap<NodeId, Written>,
}

impl InitialState {
    /// Reads the state of a cluster of `members` servers.
    ///
    /// # Errors
    /// If it is not written as `[[initial.raft]]`, names a server twice or one that does not exist, or no run of Raft
    /// could have come to such logs.
    pub fn read(state: &Value, members: u32) -> Result<Self, ParameterError> {
        let list: Vec<Written> = parse_parameters(state)?;
        let mut servers = OrderedMap::new();
        for (place, written) in list.iter().enumerate() {
            check(place, written, members)?;
            let all = || (0..members).map(NodeName).collect();
            for name in written.nodes.clone().unwrap_or_else(all) {
                if servers.insert(NodeId(name.0), written.clone()).is_some() {
                    return Err(refused(place, "nodes", format!("{name} is named twice")));
                }
            }
            let earlier = list[..place].iter().any(|other| !matching(&other.log, &written.log));
            if earlier {
                let why = "two logs hold an entry of the same index and term, and differ before it";
                return Err(refused(place, "log", why.to_owned()));
            }
        }
        Ok(Self { servers })
    }

    /// What the disk of a server holds.
    pub(super) fn disk(&self, node: NodeId) -> Vec<(JournalId, Vec<RaftRecord>)> {
        let Some(written) = self.servers.get(&node) else { return Vec::new() };
        let term = written.term();
        if term == 0 {
            return Vec::new();
        }
        let vote = written.vote.map(|NodeName(index)| NodeId(index));
        let entry = |term: &u64| Entry::new(*term, Command::Noop);
        let entries = written.log.iter().map(entry).zip(1..);
        let entries = entries.map(|(entry, index)| RaftRecord::Entry { index, entry });
        vec![(JOURNAL, [RaftRecord::HardState { term, vote }].into_iter().chain(entries).collect())]
    }

    /// How long the first election timer of a server runs, if that is given.
    pub(super) fn first_timeout(&self, node: NodeId) -> Option<Duration> {
        self.servers.get(&node)?.first_timeout
    }
}

impl Written {
    fn term(&self) -> u64 {
        self.term.or(self.log.last().copied()).unwrap_or(0)
    }
}

fn check(place: usize, written: &Written, members: u32) -> Result<(), ParameterError> {
    let named = written.nodes.iter().flatten().map(|name| ("nodes", name));
    let mut named = named.chain(written.vote.iter().map(|name| ("vote", name)));
    if let Some((key, name)) = named.find(|(_, name)| name.0 >= members) {
        return Err(refused(place, key, format!("there is no node {name}, the nodes are n1 to n{members}")));
    }
    if written.log.first() == Some(&0) || !written.log.is_sorted() {
        let why = "terms of entries count from 1 and never fall along a log";
        return Err(refused(place, "log", why.to_owned()));
    }
    let term = written.term();
    if written.log.last().is_some_and(|last| *last > term) {
        return Err(refused(place, "term", "a server's term is at least that of its last entry".to_owned()));
    }
    if term == 0 && written.vote.is_some() {
        return Err(refused(place, "vote", "nobody votes in term 0".to_owned()));
    }
    if written.first_timeout.is_some_and(Duration::is_zero) {
        return Err(refused(place, "first_timeout", "must be longer than 0s".to_owned()));
    }
    Ok(())
}

/// Whether two logs agree wherever the log matching property wants it (paper, section 5.3).
fn matching(left: &[u64], right: &[u64]) -> bool {
    let pairs: Vec<(u64, u64)> = left.iter().copied().zip(right.iter().copied()).collect();
    let equal_until = pairs.iter().take_while(|(left, right)| left == right).count();
    // Entries here do nothing, so that equal terms make equal entries.
    let later: OrderedSet<bool> = pairs[equal_until..].iter().map(|(left, right)| left == right).collect();
    !later.contains(&true)
}

fn refused(place: usize, key: &str, message: String) -> ParameterError {
    ParameterError { path: vec![place.to_string(), key.to_owned()], message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_hold_what_is_written_and_everybody_else_starts_empty() {
        let state = json!([
            { "nodes": ["n1", "n2"], "log": [1, 1, 2], "first_timeout": "5ms" },
            { "nodes": ["n3"], "log": [1], "term": 4, "vote": "n1" },
        ]);
        let state = InitialState::read(&state, 4).unwrap();
        let records = |node| state.disk(NodeId(node)).pop().map_or(0, |(_, records)| records.len());
        assert_eq!([0, 1, 2, 3].map(records), [4, 4, 2, 0]);
        let hard_state = RaftRecord::HardState { term: 4, vote: Some(NodeId(0)) };
        assert_eq!(state.disk(NodeId(2))[0].1[0], hard_state);
        assert_eq!(state.first_timeout(NodeId(1)), Some(Duration::from_millis(5)));
        assert_eq!(state.first_timeout(NodeId(2)), None);
        let all = InitialState::read(&json!([{ "log": [3] }]), 2).unwrap();
        assert_eq!(all.disk(NodeId(1))[0].1.len(), 2);
    }

    #[test]
    fn what_no_cluster_could_have_come_to_is_refused_with_its_place() {
        for (state, path) in [
            (json!([{ "nodes": ["n4"] }]), ["0", "nodes"]),
            (json!([{ "nodes": ["n1"] }, { "nodes": ["n2", "n1"] }]), ["1", "nodes"]),
            (json!([{ "log": [2, 1] }]), ["0", "log"]),
            (json!([{ "log": [0] }]), ["0", "log"]),
            (json!([{ "log": [3], "term": 2 }]), ["0", "term"]),
            (json!([{ "vote": "n1" }]), ["0", "vote"]),
            (json!([{ "term": 1, "vote": "n9" }]), ["0", "vote"]),
            (json!([{ "first_timeout": "0s" }]), ["0", "first_timeout"]),
            (json!([{ "nodes": ["n1"], "log": [1, 2] }, { "nodes": ["n2"], "log": [2, 2] }]), ["1", "log"]),
        ] {
            assert_eq!(InitialState::read(&state, 3).unwrap_err().path, path, "{state}");
        }
        assert!(InitialState::read(&json!([{ "logs": [1] }]), 3).is_err());
        assert!(InitialState::read(&json!({}), 3).is_err());
    }
}
