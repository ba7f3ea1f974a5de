//! Failure domains: machines in zones in regions, and who is placed on them.
//!
//! A domain is a name for slots that fail together. Names are resolved before a run, when the number of members is known;
//! a run itself knows slots only.

use std::fmt;

/// What kind of domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A machine.
    Machine,
    /// A zone: a building, a rack, a power supply.
    Zone,
    /// A region.
    Region,
}

impl Level {
    /// All of them, the smallest first.
    pub const ALL: [Self; 3] = [Self::Machine, Self::Zone, Self::Region];

    /// Its name, as targets write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Machine => "machine",
            Self::Zone => "zone",
            Self::Region => "region",
        }
    }

    /// The key of its table.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Machine => "machines",
            Self::Zone => "zones",
            Self::Region => "regions",
        }
    }

    /// The level of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// The name of a domain, written `zone(b)`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainName {
    /// What kind.
    pub level: Level,
    /// Which one.
    pub name: String,
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.level.name(), self.name)
    }
}

/// Whether a text can name a domain: letters, digits, `-`, `_` and points.
pub fn is_domain_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=100).contains(&text.len()) && text.bytes().all(plain)
}
