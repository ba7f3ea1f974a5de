//! A member: the crate, its timers, its connections, and an application that joins and broadcasts.

use std::collections::BTreeMap;

use iroh_gossip::proto::topic::Command;
use iroh_gossip::proto::{Event, InEvent, OutEvent, PeerData, Scope, State, TopicId};
use n0_future::time::Instant;
use rand::SeedableRng;
use rand::rngs::ChaCha12Rng;
use seedstorm::sim_core::facts::Opaque;
use seedstorm::sim_core::identity::NodeId;
use seedstorm::sim_core::process::{Boot, Context, Input, LinkState, Process};

use crate::Plants;
use crate::parameters::Parameters;
use crate::vocabulary::{Alarm, Gossips, Note, Peer, Report, Word};

/// The only topic.
const TOPIC: TopicId = TopicId::from_bytes([7; 32]);

/// One incarnation of a member.
pub struct Member {
    crate_: State<Peer, ChaCha12Rng>,
    /// What the crate takes for the beginning of time: it only ever compares.
    epoch: Instant,
    parameters: Parameters,
    plants: Plants,
    /// Whom it can join.
    others: Vec<NodeId>,
    life: u32,
    /// How many broadcasts it made.
    broadcasts: u32,
    /// By peer: how many ends of connections are to come of which the crate knows already.
    ending: BTreeMap<NodeId, u32>,
}

impl Member {
    /// A member that knows nobody yet.
    pub fn boot(boot: &Boot<'_, Gossips>, parameters: Parameters, plants: Plants) -> Self {
        let seed = boot.seed();
        let life = u32::from_le_bytes(seed[..4].try_into().expect("four bytes"));
        let rng = ChaCha12Rng::from_seed(seed);
        Self {
            crate_: State::new(boot.node.0, PeerData::default(), parameters.config(), rng),
            epoch: Instant::now(),
            parameters,
            plants,
            others: boot.members.iter().copied().filter(|node| *node != boot.node).collect(),
            life,
            broadcasts: 0,
            ending: BTreeMap::new(),
        }
    }

    fn start(&mut self, cx: &mut Context<'_, Gossips>) {
        cx.observe(Report::Started);
        self.hand(InEvent::Command(TOPIC, Command::Join(Vec::new())), cx);
        self.join(cx);
        cx.after(self.parameters.broadcast_every, Alarm::Broadcast);
    }

    /// Joins somebody, drawn anew each time.
    fn join(&mut self, cx: &mut Context<'_, Gossips>) {
        let drawn = cx.rng().below(self.others.len().max(1) as u64) as usize;
        if let Some(contact) = self.others.get(drawn) {
            self.hand(InEvent::Command(TOPIC, Command::Join(vec![contact.0])), cx);
        }
        cx.after(self.parameters.join_every, Alarm::Join);
    }

    fn broadcast(&mut self, cx: &mut Context<'_, Gossips>) {
        self.broadcasts += 1;
        let note = Note { origin: cx.node(), life: self.life, number: self.broadcasts };
        cx.observe(Report::Broadcast { note });
        self.hand(InEvent::Command(TOPIC, Command::Broadcast(note.written().into(), Scope::Swarm)), cx);
        cx.after(self.parameters.broadcast_every, Alarm::Broadcast);
    }

    fn take(&mut self, from: NodeId, word: &Word, cx: &mut Context<'_, Gossips>) {
        if self.plants.drop_joins && matches!(word, Word::Join { .. }) {
            return;
        }
        let is_goodbye = matches!(word, Word::Disconnect { .. });
        let Some(message) = word.read() else { return };
        // Whoever says goodbye ends the connection: the crate is not told again, and need not end it, too.
        if is_goodbye {
            *self.ending.entry(from).or_default() += 1;
        }
        self.feed(InEvent::RecvMessage(from.0, message), is_goodbye.then_some(from), cx);
    }

    /// A connection ended. Of one that it closed itself the crate is not told, as by its own network layer.
    fn ended(&mut self, peer: NodeId, cx: &mut Context<'_, Gossips>) {
        let known = self.ending.get_mut(&peer).filter(|ends| **ends > 0);
        let is_known = known.map(|ends| *ends -= 1).is_some();
        if !is_known {
            self.hand(InEvent::PeerDisconnected(peer.0), cx);
        }
    }

    fn hand(&mut self, event: InEvent<Peer>, cx: &mut Context<'_, Gossips>) {
        self.feed(event, None, cx);
    }

    /// Gives the crate an event, and does everything that it wants done; `leaving` ends the connection itself.
    fn feed(&mut self, event: InEvent<Peer>, leaving: Option<NodeId>, cx: &mut Context<'_, Gossips>) {
        let now = self.epoch + std::time::Duration::from_nanos(cx.monotonic().as_nanos());
        let wanted: Vec<OutEvent<Peer>> = self.crate_.handle(event, now, None).collect();
        for event in wanted {
            match event {
                OutEvent::SendMessage(to, message) => cx.send(NodeId(to), Word::of(&message)),
                OutEvent::ScheduleTimer(after, timer) => {
                    cx.after(after.into(), Alarm::Crate { timer: Opaque(timer) });
                }
                OutEvent::DisconnectPeer(peer) if leaving == Some(NodeId(peer)) => {}
                OutEvent::DisconnectPeer(peer) => {
                    *self.ending.entry(NodeId(peer)).or_default() += 1;
                    cx.close_link(NodeId(peer));
                }
                OutEvent::EmitEvent(_, event) => self.tell(event, cx),
                OutEvent::PeerData(..) => {}
            }
        }
    }

    fn tell(&self, event: Event<Peer>, cx: &mut Context<'_, Gossips>) {
        match event {
            Event::NeighborUp(peer) => cx.observe(Report::Up { peer: NodeId(peer) }),
            Event::NeighborDown(peer) => cx.observe(Report::Down { peer: NodeId(peer) }),
            Event::Received(event) => {
                let from = NodeId(event.delivered_from);
                let report = match Note::read(&event.content) {
                    Some(note) => Report::Received { note, from },
                    None => Report::Garbled,
                };
                cx.observe(report);
                if self.plants.hands_over_twice && self.broadcasts % 8 == 7 {
                    cx.observe(report);
                }
            }
        }
    }
}

impl Process<Gossips> for Member {
    fn step(&mut self, input: Input<'_, Gossips>, cx: &mut Context<'_, Gossips>) {
        match input {
            Input::Start => self.start(cx),
            Input::Message { from, message } => self.take(from, message, cx),
            Input::Timer { timer: Alarm::Crate { timer: Opaque(timer) }, .. } => {
                self.hand(InEvent::TimerExpired(timer), cx);
            }
            Input::Timer { timer: Alarm::Join, .. } => self.join(cx),
            Input::Timer { timer: Alarm::Broadcast, .. } => self.broadcast(cx),
            Input::Link { peer, state: LinkState::Down } => self.ended(peer, cx),
            _ => {}
        }
    }
}
