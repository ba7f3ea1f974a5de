//! The table of everything that can go wrong: lists, explanations and activity counts are made from it.

use serde::{Deserialize, Serialize};

/// What part of the world a fault is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Links and messages.
    Network,
    /// Processes and membership.
    Process,
    /// Disks.
    Disk,
    /// Clocks.
    Clock,
    /// Traitors.
    Malicious,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Network, Self::Process, Self::Disk, Self::Clock, Self::Malicious];

    /// The name, as in activity tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Process => "process",
            Self::Disk => "disk",
            Self::Clock => "clock",
            Self::Malicious => "malicious",
        }
    }

    /// What it strikes.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Network => "links and messages",
            Self::Process => "processes and membership",
            Self::Disk => "disks",
            Self::Clock => "clocks",
            Self::Malicious => "traitors",
        }
    }
}

macro_rules! kinds {
    ($( $variant:ident, $family:ident, $name:literal, $key:literal, $about:literal; )*) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Kind {
            $( #[doc = $about] $variant, )*
        }

        impl Kind {
            /// All of them, family by family.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// What it is about.
            pub const fn family(self) -> Family {
                match self { $( Self::$variant => Family::$family ),* }
            }

            /// Its name, as lists and outcomes show it.
            pub const fn name(self) -> &'static str {
                match self { $( Self::$variant => $name ),* }
            }

            /// How a scenario writes it.
            pub const fn written(self) -> &'static str {
                match self { $( Self::$variant => $key ),* }
            }

            /// One line about it.
            pub const fn about(self) -> &'static str {
                match self { $( Self::$variant => $about ),* }
            }
        }
    };
}

kinds! {
    Isolate, Network, "isolate", "partition = { isolate = \"leader\", direction = \"outbound\" }",
        "Some slots are cut off from all others, in one direction or both.";
    Split, Network, "split", "partition = { split = \"halves\" }",
        "The members fall apart into groups that do not hear of each other.";
    Bridge, Network, "bridge", "partition = { split = \"bridge\" }",
        "Two halves that only one member, in both of them, connects.";
    MajoritiesRing, Network, "majorities-ring", "partition = { split = \"majorities-ring\" }",
        "Every member reaches a majority, and no two members reach the same one.";
    Links, Network, "links", "partition = { links = [[1, 2], [2, 3]] }",
        "Only the links that are listed stay; all others between members are cut.";
    OneWay, Network, "one-way", "partition = { from = \"n1\", to = \"n2\" }",
        "Messages from some slots to others are lost, those the other way arrive.";
    Flap, Network, "flap", "flap = { target = \"n1\", period = \"200ms\" }",
        "Links are cut and mended again and again.";
    Round, Network, "round", "round = { number = 2, leader = \"n1\", sides = [\"n1\", \"n2,n3,n4\"] }",
        "In one round of the protocol, some members do not hear of each other, or another one leads.";
    SlowLink, Network, "slow-link", "slow_link = { target = \"n1\", delay = { fixed = \"50ms\" } }",
        "Every message on some links takes longer.";
    Jam, Network, "jam", "jam = { from = \"n1\", to = \"n2\" }",
        "Messages on some links wait until the jam is over; no session ends.";
    Loss, Network, "loss", "loss = { probability = \"1/20\" }",
        "More messages are lost.";
    Spikes, Network, "spikes", "spikes = { probability = \"1/50\", delay = { fixed = \"300ms\" } }",
        "Some messages take much longer.";
    Reorder, Network, "reorder", "reorder = { probability = \"1/4\", within = \"20ms\" }",
        "Some messages are overtaken by later ones.";
    Duplicate, Network, "duplicate", "duplicate = { probability = \"1/20\" }",
        "Some messages arrive twice.";
    Corruption, Network, "corruption", "corruption = { probability = \"1/100\" }",
        "A bit of some messages flips, and a checksum finds it.";
    Bandwidth, Network, "bandwidth", "bandwidth = { target = \"n1\", bytes_per_second = 100000 }",
        "A sender gets only so many bytes per second through.";
    RateLimit, Network, "rate-limit", "rate_limit = { target = \"n1\", messages_per_second = 100 }",
        "A sender gets only so many messages per second through; the others wait.";
    Crash, Process, "crash", "crash = { target = \"leader\", restart_after = \"200ms\" }",
        "The process crashes; it restarts from its disk if `restart_after` is set.";
    Amnesia, Process, "amnesia", "amnesia = { target = \"n1\", restart_after = \"1s\" }",
        "A process stops and its disk is gone; it comes back as somebody new.";
    Pause, Process, "pause", "pause = { target = \"leader\" }",
        "A process stands still and then goes on as if nothing had happened.";
    SlowNode, Process, "slow-node", "slow = { target = \"n1\", percent = 1000, floor = \"5ms\" }",
        "Every step of a process takes longer.";
    Join, Process, "join", "join = { count = 1 }",
        "New members join.";
    Leave, Process, "leave", "leave = { target = \"random(1)\" }",
        "Members leave for good.";
    Detour, Process, "detour", "detour = { target = \"n1\", point = \"short-batch\", chance = \"1/20\" }",
        "A process takes a rare turn in its own code, where it asks for one with `cx.buggify`.";
    LoseTail, Disk, "lose-tail", "disk = { target = \"n1\", fault = \"lose-tail\" }",
        "A crash takes everything that was not synced.";
    TornTail, Disk, "torn-tail", "disk = { target = \"n1\", fault = \"tear-tail\" }",
        "A crash tears the first record that was not synced.";
    SlowSync, Disk, "slow-sync", "disk = { target = \"n1\", fault = { slow = { percent = 1000, extra = \"5ms\" } } }",
        "Syncs take longer.";
    FailingSync, Disk, "failing-sync", "disk = { target = \"n1\", fault = \"failing\" }",
        "Syncs fail.";
    FullDisk, Disk, "full-disk", "disk = { target = \"n1\", fault = \"full\" }",
        "Syncs report that the disk is full.";
    BitRot, Disk, "bit-rot", "disk = { target = \"n1\", fault = \"rot\" }",
        "A durable record no longer matches its checksum.";
    ClockStep, Clock, "clock-step", "clock = { target = \"n1\", forward = \"2s\" }",
        "A clock jumps forward or back.";
    ClockDrift, Clock, "clock-drift", "clock = { target = \"n1\", drift = \"200ppm\" }",
        "A clock runs too fast or too slow.";
    ClockFreeze, Clock, "clock-freeze", "clock = { target = \"n1\", freeze = true }",
        "A clock stands still.";
    Corrupt, Malicious, "corrupt", "corrupt = { target = \"leader\" }",
        "A slot becomes a traitor.";
    Twins, Malicious, "twins", "twins = { target = \"n1\", place = \"n2\" }",
        "A second copy of an identity runs in another slot, with the same keys.";
}

