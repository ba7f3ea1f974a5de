//! What was found in the crate, against the crate alone: its calls one by one.

use iroh_gossip::proto::topic::Command;
use iroh_gossip::proto::{Config, Event, InEvent, Message, OutEvent, PeerData, Scope, State, Timer, TopicId};
use n0_future::time::Instant;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;

const TOPIC: TopicId = TopicId::from_bytes([7; 32]);

/// A member of the topic, and everything that it wants done.
struct Node {
    id: u32,
    state: State<u32, ChaCha12Rng>,
    epoch: Instant,
    sent: Vec<(u32, Message<u32>)>,
    timers: Vec<Timer<u32>>,
    neighbors: Vec<u32>,
}

impl Node {
    fn new(id: u32, active_view: usize) -> Self {
        let mut config = Config::default();
        config.membership.active_view_capacity = active_view;
        let state = State::new(id, PeerData::default(), config, ChaCha12Rng::seed_from_u64(u64::from(id)));
        let (epoch, sent, timers) = (Instant::now(), Vec::new(), Vec::new());
        let mut node = Self { id, state, epoch, sent, timers, neighbors: Vec::new() };
        node.command(Command::Join(Vec::new()));
        node
    }

    fn handle(&mut self, event: InEvent<u32>) {
        for event in self.state.handle(event, self.epoch, None) {
            match event {
                OutEvent::SendMessage(to, message) => self.sent.push((to, message)),
                OutEvent::ScheduleTimer(_, timer) => self.timers.push(timer),
                OutEvent::EmitEvent(_, Event::NeighborUp(peer)) => self.neighbors.push(peer),
                OutEvent::EmitEvent(_, Event::NeighborDown(peer)) => {
                    self.neighbors.retain(|own| *own != peer)
                }
                _ => {}
            }
        }
    }

    fn command(&mut self, command: Command<u32>) {
        self.handle(InEvent::Command(TOPIC, command));
    }

    fn broadcast(&mut self, content: &'static [u8]) {
        self.command(Command::Broadcast(content.into(), Scope::Swarm));
    }

    /// Takes what is on the way to somebody out of what was sent.
    fn to(&mut self, to: u32) -> Vec<Message<u32>> {
        let (mine, others) = self.sent.drain(..).partition(|(other, _)| *other == to);
        self.sent = others;
        let mine: Vec<(u32, Message<u32>)> = mine;
        mine.into_iter().map(|(_, message)| message).collect()
    }

    fn take(&mut self, from: u32, messages: Vec<Message<u32>>) {
        messages.into_iter().for_each(|message| self.handle(InEvent::RecvMessage(from, message)));
    }

    fn all_timers(&mut self) {
        for timer in std::mem::take(&mut self.timers) {
            self.handle(InEvent::TimerExpired(timer));
        }
    }
}

/// Carries everything between two nodes until nothing is left.
fn talk(one: &mut Node, other: &mut Node) {
    loop {
        let (there, back) = (one.to(other.id), other.to(one.id));
        if there.is_empty() && back.is_empty() {
            return;
        }
        other.take(one.id, there);
        one.take(other.id, back);
    }
}

/// Of which kind a message is: the layer and the number of the kind, behind the topic.
fn kind(message: &Message<u32>) -> (u8, u8) {
    let bytes = postcard::to_allocvec(message).unwrap();
    (bytes[32], bytes[33])
}

const NEIGHBOR: (u8, u8) = (0, 4);
const I_HAVE: (u8, u8) = (1, 3);

/// A `ShuffleReply` that names these peers, as it is on the wire.
fn shuffle_reply(peers: &[u8]) -> Message<u32> {
    let mut bytes = vec![7; 32];
    bytes.extend([0, 3, peers.len() as u8]);
    bytes.extend(peers.iter().flat_map(|peer| [*peer, 0]));
    postcard::from_bytes(&bytes).expect("a message of the crate")
}

