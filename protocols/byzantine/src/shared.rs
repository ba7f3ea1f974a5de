//! Values that pass through many messages, logs and journals: kept once, hashed and measured once.

use std::ops::Deref;
use std::rc::Rc;

use sim_core::digest::Digest;
use sim_core::facts::mutation::Hand;
use sim_core::facts::{Facts, Field, Visitor, show_facts};

/// Something with a size on the wire.
pub trait Wire: Facts {
    /// Bytes on the wire.
    fn size(&self) -> u32;
}

/// A value that never changes, kept by reference.
#[derive(Debug)]
pub struct Shared<T>(Rc<Made<T>>);

#[derive(Debug)]
struct Made<T> {
    content: u64,
    size: u32,
    value: T,
}

impl<T: Wire> Shared<T> {
    /// Hashes and measures a value, once.
    pub fn new(value: T) -> Self {
        Self(Rc::new(Made { content: value.content(), size: value.size(), value }))
    }
}

impl<T> Shared<T> {
    /// The hash of its content.
    #[inline]
    pub fn hash(&self) -> u64 {
        self.0.content
    }

    /// Bytes on the wire.
    #[inline]
    pub fn wire(&self) -> u32 {
        self.0.size
    }
}

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> PartialEq for Shared<T> {
    fn eq(&self, other: &Self) -> bool {
        self.hash() == other.hash()
    }
}

impl<T> Eq for Shared<T> {}

impl<T: Wire> Facts for Shared<T> {
    const KINDS: &'static [&'static str] = T::KINDS;

    fn kind(&self) -> u8 {
        self.0.value.kind()
    }

    fn digest(&self, digest: &mut Digest) {
        digest.word(self.hash());
    }

    fn visit(&self, visitor: &mut dyn Visitor) {
        self.0.value.visit(visitor);
    }

    fn alter(&mut self, hand: &mut dyn Hand) {
        let mut value = self.0.value.clone();
        value.alter(hand);
        let altered = Self::new(value);
        if altered != *self {
            *self = altered;
        }
    }
}

impl<T: Wire> Field for Shared<T> {
    #[inline]
    fn fold(&self, digest: &mut Digest) {
        digest.word(self.hash());
    }

    fn show(&self, name: &'static str, visitor: &mut dyn Visitor) {
        show_facts(&self.0.value, name, visitor);
    }

    fn alter(&mut self, _: &'static str, hand: &mut dyn Hand) {
        Facts::alter(self, hand);
    }
}
