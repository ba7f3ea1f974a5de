//! The parameters of a coordination run, as they stand under `[cluster.coordination]`.

use gossip::swim::preset::Setting;
use sim_core::ratio::Ratio;
use sim_core::registry::parameters::{ABOVE_ZERO, Dice};
use sim_core::time::Duration;

use crate::graph::{Namespaces, Skill, Skills, Tasks, Timing};
use crate::memory::Keeps;
use crate::topology::{Links, Topology};

/// How wrong clocks may run, in parts per million: an agent counts on a sixteenth less of a lease than it is given.
pub const CLOCK_DRIFT_PPM: u32 = 10_000;

/// Those with most to go wrong more often.
const DRAWN_STRATEGIES: [Strategy; 10] = [
    Strategy::Star,
    Strategy::Star,
    Strategy::Single,
    Strategy::Independent,
    Strategy::Service,
    Strategy::Hybrid,
    Strategy::Gossip,
    Strategy::Gossip,
    Strategy::Raft,
    Strategy::Raft,
];
/// So that forty agents never keep anybody busier than it can be: the beats of all of them, with their answers, take whoever
/// passes them on a sixth of its time at most, and Raft among all of them not much more. With twice that, a run of seven thousand ran away.
const MOST_DRAWN_LOAD: u64 = 10_000;
/// Adaptive quorums forfeit most of what there is to check.
const DRAWN_POLICIES: [OnPartition; 5] = [
    OnPartition::StandStill,
    OnPartition::AdaptiveQuorum,
    OnPartition::ReadOnly,
    OnPartition::ReadOnly,
    OnPartition::LocalWrites,
];
const DRAWN_TOPOLOGIES: [Topology; 8] = [
    Topology::Mesh,
    Topology::Star,
    Topology::Tree,
    Topology::Ring,
    Topology::Random,
    Topology::Regular,
    Topology::SmallWorld,
    Topology::HierarchicalMesh,
];

/// The lattice of a small world has as many links to the left as to the right.
fn drawn_degree(topology: Topology, dice: &mut Dice<'_>) -> u32 {
    let degree = dice.within(2..=5) as u32;
    if topology == Topology::SmallWorld { degree & !1 } else { degree }
}

/// A third of the agents or half of them can do what half of the tasks need; one agent alone must be able to do everything.
fn drawn_skills(strategy: Strategy, dice: &mut Dice<'_>) -> Skills {
    let every = dice.pick(&[0, 0, 0, 2, 3]);
    let some = every > 0 && strategy != Strategy::Single;
    Skills(some.then(|| Skill { name: "review".to_owned(), every }).into_iter().collect())
}

/// One for all, or two.
fn drawn_namespaces(strategy: Strategy, dice: &mut Dice<'_>) -> Namespaces {
    let two = dice.pick(&[false, false, false, true]) && strategy != Strategy::Single;
    Namespaces(["build", "review"].into_iter().filter(|_| two).map(str::to_owned).collect())
}

