//! What theory says of how a simple epidemic grows: the recurrences of Demers et al. 1987 (section 1.3), for each mode and fan-out.
//!
//! In a large population the share s of susceptible agents follows from itself. A cycle of pull leaves those who asked infected
//! agents in none of their f contacts, s (1 - i)^f; a cycle of push those who were met by none of the f n i contacts,
//! s (1 - f / (n - 1))^(n i); push-pull both. So where all cycles begin together. Where each agent has a phase of its own, the same
//! is done for one group of phases after the other, since a free-running agent is not a Poisson process: whoever has just asked does
//! not ask again for a whole period. A rumor arrives after the mean latency, and lost messages thin the contacts.
//!
//! It is about means, so it starts from the share that knows the rumor at genesis. Of one agent in a million, chance in the first few
//! contacts decides when the growth begins, and shifts the whole curve by about a period.

use sim_core::graph::Topology;
use sim_core::math;
use sim_core::outcome::{Course, Expectation};
use sim_core::process::Lane;
use sim_core::setup::{ClockModel, Initial, ServiceModel, Setup};
use sim_core::time::Duration;

use super::parameters::{Interest, Mode, Parameters, Rhythm};

/// Into how many groups the phases of free-running agents are divided.
const PHASES: usize = 64;
/// Longer epidemics are not computed.
const MOST_CYCLES: usize = 2_000;
/// How many points of each period are kept.
const KEPT: usize = 8;
/// Fewer members are not a large population.
const FEWEST: u32 = 51;

/// What to expect of the share that knows the rumor; nothing if there are too few members.
pub(super) fn expected(parameters: &Parameters, setup: &Setup) -> Option<Expectation> {
    let course = match unfit(parameters, setup) {
        Some(why) => Course::Unknown(why.to_owned()),
        None => grow(parameters, setup),
    };
    let source = "recurrences of Demers et al. 1987".to_owned();
    (setup.members >= FEWEST).then(|| Expectation { state: "infected".to_owned(), source, course })
}

/// Why the recurrences are not about such a run, if they are not.
fn unfit(parameters: &Parameters, setup: &Setup) -> Option<&'static str> {
    let Parameters { overlay, connection_limit, interest, rumors, rhythm, jitter, .. } = parameters;
    let network = &setup.network;
    let is_stream = network.lane == Some(Lane::Stream);
    let loses = !network.loss.is_zero() || !network.corrupt.is_zero();
    let longest = network.bounds().1.unwrap_or(Duration::MAX);
    let slow = longest > parameters.period / 10 && *rhythm == Rhythm::FreeRunning;
    let absent = Initial { state: setup.initial.state.clone(), ..Initial::default() } != setup.initial;
    let reasons = [
        (*overlay != Topology::FullMesh, "contacts are drawn on an overlay"),
        (*connection_limit > 0, "contacts may be refused"),
        (*interest != Interest::Never, "interest may be lost"),
        (*rumors != 1, "several rumors spread at once"),
        (*rhythm == Rhythm::FreeRunning && !jitter.is_zero(), "cycles vary in length"),
        (is_stream && loses, "lost messages are sent again"),
        (network.topology.is_some() || network.bandwidth.is_some(), "messages queue or are relayed"),
        (slow, "messages may take more than a tenth of a period"),
        (setup.clocks != ClockModel::default(), "clocks are wrong or timers late"),
        (setup.service != ServiceModel::default(), "agents take time for messages"),
        (setup.pins_only, "the fates of messages are given"),
        (absent, "not all agents are honest and there from the start"),
    ];
    reasons.into_iter().find_map(|(is_so, why)| is_so.then_some(why))
}

/// A population by the phases of its cycles.
struct Population {
    agents: f64,
    /// By phase: the share that is susceptible.
    susceptible: Vec<f64>,
    /// What is under way, by step and phase: minus the logarithm of the share that it leaves susceptible.
    under_way: Vec<Vec<f64>>,
    /// How many steps a rumor takes.
    delay: f64,
    /// The probability that a message arrives.
    kept: f64,
    fan_out: u8,
    pushes: bool,
    pulls: bool,
}

