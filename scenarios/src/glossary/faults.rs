//! Faults, families of faults, and targets.

use serde_json::{Map, Value};
use sim_core::fault::family::COMPOSITES;
use sim_core::fault::selector::TARGETS;
use sim_core::fault::{Family, Kind, Selector};
use sim_core::registry::{Named, Registry};

use super::{Term, TermKind, details, sentence};

/// Every kind of fault, and the faults that are made of others.
pub(super) fn faults() -> Vec<Term> {
    let kinds = Kind::ALL.iter().map(|kind| {
        let family = kind.family();
        let about =
            format!("{} A fault of the {} family. {}", sentence(kind.about()), family.name(), when(*kind));
        fault(kind.name(), kind.written(), kind.about(), about, Some(family))
    });
    let composites = COMPOSITES.iter().map(|(name, written, about)| {
        let whole = format!(
            "{} It is made of other faults: the executed plan lists each part under its own kind.",
            sentence(about)
        );
        fault(name, written, about, whole, None)
    });
    kinds.chain(composites).collect()
}

/// What a fault leaves behind when it is over.
fn when(kind: Kind) -> &'static str {
    match kind.family() {
        Family::Network if kind == Kind::Round => {
            "It is in force whenever the protocol comes to that round, until the heal or `for` a while after the first message of the round."
        }
        Family::Network | Family::Disk | Family::Clock => {
            "It strikes `at` a time or `on` an event and lasts `for` a while; without `for`, to the end of the first \
             phase."
        }
        Family::Process => {
            "It strikes `at` a time or `on` an event, as far as the budget of the protocol allows."
        }
        Family::Malicious => {
            "It strikes `at` a time or `on` an event, and lasts: who has become a traitor stays one, in the second \
             phase too."
        }
    }
}

fn fault(name: &str, written: &str, line: &str, about: String, family: Option<Family>) -> Term {
    let traitors = family == Some(Family::Malicious) || name == "adaptive";
    let scenario = match name {
        _ if traitors => "bracha-calm",
        // Raft has no change of membership.
        "join" | "leave" | "replace" | "churn" => "epidemic-calm",
        // Nor do its messages tell their terms.
        "round" => "hotstuff-calm",
        _ => "raft-calm",
    };
    // Who leads in one protocol broadcasts in another.
    let shown = if traitors {
        written.replace("\"leader\"", "\"n1\"").replace("next-leader", "n2")
    } else {
        written.to_owned()
    };
    let passes = matches!(family, Some(Family::Network | Family::Disk | Family::Clock))
        || matches!(name, "pause" | "detour");
    let passes = passes && name != "bit-rot";
    let versions =
        if name == "upgrade" { " --set 'versions={ new = { heartbeat = \"30ms\" } }'" } else { "" };
    let when = match (name, passes) {
        ("round", _) => "",
        (_, true) => "at = \"2s\", for = \"2s\", ",
        (_, false) => "at = \"2s\", ",
    };
    Term {
        kind: TermKind::Fault,
        name: name.to_owned(),
        // A key that several kinds share (`disk`, `clock`, `partition`) explains each of them.
        aliases: written
            .split_once(" =")
            .map(|(key, _)| key.to_owned())
            .filter(|key| key != name)
            .into_iter()
            .collect(),
        protocol: None,
        line: line.to_owned(),
        about,
        written: format!("[[faults]] {when}{written}"),
        example: format!("seedstorm run {scenario}{versions} --set 'faults=[{{ {when}{shown} }}]'"),
        related: family
            .map(|family| {
                let others = Kind::ALL.iter().filter(|kind| kind.family() == family && kind.name() != name);
                others.map(|kind| kind.name().to_owned()).collect()
            })
            .unwrap_or_default(),
        entries: Vec::new(),
        details: details([
            ("family", family.map_or(Value::Null, |family| family.name().into())),
            ("written", written.into()),
        ]),
    }
}

/// The families of faults, as a swarm may draw them and a campaign must see them.
pub(super) fn families() -> Vec<Term> {
    Family::ALL.into_iter().map(family).collect()
}

