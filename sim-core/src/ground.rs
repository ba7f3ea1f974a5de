//! Ground truth: what is really so, whatever the processes believe.
//!
//! Checks, selectors and triggers read it; a process never does.

pub use crate::disk::Mark;

use crate::identity::{NodeId, Slot};
use crate::process::{Aggregate, JournalId, Keys, Role, Signature};
use crate::slot_names::SlotNames;
use crate::time::Time;

/// The truth about every slot at this moment.
#[derive(Clone, Debug, Default)]
pub struct Ground {
    /// True time.
    pub now: Time,
    /// The slot whose process takes a step, or took the last one; or of which something goes out that was held until a sync had ended.
    pub stepping: Slot,
    /// What its monotonic clock shows.
    pub monotonic: Time,
    /// Whether what the healed core owes is overdue ([`crate::progress`]); known at the end of a run only.
    pub overdue: bool,
    /// Every slot: members first, clients next, joiners last.
    pub places: Vec<Place>,
    /// Who votes now, where the protocol says that this changes; else none, and the members of the beginning count.
    pub electorates: Vec<Electorate>,
    /// The slots of each identity; most have one.
    pub(crate) slots_of: SlotsOf,
    /// The keys of all.
    pub(crate) keys: Keys,
}

/// Members of whom a quorum decides. Of several electorates, each has to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Electorate {
    /// Who votes, in ascending order.
    pub members: Vec<NodeId>,
    /// How many of them decide.
    pub quorum: u32,
}

/// The truth about one slot.
#[derive(Clone, Debug)]
pub struct Place {
    /// Who lives here now.
    pub node: NodeId,
    /// What it is for.
    pub role: Role,
    /// How often it was booted before.
    pub incarnation: u32,
    /// Whether a process runs here.
    pub up: bool,
    /// Whether the process is stopped in its tracks, as by a virtual machine's pause.
    pub paused: bool,
    /// Whether it is outside the healed core and broken: a fault of it, or of its links to the core or to clients, is
    /// still in force, or something on these links waits for a late retransmission. False before the heal.
    pub impaired: bool,
    /// Whether it follows the protocol: false for a traitor and for a twin.
    pub honest: bool,
    /// Whether it is one of several slots of one identity, all running honest code.
    pub twin: bool,
    /// Whether it is the second slot of an identity that runs twice, beside the members: it is counted nowhere, since its
    /// identity is.
    pub beside: bool,
    /// Whether something that was durable here no longer matches its checksum.
    pub rotten: bool,
    /// How much each journal holds and how much of it is durable.
    pub marks: Vec<Mark>,
    /// What its latest observations say about it.
    pub status: Status,
}

/// The latest neutral reading of a process, from its observations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Its role, if it ever said.
    pub role: Option<&'static str>,
    /// Its term, view or round.
    pub rank: Option<u64>,
    /// How far it has come.
    pub position: Option<u64>,
}

impl Place {
    /// A place that is up, honest and has said nothing.
    pub fn new(node: NodeId, role: Role) -> Self {
        Self {
            node,
            role,
            incarnation: 0,
            up: true,
            paused: false,
            impaired: false,
            honest: true,
            twin: false,
            beside: false,
            rotten: false,
            marks: Vec::new(),
            status: Status::default(),
        }
    }

    /// The mark of a journal; zero if nothing was ever appended.
    pub fn mark(&self, journal: JournalId) -> Mark {
        self.marks.get(usize::from(journal.0)).copied().unwrap_or_default()
    }

    /// Whether anything in its journals is durable.
    pub fn has_durable(&self) -> bool {
        self.marks.iter().any(|mark| mark.durable > 0)
    }

    /// Whether it counts as a member.
    pub fn is_member(&self) -> bool {
        self.role == Role::Member && !self.beside
    }

    /// Up and running.
    pub fn runs(&self) -> bool {
        self.up && !self.paused
    }
}

impl Ground {
    /// A world of `members` members and then `clients` clients, all up and honest.
    pub fn new(members: u32, clients: u32) -> Self {
        let role = |index| if index < members { Role::Member } else { Role::Client };
        let places = (0..members + clients).map(|index| Place::new(NodeId(index), role(index))).collect();
        Self { places, ..Self::default() }
    }

    /// Whether a signature is that of its signer under this content.
    pub fn signed(&self, content: u64, signature: &Signature) -> bool {
        self.keys.verify(content, signature)
    }

