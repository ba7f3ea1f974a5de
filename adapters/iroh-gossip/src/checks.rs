//! What must never happen, and what is owed after the heal. All of it goes by reports, messages and the truth of the world.

use std::collections::BTreeSet;

use seedstorm::sim_core;
use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::Time;

use crate::ledger::{Ledger, Wrong};
use crate::liveness::Left;
use crate::vocabulary::{Gossips, Note, Report, Word};

/// Nobody receives what nobody broadcast.
#[derive(Debug, Default)]
pub struct Integrity(BTreeSet<Note>);

impl Check<Gossips> for Integrity {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Gossips>, findings: &mut Findings) {
        match *seen.observation {
            Report::Broadcast { note } => {
                self.0.insert(note);
            }
            Report::Received { note, .. } => {
                findings.exercised();
                if !self.0.contains(&note) {
                    findings.safety(
                        "made up",
                        &[seen.node],
                        format!("{} received {note:?}, which nobody sent", seen.node),
                    );
                }
            }
            Report::Garbled => {
                findings.safety("garbled", &[seen.node], format!("{} received no broadcast", seen.node))
            }
            _ => {}
        }
    }
}

/// No life of a process receives anything twice, or what it has broadcast itself.
#[derive(Debug, Default)]
pub struct Once(BTreeSet<(Slot, Note)>);

impl Check<Gossips> for Once {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Gossips>, findings: &mut Findings) {
        match *seen.observation {
            Report::Started => self.0.retain(|(slot, _)| *slot != seen.slot),
            Report::Broadcast { note } => {
                self.0.insert((seen.slot, note));
            }
            Report::Received { note, .. } => {
                findings.exercised();
                if !self.0.insert((seen.slot, note)) {
                    findings.safety("", &[seen.node], format!("{} received {note:?} twice", seen.node));
                }
            }
            _ => {}
        }
    }
}

/// Neighbors come and go in turn, and never are more than the active view holds. Writes the ledger.
#[derive(Debug)]
pub struct Views {
    ledger: Ledger,
    most: u32,
    sizes: std::collections::BTreeMap<Slot, u32>,
}

impl Views {
    /// For active views of at most so many.
    pub fn new(ledger: Ledger, most: u32) -> Self {
        Self { ledger, most, sizes: std::collections::BTreeMap::new() }
    }
}

impl Check<Gossips> for Views {
    fn keeps_books(&self) -> bool {
        true
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Gossips>, findings: &mut Findings) {
        let size = self.sizes.entry(seen.slot).or_default();
        let fault = match *seen.observation {
            Report::Started => {
                *size = 0;
                None
            }
            Report::Up { peer } => {
                *size += 1;
                let again =
                    self.ledger.read().has(seen.slot, peer).then_some("a neighbor that it has already");
                again
                    .or((peer == seen.node).then_some("itself"))
                    .or((*size > self.most).then_some("one too many"))
            }
            Report::Down { peer } => {
                *size = size.saturating_sub(1);
                (!self.ledger.read().has(seen.slot, peer)).then_some("the end of no neighbor")
            }
            _ => None,
        };
        if matches!(seen.observation, Report::Up { .. } | Report::Down { .. }) {
            findings.exercised();
        }
        if let Some(fault) = fault {
            findings.safety(
                fault,
                &[seen.node],
                format!("{} tells of {fault}: {:?}", seen.node, seen.observation),
            );
        }
        self.ledger.follow(seen.slot, seen.observation);
    }
}

/// Whoever announces what it has (`IHave`) announces it to neighbors: eager and lazy peers are "subsets of the active view", as
/// the crate's documentation says.
#[derive(Debug)]
pub struct TreeInView(pub Ledger);

impl Check<Gossips> for TreeInView {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn observe(&mut self, _: &Ground, _: &Seen<'_, Gossips>, _: &mut Findings) {}

    fn reads(&self) -> &'static [&'static str] {
        &["IHave"]
    }

    fn sent(&mut self, ground: &Ground, from: NodeId, to: NodeId, _: &Word, findings: &mut Findings) {
        findings.exercised();
        if !self.0.read().has(ground.stepping, to) {
            let text = format!("{from} announces what it has to {to}, which is none of its neighbors");
            findings.safety("", &[from, to], text);
        }
    }
}

/// One half of what is owed after the heal; when that is overdue says the world.
#[derive(Debug)]
pub struct AfterTheHeal {
    left: Left,
    /// Whether it is about views.
    of_views: bool,
    core: u64,
    healed_at: Time,
}

impl AfterTheHeal {
    /// That everybody hears everybody.
    pub fn heard(left: Left) -> Self {
        Self { left, of_views: false, core: 0, healed_at: Time::ZERO }
    }

    /// That no neighbor stays one-sided.
    pub fn symmetric(left: Left) -> Self {
        Self { of_views: true, ..Self::heard(left) }
    }
}

impl Check<Gossips> for AfterTheHeal {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn observe(&mut self, _: &Ground, _: &Seen<'_, Gossips>, _: &mut Findings) {}

    fn lifecycle(&mut self, ground: &Ground, _: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Healed {
            self.healed_at = ground.now;
            self.core += 1;
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        if self.core == 0 {
            return;
        }
        let left = self.left.borrow();
        let mine: Vec<&Wrong> =
            left.iter().filter(|wrong| matches!(wrong, Wrong::OneSided(..)) == self.of_views).collect();
        if mine.is_empty() || ground.overdue {
            findings.exercised_by(self.core);
        }
        let Some(first) = mine.first().filter(|_| ground.overdue) else { return };
        let after = ground.now.since(self.healed_at);
        let (node, other, what) = match first {
            Wrong::Unheard(slot, other) => (ground.place(*slot).node, *other, "has received nothing of"),
            Wrong::OneSided(slot, other) => (ground.place(*slot).node, *other, "has a one-sided neighbor in"),
        };
        let text =
            format!("{after} after the heal {node} {what} {other}, and {} more such pairs", mine.len() - 1);
        findings.liveness("", &[node, other], text);
    }
}
