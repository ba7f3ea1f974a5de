//! Epidemics (Demers et al. 1987), SWIM (Das, Gupta and Motivala 2002) and Lifeguard (Dadgar et al. 2017).

use super::{Case, Claim, Column, Comparison, Drawing, Experiment, Plot, Statistic, Tolerance};

const DEMERS: &str = "Demers et al., Epidemic algorithms for replicated database maintenance, PODC 1987";
const PLUMTREE: &str = "Leitão, Pereira and Rodrigues, Epidemic broadcast trees, SRDS 2007";
const SWIM: &str = "Das, Gupta and Motivala, SWIM, DSN 2002; memberlist";
const LIFEGUARD: &str = "Dadgar, Phillips and Currey, Lifeguard, 2017";

/// Rows 6 to 13.
pub fn experiments() -> Vec<Experiment> {
    vec![
        blind_coin(),
        pull_counter(),
        push_counter(),
        rounds(),
        broadcast_trees(),
        formulas(),
        detection(),
        lifeguard(),
    ]
}

const RESIDUE: Column = Column { divide_by: 1e6, ..Column::of(&["residue"]) };
const TRAFFIC: Column = Column { divide_by: 1e3, ..Column::of(&["rumors_sent"]) };
const LAST: Column = Column { divide_by: 1e9, ..Column::of(&["last_ns"]) };

/// Tolerances of the residue, the traffic and the last cycle.
const SHARES: [f64; 3] = [0.12, 0.04, 0.05];

/// One setting of Demers' tables.
struct Setting {
    k: u32,
    runs: u64,
    residue: (f64, f64),
    traffic: f64,
    last: Option<f64>,
}

/// A claim about the mean of a column.
fn mean(
    name: String,
    title: String,
    case: usize,
    column: Column,
    published: f64,
    share: f64,
    x: f64,
) -> Claim {
    Claim {
        name,
        title,
        unit: "",
        case,
        column,
        statistic: Statistic::Mean,
        comparison: Comparison::Near(published, Tolerance::Share(share)),
        x,
    }
}

/// A claim that a column is the same in every run.
fn exact(
    name: String,
    title: String,
    unit: &'static str,
    case: usize,
    column: Column,
    published: f64,
) -> Claim {
    let (statistic, comparison) = (Statistic::Every, Comparison::Exactly(published));
    Claim { name, title, unit, case, column, statistic, comparison, x: case as f64 }
}

/// Cases and claims of one of Demers' tables.
fn table(words: &str, overlays: &[&str], settings: &[Setting]) -> (Vec<Case>, Vec<Claim>) {
    let (mut cases, mut claims) = (Vec::new(), Vec::new());
    for (case, Setting { k, runs, residue, traffic, last }) in settings.iter().enumerate() {
        let k_is = format!("cluster.epidemic.k={k}");
        let overlays: Vec<&str> = overlays.iter().copied().chain([k_is.as_str()]).collect();
        cases.push(Case::new(&format!("k={k}"), "epidemic-cycles", &overlays, *runs));
        let x = f64::from(*k);
        let claim = |name: &str, title: &str, column, published, share| {
            mean(
                format!("k{k}-{name}"),
                format!("{title}, {words}, k = {k}"),
                case,
                column,
                published,
                share,
                x,
            )
        };
        claims.push(claim("residue", "Residue", RESIDUE, residue.0, residue.1));
        claims.push(claim("traffic", "Messages per agent", TRAFFIC, *traffic, SHARES[1]));
        if let Some(last) = last {
            claims.push(claim("last", "Last cycle with news", LAST, *last, SHARES[2]));
        }
    }
    (cases, claims)
}

/// Residues over the settings, published and ours.
fn residues(name: &'static str, title: &'static str, claims: &[Claim]) -> Drawing {
    let residues = (0..claims.len()).filter(|claim| claims[*claim].name.ends_with("residue")).collect();
    let plot = Plot::Over { x: "k", label: "residue", series: vec![("residue", residues)] };
    Drawing { name, title, plot }
}

fn blind_coin() -> Experiment {
    let setting = |k, residue, traffic| Setting { k, runs: 300, residue, traffic, last: None };
    let settings = [
        setting(2, (0.20, SHARES[0]), 1.6),
        setting(3, (0.060, SHARES[0]), 2.8),
        setting(4, (0.021, 0.15), 3.9),
        setting(5, (0.008, 0.15), 4.9),
    ];
    let (cases, claims) = table("push, blind and coin", &[], &settings);
    let drawings =
        vec![residues("gossip-6-blind-coin", "Who never hears of a rumor: push, blind, coin", &claims)];
    Experiment {
        row: 6,
        protocol: "gossip",
        title: "Push epidemics that lose interest blindly by a coin",
        source: DEMERS,
        cases,
        claims,
        drawings,
    }
}

