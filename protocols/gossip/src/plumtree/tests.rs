//! One member at a time, and whole runs in a world.

use protocol_testing::swarm::{finds_nothing, weather};
use serde_json::{Value, json};
use sim_core::check::Verdict;
use sim_core::fault::SwarmSpace;
use sim_core::identity::NodeId;
use sim_core::outcome::Outcome;
use sim_core::process::{Effect, Effects, Factory, Input, LinkState, Role, Solo};
use sim_core::ratio::Ratio;
use sim_core::registry::{Entry, Launch};
use sim_core::setup::Setup;
use sim_core::time::Duration;

use super::entry::ENTRY;
use super::member::Members;
use super::parameters::Parameters;
use super::plants::Plants;
use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeTimer};

fn run(parameters: &Value, setup: &Setup) -> Outcome {
    ENTRY.configure(parameters).unwrap().launch(setup, &Launch::default()).unwrap()
}

fn mean(outcome: &Outcome, metric: &str) -> f64 {
    outcome.metrics[metric].mean
}

fn setup(seed: u64, members: u32, seconds: u64) -> Setup {
    Setup { duration: Duration::from_secs(seconds), ..Setup::new(seed, members) }
}

#[test]
fn a_tree_forms_and_everybody_hears_everything() {
    let tree =
        run(&json!({ "senders": 1, "broadcasts": 40, "broadcast_every": "500ms" }), &setup(3, 300, 40));
    assert_eq!(tree.verdict, Verdict::Pass, "{:?}", tree.violations);
    assert!(mean(&tree, "reliability_permille") > 999.0);
    // The first broadcast floods, the others find the tree.
    assert!(mean(&tree, "redundancy_permille") < 150.0, "{}", mean(&tree, "redundancy_permille"));
    let flood = run(&json!({ "senders": 1, "prune": false }), &setup(3, 300, 40));
    assert!(mean(&flood, "reliability_permille") > 999.0);
    assert!(mean(&flood, "redundancy_permille") > 2_000.0, "{}", mean(&flood, "redundancy_permille"));
}

#[test]
fn loss_and_duplicates_change_nothing_over_streams() {
    let mut setup = setup(4, 60, 30);
    setup.network.loss = Ratio::new(1, 10);
    setup.network.duplicate = Ratio::new(1, 10);
    let outcome = run(&json!({ "optimize_hops": 2 }), &setup);
    assert_eq!(outcome.verdict, Verdict::Pass, "{:?}", outcome.violations);
    assert!(mean(&outcome, "reliability_permille") > 999.0);
}

#[test]
fn nothing_is_found_in_a_swarm_and_the_core_is_reached() {
    let cluster = ENTRY.configure(&json!({})).unwrap();
    let made = finds_nothing(150, |seed| {
        weather(cluster.as_ref(), setup(seed, 4 + (seed % 25) as u32, 12), 20, &SwarmSpace::default())
    });
    assert!(made >= 130, "{made} of 150 made progress");
}

/// Member 0 of ten, with room for two links.
struct Bench {
    solo: Solo,
    member: super::member::Member,
}

impl Bench {
    fn new() -> Self {
        let parameters = Parameters { active_size: 2, ..Parameters::default() };
        let mut solo = Solo::new(NodeId(0), 10);
        let mut member = Members::new(parameters, Plants::default(), 10).boot(solo.boot(Role::Member, &[]));
        solo.step(&mut member, Input::Start);
        solo.step(&mut member, Input::Timer { id: super::member::JOIN, timer: PlumtreeTimer::Join });
        Self { solo, member }
    }

    fn hear(&mut self, from: u32, message: &PlumtreeMessage) -> Vec<(u32, PlumtreeMessage)> {
        sent(&self.solo.step(&mut self.member, Input::Message { from: NodeId(from), message }))
    }

    fn linked(mut self, peers: [u32; 2]) -> Self {
        for peer in peers {
            assert_eq!(
                self.hear(peer, &PlumtreeMessage::Neighbor { high: false }),
                [(peer, PlumtreeMessage::Accept)]
            );
        }
        self
    }
}

fn sent(effects: &Effects<Plumtree>) -> Vec<(u32, PlumtreeMessage)> {
    let mut sent = Vec::new();
    for effect in effects.list() {
        if let Effect::Send { to, message } = effect {
            sent.extend(effects.recipients(to).iter().map(|to| (to.0, message.clone())));
        }
    }
    sent
}

