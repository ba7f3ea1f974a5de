//! Byzantine agreement: Castro and Liskov (1999), Bracha (1987), and a simulator's figures (DSN 2022).

use super::{Case, Claim, Column, Comparison, Drawing, Experiment, Plot, Statistic, Tolerance};

const PBFT: &str = "Castro and Liskov, Practical Byzantine Fault Tolerance, OSDI 1999";
const BRACHA: &str = "Bracha, Asynchronous Byzantine Agreement Protocols, 1987";

/// Rows 14 to 17, as far as PBFT and reliable broadcast go.
pub fn experiments() -> Vec<Experiment> {
    vec![delays(), counts(), normal_delays(), thresholds()]
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
    let commit = Column::milliseconds(&["commit_ns"]);
    let client = Column::milliseconds(&["client_ns"]);
    Experiment {
        row: 14,
        protocol: "byzantine",
        title: "Message delays",
        source: PBFT,
        cases: vec![
            Case::new("a write", "pbft-messages", &[], 100),
            Case::new("a read without order", "pbft-messages", &reads, 100),
        ],
        claims: vec![
            exact(
                "pbft-commit",
                "From the proposal until all have committed, delay 10 ms",
                "ms",
                0,
                commit,
                3.0 * DELAY_MS,
            ),
            exact(
                "pbft-client",
                "From a client's request to its answer, delay 10 ms",
                "ms",
                0,
                client,
                5.0 * DELAY_MS,
            ),
            exact(
                "pbft-read-only",
                "A read without order, at its client, delay 10 ms",
                "ms",
                1,
                client,
                2.0 * DELAY_MS,
            ),
        ],
        drawings: vec![Drawing {
            name: "byzantine-14-delays",
            title: "How long a request takes, with a delay of 10 ms",
            plot: Plot::Claims { claims: vec![0, 1, 2], label: "milliseconds" },
        }],
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
        let figures: [(&str, &str, usize, Column, f64); 5] = [
            ("pre-prepare", "PBFT, pre-prepares", case, Column::of(&["pre_prepares"]), others),
            ("prepare", "PBFT, prepares", case, Column::of(&["prepares"]), others * others),
            ("commit", "PBFT, commits", case, Column::of(&["commits"]), all * others),
            (
                "pbft",
                "PBFT, one decision",
                case,
                Column::of(&["pre_prepares", "prepares", "commits"]),
                2.0 * all * others,
            ),
            (
                "bracha",
                "Bracha, one broadcast",
                case + 1,
                Column::of(&["initials", "echoes", "readies"]),
                others * (2.0 * all + 1.0),
            ),
        ];
        claims.extend(figures.map(|(name, what, case, column, published)| Claim {
            x: all,
            ..exact(
                &format!("n{n}-{name}"),
                &format!("{what}, {n} members"),
                "messages",
                case,
                column,
                published,
            )
        }));
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

/// Protocol, members, traitors among them, and whether they split the honest.
const THRESHOLDS: [(&str, u32, u32, bool); 10] = [
    ("pbft", 4, 1, false),
    ("pbft", 4, 2, true),
    ("pbft", 7, 2, false),
    ("pbft", 7, 3, true),
    ("pbft", 6, 2, true),
    ("bracha", 4, 1, false),
    ("bracha", 4, 2, true),
    ("bracha", 7, 2, false),
    ("bracha", 7, 3, true),
    ("bracha", 6, 2, true),
];

fn thresholds() -> Experiment {
    let mut cases = Vec::new();
    let mut claims = Vec::new();
    for (case, (protocol, n, traitors, splits)) in THRESHOLDS.into_iter().enumerate() {
        let corrupt: Vec<String> = (1..=traitors).map(|node| format!("\"n{node}\"")).collect();
        let overlays = [format!("cluster.nodes={n}"), format!("initial.corrupt=[{}]", corrupt.join(","))];
        let overlays = overlays.each_ref().map(String::as_str);
        let (scenario, name, check): (_, _, &[&str]) = match protocol {
            "pbft" => ("pbft-split", "PBFT", &["found.pbft/agreement"]),
            _ => ("bracha-split", "Bracha", &["found.bracha/agreement"]),
        };
        cases.push(Case::new(&format!("{name}, {traitors} of {n}"), scenario, &overlays, 100));
        let title = format!("Whether {traitors} of {n} members split the honest, {name}");
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
