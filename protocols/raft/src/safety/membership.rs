//! Changes of membership (dissertation, chapter 4, with the correction of 2015).
//!
//! A leader appends a configuration only when the last one is committed and so is an entry of its own term. It changes the
//! voters by one, or is joint with the voters before, or ends what was joint. What ends waits for no entry of its own term: the joint
//! configuration is committed, so that every later leader has it and needs a majority of the new voters. And only voters stand for election, or whoever
//! was one before a change that it does not know to be committed (section 4.2.2). A snapshot carries the configuration that is in force
//! where it was taken (section 5.1). A leader that a committed change has removed leads no more (section 4.2.2), one that has applied a
//! joint configuration ends it with the next one (section 4.3), and a learner becomes
//! a voter only once it has what is committed (section 4.2.1).

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::time::Time;

use super::configs::Configs;
use crate::configuration::{Config, Configuration};
use crate::vocabulary::RaftObservation;
use sim_core::check::BySlot;
use sim_core::process::Protocol;

/// Follows each server's configurations, and what leaders have committed.
#[derive(Debug, Default)]
pub struct Membership {
    configs: Configs,
    servers: BySlot<Server>,
    /// Who was a voter in a configuration of its own log after genesis.
    voted: BySlot<Option<NodeId>>,
    /// By slot: how far the log of who lives there ever reached, whatever became of it.
    reached: BySlot<Reach>,
    /// What was in force where somebody took a snapshot, by the log of who took it.
    taken: OrderedMap<u64, (NodeId, Config)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Server {
    /// The term that it leads.
    leads: Option<u64>,
    commit: u64,
    /// The highest term of an entry that it knows to be committed.
    commit_term: u64,
    /// Where the snapshot stands that it has installed or found.
    snapshot: u64,
    /// When it applied a change that ends something, in true time, while it leads: a joint one, which it has to end, or one by
    /// which it votes no more.
    applied: Option<Time>,
}

/// How far the log of an identity ever reached.
#[derive(Clone, Copy, Debug, Default)]
struct Reach {
    who: Option<NodeId>,
    index: u64,
}

impl Membership {
    /// Of a cluster whose members all vote but for the last few.
    pub fn new(members: u32, learners: u32) -> Self {
        Self {
            configs: Configs::new(members, learners),
            servers: BySlot::default(),
            voted: BySlot::default(),
            reached: BySlot::default(),
            taken: OrderedMap::new(),
        }
    }

    /// Somebody's log reaches up to an index.
    #[inline]
    fn reaches<P: Protocol<Observation = RaftObservation>>(&mut self, seen: &Seen<'_, P>, index: u64) {
        let reach = self.reached.at(seen.slot);
        let before = if reach.who == Some(seen.node) { reach.index } else { 0 };
        *reach = Reach { who: Some(seen.node), index: before.max(index) };
    }

    /// A leader makes somebody a voter, mostly a learner: it has, or had, what the leader knows to be committed. What a disk has lost since it
    /// was acknowledged, a leader cannot know.
    #[inline(never)]
    fn promoted<P: Protocol<Observation = RaftObservation>>(
        &self,
        ground: &Ground,
        seen: &Seen<'_, P>,
        (commit, next): (u64, &Configuration),
        findings: &mut Findings,
    ) {
        let before = self.configs.of(seen.slot);
        for learner in next.voters.iter().filter(|voter| !before.votes(**voter)) {
            let Some(slot) = ground.slot_of(*learner).filter(|slot| ground.place(*slot).honest) else {
                continue;
            };
            let reach = self.reached.get(slot).copied().unwrap_or_default();
            let index = if reach.who == Some(*learner) { reach.index } else { 0 };
            findings.exercised();
            if index < commit {
                let node = seen.node;
                let message = format!(
                    "{node} makes {learner} a voter, whose log never reached beyond {index}, while {commit} is committed"
                );
                findings.safety("behind", &[node, *learner], message);
            }
        }
    }

