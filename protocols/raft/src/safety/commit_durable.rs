//! A commit rests on the disks of a majority (Raft paper, sections 5.3 and 5.4).
//!
//! Judged when an index is first reported as committed: a majority of the voters, by the last configuration in
//! the log of who reports it (of both majorities, while a change is joint), must hold the log up to there where no crash can take it, by the world's own marks, not by what servers say.
//!
//! Counting the members at each such commit is O(1) amortised: a commit of a new index follows an append at a majority
//! of them. A traitor counts as holding everything, since an honest leader cannot know better. So does, of what it
//! held, a server whose disk was lost later: who returns there is somebody else and never votes in its name.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::{Ground, Place};
use sim_core::identity::{NodeId, Slot};
use sim_core::process::{Protocol, Role};

use super::configs::Configs;
use super::holding::Holding;
use super::majority::is_majority;
use crate::vocabulary::RaftObservation;

/// Follows the log of each server.
#[derive(Debug, Default)]
pub struct CommitDurable {
    /// Who lives in each slot, if it is a server.
    members: BySlot<Option<Member>>,
    /// Servers whose disks were lost.
    gone: Vec<Member>,
    begun: bool,
    /// The highest index that was judged.
    judged: u64,
    configs: Configs,
}

#[derive(Debug)]
struct Member {
    node: NodeId,
    log: Holding,
    traitor: bool,
}

impl Member {
    fn new(node: NodeId) -> Self {
        Self { node, log: Holding::default(), traitor: false }
    }
}

impl CommitDurable {
    /// Of a cluster whose members all vote but for the last few.
    pub fn new(members: u32, learners: u32) -> Self {
        Self { configs: Configs::new(members, learners), ..Self::default() }
    }

    #[inline]
    fn begin(&mut self, ground: &Ground) {
        if !self.begun {
            self.enroll(ground);
        }
    }

    #[cold]
    fn enroll(&mut self, ground: &Ground) {
        self.begun = true;
        for (slot, place) in ground.members() {
            *self.members.at(slot) = Some(Member::new(place.node));
        }
    }

    /// Who lives in a slot; a server that came later is one, too.
    #[inline]
    fn member(&mut self, ground: &Ground, slot: Slot) -> Option<&mut Member> {
        let place = ground.place(slot);
        if place.role != Role::Member {
            return None;
        }
        let known = self.members.get(slot).and_then(Option::as_ref);
        if known.is_none_or(|member| member.node != place.node) {
            self.moves_in(place, slot);
        }
        self.members.get_mut(slot).and_then(Option::as_mut)
    }

    #[cold]
    fn moves_in(&mut self, place: &Place, slot: Slot) {
        let member = self.members.at(slot).get_or_insert_with(|| Member::new(place.node));
        if member.node != place.node {
            // Its disk was lost, and somebody else lives here now.
            self.gone.push(std::mem::replace(member, Member::new(place.node)));
        }
    }

    /// Whether a server holds the log up to an index, where no crash can take it or anyhow.
    fn holds(&self, ground: &Ground, voter: NodeId, (index, hash): (u64, u64), durably: bool) -> bool {
        let here = ground.slot_of(voter).and_then(|slot| {
            let member = self.members.get(slot)?.as_ref().filter(|member| member.node == voter)?;
            let log = &member.log;
            let holds = if durably {
                log.holds_durably(index, hash, ground.place(slot))
            } else {
                log.holds(index, hash)
            };
            Some(member.traitor || holds)
        });
        // Nothing takes what was durable when its disk was lost: its name holds it, and never votes again.
        let gone = || self.gone.iter().find(|member| member.node == voter);
        here.unwrap_or_else(|| gone().is_some_and(|member| member.traitor || member.log.holds(index, hash)))
    }

