//! Byzantine agreement: Castro and Liskov (1999), Bracha (1987), Yin et al. (2019), Buchman et al. (2018), protocols with a
//! fast track (`fast`), and a simulator's figures (DSN 2022).

mod fast;

use super::{Case, Claim, Column, Comparison, Drawing, Experiment, Plot, Statistic, Tolerance};

const PBFT: &str = "Castro and Liskov, Practical Byzantine Fault Tolerance, OSDI 1999";
const BRACHA: &str = "Bracha, Asynchronous Byzantine Agreement Protocols, 1987";

const HOTSTUFF: &str = "Yin et al., HotStuff: BFT Consensus in the Lens of Blockchain, PODC 2019";
const TENDERMINT: &str = "Buchman, Kwon and Milosevic, The Latest Gossip on BFT Consensus, 2018";

/// Rows 14 to 18.
pub fn experiments() -> Vec<Experiment> {
    vec![
        delays(),
        hotstuff_delays(),
        tendermint_delays(),
        fast::delays(),
        counts(),
        hotstuff_counts(),
        tendermint_counts(),
        fast::counts(),
        normal_delays(),
        thresholds(),
        fast::flaws(),
    ]
}

/// The latency of the scenario, in milliseconds.
const DELAY_MS: f64 = 10.0;

fn exact(name: &str, title: &str, unit: &'static str, case: usize, column: Column, published: f64) -> Claim {
    Claim {
        name: name.to_owned(),
        title: title.to_owned(),
        unit,
        case,
        column,
        statistic: Statistic::Every,
        comparison: Comparison::Exactly(published),
        x: case as f64,
    }
}

fn delays() -> Experiment {
    let reads = ["cluster.pbft.read_only=true", "workload.mix={ read = 1 }"];
    let claims: [Delays; 3] = [
        ("pbft-commit", "From the proposal until all have committed", 0, &["commit_ns"], 3.0),
        ("pbft-client", "From a client's request to its answer", 0, &["client_ns"], 5.0),
        ("pbft-read-only", "A read without order, at its client", 1, &["client_ns"], 2.0),
    ];
    Experiment {
        row: 14,
        protocol: "byzantine",
        title: "Message delays",
        source: PBFT,
        cases: vec![
            Case::new("a write", "pbft-messages", &[], 100),
            Case::new("a read without order", "pbft-messages", &reads, 100),
        ],
        claims: claims.map(in_delays).to_vec(),
        drawings: vec![Drawing {
            name: "byzantine-14-delays",
            title: "How long a request takes, with a delay of 10 ms",
            plot: Plot::Claims { claims: vec![0, 1, 2], label: "milliseconds" },
        }],
    }
}

/// Name of the claim, what it is about, case, measure, and how many delays are published.
type Delays = (&'static str, &'static str, usize, &'static [&'static str], f64);

fn in_delays((name, what, case, measure, delays): Delays) -> Claim {
    let title = format!("{what}, delay 10 ms");
    exact(name, &title, "ms", case, Column::milliseconds(measure), delays * DELAY_MS)
}

const HOTSTUFF_DELAYS: [Delays; 6] = [
    (
        "hotstuff-basic-leader",
        "Basic HotStuff, from the proposal until its leader has committed",
        0,
        &["leader_ns"],
        6.0,
    ),
    (
        "hotstuff-basic",
        "Basic HotStuff, from the proposal until replicas have committed",
        0,
        &["commit_ns"],
        7.0,
    ),
    (
        "hotstuff-three-chain",
        "Three-chain HotStuff, until replicas have committed a block",
        1,
        &["commit_ns"],
        7.0,
    ),
    (
        "hotstuff-two-chain",
        "Two-chain HotStuff, until replicas have committed a block",
        2,
        &["commit_ns"],
        5.0,
    ),
    (
        "hotstuff-three-chain-4",
        "Three-chain HotStuff, until a replica has committed four blocks",
        3,
        &["fourth_ns"],
        13.0,
    ),
    (
        "hotstuff-two-chain-4",
        "Two-chain HotStuff, until a replica has committed four blocks",
        4,
        &["fourth_ns"],
        11.0,
    ),
];

/// Blocks behind each other: with one leader, a block begins two delays after the one before it.
fn hotstuff_delays() -> Experiment {
    let chained = |rule: &str| format!("cluster.hotstuff.rule=\"{rule}\"");
    let rules = ["basic", "three-chain", "two-chain"].map(chained);
    let pipelined = [
        "cluster.hotstuff.views_per_leader=64",
        "cluster.hotstuff.max_batch=1",
        "workload.clients=4",
        "workload.operations=4",
        "workload.rate=\"1000000/s\"",
    ];
    let single = |rule: usize| {
        Case::new(["basic", "three-chain", "two-chain"][rule], "hotstuff-messages", &[&rules[rule]], 100)
    };
    let four = |rule: usize, name: &str| {
        let overlays: Vec<&str> = std::iter::once(rules[rule].as_str()).chain(pipelined).collect();
        Case::new(name, "hotstuff-messages", &overlays, 100)
    };
    Experiment {
        row: 14,
        protocol: "byzantine",
        title: "Message delays of HotStuff",
        source: HOTSTUFF,
        cases: vec![
            single(0),
            single(1),
            single(2),
            four(1, "three-chain, four blocks"),
            four(2, "two-chain, four blocks"),
        ],
        claims: HOTSTUFF_DELAYS.map(in_delays).to_vec(),
        drawings: vec![Drawing {
            name: "byzantine-14-hotstuff",
            title: "How long HotStuff takes to commit, with a delay of 10 ms",
            plot: Plot::Claims { claims: (0..6).collect(), label: "milliseconds" },
        }],
    }
}

