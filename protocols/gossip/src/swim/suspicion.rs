//! The suspicions of one member, each with the moment at which it becomes a death.
//!
//! With Lifeguard a suspicion begins with a long timeout, which independent confirmations shorten.

use sim_core::identity::NodeId;
use sim_core::time::{Duration, Time};

use super::settings::{Settings, remaining_suspicion};

/// How many accusers are remembered: more confirmations than this never count.
const ACCUSERS: usize = 6;

/// Not in the heap.
const NONE: u32 = u32::MAX;

/// One suspicion.
#[derive(Clone, Copy, Debug)]
struct Suspicion {
    node: NodeId,
    /// The size of the cluster when it began decides how long it lasts.
    members: u32,
    /// When it began.
    since: Time,
    deadline: Time,
    /// Its place in the heap of deadlines.
    rank: u32,
    /// How many accusers it has.
    accused: u8,
}

/// All suspicions of a member.
///
/// Among 100,000 members of whom a thousand crash, each has a thousand of them at once: some fifty bytes each.
#[derive(Clone, Debug, Default)]
pub(super) struct Suspicions {
    list: Vec<Suspicion>,
    /// Room for the accusers of each.
    accusers: Vec<NodeId>,
    /// How many have room.
    most: usize,
    /// A heap of places in the list, the earliest deadline first, and of equal ones the lowest number of a member.
    heap: Vec<u32>,
}

impl Suspicions {
    /// Begins one; where it is, from now on.
    pub(super) fn begin(
        &mut self,
        node: NodeId,
        from: NodeId,
        now: Time,
        members: u32,
        settings: &Settings,
    ) -> u32 {
        let wanted = settings.confirmations(members);
        let least = settings.suspicion_timeout(members);
        let length = if wanted == 0 { least } else { settings.longest_suspicion(members) };
        let deadline = now.saturating_add(length);
        if self.list.is_empty() {
            self.most = (settings.confirmations(u32::MAX) as usize + 1).min(ACCUSERS);
        }
        let place = self.list.len() as u32;
        self.list.push(Suspicion { node, members, since: now, deadline, rank: NONE, accused: 1 });
        self.accusers.push(from);
        self.accusers.resize(self.list.len() * self.most, NodeId(NONE));
        self.insert(place);
        place
    }

    /// The accusers of a suspicion.
    fn accusers(&self, place: usize) -> &[NodeId] {
        let start = place * self.most;
        &self.accusers[start..start + usize::from(self.list[place].accused)]
    }

    /// Somebody else says so, too; whether that is news.
    pub(super) fn confirm(&mut self, place: u32, from: NodeId, now: Time, settings: &Settings) -> bool {
        let index = place as usize;
        let Some(suspicion) = self.list.get(index).copied() else { return false };
        let wanted = settings.confirmations(suspicion.members);
        let accused = usize::from(suspicion.accused);
        let full = accused > wanted as usize || accused >= self.most;
        if full || self.accusers(index).contains(&from) {
            return false;
        }
        self.accusers[index * self.most + accused] = from;
        let least = settings.suspicion_timeout(suspicion.members);
        let most = settings.longest_suspicion(suspicion.members);
        let elapsed = now.since(suspicion.since);
        let left = remaining_suspicion(accused as u32, wanted, elapsed, least, most);
        let left = Duration::from_nanos(u64::try_from(left.max(0)).unwrap_or(u64::MAX));
        let suspicion = &mut self.list[index];
        suspicion.accused += 1;
        suspicion.deadline = suspicion.deadline.min(now.saturating_add(left));
        match suspicion.rank {
            NONE => self.insert(place),
            rank => self.rise(rank as usize),
        }
        true
    }

    /// Who accused last, of those who counted.
    pub(super) fn latest_accuser(&self, place: u32) -> Option<NodeId> {
        self.list.get(place as usize)?;
        self.accusers(place as usize).last().copied()
    }

    /// Ends one. Another one may move to its place: who it is about.
    pub(super) fn end(&mut self, place: u32) -> Option<NodeId> {
        let index = place as usize;
        let rank = self.list.get(index)?.rank;
        if rank != NONE {
            self.take_out(rank as usize);
        }
        let last = self.list.len() - 1;
        self.list.swap_remove(index);
        if index < last {
            self.accusers.copy_within(last * self.most..(last + 1) * self.most, index * self.most);
        }
        self.accusers.truncate(last * self.most);
        if self.list.is_empty() {
            *self = Self::default();
        }
        let moved = self.list.get(index)?;
        if moved.rank != NONE {
            self.heap[moved.rank as usize] = place;
        }
        Some(moved.node)
    }

    /// Nothing is due before this.
    #[inline]
    pub(super) fn earliest(&self) -> Time {
        self.heap.first().map_or(Time::MAX, |place| self.list[*place as usize].deadline)
    }

    /// Plant of the tests: what is due never comes.
    pub(super) fn forget_deadlines(&mut self, now: Time) {
        while self.earliest() <= now {
            self.take_out(0);
        }
    }

    /// The next deadline, and of whom.
    pub(super) fn next(&self) -> Option<(Time, NodeId)> {
        let first = &self.list[*self.heap.first()? as usize];
        Some((first.deadline, first.node))
    }

    fn insert(&mut self, place: u32) {
        self.heap.push(place);
        self.put(self.heap.len() - 1, place);
        self.rise(self.heap.len() - 1);
    }

    /// A place of the list comes to a rank.
    #[inline]
    fn put(&mut self, rank: usize, place: u32) {
        self.heap[rank] = place;
        self.list[place as usize].rank = rank as u32;
    }

