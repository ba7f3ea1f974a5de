//! Swarm testing: each seed draws which kinds of faults are on, how many, how strong and how long.
//!
//! A plan that has a little of everything finds little, since faults of one kind hide what those of another would show
//! (Groce, Zhang, Eide, Chen and Regehr, "Swarm testing", ISSTA 2012). So each family is off in half of the seeds, and
//! each kind in half of the rest; one seed in sixteen is calm altogether. Faults come in storms with calm between them,
//! because many bugs need a system that has had the time to recover. Within a storm they are not independent: some wait for
//! what the protocol does, some strike together, some strike again and again. None of this knows any protocol or bug.

mod dice;
mod disorder;
mod moments;
mod recipe;
#[cfg(test)]
mod tests;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use self::dice::Dice;
use self::disorder::Disorder;
use self::moments::{Moments, Mood, When, storms};
use self::recipe::Recipe;
use super::action::DiskFault;
use super::family::{Family, Kind};
use super::plan::{FaultEntry, FaultPlan, Moment};
use super::selector::Selector;
use super::spec::{Crash, Disk, Fault};
use super::validate::FaultError;
use crate::fault::FaultModel;
use crate::time::Duration;

/// What a swarm may draw from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SwarmSpace {
    /// Families that may be on. Traitors also need a protocol that bears some.
    pub families: Vec<Family>,
    /// Kinds that are never on. Lost disks also need a protocol that bears some.
    pub off: Vec<Kind>,
    /// Whether members may join and leave.
    pub membership: bool,
    /// The most faults of a plan; one that is made of others, or strikes at several events of a kind, counts once.
    pub max_faults: u32,
    /// The shortest fault.
    pub min_fault: Duration,
    /// The shortest fault of a process: one that is back before anybody misses it may have forgotten something.
    pub min_restart: Duration,
    /// The shortest calm between two storms.
    pub min_calm: Duration,
    /// Whether processes may take detours in their own code.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub detours: bool,
    /// Whether seeds differ in how faults are drawn, not only in which: how many wait for an event, how many strike together or at
    /// whoever leads, how long they last, how late messages may be, and whether crashes lose what was not synced.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub moods: bool,
    /// Whether the faults are stretches of disorder instead, in which messages are of any age and members crash all the time; and the longest that
    /// the protocol waits before it acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disorder: Option<Duration>,
    /// Roles to aim at.
    pub roles: Vec<String>,
    /// Observations to wait for.
    pub events: Vec<String>,
    /// Messages to wait for.
    pub messages: Vec<String>,
    /// Failure domains that may be cut off.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub domains: Vec<String>,
    /// Failure domains that may fail as a whole: within the budget.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub small_domains: Vec<String>,
}

impl Default for SwarmSpace {
    fn default() -> Self {
        Self {
            families: Family::ALL.to_vec(),
            off: Vec::new(),
            membership: false,
            max_faults: 24,
            min_fault: Duration::from_millis(50),
            min_restart: Duration::from_millis(1),
            min_calm: Duration::from_millis(500),
            detours: false,
            moods: false,
            disorder: None,
            roles: vec!["leader".to_owned()],
            events: Vec::new(),
            messages: Vec::new(),
            domains: Vec::new(),
            small_domains: Vec::new(),
        }
    }
}

impl SwarmSpace {
    /// The kinds that may be on in a run whose protocol bears so much.
    pub fn kinds(&self, members: u32, clients: u32, model: FaultModel) -> Vec<Kind> {
        let possible = |kind: Kind| match kind {
            Kind::Amnesia | Kind::BitRot => model.lost_disks > 0,
            Kind::Corrupt => model.byzantine > 0,
            // Two copies of one identity in a place that was somebody else's are two traitors.
            Kind::Twins => model.byzantine > 1,
            Kind::Join | Kind::Leave => self.membership,
            Kind::Detour => self.detours,
            // A whole schedule of rounds is drawn, or none.
            Kind::Round => false,
            // Drawn in place of a narrow link, unless that is off.
            Kind::RateLimit => self.off.contains(&Kind::Bandwidth),
            // Drawn in place of a ring of majorities, unless that is off.
            Kind::Links => members > 2 && self.off.contains(&Kind::MajoritiesRing),
            Kind::Split | Kind::Bridge | Kind::MajoritiesRing => members > 2,
            Kind::Isolate | Kind::OneWay | Kind::Flap => members > 1 || clients > 0,
            _ => true,
        };
        let allowed = |kind: &Kind| self.families.contains(&kind.family()) && !self.off.contains(kind);
        Kind::ALL.iter().copied().filter(allowed).filter(|kind| possible(*kind)).collect()
    }
}

/// The most entries of a plan, all that strike again and again counted each time.
pub const MOST_STRIKES: usize = 96;

