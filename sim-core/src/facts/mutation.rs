//! Facts that a traitor changed: one plain value of a message is altered, and what its signer signed is signed anew.
//!
//! A mutant that keeps the old signature dies at its verification and tests nothing behind it. So a message is altered from
//! the inside out: where a signature covers something that has changed, whoever holds the key signs again.

use super::Facts;
use crate::identity::NodeId;

/// Changes plain values in place.
pub trait Hand {
    /// Another number in the place of this one, at most so large; mostly the same.
    fn number(&mut self, name: &'static str, value: u64, most: u64) -> u64;

    /// Another content hash in the place of this one; mostly the same.
    fn hash(&mut self, name: &'static str, value: u64) -> u64;

    /// Which element of a list of this length to leave out; mostly none.
    fn cut(&mut self, name: &'static str, length: usize) -> Option<usize>;

    /// The tag of a signature over this content, if this hand holds the signer's key.
    fn sign(&mut self, signer: NodeId, content: u64) -> Option<u64>;
}

/// How far a mutant is from what it was made of (the scopes of ByzzFuzz, Winter et al. 2023, section 4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Next to it: one more or one less, another bit of a hash, a list without one element.
    #[default]
    Small,
    /// Anything of the same type.
    Any,
}

/// Signs as whoever it holds the key of.
pub(crate) type Sealer<'a> = &'a dyn Fn(NodeId, u64) -> Option<u64>;

/// Alters one place of a value.
struct Pen<'a> {
    /// Only values of this name.
    only: Option<&'a str>,
    /// How many places it came by.
    seen: u64,
    /// Which of them to alter; none if they are only counted.
    place: Option<u64>,
    scope: Scope,
    word: u64,
    sealer: Option<Sealer<'a>>,
}

impl Pen<'_> {
    /// Whether this place is the one.
    fn is_here(&mut self, name: &str) -> bool {
        if self.only.is_some_and(|only| only != name) {
            return false;
        }
        self.seen += 1;
        self.place == Some(self.seen - 1)
    }
}

impl Hand for Pen<'_> {
    fn number(&mut self, name: &'static str, value: u64, most: u64) -> u64 {
        if !self.is_here(name) {
            return value;
        }
        let up = if value < most { value + 1 } else { value.saturating_sub(1) };
        let down = if value > 0 { value - 1 } else { up };
        match (self.scope, self.word % 4) {
            (Scope::Small, even) if even % 2 == 0 => up,
            (Scope::Small, _) => down,
            (Scope::Any, 0) if value > 0 => 0,
            (Scope::Any, 1) if value < most => most,
            (Scope::Any, 2) => most - most.min(value),
            (Scope::Any, _) => match most.checked_add(1) {
                Some(count) => (self.word >> 2) % count,
                None => self.word,
            },
        }
    }

    fn hash(&mut self, name: &'static str, value: u64) -> u64 {
        match (self.is_here(name), self.scope) {
            (false, _) => value,
            (true, Scope::Small) => value ^ 1 << (self.word % 64),
            (true, Scope::Any) => self.word,
        }
    }

    fn cut(&mut self, name: &'static str, length: usize) -> Option<usize> {
        (length > 0 && self.is_here(name)).then(|| (self.word % length as u64) as usize)
    }

    fn sign(&mut self, signer: NodeId, content: u64) -> Option<u64> {
        self.sealer.and_then(|sealer| sealer(signer, content))
    }
}

/// How many places of a value may be altered, of this name if there is one.
pub(crate) fn places<F: Facts>(facts: &F, only: Option<&str>) -> u64 {
    let mut pen = Pen { only, seen: 0, place: None, scope: Scope::Small, word: 0, sealer: None };
    facts.clone().alter(&mut pen);
    pen.seen
}

