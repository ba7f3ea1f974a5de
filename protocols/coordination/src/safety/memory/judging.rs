//! What a read may return, by where notes are.

use sim_core::check::Findings;
use sim_core::identity::NodeId;
use sim_core::time::Time;

use super::{Note, Read, SharedMemory, epoch};
use crate::memory::name;

impl SharedMemory {
    pub(super) fn judge_one_place(
        &mut self,
        read: &Read,
        (notes, version): (&[u64], u64),
        node: NodeId,
        now: Time,
        findings: &mut Findings,
    ) {
        let name = self.name(read.key);
        if let Some(note) = notes.first() {
            self.check_version(*note, version, node, findings);
            if version <= read.forgotten && epoch(version) == epoch(read.forgotten) {
                let message = format!("{node} reads a note under {name} that had been given up as expired");
                findings.safety("expired", &[node], message);
            }
        }
        let Some(latest) = read.latest.filter(|latest| epoch(latest.version) == epoch(version)) else {
            return;
        };
        let writer = self.notes[&latest.note].owner;
        if version < latest.version {
            let message = format!(
                "{node} reads version {version} of {name}, after {writer} heard that its note is version {}",
                latest.version
            );
            findings.safety("lost", &[writer, node], message);
        } else if notes.is_empty() && now < self.until(latest.note) {
            let message =
                format!("{node} reads nothing under {name}, where the note of {writer} has not expired");
            findings.safety("lost", &[writer, node], message);
        }
    }

    /// A member that was cut off returns what it had last, and that never goes back while it lives.
    pub(super) fn judge_old(
        &mut self,
        read: &Read,
        (by, version): (NodeId, u64),
        node: NodeId,
        now: Time,
        findings: &mut Findings,
    ) {
        self.counts.old += 1;
        // What it said in a former life may come late.
        if read.at <= self.booted[by.index()] {
            return;
        }
        let known = self.old.entry((by, read.key)).or_insert((version, now));
        if known.1 < read.at && version < known.0 {
            let message = format!(
                "{node} reads version {version} of {} at {by}, which had version {} before",
                name(read.key, self.keys),
                known.0
            );
            findings.safety("back", &[node, by], message);
        } else if version > known.0 {
            *known = (version, now);
        }
    }

    pub(super) fn judge_replica(
        &mut self,
        read: &Read,
        (by, notes): (NodeId, &[u64]),
        node: NodeId,
        now: Time,
        findings: &mut Findings,
    ) {
        let (key, name) = (read.key, self.name(read.key));
        let Self { held, given_up, notes: all, ttl, .. } = self;
        let held = &mut held[by.index()];
        held.retain(|note, _| all.get(note).is_some_and(|known| !known.gone));
        let is_over = |known: &Note| !ttl.is_zero() && now >= known.asked.saturating_add(*ttl);
        let lost = held.iter().find_map(|(note, since)| {
            let known = all.get(note).filter(|known| known.key == key && !is_over(known))?;
            (*since < read.at && !notes.contains(note)).then_some(known.owner)
        });
        for note in notes.iter().filter(|note| all.get(note).is_some_and(|known| !known.gone)) {
            held.entry(*note).or_insert(now);
        }
        if let Some(writer) = lost {
            let message = format!(
                "{node} does not find the note of {writer} under {name} at {by} any more, which nobody replaced"
            );
            findings.safety("lost", &[writer, by], message);
        }
        let given_up = &given_up[by.index()];
        if notes.iter().any(|note| given_up.get(note).is_some_and(|since| *since < read.at)) {
            let message = format!("{node} reads a note under {name} that {by} had given up as expired");
            findings.safety("expired", &[node, by], message);
        }
    }
}
