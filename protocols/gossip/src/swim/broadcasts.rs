//! Updates that wait to be piggybacked: those that were sent least often first, the newest of them first.
//!
//! An update is sent a limited number of times, so that its spreading costs O(n log n) messages in all. A later update
//! about the same member takes the place of an earlier one: an update is fit to be sent only while it is what its sender
//! holds, which is looked at when it is its turn.

use std::collections::VecDeque;

use super::vocabulary::Update;

/// The updates of one member.
#[derive(Clone, Debug, Default)]
pub(super) struct Broadcasts {
    /// By how often they were sent; the newest last.
    levels: Vec<Vec<Update>>,
    waiting: usize,
    /// Plant: one queue, without order and limit.
    plain: Option<VecDeque<Update>>,
    /// What is being chosen, kept for its memory.
    chosen: Vec<(u32, Update)>,
}

impl Broadcasts {
    pub(super) fn new(plain: bool) -> Self {
        Self { plain: plain.then(VecDeque::new), ..Self::default() }
    }

    /// Whether nothing waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// Something new to tell.
    pub(super) fn push(&mut self, update: Update) {
        self.waiting += 1;
        if let Some(queue) = &mut self.plain {
            queue.push_back(update);
            return;
        }
        if self.levels.is_empty() {
            self.levels.push(Vec::new());
        }
        self.levels[0].push(update);
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
        'levels: for level in 0..self.levels.len() {
            while let Some(update) = self.levels[level].last().copied() {
                if !is_current(&update) {
                    self.levels[level].pop();
                    self.waiting -= 1;
                    continue;
                }
                if update.bytes() > left {
                    break 'levels;
                }
                left -= update.bytes();
                self.levels[level].pop();
                self.chosen.push((level as u32 + 1, update));
                news.push(update);
            }
        }
        self.put_back(limit);
    }

    /// Those that were chosen go to the next level, in the order in which they were.
    fn put_back(&mut self, limit: u32) {
        while let Some((level, update)) = self.chosen.pop() {
            if level >= limit {
                self.waiting -= 1;
                continue;
            }
            let level = level as usize;
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            self.levels[level].push(update);
        }
        if self.waiting == 0 {
            self.levels = Vec::new();
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
    use sim_core::identity::NodeId;

    use super::super::vocabulary::Status;
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
        (1..=3).for_each(|node| all.push(update(node)));
        assert_eq!(take(&mut all, 2, 9), [3, 2]);
        assert_eq!(take(&mut all, 2, 9), [1, 3]);
        all.push(update(4));
        assert_eq!(take(&mut all, 9, 9), [4, 1, 2, 3], "sent 0, 1, 1 and 2 times");
    }

    #[test]
    fn each_is_sent_so_often_and_no_more() {
        let mut all = Broadcasts::new(false);
        (1..=2).for_each(|node| all.push(update(node)));
        let sent: Vec<_> = std::iter::from_fn(|| Some(take(&mut all, 1, 3)).filter(|sent| !sent.is_empty()))
            .flatten()
            .collect();
        assert_eq!(sent.len(), 6);
        assert!(all.is_empty());
    }

    #[test]
    fn what_is_no_longer_so_is_dropped() {
        let mut all = Broadcasts::new(false);
        (1..=2).for_each(|node| all.push(update(node)));
        let mut news = Vec::new();
        all.take(1_000, 9, |update| update.node == NodeId(1), &mut news);
        assert_eq!(news, [update(1)]);
        assert_eq!(all.waiting, 1);
    }

    #[test]
    fn a_plain_queue_never_ends() {
        let mut all = Broadcasts::new(true);
        (1..=2).for_each(|node| all.push(update(node)));
        let sent: Vec<_> = (0..6).flat_map(|_| take(&mut all, 1, 3)).collect();
        assert_eq!(sent, [1, 2, 1, 2, 1, 2]);
        assert!(!all.is_empty());
    }
}
