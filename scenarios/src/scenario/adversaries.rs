//! `[[adversaries]]`: who is a traitor, and how the traitor changes its messages.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sim_core::adversary::{Act, Adversary, Occasion, Ordering};
use sim_core::facts::mutation::Scope;
use sim_core::fault::spec::Adaptive;
use sim_core::fault::{Fault, FaultEntry};
use sim_core::ratio::Ratio;
use sim_core::registry::ProtocolInfo;
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

use super::NodeName;
use crate::document::Complaint;

/// One entry of `[[adversaries]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdversaryTable {
    /// Traitors from the start; without any, the entry is about every traitor there is, however it became one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<NodeName>,
    /// When the entry applies; always if absent.
    #[serde(default)]
    pub on: Occasion,
    /// What the traitor does: the name of a behavior, or a table of one name with its settings. Some are everybody's,
    /// others the protocol's own.
    #[serde(rename = "do")]
    pub act: Value,
}

/// What an entry comes to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Told {
    /// A rule for what traitors say.
    Rule(Act),
    /// The identity runs in the place of another node too.
    Twins(NodeName),
    /// More members are corrupted as the run goes on.
    Adaptive(Adaptive),
}

/// Why `do` cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unread {
    /// It is neither a name nor a table of one name.
    Shape,
    /// There is no such behavior.
    Unknown(String),
    /// The behavior of this name does not take these settings.
    Settings(String, String),
}

/// Behaviors of every protocol.
pub(crate) const EVERYWHERE: [&str; 9] =
    ["silent", "withhold", "drop", "delay", "replay", "alter", "order", "twins", "adaptive"];

/// A form of `do`, and what a traitor with this behavior does: the rest of a sentence that begins with "it".
pub(crate) fn meaning(name: &str) -> (&'static str, &'static str) {
    match name {
        "silent" => (
            "\"silent\"",
            "does not send the messages that its honest code would send; without `on`, it does nothing at all",
        ),
        "withhold" => (
            "{ withhold = { from = 1 } }",
            "sends nothing to a few honest members, always the same ones (f by default)",
        ),
        "drop" => {
            ("{ drop = { probability = \"1/3\" } }", "leaves out each recipient with the given probability")
        }
        "delay" => ("{ delay = { by = \"50ms\" } }", "sends later, for example just before a timeout"),
        "replay" => (
            "{ replay = { probability = \"1/10\" } }",
            "repeats messages that any traitor received, to random honest members, as its own",
        ),
        "order" => (
            "{ order = { how = \"shuffle\" } }",
            "holds back messages between other members, up to network.coalition_delay",
        ),
        "twins" => (
            "{ twins = { place = \"n2\" } }",
            "runs a second time, with the same keys, in the place of another member",
        ),
        "adaptive" => (
            "{ adaptive = { target = \"n2\", every = \"2s\", count = 1 } }",
            "corrupts more members during the run: the next leader, or the given target",
        ),
        _ => ("\"silent\"", "does what its protocol says"),
    }
}

