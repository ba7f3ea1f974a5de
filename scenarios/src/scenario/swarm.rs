//! `[swarm]`: what is drawn from the seed instead of written down.

use serde::{Deserialize, Serialize};
use sim_core::fault::swarm::SwarmSpace;
use sim_core::fault::{Family, Kind};
use sim_core::registry::ProtocolInfo;
use sim_core::time::Duration;

use super::byzzfuzz::ByzzFuzz;

/// What is drawn. Each part is off if absent or false.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Swarm {
    /// The number of members, instead of `cluster.nodes`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nodes: Option<Range>,
    /// Whether small clusters are more frequent than large ones: the smaller of two drawn numbers of members counts.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub small: bool,
    /// The number of operations of the workload, instead of `workload.operations`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub operations: Option<Range>,
    /// The number of clients, instead of `workload.clients`, which is the least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clients: Option<Range>,
    /// The length of the first phase, at most `cluster.duration`: each doubling is equally likely, so that many runs are short.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duration: Option<Lengths>,
    /// The families of faults that a seed may draw, on top of `[[faults]]`.
    pub families: Families,
    /// Kinds of faults that are never drawn.
    pub off: Vec<Kind>,
    /// Whether members may join and leave.
    pub membership: bool,
    /// Whether processes may take detours in their own code, where they ask for them; faults of the family `process`.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub detours: bool,
    /// The most faults that a seed draws.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_faults: Option<u32>,
    /// What clients do, among all models of objects that the protocol offers: the model, how many objects, the mix and the
    /// pace.
    pub workload: bool,
    /// How many clients only read: none, one, or half of them. Only where `workload` is drawn.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub readers: bool,
    /// How the operations that `operations` draws are spread: evenly over the whole run or over its first quarter, in a few bursts, each
    /// shortly after a drawn fault begins, or in a closed loop. Only where `workload` is drawn; instead of the pace that it draws.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub spread: bool,
    /// Seeds differ in how faults are drawn: how many wait for events, how many strike together or at whoever leads, how long they last, how late
    /// messages may be, and whether crashes lose what was not synced.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub moods: bool,
    /// The faults of half of the seeds are stretches of disorder instead of what else would be drawn: messages take any time from far below the timeouts
    /// of the protocol to several times as long, and members crash and come back all the time. Half of these seeds have as few members as `nodes` allows, and
    /// they are shorter.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disorder: bool,
    /// What members start from, where the protocol knows what an earlier run could have left behind, or who may mean to leave: a third
    /// of the seeds start from such a state. Not where `[initial]` says one.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub past: bool,
    /// The protocol's knobs, among those that may be drawn; what a drawn one forfeits is not owed.
    pub knobs: bool,
    /// Latency, loss and duplication of the network, instead of `[network]`.
    pub network: bool,
    /// How long syncs take, instead of `[disk]`.
    pub disk: bool,
    /// Traitors from the start, on top of `initial.corrupt`.
    pub traitors: Traitors,
    /// What traitors do, among all that the protocol knows, instead of `initial.behavior`.
    pub behaviors: bool,
    /// How many clients are corrupt, instead of `workload.corrupt`: none in half of the seeds, else one or up to half of them.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub corrupt_clients: bool,
    /// A schedule of rounds: who leads each, who hears whom, who has a twin. Only where messages of the protocol tell rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rounds: Option<DrawnRounds>,
    /// A bounded number of faults in drawn rounds: the network in two parts, or a traitor that lies. Only where messages of the
    /// protocol tell rounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byzzfuzz: Option<ByzzFuzz>,
    /// Rules for traitors, by the kind of message and their role, before what `behaviors` draws: half of the seeds have some.
    pub rules: bool,
}

/// The schedules of rounds that a seed may draw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrawnRounds {
    /// How many rounds are planned, from the first on.
    pub count: u32,
    /// How many members have a twin, which runs beside the members; no more than the protocol bears.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub twins: Option<Twins>,
    /// How long the sides of a round last, from its first message on; ten times the longest timeout of the protocol if absent,
    /// so that even a doubled one is met, and no round is the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lasts: Option<Duration>,
    /// The kinds of messages of which one may be lost alone across the sides of a round; else all that tell the round are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
    /// Whether any members may be apart; else there is a quorum on one side, so that each round can be got through.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_sides: bool,
    /// Whether the seed is the number of the schedule, so that so many seeds try all; else each seed draws one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub enumerate: bool,
}

/// How many members have a twin, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twins {
    /// The least.
    pub min: u32,
    /// The most.
    pub max: u32,
}

/// Both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The least.
    pub min: u32,
    /// The most.
    pub max: u32,
}

/// Lengths of time, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lengths {
    /// The shortest.
    pub min: Duration,
    /// The longest.
    pub max: Duration,
}

/// Which families of faults may be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Families {
    /// None.
    #[default]
    None,
    /// Every one.
    All,
    /// These.
    Only(Vec<Family>),
}

impl Families {
    /// The families as a list.
    pub fn list(&self) -> Vec<Family> {
        match self {
            Self::None => Vec::new(),
            Self::All => Family::ALL.to_vec(),
            Self::Only(some) => some.clone(),
        }
    }
}

impl Swarm {
    /// The faults that a seed may draw: of a protocol that keeps no journals, none of disks.
    pub(crate) fn space(&self, protocol: &ProtocolInfo) -> SwarmSpace {
        let mut families = self.families.list();
        families.retain(|family| *family != Family::Disk || protocol.journals);
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let usual = SwarmSpace::default();
        SwarmSpace {
            families,
            off: self.off.clone(),
            membership: self.membership,
            detours: self.detours,
            moods: self.moods,
            max_faults: self.max_faults.unwrap_or(usual.max_faults),
            roles: owned(protocol.roles),
            events: owned(protocol.observations),
            messages: owned(protocol.messages),
            ..usual
        }
    }
}

/// How many traitors there are from the start. What a protocol bears is its own to say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Traitors {
    /// None.
    #[default]
    None,
    /// Any number up to what the protocol bears.
    UpToBudget,
    /// As many as the protocol bears.
    Budget,
    /// So many more than the protocol bears.
    Beyond(u32),
}
