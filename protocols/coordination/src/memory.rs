//! Shared memory: notes that agents write and read while they work, under keys in two namespaces, each with an owner and a time
//! to live.
//!
//! Under a key of `findings` anybody writes, and the last writer owns what is there. A key of `claims` belongs to whoever wrote it
//! until the note expires: others are refused. A note is kept for its time to live at least; after that its store
//! gives it up, and never returns it again.
//!
//! Where notes are, and what survives, depends on the strategy ([`Keeps`]):
//!
//! - [`store`]: one agent has them, alone or as a member of a core that decides about each note through its log
//! - [`replica`]: every agent has some, on its disk, and merges them with those of others
//! - [`notebook`]: what an agent asks for, until it has an answer

pub mod notebook;
pub mod replica;
pub mod store;

use sim_core::time::Duration;

/// What a strategy promises of shared memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    /// Agents share nothing.
    Nothing,
    /// One agent has all notes, and loses them when it crashes. As long as it lives, a read returns what was acknowledged last.
    UntilCrash,
    /// A core decides about each note: nothing that was acknowledged is lost, and a read returns what was acknowledged last.
    Decided,
    /// Every agent has a replica. What it acknowledged or returned it does not lose, also over a crash, unless somebody replaced
    /// it; what others wrote it learns later. Two agents that write at the same time both own the key.
    Merged,
    /// Notes are there, and a policy forfeits every promise about them, but that what is read was written.
    Forfeited,
}

/// The namespace of a key, and its number there.
pub fn name(key: u32, keys: u32) -> String {
    if is_claim(key, keys) { format!("claims/{}", key - keys) } else { format!("findings/{key}") }
}

/// Whether a key is one that belongs to whoever wrote it.
pub const fn is_claim(key: u32, keys: u32) -> bool {
    key >= keys
}

/// How long a store keeps a note by its own clock: a sixteenth more than it has to, since clocks may run fast.
pub fn kept_for(ttl: Duration) -> Duration {
    ttl.saturating_add(ttl / 16)
}
