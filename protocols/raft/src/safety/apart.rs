//! Checks that judge one by one, beside those that judge [together](super::together): of features that not every cluster uses.

use sim_core::check::Judge;
use sim_core::setup::Setup;
use sim_core::text::Named;

use super::applier::Applier;
use super::snapshots::Snapshots;
use super::transfer::Transfer;
use super::{CHECKS as TOGETHER, checks, steady};
use crate::parameters::Parameters;
use crate::vocabulary::Raft;

sim_core::checks! {
    /// Those of them that judge apart, fresh.
    pub(super) fn apart(parameters: &Parameters, setup: &Setup) -> Raft {
        "raft/transfer": "Leadership is handed to a voter that has acknowledged everything, and nothing is appended meanwhile."
            => Transfer::new(
                (setup.members, parameters.learners),
                steady(setup).then_some(parameters.election_timeout_max),
            ),
        "raft/snapshots": "A snapshot is taken when it is due, and installed once every chunk of it has come."
            => Snapshots::new(parameters.snapshot_every),
        "raft/applied": "Whoever goes on to learn what is committed applies it, also where that takes a while."
            => Applier::new(parameters.apply_delay, parameters.election_timeout_max),
    }
}

/// What is checked, together and apart.
pub const ALL: &[Named] = &{
    let mut all = [TOGETHER[0]; TOGETHER.len() + CHECKS.len()];
    let mut place = 0;
    while place < all.len() {
        all[place] = if place < TOGETHER.len() { TOGETHER[place] } else { CHECKS[place - TOGETHER.len()] };
        place += 1;
    }
    all
};

/// All checks, fresh. Those to which these settings give nothing to judge are off: nobody waits for them to be exercised.
pub fn judges(parameters: &Parameters, setup: &Setup) -> Vec<Judge<Raft>> {
    let judged = |judge: &Judge<Raft>| {
        judge.names().all(|name| match name {
            "raft/transfer" => !parameters.transfer_every.is_zero(),
            "raft/snapshots" => parameters.snapshot_every > 0,
            "raft/applied" => !parameters.apply_delay.is_zero() && steady(setup),
            _ => true,
        })
    };
    let apart = apart(parameters, setup).into_iter().map(|judge| {
        let applies = judged(&judge);
        judge.where_it_applies(applies)
    });
    checks(parameters, setup).into_iter().chain(apart).collect()
}

#[cfg(test)]
mod tests {
    use sim_core::time::Duration;

    use super::*;

    fn names(parameters: &Parameters) -> Vec<&'static str> {
        let judges = judges(parameters, &Setup::new(1, 3));
        judges.iter().filter(|judge| judge.applies()).flat_map(Judge::names).collect()
    }

    #[test]
    fn what_the_settings_give_nothing_to_judge_is_left_out() {
        let transfer_every = Duration::from_secs(1);
        let apply_delay = Duration::from_millis(1);
        let all =
            names(&Parameters { transfer_every, apply_delay, snapshot_every: 4, ..Parameters::default() });
        assert_eq!(all, ALL.iter().map(|named| named.name).collect::<Vec<_>>());
        let few = names(&Parameters::default());
        let left_out: Vec<_> = all.into_iter().filter(|name| !few.contains(name)).collect();
        assert_eq!(left_out, ["raft/transfer", "raft/snapshots", "raft/applied"]);
    }
}
