//! The schedules of rounds that `[swarm] rounds` draws from, made once for each scenario.

use std::sync::Arc;

use rand_core::Rng;
use sim_core::fault::rounds::{RoundShape, RoundSpace, RoundsError};
use sim_core::ordered::OrderedMap;
use sim_core::random::{StreamName, below, stream};
use sim_core::registry::Cluster;
use sim_core::setup::Setup;

use super::swarm::{DrawnRounds, Twins};
use super::{Range, Scenario};

/// Every space that a seed may draw from, by members and twins.
pub(crate) type RoundSpaces = Arc<OrderedMap<(u32, u32), RoundSpace>>;

/// So many timeouts the sides of a round last where a scenario does not say. Protocols double theirs, mostly three times.
pub(crate) const TIMEOUTS: u64 = 10;

/// How many twins so many members may have.
fn twins(drawn: &DrawnRounds, cluster: &dyn Cluster, members: u32) -> Twins {
    let Twins { min, max } = drawn.twins.unwrap_or(Twins { min: 0, max: 0 });
    let borne = cluster.fault_model(members).byzantine;
    Twins { min: min.min(borne), max: max.min(borne) }
}

/// floor((n + f) / 2) + 1: two of these share an honest member.
fn quorum(cluster: &dyn Cluster, members: u32) -> u32 {
    (members + cluster.fault_model(members).byzantine) / 2 + 1
}

/// The spaces of a scenario; none if it draws no rounds.
///
/// # Errors
/// If one is too large.
pub(super) fn spaces(scenario: &Scenario, cluster: &dyn Cluster) -> Result<RoundSpaces, RoundsError> {
    let Some(swarm) = &scenario.swarm else { return Ok(RoundSpaces::default()) };
    let Some(drawn) = &swarm.rounds else { return Ok(RoundSpaces::default()) };
    let nodes = scenario.cluster.nodes;
    let Range { min, max } = swarm.nodes.unwrap_or(Range { min: nodes, max: nodes });
    let mut spaces = OrderedMap::new();
    for members in min..=max {
        let Twins { min, max } = twins(drawn, cluster, members);
        for twins in min..=max {
            let shape = RoundShape {
                members,
                twins,
                rounds: drawn.count,
                together: if drawn.any_sides { 0 } else { quorum(cluster, members) },
                kinds: u32::try_from(drawn.kinds.len()).unwrap_or(u32::MAX),
            };
            spaces.insert((members, twins), RoundSpace::new(shape)?);
        }
    }
    Ok(Arc::new(spaces))
}

/// Draws a schedule: its rounds join the faults, and its twins run beside the members.
pub(crate) fn draw(drawn: &DrawnRounds, spaces: &RoundSpaces, cluster: &dyn Cluster, setup: &mut Setup) {
    let mut rng = stream(setup.seed, StreamName::Rounds);
    let Twins { min, max } = twins(drawn, cluster, setup.members);
    let twins = min + u32::try_from(below(rng.next_u64(), u64::from(max - min) + 1)).unwrap_or(0);
    let Some(space) = spaces.get(&(setup.members, twins)) else { return };
    let index = if drawn.enumerate { u128::from(setup.seed) } else { space.draw(&mut rng) };
    setup.initial.beside.extend(space.twins());
    let lasts = drawn.lasts.unwrap_or_else(|| cluster.largest_timeout().saturating_mul(TIMEOUTS));
    let rounds = space.entries(&space.schedule(index), setup.clients, &drawn.kinds);
    setup.faults.entries.extend(rounds.into_iter().map(|round| round.lasting(lasts)));
}
