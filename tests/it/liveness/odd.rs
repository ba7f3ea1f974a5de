//! Settings that are odd but legal: each draws a few oddities, and faults of every family. Clean code is accused in none.

use std::fmt::Write;

use seedstorm::sim_core::random::mix64;

/// For which protocols there are settings.
pub(crate) const PROTOCOLS: [&str; 13] = [
    "raft",
    "bracha",
    "epidemic",
    "plumtree",
    "pbft",
    "hotstuff",
    "tendermint",
    "zyzzyva",
    "fab",
    "swim",
    "coordination",
    "heartbeat",
    "store",
];

/// The settings from here on have more, so that those before stay what they were.
const PLAIN: u64 = 400;

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
    swarm: Vec<String>,
}

/// The scenario of a setting.
///
/// # Panics
/// If there are no settings for the protocol.
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
        "hotstuff" => hotstuff(&mut dice, &mut text),
        "tendermint" => tendermint(&mut dice, &mut text),
        "zyzzyva" | "fab" => fast(&mut dice, &mut text),
        "coordination" => coordination(&mut dice, &mut text),
        "swim" => swim(&mut dice, &mut text),
        "plumtree" => plumtree(&mut dice, &mut text),
        "epidemic" => epidemic(&mut dice, &mut text, nodes),
        "heartbeat" => heartbeat(&mut dice, &mut text),
        "store" => store(&mut dice, &mut text),
        _ => panic!("no odd settings for {protocol}"),
    }
    // One to three ways in which the environment is odd.
    let mut odd = [false; 7];
    for _ in 0..=dice.below(3) {
        odd[dice.below(7) as usize] = true;
    }
    environment(&mut dice, &mut text, odd);
    if setting >= PLAIN {
        more(&mut dice, &mut text, protocol);
    }
    text.written(protocol)
}

/// What settings after the plain ones have as well: timers that are late, lines of each host, and the rest of Raft.
fn more(dice: &mut Dice, text: &mut Text, protocol: &str) {
    let late = format!("timer_jitter = \"{}us\"", dice.between(10, 400_000));
    match text.others.iter_mut().find(|section| section.starts_with("[clock]")) {
        Some(clock) => *clock = format!("{clock}\n{late}"),
        None => text.others.push(format!("[clock]\n{late}")),
    }
    if protocol == "coordination" {
        return core_and_memory(dice, text);
    }
    if protocol != "raft" {
        return;
    }
    let reads = dice.pick(&["log", "read-index", "lease", "mixed"]);
    // A lease needs a leader that asks whether it still leads.
    let leases = matches!(reads, "lease" | "mixed");
    let reads =
        if leases && text.protocol.iter().any(|line| line == "check_quorum = false") { "log" } else { reads };
    let shortest = text.protocol.iter().find_map(|line| line.strip_prefix("election_timeout_min = \""));
    let least: u64 =
        shortest.and_then(|text| text.strip_suffix("ms\"")).expect("it is drawn").parse().expect("a number");
    text.protocol.extend([
        format!("reads = \"{reads}\""),
        format!("clock_drift_ppm = {}", dice.between(1, 500_000)),
        format!("snapshot_every = {}", dice.below(2) * dice.between(1, 300)),
        format!("snapshot_chunk = {}", dice.between(64, 100_000)),
        format!("apply_delay = \"{}ms\"", dice.below(2) * dice.between(1, least)),
        format!("transfer_every = \"{}ms\"", dice.below(2) * (8 * least + dice.between(1, 3_000))),
        format!("reconfigure_every = \"{}ms\"", dice.below(2) * dice.between(20, 3_000)),
        format!("joint = {}", dice.below(2) == 0),
    ]);
    text.swarm.push("membership = true".to_owned());
    let model = dice.pick(&["register", "cas-register", "kv", "append"]);
    let other = dice.pick(&["queue", "set", "bank"]);
    let model = if dice.below(2) == 0 { model } else { other };
    text.workload.retain(|line| !line.starts_with("model"));
    text.workload.push(format!("model = \"{model}\""));
    text.protocol.push(format!("local_clients = {}", dice.below(2) == 0));
}

