//! Whom a member hears of in a shuffle becomes a candidate, and candidates are told in shuffles.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};

use super::parameters::Parameters;
use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeObservation};

/// Whoever is heard of in a shuffle becomes a candidate, and a shuffle or its answer tells of as many candidates as it has room for
/// (HyParView, section 4.4). A passive view that is never refilled harms nobody before links fail.
///
/// Nobody sees a passive view. But a candidate leaves it only by a link or a stream with that one, or to make room. So whom a member
/// was told of and never exchanged a message with, in this life or an earlier one, that one is in there still, as long as there was room
/// for all that it knows. A member that knows more is not judged any more. Nor is one with a new identity, about which nothing is owed
/// either: the stream with whoever ran there before ends in its name.
#[derive(Debug)]
pub struct Candidates {
    /// How many a passive view holds.
    room: usize,
    /// The most of them that a sample tells.
    most: usize,
    members: BySlot<Member>,
    /// Whether a place has another identity than at first.
    renewed: BySlot<bool>,
}

#[derive(Debug, Default)]
struct Member {
    /// All that it may ever have had as a candidate.
    known: Vec<(NodeId, Known)>,
    /// Whether these are too many, so that it is not followed any more.
    full: bool,
    /// The sample that came last, until it is forwarded or answered.
    walked: Vec<NodeId>,
}

/// How a member knows another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// It has a link with it, so that it is no candidate.
    Linked,
    /// There were messages between them: it may have become a candidate and ceased to be one.
    Met,
    /// From samples alone: a candidate.
    Told,
}

/// The messages that begin a stream. Over a link anything may come later.
const OVERLAY: &[&str] =
    &["Join", "ForwardJoin", "Neighbor", "Accept", "Reject", "Disconnect", "Shuffle", "ShuffleReply"];

impl Member {
    fn how(&self, node: NodeId) -> Option<Known> {
        self.known.iter().find(|(known, _)| *known == node).map(|(_, how)| *how)
    }

    /// It knows somebody in this way from now on.
    fn know(&mut self, node: NodeId, how: Known, room: usize) {
        let place = self.known.iter().position(|(known, _)| *known == node);
        match place {
            Some(place) => self.known[place].1 = how,
            None if self.full => {}
            None if self.known.len() < room => self.known.push((node, how)),
            None => *self = Self { full: true, ..Self::default() },
        }
    }

    /// There is a message between it and somebody.
    fn meet(&mut self, node: NodeId, room: usize) {
        if self.how(node) != Some(Known::Linked) {
            self.know(node, Known::Met, room);
        }
    }

    /// It starts again: its candidates are gone, and its streams may end later.
    fn restart(&mut self) {
        self.known.retain(|(_, how)| *how != Known::Told);
        self.known.iter_mut().for_each(|(_, how)| *how = Known::Met);
        self.walked.clear();
    }

    /// It hears in a shuffle of somebody; whether this one may become a candidate and nothing else.
    fn learn(&mut self, node: NodeId, certain: bool, room: usize) {
        if self.how(node).is_none() {
            self.know(node, if certain { Known::Told } else { Known::Met }, room);
        }
    }

    /// It tells a sample.
    fn judge(&self, me: NodeId, sample: &[NodeId], most: usize, findings: &mut Findings) {
        let sure = self.known.iter().filter(|(_, how)| *how == Known::Told).count();
        if sure == 0 {
            return;
        }
        findings.exercised();
        let candidate = |node: &&NodeId| **node != me && self.how(**node) != Some(Known::Linked);
        let told = sample.iter().filter(candidate).count();
        if told < most.min(sure) {
            let text = format!(
                "{me} tells {told} candidates in a shuffle, and was told of {sure} whom it never met"
            );
            findings.safety("", &[me], text);
        }
    }
}

impl Candidates {
    /// For members with these parameters.
    pub fn new(parameters: &Parameters) -> Self {
        Self {
            room: parameters.passive_size as usize,
            most: parameters.shuffle_passive as usize,
            members: BySlot::default(),
            renewed: BySlot::default(),
        }
    }

    /// A member takes in whom it was told of.
    fn learn(&mut self, ground: &Ground, slot: Slot, sample: &[NodeId]) {
        let me = ground.place(slot).node;
        for node in sample.iter().filter(|node| **node != me) {
            let home = ground.slot_of(*node);
            let certain = home.is_some_and(|home| !*self.renewed.at(home));
            self.members.at(slot).learn(*node, certain, self.room);
        }
    }

    fn meet(&mut self, ground: &Ground, one: NodeId, other: NodeId) {
        if let Some(slot) = ground.slot_of(one) {
            self.members.at(slot).meet(other, self.room);
        }
    }
}

