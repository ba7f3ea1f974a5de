//! One agent as a home and as a claimant, without a world.

use std::rc::Rc;

use sim_core::facts::render;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedSet;
use sim_core::process::{Effect, Input, Role, Solo, TimerId};
use sim_core::registry::parameters::ParameterSet;
use sim_core::time::Duration;

use crate::agent::{Agent, Team, number_of_life};
use crate::entry::team;
use crate::parameters::Parameters;
use crate::plants::Plants;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation, CoordinationTimer,
    Ending,
};

const OWN: NodeId = NodeId(0);
const OTHER: NodeId = NodeId(1);
const THIRD: NodeId = NodeId(2);
const SINK: NodeId = NodeId(4);
const LEASE: Duration = Duration::from_secs(20);

/// The first of three agents, and what it says.
struct One {
    solo: Solo,
    agent: Agent,
    team: Rc<Team>,
    /// The most tasks that it reported to wait.
    queued: u32,
}

impl One {
    /// An agent with one slot and a queue of this length, under the first epoch.
    fn new(tasks: u32, queue: u32) -> Self {
        Self::with(&serde_json::json!({
            "strategy": "gossip", "layers": 1, "width": tasks, "queue": queue, "lease": "20s"
        }))
    }

    fn with(parameters: &serde_json::Value) -> Self {
        let parameters = Parameters::read(parameters).unwrap();
        let team = Rc::new(team(&parameters, 3, 1, Plants::default()).unwrap());
        let solo = Solo::new(OWN, 3);
        let agent = Agent::new(&solo.boot(Role::Member, &[]), team.clone());
        let mut one = Self { solo, agent, team, queued: 0 };
        let asked = one.step(Input::Start);
        one.opened(&asked, 1);
        one
    }

    /// Steps, and gives back what is sent.
    fn step(&mut self, input: Input<'_, Coordination>) -> Vec<(NodeId, Message)> {
        let effects = self.solo.step::<Coordination>(&mut self.agent, input);
        for effect in effects.list() {
            if let Effect::Observe(Observation::Queued { length, .. }) = effect {
                self.queued = self.queued.max(*length);
            }
        }
        let sends = effects.list().iter().filter_map(|effect| match effect {
            Effect::Send { to, message } => Some((effects.recipients(to)[0], message.clone())),
            _ => None,
        });
        sends.collect()
    }

    fn hears(&mut self, from: NodeId, message: &Message) -> Vec<(NodeId, Message)> {
        self.step(Input::Message { from, message })
    }

    /// The sink answers a question for an epoch.
    fn opened(&mut self, said: &[(NodeId, Message)], epoch: u32) {
        let token = said.iter().find_map(|(to, message)| match message {
            Message::Open { token } if *to == SINK => Some(*token),
            _ => None,
        });
        self.hears(SINK, &Message::Opened { token: token.unwrap(), epoch });
    }

    /// A task of which it is the first home.
    fn task(&self) -> u32 {
        let homes = &self.team.common.as_ref().unwrap().homes;
        (0..).find(|task| homes.of_task(*task)[0] == OWN).unwrap()
    }

    /// What somebody is told who wants a task.
    fn wants(&mut self, agent: NodeId, task: u32) -> Message {
        let sequence = self.solo.now.as_nanos();
        let said = self.hears(agent, &Message::Claim { task, fence: 0, sequence });
        let answers = |message: &Message| matches!(message, Message::Claimed { .. } | Message::Taken { .. });
        said.into_iter().find(|(to, message)| *to == agent && answers(message)).unwrap().1
    }

    fn passes(&mut self, time: Duration) {
        self.solo.now = self.solo.now.saturating_add(time);
    }
}

fn fence(answer: &Message) -> u64 {
    let Message::Claimed { fence, .. } = answer else { panic!("{} is no claim", render(answer)) };
    *fence
}

fn wait(answer: &Message) -> Duration {
    let Message::Taken { wait, .. } = answer else { panic!("{} is no refusal", render(answer)) };
    *wait
}

#[test]
fn a_claim_is_kept_for_one_and_refused_to_others_until_its_lease_is_over() {
    let mut one = One::new(30, 0);
    let task = one.task();
    let first = one.wants(OTHER, task);
    assert_eq!(fence(&first) >> 32, 1);
    assert_eq!(fence(&one.wants(OTHER, task)), fence(&first), "the same question has the same answer");
    one.passes(Duration::from_secs(5));
    assert_eq!(wait(&one.wants(THIRD, task)), Duration::from_secs(15));
    one.passes(Duration::from_secs(15));
    assert!(fence(&one.wants(THIRD, task)) > fence(&first));
}

