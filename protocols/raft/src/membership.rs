//! Changes of membership (dissertation, chapter 4).
//!
//! An operator asks the leader to add or remove somebody until that is done. A server is added as a learner first, and becomes
//! a voter once it has caught up. One change at a time: the next waits until the last is committed, and until the leader has
//! committed an entry of its own term (the correction of 2015): two leaders that each change the last configuration that they
//! know could otherwise have majorities that do not meet. A change goes in one step, or through a joint configuration.
//!
//! A leader changes nothing that would leave it without a majority of those that it hears. One that removes itself leads until
//! that is committed.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::configuration::{Config, Configuration};
use super::replication::{Leadership, Progress};
use super::server::{Role, Server};
use super::vocabulary::{Command, Raft, RaftMessage, RaftObservation};

impl Server {
    /// The configuration in force: the last one in the log.
    pub(super) fn config(&self) -> &Configuration {
        &self.config.0
    }

    /// Whether those who do something are a majority.
    pub(super) fn is_majority(&self, does: impl Fn(NodeId) -> bool) -> bool {
        // Plant R27: old and new voters are counted together.
        if self.plants.joint_is_union {
            self.config().united().majority(does)
        } else {
            self.config().majority(does)
        }
    }

    /// The highest value that a majority has reached, if it is higher than what is known. Most of the time it is not, which
    /// is counted without sorting.
    pub(super) fn majority_reached(&self, known: u64, of: impl Fn(NodeId) -> u64) -> Option<u64> {
        let config = self.config();
        if self.plants.joint_is_union {
            return Some(config.united().reached(of)).filter(|value| *value > known);
        }
        config.majority(|node| of(node) > known).then(|| config.reached(of))
    }

    /// A configuration was appended.
    pub(super) fn adopt(&mut self, index: u64, config: &Config, cx: &mut Context<'_, Raft>) {
        self.configs.push((index, config.clone()));
        self.use_last_config(cx);
        cx.observe(RaftObservation::ConfigAppended { index, term: self.term, config: config.clone() });
    }

    /// Says which configurations its log holds, but for that of the beginning: the last one is in force, and any other may be
    /// once what comes after it is dropped.
    pub(super) fn report_configs(&self, cx: &mut Context<'_, Raft>) {
        for (index, config) in self.configs.iter().filter(|(index, _)| *index > 0) {
            let (index, term, config) = (*index, self.term, config.clone());
            cx.observe(RaftObservation::ConfigAppended { index, term, config });
        }
    }

    /// Everything from an index on was dropped.
    pub(super) fn forget_configs(&mut self, from: u64, cx: &mut Context<'_, Raft>) {
        let before = self.configs.len();
        while self.configs.len() > 1 && self.configs.last().is_some_and(|(index, _)| *index >= from) {
            self.configs.pop();
        }
        if self.configs.len() < before {
            self.use_last_config(cx);
        }
    }

    /// The configuration as of an index, which is not before the log's base.
    pub(super) fn config_at(&self, index: u64) -> Config {
        let upto = self.configs.partition_point(|(at, _)| *at <= index);
        self.configs
            .get(upto.saturating_sub(1))
            .map_or_else(|| self.config.clone(), |(_, config)| config.clone())
    }

    pub(super) fn use_last_config(&mut self, cx: &Context<'_, Raft>) {
        let Some((_, config)) = self.configs.last() else { return };
        self.config = config.clone();
        self.members = self.config.0.everybody();
        let place = self.members.binary_search(&self.node);
        self.place = place.unwrap_or(usize::MAX);
        self.plain = self.config.0.is_plain(self.node);
        let next = self.log.last_index() + 1;
        let Self { role: Role::Leader(leadership), members, .. } = self else { return };
        let mut known = std::mem::take(&mut leadership.progress);
        leadership.heir = None;
        for member in members.iter() {
            let place = known.iter().position(|progress| progress.node == *member);
            let progress = place.map(|place| known.swap_remove(place));
            leadership
                .progress
                .push(progress.unwrap_or_else(|| Progress::new(*member, next, cx.monotonic())));
        }
    }

    /// Whether a configuration waits to be committed.
    fn changes(&self) -> bool {
        self.configs.last().is_some_and(|(index, _)| *index > self.commit)
    }

    /// Whether it may stand for election: it votes, or the change that removes it is not committed as far as it knows. It may
    /// be the only one whose log has that change, and the old voters need its vote or its log (dissertation, section 4.2.2).
    pub(super) fn may_stand(&self) -> bool {
        let voted = || match &self.configs[..] {
            [.., (_, before), _] => before.0.votes(self.node),
            _ => false,
        };
        self.plain || self.config().votes(self.node) || (self.changes() && voted())
    }

    /// An operator wants somebody in or out.
    pub(super) fn on_change(&mut self, from: NodeId, node: NodeId, add: bool, cx: &mut Context<'_, Raft>) {
        let Role::Leader(leadership) = &self.role else {
            let leader = self.leader;
            return cx.send(from, RaftMessage::ChangeReply { node, add, done: false, leader });
        };
        let config = self.config();
        let is_so = if add { config.voters.contains(&node) } else { !self.members.contains(&node) };
        let busy = self.changes() || config.is_joint();
        if is_so && !busy {
            return cx.send(from, RaftMessage::ChangeReply { node, add, done: true, leader: self.leader });
        }
        // Plant R25: an entry of its own term is not waited for.
        let ready = self.commit >= leadership.reading.first || self.plants.changes_before_own_commit;
        if is_so || busy || !ready || self.hands_over() {
            return;
        }
        if let Some(next) = self.next_config(node, add, cx) {
            self.propose(Command::Config { config: next.into() }, cx);
        }
    }

    /// The next step to what an operator wants, if it can be taken now.
    fn next_config(&self, node: NodeId, add: bool, cx: &Context<'_, Raft>) -> Option<Configuration> {
        let Role::Leader(Leadership { progress, .. }) = &self.role else { return None };
        let config = self.config();
        let recent = |progress: &&Progress| {
            progress.heard_within(self.parameters.election_timeout_max, cx.monotonic())
        };
        let hears = |other: NodeId| {
            other == self.node || progress.iter().filter(recent).any(|progress| progress.node == other)
        };
        let joint = self.parameters.joint;
        let next = match (add, config.learners.contains(&node)) {
            (true, false) => return Some(config.with_learner(node)),
            (true, true) => {
                let known = progress.iter().find(|progress| progress.node == node)?;
                if !hears(node) || known.matched < self.commit {
                    return None;
                }
                config.with_voters(config.voters_and(node), joint)
            }
            (false, true) => {
                let learners = config.learners.iter().copied().filter(|learner| *learner != node).collect();
                return Some(Configuration { learners, ..config.clone() });
            }
            (false, false) => config.with_voters(config.voters_without(node), joint),
        };
        next.majority(hears).then_some(next)
    }

    /// The commit index rose: what was joint comes to its end, and a leader that is no voter any more steps down.
    pub(super) fn after_commit(&mut self, cx: &mut Context<'_, Raft>) {
        if self.changes() || !matches!(self.role, Role::Leader(_)) {
            return;
        }
        if self.config().is_joint() {
            let next = Configuration { outgoing: Vec::new(), ..self.config().clone() };
            self.propose(Command::Config { config: next.into() }, cx);
        } else if !self.config().votes(self.node) {
            cx.observe(RaftObservation::Removed { term: self.term });
            self.become_follower(cx);
        }
    }
}