    #[inline]
    fn key(&self, rank: usize) -> (Time, NodeId) {
        let suspicion = &self.list[self.heap[rank] as usize];
        (suspicion.deadline, suspicion.node)
    }

    fn swap(&mut self, one: usize, other: usize) {
        let (first, second) = (self.heap[one], self.heap[other]);
        self.put(one, second);
        self.put(other, first);
    }

    fn rise(&mut self, mut rank: usize) {
        while rank > 0 && self.key(rank) < self.key((rank - 1) / 2) {
            self.swap(rank, (rank - 1) / 2);
            rank = (rank - 1) / 2;
        }
    }

    fn sink(&mut self, mut rank: usize) {
        loop {
            let below = [2 * rank + 1, 2 * rank + 2].into_iter().filter(|child| *child < self.heap.len());
            let Some(child) = below.min_by_key(|child| self.key(*child)) else { return };
            if self.key(rank) <= self.key(child) {
                return;
            }
            self.swap(rank, child);
            rank = child;
        }
    }

    /// What is at a rank is in the heap no more.
    fn take_out(&mut self, rank: usize) {
        let last = self.heap.len() - 1;
        if rank < last {
            self.swap(rank, last);
        }
        if let Some(place) = self.heap.pop() {
            self.list[place as usize].rank = NONE;
        }
        if rank < last {
            self.rise(rank);
            self.sink(rank);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parameters::Parameters;
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_nanos(seconds * 1_000_000_000)
    }

    #[test]
    fn a_suspicion_is_long_alone_and_short_when_confirmed() {
        // Ten members on a local network: 4 s at least, 24 s at most, two confirmations.
        let settings = Settings::of(&Parameters::default());
        let mut all = Suspicions::default();
        let place = all.begin(NodeId(5), NodeId(1), at(0), 10, &settings);
        assert_eq!(all.next(), Some((at(24), NodeId(5))));
        assert!(!all.confirm(place, NodeId(1), at(1), &settings), "the first accuser confirms nothing");
        assert!(all.confirm(place, NodeId(2), at(1), &settings));
        let between = all.next().unwrap().0;
        assert!(at(10) < between && between < at(13), "{between}");
        assert!(all.confirm(place, NodeId(3), at(2), &settings));
        assert_eq!(all.next(), Some((at(4), NodeId(5))));
        assert!(!all.confirm(place, NodeId(4), at(2), &settings), "two are enough");
        assert_eq!(all.latest_accuser(place), Some(NodeId(3)));
    }

    #[test]
    fn a_confirmation_that_comes_late_ends_it_now() {
        let settings = Settings::of(&Parameters::default());
        let mut all = Suspicions::default();
        let place = all.begin(NodeId(5), NodeId(1), at(0), 10, &settings);
        for from in [2, 3] {
            all.confirm(place, NodeId(from), at(20), &settings);
        }
        assert_eq!(all.next(), Some((at(20), NodeId(5))));
    }

    #[test]
    fn without_lifeguard_or_with_too_few_members_it_is_short_from_the_start() {
        let fixed = Settings { dynamic_suspicion: false, ..Settings::of(&Parameters::default()) };
        let lan = Settings::of(&Parameters::default());
        for (settings, members) in [(&fixed, 10), (&lan, 3)] {
            let mut all = Suspicions::default();
            all.begin(NodeId(5), NodeId(1), at(0), members, settings);
            assert_eq!(all.next(), Some((at(4), NodeId(5))));
        }
    }

    #[test]
    fn what_ended_is_skipped_and_what_moved_is_told() {
        let settings = Settings::of(&Parameters::default());
        let mut all = Suspicions::default();
        all.begin(NodeId(5), NodeId(1), at(0), 3, &settings);
        all.begin(NodeId(6), NodeId(1), at(1), 3, &settings);
        assert_eq!(all.end(0), Some(NodeId(6)));
        assert_eq!(all.next(), Some((at(5), NodeId(6))));
        assert_eq!(all.end(0), None);
        assert_eq!(all.next(), None);
    }

    /// Deadlines, accusers and places against a list that is searched each time.
    #[test]
    fn deadlines_come_in_order_whatever_ends_and_moves() {
        use sim_core::random::mix64;
        let settings = Settings::of(&Parameters::default());
        let (mut all, mut places) = (Suspicions::default(), Vec::<NodeId>::new());
        for step in 0..20_000_u64 {
            let word = mix64(step);
            let node = NodeId((word % 40) as u32);
            let (now, from) = (at(step / 100), NodeId((word >> 20) as u32 % 5));
            match places.iter().position(|known| *known == node) {
                None => {
                    assert_eq!(all.begin(node, from, now, 100, &settings) as usize, places.len());
                    places.push(node);
                }
                Some(place) if (word >> 40).is_multiple_of(3) => {
                    places.swap_remove(place);
                    assert_eq!(all.end(place as u32), places.get(place).copied());
                }
                Some(place) => {
                    let was = all.latest_accuser(place as u32);
                    let news = all.confirm(place as u32, from, now, &settings);
                    assert_eq!(all.latest_accuser(place as u32), if news { Some(from) } else { was });
                }
            }
            let held: Vec<NodeId> = all.list.iter().map(|suspicion| suspicion.node).collect();
            assert_eq!(held, places);
            let first = all.list.iter().map(|suspicion| (suspicion.deadline, suspicion.node)).min();
            assert_eq!(all.next(), first);
            assert_eq!(all.earliest(), first.map_or(Time::MAX, |first| first.0));
        }
    }
}
