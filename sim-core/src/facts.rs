//! Facts make a protocol's own types readable by everything neutral: digests, traces, triggers, stories.
//!
//! A vocabulary is written once with [`facts!`](crate::facts!), which declares the enum and implements [`Facts`]; a
//! protocol that has no timers, records or requests uses [`Never`].

pub mod mutation;

use std::fmt::Debug;
use std::sync::Arc;

use crate::digest::Digest;
use crate::identity::NodeId;
use crate::time::{Duration, Time};
use mutation::Hand;

/// A typed value with a kind and named fields.
pub trait Facts: Clone + Debug + 'static {
    /// The names of the kinds, in the order of declaration.
    const KINDS: &'static [&'static str];

    /// Which of [`Facts::KINDS`] this value is.
    fn kind(&self) -> u8;

    /// Folds kind and content into a digest.
    fn digest(&self, digest: &mut Digest);

    /// Shows every named field to a visitor.
    fn visit(&self, visitor: &mut dyn Visitor);

    /// Lets a hand change its fields.
    fn alter(&mut self, _hand: &mut dyn Hand) {}

    /// The name of this value's kind.
    fn kind_name(&self) -> &'static str {
        Self::KINDS.get(usize::from(self.kind())).copied().unwrap_or("none")
    }

    /// The 64-bit content hash.
    fn content(&self) -> u64 {
        let mut digest = Digest::new();
        self.digest(&mut digest);
        digest.short()
    }
}

/// A value in a place of its own is the value: what is large and seldom said makes no other kind large.
impl<F: Facts> Facts for Box<F> {
    const KINDS: &'static [&'static str] = F::KINDS;

    #[inline]
    fn kind(&self) -> u8 {
        (**self).kind()
    }

    fn digest(&self, digest: &mut Digest) {
        (**self).digest(digest);
    }

    fn visit(&self, visitor: &mut dyn Visitor) {
        (**self).visit(visitor);
    }

    fn alter(&mut self, hand: &mut dyn Hand) {
        (**self).alter(hand);
    }
}

/// Reads named fields, one at a time.
pub trait Visitor {
    /// A plain value.
    fn value(&mut self, name: &'static str, value: Value<'_>);

    /// A nested value or a list: `label` is its kind, or `"list"`; `inside` shows what it holds.
    fn group(&mut self, name: &'static str, label: &'static str, inside: &mut dyn FnMut(&mut dyn Visitor));
}

/// A plain field value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'a> {
    /// An unsigned number.
    Unsigned(u64),
    /// A signed number.
    Signed(i64),
    /// A yes or no.
    Bool(bool),
    /// Another process.
    Node(NodeId),
    /// A content hash or signature tag.
    Digest(u64),
    /// A moment, on whatever clock the protocol read it from.
    Time(Time),
    /// A length of time.
    Duration(Duration),
    /// A text.
    Text(&'a str),
    /// An optional field without a value.
    Absent,
}

/// A type that may stand as a field of facts.
pub trait Field {
    /// Folds the content into a digest.
    fn fold(&self, digest: &mut Digest);
    /// Shows the content under a name.
    fn show(&self, name: &'static str, visitor: &mut dyn Visitor);
    /// Lets a hand change the content; nothing happens where nothing in it can be changed.
    fn alter(&mut self, _name: &'static str, _hand: &mut dyn Hand) {}
}

macro_rules! plain_fields {
    ($($type:ty => |$value:ident| $word:expr, $shown:expr, |$hand:ident, $name:ident| $altered:expr;)*) => {$(
        impl Field for $type {
            #[inline]
            fn fold(&self, digest: &mut Digest) {
                let $value = *self;
                digest.word($word);
            }
            fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
                let $value = *self;
                visitor.value(name, $shown);
            }
            fn alter(&mut self, $name: &'static str, $hand: &mut dyn Hand) {
                let $value = *self;
                *self = $altered;
            }
        }
    )*};
}

plain_fields! {
    u8 => |v| u64::from(v), Value::Unsigned(v.into()),
        |hand, name| hand.number(name, v.into(), u8::MAX.into()) as Self;
    u16 => |v| u64::from(v), Value::Unsigned(v.into()),
        |hand, name| hand.number(name, v.into(), u16::MAX.into()) as Self;
    u32 => |v| u64::from(v), Value::Unsigned(v.into()),
        |hand, name| hand.number(name, v.into(), u32::MAX.into()) as Self;
    u64 => |v| v, Value::Unsigned(v), |hand, name| hand.number(name, v, Self::MAX);
    i64 => |v| v.cast_unsigned(), Value::Signed(v),
        |hand, name| hand.number(name, v.cast_unsigned(), u64::MAX).cast_signed();
    bool => |v| u64::from(v), Value::Bool(v), |hand, name| hand.number(name, v.into(), 1) == 1;
    NodeId => |v| u64::from(v.0), Value::Node(v),
        |hand, name| Self(hand.number(name, v.0.into(), u32::MAX.into()) as u32);
    Time => |v| v.as_nanos(), Value::Time(v),
        |hand, name| Self::from_nanos(hand.number(name, v.as_nanos(), u64::MAX));
    Duration => |v| v.as_nanos(), Value::Duration(v),
        |hand, name| Self::from_nanos(hand.number(name, v.as_nanos(), u64::MAX));
    ContentHash => |v| v.0, Value::Digest(v.0), |hand, name| Self(hand.hash(name, v.0));
}

/// A content hash carried as a field, shown as hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub u64);

/// Bytes, shown as hexadecimal: the first 32 of many.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub Vec<u8>);

impl Field for Bytes {
    fn fold(&self, digest: &mut Digest) {
        digest.bytes(&self.0);
    }
    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        const SHOWN: usize = 32;
        let mut text: String = self.0.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
        if self.0.len() > SHOWN {
            text += &format!("... ({} bytes)", self.0.len());
        }
        visitor.value(name, Value::Text(&text));
    }
}

