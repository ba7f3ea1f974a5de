//! What must never happen. One check per rule of SWIM; all of them go by reports, packets and the truth of the world.

use std::collections::BTreeMap;

use seedstorm::sim_core;
use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::facts::Facts;
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::Time;

use crate::identity::Identity;
use crate::views::Ledger;
use crate::vocabulary::{Foca, Held, Report, Status, Word};

/// What members say about themselves: the latest identity and the latest incarnation of each.
#[derive(Debug, Default)]
pub struct OwnWord(BTreeMap<NodeId, (Identity, u16)>);

impl Check<Foca> for OwnWord {
    fn observe(&mut self, _: &Ground, _: &Seen<'_, Foca>, _: &mut Findings) {}

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn reads(&self) -> &'static [&'static str] {
        Word::KINDS
    }

    fn sent(&mut self, _: &Ground, from: NodeId, _: NodeId, word: &Word, findings: &mut Findings) {
        let packet = word.packet();
        let says = (packet.src, packet.incarnation);
        let said = self.0.entry(from).or_insert(says);
        findings.exercised();
        if says < *said {
            let text = format!("{from} says that it is {says:?}, and has said before that it is {said:?}");
            findings.safety("went back", &[from], text);
        }
        *said = (*said).max(says);
    }
}

/// Views go forward: later identities replace earlier ones, within an identity incarnations grow, only a later incarnation
/// refutes, and down is final. Nobody is held to be what it never said it was. Writes the ledger.
#[derive(Debug)]
pub struct Forward {
    ledger: Ledger,
    genesis: Vec<NodeId>,
    /// The latest that each member said it was.
    said: BTreeMap<NodeId, (Identity, u16)>,
}

impl Forward {
    /// For a cluster of so many members.
    pub fn new(ledger: Ledger, members: u32) -> Self {
        let genesis: Vec<NodeId> = (0..members).map(NodeId).collect();
        // Whoever knows the members of genesis counts on each to be at its first start.
        let said = genesis.iter().map(|node| (*node, (Identity::started(*node, 1), 0))).collect();
        Self { ledger, genesis, said }
    }

    /// What is wrong with a step from what was held before.
    fn wrong(&self, before: Option<&Held>, now: &Held) -> Option<(&'static str, String)> {
        let most = self.said.get(&now.id.node);
        let made_up = most.is_none_or(|most| (now.id, now.incarnation) > *most) && now.id.boot > 0;
        if made_up {
            return Some(("made up", format!("{now:?}, which never said more than {most:?}")));
        }
        let before = before?;
        let shape = match now.id.cmp(&before.id) {
            std::cmp::Ordering::Less => Some("identity went back"),
            std::cmp::Ordering::Greater => None,
            std::cmp::Ordering::Equal => match (before.status, now.status) {
                (Status::Down, Status::Alive | Status::Suspect) => Some("back from the dead"),
                // Whoever declares somebody down may know of an earlier incarnation only.
                (_, Status::Down) => None,
                _ if now.incarnation < before.incarnation => Some("incarnation went back"),
                (Status::Suspect, Status::Alive) if now.incarnation == before.incarnation => {
                    Some("not refuted")
                }
                _ => None,
            },
        };
        shape.map(|shape| (shape, format!("{now:?} after {before:?}")))
    }
}

impl Check<Foca> for Forward {
    fn keeps_books(&self) -> bool {
        true
    }

    fn reads(&self) -> &'static [&'static str] {
        Word::KINDS
    }

    fn sent(&mut self, _: &Ground, from: NodeId, _: NodeId, word: &Word, _: &mut Findings) {
        let says = (word.packet().src, word.packet().incarnation);
        let said = self.said.entry(from).or_insert(says);
        *said = (*said).max(says);
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Foca>, findings: &mut Findings) {
        if let Report::Alive { held } | Report::Suspected { held } | Report::Down { held, .. } =
            seen.observation
        {
            findings.exercised();
            let before = self.ledger.read().of(seen.slot, held.id.node).copied();
            if let Some((shape, text)) = self.wrong(before.as_ref(), held) {
                findings.safety(shape, &[seen.node, held.id.node], format!("{} holds {text}", seen.node));
            }
        }
        self.ledger.follow(seen.slot, seen.observation, &self.genesis);
    }
}

