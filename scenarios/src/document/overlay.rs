//! `key=value` on top of a document.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Document, Origin, Places, Source, texts, toml};
use crate::problem::Problem;

pub(super) fn apply(document: &mut Document, assignment: &str) -> Result<(), Problem> {
    let source = Arc::new(Source { name: "--set".to_owned(), text: assignment.to_owned() });
    let whole = Origin::new(&source, 0..assignment.len());
    let Some((key, _)) = assignment.split_once('=') else {
        let problem = Problem::new("this overlay has no \"=\"").at(whole);
        return Err(problem.note("expected key=value, as in cluster.nodes=7"));
    };
    let path: Vec<&str> = key.trim().split('.').collect();
    let key_origin = Origin::new(&source, 0..key.len());
    if path.iter().any(|segment| segment.is_empty()) || path.len() > 64 {
        return Err(Problem::new("this overlay names no key").at(key_origin));
    }
    if assignment[key.len() + 1..].trim().is_empty() {
        let problem = Problem::new(format!("this overlay gives {} no value", key.trim())).at(whole);
        return Err(problem.note("expected key=value, as in cluster.nodes=7"));
    }
    let (value, mut places) = read_value(&source, key.len() + 1)?;
    if let Some(problem) = texts::check(&path, &value, &places).into_iter().next() {
        return Err(problem);
    }
    places.key = Some(key_origin);
    insert(&mut document.value, &mut document.places, &path, value, places)
}

/// Puts a value at a key; `places` say where both were written.
pub(super) fn place(document: &mut Document, key: &str, value: Value, places: Places) -> Result<(), Problem> {
    let path: Vec<&str> = key.split('.').map(str::trim).collect();
    if path.iter().any(|segment| segment.is_empty()) || path.len() > 64 {
        let origin = places.key.clone().unwrap_or_else(|| places.value.clone());
        return Err(Problem::new(format!("\"{key}\" is no key of a scenario")).at(origin));
    }
    insert(&mut document.value, &mut document.places, &path, value, places)
}

/// The value as TOML; what is no TOML but has no TOML punctuation either is a bare text, as in `duration=5s`.
fn read_value(source: &Arc<Source>, start: usize) -> Result<(Value, Places), Problem> {
    let text = &source.text[start..];
    toml::parse_value(source, start).or_else(|problem| {
        let bare = !text.trim().is_empty() && !text.contains(['"', '\'', '{', '}', '[', ']', '#', '\n']);
        if !bare {
            return Err(problem);
        }
        let places = Places::leaf(Origin::new(source, start..source.text.len()));
        Ok((Value::String(text.trim().to_owned()), places))
    })
}

fn insert(
    value: &mut Value,
    at: &mut Places,
    path: &[&str],
    new: Value,
    places: Places,
) -> Result<(), Problem> {
    let Some((segment, rest)) = path.split_first() else {
        *value = new;
        *at = places;
        return Ok(());
    };
    let around = Places::leaf(places.key.clone().unwrap_or_else(|| places.value.clone()));
    let around = Places { key: places.key.clone(), ..around };
    let child = match value {
        Value::Object(map) => map.entry((*segment).to_owned()).or_insert_with(|| Value::Object(Map::new())),
        Value::Array(items) => {
            let (index, length) = (segment.parse::<usize>().ok(), items.len());
            let item = index.and_then(|index| items.get_mut(index));
            item.ok_or_else(|| {
                let title = format!("\"{segment}\" is not an index into a list of {length}");
                Problem::new(title).at(around.value.clone())
            })?
        }
        _ => {
            let title = format!("\"{segment}\" would stand inside of something that is no table");
            return Err(Problem::new(title).at(around.value.clone()));
        }
    };
    insert(child, at.child_mut(segment, &around), rest, new, places)
}
