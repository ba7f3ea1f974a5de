//! Leadership that lasts: once all is well, leaders change seldom.

use crate::check::{Check, Findings, Lifecycle, Needs, Seen, Verdict};
use crate::ground::Ground;
use crate::identity::{NodeId, Slot};
use crate::process::{Observe, Protocol};
use crate::time::{Duration, Time};

/// After the heal and a time to settle, a role changes hands at most so often.
///
/// That is a level of service, not a law: a message that is lost or late at the wrong moment may well end a leadership. So
/// the protocol names both figures, and what is found is a [`Verdict::Service`]. Nothing is said while somebody outside of
/// the healed core is still broken, since one that comes and goes may depose leaders, nor of runs that have no heal.
#[derive(Debug)]
pub struct StableLeadership {
    role: &'static str,
    settling: Duration,
    changes: u64,
    healed: Option<Time>,
    /// Who led last, and in which rank.
    led: Option<(NodeId, Option<u64>)>,
    changed: u64,
}

impl StableLeadership {
    /// `settling` after the heal, the role changes hands at most so many times.
    pub const fn new(role: &'static str, settling: Duration, changes: u64) -> Self {
        Self { role, settling, changes, healed: None, led: None, changed: 0 }
    }

    fn settled(&self, ground: &Ground) -> bool {
        let calm = self.healed.is_some_and(|healed| ground.now >= healed.saturating_add(self.settling));
        calm && ground.places.iter().all(|place| place.honest && !place.impaired)
    }
}

impl<P: Protocol> Check<P> for StableLeadership {
    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, P>, findings: &mut Findings) {
        let summary = seen.observation.summary();
        if summary.role != Some(self.role) || !seen.honest {
            return;
        }
        let leads = Some((seen.node, summary.rank));
        let before = std::mem::replace(&mut self.led, leads);
        if before == leads || !self.settled(ground) {
            return;
        }
        self.changed += 1;
        if self.changed == self.changes + 1 {
            let (role, settling) = (self.role, self.settling);
            let often = format!("the role {role} changed hands {} times", self.changed);
            let allowed = self.changes;
            let message = format!("{often} once {settling} had passed after the heal; {allowed} are allowed");
            let nodes: Vec<NodeId> = before
                .map(|(node, _)| node)
                .filter(|node| *node != seen.node)
                .into_iter()
                .chain([seen.node])
                .collect();
            findings.found(Verdict::Service, "", &nodes, message);
        }
    }

    fn lifecycle(&mut self, ground: &Ground, _: Slot, event: Lifecycle, _: &mut Findings) {
        if event == Lifecycle::Healed {
            self.healed = self.healed.or(Some(ground.now));
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        if self.led.is_some() && self.settled(ground) {
            findings.exercised();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lab::{Fact, Script};
    use super::StableLeadership;
    use crate::time::{Duration, Time};

    fn at(seconds: u64) -> Time {
        Time::ZERO.saturating_add(Duration::from_secs(seconds))
    }

    /// One change is allowed, two seconds after the heal.
    fn script() -> Script<StableLeadership> {
        Script::new(StableLeadership::new("leader", Duration::from_secs(2), 1), 3)
    }

    fn leads(script: &mut Script<StableLeadership>, seconds: u64, slot: u32, rank: u64) {
        script.at(at(seconds), slot).see(slot, Fact::Leads { rank });
    }

    #[test]
    fn leaders_that_come_and_go_in_calm_are_found_once() {
        let mut script = script();
        leads(&mut script, 1, 0, 1);
        script.heal(0);
        [(4, 1, 2), (5, 2, 3), (6, 0, 4)]
            .into_iter()
            .for_each(|(second, slot, rank)| leads(&mut script, second, slot, rank));
        script.finish();
        script.found(
            "",
            "the role leader changed hands 2 times once 2s had passed after the heal; 1 are allowed",
        );
        assert_eq!(script.findings.worst(), Some(crate::check::Verdict::Service));
        assert_eq!(script.exercised(), 1);
    }

    /// Many changes before all is well, one after it, and reports of the same leadership again.
    #[test]
    fn odd_and_correct() {
        let mut script = script();
        (0..9).for_each(|second| leads(&mut script, second, (second % 3) as u32, second));
        script.at(at(9), 0).heal(0);
        leads(&mut script, 10, 1, 20);
        [12, 13].into_iter().for_each(|second| leads(&mut script, second, 1, 20));
        leads(&mut script, 14, 2, 21);
        script.finish().clean();
        assert_eq!(script.exercised(), 1);
    }

    #[test]
    fn nothing_is_said_while_somebody_is_still_broken_or_without_a_heal() {
        let mut broken = script();
        broken.heal(0).ground.places[2].impaired = true;
        let mut endless = script();
        for script in [&mut broken, &mut endless] {
            (4..9).for_each(|second| leads(script, second, (second % 2) as u32, second));
            script.finish().clean();
            assert_eq!(script.exercised(), 0);
        }
    }
}