    /// A server appends an entry of a term.
    #[inline(always)]
    pub(super) fn appended<P: Protocol<Observation = RaftObservation>>(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, P>,
        (index, term): (u64, u64),
        findings: &mut Findings,
    ) {
        self.reaches(seen, index);
        if self.servers.get(seen.slot).is_some_and(|server| server.applied.is_some()) {
            self.leads_on(ground, seen, term, findings);
        }
    }

    /// A server knows that it is committed up to an index, where an entry of a term is.
    #[inline(always)]
    pub(super) fn committed(&mut self, slot: Slot, index: u64, entry_term: u64) {
        let server = self.servers.at(slot);
        server.commit = index;
        server.commit_term = server.commit_term.max(entry_term);
    }

    /// A server applies what is committed.
    #[inline(always)]
    pub(super) fn applied<P: Protocol<Observation = RaftObservation>>(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, P>,
        index: u64,
    ) {
        if self.servers.get(seen.slot).is_some_and(|server| server.leads.is_some()) {
            self.leader_applied(ground, seen, index);
        }
    }

    /// A leader applies what is committed: if it votes no more by then, this is the last thing that it does as a leader, and if
    /// the change is joint, its end is the next one.
    #[inline(never)]
    fn leader_applied<P: Protocol<Observation = RaftObservation>>(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, P>,
        index: u64,
    ) {
        let last = self.configs.last(seen.slot).map_or(0, |(last, _)| *last);
        let config = self.configs.of(seen.slot);
        if last <= index && (config.is_joint() || !config.votes(seen.node)) {
            let applied = &mut self.servers.at(seen.slot).applied;
            *applied = applied.or(Some(ground.now));
        }
    }

    /// A leader goes on: it was not removed before, and nothing joint is left for it to end.
    #[cold]
    fn leads_on<P: Protocol<Observation = RaftObservation>>(
        &self,
        ground: &Ground,
        seen: &Seen<'_, P>,
        term: u64,
        findings: &mut Findings,
    ) {
        let Some(Server { leads, applied: Some(since), .. }) = self.servers.get(seen.slot).copied() else {
            return;
        };
        if leads == Some(term) && since < ground.now {
            let (node, after) = (seen.node, ground.now.since(since));
            let (shape, what) = if self.configs.of(seen.slot).is_joint() {
                ("joint", "a joint change, which it did not end")
            } else {
                ("removed", "the change that removes it")
            };
            let message = format!(
                "{node} appends to its log as the leader of term {term} {after} after it applied {what}"
            );
            findings.safety(shape, &[node], message);
        }
    }

    #[inline(never)]
    fn proposed<P: Protocol<Observation = RaftObservation>>(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, P>,
        index: u64,
        next: &Config,
        findings: &mut Findings,
    ) {
        let Some(Server { leads: Some(term), commit, commit_term, .. }) =
            self.servers.get(seen.slot).copied()
        else {
            return;
        };
        findings.exercised();
        self.promoted(ground, seen, (commit, &next.0), findings);
        let node = seen.node;
        let last = self.configs.last(seen.slot).map_or(0, |(last, _)| *last);
        let (before, after) = (self.configs.of(seen.slot), &next.0);
        let ends = before.is_joint() && !after.is_joint();
        if last > commit {
            let message = format!(
                "{node} changes the membership at index {index} while the change at {last} is not committed"
            );
            findings.safety("two-at-once", &[node], message);
        } else if commit_term < term && !ends {
            let message = format!(
                "{node}, leader of term {term}, changes the membership before it has committed an entry of its term"
            );
            findings.safety("before-own-entry", &[node], message);
        }
        let fits = match (before.is_joint(), after.is_joint()) {
            (false, false) => before.distance(after) <= 1 && before.comings_and_goings(after) <= 1,
            (false, true) => after.outgoing == before.voters,
            (true, false) => after.voters == before.voters && after.learners == before.learners,
            (true, true) => false,
        };
        if !fits {
            let message = format!("{node} changes more than one server at index {index} in one step");
            findings.safety("too-much", &[node], message);
        }
    }

    /// Somebody takes a snapshot: its own log says which configuration is in force there.
    #[inline(never)]
    fn snapshot_taken<P: Protocol<Observation = RaftObservation>>(&mut self, seen: &Seen<'_, P>, index: u64) {
        let known = self.configs.up_to(seen.slot, index).map(|(_, config)| config.clone());
        let config = known.unwrap_or_else(|| self.configs.first().clone().into());
        self.taken.entry(index).or_insert((seen.node, config));
    }

