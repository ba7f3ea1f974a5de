//! The budget: what a protocol must survive, enforced as faults fire.
//!
//! A [`FaultModel`] says how many members may be affected with everything still owed. The governor counts, at each
//! moment, and refuses what would exceed a count:
//!
//! - *affected* members: down, paused, with syncs that fail, with a disk that was lost or rots, gone for good, or
//!   traitors. At most `crashed` (or `byzantine`, if that is more), all classes together: a Byzantine protocol that
//!   bears f traitors does not bear f crashed members beside them.
//! - *lost disks*: wiped, or with a rotten record. At most `lost_disks`, and they stay affected for ever, since what
//!   they knew is gone even when they run again.
//! - *traitors*: at most `byzantine`. They stay so.
//!
//! Where who votes changes, it is the voters who count, and each electorate has a budget: all but a quorum may be
//! affected. A voter whose disk was lost is affected until it is removed; whoever lives in its place since is somebody
//! else. Servers that do not vote count for nothing.
//!
//! A protocol whose members are not alike also names groups, as the few that decide for many: in each of them only so
//! many may be affected, and they count to the members, too.
//!
//! What is not counted:
//!
//! - Members that are down and will be back with what their disks hold, where a protocol says that it bears outages:
//!   what is durable is there again, so that safety is owed however many they are.
//! - Partitions and everything else about links. Safety is owed under every partition, so all are allowed. Whether
//!   progress is owed under one, which depends on the largest group of members that reach each other, is judged in
//!   the second phase, where a core is healed.
//! - Slow processes, slow syncs, unsynced tails, and clocks that step: correct code is correct however slow it is. A
//!   protocol that rests on the rate of clocks says how wrong it may be: faster, slower and frozen ones are refused.
//! - Clients.
//!
//! Over budget on purpose, nothing is refused, and the governor remembers whether a count was in fact exceeded.

use super::executed::Refusal;
use crate::ground::Ground;
use crate::identity::{NodeId, Slot};
use crate::process::Role;

/// How many members may be affected, by class of fault, with everything still owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultModel {
    /// Crashed, paused or cut off at the same time, those with lost disks included.
    pub crashed: u32,
    /// With a disk that lost what was durable.
    pub lost_disks: u32,
    /// Traitors.
    pub byzantine: u32,
    /// Whether any number may be down at the same time, all together too, if they come back with what their disks hold.
    pub outages: bool,
}

/// Members that stand in for each other, of whom fewer may be affected than of all: the few that decide for many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultGroup {
    /// Its first slot.
    pub first: u32,
    /// How many slots follow each other in it.
    pub slots: u32,
    /// How many of them may be affected at the same time, in any way that counts.
    pub affected: u32,
}

impl FaultGroup {
    const fn has(&self, slot: Slot) -> bool {
        slot.0 >= self.first && slot.0 - self.first < self.slots
    }
}

/// Counts who is affected, and refuses what is too much.
#[derive(Clone, Debug)]
pub struct Governor {
    model: FaultModel,
    /// Groups with a budget of their own, and how many of each are affected.
    groups: Vec<(FaultGroup, u32)>,
    /// Who votes, where that changes.
    boards: Vec<Board>,
    unlimited: bool,
    /// How wrong clocks may run, in parts per million.
    drift_ppm: u32,
    exceeded: bool,
    /// Whether some faults may exceed the budget, on purpose.
    permitted: bool,
    states: Vec<Condition>,
    counts: Counts,
}

/// An electorate, as far as its members live somewhere.
#[derive(Clone, Debug)]
pub(super) struct Board {
    /// Where they live, in order.
    seats: Vec<Slot>,
    /// How many decide.
    pub(super) quorum: u32,
    /// How many there are.
    size: u32,
    /// How many are affected, those included who live nowhere any more.
    affected: u32,
}

impl Board {
    const fn is_full(&self) -> bool {
        self.affected >= self.size.saturating_sub(self.quorum)
    }

    pub(super) fn seats(&self, slot: Slot) -> bool {
        self.seats.binary_search(&slot).is_ok()
    }

