//! Protocols that agree in spite of members that lie.
//!
//! - [`bracha`]: reliable broadcast
//! - [`pbft`]: a replicated service under one primary after the other
//! - [`hotstuff`]: the same in a chain of blocks, at a cost that grows like n
//! - [`tendermint`]: the same service as a chain of blocks, with a new proposer for each
//! - [`fast`]: Zyzzyva and FaB, which decide sooner where all members answer; one slot each
//!
//! What they share:
//!
//! - [`quorum`], [`power`]: how many votes it takes, and whose counts how much
//! - [`vote`], [`signers`], [`tally`], [`certificate`]: what members sign, who did, and what that proves
//! - [`shared`]: values that pass through many messages
//! - [`outbox`]: nothing leaves before it is on disk
//! - [`request`], [`service`]: what clients ask for; the state machine that does it is [`objects`]
//! - [`pending`], [`client`]: what waits to be decided, and whom clients ask and believe
//! - [`leaders`]: who leads which turn; [`asking`]: how long to wait before something is asked for again
//! - [`members`]: what runs in a slot; [`laggards`]: who must still catch up after the heal
//! - [`safety`]: what must never happen in any of them; [`lying`]: what lies are made of

pub mod asking;
pub mod bracha;
pub mod certificate;
pub mod client;
pub mod fast;
pub mod hotstuff;
pub mod laggards;
pub mod leaders;
pub mod lying;
pub mod members;
pub mod outbox;
pub mod pbft;
pub mod pending;
pub mod power;
pub mod quorum;
pub mod request;
pub mod safety;
pub mod service;
pub mod shared;
pub mod signers;
pub mod tally;
pub mod tendermint;
#[cfg(test)]
mod testing;
pub mod vote;

use sim_core::registry::Registry;

/// Registers every protocol of the family. The code of their worlds is made here, beside their processes, so that one is inlined
/// into the other.
#[inline(never)]
pub fn register(registry: &mut Registry) {
    registry
        .register(bracha::entry::ENTRY)
        .register(pbft::entry::ENTRY)
        .register(hotstuff::entry::ENTRY)
        .register(tendermint::entry::ENTRY)
        .register(fast::zyzzyva::ENTRY)
        .register(fast::fab::ENTRY);
}