sim_core::parameters! {
    /// How agents share work.
    pub struct Parameters {
        /// Who decides which agent does which task.
        strategy: Strategy = "star", drawn |_, _, dice| dice.pick(&DRAWN_STRATEGIES);
        /// Who is linked to whom. Agents speak with the coordinator through those on the shortest way.
        topology: Topology = "mesh", drawn |_, _, dice| dice.pick(&DRAWN_TOPOLOGIES);
        /// The fan-out of a tree, the links of each agent in a random or regular topology or a small world, or the agents of a group in a
        /// hierarchical mesh. Of a small world it is even.
        degree: u32 = 4, in 2..=64,
            must |own| own.topology != Topology::SmallWorld || own.degree.is_multiple_of(2), "must be even in a small world",
            drawn |_, drawn, dice| drawn_degree(drawn.topology, dice);
        /// The links of the topology "listed", as pairs of agents counted from 1.
        links: Links = "none";
        /// The most links that an agent may have.
        most_links: u32 = 100_000, in 1..;
        /// The tasks: "generated", a list of tables, or the lines of a CSV, of which the first names the columns.
        tasks: Tasks = "generated";
        /// Generated tasks: how many layers follow each other.
        layers: u32 = 4, in 1..=10_000, drawn |_, _, dice| dice.within(1..=5) as u32;
        /// Generated tasks: how many there are in each layer.
        width: u32 = 16, in 1..=100_000, drawn |_, _, dice| dice.within(2..=10) as u32;
        /// Generated tasks: for how many of the layer before each one waits.
        fan_in: u32 = 2, in 0..=64, drawn |_, _, dice| dice.within(0..=3) as u32;
        /// Generated tasks: the share that has a fallback.
        fallbacks: Ratio = "0", drawn |_, _, dice| dice.pick(&[Ratio::new(0, 1), Ratio::new(1, 2)]);
        /// Generated tasks: the share whose result decides between two further tasks.
        branches: Ratio = "0", drawn |_, _, dice| dice.pick(&[Ratio::new(0, 1), Ratio::new(1, 4)]);
        /// Generated tasks: the share whose success brings another task into being.
        growth: Ratio = "0", drawn |_, _, dice| dice.pick(&[Ratio::new(0, 1), Ratio::new(1, 4)]);
        /// Generated tasks: the share that holds one of two locks while it runs.
        locked: Ratio = "0", drawn |_, _, dice| dice.pick(&[Ratio::new(0, 1), Ratio::new(1, 8)]);
        /// Generated tasks: the share with a priority other than normal.
        ranked: Ratio = "0", drawn |_, _, dice| dice.pick(&[Ratio::new(0, 1), Ratio::new(1, 2)]);
        /// Capabilities, and how many agents have each; "none" if every agent can do everything.
        skills: Skills = "none", drawn |_, drawn, dice| drawn_skills(drawn.strategy, dice);
        /// How long the local work of a task takes, without calls of the model.
        duration: Timing = "20s", drawn |_, _, dice| Timing::fixed(dice.times(Duration::from_secs(1), 1..=12));
        /// In how many steps a task is done. A call of the model follows each one.
        steps: u32 = 3, in 1..=10_000, drawn |_, _, dice| dice.within(1..=4) as u32;
        /// Tokens that the first call of a task sends.
        tokens_in: u32 = 4_000, in 0..=10_000_000;
        /// Tokens that each call answers; 0 for tasks that call no model.
        tokens_out: u32 = 500, in 0..=10_000_000, drawn |_, _, dice| dice.pick(&[0, 200, 500]);
        /// Where the context, which grows with each step, is cut.
        context: u32 = 100_000, in 1..;
        /// How often a failed task is tried again.
        retries: u32 = 2, in 0..=60, drawn |_, _, dice| dice.within(0..=2) as u32;
        /// The probability that an attempt fails at its end.
        failure: Ratio = "0", drawn |_, _, dice| dice.pick(&[Ratio::new(0, 1), Ratio::new(1, 10), Ratio::new(1, 3)]);
        /// After how many steps the sink saves how far a task is; 0 never.
        checkpoint: u32 = 0, drawn |_, _, dice| dice.pick(&[0, 1, 2]);
        /// How many tasks an agent works on at once.
        slots: u32 = 1, in 1..=64, drawn |_, _, dice| dice.pick(&[1, 1, 2, 3]);
        /// How many more tasks may wait at an agent.
        queue: u32 = 1, in 0..=64, drawn |_, _, dice| dice.within(0..=3) as u32;
        /// How long an agent reads what a task is about before it starts.
        handover: Duration = "0s", drawn |_, _, dice| dice.times(Duration::from_millis(200), 0..=3);
        /// Of "service" and "hybrid": how many of the first agents are the core, which decides by Raft.
        core: u32 = 5, in 1..=99, drawn |_, _, dice| dice.pick(&[1, 3, 3, 4, 5]);
        /// How long members of a core wait at least before they elect another coordinator; at most twice that. A coordinator
        /// speaks to them four times as often.
        election_timeout: Duration = "2s", in ABOVE_ZERO,
            drawn |_, _, dice| dice.times(Duration::from_millis(500), 2..=6);
        /// How long a member of a core, or whoever passes it on, is busy with each message of Raft, and an agent with each one of SWIM.
        voting: Duration = "100us", drawn |_, drawn, dice| dice.times(drawn.election_timeout / MOST_DRAWN_LOAD, 0..=3);
        /// How often an agent says that it is alive.
        heartbeat: Duration = "5s", in ABOVE_ZERO, drawn |_, _, dice| dice.times(Duration::from_millis(500), 1..=4);
        /// How long the coordinator, or whoever passes it on, is busy with each message.
        handling: Duration = "2ms", drawn |_, drawn, dice| dice.times(drawn.heartbeat / MOST_DRAWN_LOAD, 0..=20);
        /// After how long a silent agent is held for dead.
        dead_after: Duration = "12s",
            must |own| own.dead_after > own.heartbeat.saturating_mul(2), "must be longer than two heartbeats",
            drawn |_, drawn, dice| dice.eighths(drawn.heartbeat, 18..=28);
        /// How long a task stays with an agent that nobody hears of. Only then somebody else may have it.
        lease: Duration = "20s",
            must |own| own.lease > own.dead_after, "must be longer than dead_after",
            drawn |_, drawn, dice| drawn.dead_after + dice.eighths(drawn.heartbeat, 4..=12);
        /// How much waiting a level of priority is worth.
        ageing: Duration = "60s", in ABOVE_ZERO, drawn |_, _, dice| dice.times(Duration::from_secs(5), 1..=6);
        /// How often agents without a coordinator ask the sink what has ended.
        poll: Duration = "5s", in ABOVE_ZERO, drawn |_, _, dice| dice.times(Duration::from_millis(500), 1..=4);
        /// How long an agent tries a call before the attempt counts as failed.
        patience: Duration = "3min", in ABOVE_ZERO, drawn |_, _, dice| dice.times(Duration::from_secs(10), 3..=6);
        /// How long an agent waits for an answer, longer than the model needs, before it asks again.
        answer_timeout: Duration = "10s", in ABOVE_ZERO, drawn |_, _, dice| dice.times(Duration::from_secs(1), 1..=5);
        /// What an agent does after a 429.
        on_limit: OnLimit = "back-off",
            drawn |_, _, dice| dice.pick(&[OnLimit::BackOff, OnLimit::BackOff, OnLimit::RetryAfter]);
        /// Circuit breaker: after how many calls in a row that failed or had no answer an agent calls the model no more for a
        /// while; 0 never.
        breaker: u32 = 0, in 0..=1_000, drawn |_, _, dice| dice.pick(&[0, 0, 1, 3, 5]);
        /// Circuit breaker: for how long. Then one call tries whether the model answers again, while the others wait.
        breaker_pause: Duration = "10s", in ABOVE_ZERO,
            must |own| own.breaker == 0 || own.breaker_pause < own.patience, "must be shorter than patience",
            drawn |_, _, dice| dice.times(Duration::from_secs(1), 1..=8);
        /// Circuit breaker towards the coordinator: after how many beats in a row without an answer an agent says nothing to it but beats
        /// for a while; 0 never.
        coordinator_breaker: u32 = 0, in 0..=1_000, drawn |_, _, dice| dice.pick(&[0, 0, 1, 3]);
        /// Circuit breaker towards the coordinator: for how long. Then one letter tries, while the others wait; a beat that is answered
        /// ends it.
        coordinator_pause: Duration = "10s", in ABOVE_ZERO, drawn |_, drawn, dice| dice.times(drawn.heartbeat, 1..=6);
        /// How many letters may wait for a receipt from one receiver. As many more wait behind them; of further ones the
        /// least urgent are dropped.
        outbox: u32 = 64, in 1..=100_000, drawn |_, _, dice| dice.pick(&[1, 4, 64, 64]);
        /// How long the model needs until the first token.
        first_token: Timing = "800ms", drawn |_, _, dice| Timing::fixed(dice.times(Duration::from_millis(100), 1..=8));
        /// How long it needs for each token that it answers.
        per_token: Duration = "12ms", drawn |_, _, dice| dice.times(Duration::from_millis(1), 1..=4);
        /// Limit of the key: calls per minute; 0 for none.
        requests_per_minute: u32 = 0, drawn |_, _, dice| dice.pick(&[0, 0, 60, 300]);
        /// Limit of the key: input tokens per minute; 0 for none. A call of more is always refused.
        input_tokens_per_minute: u32 = 0, drawn |_, _, dice| dice.pick(&[0, 0, 400_000]);
        /// Limit of the key: output tokens per minute; 0 for none.
        output_tokens_per_minute: u32 = 0, drawn |_, _, dice| dice.pick(&[0, 0, 60_000]);
        /// Limit of the key: calls at the same time; 0 for none.
        concurrent_calls: u32 = 0, drawn |_, _, dice| dice.pick(&[0, 0, 4]);
        /// The probability that a call fails.
        call_failure: Ratio = "0", drawn |_, _, dice| dice.pick(&[Ratio::new(0, 1), Ratio::new(1, 50)]);
        /// Dollars for a million tokens in.
        price_in: u32 = 3;
        /// Dollars for a million tokens out.
        price_out: u32 = 15;
        /// What a part of the core does when it is cut off from the rest.
        on_partition: OnPartition = "stand-still",
            forfeits "one order of decisions, one agent at a task and all promises about notes while the network is split, and progress while a member that hears nobody is heard, if it is \"adaptive-quorum\"; that every read of a note returns what was acknowledged last, if it is \"local-writes\"",
            drawn |_, _, dice| dice.pick(&DRAWN_POLICIES);
        /// Shared memory: how many keys each of its two namespaces has, `findings` and `claims`; 0 for none. Agents that do tasks
        /// write notes under them and read them.
        memory_keys: u32 = 0, in 0..=1_000, drawn |_, _, dice| dice.pick(&[0, 1, 2, 5]);
        /// Shared memory: how often each such agent writes or reads, with jitter.
        memory_every: Duration = "5s", in ABOVE_ZERO, drawn |_, drawn, dice| dice.times(drawn.heartbeat, 1..=4);
        /// Shared memory: the share of reads.
        memory_reads: Ratio = "1/2", drawn |_, _, dice| dice.pick(&[Ratio::new(1, 4), Ratio::new(1, 2), Ratio::new(3, 4)]);
        /// Shared memory: how long a note is kept at least, unless it is replaced; 0 for ever.
        memory_ttl: Duration = "0s", drawn |_, drawn, dice| dice.times(drawn.memory_every, 0..=6);
        /// By what a coordinator, or an agent that claims tasks, finds out that an agent is lost. Leases rest on beats in any case.
        detector: Detector = "heartbeat",
            drawn |_, _, dice| dice.pick(&[Detector::Heartbeat, Detector::Heartbeat, Detector::Swim]);
        /// Under detector "swim": how often an agent probes another one. All else is as memberlist has it on a local network.
        probe_interval: Duration = "1s", in ABOVE_ZERO,
            must |own| own.probe_interval >= Duration::from_millis(10), "must be at least 10ms",
            drawn |_, drawn, dice| dice.times(drawn.heartbeat, 1..=2);
        /// Namespaces in which agents register, in turn: a task that names one is for agents in it. "none" if there is one
        /// for all.
        namespaces: Namespaces = "none", drawn |_, drawn, dice| drawn_namespaces(drawn.strategy, dice);
        /// How long agents have to register after a coordinator begins. It names those that did not.
        register_within: Duration = "15s", in ABOVE_ZERO, drawn |_, drawn, dice| dice.eighths(drawn.heartbeat, 4..=40);
        /// Generated tasks: on how many topics they publish their success as an event, in turn; 0 for none.
        topics: u32 = 0, in 0..=1_000, drawn |_, _, dice| dice.pick(&[0, 1, 3]);
        /// Generated tasks: the share with another task that the first event on their topic brings into being.
        triggered: Ratio = "0", drawn |_, _, dice| dice.pick(&[Ratio::new(0, 1), Ratio::new(1, 4)]);
        /// How many agents that do tasks hear of the events of each topic.
        subscribers: u32 = 0, in 0..=10_000, drawn |_, _, dice| dice.within(0..=4) as u32;
        /// How many of the last agents stand by, where somebody coordinates: each does tasks only once it takes the place of an agent
        /// that is gone. If nobody else would do tasks, nobody stands by.
        standbys: u32 = 0, in 0..=10_000, drawn |_, _, dice| dice.pick(&[0, 0, 1, 2, 4]);
        /// How long an agent that stands by needs until it does tasks.
        standby_delay: Duration = "10s", drawn |_, drawn, dice| dice.times(drawn.heartbeat, 0..=4);
        /// Cents for each agent that is replaced.
        standby_cents: u32 = 0;
    }
}