fn tendermint_delays() -> Experiment {
    let claims: [Delays; 2] = [
        (
            "tendermint-commit",
            "Tendermint, from the proposal until all have committed",
            0,
            &["commit_ns"],
            3.0,
        ),
        ("tendermint-client", "Tendermint, from a client's request to its answer", 0, &["client_ns"], 5.0),
    ];
    Experiment {
        row: 14,
        protocol: "byzantine",
        title: "Message delays of Tendermint",
        source: TENDERMINT,
        cases: vec![Case::new("a write", "tendermint-messages", &[], 100)],
        claims: claims.map(in_delays).to_vec(),
        drawings: Vec::new(),
    }
}

/// Cluster sizes for which messages are counted.
const SIZES: [u32; 3] = [4, 7, 10];

fn counts() -> Experiment {
    let mut cases = Vec::new();
    let mut claims = Vec::new();
    for n in SIZES {
        let size = format!("cluster.nodes={n}");
        let case = cases.len();
        cases.push(Case::new(&format!("PBFT, n={n}"), "pbft-messages", &[&size], 100));
        cases.push(Case::new(&format!("Bracha, n={n}"), "bracha-messages", &[&size], 100));
        let others = f64::from(n - 1);
        let all = f64::from(n);
        let figures: [Count; 5] = [
            ("pre-prepare", "PBFT, pre-prepares", case, &["pre_prepares"], others),
            ("prepare", "PBFT, prepares", case, &["prepares"], others * others),
            ("commit", "PBFT, commits", case, &["commits"], all * others),
            (
                "pbft",
                "PBFT, one decision",
                case,
                &["pre_prepares", "prepares", "commits"],
                2.0 * all * others,
            ),
            (
                "bracha",
                "Bracha, one broadcast",
                case + 1,
                &["initials", "echoes", "readies"],
                others * (2.0 * all + 1.0),
            ),
        ];
        claims.extend(figures.map(|figure| counted(n, figure)));
    }
    let of = |what: usize| (0..SIZES.len()).map(|size| size * 5 + what).collect();
    Experiment {
        row: 15,
        protocol: "byzantine",
        title: "Messages",
        source: BRACHA,
        cases,
        claims,
        drawings: vec![Drawing {
            name: "byzantine-15-messages",
            title: "Messages by cluster size",
            plot: Plot::Over {
                x: "members",
                label: "messages",
                series: vec![("PBFT, one decision", of(3)), ("Bracha, one broadcast", of(4))],
            },
        }],
    }
}

/// A figure of a cluster of a size: its name, what it is, the case as an index, its measures, and what is published.
type Count = (&'static str, &'static str, usize, &'static [&'static str], f64);

fn counted(n: u32, (name, what, case, measures, published): Count) -> Claim {
    let (name, title) = (format!("n{n}-{name}"), format!("{what}, {n} members"));
    Claim { x: f64::from(n), ..exact(&name, &title, "messages", case, Column::of(measures), published) }
}

/// Basic HotStuff: four broadcasts of the leader and three rounds of votes, and the messages that open the next view. A
/// view of a chain: one block and its votes; four views until a three-chain has committed the block of one request.
fn hotstuff_counts() -> Experiment {
    let (mut cases, mut claims) = (Vec::new(), Vec::new());
    for n in SIZES {
        let size = format!("cluster.nodes={n}");
        let case = cases.len();
        let basic = [size.as_str(), "cluster.hotstuff.rule=\"basic\""];
        cases.push(Case::new(&format!("basic, n={n}"), "hotstuff-messages", &basic, 100));
        cases.push(Case::new(&format!("three-chain, n={n}"), "hotstuff-messages", &[&size], 100));
        let others = f64::from(n - 1);
        let figures: [Count; 3] = [
            (
                "hotstuff-basic",
                "Basic HotStuff, one decision",
                case,
                &["proposals", "votes", "certificates"],
                7.0 * others,
            ),
            ("hotstuff-new-views", "Basic HotStuff, new-views", case, &["new_views"], others),
            (
                "hotstuff-chained",
                "Three-chain HotStuff, four views",
                case + 1,
                &["proposals", "votes"],
                4.0 * 2.0 * others,
            ),
        ];
        claims.extend(figures.map(|figure| counted(n, figure)));
    }
    Experiment {
        row: 15,
        protocol: "byzantine",
        title: "Messages of HotStuff",
        source: HOTSTUFF,
        cases,
        claims,
        drawings: Vec::new(),
    }
}

