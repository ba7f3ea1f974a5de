//! Snapshots are taken when they are due, and installed when they are there (dissertation, sections 5.1 and 5.2).
//!
//! A server that has applied so many entries as its settings say since its last snapshot takes another, and no earlier: without them
//! the log grows without bound, and each one writes everything anew. And it installs a snapshot of its leader only once every
//! chunk of that one has come, in whatever order and however often: chunks of two snapshots make none.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedSet;
use sim_core::time::Time;

use crate::vocabulary::{Raft, RaftMessage, RaftObservation};

/// Follows the snapshots of each server, and those on their way to it.
#[derive(Debug)]
pub struct Snapshots {
    every: u64,
    servers: BySlot<Server>,
}

#[derive(Debug, Default)]
struct Server {
    /// Where its last snapshot stands.
    last: u64,
    /// When it had first applied enough for another, in true time.
    due: Option<Time>,
    /// When it was started: what it reports then it has found.
    started: Option<Time>,
    coming: Vec<Coming>,
    /// Whether it was sent so many that some were forgotten.
    forgot: bool,
}

/// A snapshot on its way: up to which index, how many chunks it has, and which of them have come.
#[derive(Debug, Default)]
struct Coming {
    index: u64,
    of: u64,
    came: OrderedSet<u64>,
}

/// So many snapshots are followed on their way to one server; of what was forgotten nobody is accused.
const MOST_COMING: usize = 16;

impl Snapshots {
    /// For servers that take one after so many entries.
    pub fn new(every: u32) -> Self {
        Self { every: u64::from(every), servers: BySlot::default() }
    }

    fn applied(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, index: u64, findings: &mut Findings) {
        findings.exercised();
        let server = self.servers.at(seen.slot);
        if index < server.last.saturating_add(self.every) {
            return;
        }
        // It is taken once everything is applied that may be, in the same step.
        let since = *server.due.get_or_insert(ground.now);
        if since < ground.now {
            let (node, last, every) = (seen.node, server.last, self.every);
            server.due = Some(Time::MAX);
            let message = format!(
                "{node} has applied index {index} without a snapshot since the one up to index {last}, though one is due after {every} entries"
            );
            findings.safety("overdue", &[node], message);
        }
    }

    fn taken(&mut self, seen: &Seen<'_, Raft>, index: u64, findings: &mut Findings) {
        findings.exercised();
        let server = self.servers.at(seen.slot);
        let last = std::mem::replace(&mut server.last, index);
        server.due = None;
        if index < last.saturating_add(self.every) {
            let (node, every) = (seen.node, self.every);
            let message = format!(
                "{node} takes a snapshot up to index {index} after the one up to index {last}, though one is due after {every} entries"
            );
            findings.safety("too-soon", &[node], message);
        }
    }

    fn installed(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, index: u64, findings: &mut Findings) {
        let server = self.servers.at(seen.slot);
        (server.last, server.due) = (index, None);
        if server.started == Some(ground.now) || server.forgot {
            return;
        }
        let Some(place) = server.coming.iter().position(|coming| coming.index == index) else { return };
        let coming = server.coming.swap_remove(place);
        findings.exercised();
        let came = coming.came.iter().filter(|chunk| **chunk < coming.of).count() as u64;
        if came < coming.of {
            let (node, of) = (seen.node, coming.of);
            let message = format!(
                "{node} installed a snapshot up to index {index} of which it has got {came} of {of} chunks"
            );
            findings.safety("incomplete", &[node], message);
        }
    }
}

impl Server {
    fn gets(&mut self, index: u64, chunk: u64, of: u64) {
        let known = self.coming.iter().position(|coming| coming.index == index);
        let place = known.unwrap_or_else(|| {
            if self.coming.len() >= MOST_COMING {
                self.coming.remove(0);
                self.forgot = true;
            }
            self.coming.push(Coming { index, ..Coming::default() });
            self.coming.len() - 1
        });
        let coming = &mut self.coming[place];
        coming.of = of;
        coming.came.insert(chunk);
    }
}

