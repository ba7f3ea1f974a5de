//! Edges from a table or from GraphML.

use std::sync::Arc;

use serde_json::{Value, json};
use sim_core::ordered::OrderedMap;

use super::rows::{problem, rows};
use crate::problem::Problem;
use crate::source::Source;

/// More edges are a mistake.
const MOST: usize = 10_000_000;

/// The edges of a file as pairs of numbers that count from one. Nodes that are numbered keep their numbers; others are
/// numbered as they come.
pub(super) fn read(source: &Arc<Source>) -> Result<Value, Problem> {
    let pairs = if source.text.contains("<graphml") { graphml(source)? } else { table(source)? };
    if pairs.is_empty() || pairs.len() > MOST {
        return Err(problem(source, format!("expected 1 to {MOST} edges, found {}", pairs.len())));
    }
    Ok(pairs.into_iter().map(|(a, b)| json!([a, b])).collect())
}

/// The number in `n7` or `7`.
fn numbered(name: &str) -> Option<u32> {
    name.strip_prefix('n').unwrap_or(name).parse().ok().filter(|number| *number > 0)
}

#[derive(Default)]
struct Names<'a>(OrderedMap<&'a str, u32>);

impl<'a> Names<'a> {
    fn number(&mut self, name: &'a str) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_add(1);
        *self.0.entry(name).or_insert(next)
    }
}

fn table(source: &Arc<Source>) -> Result<Vec<(u32, u32)>, Problem> {
    let mut pairs = Vec::new();
    for (index, row) in rows(source).enumerate() {
        let [a, b, ..] = row.cells[..] else { return Err(row.problem("expected two cells: from, to")) };
        let head = ["from", "source", "a"].contains(&a.to_ascii_lowercase().as_str());
        if !(index == 0 && head) {
            pairs.push((a, b));
        }
    }
    let all = pairs.iter().all(|(a, b)| numbered(a).is_some() && numbered(b).is_some());
    let mut names = Names::default();
    let mut number = |name| if all { numbered(name).unwrap_or(0) } else { names.number(name) };
    Ok(pairs.into_iter().map(|(a, b)| (number(a), number(b))).collect())
}

/// Nodes are numbered in the order in which they stand; an edge names two of them.
fn graphml(source: &Arc<Source>) -> Result<Vec<(u32, u32)>, Problem> {
    let mut names = Names::default();
    for tag in tags(&source.text, "<node ") {
        if let Some(id) = attribute(tag, "id") {
            names.number(id);
        }
    }
    let mut pairs = Vec::new();
    for tag in tags(&source.text, "<edge ") {
        let (Some(from), Some(to)) = (attribute(tag, "source"), attribute(tag, "target")) else {
            return Err(problem(source, "an edge has no source or no target"));
        };
        pairs.push((names.number(from), names.number(to)));
    }
    Ok(pairs)
}

/// The value of an attribute in a tag.
fn attribute<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = tag.split_once(&format!(" {name}="))?;
    let quote = rest.chars().next().filter(|quote| ['"', '\''].contains(quote))?;
    rest[1..].split_once(quote).map(|(value, _)| value)
}

fn tags<'a>(text: &'a str, open: &'static str) -> impl Iterator<Item = &'a str> {
    let tag = move |(at, _): (usize, &str)| {
        let rest = &text[at + open.len() - 1..];
        &rest[..rest.find('>').unwrap_or(rest.len())]
    };
    text.match_indices(open).map(tag)
}
