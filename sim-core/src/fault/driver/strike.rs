//! What happens when an entry fires: targets drawn, the budget asked, actions given, the end scheduled.

use super::{Active, Firing, Flapping, Order, SlotUndo, Task, Undo, line};
use crate::fault::action::{Action, ClockChange, CutId, DegradeId, DiskFault, Reach};
use crate::fault::driver::FaultDriver;
use crate::fault::executed::{Executed, Refusal};
use crate::fault::family::Kind;
use crate::fault::governor::Change;
use crate::fault::plan::{FaultEntry, Moment};
use crate::fault::resolve::Lots;
use crate::fault::selector::Selector;
use crate::fault::spec::{ClockFault, Crash, Fault, Flap, Join, LinkFault, Partition, Shape, Twins, aim};
use crate::fault::{links, partition, words};
use crate::ground::Ground;
use crate::identity::Slot;
use crate::time::{Duration, Time};

/// What a fault does to each slot that it strikes.
#[derive(Clone, Copy, Debug)]
struct SlotFault {
    change: Option<Change>,
    begin: Begin,
    undo: Option<SlotUndo>,
}

/// The action that begins a fault at a slot.
#[derive(Clone, Copy, Debug)]
enum Begin {
    Crash,
    Wipe,
    Pause,
    Leave,
    Corrupt,
    Slow { percent: u32, floor: Duration },
    Disk(DiskFault),
    Clock(ClockChange),
}

impl Begin {
    const fn action(self, slot: Slot) -> Action {
        match self {
            Self::Crash => Action::Crash(slot),
            Self::Wipe => Action::Wipe(slot),
            Self::Pause => Action::Pause(slot),
            Self::Leave => Action::Leave(slot),
            Self::Corrupt => Action::Corrupt(slot),
            Self::Slow { percent, floor } => Action::Slow { slot, percent, floor },
            Self::Disk(fault) => Action::Disk { slot, fault },
            Self::Clock(change) => Action::Clock { slot, change },
        }
    }
}

impl SlotUndo {
    /// The action that ends a fault at a slot.
    pub(super) const fn action(self, slot: Slot) -> Action {
        match self {
            Self::Restart => Action::Restart(slot),
            Self::Resume => Action::Resume(slot),
            Self::NormalSpeed => Action::Slow { slot, percent: 100, floor: Duration::ZERO },
            Self::HealthyDisk => Action::Disk { slot, fault: DiskFault::Healthy },
            Self::Clock(change) => Action::Clock { slot, change },
        }
    }

    /// What is not the matter any more.
    pub(super) const fn change(self) -> Change {
        match self {
            Self::Restart => Change::Up,
            Self::Resume => Change::Resumed,
            Self::NormalSpeed => Change::Slow(false),
            Self::HealthyDisk => Change::DiskHealed,
            Self::Clock(_) => Change::Clock(false),
        }
    }
}

/// What a fault does to each slot; `None` if it does not act on slots one by one.
fn slot_fault(fault: &Fault, lasts: Option<Duration>) -> Option<SlotFault> {
    let of = |change, begin, undo| Some(SlotFault { change: Some(change), begin, undo });
    match fault {
        Fault::Crash(crash) => {
            let back = crash.restart_after.or(lasts).is_some();
            of(if back { Change::Outage } else { Change::Down }, Begin::Crash, Some(SlotUndo::Restart))
        }
        Fault::Amnesia(_) => of(Change::Wiped, Begin::Wipe, Some(SlotUndo::Restart)),
        Fault::Pause(_) => of(Change::Paused, Begin::Pause, Some(SlotUndo::Resume)),
        Fault::Leave(_) => of(Change::Left, Begin::Leave, None),
        Fault::Corrupt(_) => of(Change::Traitor, Begin::Corrupt, None),
        Fault::Slow(slow) => {
            let begin = Begin::Slow { percent: slow.percent, floor: slow.floor };
            of(Change::Slow(true), begin, Some(SlotUndo::NormalSpeed))
        }
        Fault::Disk(disk) if disk.fault == DiskFault::Rot => {
            of(Change::Rotten, Begin::Disk(disk.fault), None)
        }
        Fault::Disk(disk) => {
            let fails = matches!(disk.fault, DiskFault::Failing | DiskFault::Full);
            of(Change::Disk(fails), Begin::Disk(disk.fault), Some(SlotUndo::HealthyDisk))
        }
        Fault::Clock(clock) => Some(clock_fault(clock.change, lasts)),
        _ => None,
    }
}

