//! Zyzzyva (Kotla et al. 2007) and parameterized FaB (Martin and Alvisi 2006): what their two tracks cost, and what is wrong
//! with both as they were published (Abraham et al. 2017).

use super::{Case, Claim, Column, Count, DELAY_MS, Delays, Drawing, Experiment, Plot, SIZES};
use super::{counted, exact, in_delays};

const ZYZZYVA: &str = "Kotla et al., Zyzzyva: Speculative Byzantine Fault Tolerance, SOSP 2007";
const FAB: &str = "Martin and Alvisi, Fast Byzantine Consensus, IEEE TDSC 2006";
const REVISITED: &str =
    "Abraham et al., Revisiting Fast Practical Byzantine Fault Tolerance, arXiv 1712.01367, 2017";

/// What a client of Zyzzyva waits for the last answers, in milliseconds, as the scenario says.
const COLLECT_MS: f64 = 50.0;

const DELAYS: [Delays; 4] = [
    ("zyzzyva-fast", "Zyzzyva, from a client's request until it has all answers", 0, &["client_ns"], 3.0),
    ("zyzzyva-slow", "Zyzzyva with a silent member: five delays and a wait of 50 ms", 1, &["client_ns"], 5.0),
    ("fab-fast", "FaB, from the proposal until all have decided", 2, &["fourth_ns"], 2.0),
    ("fab-slow", "FaB with a silent member, until the others have decided", 3, &["third_ns"], 3.0),
];

/// Both tracks: the fast one while all accept, and the slow one beside a silent member.
pub(super) fn delays() -> Experiment {
    let silent = ["initial.corrupt=[\"n4\"]", "initial.behavior=\"silent\""];
    let case = |name, scenario, overlays: &[&str]| Case::new(name, scenario, overlays, 100);
    let mut claims = DELAYS.map(in_delays).to_vec();
    let slow = DELAYS[1];
    claims[1] = exact(
        slow.0,
        &claims[1].title.clone(),
        "ms",
        slow.2,
        Column::milliseconds(slow.3),
        slow.4 * DELAY_MS + COLLECT_MS,
    );
    Experiment {
        row: 14,
        protocol: "byzantine",
        title: "Message delays of Zyzzyva and FaB",
        source: FAB,
        cases: vec![
            case("Zyzzyva", "zyzzyva-messages", &[]),
            case("Zyzzyva, one silent", "zyzzyva-messages", &silent),
            case("FaB", "fab-messages", &[]),
            case("FaB, one silent", "fab-messages", &silent),
        ],
        claims,
        drawings: Vec::new(),
    }
}

/// The fast track. A client of Zyzzyva that is a member as well has its own answer without a message.
pub(super) fn counts() -> Experiment {
    let (mut cases, mut claims) = (Vec::new(), Vec::new());
    for n in SIZES {
        let size = format!("cluster.nodes={n}");
        let case = cases.len();
        cases.push(Case::new(&format!("Zyzzyva, n={n}"), "zyzzyva-messages", &[&size], 100));
        cases.push(Case::new(&format!("FaB, n={n}"), "fab-messages", &[&size], 100));
        let (others, all) = (f64::from(n - 1), f64::from(n));
        let figures: [Count; 2] = [
            ("zyzzyva", "Zyzzyva, one decision", case, &["proposals", "answers"], 2.0 * others),
            ("fab", "FaB, one decision", case + 1, &["proposals", "accepts"], others * (all + 1.0)),
        ];
        claims.extend(figures.map(|figure| counted(n, figure)));
    }
    Experiment {
        row: 15,
        protocol: "byzantine",
        title: "Messages of Zyzzyva and FaB",
        source: ZYZZYVA,
        cases,
        claims,
        drawings: Vec::new(),
    }
}

const CERTIFICATE: &str = "zyzzyva-witness-certificate-first";
const REPORTS: &str = "fab-witness-weak-progress-certificate";

/// A case as an index, its name, what it is about, the measure, and what the paper shows.
type Flaw = (usize, &'static str, &'static str, &'static [&'static str], f64);

const FLAWS: [Flaw; 4] = [
    (
        0,
        "zyzzyva-published",
        "Zyzzyva as published: whether a decision is lost",
        &["found.zyzzyva/kept"],
        1.0,
    ),
    (1, "zyzzyva-repaired", "Zyzzyva repaired: whether a decision is lost", &["found.zyzzyva/kept"], 0.0),
    (2, "fab-published", "FaB as published: honest members that ever decide", &["deciding"], 0.0),
    (3, "fab-repaired", "FaB repaired: honest members that decide", &["deciding"], 3.0),
];

/// The paper's attacks with one traitor of four, against the rules for a new view as they were published and as repaired (arXiv
/// 1801.10022).
pub(super) fn flaws() -> Experiment {
    let claim = |(case, name, title, measure, shown): Flaw| -> Claim {
        exact(name, title, "", case, Column::of(measure), shown)
    };
    let case = |name, scenario| Case::new(name, scenario, &[], 100);
    Experiment {
        row: 18,
        protocol: "byzantine",
        title: "Flaws of Zyzzyva and FaB",
        source: REVISITED,
        cases: vec![
            case("Zyzzyva as published", CERTIFICATE).with("certificate-first"),
            case("Zyzzyva repaired", CERTIFICATE),
            case("FaB as published", REPORTS).with("weak-progress-certificate"),
            case("FaB repaired", REPORTS),
        ],
        claims: FLAWS.map(claim).to_vec(),
        drawings: vec![Drawing {
            name: "byzantine-18-flaws",
            title: "The attacks on Zyzzyva and FaB",
            plot: Plot::Claims { claims: (0..4).collect(), label: "lost decisions; members that decide" },
        }],
    }
}
