//! `[domains]`: machines, zones and regions, and who is placed on them.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sim_core::distribution::RegionMatrix;
use sim_core::fault::domain::{DomainName, Level, is_domain_name};
use sim_core::fault::{FaultEntry, Selector, SlotList};
use sim_core::identity::Slot;
use sim_core::ordered::OrderedMap;

/// Failure domains, a level at a time. A level may be made of the domains of a lower one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Domains {
    /// Machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machines: Option<Rooms>,
    /// Zones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zones: Option<Rooms>,
    /// Regions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions: Option<Rooms>,
    /// How those levels are filled of which only the number is written.
    #[serde(skip_serializing_if = "Filling::is_usual")]
    pub placement: Filling,
}

/// The domains of a level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rooms {
    /// So many, named 1, 2, 3 ..., filled in turn.
    Count(u32),
    /// By name, with what is in each: nodes, clients, domains of a lower level.
    Named(OrderedMap<String, Vec<String>>),
}

/// Who goes where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filling {
    /// The first in the first, the second in the second, and after the last the first again.
    #[default]
    RoundRobin,
    /// The first ones in the first, and so on.
    Blocks,
}

impl Filling {
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Which of `rooms` the one at `index` of `all` goes to.
    fn room(self, index: u32, all: u32, rooms: u32) -> u32 {
        match self {
            Self::RoundRobin => index % rooms.max(1),
            Self::Blocks => (u64::from(index) * u64::from(rooms) / u64::from(all.max(1))) as u32,
        }
    }
}

/// A domain and its slots, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Domain {
    /// Its name.
    pub name: DomainName,
    /// Who is there, members and clients.
    pub slots: Vec<Slot>,
}

/// What is wrong with the domains, and where: keys below `domains`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Misplaced {
    pub(crate) path: Vec<String>,
    pub(crate) title: String,
    /// A name that was not known, among those that are.
    pub(crate) unknown: Option<(String, Vec<String>)>,
}

/// More domains of one level are a mistake.
const MOST: u32 = 100_000;

impl Domains {
    fn level(&self, level: Level) -> Option<&Rooms> {
        match level {
            Level::Machine => self.machines.as_ref(),
            Level::Zone => self.zones.as_ref(),
            Level::Region => self.regions.as_ref(),
        }
    }

    /// Every domain in a run of so many members and clients, the regions of its network among them.
    pub(crate) fn of(
        &self,
        network: Option<&RegionMatrix>,
        members: u32,
        clients: u32,
    ) -> Result<Vec<Domain>, Misplaced> {
        let mut placing = Placing { filling: self.placement, members, clients, domains: Vec::new() };
        for level in Level::ALL {
            match (self.level(level), network) {
                (Some(_), Some(_)) if level == Level::Region => {
                    let title = "[network.regions] places everybody in regions already".to_owned();
                    return Err(Misplaced { path: vec!["regions".to_owned()], title, unknown: None });
                }
                (None, Some(matrix)) if level == Level::Region => placing.network(matrix),
                (Some(Rooms::Count(count)), _) => placing.count(level, *count)?,
                (Some(Rooms::Named(rooms)), _) => placing.named(level, rooms)?,
                (None, _) => {}
            }
        }
        Ok(placing.domains)
    }
}

struct Placing {
    filling: Filling,
    members: u32,
    clients: u32,
    domains: Vec<Domain>,
}

impl Placing {
    /// The domains of the nearest level below that has any.
    fn below(&self, level: Level) -> Vec<usize> {
        let lower = Level::ALL.into_iter().rev().filter(|lower| *lower < level);
        let of = |level: Level| -> Vec<usize> {
            let all = self.domains.iter().enumerate();
            all.filter(|(_, domain)| domain.name.level == level).map(|(index, _)| index).collect()
        };
        lower.map(of).find(|found| !found.is_empty()).unwrap_or_default()
    }