    #[inline(never)]
    fn judge<P: Protocol<Observation = RaftObservation>>(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, P>,
        index: u64,
        hash: u64,
        findings: &mut Findings,
    ) {
        let node = seen.node;
        self.judged = index;
        findings.exercised();
        let config = self.configs.of(seen.slot);
        let durable = |voter| self.holds(ground, voter, (index, hash), true);
        if !is_majority(config, durable) {
            let anyhow = |voter| self.holds(ground, voter, (index, hash), false);
            let shape = if is_majority(config, anyhow) { "not-durable" } else { "not-replicated" };
            let voters = config.everybody();
            let durably = voters.iter().filter(|voter| durable(**voter)).count();
            let all = voters.len();
            let message = format!("{node} committed index {index}, durable at {durably} of {all} members");
            let holders = voters.iter().copied().filter(|voter| *voter != node && durable(*voter));
            let nodes: Vec<_> = std::iter::once(node).chain(holders).collect();
            findings.safety(shape, &nodes, message);
        }
    }
}

impl CommitDurable {
    /// A server's log is longer, or another one.
    #[inline(always)]
    pub(super) fn appended<P: Protocol<Observation = RaftObservation>>(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, P>,
    ) {
        self.begin(ground);
        let floor = self.judged.saturating_add(1);
        if let Some(member) = self.member(ground, seen.slot) {
            member.log.follow(seen, floor);
        }
    }

    /// A server reports what is committed; the first to do so is judged.
    #[inline(always)]
    pub(super) fn committed<P: Protocol<Observation = RaftObservation>>(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, P>,
        (index, hash): (u64, u64),
        findings: &mut Findings,
    ) {
        self.begin(ground);
        if index > self.judged {
            self.judge(ground, seen, index, hash, findings);
        }
    }
}