fn pull_counter() -> Experiment {
    let overlays = ["cluster.epidemic.mode=\"pull\"", "cluster.epidemic.interest=\"feedback-counter\""];
    let settings = [
        Setting { k: 1, runs: 300, residue: (0.031, SHARES[0]), traffic: 2.7, last: Some(17.6) },
        Setting { k: 2, runs: 5_000, residue: (5.8e-4, 0.15), traffic: 4.5, last: Some(15.4) },
    ];
    let (cases, claims) = table("pull, feedback and counter", &overlays, &settings);
    Experiment {
        row: 7,
        protocol: "gossip",
        title: "Pull epidemics that lose interest by feedback and a counter",
        source: DEMERS,
        cases,
        claims,
        drawings: Vec::new(),
    }
}

fn push_counter() -> Experiment {
    let overlays = ["cluster.epidemic.interest=\"feedback-counter\""];
    let setting = |k, residue, traffic, last| Setting { k, runs: 300, residue, traffic, last: Some(last) };
    let settings = [
        setting(1, (0.18, SHARES[0]), 1.7, 16.8),
        setting(2, (0.037, SHARES[0]), 3.3, 16.9),
        setting(3, (0.011, SHARES[0]), 4.5, 17.4),
    ];
    let (cases, claims) = table("push, feedback and counter", &overlays, &settings);
    let drawings = vec![residues(
        "gossip-8-feedback-counter",
        "Who never hears of a rumor: push, feedback, counter",
        &claims,
    )];
    Experiment {
        row: 8,
        protocol: "gossip",
        title: "Push epidemics that lose interest by feedback and a counter",
        source: DEMERS,
        cases,
        claims,
        drawings,
    }
}

/// Modes, and the rounds until all of a thousand are reached.
const ROUNDS: [(&str, f64); 3] = [("push", 18.1), ("pull", 13.7), ("push-pull", 9.1)];

fn rounds() -> Experiment {
    let (mut cases, mut claims) = (Vec::new(), Vec::new());
    for (case, (mode, published)) in ROUNDS.into_iter().enumerate() {
        let mode_is = format!("cluster.epidemic.mode=\"{mode}\"");
        let overlays = [
            mode_is.as_str(),
            "cluster.epidemic.interest=\"never\"",
            "stop.observed={kind=\"Infected\",count=\"all\"}",
        ];
        cases.push(Case::new(mode, "epidemic-cycles", &overlays, 300));
        let title = format!("Rounds until all of 1,000 are reached, {mode}");
        claims.push(mean(mode.to_owned(), title, case, LAST, published, 0.3 / published, case as f64));
    }
    let plot = Plot::Claims { claims: vec![0, 1, 2], label: "rounds" };
    Experiment {
        row: 9,
        protocol: "gossip",
        title: "Rounds until a simple epidemic reaches all",
        source: DEMERS,
        cases,
        claims,
        drawings: vec![Drawing { name: "gossip-9-rounds", title: "Rounds until all are reached", plot }],
    }
}

/// What a broadcast costs among 10,000 members with 5 links each.
fn broadcast_trees() -> Experiment {
    let cases = vec![
        Case::new("tree", "plumtree-cost", &[], 5),
        Case::new("flood", "plumtree-cost", &["cluster.plumtree.prune=false"], 5),
    ];
    let near = |name: &str, title: &str, case, column, published, share| {
        mean(name.to_owned(), title.to_owned(), case, column, published, share, case as f64)
    };
    let payloads = Column::of(&["payloads"]);
    let control = Column::of(&["announcements", "grafts", "prunes"]);
    // A flood takes n(D - 1) + 1 payloads, and D is the number of ends of links for each of n members. So n - 1 are left.
    let left = Column { minus: &["unlinked", "payloads"], ..Column::of(&["linked"]) };
    let claims = vec![
        near("tree-payloads", "Payloads of a broadcast on a tree", 0, payloads, 9_999.0, 0.002),
        near("tree-control", "Other messages of a broadcast on a tree", 0, control, 30_000.0, 0.05),
        near("flood-payloads", "Payloads of a flood", 1, payloads, 39_984.0, 0.01),
        exact(
            "flood-law".to_owned(),
            "Ends of links beyond the payloads of a flood".to_owned(),
            "",
            1,
            left,
            9_999.0,
        ),
    ];
    Experiment {
        row: 10,
        protocol: "gossip",
        title: "What a broadcast costs on a tree and in a flood",
        source: PLUMTREE,
        cases,
        claims,
        drawings: Vec::new(),
    }
}

/// Members, and the suspicion timeout in milliseconds for a multiplier of 1 and periods of 1 s.
const TIMEOUTS: [(u32, f64); 5] =
    [(5, 1_000.0), (50, 1_698.0), (100, 2_000.0), (500, 2_698.0), (1_000, 3_000.0)];

/// Members beside one that leaves, and how often it says so, for a multiplier of 4.
const LIMITS: [(u32, f64); 6] = [(5, 4.0), (9, 4.0), (10, 8.0), (99, 8.0), (100, 12.0), (1_000, 16.0)];