/// A type of somebody else's as a field: it is known by what its `Debug` says, which must say everything that matters and
/// nothing that differs from run to run (an address, the order of a hash map).
///
/// A type that goes over the wire in every message deserves a [`Field`] of its own: this one makes a text for each digest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Opaque<T>(pub T);

impl<T: Debug> Field for Opaque<T> {
    fn fold(&self, digest: &mut Digest) {
        digest.bytes(format!("{:?}", self.0).as_bytes());
    }
    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        visitor.value(name, Value::Text(&format!("{:?}", self.0)));
    }
}

impl Field for &'static str {
    fn fold(&self, digest: &mut Digest) {
        digest.bytes(self.as_bytes());
    }
    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        visitor.value(name, Value::Text(self));
    }
}

impl Field for String {
    fn fold(&self, digest: &mut Digest) {
        digest.bytes(self.as_bytes());
    }
    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        visitor.value(name, Value::Text(self));
    }
}

impl<T: Field> Field for Option<T> {
    fn fold(&self, digest: &mut Digest) {
        match self {
            None => digest.word(0),
            Some(value) => {
                digest.word(1);
                value.fold(digest);
            }
        }
    }
    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        match self {
            None => visitor.value(name, Value::Absent),
            Some(value) => value.show(name, visitor),
        }
    }
    fn alter(&mut self, name: &'static str, hand: &mut dyn Hand) {
        if let Some(value) = self {
            value.alter(name, hand);
        }
    }
}

impl<T: Field> Field for [T] {
    fn fold(&self, digest: &mut Digest) {
        digest.word(self.len() as u64);
        for item in self {
            item.fold(digest);
        }
    }
    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        visitor.group(name, "list", &mut |visitor| {
            for item in self {
                item.show("", visitor);
            }
        });
    }
}

macro_rules! delegating_fields {
    ($($type:ty),*) => {$(
        impl<T: Field> Field for $type {
            fn fold(&self, digest: &mut Digest) {
                self[..].fold(digest);
            }
            fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
                self[..].show(name, visitor);
            }
        }
    )*};
}

delegating_fields!(Arc<[T]>);

impl<T: Field> Field for Vec<T> {
    fn fold(&self, digest: &mut Digest) {
        self[..].fold(digest);
    }
    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        self[..].show(name, visitor);
    }
    fn alter(&mut self, name: &'static str, hand: &mut dyn Hand) {
        if let Some(place) = hand.cut(name, self.len()) {
            self.remove(place);
        }
        self.iter_mut().for_each(|item| item.alter(name, hand));
    }
}

impl<T: Field> Field for Box<[T]> {
    fn fold(&self, digest: &mut Digest) {
        self[..].fold(digest);
    }
    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        self[..].show(name, visitor);
    }
    fn alter(&mut self, name: &'static str, hand: &mut dyn Hand) {
        let mut items = std::mem::take(self).into_vec();
        items.alter(name, hand);
        *self = items.into();
    }
}