fn family(family: Family) -> Term {
    let kinds = Kind::ALL.iter().filter(|kind| kind.family() == family).map(|kind| kind.name().to_owned());
    let scenario = if family == Family::Malicious { "bracha-swarm" } else { "raft-swarm" };
    let written = format!("[swarm] families = {{ only = [\"{}\"] }}", family.name());
    Term {
        kind: TermKind::Family,
        name: family.name().to_owned(),
        aliases: Vec::new(),
        protocol: None,
        line: format!("faults of {}", family.about()),
        about: format!(
            "Faults of {}. A swarm that may draw this family must have seen one of it strike in 5 % of its runs before \
             \"nothing found\" counts.",
            family.about()
        ),
        example: format!(
            "seedstorm explore {scenario} --seeds 0..200 --set 'swarm.families={{ only = [\"{}\"] }}'",
            family.name()
        ),
        written,
        related: kinds.collect(),
        entries: Vec::new(),
        details: Map::new(),
    }
}

/// Whom a fault may strike: what every protocol has, and each protocol's roles.
pub(super) fn targets(registry: &Registry) -> Vec<Term> {
    let general = TARGETS.iter().map(|Named { name, about }| target(name, about, None));
    let roles = registry.iter().flat_map(|entry| {
        let info = entry.info();
        info.roles.iter().map(move |role| {
            let about = format!("one member of {} in the role {role}, drawn if there are several", info.name);
            target(role, &about, Some(info.name))
        })
    });
    general.chain(roles).collect()
}

fn target(name: &str, about: &str, protocol: Option<&'static str>) -> Term {
    let example = match name {
        "event.node" => "on = { event = \"BecameLeader\", nth = 2 }".to_owned(),
        _ => "at = \"2s\"".to_owned(),
    };
    let scenario = match protocol {
        Some("coordination") => "coordination-strategies".to_owned(),
        Some(protocol) => format!("{protocol}-calm"),
        None => "raft-calm".to_owned(),
    };
    let placed = match name {
        "rest" => Some(
            "seedstorm run raft-calm --set 'faults=[{ at = \"2s\", for = \"1s\", partition = { groups = [\"n1,n2\", \"rest\"] } }]'",
        ),
        "zone(b)" => Some(
            "seedstorm run raft-calm --set 'domains={ zones = { b = [\"n1\"] } }' --set 'faults=[{ at = \"2s\", for = \"1s\", pause = { target = \"zone(b)\" } }]'",
        ),
        _ => None,
    };
    let placed = placed.map(str::to_owned);
    Term {
        kind: TermKind::Target,
        name: name.to_owned(),
        aliases: Vec::new(),
        protocol,
        line: about.to_owned(),
        about: format!(
            "A target of faults, which means {} Targets are resolved when the fault strikes, and the executed plan names the slots \
             that it came to.",
            about.to_owned() + "."
        ),
        written: match name {
            "rest" => "partition = { groups = [\"n1,n2\", \"rest\"] }".to_owned(),
            _ => format!("target = \"{name}\", also in lists, as \"{name},n1\""),
        },
        example: placed.unwrap_or_else(|| format!(
            "seedstorm run {scenario} --set 'faults=[{{ {example}, for = \"1s\", pause = {{ target = \"{name}\" }} }}]'"
        )),
        related: vec!["pause".to_owned(), "isolate".to_owned()],
        entries: Vec::new(),
        details: protocol.map(|protocol| details([("protocol", protocol.into())])).unwrap_or_default(),
    }
}

/// The target whose form a text has: `random(7)` is explained by `random(2)`.
pub(super) fn target_like<'a>(terms: &'a [Term], text: &str) -> Option<&'a Term> {
    let wanted: Selector = text.parse().ok()?;
    if matches!(wanted, Selector::Role(_) | Selector::Every(_) | Selector::Union(_))
        && !text.starts_with("every(")
    {
        return None;
    }
    let form = std::mem::discriminant(&wanted);
    let same = |term: &&Term| {
        let selector: Option<Selector> = term.name.parse().ok();
        term.kind == TermKind::Target && selector.is_some_and(|known| std::mem::discriminant(&known) == form)
    };
    terms.iter().find(same)
}