fn clock_fault(fault: ClockFault, lasts: Option<Duration>) -> SlotFault {
    let rate = |ppm, change| SlotFault {
        change: Some(Change::Rate(ppm)),
        begin: Begin::Clock(change),
        undo: Some(SlotUndo::Clock(ClockChange::OwnRate)),
    };
    // A jump with a length is taken back at its end; without one it is over at once.
    let jump = |change, back| SlotFault {
        change: lasts.map(|_| Change::Clock(true)),
        begin: Begin::Clock(change),
        undo: lasts.map(|_| SlotUndo::Clock(back)),
    };
    match fault {
        ClockFault::Drift(drift) => {
            let ppm = drift.parts_per_billion.unsigned_abs().div_ceil(1_000);
            rate(ppm, ClockChange::Drift { parts_per_billion: drift.parts_per_billion })
        }
        ClockFault::Freeze => rate(u32::MAX, ClockChange::Freeze),
        ClockFault::Forward(by) => jump(ClockChange::Forward(by), ClockChange::Back(by)),
        ClockFault::Back(by) if lasts.is_some() => {
            jump(ClockChange::BackAWhile(by), ClockChange::TakeBack(by))
        }
        ClockFault::Back(by) => jump(ClockChange::Back(by), ClockChange::TakeBack(by)),
    }
}

impl FaultDriver {
    /// An entry begins.
    pub(super) fn begin(
        &mut self,
        entry: usize,
        at: Moment,
        event: Option<Slot>,
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) {
        if self.healed {
            return;
        }
        let FaultEntry { id, what, over_budget, .. } = self.entries[entry].clone();
        let id = id.unwrap_or_default();
        let lasts = self.entries[entry].lasts;
        let firing = Firing { entry, id, lots: Lots::new(self.keyed, id, 0), at, lasts, event, over_budget };
        if what.kind().is_some() {
            self.strike(firing, &what, ground, actions);
        } else {
            self.start_series(firing, what, ground, actions);
        }
    }

    /// A fault that is not made of others strikes.
    pub(super) fn strike(
        &mut self,
        mut firing: Firing,
        fault: &Fault,
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) {
        let Some(kind) = fault.kind() else { return };
        let done = match fault {
            Fault::Partition(partition) => self.cut(&mut firing, kind, partition, ground, actions),
            Fault::Flap(flap) => self.flap(&mut firing, flap, ground, actions),
            Fault::Round(round) => self.part_round(&mut firing, round, ground, actions),
            Fault::Join(join) => {
                self.join(&firing, join, ground, actions);
                Ok(())
            }
            Fault::Twins(twins) => self.twins(&mut firing, twins, ground, actions),
            Fault::Detour(detour) => self.divert(&mut firing, detour, ground, actions),
            Fault::Links(links) => self.degrade(&mut firing, kind, links, ground, actions),
            _ => self.strike_slots(&mut firing, kind, fault, ground, actions),
        };
        if let Err(why) = done {
            self.refuse(&firing, kind, Vec::new(), why, ground.now);
        }
    }

