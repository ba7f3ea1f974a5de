//! Voting power: how much the vote of each member counts.

use serde_json::json;
use sim_core::identity::NodeId;
use sim_core::registry::parameters::{Parameter, Value};

use crate::quorum::Quorum;

/// A list of powers is no longer than this.
const MOST: usize = 16;
/// A power is no greater than this.
const MOST_POWER: u32 = 1_000;

/// The power of each member: a list that begins again where there are more members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Power {
    list: [u32; MOST],
    length: usize,
}

impl Power {
    /// Every vote counts the same.
    pub const EQUAL: Self = Self { list: [1; MOST], length: 1 };

    /// A list of powers, each from 1 to 1,000; `None` for anything else.
    pub fn listed(powers: &[u32]) -> Option<Self> {
        let good =
            (1..=MOST).contains(&powers.len()) && powers.iter().all(|power| (1..=MOST_POWER).contains(power));
        let mut list = [1; MOST];
        list.iter_mut().zip(powers).for_each(|(place, power)| *place = *power);
        good.then_some(Self { list, length: powers.len() })
    }

    /// That of one member.
    pub const fn of(&self, member: NodeId) -> u32 {
        self.list[member.0 as usize % self.length]
    }

    /// That of several.
    pub fn sum(&self, members: impl IntoIterator<Item = NodeId>) -> u32 {
        members.into_iter().map(|member| self.of(member)).sum()
    }

    /// That of the first so many.
    pub fn total(&self, members: u32) -> u32 {
        let round = self.list[..self.length].iter().sum::<u32>();
        let length = self.length as u32;
        members / length * round + self.list[..(members % length) as usize].iter().sum::<u32>()
    }

    /// What it takes to decide among so many members.
    pub fn quorum(&self, members: u32) -> Quorum {
        Quorum::of(self.total(members))
    }

    /// How many members may lie whoever they are: as many of the strongest ones as have a power of f together.
    pub fn borne(&self, members: u32) -> u32 {
        let mut powers: Vec<u32> = (0..members).map(|member| self.of(NodeId(member))).collect();
        powers.sort_unstable_by(|one, other| other.cmp(one));
        let mut left = self.quorum(members).faulty();
        let fits = |power: &&u32| {
            let fits = **power <= left;
            left = left.saturating_sub(**power);
            fits
        };
        powers.iter().take_while(fits).count() as u32
    }

    /// Who has a turn: each member as often as its power says, before it is the first one's again.
    pub fn turn(&self, turn: u64, members: u32) -> NodeId {
        if *self == Self::EQUAL {
            return NodeId(u32::try_from(turn % u64::from(members.max(1))).unwrap_or(0));
        }
        let mut left = u32::try_from(turn % u64::from(self.total(members).max(1))).unwrap_or(0);
        for member in (0..members).map(NodeId) {
            match left.checked_sub(self.of(member)) {
                Some(rest) => left = rest,
                None => return member,
            }
        }
        NodeId(0)
    }
}

impl Default for Power {
    fn default() -> Self {
        Self::EQUAL
    }
}

impl Parameter for Power {
    fn schema() -> Value {
        let one = json!({ "type": "integer", "minimum": 1, "maximum": MOST_POWER });
        json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1, "maxItems": MOST }] })
    }

    fn read(value: &Value) -> Result<Self, String> {
        let number = |value: &Value| value.as_u64().and_then(|power| u32::try_from(power).ok());
        let list: Option<Vec<u32>> = match value.as_array() {
            Some(list) => list.iter().map(number).collect(),
            None => number(value).map(|power| vec![power]),
        };
        let wrong = || {
            format!(
                "invalid value: {value}, expected 1 to {MOST} numbers in a list, each from 1 to {MOST_POWER}"
            )
        };
        list.and_then(|list| Self::listed(&list)).ok_or_else(wrong)
    }

    fn write(&self) -> Value {
        match self.list[..self.length] {
            [power] => power.into(),
            ref list => list.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_a_number_or_a_list_that_begins_again() {
        let power = Power::read(&json!([3, 1])).unwrap();
        assert_eq!([0, 1, 2, 3].map(|member| power.of(NodeId(member))), [3, 1, 3, 1]);
        assert_eq!((power.total(4), power.total(5), power.sum([NodeId(0), NodeId(1)])), (8, 11, 4));
        assert_eq!((power.write(), Power::EQUAL.write()), (json!([3, 1]), json!(1)));
        for wrong in [json!([]), json!([0]), json!("3"), json!(1_001), json!([1, -1])] {
            assert!(Power::read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_turn_comes_as_often_as_the_power_says() {
        let power = Power::listed(&[3, 1, 2]).unwrap();
        let turns: Vec<u32> = (0..8).map(|turn| power.turn(turn, 3).0).collect();
        assert_eq!(turns, [0, 0, 0, 1, 2, 2, 0, 0]);
        assert_eq!((0..4).map(|turn| Power::EQUAL.turn(turn, 3).0).collect::<Vec<_>>(), [0, 1, 2, 0]);
    }

    /// Whoever lies: so many members never have more power than f together.
    #[test]
    fn the_strongest_that_are_borne_have_no_more_power_than_f() {
        assert_eq!([4, 6, 7, 10].map(|members| Power::EQUAL.borne(members)), [1, 1, 2, 3]);
        let power = Power::listed(&[3, 1, 1, 1, 1, 1, 1, 1]).unwrap();
        assert_eq!((power.quorum(8).faulty(), power.borne(8)), (3, 1));
        let power = Power::listed(&[3, 1, 1, 1]).unwrap();
        assert_eq!((power.quorum(4).faulty(), power.borne(4)), (1, 0));
    }
}
