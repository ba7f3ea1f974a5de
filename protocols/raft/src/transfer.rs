//! Leadership is handed over (dissertation, section 3.10).
//!
//! A leader that has led long enough stops taking requests, brings the follower that is ahead of the others up to date, and
//! tells it to stand at once. That one needs no pre-votes, and those who hear the leader vote for it all the same. If nothing
//! comes of it within the longest election timeout, the leader goes on; but it has no lease any more, since the message may
//! still arrive.
//!
//! A leader that sends a snapshot to somebody who answers stays for as long as that takes: the next leader would have to begin
//! with another one, and leaders that change faster than a snapshot arrives would never bring anybody up to date.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::replication::{Leadership, Progress};
use super::server::{Role, Server, TRANSFER};
use super::vocabulary::{Raft, RaftMessage, RaftObservation, RaftTimer};

impl Server {
    /// Looks at the clock again after a while, if leaders hand over at all.
    pub(super) fn set_transfer_timer(&self, cx: &mut Context<'_, Raft>) {
        if !self.parameters.transfer_every.is_zero() {
            cx.set_timer(TRANSFER, self.parameters.transfer_every, RaftTimer::Transfer);
        }
    }

    /// It is time to hand over, or to give up that.
    pub(super) fn on_transfer_timeout(&mut self, cx: &mut Context<'_, Raft>) {
        let node = self.node;
        let config = self.config.clone();
        let (now, patience) = (cx.monotonic(), self.parameters.election_timeout_max);
        let Role::Leader(Leadership { progress, heir, reading, .. }) = &mut self.role else { return };
        let installs = |progress: &Progress| progress.installs() && progress.heard_within(patience, now);
        if heir.take().is_some() || progress.iter().any(installs) {
            return self.set_transfer_timer(cx);
        }
        let others = progress.iter().enumerate().filter(|(_, progress)| {
            progress.node != node && progress.follows() && config.0.voters.contains(&progress.node)
        });
        let Some((place, ahead)) =
            others.max_by_key(|(place, progress)| (progress.matched, usize::MAX - place))
        else {
            return self.set_transfer_timer(cx);
        };
        let to = ahead.node;
        *heir = Some(place);
        reading.no_lease = true;
        cx.observe(RaftObservation::Transferring { to });
        cx.set_timer(TRANSFER, self.parameters.election_timeout_max, RaftTimer::Transfer);
        self.hand_over(cx);
    }

    /// Tells the heir to stand, once it has everything.
    pub(super) fn hand_over(&self, cx: &mut Context<'_, Raft>) {
        let Role::Leader(Leadership { progress, heir: Some(place), .. }) = &self.role else { return };
        let progress = &progress[*place];
        if progress.matched == self.log.last_index() {
            cx.send(progress.node, RaftMessage::TimeoutNow { term: self.term });
        }
    }

    /// Whether this leader hands over, and takes no requests.
    pub(super) fn hands_over(&self) -> bool {
        matches!(&self.role, Role::Leader(leadership) if leadership.heir.is_some())
    }

    /// The leader of this term wants this server to stand at once.
    pub(super) fn on_timeout_now(&mut self, from: NodeId, term: u64, cx: &mut Context<'_, Raft>) {
        // It may be meant for who was here before: a wiped server that comes back as a new member hears what was under way.
        let stands = self.may_stand() || self.plants.anybody_stands;
        if term == self.term && self.leader == Some(from) && stands && !self.journal.failing() {
            self.start_election(true, cx);
        }
    }
}