    fn put(&mut self, level: Level, name: String, mut slots: Vec<Slot>) {
        slots.sort_unstable();
        slots.dedup();
        self.domains.push(Domain { name: DomainName { level, name }, slots });
    }

    fn count(&mut self, level: Level, count: u32) -> Result<(), Misplaced> {
        if !(1..=MOST).contains(&count) {
            let title = format!("expected 1 to {MOST} {}, found {count}", level.plural());
            return Err(Misplaced { path: vec![level.plural().to_owned()], title, unknown: None });
        }
        let mut rooms: Vec<Vec<Slot>> = vec![Vec::new(); count as usize];
        let below = self.below(level);
        if below.is_empty() {
            for (first, all) in [(0, self.members), (self.members, self.clients)] {
                for index in 0..all {
                    rooms[self.filling.room(index, all, count) as usize].push(Slot(first + index));
                }
            }
        } else {
            let all = u32::try_from(below.len()).unwrap_or(u32::MAX);
            for (index, domain) in (0..).zip(below) {
                let room = self.filling.room(index, all, count) as usize;
                rooms[room].extend_from_slice(&self.domains[domain].slots);
            }
        }
        for (number, slots) in (1..).zip(rooms) {
            self.put(level, number.to_string(), slots);
        }
        Ok(())
    }

    fn named(&mut self, level: Level, rooms: &OrderedMap<String, Vec<String>>) -> Result<(), Misplaced> {
        let mut taken: OrderedMap<Slot, String> = OrderedMap::new();
        for (name, inside) in rooms {
            let path = |more: &[&str]| -> Vec<String> {
                [level.plural(), name.as_str()].iter().chain(more).map(|part| (*part).to_owned()).collect()
            };
            if !is_domain_name(name) {
                let title =
                    "a domain is named with letters, digits, hyphens, underscores and points".to_owned();
                return Err(Misplaced { path: path(&[]), title, unknown: None });
            }
            let mut slots = Vec::new();
            for (index, text) in inside.iter().enumerate() {
                let here = path(&[&index.to_string()]);
                let found = self.inside(level, text).map_err(|(title, known)| {
                    let unknown = Some((text.clone(), known));
                    Misplaced { path: here.clone(), title, unknown }
                })?;
                for slot in found {
                    let other = taken.insert(slot, name.clone());
                    if let Some(other) = other.filter(|other| other != name) {
                        let title =
                            format!("{} is in {}({other}) already", self.slot_name(slot), level.name());
                        return Err(Misplaced { path: here, title, unknown: None });
                    }
                    slots.push(slot);
                }
            }
            self.put(level, name.clone(), slots);
        }
        Ok(())
    }

    fn slot_name(&self, slot: Slot) -> String {
        match slot.0.checked_sub(self.members) {
            None => format!("n{}", u64::from(slot.0) + 1),
            Some(client) => format!("c{}", u64::from(client) + 1),
        }
    }

    /// The slots of a node, a client, several of them in a row (`n1-n20`), or a domain of a lower level.
    fn inside(&self, level: Level, text: &str) -> Result<Vec<Slot>, (String, Vec<String>)> {
        let below: Vec<&Domain> = self.domains.iter().filter(|domain| domain.name.level < level).collect();
        if let Some(domain) = below.iter().rev().find(|domain| domain.name.name == text) {
            return Ok(domain.slots.clone());
        }
        let (from, to) = text.split_once('-').unwrap_or((text, text));
        let slot = |text: &str| match text.trim().parse::<Selector>() {
            Ok(Selector::Node(index)) => Some((0, index)),
            Ok(Selector::Client(index)) => Some((self.members, index)),
            _ => None,
        };
        match (slot(from), slot(to)) {
            (Some((first, from)), Some((other, to))) if first == other && from <= to => {
                let count = if first == 0 { self.members } else { self.clients };
                if to >= count {
                    return Err((format!("there is no {text}: {}", self.there()), Vec::new()));
                }
                Ok((from..=to).map(|index| Slot(first + index)).collect())
            }
            _ => {
                let known = below.iter().map(|domain| domain.name.name.clone());
                let known = known.chain((1..=self.members.min(100)).map(|index| format!("n{index}")));
                Err((format!("nobody is called \"{text}\""), known.collect()))
            }
        }
    }

