//! A cluster without a world: both tracks, another leader, a restart, and what is refused.

use sim_core::facts::ContentHash;
use sim_core::identity::NodeId;
use sim_core::process::Aggregate;
use sim_core::time::Duration;

use super::super::choice::Rule;
use super::super::parameters::Parameters;
use super::super::replica::{Members, SLOT};
use super::super::style::{Learners, Style};
use super::super::vocabulary::{Fast, FastMessage, FastObservation};
use crate::certificate::{Refusal, Scheme, Signed};
use crate::shared::Shared;
use crate::signers::Signers;
use crate::vote::{Stage, Statement};

type Pump = protocol_testing::pump::Pump<Fast, Members>;

const STYLES: [Learners; 2] = [Learners::Clients, Learners::Members];

fn pump(learners: Learners) -> Pump {
    let style = Style { learners, rule: Rule::HighestView };
    Pump::new(Members { style, parameters: Parameters::default() }, 4, 0)
}

/// What each member decided, in which view and how.
fn decisions(pump: &Pump) -> Vec<(u32, u64, ContentHash, &'static str)> {
    let decided = pump.observed.iter().filter_map(|(_, node, observation)| match *observation {
        FastObservation::Committed { view, digest, track } => Some((node.0, view, digest, track)),
        _ => None,
    });
    decided.collect()
}

fn decided_by(pump: &Pump) -> Vec<u32> {
    let mut nodes: Vec<u32> = decisions(pump).iter().map(|(node, ..)| *node).collect();
    nodes.sort_unstable();
    nodes
}

#[test]
fn where_all_answer_the_fast_track_decides_and_else_the_slow_one() {
    for learners in STYLES {
        let mut pump = pump(learners);
        pump.run_for(Duration::from_millis(200));
        assert_eq!(decided_by(&pump), [0, 1, 2, 3], "{learners:?}");
        assert!(decisions(&pump).iter().all(|(_, view, _, track)| (*view, *track) == (0, "fast")));

        let mut pump = self::pump(learners);
        pump.crash(NodeId(3));
        pump.run_for(Duration::from_millis(200));
        assert_eq!(decided_by(&pump), [0, 1, 2], "{learners:?}");
        assert!(decisions(&pump).iter().all(|(_, view, _, track)| (*view, *track) == (0, "slow")));
    }
}

#[test]
fn the_next_leader_goes_on_where_the_first_is_down() {
    for learners in STYLES {
        let mut pump = pump(learners);
        pump.crash(NodeId(0));
        pump.run_for(Duration::from_secs(2));
        assert_eq!(decided_by(&pump), [1, 2, 3], "{learners:?}");
        assert!(decisions(&pump).iter().all(|(_, view, ..)| *view == 1), "{:?}", decisions(&pump));
    }
}

/// A member that comes back knows what it said, and is told what was decided meanwhile.
#[test]
fn a_restarted_member_is_told_the_decision() {
    for learners in STYLES {
        let mut pump = pump(learners);
        pump.run_for(Duration::from_millis(1));
        pump.crash(NodeId(2));
        pump.run_for(Duration::from_millis(300));
        assert!(!decided_by(&pump).contains(&2));
        pump.boot(NodeId(2));
        for peer in [0, 1, 3] {
            for (member, other) in [(2, peer), (peer, 2)] {
                let state = sim_core::process::LinkState::Up;
                pump.step(NodeId(member), sim_core::process::Input::Link { peer: NodeId(other), state });
            }
        }
        pump.run_for(Duration::from_millis(300));
        assert_eq!(decided_by(&pump), [0, 1, 2, 3], "{learners:?}");
    }
}

#[test]
fn made_up_decisions_are_refused_each_for_its_reason() {
    let mut pump = pump(Learners::Members);
    for node in [1, 2, 3] {
        pump.crash(NodeId(node));
    }
    let signers = |nodes: &[u32]| nodes.iter().copied().map(NodeId).collect::<Signers>();
    let about = |stage| Statement::new(stage, 0, SLOT, 5);
    let cases = [
        (about(Stage::Commit), signers(&[]), Refusal::TooFewSigners),
        (about(Stage::Commit), signers(&[1, 2, 9]), Refusal::UnknownSigner),
        (about(Stage::Commit), signers(&[0, 1, 2]), Refusal::BadSignature),
        // On the fast track a quorum is not enough.
        (about(Stage::Prepare), signers(&[0, 1, 2]), Refusal::TooFewSigners),
        (about(Stage::Timeout), signers(&[0, 1, 2]), Refusal::OffTopic),
    ];
    for (statement, signers, reason) in cases {
        let (aggregate, scheme) = (Aggregate::default(), Scheme::Single);
        let certificate = Shared::new(Signed { statement, signers, aggregate, scheme });
        pump.inject(NodeId(1), NodeId(0), FastMessage::Decided(certificate));
        pump.run_for(Duration::from_millis(5));
        let refused = FastObservation::Refused { what: "decision", reason: reason.name() };
        assert!(pump.observed.iter().any(|(.., observation)| *observation == refused), "{reason:?}");
    }
    assert!(decisions(&pump).is_empty());
}
