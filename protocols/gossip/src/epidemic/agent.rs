//! One agent: 32 bytes, one timer, no list of members.

use std::sync::Arc;

use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, Factory, Input, Process, Role, Start, TimerId};
use sim_core::ratio::Ratio;
use sim_core::time::Duration;

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
    parameters: Arc<Parameters>,
    stall: Option<Stalling>,
}

impl Agents {
    /// Agents of these parameters, which they share.
    pub fn new(parameters: Parameters) -> Self {
        Self::stalling(parameters, None)
    }

    /// The same, with a bug.
    pub fn stalling(parameters: Parameters, stall: Option<Stalling>) -> Self {
        Self { parameters: Arc::new(parameters), stall }
    }
}

impl Factory<Epidemic> for Agents {
    type Node = Agent;

    fn boot(&mut self, boot: Boot<'_, Epidemic>) -> Agent {
        let members = match boot.role {
            Role::Member => u32::try_from(boot.members.len()).expect("slots are numbered in 32 bits"),
            Role::Client => 0,
        };
        let knows = boot.start == Start::Genesis && boot.role == Role::Member;
        Agent {
            parameters: Arc::clone(&self.parameters),
            known: if knows { self.parameters.known_at_genesis(boot.node.0) } else { 0 },
            fresh: 0,
            members,
            counter: 0,
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
    parameters: Arc<Parameters>,
    /// The rumors it knows.
    known: u64,
    /// Those that it learned in this cycle; empty in a free-running epidemic.
    fresh: u64,
    /// How many members there are: peers are drawn from `0..members`. Zero for a slot that takes no part.
    members: u32,
    /// The k of a counter rule so far.
    counter: u8,
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
        if self.members == 0 {
            return;
        }
        if self.known == 0 {
            cx.observe(EpidemicObservation::Susceptible);
        } else {
            self.report(self.known, None, cx);
        }
        let phase = match self.parameters.rhythm {
            Rhythm::FreeRunning => cx.rng().duration_between(Duration::ZERO, self.parameters.period),
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
        self.contact(cx);
        let length = match self.parameters.rhythm {
            Rhythm::Synchronous => self.until_next_cycle(cx),
            Rhythm::FreeRunning if self.parameters.jitter.is_zero() => self.parameters.period,
            Rhythm::FreeRunning => {
                let spread = self.parameters.spread();
                let longest = self.parameters.longest_cycle();
                cx.rng().duration_between(self.parameters.period - spread, longest)
            }
        };
        cx.set_timer(CYCLE, length, EpidemicTimer::Cycle);
    }

    /// Synchronous cycles begin at multiples of the period by the agent's own clock, however it came to be wrong.
    fn until_next_cycle(&self, cx: &Context<'_, Epidemic>) -> Duration {
        let period = self.parameters.period.as_nanos();
        Duration::from_nanos(period - cx.now().as_nanos() % period)
    }

    /// What it is spreading.
    #[inline]
    fn hot(&self) -> u64 {
        if self.flags & REMOVED == 0 { self.known & !self.fresh } else { 0 }
    }

    fn contact(&mut self, cx: &mut Context<'_, Epidemic>) {
        let rumors = self.hot();
        let message = match (self.parameters.mode, rumors) {
            (Mode::Push, 0) => return,
            (Mode::Push, _) => EpidemicMessage::Rumor { rumors },
            (Mode::Pull, _) | (Mode::PushPull, 0) => EpidemicMessage::Pull,
            (Mode::PushPull, _) => EpidemicMessage::Exchange { rumors },
        };
        let Some(peer) = self.draw_peer(cx) else { return };
        if message != EpidemicMessage::Pull {
            self.flags |= TOLD;
        }
        cx.send(peer, message);
    }

    /// Another member, all equally likely.
    #[inline]
    fn draw_peer(&self, cx: &mut Context<'_, Epidemic>) -> Option<NodeId> {
        let me = cx.node().0;
        let others = self.members - u32::from(me < self.members);
        if others == 0 {
            return None;
        }
        let drawn = cx.rng().below(u64::from(others)) as u32;
        Some(NodeId(drawn + u32::from(drawn >= me)))
    }

    fn hear(&mut self, from: NodeId, message: EpidemicMessage, cx: &mut Context<'_, Epidemic>) {
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
            if self.parameters.rhythm == Rhythm::Synchronous {
                self.fresh |= news;
            }
            self.report(news, Some(from), cx);
        }
        if self.parameters.interest.wants_feedback() {
            cx.send(from, EpidemicMessage::Feedback { needed });
        }
    }

    fn report(&self, rumors: u64, source: Option<NodeId>, cx: &mut Context<'_, Epidemic>) {
        let complete = self.known == self.parameters.all();
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
        if self.parameters.interest == Interest::Never || self.hot() == 0 {
            return;
        }
        let useless = happened & (NEEDED | UNNEEDED) == UNNEEDED;
        let loses = match self.parameters.interest {
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
        cx.rng().chance(Ratio::new(1, u32::from(self.parameters.k)))
    }

    fn count(&mut self) -> bool {
        self.counter += 1;
        self.counter >= self.parameters.k
    }
}

#[cfg(test)]
mod tests {
    use sim_core::process::{Effect, Effects, Solo};

    use super::*;

    const ME: NodeId = NodeId(0);
    const OTHER: NodeId = NodeId(2);

    struct Bench {
        solo: Solo,
        agent: Agent,
    }

    impl Bench {
        /// An agent that has started; `infected` says whether it knows the rumor.
        fn new(parameters: Parameters, infected: bool) -> (Self, Effects<Epidemic>) {
            let mut solo = Solo::new(if infected { ME } else { NodeId(1) }, 3);
            let mut agent = Agents::new(parameters).boot(solo.boot(Role::Member, &[]));
            let effects = solo.step(&mut agent, Input::Start);
            (Self { solo, agent }, effects)
        }

        fn cycle(&mut self) -> Effects<Epidemic> {
            self.solo.step(&mut self.agent, Input::Timer { id: CYCLE, timer: EpidemicTimer::Cycle })
        }

        fn hear(&mut self, message: EpidemicMessage) -> Effects<Epidemic> {
            self.solo.step(&mut self.agent, Input::Message { from: OTHER, message: &message })
        }
    }

    fn sent(effects: &Effects<Epidemic>) -> Vec<(NodeId, EpidemicMessage)> {
        let each = effects.list().iter().filter_map(|effect| match effect {
            Effect::Send { to, message } => Some((effects.recipients(to)[0], *message)),
            _ => None,
        });
        each.collect()
    }

    fn observed(effects: &Effects<Epidemic>) -> Vec<EpidemicObservation> {
        let each = effects.list().iter().filter_map(|effect| match effect {
            Effect::Observe(observation) => Some(*observation),
            _ => None,
        });
        each.collect()
    }

    fn base(mode: Mode, interest: Interest, k: u8) -> Parameters {
        Parameters { mode, interest, k, ..Parameters::default() }
    }

    const RUMOR: EpidemicMessage = EpidemicMessage::Rumor { rumors: 1 };

    #[test]
    fn an_agent_is_small() {
        assert!(size_of::<Option<Agent>>() <= 32, "{} bytes", size_of::<Option<Agent>>());
        assert!(size_of::<EpidemicMessage>() <= 16);
    }

    #[test]
    fn peers_are_uniform_and_never_oneself() {
        let (mut bench, _) = Bench::new(base(Mode::Push, Interest::Never, 1), true);
        let mut met = [0_u32; 3];
        for _ in 0..2_000 {
            met[sent(&bench.cycle())[0].0.index()] += 1;
        }
        assert_eq!(met[0], 0);
        assert!(met[1].abs_diff(met[2]) < 200, "{met:?}");
    }

    #[test]
    fn each_mode_says_what_it_should() {
        let exchange = EpidemicMessage::Exchange { rumors: 1 };
        for (mode, infected, said) in [
            (Mode::Push, false, None),
            (Mode::Push, true, Some(RUMOR)),
            (Mode::Pull, false, Some(EpidemicMessage::Pull)),
            (Mode::Pull, true, Some(EpidemicMessage::Pull)),
            (Mode::PushPull, false, Some(EpidemicMessage::Pull)),
            (Mode::PushPull, true, Some(exchange)),
        ] {
            let (mut bench, _) = Bench::new(base(mode, Interest::Never, 1), infected);
            let messages: Vec<_> = sent(&bench.cycle()).into_iter().map(|(_, message)| message).collect();
            assert_eq!(messages, said.into_iter().collect::<Vec<_>>(), "{mode:?} {infected}");
        }
    }

    #[test]
    fn a_pull_is_answered_by_who_knows_and_only_then() {
        let parameters = base(Mode::Pull, Interest::Never, 1);
        let (mut infected, _) = Bench::new(parameters.clone(), true);
        let (mut susceptible, _) = Bench::new(parameters, false);
        assert_eq!(sent(&infected.hear(EpidemicMessage::Pull)), [(OTHER, RUMOR)]);
        assert_eq!(sent(&susceptible.hear(EpidemicMessage::Pull)), []);
    }

    #[test]
    fn a_rumor_is_learned_once() {
        let (mut bench, started) = Bench::new(base(Mode::Push, Interest::Never, 1), false);
        assert_eq!(observed(&started), [EpidemicObservation::Susceptible]);
        let learned =
            EpidemicObservation::Infected { rumors: 1, source: Some(OTHER), known: 1, complete: true };
        assert_eq!(observed(&bench.hear(RUMOR)), [learned]);
        assert_eq!(observed(&bench.hear(RUMOR)), []);
    }

    #[test]
    fn an_exchange_fills_in_both_sides() {
        let (mut bench, _) = Bench::new(Parameters { rumors: 3, ..Parameters::default() }, false);
        // It is the second agent and knows rumor 1; the other knows 0 and 2.
        let effects = bench.hear(EpidemicMessage::Exchange { rumors: 0b101 });
        assert_eq!(sent(&effects), [(OTHER, EpidemicMessage::Rumor { rumors: 0b010 })]);
        assert!(matches!(
            observed(&effects)[..],
            [EpidemicObservation::Infected { rumors: 0b101, known: 3, complete: true, .. }]
        ));
        assert_eq!(sent(&bench.hear(EpidemicMessage::Exchange { rumors: 0b111 })), []);
    }

    #[test]
    fn synchronous_agents_spread_from_the_next_cycle_on() {
        let parameters = Parameters { rhythm: Rhythm::Synchronous, ..base(Mode::Pull, Interest::Never, 1) };
        let (mut bench, started) = Bench::new(parameters, false);
        let timer = started.list().iter().any(
            |effect| matches!(effect, Effect::SetTimer { after, .. } if *after == Duration::from_secs(1)),
        );
        assert!(timer, "the first cycle begins one period after the start");
        bench.hear(RUMOR);
        assert_eq!(sent(&bench.hear(EpidemicMessage::Pull)), []);
        bench.cycle();
        assert_eq!(sent(&bench.hear(EpidemicMessage::Pull)), [(OTHER, RUMOR)]);
    }

    #[test]
    fn two_pushes_in_one_synchronous_cycle_are_both_needed() {
        let parameters =
            Parameters { rhythm: Rhythm::Synchronous, ..base(Mode::Push, Interest::FeedbackCoin, 1) };
        let (mut bench, _) = Bench::new(parameters, false);
        let needed = |effects| match sent(&effects)[..] {
            [(_, EpidemicMessage::Feedback { needed })] => needed,
            _ => panic!("one feedback for each push"),
        };
        assert!(needed(bench.hear(RUMOR)));
        assert!(needed(bench.hear(RUMOR)));
        bench.cycle();
        assert!(!needed(bench.hear(RUMOR)));
    }

    #[test]
    fn free_running_agents_spread_at_once() {
        let (mut bench, _) = Bench::new(base(Mode::Pull, Interest::Never, 1), false);
        bench.hear(RUMOR);
        assert_eq!(sent(&bench.hear(EpidemicMessage::Pull)), [(OTHER, RUMOR)]);
    }

    #[test]
    fn a_blind_counter_stops_after_k_pushes() {
        let (mut bench, _) = Bench::new(base(Mode::Push, Interest::BlindCounter, 3), true);
        let pushes: Vec<usize> = (0..6).map(|_| sent(&bench.cycle()).len()).collect();
        assert_eq!(pushes, [1, 1, 1, 0, 0, 0]);
    }

    #[test]
    fn a_feedback_counter_wants_k_useless_contacts_in_a_row() {
        let (mut bench, _) = Bench::new(base(Mode::Push, Interest::FeedbackCounter, 2), true);
        let removed: Vec<bool> = [false, true, false, false]
            .into_iter()
            .map(|needed| {
                bench.cycle();
                bench.hear(EpidemicMessage::Feedback { needed });
                bench.agent.flags & REMOVED != 0
            })
            .collect();
        assert_eq!(removed, [false; 4]);
        assert_eq!(observed(&bench.cycle()), [EpidemicObservation::Removed]);
        assert_eq!(sent(&bench.cycle()), []);
    }

    #[test]
    fn one_needy_puller_resets_the_counter_of_a_whole_cycle() {
        // The footnote for pull: several pulls in one cycle count once, and one that was needed outweighs the rest.
        let (mut bench, _) = Bench::new(base(Mode::Pull, Interest::FeedbackCounter, 1), true);
        for needed in [false, true, false] {
            bench.hear(EpidemicMessage::Pull);
            bench.hear(EpidemicMessage::Feedback { needed });
        }
        assert_eq!(observed(&bench.cycle()), []);
        assert_eq!(observed(&bench.cycle()), [], "a cycle without pulls counts for nothing");
        bench.hear(EpidemicMessage::Feedback { needed: false });
        assert_eq!(observed(&bench.cycle()), [EpidemicObservation::Removed]);
    }

    #[test]
    fn who_is_told_says_whether_it_was_news_only_if_asked() {
        for (interest, answers) in [(Interest::BlindCoin, 0), (Interest::FeedbackCoin, 1)] {
            let (mut bench, _) = Bench::new(base(Mode::Push, interest, 2), false);
            let first: Vec<_> = sent(&bench.hear(RUMOR));
            let second: Vec<_> = sent(&bench.hear(RUMOR));
            assert_eq!((first.len(), second.len()), (answers, answers));
            if answers == 1 {
                assert_eq!(first[0], (OTHER, EpidemicMessage::Feedback { needed: true }));
                assert_eq!(second[0], (OTHER, EpidemicMessage::Feedback { needed: false }));
            }
        }
    }

    #[test]
    fn coins_fall_once_in_k_times() {
        let mut cycles = 0;
        let (mut bench, _) = Bench::new(base(Mode::Push, Interest::BlindCoin, 4), true);
        for _ in 0..2_000 {
            bench.agent.flags = 0;
            while sent(&bench.cycle()).len() == 1 {
                cycles += 1;
            }
        }
        assert!((7_500..8_500).contains(&cycles), "{cycles} pushes in 2000 lives of 4 on average");
    }

    #[test]
    fn a_restarted_agent_has_forgotten() {
        let solo = Solo::new(ME, 3);
        let journals = [sim_core::disk::Journal::holding(Vec::new(), false)];
        let agent = Agents::new(Parameters::default()).boot(solo.boot(Role::Member, &journals));
        assert_eq!(agent.known, 0);
    }
}
