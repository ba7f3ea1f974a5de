//! From selectors to slots, against ground truth, by lot where there is a choice.

use super::executed::Refusal;
use super::governor::Governor;
use super::selector::{LEADERS, Selector, in_role};
use crate::ground::{Ground, Place};
use crate::identity::{NodeId, Slot};
use crate::random::{Keyed, below};

/// What a selector is resolved against.
#[derive(Clone, Copy, Debug)]
pub struct Scene<'a> {
    /// The truth.
    pub ground: &'a Ground,
    /// Who left, who votes, and how many a quorum is.
    pub governor: &'a Governor,
    /// Members at genesis.
    pub members: u32,
    /// Clients.
    pub clients: u32,
    /// Where the event happened that the fault waited for.
    pub event: Option<Slot>,
}

/// The lots of one firing of one entry. A slot's lot depends on the seed, the entry's id, which firing it is, which
/// choice in it, and the slot: taking one slot away leaves the order of all others as it was.
#[derive(Clone, Debug)]
pub struct Lots {
    keyed: Keyed,
    choice: u64,
}

impl Lots {
    /// The lots of the `firing`-th firing (0 for all but faults made of others) of an entry; `keyed` is that of the
    /// run and [`Purpose::Fault`](crate::random::Purpose::Fault).
    pub const fn new(keyed: Keyed, entry: u32, firing: u32) -> Self {
        Self { keyed: keyed.labeled((entry as u64) << 32 | firing as u64), choice: 0 }
    }

    /// A number below `n`, as a choice of its own.
    pub fn below(&mut self, n: u64) -> u64 {
        let word = self.keyed.word(u64::MAX, self.choice);
        self.choice += 1;
        below(word, n)
    }

    /// A number below `n` for each of these slots, as one choice.
    pub fn groups(&mut self, slots: &[Slot], n: u64) -> Vec<u64> {
        let choice = self.choice;
        self.choice += 1;
        slots.iter().map(|slot| below(self.keyed.word(u64::from(slot.0), choice), n)).collect()
    }

    /// These slots in drawn order, as one choice.
    pub fn shuffled(&mut self, mut slots: Vec<Slot>) -> Vec<Slot> {
        let (keyed, choice) = (self.keyed, self.choice);
        self.choice += 1;
        slots.sort_by_cached_key(|slot| (keyed.word(u64::from(slot.0), choice), *slot));
        slots
    }

    /// `count` of these slots (all, if there are fewer), in the order of slots, as one choice.
    pub fn pick(&mut self, slots: Vec<Slot>, count: u32) -> Vec<Slot> {
        let mut picked = self.shuffled(slots);
        picked.truncate(count as usize);
        picked.sort_unstable();
        picked
    }
}

