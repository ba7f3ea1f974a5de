//! The leader's side of replication: who has what, what goes out, and what comes back.
//!
//! A follower is *probed* until one message has matched: one at a time, going back by the follower's hints. Then
//! messages are pipelined: the next index advances as they are sent, up to a window of unacknowledged messages. New
//! requests wait while the window is full and then travel as one batch. After a refusal the window is half of what
//! was under way and grows with each acknowledgment, as that of TCP does (RFC 5681): where the network reorders, each message
//! that overtakes another one is refused, and whole windows sent anew for each refusal were a flood.
//!
//! Heartbeats go to idle followers (paper, section 5.2): to whom nothing was sent for as long as a heartbeat's
//! interval. And to silent ones: entries may take long to be answered, since they wait for a disk, and a leader
//! that counts whom it hears must not take that for absence. A heartbeat claims the entry before the next index, so it
//! also finds out that something sent before was lost: the follower refuses it, and is probed again.

use std::collections::VecDeque;

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use super::reads::Reading;
use super::requests::Waiting;
use super::server::{ELECTION, HEARTBEAT, QUORUM, Role, Server};
use super::snapshot::Install;
use super::stalling::Stalling;
use super::vocabulary::{Command, Entry, Raft, RaftMessage, RaftObservation, RaftTimer};

/// What a leader knows about one follower.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) node: NodeId,
    /// The first index that was not sent yet.
    pub(super) next: u64,
    /// The snapshot that is sent to it, if it needs entries that are gone.
    pub(super) install: Option<Install>,
    /// The highest index known to be durable there.
    pub(super) matched: u64,
    /// Whether it is not known where the logs meet.
    probing: bool,
    /// The last index of each message with entries that is not acknowledged; at most the window.
    inflight: VecDeque<u64>,
    /// How wide the window may be, up to that of the parameters.
    room: usize,
    /// Whether anything was heard since the last check of the quorum.
    heard: bool,
    heard_at: Time,
    /// The last round that was answered, in which the leader asked whether it still leads.
    pub(super) round: u64,
    /// When anything was sent last.
    spoken: Time,
    /// When anything was heard last, or asked for by a heartbeat.
    silent_since: Time,
}

impl Progress {
    pub(super) fn new(node: NodeId, next: u64, now: Time) -> Self {
        let inflight = VecDeque::new();
        let (heard, spoken, silent_since) = (false, now, now);
        Self {
            node,
            next,
            install: None,
            matched: 0,
            probing: true,
            inflight,
            room: usize::MAX,
            heard,
            heard_at: Time::ZERO,
            round: 0,
            spoken,
            silent_since,
        }
    }

    /// How long it is until a heartbeat is due. A clock that was set back does not put it off.
    pub(super) fn heartbeat_in(&self, interval: Duration, now: Time) -> Duration {
        let idle_since = self.spoken.min(self.silent_since);
        if idle_since > now { Duration::ZERO } else { idle_since.saturating_add(interval).since(now) }
    }

    /// Something was said that it is to answer.
    pub(super) fn said(&mut self, now: Time) {
        (self.spoken, self.silent_since) = (now, now);
    }

    /// A snapshot is to be sent at once.
    pub(super) fn installs_now(&mut self) {
        self.inflight.clear();
        (self.spoken, self.silent_since) = (Time::ZERO, Time::ZERO);
    }

    /// It has installed a snapshot up to an index: what comes after is to be found out.
    pub(super) fn caught_up(&mut self, index: u64) {
        self.matched = self.matched.max(index);
        self.next = self.matched + 1;
        self.probing = false;
        self.inflight.clear();
    }

    /// Something was heard.
    pub(super) fn heard(&mut self, now: Time) {
        self.heard = true;
        self.heard_at = now;
        self.silent_since = now;
    }

    /// Whether something was heard within a time.
    pub(super) fn heard_within(&self, window: Duration, now: Time) -> bool {
        self.heard_at.saturating_add(window) > now
    }

    /// Whether a snapshot is on its way to it.
    pub(super) fn installs(&self) -> bool {
        self.install.is_some()
    }

    /// Whether it answers, and it is known where the logs meet.
    pub(super) fn follows(&self) -> bool {
        self.heard && !self.probing
    }

    fn may_send(&self, last_index: u64, window: u32) -> bool {
        let window = if self.probing { 1 } else { self.room.min(window as usize) };
        self.next <= last_index && self.inflight.len() < window && self.install.is_none()
    }

    fn sent(&mut self, last: u64, now: Time) {
        self.spoken = now;
        self.inflight.push_back(last);
        if !self.probing {
            self.next = last + 1;
        }
    }

