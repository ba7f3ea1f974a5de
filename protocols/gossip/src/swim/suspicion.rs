//! The suspicions of one member, each with the moment at which it becomes a death.
//!
//! With Lifeguard a suspicion begins with a long timeout, which independent confirmations shorten.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sim_core::identity::NodeId;
use sim_core::time::{Duration, Time};

use super::settings::{Settings, remaining_suspicion};

/// How many accusers are remembered: more confirmations than this never count.
const ACCUSERS: usize = 6;

/// One suspicion.
#[derive(Clone, Debug)]
struct Suspicion {
    node: NodeId,
    /// When it began.
    since: Time,
    deadline: Time,
    /// The size of the cluster when it began decides how long it lasts.
    members: u32,
    accusers: [NodeId; ACCUSERS],
    /// How many of them there are.
    accused: u8,
}

/// All suspicions of a member.
#[derive(Clone, Debug, Default)]
pub(super) struct Suspicions {
    list: Vec<Suspicion>,
    /// The deadlines, and some that were moved forward since.
    deadlines: BinaryHeap<Reverse<(Time, NodeId)>>,
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
        let mut accusers = [NodeId(u32::MAX); ACCUSERS];
        accusers[0] = from;
        self.list.push(Suspicion { node, since: now, deadline, members, accusers, accused: 1 });
        self.deadlines.push(Reverse((deadline, node)));
        (self.list.len() - 1) as u32
    }

    /// Somebody else says so, too; whether that is news.
    pub(super) fn confirm(&mut self, place: u32, from: NodeId, now: Time, settings: &Settings) -> bool {
        let Some(suspicion) = self.list.get_mut(place as usize) else { return false };
        let wanted = settings.confirmations(suspicion.members);
        let accused = usize::from(suspicion.accused);
        let full = accused > wanted as usize || accused >= ACCUSERS;
        if full || suspicion.accusers[..accused].contains(&from) {
            return false;
        }
        suspicion.accusers[accused] = from;
        suspicion.accused += 1;
        let least = settings.suspicion_timeout(suspicion.members);
        let most = settings.longest_suspicion(suspicion.members);
        let elapsed = now.since(suspicion.since);
        let left = remaining_suspicion(accused as u32, wanted, elapsed, least, most);
        let left = Duration::from_nanos(u64::try_from(left.max(0)).unwrap_or(u64::MAX));
        suspicion.deadline = suspicion.deadline.min(now.saturating_add(left));
        self.deadlines.push(Reverse((suspicion.deadline, suspicion.node)));
        true
    }

    /// Who accused last, of those who counted.
    pub(super) fn latest_accuser(&self, place: u32) -> Option<NodeId> {
        let suspicion = self.list.get(place as usize)?;
        suspicion.accusers.get(usize::from(suspicion.accused) - 1).copied()
    }

    /// Ends one. Another one may move to its place: who it is about.
    pub(super) fn end(&mut self, place: u32) -> Option<NodeId> {
        if place as usize >= self.list.len() {
            return None;
        }
        self.list.swap_remove(place as usize);
        if self.list.is_empty() {
            (self.list, self.deadlines) = (Vec::new(), BinaryHeap::new());
        }
        self.list.get(place as usize).map(|moved| moved.node)
    }

    /// Nothing is due before this.
    #[inline]
    pub(super) fn earliest(&self) -> Time {
        self.deadlines.peek().map_or(Time::MAX, |Reverse((deadline, _))| *deadline)
    }

    /// Plant of the tests: what is due never comes.
    pub(super) fn forget_deadlines(&mut self, now: Time) {
        while self.earliest() <= now {
            self.deadlines.pop();
        }
    }

    /// The next deadline, of whoever is suspected still; `place` tells where the suspicion of a member is.
    pub(super) fn next(&mut self, place: impl Fn(NodeId) -> Option<u32>) -> Option<(Time, NodeId)> {
        while let Some(Reverse((deadline, node))) = self.deadlines.peek().copied() {
            let suspicion = place(node).and_then(|place| self.list.get(place as usize));
            if suspicion.is_some_and(|suspicion| suspicion.node == node && suspicion.deadline == deadline) {
                return Some((deadline, node));
            }
            self.deadlines.pop();
        }
        None
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
        let here = |node| (node == NodeId(5)).then_some(place);
        assert_eq!(all.next(here), Some((at(24), NodeId(5))));
        assert!(!all.confirm(place, NodeId(1), at(1), &settings), "the first accuser confirms nothing");
        assert!(all.confirm(place, NodeId(2), at(1), &settings));
        let between = all.next(here).unwrap().0;
        assert!(at(10) < between && between < at(13), "{between}");
        assert!(all.confirm(place, NodeId(3), at(2), &settings));
        assert_eq!(all.next(here), Some((at(4), NodeId(5))));
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
        assert_eq!(all.next(|_| Some(place)), Some((at(20), NodeId(5))));
    }

    #[test]
    fn without_lifeguard_or_with_too_few_members_it_is_short_from_the_start() {
        let fixed = Settings { dynamic_suspicion: false, ..Settings::of(&Parameters::default()) };
        let lan = Settings::of(&Parameters::default());
        for (settings, members) in [(&fixed, 10), (&lan, 3)] {
            let mut all = Suspicions::default();
            all.begin(NodeId(5), NodeId(1), at(0), members, settings);
            assert_eq!(all.next(|_| Some(0)), Some((at(4), NodeId(5))));
        }
    }

    #[test]
    fn what_ended_is_skipped_and_what_moved_is_told() {
        let settings = Settings::of(&Parameters::default());
        let mut all = Suspicions::default();
        all.begin(NodeId(5), NodeId(1), at(0), 3, &settings);
        all.begin(NodeId(6), NodeId(1), at(1), 3, &settings);
        assert_eq!(all.end(0), Some(NodeId(6)));
        assert_eq!(all.next(|node| (node == NodeId(6)).then_some(0)), Some((at(5), NodeId(6))));
        assert_eq!(all.end(0), None);
        assert_eq!(all.next(|_| None), None);
    }
}
