//! `[[measure]]`: one number per run, read from what processes report and send and from what went wrong.
//!
//! Measures look on: a run with measures is the run without them, bit for bit.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::identity::NodeName;
use crate::time::Duration;

/// One number per run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// How the outcome names it.
    pub name: String,
    /// What it is.
    pub what: MeasureOf,
}

/// What a measure is. Times are true times in nanoseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MeasureOf {
    /// The time of the first observation that fits, or of the `nth`.
    FirstTime(Pattern),
    /// The time of the latest observation that fits.
    LastTime(Pattern),
    /// How many observations fit.
    Count(Pattern),
    /// The rank (term, view, round) of whoever made the first observation that fits (or the `nth`), just after it.
    RankAt(Pattern),
    /// The highest rank among observations that fit.
    HighestRank(Pattern),
    /// The time from one point to another. Absent unless both came, in this order.
    Between {
        /// From here.
        from: Point,
        /// To here.
        to: Point,
    },
    /// The share of members in a role at the end, in parts per million.
    ShareInRole(String),
    /// How many messages that fit were sent, one per recipient.
    Sent(Pattern),
}

/// Observations, or messages. Written as the kind's name alone, or as a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The kind's name, as `BecameLeader`.
    pub kind: String,
    /// Only what this member reports or sends.
    pub node: Option<NodeName>,
    /// Only what is reported about one of these members.
    pub about: Option<Vec<NodeName>>,
    /// Only what is reported or sent by whoever is in this role, just after it.
    pub role: Option<String>,
    /// Only what is reported by whoever was in this role just before.
    pub was: Option<String>,
    /// Only what happens at this time or later.
    pub since: Option<Duration>,
    /// Only what happens before this time.
    pub until: Option<Duration>,
    /// Which one, counting from one.
    pub nth: Option<u64>,
}

/// A point in a run: an observation, written as a [`Pattern`], or a fault, written `{ fault = "crash" }`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Point {
    /// The first observation that fits, or the `nth`.
    Observed(Pattern),
    /// The beginning of a fault of this kind that was not refused.
    Fault {
        /// The kind, as `list faults` names it.
        fault: crate::fault::Kind,
        /// Which one, counting from one.
        nth: u64,
    },
}

impl Pattern {
    /// Everything of a kind.
    pub fn of(kind: &str) -> Self {
        let kind = kind.to_owned();
        Self { kind, node: None, about: None, role: None, was: None, since: None, until: None, nth: None }
    }

    fn is_plain(&self) -> bool {
        *self == Self::of(&self.kind)
    }
}

impl MeasureOf {
    /// The patterns of observations in it, each with the keys that lead to it from `what`.
    pub fn observed(&self) -> Vec<(Vec<&'static str>, &Pattern)> {
        fn end<'a>(key: &'static str, point: &'a Point) -> Option<(Vec<&'static str>, &'a Pattern)> {
            match point {
                Point::Observed(pattern) => Some((vec!["between", key], pattern)),
                Point::Fault { .. } => None,
            }
        }
        match self {
            Self::FirstTime(pattern) => vec![(vec!["first_time"], pattern)],
            Self::LastTime(pattern) => vec![(vec!["last_time"], pattern)],
            Self::Count(pattern) => vec![(vec!["count"], pattern)],
            Self::RankAt(pattern) => vec![(vec!["rank_at"], pattern)],
            Self::HighestRank(pattern) => vec![(vec!["highest_rank"], pattern)],
            Self::Between { from, to } => end("from", from).into_iter().chain(end("to", to)).collect(),
            Self::ShareInRole(_) | Self::Sent(_) => Vec::new(),
        }
    }

    /// The members that it names, each with the keys that lead there from `what`.
    pub fn nodes(&self) -> Vec<(Vec<&'static str>, NodeName)> {
        let sent = match self {
            Self::Sent(pattern) => pattern.node.map(|node| (vec!["sent", "node"], node)),
            _ => None,
        };
        let at = |path: &[&'static str], key| path.iter().copied().chain([key]).collect();
        let of_pattern = |(path, pattern): (Vec<&'static str>, &Pattern)| {
            let node = pattern.node.map(|node| (at(&path, "node"), node));
            let about = pattern.about.iter().flatten().map(|node| (at(&path, "about"), *node));
            node.into_iter().chain(about).collect::<Vec<_>>()
        };
        sent.into_iter().chain(self.observed().into_iter().flat_map(of_pattern)).collect()
    }

    /// A key that stands where it means nothing, with the keys that lead to it.
    pub fn misplaced(&self) -> Option<(Vec<&'static str>, &'static str)> {
        let refuse = |key: &'static str, name: &'static str| Some((vec![key, name], name));
        match self {
            Self::Count(pattern) if pattern.nth.is_some() => refuse("count", "nth"),
            Self::LastTime(pattern) if pattern.nth.is_some() => refuse("last_time", "nth"),
            Self::HighestRank(pattern) if pattern.nth.is_some() => refuse("highest_rank", "nth"),
            Self::Sent(pattern) if pattern.nth.is_some() => refuse("sent", "nth"),
            Self::Sent(pattern) if pattern.was.is_some() => refuse("sent", "was"),
            Self::Sent(pattern) if pattern.about.is_some() => refuse("sent", "about"),
            _ => None,
        }
    }
}

/// A pattern as a table, and the table of a fault.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RawPattern {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<crate::fault::Kind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    node: Option<NodeName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<Vec<NodeName>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Duration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    nth: Option<u64>,
}

