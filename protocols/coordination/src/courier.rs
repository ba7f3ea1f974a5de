//! Letters: what must arrive is numbered and repeated with growing pauses until a receipt comes, and told when nobody
//! takes it. Receivers know by the number what they had before.
//!
//! To each receiver only so many letters are under way; further ones wait, the most urgent first, in a queue of the same
//! size that drops what is least urgent.

use std::collections::VecDeque;

use sim_core::identity::NodeId;
use sim_core::ordered::{OrderedMap, OrderedSet};
use sim_core::process::{Context, Priority, TimerId};
use sim_core::time::{Duration, Time};

use crate::vocabulary::{Coordination, CoordinationMessage, CoordinationObservation, CoordinationTimer};

/// How often a letter is sent before it is given up.
pub const TRIES: u32 = 8;
/// The first pause before a letter is repeated; it doubles up to sixteen times this.
const PAUSE: Duration = Duration::from_millis(400);
/// How many numbers of one sender a receiver remembers.
const REMEMBERED: usize = 256;

const TIMER: TimerId = TimerId(1);

/// A letter under way.
#[derive(Clone, Debug)]
struct Letter {
    to: NodeId,
    message: CoordinationMessage,
    tries: u32,
    due: Time,
}

/// Letters to one receiver.
#[derive(Clone, Debug, Default)]
struct Outbox {
    under_way: u32,
    waiting: [VecDeque<CoordinationMessage>; 3],
    waits: u32,
}

/// What an agent sends and has received.
#[derive(Clone, Debug)]
pub struct Courier {
    room: u32,
    next: u64,
    sent: OrderedMap<u64, Letter>,
    due: OrderedSet<(Time, u64)>,
    boxes: OrderedMap<NodeId, Outbox>,
    had: OrderedMap<NodeId, VecDeque<u64>>,
    armed: Option<Time>,
    /// What is to be sent, by whoever knows the way.
    pub out: Vec<(NodeId, CoordinationMessage)>,
}

impl Courier {
    /// Nothing was sent yet. `first` is a number that no earlier life of this agent used.
    pub fn new(room: u32, first: u64) -> Self {
        Self {
            room,
            next: first,
            sent: OrderedMap::new(),
            due: OrderedSet::new(),
            boxes: OrderedMap::new(),
            had: OrderedMap::new(),
            armed: None,
            out: Vec::new(),
        }
    }

    /// Sends a letter, or lets it wait behind others. Gives back the one that is dropped for that, if one is.
    pub fn post(
        &mut self,
        to: NodeId,
        message: CoordinationMessage,
        urgency: Priority,
        cx: &mut Context<'_, Coordination>,
    ) -> Option<CoordinationMessage> {
        let room = self.room;
        let own = self.boxes.entry(to).or_default();
        if own.under_way < room {
            own.under_way += 1;
            self.dispatch(to, message, cx);
            return None;
        }
        own.waiting[urgency as usize].push_back(message);
        own.waits += 1;
        let mut shed = None;
        if own.waits > room {
            let least = own.waiting.iter_mut().rev().find(|queue| !queue.is_empty());
            shed = least.and_then(VecDeque::pop_back);
            own.waits -= 1;
            cx.observe(CoordinationObservation::Shed { to });
        }
        let length = own.waiting.iter().map(VecDeque::len).sum::<usize>() as u32;
        cx.observe(CoordinationObservation::LettersWait { to, length, room });
        shed
    }

    fn dispatch(&mut self, to: NodeId, message: CoordinationMessage, cx: &mut Context<'_, Coordination>) {
        let number = self.next;
        self.next += 1;
        let message = message.numbered(number);
        let due = cx.monotonic().saturating_add(jittered(PAUSE, cx));
        self.out.push((to, message.clone()));
        self.sent.insert(number, Letter { to, message, tries: 1, due });
        self.due.insert((due, number));
        self.arm(cx);
    }

    /// A receipt came: nothing more is owed for that letter.
    pub fn receipt(
        &mut self,
        number: u64,
        cx: &mut Context<'_, Coordination>,
    ) -> Option<CoordinationMessage> {
        let letter = self.sent.remove(&number)?;
        self.due.remove(&(letter.due, number));
        self.next_to(letter.to, cx);
        self.arm(cx);
        Some(letter.message)
    }

