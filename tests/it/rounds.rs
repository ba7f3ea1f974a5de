//! Schedules of rounds: drawn, enumerated, found, shrunk and replayed; and HotStuff under them.

use scenarios::builtin;
use scenarios::document::Source;
use scenarios::plan::{Plan, compile};
use scenarios::scenario::{Loaded, load};
use seedstorm::prelude::{Format, Launch, Verdict, run};
use seedstorm::scenarios;
use seedstorm::storm::{Storm, StormFailure};
use sim_core::check::{Check, Findings, Seen};
use sim_core::facts::Facts;
use sim_core::fault::rounds::{RoundShape, RoundSpace};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedSet;
use sim_core::process::{Boot, Context, Input, Message, Observe, Process};
use sim_core::registry::{NoParameters, ProtocolInfo, Registry, Simple};
use sim_core::simulate::Subject;
use sim_core::time::Duration;

sim_core::facts! { enum Word { Proposal { round: u64 }, Chat { about: u64 } } }
sim_core::facts! { enum Turn { Turn } }
sim_core::facts! { enum Sight { Missed { round: u64 } } }
sim_core::vocabulary! { Relay { message: Word, timer: Turn, observation: Sight } }

impl Message for Word {
    fn wire_size(&self) -> u32 {
        40
    }
    fn round(&self) -> Option<u64> {
        if let Self::Proposal { round } = self { Some(*round) } else { None }
    }
}

impl Observe for Sight {}

/// Every hundred milliseconds another member proposes to all others, by the plan or in turn.
struct Runner {
    me: NodeId,
    members: Vec<NodeId>,
    leaders: Vec<Option<NodeId>>,
    round: u64,
    heard: OrderedSet<u64>,
}

impl Runner {
    fn leader(&self, round: u64) -> NodeId {
        let index = round as usize - 1;
        self.leaders.get(index).copied().flatten().unwrap_or(self.members[index % self.members.len()])
    }
}

impl Process<Relay> for Runner {
    fn step(&mut self, input: Input<'_, Relay>, cx: &mut Context<'_, Relay>) {
        if let Input::Message { message: Word::Proposal { round }, .. } = input {
            self.heard.insert(*round);
        }
        if !matches!(input, Input::Start | Input::Timer { .. }) || self.round == 8 {
            return;
        }
        let over = self.round;
        if over > 0 && self.leader(over) != self.me && !self.heard.contains(&over) {
            cx.observe(Sight::Missed { round: over });
        }
        self.round += 1;
        let others = self.members.iter().copied().filter(|node| *node != self.me);
        if self.leader(self.round) == self.me {
            cx.send_all(others.clone(), Word::Proposal { round: self.round });
        }
        cx.send_all(others, Word::Chat { about: self.round });
        cx.after(Duration::from_millis(100), Turn::Turn);
    }
}

/// What the relay does not bear: that somebody misses the third round, if n2 leads it.
struct ThirdOfSecond {
    leads: bool,
}

impl Check<Relay> for ThirdOfSecond {
    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Relay>, findings: &mut Findings) {
        findings.exercised();
        if matches!(seen.observation, Sight::Missed { round: 3 }) && self.leads {
            findings.safety("", &[seen.node], format!("{} missed the third round", seen.node));
        }
    }
}

sim_core::checks! {
    fn checks(leaders: &[Option<NodeId>]) -> Relay {
        "relay/third": "Nobody misses a third round of n2." => ThirdOfSecond { leads: leaders.get(2) == Some(&Some(NodeId(1))) },
    }
}

const INFO: ProtocolInfo = ProtocolInfo {
    messages: Word::KINDS,
    rounds: &["Proposal"],
    observations: Sight::KINDS,
    checks: CHECKS,
    journals: false,
    ..ProtocolInfo::new("relay", "Members lead in turn")
};

fn registry() -> Registry {
    let mut registry = Registry::new();
    registry.register(Simple::new(&INFO, |_: &NoParameters, setup: &sim_core::setup::Setup, _| Subject {
        checks: checks(&setup.faults.leaders()),
        ..Subject::new("relay", |boot: Boot<'_, Relay>| Runner {
            me: boot.node,
            members: boot.members.to_vec(),
            leaders: boot.leaders.to_vec(),
            round: 0,
            heard: OrderedSet::new(),
        })
    }));
    registry
}

const SCENARIO: &str = r#"
schema = "seedstorm.scenario/1"
title  = "A relay whose rounds are planned"

[cluster]
protocol = "relay"
nodes    = 4
duration = "2s"

[swarm]
rounds = { count = 6, any_sides = true }

[checks]
progress = "none"
"#;

fn relay(text: &str) -> Result<Loaded, String> {
    let source = Source { name: "relay.toml".to_owned(), text: text.to_owned() };
    load(&registry(), source, Format::Toml, &[]).map_err(|problems| problems.render(false))
}

/// Of six planned rounds the one that matters is left: who leads it, and who is apart.
#[test]
fn of_many_planned_rounds_the_one_that_mattered_is_left_and_told() {
    let (registry, home) = (registry(), tempfile::tempdir().unwrap());
    std::fs::write(home.path().join("relay.toml"), SCENARIO).unwrap();
    let found = Storm::new(&registry, home.path(), "relay.toml").seeds(40).run();
    let Err(StormFailure::Found(story)) = found else { panic!("nothing was found") };
    let story = story.to_string();
    let told: Vec<&str> = story.lines().filter(|line| line.contains("FAULT")).collect();
    assert_eq!(told.len(), 1, "{story}");
    assert!(told[0].contains("in round 3, let n2 lead and cut"), "{story}");
    let kept = std::fs::read_dir(home.path().join("relay.corpus")).unwrap().next().unwrap().unwrap().path();
    let capsule: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(kept).unwrap()).unwrap();
    let entries = capsule["setup"]["faults"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 1, "{capsule}");
    assert_eq!(entries[0]["round"]["number"], 3);
    // The kept run is tried first, from its recorded plan, and fails again.
    let again = Storm::new(&registry, home.path(), "relay.toml").seeds(1).run();
    assert!(matches!(again, Err(StormFailure::Found(_))));
}