    /// Records that a fault began, pinned, and schedules its end.
    pub(super) fn began(
        &mut self,
        firing: &Firing,
        mut executed: Executed,
        pinned: Fault,
        undo: Option<(Undo, Option<Duration>)>,
        ground: &Ground,
    ) -> Option<u32> {
        executed.detail = words::fault(&pinned, ground);
        *self.activity.fired.entry(executed.kind).or_default() += 1;
        let log = self.record(executed);
        let (id, at, lasts) = (Some(firing.id), firing.at.clone(), firing.lasts);
        let over_budget = firing.over_budget;
        self.pinned.push(FaultEntry { id, at, lasts, repeat: None, over_budget, what: pinned });
        let (undo, lasts) = undo?;
        let active = self.next_active;
        self.next_active += 1;
        self.active.insert(active, Active { log, undo });
        if let Some(lasts) = lasts {
            self.schedule(self.planned(ground.now).saturating_add(lasts), Order::End, Task::End { active });
        }
        Some(active)
    }

    fn cut(
        &mut self,
        firing: &mut Firing,
        kind: Kind,
        partition: &Partition,
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) -> Result<(), Refusal> {
        let mut lots = firing.lots.clone();
        let drawn = partition::draw(partition, &self.scene(ground, firing.event), &mut lots)?;
        let id = CutId(firing.id);
        actions.push(Action::Cut { id, reach: drawn.reach.clone() });
        let undo = Undo::Cut { cuts: vec![(id, drawn.reach)], flap: None };
        let executed = line(firing, kind, drawn.slots, ground.now);
        let pinned = Fault::Partition(drawn.pinned);
        self.began(firing, executed, pinned, Some((undo, firing.lasts)), ground);
        Ok(())
    }

    fn flap(
        &mut self,
        firing: &mut Firing,
        flap: &Flap,
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) -> Result<(), Refusal> {
        let shape = Shape::Isolate { target: flap.target.clone(), direction: flap.direction };
        let mut lots = firing.lots.clone();
        let drawn = partition::draw(&Partition::of(shape), &self.scene(ground, firing.event), &mut lots)?;
        let (id, half) = (CutId(firing.id), flap.period / 2);
        actions.push(Action::Cut { id, reach: drawn.reach.clone() });
        let flapping = Flapping { id, reach: drawn.reach.clone(), half };
        let undo = Undo::Cut { cuts: vec![(id, drawn.reach)], flap: Some(flapping) };
        let pinned = Fault::Flap(Flap { target: aim(&drawn.slots), ..flap.clone() });
        let executed = line(firing, Kind::Flap, drawn.slots, ground.now);
        let active = self.began(firing, executed, pinned, Some((undo, firing.lasts)), ground);
        if let Some(active) = active {
            self.schedule(
                self.planned(ground.now).saturating_add(half),
                Order::Begin,
                Task::Toggle { active },
            );
        }
        Ok(())
    }

    /// A flapping link is mended if it is cut, and cut if it is not.
    pub(super) fn toggle(&mut self, active: u32, ground: &Ground, actions: &mut Vec<Action>) {
        let planned = self.planned(ground.now);
        let Some(Active { undo: Undo::Cut { cuts, flap: Some(flapping) }, .. }) =
            self.active.get_mut(&active)
        else {
            return;
        };
        if let Some((id, _)) = cuts.pop() {
            actions.push(Action::Mend(id));
        } else {
            actions.push(Action::Cut { id: flapping.id, reach: flapping.reach.clone() });
            cuts.push((flapping.id, flapping.reach.clone()));
        }
        let next = planned.saturating_add(flapping.half);
        self.schedule(next, Order::Begin, Task::Toggle { active });
    }

    fn degrade(
        &mut self,
        firing: &mut Firing,
        kind: Kind,
        fault: &LinkFault,
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) -> Result<(), Refusal> {
        let mut lots = firing.lots.clone();
        let drawn = links::draw(fault, firing.lasts, &self.scene(ground, firing.event), &mut lots)?;
        let named = (0..).map(|part| DegradeId(firing.id * 2 + part)).zip(drawn.how);
        let degraded: Vec<_> = named.collect();
        actions.extend(degraded.iter().map(|(id, how)| Action::Degrade { id: *id, how: how.clone() }));
        let executed = line(firing, kind, drawn.slots, ground.now);
        let undo = Undo::Degrade(degraded);
        self.began(firing, executed, drawn.pinned, Some((undo, firing.lasts)), ground);
        Ok(())
    }

