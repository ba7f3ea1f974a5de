//! What can go wrong, as a scenario writes it: one key with its parameters.

use serde::{Deserialize, Serialize};

use super::action::DiskFault;
use super::family::Kind;
use super::plan::Trigger;
use super::selector::Selector;
use crate::distribution::Distribution;
use crate::identity::Slot;
use crate::ratio::Ratio;
use crate::time::Duration;

mod clock;
mod edit;
mod partition;

pub use clock::{Clock, ClockFault, Drift, ParseDriftError};
pub use partition::{ClientSide, Direction, Partition, Shape};

/// Declares [`Fault`] with one variant per key, and the flat form in which a scenario writes an entry.
macro_rules! faults {
    ($( $(#[$doc:meta])* $key:ident = $variant:ident($params:ty); )*) => {
        /// Something that can go wrong, with its parameters; a scenario writes it under its key.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Fault { $( $(#[$doc])* $variant($params), )* }

        /// The keys of all faults, as scenarios write them.
        pub const FAULT_KEYS: &[&str] = &[$(stringify!($key)),*];

        /// An entry of a plan as it is written: when, how long, and exactly one fault key.
        #[derive(Clone, Debug, Default, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub(super) struct RawEntry {
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) id: Option<u32>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) at: Option<Duration>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) on: Option<Trigger>,
            #[serde(skip_serializing_if = "Option::is_none", rename = "for")]
            pub(super) lasts: Option<Duration>,
            $( #[serde(skip_serializing_if = "Option::is_none")] pub(super) $key: Option<$params>, )*
        }

        impl RawEntry {
            /// Every fault that is written in this entry, with its key; there should be one.
            pub(super) fn faults(&mut self) -> Vec<(&'static str, Fault)> {
                let mut found = Vec::new();
                $( if let Some(params) = self.$key.take() {
                    found.push((stringify!($key), Fault::$variant(params)));
                } )*
                found
            }

            /// Writes a fault under its key.
            pub(super) fn put(&mut self, fault: Fault) {
                match fault { $( Fault::$variant(params) => self.$key = Some(params) ),* }
            }
        }

        impl Fault {
            /// The key under which a scenario writes it.
            pub const fn key(&self) -> &'static str {
                match self { $( Self::$variant(_) => stringify!($key) ),* }
            }
        }
    };
}

faults! {
    /// Links are cut.
    partition = Partition(Partition);
    /// Links are cut and mended again and again.
    flap = Flap(Flap);
    /// Every message on some links takes longer.
    slow_link = SlowLink(SlowLink);
    /// Messages on some links wait until it is over.
    jam = Jam(Links);
    /// More messages are lost.
    loss = Loss(Odds);
    /// Some messages take much longer.
    spikes = Spikes(Spikes);
    /// Some messages are overtaken.
    reorder = Reorder(Reorder);
    /// Some messages arrive twice.
    duplicate = Duplicate(Odds);
    /// A bit of some messages flips; a checksum finds it.
    corruption = Corruption(Odds);
    /// Senders get only so many bytes per second through.
    bandwidth = Bandwidth(Bandwidth);
    /// Senders get only so many messages per second through.
    rate_limit = RateLimit(RateLimit);
    /// Processes stop.
    crash = Crash(Crash);
    /// Processes stop and their disks are gone.
    amnesia = Amnesia(Crash);
    /// Processes stand still.
    pause = Pause(Aim);
    /// Processes are slow.
    slow = Slow(Slow);
    /// New members join.
    join = Join(Join);
    /// Members leave for good.
    leave = Leave(Aim);
    /// Members leave and as many new ones join.
    replace = Replace(Aim);
    /// Members come and go, one at a time.
    churn = Churn(Churn);
    /// One slot after the other is crashed and restarted.
    rolling_restart = RollingRestart(RollingRestart);
    /// Something is wrong with disks.
    disk = Disk(Disk);
    /// Clocks are wrong.
    clock = Clock(Clock);
    /// Slots become traitors.
    corrupt = Corrupt(Aim);
    /// An adversary corrupts whoever is about to lead.
    adaptive = Adaptive(Adaptive);
    /// A second copy of an identity runs in another slot.
    twins = Twins(Twins);
}

impl Fault {
    /// Whether it makes new slots.
    pub const fn adds_slots(&self) -> bool {
        matches!(self, Self::Join(_) | Self::Replace(_) | Self::Churn(_))
    }

