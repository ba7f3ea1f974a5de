//! What must never happen in SWIM, and what is owed after the heal. One checker per file.
//!
//! They read what members report and send, together with the world's truth: who is up, and who is honest. Nothing is
//! promised against members that lie, so that only honest ones are judged.

pub mod accuracy;
pub mod convergence;
pub mod declarations;
pub mod incarnations;
pub mod indirect_probes;
pub mod leaving;
pub mod patience;
pub mod piggybacking;
pub mod refutation;
pub mod round_robin;
pub mod transmit_limit;
pub mod unanswered;
pub mod vouching;

use sim_core::setup::Setup;

use super::ledger::Ledger;
use super::parameters::Parameters;
use super::settings::Settings;
use super::vocabulary::Swim;

sim_core::checks! {
    /// Every check of SWIM, fresh, for one run.
    pub fn checks(parameters: &Parameters, setup: &Setup, ledger: &Ledger) -> Swim {
        "swim/incarnations": "A member's incarnation is raised by that member alone, a view never goes back, and whoever is \
            dead or left stays so within an incarnation as long as it is remembered."
            => incarnations::Incarnations::new(ledger.clone()),
        "swim/refutation": "A member that is told that it is suspected answers in a later incarnation."
            => refutation::Refutation::default(),
        "swim/indirect-probes": "A member suspects nobody by its own probe before it has asked others to probe."
            => indirect_probes::IndirectProbes::new(&Settings::of(parameters), setup.members),
        "swim/patience": "A member declares nobody dead sooner than a suspicion lasts at least."
            => patience::Patience::new(Settings::of(parameters), setup.members),
        "swim/vouching": "A member that is asked to probe somebody does so, answers only if that one has answered it, and \
            passes such an answer on."
            => vouching::Vouching::default(),
        "swim/unanswered": "A member that gets no answer to a probe suspects its target."
            => unanswered::Unanswered::new(ledger.clone()),
        "swim/round-robin": "Two probes of one member are at most 2n - 1 periods apart."
            => round_robin::RoundRobin::new(parameters, setup.members),
        "swim/transmit-limit": "A member sends an update at most retransmit_mult * ceil(log10(n + 1)) times."
            => transmit_limit::TransmitLimit::new(&Settings::of(parameters), setup.members),
        "swim/piggybacking": "A member says what is new in its view with the next packets, retransmit_mult times at least."
            => piggybacking::Piggybacking::new(&Settings::of(parameters), setup.members),
        "swim/leaving": "A member that said that it leaves denies nothing, and says nothing else of itself."
            => leaving::Leaving::default(),
        "swim/declarations": "Nobody is taken for dead before the suspicion of some member has run out."
            => declarations::Declarations::default(),
        "swim/accuracy": "Without faults nobody is declared dead that runs; with them, not more often than the scenario \
            accepts."
            => accuracy::Accuracy::new(parameters, setup),
        "swim/completeness": "After the heal, nobody in the core holds a member alive that is down for good."
            => convergence::Convergence::completeness(ledger.clone()),
        "swim/convergence": "After the heal, all members of the core hold each other alive."
            => convergence::Convergence::agreement(ledger.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A script of members.
    pub(super) type Script<C> = protocol_testing::script::Script<Swim, C>;

    #[test]
    fn the_table_names_every_check_in_order() {
        let ledger = Ledger::new(4);
        let made = checks(&Parameters::default(), &Setup::new(0, 4), &ledger);
        let names: Vec<_> = made.iter().flat_map(sim_core::check::Judge::names).collect();
        assert_eq!(names, CHECKS.iter().map(|named| named.name).collect::<Vec<_>>());
    }
}