/// Strategies with a core and without a coordinator, policies for partitions, and shared memory.
fn core_and_memory(dice: &mut Dice, text: &mut Text) {
    text.protocol.retain(|line| !line.starts_with("strategy"));
    let strategy = dice.pick(&["service", "hybrid", "raft", "gossip", "gossip", "star", "single"]);
    text.protocol.extend([
        format!("strategy = \"{strategy}\""),
        format!("core = {}", dice.between(1, 5)),
        format!("election_timeout = \"{}ms\"", dice.between(100, 3_000)),
        format!("voting = \"{}us\"", dice.below(300)),
        format!("on_partition = \"{}\"", dice.pick(&["stand-still", "adaptive-quorum"])),
        format!("memory_keys = {}", dice.between(1, 20)),
        format!("memory_every = \"{}ms\"", dice.between(50, 3_000)),
        format!("memory_reads = \"{}\"", dice.pick(&["0", "1/4", "1/2", "9/10", "1"])),
        format!("memory_ttl = \"{}ms\"", dice.below(2) * dice.between(1, 6_000)),
        format!("register_within = \"{}ms\"", dice.between(1, 4_000)),
        format!("standbys = {}", dice.below(4)),
        format!("standby_delay = \"{}ms\"", dice.below(4_000)),
        format!("coordinator_breaker = {}", dice.below(4)),
        format!("coordinator_pause = \"{}ms\"", dice.between(1, 4_000)),
        format!("topics = {}", dice.below(4)),
        format!("subscribers = {}", dice.below(12)),
        format!("triggered = \"{}\"", dice.pick(&["0", "1/4", "1/1"])),
    ]);
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
    registers(dice, text);
}

/// A few clients of a replicated register.
fn registers(dice: &mut Dice, text: &mut Text) {
    text.workload.extend([
        "model = \"register\"".to_owned(),
        format!("clients = {}", dice.between(1, 6)),
        format!("rate = \"{}/s\"", dice.between(2, 100)),
        format!("operations = {}", dice.between(1, 60)),
    ]);
}

fn hotstuff(dice: &mut Dice, text: &mut Text) {
    text.protocol.extend([
        format!("rule = \"{}\"", dice.pick(&["basic", "three-chain", "two-chain"])),
        format!("views_per_leader = {}", dice.pick(&["1", "2", "4", "16", "64"])),
        format!("view_timeout = \"{}ms\"", dice.between(10, 2_000)),
        format!("client_retry = \"{}ms\"", dice.between(5, 2_000)),
        format!("fetch_interval = \"{}ms\"", dice.between(5, 1_000)),
        format!("disk_retry = \"{}ms\"", dice.between(5, 1_000)),
        format!("max_batch = {}", dice.between(1, 1_000)),
        format!("signatures = \"{}\"", dice.pick(&["single", "aggregated"])),
    ]);
    registers(dice, text);
}

fn tendermint(dice: &mut Dice, text: &mut Text) {
    text.protocol.extend([
        format!("propose_timeout = \"{}ms\"", dice.between(10, 2_000)),
        format!("vote_timeout = \"{}ms\"", dice.between(5, 1_000)),
        format!("timeout_delta = \"{}ms\"", dice.between(1, 1_000)),
        format!("client_retry = \"{}ms\"", dice.between(5, 2_000)),
        format!("fetch_interval = \"{}ms\"", dice.between(5, 1_000)),
        format!("disk_retry = \"{}ms\"", dice.between(5, 1_000)),
        format!("empty_interval = \"{}\"", dice.pick(&["0s", "0s", "50ms", "1s"])),
        format!("max_batch = {}", dice.between(1, 1_000)),
        format!("power = {}", dice.pick(&["1", "1", "[2, 1]", "[3, 2, 2]", "[10, 9, 8, 1]"])),
        format!("signatures = \"{}\"", dice.pick(&["single", "aggregated"])),
    ]);
    registers(dice, text);
}

