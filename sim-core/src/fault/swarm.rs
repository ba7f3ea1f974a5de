//! Swarm testing: each seed draws which kinds of faults are on, how many, how strong and how long.
//!
//! A plan that has a little of everything finds little, since faults of one kind hide what those of another would show
//! (Groce, Zhang, Eide, Chen and Regehr, "Swarm testing", ISSTA 2012). So each family is off in half of the seeds, and
//! each kind in half of the rest; one seed in sixteen is calm altogether. Faults come in storms with calm between them,
//! because many bugs need a system that has had the time to recover.

mod dice;
mod recipe;

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use self::dice::Dice;
use self::recipe::Recipe;
use super::family::{Family, Kind};
use super::plan::{Before, FaultEntry, FaultPlan, Moment, Trigger, TriggerOn};
use super::validate::FaultError;
use crate::distribution::Distribution;
use crate::registry::FaultModel;
use crate::time::{Duration, Time};

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
    /// The shortest calm between two storms.
    pub min_calm: Duration,
    /// Roles to aim at.
    pub roles: Vec<String>,
    /// Observations to wait for.
    pub events: Vec<String>,
    /// Messages to wait for.
    pub messages: Vec<String>,
}

impl Default for SwarmSpace {
    fn default() -> Self {
        Self {
            families: Family::ALL.to_vec(),
            off: Vec::new(),
            membership: false,
            max_faults: 24,
            min_fault: Duration::from_millis(50),
            min_calm: Duration::from_millis(500),
            roles: vec!["leader".to_owned()],
            events: Vec::new(),
            messages: Vec::new(),
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
            Kind::Split | Kind::Bridge | Kind::MajoritiesRing => members > 2,
            Kind::Isolate | Kind::OneWay | Kind::Flap => members > 1 || clients > 0,
            _ => true,
        };
        let allowed = |kind: &Kind| self.families.contains(&kind.family()) && !self.off.contains(kind);
        Kind::ALL.iter().copied().filter(allowed).filter(|kind| possible(*kind)).collect()
    }
}

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
    let on = kinds_on(&mut dice, &space.kinds(members, clients, model));
    let storms = storms(&mut dice, space, duration);
    if on.is_empty() || storms.is_empty() || members == 0 {
        return FaultPlan::default();
    }
    let kinds = kinds_of_entries(&mut dice, &on, space.max_faults as usize);
    let mut entries = Vec::with_capacity(kinds.len());
    for kind in kinds {
        let storm = dice.below(storms.len() as u64) as usize;
        let last = storm + 1 == storms.len();
        let drawn = entry(&mut dice, space, kind, &storms[storm], last, (members, clients));
        repeat(&mut dice, drawn, &mut entries);
    }
    entries.truncate(space.max_faults as usize);
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

/// When faults may be in force: from, to.
type Storm = (Time, Time);

/// One to four storms, each followed by a calm.
fn storms(dice: &mut Dice<'_>, space: &SwarmSpace, duration: Duration) -> Vec<Storm> {
    let shortest = space.min_fault.saturating_mul(2);
    let room = duration.as_nanos() / shortest.saturating_add(space.min_calm).as_nanos().max(1);
    let drawn = dice.below(4) + 1;
    let count = drawn.min(room);
    let Some(share) = duration.as_nanos().checked_div(count).map(Duration::from_nanos) else {
        return Vec::new();
    };
    (0..count)
        .map(|index| {
            let from = Time::ZERO + share * index;
            let longest = share - space.min_calm;
            let length = dice.between(shortest.max(longest / 4), longest);
            let slack = longest - length;
            let from = from + dice.between(Duration::ZERO, slack);
            (from, from + length)
        })
        .collect()
}

fn entry(
    dice: &mut Dice<'_>,
    space: &SwarmSpace,
    kind: Kind,
    storm: &Storm,
    last: bool,
    (members, clients): (u32, u32),
) -> FaultEntry {
    let &(from, to) = storm;
    let latest = to - space.min_fault;
    let at = from + dice.between(Duration::ZERO, latest.since(from));
    let longest = to.since(at).max(space.min_fault);
    let length = dice.octaves(space.min_fault, longest);
    let trigger = trigger(dice, space);
    // What begins in the last storm may last, so that the second phase meets a world that is broken outside the core.
    let endless = dice.chance(1, 4) && last;
    let mut recipe = Recipe { dice, space, members, clients, triggered: trigger.is_some(), length };
    let (what, takes_length) = recipe.fault(kind);
    // These would go on changing the world as often as they were to change it in their length.
    let must_end = matches!(kind, Kind::Jam | Kind::Flap | Kind::Leave);
    let lasts = (takes_length && (must_end || !endless)).then_some(length);
    let at = trigger.map_or(Moment::At(at), Moment::On);
    FaultEntry { id: None, at, lasts, what }
}

/// A fault that waits for an event strikes, in half of the cases, at the next few of these events as well: what breaks at
/// a rare moment is seldom broken by being struck there once.
fn repeat(dice: &mut Dice<'_>, drawn: FaultEntry, entries: &mut Vec<FaultEntry>) {
    let (again, more) = (dice.chance(1, 2), dice.up_to_octaves(16));
    if let Moment::On(trigger) = &drawn.at
        && again
    {
        for step in 1..more {
            let at = Moment::On(Trigger { nth: trigger.nth + step, ..trigger.clone() });
            entries.push(FaultEntry { at, ..drawn.clone() });
        }
    }
    entries.push(drawn);
}