    fn strike_slots(
        &mut self,
        firing: &mut Firing,
        kind: Kind,
        fault: &Fault,
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) -> Result<(), Refusal> {
        let (Some(effect), Some(target)) = (slot_fault(fault, firing.lasts), fault.target()) else {
            return Err(Refusal::NoTarget);
        };
        let eligible = |slot| self.admits(slot, kind, effect.change).is_ok();
        let slots = self.scene(ground, firing.event).resolve(target, &mut firing.lots, &eligible)?;
        let (mut struck, mut refused) = (Vec::new(), Vec::new());
        for slot in slots {
            let rots = effect.change != Some(Change::Rotten) || ground.place(slot).has_durable();
            let may = self.may_strike(slot, kind, effect.change, firing.over_budget);
            match may.and_then(|()| rots.then_some(()).ok_or(Refusal::EmptyDisk)) {
                Ok(()) => {
                    if let Fault::Crash(Crash { version: Some(version), .. }) = fault {
                        actions.push(Action::Install { slot, version: version.clone() });
                    }
                    actions.push(effect.begin.action(slot));
                    if let Some(change) = effect.change {
                        self.governor.apply(slot, change);
                    }
                    struck.push(slot);
                }
                Err(why) => refused.push((why, slot)),
            }
        }
        self.refuse_each(firing, kind, refused, ground.now);
        if struck.is_empty() {
            return Ok(());
        }
        let lasts = match fault {
            Fault::Crash(Crash { restart_after, .. }) | Fault::Amnesia(Crash { restart_after, .. }) => {
                firing.lasts.or(*restart_after)
            }
            _ => firing.lasts,
        };
        let pinned = aimed(fault, &struck);
        let executed = line(firing, kind, struck.clone(), ground.now);
        let undo = effect.undo.map(|how| (Undo::Slots { how, slots: struck }, lasts));
        self.began(firing, executed, pinned, undo, ground);
        Ok(())
    }

    /// Records refusals, those with the same reason together.
    fn refuse_each(&mut self, firing: &Firing, kind: Kind, mut refused: Vec<(Refusal, Slot)>, now: Time) {
        refused.sort_unstable();
        for same in refused.chunk_by(|(a, _), (b, _)| a == b) {
            let slots = same.iter().map(|(_, slot)| *slot).collect();
            self.refuse(firing, kind, slots, same[0].0, now);
        }
    }

    fn may_strike(
        &self,
        slot: Slot,
        kind: Kind,
        change: Option<Change>,
        over_budget: bool,
    ) -> Result<(), Refusal> {
        self.admits(slot, kind, change)?;
        change.filter(|_| !over_budget).map_or(Ok(()), |change| self.governor.allows(slot, change))
    }

    /// Whether a fault makes sense at a slot now, whatever the budget says.
    pub(super) fn admits(&self, slot: Slot, kind: Kind, change: Option<Change>) -> Result<(), Refusal> {
        let is = self.governor.condition(slot);
        if slot.0 >= self.slots || is.left {
            return Err(Refusal::Absent);
        }
        let members_only = matches!(kind, Kind::Amnesia | Kind::Leave | Kind::Corrupt | Kind::Twins);
        if members_only && !is.member {
            return Err(Refusal::Client);
        }
        let in_force = match change {
            Some(Change::Slow(_)) => is.slow,
            Some(Change::Disk(_) | Change::Rotten) => is.disk,
            Some(Change::Clock(_) | Change::Rate(_)) => is.clock,
            _ => false,
        };
        let needs_process =
            matches!(kind.family(), crate::fault::Family::Process | crate::fault::Family::Malicious)
                && !matches!(kind, Kind::SlowNode | Kind::Detour);
        match change {
            _ if in_force => Err(Refusal::InForce),
            Some(Change::Traitor) if is.traitor => Err(Refusal::Traitor),
            _ if needs_process && is.down => Err(Refusal::Down),
            _ if needs_process && is.paused => Err(Refusal::Paused),
            _ => Ok(()),
        }
    }

