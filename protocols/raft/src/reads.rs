//! Reads that do not go through the log (dissertation, section 6.4): of every kind of object, since what is read is the state that
//! the log led to.
//!
//! *Read index*: a leader notes its commit index, asks a majority whether it still leads, and answers once it has applied
//! up to there. A new leader does not know yet what is committed: its index is that of its own first entry at least.
//!
//! *Leases*: a majority that answered a round has heard this leader after that round was sent, and votes for nobody else for
//! the shortest election timeout. So until then, by this leader's monotonic clock and less what two clocks may drift apart,
//! nobody needs to be asked. A lease ends before leadership is handed over. It rests on what voters heard, whatever term
//! they are in, and a server that has just booted does not know what it heard: it waits once.

use std::collections::VecDeque;

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use super::parameters::{Parameters, Reads};
use super::replication::Leadership;
use super::server::{Role, Server};
use super::timing::scaled;
use super::vocabulary::{Raft, RaftMessage, RaftObservation, ReadBy};
use objects::Operation;

/// A million parts.
const MILLION: u64 = 1_000_000;

/// What a leader keeps about reads.
#[derive(Debug, Default)]
pub(super) struct Reading {
    waiting: VecDeque<Waiting>,
    /// The rounds that are not confirmed, and the last that is: their number, and when they were sent.
    rounds: VecDeque<(u64, Time)>,
    last_round: u64,
    /// When the last round was sent.
    asked: Time,
    confirmed: u64,
    /// Until when no majority has to be asked.
    lease: Option<Time>,
    /// The index of this leader's first entry.
    pub(super) first: u64,
    /// Leadership was handed to somebody once, who may still take it: there is no lease any more.
    pub(super) no_lease: bool,
}

/// A read that is not answered yet.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    client: NodeId,
    sequence: u64,
    operation: Operation,
    by: ReadBy,
    /// It is answered once this is applied and this round is confirmed.
    index: u64,
    round: u64,
}

impl Reading {
    /// Of a leader whose first entry has this index.
    pub(super) fn since(first: u64) -> Self {
        Self { first, ..Self::default() }
    }

    /// Whether nobody else can lead now.
    pub(super) fn holds_lease(&self, now: Time) -> bool {
        !self.no_lease && self.lease.is_some_and(|until| now < until)
    }
}

impl Parameters {
    /// Whether servers must protect leases.
    pub fn leases(&self) -> bool {
        matches!(self.reads, Reads::Lease | Reads::Mixed)
    }

    /// How long a lease lasts by the leader's clock, from when its round was sent.
    fn lease(&self) -> Duration {
        let drift = u64::from(self.clock_drift_ppm).min(MILLION);
        scaled(self.election_timeout_min, MILLION - drift, MILLION + drift)
    }
}

impl Server {
    /// A client reads without the log.
    pub(super) fn on_read(
        &mut self,
        client: NodeId,
        (sequence, operation): (u64, Operation),
        by: ReadBy,
        cx: &mut Context<'_, Raft>,
    ) {
        if by == ReadBy::Stale {
            return self.serve(client, (sequence, operation), by, cx);
        }
        let commit = self.commit;
        let Role::Leader(Leadership { reading, .. }) = &mut self.role else {
            let leader = self.leader;
            return cx.send(client, RaftMessage::ClientReply { sequence, reply: None, index: 0, leader });
        };
        // Plant R43: what was committed before this leader's first entry is not waited for.
        let first = if self.plants.reads_before_own_commit { 0 } else { reading.first };
        let index = commit.max(first);
        let leased = by == ReadBy::Lease && reading.lease.is_some_and(|until| cx.monotonic() < until);
        // What has to wait may outlast the lease.
        let leased = leased && !reading.no_lease && index <= self.applied;
        // Plants R41, R42: as long as nobody deposes it, a leader believes that it has a lease.
        let believes = self.plants.lease_by_timer || self.plants.lease_without_quorum;
        let leased = leased || (by == ReadBy::Lease && believes);
        let by = if leased { by } else { ReadBy::Index };
        let round = if leased { 0 } else { reading.last_round + 1 };
        reading.waiting.push_back(Waiting { client, sequence, operation, by, index, round });
        if leased {
            self.serve_reads(cx);
        } else {
            self.start_round(cx);
        }
    }

    /// Asks everybody whether this server still leads.
    pub(super) fn start_round(&mut self, cx: &mut Context<'_, Raft>) {
        let (node, term, now) = (self.node, self.term, cx.monotonic());
        let Role::Leader(Leadership { reading, progress, .. }) = &mut self.role else { return };
        reading.last_round += 1;
        let round = reading.last_round;
        reading.asked = now;
        reading.rounds.push_back((round, now));
        let others = progress.iter().map(|progress| progress.node).filter(|other| *other != node);
        cx.send_all(others, RaftMessage::Probe { term, round });
        if self.config().majority(|other| other == node) {
            self.confirm(cx);
        }
    }

