//! Raft: Ongaro's dissertation (2014), and Ongaro and Ousterhout, USENIX ATC 2014.

use super::{Case, Claim, Column, Comparison, Drawing, Experiment, Plot, Statistic, Tolerance};

const DISSERTATION: &str = "Ongaro, Consensus: Bridging Theory and Practice, 2014";

/// Rows 1 to 5.
pub fn experiments() -> Vec<Experiment> {
    vec![split_votes(), wan_election(), messages(), downtime(), isolated_server()]
}

/// Servers, those alive, latency as a share of the range of timeouts, and the probability that term 1 has no winner.
const SPLIT_VOTES: [(u32, u32, f64, f64); 6] = [
    (5, 4, 0.1, 0.0523),
    (5, 4, 0.2, 0.1808),
    (5, 3, 0.1, 0.2710),
    (5, 3, 0.2, 0.4880),
    (3, 3, 0.1, 0.0280),
    (3, 3, 0.2, 0.1040),
];

/// The scenario's timeouts lie between 100 and 200 ms.
const RANGE_MS: f64 = 100.0;

fn split_votes() -> Experiment {
    let mut cases = Vec::new();
    let mut claims = Vec::new();
    for (case, (servers, alive, latency, published)) in SPLIT_VOTES.into_iter().enumerate() {
        let absent: Vec<String> = (alive + 1..=servers).map(|node| format!("\"n{node}\"")).collect();
        let overlays = [
            format!("cluster.nodes={servers}"),
            format!("initial.absent=[{}]", absent.join(",")),
            format!("network.latency=\"{}ms\"", latency * RANGE_MS),
        ];
        let overlays = overlays.each_ref().map(String::as_str);
        let name = format!("n={servers} s={alive} l={latency}");
        cases.push(Case::new(&name, "raft-split-votes", &overlays, 10_000));
        claims.push(Claim {
            name: format!("n{servers}-s{alive}-l{latency}"),
            title: format!(
                "No winner in term 1, {servers} servers, {alive} alive, latency {latency} of the range"
            ),
            unit: "",
            case,
            column: Column::of(&["term"]),
            statistic: Statistic::ShareOtherThan(1.0),
            comparison: Comparison::Near(published, Tolerance::Proportion { least: 0.01, sigmas: 4.0 }),
            x: case as f64,
        });
    }
    let plot = Plot::Claims { claims: (0..claims.len()).collect(), label: "share of runs without a winner" };
    Experiment {
        row: 1,
        protocol: "raft",
        title: "Split votes in the first term",
        source: DISSERTATION,
        cases,
        claims,
        drawings: vec![Drawing {
            name: "raft-1-split-votes",
            title: "Elections without a winner in the first term",
            plot,
        }],
    }
}

/// Servers down, and the published mean and median in milliseconds.
const WAN: [(u32, f64, f64); 3] = [(0, 430.0, 409.5), (1, 468.6, 423.3), (2, 631.6, 468.7)];

