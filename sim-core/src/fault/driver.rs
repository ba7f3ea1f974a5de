//! Executes a plan lazily: as time passes, and as the protocol does what an entry waits for.
//!
//! The driver owns what is in force and when it ends; the world owns what it means. At one instant ends come before
//! beginnings, so that a fault may begin where another one has just ended. Everything that begins is recorded twice:
//! as [`Executed`], for people, and pinned, as a plan that does the same again.

mod core;
mod detours;
mod rounds;
mod series;
mod strike;
#[cfg(test)]
mod tests;
mod watches;

use self::series::Series;
pub use self::watches::Awaited;
use self::watches::Waiting;
use super::action::{Action, ClockChange, CutId, Degradation, DegradeId, Reach};
use super::executed::{Activity, Executed, Refusal};
use super::family::Kind;
use super::governor::Governor;
use super::plan::{FaultEntry, FaultPlan, Moment};
use super::resolve::{Lots, Scene};
use super::validate::FaultError;
use crate::fault::{FaultGroup, FaultModel};
use crate::ground::Ground;
use crate::identity::Slot;
use crate::ordered::OrderedMap;
use crate::random::{Keyed, Purpose};
use crate::time::{Duration, Time};

/// Fires the faults of one run.
#[derive(Clone, Debug)]
pub struct FaultDriver {
    entries: Vec<FaultEntry>,
    over_budget: bool,
    members: u32,
    clients: u32,
    keyed: Keyed,
    governor: Governor,
    agenda: OrderedMap<(Time, Order, u64), Task>,
    tickets: u64,
    waiting: Vec<Waiting>,
    /// Entries whose event came, to be fired when the step is over.
    armed: Vec<(usize, Slot)>,
    series: Vec<Series>,
    active: OrderedMap<u32, Active>,
    next_active: u32,
    next_id: u32,
    next_healed: u32,
    slots: u32,
    log: Vec<Executed>,
    pinned: Vec<FaultEntry>,
    activity: Activity,
    /// Diversions in force, by name.
    diverted: Vec<u32>,
    healed: bool,
    /// How far the plan is ahead of time, where choices and not time bring its moments.
    ahead: Duration,
}

/// What comes first at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    End,
    Begin,
}

/// Something to do at a time.
#[derive(Clone, Copy, Debug)]
enum Task {
    /// An entry begins.
    Begin { entry: usize, event: Option<Slot> },
    /// The next part of a fault made of others.
    Step { series: usize, step: u32 },
    /// A flapping link changes.
    Toggle { active: u32 },
    /// A fault ends.
    End { active: u32 },
    /// No more detours of this name.
    Straighten { id: u32 },
}

/// A fault in force.
#[derive(Clone, Debug)]
struct Active {
    /// Its place in the log.
    log: usize,
    undo: Undo,
}

/// How a fault is taken back.
#[derive(Clone, Debug)]
enum Undo {
    Slots { how: SlotUndo, slots: Vec<Slot> },
    Cut { cuts: Vec<(CutId, Reach)>, flap: Option<Flapping> },
    Degrade(Vec<(DegradeId, Degradation)>),
    Round(u32),
}

/// How a fault at a slot is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SlotUndo {
    Restart,
    Resume,
    NormalSpeed,
    HealthyDisk,
    Clock(ClockChange),
}

/// A cut that comes and goes.
#[derive(Clone, Debug)]
struct Flapping {
    id: CutId,
    reach: Reach,
    half: Duration,
}

/// One firing of an entry, or of a part of it.
#[derive(Clone, Debug)]
struct Firing {
    /// Which entry, as an index.
    entry: usize,
    /// The id under which it is pinned; cuts are named by it.
    id: u32,
    lots: Lots,
    /// When, in pinned form.
    at: Moment,
    lasts: Option<Duration>,
    event: Option<Slot>,
    /// The budget does not refuse it.
    over_budget: bool,
}

impl FaultDriver {
    /// From now on, targets and moments that faults find as the run goes on are drawn from another seed.
    pub(crate) fn draw_anew(&mut self, seed: u64) {
        self.keyed = Keyed::new(seed, Purpose::Fault);
    }

