//! Loads a scenario from a text and has its protocol validate it.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use sim_core::digest::Digest;
use sim_core::fault::{Family, FaultPlan};
use sim_core::history::check_name;
use sim_core::operation::ObjectModel;
use sim_core::registry::{Cluster, Entry, Registry};
use sim_core::setup::Topology;
use sim_core::sorting::SortSeldom;
use sim_core::tree;

use super::read::{Reading, leave_out, read};
use super::rounds::RoundSpaces;
use super::{Families, LINEARIZABLE, Safety, Scenario, counters, files, limits, rounds, validate, wan};
use crate::document::{Complaint, Document, Format, LARGEST_RESOLVED, Places, Source};
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
    /// The schedules of rounds that seeds draw from.
    pub(crate) rounds: RoundSpaces,
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
    let mut problems = Vec::new();
    for overlay in overlays {
        problems.extend(document.set(overlay).err());
    }
    if !problems.is_empty() {
        return Err(Problems { list: problems });
    }
    Builder { document, problems }.build(registry, name)
}

/// Reads a resolved scenario again, as a capsule holds it.
///
/// # Errors
/// As [`load`], if this program knows another format or other protocols than the one that wrote it.
pub fn reload(registry: &Registry, name: &str, resolved: &Value) -> Result<Loaded, Problems> {
    let source = Source { name: name.to_owned(), text: format!("{resolved:#}") };
    // Data from files stands in it.
    let document = Document::parse_within(source, Format::Json, LARGEST_RESOLVED)?;
    from_document(registry, name.to_owned(), document)
}

/// Reads a scenario that was parsed, and perhaps changed.
///
/// # Errors
/// As [`load`].
pub(crate) fn from_document(
    registry: &Registry,
    name: String,
    document: Document,
) -> Result<Loaded, Problems> {
    Builder { document, problems: Vec::new() }.build(registry, name)
}

/// Puts a scenario together, and collects everything that is wrong with it on the way.
struct Builder {
    document: Document,
    problems: Vec<Problem>,
}

impl Builder {
    fn build(mut self, registry: &Registry, name: String) -> Result<Loaded, Problems> {
        if self.document.value.as_object().is_none_or(Map::is_empty) {
            return Err(self.empty(registry));
        }
        self.drop_editors_key();
        self.problems.extend(files::include(&mut self.document));
        self.problems.extend(wan::include(&mut self.document));
        self.gather_loads();
        let clients = self.clients();
        let entry = self.protocol(registry);
        // Without a workload, client slots are for what the protocol brings along.
        let clients =
            entry.filter(|_| clients == 0).map_or(clients, |entry| entry.info().services.len() as u32);
        let cluster = entry.and_then(|entry| self.configure(entry));
        // Only its protocol can read what a run starts from.
        let state = entry.and_then(|entry| take(&mut self.document.value, "initial", entry.info().name));
        let table = self.document.value.as_object().cloned().unwrap_or_default();
        let Reading { scenario, places, problems, damaged } = read(&table, &self.document.places);
        self.problems.extend(problems);
        let scenario = scenario.map(|scenario| Scenario { clients, ..scenario });
        let told_by_parts =
            ["cluster", "workload", "swarm", "initial"].iter().any(|key| damaged.contains(*key));
        let (Some(mut scenario), Some(entry), Some(cluster), false) =
            (scenario, entry, cluster, told_by_parts)
        else {
            return Err(self.all());
        };
        scenario.initial.state = state;
        let protocol = entry.info();
        scenario.service.inbox = scenario.service.inbox.or(protocol.inbox);
        self.problems.extend(counters::resolve(&mut scenario.checks, protocol, &places));
        self.problems.extend(limits::resolve(&mut scenario, protocol, &places));
        self.problems.extend(validate::validate(&scenario, protocol, cluster.as_ref(), &places));
        if !self.problems.is_empty() {
            return Err(self.all());
        }
        canonical(&mut scenario);
        leave_out_late_faults(&mut scenario);
        let resolved = resolve(&scenario, protocol.name, cluster.as_ref());
        let hash = hash(&resolved);
        let rounds = match rounds::spaces(&scenario, cluster.as_ref()) {
            Ok(rounds) => rounds,
            Err(error) => {
                let origin = places.value_at(&["swarm", "rounds"]);
                return Err(Problem::new(error.to_string()).at(origin).into());
            }
        };
        let loaded = Loaded { name, scenario, cluster: cluster.into(), resolved, hash, protocol, rounds };
        match loaded.refused() {
            None => Ok(loaded),
            Some(why) => Err(Problem::new(why).at(places.value_at(&["cluster"])).into()),
        }
    }

    /// An empty text lacks everything; that is one problem.
    fn empty(self, registry: &Registry) -> Problems {
        let problem = Problem::new("the scenario is empty").at(self.document.places.value);
        let names = protocol_names(registry).join(", ");
        problem.note(format!("expected schema, title, and [cluster] with protocol = one of {names}")).into()
    }

