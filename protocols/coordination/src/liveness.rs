//! What progress is owed: after the heal every task ends, as far as the strategy promises that with the agents that are
//! left.

use std::rc::Rc;

use raft::vocabulary::RaftObservation;
use sim_core::check::Seen;
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedSet;
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares as TimeShares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use crate::agent::Team;
use crate::graph::TaskId;
use crate::ledger::Ledger;
use crate::parameters::{Parameters, Strategy};
use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Judges by the ledger.
#[derive(Debug)]
pub struct TasksEnd {
    team: Rc<Team>,
    ledger: Ledger,
    loss: f64,
    unsettled: u32,
    /// The most steps that were seen done since the heal, by task.
    steps: Vec<u32>,
    /// Without a coordinator: the tasks that the core can end by itself.
    owed: Vec<TaskId>,
    /// Agents whose breaker closed since the heal: until then they could not go on, and each counts once.
    closed: OrderedSet<Slot>,
    /// Whom the core of a replicated coordinator elected in the latest term, whether or not it coordinates.
    elected: Option<(u64, Slot)>,
}

impl TasksEnd {
    /// For this team in this run.
    pub fn new(team: Rc<Team>, setup: &Setup, ledger: Ledger) -> Self {
        let loss = setup.network.loss.as_f64() + setup.network.corrupt.as_f64();
        let steps = vec![0; team.place.graph.len()];
        Self {
            team,
            ledger,
            loss,
            unsettled: 0,
            steps,
            owed: Vec::new(),
            closed: OrderedSet::new(),
            elected: None,
        }
    }

    /// The agents of the core that do tasks and that the coordinator reaches through the core.
    fn able<'a>(&'a self, core: &'a [Slot]) -> impl Iterator<Item = NodeId> + 'a {
        let parameters = &self.team.place.parameters;
        let inside = move |agent: NodeId| core.binary_search(&Slot(agent.0)).is_ok();
        let works = move |agent: &NodeId| {
            parameters.works(agent.0, self.team.agents) && !parameters.stands_by(agent.0, self.team.agents)
        };
        let reached = move |agent: &NodeId| self.reaches_the_first(*agent, inside);
        core.iter().map(|slot| NodeId(slot.0)).filter(works).filter(reached)
    }

    /// Whether the way from an agent to the first one is inside, and with it that to any other such agent.
    fn reaches_the_first(&self, agent: NodeId, inside: impl Fn(NodeId) -> bool) -> bool {
        let way = agent.0 == 0 || self.team.ways.between(agent).all(&inside);
        let parameters = &self.team.place.parameters;
        let peers = parameters.core_of(self.team.agents) > 0 || parameters.strategy == Strategy::Gossip;
        way && (!peers || self.team.ways.is_direct() || inside(NodeId(0)))
    }

    /// Whether enough of those who elect a coordinator reach each other.
    fn can_elect(&self, core: &[Slot]) -> bool {
        let members = self.team.place.parameters.core_of(self.team.agents);
        let inside = |agent: NodeId| core.binary_search(&Slot(agent.0)).is_ok();
        let able = (0..members).map(NodeId).filter(|agent| inside(*agent));
        able.filter(|agent| self.reaches_the_first(*agent, inside)).count() as u32 > members / 2
    }

    /// Whether somebody of the core can do each task that is left.
    fn all_can_be_done(&self, core: &[Slot]) -> bool {
        let (parameters, agents) = (&self.team.place.parameters, self.team.agents);
        let mut sets: Vec<u64> =
            self.able(core).map(|agent| parameters.capabilities(agent.0, agents)).collect();
        sets.sort_unstable();
        sets.dedup();
        let ledger = self.ledger.read();
        let left = self.team.place.graph.iter().filter(|(id, _)| !ledger.is_settled(*id));
        !sets.is_empty() && left.into_iter().all(|(_, task)| sets.iter().any(|can| task.needs & !can == 0))
    }

    /// The tasks that agents of the core have, and that wait for nothing that others have.
    ///
    /// Who waits for a task that fails waits for its fallback too, and for the fallback of that; and any task may fail
    /// that has not succeeded, if only because its calls do.
    fn own_tasks(&self, core: &[Slot]) -> Vec<TaskId> {
        let graph = &self.team.place.graph;
        let ledger = self.ledger.read();
        let mut can = vec![false; graph.len()];
        let inside = |id: TaskId| core.binary_search(&Slot(self.team.shares.owner(id).0)).is_ok();
        loop {
            let mut more = false;
            for (id, task) in graph.iter().filter(|(id, _)| !ledger.is_settled(*id)) {
                let ends = |other: &TaskId| ledger.is_settled(*other) || can[*other as usize];
                let with_fallbacks = |parent: &TaskId| graph.in_place_of(*parent).all(|other| ends(&other));
                let causes = task.born.iter().chain(&task.stands_for);
                let now =
                    inside(id) && causes.into_iter().all(ends) && task.parents.iter().all(with_fallbacks);
                if now && !can[id as usize] {
                    can[id as usize] = true;
                    more = true;
                }
            }
            if !more {
                return graph.iter().filter(|(id, _)| can[*id as usize]).map(|(id, _)| id).collect();
            }
        }
    }