    /// Its kind; `None` for a fault that is made of others.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Partition(partition) => partition.kind(),
            Self::Flap(_) => Kind::Flap,
            Self::SlowLink(_) => Kind::SlowLink,
            Self::Jam(_) => Kind::Jam,
            Self::Loss(_) => Kind::Loss,
            Self::Spikes(_) => Kind::Spikes,
            Self::Reorder(_) => Kind::Reorder,
            Self::Duplicate(_) => Kind::Duplicate,
            Self::Corruption(_) => Kind::Corruption,
            Self::Bandwidth(_) => Kind::Bandwidth,
            Self::RateLimit(_) => Kind::RateLimit,
            Self::Crash(_) => Kind::Crash,
            Self::Amnesia(_) => Kind::Amnesia,
            Self::Pause(_) => Kind::Pause,
            Self::Slow(_) => Kind::SlowNode,
            Self::Join(_) => Kind::Join,
            Self::Leave(_) => Kind::Leave,
            Self::Disk(disk) => disk_kind(disk.fault),
            Self::Clock(clock) => clock.change.kind(),
            Self::Corrupt(_) => Kind::Corrupt,
            Self::Twins(_) => Kind::Twins,
            Self::Replace(_) | Self::Churn(_) | Self::RollingRestart(_) | Self::Adaptive(_) => return None,
        })
    }

    /// The slots that the fault itself names as its target, if it has such a key.
    pub fn target(&self) -> Option<&Selector> {
        match self {
            Self::Crash(crash) | Self::Amnesia(crash) => Some(&crash.target),
            Self::Pause(aim) | Self::Leave(aim) | Self::Replace(aim) | Self::Corrupt(aim) => {
                Some(&aim.target)
            }
            Self::Slow(slow) => Some(&slow.target),
            Self::RollingRestart(rolling) => Some(&rolling.target),
            Self::Disk(disk) => Some(&disk.target),
            Self::Clock(clock) => Some(&clock.target),
            Self::Adaptive(adaptive) => Some(&adaptive.target),
            Self::Twins(twins) => Some(&twins.target),
            _ => None,
        }
    }

    /// Every selector in it.
    pub fn selectors(&self) -> Vec<&Selector> {
        let mut all: Vec<&Selector> = self.target().into_iter().collect();
        match self {
            Self::Partition(partition) => match &partition.shape {
                Shape::Isolate { target, .. } => all.push(target),
                Shape::OneWay { from, to } => all.extend([from, to]),
                Shape::Groups(groups) => all.extend(groups),
                _ => {}
            },
            Self::Flap(flap) => all.push(&flap.target),
            Self::Twins(twins) => all.extend(&twins.place),
            _ => {}
        }
        if let Some((target, from, to)) = self.links() {
            all.extend(target.iter().chain(from).chain(to));
        }
        all
    }

    /// `target`, `from` and `to` of a fault that makes links worse.
    pub(super) fn links(&self) -> Option<LinkEnds<'_>> {
        match self {
            Self::SlowLink(it) => Some((&it.target, &it.from, &it.to)),
            Self::Jam(it) => Some((&it.target, &it.from, &it.to)),
            Self::Loss(it) | Self::Duplicate(it) | Self::Corruption(it) => {
                Some((&it.target, &it.from, &it.to))
            }
            Self::Spikes(it) => Some((&it.target, &it.from, &it.to)),
            Self::Reorder(it) => Some((&it.target, &it.from, &it.to)),
            Self::Bandwidth(it) => Some((&it.target, &it.from, &it.to)),
            Self::RateLimit(it) => Some((&it.target, &it.from, &it.to)),
            _ => None,
        }
    }
}

/// `target`, `from` and `to`, as a fault that makes links worse may give them.
pub(super) type LinkEnds<'a> = (&'a Option<Selector>, &'a Option<Selector>, &'a Option<Selector>);

/// The kind of a disk fault.
pub(super) const fn disk_kind(fault: DiskFault) -> Kind {
    match fault {
        // "Healthy" is refused by validation, so its kind is never seen.
        DiskFault::Healthy | DiskFault::LoseTail => Kind::LoseTail,
        DiskFault::TearTail => Kind::TornTail,
        DiskFault::Slow { .. } => Kind::SlowSync,
        DiskFault::Failing => Kind::FailingSync,
        DiskFault::Full => Kind::FullDisk,
        DiskFault::Rot => Kind::BitRot,
    }
}

