//! The paper's tables, and the rounds that simple epidemics need, in synchronous cycles (Demers et al. 1987, tables 1
//! to 3; PUBLISHED-RESULTS.md rows 6 to 9). A fast subset: fewer runs and wider tolerances than the published rows.

use sim_core::identity::NodeId;
use sim_core::process::{Effect, Factory, Input, Role, Solo, TimerId};
use sim_core::time::Duration;

use super::agent::{Agent, Agents};
use super::contacts::Contacts;
use super::parameters::{Interest, Mode, Parameters, Rhythm};
use super::vocabulary::{Epidemic, EpidemicMessage, EpidemicObservation, EpidemicTimer};

const AGENTS: u32 = 1_000;

/// What came of one epidemic, or the mean of several.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Course {
    pub(super) residue: f64,
    traffic: f64,
    pub(super) last: f64,
}

/// Agents without a network: a message takes less than a third of a cycle.
pub(super) struct Village {
    solos: Vec<Solo>,
    agents: Vec<Agent>,
    mail: Vec<(NodeId, NodeId, EpidemicMessage)>,
    infected: u32,
    removed: u32,
    rumors_sent: u32,
}

impl Village {
    pub(super) fn new(agents: u32) -> Self {
        let solos = (0..agents).map(|agent| Solo::new(NodeId(agent), agents)).collect();
        Self { solos, agents: Vec::new(), mail: Vec::new(), infected: 0, removed: 0, rumors_sent: 0 }
    }

    /// Runs an epidemic to its end: all reached, or nobody spreads any more. The dice go on from the run before.
    pub(super) fn run(&mut self, parameters: &Parameters) -> Course {
        let members = self.solos.len() as u32;
        let contacts = Contacts::new(parameters, members, 0);
        let mut agents = Agents::new(parameters.clone(), contacts);
        self.agents = self.solos.iter().map(|solo| agents.boot(solo.boot(Role::Member, &[]))).collect();
        (self.infected, self.removed, self.rumors_sent) = (0, 0, 0);
        (0..members).for_each(|agent| self.step(agent, Input::Start));
        let (mut cycle, mut last) = (0, 0);
        let never = parameters.interest == Interest::Never;
        while self.infected > self.removed && !(never && self.infected == members) {
            cycle += 1;
            assert!(cycle < 2_000, "an epidemic is over by now");
            let before = self.infected;
            self.cycle();
            if self.infected > before {
                last = cycle;
            }
        }
        let share = |count: u32| f64::from(count) / f64::from(members);
        Course {
            residue: share(members - self.infected),
            traffic: share(self.rumors_sent),
            last: f64::from(last),
        }
    }

    fn cycle(&mut self) {
        (0..self.solos.len() as u32).for_each(|agent| {
            self.step(agent, Input::Timer { id: TimerId(0), timer: EpidemicTimer::Cycle });
        });
        while !self.mail.is_empty() {
            for (from, to, message) in std::mem::take(&mut self.mail) {
                self.step(to.0, Input::Message { from, message: &message });
            }
        }
    }

    fn step(&mut self, agent: u32, input: Input<'_, Epidemic>) {
        let process: &mut Agent = &mut self.agents[agent as usize];
        let effects = self.solos[agent as usize].step(process, input);
        for effect in effects.list() {
            match effect {
                Effect::Send { to, message } => {
                    let carries =
                        matches!(message, EpidemicMessage::Rumor { .. } | EpidemicMessage::Exchange { .. });
                    for to in effects.recipients(to) {
                        self.rumors_sent += u32::from(carries);
                        self.mail.push((NodeId(agent), *to, *message));
                    }
                }
                Effect::Observe(EpidemicObservation::Infected { .. }) => self.infected += 1,
                Effect::Observe(EpidemicObservation::Removed) => self.removed += 1,
                _ => {}
            }
        }
    }
}

fn mean(mode: Mode, interest: Interest, k: u8, runs: u32) -> Course {
    let parameters = Parameters { mode, interest, k, rhythm: Rhythm::Synchronous, ..Parameters::default() };
    let mut village = Village::new(AGENTS);
    let mut sum = Course::default();
    for _ in 0..runs {
        let course = village.run(&parameters);
        sum.residue += course.residue;
        sum.traffic += course.traffic;
        sum.last += course.last;
    }
    let runs = f64::from(runs);
    Course { residue: sum.residue / runs, traffic: sum.traffic / runs, last: sum.last / runs }
}

#[track_caller]
fn near(measured: f64, published: f64, share: f64) {
    let off = (measured / published - 1.0).abs();
    assert!(off <= share, "measured {measured}, published {published}");
}

#[test]
fn table_1_push_with_feedback_and_counter() {
    for (k, residue, traffic, last) in [(1, 0.18, 1.7, 16.8), (2, 0.037, 3.3, 16.9), (3, 0.011, 4.5, 17.4)] {
        let course = mean(Mode::Push, Interest::FeedbackCounter, k, 60);
        near(course.traffic, traffic, 0.04);
        near(course.residue, residue, 0.12);
        near(course.last, last, 0.05);
    }
}

#[test]
fn table_2_push_blind_with_coin() {
    for (k, residue, traffic) in [(2, 0.20, 1.6), (3, 0.060, 2.8)] {
        let course = mean(Mode::Push, Interest::BlindCoin, k, 60);
        near(course.traffic, traffic, 0.06);
        near(course.residue, residue, 0.15);
    }
}

#[test]
fn table_3_pull_with_feedback_and_counter() {
    let course = mean(Mode::Pull, Interest::FeedbackCounter, 1, 60);
    near(course.traffic, 2.7, 0.04);
    near(course.residue, 0.031, 0.15);
    near(course.last, 17.6, 0.06);
    let course = mean(Mode::Pull, Interest::FeedbackCounter, 2, 40);
    near(course.traffic, 4.5, 0.04);
    near(course.last, 15.4, 0.06);
}

#[test]
fn the_residue_of_every_push_is_e_to_the_minus_traffic() {
    for interest in
        [Interest::BlindCounter, Interest::FeedbackCoin, Interest::FeedbackCounter, Interest::BlindCoin]
    {
        let course = mean(Mode::Push, interest, 2, 40);
        near(course.residue, sim_core::math::exp(-course.traffic), 0.12);
    }
}

#[test]
fn simple_epidemics_reach_all_in_the_rounds_that_theory_says() {
    for (mode, rounds) in [(Mode::Push, 18.1), (Mode::Pull, 13.7), (Mode::PushPull, 9.1)] {
        let course = mean(mode, Interest::Never, 1, 40);
        assert!(course.residue == 0.0);
        assert!((course.last - rounds).abs() <= 0.5, "{mode:?}: {} rounds", course.last);
    }
}

#[test]
fn free_running_agents_reach_a_restarted_one() {
    // By hand: one cycle of each, again and again; the second agent forgets everything in between.
    let parameters = Parameters { period: Duration::from_millis(10), ..Parameters::default() };
    let mut village = Village::new(AGENTS);
    village.run(&parameters);
    assert_eq!(village.infected, AGENTS);
    let journals = [sim_core::disk::Journal::holding(Vec::new(), false)];
    let contacts = Contacts::new(&parameters, AGENTS, 0);
    village.agents[1] =
        Agents::new(parameters, contacts).boot(village.solos[1].boot(Role::Member, &journals));
    village.cycle();
    village.cycle();
    assert_eq!(village.infected, AGENTS + 1, "it learned the rumor a second time, and nobody else did");
}