    /// How many more voters these slots would need to decide.
    pub(super) fn lacks(&self, slots: &[Slot]) -> u32 {
        let there = slots.iter().filter(|slot| self.seats(**slot)).count();
        self.quorum.saturating_sub(u32::try_from(there).unwrap_or(u32::MAX))
    }
}

/// What is known to be wrong with one slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// It is a member.
    pub member: bool,
    /// The budget counts it: every member, or every voter.
    counted: bool,
    /// Who lives here, where voters are counted.
    node: Option<NodeId>,
    /// No process runs here.
    pub down: bool,
    /// The process stands still.
    pub paused: bool,
    /// Some disk fault is in force.
    pub disk: bool,
    /// The disk fault in force makes syncs fail.
    pub sync_fails: bool,
    /// What the disk held for good is gone or rotten; for ever.
    pub lost: bool,
    /// It does not follow the protocol; for ever.
    pub traitor: bool,
    /// The process left for good.
    pub left: bool,
    /// It is slow.
    pub slow: bool,
    /// Its clock runs at a wrong rate, or was set and will be set right.
    pub clock: bool,
    /// It is down and comes back with its disk, which the protocol bears in any number.
    outage: bool,
    /// A process was crashed by a fault that has not ended.
    crashed_here: bool,
    /// A process was paused by a fault that has not ended.
    paused_here: bool,
    /// A traitor was made by a fault.
    corrupted_here: bool,
}

/// How many members are affected, by class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In any way that counts.
    pub affected: u32,
    /// With a lost or rotten disk.
    pub lost: u32,
    /// Traitors.
    pub traitors: u32,
}

/// Something that a fault does to the state of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The process stops.
    Down,
    /// The process stops, and comes back with what its disk holds.
    Outage,
    /// The process runs again.
    Up,
    /// The process stands still.
    Paused,
    /// The process goes on.
    Resumed,
    /// The process stops and its disk is gone.
    Wiped,
    /// The process leaves for good.
    Left,
    /// Something is wrong with the disk; true if syncs fail.
    Disk(bool),
    /// The disk works again.
    DiskHealed,
    /// A durable record is rotten.
    Rotten,
    /// It becomes a traitor.
    Traitor,
    /// It is slow, or not any more.
    Slow(bool),
    /// Its clock is wrong in a way that will end, or not any more.
    Clock(bool),
    /// Its clock runs at a rate that is wrong by so many parts per million, or stands still, which is any number.
    Rate(u32),
}

impl Condition {
    fn affected(self) -> bool {
        let down = self.down && !self.outage;
        self.counted && (down || self.paused || self.sync_fails || self.lost || self.traitor || self.left)
    }

    /// The process is there and moves.
    pub const fn runs(self) -> bool {
        !self.down && !self.paused && !self.left
    }

    /// No process runs here, and no fault is the reason.
    pub const fn down_by_itself(self) -> bool {
        self.down && !self.crashed_here
    }

    fn changed(mut self, change: Change) -> Self {
        match change {
            Change::Down => (self.down, self.crashed_here, self.outage) = (true, true, false),
            Change::Outage => (self.down, self.crashed_here, self.outage) = (true, true, true),
            Change::Up => (self.down, self.crashed_here, self.outage) = (false, false, false),
            Change::Paused => (self.paused, self.paused_here) = (true, true),
            Change::Resumed => (self.paused, self.paused_here) = (false, false),
            Change::Wiped => {
                (self.down, self.crashed_here, self.lost, self.outage) = (true, true, true, false);
            }
            Change::Left => {
                (self.down, self.crashed_here, self.left, self.outage) = (true, true, true, false);
            }
            Change::Disk(sync_fails) => (self.disk, self.sync_fails) = (true, sync_fails),
            Change::DiskHealed => (self.disk, self.sync_fails) = (false, false),
            Change::Rotten => self.lost = true,
            Change::Traitor => (self.traitor, self.corrupted_here) = (true, true),
            Change::Slow(is) => self.slow = is,
            Change::Clock(is) => self.clock = is,
            Change::Rate(_) => self.clock = true,
        }
        self
    }
}

