//! What both sides are compared by: states of servers, and messages that mean the same.

/// What a server is in its term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Follower,
    PreCandidate,
    Candidate,
    Leader,
}

/// The term of an entry, and which proposal it holds; a leader's first one holds none.
pub type Entry = (u64, Option<u64>);

/// All that a server is compared by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    pub term: u64,
    pub vote: Option<usize>,
    pub leader: Option<usize>,
    pub role: Role,
    pub log: Vec<Entry>,
    pub commit: u64,
}

impl State {
    /// The term of the entry at an index; 0 before the first.
    pub fn term_at(&self, index: u64) -> u64 {
        let entry = index.checked_sub(1).and_then(|place| self.log.get(place as usize));
        entry.map_or(0, |entry| entry.0)
    }
}

/// What a message means on both sides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// A request for a vote or a pre-vote.
    Ask { pre: bool, term: u64, last_index: u64, last_term: u64 },
    /// The answer to it.
    Answer { pre: bool, term: u64, granted: bool },
    /// Entries after a place of the log.
    Append { term: u64, prev: u64, prev_term: u64, entries: Vec<Entry> },
    /// The log matches up to an index.
    Acknowledge { term: u64, index: u64 },
    /// Entries were refused, or their leader is of an earlier term.
    Refuse { term: u64 },
    /// A heartbeat, an answer to it, or a commit index: each side has its own ways.
    Other,
}

/// A cluster of one of the two implementations, one server of it at a time.
pub trait Side {
    type Message: Clone;

    /// The same in words of both.
    fn meaning(message: &Self::Message) -> Meaning;

    fn state(&self, server: usize) -> State;

    fn hear(&mut self, server: usize, from: usize, message: &Self::Message);

    /// Its election timer fires.
    fn time_out(&mut self, server: usize);

    /// It has heard nobody for as long as a leader is protected.
    fn silence(&mut self, server: usize);

    /// A leader's heartbeat is due.
    fn beat(&mut self, server: usize);

    /// A leader asks itself whether it was heard by a majority.
    fn audit(&mut self, server: usize);

    fn propose(&mut self, server: usize, number: u64);

    /// It stops, and starts again from its disk.
    fn restart(&mut self, server: usize);

    /// What it has said since the last time, and to whom.
    fn said(&mut self, server: usize) -> Vec<(usize, Self::Message)>;

    /// Puts back what was taken.
    fn say_again(&mut self, server: usize, said: Vec<(usize, Self::Message)>);
}