fn fast(dice: &mut Dice, text: &mut Text) {
    text.protocol.extend([
        format!("clients = {}", dice.between(1, 10)),
        format!("ask_within = \"{}ms\"", dice.between(1, 3_000)),
        format!("view_timeout = \"{}ms\"", dice.between(5, 2_000)),
        format!("collect_timeout = \"{}ms\"", dice.between(1, 2_000)),
        format!("disk_retry = \"{}ms\"", dice.between(5, 1_000)),
        format!("signatures = \"{}\"", dice.pick(&["single", "aggregated"])),
    ]);
}

fn coordination(dice: &mut Dice, text: &mut Text) {
    let heartbeat = dice.between(20, 3_000);
    let dead_after = 2 * heartbeat + dice.between(1, 2_000);
    let share = |dice: &mut Dice| dice.pick(&["0", "0", "1/4", "1/1"]).to_owned();
    text.protocol.extend([
        format!("strategy = \"{}\"", dice.pick(&["star", "star", "single", "independent"])),
        format!("topology = \"{}\"", dice.pick(&["mesh", "star", "tree", "ring", "random"])),
        format!("layers = {}", dice.between(1, 5)),
        format!("width = {}", dice.between(1, 12)),
        format!("fan_in = {}", dice.below(4)),
        format!("fallbacks = \"{}\"", share(dice)),
        format!("branches = \"{}\"", share(dice)),
        format!("growth = \"{}\"", dice.pick(&["0", "1/4"])),
        format!("locked = \"{}\"", share(dice)),
        format!("ranked = \"{}\"", share(dice)),
        format!("duration = \"{}ms\"", dice.between(1, 3_000)),
        format!("steps = {}", dice.between(1, 4)),
        format!("tokens_out = {}", dice.pick(&["0", "0", "50"])),
        format!("retries = {}", dice.below(4)),
        format!("failure = \"{}\"", dice.pick(&["0", "1/10", "1/2"])),
        format!("checkpoint = {}", dice.below(3)),
        format!("slots = {}", dice.between(1, 8)),
        format!("queue = {}", dice.below(5)),
        format!("handling = \"{}ms\"", dice.below(20)),
        format!("handover = \"{}ms\"", dice.below(400)),
        format!("heartbeat = \"{heartbeat}ms\""),
        format!("dead_after = \"{dead_after}ms\""),
        format!("lease = \"{}ms\"", dead_after + dice.between(1, 4_000)),
        format!("ageing = \"{}ms\"", dice.between(50, 20_000)),
        format!("poll = \"{}ms\"", dice.between(20, 3_000)),
        format!("answer_timeout = \"{}ms\"", dice.between(50, 5_000)),
        format!("on_limit = \"{}\"", dice.pick(&["back-off", "retry-after"])),
        format!("outbox = {}", dice.between(1, 64)),
        format!("concurrent_calls = {}", dice.pick(&["0", "0", "1", "4"])),
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

fn plumtree(dice: &mut Dice, text: &mut Text) {
    text.protocol.extend([
        format!("active_size = {}", dice.between(2, 16)),
        format!("passive_size = {}", dice.between(1, 60)),
        format!("join_walk = {}", dice.between(1, 12)),
        format!("passive_walk = {}", dice.below(6)),
        format!("shuffle_every = \"{}ms\"", dice.between(50, 8_000)),
        format!("shuffle_active = {}", dice.below(6)),
        format!("shuffle_passive = {}", dice.below(8)),
        format!("neighbor_timeout = \"{}ms\"", dice.between(5, 3_000)),
        format!("join_spread = \"{}ms\"", dice.below(3_000)),
        format!("graft_timeout = \"{}ms\"", dice.between(5, 3_000)),
        format!("graft_again = \"{}ms\"", dice.between(5, 3_000)),
        format!("optimize_hops = {}", dice.below(8)),
        format!("prune = {}", dice.below(4) > 0),
        format!("compare_every = \"{}ms\"", dice.between(50, 6_000)),
        format!("broadcasts = {}", dice.between(1, 60)),
        format!("first_broadcast = \"{}ms\"", dice.below(4_000)),
        format!("broadcast_every = \"{}ms\"", dice.between(5, 2_000)),
        format!("senders = {}", dice.below(4)),
        format!("payload_bytes = {}", dice.pick(&["0", "1", "256", "9000"])),
    ]);
}

fn heartbeat(dice: &mut Dice, text: &mut Text) {
    let interval = dice.between(5, 3_000);
    let timeout = [interval, interval + 1, 2 * interval, 50 * interval][dice.below(4) as usize];
    text.protocol.extend([
        format!("detector = \"{}\"", dice.pick(&["timeout", "phi-normal", "phi-exponential"])),
        format!("interval = \"{interval}ms\""),
        format!("watchers = {}", dice.below(12)),
        format!("timeout = \"{timeout}ms\""),
        format!("threshold = {}", dice.between(1, 32)),
        format!("acceptable_pause = \"{}ms\"", dice.below(4_000)),
        format!("min_deviation = \"{}ms\"", dice.between(1, 4_000)),
        format!("samples = {}", dice.between(2, 1_000)),
        format!("longest_sample = {}", dice.between(1, 16)),
    ]);
}

fn store(dice: &mut Dice, text: &mut Text) {
    let replicas = 1 + dice.below(7);
    text.protocol.extend([
        format!("replicas = {replicas}"),
        format!("write_quorum = {}", 1 + dice.below(replicas)),
        format!("read_quorum = {}", 1 + dice.below(replicas)),
        format!("sloppy = {}", dice.below(2) == 0),
        format!("tokens = {}", dice.between(1, 256)),
        format!("delete_percent = {}", dice.pick(&["0", "20", "100"])),
        format!("answer_timeout = \"{}ms\"", dice.between(1, 3_000)),
        format!("client_retry = \"{}ms\"", dice.between(1, 3_000)),
        format!("handoff_every = \"{}ms\"", dice.between(5, 4_000)),
        format!("exchange_every = \"{}ms\"", dice.between(5, 4_000)),
        format!("read_repair = {}", dice.below(2) == 0),
        format!("collect_every = \"{}ms\"", dice.below(2) * dice.between(5, 4_000)),
        format!("max_offset = \"{}ms\"", dice.below(2) * dice.between(1, 5_000)),
        format!("disk_retry = \"{}ms\"", dice.between(1, 2_000)),
    ]);
    text.workload.extend([
        "model = \"kv\"".to_owned(),
        format!("keys = {}", dice.between(1, 64)),
        format!("clients = {}", dice.between(1, 6)),
        format!("rate = \"{}/s\"", dice.between(2, 200)),
        format!("operations = {}", dice.between(1, 150)),
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
        let families = match protocol {
            // Agents keep nothing on disks, and clocks that stand still end leases (as its swarm has it).
            "coordination" => "{ only = [\"network\", \"process\", \"clock\"] }\noff = [\"clock-freeze\"]",
            _ => "\"all\"",
        };
        let _ = write!(written, "\n{}\n\n[swarm]\nfamilies = {families}\n", self.others.join("\n\n"));
        self.swarm.iter().for_each(|line| written.extend([line, "\n"]));
        if matches!(protocol, "bracha" | "pbft" | "hotstuff" | "tendermint" | "zyzzyva" | "fab") {
            written.push_str("traitors = \"up_to_budget\"\nbehaviors = true\n");
        }
        written
    }
}