    /// Whether folded signatures are those of all these signers under this content.
    pub fn all_signed(
        &self,
        content: u64,
        signers: impl IntoIterator<Item = NodeId>,
        aggregate: Aggregate,
    ) -> bool {
        self.keys.fold(content, signers) == aggregate
    }

    /// The truth about one slot.
    pub fn place(&self, slot: Slot) -> &Place {
        &self.places[slot.index()]
    }

    /// The first slot of an identity, if it has one now.
    #[inline]
    pub fn slot_of(&self, node: NodeId) -> Option<Slot> {
        match self.slots_of.moved(node) {
            Some(slots) => slots.first().copied(),
            None => (node.index() < self.places.len()).then_some(Slot(node.0)),
        }
    }

    /// Every slot of an identity: none, one, or two for twins.
    pub fn slots_of(&self, node: NodeId) -> impl Iterator<Item = Slot> + '_ {
        let moved = self.slots_of.moved(node);
        let plain = (moved.is_none() && node.index() < self.places.len()).then_some(Slot(node.0));
        plain.into_iter().chain(moved.unwrap_or_default().iter().copied())
    }

    /// The n-th slot of an identity, counted from zero.
    #[inline]
    pub(crate) fn nth_slot_of(&self, node: NodeId, n: usize) -> Option<Slot> {
        self.slots_of(node).nth(n)
    }

    /// Whether every identity lives in the slot of its own number, so that lookups need no table.
    #[inline]
    pub fn plain(&self) -> bool {
        self.slots_of.moved.is_empty()
    }

    /// Whether an identity is honest in every slot it has; an identity without a slot is.
    #[inline]
    pub fn honest(&self, node: NodeId) -> bool {
        match self.slots_of.moved(node) {
            Some(slots) => slots.iter().all(|slot| self.places[slot.index()].honest),
            None => self.places.get(node.index()).is_none_or(|place| place.honest),
        }
    }

    /// The member slots: one for each member, whose twin beside the others is none.
    pub fn members(&self) -> impl Iterator<Item = (Slot, &Place)> + '_ {
        self.slots().filter(|(_, place)| place.is_member())
    }

    /// Every slot.
    pub fn slots(&self) -> impl Iterator<Item = (Slot, &Place)> + '_ {
        (0..).map(Slot).zip(&self.places)
    }

    /// `n1`, `n2`, ... for members, `c1`, ... for clients.
    pub(crate) fn slot_names(&self) -> SlotNames {
        let mut names = SlotNames::default();
        let mut clients = 0;
        for place in &self.places {
            match place.role {
                Role::Member => names.push(place.node),
                Role::Client => {
                    clients += 1;
                    names.push(format_args!("c{clients}"));
                }
            }
        }
        names
    }

    /// The name of one slot, as [`Ground::slot_names`] has it.
    pub(crate) fn slot_name(&self, slot: Slot) -> String {
        let place = self.place(slot);
        let is_client = |place: &&Place| place.role == Role::Client;
        match place.role {
            Role::Member => place.node.to_string(),
            Role::Client => format!("c{}", self.places[..=slot.index()].iter().filter(is_client).count()),
        }
    }

    /// A text in which clients are called by their numbers among all nodes, as `n6`, with their names instead.
    pub(crate) fn call_by_name(&self, text: &str) -> String {
        let mut called = String::with_capacity(text.len());
        let words = text.split_inclusive(|letter: char| !letter.is_alphanumeric());
        for word in words {
            let bare = word.trim_end_matches(|letter: char| !letter.is_alphanumeric());
            match bare.strip_prefix('n').and_then(|number| self.client_called(number)) {
                Some(name) => called.extend([&name, &word[bare.len()..]]),
                None => called.push_str(word),
            }
        }
        called
    }

    /// The name of a client whose number among all nodes, counted from 1, is this text.
    fn client_called(&self, number: &str) -> Option<String> {
        let number =
            number.parse::<u32>().ok().filter(|_| !number.starts_with(['0', '+']))?.checked_sub(1)?;
        let slot = self.slot_of(NodeId(number)).filter(|slot| self.place(*slot).role == Role::Client)?;
        Some(self.slot_name(slot))
    }

    /// Adds a slot for a newcomer.
    pub(crate) fn add(&mut self, node: NodeId, role: Role) -> Slot {
        let slot = Slot(u32::try_from(self.places.len()).expect("fewer than 2^32 slots"));
        self.places.push(Place::new(node, role));
        if node.0 != slot.0 {
            // The identity of this slot's number may live elsewhere, in a slot that was wiped.
            if !self.slots_of.knows(NodeId(slot.0)) {
                self.slots_of.set(NodeId(slot.0), Vec::new());
            }
            self.slots_of.set(node, vec![slot]);
        }
        slot
    }

    /// Gives a slot to an identity, in addition to those that the identity has (a twin), taking it from whoever had it.
    pub fn assign(&mut self, slot: Slot, node: NodeId) {
        let before = self.places[slot.index()].node;
        let mut left: Vec<Slot> = self.slots_of(before).filter(|other| *other != slot).collect();
        left.sort_unstable();
        self.slots_of.set(before, left);
        self.places[slot.index()].node = node;
        let mut slots: Vec<Slot> =
            if self.slots_of.knows(node) || (node.index() < self.places.len() && node.0 != slot.0) {
                self.slots_of(node).filter(|other| self.places[other.index()].node == node).collect()
            } else {
                Vec::new()
            };
        if !slots.contains(&slot) {
            slots.push(slot);
        }
        slots.sort_unstable();
        self.slots_of.set(node, slots);
    }
}