    /// What is wrong, in the order of the text; what an overlay did comes last.
    fn all(self) -> Problems {
        let mut list = self.problems;
        if list.is_empty() {
            list.push(Problem::new("this is no scenario").at(self.document.places.value.clone()));
        }
        list.sort_seldom_by_key(|problem| {
            let origin = problem.origin.as_ref();
            origin.map(|origin| (origin.source != self.document.places.value.source, origin.span.start))
        });
        Problems { list }
    }

    /// JSON has no comments in which to name the schema: editors look for this key.
    fn drop_editors_key(&mut self) {
        let table = self.document.value.as_object_mut();
        if let Some(table) = table.filter(|table| table.get("$schema").is_some_and(Value::is_string)) {
            table.remove("$schema");
        }
    }

    /// `[[workload]]`: the first entry becomes the workload, the others its further loads. What all loads have in common,
    /// the first says; another one may say the same.
    fn gather_loads(&mut self) {
        const SHARED: [&str; 5] = ["model", "clients", "readers", "keys", "when_busy"];
        let listed = self.document.value.get_mut("workload").and_then(Value::as_array_mut);
        let Some(loads) = listed.filter(|loads| !loads.is_empty() && loads.iter().all(Value::is_object))
        else {
            return;
        };
        let mut loads = std::mem::take(loads);
        let mut first = loads.remove(0);
        for (index, load) in (1..).zip(&mut loads) {
            let Some(load) = load.as_object_mut() else { continue };
            for key in SHARED {
                let own = load.remove(key);
                if own.is_some() && own.as_ref() != first.get(key) {
                    let origin = self.document.places.value_at(&["workload", &index.to_string(), key]);
                    let title = format!(
                        "all loads have one {key}: it must be as in the first [[workload]], or absent"
                    );
                    self.problems.push(Problem::new(title).at(origin));
                }
            }
        }
        let places = &mut self.document.places.children;
        if let Some(mut entries) = places.remove("workload") {
            let mut place =
                entries.children.remove("0").unwrap_or_else(|| Places::leaf(entries.value.clone()));
            let further = entries.children.into_iter().filter_map(|(index, place)| {
                Some(((index.parse::<usize>().ok()?.checked_sub(1)?).to_string(), place))
            });
            let further = Places { key: None, value: entries.value, children: further.collect() };
            place.children.insert("more".to_owned(), further);
            places.insert("workload".to_owned(), place);
        }
        if let Some(first) = first.as_object_mut()
            && !loads.is_empty()
        {
            first.insert("more".to_owned(), loads.into());
        }
        self.document.value["workload"] = first;
    }

    /// How many clients the workload has; the key stands in its table but is no part of the model.
    fn clients(&mut self) -> u32 {
        let path = ["workload", "clients"].map(str::to_owned).to_vec();
        match take(&mut self.document.value, "workload", "clients") {
            None => self.document.value.get("workload").map_or(0, |_| DEFAULT_CLIENTS),
            Some(value) => Complaint::read(&value).unwrap_or_else(|complaint| {
                self.problems.push(Complaint { path, ..complaint }.explain(&self.document.places));
                DEFAULT_CLIENTS
            }),
        }
    }

    /// The protocol that the scenario names. Without one, nobody knows what may stand in `[cluster.<protocol>]`.
    fn protocol<'a>(&mut self, registry: &'a Registry) -> Option<&'a dyn Entry> {
        let path = ["cluster", "protocol"];
        let names = protocol_names(registry);
        let named = self.document.value.get("cluster").and_then(|cluster| cluster.get("protocol"));
        let named = named.map(|name| name.as_str().map(str::to_owned));
        let found = named.as_ref().and_then(|name| registry.find(name.as_deref()?));
        if found.is_some() {
            return found;
        }
        let origin = self.document.places.value_at(&path);
        match named {
            // That it is no text is told when it is read.
            Some(None) => {}
            Some(Some(name)) => {
                let problem = Problem::new(format!("unknown protocol \"{name}\"")).at(origin);
                self.problems.push(problem.suggest(&name, names));
            }
            None => {
                let problem = Problem::new("the scenario names no protocol").at(origin);
                let expected = format!("expected [cluster] with protocol = one of {}", names.join(", "));
                self.problems.push(problem.note(expected));
            }
        }
        self.stand_in_for_protocol();
        None
    }

    /// Keeps what was told already from being told again.
    fn stand_in_for_protocol(&mut self) {
        let Some(table) = self.document.value.as_object_mut() else { return };
        let whole = || json!({ "protocol": "", "nodes": 1, "duration": "1s" });
        if let Some(cluster) = table.entry("cluster").or_insert_with(whole).as_object_mut() {
            cluster.entry("protocol").or_insert_with(|| "".into());
            cluster.retain(|_, value| !value.is_object());
        }
    }

    /// The protocol with its parameters, as far as they can be read.
    fn configure(&mut self, entry: &dyn Entry) -> Option<Box<dyn Cluster>> {
        let name = entry.info().name;
        let mut parameters = take(&mut self.document.value, "cluster", name).unwrap_or_else(empty);
        for _ in 0..MOST_PARAMETERS {
            let error = match entry.configure(&parameters) {
                Ok(cluster) => return Some(cluster),
                Err(error) => error,
            };
            let inner = Complaint { path: error.path, message: error.message };
            let path = ["cluster", name].map(str::to_owned).into_iter().chain(inner.path.clone());
            let outer = Complaint { path: path.collect(), ..inner.clone() };
            self.problems.push(outer.explain(&self.document.places));
            let culprit = inner.culprit(&parameters).filter(|path| !path.is_empty())?;
            leave_out(&mut parameters, &culprit);
        }
        None
    }
}

