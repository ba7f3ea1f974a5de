//! Puts a world together from a setup and a system under test.

use std::rc::Rc;

use super::World;
use super::conclude::report;
use super::observe::Audience;
use super::storage::Storage;
use super::versions::Versions;
use crate::agenda::Agenda;
use crate::aside::Aside;
use crate::check::{Check, Findings, Judge, Needs, Standing};
use crate::coalition::{CoalitionDice, Directed};
use crate::facts::Facts;
use crate::fault::{FaultGroup, FaultModel};
use crate::ground::Electorate;
use crate::identity::{NodeId, Slot};
use crate::kernel::arrange::validate;
use crate::kernel::report::Title;
use crate::kernel::{Kernel, Vocabulary};
use crate::launch::{Launch, LaunchError};
use crate::process::{Detours, Effects, Process, Protocol};
use crate::queue::EventQueue;
use crate::random::{Keyed, Purpose};
use crate::setup::Setup;
use crate::slab::Slab;
use crate::subject::Subject;
use crate::timers::Timers;

/// Sets the draws of detours apart from those of targets and moments.
const DETOURS: u64 = u64::MAX - 1;

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
        let vocabulary = Vocabulary { observations: P::Observation::KINDS, messages: P::Message::KINDS };
        let kernel = Untyped {
            vocabulary,
            model: subject.model,
            drift_ppm: subject.drift_ppm,
            groups: &subject.groups,
            electorates: subject.liveness.electorates(),
        };
        let mut kernel = kernel.kernel(setup, launch, agenda)?;
        let slots = (setup.members + setup.clients) as usize;
        let timed = matches!(kernel.agenda, Agenda::Timed(_));
        let mut checks = subject.checks;
        for seat in checks.iter_mut().flat_map(|judge| &mut judge.seats) {
            seat.stands(is_left_on(setup, seat.named.name), timed || seat.needs == Needs::Order);
        }
        let seats = checks.iter().flat_map(|judge| &judge.seats);
        let checks_off = seats.filter(|seat| seat.standing == Standing::Off).map(report).collect();
        checks.retain(|judge| !judge.is_off());
        let audiences = Audience::of_kinds(&checks, subject.liveness.hears());
        let readers = interested(&checks, P::Message::KINDS, |check| Some(check.reads()));
        let watching = |(_, judge): &(usize, &Judge<P>)| judge.check.watches_clients();
        let watchers = checks.iter().enumerate().filter(watching).map(|(turn, _)| turn).collect();
        kernel.findings = Findings::by(&mut checks);
        let takers = interested(&checks, P::Message::KINDS, |check| Some(check.takes()));
        let (protocol, plants, keep_history) = (subject.protocol, launch.plants.clone(), launch.keep_history);
        let effects = effects(setup, &kernel, slots);
        let mut world = Self {
            title: Title { protocol, plants, keep_history },
            kernel,
            factory: subject.factory,
            nodes: std::iter::repeat_with(|| None).take(slots).collect(),
            members: everybody(setup.members),
            leaders: setup.faults.leaders().into(),
            payloads: Slab::default(),
            timers: Timers::new(slots),
            storage: Storage::new(slots, setup.disk.sync.compile(), setup.seed),
            effects,
            carrying_out: false,
            checks,
            audiences,
            readers,
            takers,
            watchers,
            checks_off,
            coalition: Directed::under(&setup.adversaries, setup.members, subject.model, subject.coalition),
            coalition_dice: CoalitionDice::new(setup.seed),
            plots: Vec::new(),
            wakes: Slab::default(),
            versions: Versions::of_setup(setup),
            waiting_requests: Aside::new(),
            service: subject.service,
            liveness: subject.liveness,
            expected: subject.expected,
            member_changes: Vec::new(),
            touched: 0,
            sighted: [Slot(0); super::BATCH],
        };
        world.arrange();
        Ok(world)
    }

    /// From now on, chance is that of another seed.
    #[cold]
    pub(super) fn draw_anew(&mut self) {
        let Some(redraw) = self.kernel.redraw else { return };
        self.kernel.draw_anew(redraw.seed);
        self.storage.draw_anew(redraw.seed);
        self.coalition_dice.draw_anew(redraw.seed);
        if self.kernel.driver.has_detours() {
            let dice = Keyed::new(redraw.seed, Purpose::Fault).labeled(DETOURS);
            self.effects.detours.draw_anew(dice);
        }
    }

    /// The state at the start: who is absent, who is a traitor, whose clock is wrong.
    fn arrange(&mut self) {
        let (corrupt, twins, beside) = beginnings(&self.kernel.setup);
        self.kernel.set_absent();
        for slot in corrupt {
            self.corrupt(Slot(slot));
        }
        for (slot, node) in twins {
            self.twin(Slot(slot), NodeId(node));
        }
        for node in beside {
            let slot = self.kernel.add_beside();
            self.add_place();
            self.twin(slot, NodeId(node));
        }
        self.kernel.set_corrupt_clients();
        self.kernel.set_clocks();
    }
}

