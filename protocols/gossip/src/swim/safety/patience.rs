//! A suspicion lasts as long as it must.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::time::Time;

use crate::swim::settings::Settings;
use crate::swim::vocabulary::{Swim, SwimObservation};

/// In clusters of up to so many members all are followed, and in larger ones one of so many.
const FOLLOWED: u32 = 1_024;

/// A member declares nobody dead by its own suspicion sooner than the shortest time that one lasts among as many members as it held alive
/// when it began (SWIM, section 4.2; memberlist: `suspicion_mult * max(1, log10(n)) * probe_interval`). The time is that of the member's own clock,
/// which its timers run on.
///
/// Where it may hear of what it declared before it has forgotten that, it is not judged.
#[derive(Debug)]
pub struct Patience {
    settings: Settings,
    members: u32,
    stride: u32,
    viewers: BySlot<Viewer>,
}

#[derive(Debug, Default)]
struct Viewer {
    /// How many it holds alive.
    alive: u32,
    /// The earliest moment at which it may declare a suspect dead.
    suspects: OrderedMap<NodeId, Time>,
    forgets: bool,
}

impl Patience {
    /// For a cluster of these settings that begins with so many members.
    pub fn new(settings: Settings, members: u32) -> Self {
        Self { settings, members, stride: members.div_ceil(FOLLOWED).max(1), viewers: BySlot::default() }
    }
}

impl Check<Swim> for Patience {
    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Swim>, findings: &mut Findings) {
        if !seen.slot.0.is_multiple_of(self.stride) || !seen.honest {
            return;
        }
        let viewer = self.viewers.at(seen.slot);
        match *seen.observation {
            SwimObservation::Started { knows, .. } => viewer.alive = if knows { self.members } else { 1 },
            SwimObservation::Suspected { peer, .. } => {
                let least = self.settings.suspicion_timeout(viewer.alive);
                viewer.suspects.insert(peer, ground.monotonic.saturating_add(least));
            }
            SwimObservation::Died { peer, from, members, .. } => {
                viewer.alive = members;
                let earliest = viewer.suspects.remove(&peer).filter(|_| from == seen.node && !viewer.forgets);
                let Some(earliest) = earliest else { return };
                findings.exercised();
                if ground.monotonic < earliest {
                    let left = earliest.since(ground.monotonic).as_secs_f64();
                    let me = seen.node;
                    let text =
                        format!("{me} declares {peer} dead {left:.3} s before its suspicion may run out");
                    findings.safety("", &[me, peer], text);
                }
            }
            SwimObservation::Alive { peer, members, .. }
            | SwimObservation::Departed { peer, members, .. } => {
                viewer.alive = members;
                viewer.suspects.remove(&peer);
            }
            SwimObservation::Joined { members, .. } => viewer.alive = members,
            // It counts itself no more.
            SwimObservation::Leaving { .. } => viewer.alive = viewer.alive.saturating_sub(1),
            SwimObservation::Forgot { .. } => viewer.forgets = true,
            _ => {}
        }
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Started", "Suspected", "Died", "Alive", "Departed", "Joined", "Leaving", "Forgot"])
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Booted {
            let forgets = ground.place(slot).incarnation > 0;
            *self.viewers.at(slot) = Viewer { forgets, ..Viewer::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;

    use super::super::tests::Script;
    use super::*;
    use crate::swim::parameters::Parameters;

    const SUSPECTED: SwimObservation =
        SwimObservation::Suspected { peer: NodeId(1), incarnation: 0, from: NodeId(2) };

    fn died(from: u32) -> SwimObservation {
        SwimObservation::Died {
            peer: NodeId(1),
            incarnation: 0,
            from: NodeId(from),
            members: 3,
            view: ContentHash(0),
        }
    }

    /// The first of four members suspects the second one, which lasts four seconds at least.
    fn suspects(seconds: u64) -> Script<Patience> {
        let settings = Settings::of(&Parameters::default());
        let mut script = Script::new(Patience::new(settings, 4), 4);
        script.boot(0).see(0, SwimObservation::Started { incarnation: 0, knows: true }).see(0, SUSPECTED);
        script.ground.monotonic = Time::from_nanos(seconds * 1_000_000_000);
        script
    }

    #[test]
    fn a_suspicion_that_ends_too_soon_is_found() {
        let text = "n1 declares n2 dead 1.000 s before its suspicion may run out";
        suspects(3).see(0, died(0)).found("", text);
        assert_eq!(suspects(4).see(0, died(0)).clean().exercised(), 1);
        suspects(1).see(0, died(2)).clean();
    }

    #[test]
    fn a_restart_and_what_was_forgotten_excuse() {
        let mut restarted = suspects(0);
        restarted.restart(0).see(0, SUSPECTED).see(0, died(0)).clean();
        let mut forgot = suspects(0);
        forgot.see(0, SwimObservation::Forgot { peer: NodeId(3) }).see(0, died(0)).clean();
    }
}
