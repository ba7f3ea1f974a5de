//! What must never happen in reliable broadcast, over honest members only: two values for one broadcast, a value that
//! its honest sender never said, a value delivered twice.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::vocabulary::{Bracha, BrachaObservation, Broadcast};

/// A delivery by an honest member, if that is what was seen.
pub(super) fn honest_delivery(_: &Ground, seen: &Seen<'_, Bracha>) -> Option<(Broadcast, u64)> {
    match *seen.observation {
        BrachaObservation::Delivered { broadcast, value, .. } if seen.honest => Some((broadcast, value)),
        _ => None,
    }
}

/// Agreement: no two honest members deliver different values for one broadcast.
#[derive(Clone, Debug, Default)]
pub struct Agreement {
    /// The value of each broadcast, and who delivered it first.
    decided: OrderedMap<Broadcast, (u64, NodeId)>,
}

impl Agreement {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Check<Bracha> for Agreement {
    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Bracha>, findings: &mut Findings) {
        let Some((broadcast, value)) = honest_delivery(ground, seen) else { return };
        let node = seen.node;
        let (first, by) = *self.decided.entry(broadcast).or_insert((value, node));
        // What the first one delivers is not compared with anything yet.
        findings.exercised_by(u64::from(by != node));
        if first != value {
            let text = format!(
                "two values for {broadcast}: {by} delivered {first:016x} and {node} delivered {value:016x}"
            );
            findings.safety("two values delivered", &[by, node], text);
        }
    }
}

/// Validity: what is delivered for an honest sender is what the sender said.
#[derive(Clone, Debug, Default)]
pub struct Validity {
    said: OrderedMap<Broadcast, u64>,
}

impl Validity {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn said(&mut self, seen: &Seen<'_, Bracha>, broadcast: Broadcast, value: u64, findings: &mut Findings) {
        let node = seen.node;
        if broadcast.sender != node {
            let text = format!("{node} spoke for {} in {broadcast}", broadcast.sender);
            findings.safety("spoke for another", &[node], text);
        } else if *self.said.entry(broadcast).or_insert(value) != value {
            let text = format!("{node} said two values in {broadcast}");
            findings.safety("two values said", &[node], text);
        }
    }

    fn delivered(
        &mut self,
        ground: &Ground,
        seen: &Seen<'_, Bracha>,
        broadcast: Broadcast,
        value: u64,
        findings: &mut Findings,
    ) {
        let sender = broadcast.sender;
        if !ground.honest(sender) {
            return;
        }
        findings.exercised();
        let node = seen.node;
        let (shape, text) = match self.said.get(&broadcast) {
            Some(said) if *said == value => return,
            Some(said) => (
                "another value",
                format!("{node} delivered {value:016x} for {broadcast}, whose sender said {said:016x}"),
            ),
            None => {
                ("never said", format!("{node} delivered {value:016x} for {broadcast}, which was never made"))
            }
        };
        findings.safety(shape, &[node, sender], text);
    }
}

impl Check<Bracha> for Validity {
    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Bracha>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            BrachaObservation::Broadcast { broadcast, value } => self.said(seen, broadcast, value, findings),
            BrachaObservation::Delivered { broadcast, value, .. } => {
                self.delivered(ground, seen, broadcast, value, findings);
            }
            _ => {}
        }
    }
}

/// Integrity: a member delivers each broadcast once; after a restart it may deliver it again, with the same value.
#[derive(Clone, Debug, Default)]
pub struct Integrity {
    /// In which incarnation of its slot a member delivered a broadcast last, and which value.
    delivered: OrderedMap<(NodeId, Broadcast), (u32, u64)>,
}

impl Integrity {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Check<Bracha> for Integrity {
    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Bracha>, findings: &mut Findings) {
        let Some((broadcast, value)) = honest_delivery(ground, seen) else { return };
        findings.exercised();
        let node = seen.node;
        let Some((incarnation, before)) = self.delivered.insert((node, broadcast), (seen.incarnation, value))
        else {
            return;
        };
        if incarnation == seen.incarnation {
            findings.safety("delivered twice", &[node], format!("{node} delivered {broadcast} twice"));
        } else if before != value {
            let text =
                format!("{node} delivered {before:016x} for {broadcast}, and {value:016x} after a restart");
            findings.safety("changed after a restart", &[node], text);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {

    use super::*;

    /// A script of members.
    pub(in crate::bracha) type Script<C> = protocol_testing::script::Script<Bracha, C>;

    pub(in crate::bracha) const FIRST: Broadcast = Broadcast { sender: NodeId(0), sequence: 1 };

    /// What members say and deliver of the first broadcast.
    pub(in crate::bracha) trait Says {
        fn say(&mut self, slot: u32, value: u64) -> &mut Self;
        fn deliver(&mut self, slot: u32, value: u64) -> &mut Self;
    }

    impl<C: Check<Bracha>> Says for Script<C> {
        fn say(&mut self, slot: u32, value: u64) -> &mut Self {
            self.see(slot, BrachaObservation::Broadcast { broadcast: FIRST, value })
        }

        fn deliver(&mut self, slot: u32, value: u64) -> &mut Self {
            self.see(slot, BrachaObservation::Delivered { broadcast: FIRST, value, count: 1 })
        }
    }

    #[test]
    fn two_values_are_a_fork_unless_a_traitor_delivers_one() {
        let script = || Script::new(Agreement::new(), 4);
        assert_eq!(script().deliver(1, 5).deliver(2, 6).violations(), 1);
        assert_eq!(script().deliver(1, 5).deliver(2, 5).deliver(3, 5).violations(), 0);
        assert_eq!(script().corrupt(2).deliver(1, 5).deliver(2, 6).violations(), 0);
        let mut idle = script();
        assert_eq!(idle.deliver(1, 5).exercised(), 0, "one delivery agrees with nothing");
        assert_eq!(idle.deliver(2, 5).exercised(), 1);
    }

    #[test]
    fn an_honest_sender_is_not_misquoted() {
        let script = || Script::new(Validity::new(), 4);
        assert_eq!(script().say(0, 5).deliver(1, 5).violations(), 0);
        assert_eq!(script().say(0, 5).deliver(1, 6).violations(), 1);
        assert_eq!(script().deliver(1, 6).violations(), 1, "nothing was said");
        assert_eq!(script().say(1, 5).violations(), 1, "only n1 speaks in its broadcasts");
        assert_eq!(script().corrupt(0).deliver(1, 6).violations(), 0);
    }

    #[test]
    fn a_sender_repeats_itself_after_a_restart_but_does_not_change_its_mind() {
        let script = || Script::new(Validity::new(), 4);
        assert_eq!(script().say(0, 5).restart(0).say(0, 5).violations(), 0);
        assert_eq!(script().say(0, 5).restart(0).say(0, 6).violations(), 1);
    }

    #[test]
    fn a_delivery_is_repeated_only_by_a_restarted_member_with_the_same_value() {
        let script = || Script::new(Integrity::new(), 4);
        assert_eq!(script().deliver(1, 5).deliver(1, 5).violations(), 1);
        assert_eq!(script().deliver(1, 5).restart(1).deliver(1, 5).violations(), 0);
        assert_eq!(script().deliver(1, 5).restart(1).deliver(1, 6).violations(), 1);
        assert_eq!(script().deliver(1, 5).restart(1).deliver(1, 5).deliver(1, 5).violations(), 1);
    }
}