impl<P: Protocol<Observation = RaftObservation>> Check<P> for CommitDurable {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Appended", "Truncated", "Recovered", "SnapshotInstalled", "ConfigAppended", "Committed"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            RaftObservation::Appended { .. } => self.appended(ground, seen),
            RaftObservation::Committed { index, hash, .. } => {
                self.committed(ground, seen, (index, hash), findings);
            }
            _ => {
                self.configs.follow(seen);
                self.appended(ground, seen);
            }
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        self.begin(ground);
        // Who lived in a slot that was wiped is put aside here.
        let Some(member) = self.member(ground, slot) else { return };
        match event {
            Lifecycle::Crashed => member.log.crashed(ground.place(slot)),
            Lifecycle::Corrupted => member.traitor = true,
            Lifecycle::Wiped | Lifecycle::Booted | Lifecycle::Healed => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::CommitDurable;
    use crate::configuration::Configuration;
    use crate::safety::script::{Script, appended, counted, recovered, told};
    use crate::vocabulary::RaftObservation;
    use sim_core::identity::NodeId;

    fn script(members: u32) -> Script<CommitDurable> {
        Script::new(CommitDurable::new(members, 0), members)
    }

    #[test]
    fn a_commit_on_the_disks_of_a_majority_is_judged_once() {
        let mut script = script(5);
        for slot in 0..3 {
            script.write(slot, appended(1, 1, 11)).write(slot, appended(2, 1, 12)).sync(slot);
        }
        script.see(0, counted(2, 12, 1)).see(1, told(1, 11, 1)).see(1, told(2, 12, 1)).clean();
        assert_eq!(script.exercised(), 1);
    }

    #[test]
    fn a_commit_on_too_few_logs_is_found() {
        let mut script = script(4);
        script.write(0, appended(1, 1, 11)).sync(0).write(1, appended(1, 1, 11)).sync(1);
        script.write(2, appended(1, 2, 21)).sync(2).see(0, counted(1, 11, 1));
        script.found("not-replicated", "n1 committed index 1, durable at 2 of 4 members");
    }

    #[test]
    fn a_commit_that_counts_what_is_not_on_disk_is_found() {
        let mut script = script(3);
        script.write(0, appended(1, 1, 11)).sync(0).write(1, appended(1, 1, 11)).see(0, counted(1, 11, 1));
        script.found("not-durable", "n1 committed index 1, durable at 1 of 3 members");
    }

    #[test]
    fn what_a_crash_took_does_not_count() {
        let mut script = script(3);
        script.write(0, appended(1, 1, 11)).sync(0).write(1, appended(1, 1, 11)).write(1, appended(2, 1, 12));
        script.crash(1, 0).recover(1, recovered(1, 0, 0)).see(0, counted(1, 11, 1));
        script.found("not-replicated", "n1 committed index 1, durable at 1 of 3 members");
    }

    #[test]
    fn what_was_dropped_does_not_count() {
        let mut script = script(3);
        script.write(0, appended(1, 1, 11)).sync(0).write(1, appended(1, 1, 11)).sync(1);
        script.write(1, RaftObservation::Truncated { from: 1 }).write(1, appended(1, 2, 21)).sync(1);
        script.see(0, counted(1, 11, 1));
        script.found("not-replicated", "n1 committed index 1, durable at 1 of 3 members");
    }

    #[test]
    fn what_was_dropped_counts_again_if_the_crash_took_the_dropping() {
        let mut script = script(3);
        script.write(0, appended(1, 1, 11)).write(0, appended(2, 1, 12)).sync(0);
        script.write(1, appended(1, 1, 11)).write(1, appended(2, 1, 12)).sync(1);
        script.write(1, RaftObservation::Truncated { from: 2 }).write(1, appended(2, 2, 22));
        script.crash(1, 0).recover(1, recovered(1, 2, 12)).see(0, counted(2, 12, 1)).clean();
    }

    #[test]
    fn what_survived_a_crash_counts_while_its_server_is_down_or_gone() {
        let mut script = script(3);
        script.write(0, appended(1, 1, 11)).write(1, appended(1, 1, 11)).sync(1).crash(1, 0).wipe(1);
        script.recover(1, recovered(0, 0, 0)).sync(0).see(0, counted(1, 11, 1)).clean();
        // But whoever is there now is no member, whatever it writes.
        script.write(0, appended(2, 1, 12)).sync(0).write(1, appended(2, 1, 12)).sync(1);
        script.see(0, counted(2, 12, 1));
        script.found("not-replicated", "n1 committed index 2, durable at 1 of 3 members");
    }

    #[test]
    fn a_newcomer_that_votes_counts_whether_it_came_to_a_place_of_its_own_or_not() {
        let config = |nodes: &[u32]| {
            let voters: Vec<NodeId> = nodes.iter().copied().map(NodeId).collect();
            RaftObservation::ConfigAppended { index: 1, term: 1, config: Configuration::of(&voters).into() }
        };
        let mut script = script(3);
        script.write(0, appended(1, 1, 11)).sync(0).crash(1, 0).wipe(1);
        // The second server is somebody else now, and the third is not asked any more.
        script
            .see(0, config(&[0, 101]))
            .write(1, appended(1, 1, 11))
            .sync(1)
            .see(0, counted(1, 11, 1))
            .clean();
        script.write(0, appended(2, 1, 12)).sync(0).write(1, appended(2, 1, 12)).see(0, counted(2, 12, 1));
        script.found("not-durable", "n1 committed index 2, durable at 1 of 2 members");
    }

    #[test]
    fn a_log_found_at_the_start_is_on_disk() {
        let mut script = script(3);
        script.see(0, recovered(2, 5, 15)).see(1, recovered(2, 4, 14)).write(0, appended(6, 3, 16)).sync(0);
        script
            .write(1, appended(5, 2, 15))
            .write(1, appended(6, 3, 16))
            .sync(1)
            .see(0, counted(6, 16, 3))
            .clean();
    }

    #[test]
    fn a_traitor_is_taken_at_its_word() {
        let mut script = script(3);
        script.corrupt(2).write(0, appended(1, 1, 11)).sync(0).see(0, counted(1, 11, 1)).clean();
        script.see(2, counted(9, 99, 1)).clean();
        assert_eq!(script.exercised(), 1);
    }
}