    fn acknowledged(&mut self, index: u64, forgets: bool) {
        self.room = self.room.saturating_add(usize::from(index > self.matched));
        // Control C01: an acknowledgment that was overtaken takes back what a later one said.
        self.matched = if forgets { index } else { self.matched.max(index) };
        if self.probing {
            self.probing = false;
            self.inflight.clear();
            self.next = self.matched + 1;
            return;
        }
        self.next = self.next.max(index + 1);
        while self.inflight.front().is_some_and(|last| *last <= index) {
            self.inflight.pop_front();
        }
    }

    /// Goes back to where the follower says that the logs may meet; false if that is no news.
    fn refused(&mut self, hint: u64) -> bool {
        if hint + 1 >= self.next {
            return false;
        }
        self.next = hint + 1;
        self.probing = true;
        self.room = (self.inflight.len() / 2).max(1);
        self.inflight.clear();
        true
    }
}

/// What a server keeps while it leads.
#[derive(Debug)]
pub(super) struct Leadership {
    /// Every member by place; the leader's own is never used.
    pub(super) progress: Vec<Progress>,
    /// Scratch space for counting.
    pub(super) counted: Vec<u64>,
    /// How often anything above the commit index was acknowledged, for the bug that counts that.
    pub(super) acknowledgments: usize,
    /// The last index that was acknowledged, for the same.
    pub(super) acknowledged: u64,
    /// The commit index at the last heartbeat, for the control that tells it late.
    told: u64,
    /// What clients wait for.
    pub(super) waiting: Waiting,
    /// What is known about reads.
    pub(super) reading: Reading,
    /// To whom leadership is handed over, by place.
    pub(super) heir: Option<usize>,
}

impl Leadership {
    /// Whether those who were heard since the last time are a majority.
    pub(super) fn hears_majority(&mut self, is: impl Fn(&dyn Fn(NodeId) -> bool) -> bool) -> bool {
        let progress = &mut self.progress;
        let heard = |node| progress.iter().any(|progress| progress.node == node && progress.heard);
        let hears = is(&heard);
        progress.iter_mut().for_each(|progress| progress.heard = false);
        hears
    }

    /// How many followers were heard since the last time.
    pub(super) fn count_heard(&mut self) -> usize {
        self.progress
            .iter_mut()
            .filter_map(|progress| std::mem::take(&mut progress.heard).then_some(()))
            .count()
    }
}

impl Server {
    /// The votes are counted: leads, with an entry of its own term first, since only such an entry may be committed
    /// by counting and takes everything before it along (paper, section 8).
    pub(super) fn become_leader(&mut self, cx: &mut Context<'_, Raft>) {
        let last_index = self.log.last_index();
        let progress = self
            .members
            .iter()
            .map(|member| Progress::new(*member, last_index + 1, cx.monotonic()))
            .collect();
        self.role = Role::Leader(Leadership {
            progress,
            counted: Vec::new(),
            acknowledgments: 0,
            acknowledged: 0,
            told: 0,
            waiting: Waiting::default(),
            reading: Reading::since(last_index + 1),
            heir: None,
        });
        self.leader = Some(self.node);
        cx.observe(RaftObservation::BecameLeader { term: self.term, last_index });
        cx.cancel_timer(ELECTION);
        cx.set_timer(HEARTBEAT, self.parameters.heartbeat, RaftTimer::Heartbeat);
        // Plant R36: a leader never asks itself whether anybody answers.
        if self.parameters.check_quorum && !self.plants.no_check_quorum && !self.plants.lease_without_quorum {
            cx.set_timer(QUORUM, self.parameters.election_timeout_max, RaftTimer::Quorum);
        }
        self.set_transfer_timer(cx);
        self.propose(Command::Noop, cx);
    }

    /// Appends an entry of this leader and sends what may be sent. Its own disk works meanwhile (dissertation,
    /// section 10.2.1): its own copy counts once it is durable.
    pub(super) fn propose(&mut self, command: Command, cx: &mut Context<'_, Raft>) -> u64 {
        let index = self.append(Entry::new(self.term, command), cx);
        self.replicate(cx);
        index
    }

    /// Appends to log and journal, and says so.
    pub(super) fn append(&mut self, entry: Entry, cx: &mut Context<'_, Raft>) -> u64 {
        let term = entry.term();
        let config = match entry.command() {
            Command::Config { config } => Some(config.clone()),
            _ => None,
        };
        let (index, hash) = self.log.append(entry.clone());
        self.journal.write_entry(index, entry, cx);
        cx.observe_with(|| RaftObservation::Appended { index, term, hash });
        if let Some(config) = config {
            self.adopt(index, &config, cx);
        }
        index
    }

