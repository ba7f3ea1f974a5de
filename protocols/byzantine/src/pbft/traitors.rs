//! The lies that only members of PBFT can tell. One brain moves every corrupt slot.
//!
//! Each lie takes one message that the honest code of a corrupt slot would send, and says something else in its place, or
//! besides. A traitor knows what any traitor heard, signs with the keys of all traitors, and knows who is honest. With f
//! traitors none of this breaks safety; with f + 1 an equivocating primary does (PUBLISHED-RESULTS.md, row 17).

mod lies;
mod new_views;
mod split;

use sim_core::coalition::habits::Habits;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::parameters::Parameters;
use super::vocabulary::{Pbft, Proposal};
use crate::leaders::Leaders;
use crate::lying::{self, ByMessage, Hears, lies};
use crate::power::Power;
use crate::quorum::Quorum;
use crate::request::Request;

lies! {
    Pbft;

    /// As primary, proposes two batches, one to each half of the honest members; all traitors vote for both.
    EQUIVOCATE = "equivocate" => Traitors::equivocate;
    /// Equivocates, and says each of its votes again and again.
    REPEAT = "repeat-votes" => Traitors::repeat;
    /// As primary, sends half of the honest members another batch under the same digest.
    PAYLOAD = "swap-batch" => Traitors::swap_batch;
    /// As primary, sends a second proposal for each sequence number after the first.
    SECOND = "propose-twice" => Traitors::propose_twice;
    /// As primary, swaps the sequence numbers of two proposals for one honest member.
    SHIFT = "shift-sequence" => Traitors::shift;
    /// As primary, proposes requests that no client made.
    INVENT = "invent-requests" => Traitors::invent;
    /// As primary, orders again what was ordered before.
    REORDER = "order-again" => Traitors::order_again;
    /// Proposes although it does not lead.
    USURP = "usurp" => Traitors::usurp;
    /// Says in view changes that it has prepared nothing.
    DENY = "deny-prepared" => Traitors::deny;
    /// Says in view changes that a quorum prepared null requests, with certificates that it made up.
    CLAIM = "claim-prepared" => Traitors::claim;
    /// As primary of a new view, begins it with too few, repeated or made-up view changes, or proposes other than what follows from them.
    BEGIN = "false-new-view" => Traitors::begin_falsely;
    /// Vouches for a state that nobody has, at a checkpoint that nobody has come to.
    CHECKPOINT = "false-checkpoints" => Traitors::false_checkpoint;
    /// Speaks for honest members with signatures that do not verify, and sends certificates with too few, unknown or no
    /// signers.
    FORGE = "forge" => Traitors::forge;
    /// Tells clients false results, the same as every other traitor.
    MISREPORT = "false-replies" => Traitors::misreport;
}

type Lie<'a> = lying::Lie<'a, Pbft>;

/// The brain of traitors among so many members, who do what a run asks for, or equivocate.
pub fn traitors(
    behavior: Option<&str>,
    members: u32,
    parameters: &Parameters,
    planned: &[Option<NodeId>],
) -> Habits<Pbft, ByMessage<Traitors>> {
    let quorum = Quorum::of(members);
    let lies = Traitors {
        members,
        quorum,
        leaders: Leaders::new(members, Power::EQUAL, planned),
        checkpoint_interval: parameters.checkpoint_interval,
        splits: OrderedMap::new(),
        shifted: OrderedMap::new(),
        ordered: Vec::new(),
        usurped: OrderedMap::new(),
    };
    Habits::new(BEHAVIORS, behavior, EQUIVOCATE.name, members, quorum.faulty(), ByMessage(lies))
}

/// What was said in lies so far.
#[derive(Debug)]
pub struct Traitors {
    members: u32,
    quorum: Quorum,
    leaders: Leaders,
    checkpoint_interval: u64,
    /// By view and sequence number: what the first half of the honest members was told, and the second.
    splits: OrderedMap<(u64, u64), [Proposal; 2]>,
    /// Proposals of which one member hears another sequence number, by the one that it hears.
    shifted: OrderedMap<(u64, u64), Proposal>,
    /// The latest requests that were ordered.
    ordered: Vec<Request>,
    /// What was proposed by who does not lead.
    usurped: OrderedMap<(u64, u64), ()>,
}

impl Hears<Pbft> for Traitors {}