impl Check<Raft> for Snapshots {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Recovered", "Applied", "SnapshotTaken", "SnapshotInstalled"])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Raft>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            RaftObservation::Applied { index, .. } => self.applied(ground, seen, index, findings),
            RaftObservation::SnapshotTaken { index, .. } => self.taken(seen, index, findings),
            RaftObservation::SnapshotInstalled { index, .. } => self.installed(ground, seen, index, findings),
            RaftObservation::Recovered { .. } => {
                *self.servers.at(seen.slot) = Server { started: Some(ground.now), ..Server::default() };
            }
            _ => {}
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["InstallSnapshot"]
    }

    fn received(&mut self, _: &Ground, slot: Slot, _: NodeId, message: &RaftMessage, _: &mut Findings) {
        if let RaftMessage::InstallSnapshot(sent) = message {
            self.servers.at(slot).gets(sent.index, sent.chunk, sent.chunks);
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if matches!(event, Lifecycle::Crashed | Lifecycle::Wiped) {
            self.servers.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use super::*;
    use crate::configuration::Config;
    use crate::safety::script::{Script, recovered};
    use crate::snapshot::Image;
    use crate::vocabulary::InstallSnapshot;

    fn at(millis: u64) -> Time {
        Time::from_nanos(millis * 1_000_000)
    }

    fn applied(index: u64) -> RaftObservation {
        RaftObservation::Applied {
            index,
            hash: 0,
            state: 0,
            client: None,
            sequence: 0,
            repeated: false,
            answer: 0,
        }
    }

    fn taken(index: u64) -> RaftObservation {
        RaftObservation::SnapshotTaken { index, hash: 0, state: 0 }
    }

    fn installed(index: u64) -> RaftObservation {
        RaftObservation::SnapshotInstalled { index, hash: 0, state: 0, last_index: index }
    }

    fn chunk(index: u64, chunk: u64) -> RaftMessage {
        let image = Image(Rc::default());
        let config = Config::default();
        RaftMessage::InstallSnapshot(Box::new(InstallSnapshot {
            term: 1,
            index,
            last_term: 1,
            hash: 0,
            chunk,
            chunks: 3,
            bytes: 64,
            config,
            image,
        }))
    }

    fn script() -> Script<Snapshots> {
        Script::new(Snapshots::new(4), 3)
    }

    #[test]
    fn a_snapshot_is_taken_when_it_is_due() {
        let mut punctual = script();
        punctual.at(at(1), 0).see(0, applied(4)).see(0, applied(5)).see(0, taken(5)).at(at(2), 0);
        punctual.see(0, applied(6)).see(0, installed(20)).at(at(3), 0).see(0, applied(23)).clean();
        script().at(at(1), 0).see(0, applied(4)).at(at(2), 0).see(0, applied(5)).see(0, applied(6)).found(
            "overdue",
            "n1 has applied index 5 without a snapshot since the one up to index 0, though one is due after 4 entries",
        );
        script().see(0, taken(4)).see(0, taken(7)).found(
            "too-soon",
            "n1 takes a snapshot up to index 7 after the one up to index 4, though one is due after 4 entries",
        );
    }

    #[test]
    fn a_snapshot_is_installed_once_all_of_it_has_come() {
        let gets = |chunks: &[(u64, u64)]| {
            let mut script = script();
            for (index, number) in chunks {
                script.receive(at(1), 1, 0, chunk(*index, *number));
            }
            script
        };
        gets(&[(9, 2), (9, 0), (8, 1), (9, 0), (9, 1)]).see(0, installed(9)).clean();
        gets(&[(8, 0), (8, 1), (9, 2)])
            .see(0, installed(9))
            .found("incomplete", "n1 installed a snapshot up to index 9 of which it has got 1 of 3 chunks");
    }

    #[test]
    fn what_is_found_at_a_start_was_installed_before() {
        let mut script = script();
        script.receive(at(1), 1, 0, chunk(9, 0)).crash(0, 0).boot(0).at(at(2), 0);
        script.see(0, recovered(1, 9, 0)).see(0, installed(9)).clean();
        // What came before the crash is forgotten with it.
        script
            .receive(at(3), 1, 0, chunk(12, 2))
            .see(0, installed(12))
            .found("incomplete", "n1 installed a snapshot up to index 12 of which it has got 1 of 3 chunks");
    }
}
