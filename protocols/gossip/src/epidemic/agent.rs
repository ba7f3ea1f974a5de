//! One agent: 32 bytes, one timer, no list of members.

use std::sync::Arc;

use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Factory, Input, Process, Role, Start, TimerId};
use sim_core::ratio::Ratio;
use sim_core::time::Duration;

use super::contacts::Contacts;
use super::parameters::{Interest, Mode, Parameters, Rhythm};
use super::stalling::Stalling;
use super::vocabulary::{Epidemic, EpidemicMessage, EpidemicObservation, EpidemicTimer};

/// The only timer.
const CYCLE: TimerId = TimerId(0);

/// It lost interest.
const REMOVED: u8 = 1;
/// In this cycle it sent a rumor to somebody.
const TOLD: u8 = 2;
/// In this cycle somebody said that a rumor was news.
const NEEDED: u8 = 4;
/// In this cycle somebody said that a rumor was none.
const UNNEEDED: u8 = 8;

/// Plant: it hears nobody.
const DEAF: u8 = 16;
/// Plant: it makes no more contacts after a while.
const TIRES: u8 = 32;

/// Plant: it never ends its answer.
const ENDLESS: u8 = 64;
/// Plant: each answer makes it ask twice.
const DOUBLING: u8 = 128;
/// Any plant that is about what it hears.
const SICK: u8 = DEAF | ENDLESS | DOUBLING;

/// Makes agents.
#[derive(Clone, Debug)]
pub struct Agents {
    shared: Arc<Shared>,
    stall: Option<Stalling>,
}

/// What all agents have in common.
#[derive(Clone, Debug)]
struct Shared {
    parameters: Parameters,
    contacts: Contacts,
}

impl Agents {
    /// Agents of these parameters, with these contacts.
    pub fn new(parameters: Parameters, contacts: Contacts) -> Self {
        Self { shared: Arc::new(Shared { parameters, contacts }), stall: None }
    }

    /// The same, with a bug.
    #[must_use]
    pub fn stalling(self, stall: Option<Stalling>) -> Self {
        Self { stall, ..self }
    }
}

impl Factory<Epidemic> for Agents {
    type Node = Agent;

    fn boot(&mut self, boot: Boot<'_, Epidemic>) -> Agent {
        let knows = boot.start == Start::Genesis && boot.role == Role::Member;
        Agent {
            shared: Arc::clone(&self.shared),
            known: if knows { self.shared.parameters.known_at_genesis(boot.node.0) } else { 0 },
            fresh: 0,
            takes_part: boot.role == Role::Member,
            counter: 0,
            accepted: 0,
            hunts: 0,
            flags: match self.stall {
                Some(Stalling::DeafAfterRestart) if boot.start == Start::Restart => DEAF,
                Some(Stalling::AnswersForever) if boot.start == Start::Restart => ENDLESS,
                Some(Stalling::AsksTwice) if boot.start == Start::Restart => DOUBLING,
                Some(Stalling::Tires) => TIRES,
                _ => 0,
            },
        }
    }
}

/// An agent, half a cache line and never across two.
#[derive(Clone, Debug)]
#[repr(align(32))]
pub struct Agent {
    shared: Arc<Shared>,
    /// The rumors it knows.
    known: u64,
    /// Those that it learned in this cycle; empty in a free-running epidemic.
    fresh: u64,
    /// Clients take no part.
    takes_part: bool,
    /// The k of a counter rule so far.
    counter: u8,
    /// Contacts that it accepted in this cycle, where there is a limit.
    accepted: u8,
    /// How many others it may still try in this cycle when it is refused.
    hunts: u8,
    flags: u8,
}

impl Process<Epidemic> for Agent {
    #[inline]
    fn step(&mut self, input: Input<'_, Epidemic>, cx: &mut Context<'_, Epidemic>) {
        match input {
            Input::Message { from, .. } if self.flags & SICK != 0 => self.mishear(from, cx),
            Input::Message { from, message } => self.hear(from, *message, cx),
            Input::Timer { .. } => self.cycle(cx),
            Input::Start => self.start(cx),
            Input::Request { request, .. } => match request {},
            Input::Link { .. } | Input::Synced { .. } => {}
        }
    }
}