/// Why a fault is not a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// A partition says nothing, or two things at once.
    #[error(
        "read a partition: expected exactly one of isolate, split, groups, links, or from together with to"
    )]
    PartitionShape,
    /// `direction` without `isolate`.
    #[error("read a partition: direction goes with isolate only")]
    PartitionDirection,
    /// `parts` without `split = "random"`.
    #[error("read a partition: parts goes with split = \"random\" only")]
    PartitionParts,
    /// A clock fault says nothing, or two things at once.
    #[error("read a clock fault: expected exactly one of drift, forward, back, or freeze = true")]
    ClockChange,
}

/// Declares the parameters of faults that act on links: `target` (both directions), or `from` and `to`; all links if
/// none is given.
macro_rules! link_parameters {
    ($( $(#[$doc:meta])* $name:ident { $( $(#[$field_doc:meta])* $field:ident : $type:ty ),* } )*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            /// Links from and to these.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub target: Option<Selector>,
            /// Links from these; not together with `target`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub from: Option<Selector>,
            /// Links to these; not together with `target`.
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub to: Option<Selector>,
            $( $(#[$field_doc])* pub $field: $type, )*
        }
    )*};
}

link_parameters! {
    /// Links, and nothing else to say about them.
    Links {}
    /// Links, and how much longer each message takes.
    SlowLink {
        /// The additional delay.
        delay: Distribution
    }
    /// Links, and how likely it is that a message is hit.
    Odds {
        /// How likely.
        probability: Ratio
    }
    /// Links, how likely a spike is and how high.
    Spikes {
        /// How likely.
        probability: Ratio,
        /// The additional delay of a message that is hit.
        delay: Distribution
    }
    /// Links, how likely a message is overtaken and by how much.
    Reorder {
        /// How likely.
        probability: Ratio,
        /// The largest additional delay; each is equally likely.
        within: Duration
    }
    /// Links, and what gets through.
    Bandwidth {
        /// Bytes per second, for each sender.
        bytes_per_second: u64
    }
    /// Links, and how many messages get through.
    RateLimit {
        /// Messages per second, for each sender.
        messages_per_second: u64
    }
}

/// Links that come and go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Flap {
    /// Who is cut off, as one group, from all others.
    pub target: Selector,
    /// Which direction is cut.
    #[serde(default)]
    pub direction: Direction,
    /// Time from one cut to the next; the links are cut for the first half of it.
    pub period: Duration,
}

/// Processes that stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Who.
    pub target: Selector,
    /// When they start again, if they do; `for` says the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_after: Option<Duration>,
}

/// A target, and nothing else to say.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Aim {
    /// Who.
    pub target: Selector,
}

/// Processes that are slow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slow {
    /// Who.
    pub target: Selector,
    /// How long everything takes, in percent of the normal time.
    pub percent: u32,
    /// The least service time of a message.
    #[serde(default)]
    pub floor: Duration,
}

/// New members.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// How many.
    pub count: u32,
}

/// Members that come and go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Churn {
    /// Time from one change to the next; `for` says until when.
    pub every: Duration,
    /// What happens each time.
    #[serde(default)]
    pub how: ChurnHow,
}

/// What happens each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChurnHow {
    /// One member leaves and a new one joins.
    #[default]
    Replace,
    /// One joins.
    Join,
    /// One leaves.
    Leave,
    /// Any of these, drawn.
    Mixed,
}

/// One restart after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RollingRestart {
    /// Who, in the order of slots.
    pub target: Selector,
    /// How long each is down.
    pub down: Duration,
    /// Time between a restart and the next crash.
    #[serde(default)]
    pub gap: Duration,
}

/// Disks with something wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// Whose.
    pub target: Selector,
    /// What is wrong.
    pub fault: DiskFault,
}

/// An adversary that follows the leadership.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Adaptive {
    /// Whom it corrupts each time.
    #[serde(default = "next_leader")]
    pub target: Selector,
    /// Time from one corruption to the next.
    pub every: Duration,
    /// How many it corrupts; the budget may end it sooner.
    pub count: u32,
}

const fn next_leader() -> Selector {
    Selector::NextLeader
}

/// Two copies of one identity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Twins {
    /// Whose identity is doubled.
    pub target: Selector,
    /// Where the second copy runs, in the place of whoever is there; a drawn other member if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Selector>,
}

/// Aims a fault at exactly these slots.
pub(super) fn aim(slots: &[Slot]) -> Selector {
    Selector::Slots(slots.iter().copied().collect())
}
