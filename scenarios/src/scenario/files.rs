//! Data from files: where a scenario names a file, what the file holds stands in its place before anything is typed.
//!
//! So the hash of a scenario covers the data, a capsule carries it, and an error in a file shows the file's line. Paths
//! are relative to the scenario, and lead nowhere else. A file may be larger than a scenario, but not without bound. A name
//! that begins with `builtin:` is of data that is compiled in.

mod bandwidth;
mod edges;
mod histogram;
mod matrix;
mod outages;
mod rows;

use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::artefact::read_text;
use crate::builtin;
use crate::document::{Document, Places};
use crate::problem::Problem;
use crate::source::{Origin, Source};

/// The files of a scenario have no more bytes together: 64 MiB.
const MOST_BYTES: u64 = 64 << 20;

/// A scenario with the data in it has no more bytes: 28 MiB. A capsule holds it twice, and has at most 64 MiB.
const MOST_RESOLVED: usize = 28 << 20;

/// What stands before the name of data that is compiled in.
const BUILTIN: &str = "builtin:";

/// Puts the data of every file that a document names into it.
pub(super) fn include(document: &mut Document) -> Vec<Problem> {
    let name = document.places.value.source.name.clone();
    let folder = Path::new(&name).parent().unwrap_or(Path::new("")).to_owned();
    let mut includer = Includer { folder, left: MOST_BYTES, problems: Vec::new() };
    includer.outages(document);
    includer.edges(document);
    includer.hosts(document);
    includer.bandwidth(document);
    includer.parameters(document);
    includer.histograms(&mut document.value, &mut document.places);
    if includer.left < MOST_BYTES && includer.problems.is_empty() {
        let bytes = format!("{:#}", document.value).len();
        if bytes > MOST_RESOLVED {
            let title = format!("with its data, the scenario has {bytes} bytes, more than {MOST_RESOLVED}");
            includer.problems.push(Problem::new(title).at(document.places.value.clone()));
        }
    }
    includer.problems
}

struct Includer {
    folder: PathBuf,
    /// So many bytes may still be read.
    left: u64,
    problems: Vec<Problem>,
}

impl Includer {
    /// The text of a file that is named somewhere.
    fn read(&mut self, name: &Value, origin: &Origin) -> Option<Arc<Source>> {
        let Some(name) = name.as_str() else {
            self.problems.push(Problem::new("expected the path of a file, in quotes").at(origin.clone()));
            return None;
        };
        if let Some(data) = name.strip_prefix(BUILTIN) {
            return self.builtin(data, origin);
        }
        let inside = |component: Component<'_>| matches!(component, Component::Normal(_) | Component::CurDir);
        if name.is_empty() || !Path::new(name).components().all(inside) {
            let problem = Problem::new(format!("\"{name}\" does not stay in the scenario's folder"));
            let note = "expected a path that begins beside the scenario, as \"data/outages.csv\"";
            self.problems.push(problem.at(origin.clone()).note(note));
            return None;
        }
        let path = self.folder.join(name);
        match read_text(&path, self.left) {
            Ok(text) => {
                self.left -= text.len() as u64;
                Some(Arc::new(Source { name: path.display().to_string(), text }))
            }
            Err(error) if error.kind() == ErrorKind::FileTooLarge => {
                let title = format!("{} is too large", path.display());
                let note = format!("the files of a scenario have at most {MOST_BYTES} bytes together");
                self.problems.push(Problem::new(title).at(origin.clone()).note(note));
                None
            }
            Err(error) => {
                let title = format!("failed to read {}: {error}", path.display());
                self.problems.push(Problem::new(title).at(origin.clone()));
                None
            }
        }
    }

    /// Data that is compiled in.
    fn builtin(&mut self, name: &str, origin: &Origin) -> Option<Arc<Source>> {
        let Some(text) = builtin::data(name) else {
            let problem = Problem::new(format!("there is no built-in data \"{name}\"")).at(origin.clone());
            self.problems.push(problem.suggest(name, builtin::DATA.iter().map(|(name, _)| *name)));
            return None;
        };
        self.left = self.left.saturating_sub(text.len() as u64);
        Some(Arc::new(Source { name: format!("{BUILTIN}{name}"), text: text.to_owned() }))
    }

    /// The table at a path, if it has a key `file`: the file, and where it is named.
    fn named(&mut self, document: &Document, path: &[&str]) -> Option<(Arc<Source>, Origin)> {
        let table = document.value.pointer(&format!("/{}", path.join("/")))?;
        let name = table.get("file")?;
        let path: Vec<&str> = path.iter().copied().chain(["file"]).collect();
        let origin = document.places.value_at(&path);
        Some((self.read(name, &origin)?, origin))
    }

    /// Keys of a table that mean nothing there.
    fn only(&mut self, table: &Map<String, Value>, places: &Places, known: &[&str]) {
        for key in table.keys().filter(|key| !known.contains(&key.as_str())) {
            let problem = Problem::new(format!("unknown key \"{key}\"")).at(places.key_at(&[key.as_str()]));
            self.problems.push(problem.suggest(key, known.iter().copied()));
        }
    }

