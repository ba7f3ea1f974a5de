//! What a swarm draws, and what it never draws.

use super::*;
use crate::distribution::Distribution;
use crate::fault::spec::{Harm, LinkFault};
use crate::random::{StreamName, stream};
use crate::ratio::Ratio;
use crate::time::Time;

const DURATION: Duration = Duration::from_secs(30);
const ALL: FaultModel = FaultModel { crashed: 2, lost_disks: 1, byzantine: 2, outages: false };

fn space() -> SwarmSpace {
    SwarmSpace { membership: true, detours: true, events: vec!["Voted".to_owned()], ..SwarmSpace::default() }
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

/// How many faults there are, those that strike several times counted once.
fn distinct(plan: &FaultPlan) -> usize {
    let mut seen: Vec<FaultEntry> = Vec::new();
    for mut entry in plan.entries.iter().cloned() {
        entry.id = None;
        match &mut entry.at {
            Moment::On(trigger) => trigger.nth = 1,
            Moment::At(at) => *at = Time::ZERO,
        }
        if !seen.contains(&entry) {
            seen.push(entry);
        }
    }
    seen.len()
}

#[test]
fn every_kind_is_on_in_a_tenth_of_the_seeds_and_some_seeds_are_calm() {
    let (mut on, mut calm) = (crate::ordered::OrderedMap::<Kind, u32>::new(), 0);
    for seed in 0..10_000 {
        let plan = drawn(seed, &space(), ALL);
        calm += u32::from(plan.is_empty());
        let mut kinds: Vec<Kind> = plan.entries.iter().map(kind).collect();
        kinds.sort_unstable();
        kinds.dedup();
        kinds.into_iter().for_each(|kind| *on.entry(kind).or_default() += 1);
    }
    // Rounds are drawn as whole schedules.
    assert!(!on.contains_key(&Kind::Round));
    for kind in Kind::ALL.iter().filter(|kind| **kind != Kind::Round) {
        let count = on.get(kind).copied().unwrap_or(0);
        assert!((1_000..4_000).contains(&count), "{kind:?} is on in {count} of 10,000");
    }
    assert!((500..1_500).contains(&calm), "{calm} of 10,000 are calm");
}

#[test]
fn what_the_protocol_does_not_bear_is_never_drawn() {
    let raft = FaultModel { crashed: 2, lost_disks: 0, byzantine: 0, outages: false };
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
            let process = kind(entry).family() == Family::Process;
            let shortest = if process { space().min_restart } else { space().min_fault };
            assert!(entry.lasts.is_none_or(|lasts| lasts >= shortest), "{entry:?}");
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

/// Faults around one moment, and the same fault again and again, are as frequent as single ones.
#[test]
fn faults_strike_together_and_again() {
    let (mut together, mut again) = (0, 0);
    for seed in 0..1_000 {
        let entries = drawn(seed, &space(), ALL).entries;
        let start = |entry: &FaultEntry| match &entry.at {
            Moment::At(at) => Some(*at),
            Moment::On(_) => None,
        };
        let mut timed: Vec<(Time, &FaultEntry)> =
            entries.iter().filter_map(|entry| Some((start(entry)?, entry))).collect();
        timed.sort_by_key(|(at, _)| *at);
        let close = |pair: &[(Time, &FaultEntry)]| {
            pair[1].0.since(pair[0].0) <= Duration::from_millis(100) && pair[0].1.what != pair[1].1.what
        };
        together += u32::from(timed.windows(2).any(close));
        let series = |entry: &&FaultEntry| timed.iter().filter(|(_, other)| other.what == entry.what).count();
        again += u32::from(entries.iter().any(|entry| series(&entry) > 2));
    }
    assert!(together > 200 && again > 200, "{together} {again}");
}

/// With moods, whole seeds are brief, and whole seeds wait for events; crashes of single members lose what was not synced.
#[test]
fn moods_make_seeds_differ_from_each_other() {
    let moody = SwarmSpace { moods: true, ..space() };
    let longest = |plan: &FaultPlan| plan.entries.iter().filter_map(|entry| entry.lasts).max();
    let waits = |plan: &FaultPlan| {
        let waiting = plan.entries.iter().filter(|entry| matches!(entry.at, Moment::On(_))).count();
        waiting * 10 > plan.entries.len() * 7
    };
    // Crashes that are not power cuts, with a disk fault of everybody just before.
    let loses = |plan: &FaultPlan| {
        plan.entries.windows(2).any(|pair| {
            let crash =
                matches!(&pair[1].what, Fault::Crash(Crash { target, .. }) if *target != Selector::All);
            let disk = Disk { target: Selector::All, fault: DiskFault::LoseTail };
            crash && pair[0].what == Fault::Disk(disk) && pair[0].at == pair[1].at
        })
    };
    let count = |space: &SwarmSpace| {
        let mut counts = [0; 3];
        for seed in 0..1_000 {
            let plan = drawn(seed, space, ALL);
            assert_eq!(plan.validate(7, 2, None), Ok(()));
            let brief = plan.entries.len() > 10
                && longest(&plan).is_some_and(|longest| longest <= Duration::from_millis(300));
            counts[0] += u32::from(brief);
            counts[1] += u32::from(plan.entries.len() > 10 && waits(&plan));
            counts[2] += u32::from(loses(&plan));
        }
        counts
    };
    let (with, without) = (count(&moody), count(&space()));
    assert!(with[0] > without[0] + 50, "brief: {with:?} {without:?}");
    assert!(with[1] > without[1] + 50, "waiting: {with:?} {without:?}");
    assert!(with[2] > 50 && without[2] < 10, "losing: {with:?} {without:?}");
}

/// With moods, half of the seeds aim at whoever leads, by whatever name the protocol calls it.
#[test]
fn half_of_the_seeds_with_moods_aim_at_whoever_leads() {
    let roles: Vec<String> = ["backup", "primary", "halted"].map(str::to_owned).to_vec();
    let primary = Selector::Role("primary".to_owned());
    let aims = |space: &SwarmSpace| {
        let aimed = |seed: &u64| {
            let mut plan = drawn(*seed, space, ALL);
            let targets: Vec<&mut Selector> =
                plan.entries.iter_mut().flat_map(|entry| entry.what.selectors_mut()).collect();
            let leads = targets.iter().filter(|target| ***target == primary).count();
            targets.len() >= 8 && leads * 3 >= targets.len()
        };
        (0..500).filter(aimed).count()
    };
    let without = SwarmSpace { roles, ..space() };
    let with = SwarmSpace { moods: true, ..without.clone() };
    let (with, without) = (aims(&with), aims(&without));
    assert!(with > without + 100 && with < 300, "{with} and {without} of 500 seeds aim at the primary");
}

/// What is in force in disorder, and under which keys.
fn disordered(seed: u64, space: &SwarmSpace, model: FaultModel) -> (FaultPlan, Vec<&'static str>) {
    let plan = drawn(seed, space, model);
    let keys = plan.entries.iter().map(|entry| entry.what.key()).collect();
    (plan, keys)
}

/// In disorder every message is late by a time of its own, from far below the timeout to several times as long, members crash
/// and are back, and all of it is over before the heal.
#[test]
fn disorder_ends_before_the_heal() {
    let timeout = Duration::from_millis(500);
    let space = SwarmSpace { disorder: Some(timeout), ..space() };
    let (mut crashes, mut cuts) = (0, 0);
    for seed in 0..500 {
        let (plan, keys) = disordered(seed, &space, ALL);
        assert_eq!(plan.validate(7, 2, None), Ok(()));
        assert!(plan.entries.len() <= MOST_STRIKES);
        assert!(["spikes", "loss", "duplicate"].iter().all(|key| keys.contains(key)), "{keys:?}");
        crashes += u32::from(keys.contains(&"crash"));
        cuts += u32::from(keys.contains(&"partition"));
        for entry in &plan.entries {
            let Moment::At(at) = entry.at else { panic!("{entry:?} waits for an event") };
            let back = match &entry.what {
                Fault::Crash(crash) => crash.restart_after,
                Fault::Disk(Disk { fault: DiskFault::Rot, .. }) => Some(Duration::ZERO),
                _ => entry.lasts,
            };
            assert!(at + back.unwrap() <= Time::ZERO + DURATION - space.min_calm, "{entry:?}");
            let Fault::Links(LinkFault { harm: Harm::Spikes { delay, probability }, .. }) = &entry.what
            else {
                continue;
            };
            assert_eq!(*probability, Ratio::ONE);
            let Distribution::Pareto { scale, cap: Some(cap), .. } = delay else { panic!("{delay:?}") };
            assert!(*scale <= *cap / 2 && timeout / 8 <= *cap && *cap <= timeout * 4, "{delay:?}");
        }
    }
    assert!((350..450).contains(&crashes) && (220..350).contains(&cuts), "{crashes} and {cuts} of 500");
}

/// Disorder is made of the faults that a swarm may draw, and of those that the protocol bears.
#[test]
fn disorder_keeps_to_what_may_be_drawn() {
    let network = vec![Family::Network];
    let space = SwarmSpace { disorder: Some(Duration::from_millis(500)), families: network, ..space() };
    let raft = FaultModel { lost_disks: 0, ..ALL };
    let all = SwarmSpace { families: Family::ALL.to_vec(), ..space.clone() };
    let mut slow = 0;
    for seed in 0..300 {
        let (_, links) = disordered(seed, &space, raft);
        let of_links = ["spikes", "loss", "duplicate", "partition"];
        assert!(links.iter().all(|key| of_links.contains(key)), "{links:?}");
        let (plan, _) = disordered(seed, &all, raft);
        let rots =
            |entry: &FaultEntry| matches!(&entry.what, Fault::Disk(disk) if disk.fault == DiskFault::Rot);
        assert!(!plan.entries.iter().any(rots), "no disk may be lost");
        slow += u32::from(plan.entries.iter().any(|entry| entry.what.key() == "disk"));
    }
    assert!(slow > 20, "syncs are slow in {slow} of 300 seeds");
}