    /// Sends everything that may be sent. Followers with equal next indices share one message.
    pub(super) fn replicate(&mut self, cx: &mut Context<'_, Raft>) {
        self.start_installs(cx);
        let Self { role: Role::Leader(leadership), log, node, parameters, .. } = self else { return };
        let (last_index, window, now) = (log.last_index(), parameters.max_inflight, cx.monotonic());
        // Control C02: the commit index is told one heartbeat late, and everything is said twice.
        let noise = self.plants.noise;
        let commit = if noise { leadership.told } else { self.commit };
        let may_send = |progress: &Progress| progress.node != *node && progress.may_send(last_index, window);
        while let Some(first) = leadership.progress.iter().find(|progress| may_send(progress)) {
            let next = first.next;
            let entries = log.batch(next, parameters.max_batch);
            let last = next + entries.len() as u64 - 1;
            let message = RaftMessage::AppendEntries {
                term: self.term,
                prev_index: next - 1,
                prev_term: log.term_at(next - 1).unwrap_or(0),
                commit,
                entries,
            };
            let together = leadership.progress.iter_mut().filter_map(|progress| {
                let sends = progress.next == next && may_send(progress);
                sends.then(|| {
                    progress.sent(last, now);
                    progress.node
                })
            });
            if noise {
                let together: Vec<NodeId> = together.collect();
                cx.send_all(together.iter().copied(), message.clone());
                cx.send_all(together, message);
            } else {
                cx.send_all(together, message);
            }
        }
    }

    /// Speaks without entries to every follower that is due. Those with equal next indices share one message.
    pub(super) fn send_heartbeats(&mut self, cx: &mut Context<'_, Raft>) {
        self.send_chunks(cx);
        let Self { role: Role::Leader(leadership), log, node, parameters, .. } = self else { return };
        let (interval, now) = (parameters.heartbeat, cx.monotonic());
        let commit = if self.plants.noise { leadership.told } else { self.commit };
        let due = |progress: &Progress| {
            progress.node != *node
                && progress.heartbeat_in(interval, now) == Duration::ZERO
                && progress.install.is_none()
        };
        while let Some(first) = leadership.progress.iter().find(|progress| due(progress)) {
            let next = first.next;
            let message = RaftMessage::AppendEntries {
                term: self.term,
                prev_index: next - 1,
                prev_term: log.term_at(next - 1).unwrap_or(0),
                commit,
                entries: self.nothing.clone(),
            };
            let together = leadership.progress.iter_mut().filter_map(|progress| {
                let asked = progress.next == next && due(progress);
                asked.then(|| {
                    (progress.spoken, progress.silent_since) = (now, now);
                    progress.node
                })
            });
            cx.send_all(together, message);
        }
        leadership.told = self.commit;
        let followers = leadership.progress.iter().filter(|progress| progress.node != *node);
        let again = followers.map(|progress| progress.heartbeat_in(interval, now)).min();
        cx.set_timer(HEARTBEAT, again.unwrap_or(interval), RaftTimer::Heartbeat);
    }

    /// A follower answered.
    pub(super) fn on_append_reply(
        &mut self,
        place: usize,
        term: u64,
        success: bool,
        index: u64,
        cx: &mut Context<'_, Raft>,
    ) {
        // Plant: no answer teaches a term.
        if term > self.term && self.stall != Some(Stalling::NeverLearnsTerms) {
            return self.enter_term(term, cx);
        }
        let last_index = self.log.last_index();
        let Role::Leader(leadership) = &mut self.role else { return };
        if term != self.term || index > last_index {
            return;
        }
        let progress = &mut leadership.progress[place];
        progress.heard(cx.monotonic());
        if success {
            let news = index > progress.matched;
            progress.acknowledged(index, self.plants.forgets_matches);
            if news || self.plants.commits_by_acknowledgments {
                // Plant R11: it is counted how often something was acknowledged, not by whom.
                leadership.acknowledgments += usize::from(index > self.commit);
                leadership.acknowledged = index;
                self.commit_by_counting(cx);
            }
        } else if !progress.refused(index) {
            return;
        }
        self.hand_over(cx);
        // Nothing else changed that could let this leader send more.
        let Role::Leader(leadership) = &self.role else { return };
        // The members may have changed.
        let progress = leadership.progress.get(place);
        if progress.is_some_and(|progress| progress.may_send(last_index, self.parameters.max_inflight)) {
            self.replicate(cx);
        }
    }
}
