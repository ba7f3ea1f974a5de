//! The name that somebody meant who wrote one that nothing has.
//!
//! Every kind of name is looked at: people do not know whether what they look for is a check, a fault or a key. A word of a
//! longer name stands for it (`durable` for `vote-not-durable`), and so does how a name begins (`equivocation` for
//! `equivocate`).

use super::{Term, TermKind};

/// No name is longer; comparing takes the product of both lengths.
const LONGEST: usize = 100;

/// The words of a fault: how it is written names things that have no page of their own, as `halves`.
fn words_of_fault(term: &Term) -> impl Iterator<Item = &str> {
    let written = term.details.get("written").and_then(|written| written.as_str());
    let written = written.filter(|_| term.kind == TermKind::Fault).unwrap_or_default();
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let words = written.split(move |c| !letter(c));
    words.filter(|word| word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.len() > 2)
}

/// A word that more faults than these are written with says nothing of any.
const FEW: usize = 4;

/// The few faults that are written with a word.
pub(super) fn with_word<'a>(terms: &'a [Term], word: &str) -> Vec<&'a Term> {
    let has = |term: &&Term| words_of_fault(term).any(|known| known.eq_ignore_ascii_case(word));
    let found: Vec<&Term> = terms.iter().filter(has).collect();
    if found.len() <= FEW { found } else { Vec::new() }
}

/// The nearest name of any kind, if one is near. Of several that are equally near it is the one that begins alike for longer, then the
/// one that is as long, then the first of the glossary.
pub(super) fn nearest_name<'a>(terms: &'a [Term], wrong: &str) -> Option<&'a str> {
    let wrong = fold(wrong);
    if wrong.is_empty() || wrong.len() > LONGEST {
        return None;
    }
    let names = terms.iter().flat_map(|term| {
        let keys = term.entries.iter().map(|(key, _)| key);
        let names = [&term.name].into_iter().chain(&term.aliases).chain(keys).map(String::as_str);
        names.chain(words_of_fault(term).filter(|word| !with_word(terms, word).is_empty()))
    });
    let scored = names.filter_map(|name| Some((score(&wrong, name)?, name)));
    scored.min_by_key(|(score, _)| *score).map(|(_, name)| name)
}

fn fold(text: &str) -> String {
    text.trim().to_lowercase().replace(['-', ' '], "_")
}

/// How far a name is from a wrong one, the nearest first; nothing if it is not near.
fn score(wrong: &str, name: &str) -> Option<(usize, usize, usize)> {
    let name = fold(name);
    let words = name.split(['/', '.', '_', '[', ']', '(']).filter(|word| word.len() > 2);
    // Names of checks begin with their protocol, which people leave out.
    let bare = name.split_once('/').map(|(_, bare)| bare);
    let whole = std::iter::once(name.as_str()).chain(bare).filter_map(|name| misspelt(wrong, name));
    let part = words.filter_map(|word| Some(1 + misspelt(wrong, word)?));
    let begins =
        std::iter::once(name.as_str()).chain(bare).filter(|name| begins_alike(wrong, name)).map(|_| 2);
    let distance = whole.chain(part).chain(begins).min()?;
    let alike = common(wrong, bare.unwrap_or(&name)).max(common(wrong, &name));
    let length = name.chars().count().abs_diff(wrong.chars().count());
    Some((distance, usize::MAX - alike, length))
}

/// In how many letters two words differ, if they are few: one of four, two of five to eight, and so on.
fn misspelt(wrong: &str, name: &str) -> Option<usize> {
    let shorter = wrong.chars().count().min(name.chars().count());
    // Longer by more than may differ: no need to compare.
    let most = if shorter < 3 { 0 } else { shorter.div_ceil(4) };
    let distance = strsim::damerau_levenshtein(wrong, name);
    (distance <= most).then_some(distance)
}

/// How many letters two words share from their beginnings on.
fn common(one: &str, other: &str) -> usize {
    one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count()
}

/// Whether all but the ending of a long word is how a name begins.
fn begins_alike(wrong: &str, name: &str) -> bool {
    let length = wrong.chars().count();
    length > 5 && common(wrong, name) >= length.saturating_sub(4).max(5)
}