fn wan_election() -> Experiment {
    let column = Column::milliseconds(&["election_ns"]);
    let mut cases = Vec::new();
    let mut claims = Vec::new();
    for (case, (down, mean, median)) in WAN.into_iter().enumerate() {
        let absent: Vec<String> = (6 - down..=5).map(|node| format!("\"n{node}\"")).collect();
        let overlay = format!("initial.absent=[{}]", absent.join(","));
        cases.push(Case::new(&format!("{down} down"), "raft-wan-election", &[&overlay], 10_000));
        let figures = [
            ("mean", "Mean", Statistic::Mean, mean, 0.03),
            ("median", "Median", Statistic::Median, median, 0.02),
        ];
        claims.extend(figures.map(|(name, title, statistic, published, share)| Claim {
            name: format!("f{down}-{name}"),
            title: format!("{title} time until a leader starts, {down} of 5 servers down"),
            unit: "ms",
            case,
            column,
            statistic,
            comparison: Comparison::Near(published, Tolerance::Share(share)),
            x: f64::from(down),
        }));
    }
    let distributions = Plot::Distributions {
        label: "time until a leader starts",
        unit: "ms",
        column,
        range: Some((300.0, 2_000.0)),
        medians: WAN.iter().enumerate().map(|(case, (_, _, median))| (case, *median)).collect(),
    };
    let series = vec![("mean", vec![0, 2, 4]), ("median", vec![1, 3, 5])];
    let over = Plot::Over { x: "servers down", label: "time until a leader starts", series };
    Experiment {
        row: 2,
        protocol: "raft",
        title: "Election time on a wide-area network",
        source: DISSERTATION,
        cases,
        claims,
        drawings: vec![
            Drawing {
                name: "raft-2-election-time",
                title: "How long an election takes on a wide-area network",
                plot: distributions,
            },
            Drawing {
                name: "raft-2-servers-down",
                title: "Election time on a wide-area network, by servers down",
                plot: over,
            },
        ],
    }
}

/// Cluster sizes for which messages are counted.
const SIZES: [u32; 4] = [3, 5, 7, 9];

/// What is counted: a name, what it is, its measures, and how many messages there are for each of the other servers.
const COUNTED: [(&str, &str, &[&str], u32); 4] = [
    ("election", "an uncontended election", &["vote_requests", "votes"], 2),
    ("first-round", "the first round of AppendEntries", &["first_round"], 1),
    ("entry", "one entry, unbatched", &["entry", "entry_replies"], 2),
    ("heartbeat", "one heartbeat interval", &["heartbeats", "heartbeat_replies"], 2),
];

/// The latency of the scenario, in milliseconds.
const MESSAGE_DELAY_MS: f64 = 10.0;

fn messages() -> Experiment {
    let mut cases = Vec::new();
    let mut claims = Vec::new();
    for (case, servers) in SIZES.into_iter().enumerate() {
        let overlay = format!("cluster.nodes={servers}");
        cases.push(Case::new(&format!("n={servers}"), "raft-messages", &[&overlay], 100));
        let exact = |name: &str, title: String, unit, column, published: f64| Claim {
            name: format!("n{servers}-{name}"),
            title,
            unit,
            case,
            column,
            statistic: Statistic::Every,
            comparison: Comparison::Exactly(published),
            x: f64::from(servers),
        };
        for (name, what, measures, each) in COUNTED {
            let published = f64::from(each * (servers - 1));
            let title = format!("Messages of {what}, {servers} servers");
            claims.push(exact(name, title, "messages", Column::of(measures), published));
        }
        let title = format!("Commit latency at the leader, {servers} servers, delay {MESSAGE_DELAY_MS} ms");
        let column = Column::milliseconds(&["commit_ns"]);
        claims.push(exact("commit", title, "ms", column, 2.0 * MESSAGE_DELAY_MS));
    }
    let of = |what: usize| (0..SIZES.len()).map(|size| size * (COUNTED.len() + 1) + what).collect();
    let series = COUNTED.iter().enumerate().map(|(what, (_, title, _, _))| (*title, of(what))).collect();
    Experiment {
        row: 3,
        protocol: "raft",
        title: "Messages",
        source: DISSERTATION,
        cases,
        claims,
        drawings: vec![Drawing {
            name: "raft-3-messages",
            title: "Messages by cluster size",
            plot: Plot::Over { x: "servers", label: "messages", series },
        }],
    }
}

/// The longest timeouts of the figure, in milliseconds; the shortest is 150 ms.
const LONGEST_TIMEOUTS_MS: [u32; 4] = [150, 151, 155, 175];

/// Where a run is cut off, in milliseconds.
const CENSORED_AT_MS: f64 = 600_000.0;

