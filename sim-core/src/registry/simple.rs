//! An entry made of a description and a function: all that a protocol without random knobs needs to be registered.

use rand_chacha::ChaCha8Rng;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{
    Cluster, Entry, FaultModel, Launch, LaunchError, ParameterError, ProtocolInfo, parse_parameters,
};
use crate::outcome::Outcome;
use crate::process::{Process, Protocol};
use crate::setup::Setup;
use crate::simulate::{Subject, simulate};
use crate::time::Duration;

/// A protocol with parameters of type `T`, whose system under test a function puts together.
///
/// `T` must refuse unknown fields and have a default for each of its own, as [`NoParameters`] does.
pub struct Simple<T, P: Protocol, N: Process<P>> {
    info: &'static ProtocolInfo,
    largest_timeout: Duration,
    fault_model: fn(u32) -> FaultModel,
    system: System<T, P, N>,
}

type System<T, P, N> = fn(&T, &Setup, &Launch) -> Subject<P, N>;

/// For protocols without parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoParameters {}

impl<T, P: Protocol, N: Process<P>> Simple<T, P, N> {
    /// A protocol that bears no fault and never waits for more than a second, until told otherwise.
    pub fn new(info: &'static ProtocolInfo, system: System<T, P, N>) -> Self {
        let fault_model = |_| FaultModel { crashed: 0, lost_disks: 0, byzantine: 0 };
        Self { info, largest_timeout: Duration::from_secs(1), fault_model, system }
    }

    /// What faults so many members bear.
    #[must_use]
    pub fn bears(mut self, fault_model: fn(u32) -> FaultModel) -> Self {
        self.fault_model = fault_model;
        self
    }

    /// The longest that it may wait before it acts.
    #[must_use]
    pub fn waits(mut self, largest_timeout: Duration) -> Self {
        self.largest_timeout = largest_timeout;
        self
    }
}

impl<T, P: Protocol, N: Process<P>> Clone for Simple<T, P, N> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, P: Protocol, N: Process<P>> Copy for Simple<T, P, N> {}

/// A simple protocol with its parameters.
struct Configured<T, P: Protocol, N: Process<P>> {
    entry: Simple<T, P, N>,
    parameters: T,
}

impl<T, P, N> Entry for Simple<T, P, N>
where
    T: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static,
    P: Protocol,
    N: Process<P> + 'static,
{
    fn info(&self) -> &'static ProtocolInfo {
        self.info
    }

    fn configure(&self, parameters: &Value) -> Result<Box<dyn Cluster>, ParameterError> {
        Ok(Box::new(Configured { entry: *self, parameters: parse_parameters::<T>(parameters)? }))
    }

    /// Every parameter with its default; types are left open.
    fn schema(&self) -> Value {
        let defaults = serde_json::to_value(T::default()).unwrap_or_default();
        let defaults = defaults.as_object().cloned().unwrap_or_default();
        let properties: Map<String, Value> =
            defaults.into_iter().map(|(name, default)| (name, json!({ "default": default }))).collect();
        json!({ "type": "object", "additionalProperties": false, "properties": properties })
    }
}

impl<T, P, N> Cluster for Configured<T, P, N>
where
    T: Clone + Default + Serialize + DeserializeOwned + Send + Sync + 'static,
    P: Protocol,
    N: Process<P> + 'static,
{
    fn parameters(&self) -> Value {
        serde_json::to_value(&self.parameters).unwrap_or_else(|_| json!({}))
    }

    /// The same: a simple protocol draws nothing.
    fn drawn(&self, _: &mut ChaCha8Rng) -> Box<dyn Cluster> {
        Box::new(Self { entry: self.entry, parameters: self.parameters.clone() })
    }

    fn fault_model(&self, members: u32) -> FaultModel {
        (self.entry.fault_model)(members)
    }

    fn largest_timeout(&self) -> Duration {
        self.entry.largest_timeout
    }

    fn launch(&self, setup: &Setup, launch: &Launch) -> Result<Outcome, LaunchError> {
        launch.plants.iter().try_for_each(|plant| self.entry.info.knows_plant(plant))?;
        let subject = (self.entry.system)(&self.parameters, setup, launch);
        let model = self.fault_model(setup.members);
        simulate(setup, launch, Subject { protocol: self.entry.info.name, model, ..subject })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Facts, Never};
    use crate::identity::NodeId;
    use crate::process::{Boot, Context, Input, Message};
    use crate::registry::Registry;

    crate::facts! { enum Nudge { Nudge } }
    crate::vocabulary! { Nudging { message: Nudge } }

    impl Message for Nudge {
        fn wire_size(&self) -> u32 {
            40
        }
    }

    struct Nudger(u32);

    impl Process<Nudging> for Nudger {
        fn step(&mut self, input: Input<'_, Nudging>, cx: &mut Context<'_, Nudging>) {
            if matches!(input, Input::Start) {
                (0..self.0).for_each(|_| cx.send(NodeId(0), Nudge::Nudge));
            }
        }
    }

    #[derive(Clone, Debug, Serialize, Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Times {
        times: u32,
    }

    impl Default for Times {
        fn default() -> Self {
            Self { times: 2 }
        }
    }

    const INFO: ProtocolInfo =
        ProtocolInfo { messages: Nudge::KINDS, ..ProtocolInfo::new("nudge", "Everybody nudges the first") };

    fn registry() -> Registry {
        let mut registry = Registry::new();
        registry.register(Simple::new(&INFO, |times: &Times, _, _| {
            let times = times.times;
            Subject::new("nudge", move |_: Boot<'_, Nudging>| Nudger(times))
        }));
        registry
    }

    #[test]
    fn a_simple_protocol_is_registered_configured_and_run() {
        let registry = registry();
        let entry = registry.find("nudge").unwrap();
        assert_eq!(entry.schema()["properties"], json!({ "times": { "default": 2 } }));
        for (parameters, sent) in [(json!({}), 6), (json!({ "times": 5 }), 15)] {
            let cluster = entry.configure(&parameters).unwrap();
            let outcome = cluster.launch(&Setup::new(1, 3), &Launch::default()).unwrap();
            assert_eq!((outcome.messages.delivered, outcome.protocol.as_str()), (sent, "nudge"));
            assert!(
                outcome.reasons.is_empty(),
                "it has nothing to report, but it spoke: {:?}",
                outcome.reasons
            );
        }
        assert!(entry.configure(&json!({ "time": 5 })).is_err());
        assert_eq!(Never::KINDS.len(), entry.info().observations.len());
    }

    #[test]
    fn a_plant_that_it_does_not_have_is_refused() {
        let cluster = registry().find("nudge").unwrap().configure(&json!({})).unwrap();
        let launch = Launch { plants: vec!["weed".to_owned()], ..Launch::default() };
        let error = cluster.launch(&Setup::new(1, 3), &launch).unwrap_err();
        assert_eq!(error.to_string(), "launch nudge: unknown plant \"weed\"");
    }
}
