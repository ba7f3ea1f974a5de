//! Whom a fault strikes, as a scenario writes it: names, roles, counts, fractions.

mod slots;

use std::fmt;
use std::str::FromStr;

pub use slots::SlotList;

use super::domain::{DomainName, Level};
use crate::ratio::Ratio;
use crate::sorting::SortSeldom;
use crate::text::Named;

/// Some slots, by name, role, count or fraction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Selector {
    /// `all`: every member.
    All,
    /// `clients`: every client.
    Clients,
    /// `n3`: wherever this identity lives now, else the slot of its number. Counted from zero here, from one as
    /// written.
    Node(u32),
    /// `c2`: a client. Counted from zero here, from one as written.
    Client(u32),
    /// `slot(1-3,7)`: exactly these slots, as pinned plans name them; counted from one as written.
    Slots(SlotList),
    /// A role, as `leader`: one member in it, drawn if there are several. Of several leaders it is the one of the
    /// highest term; `leader`, `primary`, `proposer` and `coordinator` mean one another.
    Role(String),
    /// `every(follower)`: all members in a role.
    Every(String),
    /// `next-leader`: the likeliest to lead next, which is a member that does not lead and has come farthest.
    NextLeader,
    /// `random(2)`: so many members.
    Random(u32),
    /// `1/3` or `20%`: this share of the members, rounded down, at least one.
    Fraction(Ratio),
    /// `minority`: the largest number of members below a half.
    Minority,
    /// `quorum-minus-one`: one member less than a quorum.
    QuorumMinusOne,
    /// `event.node`: where the event happened that the fault waits for.
    EventNode,
    /// `zone(b)`: everybody in a failure domain. Slots stand in its place before a run.
    Domain(DomainName),
    /// `rest`: in the groups of a partition, everybody who is in no other group.
    Rest,
    /// `n1,n4`: all that any of these select.
    Union(Vec<Selector>),
}

/// What may be named in a run.
#[derive(Clone, Copy, Debug)]
pub struct Vocabulary<'a> {
    /// The protocol's name, for messages.
    pub protocol: &'a str,
    /// The number of members.
    pub members: u32,
    /// The number of clients.
    pub clients: u32,
    /// Whether there may be more slots later.
    pub grows: bool,
    /// The protocol's roles.
    pub roles: &'a [&'a str],
    /// The protocol's kinds of observations.
    pub observations: &'a [&'a str],
    /// The protocol's kinds of messages.
    pub messages: &'a [&'a str],
    /// Those of them that tell their round.
    pub rounds: &'a [&'a str],
    /// Failure domains.
    pub domains: &'a [DomainName],
}

/// A target that does not exist, with the nearest that does and all that do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown target \"{text}\"{}; expected {allowed}", suggestion(nearest.as_deref()))]
pub struct UnknownTarget {
    /// As it was written.
    pub text: String,
    /// The nearest valid name, if one is near.
    pub nearest: Option<String>,
    /// What may be written.
    pub allowed: String,
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |nearest| format!(", did you mean \"{nearest}\"?"))
}

/// Names that mean the one who leads, whatever the protocol calls it.
pub const LEADERS: [&str; 4] = ["leader", "primary", "proposer", "coordinator"];

/// Selectors that are plain words, with what they mean.
const WORDS: [(&str, Selector); 7] = [
    ("all", Selector::All),
    ("clients", Selector::Clients),
    ("minority", Selector::Minority),
    ("quorum-minus-one", Selector::QuorumMinusOne),
    ("next-leader", Selector::NextLeader),
    ("event.node", Selector::EventNode),
    ("rest", Selector::Rest),
];

/// What may be named besides a protocol's roles, one of each form, with what it means.
pub const TARGETS: &[Named] = &[
    Named { name: "all", about: "every member" },
    Named { name: "clients", about: "every client" },
    Named { name: "n3", about: "one member by its name, counted from n1, wherever that identity lives now" },
    Named { name: "c2", about: "one client by its name, counted from c1" },
    Named {
        name: "slot(1-3,7)",
        about: "exactly these slots, whoever lives there, as pinned plans name them",
    },
    Named { name: "every(follower)", about: "all members in a role" },
    Named {
        name: "next-leader",
        about: "the likeliest to lead next: a member that does not lead and has come farthest",
    },
    Named { name: "random(2)", about: "so many members, drawn" },
    Named { name: "1/3", about: "this share of the members, rounded down, at least one; 20% is a share too" },
    Named { name: "minority", about: "the largest number of members below a half, drawn" },
    Named { name: "quorum-minus-one", about: "one member less than a quorum, drawn" },
    Named { name: "event.node", about: "where the event happened that the fault waits for" },
    Named {
        name: "zone(b)",
        about: "everybody in this zone of [domains]; machine(b) and region(b) likewise",
    },
    Named { name: "rest", about: "in the groups of a partition, everybody who is in no other group" },
];

