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
mod links;
mod partition;
mod round;

pub use clock::{Clock, ClockFault, Drift, ParseDriftError};
pub use links::{Form, LinkEnds, LinkFault, Written};
pub use partition::{ClientSide, Direction, Partition, Shape};
pub use round::{LAST_ROUND, Round};

/// Declares [`Fault`] and [`Harm`], and the flat form in which a scenario writes an entry: one key for each fault. What
/// each does is said by the table in [`super::family`].
macro_rules! faults {
    (
        { $( $key:ident = $variant:ident($params:ty); )* }
        links {
            $( $link:ident = $harm:ident { $( $(#[$doc:meta])* $field:ident: $type:ty ),* } )*
        }
    ) => {
        /// Something that can go wrong, with its parameters; a scenario writes it under its key.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Fault {
            $( #[doc = concat!("Written as `", stringify!($key), "`.")] $variant($params), )*
            /// Links get worse; written under the key of the harm.
            Links(LinkFault),
        }

        /// What happens to messages on links that get worse.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Harm {
            $( #[doc = concat!("Written as `", stringify!($link), "`.")] $harm { $( $(#[$doc])* $field: $type ),* }, )*
        }

        /// The keys of all faults, as scenarios write them.
        pub const FAULT_KEYS: &[&str] = &[$(stringify!($key),)* $(stringify!($link)),*];

        /// The keys of all faults of links, with the names and forms of their own parameters.
        pub const LINK_FAULTS: &[(&str, &[(&str, Form)])] =
            &[$( (stringify!($link), &[$( (stringify!($field), <$type as Written>::FORM) ),*]) ),*];

        /// Faults of links as they are written.
        pub(super) mod written {
            use super::{Deserialize, Distribution, Duration, Ratio, Selector, Serialize};

            $(
                #[derive(Clone, Debug, Serialize, Deserialize)]
                #[serde(deny_unknown_fields)]
                pub(in crate::fault) struct $harm {
                    #[serde(default, skip_serializing_if = "Option::is_none")]
                    pub(super) target: Option<Selector>,
                    #[serde(default, skip_serializing_if = "Option::is_none")]
                    pub(super) from: Option<Selector>,
                    #[serde(default, skip_serializing_if = "Option::is_none")]
                    pub(super) to: Option<Selector>,
                    $( pub(super) $field: $type, )*
                }
            )*
        }

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
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) every: Option<Duration>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) jitter: Option<Duration>,
            #[serde(skip_serializing_if = "Option::is_none")]
            pub(super) until: Option<Duration>,
            #[serde(skip_serializing_if = "std::ops::Not::not")]
            pub(super) over_budget: bool,
            $( #[serde(skip_serializing_if = "Option::is_none")] pub(super) $key: Option<$params>, )*
            $( #[serde(skip_serializing_if = "Option::is_none")] pub(super) $link: Option<written::$harm>, )*
        }

        impl RawEntry {
            /// Every fault that is written in this entry, with its key; there should be one.
            pub(super) fn faults(&mut self) -> Vec<(&'static str, Fault)> {
                let mut found = Vec::new();
                $( if let Some(params) = self.$key.take() {
                    found.push((stringify!($key), Fault::$variant(params)));
                } )*
                $( if let Some(written::$harm { target, from, to, $($field),* }) = self.$link.take() {
                    let (ends, harm) = (LinkEnds { target, from, to }, Harm::$harm { $($field),* });
                    found.push((stringify!($link), Fault::Links(LinkFault { ends, harm })));
                } )*
                found
            }

            /// Writes a fault under its key.
            pub(super) fn put(&mut self, fault: Fault) {
                match fault {
                    $( Fault::$variant(params) => self.$key = Some(params), )*
                    Fault::Links(LinkFault { ends: LinkEnds { target, from, to }, harm }) => match harm {
                        $( Harm::$harm { $($field),* } => {
                            self.$link = Some(written::$harm { target, from, to, $($field),* });
                        } )*
                    },
                }
            }
        }

        impl Fault {
            /// The key under which a scenario writes it.
            pub const fn key(&self) -> &'static str {
                match self {
                    $( Self::$variant(_) => stringify!($key), )*
                    Self::Links(it) => match it.harm { $( Harm::$harm { .. } => stringify!($link) ),* },
                }
            }
        }

        impl Harm {
            /// Its kind.
            pub const fn kind(&self) -> Kind {
                match self { $( Self::$harm { .. } => Kind::$harm ),* }
            }
        }
    };
}

faults! {
    {
    partition = Partition(Partition);
    flap = Flap(Flap);
    round = Round(Round);
    crash = Crash(Crash);
    amnesia = Amnesia(Crash);
    pause = Pause(Aim);
    slow = Slow(Slow);
    join = Join(Join);
    leave = Leave(Aim);
    replace = Replace(Aim);
    churn = Churn(Churn);
    rolling_restart = RollingRestart(RollingRestart);
    upgrade = Upgrade(Upgrade);
    disk = Disk(Disk);
    clock = Clock(Clock);
    corrupt = Corrupt(Aim);
    adaptive = Adaptive(Adaptive);
    twins = Twins(Twins);
    detour = Detour(Detour);
    }
    links {
        slow_link = SlowLink {
            /// The additional delay of each message.
            delay: Distribution
        }
        jam = Jam {}
        loss = Loss {
            /// How likely a message is lost.
            probability: Ratio
        }
        spikes = Spikes {
            /// How likely a message is hit.
            probability: Ratio,
            /// The additional delay of a message that is hit.
            delay: Distribution
        }
        reorder = Reorder {
            /// How likely a message is overtaken.
            probability: Ratio,
            /// The largest additional delay; each is equally likely.
            within: Duration
        }
        duplicate = Duplicate {
            /// How likely a message arrives twice.
            probability: Ratio
        }
        corruption = Corruption {
            /// How likely a message is damaged.
            probability: Ratio
        }
        bandwidth = Bandwidth {
            /// Bytes per second, for each sender.
            bytes_per_second: u64
        }
        rate_limit = RateLimit {
            /// Messages per second, for each sender.
            messages_per_second: u64
        }
    }
}

impl Fault {
    /// Whether it makes new slots.
    pub const fn adds_slots(&self) -> bool {
        matches!(self, Self::Join(_) | Self::Replace(_) | Self::Churn(_))
    }

    /// Whether somebody comes or leaves for good.
    pub const fn changes_members(&self) -> bool {
        self.adds_slots() || matches!(self, Self::Leave(_))
    }

    /// Its kind; `None` for a fault that is made of others.
    pub fn kind(&self) -> Option<Kind> {
        Some(match self {
            Self::Partition(partition) => partition.kind(),
            Self::Flap(_) => Kind::Flap,
            Self::Round(_) => Kind::Round,
            Self::Links(links) => links.harm.kind(),
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
            Self::Detour(_) => Kind::Detour,
            Self::Replace(_)
            | Self::Churn(_)
            | Self::RollingRestart(_)
            | Self::Upgrade(_)
            | Self::Adaptive(_) => return None,
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
            Self::Upgrade(upgrade) => Some(&upgrade.target),
            Self::Disk(disk) => Some(&disk.target),
            Self::Clock(clock) => Some(&clock.target),
            Self::Adaptive(adaptive) => Some(&adaptive.target),
            Self::Twins(twins) => Some(&twins.target),
            Self::Detour(detour) => Some(&detour.target),
            _ => None,
        }
    }

    /// The version as which somebody starts again, if it says one.
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Crash(Crash { version, .. }) => version.as_deref(),
            Self::Upgrade(upgrade) => Some(&upgrade.to),
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
            Self::Round(round) => all.extend(&round.sides),
            Self::Twins(twins) => all.extend(&twins.place),
            _ => {}
        }
        if let Self::Links(LinkFault { ends, .. }) = self {
            all.extend(ends.all());
        }
        all
    }
}

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
    /// As which of the versions of [`Setup::versions`](crate::setup::Setup::versions) they start from then on; as before if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

impl Crash {
    /// Somebody stops, and starts again as what they were.
    pub const fn of(target: Selector, restart_after: Option<Duration>) -> Self {
        Self { target, restart_after, version: None }
    }
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
    /// How long everything takes, in percent of the normal time; ten times as long if absent.
    #[serde(default = "ten_times")]
    pub percent: u32,
    /// The least service time of a message.
    #[serde(default)]
    pub floor: Duration,
}

const fn ten_times() -> u32 {
    1_000
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

/// A rolling upgrade: one after the other stops and starts again as another version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upgrade {
    /// Who, in the order of slots.
    pub target: Selector,
    /// The version, by its name in the scenario, or [`FIRST_VERSION`](crate::setup::FIRST_VERSION) for a way back.
    pub to: String,
    /// How long each is down.
    #[serde(default = "half_a_second")]
    pub down: Duration,
    /// Time between a start and the next stop.
    #[serde(default = "half_a_second")]
    pub gap: Duration,
}

const fn half_a_second() -> Duration {
    Duration::from_millis(500)
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

/// Rare turns in the protocol's own code, where it asks for them with
/// [`Context::buggify`](crate::process::Context::buggify).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Detour {
    /// Whose processes take them; all members if absent.
    #[serde(default = "everybody")]
    pub target: Selector,
    /// At which point, by its name; at every one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// How likely a pass takes the detour; one in twenty if neither this nor `nth` is given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chance: Option<Ratio>,
    /// The one pass that takes it, counting from one since the fault began, as pinned plans have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nth: Option<u32>,
}

const fn everybody() -> Selector {
    Selector::All
}

impl Detour {
    /// At which passes it is taken.
    pub(super) const fn how(&self) -> crate::process::Diverted {
        use crate::process::Diverted;
        match (self.nth, self.chance) {
            (Some(nth), _) => Diverted::After(nth.saturating_sub(1)),
            (None, Some(chance)) => Diverted::Chance(chance),
            (None, None) => Diverted::Chance(Ratio::new(1, 20)),
        }
    }
}

/// Aims a fault at exactly these slots.
pub(super) fn aim(slots: &[Slot]) -> Selector {
    Selector::Slots(slots.iter().copied().collect())
}