    /// A snapshot brings the configuration that is in force where it was taken (dissertation, section 5.1).
    #[inline(never)]
    fn snapshot_found<P: Protocol<Observation = RaftObservation>>(
        &self,
        seen: &Seen<'_, P>,
        (index, config): (u64, &Config),
        findings: &mut Findings,
    ) {
        let installed = self.servers.get(seen.slot).is_some_and(|server| server.snapshot == index);
        let Some((taker, known)) = self.taken.get(&index).filter(|_| installed) else { return };
        findings.exercised();
        if known != config {
            let node = seen.node;
            let message = format!(
                "{node} has a snapshot up to index {index} with another configuration than {taker} used there"
            );
            findings.safety("snapshot", &[node, *taker], message);
        }
    }

    /// A leader stops leading since it was removed: that is committed by then, and not joint any more (section 4.2.2).
    #[inline(never)]
    fn steps_down<P: Protocol<Observation = RaftObservation>>(
        &self,
        seen: &Seen<'_, P>,
        findings: &mut Findings,
    ) {
        let Some(server) = self.servers.get(seen.slot) else { return };
        findings.exercised();
        let config = self.configs.of(seen.slot);
        let last = self.configs.last(seen.slot).map_or(0, |(last, _)| *last);
        if config.is_joint() || config.votes(seen.node) || last > server.commit {
            let node = seen.node;
            let message = format!("{node} stops leading before the change that removes it is committed");
            findings.safety("left-early", &[node], message);
        }
    }

