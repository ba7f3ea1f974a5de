//! Names of members in what a protocol starts from, whose form only the protocol knows.

use serde_json::Value;
use sim_core::identity::NodeName;

/// Gives every member that is named, wherever that is, the name of another one; whoever is nobody any more is taken out of
/// lists, and is null elsewhere.
pub(crate) fn rename(state: &mut Value, other: &impl Fn(u32) -> Option<u32>) {
    match state {
        Value::String(text) => {
            if let Ok(NodeName(slot)) = text.parse() {
                let name = other(slot).map(|slot| NodeName(slot).to_string());
                *state = name.map_or(Value::Null, Value::String);
            }
        }
        Value::Array(items) => {
            items.retain_mut(|item| {
                let was_name = item.is_string();
                rename(item, other);
                !was_name || item.is_string()
            });
        }
        Value::Object(table) => table.values_mut().for_each(|value| rename(value, other)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
