//! What is committed, and what that does to the state machine.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::server::{APPLY, Role, Server};
use super::stalling::Stalling;
use super::vocabulary::{Command, Raft, RaftObservation, RaftTimer};

impl Server {
    /// Commits what a majority holds durably, this leader's own disk included, if it is an entry of this leader's
    /// term: entries of earlier terms are committed along with it, never by themselves (paper, section 5.4.2). Nobody
    /// is told: the commit index rides on the next message.
    pub(super) fn commit_by_counting(&mut self, cx: &mut Context<'_, Raft>) {
        if !matches!(self.role, Role::Leader(_)) {
            return;
        }
        // Plant R12: half of an even number of servers is taken for a majority.
        let quorum =
            if self.plants.half_is_a_majority { self.members.len().div_ceil(2) } else { self.quorum() };
        let own = self.journal.durable_index();
        let Role::Leader(leadership) = &mut self.role else { return };
        // Plant R11: so many acknowledgments commit what the last of them was for.
        if self.plants.commits_by_acknowledgments
            && leadership.acknowledged > self.commit
            && leadership.acknowledgments + 1 >= quorum
        {
            leadership.acknowledgments = 0;
            let index = leadership.acknowledged;
            return self.commit_to(index, true, cx);
        }
        if !self.plain {
            return self.commit_by_configuration(cx);
        }
        // Most acknowledgments leave too few above the commit index: that is counted without sorting.
        let above = leadership.progress.iter().filter(|progress| progress.matched > self.commit).count();
        if above + usize::from(own > self.commit) >= quorum {
            self.commit_what_most_hold(quorum, cx);
        }
    }

    /// A majority holds more than is committed: how much, and whether the leader may count it.
    #[inline(never)]
    fn commit_what_most_hold(&mut self, quorum: usize, cx: &mut Context<'_, Raft>) {
        let own = self.journal.durable_index();
        let Role::Leader(leadership) = &mut self.role else { return };
        let counted = &mut leadership.counted;
        counted.clear();
        counted.extend(leadership.progress.iter().map(|progress| progress.matched));
        // The leader's own place counts nothing by itself.
        counted.push(own);
        let index = held_by(counted, quorum);
        // Plant R03: no look at the term.
        let countable = self.plants.commit_old_term_by_counting || self.log.term_at(index) == Some(self.term);
        // Plant R14: no entry beyond one of an earlier term is counted.
        let stops = (self.stall == Some(Stalling::StopsAtOldTerms) || self.plants.commit_stops_at_old_terms)
            && self.log.term_at(self.commit + 1) != Some(self.term);
        if index > self.commit && countable && !stops {
            self.commit_to(index, true, cx);
        }
    }

    /// The same where not all members vote, or a change is joint.
    fn commit_by_configuration(&mut self, cx: &mut Context<'_, Raft>) {
        let own = self.journal.durable_index();
        let Role::Leader(leadership) = &self.role else { return };
        let matched = |node: NodeId| {
            let known = leadership.progress.iter().find(|progress| progress.node == node);
            if node == self.node { own } else { known.map_or(0, |progress| progress.matched) }
        };
        if let Some(index) = self.majority_reached(self.commit, matched)
            && self.log.term_at(index) == Some(self.term)
        {
            self.commit_to(index, true, cx);
        }
    }

    /// Commits what the leader says is committed.
    pub(super) fn commit_as_told(&mut self, index: u64, cx: &mut Context<'_, Raft>) {
        // Plant R08: what the leader says is taken, also if it is lower.
        if index > self.commit || (self.plants.commit_goes_back && index < self.commit) {
            self.commit_to(index, false, cx);
        }
    }

    fn commit_to(&mut self, index: u64, counted: bool, cx: &mut Context<'_, Raft>) {
        self.commit = index;
        let (hash, term) = (self.log.hash_at(index), self.term);
        let entry_term = self.log.term_at(index).unwrap_or(0);
        cx.observe_with(|| RaftObservation::Committed { index, hash, entry_term, term, counted });
        if self.parameters.apply_delay.is_zero() {
            self.apply_committed(cx);
        } else if !std::mem::replace(&mut self.applying, true) {
            cx.set_timer(APPLY, self.parameters.apply_delay, RaftTimer::Apply);
        }
    }

    /// What was committed meanwhile is applied.
    pub(super) fn on_apply_timeout(&mut self, cx: &mut Context<'_, Raft>) {
        self.applying = false;
        self.apply_committed(cx);
    }

    fn apply_committed(&mut self, cx: &mut Context<'_, Raft>) {
        while self.applied < self.commit {
            let index = self.applied + 1;
            let Some(entry) = self.log.entry(index) else { return };
            let outcome = match *entry.command() {
                Command::Apply { client, sequence, operation } => {
                    Some(self.store.apply(index, (client, sequence), operation, self.plants.no_sessions))
                }
                Command::Foreign { words } => {
                    self.decided.push_back((index, words));
                    None
                }
                Command::Noop | Command::Config { .. } => None,
            };
            self.applied = index;
            let (hash, state) = (self.log.hash_at(index), self.store.digest());
            let client = outcome.as_ref().map(|outcome| outcome.client);
            let sequence = outcome.as_ref().map_or(0, |outcome| outcome.sequence);
            let repeated = outcome.as_ref().is_some_and(|outcome| outcome.repeated);
            let answer = outcome.as_ref().map_or(0, |outcome| outcome.answer);
            cx.observe_with(|| RaftObservation::Applied {
                index,
                hash,
                state,
                client,
                sequence,
                repeated,
                answer,
            });
            if let Some(outcome) = outcome {
                self.on_applied(outcome, cx);
            }
        }
        self.after_commit(cx);
        self.maybe_take_snapshot(cx);
        self.serve_reads(cx);
    }
}

/// The highest of these indices that so many have reached. Who answers first is chance: of a few, the larger one is brought to the front as
/// often as it takes, with no turn that a processor could guess wrong.
fn held_by(indices: &mut [u64], quorum: usize) -> u64 {
    let place = quorum.saturating_sub(1).min(indices.len() - 1);
    if indices.len() > FEW {
        return *indices.select_nth_unstable_by(place, |left, right| right.cmp(left)).1;
    }
    (0..=place).for_each(|done| largest_first(&mut indices[done..]));
    indices[place]
}

/// Brings the largest index to the front.
fn largest_first(indices: &mut [u64]) {
    let Some((first, rest)) = indices.split_first_mut() else { return };
    let mut largest = *first;
    for other in rest {
        (largest, *other) = (largest.max(*other), largest.min(*other));
    }
    *first = largest;
}

/// Of so many, the place of one is found without sorting them.
const FEW: usize = 8;

#[cfg(test)]
mod tests {
    use super::held_by;

    /// As if they were sorted.
    #[test]
    fn what_so_many_hold_is_the_one_at_that_place() {
        for length in 1..=2 * super::FEW {
            for seed in 0..200_u64 {
                let mut word = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let mut draw = || {
                    word = word.rotate_left(7).wrapping_mul(0xd6e8_feb8_6659_fd93);
                    word >> 61
                };
                let indices: Vec<u64> = (0..length).map(|_| draw()).collect();
                let mut sorted = indices.clone();
                sorted.sort_unstable_by(|left, right| right.cmp(left));
                for quorum in 1..=length {
                    assert_eq!(
                        held_by(&mut indices.clone(), quorum),
                        sorted[quorum - 1],
                        "{indices:?} {quorum}"
                    );
                }
            }
        }
    }
}