    fn left(&self) -> u32 {
        let ledger = self.ledger.read();
        if self.team.place.parameters.strategy == Strategy::Independent {
            self.owed.iter().filter(|task| !ledger.is_settled(**task)).count() as u32
        } else {
            ledger.unsettled()
        }
    }

    fn is_limited(&self) -> bool {
        let parameters = &self.team.place.parameters;
        [
            parameters.requests_per_minute,
            parameters.input_tokens_per_minute,
            parameters.output_tokens_per_minute,
            parameters.concurrent_calls,
        ]
        .iter()
        .any(|limit| *limit > 0)
    }

    /// The longest that it takes until something more is done, where nothing goes wrong.
    fn attempt(&self) -> Duration {
        let parameters = &self.team.place.parameters;
        let Parameters { lease, dead_after, patience, heartbeat, ref poll, .. } = *parameters;
        // A few rounds until somebody is elected, and beats until everybody knows.
        let election = match parameters.core_of(self.team.agents) {
            0 => Duration::ZERO,
            _ => parameters.election_timeout.saturating_mul(10).saturating_add(heartbeat.saturating_mul(4)),
        };
        let tasks = self.team.place.graph.tasks.iter();
        let step = tasks.map(|task| task.work / u64::from(task.steps)).max().unwrap_or_default();
        // A bucket that is used up is full again after a minute, and an agent backs off for a minute at most.
        let throttled = if self.is_limited() { Duration::from_secs(180) } else { Duration::ZERO };
        [election, lease, lease, dead_after, patience, patience, heartbeat, *poll, step, throttled]
            .into_iter()
            .fold(self.team.place.parameters.usual_call(), Duration::saturating_add)
    }
}

impl TasksEnd {
    /// Whether a coordinator takes longer for the beats of all agents than until the next ones: what waits at it grows without end, and
    /// nobody is owed an answer.
    fn is_overloaded(&self) -> bool {
        let Parameters { strategy, handling, heartbeat, .. } = self.team.place.parameters;
        let coordinates = !matches!(strategy, Strategy::Single | Strategy::Independent | Strategy::Gossip);
        coordinates && handling.saturating_mul(u64::from(self.team.agents.saturating_sub(1))) > heartbeat
    }
}

/// A window of progress: one beat of an agent.
pub(crate) fn window(parameters: &Parameters) -> Duration {
    parameters.heartbeat
}

impl Liveness<Coordination> for TasksEnd {
    fn owed(&self, _: &Ground, core: &[Slot]) -> Result<(), Stall> {
        let strategy = self.team.place.parameters.strategy;
        let coordinator = match strategy {
            Strategy::Independent | Strategy::Gossip => true,
            Strategy::Single | Strategy::Star => core.binary_search(&Slot(0)).is_ok(),
            Strategy::Service | Strategy::Hybrid | Strategy::Raft => self.can_elect(core),
        };
        let done = strategy == Strategy::Independent || self.all_can_be_done(core);
        if !coordinator || !done {
            Err(Stall::NoQuorum)
        } else if self.is_overloaded() {
            Err(Stall::Settings)
        } else {
            Ok(())
        }
    }

