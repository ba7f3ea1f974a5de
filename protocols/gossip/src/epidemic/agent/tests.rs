//! One agent at a time.

use sim_core::process::{Effect, Effects, Solo};

use super::*;

const ME: NodeId = NodeId(0);
const OTHER: NodeId = NodeId(2);

fn agents(parameters: Parameters) -> Agents {
    let contacts = Contacts::new(&parameters, 3, 0);
    Agents::new(parameters, contacts)
}

struct Bench {
    solo: Solo,
    agent: Agent,
}

impl Bench {
    /// An agent that has started; `infected` says whether it knows the rumor.
    fn new(parameters: Parameters, infected: bool) -> (Self, Effects<Epidemic>) {
        let mut solo = Solo::new(if infected { ME } else { NodeId(1) }, 3);
        let mut agent = agents(parameters).boot(solo.boot(Role::Member, &[]));
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
    let learned = EpidemicObservation::Infected { rumors: 1, source: Some(OTHER), known: 1, complete: true };
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
    let timer = started
        .list()
        .iter()
        .any(|effect| matches!(effect, Effect::SetTimer { after, .. } if *after == Duration::from_secs(1)));
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
    let agent = agents(Parameters::default()).boot(solo.boot(Role::Member, &journals));
    assert_eq!(agent.known, 0);
}

#[test]
fn contacts_beyond_the_limit_are_refused_until_the_next_cycle() {
    let parameters = Parameters { connection_limit: 2, ..base(Mode::Pull, Interest::Never, 1) };
    let (mut bench, _) = Bench::new(parameters, true);
    let answers = |bench: &mut Bench| {
        let mut answers = Vec::new();
        (0..3).for_each(|_| answers.extend(sent(&bench.hear(EpidemicMessage::Pull))));
        answers.into_iter().map(|(_, message)| message).collect::<Vec<_>>()
    };
    assert_eq!(answers(&mut bench), [RUMOR, RUMOR, EpidemicMessage::Refused]);
    assert_eq!(sent(&bench.hear(RUMOR)), [], "an answer is no contact");
    bench.cycle();
    assert_eq!(answers(&mut bench), [RUMOR, RUMOR, EpidemicMessage::Refused]);
}

#[test]
fn who_is_refused_tries_others_as_often_as_it_may() {
    let parameters = Parameters { connection_limit: 1, hunt: 2, ..base(Mode::Push, Interest::Never, 1) };
    let (mut bench, _) = Bench::new(parameters, true);
    bench.cycle();
    let tries: Vec<usize> = (0..3).map(|_| sent(&bench.hear(EpidemicMessage::Refused)).len()).collect();
    assert_eq!(tries, [1, 1, 0]);
}
