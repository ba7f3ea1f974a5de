//! When drawn faults strike: in storms, at what the protocol does, together, and again and again.

use super::SwarmSpace;
use super::dice::Dice;
use crate::distribution::Distribution;
use crate::fault::plan::{Before, FaultEntry, Moment, Trigger, TriggerOn};
use crate::time::{Duration, Time};

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// When faults may be in force: from, to.
pub(super) type Storm = (Time, Time);

/// When an entry begins.
#[derive(Clone, Debug)]
pub(super) struct When {
    pub(super) at: Moment,
    /// The storm it belongs to.
    storm: usize,
    /// The longest that it may last within its storm.
    pub(super) longest: Duration,
    /// Whether no storm follows.
    pub(super) last: bool,
}

/// How the faults of a seed are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mood {
    /// How many of so many strike around the moment of the one before.
    together: (u64, u64),
    /// How many of so many wait for an event.
    waiting: (u64, u64),
    /// How many of so many of these wait for a preferred one.
    favorite: (u64, u64),
    /// The longest that a fault lasts.
    longest: Duration,
    /// The latest occurrence of an event that one waits for.
    nth: u32,
    /// How many of so many strike whoever leads.
    pub(super) at_leader: (u64, u64),
    /// Whether half of the lengths are drawn evenly: half of these are longer than half of the longest.
    pub(super) lasting: bool,
}

impl Mood {
    const USUAL: Self = Self {
        together: (1, 4),
        waiting: (2, 5),
        favorite: (1, 2),
        longest: Duration::MAX,
        nth: 64,
        at_leader: (0, 1),
        lasting: false,
    };

    /// Calm or hectic: what needs a few quick blows is seldom found among long ones, and the other way around. Half of the seeds aim at
    /// whoever leads, at events that come early enough.
    fn drawn(dice: &mut Dice<'_>) -> Self {
        let [together, waiting, favorite, longest] = [(); 4].map(|()| dice.below(4) as usize);
        let [aimed, lasting] = [(); 2].map(|()| dice.chance(1, 2));
        Self {
            nth: if aimed { 8 } else { 64 },
            at_leader: if aimed { (1, 2) } else { (0, 1) },
            lasting,
            together: [(1, 4), (1, 4), (1, 2), (1, 8)][together],
            waiting: [(1, 5), (2, 5), (2, 5), (4, 5)][waiting],
            favorite: [(1, 4), (1, 2), (1, 2), (7, 8)][favorite],
            longest: [Duration::MAX, Duration::MAX, ms(1_000), ms(300)][longest],
        }
    }
}

/// The storms of a seed, what its faults prefer to wait for, and when the latest of them strikes.
#[derive(Clone, Debug)]
pub(super) struct Moments<'a> {
    space: &'a SwarmSpace,
    storms: Vec<Storm>,
    /// A few kinds of events and messages that half of the waiting faults wait for: several faults around the same
    /// rare moment find more than each at one of its own.
    favorites: Vec<TriggerOn>,
    latest: Option<When>,
    pub(super) mood: Mood,
}

impl<'a> Moments<'a> {
    pub(super) fn new(dice: &mut Dice<'_>, space: &'a SwarmSpace, storms: Vec<Storm>) -> Self {
        let favorites = (0..2).filter_map(|_| any(dice, space)).collect();
        let mood = if space.moods { Mood::drawn(dice) } else { Mood::USUAL };
        Self { space, storms, favorites, latest: None, mood }
    }

    /// When the next entry begins: mostly one in four strikes around the same moment as the one before it.
    pub(super) fn draw(&mut self, dice: &mut Dice<'_>) -> When {
        let (times, of) = self.mood.together;
        let together = dice.chance(times, of);
        let when = match self.latest.take().filter(|_| together) {
            Some(latest) => self.near(dice, latest),
            None => self.fresh(dice),
        };
        self.latest = Some(when.clone());
        when
    }

    fn fresh(&self, dice: &mut Dice<'_>) -> When {
        let storm = dice.below(self.storms.len() as u64) as usize;
        let (from, to) = self.storms[storm];
        let latest = to - self.space.min_fault;
        let at = from + dice.between(Duration::ZERO, latest.since(from));
        let trigger = self.trigger(dice);
        self.when(storm, at, trigger.map(Moment::On))
    }