fn tendermint_counts() -> Experiment {
    let (mut cases, mut claims) = (Vec::new(), Vec::new());
    for n in SIZES {
        let size = format!("cluster.nodes={n}");
        let (others, all) = (f64::from(n - 1), f64::from(n));
        let measures: &[&str] = &["proposals", "prevotes", "precommits"];
        let published = others * (2.0 * all + 1.0);
        claims.push(counted(n, ("tendermint", "Tendermint, one decision", cases.len(), measures, published)));
        cases.push(Case::new(&format!("n={n}"), "tendermint-messages", &[&size], 100));
    }
    Experiment {
        row: 15,
        protocol: "byzantine",
        title: "Messages of Tendermint",
        source: TENDERMINT,
        cases,
        claims,
        drawings: Vec::new(),
    }
}

/// Members, how many of them decide, the measure of that, and the published mean in milliseconds.
const NORMAL: [(u32, u32, &[&str], f64); 2] =
    [(4, 3, &["third_ns"], 731.0), (16, 11, &["eleventh_ns"], 794.0)];

fn normal_delays() -> Experiment {
    let mut cases = Vec::new();
    let mut claims = Vec::new();
    for (case, (n, deciding, measure, published)) in NORMAL.into_iter().enumerate() {
        let size = format!("cluster.nodes={n}");
        cases.push(Case::new(&format!("n={n}"), "pbft-normal-delays", &[&size], 2_000));
        claims.push(Claim {
            name: format!("n{n}"),
            title: format!("Mean time until {deciding} of {n} have decided, delays N(250, 50) ms"),
            unit: "ms",
            case,
            column: Column::milliseconds(measure),
            statistic: Statistic::Mean,
            comparison: Comparison::Near(published, Tolerance::Share(0.02)),
            x: f64::from(n),
        });
    }
    Experiment {
        row: 16,
        protocol: "byzantine",
        title: "PBFT under delays of N(250, 50) ms",
        source: "Wang et al., Tool: An Efficient and Flexible Simulator for Byzantine Fault-Tolerant Protocols, DSN 2022",
        cases,
        claims,
        drawings: vec![Drawing {
            name: "byzantine-16-normal-delays",
            title: "Time until n - f members have decided",
            plot: Plot::Claims { claims: vec![0, 1], label: "milliseconds" },
        }],
    }
}

/// Members, traitors among them, and whether they split the honest.
const THRESHOLDS: [(u32, u32, bool); 5] =
    [(4, 1, false), (4, 2, true), (7, 2, false), (7, 3, true), (6, 2, true)];

/// Protocol, its name, the scenario, and the check that sees the fork.
const SPLIT: [(&str, &str, &str, &[&str]); 6] = [
    ("pbft", "PBFT", "pbft-split", &["found.pbft/agreement"]),
    ("bracha", "Bracha", "bracha-split", &["found.bracha/agreement"]),
    ("hotstuff", "HotStuff", "hotstuff-split", &["found.hotstuff/agreement"]),
    ("tendermint", "Tendermint", "tendermint-split", &["found.tendermint/agreement"]),
    ("zyzzyva", "Zyzzyva", "zyzzyva-split", &["found.zyzzyva/agreement"]),
    ("fab", "FaB", "fab-split", &["found.fab/agreement"]),
];

fn thresholds() -> Experiment {
    let mut cases = Vec::new();
    let mut claims = Vec::new();
    let all = SPLIT.iter().flat_map(|split| THRESHOLDS.iter().map(move |threshold| (split, threshold)));
    for (case, (&(protocol, title, scenario, check), &(n, traitors, splits))) in all.enumerate() {
        let corrupt: Vec<String> = (1..=traitors).map(|node| format!("\"n{node}\"")).collect();
        let mut overlays =
            vec![format!("cluster.nodes={n}"), format!("initial.corrupt=[{}]", corrupt.join(","))];
        if protocol == "tendermint" {
            // Both halves hear their block at the same time: where one of them is first, it may tell the other half.
            overlays.push("network.latency=\"5ms\"".to_owned());
        }
        let overlays: Vec<&str> = overlays.iter().map(String::as_str).collect();
        cases.push(Case::new(&format!("{title}, {traitors} of {n}"), scenario, &overlays, 100));
        let title = format!("Whether {traitors} of {n} members split the honest, {title}");
        let name = format!("{protocol}-n{n}-t{traitors}");
        claims.push(exact(&name, &title, "", case, Column::of(check), f64::from(u8::from(splits))));
    }
    Experiment {
        row: 17,
        protocol: "byzantine",
        title: "Thresholds",
        source: PBFT,
        drawings: vec![Drawing {
            name: "byzantine-17-thresholds",
            title: "Whether traitors split the honest members",
            plot: Plot::Claims { claims: (0..claims.len()).collect(), label: "share of runs with a fork" },
        }],
        cases,
        claims,
    }
}
