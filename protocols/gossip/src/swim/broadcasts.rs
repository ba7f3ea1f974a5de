//! Updates that wait to be piggybacked: those that were sent least often first, the newest of them first.
//!
//! An update is sent a limited number of times, so that its spreading costs O(n log n) messages in all. A later update
//! about the same member takes the place of an earlier one: an update is fit to be sent only while it is what its sender
//! holds, which is looked at when it is its turn. Among 100,000 members a thousand updates wait at each: sixteen bytes each.

use std::collections::VecDeque;

use sim_core::identity::NodeId;

use super::vocabulary::{Status, Update};

/// No place.
const NONE: u32 = u32::MAX;
/// So many places are looked through for updates that are no longer fit, before there are more.
const FEW: usize = 64;
/// Numbers of members are below 2^28, so that a status fits beside one.
const STATUS: u32 = 28;

/// An update that waits.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// Whom it is about, and the status.
    node: u32,
    incarnation: u32,
    from: NodeId,
    /// The one below it in its stack.
    below: u32,
}

impl Place {
    fn of(update: Update, below: u32) -> Self {
        let status = match update.status {
            Status::Unknown => 0,
            Status::Alive => 1,
            Status::Suspect => 2,
            Status::Dead => 3,
            Status::Left => 4,
        };
        let node = update.node.0 | status << STATUS;
        Self { node, incarnation: update.incarnation, from: update.from, below }
    }

    #[inline]
    fn update(self) -> Update {
        let status = match self.node >> STATUS {
            0 => Status::Unknown,
            1 => Status::Alive,
            2 => Status::Suspect,
            3 => Status::Dead,
            _ => Status::Left,
        };
        let node = NodeId(self.node & ((1 << STATUS) - 1));
        Update { node, status, incarnation: self.incarnation, from: self.from }
    }
}

/// The updates of one member.
#[derive(Clone, Debug)]
pub(super) struct Broadcasts {
    /// All places; those that are free are a stack as well.
    places: Vec<Place>,
    free: u32,
    /// The top of a stack for each number of sendings.
    tops: Vec<u32>,
    waiting: usize,
    /// With so many places the next new update looks for unfit ones first.
    most: usize,
    /// Plant: one queue, without order and limit.
    plain: Option<VecDeque<Update>>,
    /// What is being chosen, and how often it was sent then; kept for its memory.
    chosen: Vec<(u32, u32)>,
}

impl Broadcasts {
    pub(super) fn new(plain: bool) -> Self {
        Self {
            places: Vec::new(),
            free: NONE,
            tops: Vec::new(),
            waiting: 0,
            most: FEW,
            plain: plain.then(VecDeque::new),
            chosen: Vec::new(),
        }
    }

    /// Whether nothing waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Something new to tell.
    pub(super) fn push(&mut self, update: Update, is_current: impl Fn(&Update) -> bool) {
        self.waiting += 1;
        if let Some(queue) = &mut self.plain {
            queue.push_back(update);
            return;
        }
        if self.free == NONE && self.places.len() >= self.most {
            self.drop_unfit(is_current);
        }
        if self.tops.is_empty() {
            self.tops.push(NONE);
        }
        let new = Place::of(update, self.tops[0]);
        let place = self.free;
        self.tops[0] = if place == NONE {
            self.places.push(new);
            (self.places.len() - 1) as u32
        } else {
            self.free = self.places[place as usize].below;
            self.places[place as usize] = new;
            place
        };
    }

    /// Updates that would be dropped when it is their turn are dropped now.
    fn drop_unfit(&mut self, is_current: impl Fn(&Update) -> bool) {
        for level in 0..self.tops.len() {
            let (mut place, mut above) = (self.tops[level], NONE);
            while place != NONE {
                let here = self.places[place as usize];
                if is_current(&here.update()) {
                    above = place;
                } else {
                    match above {
                        NONE => self.tops[level] = here.below,
                        above => self.places[above as usize].below = here.below,
                    }
                    self.release(place);
                }
                place = here.below;
            }
        }
        self.most = FEW.max(self.waiting * 2);
    }

    /// A place is free from now on.
    fn release(&mut self, place: u32) {
        self.places[place as usize].below = self.free;
        self.free = place;
        self.waiting -= 1;
    }

