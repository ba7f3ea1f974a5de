//! What a round can be: how it divides members that have had the same part so far.

use std::ops::Range;

use super::RoundShape;
use crate::ordered::OrderedMap;
use crate::sorting::SortSeldom;

/// The part of one member in a round. Letters of members without a twin and of those with one never meet in a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Letter(u8);

const FOLLOWS: u8 = 4;
const FIRST_APART: u8 = 2;
const SECOND_APART: u8 = 1;

impl Letter {
    pub(super) fn of(leads: bool, first_apart: bool, second_apart: Option<bool>) -> Self {
        let bit = |is: bool, bit: u8| if is { bit } else { 0 };
        Self(
            bit(!leads, FOLLOWS)
                | bit(first_apart, FIRST_APART)
                | bit(second_apart == Some(true), SECOND_APART),
        )
    }

    pub(super) const fn leads(self) -> bool {
        self.0 & FOLLOWS == 0
    }

    pub(super) const fn first_is_apart(self) -> bool {
        self.0 & FIRST_APART != 0
    }

    pub(super) const fn second_is_apart(self) -> bool {
        self.0 & SECOND_APART != 0
    }

    /// All that a member may be, who leads before who follows. Who leads is not apart from itself.
    fn all(twin: bool) -> impl Iterator<Item = Self> {
        let possible = move |letter: &Self| {
            !(letter.leads() && letter.first_is_apart()) && (twin || !letter.second_is_apart())
        };
        (0..8).map(Letter).filter(possible)
    }
}

/// The parts of all members, class by class, sorted inside of each.
pub(super) type Word = Vec<Letter>;

/// One way to divide the classes.
#[derive(Clone, Debug)]
pub(super) struct Move {
    pub(super) word: Word,
    /// Whether somebody is apart.
    parted: bool,
    /// The node that it leads to.
    pub(super) next: usize,
    /// Which place of the word stands in each place of that node.
    pub(super) order: Vec<u8>,
}

impl Move {
    /// In how many ways messages may be lost in it, where so many kinds may be lost alone.
    pub(super) fn ways(&self, kinds: u32) -> u128 {
        if self.parted { 1 + u128::from(kinds) } else { 1 }
    }
}

/// Classes by their sizes: those without a twin, then those with one, the largest first among each.
type Sizes = (Vec<u8>, Vec<u8>);

/// Members that are told apart so far.
#[derive(Clone, Debug)]
pub(super) struct Node {
    sizes: Sizes,
    /// How a round may divide them, by word.
    pub(super) moves: Vec<Move>,
}

impl Node {
    /// The places of each class.
    pub(super) fn classes(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let sizes = self.sizes.0.iter().chain(&self.sizes.1);
        sizes.scan(0, |from, size| {
            let here = *from..*from + usize::from(*size);
            *from = here.end;
            Some(here)
        })
    }

    /// How many ways there are to go on, by how many there are from the next nodes; `None` if that has more than 128 bits.
    pub(super) fn count(&self, after: &[u128], kinds: u32) -> Option<u128> {
        let ways = |step: &Move| step.ways(kinds).checked_mul(after[step.next]);
        self.moves.iter().try_fold(0_u128, |sum, step| sum.checked_add(ways(step)?))
    }
}

/// The graph: a schedule is a path from the first node.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) nodes: Vec<Node>,
}

impl Table {
    pub(super) fn new(shape: RoundShape) -> Self {
        let whole = |count: u32| if count == 0 { Vec::new() } else { vec![count as u8] };
        let first = (whole(shape.members - shape.twins), whole(shape.twins));
        let mut known = OrderedMap::from([(first.clone(), 0)]);
        let mut nodes = vec![Node { sizes: first, moves: Vec::new() }];
        let mut next = 0;
        while next < nodes.len() {
            let plain: u8 = nodes[next].sizes.0.iter().sum();
            let mut words = Words { shape, plain: usize::from(plain), word: Vec::new(), found: Vec::new() };
            let starts: Vec<bool> = nodes[next]
                .classes()
                .flat_map(|class| class.clone().map(move |place| place == class.start))
                .collect();
            words.extend(&starts, false);
            for word in words.found {
                let (sizes, order) = divide(&nodes[next], &word, usize::from(plain));
                let count = nodes.len();
                let node = *known.entry(sizes.clone()).or_insert(count);
                if node == count {
                    nodes.push(Node { sizes, moves: Vec::new() });
                }
                let parted = word.iter().any(|letter| letter.first_is_apart() || letter.second_is_apart());
                nodes[next].moves.push(Move { word, parted, next: node, order });
            }
            next += 1;
        }
        Self { nodes }
    }
}

/// Collects the words of a node, in order.
struct Words {
    shape: RoundShape,
    /// So many members have no twin.
    plain: usize,
    word: Word,
    found: Vec<Word>,
}

impl Words {
    /// Continues the word in all ways; `starts` says where classes begin, `led` whether somebody leads already.
    fn extend(&mut self, starts: &[bool], led: bool) {
        let place = self.word.len();
        if place == starts.len() {
            if led && self.is_together() {
                self.found.push(self.word.clone());
            }
            return;
        }
        let least = if starts[place] { None } else { self.word.last().copied() };
        for letter in Letter::all(place >= self.plain) {
            // Inside of a class the parts rise: which of its members has which is the same.
            if least.is_some_and(|least| letter < least) || (led && letter.leads()) {
                continue;
            }
            self.word.push(letter);
            self.extend(starts, led || letter.leads());
            self.word.pop();
        }
    }

    /// Whether enough different members are on one side.
    fn is_together(&self) -> bool {
        let twin = |place: usize| place >= self.plain;
        let letters = || self.word.iter().enumerate();
        let with = letters()
            .filter(|(place, it)| !it.first_is_apart() || (twin(*place) && !it.second_is_apart()))
            .count();
        let apart = letters()
            .filter(|(place, it)| it.first_is_apart() || (twin(*place) && it.second_is_apart()))
            .count();
        with.max(apart) >= self.shape.together as usize
    }
}

/// The classes after a round, and which place of the word stands in each of their places.
fn divide(node: &Node, word: &Word, plain: usize) -> (Sizes, Vec<u8>) {
    let mut classes: Vec<Range<usize>> = Vec::new();
    for class in node.classes() {
        let mut from = class.start;
        for part in word[class].chunk_by(|a, b| a == b) {
            classes.push(from..from + part.len());
            from += part.len();
        }
    }
    // Stable, so that the order is always the same.
    classes.sort_seldom_by_key(|class| (class.start >= plain, usize::MAX - class.len()));
    let order = classes.iter().flat_map(Clone::clone).map(|place| place as u8).collect();
    let sizes = |twin: bool| {
        let those = classes.iter().filter(|class| (class.start >= plain) == twin);
        those.map(|class| class.len() as u8).collect()
    };
    ((sizes(false), sizes(true)), order)
}
