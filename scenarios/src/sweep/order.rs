//! Which run comes next in a file of runs, given those before it.

use super::line::View;
use super::stop::{Watched, watched};
use super::{Row, Sweep};
use crate::shard::Shard;

/// Runs in their order: point by point, seed by seed.
///
/// Without a rule by which points stop, a shard has a stride of all runs. With one, it has a stride of the points, each of
/// them whole: whether a point goes on depends on all of its runs up to then, and no shard knows those of another.
#[derive(Clone, Debug)]
pub(super) struct Order<'a> {
    sweep: &'a Sweep,
    shard: Shard,
    /// How many runs were taken in.
    taken: u64,
    /// The place among the shard's own of the point under way. Only under a rule.
    point: u64,
    watched: Watched,
}

impl<'a> Order<'a> {
    /// At the beginning.
    pub(super) fn new(sweep: &'a Sweep, shard: Shard) -> Self {
        Self { sweep, shard, taken: 0, point: 0, watched: Watched::default() }
    }

    /// How many runs were taken in.
    pub(super) const fn taken(&self) -> u64 {
        self.taken
    }

    /// How many runs may still follow before the rule looks, or until the end where there is none; the numbers, as
    /// [`Order::at`] knows them.
    pub(super) fn stretch(&self) -> std::ops::Range<u64> {
        let (Some(rule), per_point) = (&self.sweep.file.stop, per_point(self.sweep)) else {
            return self.taken..self.sweep.runs_of(self.shard);
        };
        if self.point >= self.points() {
            return 0..0;
        }
        let (first, runs) = (self.point * per_point, self.watched.runs());
        first + runs..first + rule.next_look(runs, per_point).unwrap_or(per_point)
    }

    /// The point and the seed of a number.
    pub(super) fn at(sweep: &Sweep, shard: Shard, number: u64) -> (u64, u64) {
        let per_point = per_point(sweep);
        let first = sweep.seeds().start;
        if sweep.file.stop.is_some() {
            (shard.number(number / per_point), first + number % per_point)
        } else {
            let number = shard.number(number);
            (number / per_point, first + number % per_point)
        }
    }

    /// Takes in the next run; whether it is the one that comes next.
    pub(super) fn take(&mut self, row: &Row) -> bool {
        let value = self.sweep.file.stop.as_ref().and_then(|rule| watched(rule, &View::of(row)));
        self.take_value(row.point as u64, row.seed, value)
    }

    /// Takes in the next run as its line tells it.
    pub(super) fn take_view(&mut self, row: &View<'_>) -> bool {
        let value = self.sweep.file.stop.as_ref().and_then(|rule| watched(rule, row));
        self.take_value(row.point as u64, row.seed, value)
    }

    /// Takes in the next run, of which a rule sees a value.
    pub(super) fn take_value(&mut self, point: u64, seed: u64, value: Option<f64>) -> bool {
        let stretch = self.stretch();
        if stretch.is_empty() || Self::at(self.sweep, self.shard, stretch.start) != (point, seed) {
            return false;
        }
        self.taken += 1;
        if let Some(rule) = &self.sweep.file.stop {
            self.watched.take(rule, value);
            if self.watched.is_enough() || self.watched.runs() == per_point(self.sweep) {
                self.point += 1;
                self.watched = Watched::default();
            }
        }
        true
    }

    /// Whether no run follows.
    pub(super) fn is_at_end(&self) -> bool {
        self.stretch().is_empty()
    }

    /// The point of the next run, if there is one.
    pub(super) fn next_point(&self) -> Option<u64> {
        let stretch = self.stretch();
        (!stretch.is_empty()).then(|| Self::at(self.sweep, self.shard, stretch.start).0)
    }

    fn points(&self) -> u64 {
        self.shard.count(self.sweep.points.len() as u64)
    }
}

fn per_point(sweep: &Sweep) -> u64 {
    let seeds = sweep.seeds();
    seeds.end - seeds.start
}