impl Check<Plumtree> for Candidates {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Linked", "Unlinked"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Plumtree>, _: &mut Findings) {
        let (peer, how) = match *seen.observation {
            PlumtreeObservation::Linked { peer, .. } => (peer, Known::Linked),
            PlumtreeObservation::Unlinked { peer, .. } => (peer, Known::Met),
            _ => return,
        };
        self.members.at(seen.slot).know(peer, how, self.room);
    }

    fn takes(&self) -> &'static [&'static str] {
        &["Shuffle", "ShuffleReply"]
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        _: NodeId,
        message: &PlumtreeMessage,
        _: &mut Findings,
    ) {
        match message {
            PlumtreeMessage::ShuffleReply { sample } => self.learn(ground, slot, sample),
            PlumtreeMessage::Shuffle { sample, .. } => {
                let member = self.members.at(slot);
                member.walked.clear();
                member.walked.extend_from_slice(sample);
            }
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        OVERLAY
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &PlumtreeMessage,
        findings: &mut Findings,
    ) {
        self.meet(ground, from, to);
        self.meet(ground, to, from);
        let Some(slot) = ground.slot_of(from).filter(|_| ground.honest(from)) else { return };
        let member = self.members.at(slot);
        match message {
            PlumtreeMessage::Shuffle { origin, sample, .. } if *origin == from => {
                member.judge(from, sample, self.most, findings);
            }
            PlumtreeMessage::Shuffle { .. } => member.walked.clear(),
            // It takes in what it was sent after it has drawn its answer.
            PlumtreeMessage::ShuffleReply { sample } => {
                member.judge(from, sample, self.most, findings);
                let mut walked = std::mem::take(&mut member.walked);
                self.learn(ground, slot, &walked);
                walked.clear();
                self.members.at(slot).walked = walked;
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if matches!(what, Lifecycle::Booted | Lifecycle::Crashed | Lifecycle::Wiped) {
            self.members.at(slot).restart();
        }
        if what == Lifecycle::Wiped {
            *self.renewed.at(slot) = true;
            *self.members.at(slot) = Member { full: true, ..Member::default() };
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::time::Time;

    use super::*;

    type Script = sim_core::check::script::Script<Plumtree, Candidates>;

    fn nodes(of: &[u32]) -> Box<[NodeId]> {
        of.iter().copied().map(NodeId).collect()
    }

    fn shuffle(origin: u32, sample: &[u32]) -> PlumtreeMessage {
        PlumtreeMessage::Shuffle { origin: NodeId(origin), ttl: 0, sample: nodes(sample) }
    }

    fn reply(sample: &[u32]) -> PlumtreeMessage {
        PlumtreeMessage::ShuffleReply { sample: nodes(sample) }
    }

    /// The first member has a link with the second one, and hears of these from the third one.
    fn told(room: u32, of: &[u32]) -> Script {
        let parameters = Parameters { passive_size: room, ..Parameters::default() };
        let mut script = Script::new(Candidates::new(&parameters), 12);
        script.see(0, PlumtreeObservation::Linked { peer: NodeId(1), active: 1 });
        script.send(2, 0, reply(of)).receive(Time::ZERO, 2, 0, reply(of));
        script
    }

    #[test]
    fn whoever_is_heard_of_in_a_shuffle_is_told_in_one() {
        let text = "n1 tells 0 candidates in a shuffle, and was told of 2 whom it never met";
        told(9, &[2, 4, 5]).send(0, 1, shuffle(0, &[0, 1])).found("", text);
        let mut right = told(9, &[2, 4, 5]);
        assert_eq!(right.send(0, 1, shuffle(0, &[0, 1, 4, 5])).clean().exercised(), 1);
        let many = [3, 4, 5, 6, 7, 8, 9];
        told(9, &many).send(0, 1, shuffle(0, &[0, 1, 9, 4, 3, 7])).clean();
        assert_eq!(told(9, &many).send(0, 1, shuffle(0, &[0, 1, 9, 4, 3])).violations(), 1, "four of them");
    }

    #[test]
    fn an_answer_is_drawn_before_the_sample_is_taken_in() {
        let mut script = told(9, &[2, 4]);
        script.receive(Time::ZERO, 1, 0, shuffle(3, &[3, 6, 7]));
        script.send(0, 3, reply(&[0, 1, 4])).clean();
        assert_eq!(script.send(0, 1, shuffle(0, &[0, 1, 4])).violations(), 1, "6 and 7 are candidates now");
        let mut forwards = told(9, &[2, 4]);
        forwards.receive(Time::ZERO, 1, 0, shuffle(3, &[3, 6, 7])).send(0, 1, shuffle(3, &[3, 6, 7]));
        forwards.send(0, 1, shuffle(0, &[0, 1, 4])).clean();
    }

    #[test]
    fn whom_it_met_and_what_there_may_be_no_room_for_is_not_owed() {
        let mut met = told(9, &[2, 4, 5]);
        met.send(0, 4, PlumtreeMessage::Neighbor { high: false }).send(5, 0, PlumtreeMessage::Join);
        met.send(0, 1, shuffle(0, &[0, 1])).clean();
        told(3, &[4, 5, 6]).send(0, 1, shuffle(0, &[0, 1])).clean();
        told(9, &[4, 5]).wipe(0).send(0, 1, shuffle(0, &[0])).clean();
        told(9, &[4, 5]).restart(0).send(0, 1, shuffle(0, &[0])).clean();
        let mut linked = told(9, &[4]);
        linked.see(0, PlumtreeObservation::Linked { peer: NodeId(4), active: 2 });
        linked.send(0, 1, shuffle(0, &[0, 1, 4])).clean();
    }
}
