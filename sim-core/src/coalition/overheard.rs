//! What the coalition has heard, to say it again.

use super::{CoalitionContext, Deed};
use crate::identity::{NodeId, Slot};
use crate::process::Protocol;
use crate::random::below;

/// How many messages are kept.
const KEPT: usize = 256;

/// The latest messages that any traitor heard.
pub struct Overheard<P: Protocol> {
    messages: Vec<P::Message>,
    heard: usize,
}

impl<P: Protocol> Overheard<P> {
    pub(super) const fn new() -> Self {
        Self { messages: Vec::new(), heard: 0 }
    }

    /// Keeps a message, in turn overwriting the oldest.
    pub(super) fn add(&mut self, message: &P::Message) {
        if self.messages.len() < KEPT {
            self.messages.push(message.clone());
        } else {
            self.messages[self.heard % KEPT] = message.clone();
        }
        self.heard = self.heard.wrapping_add(1);
    }

    /// How many messages were heard so far.
    pub const fn count(&self) -> usize {
        self.heard
    }

    /// What was heard after the first so many messages, in order, as far as it is kept.
    pub fn since(&self, count: usize) -> impl Iterator<Item = &P::Message> {
        let first = count.max(self.heard.saturating_sub(self.messages.len()));
        (first..self.heard).map(|place| &self.messages[place % KEPT])
    }

    /// One of those that are kept, in no order that means anything.
    pub fn last(&self) -> Option<&P::Message> {
        self.messages.last()
    }

    /// Says one of them again, to an honest member.
    pub(super) fn replay(&self, from: Slot, honest: &[NodeId], cx: &mut CoalitionContext<'_, P>) {
        if self.messages.is_empty() || honest.is_empty() {
            return;
        }
        let message = below(cx.rng().next_u64(), self.messages.len() as u64) as usize;
        let to = below(cx.rng().next_u64(), honest.len() as u64) as usize;
        cx.send_as(from, honest[to], self.messages[message].clone());
        cx.did(Deed::Replayed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::facts! { enum Word { Word { n: u64 } } }
    crate::vocabulary! { Talk { message: Word } }

    impl crate::process::Message for Word {
        fn wire_size(&self) -> u32 {
            8
        }
    }

    #[test]
    fn only_the_latest_messages_are_kept() {
        let mut overheard = Overheard::<Talk>::new();
        (0..300).for_each(|n| overheard.add(&Word::Word { n }));
        let kept = overheard.messages.iter().map(|Word::Word { n }| *n);
        assert_eq!((overheard.messages.len(), kept.min()), (KEPT, Some(44)));
    }
}