impl Counts {
    fn add(&mut self, state: Condition) {
        self.affected += u32::from(state.affected());
        self.lost += u32::from(state.counted && state.lost);
        self.traitors += u32::from(state.counted && state.traitor);
    }

    fn remove(&mut self, state: Condition) {
        self.affected -= u32::from(state.affected());
        self.lost -= u32::from(state.counted && state.lost);
        self.traitors -= u32::from(state.counted && state.traitor);
    }
}

impl Governor {
    /// Holds a run to a model; `unlimited` refuses nothing and only watches.
    pub const fn new(model: FaultModel, unlimited: bool) -> Self {
        let counts = Counts { affected: 0, lost: 0, traitors: 0 };
        Self {
            model,
            groups: Vec::new(),
            boards: Vec::new(),
            unlimited,
            drift_ppm: u32::MAX,
            exceeded: false,
            permitted: false,
            states: Vec::new(),
            counts,
        }
    }

    /// From now on, these groups have budgets of their own, too.
    pub(crate) fn limit_groups(&mut self, groups: &[FaultGroup]) {
        self.groups = groups.iter().map(|group| (*group, 0)).collect();
    }

    /// From now on, clocks may be wrong by so many parts per million and no more.
    pub(crate) const fn limit_drift(&mut self, ppm: u32) {
        self.drift_ppm = ppm;
    }

    /// From now on, some faults are applied without being asked for: they may exceed the budget.
    pub(crate) const fn permit(&mut self) {
        self.permitted = true;
    }

    /// The model.
    pub const fn model(&self) -> FaultModel {
        self.model
    }

    /// How many members decide things by number: those of the beginning, or all voters; and how many of them do.
    pub(super) fn electorate(&self, members: u32) -> (u32, u32) {
        let largest = self.boards.iter().map(|board| (board.size, board.quorum)).max();
        largest.unwrap_or_else(|| match self.model.crashed.max(self.model.byzantine) {
            0 => (members, members / 2 + 1),
            borne => (members, members.saturating_sub(borne)),
        })
    }

    /// Whether who votes changes, and a slot does not.
    pub(super) fn only_listens(&self, slot: Slot) -> bool {
        !self.boards.is_empty() && !self.condition(slot).counted
    }

    /// Who votes, where that changes.
    pub(super) fn boards(&self) -> &[Board] {
        &self.boards
    }

    /// Who is affected now.
    pub const fn counts(&self) -> Counts {
        self.counts
    }

    /// Whether faults exceeded the model at some moment.
    pub const fn exceeded(&self) -> bool {
        self.exceeded
    }

    /// What is wrong with a slot; nothing, if it does not exist.
    pub fn condition(&self, slot: Slot) -> Condition {
        self.states.get(slot.index()).copied().unwrap_or_default()
    }

    /// Whether a fault keeps the process of a slot down.
    pub(crate) fn keeps_down(&self, slot: Slot) -> bool {
        self.condition(slot).crashed_here
    }

    /// Takes over what the world says about each slot: who joined, who is down without a fault, who is a traitor from
    /// the start. What faults did here is kept, whether the world shows it already or not.
    pub fn sync(&mut self, ground: &Ground) {
        self.states.resize(self.states.len().max(ground.places.len()), Condition::default());
        let all = ground.electorates.is_empty();
        for (state, place) in self.states.iter_mut().zip(&ground.places) {
            // What somebody else lost is not lost to whoever lives there since.
            state.lost &= all || state.node.is_none_or(|before| before == place.node);
            state.node = Some(place.node);
            state.member = place.role == Role::Member;
            state.counted = place.is_member() && all;
            state.down = !place.up || state.crashed_here;
            state.outage &= state.crashed_here;
            state.paused = place.paused || state.paused_here;
            state.traitor = !place.honest || state.corrupted_here;
        }
        self.seat(ground);
        self.counts = Counts::default();
        self.states.iter().for_each(|state| self.counts.add(*state));
        for (group, affected) in &mut self.groups {
            let own = self.states.iter().skip(group.first as usize).take(group.slots as usize);
            *affected = own.filter(|state| state.affected()).count() as u32;
        }
    }