/// Homes that were cut off go on with the fences that they have. Whoever has a task from one whose fences are too low is
/// refused by the sink, however often it tries: the home has to hear of that, and to ask for a newer epoch.
#[test]
fn a_home_whose_fence_the_sink_refuses_waits_for_a_lease_and_asks_for_a_newer_epoch() {
    let mut one = One::new(30, 0);
    let task = one.task();
    let low = fence(&one.wants(OTHER, task));
    let said = one.hears(OTHER, &Message::Release { task, fence: low, ending: Ending::Superseded });
    let said_without_epoch = one.hears(OTHER, &Message::Claim { task, fence: 0, sequence: 1 });
    assert!(said_without_epoch.is_empty(), "{said_without_epoch:?}");
    one.opened(&said, 9);
    assert_eq!(wait(&one.wants(OTHER, task)), LEASE);
    one.passes(LEASE);
    let high = fence(&one.wants(OTHER, task));
    assert_eq!(high >> 32, 9);
    let said = one.hears(OTHER, &Message::Release { task, fence: high, ending: Ending::Superseded });
    one.opened(&said, 12);
    assert_eq!(wait(&one.wants(OTHER, task)), LEASE.saturating_mul(2), "whoever has it needs longer");
}

/// An old refusal says nothing about a newer epoch.
#[test]
fn a_home_asks_for_one_newer_epoch_however_many_of_its_fences_are_refused() {
    let mut one = One::new(30, 0);
    let homes = &one.team.common.as_ref().unwrap().homes;
    let tasks: Vec<u32> = (0..30).filter(|task| homes.of_task(*task)[0] == OWN).take(2).collect();
    let fences: Vec<u64> = tasks.iter().map(|task| fence(&one.wants(OTHER, *task))).collect();
    let release = |place: usize| Message::Release {
        task: tasks[place],
        fence: fences[place],
        ending: Ending::Superseded,
    };
    let said = one.hears(OTHER, &release(0));
    one.opened(&said, 9);
    let again = one.hears(OTHER, &release(1));
    assert!(!again.iter().any(|(_, message)| matches!(message, Message::Open { .. })), "{again:?}");
}

/// The answer of a home that an agent is itself comes in the same step as the question.
#[test]
fn an_agent_asks_for_nothing_more_once_a_task_has_its_slot() {
    let mut one = One::new(30, 0);
    let mut said = one.hears(SINK, &Message::Facts { since: 0, ends: [].into(), all: 0 });
    let mut begun = 0;
    for _ in 0..100 {
        begun += said.iter().filter(|(_, message)| matches!(message, Message::Begin { .. })).count();
        let question = said.iter().find_map(|(to, message)| match *message {
            Message::Claim { task, fence: 0, sequence } => Some((*to, task, sequence)),
            _ => None,
        });
        let Some((home, task, sequence)) = question else { break };
        one.passes(Duration::from_millis(1));
        said = one.hears(home, &Message::Claimed { task, fence: 5 << 32, attempt: 0, sequence });
    }
    assert_eq!((begun, one.queued), (1, 0));
}

/// An attempt fails at the moment of a heartbeat. A home that hears the next question before it hears that the task is given back must not
/// take that for the heartbeat: it would let the agent go on under a fence that is about to be given back.
#[test]
fn a_question_has_another_number_than_the_heartbeat_of_the_same_moment() {
    let mut one = One::with(&serde_json::json!({
        "strategy": "gossip", "layers": 1, "width": 30, "queue": 0, "steps": 1, "tokens_out": 0, "failure": "1/1", "retries": 5
    }));
    let mut said = one.hears(SINK, &Message::Facts { since: 0, ends: [].into(), all: 0 });
    // Tasks that it is the first home of end at once.
    while let Some((task, fence)) = said.iter().find_map(|(_, message)| match *message {
        Message::Begin { task, fence } => Some((task, fence)),
        _ => None,
    }) {
        said = one.hears(SINK, &Message::Refused { task, fence, ended: true });
    }
    let claims = |said: &[(NodeId, Message)]| -> Vec<(NodeId, u32, u64, u64)> {
        let claims = said.iter().filter_map(|(to, message)| match *message {
            Message::Claim { task, fence, sequence } => Some((*to, task, fence, sequence)),
            _ => None,
        });
        claims.collect()
    };
    let (home, task, _, sequence) = claims(&said)[0];
    let fence = 5 << 32;
    one.hears(home, &Message::Claimed { task, fence, attempt: 0, sequence });
    one.hears(SINK, &Message::Begun { task, fence, steps: 0 });
    one.passes(Duration::from_secs(5));
    let beaten = one.solo.now.as_nanos();
    one.step(Input::Timer { id: TimerId(0), timer: CoordinationTimer::Beat });
    let said = one.step(Input::Timer { id: TimerId(16), timer: CoordinationTimer::Slot { slot: 0 } });
    let asked = claims(&said);
    assert!(asked.iter().all(|(_, _, fence, sequence)| *fence == 0 && *sequence > beaten), "{asked:?}");
    assert!(!asked.is_empty(), "{said:?}");
}

