//! `list`: what there is, from the registries.

use scenarios::builtin::BUILTINS;
use scenarios::document::Format;
use scenarios::scenario::load;
use serde_json::{Map, Value, json};
use sim_core::fault::Kind;
use sim_core::fault::family::COMPOSITES;
use sim_core::registry::{Entry, ProtocolInfo, Registry};

use crate::cli::arguments::{ListArguments, Listed};
use crate::cli::error::CliError;
use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;

/// A list: its name and its rows.
struct List {
    name: &'static str,
    rows: Vec<Row>,
}

/// A line of a list.
struct Row {
    name: String,
    about: String,
    /// More about it, for JSON.
    more: Value,
}

/// Lists one thing or everything.
pub(crate) fn list(
    registry: &Registry,
    arguments: &ListArguments,
    terminal: &Terminal,
) -> Result<Exit, CliError> {
    let all = [Listed::Protocols, Listed::Scenarios, Listed::Checks, Listed::Faults, Listed::Plants];
    let wanted = all.into_iter().filter(|listed| arguments.what.is_none_or(|what| what == *listed));
    let lists: Vec<List> = wanted.map(|listed| make(registry, listed)).collect();
    terminal.result(|| document(&lists), &words(&lists))?;
    Ok(Exit::AsExpected)
}

fn make(registry: &Registry, listed: Listed) -> List {
    let protocols = || registry.iter().map(Entry::info);
    match listed {
        Listed::Protocols => List { name: "protocols", rows: protocols().map(protocol).collect() },
        Listed::Scenarios => List { name: "scenarios", rows: scenarios(registry) },
        Listed::Checks => List { name: "checks", rows: protocols().flat_map(checks).collect() },
        Listed::Faults => List { name: "faults", rows: faults() },
        Listed::Plants => List { name: "plants", rows: protocols().flat_map(plants).collect() },
    }
}

fn protocol(info: &'static ProtocolInfo) -> Row {
    let knobs = info
        .knobs
        .iter()
        .map(|knob| json!({ "name": knob.name, "default": knob.default, "forfeits": knob.forfeits }));
    let named = |list: &[sim_core::registry::Named]| -> Vec<Value> {
        list.iter().map(|named| json!({ "name": named.name, "about": named.about })).collect()
    };
    let more = json!({
        "description": info.about,
        "roles": info.roles,
        "messages": info.messages,
        "observations": info.observations,
        "knobs": knobs.collect::<Vec<_>>(),
        "behaviors": named(info.behaviors),
    });
    Row { name: info.name.to_owned(), about: info.title.to_owned(), more }
}

fn scenarios(registry: &Registry) -> Vec<Row> {
    let row = |builtin: &scenarios::builtin::Builtin| {
        let source = scenarios::builtin::find(builtin.name)?;
        let loaded = load(registry, source, Format::Toml, &[]).ok()?;
        let scenario = loaded.scenario;
        let more = json!({ "protocol": scenario.cluster.protocol, "description": scenario.about });
        Some(Row { name: builtin.name.to_owned(), about: scenario.title, more })
    };
    BUILTINS.iter().filter_map(row).collect()
}

fn checks(info: &'static ProtocolInfo) -> impl Iterator<Item = Row> {
    let row = |check: &sim_core::registry::Named| Row {
        name: check.name.to_owned(),
        about: check.about.to_owned(),
        more: json!({ "protocol": info.name }),
    };
    info.checks.iter().map(row)
}

fn faults() -> Vec<Row> {
    let kinds = Kind::ALL.iter().map(|kind| {
        let more = json!({ "family": kind.family().name(), "written": kind.written() });
        Row { name: kind.name().to_owned(), about: kind.about().to_owned(), more }
    });
    let composites = COMPOSITES.iter().map(|(name, written, about)| {
        let more = json!({ "family": null, "written": written });
        Row { name: (*name).to_owned(), about: (*about).to_owned(), more }
    });
    kinds.chain(composites).collect()
}

fn plants(info: &'static ProtocolInfo) -> impl Iterator<Item = Row> {
    let row = |plant: &sim_core::registry::Plant| {
        let more = json!({
            "id": plant.id,
            "protocol": info.name,
            "breaks": plant.breaks,
            "source": plant.source,
        });
        Row { name: plant.name.to_owned(), about: format!("{}: {}", plant.id, plant.about), more }
    };
    info.plants.iter().map(row)
}

fn document(lists: &[List]) -> Value {
    let mut document = Map::new();
    document.insert("schema".to_owned(), "seedstorm.list/1".into());
    for list in lists {
        let rows = list.rows.iter().map(|row| {
            let mut value = json!({ "name": row.name, "about": row.about });
            if let (Some(table), Value::Object(more)) = (value.as_object_mut(), row.more.clone()) {
                table.extend(more);
            }
            value
        });
        document.insert(list.name.to_owned(), rows.collect());
    }
    Value::Object(document)
}

fn words(lists: &[List]) -> String {
    let mut text = String::new();
    for list in lists {
        let width = list.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
        text += &format!("{}\n", list.name);
        for row in &list.rows {
            text += &format!("  {:width$}  {}\n", row.name, row.about);
        }
        if lists.len() > 1 {
            text.push('\n');
        }
    }
    text
}
