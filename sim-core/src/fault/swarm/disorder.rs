//! Disorder: stretches of time in which nothing is well timed.
//!
//! Where messages take milliseconds and timeouts hundreds of them, what a protocol must guard against hardly happens: a vote that comes terms
//! late, two candidates of one term, a follower that has forgotten what it said before anybody else has said anything. A random
//! scheduler, as model checkers have, meets these all the time. Here is one that is made of common faults: every message takes a time of its
//! own, of which each doubling is about equally likely, from far below the protocol's timeouts to several times the longest of them; some are lost or
//! come twice; and members crash and are back at once, again and again. It ends with its stretch, so that all that is owed
//! after the heal is owed.

use super::SwarmSpace;
use super::dice::Dice;
use crate::distribution::{Distribution, Shape};
use crate::fault::FaultModel;
use crate::fault::action::DiskFault;
use crate::fault::family::Kind;
use crate::fault::plan::{FaultEntry, FaultPlan, Moment};
use crate::fault::selector::{LEADERS, Selector};
use crate::fault::spec::{
    Aim, Crash, Direction, Disk, Fault, Harm, LinkEnds, LinkFault, Partition, Shape as CutShape,
};
use crate::ratio::Ratio;
use crate::time::{Duration, Time};

/// Members crash at most so often in all stretches together, and are paused and cut off at most so often: together no more than a plan may have.
const MOST_CRASHES: u64 = 64;
const MOST_PAUSES: u64 = 12;
const MOST_CUTS: u64 = 12;

/// The flattest power law that there is: with a cap, each doubling of a delay is about equally likely.
const FLAT: Shape = Shape::new(1, 10);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// When a stretch is: from, to.
type Stretch = (Time, Time);

/// What stretches of disorder are drawn from.
pub(super) struct Disorder<'a> {
    pub(super) space: &'a SwarmSpace,
    /// The longest that the protocol waits before it acts.
    pub(super) timeout: Duration,
    pub(super) members: u32,
    pub(super) model: FaultModel,
    /// The kinds of faults that may be on.
    pub(super) kinds: Vec<Kind>,
}