fn gossip(broadcast: u32, hops: u32) -> PlumtreeMessage {
    PlumtreeMessage::Gossip { broadcast, hops, bytes: 256 }
}

#[test]
fn a_full_member_refuses_or_makes_room() {
    let mut bench = Bench::new().linked([1, 2]);
    assert_eq!(bench.hear(3, &PlumtreeMessage::Neighbor { high: false }), [(3, PlumtreeMessage::Reject)]);
    let granted = bench.hear(3, &PlumtreeMessage::Neighbor { high: true });
    assert_eq!(granted[0], (3, PlumtreeMessage::Accept));
    assert!(matches!(granted[1], (1 | 2, PlumtreeMessage::Disconnect)), "{granted:?}");
}

#[test]
fn a_grant_that_nobody_waits_for_is_answered_by_a_disconnect() {
    let mut bench = Bench::new().linked([1, 2]);
    assert_eq!(bench.hear(5, &PlumtreeMessage::Accept), [(5, PlumtreeMessage::Disconnect)]);
    assert_eq!(bench.hear(1, &PlumtreeMessage::Accept), [], "this link is wanted");
}

#[test]
fn a_failed_link_is_replaced_by_a_candidate() {
    let mut bench = Bench::new().linked([1, 2]);
    bench.hear(1, &PlumtreeMessage::ShuffleReply { sample: [NodeId(7)].into() });
    let down = Input::Link { peer: NodeId(2), state: LinkState::Down };
    let asked = sent(&bench.solo.step(&mut bench.member, down));
    assert_eq!(asked, [(7, PlumtreeMessage::Neighbor { high: false })]);
    assert_eq!(bench.hear(7, &PlumtreeMessage::Accept), []);
    assert_eq!(bench.hear(9, &gossip(3, 1)), [(1, gossip(3, 2)), (7, gossip(3, 2))]);
}

#[test]
fn a_duplicate_prunes_its_link_and_an_announcement_grafts_it() {
    let mut bench = Bench::new().linked([1, 2]);
    assert_eq!(bench.hear(1, &gossip(0, 1)), [(2, gossip(0, 2))]);
    assert_eq!(bench.hear(2, &gossip(0, 1)), [(2, PlumtreeMessage::Prune)]);
    // The lazy link gets an announcement, and the payload only if it is asked for.
    assert_eq!(bench.hear(1, &gossip(1, 1)), [(2, PlumtreeMessage::IHave { broadcast: 1, hops: 2 })]);
    let graft = PlumtreeMessage::Graft { broadcast: Some(1), hops: 2 };
    assert_eq!(bench.hear(2, &graft), [(2, gossip(1, 2))]);
    assert_eq!(bench.hear(1, &gossip(2, 1)), [(2, gossip(2, 2))], "a graft makes the link eager");
    // What is announced and does not come is asked for.
    assert_eq!(bench.hear(2, &PlumtreeMessage::IHave { broadcast: 3, hops: 4 }), []);
    bench.solo.now += Duration::from_millis(500);
    let missing = Input::Timer { id: super::member::MISSING, timer: PlumtreeTimer::Missing };
    let asked = sent(&bench.solo.step(&mut bench.member, missing));
    assert_eq!(asked, [(2, PlumtreeMessage::Graft { broadcast: Some(3), hops: 4 })]);
}

#[test]
fn a_new_link_begins_with_all_that_one_has() {
    let mut bench = Bench::new().linked([1, 2]);
    bench.hear(1, &gossip(65, 1));
    let have = PlumtreeMessage::HaveAll { low: 0, high: 2 };
    assert!(bench.hear(4, &PlumtreeMessage::Neighbor { high: true }).contains(&(4, have.clone())));
    let mut other = Bench::new().linked([1, 2]);
    assert_eq!(other.hear(1, &have), []);
    other.solo.now += Duration::from_millis(500);
    let missing = Input::Timer { id: super::member::MISSING, timer: PlumtreeTimer::Missing };
    assert!(matches!(
        sent(&other.solo.step(&mut other.member, missing))[..],
        [(1, PlumtreeMessage::Graft { broadcast: Some(65), .. })]
    ));
}
