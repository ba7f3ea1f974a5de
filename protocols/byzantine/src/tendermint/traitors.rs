//! The lies that only members of Tendermint can tell. One brain moves every corrupt slot.
//!
//! Each lie takes one message that the honest code of a corrupt slot would send, and says something else in its place, or
//! besides. A traitor knows what any traitor heard, signs with the keys of all traitors, and knows who is honest and what
//! time it is.

mod lies;
mod split;
mod votes;

use sim_core::coalition::CoalitionContext;
use sim_core::coalition::habits::Habits;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;

use super::parameters::Parameters;
use super::vocabulary::{Proposal, Tendermint, TendermintMessage};
use crate::leaders::Leaders;
use crate::lying::{self, ByMessage, Hears, lies};
use crate::request::Request;

lies! {
    Tendermint;

    /// As proposer, proposes two blocks, one to each half of the honest members, or more in as many ways as a rule says; all
    /// traitors vote for each of them.
    EQUIVOCATE = "equivocate" => Traitors::equivocate;
    /// Equivocates, and says each of its votes again and again.
    REPEAT = "repeat-votes" => Traitors::repeat;
    /// As proposer, sends half of the honest members another block under the same digest.
    PAYLOAD = "swap-block" => Traitors::swap_block;
    /// As proposer, sends a second proposal for each round after the first.
    SECOND = "propose-twice" => Traitors::propose_twice;
    /// As proposer, proposes requests that no client made.
    INVENT = "invent-requests" => Traitors::invent;
    /// As proposer, orders again what was ordered before.
    REORDER = "order-again" => Traitors::order_again;
    /// Proposes although it is not its turn.
    USURP = "usurp" => Traitors::usurp;
    /// Forgets what it is locked on: as proposer, proposes a new block without proof and votes for that. In the rounds of
    /// others it votes as it should to one honest member, and for no block to the rest; and hides what is decided.
    AMNESIA = "amnesia" => Traitors::forget_locks;
    /// Votes for one thing to one half of the honest members, and for another to the other half.
    SPLIT_VOTES = "equivocate-votes" => Traitors::split_votes;
    /// Votes for no block, whatever is proposed.
    NIL_VOTES = "nil-votes" => Traitors::vote_nil;
    /// Sends its votes at the edge of the timeout for them, so that they arrive in time at some and too late at others.
    LATE = "late-votes" => Traitors::vote_late;
    /// Votes to a single honest member, another one in each round, so that only that one sees a quorum.
    CONFIDE = "confide-votes" => Traitors::confide;
    /// Proposes with made-up proofs of lock, and precommits with made-up prevotes.
    FALSE_PROOF = "false-proofs" => Traitors::prove_falsely;
    /// Speaks for honest members with signatures that do not verify, and sends certificates with too few, unknown or no
    /// signers.
    FORGE = "forge" => Traitors::forge;
    /// Tells clients false results, the same as every other traitor.
    MISREPORT = "false-replies" => Traitors::misreport;
}

type Lie<'a> = lying::Lie<'a, Tendermint>;

/// The brain of traitors among so many members, who do what a run asks for, or equivocate.
pub fn traitors(
    behavior: Option<&str>,
    members: u32,
    parameters: &Parameters,
    planned: &[Option<NodeId>],
) -> Habits<Tendermint, ByMessage<Traitors>> {
    let lies = Traitors {
        members,
        parameters: *parameters,
        leaders: Leaders::new(members, parameters.power, planned),
        splits: OrderedMap::new(),
        ordered: Vec::new(),
        usurped: OrderedMap::new(),
        proposed: OrderedMap::new(),
        precommitted: OrderedMap::new(),
        late: Vec::new(),
    };
    let untold = parameters.power.borne(members);
    Habits::new(BEHAVIORS, behavior, EQUIVOCATE.name, members, untold, ByMessage(lies))
}

/// What was said in lies so far.
#[derive(Debug)]
pub struct Traitors {
    members: u32,
    parameters: Parameters,
    leaders: Leaders,
    /// By height and round: what each part of the honest members was told.
    splits: OrderedMap<(u64, u64), Vec<Proposal>>,
    /// The latest requests that were ordered.
    ordered: Vec<Request>,
    /// What was proposed by who had no turn.
    usurped: OrderedMap<(u64, u64), ()>,
    /// By height and round: the block that a traitor with a bad memory proposed.
    proposed: OrderedMap<(u64, u64), u64>,
    /// By height: the block that a traitor with a bad memory would have precommitted to.
    precommitted: OrderedMap<u64, u64>,
    /// What is sent later, by token.
    late: Vec<Option<(Slot, Vec<NodeId>, TendermintMessage)>>,
}

impl Hears<Tendermint> for Traitors {
    fn wake(&mut self, token: u64, cx: &mut CoalitionContext<'_, Tendermint>) {
        let late = usize::try_from(token).ok().and_then(|place| self.late.get_mut(place)?.take());
        if let Some((slot, to, message)) = late {
            to.into_iter().for_each(|node| cx.send_as(slot, node, message.clone()));
        }
    }
}
