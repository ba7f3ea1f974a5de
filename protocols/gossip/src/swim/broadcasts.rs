//! Rumors that wait to be piggybacked: those that were sent least often first, the newest of them first.
//!
//! An update is sent a limited number of times, so that its spreading costs O(n log n) messages in all. A later update
//! about the same member takes the place of an earlier one: a rumor is fit to be sent only while it is what its sender
//! holds, which is looked at when it is its turn. Among 100,000 members a thousand rumors wait at each: eight bytes each.

use std::collections::VecDeque;

use super::rumor::Rumor;
use super::vocabulary::Update;

/// So many rumors wait before those that are no longer fit are looked for.
const FEW: usize = 64;

/// The rumors of one member.
#[derive(Clone, Debug)]
pub(super) struct Broadcasts {
    /// Those that were sent most often first; among those that were sent equally often, the one that is next comes last.
    waiting: Vec<Rumor>,
    /// How many were sent never, once, twice and so on.
    levels: Vec<u32>,
    /// With so many waiting the next new one looks for unfit ones first.
    most: usize,
    /// Plant: one queue, without order and limit.
    plain: Option<VecDeque<Rumor>>,
}

impl Broadcasts {
    pub(super) fn new(plain: bool) -> Self {
        Self { waiting: Vec::new(), levels: Vec::new(), most: FEW, plain: plain.then(VecDeque::new) }
    }

    /// Whether nothing waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.plain.as_ref().is_none_or(VecDeque::is_empty)
    }

    /// The rumors that are looked at first when `most` are to be told.
    #[inline]
    pub(super) fn next(&self, most: usize) -> &[Rumor] {
        &self.waiting[self.waiting.len().saturating_sub(most)..]
    }

    /// Something new to tell; `fit` says whether a rumor that waits may still be sent.
    pub(super) fn push(&mut self, rumor: Rumor, fit: impl Fn(Rumor) -> bool) {
        if let Some(queue) = &mut self.plain {
            return queue.push_back(rumor);
        }
        if self.waiting.len() >= self.most {
            self.drop_unfit(fit);
        }
        if self.waiting.len() == self.waiting.capacity() {
            // An eighth more each time, since what is never used would be most of it among 100,000 members.
            self.waiting.reserve_exact(self.waiting.len() / 8 + 8);
        }
        self.waiting.push(rumor);
        match self.levels.first_mut() {
            Some(never) => *never += 1,
            None => self.levels.push(1),
        }
    }

    /// Rumors that would be dropped when it is their turn are dropped now.
    fn drop_unfit(&mut self, fit: impl Fn(Rumor) -> bool) {
        let (mut kept, mut next) = (0, 0);
        for level in self.levels.iter_mut().rev() {
            let before = kept;
            for _ in 0..*level {
                let rumor = self.waiting[next];
                next += 1;
                if fit(rumor) {
                    self.waiting[kept] = rumor;
                    kept += 1;
                }
            }
            *level = (kept - before) as u32;
        }
        self.waiting.truncate(kept);
        self.most = FEW.max(kept + kept / 4);
    }

    /// Chooses what fits into so many bytes; each of it counts as sent once more, and is gone after `limit` times.
    pub(super) fn take(
        &mut self,
        bytes: u32,
        limit: u32,
        told: impl Fn(Rumor) -> Option<Update>,
        news: &mut Vec<Update>,
    ) {
        let mut room = Room { left: bytes, news };
        if self.plain.is_some() {
            return self.take_plain(room, told);
        }
        // What is before `next` was not looked at; what is chosen gathers from `kept` on.
        let (mut next, mut kept) = (self.waiting.len(), self.waiting.len());
        let mut passed_on = 0;
        for level in 0..self.levels.len() {
            let start = next - self.levels[level] as usize;
            let chosen_from = kept;
            let mut full = false;
            while next > start {
                let rumor = self.waiting[next - 1];
                if let Some(update) = told(rumor) {
                    full = !room.takes(update);
                    if full {
                        break;
                    }
                    if level as u32 + 1 < limit {
                        kept -= 1;
                        self.waiting[kept] = rumor;
                    }
                }
                next -= 1;
            }
            let chosen = chosen_from - kept;
            self.levels[level] = (next - start) as u32 + passed_on;
            passed_on = chosen as u32;
            if full {
                // What was not looked at stays at its level, so that what was chosen from it goes below.
                self.waiting.copy_within(kept.., next);
                self.waiting.truncate(self.waiting.len() - (kept - next));
                self.waiting[start..next + chosen].rotate_right(chosen);
                return self.rise(level + 1, passed_on);
            }
        }
        self.waiting.drain(next..kept);
        self.rise(self.levels.len(), passed_on);
        if self.waiting.is_empty() {
            *self = Self::new(false);
        }
    }

    /// More rumors come to a level.
    fn rise(&mut self, level: usize, more: u32) {
        match self.levels.get_mut(level) {
            Some(waiting) => *waiting += more,
            None if more > 0 => self.levels.push(more),
            None => {}
        }
    }

    fn take_plain(&mut self, mut room: Room<'_>, told: impl Fn(Rumor) -> Option<Update>) {
        let Some(queue) = &mut self.plain else { return };
        for _ in 0..queue.len() {
            let Some(rumor) = queue.front().copied() else { break };
            if let Some(update) = told(rumor) {
                if !room.takes(update) {
                    break;
                }
                queue.push_back(rumor);
            }
            queue.pop_front();
        }
    }
}

