//! An entry made of a description and a function: all that a protocol needs to be registered.

use rand_chacha::ChaCha8Rng;
use serde_json::Value;

use super::parameters::{Dice, ParameterSet};
use super::versions::{AnyVersion, RunsTogether, together};
use super::{Cluster, Entry, FaultModel, Launch, LaunchError, ParameterError, ProtocolInfo, no_state};
use crate::history::LINEARIZABLE;
use crate::outcome::Outcome;
use crate::process::{Process, Protocol};
use crate::runs::simulate;
use crate::setup::Setup;
use crate::subject::Subject;
use crate::time::Duration;

/// A protocol with parameters of type `T`, whose system under test a function puts together.
///
/// That function may rely on what was checked before it is called: the parameters, the members
/// ([`Simple::fits`]), the state to start from ([`Simple::starts_from`]), and the names of plants and behaviors.
pub struct Simple<T, P: Protocol, N: Process<P>> {
    info: &'static ProtocolInfo,
    waits: fn(&T) -> Duration,
    bears: fn(u32) -> FaultModel,
    bears_by: Option<fn(&T, u32) -> FaultModel>,
    fits: fn(&T, &Setup) -> Result<(), String>,
    observes: fn(&T, &str, u32) -> Option<u64>,
    state: Option<State>,
    draw_state: Option<DrawState<T>>,
    together: Option<RunsTogether<T>>,
    system: System<T, P, N>,
}

type System<T, P, N> = fn(&T, &Setup, &Launch) -> Subject<P, N>;

/// What a protocol can start from, other than nothing.
#[derive(Clone, Copy)]
struct State {
    schema: fn() -> Value,
    check: fn(&Value, u32) -> Result<(), ParameterError>,
}

