//! A member whose disk was lost is replaced by somebody new, who takes its place on the ring: with a name of its own, since what the
//! other one had acknowledged and confirmed is not there any more.
//!
//! A newcomer takes and says nothing before at least half of the others have written down that it is there. Each tells it which collections it has
//! confirmed, up to where it refuses writes, and who runs in which place. From then on the newcomer takes nothing that may be
//! older than a tombstone which is gone. A confirmation of the one that it replaces counts no longer: whoever confirms a
//! collection says whom it knows to be new, so that the collector learns of it in time. The design record 0141 tells why that suffices.

use sim_core::identity::NodeId;
use sim_core::process::{Boot, Context, TimerId};

use super::member::Member;
use super::vocabulary::{Store, StoreMessage, StoreObservation, StoreRecord, StoreTimer, Version};

pub(super) const JOIN: TimerId = TimerId(5);

/// How many numbers the collections of one actor have for themselves.
const APART: u64 = 1 << 32;

/// Who runs where, and how far a newcomer has come.
#[derive(Clone, Debug)]
pub(super) struct Roster {
    /// By place: who runs there, as far as is known. Replacements have ascending numbers.
    actors: Vec<NodeId>,
    /// Whether this one may act.
    pub(super) joined: bool,
    /// By place: who has answered the newcomer.
    answered: Vec<bool>,
}

impl Roster {
    pub(super) fn new(boot: &Boot<'_, Store>, members: usize) -> Self {
        let mut actors: Vec<NodeId> = boot.members[..members].to_vec();
        if let Some(place) = boot.replaces() {
            actors[place.index()] = boot.node;
        }
        Self { actors, joined: boot.replaces().is_none(), answered: vec![false; members] }
    }

    /// Who runs in a place.
    pub(super) fn actor(&self, place: NodeId) -> NodeId {
        self.actors[place.index()]
    }

    /// Where somebody runs; nobody who was replaced, and no stranger.
    pub(super) fn place(&self, actor: NodeId) -> Option<NodeId> {
        let place = self.actors.iter().position(|known| *known == actor);
        place.map(|place| NodeId(place as u32))
    }

    /// Somebody runs in a place; whether that is new.
    pub(super) fn renew(&mut self, place: NodeId, actor: NodeId) -> bool {
        let known = &mut self.actors[place.index()];
        let new = *known < actor;
        *known = actor.max(*known);
        new
    }

    /// Places whose member was replaced, and by whom.
    pub(super) fn renewed(&self) -> impl Iterator<Item = (NodeId, NodeId)> + '_ {
        let all = (0..).map(NodeId).zip(self.actors.iter().copied());
        all.filter(|(place, actor)| place != actor)
    }

    /// Somebody has answered; whether enough have.
    fn answer(&mut self, place: NodeId) -> bool {
        self.answered[place.index()] = true;
        let answered = self.answered.iter().filter(|answered| **answered).count();
        2 * answered >= self.answered.len() - 1
    }
}

impl Member {
    /// A newcomer asks all who have not answered.
    pub(super) fn ask_to_join(&mut self, cx: &mut Context<'_, Store>) {
        let (me, roster) = (self.me, &self.roster);
        let silent = |place: &NodeId| *place != me && !roster.answered[place.index()];
        let silent: Vec<NodeId> = (0..roster.actors.len() as u32).map(NodeId).filter(silent).collect();
        if !silent.is_empty() {
            let actors = silent.into_iter().map(|place| roster.actor(place));
            cx.send_all(actors, StoreMessage::Join { place: me });
            cx.set_timer(JOIN, self.shared.parameters.answer_timeout, StoreTimer::Join);
        }
    }

    /// Somebody new runs in a place.
    pub(super) fn wants_to_join(&mut self, actor: NodeId, place: NodeId, cx: &mut Context<'_, Store>) {
        if !self.roster.joined || place == self.me || place.index() >= self.shared.ring.members() {
            return;
        }
        self.renew(place, actor, cx);
        if self.roster.actor(place) == actor {
            let confirmed = self.confirmed.iter().map(|(collection, _)| *collection).collect();
            let (fence, clock) = (self.fence, self.clock);
            let renewed = self.roster.renewed().collect();
            self.journal.say(place, StoreMessage::Welcome { confirmed, fence, clock, renewed });
        }
    }

    /// Takes note of who runs in a place. What the one before had confirmed counts no longer, and what was to be said to it, as a
    /// welcome, is not said to this one before it is on disk that this one is there.
    pub(super) fn renew(&mut self, place: NodeId, actor: NodeId, cx: &mut Context<'_, Store>) {
        if place != self.me && self.roster.renew(place, actor) {
            self.journal.forget(place);
            self.journal.append(StoreRecord::Renewed { place, actor }, cx);
            cx.observe(StoreObservation::Renewed { place, actor });
            self.collection.forget(place);
        }
    }

    /// A member has written down that this one is there.
    pub(super) fn welcomed(
        &mut self,
        from: NodeId,
        confirmed: &[u64],
        (fence, clock): (Version, u64),
        renewed: &[(NodeId, NodeId)],
        cx: &mut Context<'_, Store>,
    ) {
        for (place, actor) in renewed {
            self.renew(*place, *actor, cx);
        }
        let Some(place) = self.roster.place(from) else { return };
        let enough = self.roster.answer(place);
        if self.roster.joined {
            return;
        }
        for (known, collection) in self.confirmed.iter_mut().zip(confirmed) {
            known.0 = known.0.max(*collection);
        }
        (self.fence, self.clock) = (self.fence.max(fence), self.clock.max(clock));
        if enough {
            self.join(cx);
        }
    }

    /// From now on it is a member as any other.
    fn join(&mut self, cx: &mut Context<'_, Store>) {
        self.roster.joined = true;
        // Replacements have ascending names: no forerunner used one of these numbers, nor could one that nobody told of.
        self.collection.number = u64::from(self.roster.actor(self.me).0) * APART;
        for record in self.summary() {
            self.journal.append(record, cx);
        }
        self.tell_what_it_knows(cx);
        cx.observe(StoreObservation::Joined);
        self.begin_timers(cx);
    }
}