    fn there(&self) -> String {
        match self.clients {
            0 => format!("the nodes are n1 to n{}, and there are no clients", self.members),
            clients => format!("the nodes are n1 to n{}, the clients c1 to c{clients}", self.members),
        }
    }

    /// The regions of a network that has some, as far as they can be placed.
    fn network(&mut self, matrix: &RegionMatrix) {
        let Ok(sampler) = matrix.compile(self.members, self.clients) else { return };
        for (region, name) in matrix.regions.iter().enumerate().filter(|(_, name)| is_domain_name(name)) {
            let all = (0..self.members + self.clients).map(Slot);
            let slots = all.filter(|slot| sampler.region_of(slot.index()) == region).collect();
            self.put(Level::Region, name.clone(), slots);
        }
    }
}

/// Puts slots in the place of the domains that faults name. A fault that names one may exceed the budget: whoever writes it
/// wants the whole of it.
pub(crate) fn place(entries: &mut [FaultEntry], domains: &[Domain], written: bool) {
    let slots_of = |name: &DomainName| -> SlotList {
        let found = domains.iter().find(|domain| domain.name == *name);
        found.map(|domain| domain.slots.iter().copied().collect()).unwrap_or_default()
    };
    for entry in entries {
        let mut named = false;
        for selector in entry.what.selectors_mut() {
            named |= selector.place(&slots_of);
        }
        entry.over_budget |= named && written;
    }
}

impl Serialize for Rooms {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Named(rooms) => rooms.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Rooms {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Rooms;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or a table of names as { a = [\"n1\", \"n2\"], b = [\"n3\"] }")
            }

            fn visit_u64<E: Error>(self, count: u64) -> Result<Rooms, E> {
                Ok(Rooms::Count(u32::try_from(count).unwrap_or(u32::MAX)))
            }