    /// A heartbeat is due: leases are renewed, and reads ask again in case that something was lost.
    pub(super) fn renew(&mut self, cx: &mut Context<'_, Raft>) {
        let Role::Leader(Leadership { reading, .. }) = &self.role else { return };
        // Heartbeats to different followers are due at different times.
        let due = reading.asked.saturating_add(self.parameters.heartbeat) <= cx.monotonic();
        if due && (self.parameters.leases() || !reading.waiting.is_empty()) {
            self.start_round(cx);
        }
    }

    /// The leader asks: it is followed, and answered.
    pub(super) fn on_probe(&mut self, from: NodeId, round: u64, cx: &mut Context<'_, Raft>) {
        if self.journal.wait_for(self.journal.hard_state(), cx) {
            self.say(from, RaftMessage::ProbeReply { term: self.term, round }, cx);
        }
    }

    /// Somebody still follows.
    pub(super) fn on_probe_reply(&mut self, place: usize, term: u64, round: u64, cx: &mut Context<'_, Raft>) {
        if term > self.term {
            return self.enter_term(term, cx);
        }
        let current = self.term;
        let Role::Leader(Leadership { progress, .. }) = &mut self.role else { return };
        if term == current {
            let progress = &mut progress[place];
            progress.heard(cx.monotonic());
            progress.round = progress.round.max(round);
            self.confirm(cx);
        }
    }

    /// The last round that a majority has answered is confirmed, this server included.
    fn confirm(&mut self, cx: &mut Context<'_, Raft>) {
        let Some(confirmed) = self.round_reached() else { return };
        let lease = self.parameters.lease();
        let Role::Leader(Leadership { reading, .. }) = &mut self.role else { return };
        reading.confirmed = confirmed;
        while reading.rounds.front().is_some_and(|(round, _)| *round < confirmed) {
            reading.rounds.pop_front();
        }
        if let Some((_, sent)) = reading.rounds.front() {
            reading.lease = Some(sent.saturating_add(lease));
        }
        self.serve_reads(cx);
    }

    /// The last round that a majority has answered, if it is not confirmed yet.
    fn round_reached(&mut self) -> Option<u64> {
        if !self.plain {
            return self.round_reached_by_configuration();
        }
        let quorum = self.quorum();
        let Role::Leader(Leadership { reading, progress, counted, .. }) = &mut self.role else { return None };
        // Most answers leave too few above the confirmed round: that is counted without sorting.
        let above = progress.iter().filter(|progress| progress.round > reading.confirmed).count();
        if above + usize::from(reading.last_round > reading.confirmed) < quorum {
            return None;
        }
        counted.clear();
        counted.extend(progress.iter().map(|progress| progress.round));
        counted.push(reading.last_round);
        counted.sort_unstable_by(|left, right| right.cmp(left));
        Some(counted[quorum - 1])
    }

    /// The same where not all members vote, or a change is joint.
    fn round_reached_by_configuration(&self) -> Option<u64> {
        let Role::Leader(Leadership { reading, progress, .. }) = &self.role else { return None };
        self.majority_reached(reading.confirmed, |node| {
            let known = progress.iter().find(|progress| progress.node == node);
            if node == self.node { reading.last_round } else { known.map_or(0, |progress| progress.round) }
        })
    }

    /// Answers the reads that wait for nothing any more.
    pub(super) fn serve_reads(&mut self, cx: &mut Context<'_, Raft>) {
        while let Some(Waiting { client, sequence, operation, by, .. }) = self.take_ready_read() {
            self.serve(client, (sequence, operation), by, cx);
        }
    }

    /// The first read that waits for nothing any more.
    fn take_ready_read(&mut self) -> Option<Waiting> {
        let Role::Leader(Leadership { reading: Reading { waiting, confirmed, .. }, .. }) = &mut self.role
        else {
            return None;
        };
        // Plant R46: what is committed but not applied is not waited for.
        let early = self.plants.reads_before_applied;
        let ready = |read: &Waiting| read.round <= *confirmed && (read.index <= self.applied || early);
        let place = waiting.iter().position(ready)?;
        waiting.remove(place)
    }

    /// Answers from what is applied; what is no read has no answer here.
    fn serve(
        &mut self,
        client: NodeId,
        (sequence, operation): (u64, Operation),
        by: ReadBy,
        cx: &mut Context<'_, Raft>,
    ) {
        let Some(reply) = self.store.contents().read(operation) else { return };
        let (index, term) = (self.applied, self.term);
        cx.observe(RaftObservation::ReadServed { client, sequence, index, term, by });
        // Counted apart, so that a campaign shows that each way was taken. Only those that happen are passed: a cluster whose
        // settings have no leases owes none.
        match by {
            ReadBy::Index => cx.sometimes("index-read", true),
            ReadBy::Lease => cx.sometimes("lease-read", true),
            ReadBy::Stale => cx.sometimes("stale-read", true),
        }
        cx.send(client, RaftMessage::ReadReply { sequence, reply, index });
    }

    /// Whether this server must not help to depose a leader, whatever term it is in: one may have a lease that rests on it.
    pub(super) fn guards_lease(&self, cx: &Context<'_, Raft>) -> bool {
        let until = self.heard.saturating_add(self.parameters.election_timeout_min);
        self.parameters.leases() && cx.monotonic() < until
    }
}