impl Selector {
    /// Whether it needs an event.
    pub fn needs_event(&self) -> bool {
        match self {
            Self::EventNode => true,
            Self::Union(parts) => parts.iter().any(Self::needs_event),
            _ => false,
        }
    }

    /// Whether it asks for the rest.
    pub fn has_rest(&self) -> bool {
        match self {
            Self::Rest => true,
            Self::Union(parts) => parts.iter().any(Self::has_rest),
            _ => false,
        }
    }

    /// Puts slots in the place of the domains that it names; whether it names any.
    pub fn place(&mut self, slots_of: &dyn Fn(&DomainName) -> SlotList) -> bool {
        match self {
            Self::Domain(name) => {
                let slots = slots_of(name);
                *self = Self::Slots(slots);
                true
            }
            Self::Union(parts) => parts.iter_mut().fold(false, |named, part| part.place(slots_of) | named),
            _ => false,
        }
    }

    /// Whether every name in it exists.
    ///
    /// # Errors
    /// The first that does not, with what would.
    pub fn check(&self, vocabulary: &Vocabulary<'_>) -> Result<(), UnknownTarget> {
        let known = match self {
            Self::Node(index) => *index < vocabulary.members,
            Self::Client(index) => *index < vocabulary.clients,
            Self::Clients => vocabulary.clients > 0,
            Self::Role(role) | Self::Every(role) => has_role(vocabulary.roles, role),
            Self::Slots(slots) => {
                let slots_there = u64::from(vocabulary.members) + u64::from(vocabulary.clients);
                vocabulary.grows || slots.last().is_none_or(|last| u64::from(last.0) < slots_there)
            }
            Self::Domain(name) => vocabulary.domains.contains(name),
            Self::Union(parts) => return parts.iter().try_for_each(|part| part.check(vocabulary)),
            _ => true,
        };
        if known { Ok(()) } else { Err(unknown(&self.to_string(), vocabulary)) }
    }
}

fn has_role(roles: &[&str], role: &str) -> bool {
    roles.contains(&role) || (LEADERS.contains(&role) && roles.iter().any(|known| LEADERS.contains(known)))
}

/// Whether a process that says it is in role `is` is what `wanted` means.
pub fn in_role(wanted: &str, is: &str) -> bool {
    wanted == is || (LEADERS.contains(&wanted) && LEADERS.contains(&is))
}

/// The error for a target that does not exist in this vocabulary.
fn unknown(text: &str, vocabulary: &Vocabulary<'_>) -> UnknownTarget {
    let roles = vocabulary.roles;
    let leader = roles.iter().find(|role| LEADERS.contains(role)).copied().unwrap_or("leader");
    let mut allowed: Vec<String> = roles.iter().map(|role| (*role).to_owned()).collect();
    allowed.push(format!("next-{leader}"));
    allowed.extend(roles.first().map(|_| "every(ROLE)".to_owned()));
    let forms = ["random(K)", "1/3", "minority", "quorum-minus-one", "all"];
    allowed.extend(forms.map(str::to_owned));
    allowed.push(format!("n1..n{}", vocabulary.members));
    if vocabulary.clients > 0 {
        allowed.push(format!("c1..c{}", vocabulary.clients));
        allowed.push("clients".to_owned());
    }
    allowed.push("event.node".to_owned());
    allowed.extend(vocabulary.domains.iter().take(MOST_SHOWN).map(ToString::to_string));
    let names = (0..vocabulary.members).map(|index| format!("n{}", index + 1));
    let nearest = nearest(text, allowed.iter().cloned().chain(names.take(1_000)));
    let of =
        if vocabulary.protocol.is_empty() { String::new() } else { format!("for {}: ", vocabulary.protocol) };
    UnknownTarget { text: text.to_owned(), nearest, allowed: format!("{of}{}", allowed.join(", ")) }
}

/// So many domains are listed at most.
const MOST_SHOWN: usize = 50;

/// No name is longer.
const LONGEST_NAME: usize = 100;