/// What is left of a packet.
struct Room<'a> {
    left: u32,
    news: &'a mut Vec<Update>,
}

impl Room<'_> {
    /// Takes an update in, if it fits.
    #[inline]
    fn takes(&mut self, update: Update) -> bool {
        let fits = update.bytes() <= self.left;
        if fits {
            self.left -= update.bytes();
            self.news.push(update);
        }
        fits
    }
}

#[cfg(test)]
mod tests {
    use sim_core::identity::NodeId;
    use sim_core::random::mix64;

    use super::super::rumor::Said;
    use super::super::subjects::Subject;
    use super::super::vocabulary::Status;
    use super::*;

    fn rumor(node: u32) -> Rumor {
        Rumor::new(Subject(node), Said::new(Status::Dead, 0), 0)
    }

    fn update(rumor: Rumor) -> Update {
        Update { node: NodeId(rumor.subject().0), status: Status::Dead, incarnation: 0, from: NodeId(0) }
    }

    fn any(rumor: Rumor) -> Option<Update> {
        Some(update(rumor))
    }

    /// Takes what fits: `most` updates.
    fn take_of(
        all: &mut Broadcasts,
        most: u32,
        limit: u32,
        told: impl Fn(Rumor) -> Option<Update>,
    ) -> Vec<u32> {
        let mut news = Vec::new();
        all.take(most * update(rumor(0)).bytes(), limit, told, &mut news);
        news.iter().map(|update| update.node.0).collect()
    }

    fn take(all: &mut Broadcasts, most: u32, limit: u32) -> Vec<u32> {
        take_of(all, most, limit, any)
    }

    #[test]
    fn what_was_sent_least_often_comes_first_and_of_that_the_newest() {
        let mut all = Broadcasts::new(false);
        (1..=3).for_each(|node| all.push(rumor(node), |_| true));
        assert_eq!(take(&mut all, 2, 9), [3, 2]);
        assert_eq!(take(&mut all, 2, 9), [1, 3]);
        all.push(rumor(4), |_| true);
        assert_eq!(take(&mut all, 9, 9), [4, 1, 2, 3], "sent 0, 1, 1 and 2 times");
    }