/// Whoever is handed a later incarnation of a suspect does not declare it down when the suspicion times out.
#[derive(Debug, Default)]
pub struct Refutation {
    /// Who a slot's process is.
    own: BTreeMap<Slot, Identity>,
    /// The latest that a slot's process was handed by each member.
    handed: BTreeMap<(Slot, NodeId), (Identity, u16)>,
}

impl Check<Foca> for Refutation {
    fn takes(&self) -> &'static [&'static str] {
        Word::KINDS
    }

    fn received(&mut self, _: &Ground, slot: Slot, from: NodeId, word: &Word, _: &mut Findings) {
        let packet = word.packet();
        // The crate ignores what is for another identity than its own.
        if self.own.get(&slot) == Some(&packet.dst) {
            let says = (packet.src, packet.incarnation);
            let handed = self.handed.entry((slot, from)).or_insert(says);
            *handed = (*handed).max(says);
        }
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Foca>, findings: &mut Findings) {
        match seen.observation {
            Report::Started { id, .. } | Report::Renewed { id } => {
                self.own.insert(seen.slot, *id);
            }
            Report::Down { held, timed_out: true } => {
                findings.exercised();
                let handed = self.handed.get(&(seen.slot, held.id.node));
                if handed.is_some_and(|handed| handed.0 == held.id && handed.1 > held.incarnation) {
                    let text = format!("{} declares {held:?} down, and was handed {handed:?}", seen.node);
                    findings.safety("", &[seen.node, held.id.node], text);
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Booted {
            self.own.remove(&slot);
            self.handed.retain(|(of, _), _| *of != slot);
        }
    }
}

/// The crate returns no error to whoever keeps its rules.
#[derive(Debug, Default)]
pub struct NoErrors;

impl Check<Foca> for NoErrors {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Failed"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Foca>, findings: &mut Findings) {
        findings.exercised();
        if let Report::Failed { error } = seen.observation {
            findings.safety("", &[seen.node], format!("{}: {error}", seen.node));
        }
    }
}

/// One half of what is owed after the heal; when that is overdue says the world.
#[derive(Debug)]
pub struct AfterTheHeal {
    ledger: Ledger,
    /// Whether it is about those who are up.
    is_up: bool,
    core: Vec<Slot>,
    healed_at: Time,
}

impl AfterTheHeal {
    /// That the dead are held down.
    pub fn completeness(ledger: Ledger) -> Self {
        Self { ledger, is_up: false, core: Vec::new(), healed_at: Time::ZERO }
    }

    /// That the living are held up.
    pub fn convergence(ledger: Ledger) -> Self {
        Self { is_up: true, ..Self::completeness(ledger) }
    }
}

impl Check<Foca> for AfterTheHeal {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn observe(&mut self, _: &Ground, _: &Seen<'_, Foca>, _: &mut Findings) {}

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Healed {
            self.healed_at = ground.now;
            self.core.push(slot);
            self.core.sort_unstable();
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        if self.core.is_empty() {
            return;
        }
        let wrong = self.ledger.read().wrong(ground, &self.core);
        let mine: Vec<_> = wrong.into_iter().filter(|wrong| wrong.is_up == self.is_up).collect();
        if mine.is_empty() || ground.overdue {
            findings.exercised_by(self.core.len() as u64);
        }
        let Some(first) = mine.first().filter(|_| ground.overdue) else { return };
        let (after, viewer) = (ground.now.since(self.healed_at), ground.place(first.viewer).node);
        let held = if self.is_up { "does not hold" } else { "holds" };
        let down = if self.is_up { "" } else { ", which is down" };
        let text = format!(
            "{after} after the heal {viewer} {held} {} up{down}, and {} more such pairs",
            first.about,
            mine.len() - 1
        );
        findings.liveness("", &[viewer, first.about], text);
    }
}
