//! Puts a world together from a setup and a system under test.

use std::rc::Rc;

use super::World;
use super::clients::Clients;
use super::measures::Gauges;
use super::pace::Pace;
use super::phases::Phase;
use super::report::report;
use super::storage::Storage;
use super::watch::Watch;
use crate::agenda::Agenda;
use crate::check::{Check, Judge, Needs};
use crate::coalition::{CoalitionDice, Directed};
use crate::distribution::{Distribution, Sampler};
use crate::facts::Facts;
use crate::fault::{ClockChange, FaultDriver};
use crate::ground::Ground;
use crate::history::{History, HistoryCheck};
use crate::identity::{NodeId, Slot};
use crate::kernel::{Kernel, Parts};
use crate::launch::{Launch, LaunchError};
use crate::network::Network;
use crate::operation::ObjectModel;
use crate::process::{Effects, Process, Protocol};
use crate::queue::EventQueue;
use crate::random::{Draw, Keyed, Purpose, below};
use crate::server::Servers;
use crate::setup::{MeasureOf, Setup, Stop};
use crate::slab::Slab;
use crate::subject::Subject;
use crate::time::{Duration, Time};
use crate::timers::Timers;
use crate::trace::Tracer;
use crate::workload::Workload;

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// A world at time zero, with nothing booted.
    ///
    /// # Errors
    /// If the setup is absurd, or does not fit the system.
    pub(crate) fn new(setup: &Setup, launch: &Launch, subject: Subject<P, N>) -> Result<Self, LaunchError> {
        Self::with_agenda(setup, launch, subject, Agenda::Timed(EventQueue::new()))
    }

    /// A world under a given scheduler.
    pub(crate) fn with_agenda(
        setup: &Setup,
        launch: &Launch,
        subject: Subject<P, N>,
        agenda: Agenda,
    ) -> Result<Self, LaunchError> {
        validate::<P>(setup)?;
        if matches!(agenda, Agenda::Choices(_)) && setup.progress_timeout.is_some() {
            let reason =
                "a second phase demands progress within a time, and under choices time has no length";
            return Err(LaunchError::Setup(reason.to_owned()));
        }
        let slots = (setup.members + setup.clients) as usize;
        let mut kernel = kernel::<P>(setup, launch, subject.model, agenda)?;
        let latency = kernel.metrics.histogram(crate::metrics::OPERATION_LATENCY);
        let timed = matches!(kernel.agenda, Agenda::Timed(_));
        let (checks, off): (Vec<_>, Vec<_>) =
            subject.checks.into_iter().partition(|judge| wanted(setup, timed, judge));
        let checks_off = off.iter().map(|judge| report(judge, false)).collect();
        let hearers = interested(&checks, P::Observation::KINDS, |check| check.hears());
        let readers = interested(&checks, P::Message::KINDS, |check| Some(check.reads()));
        let workload = setup.workload.as_ref().map(|model| Workload::new(model, setup.clients, setup.seed));
        let model = setup.workload.as_ref().map_or(ObjectModel::Register, |workload| workload.model);
        let judged = setup.workload.is_some() && !setup.checks_off.iter().any(|off| off == "linearizable");
        let history_check = judged.then(|| HistoryCheck::new(setup.history_budget));
        let mut world = Self {
            protocol: subject.protocol,
            plants: launch.plants.clone(),
            factory: subject.factory,
            nodes: std::iter::repeat_with(|| None).take(slots).collect(),
            members: (0..setup.members).map(NodeId).collect::<Rc<[NodeId]>>(),
            payloads: Slab::default(),
            timers: Timers::new(slots),
            storage: Storage::new(slots, setup.disk.sync.compile(), setup.seed),
            effects: Effects::for_slots(slots),
            carrying_out: false,
            checks,
            hearers,
            readers,
            checks_off,
            coalition: Directed::under(&setup.adversaries, setup.members, subject.model, subject.coalition),
            coalition_dice: CoalitionDice::new(setup.seed),
            traitors: Vec::new(),
            plots: Vec::new(),
            deeds: Default::default(),
            wakes: Slab::default(),
            clients: Clients::new(workload, History::new(model), setup.members, setup.clients, latency),
            history_check,
            service: subject.service,
            liveness: subject.liveness,
            phase: Phase::Faults,
            watch: Watch::new(setup, P::Observation::KINDS, slots),
            gauges: Gauges::new::<P>(setup),
            tracer: launch.trace.clone().map(|request| Tracer::new(request, kernel.ground.slot_names())),
            setup: setup.clone(),
            keep_history: launch.keep_history,
            next_identity: setup.members + setup.clients,
            touched: 0,
            ended: None,
            pace: Pace::new(setup),
            lookout: launch.lookout.clone(),
            kernel,
        };
        world.arrange();
        Ok(world)
    }

    /// The state at the start: who is absent, who is a traitor, whose clock is wrong.
    fn arrange(&mut self) {
        let initial = self.setup.initial.clone();
        for slot in initial.absent.iter().copied().map(Slot) {
            self.kernel.ground.places[slot.index()].up = false;
            self.kernel.refresh(slot);
            self.kernel.network.down(Time::ZERO, slot, &mut self.kernel.notices);
        }
        self.kernel.notices.clear();
        for slot in initial.corrupt.iter().copied().map(Slot) {
            self.corrupt(slot);
        }
        for (slot, node) in initial.twins {
            self.twin(Slot(slot), NodeId(node));
        }
        self.set_clocks();
    }

    /// The clocks of all slots that there are from the start.
    fn set_clocks(&mut self) {
        let offset = self.setup.clocks.offset.as_ref().map(Distribution::compile);
        for slot in 0..self.setup.members + self.setup.clients {
            self.set_clock(Slot(slot), offset.as_ref());
        }
    }

    /// The clock of a slot that joins now.
    pub(super) fn set_new_clock(&mut self, slot: Slot) {
        let offset = self.setup.clocks.offset.as_ref().map(Distribution::compile);
        self.set_clock(slot, offset.as_ref());
    }

    /// A clock is as wrong as its slot's number says, whoever else there is.
    fn set_clock(&mut self, slot: Slot, offset: Option<&Sampler>) {
        if matches!(self.kernel.agenda, Agenda::Choices(_)) {
            self.kernel.clocks.stand(slot.index() + 1);
        }
        let (dice, name) = (Keyed::new(self.setup.seed, Purpose::Clock), u64::from(slot.0));
        if let Some(offset) = offset {
            let ahead = offset.sample_from(&mut Draw::new(dice, name, 0));
            self.kernel.change_clock(slot, ClockChange::Forward(ahead));
        }
        let most = i64::from(self.setup.clocks.drift_ppm) * 1_000;
        if most > 0 {
            let drawn = below(dice.word(name, 1), 2 * most.unsigned_abs() + 1);
            let parts = i32::try_from(drawn.cast_signed() - most).unwrap_or(0);
            self.kernel.change_clock(slot, ClockChange::Drift { parts_per_billion: parts });
            self.kernel.clocks.keep_rate(slot);
        }
    }
}