            fn visit_i64<E: Error>(self, count: i64) -> Result<Rooms, E> {
                let wrong = |_| E::invalid_value(serde::de::Unexpected::Signed(count), &self);
                u32::try_from(count).map(Rooms::Count).map_err(wrong)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rooms, A::Error> {
                Deserialize::deserialize(MapAccessDeserializer::new(map)).map(Rooms::Named)
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use sim_core::fault::spec::Fault;

    use crate::plan::compile;
    use crate::testing::{LEAST, toml};

    const ZONES: &str = "[domains]\nzones = { a = [\"n1\", \"n2\"], b = [\"n3-n4\"] }\nregions = { eu = [\"a\"], us = [\"b\"] }\n";

    fn complaint(more: &str) -> String {
        toml(&format!("{LEAST}{more}")).map_or_else(|problems| problems.render(false), |_| String::new())
    }

    fn crash(target: &str) -> String {
        format!("[[faults]]\nat = \"1s\"\ncrash = {{ target = \"{target}\", restart_after = \"100ms\" }}\n")
    }

    #[test]
    fn domains_have_names_that_exist_and_members_that_exist() {
        for (text, expected) in [
            (format!("{ZONES}{}", crash("zone(b)")), ""),
            (format!("{ZONES}{}", crash("region(eu),n4")), ""),
            (format!("{ZONES}{}", crash("zone(c)")), "unknown target \"zone(c)\""),
            (format!("{ZONES}{}", crash("zone(bb)")), "did you mean \"zone(b)\"?"),
            (crash("zone(b)"), "unknown target \"zone(b)\""),
            ("[domains]\nzones = { a = [\"n9\"] }\n".to_owned(), "there is no n9: the nodes are n1 to n4"),
            ("[domains]\nzones = { a = [\"n1\"], b = [\"n1\"] }\n".to_owned(), "n1 is in zone(a) already"),
            (
                "[domains]\nzones = { a = [\"n1\"] }\nregions = { eu = [\"aa\"] }\n".to_owned(),
                "nobody is called \"aa\"",
            ),
            ("[domains]\nzones = { \"a b\" = [\"n1\"] }\n".to_owned(), "a domain is named with letters"),
            ("[domains]\nzones = 0\n".to_owned(), "expected 1 to 100000 zones, found 0"),
            ("[domains]\nzones = \"two\"\n".to_owned(), "a number, or a table of names"),
            ("[domains]\nzoens = 2\n".to_owned(), "did you mean \"zones\"?"),
            (
                format!(
                    "{ZONES}[[faults]]\nat = \"1s\"\npartition = {{ groups = [\"region(eu)\", \"rest\"] }}\n"
                ),
                "",
            ),
            (format!("{ZONES}{}", crash("rest")), "rest stands in partition.groups only"),
        ] {
            let found = complaint(&text);
            assert_eq!(found.is_empty(), expected.is_empty(), "{text}: {found}");
            assert!(found.contains(expected), "{text}: {found}");
            assert!(found.is_empty() || found.contains("test.toml:"), "{text}: {found}");
        }
    }

    #[test]
    fn a_run_knows_slots_and_what_is_written_may_exceed_the_budget() {
        let of = |domains: &str, target: &str| {
            let setup = compile(&toml(&format!("{LEAST}{domains}{}", crash(target))).unwrap(), 1, &[]).setup;
            let entry = setup.faults.entries[0].clone();
            let Fault::Crash(crash) = &entry.what else { panic!("{entry:?}") };
            (crash.target.to_string(), entry.over_budget)
        };
        assert_eq!(of(ZONES, "zone(b)"), ("slot(3-4)".to_owned(), true));
        assert_eq!(of(ZONES, "region(eu)"), ("slot(1-2)".to_owned(), true));
        assert_eq!(of(ZONES, "n1"), ("n1".to_owned(), false));
        assert_eq!(of("[domains]\nzones = 2\n", "zone(1)"), ("slot(1,3)".to_owned(), true));
        assert_eq!(
            of("[domains]\nzones = 2\nplacement = \"blocks\"\n", "zone(1)"),
            ("slot(1-2)".to_owned(), true)
        );
        assert_eq!(of("[domains]\nmachines = 4\nzones = 2\n", "zone(2)"), ("slot(2,4)".to_owned(), true));
        let matrix = "[network.regions]\nregions = [\"eu\", \"us\"]\nlatency = [[\"1ms\", \"9ms\"], [\"9ms\", \"1ms\"]]\n";
        assert_eq!(of(matrix, "region(us)"), ("slot(2,4)".to_owned(), true));
    }

    #[test]
    fn a_swarm_strikes_whole_domains_only_if_they_fit_the_budget() {
        // The toy bears one crashed member of four: zone a has one, zone b three.
        let text = format!(
            "{LEAST}[domains]\nzones = {{ a = [\"n1\"], b = [\"n2-n4\"] }}\n[swarm]\nfamilies = \"all\"\n"
        );
        let loaded = toml(&text).unwrap();
        let (mut small, mut large, mut cuts) = (0, 0, 0);
        for seed in 0..400 {
            for entry in compile(&loaded, seed, &[]).setup.faults.entries {
                assert!(!entry.over_budget);
                let names = entry.what.selectors().iter().map(ToString::to_string).collect::<Vec<_>>();
                let is = |name: &str| names.iter().any(|known| known == name);
                match &entry.what {
                    Fault::Partition(_) | Fault::Flap(_) | Fault::Links(_) => {
                        cuts += u32::from(is("slot(2-4)"));
                    }
                    _ => {
                        small += u32::from(is("slot(1)"));
                        large += u32::from(is("slot(2-4)"));
                    }
                }
            }
        }
        assert!(small > 50 && cuts > 50 && large == 0, "{small} {large} {cuts}");
    }
}
