//! Paints what a report can draw of a run, from neutral readings only: role lanes and marks, clocks, message rates, and
//! the messages of a traced run.
//!
//! Nothing is kept unless the launch asks for it ([`Detail`]), and what is kept changes nothing in the run.

mod census;
mod clocks;
mod edges;
mod expected;
mod parts;
mod rates;
mod standing;

use crate::capped::Capped;
pub use crate::check::Table;
use crate::ground::{Ground, Place};
use crate::identity::Slot;
use crate::metrics::Cumulative;
use crate::process::Role;
use crate::slot_names::SlotNames;
use crate::time::Time;
use census::Census;
use clocks::ClockLines;
pub(crate) use edges::edges;
pub use expected::{Course, Expectation};
pub use parts::{Edge, LaneSpan, Picture, PointMark, Reign, Series};
pub(crate) use parts::{PAUSED, TRAITOR};
pub(crate) use rates::Counts;
use rates::Rates;
use standing::Standings;
pub use standing::{Reading, Standing};

/// How much of a run is kept for pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Detail {
    /// Nothing: for runs in bulk.
    #[default]
    None,
    /// Everything that a report draws, within limits.
    Full,
}

/// How many marks a run keeps.
const KEPT: usize = 20_000;

/// How many spans of lanes it keeps: a thousand agents change what they do a few dozen times each.
const KEPT_SPANS: usize = 60_000;

/// Collects what can be drawn while a run goes on.
pub(crate) struct Painter {
    detail: Detail,
    open: Vec<Option<Open>>,
    lanes: Capped<LaneSpan>,
    marks: Capped<PointMark>,
    clocks: ClockLines,
    rates: Rates,
    standings: Standings,
    census: Census,
    /// By slot: how many messages it sent. Empty if nothing is kept.
    sent: Vec<u64>,
}

#[derive(Clone, Copy)]
struct Open {
    state: &'static str,
    rank: Option<u64>,
    from: Time,
}

/// Worlds larger than this keep no lanes: nobody can look at them, and they would cost memory.
const MOST_LANES: usize = 2_000;

/// In larger worlds nobody's messages are counted: a run of a million agents took a seventh longer for the misses of the cache.
const MOST_COUNTED: usize = 100_000;

/// Nobody reads more tables.
const MOST_TABLES: usize = 50;

impl Painter {
    pub(crate) fn new(ground: &Ground, detail: Detail) -> Self {
        let keeps = detail == Detail::Full && ground.places.len() <= MOST_LANES;
        let counts = detail == Detail::Full && ground.places.len() <= MOST_COUNTED;
        Self {
            detail,
            open: vec![None; if keeps { ground.places.len() } else { 0 }],
            lanes: Capped::with_limit(KEPT_SPANS),
            marks: Capped::with_limit(KEPT),
            clocks: ClockLines::default(),
            rates: Rates::new(detail == Detail::Full),
            standings: Standings::new(ground, detail == Detail::Full),
            census: Census::new(ground, detail == Detail::Full),
            sent: vec![0; if counts { ground.places.len() } else { 0 }],
        }
    }

    /// Whether anything is kept.
    #[inline]
    pub(crate) fn on(&self) -> bool {
        self.detail == Detail::Full
    }

    /// A slot sends a message.
    #[inline(always)]
    pub(crate) fn sends(&mut self, slot: Slot) {
        if let Some(sent) = self.sent.get_mut(slot.index()) {
            *sent += 1;
        }
    }

    pub(crate) fn add_slot(&mut self) {
        if !self.sent.is_empty() {
            self.sent.push(0);
        }
        if !self.open.is_empty() && self.open.len() < MOST_LANES {
            self.open.push(None);
        }
    }

    /// The slot is in this state from now on.
    #[inline]
    pub(crate) fn enter(&mut self, slot: Slot, now: Time, state: &'static str, rank: Option<u64>) {
        self.census.enter(slot, state);
        let Some(open) = self.open.get_mut(slot.index()) else { return };
        if open.is_some_and(|open| open.state == state && open.rank == rank) {
            return;
        }
        let before = open.replace(Open { state, rank, from: now });
        self.close(slot, before, now);
    }

    /// The slot is again what it last said it is.
    pub(crate) fn enter_again(&mut self, slot: Slot, now: Time, place: &Place) {
        self.enter(slot, now, place.status.role.unwrap_or("running"), place.status.rank);
    }

    fn close(&mut self, slot: Slot, open: Option<Open>, now: Time) {
        if let Some(open) = open.filter(|open| open.from < now) {
            self.lanes.push(LaneSpan {
                slot: slot.0,
                state: open.state.to_owned(),
                from_ns: open.from.as_nanos(),
                to_ns: now.as_nanos(),
                label: open.rank.map_or_else(String::new, |rank| rank.to_string()),
            });
        }
    }

    /// Something happened at a slot.
    pub(crate) fn mark(&mut self, slot: Slot, now: Time, kind: &str) {
        if self.on() {
            let (at_ns, kind) = (now.as_nanos(), kind.to_owned());
            self.marks.push(PointMark { at_ns, slot: slot.0, kind, label: String::new() });
        }
    }

    /// A slot's clock, that showed one thing, is changed to show another.
    pub(crate) fn clock(&mut self, slot: Slot, now: Time, before: Time, after: Time) {
        if self.on() {
            self.clocks.changed(slot, now, before, after);
        }
    }