/// Draws the faults of one seed.
pub fn draw(
    rng: &mut ChaCha8Rng,
    space: &SwarmSpace,
    members: u32,
    clients: u32,
    duration: Duration,
    model: FaultModel,
) -> FaultPlan {
    let mut dice = Dice::new(rng);
    if let Some(timeout) = space.disorder.filter(|_| members > 0) {
        let kinds = space.kinds(members, clients, model);
        let disorder = Disorder { space, timeout, members, model, kinds };
        return finished(disorder.draw(&mut dice, duration).entries, members, clients);
    }
    let on = kinds_on(&mut dice, &space.kinds(members, clients, model));
    let storms = storms(&mut dice, space, duration);
    if on.is_empty() || storms.is_empty() || members == 0 {
        return FaultPlan::default();
    }
    let kinds = kinds_of_entries(&mut dice, &on, space.max_faults as usize);
    let mut moments = Moments::new(&mut dice, space, storms);
    let mut entries = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let when = moments.draw(&mut dice);
        let drawn = entry(&mut dice, space, kind, (&when, moments.mood), (members, clients), model.outages);
        let cut = power_cut(&mut dice, space, &drawn);
        for strike in moments.repeat(&mut dice, drawn, &when) {
            // First the disks, so that the crash finds them so.
            let (at, lasts) = (&strike.at, Some(when.longest));
            entries.extend(cut.clone().map(|what| FaultEntry {
                id: None,
                at: at.clone(),
                lasts,
                repeat: None,
                over_budget: false,
                what,
            }));
            entries.push(strike);
        }
    }
    finished(entries, members, clients)
}

/// A plan of what was drawn, as far as it is valid and no more than a plan may have.
fn finished(mut entries: Vec<FaultEntry>, members: u32, clients: u32) -> FaultPlan {
    entries.truncate(MOST_STRIKES);
    let mut plan = FaultPlan::new(entries);
    drop_overlaps(&mut plan, members, clients);
    plan.number();
    plan
}

/// Each family is on in half of the seeds, each of its kinds in half of those, but at least one.
fn kinds_on(dice: &mut Dice<'_>, kinds: &[Kind]) -> Vec<Kind> {
    let calm = dice.chance(1, 16);
    let mut on = Vec::new();
    for family in Family::ALL {
        let all: Vec<Kind> = kinds.iter().copied().filter(|kind| kind.family() == family).collect();
        let drawn: Vec<Kind> = all.iter().copied().filter(|_| dice.chance(1, 2)).collect();
        let one = dice.below(all.len() as u64) as usize;
        if dice.chance(1, 2) && !all.is_empty() {
            on.extend(if drawn.is_empty() { vec![all[one]] } else { drawn });
        }
    }
    if calm { Vec::new() } else { on }
}

/// The kind of each entry: every kind that is on comes at least once, as far as there is room.
fn kinds_of_entries(dice: &mut Dice<'_>, on: &[Kind], most: usize) -> Vec<Kind> {
    let mut kinds = on.to_vec();
    dice.shuffle(&mut kinds);
    let count = 1 + dice.below(most.max(1) as u64) as usize;
    kinds.truncate(most);
    while kinds.len() < count.min(most) {
        kinds.push(on[dice.below(on.len() as u64) as usize]);
    }
    kinds
}

fn entry(
    dice: &mut Dice<'_>,
    space: &SwarmSpace,
    kind: Kind,
    (when, mood): (&When, Mood),
    (members, clients): (u32, u32),
    outages: bool,
) -> FaultEntry {
    let shortest = if kind.family() == Family::Process { space.min_restart } else { space.min_fault };
    let even = mood.lasting && dice.chance(1, 2);
    let length =
        if even { dice.between(shortest, when.longest) } else { dice.octaves(shortest, when.longest) };
    // What begins in the last storm may last, so that the second phase meets a world that is broken outside the core.
    let endless = dice.chance(1, 4) && when.last;
    let triggered = matches!(when.at, Moment::On(_));
    let at_leader = mood.at_leader;
    let mut recipe = Recipe { dice, space, members, clients, triggered, length, outages, at_leader };
    let (what, takes_length) = recipe.fault(kind);
    // These would go on changing the world as often as they were to change it in their length.
    let must_end = matches!(kind, Kind::Jam | Kind::Flap | Kind::Leave);
    let lasts = (takes_length && (must_end || !endless)).then_some(length);
    FaultEntry { id: None, at: when.at.clone(), lasts, repeat: None, over_budget: false, what }
}

/// What a power cut does to disks: whatever was not synced is gone. Mostly where everybody crashes at once; with moods, in one of
/// four other crashes as well.
fn power_cut(dice: &mut Dice<'_>, space: &SwarmSpace, drawn: &FaultEntry) -> Option<Fault> {
    let Fault::Crash(Crash { target, .. }) = &drawn.what else { return None };
    let everybody = *target == Selector::All;
    if !everybody && !space.moods {
        return None;
    }
    let disks = space.families.contains(&Family::Disk) && !space.off.contains(&Kind::LoseTail);
    let disk = Disk { target: Selector::All, fault: DiskFault::LoseTail };
    (dice.chance(if everybody { 3 } else { 1 }, 4) && disks).then_some(Fault::Disk(disk))
}

/// Leaves out what would be refused because it overlaps with an earlier fault at a slot that both name.
fn drop_overlaps(plan: &mut FaultPlan, members: u32, clients: u32) {
    while let Err(FaultError::Overlap { second, .. }) = plan.validate(members, clients, None) {
        plan.entries.remove(second);
    }
}
