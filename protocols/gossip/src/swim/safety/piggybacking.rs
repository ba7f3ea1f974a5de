//! What changes in a view is passed on.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use crate::swim::settings::Settings;
use crate::swim::vocabulary::{Swim, SwimMessage, SwimObservation};

/// About so many members are judged.
const JUDGED: u32 = 16;

/// A member that suspects somebody, holds somebody alive again, denies a suspicion or leaves says so with what it sends next
/// (SWIM, section 4.1: updates are piggybacked on probes and their answers), `retransmit_mult` times at least. Any packet has room for
/// an update, so that one without any says that nothing waits.
#[derive(Debug)]
pub struct Piggybacking {
    least: u32,
    stride: u32,
    /// By slot: about whom it has news, and how often it has told that.
    untold: BySlot<Vec<(NodeId, u32)>>,
}

impl Piggybacking {
    /// For a cluster of these settings that begins with so many members.
    pub fn new(settings: &Settings, members: u32) -> Self {
        Self {
            // The published limit is a multiple of a logarithm that is 1 at least.
            least: settings.retransmit_mult,
            stride: members.div_ceil(JUDGED).max(1),
            untold: BySlot::default(),
        }
    }
}

impl Check<Swim> for Piggybacking {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Alive", "Suspected", "Refuted", "Leaving", "Died", "Departed", "Forgot", "Gone"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Swim>, _: &mut Findings) {
        if !seen.slot.0.is_multiple_of(self.stride) {
            return;
        }
        let untold = self.untold.at(seen.slot);
        let (peer, new) = match *seen.observation {
            SwimObservation::Alive { peer, .. } | SwimObservation::Suspected { peer, .. } => (peer, true),
            SwimObservation::Refuted { .. } | SwimObservation::Leaving { .. } => (seen.node, true),
            // What was to be told of it before is old.
            SwimObservation::Died { peer, .. }
            | SwimObservation::Departed { peer, .. }
            | SwimObservation::Forgot { peer } => (peer, false),
            _ => return untold.clear(),
        };
        untold.retain(|(known, _)| *known != peer);
        if new {
            untold.push((peer, 0));
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Ping", "PingRequest", "Ack", "Gossip"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        _: NodeId,
        message: &SwimMessage,
        findings: &mut Findings,
    ) {
        let Some(slot) = ground.slot_of(from).filter(|slot| slot.0.is_multiple_of(self.stride)) else {
            return;
        };
        let Self { least, ref mut untold, .. } = *self;
        let untold = untold.at(slot);
        if untold.is_empty() || !ground.place(slot).honest {
            return;
        }
        findings.exercised();
        let news = message.news();
        if let ([], Some((peer, times))) = (news, untold.first().copied()) {
            untold.clear();
            let text = format!(
                "{from} sends a packet without news, and has told what is new about {peer} {times} times"
            );
            findings.safety("", &[from, peer], text);
        }
        for update in news {
            let Some(place) = untold.iter().position(|(known, _)| *known == update.node) else { continue };
            untold[place].1 += 1;
            if untold[place].1 >= least {
                untold.remove(place);
            }
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if matches!(what, Lifecycle::Booted | Lifecycle::Crashed | Lifecycle::Wiped) {
            self.untold.reset(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::Script;
    use super::*;
    use crate::swim::parameters::Parameters;
    use crate::swim::preset::Setting;
    use crate::swim::vocabulary::{Status, Update};

    const SUSPECTED: SwimObservation =
        SwimObservation::Suspected { peer: NodeId(2), incarnation: 0, from: NodeId(0) };

    fn ack(about: &[u32]) -> SwimMessage {
        let update = |node: &u32| Update {
            node: NodeId(*node),
            status: Status::Suspect,
            incarnation: 0,
            from: NodeId(0),
        };
        SwimMessage::Ack { sequence: 1, news: about.iter().map(update).collect() }
    }

    /// Four members that tell everything twice at least.
    fn script() -> Script<Piggybacking> {
        let parameters = Parameters { retransmit_mult: Setting::Own(2), ..Parameters::default() };
        Script::new(Piggybacking::new(&Settings::of(&parameters), 4), 4)
    }

    #[test]
    fn news_that_is_kept_back_is_found() {
        let mut script = script();
        script.see(0, SUSPECTED).send(0, 1, ack(&[]));
        script.found("", "n1 sends a packet without news, and has told what is new about n3 0 times");
        let alone = |observation: SwimObservation| {
            let mut script = self::script();
            script.see(0, observation).send(0, 1, ack(&[])).violations()
        };
        let (members, view) = (4, ContentHash(7));
        assert_eq!(alone(SwimObservation::Alive { peer: NodeId(2), incarnation: 1, members, view }), 1);
        assert_eq!(alone(SwimObservation::Refuted { incarnation: 1 }), 1);
        assert_eq!(alone(SwimObservation::Leaving { incarnation: 0 }), 1);
        let mut once = self::script();
        assert_eq!(once.see(0, SUSPECTED).send(0, 1, ack(&[2])).send(0, 1, ack(&[])).violations(), 1);
    }

    #[test]
    fn what_was_told_often_enough_or_is_old_need_not_be_told() {
        let mut told = script();
        told.see(0, SUSPECTED).send(0, 1, ack(&[3])).send(0, 1, ack(&[2])).send(0, 1, ack(&[2, 3]));
        told.send(0, 1, ack(&[])).clean();
        assert_eq!(told.exercised(), 3, "a full packet may hold other news");
        script().see(0, SUSPECTED).send(1, 0, ack(&[])).clean();
        script()
            .see(0, SUSPECTED)
            .see(0, SwimObservation::Forgot { peer: NodeId(2) })
            .send(0, 1, ack(&[]))
            .clean();
        script().see(0, SUSPECTED).restart(0).send(0, 1, ack(&[])).clean();
    }
}