impl Agent {
    fn start(&mut self, cx: &mut Context<'_, Epidemic>) {
        if !self.takes_part {
            return;
        }
        if self.known == 0 {
            cx.observe(EpidemicObservation::Susceptible);
        } else {
            self.report(self.known, None, cx);
        }
        let phase = match self.shared.parameters.rhythm {
            Rhythm::FreeRunning => cx.rng().duration_between(Duration::ZERO, self.shared.parameters.period),
            Rhythm::Synchronous => self.until_next_cycle(cx),
        };
        cx.set_timer(CYCLE, phase, EpidemicTimer::Cycle);
    }

    /// What a plant makes of a message.
    #[cold]
    fn mishear(&mut self, from: NodeId, cx: &mut Context<'_, Epidemic>) {
        #[expect(clippy::while_immutable_condition, reason = "a planted bug that never ends")]
        while self.flags & ENDLESS != 0 {
            cx.send(from, EpidemicMessage::Pull);
        }
        if self.flags & DOUBLING != 0 {
            (0..2).for_each(|_| cx.send(from, EpidemicMessage::Pull));
        }
    }

    fn cycle(&mut self, cx: &mut Context<'_, Epidemic>) {
        if self.flags & TIRES != 0 {
            self.counter = self.counter.saturating_add(1);
            if self.counter > 10 {
                return;
            }
        }
        self.weigh_interest(cx);
        self.fresh = 0;
        self.accepted = 0;
        self.hunts = self.shared.parameters.hunt;
        self.contact(self.shared.parameters.fan_out, cx);
        let length = match self.shared.parameters.rhythm {
            Rhythm::Synchronous => self.until_next_cycle(cx),
            Rhythm::FreeRunning if self.shared.parameters.jitter.is_zero() => self.shared.parameters.period,
            Rhythm::FreeRunning => {
                let spread = self.shared.parameters.spread();
                let longest = self.shared.parameters.longest_cycle();
                cx.rng().duration_between(self.shared.parameters.period - spread, longest)
            }
        };
        cx.set_timer(CYCLE, length, EpidemicTimer::Cycle);
    }

    /// Synchronous cycles begin at multiples of the period by the agent's own clock, however it came to be wrong.
    fn until_next_cycle(&self, cx: &Context<'_, Epidemic>) -> Duration {
        let period = self.shared.parameters.period.as_nanos();
        Duration::from_nanos(period - cx.now().as_nanos() % period)
    }

    /// What it is spreading.
    #[inline]
    fn hot(&self) -> u64 {
        if self.flags & REMOVED == 0 { self.known & !self.fresh } else { 0 }
    }

    /// Contacts so many others.
    fn contact(&mut self, count: u8, cx: &mut Context<'_, Epidemic>) {
        let rumors = self.hot();
        let message = match (self.shared.parameters.mode, rumors) {
            (Mode::Push, 0) => return,
            (Mode::Push, _) => EpidemicMessage::Rumor { rumors },
            (Mode::Pull, _) | (Mode::PushPull, 0) => EpidemicMessage::Pull,
            (Mode::PushPull, _) => EpidemicMessage::Exchange { rumors },
        };
        let drawn = self.shared.contacts.draw(cx.node(), count, cx.rng());
        if !drawn.nodes().is_empty() && message != EpidemicMessage::Pull {
            self.flags |= TOLD;
        }
        match *drawn.nodes() {
            // By far the most frequent.
            [peer] => cx.send(peer, message),
            ref peers => cx.send_all(peers.iter().copied(), message),
        }
    }

