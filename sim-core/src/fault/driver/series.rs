//! Faults made of others: churn, rolling restarts and upgrades, replacements, an adversary that follows the leadership.
//!
//! Each part is drawn, budgeted, recorded and pinned by itself, so that a shrinker can take single parts away.

use super::{Firing, Order, Task};
use crate::fault::action::Action;
use crate::fault::driver::FaultDriver;
use crate::fault::plan::Moment;
use crate::fault::resolve::Lots;
use crate::fault::selector::Selector;
use crate::fault::spec::{Aim, ChurnHow, Crash, Fault, Join, RollingRestart, Upgrade, aim};
use crate::ground::Ground;
use crate::identity::Slot;
use crate::time::{Duration, Time};

/// A fault made of others, on its way.
#[derive(Clone, Debug)]
pub(super) struct Series {
    firing: Firing,
    what: Fault,
    /// Whom it goes through, where that is settled at the beginning.
    slots: Vec<Slot>,
    /// When it is over.
    until: Time,
}

impl FaultDriver {
    /// A fault made of others begins, with its first part.
    pub(super) fn start_series(
        &mut self,
        mut firing: Firing,
        what: Fault,
        ground: &Ground,
        actions: &mut Vec<Action>,
    ) {
        let until = firing.lasts.map_or(Time::MAX, |lasts| self.planned(ground.now).saturating_add(lasts));
        firing.lasts = None;
        let settled = match &what {
            Fault::RollingRestart(rolling) => Some(&rolling.target),
            Fault::Upgrade(upgrade) => Some(&upgrade.target),
            Fault::Replace(aim) => Some(&aim.target),
            _ => None,
        };
        let kind = if matches!(what, Fault::Replace(_)) { super::Kind::Leave } else { super::Kind::Crash };
        let slots = settled.map(|target| {
            let eligible = |slot| self.governor.condition(slot).runs();
            self.scene(ground, firing.event).resolve(target, &mut firing.lots, &eligible)
        });
        match slots.transpose() {
            Ok(slots) => {
                self.series.push(Series { firing, what, slots: slots.unwrap_or_default(), until });
                self.step(self.series.len() - 1, 0, ground, actions);
            }
            Err(why) => self.refuse(&firing, kind, Vec::new(), why, ground.now),
        }
    }

    /// The next part of a fault made of others.
    pub(super) fn step(&mut self, series: usize, step: u32, ground: &Ground, actions: &mut Vec<Action>) {
        let running = self.series[series].clone();
        let mut lots = Lots::new(self.keyed, running.firing.id, step.saturating_add(1));
        let (parts, next) = running.parts(step, &mut lots);
        let logged = self.log.len();
        for (part, mut fault) in (0_u32..).zip(parts) {
            if let (Fault::Join(join), true) = (&mut fault, part > 0) {
                // Newcomers take the places of those who left: nobody comes for one who was refused to go.
                join.count = self.struck_since(logged);
                if join.count == 0 {
                    continue;
                }
            }
            // Only the very first part is the entry itself; all others are entries of their own, at times.
            let first = step == 0 && part == 0;
            let id = if first { running.firing.id } else { self.fresh_id() };
            let at = if step == 0 { running.firing.at.clone() } else { Moment::At(ground.now) };
            let firing = Firing { id, at, lots: lots.clone(), ..running.firing.clone() };
            self.strike(firing, &fault, ground, actions);
        }
        let next = next
            .map(|after| self.planned(ground.now).saturating_add(after))
            .filter(|next| *next < running.until);
        if let Some(next) = next {
            self.schedule(next, Order::Begin, Task::Step { series, step: step.saturating_add(1) });
        }
    }

    /// How many slots faults have struck since the log had so many lines.
    fn struck_since(&self, logged: usize) -> u32 {
        let struck = self.log[logged..].iter().filter(|line| line.refused.is_none());
        u32::try_from(struck.map(|line| line.slots.len()).sum::<usize>()).unwrap_or(u32::MAX)
    }

    pub(super) fn fresh_id(&mut self) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }
}

impl Series {
    /// What happens in a step, and how long after it the next one is. After those who leave, as many join as really left.
    fn parts(&self, step: u32, lots: &mut Lots) -> (Vec<Fault>, Option<Duration>) {
        let leave = |target| Fault::Leave(Aim { target });
        let join = || Fault::Join(Join { count: 1 });
        let count = step.saturating_add(1);
        match &self.what {
            Fault::RollingRestart(RollingRestart { down, gap, .. }) => {
                self.next_stop(step, *down, *gap, None)
            }
            Fault::Upgrade(Upgrade { down, gap, to, .. }) => self.next_stop(step, *down, *gap, Some(to)),
            Fault::Replace(_) => (vec![leave(aim(&self.slots)), join()], None),
            Fault::Adaptive(adaptive) => {
                let corrupt = Fault::Corrupt(Aim { target: adaptive.target.clone() });
                (vec![corrupt], (count < adaptive.count).then_some(adaptive.every))
            }
            Fault::Churn(churn) => {
                let one = Selector::Random(1);
                let parts = match (churn.how, lots.below(3)) {
                    (ChurnHow::Join, _) | (ChurnHow::Mixed, 0) => vec![join()],
                    (ChurnHow::Leave, _) | (ChurnHow::Mixed, 1) => vec![leave(one)],
                    (ChurnHow::Replace | ChurnHow::Mixed, _) => vec![leave(one), join()],
                };
                (parts, Some(churn.every))
            }
            _ => (Vec::new(), None),
        }
    }

    /// The slot whose turn it is stops for a while, and starts again as this version.
    fn next_stop(
        &self,
        step: u32,
        down: Duration,
        gap: Duration,
        version: Option<&String>,
    ) -> (Vec<Fault>, Option<Duration>) {
        let Some(slot) = self.slots.get(step as usize) else { return (Vec::new(), None) };
        let crash = Crash { version: version.cloned(), ..Crash::of(aim(&[*slot]), Some(down)) };
        let more = self.slots.len() > step as usize + 1;
        (vec![Fault::Crash(crash)], more.then(|| down.saturating_add(gap)))
    }
}