impl Scene<'_> {
    /// The slots that a selector means now, in order, each once. Where it leaves a choice, only `eligible` slots are
    /// chosen from; who is named outright is returned, eligible or not.
    ///
    /// # Errors
    /// [`Refusal::NoTarget`] if that is nobody.
    pub fn resolve(
        &self,
        selector: &Selector,
        lots: &mut Lots,
        eligible: &dyn Fn(Slot) -> bool,
    ) -> Result<Vec<Slot>, Refusal> {
        let mut slots = self.matching(selector, lots, eligible);
        slots.sort_unstable();
        slots.dedup();
        if slots.is_empty() { Err(Refusal::NoTarget) } else { Ok(slots) }
    }

    fn matching(&self, selector: &Selector, lots: &mut Lots, eligible: &dyn Fn(Slot) -> bool) -> Vec<Slot> {
        let able = || self.present().map(|(slot, _)| slot).filter(|slot| eligible(*slot));
        let candidates = || able().collect();
        let voters = || able().filter(|slot| !self.governor.only_listens(*slot)).collect();
        match selector {
            Selector::All => self.present().map(|(slot, _)| slot).collect(),
            Selector::Clients => (self.members..self.members + self.clients).map(Slot).collect(),
            Selector::Node(index) => self.home(*index),
            Selector::Client(index) => vec![Slot(self.members.saturating_add(*index))],
            Selector::Slots(slots) => slots.below(self.ground.places.len()).collect(),
            Selector::Role(role) => {
                let holders = self.holders(role, eligible);
                lots.pick(holders, 1)
            }
            Selector::Every(role) => self.in_role(role).map(|(slot, _)| slot).collect(),
            Selector::NextLeader => {
                let heirs = self.heirs(eligible);
                lots.pick(heirs, 1)
            }
            Selector::Random(count) => lots.pick(candidates(), *count),
            Selector::Fraction(share) => {
                let count = share.of(u64::from(self.governor.electorate(self.members).0)).max(1);
                lots.pick(candidates(), u32::try_from(count).unwrap_or(u32::MAX))
            }
            Selector::Minority => {
                lots.pick(voters(), self.governor.electorate(self.members).0.saturating_sub(1) / 2)
            }
            Selector::QuorumMinusOne => {
                lots.pick(voters(), self.governor.electorate(self.members).1.saturating_sub(1))
            }
            Selector::EventNode => self.event.into_iter().collect(),
            // The one has slots in its place by now, the other a meaning in partitions only.
            Selector::Domain(_) | Selector::Rest => Vec::new(),
            Selector::Union(parts) => {
                parts.iter().flat_map(|part| self.matching(part, lots, eligible)).collect()
            }
        }
    }

    /// Members that have not left.
    pub fn present(&self) -> impl Iterator<Item = (Slot, &Place)> + '_ {
        self.ground.members().filter(|(slot, _)| !self.governor.condition(*slot).left)
    }

    /// Members that have not left and clients, in a role: some protocols have services that stand outside of the cluster.
    fn in_role<'r>(&'r self, role: &'r str) -> impl Iterator<Item = (Slot, &'r Place)> + 'r {
        let clients = (self.members..self.members + self.clients).map(Slot);
        let clients = clients.map(|slot| (slot, self.ground.place(slot)));
        let holds = move |place: &Place| place.status.role.is_some_and(|is| in_role(role, is));
        self.present().chain(clients).filter(move |(_, place)| holds(place))
    }

    /// Where an identity lives; if nowhere, the slot of its number.
    fn home(&self, index: u32) -> Vec<Slot> {
        let homes: Vec<Slot> = self.ground.slots_of(NodeId(index)).collect();
        if homes.is_empty() { vec![Slot(index)] } else { homes }
    }

    /// Those in a role that are eligible; of several that lead, those of the highest term, since an old leader may not know
    /// yet that it is one.
    fn holders(&self, role: &str, eligible: &dyn Fn(Slot) -> bool) -> Vec<Slot> {
        let holders: Vec<_> = self.in_role(role).filter(|(slot, _)| eligible(*slot)).collect();
        if !LEADERS.contains(&role) {
            return holders.into_iter().map(|(slot, _)| slot).collect();
        }
        highest(&holders, |place| place.status.rank)
    }

    /// Eligible members that do not lead and have come farthest.
    fn heirs(&self, eligible: &dyn Fn(Slot) -> bool) -> Vec<Slot> {
        let leads = |place: &Place| place.status.role.is_some_and(|is| LEADERS.contains(&is));
        let others: Vec<_> =
            self.present().filter(|(slot, place)| eligible(*slot) && !leads(place)).collect();
        highest(&others, |place| place.status.position)
    }
}

