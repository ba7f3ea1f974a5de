//! Partitions, as a scenario writes them.

use serde::{Deserialize, Serialize};

use super::SpecError;
use crate::fault::family::Kind;
use crate::fault::selector::Selector;

/// Which links are cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawPartition", into = "RawPartition")]
pub struct Partition {
    /// Who is on which side.
    pub shape: Shape,
    /// On which side clients are.
    pub clients: ClientSide,
}

/// The shape of a partition.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// Written `isolate = SELECTOR`: these, as one group, are cut off from all others.
    Isolate {
        /// Who.
        target: Selector,
        /// Which direction is cut.
        direction: Direction,
    },
    /// Written `split = "halves"`: two drawn groups of equal size, give or take one.
    Halves,
    /// Written `split = "random"`: every member falls into one of `parts` drawn groups.
    Random {
        /// How many groups.
        parts: u32,
    },
    /// Written `split = "bridge"`: two drawn halves, and one drawn member that is in both.
    Bridge,
    /// Written `split = "majorities-ring"`: every member reaches a majority, all of them different ones.
    MajoritiesRing,
    /// Written `split = "leader-alone"`: who leads is cut off from all others, in both directions.
    LeaderAlone,
    /// Written `groups = [..]`: slots reach each other if they share a group. Members in none of them form one more
    /// group, clients in none of them reach everybody.
    Groups(Vec<Selector>),
    /// Written `from = .., to = ..`: nothing passes from these to those.
    OneWay {
        /// Senders.
        from: Selector,
        /// Receivers.
        to: Selector,
    },
    /// Written `links = [[1, 2], ..]`: only these pairs of members, by slot number counting from one, reach each other.
    Links(Vec<(u32, u32)>),
}

/// Which direction is cut, seen from the isolated slots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// Both.
    #[default]
    Both,
    /// Nothing reaches them.
    Inbound,
    /// Nothing that they send arrives.
    Outbound,
}

/// On which side of a partition clients are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientSide {
    /// They reach everybody: only members are cut from each other.
    #[default]
    Everywhere,
    /// Each is on a drawn side; only where groups are drawn or given.
    Spread,
}

impl Partition {
    /// A partition whose clients reach everybody.
    pub const fn of(shape: Shape) -> Self {
        Self { shape, clients: ClientSide::Everywhere }
    }

    pub(super) fn kind(&self) -> Kind {
        match self.shape {
            Shape::Isolate { .. } | Shape::LeaderAlone => Kind::Isolate,
            Shape::Halves | Shape::Random { .. } | Shape::Groups(_) => Kind::Split,
            Shape::Bridge => Kind::Bridge,
            Shape::MajoritiesRing => Kind::MajoritiesRing,
            Shape::Links(_) => Kind::Links,
            Shape::OneWay { .. } => Kind::OneWay,
        }
    }
}

/// A partition as it is written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawPartition {
    #[serde(skip_serializing_if = "Option::is_none")]
    isolate: Option<Selector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Direction>,
    #[serde(skip_serializing_if = "Option::is_none")]
    split: Option<Split>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    groups: Option<Vec<Selector>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<Selector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<Selector>,
    #[serde(skip_serializing_if = "Option::is_none")]
    links: Option<Vec<(u32, u32)>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clients: Option<ClientSide>,
}

/// The drawn shapes, as they are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Split {
    Halves,
    Random,
    Bridge,
    MajoritiesRing,
    LeaderAlone,
}

impl TryFrom<RawPartition> for Partition {
    type Error = SpecError;

    fn try_from(raw: RawPartition) -> Result<Self, SpecError> {
        if raw.direction.is_some() && raw.isolate.is_none() {
            return Err(SpecError::PartitionDirection);
        }
        if raw.parts.is_some() && raw.split != Some(Split::Random) {
            return Err(SpecError::PartitionParts);
        }
        let split = raw.split.map(|split| match split {
            Split::Halves => Shape::Halves,
            Split::Random => Shape::Random { parts: raw.parts.unwrap_or(2) },
            Split::Bridge => Shape::Bridge,
            Split::MajoritiesRing => Shape::MajoritiesRing,
            Split::LeaderAlone => Shape::LeaderAlone,
        });
        let direction = raw.direction.unwrap_or_default();
        let isolate = raw.isolate.map(|target| Shape::Isolate { target, direction });
        let one_way = match (raw.from, raw.to) {
            (Some(from), Some(to)) => Some(Shape::OneWay { from, to }),
            (None, None) => None,
            _ => return Err(SpecError::PartitionShape),
        };
        let written = [isolate, split, raw.groups.map(Shape::Groups), one_way, raw.links.map(Shape::Links)];
        let mut shapes = written.into_iter().flatten();
        match (shapes.next(), shapes.next()) {
            (Some(shape), None) => Ok(Self { shape, clients: raw.clients.unwrap_or_default() }),
            _ => Err(SpecError::PartitionShape),
        }
    }
}

impl From<Partition> for RawPartition {
    fn from(partition: Partition) -> Self {
        let clients = (partition.clients != ClientSide::Everywhere).then_some(partition.clients);
        let raw = Self { clients, ..Self::default() };
        match partition.shape {
            Shape::Isolate { target, direction } => {
                Self { isolate: Some(target), direction: Some(direction), ..raw }
            }
            Shape::Halves => Self { split: Some(Split::Halves), ..raw },
            Shape::Random { parts } => Self { split: Some(Split::Random), parts: Some(parts), ..raw },
            Shape::Bridge => Self { split: Some(Split::Bridge), ..raw },
            Shape::MajoritiesRing => Self { split: Some(Split::MajoritiesRing), ..raw },
            Shape::LeaderAlone => Self { split: Some(Split::LeaderAlone), ..raw },
            Shape::Groups(groups) => Self { groups: Some(groups), ..raw },
            Shape::OneWay { from, to } => Self { from: Some(from), to: Some(to), ..raw },
            Shape::Links(links) => Self { links: Some(links), ..raw },
        }
    }
}