impl Population {
    fn new(parameters: &Parameters, setup: &Setup) -> Self {
        let phases = if parameters.rhythm == Rhythm::Synchronous { 1 } else { PHASES };
        let agents = f64::from(setup.members);
        let knowing = f64::from(parameters.initial.min(setup.members)) / agents;
        let step = parameters.period.as_nanos() as f64 / phases as f64;
        // Cycles that begin together see nothing of what is learned in them.
        let delay = if phases == 1 { 0.0 } else { latency_ns(setup) / step };
        Self {
            agents,
            susceptible: vec![1.0 - knowing; phases],
            under_way: vec![vec![0.0; phases]; delay as usize + 2],
            delay,
            kept: (1.0 - setup.network.loss.as_f64()) * (1.0 - setup.network.corrupt.as_f64()),
            fan_out: parameters.fan_out,
            pushes: parameters.mode != Mode::Pull,
            pulls: parameters.mode != Mode::Push,
        }
    }

    fn infected(&self) -> f64 {
        1.0 - self.susceptible.iter().sum::<f64>() / self.susceptible.len() as f64
    }

    /// The agents of one phase make their contacts, and what is due arrives.
    fn step(&mut self, at: usize) {
        let phases = self.susceptible.len();
        let phase = at % phases;
        let (infected, own) = (self.infected(), 1.0 - self.susceptible[phase]);
        if self.pushes {
            let contacts = self.agents / phases as f64 * own;
            let met = f64::from(self.fan_out) * self.kept / (self.agents - 1.0);
            let hazard = -contacts * math::ln_1p(-met.min(0.999_999));
            (0..phases).for_each(|of| self.send(at, of, hazard));
        }
        if self.pulls {
            let answered = infected * self.agents / (self.agents - 1.0) * self.kept * self.kept;
            let hazard = -f64::from(self.fan_out) * math::ln_1p(-answered.min(0.999_999));
            self.send(at, phase, hazard);
        }
        let ring = self.under_way.len();
        let due = &mut self.under_way[at % ring];
        for (share, hazard) in self.susceptible.iter_mut().zip(due) {
            *share *= math::exp(-std::mem::take(hazard));
        }
    }

    /// What reaches a phase after the delay, which lies between two steps.
    fn send(&mut self, at: usize, phase: usize, hazard: f64) {
        let (whole, ring) = (self.delay as usize, self.under_way.len());
        let later = self.delay - whole as f64;
        self.under_way[(at + whole) % ring][phase] += hazard * (1.0 - later);
        self.under_way[(at + whole + 1) % ring][phase] += hazard * later;
    }
}

/// The mean of what messages take, if its distribution is even.
fn latency_ns(setup: &Setup) -> f64 {
    let (least, most) = setup.network.bounds();
    (least.as_nanos() as f64 + most.unwrap_or(least).as_nanos() as f64) / 2.0
}

fn grow(parameters: &Parameters, setup: &Setup) -> Course {
    let mut population = Population::new(parameters, setup);
    let phases = population.susceptible.len();
    let step = parameters.period.as_nanos() / phases as u64;
    let (end, late) = (setup.duration.as_nanos(), latency_ns(setup) as u64);
    let mut points = vec![(0, population.infected())];
    for at in 0..MOST_CYCLES * phases {
        let now = (at as u64 + 1).saturating_mul(step);
        let before = population.infected();
        population.step(at);
        let share = population.infected();
        if phases == 1 {
            // A staircase: all is learned at once.
            let learned = now.saturating_add(late);
            points.extend([(learned, before), (learned, share)]);
        } else if at % (phases / KEPT) == phases / KEPT - 1 {
            points.push((now, share));
        }
        if now >= end || (1.0 - share) * population.agents < 0.001 {
            return Course::Shares(points);
        }
    }
    Course::Unknown(format!("it goes on after {MOST_CYCLES} cycles"))
}

#[cfg(test)]
mod tests;