    /// Refuses clocks whose rate is wrong by more than so many parts per million.
    pub fn limit_drift(&mut self, ppm: u32) {
        self.governor.limit_drift(ppm);
    }

    /// From now on, these groups of members have budgets of their own.
    pub fn limit_groups(&mut self, groups: &[FaultGroup]) {
        self.governor.limit_groups(groups);
    }

    /// A driver of a plan in a world of so many members and clients.
    ///
    /// # Errors
    /// If the plan makes no sense; roles and kinds are not looked at, see [`FaultPlan::validate`].
    pub fn new(
        mut plan: FaultPlan,
        model: FaultModel,
        members: u32,
        clients: u32,
        seed: u64,
    ) -> Result<Self, FaultError> {
        plan.validate(members, clients, None)?;
        plan.sort();
        plan.number();
        let next_id = plan.entries.iter().filter_map(|entry| entry.id).max().map_or(0, |id| id + 1);
        let mut driver = Self {
            over_budget: plan.over_budget,
            members,
            clients,
            keyed: Keyed::new(seed, Purpose::Fault),
            governor: Governor::new(model, plan.over_budget),
            agenda: OrderedMap::new(),
            tickets: 0,
            waiting: Vec::new(),
            armed: Vec::new(),
            series: Vec::new(),
            active: OrderedMap::new(),
            next_active: 0,
            next_id,
            next_healed: FIRST_HEALED,
            slots: members + clients,
            log: Vec::new(),
            pinned: Vec::new(),
            activity: Activity::default(),
            diverted: Vec::new(),
            healed: false,
            ahead: Duration::ZERO,
            entries: plan.entries,
        };
        if driver.entries.iter().any(|entry| entry.over_budget) {
            driver.governor.permit();
        }
        driver.arm();
        Ok(driver)
    }

    /// Puts every entry on the agenda or on watch.
    fn arm(&mut self) {
        for entry in 0..self.entries.len() {
            match self.entries[entry].at.clone() {
                Moment::At(at) => self.schedule(at, Order::Begin, Task::Begin { entry, event: None }),
                Moment::On(trigger) => self.watch(entry, trigger),
            }
        }
    }

    fn schedule(&mut self, at: Time, order: Order, task: Task) {
        self.agenda.insert((at, order, self.tickets), task);
        self.tickets += 1;
    }

    /// What is true between two events.
    pub(crate) fn invariants(&self) {
        self.governor.invariants();
        for (id, active) in &self.active {
            assert!(*id < self.next_active, "fault {id} began");
            assert!(active.log < self.log.len(), "fault {id} stands in the log");
        }
        let ended = |task: &&Task| matches!(task, Task::End { active } if !self.active.contains_key(active));
        assert_eq!(self.agenda.values().filter(ended).count(), 0, "only what is in force comes to an end");
    }

    /// When [`FaultDriver::due`] has something to do next.
    pub fn next_at(&self) -> Option<Time> {
        self.agenda.first_key_value().map(|((at, _, _), _)| *at)
    }

    /// The next moment of the plan is now: whatever follows from it lasts and waits from that moment.
    pub(crate) fn bring_forward(&mut self, now: Time) {
        self.ahead = self.next_at().map_or(self.ahead, |at| at.since(now));
    }

    /// Where the plan is at a time.
    fn planned(&self, now: Time) -> Time {
        now.saturating_add(self.ahead)
    }

    /// Fires everything that is due at `ground.now`: ends first, then beginnings.
    pub fn due(&mut self, ground: &Ground, actions: &mut Vec<Action>) {
        let now = self.planned(ground.now);
        if self.next_at().is_none_or(|at| at > now) {
            return;
        }
        self.begin_call(ground);
        while let Some((_, task)) = self.agenda.pop_first_if(|due, _| due.0 <= now) {
            match task {
                Task::Begin { entry, event } => {
                    self.begin(entry, Moment::At(ground.now), event, ground, actions);
                }
                Task::Step { series, step } => self.step(series, step, ground, actions),
                Task::Toggle { active } => self.toggle(active, ground, actions),
                Task::End { active } => self.end(active, ground, actions),
                Task::Straighten { id } => self.straighten(id, actions),
            }
        }
    }

