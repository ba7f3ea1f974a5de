//! Settings that are odd but legal: each draws a few oddities, and faults of every family. Clean code is accused in none.

use std::fmt::Write;

use seedstorm::sim_core::random::mix64;

/// For which protocols there are settings.
pub(crate) const PROTOCOLS: [&str; 5] = ["raft", "bracha", "epidemic", "pbft", "swim"];

/// A small generator: the settings must not change with the program.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mix64(self.0) % n
    }

    /// Log-uniform between two numbers: small ones are as frequent as large ones.
    fn between(&mut self, low: u64, high: u64) -> u64 {
        let steps = high.ilog2() - low.max(1).ilog2();
        let base = low.max(1) << self.below(u64::from(steps) + 1);
        (base + self.below(base)).clamp(low, high)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len() as u64) as usize]
    }
}

/// Lines by section.
#[derive(Default)]
struct Text {
    cluster: Vec<String>,
    protocol: Vec<String>,
    workload: Vec<String>,
    network: Vec<String>,
    others: Vec<String>,
}

/// The scenario of a setting.
pub(crate) fn scenario(protocol: &str, setting: u64) -> String {
    let mut dice = Dice(mix64(setting) ^ protocol.len() as u64);
    let mut text = Text::default();
    let nodes = [1, 2, 3, 3, 4, 5, 5, 7, 9][dice.below(9) as usize];
    text.cluster.push(format!("nodes = {nodes}"));
    text.cluster.push(format!("duration = \"{}ms\"", dice.between(500, 4_000)));
    match protocol {
        "raft" => raft(&mut dice, &mut text),
        "bracha" => bracha(&mut dice, &mut text, nodes),
        "pbft" => pbft(&mut dice, &mut text),
        "swim" => swim(&mut dice, &mut text),
        _ => epidemic(&mut dice, &mut text, nodes),
    }
    // One to three ways in which the environment is odd.
    let mut odd = [false; 7];
    for _ in 0..=dice.below(3) {
        odd[dice.below(7) as usize] = true;
    }
    environment(&mut dice, &mut text, odd);
    text.written(protocol)
}

fn environment(dice: &mut Dice, text: &mut Text, odd: [bool; 7]) {
    if odd[0] {
        let latency = match dice.below(4) {
            0 => format!("\"{}ms\"", dice.between(20, 3_000)),
            1 => format!(
                "{{ log_normal = {{ median = \"{}ms\", p99 = \"{}ms\" }} }}",
                dice.between(2, 60),
                dice.between(500, 8_000)
            ),
            2 => format!("{{ exponential = {{ mean = \"{}ms\" }} }}", dice.between(5, 500)),
            _ => "{ pareto = { scale = \"3ms\", shape = \"1.1\", cap = \"20s\" } }".to_owned(),
        };
        text.network.push(format!("latency = {latency}"));
    }
    if odd[1] {
        text.network.push(format!("bandwidth = {}", dice.between(200, 50_000)));
        if dice.below(2) == 0 {
            text.network.push(format!("queue_bytes = {}", dice.between(200, 20_000)));
        }
    }
    if odd[2] {
        let loss = dice.pick(&["1/100", "1/10", "1/4", "2/5", "1/2"]);
        text.network.push(format!("loss = \"{loss}\""));
        text.network.push(format!("retransmit_after = \"{}ms\"", dice.between(10, 1_000)));
    }
    if odd[3] {
        text.others.push(format!("[disk]\nsync = \"{}ms\"", dice.between(10, 900)));
    }
    if odd[4] {
        let inbox =
            if dice.below(3) == 0 { format!("\ninbox = {}", dice.between(1, 32)) } else { String::new() };
        text.others.push(format!(
            "[service]\n{} = \"{}us\"{inbox}",
            dice.pick(&["per_message", "per_kilobyte", "per_signature"]),
            dice.between(200, 300_000)
        ));
    }
    if odd[5] {
        text.others.push(format!("[clock]\ndrift_ppm = {}", dice.between(100, 100_000)));
    }
    if odd[6] {
        text.network.push(format!("client_latency = \"{}ms\"", dice.between(1, 2_000)));
        text.network.push(format!("corrupt = \"{}\"", dice.pick(&["1/50", "1/8"])));
    }
}

fn raft(dice: &mut Dice, text: &mut Text) {
    let least = dice.between(4, 600);
    let spread = [0, 0, 1, least / 8, least, 3 * least][dice.below(6) as usize];
    // A heartbeat may be half of a timeout.
    let heartbeat = [least / 2, least / 2, least / 4, least / 16][dice.below(4) as usize].max(1);
    text.protocol.extend([
        format!("election_timeout_min = \"{least}ms\""),
        format!("election_timeout_max = \"{}ms\"", least + spread),
        format!("heartbeat = \"{heartbeat}ms\""),
        format!("max_batch = {}", dice.between(1, 20_000)),
        format!("max_inflight = {}", dice.between(1, 2_000)),
        format!("client_retry = \"{}ms\"", dice.between(5, 2_000)),
        format!("disk_retry = \"{}ms\"", dice.between(5, 2_000)),
        format!("pre_vote = {}", dice.below(5) > 0),
        format!("check_quorum = {}", dice.below(5) > 0),
    ]);
    text.workload.extend([
        "model = \"register\"".to_owned(),
        format!("clients = {}", dice.between(1, 6)),
        format!("rate = \"{}/s\"", dice.between(2, 400)),
        format!("operations = {}", dice.between(1, 200)),
    ]);
    if dice.below(2) == 0 {
        text.workload.push("when_busy = \"overlap\"".to_owned());
    }
}