sim_core::choices! {
    /// Who decides which agent does which task.
    pub enum Strategy {
        /// The first agent does everything; the others do nothing.
        Single = "single",
        /// Tasks are shared out before the start; nobody takes over, and agents see at the sink what has ended.
        Independent = "independent",
        /// The first agent coordinates and does no tasks, unless it is alone. It loses its state when it crashes.
        Star = "star",
        /// A few agents, the core, hold the state of the coordinator in a log that they replicate by Raft; whom they elect
        /// coordinates. They do no tasks, unless there is nobody else.
        Service = "service",
        /// The same, and members of the core share the beats of the others among themselves: each gathers those of its part of
        /// the agents, and passes them on to the coordinator together.
        Hybrid = "hybrid",
        /// All agents are the core, and do tasks.
        Raft = "raft",
        /// Nobody coordinates: agents claim tasks at three agents that keep the claims of each task, and steal what
        /// those have no time for. Where views differ, two may work on one task.
        Gossip = "gossip",
    }
}

sim_core::choices! {
    /// By what a coordinator finds out that an agent is lost.
    pub enum Detector {
        /// It has not heard a beat of the agent for `dead_after`.
        Heartbeat = "heartbeat",
        /// All agents are members of SWIM, and the coordinator's member holds the agent for dead. Agents whose beats alone do not
        /// come are not lost. Under "gossip" nobody asks an agent for a task that the own member holds for dead, beside those that do
        /// not answer. "single" and "independent" have nobody who wants to know.
        Swim = "swim",
    }
}