/// A pattern or a fault that says too little or too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// No kind.
    #[error("read what is measured: expected kind = \"..\", the name of an observation or message")]
    Kind,
    /// Neither or both.
    #[error("read a point: expected exactly one of kind and fault")]
    Point,
    /// A fault is narrowed by nothing but `nth`.
    #[error("read a point: a fault takes no key but nth")]
    Fault,
    /// Counting from zero.
    #[error("read what is measured: nth counts from 1")]
    Nth,
    /// An empty window.
    #[error("read what is measured: since must be before until")]
    Window,
}

impl TryFrom<RawPattern> for Pattern {
    type Error = PatternError;

    fn try_from(raw: RawPattern) -> Result<Self, PatternError> {
        let RawPattern { kind, fault, node, about, role, was, since, until, nth } = raw;
        let Some(kind) = kind.filter(|_| fault.is_none()) else { return Err(PatternError::Kind) };
        if nth == Some(0) {
            return Err(PatternError::Nth);
        }
        if since.zip(until).is_some_and(|(since, until)| since >= until) {
            return Err(PatternError::Window);
        }
        Ok(Self { kind, node, about, role, was, since, until, nth })
    }
}

impl TryFrom<RawPattern> for Point {
    type Error = PatternError;

    fn try_from(raw: RawPattern) -> Result<Self, PatternError> {
        match (raw.fault, &raw.kind) {
            (None, Some(_)) => Pattern::try_from(raw).map(Self::Observed),
            (Some(fault), None) => {
                if [raw.node.is_some(), raw.about.is_some(), raw.role.is_some(), raw.was.is_some()]
                    .contains(&true)
                    || raw.since.is_some()
                    || raw.until.is_some()
                {
                    return Err(PatternError::Fault);
                }
                let nth = raw.nth.unwrap_or(1);
                if nth == 0 { Err(PatternError::Nth) } else { Ok(Self::Fault { fault, nth }) }
            }
            _ => Err(PatternError::Point),
        }
    }
}

impl From<Pattern> for RawPattern {
    fn from(pattern: Pattern) -> Self {
        let Pattern { kind, node, about, role, was, since, until, nth } = pattern;
        Self { kind: Some(kind), fault: None, node, about, role, was, since, until, nth }
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_plain() {
            self.kind.serialize(serializer)
        } else {
            RawPattern::from(self.clone()).serialize(serializer)
        }
    }
}

impl Serialize for Point {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Observed(pattern) => pattern.serialize(serializer),
            Self::Fault { fault, nth } => {
                let nth = (*nth != 1).then_some(*nth);
                RawPattern { fault: Some(*fault), nth, ..RawPattern::default() }.serialize(serializer)
            }
        }
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(NameOrTable)
            .and_then(|raw| Self::try_from(raw).map_err(D::Error::custom))
    }
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer
            .deserialize_any(NameOrTable)
            .and_then(|raw| Self::try_from(raw).map_err(D::Error::custom))
    }
}

/// A kind's name alone, or a table.
struct NameOrTable;

impl<'de> Visitor<'de> for NameOrTable {
    type Value = RawPattern;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the name of a kind, as \"BecameLeader\", or a table as { kind = \"BecameLeader\", nth = 2 }",
        )
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RawPattern, E> {
        Ok(RawPattern { kind: Some(text.to_owned()), ..RawPattern::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<RawPattern, A::Error> {
        RawPattern::deserialize(MapAccessDeserializer::new(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Kind;

    fn read(text: &str) -> Result<MeasureOf, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn every_form_reads_and_writes_back() {
        let leader = Pattern::of("BecameLeader");
        let second = Pattern { nth: Some(2), node: Some(NodeName(4)), ..leader.clone() };
        let crash = Point::Fault { fault: Kind::Crash, nth: 1 };
        for (text, measure) in [
            (r#"{"first_time":"BecameLeader"}"#, MeasureOf::FirstTime(leader.clone())),
            (r#"{"rank_at":{"kind":"BecameLeader","node":"n5","nth":2}}"#, MeasureOf::RankAt(second.clone())),
            (
                r#"{"between":{"from":{"fault":"crash"},"to":{"kind":"BecameLeader","node":"n5","nth":2}}}"#,
                MeasureOf::Between { from: crash, to: Point::Observed(second) },
            ),
            (
                r#"{"highest_rank":{"kind":"BecameLeader","until":"5s"}}"#,
                MeasureOf::HighestRank(Pattern { until: Some(Duration::from_secs(5)), ..leader.clone() }),
            ),
        ] {
            assert_eq!(read(text).as_ref(), Ok(&measure), "{text}");
            assert_eq!(serde_json::to_string(&measure).unwrap(), text);
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (text, complaint) in [
            (r#"{"count":{"nth":1}}"#, "expected kind"),
            (r#"{"count":{"kind":"A","knid":"B"}}"#, "unknown field `knid`"),
            (r#"{"count":{"fault":"crash"}}"#, "expected kind"),
            (r#"{"rank_at":{"kind":"A","nth":0}}"#, "nth counts from 1"),
            (r#"{"count":{"kind":"A","since":"2s","until":"2s"}}"#, "since must be before until"),
            (r#"{"between":{"from":"A","to":{"fault":"crash","node":"n1"}}}"#, "no key but nth"),
            (
                r#"{"between":{"from":"A","to":{"fault":"crash","kind":"A"}}}"#,
                "exactly one of kind and fault",
            ),
            (r#"{"count":{"kind":"A","node":"n0"}}"#, "is no node"),
            (r#"{"count":3}"#, "the name of a kind"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(complaint), "{text}: {error}");
        }
        assert!(read(r#"{"count":{"kind":"A","nth":2}}"#).unwrap().misplaced().is_some());
        assert!(read(r#"{"sent":{"kind":"A","was":"leader"}}"#).unwrap().misplaced().is_some());
        assert!(read(r#"{"first_time":{"kind":"A","nth":2}}"#).unwrap().misplaced().is_none());
    }
}
