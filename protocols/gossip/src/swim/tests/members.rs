//! One member, input by input.

use sim_core::facts::Facts;
use sim_core::identity::NodeId;
use sim_core::process::{Effect, Effects, Factory, Input, Process, Role, Solo, TimerId};
use sim_core::time::{Duration, Time};

use crate::swim::initial::InitialState;
use crate::swim::member::{Member, Members};
use crate::swim::parameters::Parameters;
use crate::swim::settings::Settings;
use crate::swim::vocabulary::{Status, Swim, SwimMessage, SwimObservation, SwimTimer, Update};

/// A member and what it did so far.
struct Bench {
    solo: Solo,
    member: Member,
    timer: Option<Time>,
    sent: Vec<(NodeId, SwimMessage)>,
    observed: Vec<SwimObservation>,
}

impl Bench {
    /// The first of five members, just started.
    fn new(parameters: &Parameters) -> Self {
        let solo = Solo::new(NodeId(0), 5);
        let mut members = Members::new(parameters, Settings::of(parameters), InitialState::default(), 5);
        let member = members.boot(solo.boot(Role::Member, &[]));
        let mut bench = Self { solo, member, timer: None, sent: Vec::new(), observed: Vec::new() };
        bench.step(Input::Start);
        bench
    }

    fn step(&mut self, input: Input<'_, Swim>) {
        let effects: Effects<Swim> = self.solo.step(&mut self.member, input);
        for effect in effects.list() {
            match effect {
                Effect::Send { to, message } => self.sent.push((effects.recipients(to)[0], message.clone())),
                Effect::SetTimer { after, .. } => self.timer = Some(self.solo.now + *after),
                Effect::Observe(observation) => self.observed.push(*observation),
                _ => {}
            }
        }
    }

    fn hear(&mut self, from: u32, message: &SwimMessage) {
        self.step(Input::Message { from: NodeId(from), message });
    }

    fn told(&mut self, status: Status, node: u32, incarnation: u32) {
        let update = Update { node: NodeId(node), status, incarnation, from: NodeId(3) };
        self.hear(3, &SwimMessage::Gossip { news: [update].into() });
    }

    /// Fires the timer until nothing is due up to a moment from now.
    fn pass(&mut self, length: Duration) {
        let end = self.solo.now + length;
        while let Some(at) = self.timer.filter(|at| *at <= end) {
            self.solo.now = self.solo.now.max(at);
            self.timer = None;
            self.step(Input::Timer { id: TimerId(0), timer: SwimTimer::Next });
        }
        self.solo.now = end;
    }

    fn saw(&self, kind: &str) -> usize {
        self.observed.iter().filter(|it| it.kind_name() == kind).count()
    }

