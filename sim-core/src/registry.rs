//! Protocols as values: what the command line lists, what a scenario names, what a stranger's crate adds.
//!
//! Generics end here. An [`Entry`] parses a protocol's own parameters and yields a [`Cluster`], which launches runs.

pub mod parameters;
mod plants;
mod simple;
mod versions;

pub use simple::{NoParameters, Simple};
pub use versions::{RunsTogether, Together};

pub use crate::fault::FaultModel;
pub use crate::launch::{Launch, LaunchError, Redraw};
pub use crate::text::Named;

use rand_chacha::ChaCha8Rng;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::operation::ObjectModel;
use crate::outcome::Outcome;
use crate::setup::Setup;
use crate::time::Duration;
use crate::tree::{self, Misfit};

/// A protocol that can be named in a scenario.
pub trait Entry: Send + Sync {
    /// What is known about it without running it.
    fn info(&self) -> &'static ProtocolInfo;

    /// Reads the parameters that stand under `[cluster.<name>]`; an empty object gives the defaults.
    ///
    /// # Errors
    /// If a parameter is unknown, of the wrong type or absurd.
    fn configure(&self, parameters: &Value) -> Result<Box<dyn Cluster>, ParameterError>;

    /// The JSON Schema of the parameters.
    fn schema(&self) -> Value;

    /// The JSON Schema of what a run may start from, as [`Cluster::check_state`] reads it; a protocol that does not say
    /// otherwise reads none.
    fn state_schema(&self) -> Option<Value> {
        None
    }
}

/// A protocol with its parameters, ready to run.
pub trait Cluster: Send + Sync {
    /// All parameters, defaults included, in the form that [`Entry::configure`] reads.
    fn parameters(&self) -> Value;

    /// The same protocol with knobs drawn at random, among those that forfeit nothing.
    fn drawn(&self, rng: &mut ChaCha8Rng) -> Box<dyn Cluster>;

    /// What the faults of a run may do without excusing the protocol from anything.
    fn fault_model(&self, members: u32) -> FaultModel;

    /// The longest that the protocol itself may wait before it acts; bounds on progress are multiples of it.
    fn largest_timeout(&self) -> Duration;

    /// Whether it can read this as [`Initial::state`](crate::setup::Initial::state) of a cluster of `members`.
    ///
    /// # Errors
    /// Why not, and where. Every state is refused by a protocol that does not say otherwise.
    fn check_state(&self, _state: &Value, _members: u32) -> Result<(), ParameterError> {
        no_state()
    }

    /// A state that an earlier run could have left behind for a cluster of `members`, in the form that
    /// [`Cluster::check_state`] reads; `None` if nobody knows how to draw one.
    fn drawn_state(&self, _members: u32, _rng: &mut ChaCha8Rng) -> Option<Value> {
        None
    }

    /// The same protocol with some parameters set otherwise, as a version that members are upgraded to.
    ///
    /// # Errors
    /// If it has no such parameters, or they do not fit the others. Every change is refused by a protocol that does not say
    /// otherwise.
    fn otherwise(&self, _changes: &Value) -> Result<Box<dyn Cluster>, ParameterError> {
        let message = "the members of this protocol cannot be upgraded".to_owned();
        Err(ParameterError { path: Vec::new(), message })
    }

    /// The most often that so many members can make an observation of this kind if none of them restarts, joins or lies;
    /// `None` if there is no limit, or nobody knows it.
    fn most_observed(&self, _kind: &str, _members: u32) -> Option<u64> {
        None
    }

    /// Whether this protocol can be run in a setup, as far as it is the protocol's to say.
    ///
    /// # Errors
    /// Why not; [`Cluster::launch`] refuses it for the same reason.
    fn accepts(&self, _setup: &Setup) -> Result<(), LaunchError> {
        Ok(())
    }

    /// Runs it.
    ///
    /// # Errors
    /// If the setup cannot be run with this protocol.
    fn launch(&self, setup: &Setup, launch: &Launch) -> Result<Outcome, LaunchError>;
}

/// What a protocol says that starts from nothing only.
fn no_state() -> Result<(), ParameterError> {
    let message = "this protocol cannot be given a state to start from".to_owned();
    Err(ParameterError { path: Vec::new(), message })
}

/// What is known about a protocol without running it.
#[derive(Clone, Copy, Debug)]
pub struct ProtocolInfo {
    /// As scenarios name it.
    pub name: &'static str,
    /// One line.
    pub title: &'static str,
    /// A paragraph.
    pub about: &'static str,
    /// Roles that selectors may name.
    pub roles: &'static [&'static str],
    /// Kinds of messages.
    pub messages: &'static [&'static str],
    /// Those of them that tell their round ([`Message::round`](crate::process::Message::round)).
    pub rounds: &'static [&'static str],
    /// Kinds of observations.
    pub observations: &'static [&'static str],
    /// Its parameters.
    pub knobs: &'static [Knob],
    /// What its traitors can do.
    pub behaviors: &'static [Named],
    /// Bugs that can be switched on.
    pub plants: &'static [Plant],
    /// Names of bugs that only keep it from making progress. Tests switch them on; no list has them, and nobody is asked to
    /// find them.
    pub stalls: &'static [&'static str],
    /// What is checked.
    pub checks: &'static [Named],
    /// Which objects it offers to clients; none if it has no clients.
    pub objects: &'static [ObjectModel],
    /// Whether its clients may be corrupt ([`Boot::corrupt`](crate::process::Boot::corrupt)).
    pub corrupt_clients: bool,
    /// Whether what clients see is judged: it must be linearizable. A store that is only eventually consistent is not, by design.
    pub linearizable: bool,
    /// Services that members use and that the protocol brings along: one client slot for each, in this order, in every run
    /// of a scenario without a workload.
    pub services: &'static [Named],
    /// Quantities that its checks record, by the names under which an outcome has them.
    pub metrics: &'static [&'static str],
    /// How many messages may wait at a slot where a scenario does not say that; without a limit if `None`.
    pub inbox: Option<u32>,
    /// Whether its processes keep journals: faults of disks do nothing to one that keeps none.
    pub journals: bool,
    /// Why members cannot join or leave while it runs; `None` if they can.
    pub fixed_members: Option<&'static str>,
    /// Whether a client asks for changes of membership, so that without clients there are none.
    pub clients_change_members: bool,
    /// How many members a run may have: with more, it would fill the memory of a usual machine before it shows anything.
    pub most_nodes: u32,
}

