//! The objects, with one session per client.

use sim_core::digest::Digest;
use sim_core::facts::Facts;
use sim_core::identity::NodeId;

use crate::contents::Contents;
use crate::operation::{Operation, Reply};

/// What a session remembers of its last operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Which operation it was: numbers rise with each operation of a client.
    pub sequence: u64,
    /// What it came to.
    pub reply: Reply,
    /// Its place in the order of all operations.
    pub index: u64,
}

/// What applying an operation came to. What it returned, the session remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Whose operation it was.
    pub client: NodeId,
    /// Which one.
    pub sequence: u64,
    /// Whether the session had seen it already, so that nothing was done.
    pub repeated: bool,
    /// The last operation of the session afterwards: this one, unless the session had gone on.
    pub latest: u64,
    /// A hash of the reply that the session remembers.
    pub answer: u64,
}

/// The session of a client, with its hash, as it is part of the digest.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    client: NodeId,
    session: Session,
    answer: u64,
    hash: u64,
}

/// The state machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Store {
    contents: Contents,
    /// By client: every operation asks for one, and new clients are rare.
    sessions: Vec<Known>,
    /// The sum of the hashes of all sessions.
    sessions_digest: u64,
    applied: u64,
}

impl Store {
    /// A hash of all objects and sessions.
    pub const fn digest(&self) -> u64 {
        self.contents.digest().wrapping_add(self.sessions_digest)
    }

    /// The same hash, worked out anew: what somebody else sends is not believed.
    pub fn digest_by_the_book(&self) -> u64 {
        let sessions = self
            .sessions
            .iter()
            .map(|known| session_hash(known.client, &known.session, known.session.reply.content()));
        sessions.fold(self.contents.digest_by_the_book(), u64::wrapping_add)
    }

    /// How large it is in a snapshot: a head of 64 bytes, the objects, and 40 for each session.
    pub fn bytes(&self) -> u64 {
        64 + self.contents.bytes() + 40 * self.sessions.len() as u64
    }

    /// How many operations were applied.
    pub const fn applied(&self) -> u64 {
        self.applied
    }

    /// The objects.
    pub const fn contents(&self) -> &Contents {
        &self.contents
    }

    /// The session of a client, if it ever did anything.
    pub fn session(&self, client: NodeId) -> Option<&Session> {
        let place = self.sessions.binary_search_by_key(&client, |known| known.client).ok()?;
        Some(&self.sessions[place].session)
    }

    /// Applies the operation at `index` in the order of all: one that its session has seen is not done again, unless a bug
    /// lets it be done `again`.
    #[inline]
    pub fn apply(
        &mut self,
        index: u64,
        (client, sequence): (NodeId, u64),
        operation: Operation,
        again: bool,
    ) -> Outcome {
        let place = self.sessions.binary_search_by_key(&client, |known| known.client);
        if let Ok(place) = place
            && let Known { session, answer, .. } = &self.sessions[place]
            && session.sequence >= sequence
            && !again
        {
            return Outcome { client, sequence, repeated: true, latest: session.sequence, answer: *answer };
        }
        self.applied += 1;
        let session = Session { sequence, reply: self.contents.perform(operation), index };
        let answer = session.reply.content();
        let hash = session_hash(client, &session, answer);
        self.sessions_digest = self.sessions_digest.wrapping_add(hash);
        match place {
            Ok(place) => {
                let known = &mut self.sessions[place];
                self.sessions_digest = self.sessions_digest.wrapping_sub(known.hash);
                (known.session, known.answer, known.hash) = (session, answer, hash);
            }
            Err(place) => self.sessions.insert(place, Known { client, session, answer, hash }),
        }
        Outcome { client, sequence, repeated: false, latest: sequence, answer }
    }

    /// Applies the next operation, where places count what was applied and nothing else. `None` if its session has seen
    /// it.
    pub fn apply_next(
        &mut self,
        (client, sequence): (NodeId, u64),
        operation: Operation,
        again: bool,
    ) -> Option<&Session> {
        let outcome = self.apply(self.applied + 1, (client, sequence), operation, again);
        if outcome.repeated { None } else { self.session(client) }
    }
}

fn session_hash(client: NodeId, session: &Session, answer: u64) -> u64 {
    let mut digest = Digest::new();
    digest.pair(u64::from(client.0), session.sequence);
    digest.pair(answer, session.index);
    digest.short()
}

#[cfg(test)]
mod tests;
