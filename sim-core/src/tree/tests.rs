use std::fmt::Debug;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::read;
use crate::ordered::OrderedMap;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    count: u8,
    #[serde(default)]
    maybe: Option<i32>,
    #[serde(default)]
    share: f64,
    #[serde(default)]
    kinds: Vec<Kind>,
    #[serde(default)]
    by_number: OrderedMap<i16, (bool, String)>,
    #[serde(default)]
    free: Value,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum Kind {
    Plain,
    Wrapped(u32),
    Paired(u8, char),
    Shaped { width: u64 },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Texts(Vec<String>),
    Nothing,
}

/// Reads a value in both ways: ours, and that of `serde_json`, which knows no paths.
fn both<T: for<'de> Deserialize<'de> + Debug + PartialEq>(value: &Value) -> Result<T, super::Misfit> {
    let ours = read::<T>(value);
    let theirs = serde_json::from_value::<T>(value.clone());
    match (&ours, &theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{value}"),
        // Of a variant, ours has the name as well.
        (Err(ours), Err(theirs)) => {
            // A key that is no number is told in words of ours.
            let same = ours.message.starts_with(&theirs.to_string());
            assert!(same || theirs.to_string().contains("expected key"), "{ours}, {theirs}");
        }
        _ => panic!("{value}: {ours:?}, but {theirs:?}"),
    }
    ours
}

fn refused<T: for<'de> Deserialize<'de> + Debug + PartialEq>(value: &Value) -> String {
    both::<T>(value).expect_err("it fits").to_string()
}

#[test]
fn what_was_written_is_read() {
    let table = Table {
        count: 255,
        maybe: Some(-7),
        share: 0.25,
        kinds: vec![Kind::Plain, Kind::Wrapped(3), Kind::Paired(1, 'x'), Kind::Shaped { width: u64::MAX }],
        by_number: OrderedMap::from([(-3, (true, "three".to_owned())), (4, (false, String::new()))]),
        free: json!({ "a": [1, -1, 1.5, null, true, "text", { "b": [] }] }),
    };
    let tree = serde_json::to_value(&table).expect("a tree");
    assert_eq!(both::<Table>(&tree), Ok(table));
    for tree in [json!(5), json!(-5), json!(["a", "b"]), json!([]), json!(null)] {
        both::<Either>(&tree).expect("it fits");
    }
}

#[test]
fn a_misfit_is_named_as_before_and_has_its_path() {
    for (tree, said) in [
        (json!({ "count": 256 }), "count: invalid value: integer `256`, expected u8"),
        (json!({ "count": -1 }), "count: invalid value: integer `-1`, expected u8"),
        (json!({ "count": "x" }), "count: invalid type: string \"x\", expected u8"),
        (json!({ "count": null }), "count: invalid type: null, expected u8"),
        (json!({ "count": 1.5 }), "count: invalid type: floating point `1.5`, expected u8"),
        (json!({}), "missing field `count`"),
        (json!({ "count": 1, "maybe": [] }), "maybe: invalid type: sequence, expected i32"),
        (json!({ "count": 1, "kinds": ["plain", "plane"] }), "kinds.1: unknown variant `plane`, "),
        (
            json!({ "count": 1, "kinds": ["wrapped"] }),
            "kinds.0: invalid type: unit variant, expected newtype",
        ),
        (
            json!({ "count": 1, "kinds": [{ "plain": 1 }] }),
            "kinds.0.plain: invalid type: integer `1`, expected u",
        ),
        (
            json!({ "count": 1, "kinds": [{ "paired": [1] }] }),
            "kinds.0.paired: invalid length 1, expected tuple",
        ),
        (json!({ "count": 1, "kinds": [{ "paired": [1, "x", 2] }] }), "kinds.0.paired: invalid length 3, "),
        (
            json!({ "count": 1, "kinds": [{ "shaped": { "wide": 1 } }] }),
            "kinds.0.shaped: unknown field `wide`",
        ),
        (
            json!({ "count": 1, "kinds": [{ "shaped": { "width": [] } }] }),
            "kinds.0.shaped.width: invalid type",
        ),
        (json!({ "count": 1, "kinds": [{ "shaped": 3 }] }), "kinds.0.shaped: invalid type: integer `3`"),
        (json!({ "count": 1, "kinds": [{}] }), "kinds.0: invalid value: map, expected map with a single key"),
        (json!({ "count": 1, "kinds": [7] }), "kinds.0: invalid type: integer `7`, expected "),
        (json!({ "count": 1, "by_number": { "x": [true, ""] } }), "by_number: invalid type: string \"x\", "),
        (json!({ "count": 1, "by_number": { "7": [1, ""] } }), "by_number.7.0: invalid type: integer `1`"),
        (json!({ "cuont": 1 }), "unknown field `cuont`, expected one of `count`, `maybe`, "),
        (json!("text"), "invalid type: string \"text\", expected struct Table"),
    ] {
        let refused = refused::<Table>(&tree);
        assert!(refused.starts_with(said), "{tree}: {refused}");
    }
    assert_eq!(refused::<Either>(&json!({})), "data did not match any variant of untagged enum Either");
}

#[test]
fn a_structure_is_no_list() {
    let misfit = read::<Table>(&json!([1])).expect_err("it fits");
    assert_eq!(misfit.to_string(), "invalid type: sequence, expected struct Table");
}
