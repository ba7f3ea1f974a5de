//! What must never happen in an epidemic: a rumor from nowhere, or learned twice.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use super::parameters::Parameters;
use super::rumor_table::RumorTable;
use super::vocabulary::{Epidemic, EpidemicMessage, EpidemicObservation};

/// Validity: whoever learns a rumor learned it from somebody who knew it, or knew it at genesis.
///
/// What traitors claim to know is theirs to claim; that they know a rumor is not held against who believed them.
#[derive(Clone, Debug)]
pub struct Validity {
    parameters: Parameters,
    /// What each identity ever knew, in any incarnation: a message may outlive its sender.
    ever: RumorTable,
}

impl Validity {
    /// For an epidemic of these parameters.
    pub fn new(parameters: Parameters) -> Self {
        Self { parameters, ever: RumorTable::default() }
    }

    fn unexplained(
        &self,
        ground: &Ground,
        seen: &Seen<'_, Epidemic>,
        rumors: u64,
        source: Option<NodeId>,
    ) -> u64 {
        match source {
            Some(source) if ground.honest(source) => rumors & !self.ever.get(source.index()),
            Some(_) => rumors & !self.parameters.all(),
            None if seen.incarnation == 0 => rumors & !self.parameters.known_at_genesis(seen.node.0),
            None => rumors,
        }
    }
}

impl Check<Epidemic> for Validity {
    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Epidemic>, findings: &mut Findings) {
        let EpidemicObservation::Infected { rumors, source, .. } = *seen.observation else { return };
        if seen.honest {
            findings.exercised();
            let unexplained = self.unexplained(ground, seen, rumors, source);
            if unexplained != 0 {
                let node = seen.node;
                let rumor = unexplained.trailing_zeros();
                let (shape, text) = match source {
                    Some(source) => (
                        "from who knew nothing",
                        format!("{node} learned rumor {rumor} from {source}, which never knew it"),
                    ),
                    None => ("from nowhere", format!("{node} knows rumor {rumor}, which nobody told it")),
                };
                findings.safety(shape, &[node], text);
            }
        }
        self.ever.add(seen.node.index(), rumors);
    }
}

/// Integrity: in one incarnation an agent learns a rumor once, and loses interest once, in something that it knows.
#[derive(Clone, Debug, Default)]
pub struct Integrity {
    /// What the incarnation in each slot knows.
    known: RumorTable,
    removed: RumorTable,
}

impl Integrity {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn infected(&mut self, seen: &Seen<'_, Epidemic>, rumors: u64, findings: &mut Findings) {
        let again = rumors & self.known.get(seen.slot.index());
        if again != 0 {
            let text = format!("{} learned rumor {} again", seen.node, again.trailing_zeros());
            findings.safety("learned twice", &[seen.node], text);
        }
        self.known.add(seen.slot.index(), rumors);
    }

    fn removed(&mut self, seen: &Seen<'_, Epidemic>, findings: &mut Findings) {
        let index = seen.slot.index();
        let (shape, what) = match (self.known.get(index), self.removed.get(index)) {
            (0, _) => ("removed while susceptible", "lost interest in a rumor that it does not know"),
            (_, 0) => ("", ""),
            _ => ("removed twice", "lost interest twice"),
        };
        if !shape.is_empty() {
            findings.safety(shape, &[seen.node], format!("{} {what}", seen.node));
        }
        self.removed.set(index, 1);
    }
}

impl Check<Epidemic> for Integrity {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Epidemic>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            EpidemicObservation::Infected { rumors, .. } => self.infected(seen, rumors, findings),
            EpidemicObservation::Removed => self.removed(seen, findings),
            EpidemicObservation::Susceptible => return,
        }
        findings.exercised();
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Booted {
            self.known.set(slot.index(), 0);
            self.removed.set(slot.index(), 0);
        }
    }
}

/// Silence: an agent that has lost interest pushes nothing and answers no pull.
#[derive(Clone, Debug, Default)]
pub struct Silence {
    /// Whether the incarnation of each identity has lost interest.
    removed: RumorTable,
}