/// How many wrong parameters are told.
const MOST_PARAMETERS: usize = 16;

fn empty() -> Value {
    Value::Object(Map::new())
}

/// Takes a key out of a table of the document.
fn take(value: &mut Value, table: &str, key: &str) -> Option<Value> {
    value.get_mut(table)?.as_object_mut()?.remove(key)
}

/// How many clients a workload has where the file does not say.
const DEFAULT_CLIENTS: u32 = 4;

fn protocol_names(registry: &Registry) -> Vec<&'static str> {
    registry.iter().map(|entry| entry.info().name).collect()
}

fn resolve(scenario: &Scenario, protocol: &str, cluster: &dyn Cluster) -> Value {
    let mut value = tree::of(scenario).unwrap_or_else(|_| empty());
    if let Some(table) = value.get_mut("cluster").and_then(Value::as_object_mut) {
        table.insert(protocol.to_owned(), cluster.parameters());
    }
    if let (Some(table), Some(state)) =
        (value.get_mut("initial").and_then(Value::as_object_mut), &scenario.initial.state)
    {
        table.insert(protocol.to_owned(), state.clone());
    }
    if let Some(table) = value.get_mut("workload").and_then(Value::as_object_mut) {
        table.insert("clients".to_owned(), scenario.clients.into());
    }
    value
}

/// What makes a scenario shorter from outside leaves out the faults that come later. The others keep the names that they
/// have with all of them, so that a shorter run is the beginning of the longer one.
fn leave_out_late_faults(scenario: &mut Scenario) {
    let late: Vec<bool> = scenario.faults.iter().map(|fault| validate::is_late(scenario, fault)).collect();
    if !late.contains(&true) {
        return;
    }
    let mut plan = FaultPlan { entries: std::mem::take(&mut scenario.faults), ..FaultPlan::default() };
    plan.number();
    let entries = plan.entries.into_iter().zip(late).filter(|(_, late)| !late);
    scenario.faults = entries.map(|(entry, _)| entry).collect();
}

/// Brings what has several spellings to one of them, so that equal scenarios have equal hashes: lists whose order says
/// nothing, and defaults that may be left out.
fn canonical(scenario: &mut Scenario) {
    fn set<T: Ord>(list: &mut Vec<T>) {
        list.sort_unstable();
        list.dedup();
    }
    // Only one of these is judged in a run, and all of them are switched off by one name.
    let of_histories = |name: &str| ObjectModel::ALL.map(check_name).contains(&name);
    for name in scenario.checks.off.iter_mut().filter(|name| of_histories(name)) {
        LINEARIZABLE.clone_into(name);
    }
    set(&mut scenario.checks.off);
    if let Safety::Only(names) = &mut scenario.checks.safety {
        set(names);
    }
    if let Some(swarm) = &mut scenario.swarm {
        set(&mut swarm.off);
        if let Families::Only(families) = &mut swarm.families {
            set(families);
            if families[..] == Family::ALL {
                swarm.families = Families::All;
            }
        }
    }
    set(&mut scenario.initial.absent);
    set(&mut scenario.initial.corrupt);
    if let Some(workload) = &mut scenario.workload {
        workload.fill_in();
    }
    match &mut scenario.network.topology {
        Some(Topology::FullMesh) => scenario.network.topology = None,
        Some(Topology::Edges(edges)) => {
            edges.iter_mut().for_each(|(a, b)| (*a, *b) = (*a.min(b), *a.max(b)));
            set(edges);
        }
        _ => {}
    }
}

/// The hash of a value; tables are ordered by key, so equal values have equal texts.
pub(crate) fn hash(value: &Value) -> String {
    let mut digest = Digest::new();
    digest.bytes(value.to_string().as_bytes());
    digest.whole().to_string()
}