    /// Whether the counts are wanted at this moment.
    #[inline]
    pub(crate) fn samples_at(&self, now: Time) -> bool {
        now >= self.rates.next()
    }

    /// The counts at this moment.
    pub(crate) fn sample(&mut self, now: Time, counts: Counts, ground: &Ground) {
        self.standings.read(now, ground);
        self.census.read(now);
        self.rates.sample(now, counts);
    }

    /// The run is over: every lane and line ends. `shown` reads a slot's clock.
    pub(crate) fn finish(
        mut self,
        now: Time,
        ground: &Ground,
        names: &SlotNames,
        shown: impl Fn(Slot) -> Time,
    ) -> Picture {
        for index in 0..self.open.len() {
            let open = self.open[index].take();
            self.close(slot_at(index), open, now);
        }
        let mut tables = Capped::with_limit(MOST_TABLES);
        if self.on() {
            tables.push(members(ground, names));
        }
        let mut series = Capped::with_limit(MOST_LANES);
        series.extend(self.rates.finish());
        series.extend(self.clocks.finish(now, names, shown));
        series.extend(self.census.finish(now));
        let standings = self.standings.finish();
        let distributions = if self.sent.is_empty() { Vec::new() } else { vec![sent(&self.sent, ground)] };
        let (lanes, marks) = (self.lanes, self.marks);
        Picture { lanes, marks, series, standings, distributions, tables, ..Picture::default() }
    }
}

/// Keeps the first of every two in a list that became too long.
fn every_other<T>(list: &mut Vec<T>) {
    let mut index = 0;
    list.retain(|_| {
        index += 1;
        index % 2 == 1
    });
}

fn slot_at(index: usize) -> Slot {
    Slot(u32::try_from(index).unwrap_or(u32::MAX))
}

/// How many messages each member sent, whoever ran in its slot.
fn sent(sent: &[u64], ground: &Ground) -> Cumulative {
    let members = ground.places.iter().zip(sent).filter(|(place, _)| place.role == Role::Member);
    let mut each: Vec<u64> = members.map(|(_, sent)| *sent).collect();
    each.sort_unstable();
    let counts: Vec<(u64, u64)> = each.chunk_by(u64::eq).map(|same| (same[0], same.len() as u64)).collect();
    Cumulative::of(Cumulative::SENT, &counts)
}

/// What became of each member.
fn members(ground: &Ground, names: &SlotNames) -> Table {
    let text = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let row = |(place, name): (&Place, &str)| {
        let state = match place {
            Place { up: false, .. } => "down",
            Place { paused: true, .. } => PAUSED,
            Place { honest: false, .. } => "traitor",
            _ => "up",
        };
        let role = place.status.role.unwrap_or_default().to_owned();
        let durable: u64 = place.marks.iter().map(|mark| mark.durable).sum();
        let (rank, position) = (text(place.status.rank), text(place.status.position));
        let boots = u64::from(place.incarnation) + u64::from(place.up);
        vec![name.to_owned(), state.to_owned(), role, rank, position, boots.to_string(), durable.to_string()]
    };
    let members = ground.places.iter().zip(names.iter()).filter(|(place, _)| place.role == Role::Member);
    let columns = ["slot", "state", "role", "rank", "position", "starts", "durable records"];
    let mut rows = Capped::with_limit(MOST_LANES);
    members.for_each(
        |member| if rows.items.len() < MOST_LANES { rows.push(row(member)) } else { rows.omitted += 1 },
    );
    Table {
        title: "Members at the end".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.items,
        omitted: rows.omitted,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Duration;

    #[test]
    fn lanes_follow_roles_without_gaps() {
        let ground = Ground::new(2, 0);
        let mut painter = Painter::new(&ground, Detail::Full);
        let at = |secs| Time::ZERO + Duration::from_secs(secs);
        painter.enter(Slot(1), at(0), "follower", Some(1));
        painter.enter(Slot(1), at(2), "leader", Some(2));
        painter.enter(Slot(1), at(3), "leader", Some(2));
        let picture = painter.finish(at(5), &ground, &ground.slot_names(), |_| at(5));
        let spans: Vec<_> =
            picture.lanes.items.iter().map(|span| (span.state.as_str(), span.from_ns, span.to_ns)).collect();
        assert_eq!(spans, [("follower", 0, 2_000_000_000), ("leader", 2_000_000_000, 5_000_000_000)]);
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let ground = Ground::new(2_003, 1);
        let table = Painter::new(&ground, Detail::Full)
            .finish(Time::ZERO, &ground, &ground.slot_names(), |_| Time::ZERO)
            .tables
            .items;
        assert_eq!((table[0].rows.len(), table[0].omitted), (2_000, 3));
    }

    #[test]
    fn nothing_is_kept_unless_it_is_asked_for() {
        let ground = Ground::new(2, 0);
        let mut painter = Painter::new(&ground, Detail::None);
        let at = |secs| Time::ZERO + Duration::from_secs(secs);
        painter.enter(Slot(1), at(0), "follower", Some(1));
        painter.mark(Slot(1), at(1), "crash");
        painter.clock(Slot(1), at(1), at(1), at(2));
        assert!(!painter.samples_at(at(3)));
        let picture = painter.finish(at(5), &ground, &ground.slot_names(), |_| at(5));
        assert!(picture.lanes.items.is_empty() && picture.marks.items.is_empty());
        assert!(picture.series.items.is_empty() && picture.tables.items.is_empty());
    }
}