    fn edges(&mut self, document: &mut Document) {
        let path = ["network", "topology", "edges"];
        let Some((source, origin)) = self.named(document, &path) else { return };
        match edges::read(&source) {
            Ok(edges) => put(document, &path, edges, origin),
            Err(problem) => self.problems.push(problem),
        }
    }

    fn hosts(&mut self, document: &mut Document) {
        let path = ["network", "hosts", "latency"];
        let Some((source, origin)) = self.named(document, &path) else { return };
        let unit = document.value.pointer("/network/hosts/latency/unit").cloned();
        let unit = unit.as_ref().and_then(Value::as_str).unwrap_or("ms").to_owned();
        match matrix::read(&source, &unit) {
            Ok(matrix) => put(document, &path, matrix, origin),
            Err(problem) => self.problems.push(problem.unwrap_or_else(|| {
                let place = document.places.value_at(&["network", "hosts", "latency", "unit"]);
                Problem::new(format!("unknown unit \"{unit}\"")).at(place).suggest(&unit, matrix::UNITS)
            })),
        }
    }

    fn bandwidth(&mut self, document: &mut Document) {
        let path = ["network", "bandwidth"];
        let Some((source, origin)) = self.named(document, &path) else { return };
        let table = document.value.pointer("/network/bandwidth").and_then(Value::as_object).cloned();
        let table = table.unwrap_or_default();
        let (places, _) = document.places.follow(&path);
        self.only(&table, places, &["file", "unit"]);
        let unit = table.get("unit").and_then(Value::as_str).unwrap_or("B/s").to_owned();
        match bandwidth::read(&source, &unit) {
            Ok(rates) => put(document, &path, rates, origin),
            Err(problem) => self.problems.push(problem.unwrap_or_else(|| {
                let place = document.places.value_at(&["network", "bandwidth", "unit"]);
                Problem::new(format!("unknown unit \"{unit}\"")).at(place).suggest(&unit, bandwidth::units())
            })),
        }
    }

    /// Every parameter of the protocol that is `{ file = .. }`: the lines of that file, for the protocol to read.
    fn parameters(&mut self, document: &mut Document) {
        let protocol = document.value.pointer("/cluster/protocol").and_then(Value::as_str).map(str::to_owned);
        let Some(protocol) = protocol else { return };
        let table =
            document.value.pointer("/cluster").and_then(|cluster| cluster.get(&protocol)?.as_object());
        let named = table.into_iter().flatten().filter(|(_, value)| value.get("file").is_some());
        let named: Vec<(String, Value)> = named.map(|(key, value)| (key.clone(), value.clone())).collect();
        for (key, value) in named {
            let path = ["cluster", &protocol, &key];
            let places = document.places.follow(&path).0.clone();
            value.as_object().into_iter().for_each(|table| self.only(table, &places, &["file"]));
            let Some((source, origin)) = self.named(document, &path) else { continue };
            put(document, &path, source.text.lines().map(Value::from).collect(), origin);
        }
    }

    /// Every `empirical = { file = .. }`, wherever a distribution may stand.
    fn histograms(&mut self, value: &mut Value, places: &mut Places) {
        match value {
            Value::Object(table) => {
                if let Some(inside) = table.get_mut("empirical")
                    && let Some(own) = inside.as_object()
                    && let Some(name) = own.get("file")
                {
                    let at = places.follow(&["empirical"]).0.clone();
                    let origin = at.value_at(&["file"]);
                    self.only(own, &at, &["file"]);
                    if let Some(source) = self.read(name, &origin) {
                        match histogram::read(&source) {
                            Ok(read) => *inside = read,
                            Err(problem) => self.problems.push(problem),
                        }
                        places.children.insert("empirical".to_owned(), Places::leaf(origin));
                    }
                    return;
                }
                for (key, inside) in table.iter_mut() {
                    if let Some(places) = places.children.get_mut(key) {
                        self.histograms(inside, places);
                    }
                }
            }
            Value::Array(items) => {
                for (index, inside) in items.iter_mut().enumerate() {
                    if let Some(places) = places.children.get_mut(&index.to_string()) {
                        self.histograms(inside, places);
                    }
                }
            }
            _ => {}
        }
    }
}

/// Puts a value at a path that is there; errors about it point at where its file is named.
fn put(document: &mut Document, path: &[&str], value: Value, origin: Origin) {
    let pointer = format!("/{}", path.join("/"));
    if let Some(place) = document.value.pointer_mut(&pointer) {
        *place = value;
    }
    let mut places = &mut document.places;
    for segment in path {
        let leaf = Places::leaf(origin.clone());
        places = places.child_mut(segment, &leaf);
    }
    places.value = origin;
    places.children.clear();
}

#[cfg(test)]
mod tests;
