//! The schema of `[domains]`.

use serde_json::Value;

use super::form::{about, count, list, table};

pub(super) fn domains() -> Value {
    let rooms = || {
        let named = tree!({ "type": "object", "additionalProperties": list(tree!({ "type": "string" })) });
        tree!({ "anyOf": [count(1, 100_000), named] })
    };
    let placement = tree!({ "enum": ["round-robin", "blocks"], "default": "round-robin" });
    let schema = table(
        &[],
        tree!({
            "machines": about(rooms(), "Machines: a number, or the nodes on each by name."),
            "zones": about(rooms(), "Zones: a number, or the nodes, clients and machines in each by name."),
            "regions": about(rooms(), "Regions: a number, or the nodes, clients, zones and machines in each by name."),
            "placement": about(placement, "How levels are filled of which only the number is written."),
        }),
    );
    about(schema, "What fails together: machines, zones, regions.")
}
