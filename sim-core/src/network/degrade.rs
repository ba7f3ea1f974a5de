//! Windows in which some links are worse.

use serde::{Deserialize, Serialize};

use crate::distribution::{Distribution, Sampler};
use crate::identity::Slot;
use crate::ratio::Ratio;
use crate::time::{Duration, Time};

use super::bandwidth::Lines;
use super::cut::SlotSet;
use super::fate::{Chance, Chances, Dice, Name};

#[derive(Clone, Debug)]
struct Spike {
    chance: Chance,
    delay: Sampler,
}

#[derive(Clone, Debug)]
struct Window {
    id: DegradeId,
    /// Nobody listed is everybody.
    from: Option<SlotSet>,
    to: Option<SlotSet>,
    chances: Chances,
    spike: Option<Spike>,
    lines: Option<Lines>,
    /// Lines on which every message has the same size.
    rate: Option<Lines>,
}

impl Window {
    fn new(id: DegradeId, how: &Degradation) -> Self {
        let listed = |slots: &[Slot]| (!slots.is_empty()).then(|| SlotSet::of(slots));
        let delay = how.delay.as_ref().filter(|_| !how.spike.is_zero());
        Self {
            id,
            from: listed(&how.from),
            to: listed(&how.to),
            chances: Chances::new(how.loss, how.duplicate, how.corrupt),
            spike: delay
                .map(Distribution::compile)
                .map(|delay| Spike { chance: Chance::new(how.spike), delay }),
            lines: how.bandwidth.map(Lines::new),
            rate: how.rate.map(Lines::new),
        }
    }

    fn covers(&self, from: Slot, to: Slot) -> bool {
        self.from.as_ref().is_none_or(|set| set.has(from.index()))
            && self.to.as_ref().is_none_or(|set| set.has(to.index()))
    }
}

/// The degradations in force.
#[derive(Clone, Debug, Default)]
pub(super) struct Windows {
    list: Vec<Window>,
    /// Whether any of them delays some messages, and whether any of them has lines that messages wait for.
    spikes: bool,
    lines: bool,
}

impl Windows {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Opens a window; one of the same name is replaced.
    pub(super) fn open(&mut self, id: DegradeId, how: &Degradation) {
        self.close(id);
        self.list.push(Window::new(id, how));
        self.look();
    }

    pub(super) fn close(&mut self, id: DegradeId) {
        self.list.retain(|window| window.id != id);
        self.look();
    }

    /// What the windows do is looked at when one opens or closes, and not for every message.
    fn look(&mut self) {
        self.spikes = self.list.iter().any(|window| window.spike.is_some());
        self.lines = self.list.iter().any(|window| window.lines.is_some() || window.rate.is_some());
    }

    /// The probabilities of a link: its own, and those of its windows, each a cause by itself.
    #[inline]
    pub(super) fn chances(&self, from: Slot, to: Slot, own: Chances) -> Chances {
        if self.list.is_empty() {
            return own;
        }
        let windows = self.list.iter().filter(|window| window.covers(from, to));
        windows.fold(own, |all, window| all.or(window.chances))
    }

    /// How much longer a message takes, all its spikes together.
    #[inline]
    pub(super) fn spikes(&self, from: Slot, to: Slot, name: Name, dice: &Dice) -> Duration {
        let mut total = Duration::ZERO;
        if !self.spikes {
            return total;
        }
        for window in self.list.iter().filter(|window| window.covers(from, to)) {
            let Some(spike) = &window.spike else { continue };
            let ([decides, word], mut more) = dice.spike(name, window.id.0);
            if spike.chance.upper(decides) {
                total = total.saturating_add(spike.delay.sample(word, &mut more));
            }
        }
        total
    }

    /// Sends through the lines of all windows that cover the link, one after the other; see [`Lines::send`].
    #[inline]
    pub(super) fn depart(
        &mut self,
        (from, to): (Slot, Slot),
        at: Time,
        size: u32,
        room: Option<u64>,
    ) -> Option<Time> {
        if !self.lines {
            return Some(at);
        }
        let mut windows = self.list.iter_mut().filter(|window| window.covers(from, to));
        windows.try_fold(at, |at, window| {
            let at = window.lines.as_mut().map_or(Some(at), |lines| lines.send(from, at, size, room))?;
            window.rate.as_mut().map_or(Some(at), |rate| rate.send(from, at, 1, None))
        })
    }
}

/// Names a degradation of links while it lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DegradeId(pub u32);

/// How links get worse. Applies to messages whose sender is in `from` and receiver in `to`; an empty list is everybody.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Degradation {
    /// Senders; empty for all.
    pub from: Vec<Slot>,
    /// Receivers; empty for all.
    pub to: Vec<Slot>,
    /// Additional probability of loss.
    pub loss: Ratio,
    /// Additional probability of a duplicate.
    pub duplicate: Ratio,
    /// Additional probability that a bit flips; a checksum finds it, so the message is lost at the receiver.
    pub corrupt: Ratio,
    /// Probability that a message takes `delay` more, which reorders it.
    pub spike: Ratio,
    /// Additional delay of a message hit by a spike.
    pub delay: Option<Distribution>,
    /// Bytes per second each sender gets through, if limited.
    pub bandwidth: Option<u64>,
    /// Messages per second each sender gets through, if limited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate: Option<u64>,
}