/// What the kernel has to know of a subject. Whoever makes a kernel also has to know how to drop it: that is much code,
/// and none of it names a type of a protocol.
struct Untyped<'a> {
    vocabulary: Vocabulary,
    model: FaultModel,
    drift_ppm: u32,
    groups: &'a [FaultGroup],
    electorates: &'a [Electorate],
}

impl Untyped<'_> {
    fn kernel(&self, setup: &Setup, launch: &Launch, agenda: Agenda) -> Result<Kernel, LaunchError> {
        validate(setup, &agenda, self.vocabulary)?;
        let mut kernel = Kernel::new(setup, launch, self.model, self.vocabulary, agenda)?;
        kernel.driver.limit_drift(self.drift_ppm);
        kernel.driver.limit_groups(self.groups);
        kernel.ground.electorates = self.electorates.to_vec();
        Ok(kernel)
    }
}

/// Effects of no step yet.
fn effects<P: Protocol>(setup: &Setup, kernel: &Kernel, slots: usize) -> Effects<P> {
    let mut effects = Effects::for_slots(slots);
    if kernel.driver.has_detours() {
        effects.detours = Detours::drawn_by(Keyed::new(setup.seed, Purpose::Fault).labeled(DETOURS));
    }
    effects
}

/// A setup's initial state in lists of its own: copying the whole would copy what the protocol reads from it as well.
fn beginnings(setup: &Setup) -> (Vec<u32>, Vec<(u32, u32)>, Vec<u32>) {
    let initial = &setup.initial;
    (initial.corrupt.clone(), initial.twins.clone(), initial.beside.clone())
}

fn is_left_on(setup: &Setup, check: &str) -> bool {
    setup.checks_off.iter().all(|off| off != check)
}

/// For each kind of a vocabulary, the checks that want to be told of it; a check wants all if it does not say which.
///
/// # Panics
/// If a check wants to be told of a kind that the protocol does not have.
pub(super) fn interested<P: Protocol>(
    checks: &[Judge<P>],
    kinds: &[&'static str],
    wants: impl Fn(&dyn Check<P>) -> Option<&'static [&'static str]>,
) -> Vec<Vec<usize>> {
    let mut wanted = Vec::new();
    for judge in checks {
        wanted.push(wants(&*judge.check));
    }
    by_kind(&wanted, kinds)
}

fn by_kind(wanted: &[Option<&[&str]>], kinds: &[&str]) -> Vec<Vec<usize>> {
    let mut told = vec![Vec::new(); kinds.len()];
    for (index, names) in wanted.iter().enumerate() {
        let Some(names) = names else {
            told.iter_mut().for_each(|told| told.push(index));
            continue;
        };
        for name in *names {
            let place = kinds.iter().position(|kind| kind == name);
            let told = &mut told[place.expect("a check waits for what somebody can say")];
            if told.last() != Some(&index) {
                told.push(index);
            }
        }
    }
    told
}

fn everybody(members: u32) -> Rc<[NodeId]> {
    (0..members).map(NodeId).collect()
}