    /// Takes back all letters to one receiver that are such.
    pub fn take_back(
        &mut self,
        to: NodeId,
        such: impl Fn(&CoordinationMessage) -> bool,
        cx: &mut Context<'_, Coordination>,
    ) -> Vec<CoordinationMessage> {
        let Some(own) = self.boxes.get_mut(&to) else { return Vec::new() };
        let (mut back, mut left) = (Vec::new(), 0);
        for queue in &mut own.waiting {
            let (such, others): (VecDeque<_>, VecDeque<_>) =
                std::mem::take(queue).into_iter().partition(|message| such(message));
            *queue = others;
            left += queue.len() as u32;
            back.extend(such);
        }
        own.waits = left;
        let is = |letter: &Letter| letter.to == to && such(&letter.message);
        let numbers: Vec<u64> =
            self.sent.iter().filter(|(_, letter)| is(letter)).map(|(number, _)| *number).collect();
        for number in numbers {
            back.extend(self.receipt(number, cx));
        }
        back
    }

    /// One letter fewer is under way to a receiver.
    fn next_to(&mut self, to: NodeId, cx: &mut Context<'_, Coordination>) {
        let Some(own) = self.boxes.get_mut(&to) else { return };
        match own.waiting.iter_mut().find_map(VecDeque::pop_front) {
            Some(message) => {
                own.waits -= 1;
                self.dispatch(to, message, cx);
            }
            None => own.under_way -= 1,
        }
    }

    /// Repeats what is due; gives back what is given up.
    pub fn repeat(&mut self, cx: &mut Context<'_, Coordination>) -> Vec<(NodeId, CoordinationMessage)> {
        let now = cx.monotonic();
        self.armed = None;
        let mut given_up = Vec::new();
        while let Some((_, number)) = self.due.first().copied().filter(|(due, _)| *due <= now) {
            self.due.pop_first();
            let Some(letter) = self.sent.get_mut(&number) else { continue };
            if letter.tries >= TRIES {
                let to = letter.to;
                cx.observe(CoordinationObservation::GaveUp { to });
                if let Some(letter) = self.sent.remove(&number) {
                    given_up.push((to, letter.message));
                }
                self.next_to(to, cx);
                continue;
            }
            letter.tries += 1;
            let pause = PAUSE.saturating_mul(1 << (letter.tries - 1).min(4));
            self.out.push((letter.to, letter.message.clone()));
            letter.due = now.saturating_add(jittered(pause, cx));
            self.due.insert((letter.due, number));
        }
        self.arm(cx);
        given_up
    }

    /// Whether a letter is new.
    pub fn is_new(&mut self, from: NodeId, number: u64) -> bool {
        let had = self.had.entry(from).or_default();
        if had.contains(&number) {
            return false;
        }
        if had.len() == REMEMBERED {
            had.pop_front();
        }
        had.push_back(number);
        true
    }

    /// Letters that nobody has a receipt for, in the order of their numbers, and those that wait.
    pub fn undelivered(&self) -> impl Iterator<Item = &CoordinationMessage> + '_ {
        let waiting = self.boxes.values().flat_map(|own| own.waiting.iter().flatten());
        self.sent.values().map(|letter| &letter.message).chain(waiting)
    }

    /// How many letters to a receiver are under way or wait.
    pub fn load(&self, to: NodeId) -> u32 {
        self.boxes.get(&to).map_or(0, |own| own.under_way + own.waits)
    }

    fn arm(&mut self, cx: &mut Context<'_, Coordination>) {
        let Some((due, _)) = self.due.first().copied() else { return };
        if self.armed.is_none_or(|armed| due < armed) {
            self.armed = Some(due);
            cx.set_timer(TIMER, due.since(cx.monotonic()), CoordinationTimer::Courier);
        }
    }
}

/// A pause between three and five quarters of this one.
pub fn jittered(pause: Duration, cx: &mut Context<'_, Coordination>) -> Duration {
    let quarter = pause / 4;
    let extra = sim_core::random::below(cx.rng().next_u64(), quarter.as_nanos().saturating_mul(2).max(1));
    quarter.saturating_mul(3).saturating_add(Duration::from_nanos(extra))
}
