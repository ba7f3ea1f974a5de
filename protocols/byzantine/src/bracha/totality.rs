//! After the heal, a broadcast that one honest member delivered is delivered by all, and so is one whose sender is well.

use sim_core::check::{Check, Findings, Lifecycle, Needs, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::Time;

use super::ledger::Ledger;
use super::liveness::takes_part;
use super::thresholds::Thresholds;
use super::vocabulary::{Bracha, BrachaObservation};

/// Totality, once it is overdue.
///
/// Owed to the healed core where it has at least n - f running honest members, for what was delivered by an honest member,
/// or broadcast by an honest member of the core, before the heal. When it is overdue says the world ([`sim_core::progress`]).
#[derive(Clone, Debug)]
pub struct Totality {
    members: u32,
    ledger: Ledger,
    core: Vec<Slot>,
    healed_at: Time,
}

impl Totality {
    /// For a cluster of this many members.
    pub fn new(members: u32, ledger: Ledger) -> Self {
        Self { members, ledger, core: Vec::new(), healed_at: Time::ZERO }
    }

    /// The running honest members of the core, if they are enough to be owed anything.
    fn owed_to(&self, ground: &Ground) -> Vec<NodeId> {
        let places = self.core.iter().map(|slot| ground.place(*slot));
        let nodes: Vec<NodeId> =
            places.filter(|place| takes_part(place, self.members)).map(|place| place.node).collect();
        let enough = self.members - Thresholds::new(self.members).faulty();
        if nodes.len() >= enough as usize { nodes } else { Vec::new() }
    }

    fn is_old(&self, since: Option<Time>) -> bool {
        since.is_some_and(|since| since <= self.healed_at)
    }
}

impl Check<Bracha> for Totality {
    fn keeps_books(&self) -> bool {
        true
    }

    fn needs(&self) -> Needs {
        Needs::RealTime
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Bracha>, _: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            BrachaObservation::Broadcast { broadcast, .. } => self.ledger.said(broadcast, ground.now),
            BrachaObservation::Delivered { broadcast, .. } => {
                self.ledger.delivered(broadcast, seen.node, ground.now);
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Healed {
            self.healed_at = ground.now;
            self.core.push(slot);
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        let owed_to = self.owed_to(ground);
        if owed_to.is_empty() {
            return;
        }
        for (broadcast, progress) in self.ledger.read().iter() {
            let said = owed_to.contains(&broadcast.sender) && progress.said_at.is_some();
            if progress.delivered_at.is_none() && !said {
                continue;
            }
            let lacking = owed_to.iter().copied().filter(|node| !progress.delivered_by.contains(*node));
            let missing: Vec<NodeId> = lacking.collect();
            let delivered = self.is_old(progress.delivered_at);
            let old = delivered || (said && self.is_old(progress.said_at));
            let overdue = ground.overdue && old;
            findings.exercised_by(u64::from(missing.is_empty() || overdue));
            if let (Some(first), true) = (missing.first(), overdue) {
                let text = format!(
                    "{} of {} members have not delivered {broadcast}, {first} among them",
                    missing.len(),
                    owed_to.len()
                );
                let shape = if delivered { "delivered by some" } else { "delivered by none" };
                findings.liveness(shape, &missing, text);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::time::Duration;

    use super::super::safety::tests::{Says, Script};
    use super::*;

    /// Four members, of which the given ones are healed; at the end it is overdue or not.
    fn run(
        before: impl Fn(&mut Script<Totality>),
        core: &[u32],
        overdue: bool,
        after: impl Fn(&mut Script<Totality>),
    ) -> Script<Totality> {
        let mut script = Script::new(Totality::new(4, Ledger::default()), 4);
        before(&mut script);
        for slot in core {
            script.heal(*slot);
        }
        script.ground.now += Duration::from_secs(2);
        after(&mut script);
        script.ground.overdue = overdue;
        script.finish();
        script
    }

    fn partial(script: &mut Script<Totality>) {
        script.deliver(1, 5).deliver(2, 5);
    }

    #[test]
    fn what_some_delivered_all_must_deliver() {
        let script = run(partial, &[0, 1, 2], true, |_| {});
        assert_eq!(script.findings.violations()[0].nodes, [NodeId(0)]);
        let late = run(partial, &[0, 1, 2], true, |script| {
            script.deliver(0, 5);
        });
        assert_eq!((late.violations(), late.exercised()), (0, 1));
    }

    #[test]
    fn what_an_honest_sender_of_the_core_said_must_be_delivered() {
        let said = |script: &mut Script<Totality>| {
            script.say(0, 5);
        };
        assert_eq!(run(said, &[0, 1, 2], true, |_| {}).violations(), 1);
        assert_eq!(run(said, &[1, 2, 3], true, |_| {}).violations(), 0, "the sender is not in the core");
    }

    #[test]
    fn nothing_is_owed_early_or_to_too_few_or_to_who_is_down() {
        let early = run(partial, &[0, 1, 2], false, |_| {});
        assert_eq!((early.violations(), early.exercised()), (0, 0));
        assert_eq!(run(partial, &[0, 1], true, |_| {}).violations(), 0);
        let crashed = run(partial, &[0, 1, 2, 3], true, |script| {
            script.crash(0, 0).deliver(3, 5);
        });
        assert_eq!(crashed.violations(), 0);
        let fresh = run(|_| {}, &[0, 1, 2], true, partial);
        assert_eq!(fresh.violations(), 0, "delivered since the heal");
    }

    #[test]
    fn what_a_traitor_says_is_owed_to_nobody() {
        let traitor = |script: &mut Script<Totality>| {
            script.corrupt(0).say(0, 5).deliver(0, 5);
        };
        assert_eq!(run(traitor, &[1, 2, 3], true, |_| {}).violations(), 0);
    }
}
