//! Epidemic broadcast as the registry knows it.

use sim_core::facts::Facts;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::Setup;
use sim_core::simulate::Subject;

use super::agent::{Agent, Agents};
use super::completeness::Completeness;
use super::liveness::EpidemicLiveness;
use super::parameters::Parameters;
use super::safety::{Integrity, Validity};
use super::stalling::Stalling;
use super::vocabulary::{Epidemic, EpidemicMessage, EpidemicObservation};

const INFO: ProtocolInfo = ProtocolInfo {
    about: "Once per cycle an agent contacts another one, drawn uniformly, and pushes what it knows, pulls what the \
            other one knows, or both; it may lose interest by a coin or a counter, blindly or by feedback (Demers et \
            al. 1987). Agents are 32 bytes and remember nothing over a restart.",
    roles: &["susceptible", "infected", "removed"],
    messages: EpidemicMessage::KINDS,
    observations: EpidemicObservation::KINDS,
    knobs: Parameters::KNOBS,
    stalls: Stalling::NAMES,
    checks: CHECKS,
    journals: false,
    ..ProtocolInfo::new("epidemic", "Epidemic broadcast: rumors spread by random contacts")
};

/// Epidemic broadcast in the registry.
///
/// Fewer than half may be down or gone. Nothing is promised against agents that lie.
pub const ENTRY: Simple<Parameters, Epidemic, Agent> = Simple::new(&INFO, system)
    .bears(|members| {
        let minority = members.saturating_sub(1) / 2;
        FaultModel { crashed: minority, lost_disks: minority, byzantine: 0, outages: false }
    })
    .waits(Parameters::longest_cycle)
    .observes(most_observed)
    .fits(fits);

/// Everybody starts once, learns each rumor at most once, and loses interest at most once.
fn most_observed(parameters: &Parameters, kind: &str, members: u32) -> Option<u64> {
    let members = u64::from(members);
    match kind {
        "Susceptible" | "Removed" => Some(members),
        "Infected" => Some(members * u64::from(parameters.rumors)),
        _ => None,
    }
}

fn fits(parameters: &Parameters, setup: &Setup) -> Result<(), String> {
    let knowing = u64::from(parameters.rumors) * u64::from(parameters.initial);
    let enough = knowing <= u64::from(setup.members);
    let too_few = "there are fewer members than agents that know a rumor at the start";
    enough.then_some(()).ok_or_else(|| too_few.to_owned())
}

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Epidemic, Agent> {
    Subject {
        checks: checks(parameters, setup),
        liveness: Box::new(EpidemicLiveness::new(parameters.clone(), setup)),
        ..Subject::new("epidemic", Agents::stalling(parameters.clone(), Stalling::of(launch)))
    }
}

sim_core::checks! {
    fn checks(parameters: &Parameters, setup: &Setup) -> Epidemic {
        "epidemic/validity": "Who learns a rumor learned it from somebody who knew it."
            => Validity::new(parameters.clone()),
        "epidemic/integrity": "In one incarnation a rumor is learned once, and interest lost once."
            => Integrity::new(),
        "epidemic/completeness": "After the heal a rumor that the core still knows reaches all of it."
            => Completeness::new(parameters.clone(), setup),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sim_core::check::Verdict;
    use sim_core::distribution::Distribution;
    use sim_core::random::{StreamName, stream};
    use sim_core::registry::Entry;
    use sim_core::time::Duration;

    use super::*;

    #[test]
    fn parameters_survive_the_registry() {
        let given = json!({ "mode": "pull", "interest": "feedback-counter", "k": 2, "period": "20ms" });
        let cluster = ENTRY.configure(&given).unwrap();
        assert_eq!(cluster.parameters()["interest"], json!("feedback-counter"));
        let again = ENTRY.configure(&cluster.parameters()).unwrap();
        assert_eq!(again.parameters(), cluster.parameters());
        for seed in 0..50 {
            let drawn = cluster.drawn(&mut stream(seed, StreamName::Configuration));
            assert!(ENTRY.configure(&drawn.parameters()).is_ok());
            assert_eq!(drawn.parameters()["interest"], json!("feedback-counter"));
        }
    }

    /// A clean run on a network that takes an hour for each message.
    #[test]
    fn nobody_is_accused_of_a_slow_network() {
        for mode in ["push", "pull", "push-pull"] {
            for (period, expected) in [("1s", Verdict::Inconclusive), ("5h", Verdict::Pass)] {
                let cluster = ENTRY.configure(&json!({ "mode": mode, "period": period })).unwrap();
                let mut setup =
                    Setup { progress_timeout: Some(cluster.largest_timeout()), ..Setup::new(1, 9) };
                setup.network.latency = Distribution::Fixed(Duration::from_secs(3_600));
                let outcome = cluster.launch(&setup, &Launch::default()).unwrap();
                assert_eq!(outcome.verdict, expected, "{mode} {period}: {:?}", outcome.progress);
            }
        }
    }
}
