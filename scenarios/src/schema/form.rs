//! The forms of single values, and the small pieces of which schemas are made.

use serde_json::Value;
use sim_core::tree;

/// A number and a unit.
pub(super) const DURATION: &str = r"^\s*[0-9]+(\.[0-9]*)?\s*(ns|us|µs|ms|s|min|h)\s*$";
/// A ratio, a percentage, 0 or 1.
pub(super) const PROBABILITY: &str = r"^\s*([0-9]+\s*/\s*[0-9]+|[0-9]+(\.[0-9]*)?\s*%|0*[01])\s*$";
/// Everybody, or a share of them.
pub(super) const SHARE: &str = r"^\s*(all|[0-9]+\s*/\s*[0-9]+|[0-9]+(\.[0-9]*)?\s*%)\s*$";
const RATE: &str = r"^\s*[0-9]+\s*/\s*([0-9]+(\.[0-9]*)?\s*)?(ns|us|µs|ms|s|min|h)\s*$";
const DRIFT: &str = r"^\s*[+-]?[0-9]+\s*(ppm|ppb)\s*$";
const NODE: &str = "^n[1-9][0-9]*$";

/// One or more of the ways to name slots, with commas between.
fn selector_pattern() -> String {
    let name = "[A-Za-z][A-Za-z0-9_-]*";
    let one = format!(
        r"\s*({name}|event\.node|random\s*\(\s*0*[1-9][0-9]*\s*\)|every\s*\(\s*{name}\s*\)|slot\s*\([0-9,\s-]*\)|(machine|zone|region)\s*\(\s*[A-Za-z0-9._-]+\s*\)|[0-9]+\s*/\s*[0-9]+|[0-9]+(\.[0-9]*)?\s*%)\s*"
    );
    format!("^{one}(,{one})*$")
}

/// Forms that stand in many places.
pub(super) fn definitions() -> Value {
    let text = |pattern: &str, examples: &[&str], words: &str| {
        about(tree!({ "type": "string", "pattern": pattern, "examples": examples }), words)
    };
    let selector = selector_pattern();
    tree!({
        "duration": text(DURATION, &["150ms", "1.5s", "2min"], "A duration: a number and one of ns, us, ms, s, min, h."),
        "probability": text(PROBABILITY, &["1/100", "0.1%"], "A probability: a ratio or a percentage, exact."),
        "rate": text(RATE, &["100/s", "3/10min"], "A rate: a count and a time."),
        "drift": text(DRIFT, &["200ppm", "-50ppm"], "How much a clock gains, or loses."),
        "node": about(
            tree!({ "anyOf": [{ "type": "string", "pattern": NODE }, count(1, 1 << 32)], "examples": ["n1", 1] }),
            "A node, or its number; both count from one.",
        ),
        "selector": text(
            &selector,
            &["leader", "next-leader", "every(follower)", "random(2)", "1/3", "minority", "n1,n4", "all", "clients", "event.node", "zone(b)"],
            "Who: nodes, roles, counts, shares.",
        ),
        "distribution": forms_of_distributions(),
    })
}

fn forms_of_distributions() -> Value {
    let one = |name: &str, inside: Value, words: &str| about(table(&[name], tree!({ name: inside })), words);
    let of = |keys: &[&str]| {
        let properties = tree::table(keys.iter().map(|key| ((*key).to_owned(), duration())).collect());
        table(keys, properties.into())
    };
    let shape = tree!({ "anyOf": [
        { "type": "string", "pattern": r"^\s*([0-9]+(\.[0-9]+)?|[0-9]+\s*/\s*[0-9]+)\s*$" },
        { "type": "number", "exclusiveMinimum": 0 },
    ] });
    let pareto =
        table(&["scale", "shape"], tree!({ "scale": duration(), "shape": shape, "cap": maybe(duration()) }));
    let quantile =
        tree!({ "type": "array", "items": [probability(), duration()], "minItems": 2, "maxItems": 2 });
    let value = tree!({ "type": "array", "items": [duration(), count(1, u64::from(u32::MAX))], "minItems": 2, "maxItems": 2 });
    let lists = tree!({ "oneOf": [
        table(&["quantiles"], tree!({ "quantiles": list(quantile) })),
        table(&["values"], tree!({ "values": list(value) })),
        table(&["file"], tree!({ "file": about(tree!({ "type": "string", "pattern": "^.+$" }), "A histogram: a CSV, or buckets as Prometheus shows them.") })),
    ] });
    tree!({
        "description": "How durations are spread: a bare duration is always the same.",
        "oneOf": [
            duration(),
            one("fixed", duration(), "Always the same."),
            one("uniform", of(&["min", "max"]), "Everything between is equally likely."),
            one("normal", of(&["mean", "std_dev"]), "A bell curve without its part below zero."),
            one("exponential", of(&["mean"]), "Times between independent events."),
            one("log_normal", of(&["median", "p99"]), "The usual shape of delays, with a tail."),
            one("pareto", pareto, "A tail that falls as a power."),
            one("empirical", lists, "What was measured somewhere."),
        ],
    })
}

/// A schema with a sentence about it.
pub(super) fn about(schema: Value, words: &str) -> Value {
    // Draft 7 ignores whatever stands beside a reference.
    let mut schema = if schema.get("$ref").is_some() { tree!({ "allOf": [schema] }) } else { schema };
    schema["description"] = words.into();
    schema
}

/// A table that has no other keys.
pub(super) fn table(required: &[&str], properties: Value) -> Value {
    let schema = tree!({ "type": "object", "additionalProperties": false, "properties": properties });
    if required.is_empty() {
        return schema;
    }
    let mut schema = schema;
    schema["required"] = required.into();
    schema
}

pub(super) fn list(items: Value) -> Value {
    tree!({ "type": "array", "items": items })
}

/// A whole number between two, both included.
pub(super) fn count(least: u64, most: u64) -> Value {
    tree!({ "type": "integer", "minimum": least, "maximum": most })
}

/// A whole number of 32 bits.
pub(super) fn count32(least: u64) -> Value {
    count(least, u64::from(u32::MAX))
}

/// Something, or null as resolved scenarios write what is absent.
pub(super) fn maybe(schema: Value) -> Value {
    tree!({ "anyOf": [schema, { "type": "null" }] })
}

fn reference(name: &str) -> Value {
    tree!({ "$ref": format!("#/definitions/{name}") })
}

macro_rules! references {
    ($( $name:ident )*) => {
        $( pub(super) fn $name() -> Value { reference(stringify!($name)) } )*
    };
}

references! { duration probability rate drift node selector distribution }