/// Where messages pass in one direction only, an agent hears others that never hear it.
#[test]
fn whoever_is_heard_but_does_not_answer_stays_silent() {
    let mut one = One::new(30, 0);
    let mut said = one.hears(SINK, &Message::Facts { since: 0, ends: [].into(), all: 0 });
    let mut asked = Vec::new();
    for _ in 0..40 {
        for (to, message) in std::mem::take(&mut said) {
            match message {
                Message::Claim { fence: 0, .. } => asked.push(to),
                // Its own tasks end, so that it asks others.
                Message::Begin { task, fence } => {
                    said.extend(one.hears(SINK, &Message::Refused { task, fence, ended: true }));
                }
                _ => {}
            }
        }
        one.passes(Duration::from_secs(1));
        one.hears(OTHER, &Message::Noted { task: 0, fence: 1, agent: None });
        one.hears(THIRD, &Message::Noted { task: 0, fence: 1, agent: None });
        said.extend(one.step(Input::Timer { id: TimerId(5), timer: CoordinationTimer::Claim }));
    }
    let others = asked.iter().filter(|home| **home != OWN).count();
    assert!((2..=8).contains(&others), "asked in 40 s: {asked:?}");
}

/// The home of a task may not hear that its fences are too low. And where agents hear nobody and are homes of all tasks, each of them
/// makes the fences of the others too low.
#[test]
fn an_agent_pauses_longer_and_longer_before_it_asks_again_for_a_task_that_the_sink_refused_it() {
    let mut one = One::new(1, 0);
    let mut said = one.hears(SINK, &Message::Facts { since: 0, ends: [].into(), all: 0 });
    let mut begun = Vec::new();
    for tenth in 0..2_000 {
        for (to, message) in std::mem::take(&mut said) {
            match message {
                Message::Claim { task, fence: 0, sequence } => {
                    let fence = 5 << 32 | begun.len() as u64;
                    said.extend(one.hears(to, &Message::Claimed { task, fence, attempt: 0, sequence }));
                }
                Message::Begin { task, fence } => {
                    begun.push(tenth / 10);
                    said.extend(one.hears(SINK, &Message::Refused { task, fence, ended: false }));
                }
                _ => {}
            }
        }
        one.passes(Duration::from_millis(100));
        said.extend(one.step(Input::Timer { id: TimerId(5), timer: CoordinationTimer::Claim }));
    }
    let pauses: Vec<_> = begun.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(matches!(pauses[..], [20..24, 40..44, 80..84]), "with a lease of 20 s, pauses of {pauses:?} s");
}

/// It answers, and never in time to renew what it gave away.
#[test]
fn a_home_that_renews_too_late_is_passed_over_for_a_while() {
    let mut one = One::new(30, 0);
    let mut said = one.hears(SINK, &Message::Facts { since: 0, ends: [].into(), all: 0 });
    let question = |said: &[(NodeId, Message)]| {
        said.iter().find_map(|(to, message)| match *message {
            Message::Claim { task, fence: 0, sequence } => Some((*to, task, sequence)),
            _ => None,
        })
    };
    // Tasks that it is the first home of end at once.
    while let Some((task, fence)) = said.iter().find_map(|(_, message)| match *message {
        Message::Begin { task, fence } => Some((task, fence)),
        _ => None,
    }) {
        said = one.hears(SINK, &Message::Refused { task, fence, ended: true });
    }
    let (home, task, sequence) = question(&said).unwrap();
    let beat = |one: &mut One| one.step(Input::Timer { id: TimerId(0), timer: CoordinationTimer::Beat });
    one.passes(Duration::from_millis(900));
    one.hears(home, &Message::Claimed { task, fence: 5 << 32, attempt: 0, sequence });
    let renewals = beat(&mut one);
    let is_renewal = |message: &Message| matches!(message, Message::Claim { fence, .. } if *fence > 0);
    assert!(renewals.iter().any(|(to, message)| *to == home && is_renewal(message)), "{renewals:?}");
    one.passes(LEASE);
    let mut said = beat(&mut one);
    let mut asked = Vec::new();
    while let Some((to, message)) = said.pop() {
        match message {
            Message::Claim { task, fence: 0, .. } => {
                asked.push(to);
                said.extend(one.hears(to, &Message::Taken { task, fence: 0, wait: LEASE }));
            }
            Message::Begin { task, fence } => {
                said.extend(one.hears(SINK, &Message::Refused { task, fence, ended: true }));
            }
            message => assert!(!is_renewal(&message), "it has nothing"),
        }
    }
    assert!(!asked.is_empty() && !asked.contains(&home), "{home} did not renew the lease: {asked:?}");
}

/// Notes that agents merge are told apart by their numbers alone. With 24 bits, two of forty agents had the same one once in twenty
/// thousand runs.
#[test]
fn lives_of_many_agents_have_numbers_of_their_own() {
    let life = |node| number_of_life(&Solo::new(NodeId(node), 1).boot(Role::Member, &[]));
    let lives: OrderedSet<u64> = (0..10_000).map(life).collect();
    assert_eq!(lives.len(), 10_000);
}
