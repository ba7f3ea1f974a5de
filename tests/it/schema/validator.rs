//! As much of JSON Schema, draft 7, as the schema of scenarios uses. A word that it does not know fails the test.

use regex_lite::Regex;
use serde_json::{Map, Value};

/// Words that say nothing about validity.
const REMARKS: [&str; 7] = ["$schema", "title", "description", "default", "examples", "definitions", "if"];

pub(super) struct Validator<'a> {
    root: &'a Value,
}

type Checked = Result<(), String>;

impl<'a> Validator<'a> {
    pub(super) fn new(root: &'a Value) -> Self {
        Self { root }
    }

    pub(super) fn check(&self, value: &Value) -> Checked {
        self.against(self.root, value, "")
    }

    fn against(&self, schema: &Value, value: &Value, at: &str) -> Checked {
        let words = match schema {
            Value::Bool(true) => return Ok(()),
            Value::Object(words) => words,
            _ => return Err(format!("{at}: nothing may be here")),
        };
        words.iter().try_for_each(|(word, wanted)| self.word(word, wanted, words, value, at))
    }

    fn word(
        &self,
        word: &str,
        wanted: &Value,
        words: &Map<String, Value>,
        value: &Value,
        at: &str,
    ) -> Checked {
        let fits = match word {
            "type" => match wanted {
                Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap(), value)),
                name => is(name.as_str().unwrap(), value),
            },
            "const" => value == wanted,
            "enum" => wanted.as_array().unwrap().contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().unwrap()),
            "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().unwrap()),
            "exclusiveMinimum" => value.as_f64().is_none_or(|number| number > wanted.as_f64().unwrap()),
            "minItems" => value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().unwrap()),
            "maxItems" => value.as_array().is_none_or(|items| items.len() as u64 <= wanted.as_u64().unwrap()),
            "minProperties" => {
                value.as_object().is_none_or(|map| map.len() as u64 >= wanted.as_u64().unwrap())
            }
            "maxProperties" => {
                value.as_object().is_none_or(|map| map.len() as u64 <= wanted.as_u64().unwrap())
            }
            "pattern" => {
                let pattern = Regex::new(wanted.as_str().unwrap()).unwrap();
                value.as_str().is_none_or(|text| pattern.is_match(text))
            }
            "required" => value.as_object().is_none_or(|map| all_in(wanted, map)),
            "dependencies" => value.as_object().is_none_or(|map| {
                let needs = wanted.as_object().unwrap().iter();
                needs.filter(|(key, _)| map.contains_key(*key)).all(|(_, keys)| all_in(keys, map))
            }),
            "oneOf" => self.fitting(wanted, value, at) == 1,
            "anyOf" => self.fitting(wanted, value, at) > 0,
            "allOf" => return self.all(wanted, value, at),
            "then" => return self.then(&words["if"], wanted, value, at),
            "$ref" => {
                let path = wanted.as_str().unwrap().trim_start_matches('#');
                return self.against(self.root.pointer(path).unwrap(), value, at);
            }
            "items" => return self.items(wanted, value, at),
            "properties" | "patternProperties" | "additionalProperties" => {
                return self.properties(words, value, at);
            }
            remark => {
                assert!(REMARKS.contains(&remark), "{at}: unknown word {word}");
                true
            }
        };
        if fits { Ok(()) } else { Err(format!("{at}: {value} against {word} {wanted}")) }
    }

    fn fitting(&self, schemas: &Value, value: &Value, at: &str) -> usize {
        schemas.as_array().unwrap().iter().filter(|schema| self.against(schema, value, at).is_ok()).count()
    }

    fn all(&self, schemas: &Value, value: &Value, at: &str) -> Checked {
        schemas.as_array().unwrap().iter().try_for_each(|schema| self.against(schema, value, at))
    }

    fn then(&self, condition: &Value, then: &Value, value: &Value, at: &str) -> Checked {
        if self.against(condition, value, at).is_ok() { self.against(then, value, at) } else { Ok(()) }
    }

    fn items(&self, schema: &Value, value: &Value, at: &str) -> Checked {
        let Some(items) = value.as_array() else { return Ok(()) };
        items.iter().enumerate().try_for_each(|(index, item)| {
            let one = schema.as_array().map_or(schema, |schemas| &schemas[index.min(schemas.len() - 1)]);
            self.against(one, item, &format!("{at}/{index}"))
        })
    }

    fn properties(&self, words: &Map<String, Value>, value: &Value, at: &str) -> Checked {
        let Some(map) = value.as_object() else { return Ok(()) };
        map.iter().try_for_each(|(key, inside)| {
            let known = words.get("properties").and_then(|properties| properties.get(key));
            let known = known.or_else(|| named_by_pattern(words, key));
            match known.or_else(|| words.get("additionalProperties")) {
                Some(schema) => self.against(schema, inside, &format!("{at}/{key}")),
                None => Ok(()),
            }
        })
    }
}

/// The schema of a key that a pattern names.
fn named_by_pattern<'a>(words: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    let mut patterns = words.get("patternProperties")?.as_object()?.iter();
    patterns.find(|(pattern, _)| Regex::new(pattern).unwrap().is_match(key)).map(|(_, schema)| schema)
}

fn all_in(keys: &Value, map: &Map<String, Value>) -> bool {
    keys.as_array().unwrap().iter().all(|key| map.contains_key(key.as_str().unwrap()))
}

fn is(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("unknown type {other}"),
    }
}