    /// A step is over: fires what waited for something that happened in it.
    pub fn stepped(&mut self, ground: &Ground, actions: &mut Vec<Action>) {
        if self.armed.is_empty() {
            return;
        }
        self.begin_call(ground);
        for (entry, slot) in std::mem::take(&mut self.armed) {
            let at = self.entries[entry].at.clone();
            self.begin(entry, at, Some(slot), ground, actions);
        }
    }

    /// What happened and what was refused, in order.
    pub fn executed(&self) -> &[Executed] {
        &self.log
    }

    /// How often faults fired.
    pub fn activity(&self) -> &Activity {
        &self.activity
    }

    /// Whether faults exceeded what the protocol promises to bear, which they can only on purpose.
    pub fn over_budget(&self) -> bool {
        self.governor.exceeded()
    }

    /// Who is affected, and what the budget is.
    pub fn governor(&self) -> &Governor {
        &self.governor
    }

    /// What was executed, as a plan with nothing left to draw: slots are named, faults made of others are listed part
    /// by part, and what was refused is left out. Under the same seed it does the same.
    ///
    /// Moments are times, except for faults that struck in the middle of an instant, because of what a process did
    /// then: those still wait for that event, since no time says where in the instant it was. [`FaultDriver::timed_plan`]
    /// gives times to these too.
    pub fn executed_plan(&self) -> FaultPlan {
        let mut plan = FaultPlan { entries: self.pinned.clone(), over_budget: self.over_budget };
        plan.sort();
        plan
    }

    /// [`FaultDriver::executed_plan`] with a time for every entry. What waited for an event strikes at the beginning
    /// of that instant: nearly the same, and one step smaller for a shrinker to try.
    pub fn timed_plan(&self) -> FaultPlan {
        let fired = self.log.iter().filter(|executed| executed.refused.is_none());
        let entries = self.pinned.iter().zip(fired).map(|(entry, executed)| FaultEntry {
            at: Moment::At(Time::from_nanos(executed.at_ns)),
            ..entry.clone()
        });
        let mut plan = FaultPlan { entries: entries.collect(), over_budget: self.over_budget };
        plan.sort();
        plan
    }

    /// Looks at the world before anything is decided.
    fn begin_call(&mut self, ground: &Ground) {
        self.governor.sync(ground);
        self.slots = self.slots.max(u32::try_from(ground.places.len()).unwrap_or(u32::MAX));
    }

    fn scene<'a>(&'a self, ground: &'a Ground, event: Option<Slot>) -> Scene<'a> {
        Scene { ground, governor: &self.governor, members: self.members, clients: self.clients, event }
    }

    /// Records that a fault was refused.
    fn refuse(&mut self, firing: &Firing, kind: Kind, slots: Vec<Slot>, why: Refusal, now: Time) {
        self.activity.refused += 1;
        let refused = Some(why);
        self.record(Executed { refused, detail: why.to_string(), ..line(firing, kind, slots, now) });
    }

    fn record(&mut self, executed: Executed) -> usize {
        self.log.push(executed);
        self.log.len() - 1
    }
}

/// Cuts that are left of others when a core is healed have names from here on, above all that entries give.
const FIRST_HEALED: u32 = 1 << 31;

/// Sets the draws of delays after a trigger apart from the lots of targets.
const AFTER_TRIGGER: u64 = u64::MAX;

/// A line of the log for something that begins now.
fn line(firing: &Firing, kind: Kind, slots: Vec<Slot>, now: Time) -> Executed {
    Executed {
        entry: u32::try_from(firing.entry).unwrap_or(u32::MAX),
        at_ns: now.as_nanos(),
        until_ns: None,
        family: kind.family(),
        kind,
        slots,
        detail: String::new(),
        refused: None,
    }
}
