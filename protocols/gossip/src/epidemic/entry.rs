//! Epidemic broadcast as the registry knows it.

use sim_core::distribution::Distribution;
use sim_core::facts::Facts;
use sim_core::graph::fit_topology;
use sim_core::picture::Detail;
use sim_core::registry::parameters::ParameterSet;
use sim_core::registry::{FaultModel, Launch, ProtocolInfo, Simple};
use sim_core::setup::{NetworkModel, Setup};
use sim_core::simulate::Subject;

use super::agent::{Agent, Agents};
use super::completeness::Completeness;
use super::contacts::Contacts;
use super::liveness::EpidemicLiveness;
use super::parameters::{Parameters, Rhythm};
use super::safety::{Integrity, Silence, Validity};
use super::stalling::Stalling;
use super::theory;
use super::vocabulary::{Epidemic, EpidemicMessage, EpidemicObservation};

const INFO: ProtocolInfo = ProtocolInfo {
    about: "Once per cycle an agent contacts another one, or several: anybody, its neighbors in an overlay graph, or \
            members by their distance. It pushes what it knows, pulls what the other one knows, or both; it may lose \
            interest by a coin or a counter, blindly or by feedback, and refuse contacts beyond a limit (Demers et al. \
            1987). Agents are 32 bytes and remember nothing over a restart.",
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
    if knowing > u64::from(setup.members) {
        return Err("there are fewer members than agents that know a rumor at the start".to_owned());
    }
    fit_topology(&parameters.overlay, setup.members).map_err(|error| {
        let problem = error.to_string();
        problem.replacen("use the topology", "the overlay", 1)
    })?;
    if parameters.rhythm == Rhythm::Synchronous { fits_in_cycles(parameters, &setup.network) } else { Ok(()) }
}

/// A contact must be over when its cycle is, and must not begin before everybody's cycle has.
fn fits_in_cycles(parameters: &Parameters, network: &NetworkModel) -> Result<(), String> {
    if network.topology.is_some() {
        let why =
            "synchronous cycles need direct links: use cluster.epidemic.overlay in place of network.topology";
        return Err(why.to_owned());
    }
    let latencies = match &network.regions {
        Some(regions) => regions.latency.iter().flatten().collect(),
        None => vec![&network.latency],
    };
    let in_a_row = parameters.messages_in_a_row();
    for (shortest, longest) in latencies.into_iter().map(Distribution::bounds) {
        let longest = longest.ok_or("synchronous cycles need a latency with a longest value")?;
        if shortest.is_zero() {
            return Err("synchronous cycles need a latency above 0s: with 0s, what is said in a cycle arrives before \
                        everybody's cycle has begun"
                .to_owned());
        }
        if longest.saturating_mul(in_a_row) >= parameters.period {
            return Err(format!(
                "a contact must fit in its cycle: {in_a_row} messages of up to {longest} one after the other take no \
                 less than the period of {}",
                parameters.period
            ));
        }
    }
    Ok(())
}

fn system(parameters: &Parameters, setup: &Setup, launch: &Launch) -> Subject<Epidemic, Agent> {
    let contacts = Contacts::new(parameters, setup.members, setup.seed);
    let agents = Agents::new(parameters.clone(), contacts).stalling(Stalling::of(launch));
    Subject {
        checks: checks(parameters, setup),
        liveness: Box::new(EpidemicLiveness::new(parameters.clone(), setup)),
        expected: (launch.picture == Detail::Full).then(|| theory::expected(parameters, setup)).flatten(),
        ..Subject::new("epidemic", agents)
    }
}

sim_core::checks! {
    fn checks(parameters: &Parameters, setup: &Setup) -> Epidemic {
        "epidemic/validity": "Who learns a rumor learned it from somebody who knew it."
            => Validity::new(parameters.clone()),
        "epidemic/integrity": "In one incarnation a rumor is learned once, and interest lost once."
            => Integrity::new(),
        "epidemic/silence": "Who has lost interest spreads no rumor until it has restarted."
            => Silence::default(),
        "epidemic/completeness": "After the heal a rumor that the core still knows reaches all of it."
            => Completeness::new(parameters.clone(), setup),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sim_core::check::Verdict;
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

    #[test]
    fn a_synchronous_rhythm_refuses_latencies_that_break_its_cycles() {
        let ms = Duration::from_millis;
        let refused = |mode: &str, latency: Distribution| {
            let given = json!({ "mode": mode, "rhythm": "synchronous", "interest": "feedback-coin", "k": 2 });
            let mut setup = Setup::new(1, 9);
            setup.network.latency = latency;
            let outcome = ENTRY.configure(&given).unwrap().launch(&setup, &Launch::default());
            outcome.err().map(|error| error.to_string()).unwrap_or_default()
        };
        assert_eq!(refused("pull", Distribution::Fixed(ms(333))), "");
        assert_eq!(refused("push", Distribution::Fixed(ms(499))), "");
        for (mode, latency, why) in [
            ("push", Distribution::Fixed(ms(0)), "above 0s"),
            ("push", Distribution::Fixed(ms(500)), "2 messages of up to 500ms"),
            ("pull", Distribution::Uniform { min: ms(1), max: ms(334) }, "3 messages of up to 334ms"),
            ("pull", Distribution::Exponential { mean: ms(1) }, "longest value"),
        ] {
            let said = refused(mode, latency);
            assert!(said.contains(why), "{said}");
        }
    }

    #[test]
    fn an_overlay_must_fit_the_members() {
        let given = json!({ "overlay": { "random_regular": { "degree": 9 } } });
        let error = ENTRY.configure(&given).unwrap().accepts(&Setup::new(1, 9)).unwrap_err();
        assert_eq!(error.to_string(), "launch epidemic: the overlay: 9 members cannot have 9 links each");
    }
}