type DrawState<T> = fn(&T, u32, &mut Dice<'_>) -> Value;

crate::parameters! {
    /// For protocols without parameters.
    #[derive(Copy)]
    pub struct NoParameters {}
}

impl<T, P: Protocol, N: Process<P>> Simple<T, P, N> {
    /// A protocol that bears no fault and never waits for more than a second, until told otherwise.
    pub const fn new(info: &'static ProtocolInfo, system: System<T, P, N>) -> Self {
        Self {
            info,
            waits: |_| Duration::from_secs(1),
            bears: |_| FaultModel { crashed: 0, lost_disks: 0, byzantine: 0, outages: false },
            bears_by: None,
            fits: |_, _| Ok(()),
            observes: |_, _, _| None,
            state: None,
            draw_state: None,
            together: None,
            system,
        }
    }

    /// The same protocol with another description, as one that lists bugs for tests.
    #[must_use]
    pub const fn described_by(mut self, info: &'static ProtocolInfo) -> Self {
        self.info = info;
        self
    }

    /// What faults so many members bear.
    #[must_use]
    pub const fn bears(mut self, fault_model: fn(u32) -> FaultModel) -> Self {
        self.bears = fault_model;
        self
    }

    /// The same, where that depends on its parameters.
    #[must_use]
    pub const fn bears_by(mut self, fault_model: fn(&T, u32) -> FaultModel) -> Self {
        self.bears_by = Some(fault_model);
        self
    }

    /// The longest that it may wait before it acts.
    #[must_use]
    pub const fn waits(mut self, largest_timeout: fn(&T) -> Duration) -> Self {
        self.waits = largest_timeout;
        self
    }

    /// Which setups it refuses, although the parameters are right, and why.
    #[must_use]
    pub const fn fits(mut self, fits: fn(&T, &Setup) -> Result<(), String>) -> Self {
        self.fits = fits;
        self
    }

    /// The most often that so many members can make an observation of a kind; see [`Cluster::most_observed`].
    #[must_use]
    pub const fn observes(mut self, most: fn(&T, &str, u32) -> Option<u64>) -> Self {
        self.observes = most;
        self
    }

    /// It can be given a state to start from: the JSON Schema of that, and whether so many members can start from it.
    #[must_use]
    pub const fn starts_from(
        mut self,
        schema: fn() -> Value,
        check: fn(&Value, u32) -> Result<(), ParameterError>,
    ) -> Self {
        self.state = Some(State { schema, check });
        self
    }

    /// A swarm may draw the state that so many members start from; see [`Cluster::drawn_state`].
    #[must_use]
    pub const fn starts_from_drawn(mut self, draw: fn(&T, u32, &mut Dice<'_>) -> Value) -> Self {
        self.draw_state = Some(draw);
        self
    }

    /// Its members can be upgraded: what several versions in one cluster promise together, or why they cannot be there
    /// at once. The judges of a run are those of the parameters that it names.
    #[must_use]
    pub const fn runs_together(mut self, rule: RunsTogether<T>) -> Self {
        self.together = Some(rule);
        self
    }
}

impl<T, P: Protocol, N: Process<P>> Simple<T, P, N> {
    fn fault_model(&self, parameters: &T, members: u32) -> FaultModel {
        self.bears_by.map_or_else(|| (self.bears)(members), |bears| bears(parameters, members))
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

impl<T: ParameterSet, P: Protocol, N: Process<P> + 'static> Entry for Simple<T, P, N> {
    fn info(&self) -> &'static ProtocolInfo {
        self.info
    }

    fn configure(&self, parameters: &Value) -> Result<Box<dyn Cluster>, ParameterError> {
        Ok(Box::new(Configured { entry: *self, parameters: T::read(parameters)? }))
    }

    fn schema(&self) -> Value {
        T::schema()
    }

    fn state_schema(&self) -> Option<Value> {
        self.state.map(|state| (state.schema)())
    }
}

impl<T: ParameterSet, P: Protocol, N: Process<P> + 'static> Cluster for Configured<T, P, N> {
    fn parameters(&self) -> Value {
        self.parameters.write()
    }

    fn drawn(&self, rng: &mut ChaCha8Rng) -> Box<dyn Cluster> {
        Box::new(Self { entry: self.entry, parameters: self.parameters.drawn(rng) })
    }

    fn fault_model(&self, members: u32) -> FaultModel {
        self.entry.fault_model(&self.parameters, members)
    }

    fn largest_timeout(&self) -> Duration {
        (self.entry.waits)(&self.parameters)
    }

    fn check_state(&self, state: &Value, members: u32) -> Result<(), ParameterError> {
        self.entry.state.map_or_else(no_state, |own| (own.check)(state, members))
    }

    fn drawn_state(&self, members: u32, rng: &mut ChaCha8Rng) -> Option<Value> {
        self.entry.draw_state.map(|draw| draw(&self.parameters, members, &mut Dice::new(rng)))
    }

    fn otherwise(&self, changes: &Value) -> Result<Box<dyn Cluster>, ParameterError> {
        let whole = changed(self.parameters.write(), changes);
        Ok(Box::new(Self { entry: self.entry, parameters: T::read(&whole)? }))
    }

    fn most_observed(&self, kind: &str, members: u32) -> Option<u64> {
        (self.entry.observes)(&self.parameters, kind, members)
    }

    fn accepts(&self, setup: &Setup) -> Result<(), LaunchError> {
        let info = self.entry.info;
        acceptable(setup, info, self.entry.state)?;
        together(&self.parameters, setup, info, self.entry.together)?;
        (self.entry.fits)(&self.parameters, setup).map_err(|reason| info.unfit(reason))
    }

    fn launch(&self, setup: &Setup, launch: &Launch) -> Result<Outcome, LaunchError> {
        let info = self.entry.info;
        launch.plants.iter().try_for_each(|plant| info.knows_plant(plant))?;
        self.accepts(setup)?;
        let together = together(&self.parameters, setup, info, self.entry.together)?;
        let judged = together.as_ref().map_or(&self.parameters, |(_, together)| &together.parameters);
        let mut subject = (self.entry.system)(judged, setup, launch);
        subject.protocol = info.name;
        subject.model = self.entry.fault_model(judged, setup.members);
        let mut off = Vec::new();
        if let Some((all, together)) = &together {
            let makes = |version: &T| (self.entry.system)(version, setup, launch).factory;
            subject.factory = Box::new(AnyVersion(all.iter().map(makes).collect()));
            off.extend_from_slice(&together.unjudged);
        }
        if !info.linearizable {
            off.push(LINEARIZABLE);
        }
        let mut subject = Some(subject);
        let mut outcome = None;
        without(&off, setup, &mut |setup| {
            outcome = subject.take().map(|subject| simulate(setup, launch, subject));
        });
        outcome.expect("a setup is run once")
    }
}

/// Parameters as they are written, with other values for some.
fn changed(mut whole: Value, changes: &Value) -> Value {
    if let (Value::Object(whole), Value::Object(changes)) = (&mut whole, changes) {
        whole.extend(changes.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    whole
}

/// Refuses a behavior that the protocol does not have, and a state that it cannot start from.
fn acceptable(setup: &Setup, info: &ProtocolInfo, own: Option<State>) -> Result<(), LaunchError> {
    setup.behavior.iter().try_for_each(|behavior| info.knows_behavior(behavior))?;
    let Some(state) = &setup.initial.state else { return Ok(()) };
    let checked = own.map_or_else(no_state, |own| (own.check)(state, setup.members));
    checked.map_err(|error| LaunchError::Setup(error.message))
}

/// Hands over a setup in which some more checks are off. Nothing in here has a type of a protocol: copying and dropping a
/// setup is much code.
fn without(off: &[&str], setup: &Setup, run: &mut dyn FnMut(&Setup)) {
    if off.is_empty() {
        return run(setup);
    }
    let mut fewer = setup.clone();
    fewer.checks_off.extend(off.iter().map(|check| (*check).to_owned()));
    run(&fewer);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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

    crate::parameters! {
        /// How insistent they are.
        struct Times {
            /// How often each of them nudges.
            times: u32 = 2, in 1..;
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
        assert_eq!(entry.schema()["properties"]["times"]["default"], 2);
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
        assert!(entry.state_schema().is_none());
        assert_eq!(Never::KINDS.len(), entry.info().observations.len());
    }

    #[test]
    fn what_it_does_not_have_is_refused_before_it_runs() {
        let cluster = registry().find("nudge").unwrap().configure(&json!({})).unwrap();
        let refused = |change: fn(&mut Setup)| {
            let mut setup = Setup::new(1, 3);
            change(&mut setup);
            cluster.launch(&setup, &Launch::default()).unwrap_err().to_string()
        };
        let behavior = refused(|setup| setup.behavior = Some("shove".to_owned()));
        assert_eq!(behavior, "launch nudge: unknown behavior \"shove\": it has none");
        let state = refused(|setup| setup.initial.state = Some(json!([])));
        assert_eq!(state, "launch: this protocol cannot be given a state to start from");
        let launch = Launch { plants: vec!["weed".to_owned()], ..Launch::default() };
        let error = cluster.launch(&Setup::new(1, 3), &launch).unwrap_err();
        assert_eq!(error.to_string(), "launch nudge: unknown plant \"weed\"");
    }
}
