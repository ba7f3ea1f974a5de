//! What members start from, where a scenario says so: `[[initial.swim]]`.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sim_core::identity::{NodeId, NodeName};
use sim_core::ordered::OrderedMap;
use sim_core::registry::parameters::Dice;
use sim_core::registry::{ParameterError, parse_parameters};
use sim_core::time::Duration;

/// The latest moment at which a drawn member leaves, in quarters of a second.
const LATEST: u64 = 56;

/// What some members start from, as a scenario writes it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Written {
    /// Which members; all if absent.
    nodes: Option<Vec<NodeName>>,
    /// Whether they know the other members of genesis; what `start` says if absent.
    knows: Option<bool>,
    /// When they leave, telling the others; never if absent.
    leaves_at: Option<Duration>,
}

/// What one member starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Own {
    pub(super) knows: Option<bool>,
    pub(super) leaves_at: Option<Duration>,
}

/// The JSON Schema of the list.
pub(super) fn schema() -> Value {
    let or_null = |mut schema: Value, words: &str| {
        schema = json!({ "anyOf": [schema, { "type": "null" }] });
        schema["description"] = words.into();
        schema
    };
    let node = json!({ "type": "string", "pattern": "^n[1-9][0-9]*$" });
    let time = json!({ "type": "string", "pattern": r"^\s*[0-9]+(\.[0-9]*)?\s*(ns|us|µs|ms|s|min|h)\s*$" });
    let properties = json!({
        "nodes": or_null(json!({ "type": "array", "items": node }), "Which members; all if absent."),
        "knows": or_null(
            json!({ "type": "boolean" }),
            "Whether they know the other members; what start says if absent.",
        ),
        "leaves_at": or_null(time, "When they leave and tell the others; never if absent."),
    });
    json!({
        "type": "array",
        "items": { "type": "object", "additionalProperties": false, "properties": properties },
    })
}

/// What each member starts from, where it is not what the parameters say.
#[derive(Clone, Debug, Default)]
pub struct InitialState {
    members: OrderedMap<NodeId, Own>,
}

impl InitialState {
    /// Reads the state of a cluster of `members` members.
    ///
    /// # Errors
    /// If it is not written as `[[initial.swim]]`, or names a member twice or one that does not exist.
    pub fn read(state: &Value, members: u32) -> Result<Self, ParameterError> {
        let list: Vec<Written> = parse_parameters(state)?;
        let mut all = OrderedMap::new();
        for (place, written) in list.iter().enumerate() {
            let own = Own { knows: written.knows, leaves_at: written.leaves_at };
            let everybody = || (0..members).map(NodeName).collect();
            for name in written.nodes.clone().unwrap_or_else(everybody) {
                let refused = |message| {
                    Err(ParameterError { path: vec![place.to_string(), "nodes".to_owned()], message })
                };
                if name.0 >= members {
                    return refused(format!("there is no node {name}, the nodes are n1 to n{members}"));
                }
                if all.insert(NodeId(name.0), own).is_some() {
                    return refused(format!("{name} is named twice"));
                }
            }
        }
        Ok(Self { members: all })
    }

    pub(super) fn of(&self, node: NodeId) -> Own {
        self.members.get(&node).copied().unwrap_or_default()
    }
}

/// Draws who leaves, and when: some of the members, a minority, within the first seconds of a run.
pub(super) fn draw(members: u32, dice: &mut Dice<'_>) -> Value {
    let most = u64::from(members.saturating_sub(1) / 2).max(1);
    let mut stay: Vec<u32> = (0..members).collect();
    let leavers = 1 + dice.below(most);
    let all = (0..leavers).map(|_| {
        let node = stay.swap_remove(dice.below(stay.len() as u64) as usize);
        let at = 250 * (1 + dice.below(LATEST));
        json!({ "nodes": [NodeName(node).to_string()], "leaves_at": format!("{at}ms") })
    });
    all.collect()
}

#[cfg(test)]
mod tests {
    use sim_core::random::{StreamName, stream};

    use super::*;

    #[test]
    fn members_start_as_they_are_told() {
        let state =
            json!([{ "nodes": ["n2"], "leaves_at": "3s" }, { "nodes": ["n1", "n3"], "knows": false }]);
        let state = InitialState::read(&state, 4).unwrap();
        let own = |node| state.of(NodeId(node));
        assert_eq!(own(1), Own { knows: None, leaves_at: Some(Duration::from_secs(3)) });
        assert_eq!((own(0).knows, own(2).knows, own(3)), (Some(false), Some(false), Own::default()));
        assert_eq!(InitialState::read(&json!([{ "knows": true }]), 2).unwrap().members.len(), 2);
    }

    #[test]
    fn members_that_do_not_exist_or_stand_twice_are_refused() {
        for state in [json!([{ "nodes": ["n5"] }]), json!([{}, { "nodes": ["n1"] }])] {
            let error = InitialState::read(&state, 4).unwrap_err();
            assert_eq!(error.path.last().map(String::as_str), Some("nodes"), "{state}");
        }
        assert!(InitialState::read(&json!([{ "leave": "1s" }]), 4).is_err());
    }

    #[test]
    fn a_minority_leaves_where_that_is_drawn() {
        for seed in 0..40 {
            let mut rng = stream(seed, StreamName::Past);
            let members = 1 + (seed % 9) as u32;
            let state = draw(members, &mut Dice::new(&mut rng));
            let leavers = InitialState::read(&state, members).unwrap().members;
            let most = (members.saturating_sub(1) / 2).max(1);
            assert!((1..=most as usize).contains(&leavers.len()), "{state}");
            let within = |own: &Own| own.leaves_at.is_some_and(|at| at <= Duration::from_secs(14));
            assert!(leavers.values().all(within), "{state}");
        }
    }
}