/// "Both are subsets of the active view from the membership protocol", the documentation says of eager and lazy peers. A member
/// makes room for a newcomer; a message of the neighbor that it dropped is still on the way, and it has that one already. The
/// dropped neighbor becomes a lazy peer, and stays one for good: nothing tells the crate of the end of a connection that it has closed
/// itself. From then on each broadcast is announced to somebody who is no neighbor, which opens a connection again.
#[test]
fn a_dropped_neighbor_stays_a_lazy_peer() {
    let (mut one, mut two, mut three) = (Node::new(1, 1), Node::new(2, 1), Node::new(3, 1));
    two.command(Command::Join(vec![1]));
    talk(&mut one, &mut two);
    assert_eq!((&one.neighbors[..], &two.neighbors[..]), (&[2][..], &[1][..]));
    one.broadcast(b"the same");
    two.broadcast(b"the same");
    let late = two.to(1);

    three.command(Command::Join(vec![1]));
    talk(&mut one, &mut three);
    assert_eq!(one.neighbors, [3], "there is room for one");
    one.take(2, late);
    talk(&mut one, &mut two);
    assert_eq!(
        (&one.neighbors[..], two.neighbors.contains(&1)),
        (&[3][..], false),
        "both know that they are none"
    );

    for _ in 0..10 {
        one.all_timers();
        one.sent.clear();
        one.broadcast(b"news");
        one.all_timers();
        let announced = one.to(2);
        assert_eq!(announced.iter().map(kind).collect::<Vec<_>>(), [I_HAVE], "what no neighbor should hear");
    }

    // Only if it were told of the end of that connection would it forget.
    one.handle(InEvent::PeerDisconnected(2));
    one.broadcast(b"more news");
    one.all_timers();
    assert!(one.to(2).is_empty());
}

/// "If one of your active peers goes offline, its slot is filled with a random peer from the passive set", the documentation says.
/// Whoever answers a request for a neighbor notes that it has asked itself, and nothing ever takes that note away while the neighbor stays. Notes
/// count as places that will be filled. A member that joined through five contacts loses one, and another one: it knows others,
/// and asks nobody until it has lost three.
#[test]
fn a_member_that_joined_does_not_fill_its_view_again() {
    let mut me = Node::new(0, 5);
    let mut contacts: Vec<Node> = (1..=5).map(|id| Node::new(id, 5)).collect();
    me.command(Command::Join(vec![1, 2, 3, 4, 5]));
    contacts.iter_mut().for_each(|contact| talk(&mut me, contact));
    assert_eq!(me.neighbors.len(), 5);
    me.take(1, vec![shuffle_reply(&[20, 21, 22])]);
    let asked = |me: &mut Node| me.sent.drain(..).filter(|(_, message)| kind(message) == NEIGHBOR).count();
    assert_eq!(asked(&mut me), 0, "there is no room");
    for (lost, asks) in [(1, 0), (2, 0), (3, 1)] {
        me.handle(InEvent::PeerDisconnected(lost));
        assert_eq!(asked(&mut me), asks, "after {lost} of five neighbors are gone");
    }
}

/// The same member, with the same neighbors, if they joined through it: here each of them has the note, and it has none.
#[test]
fn a_member_that_others_joined_through_does() {
    let mut me = Node::new(0, 5);
    for id in 1..=5 {
        let mut newcomer = Node::new(id, 5);
        newcomer.command(Command::Join(vec![0]));
        talk(&mut me, &mut newcomer);
        me.sent.clear();
    }
    assert_eq!(me.neighbors.len(), 5);
    me.take(1, vec![shuffle_reply(&[20, 21, 22])]);
    me.sent.clear();
    me.handle(InEvent::PeerDisconnected(1));
    let asked = me.sent.drain(..).filter(|(_, message)| kind(message) == NEIGHBOR).count();
    assert_eq!(asked, 1);
}