/// Which identities do not live in exactly the slot of their own number, sorted by identity.
#[derive(Clone, Debug, Default)]
pub(crate) struct SlotsOf {
    moved: Vec<(NodeId, Vec<Slot>)>,
}

impl SlotsOf {
    /// The slots of an identity that does not live in exactly the slot of its own number.
    #[inline]
    fn moved(&self, node: NodeId) -> Option<&[Slot]> {
        // Nobody has, in most runs.
        if self.moved.is_empty() {
            return None;
        }
        let found = self.moved.binary_search_by_key(&node, |(node, _)| *node).ok()?;
        Some(&self.moved[found].1)
    }

    fn knows(&self, node: NodeId) -> bool {
        self.moved(node).is_some()
    }

    fn set(&mut self, node: NodeId, slots: Vec<Slot>) {
        match self.moved.binary_search_by_key(&node, |(node, _)| *node) {
            Ok(found) => self.moved[found].1 = slots,
            Err(place) => self.moved.insert(place, (node, slots)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_live_in_their_own_slot_until_moved() {
        let mut ground = Ground::new(4, 1);
        assert!(ground.plain());
        assert_eq!(ground.slot_of(NodeId(3)), Some(Slot(3)));
        assert_eq!(ground.slot_of(NodeId(9)), None);

        // A twin: slot 3 is given to n1 as well; n4 has no place any more.
        ground.assign(Slot(3), NodeId(0));
        assert_eq!(ground.slots_of(NodeId(0)).collect::<Vec<_>>(), [Slot(0), Slot(3)]);
        assert_eq!(ground.slot_of(NodeId(3)), None);

        // A wiped slot comes back as somebody new.
        ground.assign(Slot(1), NodeId(5));
        assert_eq!(ground.slots_of(NodeId(5)).collect::<Vec<_>>(), [Slot(1)]);
        assert_eq!(ground.slots_of(NodeId(1)).count(), 0);
        assert_eq!(ground.places[1].node, NodeId(5));
    }

    #[test]
    fn a_slot_is_called_alike_alone_and_among_all() {
        let mut ground = Ground::new(3, 2);
        ground.add(NodeId(7), Role::Member);
        ground.add(NodeId(8), Role::Client);
        ground.assign(Slot(1), NodeId(9));
        let names = ground.slot_names();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["n1", "n10", "n3", "c1", "c2", "n8", "c3"]);
        let alone: SlotNames = (0..7).map(|slot| ground.slot_name(Slot(slot))).collect();
        assert_eq!(alone, names);
    }

    #[test]
    fn clients_are_called_by_their_names_in_a_text() {
        let ground = Ground::new(3, 2);
        let text = "n1 told n4, not n5: (n4) is no n3, n6 is nobody, an4 n4a n04 n-4 n0 na é4";
        let called = "n1 told c1, not c2: (c1) is no n3, n6 is nobody, an4 n4a n04 n-4 n0 na é4";
        assert_eq!(ground.call_by_name(text), called);
        assert_eq!(ground.call_by_name(""), "");
    }

    #[test]
    fn one_dishonest_twin_makes_the_identity_dishonest() {
        let mut ground = Ground::new(3, 0);
        ground.assign(Slot(2), NodeId(0));
        assert!(ground.honest(NodeId(0)));
        ground.places[2].honest = false;
        assert!(!ground.honest(NodeId(0)));
        assert!(ground.honest(NodeId(1)));
    }
}