/// The slots whose places have the highest value; no value is the lowest.
fn highest(places: &[(Slot, &Place)], value: impl Fn(&Place) -> Option<u64>) -> Vec<Slot> {
    let top = places.iter().map(|(_, place)| value(place)).max().flatten();
    places.iter().filter(|(_, place)| value(place) == top).map(|(slot, _)| *slot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::FaultModel;
    use crate::random::Purpose;

    fn world() -> (Ground, Governor) {
        let mut ground = Ground::new(7, 2);
        for (index, place) in ground.places[..7].iter_mut().enumerate() {
            place.status.role = Some("follower");
            place.status.position = Some(index as u64 % 3);
        }
        for (index, term) in [(1, 3), (4, 5)] {
            ground.places[index].status.role = Some("leader");
            ground.places[index].status.rank = Some(term);
        }
        ground.places[8].status.role = Some("sink");
        let mut governor =
            Governor::new(FaultModel { crashed: 2, lost_disks: 0, byzantine: 0, outages: false }, false);
        governor.sync(&ground);
        (ground, governor)
    }

    fn resolve(text: &str, seed: u64, event: Option<Slot>) -> Result<Vec<u32>, Refusal> {
        let (ground, governor) = world();
        let scene = Scene { ground: &ground, governor: &governor, members: 7, clients: 2, event };
        let mut lots = Lots::new(Keyed::new(seed, Purpose::Fault), 0, 0);
        let slots = scene.resolve(&text.parse().unwrap(), &mut lots, &|slot| slot != Slot(6))?;
        Ok(slots.into_iter().map(|slot| slot.0).collect())
    }

    #[test]
    fn names_roles_and_words_find_their_slots() {
        assert_eq!(resolve("n3", 0, None), Ok(vec![2]));
        assert_eq!(resolve("slot(2-4,1)", 0, None), Ok(vec![0, 1, 2, 3]));
        assert_eq!(resolve("c2", 0, None), Ok(vec![8]));
        assert_eq!(resolve("clients", 0, None), Ok(vec![7, 8]));
        assert_eq!(resolve("n3,c1,n3", 0, None), Ok(vec![2, 7]));
        assert_eq!(resolve("leader", 0, None), Ok(vec![4]), "the highest term");
        assert_eq!(resolve("primary", 0, None), Ok(vec![4]), "another word for it");
        assert_eq!(resolve("every(leader)", 0, None), Ok(vec![1, 4]));
        assert_eq!(resolve("sink", 0, None), Ok(vec![8]), "a service among the clients");
        assert_eq!(resolve("every(sink)", 0, None), Ok(vec![8]));
        assert_eq!(resolve("candidate", 0, None), Err(Refusal::NoTarget));
        assert_eq!(resolve("event.node", 0, Some(Slot(5))), Ok(vec![5]));
        assert_eq!(resolve("event.node", 0, None), Err(Refusal::NoTarget));
        assert_eq!(resolve("all", 0, None).unwrap().len(), 7);
        assert_eq!(resolve("minority", 0, None).unwrap().len(), 3);
        assert_eq!(resolve("quorum-minus-one", 0, None).unwrap().len(), 4, "a quorum is 7 - 2");
        assert_eq!(resolve("1/3", 0, None).unwrap().len(), 2);
        assert_eq!(resolve("1%", 0, None).unwrap().len(), 1);
        assert_eq!(resolve("next-leader", 0, None), Ok(vec![5]), "2 and 5 came farthest");
    }

    #[test]
    fn quorums_are_those_of_whoever_votes_now() {
        let (mut ground, mut governor) = world();
        let members = [0, 2, 3].map(NodeId).to_vec();
        ground.electorates = vec![crate::ground::Electorate { members, quorum: 2 }];
        governor.sync(&ground);
        let scene = Scene { ground: &ground, governor: &governor, members: 7, clients: 2, event: None };
        for seed in 0..50 {
            let mut lots = Lots::new(Keyed::new(seed, Purpose::Fault), 0, 0);
            let mut drawn = |selector| scene.resolve(&selector, &mut lots, &|_| true).unwrap();
            for selector in [Selector::Minority, Selector::QuorumMinusOne] {
                let slots = drawn(selector);
                assert!(slots.len() == 1 && [0, 2, 3].contains(&slots[0].0), "{slots:?}");
            }
            assert_eq!(drawn(Selector::All).len(), 7, "who does not vote can fail as well");
        }
    }

    #[test]
    fn who_is_not_eligible_is_never_drawn_and_everybody_else_is() {
        let mut seen = [0_u32; 7];
        for seed in 0..700 {
            for slot in resolve("random(2)", seed, None).unwrap() {
                seen[slot as usize] += 1;
            }
        }
        assert_eq!(seen[6], 0);
        assert!(seen[..6].iter().all(|count| (170..300).contains(count)), "{seen:?}");
        assert_eq!(resolve("random(9)", 0, None).unwrap().len(), 6);
    }

    #[test]
    fn taking_one_slot_away_keeps_the_order_of_the_others() {
        let keyed = Keyed::new(3, Purpose::Fault);
        let all: Vec<Slot> = (0..20).map(Slot).collect();
        let order = Lots::new(keyed, 1, 0).shuffled(all.clone());
        for gone in &all {
            let less: Vec<Slot> = all.iter().copied().filter(|slot| slot != gone).collect();
            let expected: Vec<Slot> = order.iter().copied().filter(|slot| slot != gone).collect();
            assert_eq!(Lots::new(keyed, 1, 0).shuffled(less), expected);
        }
        assert_ne!(Lots::new(keyed, 2, 0).shuffled(all.clone()), order);
        assert_ne!(Lots::new(keyed, 1, 1).shuffled(all), order);
    }
}
