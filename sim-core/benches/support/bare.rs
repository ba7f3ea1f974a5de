//! The limits: what each workload costs when written by hand around a bare queue, without anything an engine is for.

use sim_core::queue::{Pending, key, payload_of, time_of};
use sim_core::slab::Slab;

use crate::measure::{Measured, median_of_5};
use crate::random::{Exponential, Random};

const SECOND: u64 = 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;

/// W1, PHOLD: `n` processes with one event each in flight; an event schedules one on a random process after 0.1 and an
/// exponential time with mean 1. Bare: a queue and the random numbers; the payload is the process itself.
pub(crate) fn w1_bare<Q: Pending>(n: u32, events: u64) -> Measured {
    let (mut random, exponential, mut queue) = (Random::new(1), Exponential::new(), Q::default());
    let mut scheduled = 0u32;
    let delay = |random: &mut Random| (SECOND as f64 * (0.1 + exponential.draw(random))) as u64;
    for process in 0..n {
        queue.push(key(delay(&mut random), scheduled, process));
        scheduled = scheduled.wrapping_add(1);
    }
    median_of_5(events, |events| {
        let mut fold = 0u64;
        for _ in 0..events {
            let Some(event) = queue.pop() else { break };
            fold = fold.rotate_left(1) ^ u64::from(payload_of(event));
            let process = random.below(n);
            queue.push(key(time_of(event) + delay(&mut random), scheduled, process));
            scheduled = scheduled.wrapping_add(1);
        }
        fold
    })
}

/// The random numbers of W1 alone: the part of its limit that no queue can save.
pub(crate) fn w1_random(n: u32, events: u64) -> Measured {
    let (mut random, exponential) = (Random::new(1), Exponential::new());
    median_of_5(events, |events| {
        let mut fold = 0u64;
        for _ in 0..events {
            let process = random.below(n);
            let delay = (SECOND as f64 * (0.1 + exponential.draw(&mut random))) as u64;
            fold = fold.rotate_left(1) ^ delay ^ u64::from(process);
        }
        fold
    })
}

/// A message in flight.
struct Flying {
    from: u32,
    to: u32,
    body: u64,
}

/// What a node keeps.
#[derive(Clone, Default)]
struct Node {
    received: u32,
    last_from: u32,
    sum: u64,
}

/// W2, messages: `n` nodes (two or more) with one message each in flight; a node that gets one sends one to a random
/// peer, which takes 1 to 10 ms, uniformly; one in a hundred is lost, and then the sender tries the next random peer,
/// so that traffic does not die out. Bare: a queue, a slab of messages, a vector of nodes. `events` counts deliveries.
pub(crate) fn w2_bare<Q: Pending>(n: u32, events: u64) -> Measured {
    let mut world = Bare { random: Random::new(1), queue: Q::default(), flying: Slab::new(), sent: 0, n };
    let mut nodes = vec![Node::default(); n as usize];
    (0..n).for_each(|node| world.send(0, node, 0));
    median_of_5(events, |events| {
        let mut fold = 0u64;
        for _ in 0..events {
            let Some(event) = world.queue.pop() else { break };
            let message = world.flying.remove(payload_of(event));
            let node = &mut nodes[message.to as usize];
            node.received = node.received.wrapping_add(1);
            node.last_from = message.from;
            node.sum = node.sum.wrapping_add(message.body);
            fold = fold.rotate_left(1) ^ node.sum ^ u64::from(message.to);
            world.send(time_of(event), message.to, node.sum);
        }
        fold
    })
}

struct Bare<Q> {
    random: Random,
    queue: Q,
    flying: Slab<Flying>,
    sent: u32,
    n: u32,
}

impl<Q: Pending> Bare<Q> {
    #[inline]
    fn send(&mut self, now: u64, from: u32, body: u64) {
        loop {
            self.sent = self.sent.wrapping_add(1);
            let (peer, lost) = (self.random.below(self.n - 1), self.random.below(100) == 0);
            if lost {
                continue;
            }
            let to = if peer < from { peer } else { peer + 1 };
            let delay = MILLISECOND + u64::from(self.random.below(9 * MILLISECOND as u32));
            let message = self.flying.insert(Flying { from, to, body });
            self.queue.push(key(now + delay, self.sent, message));
            return;
        }
    }
}