fn wanted<P: Protocol>(setup: &Setup, timed: bool, judge: &Judge<P>) -> bool {
    let off = setup.checks_off.iter().any(|off| off == judge.named.name);
    (timed || judge.check.needs() == Needs::Order) && !off
}

/// For each kind of a vocabulary, the checks that want to be told of it; a check wants all if it does not say which.
///
/// # Panics
/// If a check wants to be told of a kind that the protocol does not have.
fn interested<P: Protocol>(
    checks: &[Judge<P>],
    kinds: &[&'static str],
    wants: impl Fn(&dyn Check<P>) -> Option<&'static [&'static str]>,
) -> Vec<Vec<usize>> {
    let mut wanted = checks.iter().filter_map(|judge| wants(&*judge.check)).flatten();
    assert!(wanted.all(|kind| kinds.contains(kind)), "a check waits for what nobody can say");
    let wants =
        |index: &usize, kind: &&str| wants(&*checks[*index].check).is_none_or(|names| names.contains(kind));
    kinds.iter().map(|kind| (0..checks.len()).filter(|index| wants(index, kind)).collect()).collect()
}

fn kernel<P: Protocol>(
    setup: &Setup,
    launch: &Launch,
    model: crate::fault::FaultModel,
    agenda: Agenda,
) -> Result<Kernel, LaunchError> {
    let refused = |error: &dyn std::fmt::Display| LaunchError::Setup(error.to_string());
    let mut network = Network::new(&setup.network, setup.members, setup.clients, setup.seed)
        .map_err(|error| refused(&error))?;
    network.pin(setup.pins.clone(), setup.pins_only);
    let driver = FaultDriver::new(&setup.faults, model, setup.members, setup.clients, setup.seed)
        .map_err(|error| refused(&error))?;
    Ok(Kernel::new(Parts {
        seed: setup.seed,
        ground: Ground::new(setup.members, setup.clients),
        network,
        timers: setup.clocks.timers,
        servers: Servers::new(&setup.service, (setup.members + setup.clients) as usize),
        driver,
        agenda,
        kinds: P::Message::KINDS.len(),
        picture: launch.picture,
    }))
}

