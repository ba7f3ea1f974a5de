//! Whoever drops a link tells the other end.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::Time;

use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeObservation};

/// A member that drops a link to make room sends a disconnect over that link (HyParView, algorithm 1:
/// `dropRandomElementFromActiveView`). Else the other end counts on a link that is none.
///
/// A slow member sends late what it has decided, so that it is judged when it drops the next one; a crash excuses it.
#[derive(Clone, Debug, Default)]
pub struct Eviction {
    /// By slot: whom it dropped last and has not told yet, and when.
    untold: Vec<Option<(NodeId, Time)>>,
}

impl Eviction {
    fn judge(&mut self, ground: &Ground, slot: Slot, findings: &mut Findings) {
        let untold = self.untold.get_mut(slot.index()).and_then(Option::take);
        let Some((peer, at)) = untold.filter(|_| ground.place(slot).honest) else { return };
        let node = ground.place(slot).node;
        findings.safety(
            "",
            &[node, peer],
            format!("{node} dropped its link with {peer} at {at} and did not say so"),
        );
    }
}

impl Check<Plumtree> for Eviction {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Linked", "Unlinked"])
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Disconnect"]
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Plumtree>, findings: &mut Findings) {
        let PlumtreeObservation::Unlinked { peer, dropped: true, .. } = *seen.observation else {
            return;
        };
        self.judge(ground, seen.slot, findings);
        findings.exercised();
        if seen.slot.index() >= self.untold.len() {
            self.untold.resize(seen.slot.index() + 1, None);
        }
        self.untold[seen.slot.index()] = Some((peer, ground.now));
    }

    fn sent(&mut self, ground: &Ground, from: NodeId, to: NodeId, _: &PlumtreeMessage, _: &mut Findings) {
        let untold = ground.slot_of(from).and_then(|slot| self.untold.get_mut(slot.index()));
        if let Some(untold) = untold.filter(|untold| untold.is_some_and(|(peer, _)| peer == to)) {
            *untold = None;
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if let (Lifecycle::Crashed | Lifecycle::Wiped, Some(untold)) =
            (what, self.untold.get_mut(slot.index()))
        {
            *untold = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Script = protocol_testing::script::Script<Plumtree, Eviction>;

    fn dropped(peer: u32) -> PlumtreeObservation {
        PlumtreeObservation::Unlinked { peer: NodeId(peer), active: 1, dropped: true }
    }

    fn script() -> Script {
        Script::new(Eviction::default(), 5)
    }

    const END: PlumtreeMessage = PlumtreeMessage::Disconnect;

    #[test]
    fn a_link_that_is_dropped_in_silence_is_found() {
        assert_eq!(script().see(0, dropped(2)).see(0, dropped(4)).violations(), 1);
        let mut other = script();
        other.see(0, dropped(2)).send(0, 3, END).send(1, 2, END).see(0, dropped(4));
        assert_eq!(other.violations(), 1, "somebody else was told, and it was told by somebody else");
    }

    #[test]
    fn whoever_tells_late_crashes_or_sees_a_link_fail_is_no_finding() {
        let mut told = script();
        told.see(0, dropped(2)).at(Time::from_nanos(9), 1).send(0, 2, END).see(0, dropped(4));
        assert_eq!((told.violations(), told.exercised()), (0, 2));
        assert_eq!(script().see(0, dropped(2)).crash(0, 0).boot(0).see(0, dropped(4)).violations(), 0);
        let failed = PlumtreeObservation::Unlinked { peer: NodeId(2), active: 1, dropped: false };
        assert_eq!(script().see(0, failed).see(0, dropped(4)).violations(), 0);
    }
}
