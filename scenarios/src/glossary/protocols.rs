//! Protocols with their checks, plants, knobs and behaviors.

use serde_json::{Value, json};
use sim_core::registry::{Knob, Named, Plant, ProtocolInfo};

use super::{Term, TermKind, details, sentence, shown_by};
use crate::scenario::Loaded;

pub(super) fn protocol(info: &'static ProtocolInfo, builtins: &[Loaded]) -> Term {
    let knobs = info
        .knobs
        .iter()
        .map(|knob| json!({ "name": knob.name, "default": bare(knob), "forfeits": knob.forfeits }));
    let named = |list: &[Named]| -> Vec<Value> {
        list.iter().map(|named| json!({ "name": named.name, "about": named.about })).collect()
    };
    Term {
        kind: TermKind::Protocol,
        name: info.name.to_owned(),
        aliases: Vec::new(),
        protocol: None,
        line: info.title.to_owned(),
        about: format!(
            "{} Its roles are {}; its members observe {}.",
            sentence(info.about),
            info.roles.join(", "),
            info.observations.join(", ")
        ),
        written: format!("[cluster] protocol = \"{}\"", info.name),
        example: format!("seedstorm run {}", shown_by(builtins, info.name, false)),
        related: info.checks.iter().map(|check| check.name.to_owned()).collect(),
        entries: Vec::new(),
        details: details([
            ("description", info.about.into()),
            ("roles", info.roles.into()),
            ("messages", info.messages.into()),
            ("observations", info.observations.into()),
            ("knobs", knobs.collect::<Vec<_>>().into()),
            ("behaviors", named(info.behaviors).into()),
        ]),
    }
}

pub(super) fn checks(info: &'static ProtocolInfo, builtins: &[Loaded]) -> Vec<Term> {
    let broken_by = |check: &Named| -> Vec<String> {
        let breaks = |plant: &&Plant| plant.breaks.split(", ").any(|name| is_check(check.name, name));
        info.plants.iter().filter(breaks).map(|plant| plant.name.to_owned()).collect()
    };
    let term = |check: &Named| Term {
        kind: TermKind::Check,
        name: check.name.to_owned(),
        aliases: check.name.split_once('/').map(|(_, bare)| bare.to_owned()).into_iter().collect(),
        protocol: Some(info.name),
        line: check.about.to_owned(),
        about: format!(
            "What must hold in {}: {} It is judged in every run that gives it something to judge, from observations and from the world's own truth, \
             and counts how often it had something to judge. A scenario that means to see it broken says so in \
             `expect`; one that does not want it at all lists it in `checks.off`.",
            info.name,
            sentence(check.about)
        ),
        written: format!("expect = \"safety:{0}\", or [checks] off = [\"{0}\"]", check.name),
        example: format!("seedstorm explore {} --seeds 0..1000", shown_by(builtins, info.name, true)),
        related: broken_by(check),
        entries: Vec::new(),
        details: details([("protocol", info.name.into())]),
    };
    info.checks.iter().map(term).collect()
}

/// Whether a plant's word for a property (`ElectionSafety`) means the check of this name (`raft/election-safety`).
fn is_check(check: &str, property: &str) -> bool {
    let plain = |text: &str| text.replace(['-', '_'], "").to_lowercase();
    let bare = check.split_once('/').map_or(check, |(_, bare)| bare);
    plain(bare) == plain(property) || check == property
}

pub(super) fn plants(info: &'static ProtocolInfo, builtins: &[Loaded]) -> Vec<Term> {
    let broken = |plant: &Plant| -> Vec<String> {
        let breaks = |check: &&Named| plant.breaks.split(", ").any(|name| is_check(check.name, name));
        info.checks.iter().filter(breaks).map(|check| check.name.to_owned()).collect()
    };
    let term = |plant: &Plant| Term {
        kind: TermKind::Plant,
        name: plant.name.to_owned(),
        aliases: vec![plant.id.to_owned()],
        protocol: Some(info.name),
        line: format!("{}: {}", plant.id, plant.about),
        about: format!(
            "{} It breaks {}. A real bug, found in {}, as a switch in {}: off unless it is asked for, and exploring \
             does not know which one is on.",
            sentence(plant.about),
            plant.breaks,
            plant.source,
            info.name
        ),
        written: format!("--plant {} (or --plant {})", plant.name, plant.id),
        example: format!(
            "seedstorm explore {} --plant {} --seeds 0..10000 --stop-on-first",
            shown_by(builtins, info.name, true),
            plant.name
        ),
        related: broken(plant).into_iter().chain([plant.witness.to_owned()]).collect(),
        entries: Vec::new(),
        details: details([
            ("id", plant.id.into()),
            ("protocol", info.name.into()),
            ("breaks", plant.breaks.into()),
            ("source", plant.source.into()),
            ("witness", plant.witness.into()),
        ]),
    };
    info.plants.iter().map(term).collect()
}