    fn said(&self, kind: &str) -> Vec<NodeId> {
        self.sent.iter().filter(|(_, it)| it.kind_name() == kind).map(|(to, _)| *to).collect()
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_member_is_small() {
    assert!(size_of::<Member>() <= 640, "{} bytes", size_of::<Member>());
}

#[test]
fn a_silent_target_is_probed_through_others_then_suspected_then_dead() {
    let mut bench = Bench::new(&Parameters::default());
    bench.pass(SECOND);
    let target = bench.said("Ping")[0];
    bench.pass(Duration::from_millis(600));
    assert_eq!(bench.said("PingRequest").len(), 3);
    assert_eq!(bench.said("StreamPing"), [target]);
    // Nobody said that there was no answer, so that it may be its own fault: the next period is three times longer.
    bench.pass(SECOND);
    assert!(bench.observed.contains(&SwimObservation::Suspected {
        peer: target,
        incarnation: 0,
        from: NodeId(0)
    }));
    assert!(bench.observed.contains(&SwimObservation::Health { factor: 4 }));
    assert_eq!(bench.saw("Died"), 0);
    bench.pass(SECOND * 30);
    assert!(bench.saw("Died") >= 1);
}

#[test]
fn an_answer_in_time_ends_a_probe() {
    let mut bench = Bench::new(&Parameters::default());
    for period in 1..=20 {
        bench.pass(SECOND);
        let target = *bench.said("Ping").last().unwrap();
        assert_eq!(bench.said("Ping").len(), period, "one in each period");
        let Some((_, SwimMessage::Ping { sequence, .. })) = bench.sent.last() else { panic!("a probe") };
        let ack = SwimMessage::Ack { sequence: *sequence, news: Box::default() };
        bench.hear(target.0, &ack);
    }
    assert_eq!((bench.said("PingRequest").len(), bench.saw("Suspected"), bench.saw("Health")), (0, 0, 0));
    let mut round: Vec<_> = bench.said("Ping")[..4].to_vec();
    round.sort_unstable();
    assert_eq!(round, [1, 2, 3, 4].map(NodeId), "a round is everybody once");
}

#[test]
fn whoever_says_that_there_was_no_answer_clears_the_prober() {
    let mut bench = Bench::new(&Parameters::default());
    bench.pass(Duration::from_millis(1_600));
    let helpers = bench.said("PingRequest");
    helpers.iter().for_each(|helper| bench.hear(helper.0, &SwimMessage::Nack { sequence: 1 }));
    bench.pass(SECOND);
    assert_eq!((bench.saw("Health"), bench.saw("Suspected")), (0, 1));
}

#[test]
fn a_suspect_denies_it_at_once_and_with_its_answer() {
    let mut bench = Bench::new(&Parameters::default());
    let accusation = Update { node: NodeId(0), status: Status::Suspect, incarnation: 0, from: NodeId(2) };
    bench.hear(2, &SwimMessage::Ping { sequence: 9, relay: None, news: [accusation].into() });
    assert!(bench.observed.contains(&SwimObservation::Refuted { incarnation: 1 }));
    let Some((NodeId(2), SwimMessage::Ack { sequence: 9, news })) = bench.sent.last() else { panic!() };
    assert_eq!((news[0].status, news[0].incarnation), (Status::Alive, 1));
    bench.told(Status::Dead, 0, 5);
    assert!(bench.observed.contains(&SwimObservation::Refuted { incarnation: 6 }));
}

#[test]
fn updates_override_each_other_as_published() {
    use Status::{Alive, Dead, Left, Suspect};
    // What is told one after the other about n2, and how often that is news.
    for (told, news) in [
        (&[(Suspect, 0), (Suspect, 0), (Alive, 0)][..], 1),
        (&[(Suspect, 0), (Alive, 1), (Suspect, 0)], 2),
        (&[(Alive, 2), (Suspect, 1), (Dead, 1), (Suspect, 2)], 2),
        (&[(Dead, 0), (Suspect, 0), (Alive, 0), (Dead, 0), (Left, 0)], 1),
        (&[(Dead, 0), (Alive, 1)], 2),
        (&[(Left, 0), (Dead, 0), (Alive, 0)], 1),
    ] {
        let mut bench = Bench::new(&Parameters::default());
        told.iter().for_each(|(status, incarnation)| bench.told(*status, 1, *incarnation));
        let all = ["Alive", "Suspected", "Died", "Departed"];
        assert_eq!(all.iter().map(|kind| bench.saw(kind)).sum::<usize>(), news, "{told:?}");
    }
}

#[test]
fn news_is_gossiped_a_limited_number_of_times() {
    let mut bench = Bench::new(&Parameters::default());
    bench.told(Status::Dead, 1, 0);
    bench.pass(SECOND * 20);
    let carries = |message: &SwimMessage| match message {
        SwimMessage::Gossip { news }
        | SwimMessage::Ping { news, .. }
        | SwimMessage::PingRequest { news, .. } => {
            news.iter().any(|it| it.node == NodeId(1) && it.status == Status::Dead)
        }
        _ => false,
    };
    let times = bench.sent.iter().filter(|(_, message)| carries(message)).count();
    assert_eq!(times, 4, "four times the logarithm of five, rounded up");
}

#[test]
fn a_request_is_passed_on_and_answered_either_way() {
    for answered in [true, false] {
        let mut bench = Bench::new(&Parameters::default());
        let request =
            SwimMessage::PingRequest { sequence: 7, target: NodeId(2), nack: true, news: Box::default() };
        bench.hear(4, &request);
        let Some((NodeId(2), SwimMessage::Ping { sequence, relay: Some(NodeId(4)), .. })) = bench.sent.last()
        else {
            panic!("{:?}", bench.sent)
        };
        let ack = SwimMessage::Ack { sequence: *sequence, news: Box::default() };
        if answered {
            bench.hear(2, &ack);
        }
        bench.pass(Duration::from_millis(600));
        let to_origin = |kind: &str| bench.said(kind).iter().filter(|to| **to == NodeId(4)).count();
        assert_eq!((to_origin("Ack"), to_origin("Nack")), (usize::from(answered), usize::from(!answered)));
    }
}

#[test]
fn equal_views_are_not_sent() {
    let (mut one, mut other) = (Bench::new(&Parameters::default()), Bench::new(&Parameters::default()));
    let view = one.member.view.whole();
    other.hear(1, &SwimMessage::Compare { view });
    assert_eq!(other.said("Same"), [NodeId(1)]);
    other.told(Status::Dead, 2, 0);
    other.hear(1, &SwimMessage::Compare { view });
    let Some((_, message @ SwimMessage::View { answer: true, genesis: true, listed, .. })) =
        other.sent.last()
    else {
        panic!()
    };
    assert_eq!(listed.len(), 1);
    one.hear(4, message);
    let suspected = SwimObservation::Suspected { peer: NodeId(2), incarnation: 0, from: NodeId(4) };
    assert!(one.observed.contains(&suspected), "dead at somebody else is suspect here");
    assert_eq!(one.said("View"), [NodeId(4)]);
}

#[test]
fn a_process_that_is_stopped_for_long_asks_before_it_suspects() {
    let mut bench = Bench::new(&Parameters::default());
    bench.pass(SECOND);
    assert_eq!(bench.said("Ping").len(), 1);
    bench.solo.now += SECOND * 60;
    bench.step(Input::Timer { id: TimerId(0), timer: SwimTimer::Next });
    assert_eq!((bench.said("PingRequest").len(), bench.saw("Suspected")), (3, 0));
}

#[test]
fn a_member_that_left_says_nothing_more() {
    let state = serde_json::json!([{ "nodes": ["n2"], "leaves_at": "2s" }]);
    let parameters = Parameters::default();
    let initial = InitialState::read(&state, 5).unwrap();
    let solo = Solo::new(NodeId(1), 5);
    let member =
        Members::new(&parameters, Settings::of(&parameters), initial, 5).boot(solo.boot(Role::Member, &[]));
    let mut bench = Bench { solo, member, timer: None, sent: Vec::new(), observed: Vec::new() };
    bench.step(Input::Start);
    bench.told(Status::Dead, 4, 0);
    bench.pass(SECOND * 3);
    assert_eq!((bench.saw("Leaving"), bench.saw("Gone")), (1, 0));
    assert!(bench.sent.iter().any(|(_, message)| match message {
        SwimMessage::Gossip { news } => news[0].status == Status::Left && news[0].from == NodeId(1),
        _ => false,
    }));
    bench.pass(SECOND * 5);
    let before = bench.sent.len();
    bench.hear(2, &SwimMessage::Ping { sequence: 1, relay: None, news: Box::default() });
    bench.pass(SECOND * 5);
    assert_eq!((bench.saw("Gone"), bench.sent.len()), (1, before));
}

#[test]
fn the_dead_are_tried_again_and_forgotten_in_the_end() {
    let parameters = Parameters { tombstones: SECOND * 100, ..Parameters::default() };
    let mut bench = Bench::new(&parameters);
    (1..5).for_each(|node| bench.told(Status::Dead, node, 0));
    bench.pass(SECOND * 70);
    assert!(bench.said("View").len() >= 2, "{:?}", bench.said("View"));
    assert_eq!(bench.saw("Forgot"), 0);
    bench.pass(SECOND * 32);
    assert_eq!(bench.saw("Forgot"), 4);
}

#[test]
fn a_step_of_a_client_does_nothing() {
    let parameters = Parameters::default();
    let mut solo = Solo::new(NodeId(7), 5);
    let mut member = Members::new(&parameters, Settings::of(&parameters), InitialState::default(), 5)
        .boot(solo.boot(Role::Client, &[]));
    let _: &dyn Process<Swim> = &member;
    assert!(solo.step(&mut member, Input::Start).list().is_empty());
}

/// Numbers of probes begin anew with a restart: who answers counts, too.
#[test]
fn a_late_answer_of_somebody_else_counts_for_nobody() {
    let ack = |sequence| SwimMessage::Ack { sequence, news: Box::default() };
    let mut bench = Bench::new(&Parameters::default());
    bench.pass(SECOND);
    let target = bench.said("Ping")[0];
    let other = (1..5).find(|node| *node != target.0).unwrap();
    bench.hear(other, &ack(1));
    bench.pass(Duration::from_millis(600));
    let helpers = bench.said("PingRequest");
    assert_eq!(helpers.len(), 3, "it did not count");
    bench.hear(helpers[0].0, &ack(1));
    bench.pass(SECOND);
    assert_eq!(bench.saw("Suspected"), 0, "a helper counts");

    let mut bench = Bench::new(&Parameters::default());
    let request =
        SwimMessage::PingRequest { sequence: 7, target: NodeId(2), nack: true, news: Box::default() };
    bench.hear(4, &request);
    let Some((_, SwimMessage::Ping { sequence, .. })) = bench.sent.last() else { panic!() };
    let number = *sequence;
    bench.hear(3, &ack(number));
    assert_eq!(bench.said("Ack"), []);
    bench.hear(2, &ack(number));
    assert_eq!(bench.said("Ack"), [NodeId(4)]);
}