impl ProtocolInfo {
    /// A protocol with a name, one line and nothing else; fill in what it has.
    pub const fn new(name: &'static str, title: &'static str) -> Self {
        Self {
            name,
            title,
            about: "",
            roles: &[],
            messages: &[],
            rounds: &[],
            observations: &[],
            knobs: &[],
            behaviors: &[],
            plants: &[],
            stalls: &[],
            checks: &[],
            objects: &[],
            corrupt_clients: false,
            linearizable: true,
            services: &[],
            metrics: &[],
            inbox: None,
            journals: true,
            fixed_members: None,
            clients_change_members: false,
            most_nodes: 10_000_000,
        }
    }

    /// Whether it has this plant, by name or number.
    ///
    /// # Errors
    /// If it has not.
    pub fn knows_plant(&self, plant: &str) -> Result<(), LaunchError> {
        let known = self.plants.iter().any(|known| known.is_called(plant)) || self.stalls.contains(&plant);
        let unknown = || LaunchError::UnknownPlant { protocol: self.name, plant: plant.to_owned() };
        known.then_some(()).ok_or_else(unknown)
    }

    /// Whether its traitors have this behavior.
    ///
    /// # Errors
    /// If they have not, with those that they have.
    pub fn knows_behavior(&self, behavior: &str) -> Result<(), LaunchError> {
        if self.behaviors.iter().any(|known| known.name == behavior) {
            return Ok(());
        }
        let names: Vec<&str> = self.behaviors.iter().map(|known| known.name).collect();
        let known = if names.is_empty() { "it has none".to_owned() } else { names.join(", ") };
        Err(self.unfit(format!("unknown behavior \"{behavior}\": {known}")))
    }

    /// That a setup does not fit it.
    fn unfit(&self, reason: String) -> LaunchError {
        LaunchError::Unfit { protocol: self.name, reason }
    }
}

/// A parameter, as lists show it.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// The parameter's name.
    pub name: &'static str,
    /// What it means, in a sentence or two.
    pub about: &'static str,
    /// Its default, as a scenario writes it.
    pub default: &'static str,
    /// What is not owed any more when it is off or set otherwise; `None` if it forfeits nothing.
    pub forfeits: Option<&'static str>,
}

/// A real, published bug that can be switched on.
#[derive(Clone, Copy, Debug)]
pub struct Plant {
    /// Its readable name, as `vote-not-durable`.
    pub name: &'static str,
    /// Its number in the catalog, as `R01`.
    pub id: &'static str,
    /// What is done wrong.
    pub about: &'static str,
    /// Which property breaks; "nothing" of a control, which is harmless.
    pub breaks: &'static str,
    /// Where it was found.
    pub source: &'static str,
    /// The built-in scenario that triggers it within twenty seeds, and in which nothing is found without it.
    pub witness: &'static str,
}

impl Plant {
    /// Whether it goes by this name or number.
    pub fn is_called(&self, name: &str) -> bool {
        name == self.name || name == self.id
    }
}

/// A parameter that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParameterError {
    /// Where, as keys from the protocol's table inward.
    pub path: Vec<String>,
    /// What is wrong.
    pub message: String,
}

/// Reads a protocol's parameters from JSON, naming the place of an error.
///
/// # Errors
/// If they do not fit the type.
pub fn parse_parameters<T: DeserializeOwned>(parameters: &Value) -> Result<T, ParameterError> {
    tree::read(parameters).map_err(|Misfit { path, message }| ParameterError { path, message })
}

/// The protocols that scenarios may name.
#[derive(Default)]
pub struct Registry {
    entries: Vec<Box<dyn Entry>>,
}

impl Registry {
    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a protocol.
    ///
    /// # Panics
    /// If the name is taken.
    pub fn register(&mut self, entry: impl Entry + 'static) -> &mut Self {
        let name = entry.info().name;
        assert!(self.find(name).is_none(), "a protocol named {name} is registered already");
        self.entries.push(Box::new(entry));
        self
    }

    /// The protocol of a name.
    pub fn find(&self, name: &str) -> Option<&dyn Entry> {
        self.iter().find(|entry| entry.info().name == name)
    }

    /// All protocols, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = &dyn Entry> {
        self.entries.iter().map(AsRef::as_ref)
    }
}
