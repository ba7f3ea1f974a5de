//! From a text to a scenario whose protocol accepts it.

use std::sync::Arc;

use serde_json::{Map, Value};
use sim_core::digest::Digest;
use sim_core::registry::{Cluster, Entry, Registry};

use super::{Scenario, validate};
use crate::document::{Document, Format, Places, Source, explain};
use crate::problem::{Problem, Problems};

/// A scenario that can be compiled for any seed.
#[derive(Clone)]
pub struct Loaded {
    /// As people call it: a path or a built-in name.
    pub name: String,
    /// What the file says, with defaults.
    pub scenario: Scenario,
    /// The protocol with its parameters.
    pub cluster: Arc<dyn Cluster>,
    /// Everything with all defaults, the protocol's parameters included; loads to the same scenario.
    pub resolved: Value,
    /// The hash of `resolved`: 32 hexadecimal digits.
    pub hash: String,
    /// What is known of the protocol.
    pub protocol: &'static sim_core::registry::ProtocolInfo,
}

impl std::fmt::Debug for Loaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Loaded({}, {})", self.name, self.hash)
    }
}

/// Reads a scenario, with overlays (`key=value`) on top.
///
/// # Errors
/// Everything that is wrong with it, as far as it can be told apart, with places.
pub fn load(
    registry: &Registry,
    source: Source,
    format: Format,
    overlays: &[String],
) -> Result<Loaded, Problems> {
    let name = source.name.clone();
    let mut document = Document::parse(source, format)?;
    for overlay in overlays {
        document.set(overlay)?;
    }
    from_document(registry, name, document)
}

/// Reads a resolved scenario again, as a capsule holds it.
///
/// # Errors
/// As [`load`], if this program knows another format or other protocols than the one that wrote it.
pub fn reload(registry: &Registry, name: &str, resolved: &Value) -> Result<Loaded, Problems> {
    let source = Source { name: name.to_owned(), text: format!("{resolved:#}") };
    load(registry, source, Format::Json, &[])
}

/// Reads a scenario that was parsed, and perhaps changed.
///
/// # Errors
/// As [`load`].
pub(crate) fn from_document(
    registry: &Registry,
    name: String,
    mut document: Document,
) -> Result<Loaded, Problems> {
    let clients = take(&mut document.value, "workload", "clients");
    let clients = read_clients(clients, &document)?;
    let entry = find_protocol(registry, &document)?;
    let protocol = entry.info();
    let parameters = take(&mut document.value, "cluster", protocol.name).unwrap_or_else(empty);
    let mut scenario: Scenario = document.read().map_err(Problems::from)?;
    scenario.clients = clients;
    let cluster = configure(entry, &parameters, &document.places)?;
    let problems = validate::validate(&scenario, protocol, cluster.as_ref(), &document.places);
    if !problems.is_empty() {
        return Err(Problems { list: problems });
    }
    let resolved = resolve(&scenario, protocol.name, cluster.as_ref());
    let hash = hash(&resolved);
    Ok(Loaded { name, scenario, cluster: cluster.into(), resolved, hash, protocol })
}

fn empty() -> Value {
    Value::Object(Map::new())
}

/// Takes a key out of a table of the document.
fn take(value: &mut Value, table: &str, key: &str) -> Option<Value> {
    value.get_mut(table)?.as_object_mut()?.remove(key)
}

/// How many clients a workload has where the file does not say.
const DEFAULT_CLIENTS: u32 = 4;

fn read_clients(value: Option<Value>, document: &Document) -> Result<u32, Problems> {
    let path = ["workload", "clients"].map(str::to_owned);
    match value {
        None => Ok(if document.value.get("workload").is_some() { DEFAULT_CLIENTS } else { 0 }),
        Some(value) => serde_json::from_value(value)
            .map_err(|error| explain(&document.places, &path, &error.to_string()).into()),
    }
}

fn find_protocol<'a>(registry: &'a Registry, document: &Document) -> Result<&'a dyn Entry, Problems> {
    let path = ["cluster", "protocol"];
    let names: Vec<&str> = registry.iter().map(|entry| entry.info().name).collect();
    let Some(value) = document.value.get("cluster").and_then(|cluster| cluster.get("protocol")) else {
        let problem = Problem::new("the scenario names no protocol").at(document.places.value_at(&path));
        return Err(problem
            .note(format!("expected [cluster] with protocol = one of {}", names.join(", ")))
            .into());
    };
    let origin = document.places.value_at(&path);
    let Some(name) = value.as_str() else {
        return Err(Problem::new("the protocol's name must be a text").at(origin).into());
    };
    let missing = || Problem::new(format!("unknown protocol \"{name}\"")).at(origin).suggest(name, names);
    registry.find(name).ok_or_else(|| missing().into())
}

fn configure(entry: &dyn Entry, parameters: &Value, places: &Places) -> Result<Box<dyn Cluster>, Problems> {
    entry.configure(parameters).map_err(|error| {
        let inner = error.path.iter().map(|segment| segment.trim_matches(['[', ']']).to_owned());
        let path: Vec<String> =
            ["cluster", entry.info().name].map(str::to_owned).into_iter().chain(inner).collect();
        explain(places, &path, &error.message).into()
    })
}

fn resolve(scenario: &Scenario, protocol: &str, cluster: &dyn Cluster) -> Value {
    let mut value = serde_json::to_value(scenario).unwrap_or_else(|_| empty());
    if let Some(table) = value.get_mut("cluster").and_then(Value::as_object_mut) {
        table.insert(protocol.to_owned(), cluster.parameters());
    }
    if let Some(table) = value.get_mut("workload").and_then(Value::as_object_mut) {
        table.insert("clients".to_owned(), scenario.clients.into());
    }
    value
}

/// The hash of a value; tables are ordered by key, so equal values have equal texts.
pub(crate) fn hash(value: &Value) -> String {
    let mut digest = Digest::new();
    digest.bytes(value.to_string().as_bytes());
    digest.whole().to_string()
}