    fn hears(&self) -> &'static [&'static str] {
        &["Order"]
    }

    fn observe(&mut self, seen: &Seen<'_, Coordination>) {
        if let Observation::Order { inner: RaftObservation::BecameLeader { term, .. } } = seen.observation {
            self.elected = self.elected.max(Some((*term, seen.slot)));
        }
    }

    /// Whom the core elected may be one that is broken for others, or one that the healthy agents reach only through such a
    /// one: its heartbeats come, and so nobody else is elected, but what it grants comes too late. Or it hears nobody, and never
    /// coordinates: without a majority that answers it would step down, but with an adaptive quorum it counts nobody else.
    fn explain(&self, _: &Ground, core: &[Slot]) -> Option<Stall> {
        let elects = self.team.place.parameters.core_of(self.team.agents) > 0;
        let inside = |agent: NodeId| core.binary_search(&Slot(agent.0)).is_ok();
        let reached = |agent: NodeId| inside(agent) && self.reaches_the_first(agent, inside);
        let outside = self.elected.is_some_and(|(_, slot)| !reached(NodeId(slot.0)));
        (elects && outside).then_some(Stall::Outsider)
    }

    fn pace(&self, timeout: Duration, _: &[Slot]) -> Pace {
        let kept = (1.0 - self.loss).max(0.0);
        let windows = self.attempt().as_nanos() / timeout.as_nanos().max(1) + 1;
        let agents = u64::from(self.team.agents.max(1));
        let serve = timeout / (16 * agents);
        let shares = TimeShares { serve, ..TimeShares::of(timeout) };
        Pace {
            windows: u32::try_from(windows).unwrap_or(u32::MAX),
            chance: 0.5 * kept * kept,
            wasted: 2,
            shares,
        }
    }

    fn reached(&mut self, _: &Ground, core: &[Slot], seen: Option<&Seen<'_, Coordination>>) -> Reach {
        let before = self.unsettled;
        if let Some(Seen { slot, observation: Observation::BreakerClosed, .. }) = seen {
            return if self.closed.insert(*slot) { Reach::More } else { Reach::Nothing };
        }
        match seen.map(|seen| seen.observation) {
            None => {
                self.owed = self.own_tasks(core);
                self.closed.clear();
                self.unsettled = self.left();
                return if self.unsettled == 0 { Reach::All } else { Reach::Nothing };
            }
            Some(
                Observation::Effect { .. } | Observation::EffectFound { .. } | Observation::Settled { .. },
            ) => self.unsettled = self.left(),
            Some(Observation::Stepped { task, steps }) => {
                let most = &mut self.steps[*task as usize];
                let more = steps > most;
                *most = (*most).max(*steps);
                return if more { Reach::More } else { Reach::Nothing };
            }
            Some(_) => return Reach::Nothing,
        }
        match self.unsettled {
            0 => Reach::All,
            left if left < before => Reach::More,
            _ => Reach::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::ground::Ground;
    use sim_core::identity::Slot;
    use sim_core::outcome::Stall;
    use sim_core::registry::parameters::ParameterSet;
    use sim_core::setup::Setup;
    use sim_core::simulate::Liveness;

    use super::TasksEnd;
    use crate::entry::team;
    use crate::ledger::Ledger;
    use crate::parameters::Parameters;
    use crate::plants::Plants;

    /// The first agent has a and c, which waits for a; the second has the fallback of a.
    #[test]
    fn who_waits_for_a_task_waits_for_its_fallback_too() {
        let parameters = Parameters::read(&serde_json::json!({
            "strategy": "independent",
            "tasks": [{ "name": "a", "fallback": "b" }, { "name": "b" }, { "name": "c", "after": ["a"] }]
        }))
        .unwrap();
        let team = std::rc::Rc::new(team(&parameters, 2, 1, Plants::default()).unwrap());
        let ledger = Ledger::new(&team.place.graph, 2);
        let judge = TasksEnd::new(team, &Setup::new(1, 2), ledger);
        assert_eq!(judge.own_tasks(&[Slot(0)]), [0]);
        assert_eq!(judge.own_tasks(&[Slot(0), Slot(1)]), [0, 1, 2]);
    }

    /// Three agents beat every 25 ms. What a coordinator takes for one beat decides.
    #[test]
    fn a_coordinator_that_is_asked_more_than_it_can_do_owes_nothing() {
        let owed = |strategy: &str, handling: &str| {
            let parameters =
                serde_json::json!({ "strategy": strategy, "heartbeat": "25ms", "handling": handling });
            let parameters = Parameters::read(&parameters).unwrap();
            let team = std::rc::Rc::new(team(&parameters, 4, 1, Plants::default()).unwrap());
            let ledger = Ledger::new(&team.place.graph, 4);
            TasksEnd::new(team, &Setup::new(1, 4), ledger).owed(&Ground::new(4, 2), &[0, 1, 2, 3].map(Slot))
        };
        assert_eq!(owed("star", "8ms"), Ok(()));
        assert_eq!(owed("star", "9ms"), Err(Stall::Settings));
        assert_eq!(owed("gossip", "9ms"), Ok(()), "nobody hears all beats");
    }

    /// In this tree n4 and n5 are below n2, and n6 and n7 below n3. Once n2 is broken, nobody is accused because n4 leads.
    #[test]
    fn a_coordinator_behind_somebody_broken_is_an_outsider() {
        let parameters = Parameters::read(&serde_json::json!({
            "strategy": "raft", "topology": "tree", "degree": 2
        }))
        .unwrap();
        let team = std::rc::Rc::new(team(&parameters, 7, 1, Plants::default()).unwrap());
        let ledger = Ledger::new(&team.place.graph, 7);
        let mut judge = TasksEnd::new(team, &Setup::new(1, 7), ledger);
        let ground = Ground::new(7, 2);
        let core = [0, 2, 3, 5, 6].map(Slot);
        assert_eq!(judge.owed(&ground, &core), Ok(()), "four of seven reach each other");
        for (elected, stall) in [(0, None), (5, None), (3, Some(Stall::Outsider)), (1, Some(Stall::Outsider))]
        {
            judge.elected = Some((1, Slot(elected)));
            assert_eq!(judge.explain(&ground, &core), stall, "n{}", elected + 1);
        }
    }
}
