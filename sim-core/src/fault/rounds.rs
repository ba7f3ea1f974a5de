//! All schedules of rounds of a cluster, as numbers: a schedule says for each round who leads it, who hears whom, and what is
//! lost (Bano et al., "Twins: BFT systems made robust", 2020).
//!
//! A schedule and its index convert into each other, so that schedules can be drawn evenly, enumerated, and divided among
//! machines. Schedules that differ only in names are one: members alike may change places (those without a twin among
//! themselves, those with one among themselves), and a side has no name of its own. The two copies of a member with a twin are
//! told apart: the first one lives in the member's own slot.
//!
//! Members that had the same part in all rounds so far are a *class*. Only how a round divides the classes matters, so that
//! the schedules are the paths of a graph whose nodes are the sizes of classes, largest first (see `table`).

mod table;
#[cfg(test)]
mod tests;

use rand_core::Rng;

use self::table::{Table, Word};
use super::plan::{FaultEntry, FaultPlan};
use super::selector::Selector;
use super::spec::{Fault, Round, aim};
use crate::identity::{NodeName, Slot};
use crate::sorting::SortSeldom;
use crate::time::Time;

/// The most members and twins together: the table of what a round can be grows like two to this power.
pub const MOST_COPIES: u32 = 11;
/// The most rounds of a schedule.
pub const MOST_ROUNDS: u32 = 64;

/// What a schedule says about one round. Members count from zero; copies are the members and then the second copies of those
/// that have a twin, which are the last members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlannedRound {
    /// Who leads.
    pub leader: u32,
    /// The copies that do not hear the first copy of the leader: a bit for each. All hear each other if there are none.
    pub apart: u32,
    /// What is lost between the two sides: 0 for everything that tells the round, above that one of the kinds that the space
    /// was made for. Always 0 where all hear each other.
    pub lost: u32,
}

/// Which schedules there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoundShape {
    /// How many members there are.
    pub members: u32,
    /// How many of them have a twin.
    pub twins: u32,
    /// How many rounds are planned.
    pub rounds: u32,
    /// So many different members are on one side at least: with a quorum, each round can be got through.
    pub together: u32,
    /// How many kinds of messages may be lost alone.
    pub kinds: u32,
}

/// A space that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoundsError {
    /// Too many copies.
    #[error("rounds are drawn for at most {MOST_COPIES} members and twins together, and these are {0}")]
    Copies(u32),
    /// More twins than members.
    #[error("{twins} of {members} members cannot have a twin")]
    Twins {
        /// How many members there are.
        members: u32,
        /// How many should have a twin.
        twins: u32,
    },
    /// The number of schedules has more than 128 bits.
    #[error("there are more than 2^128 schedules of {0} rounds: plan fewer rounds")]
    Rounds(u32),
    /// There is no schedule.
    #[error("no round can be planned: no side has so many members")]
    None,
}

/// All schedules of a shape.
#[derive(Clone, Debug)]
pub struct RoundSpace {
    shape: RoundShape,
    table: Table,
    /// By rounds left, and by node of the table: how many ways there are to go on.
    counts: Vec<Vec<u128>>,
}

impl RoundSpace {
    /// The space of a shape.
    ///
    /// # Errors
    /// If there are too many schedules, or none.
    pub fn new(shape: RoundShape) -> Result<Self, RoundsError> {
        let RoundShape { members, twins, rounds, .. } = shape;
        if twins > members {
            return Err(RoundsError::Twins { members, twins });
        }
        if members.saturating_add(twins) > MOST_COPIES {
            return Err(RoundsError::Copies(members.saturating_add(twins)));
        }
        if rounds > MOST_ROUNDS {
            return Err(RoundsError::Rounds(rounds));
        }
        let table = Table::new(shape);
        let mut counts = vec![vec![1_u128; table.nodes.len()]];
        for left in 1..=rounds as usize {
            let before = &counts[left - 1];
            let all: Option<Vec<u128>> =
                table.nodes.iter().map(|node| node.count(before, shape.kinds)).collect();
            counts.push(all.ok_or(RoundsError::Rounds(rounds))?);
        }
        let space = Self { shape, table, counts };
        if space.is_empty() { Err(RoundsError::None) } else { Ok(space) }
    }