/// The behaviors that `do` may name.
pub(crate) fn known(protocol: &ProtocolInfo) -> Vec<&'static str> {
    let own = protocol.behaviors.iter().map(|named| named.name);
    EVERYWHERE.into_iter().chain(own.filter(|name| !EVERYWHERE.contains(name))).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Withhold {
    from: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Delay {
    by: Duration,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Likely {
    probability: Ratio,
}

impl Default for Likely {
    fn default() -> Self {
        Self { probability: Ratio::ONE }
    }
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Alter {
    field: Option<String>,
    scope: Scope,
    seal: bool,
    probability: Ratio,
}

impl Default for Alter {
    fn default() -> Self {
        Self { field: None, scope: Scope::Small, seal: true, probability: Ratio::ONE }
    }
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Order {
    how: Ordering,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TwinsAt {
    place: NodeName,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    ways: u32,
}

impl Default for Own {
    fn default() -> Self {
        Self { ways: 2 }
    }
}

impl AdversaryTable {
    /// What the entry comes to with a protocol.
    pub(crate) fn read(&self, protocol: &ProtocolInfo) -> Result<Told, Unread> {
        let (name, settings) = self.named().ok_or(Unread::Shape)?;
        if !known(protocol).contains(&name) {
            return Err(Unread::Unknown(name.to_owned()));
        }
        told(name, &settings).map_err(|message| Unread::Settings(name.to_owned(), message))
    }

    fn named(&self) -> Option<(&str, Value)> {
        match &self.act {
            Value::String(name) => Some((name, Value::Object(Map::new()))),
            Value::Object(table) if table.len() == 1 => {
                table.iter().next().map(|(name, settings)| (name.as_str(), settings.clone()))
            }
            _ => None,
        }
    }
}

fn settings<T: DeserializeOwned>(settings: &Value) -> Result<T, String> {
    Complaint::read(settings).map_err(|complaint| complaint.message)
}

fn told(name: &str, table: &Value) -> Result<Told, String> {
    Ok(Told::Rule(match name {
        "silent" => {
            let Nothing {} = settings(table)?;
            Act::Silent
        }
        "withhold" => Act::Withhold { from: settings::<Withhold>(table)?.from },
        "drop" => Act::Drop { probability: settings::<Likely>(table)?.probability },
        "delay" => Act::Delay { by: settings::<Delay>(table)?.by },
        "replay" => Act::Replay { probability: settings::<Likely>(table)?.probability },
        "alter" => {
            let Alter { field, scope, seal, probability } = settings(table)?;
            Act::Alter { field, scope, seal, probability }
        }
        "order" => Act::Order { how: settings::<Order>(table)?.how },
        "twins" => return Ok(Told::Twins(settings::<TwinsAt>(table)?.place)),
        "adaptive" => return Ok(Told::Adaptive(settings(table)?)),
        own => {
            let Own { ways } = settings(table)?;
            if ways < 2 {
                return Err("ways must be at least 2".to_owned());
            }
            Act::Own { behavior: own.to_owned(), ways }
        }
    }))
}

/// Puts the entries into a setup. Those that cannot be read were refused when the scenario was loaded.
pub(crate) fn apply(tables: &[AdversaryTable], protocol: &ProtocolInfo, setup: &mut Setup) {
    for table in tables {
        let slots: Vec<u32> = table.nodes.iter().map(|name| name.0).collect();
        match table.read(protocol) {
            Ok(Told::Rule(act)) => {
                setup.initial.corrupt.extend(&slots);
                setup.adversaries.push(Adversary { slots, on: table.on.clone(), act });
            }
            Ok(Told::Twins(place)) => {
                setup.initial.twins.extend(slots.into_iter().map(|slot| (place.0, slot)));
            }
            Ok(Told::Adaptive(adaptive)) => {
                setup.faults.entries.push(FaultEntry::at(Time::ZERO, Fault::Adaptive(adaptive)));
            }
            Err(_) => {}
        }
    }
    setup.initial.corrupt.sort_unstable();
    setup.initial.corrupt.dedup();
}

#[cfg(test)]
mod tests {
    use crate::plan::compile;
    use crate::testing::{LEAST, toml};

    use super::*;

    fn setup(entry: &str) -> Setup {
        let text = format!("{LEAST}[network]\ncoalition_delay = \"20ms\"\n[[adversaries]]\n{entry}\n");
        compile(&toml(&text).unwrap_or_else(|problems| panic!("{}", problems.render(false))), 1, &[]).setup
    }

    fn act(entry: &str) -> Act {
        setup(&format!("nodes = [\"n4\"]\ndo = {entry}")).adversaries[0].act.clone()
    }

    fn refused(entry: &str) -> String {
        let text = format!("{LEAST}[[adversaries]]\n{entry}\n");
        toml(&text).expect_err("accepted").render(false)
    }

    #[test]
    fn behaviors_are_read_by_name_or_with_settings() {
        assert_eq!(act("\"silent\""), Act::Silent);
        assert_eq!(act("{ silent = {} }"), Act::Silent);
        assert_eq!(act("\"withhold\""), Act::Withhold { from: None });
        assert_eq!(act("{ withhold = { from = 2 } }"), Act::Withhold { from: Some(2) });
        assert_eq!(act("{ drop = { probability = \"1/3\" } }"), Act::Drop { probability: Ratio::new(1, 3) });
        assert_eq!(act("{ delay = { by = \"5ms\" } }"), Act::Delay { by: Duration::from_millis(5) });
        assert_eq!(act("\"replay\""), Act::Replay { probability: Ratio::ONE });
        assert_eq!(act("{ order = { how = \"halves\" } }"), Act::Order { how: Ordering::Halves });
        let own = |ways| Act::Own { behavior: "equivocate".to_owned(), ways };
        assert_eq!((act("\"equivocate\""), act("{ equivocate = { ways = 3 } }")), (own(2), own(3)));
    }

    #[test]
    fn nodes_become_traitors_and_rules_keep_their_order() {
        let setup = setup(
            "nodes = [\"n4\", \"n2\"]\non = { send = \"ping\", role = \"primary\" }\ndo = \"silent\"\n\
             [[adversaries]]\ndo = \"replay\"",
        );
        assert_eq!(setup.initial.corrupt, [1, 3]);
        let [first, second] = setup.adversaries.as_slice() else { panic!("{:?}", setup.adversaries) };
        assert_eq!((first.slots.as_slice(), first.on.send.as_deref()), ([3, 1].as_slice(), Some("ping")));
        assert!(second.slots.is_empty(), "every traitor");
    }

    #[test]
    fn twins_and_whoever_leads_next_are_told_to_the_world() {
        let twins = setup("nodes = [\"n1\"]\ndo = { twins = { place = \"n3\" } }");
        assert_eq!((twins.initial.twins, twins.initial.corrupt), (vec![(2, 0)], vec![]));
        let adaptive = setup("do = { adaptive = { every = \"200ms\", count = 1 } }");
        assert!(matches!(adaptive.faults.entries[0].what, Fault::Adaptive(_)));
        assert_eq!(adaptive.adversaries, []);
    }

    #[test]
    fn what_does_not_exist_is_refused_at_its_place() {
        for (entry, said, place) in [
            ("do = \"equivocat\"", "did you mean \"equivocate\"?", "test.toml:8:6"),
            ("do = { dely = { by = \"1s\" } }", "did you mean \"delay\"?", "test.toml:8:8"),
            ("do = { delay = { buy = \"1s\" } }", "unknown key \"buy\"", "test.toml:8:18"),
            ("do = { delay = {} }", "missing key \"by\"", "test.toml:8:16"),
            ("do = 7", "says nothing that a traitor could do", "test.toml:8:6"),
            ("do = { equivocate = { ways = 1 } }", "ways must be at least 2", "test.toml:8:21"),
            ("nodes = [\"n5\"]\ndo = \"silent\"", "there is no node n5", "test.toml:8:10"),
            ("on = { send = \"pong\" }\ndo = \"silent\"", "did you mean \"Ping\"?", "test.toml:8:15"),
            ("on = { role = \"primry\" }\ndo = \"silent\"", "did you mean \"primary\"?", "test.toml:8:15"),
            ("do = \"order\"", "coalition_delay", "test.toml:8:6"),
            ("do = { twins = { place = \"n3\" } }", "twins need nodes", "test.toml:8:6"),
            (
                "nodes = [\"n1\"]\ndo = { adaptive = { every = \"1s\", count = 1 } }",
                "chooses its nodes",
                "9:6",
            ),
        ] {
            let text = refused(entry);
            assert!(text.contains(said) && text.contains(place), "{entry}\n{text}");
            assert!(text.contains("nothing was run or written"));
        }
    }
}