sim_core::choices! {
    /// What an agent does after a 429.
    pub enum OnLimit {
        /// It waits as long as the platform says, or longer, twice as long each time, with jitter.
        BackOff = "back-off",
        /// It waits exactly as long as the platform says.
        RetryAfter = "retry-after",
        /// It asks again at once, as careless agents do.
        AtOnce = "at-once",
    }
}

sim_core::choices! {
    /// What a part of the core does when it is cut off from the rest.
    pub enum OnPartition {
        /// The side with a majority goes on; the others decide nothing until they hear it again.
        StandStill = "stand-still",
        /// The same, but its members answer reads of shared memory with what they had last, and refuse writes at once. A member is
        /// in that mode when it has known no coordinator for two of the longest election timeouts, and leaves it when it
        /// hears one, to whom it sends everybody from then on.
        ReadOnly = "read-only",
        /// Every member keeps notes of its own, takes writes at all times, and merges its notes with those of the others. Tasks
        /// stand still as under "stand-still".
        LocalWrites = "local-writes",
        /// Members that do not answer are not counted any more, so that a majority of those who are left decides: popular advice, and
        /// unsafe. Two sides of a split network both decide.
        AdaptiveQuorum = "adaptive-quorum",
    }
}

/// What a strategy promises under a policy for partitions. Checks hold it to that, and to nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gives {
    /// All members of the core make the same decisions in the same order.
    pub one_order: bool,
    /// At any time at most one agent works on a task.
    pub exclusive: bool,
    /// What a lost agent had is done by somebody else.
    pub takeover: bool,
    /// At most one holder of a lock works at any time.
    pub locks: bool,
    /// What becomes of notes in shared memory.
    pub memory: Keeps,
}