/// The schedule that a plan has, as a number.
fn index_of(plan: &Plan, space: &RoundSpace) -> u128 {
    let schedule = space.read(&plan.setup.faults, plan.setup.clients, &[]).unwrap();
    space.index(&schedule).unwrap()
}

#[test]
fn seeds_enumerate_all_schedules_and_draw_from_all() {
    let shape = RoundShape { members: 4, twins: 0, rounds: 2, together: 0, kinds: 0 };
    let space = RoundSpace::new(shape).unwrap();
    let scenario = |more: &str| {
        let text = SCENARIO.replace("count = 6", &format!("count = 2{more}"));
        relay(&text).unwrap()
    };
    let enumerated = scenario(", enumerate = true");
    let drawn = scenario("");
    let mut seen = OrderedSet::new();
    for seed in 0..400 {
        assert_eq!(index_of(&compile(&enumerated, seed, &[]), &space), u128::from(seed) % space.len());
        seen.insert(index_of(&compile(&drawn, seed, &[]), &space));
    }
    assert!(seen.len() as u128 > space.len() * 9 / 10, "{} of {}", seen.len(), space.len());
}

#[test]
fn what_cannot_be_drawn_is_told_with_its_place() {
    for (rounds, why) in [
        ("{ count = 0 }", "expected 1 to 64 rounds, found 0"),
        ("{ count = 6, kinds = [\"Chat\"] }", "\"Chat\" is no message that tells its round: Proposal"),
        ("{ count = 6, twins = { min = 1, max = 1 } }", "a min of at most the 0 that are borne"),
        ("{ count = 64 }", "there are more than 2^128 schedules of 64 rounds"),
        ("{ cuont = 6 }", "cuont"),
    ] {
        let text = SCENARIO.replace("{ count = 6, any_sides = true }", rounds);
        let error = relay(&text).unwrap_err();
        assert!(error.contains(why) && error.contains("relay.toml:"), "{rounds}: {error}");
    }
    let both = format!("{SCENARIO}\n[[faults]]\nround = {{ number = 1, leader = \"n1\" }}\n");
    assert!(relay(&both).unwrap_err().contains("not both"));
}

fn twins(overlays: &[&str]) -> Loaded {
    let overlays: Vec<String> = overlays.iter().map(|overlay| (*overlay).to_owned()).collect();
    let source = builtin::find("twins-swarm").unwrap();
    load(&seedstorm::registry(), source, Format::Toml, &overlays).unwrap()
}

/// Who enters a view as its leader is who the plan says, copies included; and views go on past the planned ones.
#[test]
fn hotstuff_obeys_the_schedule() {
    let loaded = twins(&["swarm.nodes={ min = 4, max = 4 }", "swarm.rounds.twins={ min = 1, max = 1 }"]);
    let mut beyond = 0;
    for seed in 0..20 {
        let plan = compile(&loaded, seed, &[]);
        let leaders = plan.setup.faults.leaders();
        assert_eq!((leaders.len(), plan.setup.initial.beside.len()), (12, 1));
        let outcome = run(&plan, &Launch::default()).unwrap();
        assert_eq!(
            outcome.verdict,
            Verdict::Pass,
            "seed {seed}: {:?} {:?}",
            outcome.violations,
            outcome.reasons
        );
        beyond += u32::from(outcome.activity["observed.Entered"] > 5 * 12);
    }
    assert!(beyond >= 15, "{beyond} of 20 came through all rounds");
}

const GAP: &str = r#"
schema = "seedstorm.scenario/1"
title  = "Three rounds in which who has made a certificate is alone"

[cluster]
protocol = "hotstuff"
nodes    = 4
duration = "10s"

[cluster.hotstuff]
rule         = "two-chain"
view_timeout = "200ms"
client_retry = "200ms"

[network]
latency = "5ms"

[workload]
model   = "cas-register"
clients = 2
rate    = "20/s"

[[faults]]
round = { number = 3, leader = "n2", sides = ["n2", "n1,n3,n4"] }

[[faults]]
round = { number = 5, leader = "n1", sides = ["n1", "n2,n3,n4"] }

[[faults]]
round = { number = 7, leader = "n3", sides = ["n3", "n1,n2,n4"] }
"#;

/// Two-chains whose views need not be consecutive fork without a traitor (Twins, section 3), which plain swarms do not find.
/// Three rounds are enough, as shrinking a drawn schedule of twelve has shown.
#[test]
fn three_rounds_fork_two_chains_that_ignore_gaps_between_views() {
    let source = || Source { name: "gap.toml".to_owned(), text: GAP.to_owned() };
    let loaded = load(&seedstorm::registry(), source(), Format::Toml, &[]).unwrap();
    let plants = vec!["views-not-consecutive".to_owned()];
    let planted = Launch { plants: plants.clone(), ..Launch::default() };
    for seed in 0..10 {
        let forked = run(&compile(&loaded, seed, &plants), &planted).unwrap();
        assert_eq!(forked.verdict, Verdict::Safety, "seed {seed}");
        let clean = run(&compile(&loaded, seed, &[]), &Launch::default()).unwrap();
        assert_eq!(clean.verdict, Verdict::Pass, "seed {seed}: {:?}", clean.reasons);
    }
}