impl Check<Epidemic> for Silence {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Epidemic>, findings: &mut Findings) {
        if seen.honest {
            findings.exercised();
            self.removed.set(seen.node.index(), 1);
        }
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Removed"])
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Rumor", "Exchange"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        _: NodeId,
        _: &EpidemicMessage,
        findings: &mut Findings,
    ) {
        if self.removed.get(from.index()) != 0 && ground.honest(from) {
            findings.safety("", &[from], format!("{from} spreads a rumor after it has lost interest"));
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if what == Lifecycle::Booted {
            self.removed.set(ground.place(slot).node.index(), 0);
        }
    }
}

#[cfg(test)]
pub(super) mod tests {

    use super::*;

    /// A script of agents.
    pub(in crate::epidemic) type Script<C> = protocol_testing::script::Script<Epidemic, C>;

    /// An agent comes to know the rumor.
    pub(in crate::epidemic) trait Infects {
        fn infect(&mut self, agent: u32, source: Option<u32>) -> &mut Self;
    }

    impl<C: Check<Epidemic>> Infects for Script<C> {
        fn infect(&mut self, agent: u32, source: Option<u32>) -> &mut Self {
            let source = source.map(NodeId);
            self.see(agent, EpidemicObservation::Infected { rumors: 1, source, known: 1, complete: true })
        }
    }

    fn validity() -> Script<Validity> {
        Script::new(Validity::new(Parameters::default()), 5)
    }

    fn integrity() -> Script<Integrity> {
        Script::new(Integrity::new(), 5)
    }

    #[test]
    fn a_rumor_from_who_never_knew_it_is_found() {
        assert_eq!(validity().infect(0, None).infect(1, Some(2)).violations(), 1);
        assert_eq!(validity().infect(1, None).violations(), 1, "only n1 knows at genesis");
    }

    #[test]
    fn a_message_may_outlive_the_memory_of_its_sender() {
        let mut script = validity();
        script.infect(0, None).crash(0, 0).boot(0);
        script.see(0, EpidemicObservation::Susceptible).infect(1, Some(0)).infect(0, Some(1));
        assert_eq!(script.violations(), 0);
        assert_eq!(script.exercised(), 3);
        assert_eq!(script.infect(0, None).violations(), 1, "a restarted origin has forgotten");
    }

    #[test]
    fn a_traitor_may_claim_to_know() {
        let mut script = validity();
        script.corrupt(3).infect(1, Some(3));
        assert_eq!(script.violations(), 0);
    }

    #[test]
    fn learning_twice_is_found_but_not_after_a_restart() {
        assert_eq!(integrity().infect(1, Some(0)).infect(1, Some(2)).violations(), 1);
        let mut script = integrity();
        script.infect(1, Some(0)).crash(1, 0).boot(1).infect(1, Some(0));
        assert_eq!(script.violations(), 0);
    }

    #[test]
    fn losing_interest_needs_a_rumor_and_happens_once() {
        let removed = EpidemicObservation::Removed;
        assert_eq!(integrity().see(1, removed).violations(), 1);
        assert_eq!(integrity().infect(1, Some(0)).see(1, removed).violations(), 0);
        assert_eq!(integrity().infect(1, Some(0)).see(1, removed).see(1, removed).violations(), 1);
    }

    #[test]
    fn who_lost_interest_is_silent_until_it_restarts() {
        let rumor = EpidemicMessage::Rumor { rumors: 1 };
        let mut script = Script::new(Silence::default(), 5);
        script.send(1, 0, rumor).see(1, EpidemicObservation::Removed);
        assert_eq!(script.violations(), 0, "it spoke before");
        assert_eq!(script.send(1, 0, rumor).violations(), 1);
        let mut script = Script::new(Silence::default(), 5);
        script.see(1, EpidemicObservation::Removed).restart(1).send(1, 0, rumor);
        assert_eq!(script.violations(), 0);
    }
}
