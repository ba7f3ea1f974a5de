//! One broadcast at one member: the rules of figure 1 of the paper, without clocks, journals or links.

use sim_core::identity::NodeId;

use super::thresholds::Thresholds;
use super::vocabulary::Phase;
use crate::tally::Tally;

/// What a member knows about one broadcast.
#[derive(Clone, Debug, Default)]
pub struct Instance {
    /// What the sender said, the first time.
    initial: Option<u64>,
    echoes: Tally,
    readies: Tally,
    /// What this member signed, by phase.
    own: [Option<Own>; 3],
    delivered: Option<u64>,
}

/// Something that this member signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// The value.
    pub value: u64,
    /// Whether the journal holds it for certain, so that it may be said again.
    pub durable: bool,
}

/// What the rules ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Sign a value and tell everybody.
    Cast(Phase, u64),
    /// Deliver it.
    Deliver(u64),
}

impl Instance {
    /// Counts what somebody signed. A second initial, echo or ready of one signer is ignored.
    pub fn hear(&mut self, phase: Phase, signer: NodeId, value: u64) {
        match phase {
            Phase::Initial => {
                self.initial.get_or_insert(value);
            }
            Phase::Echo => {
                self.echoes.count(signer, value);
            }
            Phase::Ready => {
                self.readies.count(signer, value);
            }
        }
    }

    /// What the rules ask for now, if anything; carry it out with [`Instance::act`].
    ///
    /// - Echo a value: the sender said it, or a quorum echoed it, or f + 1 are ready for it (step 1).
    /// - Be ready for it: a quorum echoed it, or f + 1 are ready for it (step 2).
    /// - Deliver it: 2f + 1 are ready for it (step 3).
    pub fn due(&self, thresholds: Thresholds) -> Option<Act> {
        let backed =
            || self.echoes.reaching(thresholds.echoes()).or(self.readies.reaching(thresholds.amplify()));
        if self.own(Phase::Echo).is_none()
            && let Some(value) = self.initial.or_else(backed)
        {
            return Some(Act::Cast(Phase::Echo, value));
        }
        if self.own(Phase::Ready).is_none()
            && let Some(value) = backed()
        {
            return Some(Act::Cast(Phase::Ready, value));
        }
        if self.delivered.is_none() {
            return self.readies.reaching(thresholds.deliver()).map(Act::Deliver);
        }
        None
    }

    /// Carries out what is due, as this member; its own vote counts like any other.
    pub fn act(&mut self, me: NodeId, act: Act) {
        match act {
            Act::Cast(phase, value) => self.restore(me, phase, Own { value, durable: false }),
            Act::Deliver(value) => self.delivered = Some(value),
        }
    }

    /// Takes over what this member signed.
    pub fn restore(&mut self, me: NodeId, phase: Phase, own: Own) {
        let first = self.own[phase.index()].is_none();
        assert!(first, "a member signs once in each phase of a broadcast");
        self.own[phase.index()] = Some(own);
        self.hear(phase, me, own.value);
    }

    /// What this member signed in a phase.
    pub const fn own(&self, phase: Phase) -> Option<Own> {
        self.own[phase.index()]
    }

    /// The journal holds for certain what this member signed in a phase.
    pub fn settle(&mut self, phase: Phase) {
        if let Some(own) = &mut self.own[phase.index()] {
            own.durable = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: NodeId = NodeId(0);
    /// n = 7, f = 2: 5 echoes, 3 readies to amplify, 5 to deliver.
    const SEVEN: Thresholds = Thresholds::new(7);

    /// Everything that is due, carried out.
    fn run(instance: &mut Instance) -> Vec<Act> {
        let mut acts = Vec::new();
        while let Some(act) = instance.due(SEVEN) {
            instance.act(ME, act);
            acts.push(act);
        }
        acts
    }

    /// What becomes due as members 1, 2, ... vote for the value 9, one list for each vote.
    fn votes(instance: &mut Instance, phase: Phase, count: u32) -> Vec<Vec<Act>> {
        let each = (1..=count).map(|signer| {
            instance.hear(phase, NodeId(signer), 9);
            run(instance)
        });
        each.collect()
    }

    const ECHO: Act = Act::Cast(Phase::Echo, 9);
    const READY: Act = Act::Cast(Phase::Ready, 9);
    const DELIVER: Act = Act::Deliver(9);

    #[test]
    fn the_first_word_of_the_sender_is_echoed_and_no_other() {
        let mut instance = Instance::default();
        instance.hear(Phase::Initial, NodeId(3), 9);
        assert_eq!(run(&mut instance), [ECHO]);
        instance.hear(Phase::Initial, NodeId(3), 8);
        assert_eq!(run(&mut instance), []);
    }

    #[test]
    fn a_quorum_of_echoes_makes_ready_even_without_the_sender() {
        // Four others are not more than (7 + 2) / 2; the fifth is. Its own echo follows and counts for nothing more.
        let mut instance = Instance::default();
        let due = votes(&mut instance, Phase::Echo, 6);
        assert_eq!(due[..4], [vec![], vec![], vec![], vec![]]);
        assert_eq!(due[4], [ECHO, READY]);
        assert_eq!(due[5], []);
    }

    #[test]
    fn its_own_echo_counts_towards_the_quorum() {
        let mut instance = Instance::default();
        instance.hear(Phase::Initial, NodeId(3), 9);
        run(&mut instance);
        let due = votes(&mut instance, Phase::Echo, 4);
        assert_eq!(due, [vec![], vec![], vec![], vec![READY]]);
    }

    #[test]
    fn one_honest_ready_among_f_plus_one_is_enough_to_follow() {
        // f + 1 = 3 readies make it echo and be ready; with its own there are 4, and the next one delivers.
        let mut instance = Instance::default();
        let due = votes(&mut instance, Phase::Ready, 5);
        assert_eq!(due, [vec![], vec![], vec![ECHO, READY], vec![DELIVER], vec![]]);
    }

    #[test]
    fn an_echo_for_one_value_does_not_bind_the_ready() {
        let mut instance = Instance::default();
        instance.hear(Phase::Initial, NodeId(3), 8);
        assert_eq!(run(&mut instance), [Act::Cast(Phase::Echo, 8)]);
        assert_eq!(votes(&mut instance, Phase::Echo, 5)[4], [READY]);
    }

    #[test]
    fn votes_for_different_values_do_not_add_up() {
        let mut instance = Instance::default();
        for signer in 1..7 {
            instance.hear(Phase::Ready, NodeId(signer), u64::from(signer % 3));
        }
        assert_eq!(run(&mut instance), []);
    }

    #[test]
    fn a_liar_who_votes_twice_is_counted_once() {
        let mut instance = Instance::default();
        for _ in 0..9 {
            instance.hear(Phase::Ready, NodeId(1), 9);
            instance.hear(Phase::Echo, NodeId(1), 9);
        }
        assert_eq!(run(&mut instance), []);
    }
}