impl Strategy {
    /// What it promises, as long as no policy forfeits it.
    pub const fn gives(self) -> Gives {
        let all =
            Gives { one_order: true, exclusive: true, takeover: true, locks: true, memory: Keeps::Decided };
        match self {
            Self::Single => Gives { takeover: false, memory: Keeps::UntilCrash, ..all },
            Self::Independent => Gives { takeover: false, locks: false, memory: Keeps::Nothing, ..all },
            Self::Gossip => Gives { exclusive: false, locks: false, memory: Keeps::Merged, ..all },
            Self::Star => Gives { memory: Keeps::UntilCrash, ..all },
            Self::Service | Self::Hybrid | Self::Raft => all,
        }
    }

    /// Whether a core decides.
    pub const fn has_core(self) -> bool {
        matches!(self, Self::Service | Self::Hybrid | Self::Raft)
    }
}

impl Parameters {
    /// What the strategy promises, less what the policy for partitions forfeits.
    pub fn gives(&self) -> Gives {
        let gives = self.strategy.gives();
        if self.quorum_adapts() {
            return Gives {
                one_order: false,
                exclusive: false,
                locks: false,
                memory: Keeps::Forfeited,
                ..gives
            };
        }
        if self.strategy.has_core() && self.on_partition == OnPartition::LocalWrites {
            return Gives { memory: Keeps::Merged, ..gives };
        }
        gives
    }

    /// What becomes of notes, if there are any.
    pub fn memory(&self) -> Keeps {
        if self.memory_keys == 0 { Keeps::Nothing } else { self.gives().memory }
    }

    /// How many of so many agents keep notes that they merge; the first ones.
    pub fn replicas(&self, agents: u32) -> u32 {
        match self.memory() {
            Keeps::Merged if self.strategy.has_core() => self.core_of(agents),
            Keeps::Merged => agents,
            _ => 0,
        }
    }

    /// Whether members of a core that know no coordinator answer reads of notes.
    pub fn reads_while_cut_off(&self) -> bool {
        self.strategy.has_core() && self.on_partition == OnPartition::ReadOnly && self.memory_keys > 0
    }