/// A value with one place altered as a drawn word says, and signed again by a sealer where it can be.
pub(crate) fn altered<'a, F: Facts>(
    facts: &F,
    (only, place): (Option<&'a str>, u64),
    scope: Scope,
    word: u64,
    sealer: Option<Sealer<'a>>,
) -> F {
    let mut mutant = facts.clone();
    mutant.alter(&mut Pen { only, seen: 0, place: Some(place), scope, word, sealer });
    mutant
}

#[cfg(test)]
mod tests {
    use crate::facts::{ContentHash, render};
    use crate::process::Signature;

    use super::*;

    crate::facts! {
        #[derive(PartialEq)]
        struct Signed {
            term: u64,
            of: ContentHash,
            signature: Signature,
        }
        altered by |own, hand| own.signature.seal(own.term ^ own.of.0, hand)
    }

    crate::facts! {
        #[derive(PartialEq)]
        enum Word {
            Proof { level: u8, votes: Vec<Signed> },
            One(Signed),
            Nothing,
        }
    }

    fn signed(term: u64) -> Signed {
        Signed { term, of: ContentHash(7), signature: Signature::forged(NodeId(3), term ^ 7) }
    }

    /// Signs as n4, like `signed`.
    fn seal(signer: NodeId, content: u64) -> Option<u64> {
        (signer == NodeId(3)).then_some(content)
    }

    #[test]
    fn every_place_is_altered_once_and_nothing_else() {
        let word = Word::Proof { level: 255, votes: vec![signed(4), signed(5)] };
        // The level, the list itself, and term and hash of each vote.
        assert_eq!((places(&word, None), places(&word, Some("term")), places(&word, Some("no"))), (6, 2, 0));
        let mutants: Vec<Word> =
            (0..6).map(|place| altered(&word, (None, place), Scope::Small, 0, Some(&seal))).collect();
        let shown: Vec<String> = mutants.iter().map(render).collect();
        let vote = |term: u64, of: u64| format!("Signed[term {term} of {of:016x} signature n4]");
        let all = |level: u8, votes: &[String]| format!("Proof level {level} votes [{}]", votes.join(" "));
        let (four, five) = (vote(4, 7), vote(5, 7));
        let expected = [
            all(254, &[four.clone(), five.clone()]),
            all(255, std::slice::from_ref(&five)),
            all(255, &[vote(5, 7), five.clone()]),
            all(255, &[vote(4, 6), five.clone()]),
            all(255, &[four.clone(), vote(6, 7)]),
            all(255, &[four, vote(5, 6)]),
        ];
        let as_sets = |list: &[String]| list.iter().cloned().collect::<crate::ordered::OrderedSet<_>>();
        assert_eq!(as_sets(&shown), as_sets(&expected));
    }

    #[test]
    fn what_has_changed_is_signed_again_if_its_signer_is_known() {
        let word = Word::One(signed(4));
        let mutant = altered(&word, (Some("term"), 0), Scope::Small, 0, Some(&seal));
        assert_eq!(mutant, Word::One(signed(5)));
        let unsealed = altered(&word, (Some("term"), 0), Scope::Small, 0, None);
        assert_eq!(unsealed, Word::One(Signed { term: 5, ..signed(4) }));
        let others = Word::One(Signed { signature: Signature::forged(NodeId(1), 4 ^ 7), ..signed(4) });
        let mutant = altered(&others, (Some("term"), 0), Scope::Small, 0, Some(&seal));
        assert_ne!(mutant, Word::One(signed(5)));
    }

    #[test]
    fn any_scope_reaches_the_ends_of_a_type() {
        let word = Word::Proof { level: 9, votes: Vec::new() };
        let level = |drawn| match altered(&word, (Some("level"), 0), Scope::Any, drawn, None) {
            Word::Proof { level, .. } => level,
            _ => unreachable!("no other kind"),
        };
        assert_eq!([level(0), level(1), level(2), level(3 + 4 * 77)], [0, 255, 246, 77]);
        assert_eq!(places(&Word::Nothing, None), 0);
    }
}