    /// At the same event, or shortly after the same time.
    fn near(&self, dice: &mut Dice<'_>, latest: When) -> When {
        let gap = dice.octaves(ms(1), ms(100));
        match latest.at {
            Moment::On(trigger) => {
                let at = Moment::On(strike(dice, trigger));
                When { at, ..latest }
            }
            Moment::At(at) => {
                let end = self.storms[latest.storm].1 - self.space.min_fault;
                self.when(latest.storm, (at + gap).min(end), None)
            }
        }
    }

    fn when(&self, storm: usize, at: Time, moment: Option<Moment>) -> When {
        let longest = self.storms[storm].1.since(at).min(self.mood.longest).max(self.space.min_fault);
        let last = storm + 1 == self.storms.len();
        When { at: moment.unwrap_or(Moment::At(at)), storm, longest, last }
    }

    /// Mostly two faults in five wait for an event, if there are any to wait for.
    fn trigger(&self, dice: &mut Dice<'_>) -> Option<Trigger> {
        let Mood { waiting, favorite, .. } = self.mood;
        let wanted = dice.chance(waiting.0, waiting.1);
        let favorite = dice.chance(favorite.0, favorite.1);
        let which = dice.below(self.favorites.len() as u64) as usize;
        let other = any(dice, self.space);
        let nth = dice.up_to_octaves(self.mood.nth);
        let what = self.favorites.get(which).filter(|_| favorite).cloned().or(other)?;
        let drawn = strike(dice, Trigger { what, nth, role: None, before: None, after: None });
        wanted.then_some(drawn)
    }

    /// An entry, and when it strikes again. One that waits for an event strikes, in half of the cases, at the next few of
    /// these events as well: what breaks at a rare moment is seldom broken by being struck there once. One in four of the
    /// others comes again and again while its storm lasts: a system that is hit while it recovers.
    pub(super) fn repeat(&self, dice: &mut Dice<'_>, drawn: FaultEntry, storm: &When) -> Vec<FaultEntry> {
        let (often, sometimes) = (dice.chance(1, 2), dice.chance(1, 4));
        let more = dice.up_to_octaves(16);
        let length = drawn.lasts.unwrap_or(self.space.min_fault);
        let every = length + dice.octaves(self.space.min_restart, self.space.min_calm);
        let moments: Vec<Moment> = match &drawn.at {
            Moment::On(trigger) if often => (1..more)
                .map(|step| Moment::On(Trigger { nth: trigger.nth + step, ..trigger.clone() }))
                .collect(),
            Moment::At(at) if sometimes && drawn.lasts.is_some() => {
                let (_, end) = self.storms[storm.storm];
                let starts = (1..u64::from(more)).map(|step| at.saturating_add(every.saturating_mul(step)));
                starts.take_while(|start| start.saturating_add(length) <= end).map(Moment::At).collect()
            }
            Moment::On(_) | Moment::At(_) => Vec::new(),
        };
        let mut entries: Vec<FaultEntry> =
            moments.into_iter().map(|at| FaultEntry { at, ..drawn.clone() }).collect();
        entries.insert(0, drawn);
        entries
    }
}

/// Any event or message that can be waited for.
fn any(dice: &mut Dice<'_>, space: &SwarmSpace) -> Option<TriggerOn> {
    let choice = dice.below((space.events.len() + space.messages.len()) as u64) as usize;
    let event = space.events.get(choice).cloned().map(TriggerOn::Event);
    event.or_else(|| space.messages.get(choice - space.events.len()).cloned().map(TriggerOn::Send))
}

/// Before what the step sends, when the step is over, or shortly after.
fn strike(dice: &mut Dice<'_>, trigger: Trigger) -> Trigger {
    let how = dice.below(4);
    let after = dice.octaves(ms(1), ms(100));
    let before = (how == 0).then_some(Before::Send);
    let after = (how == 1).then_some(Distribution::Fixed(after));
    Trigger { before, after, ..trigger }
}

/// One to four storms, each followed by a calm.
pub(super) fn storms(dice: &mut Dice<'_>, space: &SwarmSpace, duration: Duration) -> Vec<Storm> {
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