impl<A: Field, B: Field> Field for (A, B) {
    fn fold(&self, digest: &mut Digest) {
        self.0.fold(digest);
        self.1.fold(digest);
    }
    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        visitor.group(name, "pair", &mut |visitor| {
            self.0.show("", visitor);
            self.1.show("", visitor);
        });
    }
    fn alter(&mut self, name: &'static str, hand: &mut dyn Hand) {
        self.0.alter(name, hand);
        self.1.alter(name, hand);
    }
}

/// Facts are fields too, so that vocabularies nest.
pub fn show_facts<F: Facts>(facts: &F, name: &'static str, visitor: &mut dyn Visitor) {
    visitor.group(name, facts.kind_name(), &mut |visitor| facts.visit(visitor));
}

/// The vocabulary of nothing: for a protocol without timers, records, requests or responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Never {}

impl Facts for Never {
    const KINDS: &'static [&'static str] = &[];
    fn kind(&self) -> u8 {
        match *self {}
    }
    fn digest(&self, _: &mut Digest) {
        match *self {}
    }
    fn visit(&self, _: &mut dyn Visitor) {
        match *self {}
    }
}

/// Shows the value that a variant carries: its fields stand as if they were the variant's own. If it is one of several
/// kinds, the field `payload` says which one.
pub fn show_payload<F: Facts>(payload: &F, visitor: &mut dyn Visitor) {
    if F::KINDS.len() > 1 {
        visitor.value("payload", Value::Text(payload.kind_name()));
    }
    payload.visit(visitor);
}

