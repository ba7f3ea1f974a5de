//! Deserializes the neutral tree into a type and reports serde's errors at the right place in the file.

use serde::de::DeserializeOwned;
use serde_json::Value;
use sim_core::tree;

use super::Places;
use crate::problem::{Problem, nearest};

/// What serde says about a value, and where in it.
#[derive(Clone, Debug)]
pub(crate) struct Complaint {
    /// Keys and indexes that lead to the value.
    pub(crate) path: Vec<String>,
    /// serde's own words.
    pub(crate) message: String,
}

impl Complaint {
    /// Reads a value as a type.
    pub(crate) fn read<T: DeserializeOwned>(value: &Value) -> Result<T, Self> {
        tree::read(value).map_err(|tree::Misfit { path, message }| Self { path, message })
    }

    /// Where it is, as a person writes it; `whole` names the place above all.
    pub(crate) fn place(&self, whole: &str) -> String {
        if self.path.is_empty() { whole.to_owned() } else { self.path.join(".") }
    }

    /// What is said about it, in our words, at its place.
    pub(crate) fn explain(&self, places: &Places) -> Problem {
        explain(places, &self.path, &self.message)
    }

    /// The path of a key that is missing, if that is what it says.
    pub(crate) fn missing(&self) -> Option<Vec<String>> {
        let named = Named::read(&self.message).filter(|named| named.what == What::Missing)?;
        Some(self.path.iter().cloned().chain([named.name.to_owned()]).collect())
    }

    /// Whether it says that a name is unknown.
    pub(crate) fn is_unknown(&self) -> bool {
        Named::read(&self.message).is_some_and(|named| named.what == What::Unknown)
    }

    /// The names that were expected instead of an unknown one.
    #[cfg(test)]
    pub(crate) fn names(&self) -> Option<Vec<String>> {
        let named = Named::read(&self.message).filter(|named| named.what == What::Unknown)?;
        Some(named.expected.into_iter().map(str::to_owned).collect())
    }

    /// The path of what has to be left out of a value so that the rest may be read: the innermost key around what does
    /// not fit. Nothing, if something is missing.
    pub(crate) fn culprit(&self, value: &Value) -> Option<Vec<String>> {
        let mut path = self.path.clone();
        match Named::read(&self.message) {
            Some(Named { what: What::Missing, .. }) => return None,
            Some(Named { what: What::Unknown, kind: "field", name, .. })
                if path.last().is_none_or(|last| last != name) || holds(value, &path, name) =>
            {
                path.push(name.to_owned());
            }
            _ => {}
        }
        // An entry of a list cannot go without moving those behind it.
        while !path.is_empty() && !in_a_table(value, &path) {
            path.pop();
        }
        Some(path)
    }
}