/// The candidate that a misspelled word most likely meant: at most a third of its letters differ.
pub fn nearest<T: AsRef<str>>(text: &str, candidates: impl IntoIterator<Item = T>) -> Option<String> {
    let text = text.to_ascii_lowercase();
    // Comparing takes the product of both lengths, and nobody means a short word by a long text.
    if text.len() > LONGEST_NAME {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| {
            let candidate = candidate.as_ref();
            (strsim::damerau_levenshtein(&text, &candidate.to_ascii_lowercase()), candidate.to_owned())
        })
        .filter(|(distance, candidate)| *distance * 3 <= candidate.len().max(text.len()))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

impl FromStr for Selector {
    type Err = UnknownTarget;

    fn from_str(text: &str) -> Result<Self, UnknownTarget> {
        let parts = split_outside_parentheses(text);
        if let [one] = parts[..] {
            return parse_one(one.trim());
        }
        parts.into_iter().map(|part| parse_one(part.trim())).collect::<Result<_, _>>().map(Self::union)
    }
}

impl Selector {
    /// All that any of these select. The order of names says nothing, nor does a name that stands twice.
    fn union(mut parts: Vec<Self>) -> Self {
        let number = |part: &Self| match part {
            Self::Node(index) => Some((0, *index)),
            Self::Client(index) => Some((1, *index)),
            _ => None,
        };
        if parts.iter().all(|part| number(part).is_some()) {
            parts.sort_seldom_by_key(number);
            parts.dedup();
        }
        if parts.len() == 1 { parts.swap_remove(0) } else { Self::Union(parts) }
    }
}

fn split_outside_parentheses(text: &str) -> Vec<&str> {
    let mut depth = 0_u32;
    text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    })
    .collect()
}

fn parse_one(text: &str) -> Result<Selector, UnknownTarget> {
    let nobody = Vocabulary {
        protocol: "",
        members: 1,
        clients: 1,
        grows: true,
        roles: &["leader", "follower"],
        observations: &[],
        messages: &[],
        rounds: &[],
        domains: &[],
    };
    parse_known(text).ok_or_else(|| unknown(text, &nobody))
}

fn parse_known(text: &str) -> Option<Selector> {
    if let Some((_, selector)) = WORDS.iter().find(|(word, _)| *word == text) {
        return Some(selector.clone());
    }
    if let Some((form, inside)) = text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        return match form.trim() {
            "random" => inside.trim().parse().ok().filter(|count| *count > 0).map(Selector::Random),
            "every" => role_name(inside.trim()).map(Selector::Every),
            "slot" => SlotList::parse(inside).map(Selector::Slots),
            level => {
                let (level, name) = (Level::of_name(level)?, inside.trim());
                let named = super::domain::is_domain_name(name);
                named.then(|| Selector::Domain(DomainName { level, name: name.to_owned() }))
            }
        };
    }
    if text.contains('/') || text.ends_with('%') {
        return text.parse().ok().filter(|share: &Ratio| !share.is_zero()).map(Selector::Fraction);
    }
    if let Some(index) = numbered(text, 'n') {
        return Some(Selector::Node(index));
    }
    if let Some(index) = numbered(text, 'c') {
        return Some(Selector::Client(index));
    }
    if text.strip_prefix("next-").is_some_and(|role| LEADERS.contains(&role)) {
        return Some(Selector::NextLeader);
    }
    // "n0" is a slip, not a role.
    let digits = text.strip_prefix(['n', 'c']).unwrap_or_default();
    let like_a_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if like_a_number { None } else { role_name(text).map(Selector::Role) }
}

/// `n3` is number 2.
fn numbered(text: &str, letter: char) -> Option<u32> {
    let digits = text.strip_prefix(letter)?;
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse::<u32>().ok()?.checked_sub(1))?
}

fn role_name(text: &str) -> Option<String> {
    let letters = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let named = text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.bytes().all(letters);
    named.then(|| text.to_owned())
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(index) => write!(f, "n{}", u64::from(*index) + 1),
            Self::Client(index) => write!(f, "c{}", u64::from(*index) + 1),
            Self::Slots(slots) => write!(f, "slot({slots})"),
            Self::Role(role) => f.write_str(role),
            Self::Every(role) => write!(f, "every({role})"),
            Self::Random(count) => write!(f, "random({count})"),
            Self::Fraction(share) => write!(f, "{share}"),
            Self::Domain(name) => name.fmt(f),
            Self::Union(parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                f.write_str(&parts.join(","))
            }
            word => {
                let found = WORDS.iter().find(|(_, selector)| selector == word);
                f.write_str(found.map_or("", |(word, _)| word))
            }
        }
    }
}

crate::serde_as_text!(Selector);

#[cfg(test)]
mod tests;