    /// Whether a part of the core may lower its quorum.
    pub fn quorum_adapts(&self) -> bool {
        self.strategy.has_core() && self.on_partition == OnPartition::AdaptiveQuorum
    }

    /// Whether agents are members of SWIM: where somebody wants to know who is lost.
    pub fn uses_swim(&self) -> bool {
        self.detector == Detector::Swim && !matches!(self.strategy, Strategy::Single | Strategy::Independent)
    }

    /// How SWIM runs then.
    pub fn swim(&self) -> gossip::swim::parameters::Parameters {
        let every = self.probe_interval;
        gossip::swim::parameters::Parameters {
            probe_interval: Setting::Own(every),
            probe_timeout: Setting::Own(every / 2),
            gossip_interval: Setting::Own(every / 5),
            ..gossip::swim::parameters::Parameters::default()
        }
    }

    /// What an agent can do and where it is registered, as bits: capabilities in the lower half, its namespace in the upper one.
    pub fn capabilities(&self, agent: u32, agents: u32) -> u64 {
        self.skills.of(agent, agents) | self.namespaces.of(agent)
    }

    /// The names of what such bits stand for.
    pub fn names_of(&self, capabilities: u64) -> String {
        let names = [self.skills.names(capabilities), self.namespaces.names(capabilities)];
        names.into_iter().filter(|names| !names.is_empty()).collect::<Vec<_>>().join(", ")
    }

    /// How many of so many agents do tasks.
    pub fn workers(&self, agents: u32) -> u32 {
        match self.strategy {
            Strategy::Single => agents.min(1),
            Strategy::Independent | Strategy::Gossip | Strategy::Raft => agents,
            Strategy::Star | Strategy::Service | Strategy::Hybrid => agents - self.idle(agents),
        }
    }

    /// Whether an agent does tasks.
    pub fn works(&self, agent: u32, agents: u32) -> bool {
        match self.strategy {
            Strategy::Single => agent == 0,
            Strategy::Independent | Strategy::Gossip | Strategy::Raft => true,
            Strategy::Star | Strategy::Service | Strategy::Hybrid => agent >= self.idle(agents),
        }
    }

    /// Whether an agent stands by at first.
    pub fn stands_by(&self, agent: u32, agents: u32) -> bool {
        let coordinated = self.strategy == Strategy::Star || self.strategy.has_core();
        let others = self.workers(agents).saturating_sub(self.standbys);
        coordinated && others > 0 && agent >= agents - self.standbys.min(agents)
    }

    /// Who hears of the events of a topic: so many agents that do tasks, for each topic those after the ones of the last.
    pub fn subscribers_of(&self, topic: u32, agents: u32) -> impl Iterator<Item = u32> + use<> {
        let workers = self.workers(agents);
        let first = if self.strategy == Strategy::Single { 0 } else { agents - workers };
        let all = u64::from(workers).max(1);
        let start = u64::from(topic) * u64::from(self.subscribers) % all;
        (0..self.subscribers.min(workers)).map(move |nth| first + ((start + u64::from(nth)) % all) as u32)
    }

    /// How many of the first agents only coordinate: nobody, if there is nobody else.
    fn idle(&self, agents: u32) -> u32 {
        let first = if self.strategy == Strategy::Star { 1 } else { self.core_of(agents) };
        if first < agents { first } else { 0 }
    }

    /// How many of so many agents are the core; 0 for strategies without one.
    pub fn core_of(&self, agents: u32) -> u32 {
        match self.strategy {
            Strategy::Single | Strategy::Independent | Strategy::Gossip | Strategy::Star => 0,
            Strategy::Service | Strategy::Hybrid => self.core.min(agents),
            Strategy::Raft => agents,
        }
    }

    /// How the core runs Raft. A coordinator acts only while nobody else can have been elected, so that it needs leases.
    pub fn raft(&self) -> raft::parameters::Parameters {
        raft::parameters::Parameters {
            election_timeout_min: self.election_timeout,
            election_timeout_max: self.election_timeout.saturating_mul(2),
            heartbeat: self.election_timeout / 4,
            reads: raft::parameters::Reads::Lease,
            clock_drift_ppm: 2 * CLOCK_DRIFT_PPM,
            ..raft::parameters::Parameters::default()
        }
    }

    /// The longest that one call of the model takes, but for tails of its distribution.
    pub fn usual_call(&self) -> Duration {
        self.first_token.0.usual() + self.per_token.saturating_mul(self.tokens_out.into())
    }
}