    /// Chooses what fits into so many bytes; each of it counts as sent once more, and is gone after `limit` times.
    pub(super) fn take(
        &mut self,
        bytes: u32,
        limit: u32,
        is_current: impl Fn(&Update) -> bool,
        news: &mut Vec<Update>,
    ) {
        if self.waiting == 0 {
            return;
        }
        let mut left = bytes;
        if self.plain.is_some() {
            self.take_plain(left, is_current, news);
            return;
        }
        'levels: for level in 0..self.tops.len() {
            while self.tops[level] != NONE {
                let place = self.tops[level];
                let Place { below, .. } = self.places[place as usize];
                let update = self.places[place as usize].update();
                let current = is_current(&update);
                if current && update.bytes() > left {
                    break 'levels;
                }
                self.tops[level] = below;
                if current {
                    left -= update.bytes();
                    self.chosen.push((level as u32 + 1, place));
                    news.push(update);
                } else {
                    self.release(place);
                }
            }
        }
        self.put_back(limit);
    }

    /// Those that were chosen go to the next level, in the order in which they were.
    fn put_back(&mut self, limit: u32) {
        while let Some((level, place)) = self.chosen.pop() {
            if level >= limit {
                self.release(place);
                continue;
            }
            let level = level as usize;
            if level == self.tops.len() {
                self.tops.push(NONE);
            }
            self.places[place as usize].below = std::mem::replace(&mut self.tops[level], place);
        }
        if self.waiting == 0 {
            *self = Self { chosen: std::mem::take(&mut self.chosen), ..Self::new(false) };
        }
    }

    fn take_plain(&mut self, bytes: u32, is_current: impl Fn(&Update) -> bool, news: &mut Vec<Update>) {
        let Some(queue) = &mut self.plain else { return };
        let mut left = bytes;
        for _ in 0..queue.len() {
            let Some(update) = queue.front().copied() else { break };
            if is_current(&update) {
                if update.bytes() > left {
                    break;
                }
                left -= update.bytes();
                news.push(update);
                queue.push_back(update);
            }
            queue.pop_front();
        }
        self.waiting = queue.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(node: u32) -> Update {
        Update { node: NodeId(node), status: Status::Dead, incarnation: 0, from: NodeId(0) }
    }

    /// Takes what fits: `most` updates.
    fn take(all: &mut Broadcasts, most: u32, limit: u32) -> Vec<u32> {
        let mut news = Vec::new();
        all.take(most * update(0).bytes(), limit, |_| true, &mut news);
        news.iter().map(|update| update.node.0).collect()
    }

    #[test]
    fn what_was_sent_least_often_comes_first_and_of_that_the_newest() {
        let mut all = Broadcasts::new(false);
        (1..=3).for_each(|node| all.push(update(node), |_| true));
        assert_eq!(take(&mut all, 2, 9), [3, 2]);
        assert_eq!(take(&mut all, 2, 9), [1, 3]);
        all.push(update(4), |_| true);
        assert_eq!(take(&mut all, 9, 9), [4, 1, 2, 3], "sent 0, 1, 1 and 2 times");
    }

    #[test]
    fn each_is_sent_so_often_and_no_more() {
        let mut all = Broadcasts::new(false);
        (1..=2).for_each(|node| all.push(update(node), |_| true));
        let sent: Vec<_> = std::iter::from_fn(|| Some(take(&mut all, 1, 3)).filter(|sent| !sent.is_empty()))
            .flatten()
            .collect();
        assert_eq!(sent.len(), 6);
        assert!(all.is_empty());
    }

    #[test]
    fn what_is_no_longer_so_is_dropped() {
        let mut all = Broadcasts::new(false);
        (1..=2).for_each(|node| all.push(update(node), |_| true));
        let mut news = Vec::new();
        all.take(1_000, 9, |update| update.node == NodeId(1), &mut news);
        assert_eq!(news, [update(1)]);
        assert_eq!(all.waiting, 1);
    }

    #[test]
    fn updates_come_out_as_they_went_in() {
        for (status, incarnation) in [(Status::Alive, u32::MAX), (Status::Suspect, 0), (Status::Left, 7)] {
            let told = Update { node: NodeId((1 << 28) - 1), status, incarnation, from: NodeId(u32::MAX) };
            let mut all = Broadcasts::new(false);
            all.push(told, |_| true);
            let mut news = Vec::new();
            all.take(1_000, 1, |_| true, &mut news);
            assert_eq!(news, [told]);
            assert!(all.is_empty());
        }
    }

    #[test]
    fn what_is_no_longer_so_takes_no_room_among_many() {
        let mut all = Broadcasts::new(false);
        for node in 0..10_000 {
            all.push(update(node), |update| update.node.0 % 100 == 0 || update.node.0 + 10 > node);
        }
        assert!(all.places.len() < 300, "{}", all.places.len());
        let mut news = Vec::new();
        all.take(1_000_000, 9, |update| update.node.0 % 100 == 0, &mut news);
        let told: Vec<u32> = news.iter().map(|update| update.node.0).collect();
        assert_eq!(told, (0..100).rev().map(|hundred| hundred * 100).collect::<Vec<_>>(), "the newest first");
    }

    #[test]
    fn a_plain_queue_never_ends() {
        let mut all = Broadcasts::new(true);
        (1..=2).for_each(|node| all.push(update(node), |_| true));
        let sent: Vec<_> = (0..6).flat_map(|_| take(&mut all, 1, 3)).collect();
        assert_eq!(sent, [1, 2, 1, 2, 1, 2]);
        assert!(!all.is_empty());
    }
}
