//! A topology as a parameter: an overlay graph of a protocol, or the links of a coordination layer.

use serde_json::{Value, json};

use super::Parameter;
use crate::graph::Topology;
use crate::ratio::Ratio;

impl Parameter for Topology {
    fn schema() -> Value {
        let count = u32::schema();
        let table = |properties: Value| {
            let names: Vec<&String> =
                properties.as_object().into_iter().flat_map(|table| table.keys()).collect();
            json!({
                "type": "object", "additionalProperties": false, "required": names, "properties": properties
            })
        };
        let one = |name: &str, inside: Value| table(json!({ name: table(inside) }));
        let node = json!({ "anyOf": [
            { "type": "string", "pattern": "^n[1-9][0-9]*$" },
            { "type": "integer", "minimum": 1, "maximum": u64::from(u32::MAX) + 1 },
        ] });
        let link = json!({ "type": "array", "items": node, "minItems": 2, "maxItems": 2 });
        let edges = json!({ "type": "array", "items": link });
        json!({ "oneOf": [
            { "enum": ["full_mesh", "line", "ring"] },
            one("star", json!({ "hub": node })),
            one("grid", json!({ "columns": count })),
            one("tree", json!({ "fan_out": count })),
            one("hierarchical_mesh", json!({ "group": count })),
            one("random_regular", json!({ "degree": count })),
            one("small_world", json!({ "degree": count, "rewire": Ratio::schema() })),
            one("scale_free", json!({ "links": count })),
            table(json!({ "edges": edges })),
        ] })
    }

    fn read(value: &Value) -> Result<Self, String> {
        super::kinds::read(value)
    }

    fn write(&self) -> Value {
        crate::tree::of(self).expect("a topology is made of names and numbers")
    }
}