/// Faults made of others: a scenario writes one, the executed plan lists its parts under their own kinds.
///
/// Each is `(key, how a scenario writes it, one line about it)`.
pub const COMPOSITES: [(&str, &str, &str); 5] = [
    ("replace", "replace = { target = \"random(1)\" }", "Members leave for good and as many new ones join."),
    (
        "churn",
        "churn = { every = \"500ms\", how = \"mixed\" }",
        "Members join, leave or are replaced, one at a time.",
    ),
    (
        "rolling_restart",
        "rolling_restart = { target = \"all\", down = \"200ms\", gap = \"1s\" }",
        "One slot after the other is crashed and restarted.",
    ),
    (
        "upgrade",
        "upgrade = { target = \"all\", to = \"new\", down = \"500ms\", gap = \"500ms\" }",
        "One slot after the other stops and starts again as another version, one of `[versions]`.",
    ),
    (
        "adaptive",
        "adaptive = { target = \"next-leader\", every = \"2s\", count = 2 }",
        "An adversary corrupts whoever is about to lead, as long as its budget lasts.",
    ),
];

/// Keys that several kinds share: `(key, one line about it)`.
const SHARED: [(&str, &str); 3] = [
    ("partition", "Links are cut."),
    ("disk", "Something is wrong with disks."),
    ("clock", "Clocks are wrong."),
];

/// One line about a key under which a scenario writes faults; `None` if there is no such key.
pub fn about_key(key: &str) -> Option<&'static str> {
    let shared = SHARED.iter().copied().find(|(shared, _)| *shared == key);
    let composite = || COMPOSITES.iter().map(|(key, _, about)| (*key, *about)).find(|(name, _)| *name == key);
    let written_as =
        |kind: &Kind| kind.written().split_once(" = ").is_some_and(|(written, _)| written == key);
    let kind = || Kind::ALL.iter().find(|kind| written_as(kind)).map(|kind| (kind.name(), kind.about()));
    shared.or_else(composite).or_else(kind).map(|(_, about)| about)
}

#[cfg(test)]
mod tests {
    use super::{Family, Kind, about_key};
    use crate::fault::spec::FAULT_KEYS;

    #[test]
    fn every_key_has_its_line() {
        for key in FAULT_KEYS {
            assert!(about_key(key).is_some(), "{key}");
        }
        assert_eq!(about_key("loss"), Some(Kind::Loss.about()));
        assert_eq!(about_key("churn"), Some("Members join, leave or are replaced, one at a time."));
        assert_eq!(about_key("disk"), Some("Something is wrong with disks."));
        assert_eq!(about_key("torn-tail"), None);
    }

    #[test]
    fn names_are_the_serialized_ones_and_every_family_has_kinds() {
        for kind in Kind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.name());
        }
        for family in Family::ALL {
            assert_eq!(serde_json::to_value(family).unwrap(), family.name());
            assert!(Kind::ALL.iter().any(|kind| kind.family() == family));
        }
    }
}