/// Declares an enum and implements [`Facts`] and [`Field`] for it: each variant is a kind, each field is named.
///
/// A variant may carry a value instead of fields, as `Vote(Ballot)`, whose type is declared with this macro as well. Its
/// digest and what is shown of it are those of a variant with the fields of that value.
///
/// Behind it, `altered by |own, hand| ...` says what happens once a traitor's [`Hand`] has changed a field: a signature over
/// the content is made anew, as in `altered by |own, hand| own.signature.seal(own.content(), hand)`.
///
/// ```
/// sim_core::facts! {
///     /// What a token ring says.
///     #[derive(PartialEq)]
///     pub enum RingMessage {
///         /// The token, with the round it is in.
///         Token { round: u64 },
///         /// Nothing to add.
///         Idle,
///     }
/// }
/// use sim_core::facts::Facts;
/// assert_eq!(RingMessage::KINDS, ["Token", "Idle"]);
/// assert_eq!(RingMessage::Token { round: 3 }.kind_name(), "Token");
/// ```
#[macro_export]
macro_rules! facts {
    (@any $payload:ty) => { _ };
    (
        $(#[$meta:meta])*
        $vis:vis enum $name:ident {
            $( $(#[$variant_meta:meta])* $variant:ident $({
                $( $(#[$field_meta:meta])* $field:ident : $type:ty ),* $(,)?
            })? $(( $payload:ty ))? ),* $(,)?
        }
        $(altered by |$own:ident, $hand:ident| $then:expr)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis enum $name {
            $( $(#[$variant_meta])* $variant $({ $( $(#[$field_meta])* $field: $type ),* })? $(($payload))? ),*
        }

        #[allow(clippy::redundant_pattern, reason = "a payload must be named to be repeated")]
        impl $crate::facts::Facts for $name {
            const KINDS: &'static [&'static str] = &[$(stringify!($variant)),*];

            #[inline]
            fn kind(&self) -> u8 {
                #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
                #[repr(u8)]
                enum Kind { $($variant),* }
                match self {
                    $( Self::$variant $({ $($field: _),* })? $(($crate::facts!(@any $payload)))? => {
                        Kind::$variant as u8
                    } ),*
                }
            }

            #[inline]
            fn digest(&self, digest: &mut $crate::digest::Digest) {
                digest.word(u64::from($crate::facts::Facts::kind(self)));
                match self {
                    $( Self::$variant $({ $($field),* })? $((payload @ $crate::facts!(@any $payload)))? => {
                        $( $( $crate::facts::Field::fold($field, digest); )* )?
                        $( <$payload as $crate::facts::Facts>::digest(payload, digest); )?
                    } ),*
                }
            }

            fn alter(&mut self, hand: &mut dyn $crate::facts::mutation::Hand) {
                let _ = &hand;
                match self {
                    $( Self::$variant $({ $($field),* })? $((payload @ $crate::facts!(@any $payload)))? => {
                        $( $( $crate::facts::Field::alter($field, stringify!($field), hand); )* )?
                        $( <$payload as $crate::facts::Facts>::alter(payload, hand); )?
                    } ),*
                }
                $( let ($own, $hand) = (self, hand); $then; )?
            }

            fn visit(&self, visitor: &mut dyn $crate::facts::Visitor) {
                let _ = &visitor;
                match self {
                    $( Self::$variant $({ $($field),* })? $((payload @ $crate::facts!(@any $payload)))? => {
                        $( $( $crate::facts::Field::show($field, stringify!($field), visitor); )* )?
                        $( $crate::facts::show_payload::<$payload>(payload, visitor); )?
                    } ),*
                }
            }
        }

        impl $crate::facts::Field for $name {
            fn fold(&self, digest: &mut $crate::digest::Digest) {
                $crate::facts::Facts::digest(self, digest);
            }
            fn show(&self, name: &'static str, visitor: &mut dyn $crate::facts::Visitor) {
                $crate::facts::show_facts(self, name, visitor);
            }
            fn alter(&mut self, _: &'static str, hand: &mut dyn $crate::facts::mutation::Hand) {
                $crate::facts::Facts::alter(self, hand);
            }
        }
    };
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident {
            $( $(#[$field_meta:meta])* $field_vis:vis $field:ident : $type:ty ),* $(,)?
        }
        $(altered by |$own:ident, $hand:ident| $then:expr)?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug)]
        $vis struct $name { $( $(#[$field_meta])* $field_vis $field: $type ),* }

        impl $crate::facts::Facts for $name {
            const KINDS: &'static [&'static str] = &[stringify!($name)];
            #[inline]
            fn kind(&self) -> u8 { 0 }
            #[inline]
            fn digest(&self, digest: &mut $crate::digest::Digest) {
                $( $crate::facts::Field::fold(&self.$field, digest); )*
                let _ = digest;
            }
            fn alter(&mut self, hand: &mut dyn $crate::facts::mutation::Hand) {
                $( $crate::facts::Field::alter(&mut self.$field, stringify!($field), hand); )*
                let _ = &hand;
                $( let ($own, $hand) = (self, hand); $then; )?
            }
            fn visit(&self, visitor: &mut dyn $crate::facts::Visitor) {
                $( $crate::facts::Field::show(&self.$field, stringify!($field), visitor); )*
                let _ = visitor;
            }
        }

        impl $crate::facts::Field for $name {
            fn fold(&self, digest: &mut $crate::digest::Digest) {
                $crate::facts::Facts::digest(self, digest);
            }
            fn show(&self, name: &'static str, visitor: &mut dyn $crate::facts::Visitor) {
                $crate::facts::show_facts(self, name, visitor);
            }
            fn alter(&mut self, _: &'static str, hand: &mut dyn $crate::facts::mutation::Hand) {
                $crate::facts::Facts::alter(self, hand);
            }
        }
    };
}

/// Writes facts as a person reads them: `RequestVote term 4 candidate n2`.
pub fn render<F: Facts>(facts: &F) -> String {
    let mut text = Rendered(facts.kind_name().to_owned());
    facts.visit(&mut text);
    text.0
}

struct Rendered(String);

impl Rendered {
    fn push(&mut self, name: &str, value: &str) {
        if !self.0.is_empty() && !self.0.ends_with('[') {
            self.0.push(' ');
        }
        if !name.is_empty() {
            self.0.push_str(name);
            self.0.push(' ');
        }
        self.0.push_str(value);
    }
}

impl Visitor for Rendered {
    fn value(&mut self, name: &'static str, value: Value<'_>) {
        let text = match value {
            Value::Unsigned(v) => v.to_string(),
            Value::Signed(v) => v.to_string(),
            Value::Bool(v) => v.to_string(),
            Value::Node(v) => v.to_string(),
            Value::Digest(v) => format!("{v:016x}"),
            Value::Time(v) => v.to_string(),
            Value::Duration(v) => v.to_string(),
            Value::Text(v) => v.to_owned(),
            Value::Absent => "none".to_owned(),
        };
        self.push(name, &text);
    }

    fn group(&mut self, name: &'static str, label: &'static str, inside: &mut dyn FnMut(&mut dyn Visitor)) {
        let opening = if label == "list" { "[".to_owned() } else { format!("{label}[") };
        self.push(name, &opening);
        inside(self);
        self.0.push(']');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    facts! {
        pub(super) struct Entry {
            term: u64,
            who: NodeId,
        }
    }

    facts! {
        #[derive(PartialEq)]
        pub(super) enum Sample {
            Vote { term: u64, candidate: NodeId, granted: bool },
            Idle,
            Tail { entries: Vec<u64>, hint: Option<u64> },
        }
    }

    #[test]
    fn a_vocabulary_reads_like_a_sentence() {
        assert_eq!(
            render(&Sample::Vote { term: 4, candidate: NodeId(1), granted: true }),
            "Vote term 4 candidate n2 granted true"
        );
        assert_eq!(render(&Sample::Idle), "Idle");
        assert_eq!(render(&Sample::Tail { entries: vec![1, 2], hint: None }), "Tail entries [1 2] hint none");
        assert_eq!(render(&Entry { term: 1, who: NodeId(0) }), "Entry term 1 who n1");
    }

    facts! {
        #[derive(PartialEq)]
        pub(super) struct Ballot {
            term: u64,
            candidate: NodeId,
            granted: bool,
        }
    }

    facts! {
        pub(super) enum Carrier {
            Vote(Ballot),
            Idle,
            Proof(Sample),
            Certificate { votes: Vec<Ballot> },
        }
    }

    #[test]
    fn a_payload_is_shown_and_digested_as_the_fields_that_it_stands_for() {
        let ballot = Ballot { term: 4, candidate: NodeId(1), granted: true };
        let carried = Carrier::Vote(ballot.clone());
        let plain = Sample::Vote { term: 4, candidate: NodeId(1), granted: true };
        assert_eq!((carried.kind(), carried.kind_name()), (plain.kind(), "Vote"));
        assert_eq!(render(&carried), render(&plain));
        assert_eq!(
            carried.content(),
            plain.content(),
            "so that fields may become a value, and no digest moves"
        );
        for other in [
            Ballot { term: 5, ..ballot.clone() },
            Ballot { candidate: NodeId(2), ..ballot.clone() },
            Ballot { granted: false, ..ballot.clone() },
        ] {
            assert_ne!(Carrier::Vote(other).content(), carried.content());
        }
        assert_eq!(render(&Carrier::Idle), "Idle");
        assert_eq!(Carrier::KINDS, ["Vote", "Idle", "Proof", "Certificate"]);
    }

    #[test]
    fn of_a_payload_of_several_kinds_the_kind_is_shown_and_digested() {
        let vote = Carrier::Proof(Sample::Vote { term: 4, candidate: NodeId(1), granted: true });
        assert_eq!(render(&vote), "Proof payload Vote term 4 candidate n2 granted true");
        let idle = Carrier::Proof(Sample::Idle);
        assert_eq!(render(&idle), "Proof payload Idle");
        assert_ne!(vote.content(), idle.content());
        assert_ne!(Carrier::Proof(Sample::Idle).content(), Carrier::Idle.content());
    }

    #[test]
    fn values_stand_in_lists_too() {
        let ballot = |term| Ballot { term, candidate: NodeId(0), granted: true };
        let certificate =
            |terms: &[u64]| Carrier::Certificate { votes: terms.iter().copied().map(ballot).collect() };
        assert_eq!(
            render(&certificate(&[1])),
            "Certificate votes [Ballot[term 1 candidate n1 granted true]]"
        );
        assert_ne!(certificate(&[1, 2]).content(), certificate(&[2, 1]).content());
    }

    facts! {
        pub(super) enum Foreign {
            Carried { by: Opaque<std::ops::Range<u8>>, raw: Bytes },
        }
    }

    #[test]
    fn types_of_others_and_bytes_are_fields_too() {
        let carried = |end, byte| Foreign::Carried { by: Opaque(1..end), raw: Bytes(vec![byte; 40]) };
        let shown = render(&carried(4, 0xa1));
        assert!(shown.starts_with("Carried by 1..4 raw a1a1a1"), "{shown}");
        assert!(shown.ends_with("a1... (40 bytes)"), "{shown}");
        assert_eq!(carried(4, 1).content(), carried(4, 1).content());
        assert_ne!(carried(4, 1).content(), carried(5, 1).content());
        assert_ne!(carried(4, 1).content(), carried(4, 2).content());
    }

    #[test]
    fn content_depends_on_kind_and_every_field() {
        let one = Sample::Vote { term: 4, candidate: NodeId(1), granted: true };
        let others = [
            Sample::Vote { term: 5, candidate: NodeId(1), granted: true },
            Sample::Vote { term: 4, candidate: NodeId(2), granted: true },
            Sample::Vote { term: 4, candidate: NodeId(1), granted: false },
            Sample::Idle,
            Sample::Tail { entries: vec![4, 1], hint: Some(1) },
        ];
        assert!(others.iter().all(|other| other.content() != one.content()));
        assert_eq!(one.content(), one.clone().content());
    }
}