fn lookup<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |value, segment| match value {
        Value::Object(map) => map.get(segment),
        Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

fn holds(value: &Value, path: &[String], key: &str) -> bool {
    lookup(value, path).is_some_and(|inside| inside.get(key).is_some())
}

/// Whether a path ends at a key of a table that is there.
fn in_a_table(value: &Value, path: &[String]) -> bool {
    let Some((last, parents)) = path.split_last() else { return false };
    lookup(value, parents).and_then(Value::as_object).is_some_and(|table| table.contains_key(last))
}

/// Says in our words what serde says about the value at a path.
fn explain(places: &Places, path: &[String], message: &str) -> Problem {
    let names = Named::read(message);
    let shown = path.join(".");
    match names {
        Some(Named { what: What::Unknown, kind, name, expected }) => {
            let kind = if kind == "field" { "key" } else { "name" };
            let origin = find_name(places, path, name);
            Problem::new(format!("unknown {kind} \"{name}\"")).at(origin).suggest(name, expected)
        }
        Some(Named { what: What::Missing, name, .. }) => {
            let inside = if shown.is_empty() { String::new() } else { format!(" in {shown}") };
            let problem = Problem::new(format!("missing key \"{name}\"{inside}")).at(places.value_at(path));
            misspelt(places, path, name).map_or(problem.clone(), |near| problem.note(near))
        }
        Some(Named { what: What::Duplicate, name, .. }) => {
            Problem::new(format!("the key \"{name}\" stands twice")).at(find_name(places, path, name))
        }
        None => {
            let (found, expected) = found_and_expected(message);
            let place = if shown.is_empty() { String::new() } else { format!("{shown}: ") };
            let problem = Problem::new(format!("{place}{found}")).at(places.value_at(path));
            let problem = match expected {
                Some(expected) => problem.label(format!("expected {}", in_words(expected))),
                None => problem,
            };
            match as_percentage(path, found) {
                Some(percentage) => problem.note(format!("a probability is written \"{percentage}\"")),
                None => problem,
            }
        }
    }
}

/// Keys of probabilities.
const PROBABILITIES: [&str; 6] = ["loss", "duplicate", "corrupt", "probability", "quantile", "rewire"];

/// How a number that stands for a probability should have been written: `5%` for `0.05`.
fn as_percentage(path: &[String], found: &str) -> Option<String> {
    let key = path.last().filter(|key| PROBABILITIES.contains(&key.as_str()));
    let number = found.strip_prefix("invalid type: floating point `")?.strip_suffix('`')?;
    let share = number.parse::<f64>().ok().filter(|share| (0.0..=1.0).contains(share))?;
    let text = format!("{:.6}", share * 100.0);
    key.map(|_| format!("{}%", text.trim_end_matches('0').trim_end_matches('.')))
}

/// Splits a complaint in what is wrong and what was expected. Our own types say what they failed to do ("read a
/// duration: expected ..."), which is clear from the place.
fn found_and_expected(message: &str) -> (&str, Option<&str>) {
    let rest = message.strip_prefix("read ").or(message.strip_prefix("use "));
    let message = rest.and_then(|rest| rest.split_once(": ")).map_or(message, |(_, rest)| rest);
    if let Some(expected) = message.strip_prefix("expected ") {
        return ("this cannot be read", Some(expected));
    }
    message.split_once(", expected ").map_or((message, None), |(found, expected)| (found, Some(expected)))
}

/// Names of Rust's types as people know them.
fn in_words(expected: &str) -> &str {
    match expected {
        "u8" => "a whole number from 0 to 255",
        "u16" => "a whole number from 0 to 65535",
        "u32" => "a whole number from 0 to 4294967295",
        "u64" | "usize" => "a whole number from 0 up",
        "i32" | "i64" => "a whole number",
        "f64" => "a number",
        "a string" => "a text in quotes",
        "a sequence" => "a list in brackets",
        "a boolean" => "true or false",
        other if other.starts_with("struct ") => "a table",
        other => other,
    }
}

/// Where a refused name stands: the key itself, a key inside of the value, or the value.
fn find_name(places: &Places, path: &[String], name: &str) -> super::Origin {
    let (found, _) = places.follow(path);
    let key = found.children.get(name).and_then(|child| child.key.clone());
    let own = found.key.clone().filter(|_| path.last().is_some_and(|last| last == name));
    key.or(own).unwrap_or_else(|| found.value.clone())
}

/// A hint if a key was left out because it is there under a near name.
fn misspelt(places: &Places, path: &[String], name: &str) -> Option<String> {
    let keys: Vec<&str> = places.follow(path).0.children.keys().map(String::as_str).collect();
    nearest(name, &keys).map(|near| format!("there is \"{near}\": did you mean \"{name}\"?"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum What {
    Unknown,
    Missing,
    Duplicate,
}

/// What serde's own messages about names say. Their wording is serde's documented default, shared by every format.
#[derive(Debug, PartialEq, Eq)]
struct Named<'a> {
    what: What,
    kind: &'a str,
    name: &'a str,
    expected: Vec<&'a str>,
}

impl<'a> Named<'a> {
    fn read(message: &'a str) -> Option<Self> {
        let (what, rest) = [("unknown ", What::Unknown), ("missing ", What::Missing)]
            .into_iter()
            .chain([("duplicate ", What::Duplicate)])
            .find_map(|(word, what)| Some((what, message.strip_prefix(word)?)))?;
        let (kind, rest) = rest.split_once(" `")?;
        let (name, rest) = rest.split_once('`')?;
        if !matches!(kind, "field" | "variant") {
            return None;
        }
        let expected = rest.split('`').skip(1).step_by(2).collect();
        Some(Self { what, kind, name, expected })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_messages_of_serde_are_understood() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        #[allow(dead_code, reason = "only its errors matter")]
        struct Probe {
            near: u8,
            far: u8,
        }
        let message = |text: &str| serde_json::from_str::<Probe>(text).unwrap_err().to_string();
        let unknown = message(r#"{"neer": 1}"#);
        let read = Named::read(&unknown).unwrap();
        assert_eq!((read.what, read.name, read.expected), (What::Unknown, "neer", vec!["near", "far"]));
        let missing = message(r#"{"near": 1}"#);
        assert_eq!(Named::read(&missing).map(|read| (read.what, read.name)), Some((What::Missing, "far")));
        assert_eq!(Named::read(&message(r#"{"near": "x"}"#)), None);
    }
}