    /// Whether one more contact fits into this cycle. Rumors are answers where agents pull, and no contacts.
    #[inline]
    fn accepts(&mut self, message: EpidemicMessage) -> bool {
        let Parameters { connection_limit, mode, .. } = self.shared.parameters;
        let is_contact = match message {
            EpidemicMessage::Pull | EpidemicMessage::Exchange { .. } => true,
            EpidemicMessage::Rumor { .. } => mode == Mode::Push,
            EpidemicMessage::Feedback { .. } | EpidemicMessage::Refused => false,
        };
        if connection_limit == 0 || !is_contact {
            return true;
        }
        let room = self.accepted < connection_limit;
        self.accepted += u8::from(room);
        room
    }

    fn hear(&mut self, from: NodeId, message: EpidemicMessage, cx: &mut Context<'_, Epidemic>) {
        if !self.accepts(message) {
            cx.send(from, EpidemicMessage::Refused);
            return;
        }
        match message {
            EpidemicMessage::Rumor { rumors } => self.learn(from, rumors, cx),
            EpidemicMessage::Pull => self.answer(from, self.hot(), cx),
            EpidemicMessage::Exchange { rumors } => {
                // What it spreads is read before it learns: a contact shows the state at its beginning.
                let answer = self.hot() & !rumors;
                self.learn(from, rumors, cx);
                self.answer(from, answer, cx);
            }
            EpidemicMessage::Feedback { needed: true } => self.flags |= NEEDED,
            EpidemicMessage::Feedback { needed: false } => self.flags |= UNNEEDED,
            EpidemicMessage::Refused if self.hunts > 0 => {
                self.hunts -= 1;
                self.contact(1, cx);
            }
            EpidemicMessage::Refused => {}
        }
    }

    fn answer(&mut self, to: NodeId, rumors: u64, cx: &mut Context<'_, Epidemic>) {
        if rumors != 0 {
            self.flags |= TOLD;
            cx.send(to, EpidemicMessage::Rumor { rumors });
        }
    }

    fn learn(&mut self, from: NodeId, rumors: u64, cx: &mut Context<'_, Epidemic>) {
        let news = rumors & !self.known;
        // Cycles are synchronous: whoever is told in the cycle in which it learned was still susceptible when it began.
        let needed = rumors & (!self.known | self.fresh) != 0;
        if news != 0 {
            self.known |= news;
            if self.shared.parameters.rhythm == Rhythm::Synchronous {
                self.fresh |= news;
            }
            self.report(news, Some(from), cx);
        }
        if self.shared.parameters.interest.wants_feedback() {
            cx.send(from, EpidemicMessage::Feedback { needed });
        }
    }

    fn report(&self, rumors: u64, source: Option<NodeId>, cx: &mut Context<'_, Epidemic>) {
        let complete = self.known == self.shared.parameters.all();
        cx.observe(EpidemicObservation::Infected {
            rumors,
            source,
            known: self.known.count_ones(),
            complete,
        });
    }

    /// The end of a cycle: does it go on spreading?
    fn weigh_interest(&mut self, cx: &mut Context<'_, Epidemic>) {
        let happened = self.flags;
        self.flags &= REMOVED | SICK | TIRES;
        if self.shared.parameters.interest == Interest::Never || self.hot() == 0 {
            return;
        }
        let useless = happened & (NEEDED | UNNEEDED) == UNNEEDED;
        let loses = match self.shared.parameters.interest {
            Interest::Never => false,
            Interest::BlindCoin => happened & TOLD != 0 && self.toss(cx),
            Interest::BlindCounter => happened & TOLD != 0 && self.count(),
            Interest::FeedbackCoin => useless && self.toss(cx),
            Interest::FeedbackCounter => {
                if happened & NEEDED != 0 {
                    self.counter = 0;
                }
                useless && self.count()
            }
        };
        if loses {
            self.flags |= REMOVED;
            cx.observe(EpidemicObservation::Removed);
        }
    }

    fn toss(&self, cx: &mut Context<'_, Epidemic>) -> bool {
        cx.rng().chance(Ratio::new(1, u32::from(self.shared.parameters.k)))
    }

    fn count(&mut self) -> bool {
        self.counter += 1;
        self.counter >= self.shared.parameters.k
    }
}

#[cfg(test)]
mod tests;