    /// Finds out where those live who vote.
    fn seat(&mut self, ground: &Ground) {
        self.boards.clear();
        for electorate in &ground.electorates {
            let mut seats: Vec<Slot> =
                electorate.members.iter().filter_map(|node| ground.slot_of(*node)).collect();
            seats.sort_unstable();
            seats.iter().for_each(|slot| self.states[slot.index()].counted = true);
            let size = u32::try_from(electorate.members.len()).unwrap_or(u32::MAX);
            self.boards.push(Board { seats, quorum: electorate.quorum, size, affected: 0 });
        }
        for board in &mut self.boards {
            let there = board.seats.iter().filter(|slot| !self.states[slot.index()].affected()).count();
            board.affected = board.size - there as u32;
        }
    }

    /// Whether a change may be made to a slot.
    ///
    /// # Errors
    /// The count that it would exceed.
    pub fn allows(&self, slot: Slot, change: Change) -> Result<(), Refusal> {
        if self.unlimited { Ok(()) } else { self.fits(slot, change) }
    }

    /// What a change is under this model: not every protocol bears outages.
    const fn meant(&self, change: Change) -> Change {
        match change {
            Change::Outage if !self.model.outages => Change::Down,
            change => change,
        }
    }

    fn fits(&self, slot: Slot, change: Change) -> Result<(), Refusal> {
        let change = self.meant(change);
        let (before, mut after) = (self.counts, self.counts);
        let state = self.condition(slot);
        after.remove(state);
        after.add(state.changed(change));
        let model = self.model;
        if matches!(change, Change::Rate(ppm) if ppm > self.drift_ppm && state.member) {
            return Err(Refusal::ClockBudget);
        }
        if after.traitors > before.traitors.max(model.byzantine) {
            return Err(Refusal::TraitorBudget);
        }
        let worse = state.changed(change).affected() && !state.affected();
        // Who votes has a budget of its own, also of lost disks, if any may be lost.
        let (lost_disks, affected) = match &self.boards[..] {
            [] => (model.lost_disks, model.crashed.max(model.byzantine)),
            _ if model.lost_disks == 0 => (0, u32::MAX),
            _ => (u32::MAX, u32::MAX),
        };
        if after.lost > before.lost.max(lost_disks) {
            return Err(Refusal::DiskBudget);
        }
        let full = |board: &Board| board.seats(slot) && board.is_full();
        if after.affected > before.affected.max(affected) || (worse && self.boards.iter().any(full)) {
            return Err(Refusal::CrashBudget);
        }
        let full = |(group, affected): &(FaultGroup, u32)| group.has(slot) && *affected >= group.affected;
        if worse && self.groups.iter().any(full) {
            return Err(Refusal::CrashBudget);
        }
        Ok(())
    }

    /// What is true at any time.
    pub(crate) fn invariants(&self) {
        let mut counts = Counts::default();
        self.states.iter().for_each(|state| counts.add(*state));
        assert_eq!(counts, self.counts, "the budget counts each slot once");
        assert!(self.unlimited || self.permitted || !self.exceeded, "what exceeds the budget is refused");
    }

    /// Makes a change that was allowed.
    pub fn apply(&mut self, slot: Slot, change: Change) {
        let change = self.meant(change);
        self.exceeded |= self.fits(slot, change).is_err();
        let Some(state) = self.states.get_mut(slot.index()) else { return };
        self.counts.remove(*state);
        let before = u32::from(state.affected());
        *state = state.changed(change);
        self.counts.add(*state);
        let after = u32::from(state.affected());
        for (_, affected) in self.groups.iter_mut().filter(|(group, _)| group.has(slot)) {
            *affected = *affected + after - before;
        }
        for board in self.boards.iter_mut().filter(|board| board.seats(slot)) {
            board.affected = board.affected + after - before;
        }
    }
}

#[cfg(test)]
mod tests;