    #[test]
    fn each_is_sent_so_often_and_no_more() {
        let mut all = Broadcasts::new(false);
        (1..=2).for_each(|node| all.push(rumor(node), |_| true));
        let sent: Vec<_> = std::iter::from_fn(|| Some(take(&mut all, 1, 3)).filter(|sent| !sent.is_empty()))
            .flatten()
            .collect();
        assert_eq!(sent.len(), 6);
        assert!(all.is_empty());
    }

    /// The same as lists: one stack for each number of sendings.
    #[derive(Default)]
    struct Stacks {
        stacks: Vec<Vec<u32>>,
    }

    impl Stacks {
        fn push(&mut self, level: usize, node: u32) {
            self.stacks.resize(self.stacks.len().max(level + 1), Vec::new());
            self.stacks[level].push(node);
        }

        fn take(&mut self, most: usize, limit: usize, fit: impl Fn(u32) -> bool) -> Vec<u32> {
            let mut chosen = Vec::new();
            'levels: for level in 0..self.stacks.len() {
                while let Some(node) = self.stacks[level].pop() {
                    if fit(node) && chosen.len() == most {
                        self.stacks[level].push(node);
                        break 'levels;
                    }
                    if fit(node) {
                        chosen.push((level + 1, node));
                    }
                }
            }
            for (level, node) in chosen.iter().rev().filter(|(level, _)| *level < limit) {
                self.push(*level, *node);
            }
            chosen.into_iter().map(|(_, node)| node).collect()
        }
    }

    #[test]
    fn it_is_a_stack_for_each_number_of_sendings() {
        for seed in 0..40_u64 {
            let (mut all, mut stacks) = (Broadcasts::new(false), Stacks::default());
            let mut unfit = sim_core::ordered::OrderedSet::new();
            let mut next = 0;
            for step in 0..2_000 {
                let word = mix64(seed << 32 | step);
                let limit = 3 + (word >> 40) as u32 % 3;
                let fits = |node: u32| !unfit.contains(&node);
                let told = |rumor: Rumor| any(rumor).filter(|update| fits(update.node.0));
                if word % 7 < 3 {
                    all.push(rumor(next), |rumor| told(rumor).is_some());
                    stacks.push(0, next);
                    next += 1;
                } else if word % 7 < 6 {
                    let most = (word >> 8) as u32 % 6;
                    let sent = take_of(&mut all, most, limit, told);
                    assert_eq!(sent, stacks.take(most as usize, limit as usize, fits), "{seed} {step}");
                } else if next > 0 {
                    unfit.insert((word >> 16) as u32 % next);
                }
                assert_eq!(all.waiting.len(), all.levels.iter().sum::<u32>() as usize);
            }
            let told = |rumor: Rumor| any(rumor).filter(|update| !unfit.contains(&update.node.0));
            assert_eq!(
                take_of(&mut all, 9_999, 1, told).len(),
                stacks.take(9_999, 1, |node| !unfit.contains(&node)).len()
            );
            assert!(all.is_empty());
        }
    }

    #[test]
    fn what_is_no_longer_so_takes_no_room_among_many() {
        let mut all = Broadcasts::new(false);
        for node in 0..10_000 {
            let fit = |it: u32| it.is_multiple_of(100) || it + 10 > node;
            all.push(rumor(node), |rumor| fit(update(rumor).node.0));
        }
        assert!(all.waiting.len() < 300, "{}", all.waiting.len());
        let hundreds = |rumor| any(rumor).filter(|update| update.node.0.is_multiple_of(100));
        let told = take_of(&mut all, 10_000, 9, hundreds);
        assert_eq!(told, (0..100).rev().map(|hundred| hundred * 100).collect::<Vec<_>>(), "the newest first");
    }

    #[test]
    fn a_plain_queue_never_ends() {
        let mut all = Broadcasts::new(true);
        (1..=2).for_each(|node| all.push(rumor(node), |_| true));
        let sent: Vec<_> = (0..6).flat_map(|_| take(&mut all, 1, 3)).collect();
        assert_eq!(sent, [1, 2, 1, 2, 1, 2]);
        assert!(!all.is_empty());
    }
}