/// One fault in three waits for an event, if there are any to wait for.
fn trigger(dice: &mut Dice<'_>, space: &SwarmSpace) -> Option<Trigger> {
    let wanted = dice.chance(1, 3);
    let choice = dice.below((space.events.len() + space.messages.len()) as u64) as usize;
    let nth = dice.up_to_octaves(64);
    let how = dice.below(4);
    let after = dice.octaves(Duration::from_millis(1), Duration::from_millis(100));
    let what = match space.events.get(choice) {
        Some(event) => TriggerOn::Event(event.clone()),
        None => TriggerOn::Send(space.messages.get(choice - space.events.len())?.clone()),
    };
    let before = (how < 2).then_some(Before::Send);
    let after = (how == 2).then_some(Distribution::Fixed(after));
    wanted.then_some(Trigger { what, nth, role: None, before, after })
}

/// Leaves out what would be refused because it overlaps with an earlier fault at a slot that both name.
fn drop_overlaps(plan: &mut FaultPlan, members: u32, clients: u32) {
    while let Err(FaultError::Overlap { second, .. }) = plan.validate(members, clients, None) {
        plan.entries.remove(second);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{StreamName, stream};

    const DURATION: Duration = Duration::from_secs(30);
    const ALL: FaultModel = FaultModel { crashed: 2, lost_disks: 1, byzantine: 2 };

    fn space() -> SwarmSpace {
        SwarmSpace { membership: true, events: vec!["Voted".to_owned()], ..SwarmSpace::default() }
    }

    fn drawn(seed: u64, space: &SwarmSpace, model: FaultModel) -> FaultPlan {
        draw(&mut stream(seed, StreamName::Swarm), space, 7, 2, DURATION, model)
    }

    /// What an entry counts as: a fault made of others counts as its parts.
    fn kind(entry: &FaultEntry) -> Kind {
        use crate::fault::spec::Fault;
        entry.what.kind().unwrap_or(match entry.what {
            Fault::RollingRestart(_) => Kind::Crash,
            Fault::Adaptive(_) => Kind::Corrupt,
            _ => Kind::Leave,
        })
    }

    /// How many faults there are, those that strike at several events of a kind counted once.
    fn distinct(plan: &FaultPlan) -> usize {
        let mut seen: Vec<FaultEntry> = Vec::new();
        for mut entry in plan.entries.iter().cloned() {
            entry.id = None;
            if let Moment::On(trigger) = &mut entry.at {
                trigger.nth = 1;
            }
            if !seen.contains(&entry) {
                seen.push(entry);
            }
        }
        seen.len()
    }

    #[test]
    fn every_kind_is_on_in_a_tenth_of_the_seeds_and_some_seeds_are_calm() {
        let (mut on, mut calm) = (std::collections::BTreeMap::<Kind, u32>::new(), 0);
        for seed in 0..10_000 {
            let plan = drawn(seed, &space(), ALL);
            calm += u32::from(plan.is_empty());
            let mut kinds: Vec<Kind> = plan.entries.iter().map(kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            kinds.into_iter().for_each(|kind| *on.entry(kind).or_default() += 1);
        }
        for kind in Kind::ALL {
            let count = on.get(kind).copied().unwrap_or(0);
            assert!((1_000..4_000).contains(&count), "{kind:?} is on in {count} of 10,000");
        }
        assert!((500..1_500).contains(&calm), "{calm} of 10,000 are calm");
    }

    #[test]
    fn what_the_protocol_does_not_bear_is_never_drawn() {
        let raft = FaultModel { crashed: 2, lost_disks: 0, byzantine: 0 };
        let space = SwarmSpace { off: vec![Kind::ClockFreeze], ..SwarmSpace::default() };
        for seed in 0..2_000 {
            for entry in drawn(seed, &space, raft).entries {
                let kind = kind(&entry);
                assert_ne!(kind.family(), Family::Malicious);
                let never = [Kind::Amnesia, Kind::BitRot, Kind::ClockFreeze, Kind::Join, Kind::Leave];
                assert!(!never.contains(&kind), "{kind:?}");
            }
        }
    }

    #[test]
    fn plans_are_valid_repeatable_bounded_and_vary_in_size() {
        let mut sizes = [0; 25];
        for seed in 0..2_000 {
            let plan = drawn(seed, &space(), ALL);
            assert_eq!(plan.validate(7, 2, None), Ok(()));
            assert_eq!(plan, drawn(seed, &space(), ALL));
            assert!(plan.entries.iter().all(|entry| entry.id.is_some()));
            sizes[distinct(&plan)] += 1;
            for entry in &plan.entries {
                assert!(entry.lasts.is_none_or(|lasts| lasts >= space().min_fault), "{entry:?}");
                if let Moment::At(at) = entry.at {
                    let end = at + entry.lasts.unwrap_or_default();
                    assert!(end <= Time::ZERO + DURATION - space().min_calm, "{entry:?}");
                }
            }
        }
        assert!(sizes.iter().all(|count| *count > 0), "{sizes:?}");
    }

    #[test]
    fn there_is_a_calm_between_storms() {
        for seed in 0..1_000 {
            let mut rng = stream(seed, StreamName::Swarm);
            let storms = storms(&mut Dice::new(&mut rng), &space(), DURATION);
            assert!(!storms.is_empty());
            for pair in storms.windows(2) {
                assert!(pair[0].1 + space().min_calm <= pair[1].0, "{storms:?}");
            }
            let calm =
                DURATION.as_nanos() - storms.iter().map(|(from, to)| to.since(*from).as_nanos()).sum::<u64>();
            assert!(calm >= space().min_calm.as_nanos() * storms.len() as u64);
        }
        let mut rng = stream(0, StreamName::Swarm);
        assert!(storms(&mut Dice::new(&mut rng), &space(), Duration::from_millis(500)).is_empty());
    }
}