fn downtime() -> Experiment {
    let column = Column { censored_at: Some(CENSORED_AT_MS), ..Column::milliseconds(&["downtime_ns"]) };
    let case = |longest: &u32| {
        let overlay = format!("cluster.raft.election_timeout_max=\"{longest}ms\"");
        Case::new(&format!("150-{longest} ms"), "raft-downtime", &[&overlay], 1_000)
    };
    let claim = |case: usize| Claim {
        name: format!("150-{}", LONGEST_TIMEOUTS_MS[case]),
        title: format!("Median downtime, timeouts of 150-{} ms", LONGEST_TIMEOUTS_MS[case]),
        unit: "ms",
        case,
        column,
        statistic: Statistic::Median,
        comparison: Comparison::ShorterThan { case: case - 1 },
        x: f64::from(LONGEST_TIMEOUTS_MS[case]),
    };
    let plot =
        Plot::Distributions { label: "downtime", unit: "ms", column, range: None, medians: Vec::new() };
    Experiment {
        row: 4,
        protocol: "raft",
        title: "Timeouts and downtime",
        source: "Ongaro and Ousterhout, In Search of an Understandable Consensus Algorithm, USENIX ATC 2014, figure 16",
        cases: LONGEST_TIMEOUTS_MS.iter().map(case).collect(),
        claims: (1..LONGEST_TIMEOUTS_MS.len()).map(claim).collect(),
        drawings: vec![Drawing {
            name: "raft-4-downtime",
            title: "Downtime after a leader's crash, by the range of timeouts",
            plot,
        }],
    }
}

/// How many mean timeouts (225 ms) the minute lasts for which the server is cut off.
const MEAN_TIMEOUTS: f64 = 60.0 / 0.225;

fn isolated_server() -> Experiment {
    let case = |name, pre_vote: bool| {
        Case::new(name, "raft-isolated-server", &[&format!("cluster.raft.pre_vote={pre_vote}")], 1_000)
    };
    Experiment {
        row: 5,
        protocol: "raft",
        title: "Pre-vote",
        source: DISSERTATION,
        cases: vec![case("pre-vote", true), case("no pre-vote", false)],
        claims: isolation_claims(),
        drawings: vec![Drawing {
            name: "raft-5-pre-vote",
            title: "A server comes back after a minute alone",
            plot: Plot::Claims {
                claims: vec![0, 1, 3, 4],
                label: "terms per mean timeout, or leaders deposed",
            },
        }],
    }
}

fn isolation_claims() -> Vec<Claim> {
    let claim = |name: &str, title: &str, case, column, statistic, comparison| Claim {
        name: name.to_owned(),
        title: title.to_owned(),
        unit: "",
        case,
        column,
        statistic,
        comparison,
        x: case as f64,
    };
    let growth = Column { minus: &["term_before"], ..Column::of(&["term_after"]) };
    let per_timeout = Column { divide_by: MEAN_TIMEOUTS, ..growth };
    let (step_downs, elections) = (Column::of(&["step_downs"]), Column::of(&["elections_won"]));
    let near_one = Comparison::Near(1.0, Tolerance::Share(0.02));
    let (exactly, every) = (Comparison::Exactly, Statistic::Every);
    let added = "Terms that a minute of isolation adds, with pre-vote";
    let added_without = "Terms added per mean timeout of isolation, without pre-vote";
    let deposed = "Leaders deposed by the return, with pre-vote";
    let deposed_without = "Leaders deposed by the return, without pre-vote";
    let won = "Elections won after the return, with pre-vote";
    vec![
        claim("pre-vote-term", added, 0, growth, every, exactly(0.0)),
        claim("pre-vote-step-downs", deposed, 0, step_downs, every, exactly(0.0)),
        claim("pre-vote-elections", won, 0, elections, every, exactly(0.0)),
        claim("no-pre-vote-term", added_without, 1, per_timeout, Statistic::Mean, near_one),
        claim("no-pre-vote-step-downs", deposed_without, 1, step_downs, every, exactly(1.0)),
    ]
}
