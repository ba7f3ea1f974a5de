//! The built-in files.

use sim_core::registry::Registry;

use super::{Term, TermKind, details};
use crate::builtin::{BUILTINS, find};
use crate::document::Format;
use crate::scenario::{Loaded, load};
use crate::sweep::{self, Draft, SWEEPS};

/// Every built-in scenario whose protocol is registered.
pub(super) fn load_all(registry: &Registry) -> Vec<Loaded> {
    let source = |builtin: &crate::builtin::Builtin| find(builtin.name);
    let sources = BUILTINS.iter().filter_map(source);
    sources.filter_map(|source| load(registry, source, Format::Toml, &[]).ok()).collect()
}

pub(super) fn scenario(loaded: &Loaded) -> Term {
    let scenario = &loaded.scenario;
    let explored = scenario.swarm.is_some();
    let about = scenario.about.split_whitespace().collect::<Vec<_>>().join(" ");
    Term {
        kind: TermKind::Scenario,
        name: loaded.name.clone(),
        aliases: Vec::new(),
        protocol: Some(loaded.protocol.name),
        line: scenario.title.clone(),
        about: format!("{}. {about} A run of it should come to \"{}\".", scenario.title, scenario.expect),
        written: format!("its name, or a copy of scenarios/builtin/{}.toml", loaded.name),
        example: if explored {
            format!("seedstorm explore {} --seeds 0..1000", loaded.name)
        } else {
            format!("seedstorm run {} --seed 1", loaded.name)
        },
        related: vec![loaded.protocol.name.to_owned()],
        entries: Vec::new(),
        details: details([
            ("protocol", loaded.protocol.name.into()),
            ("description", scenario.about.as_str().into()),
        ]),
    }
}

/// Every built-in sweep of protocols that are registered.
pub(super) fn sweeps(builtins: &[Loaded]) -> impl Iterator<Item = Term> {
    let known = |name: &str| builtins.iter().any(|loaded| loaded.name == name);
    let read = move |name: &'static str| {
        let draft = Draft::parse(sweep::find(name)?).ok()?;
        let all = draft.scenarios().all(known);
        all.then_some((name, draft))
    };
    SWEEPS.iter().filter_map(move |builtin| read(builtin.name)).map(|(name, draft)| {
        let file = draft.file();
        let about = file.about.split_whitespace().collect::<Vec<_>>().join(" ");
        let labels: Vec<&str> = file.bases.iter().map(|base| base.label.as_str()).collect();
        Term {
            kind: TermKind::Sweep,
            name: name.to_owned(),
            aliases: Vec::new(),
            protocol: None,
            line: file.title.clone(),
            about: format!("{}. {about} It runs {}.", file.title, labels.join(", ")),
            written: format!("its name, or a copy of scenarios/sweeps/{name}.toml"),
            example: format!("seedstorm sweep {name}"),
            related: draft.scenarios().map(str::to_owned).collect(),
            entries: Vec::new(),
            details: details([("description", file.about.as_str().into())]),
        }
    })
}
