//! What is committed is applied (Raft paper, figure 2: whenever the commit index is above the last applied one, it is increased), where
//! that takes a while: a server that goes on to learn what is committed and applies none of it answers no client any more, and whoever
//! it leads waits for nothing.
//!
//! Judged by the server's own clock, and by how often it has learned of more meanwhile: one that was paused or has much to do is late
//! once.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::Slot;
use sim_core::time::{Duration, Time};

use crate::vocabulary::{Raft, RaftObservation};

/// Follows what each server has committed and applied.
#[derive(Debug)]
pub struct Applier {
    /// How long a server may take, and as much again as it may be late.
    patience: Duration,
    servers: BySlot<Server>,
}

#[derive(Debug, Default)]
struct Server {
    applied: u64,
    /// Since when something committed waits, by the server's clock.
    waits: Option<Time>,
    /// How often more was committed after it was due, at different times, and when last.
    late: (u32, Time),
}

/// So often a server learns that more is committed, at different times, before it is accused of applying nothing.
const OFTEN: u32 = 8;

impl Applier {
    /// For servers that take so long to apply, and wait so long for a leader.
    pub fn new(delay: Duration, election_timeout: Duration) -> Self {
        Self { patience: delay + election_timeout * 4, servers: BySlot::default() }
    }

    fn committed(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, index: u64, findings: &mut Findings) {
        let (server, now) = (self.servers.at(seen.slot), ground.monotonic);
        if index <= server.applied {
            return;
        }
        let since = *server.waits.get_or_insert(now);
        let (often, last) = server.late;
        if now <= since.saturating_add(self.patience) || now <= last {
            return;
        }
        server.late = (often.saturating_add(1), now);
        if often + 1 == OFTEN {
            let (node, applied, after) = (seen.node, server.applied, now.since(since));
            let message = format!(
                "{node} knows that index {index} is committed, and has applied nothing after index {applied} for {after}"
            );
            findings.safety("", &[node], message);
        }
    }

    fn reaches(&mut self, slot: Slot, index: u64) {
        *self.servers.at(slot) = Server { applied: index, ..Server::default() };
    }
}

impl Check<Raft> for Applier {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Committed", "Applied", "SnapshotInstalled"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            RaftObservation::Committed { index, .. } => self.committed(ground, seen, index, findings),
            RaftObservation::Applied { index, .. } => {
                findings.exercised();
                self.reaches(seen.slot, index);
            }
            RaftObservation::SnapshotInstalled { index, .. } => self.reaches(seen.slot, index),
            _ => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Booted | Lifecycle::Wiped) {
            self.servers.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::safety::script::{Script, counted};

    const fn ms(millis: u64) -> Time {
        Time::from_nanos(millis * 1_000_000)
    }

    fn applied(index: u64) -> RaftObservation {
        RaftObservation::Applied {
            index,
            hash: index,
            state: 0,
            client: None,
            sequence: 0,
            repeated: false,
            answer: 0,
        }
    }

    /// A server that takes 50 ms to apply, and has 4 s more. It has learned of an entry at 0 ms, and of another one every second.
    fn waiting(times: u64) -> Script<Applier> {
        let mut script = Script::new(Applier::new(Duration::from_millis(50), Duration::from_secs(1)), 3);
        for time in 0..times {
            script.at(ms(time * 1_000), 0).see(0, counted(2 + time, 2 + time, 1));
        }
        script
    }

    #[test]
    fn a_server_that_goes_on_to_commit_applies_something() {
        waiting(12).clean();
        waiting(13)
            .found("", "n1 knows that index 14 is committed, and has applied nothing after index 0 for 12s");
        // Something was applied, or came with a snapshot, or it was started anew.
        waiting(12).see(0, applied(2)).at(ms(12_000), 0).see(0, counted(14, 14, 1)).clean();
        let snapshot = RaftObservation::SnapshotInstalled { index: 9, hash: 9, state: 0, last_index: 13 };
        waiting(12).see(0, snapshot).at(ms(12_000), 0).see(0, counted(14, 14, 1)).clean();
        waiting(12).crash(0, 0).boot(0).at(ms(12_000), 0).see(0, counted(14, 14, 1)).clean();
    }

    #[test]
    fn whoever_was_paused_is_late_once() {
        let mut script = waiting(1);
        for index in 3..99 {
            script.at(ms(60_000), 0).see(0, counted(index, index, 1));
        }
        script.see(0, applied(2)).clean();
    }
}