fn bracha(dice: &mut Dice, text: &mut Text, nodes: u64) {
    text.protocol.extend([
        format!("broadcasters = {}", dice.between(1, nodes)),
        format!("broadcasts = {}", dice.between(1, 60)),
        format!("interval = \"{}ms\"", dice.between(2, 1_000)),
        format!("disk_retry = \"{}ms\"", dice.between(2, 1_000)),
    ]);
}

fn epidemic(dice: &mut Dice, text: &mut Text, nodes: u64) {
    let interest = dice.pick(&["never", "never", "never", "never", "blind-coin", "feedback-counter"]);
    let rumors = if interest == "never" { dice.between(1, nodes.min(8)) } else { 1 };
    text.protocol.extend([
        format!("mode = \"{}\"", dice.pick(&["push", "pull", "push-pull"])),
        format!("period = \"{}ms\"", dice.between(3, 2_000)),
        format!("jitter = \"{}\"", dice.pick(&["0/1", "1/10", "9/10"])),
        format!("interest = \"{interest}\""),
        format!("rumors = {rumors}"),
    ]);
}

fn pbft(dice: &mut Dice, text: &mut Text) {
    text.protocol.extend([
        format!("view_timeout = \"{}ms\"", dice.between(10, 2_000)),
        format!("client_retry = \"{}ms\"", dice.between(5, 2_000)),
        format!("fetch_interval = \"{}ms\"", dice.between(5, 1_000)),
        format!("disk_retry = \"{}ms\"", dice.between(5, 1_000)),
        format!("max_batch = {}", dice.between(1, 1_000)),
        format!("pipeline = {}", dice.between(1, 64)),
        format!("checkpoint_interval = {}", dice.between(1, 256)),
        format!("window = {}", dice.between(2, 16)),
        format!("read_only = {}", dice.below(2) == 0),
        format!("signatures = \"{}\"", dice.pick(&["single", "aggregated"])),
    ]);
    text.workload.extend([
        "model = \"register\"".to_owned(),
        format!("clients = {}", dice.between(1, 6)),
        format!("rate = \"{}/s\"", dice.between(2, 100)),
        format!("operations = {}", dice.between(1, 60)),
    ]);
}

fn swim(dice: &mut Dice, text: &mut Text) {
    let interval = dice.between(20, 2_000);
    text.protocol.extend([
        format!("preset = \"{}\"", dice.pick(&["lan", "wan", "pure"])),
        format!("start = \"{}\"", dice.pick(&["warm", "cold"])),
        format!("probe_interval = \"{interval}ms\""),
        format!(
            "probe_timeout = \"{}us\"",
            [interval * 999, interval * 500, interval * 10][dice.below(3) as usize]
        ),
        format!("indirect_checks = {}", dice.below(5)),
        format!("nacks = {}", dice.below(2) == 0),
        format!("suspicion_mult = {}", dice.below(8)),
        format!("suspicion_max_mult = {}", dice.between(1, 8)),
        format!("local_health = {}", dice.between(1, 8)),
        format!("retransmit_mult = {}", dice.between(1, 8)),
        format!("gossip_interval = \"{}ms\"", dice.between(5, 2_000)),
        format!("gossip_nodes = {}", dice.below(5)),
        format!("push_pull_interval = \"{}ms\"", dice.between(100, 8_000)),
        format!("reconnect_interval = \"{}ms\"", dice.between(100, 8_000)),
        format!("join_retry = \"{}ms\"", dice.between(50, 5_000)),
        format!("packet_bytes = {}", dice.pick(&["256", "512", "1400", "65507"])),
    ]);
}

impl Text {
    fn written(&self, protocol: &str) -> String {
        let mut written = "schema = \"seedstorm.scenario/1\"\ntitle = \"odd but legal\"\n".to_owned();
        let mut section = |head: String, lines: &[String]| {
            if !lines.is_empty() {
                let _ = write!(written, "\n[{head}]\n{}\n", lines.join("\n"));
            }
        };
        let cluster: Vec<String> = std::iter::once(format!("protocol = \"{protocol}\""))
            .chain(self.cluster.iter().cloned())
            .collect();
        section("cluster".to_owned(), &cluster);
        section(format!("cluster.{protocol}"), &self.protocol);
        section("workload".to_owned(), &self.workload);
        section("network".to_owned(), &self.network);
        let _ = write!(written, "\n{}\n\n[swarm]\nfamilies = \"all\"\n", self.others.join("\n\n"));
        if matches!(protocol, "bracha" | "pbft") {
            written.push_str("traitors = \"up_to_budget\"\nbehaviors = true\n");
        }
        written
    }
}