    #[inline(never)]
    fn stands<P: Protocol<Observation = RaftObservation>>(
        &self,
        seen: &Seen<'_, P>,
        findings: &mut Findings,
    ) {
        findings.exercised();
        let node = seen.node;
        let commit = self.servers.get(seen.slot).map_or(0, |server| server.commit);
        let changes = self.configs.last(seen.slot).is_some_and(|(index, _)| *index > commit);
        let voted = self.configs.first().votes(node)
            || self.voted.get(seen.slot).is_some_and(|who| *who == Some(node));
        let stands_rightly = self.configs.of(seen.slot).votes(node) || (changes && voted);
        if !stands_rightly {
            let message = format!("{node} stands for election and is no voter in its own log");
            findings.safety("no-voter", &[node], message);
        }
    }
}

impl Membership {
    /// Something of what happens seldom.
    #[inline(never)]
    fn changes<P: Protocol<Observation = RaftObservation>>(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, P>,
        findings: &mut Findings,
    ) {
        match *seen.observation {
            RaftObservation::ConfigAppended { index, ref config, .. } => {
                self.proposed(ground, seen, index, config, findings);
                self.servers.at(seen.slot).applied = None;
                self.snapshot_found(seen, (index, config), findings);
                if config.0.votes(seen.node) {
                    *self.voted.at(seen.slot) = Some(seen.node);
                }
            }
            RaftObservation::BecameCandidate { .. } | RaftObservation::BecamePreCandidate { .. } => {
                self.stands(seen, findings);
            }
            RaftObservation::BecameLeader { term, .. } => self.servers.at(seen.slot).leads = Some(term),
            RaftObservation::BecameFollower { .. } => {
                let server = self.servers.at(seen.slot);
                (server.leads, server.applied) = (None, None);
            }
            RaftObservation::Recovered { last_index, .. } => self.reaches(seen, last_index),
            RaftObservation::SnapshotInstalled { index, last_index, .. } => {
                self.reaches(seen, index.max(last_index));
                let server = self.servers.at(seen.slot);
                server.commit = server.commit.max(index);
                server.snapshot = index;
            }
            RaftObservation::SnapshotTaken { index, .. } => self.snapshot_taken(seen, index),
            RaftObservation::Removed { .. } => self.steps_down(seen, findings),
            _ => {}
        }
        self.configs.follow(seen);
    }
}

impl<P: Protocol<Observation = RaftObservation>> Check<P> for Membership {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "ConfigAppended",
            "Truncated",
            "Recovered",
            "BecameCandidate",
            "BecamePreCandidate",
            "BecameLeader",
            "BecameFollower",
            "Appended",
            "Applied",
            "Committed",
            "SnapshotInstalled",
            "SnapshotTaken",
            "Removed",
        ])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            RaftObservation::Appended { index, term, .. } => {
                self.appended(ground, seen, (index, term), findings);
            }
            RaftObservation::Applied { index, .. } => self.applied(ground, seen, index),
            RaftObservation::Committed { index, entry_term, .. } => {
                self.committed(seen.slot, index, entry_term);
            }
            _ => self.changes(ground, seen, findings),
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Booted) {
            self.servers.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::Configuration;
    use crate::safety::script::{Script, appended as entry, counted, leads, recovered};

    fn config(voters: &[u32], outgoing: &[u32]) -> Config {
        let nodes = |list: &[u32]| list.iter().copied().map(NodeId).collect();
        Configuration { voters: nodes(voters), outgoing: nodes(outgoing), learners: Vec::new() }.into()
    }

    fn appended(index: u64, voters: &[u32], outgoing: &[u32]) -> RaftObservation {
        RaftObservation::ConfigAppended { index, term: 2, config: config(voters, outgoing) }
    }

    /// The leader of term 2 of four servers, with an entry of that term committed at index 5.
    fn leading() -> Script<Membership> {
        let mut script = Script::new(Membership::new(4, 0), 4);
        script.see(0, leads(2, 4)).see(0, counted(5, 15, 2));
        script
    }

    #[test]
    fn one_change_at_a_time_by_one_voter_or_jointly() {
        leading()
            .see(0, appended(6, &[0, 1, 2], &[]))
            .see(0, counted(6, 16, 2))
            .see(3, entry(6, 2, 16))
            .see(0, appended(7, &[2, 3], &[0, 1, 2]))
            .see(0, counted(7, 17, 2))
            .see(0, appended(8, &[2, 3], &[]))
            .clean();
        leading().see(0, appended(6, &[0, 1, 2], &[])).see(0, appended(7, &[0, 1], &[])).found(
            "two-at-once",
            "n1 changes the membership at index 7 while the change at 6 is not committed",
        );
        leading()
            .see(0, appended(6, &[0, 1], &[]))
            .found("too-much", "n1 changes more than one server at index 6 in one step");
    }

    #[test]
    fn whoever_becomes_a_voter_has_what_is_committed_learner_or_not() {
        let removed = || {
            let mut script = leading();
            script.see(0, appended(6, &[0, 1, 2], &[])).see(0, counted(6, 16, 2));
            script
        };
        removed().see(3, entry(6, 2, 16)).see(0, appended(7, &[0, 1, 2, 3], &[])).clean();
        removed()
            .see(0, appended(7, &[0, 1, 2, 3], &[]))
            .found("behind", "n1 makes n4 a voter, whose log never reached beyond 0, while 6 is committed");
    }

    #[test]
    fn an_entry_of_its_own_term_comes_first() {
        let mut script = Script::new(Membership::new(4, 0), 4);
        script.see(0, counted(5, 15, 1)).see(0, leads(2, 5)).see(0, appended(6, &[0, 1, 2], &[]));
        script.found(
            "before-own-entry",
            "n1, leader of term 2, changes the membership before it has committed an entry of its term",
        );
    }

    /// A new leader may know already that the joint configuration of the one before it is committed.
    #[test]
    fn what_is_joint_and_committed_ends_at_any_time() {
        let joint = |committed| {
            let mut script = Script::new(Membership::new(4, 0), 4);
            script.see(0, appended(5, &[3, 1], &[0, 1, 2, 3])).see(0, counted(committed, 15, 1));
            script.see(0, leads(2, 5)).see(0, appended(6, &[3, 1], &[]));
            script
        };
        joint(5).clean();
        joint(4).found(
            "two-at-once",
            "n1 changes the membership at index 6 while the change at 5 is not committed",
        );
    }

    #[test]
    fn a_snapshot_carries_the_configuration_that_is_in_force_where_it_was_taken() {
        let taken = |index| RaftObservation::SnapshotTaken { index, hash: 0, state: 0 };
        let installed =
            |index| RaftObservation::SnapshotInstalled { index, hash: 0, state: 0, last_index: index };
        let script = || {
            let mut script = leading();
            script
                .see(0, taken(5))
                .see(0, appended(6, &[0, 1, 2], &[]))
                .see(0, counted(7, 17, 2))
                .see(0, taken(7));
            script
        };
        script()
            .see(1, installed(5))
            .see(1, appended(5, &[0, 1, 2, 3], &[]))
            .see(1, installed(7))
            .see(1, appended(7, &[0, 1, 2], &[]))
            .clean();
        script().see(1, installed(5)).see(1, appended(5, &[0, 1, 2], &[])).found(
            "snapshot",
            "n2 has a snapshot up to index 5 with another configuration than n1 used there",
        );
        // An entry that happens to stand there in the log of a leader that is none any more.
        script().see(2, appended(7, &[0, 1, 3], &[])).clean();
    }

    #[test]
    fn a_learner_never_stands() {
        let mut script = Script::new(Membership::new(4, 1), 4);
        script
            .see(3, appended(6, &[0, 1], &[]))
            .see(3, RaftObservation::BecameCandidate { term: 3 })
            .found("no-voter", "n4 stands for election and is no voter in its own log");
    }

    #[test]
    fn only_voters_stand() {
        let stands = || RaftObservation::BecameCandidate { term: 3 };
        leading().see(3, stands()).clean();
        // What was truncated is not in force any more; a follower checks nothing that it is sent.
        leading()
            .see(3, appended(6, &[0, 1], &[]))
            .see(3, RaftObservation::Truncated { from: 6 })
            .see(3, stands())
            .clean();
        leading().see(3, appended(6, &[0, 1, 2], &[])).see(3, recovered(1, 5, 15)).see(3, stands()).clean();
        // Who was a voter stands until it knows that it is none any more: nobody else may have that change.
        leading().see(3, appended(6, &[0, 1, 2], &[])).see(3, stands()).clean();
        leading()
            .see(3, appended(6, &[0, 1, 2], &[]))
            .see(3, counted(6, 16, 2))
            .see(3, stands())
            .found("no-voter", "n4 stands for election and is no voter in its own log");
    }

    fn applied(index: u64) -> RaftObservation {
        RaftObservation::Applied {
            index,
            hash: 10 + index,
            state: 0,
            client: None,
            sequence: 0,
            repeated: false,
            answer: 0,
        }
    }

    /// The leader of term 2 has applied a change that removes it.
    fn removed() -> Script<Membership> {
        let mut script = leading();
        script.at(Time::from_nanos(10), 0).see(0, appended(6, &[1, 2, 3], &[])).see(0, applied(6));
        script
    }

    #[test]
    fn a_leader_that_is_removed_leads_no_more() {
        let next = || entry(7, 2, 17);
        removed().see(0, next()).clean();
        removed()
            .see(0, RaftObservation::BecameFollower { term: 2 })
            .at(Time::from_nanos(20), 0)
            .see(0, next())
            .clean();
        removed().at(Time::from_nanos(20), 0).see(0, entry(7, 3, 17)).clean();
        removed().at(Time::from_nanos(20), 0).see(0, next()).found(
            "removed",
            "n1 appends to its log as the leader of term 2 10ns after it applied the change that removes it",
        );
        // As long as the change is not applied, it leads.
        let mut script = leading();
        script
            .see(0, appended(6, &[1, 2, 3], &[]))
            .see(0, counted(6, 16, 2))
            .see(0, applied(5))
            .at(Time::from_nanos(20), 0)
            .see(0, next())
            .clean();
    }

    #[test]
    fn a_leader_that_is_removed_leads_until_that_is_committed() {
        let removed = || RaftObservation::Removed { term: 2 };
        leading().see(0, appended(6, &[1, 2, 3], &[])).see(0, counted(6, 16, 2)).see(0, removed()).clean();
        let found = "n1 stops leading before the change that removes it is committed";
        leading().see(0, appended(6, &[1, 2, 3], &[])).see(0, removed()).found("left-early", found);
        let mut joint = leading();
        joint.see(0, appended(6, &[1, 2, 3], &[0, 1, 2, 3])).see(0, counted(6, 16, 2)).see(0, removed());
        joint.found("left-early", found);
    }

    #[test]
    fn a_change_is_of_one_server_whether_it_votes_or_learns() {
        let learners = |voters: &[u32], outgoing: &[u32], learners: &[u32]| {
            let mut next = (*config(voters, outgoing).0).clone();
            next.learners = learners.iter().copied().map(NodeId).collect();
            RaftObservation::ConfigAppended { index: 6, term: 2, config: next.into() }
        };
        let learns = |config| {
            let mut script = leading();
            script.see(0, config).see(0, counted(6, 16, 2));
            script
        };
        let next = |config: RaftObservation| match config {
            RaftObservation::ConfigAppended { config, .. } => {
                RaftObservation::ConfigAppended { index: 7, term: 2, config }
            }
            other => other,
        };
        let (all, found) = ([0, 1, 2, 3], "n1 changes more than one server at index 7 in one step");
        learns(learners(&all, &[], &[4])).see(0, next(learners(&all, &[], &[4, 5]))).clean();
        learns(learners(&all, &[], &[4])).see(0, next(learners(&all, &[], &[5]))).found("too-much", found);
        let ends = |after| learns(learners(&[0, 1, 2], &all, &[4])).see(0, next(after)).violations();
        assert_eq!(ends(learners(&[0, 1, 2], &[], &[4])), 0);
        assert_eq!(ends(learners(&[0, 1, 2], &[], &[])), 1, "a learner is gone with what was joint");
    }

    #[test]
    fn a_leader_ends_what_is_joint_once_it_has_applied_that() {
        let joint = || {
            let mut script = leading();
            script
                .at(Time::from_nanos(10), 0)
                .see(0, appended(6, &[0, 1, 2], &[0, 1, 2, 3]))
                .see(0, entry(7, 2, 17));
            script.see(0, applied(6));
            script
        };
        joint().see(0, entry(8, 2, 18)).clean();
        joint().at(Time::from_nanos(20), 0).see(0, entry(8, 2, 18)).found(
            "joint",
            "n1 appends to its log as the leader of term 2 10ns after it applied a joint change, which it did not end",
        );
        let mut ends = joint();
        ends.see(0, counted(6, 16, 2)).see(0, appended(8, &[0, 1, 2], &[])).at(Time::from_nanos(20), 0);
        ends.see(0, entry(9, 2, 19)).clean();
        // Another leader has to, and does before it appends anything for a client.
        let mut next = joint();
        next.see(0, RaftObservation::BecameFollower { term: 2 }).at(Time::from_nanos(20), 0);
        next.see(0, entry(8, 3, 18)).clean();
    }

    #[test]
    fn a_learner_becomes_a_voter_once_it_has_what_is_committed() {
        let learner = || {
            let voters = [0, 1, 2].map(NodeId).to_vec();
            let config = Configuration { voters, outgoing: Vec::new(), learners: vec![NodeId(3)] };
            RaftObservation::ConfigAppended { index: 6, term: 2, config: config.into() }
        };
        let promoted = |reached: &[RaftObservation]| {
            let mut script = leading();
            script.see(0, learner()).see(0, counted(6, 16, 2));
            reached.iter().for_each(|seen| {
                script.see(3, seen.clone());
            });
            script.see(0, appended(7, &[0, 1, 2, 3], &[]));
            script
        };
        promoted(&[entry(6, 2, 16)]).clean();
        promoted(&[RaftObservation::SnapshotInstalled { index: 6, hash: 16, state: 0, last_index: 6 }])
            .clean();
        // What it had and lost, the leader cannot know.
        promoted(&[entry(6, 2, 16), RaftObservation::Truncated { from: 3 }]).clean();
        for reached in [&[][..], &[entry(5, 2, 15)]] {
            let index = reached.len() * 5;
            promoted(reached).found(
                "behind",
                &format!("n1 makes n4 a voter, whose log never reached beyond {index}, while 6 is committed"),
            );
        }
    }
}