fn formulas() -> Experiment {
    let (mut cases, mut claims) = (Vec::new(), Vec::new());
    let milliseconds = Column::milliseconds(&["timeout_ns"]);
    for (n, published) in TIMEOUTS {
        let nodes = format!("cluster.nodes={n}");
        cases.push(Case::new(&format!("timeout n={n}"), "swim-suspicion-timeout", &[&nodes], 30));
        let title = format!("Suspicion timeout among {n} members");
        claims.push(exact(format!("timeout-n{n}"), title, "ms", cases.len() - 1, milliseconds, published));
    }
    for (n, published) in LIMITS {
        let nodes = format!("cluster.nodes={}", n + 1);
        cases.push(Case::new(&format!("limit n={n}"), "swim-retransmit", &[&nodes], 30));
        let title = format!("How often an update is sent among {n} members");
        claims.push(exact(
            format!("limit-n{n}"),
            title,
            "",
            cases.len() - 1,
            Column::of(&["told"]),
            published,
        ));
    }
    cases.push(Case::new("unconfirmed", "swim-lone-suspicion", &[], 30));
    let title = "Suspicion timeout between 2 s and 30 s that nobody confirms".to_owned();
    claims.push(exact("unconfirmed".to_owned(), title, "ms", cases.len() - 1, milliseconds, 30_000.0));
    Experiment {
        row: 11,
        protocol: "gossip",
        title: "Suspicion timeouts and transmit limits",
        source: SWIM,
        cases,
        claims,
        drawings: Vec::new(),
    }
}

/// Order, members, and the mean number of periods until a crash is noticed.
const DETECTION: [(&str, u32, f64); 4] =
    [("random", 10, 1.530), ("random", 100, 1.577), ("round-robin", 10, 1.482), ("round-robin", 100, 1.572)];

/// Members whose load is measured.
const LOADS: [u32; 3] = [10, 100, 1_000];

/// Messages that are sent in a minute, for each of so many members and each period.
const fn load(per: f64) -> Column {
    Column { divide_by: per, ..Column::of(&["probes", "answers"]) }
}

fn detection() -> Experiment {
    let (mut cases, mut claims) = (Vec::new(), Vec::new());
    let periods = Column { divide_by: 1e9, ..Column::of(&["suspected_ns"]) };
    for (order, n, published) in DETECTION {
        let (nodes, order_is) = (format!("cluster.nodes={n}"), format!("cluster.swim.order=\"{order}\""));
        let name = format!("{order} n={n}");
        cases.push(Case::new(&name, "swim-first-detection", &[&nodes, &order_is], 10_000));
        let title = format!("Periods until a crash is noticed, {order}, {n} members");
        let case = cases.len() - 1;
        claims.push(mean(format!("{order}-n{n}"), title, case, periods, published, 0.02, f64::from(n)));
    }
    for n in LOADS {
        let nodes = format!("cluster.nodes={n}");
        cases.push(Case::new(
            &format!("load n={n}"),
            "swim-calm",
            &[&nodes, "cluster.swim.preset=\"pure\""],
            30,
        ));
        let title = format!("Messages that a member sends in a period, {n} members");
        let case = cases.len() - 1;
        claims.push(mean(
            format!("load-n{n}"),
            title,
            case,
            load(60.0 * f64::from(n)),
            2.0,
            0.01,
            f64::from(n),
        ));
    }
    let series = vec![("random", vec![0, 1]), ("round robin", vec![2, 3])];
    let plot = Plot::Over { x: "members", label: "periods", series };
    Experiment {
        row: 12,
        protocol: "gossip",
        title: "When a crash is noticed, and what probing costs",
        source: SWIM,
        cases,
        claims,
        drawings: vec![Drawing {
            name: "gossip-12-detection",
            title: "Periods until a crash is noticed",
            plot,
        }],
    }
}

/// What turns Lifeguard off.
const WITHOUT: [&str; 3] =
    ["cluster.swim.local_health=1", "cluster.swim.dynamic_suspicion=false", "cluster.swim.buddy=false"];

fn lifeguard() -> Experiment {
    let cases = vec![
        Case::new("with Lifeguard", "swim-slow-members", &[], 50),
        Case::new("without Lifeguard", "swim-slow-members", &WITHOUT, 50),
    ];
    let claims = vec![Claim {
        name: "false-deaths".to_owned(),
        title: "Healthy members declared dead because of slow ones, with Lifeguard".to_owned(),
        unit: "",
        case: 0,
        column: Column::of(&["false_deaths"]),
        statistic: Statistic::Median,
        comparison: Comparison::ShorterThan { case: 1 },
        x: 0.0,
    }];
    Experiment {
        row: 13,
        protocol: "gossip",
        title: "Lifeguard: slow members accuse fewer",
        source: LIFEGUARD,
        cases,
        claims,
        drawings: Vec::new(),
    }
}
