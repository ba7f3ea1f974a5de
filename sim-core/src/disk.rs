//! Journals: what a slot's disk holds, what of it is durable, and what a crash takes.

use crate::process::{Recovered, Stored};

/// One journal of one slot.
#[derive(Clone, Debug)]
pub struct Journal<R> {
    pub(crate) stored: Vec<Stored<R>>,
    pub(crate) torn: bool,
}

impl<R> Journal<R> {
    /// What a booting process finds.
    pub fn recovered(&self) -> Recovered<'_, R> {
        Recovered { records: &self.stored, torn: self.torn }
    }
}

impl<R> Journal<R> {
    /// A journal with this content, all of it durable: for tests of recovery.
    pub fn holding(stored: Vec<Stored<R>>, torn: bool) -> Self {
        Self { stored, torn }
    }
}