    /// What it was made for.
    pub const fn shape(&self) -> RoundShape {
        self.shape
    }

    /// How many schedules there are.
    pub fn len(&self) -> u128 {
        self.counts[self.shape.rounds as usize][0]
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The schedule of an index below [`RoundSpace::len`]; a higher one begins again.
    pub fn schedule(&self, index: u128) -> Vec<PlannedRound> {
        let mut index = index % self.len().max(1);
        let mut node = 0;
        let mut who: Vec<u32> = (0..self.shape.members).collect();
        let mut rounds = Vec::with_capacity(self.shape.rounds as usize);
        for left in (0..self.shape.rounds as usize).rev() {
            let after = &self.counts[left];
            let mut moves = self.table.nodes[node].moves.iter();
            let Some(found) = moves.find(|step| {
                let here = step.ways(self.shape.kinds) * after[step.next];
                let is_it = index < here;
                index -= if is_it { 0 } else { here };
                is_it
            }) else {
                break;
            };
            let lost = u32::try_from(index / after[found.next]).unwrap_or(0);
            index %= after[found.next];
            rounds.push(self.planned(&found.word, &who, lost));
            who = found.order.iter().map(|place| who[usize::from(*place)]).collect();
            node = found.next;
        }
        rounds
    }

    /// The index of a schedule, whatever its members and sides are called; `None` if the space has none like it.
    pub fn index(&self, schedule: &[PlannedRound]) -> Option<u128> {
        if schedule.len() != self.shape.rounds as usize {
            return None;
        }
        let mut index = 0;
        let mut node = 0;
        let mut who: Vec<u32> = (0..self.shape.members).collect();
        for (left, round) in (0..schedule.len()).rev().zip(schedule) {
            let after = &self.counts[left];
            let (word, sorted) = self.word(round, &who, node)?;
            let moves = &self.table.nodes[node].moves;
            let found = moves.binary_search_by(|step| step.word.cmp(&word)).ok()?;
            let kinds = self.shape.kinds;
            index += moves[..found].iter().map(|step| step.ways(kinds) * after[step.next]).sum::<u128>();
            let found = &moves[found];
            if u128::from(round.lost) >= found.ways(kinds) {
                return None;
            }
            index += u128::from(round.lost) * after[found.next];
            who = found.order.iter().map(|place| sorted[usize::from(*place)]).collect();
            node = found.next;
        }
        Some(index)
    }

    /// Draws an index, each as likely as any other.
    pub fn draw(&self, rng: &mut impl Rng) -> u128 {
        let len = self.len().max(1);
        let bits = u128::BITS - (len - 1).leading_zeros();
        let mask = if bits == 0 { 0 } else { u128::MAX >> (u128::BITS - bits) };
        loop {
            let word = u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64());
            if word & mask < len {
                return word & mask;
            }
        }
    }

    /// What a word says, where these members stand in its places.
    fn planned(&self, word: &Word, who: &[u32], lost: u32) -> PlannedRound {
        let mut round = PlannedRound { leader: 0, apart: 0, lost };
        for (letter, member) in word.iter().zip(who) {
            if letter.leads() {
                round.leader = *member;
            }
            round.apart |= u32::from(letter.first_is_apart()) << member;
            if let Some(second) = self.second_copy(*member) {
                round.apart |= u32::from(letter.second_is_apart()) << second;
            }
        }
        round
    }

