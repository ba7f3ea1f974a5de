//! What configurations a server finds when it boots: those that its log holds (Raft dissertation, section 4.1: a server uses the last one in
//! its log), and none that was dropped.
//!
//! A configuration is known by where it stands: its index, and the chained hash of the log up to there.

use sim_core::ordered::OrderedMap;

use crate::configuration::Config;

/// The configurations that any log ever held.
#[derive(Debug, Default)]
pub(super) struct Found {
    known: OrderedMap<(u64, u64), Config>,
}

impl Found {
    /// A server appends one: the log up to there has this hash.
    pub(super) fn appended(&mut self, index: u64, hash: u64, config: &Config) {
        self.known.entry((index, hash)).or_insert_with(|| config.clone());
    }

    /// A server finds one at an index of a log that was told as it grew. What is wrong with it, if anything is. A crash may have come between the
    /// last entry and the word that it is one.
    pub(super) fn found(
        &mut self,
        (index, end): (u64, u64),
        hash: Option<u64>,
        config: &Config,
    ) -> Option<&'static str> {
        if index > end {
            return Some("beyond the end of its log");
        }
        let at = (index, hash?);
        if index == end {
            self.appended(index, at.1, config);
        }
        match self.known.get(&at) {
            None => Some("where its log has another entry"),
            Some(known) => (known != config).then_some("where its log has another one"),
        }
    }
}