    fn join(&mut self, firing: &Firing, join: &Join, ground: &Ground, actions: &mut Vec<Action>) {
        let slots: Vec<Slot> = (self.slots..).map(Slot).take(join.count as usize).collect();
        self.slots = self.slots.saturating_add(join.count);
        actions.extend(slots.iter().map(|_| Action::Join));
        let executed = line(firing, Kind::Join, slots, ground.now);
        self.began(firing, executed, Fault::Join(join.clone()), None, ground);
    }

    fn twins(
        &mut self,
        firing: &mut Firing,
        twins: &Twins,
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) -> Result<(), Refusal> {
        let mut lots = firing.lots.clone();
        let scene = self.scene(ground, firing.event);
        let honest = |slot| self.admits(slot, Kind::Twins, Some(Change::Traitor)).is_ok();
        let target = scene.resolve(&twins.target, &mut lots, &honest)?[0];
        let drawn = Selector::Random(1);
        let other = |slot| slot != target && honest(slot);
        let place = scene.resolve(twins.place.as_ref().unwrap_or(&drawn), &mut lots, &other)?[0];
        let mut trial = self.governor.clone();
        for slot in [target, place] {
            self.admits(slot, Kind::Twins, Some(Change::Traitor))?;
            if !firing.over_budget {
                trial.allows(slot, Change::Traitor)?;
            }
            trial.apply(slot, Change::Traitor);
        }
        if target == place {
            return Err(Refusal::NoTarget);
        }
        self.governor = trial;
        let node = ground.places.get(target.index()).ok_or(Refusal::Absent)?.node;
        actions.push(Action::Twin { slot: place, node });
        let pinned = Fault::Twins(Twins { target: aim(&[target]), place: Some(aim(&[place])) });
        let executed = line(firing, Kind::Twins, vec![target, place], ground.now);
        self.began(firing, executed, pinned, None, ground);
        Ok(())
    }

    /// A fault ends. Slots that left in the meantime are let be.
    pub(super) fn end(&mut self, active: u32, ground: &Ground, actions: &mut Vec<Action>) {
        let Some(Active { log, undo }) = self.active.remove(&active) else { return };
        match undo {
            Undo::Cut { cuts, .. } => actions.extend(cuts.into_iter().map(|(id, _)| Action::Mend(id))),
            Undo::Degrade(degraded) => {
                actions.extend(degraded.into_iter().map(|(id, _)| Action::Restore(id)));
            }
            Undo::Round(number) => actions.push(Action::EndRound(number)),
            Undo::Slots { how, slots } => {
                for slot in slots {
                    self.undo_at(slot, how, actions);
                }
            }
        }
        self.log[log].until_ns = Some(ground.now.as_nanos());
    }

    /// Takes a fault back at one slot.
    pub(super) fn undo_at(&mut self, slot: Slot, how: SlotUndo, actions: &mut Vec<Action>) {
        if !self.governor.condition(slot).left {
            actions.push(how.action(slot));
            self.governor.apply(slot, how.change());
        }
    }
}

/// The same fault, aimed at exactly these slots.
fn aimed(fault: &Fault, slots: &[Slot]) -> Fault {
    let target = aim(slots);
    let mut pinned = fault.clone();
    match &mut pinned {
        Fault::Crash(it) | Fault::Amnesia(it) => it.target = target,
        Fault::Pause(it) | Fault::Leave(it) | Fault::Corrupt(it) => it.target = target,
        Fault::Slow(it) => it.target = target,
        Fault::Disk(it) => it.target = target,
        Fault::Clock(it) => it.target = target,
        _ => {}
    }
    pinned
}

/// Whether a cut with this reach does anything; used where one is left of another.
pub(super) fn cuts_anything(reach: &Reach) -> bool {
    match reach {
        Reach::OneWay { from, to } => !from.is_empty() && !to.is_empty(),
        Reach::Groups(_) | Reach::Pairs { .. } => true,
    }
}