pub(super) fn knobs(info: &'static ProtocolInfo, builtins: &[Loaded]) -> Vec<Term> {
    let term = |knob: &Knob| {
        let default = bare(knob);
        // A text that looks like a number keeps its quotes.
        let number = knob.default.starts_with('"') && default.parse::<f64>().is_ok();
        let written = if number { knob.default.to_owned() } else { quoted(default) };
        let value = if number { &written } else { default };
        let set = format!("cluster.{}.{}={value}", info.name, knob.name);
        let set = if number { format!("'{set}'") } else { set };
        let owed = match knob.forfeits {
            Some(forfeits) => format!("Set otherwise it forfeits {}", sentence_inside(forfeits)),
            None => {
                "Whatever it is set to, everything is still owed, so that a swarm may draw it.".to_owned()
            }
        };
        let described = sentence(knob.about);
        Term {
            kind: TermKind::Knob,
            name: format!("{}.{}", info.name, knob.name),
            aliases: vec![knob.name.to_owned(), format!("cluster.{}.{}", info.name, knob.name)],
            protocol: Some(info.name),
            line: format!(
                "{}; {default} unless set",
                clause(knob.about.split(';').next().unwrap_or_default())
            ),
            about: format!("A parameter of {}: {default} unless set. {described} {owed}", info.name),
            written: format!("[cluster.{}] {} = {written}", info.name, knob.name),
            example: format!("seedstorm run {} --set {set}", shown_by(builtins, info.name, false)),
            related: vec![info.name.to_owned()],
            entries: Vec::new(),
            details: details([
                ("protocol", info.name.into()),
                ("default", default.into()),
                ("forfeits", knob.forfeits.into()),
            ]),
        }
    };
    info.knobs.iter().map(term).collect()
}

/// A default without the quotes that a scenario would put around it.
fn bare(knob: &Knob) -> &'static str {
    knob.default.trim_matches('"')
}

/// A sentence as a part of another one: "it ...".
fn clause(text: &str) -> String {
    let mut letters = text.trim_end_matches('.').chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// A text as the rest of a sentence.
fn sentence_inside(text: &str) -> String {
    if text.ends_with('.') { text.to_owned() } else { format!("{text}.") }
}

/// A default as TOML has it: numbers and truths are bare, texts in quotes.
fn quoted(value: &str) -> String {
    let bare = value.parse::<f64>().is_ok() || value == "true" || value == "false";
    if bare { value.to_owned() } else { format!("\"{value}\"") }
}

pub(super) fn behaviors(info: &'static ProtocolInfo, builtins: &[Loaded]) -> Vec<Term> {
    let traitorous = |loaded: &&Loaded| {
        loaded.scenario.cluster.protocol == info.name && !loaded.scenario.initial.corrupt.is_empty()
    };
    let shown = builtins.iter().find(traitorous).map(|loaded| loaded.name.as_str());
    let shown = shown.unwrap_or_else(|| shown_by(builtins, info.name, false));
    let term = |behavior: &Named| Term {
        kind: TermKind::Behavior,
        name: behavior.name.to_owned(),
        aliases: Vec::new(),
        protocol: Some(info.name),
        line: clause(behavior.about),
        about: format!(
            "What a traitor of {} may do: it {} All traitors of a run share one brain, which holds the keys of its own \
             slots only.",
            info.name,
            sentence_inside(&clause(behavior.about))
        ),
        written: format!("[initial] corrupt = [\"n1\"], behavior = \"{}\"", behavior.name),
        example: format!("seedstorm run {shown} --set initial.behavior={}", behavior.name),
        related: vec!["corrupt".to_owned()],
        entries: Vec::new(),
        details: details([("protocol", info.name.into())]),
    };
    info.behaviors.iter().map(term).collect()
}