    /// The word of a round, and the members in its places: sorted by their parts inside of each class.
    fn word(&self, round: &PlannedRound, who: &[u32], node: usize) -> Option<(Word, Vec<u32>)> {
        let RoundShape { members, twins, .. } = self.shape;
        if round.leader >= members || round.apart >> (members + twins) != 0 {
            return None;
        }
        // A side has no name: the leader's first copy is never apart.
        let all = (1_u32 << (members + twins)) - 1;
        let flip = if round.apart >> round.leader & 1 == 1 { all } else { 0 };
        let apart = round.apart ^ flip;
        let is_apart = |copy: u32| apart >> copy & 1 == 1;
        let letter = |member: u32| {
            let second = self.second_copy(member).map(is_apart);
            table::Letter::of(member == round.leader, is_apart(member), second)
        };
        let mut sorted = who.to_vec();
        for class in self.table.nodes[node].classes() {
            sorted[class].sort_seldom_by_key(|member| letter(*member));
        }
        let word = sorted.iter().map(|member| letter(*member)).collect();
        Some((word, sorted))
    }

    /// The second copy of a member that has a twin.
    fn second_copy(&self, member: u32) -> Option<u32> {
        let RoundShape { members, twins, .. } = self.shape;
        (member >= members - twins).then(|| member + twins)
    }

    /// The members that have a twin, in the order of their second copies.
    pub fn twins(&self) -> impl Iterator<Item = u32> {
        self.shape.members - self.shape.twins..self.shape.members
    }

    /// A schedule as entries of a plan, in a run with so many clients whose [`Initial::beside`](crate::setup::Initial::beside)
    /// are [`RoundSpace::twins`]. `kinds` are those that may be lost alone.
    pub fn entries(&self, schedule: &[PlannedRound], clients: u32, kinds: &[String]) -> Vec<FaultEntry> {
        let members = self.shape.members;
        let copies = members + self.shape.twins;
        let slot = |copy: u32| Slot(if copy < members { copy } else { copy + clients });
        let side = |of: &PlannedRound, apart: bool| -> Selector {
            let there = (0..copies).filter(|copy| (of.apart >> copy & 1 == 1) == apart);
            aim(&there.map(slot).collect::<Vec<_>>())
        };
        let entry = |(number, of): (u32, &PlannedRound)| {
            let sides = if of.apart == 0 { Vec::new() } else { vec![side(of, false), side(of, true)] };
            let alone = (of.lost as usize).checked_sub(1).and_then(|kind| kinds.get(kind));
            let round = Round {
                number,
                leader: Some(NodeName(of.leader)),
                sides,
                drop: alone.into_iter().cloned().collect(),
            };
            FaultEntry::at(Time::ZERO, Fault::Round(round))
        };
        (1..).zip(schedule).map(entry).collect()
    }

    /// The schedule that the entries of a plan make; the inverse of [`RoundSpace::entries`]. `None` if they make none.
    pub fn read(&self, plan: &FaultPlan, clients: u32, kinds: &[String]) -> Option<Vec<PlannedRound>> {
        let members = self.shape.members;
        let mut rounds = vec![None; self.shape.rounds as usize];
        for entry in &plan.entries {
            let Fault::Round(round) = &entry.what else { continue };
            let lost = match &round.drop[..] {
                [] => 0,
                [one] => 1 + u32::try_from(kinds.iter().position(|kind| kind == one)?).ok()?,
                _ => return None,
            };
            let copy = |slot: Slot| if slot.0 < members { slot.0 } else { slot.0.wrapping_sub(clients) };
            let apart = match &round.sides[..] {
                [] => 0,
                [_, Selector::Slots(slots)] => slots.iter().map(copy).try_fold(0_u32, |set, copy| {
                    (copy < members + self.shape.twins).then(|| set | 1 << copy)
                })?,
                _ => return None,
            };
            let place = rounds.get_mut((round.number as usize).checked_sub(1)?)?;
            *place = Some(PlannedRound { leader: round.leader?.0, apart, lost });
        }
        rounds.into_iter().collect()
    }
}