impl Disorder<'_> {
    /// The plan of a seed: mostly one stretch, else two, each drawn by itself, with calm after it. The more often members crash, the shorter it is.
    pub(super) fn draw(&self, dice: &mut Dice<'_>, duration: Duration) -> FaultPlan {
        let mut entries = Vec::new();
        let count = if dice.chance(1, 4) { 2 } else { 1 };
        for index in 0..count {
            let every = dice.octaves(self.timeout / 8, self.timeout * 2).max(ms(2));
            let longest = every * (MOST_CRASHES / count);
            let Some((from, to)) = self.stretch(dice, duration / count, index) else { continue };
            let stretch = (from, to.min(from + longest));
            self.links(dice, stretch, &mut entries);
            self.disks(dice, stretch, &mut entries);
            self.absences(dice, stretch, count, &mut entries);
            self.crashes(dice, stretch, every, &mut entries);
        }
        FaultPlan::new(entries)
    }

    /// Most of the share of the run that a stretch has; none if that is too short.
    fn stretch(&self, dice: &mut Dice<'_>, share: Duration, index: u64) -> Option<Stretch> {
        let from = Time::ZERO + share * index + dice.between(Duration::ZERO, share / 8);
        let latest = Time::ZERO + share * (index + 1);
        let calm = self.space.min_calm.saturating_add(dice.between(Duration::ZERO, share / 8));
        let length = latest.since(from).as_nanos().checked_sub(calm.as_nanos()).map(Duration::from_nanos)?;
        (length >= self.space.min_fault).then(|| (from, from + length))
    }

    fn has(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Messages between members, and in half of the stretches those of clients as well, come at any time, not at all, or twice.
    fn links(&self, dice: &mut Dice<'_>, (from, to): Stretch, entries: &mut Vec<FaultEntry>) {
        let ends = if dice.chance(1, 2) {
            LinkEnds::default()
        } else {
            LinkEnds { target: None, from: Some(Selector::All), to: Some(Selector::All) }
        };
        let (early, late) =
            (dice.octaves(self.timeout / 8, self.timeout), dice.octaves(self.timeout, self.timeout * 4));
        let cap = if dice.chance(1, 4) { early } else { late }.max(ms(4));
        let scale = dice.octaves((self.timeout / 64).max(ms(1)), (self.timeout / 8).min(cap / 2));
        let delay = Distribution::Pareto { scale, shape: FLAT, cap: Some(cap) };
        let loss = Ratio::new(1 + u32::try_from(dice.below(200)).unwrap_or(0), 1_000);
        let duplicate = dice.odds(500);
        let mut add = |kind, harm| {
            if self.has(kind) {
                let what = Fault::Links(LinkFault { ends: ends.clone(), harm });
                entries.push(entry(from, Some(to.since(from)), what));
            }
        };
        add(Kind::Spikes, Harm::Spikes { probability: Ratio::ONE, delay });
        add(Kind::Loss, Harm::Loss { probability: loss });
        add(Kind::Duplicate, Harm::Duplicate { probability: duplicate });
    }

    /// In a sixth of the stretches every sync is slow, so that crashes find much that is not durable; in a quarter of the others a record
    /// rots somewhere.
    fn disks(&self, dice: &mut Dice<'_>, (from, to): Stretch, entries: &mut Vec<FaultEntry>) {
        let [slow, rots] = [dice.chance(1, 6), dice.chance(1, 4)];
        let extra = dice.octaves(ms(1), (self.timeout / 4).max(ms(2)));
        let at = from + dice.between(Duration::ZERO, to.since(from));
        if slow && self.has(Kind::SlowSync) {
            let fault = DiskFault::Slow { percent: 100, extra };
            entries.push(entry(
                from,
                Some(to.since(from)),
                Fault::Disk(Disk { target: Selector::All, fault }),
            ));
        } else if rots && self.has(Kind::BitRot) {
            let target = Selector::Random(1);
            entries.push(entry(at, None, Fault::Disk(Disk { target, fault: DiskFault::Rot })));
        }
    }

    /// In half of the stretches somebody stands still now and then, and has much to hear when it goes on. In half of them as well, somebody is cut off
    /// now and then for about as long as the others need to do without it: mostly whoever leads, whom clients still reach.
    fn absences(&self, dice: &mut Dice<'_>, stretch: Stretch, count: u64, entries: &mut Vec<FaultEntry>) {
        let [pauses, cuts] = [(); 2].map(|()| dice.chance(1, 2));
        if pauses && self.has(Kind::Pause) {
            let length = dice.octaves(self.timeout / 8, self.timeout);
            let what = |target| Fault::Pause(Aim { target });
            self.now_and_then(dice, stretch, (length, MOST_PAUSES / count), what, entries);
        }
        if cuts && self.has(Kind::Isolate) {
            let length = dice.octaves(self.timeout / 4, self.timeout * 2);
            let directions = [Direction::Both, Direction::Both, Direction::Inbound, Direction::Outbound];
            let direction = directions[dice.below(4) as usize];
            let what = |target| Fault::Partition(Partition::of(CutShape::Isolate { target, direction }));
            self.now_and_then(dice, stretch, (length, MOST_CUTS / count), what, entries);
        }
    }

    /// Something of a length strikes again and again, at most so often.
    fn now_and_then(
        &self,
        dice: &mut Dice<'_>,
        (from, to): Stretch,
        (length, most): (Duration, u64),
        what: impl Fn(Selector) -> Fault,
        entries: &mut Vec<FaultEntry>,
    ) {
        let length = length.max(self.space.min_fault);
        let every = (length * 2).max(to.since(from) / most);
        let whom = self.target(dice);
        let mut at = from;
        for _ in 0..most {
            at += dice.between(every / 2, every * 3 / 2);
            if at.saturating_add(length) > to {
                return;
            }
            entries.push(entry(at, Some(length), what(whom.clone())));
        }
    }

    /// In most of the stretches members crash all the time, mostly those of one kind, and are back before long.
    fn crashes(
        &self,
        dice: &mut Dice<'_>,
        (from, to): Stretch,
        every: Duration,
        entries: &mut Vec<FaultEntry>,
    ) {
        let whom = self.target(dice);
        let mut at = from;
        let on = dice.chance(3, 4) && self.has(Kind::Crash);
        for _ in 0..if on { MOST_CRASHES } else { 0 } {
            at += dice.between(every / 2, every * 3 / 2);
            let other = self.target(dice);
            let target = if dice.chance(3, 4) { whom.clone() } else { other };
            let longest = if dice.chance(1, 8) { self.timeout } else { ms(20) };
            let down = dice.octaves(self.space.min_restart, longest);
            if at.saturating_add(down) > to {
                return;
            }
            entries.push(entry(at, None, Fault::Crash(Crash::of(target, Some(down)))));
        }
    }

    /// Anybody, whoever leads, or several at once.
    fn target(&self, dice: &mut Dice<'_>) -> Selector {
        let leads = self.space.roles.iter().find(|role| LEADERS.contains(&role.as_str()));
        let few = dice.number(1, self.members.div_ceil(2).max(1));
        match (dice.below(8), leads) {
            (0..2, Some(role)) => Selector::Role(role.clone()),
            (2, _) => Selector::Random(few),
            (3, _) if self.model.outages => Selector::Random(self.members.saturating_sub(1).max(1)),
            _ => Selector::Random(1),
        }
    }
}

fn entry(at: Time, lasts: Option<Duration>, what: Fault) -> FaultEntry {
    FaultEntry { id: None, at: Moment::At(at), lasts, repeat: None, over_budget: false, what }
}