/// The longest run: a hundred years would overflow nothing, a thousand would.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

fn validate<P: Protocol>(setup: &Setup) -> Result<(), LaunchError> {
    let refuse = |reason: String| Err(LaunchError::Setup(reason));
    if setup.members == 0 {
        return refuse("a cluster needs at least one member".to_owned());
    }
    if u64::from(setup.members) + u64::from(setup.clients) > 1 << 24 {
        return refuse("a world holds at most 16,777,216 slots".to_owned());
    }
    if setup.duration > LONGEST || setup.progress_timeout.is_some_and(|within| within > LONGEST) {
        return refuse(format!("a run lasts at most {LONGEST}"));
    }
    if let Err(error) = setup.disk.sync.validate() {
        return refuse(error.to_string());
    }
    if let Some(Err(error)) = setup.workload.as_ref().map(|workload| workload.validate(setup.clients)) {
        return refuse(error.to_string());
    }
    let initial = &setup.initial;
    let named =
        initial.absent.iter().chain(&initial.corrupt).chain(initial.twins.iter().map(|(slot, _)| slot));
    if let Some(slot) = named.copied().find(|slot| *slot >= setup.members) {
        return refuse(format!(
            "the start names n{}, but there are only {} members",
            slot + 1,
            setup.members
        ));
    }
    if let Some((_, node)) = initial.twins.iter().find(|(_, node)| *node >= setup.members) {
        return refuse(format!(
            "the start names n{}, but there are only {} members",
            node + 1,
            setup.members
        ));
    }
    known::<P>(setup)
}

/// Stop rules and measures must name kinds that the protocol has: a typo would otherwise never stop, or measure nothing.
fn known<P: Protocol>(setup: &Setup) -> Result<(), LaunchError> {
    let observed = setup.stop.iter().filter_map(|stop| match stop {
        Stop::Observed { kind, .. } => Some((kind, P::Observation::KINDS)),
        Stop::Returned(_) | Stop::AllInRole(_) | Stop::Violation => None,
    });
    let of_observations = setup.measures.iter().flat_map(|measure| measure.what.observed());
    let of_messages = setup.measures.iter().filter_map(|measure| match &measure.what {
        MeasureOf::Sent(pattern) => Some((&pattern.kind, P::Message::KINDS)),
        _ => None,
    });
    let measured =
        of_observations.map(|(_, pattern)| (&pattern.kind, P::Observation::KINDS)).chain(of_messages);
    match observed.chain(measured).find(|(kind, kinds)| !kinds.contains(&kind.as_str())) {
        None => Ok(()),
        Some((kind, kinds)) => Err(LaunchError::Setup(format!(
            "\"{kind}\" is not something that can be counted here; there is {}",
            kinds.join(", ")
        ))),
    }
}
