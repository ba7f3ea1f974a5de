//! The lies that only members of HotStuff can tell. One brain moves every corrupt slot.
//!
//! Each lie takes one message that the honest code of a corrupt slot would send, and says something else in its place, or
//! besides. A traitor knows what any traitor heard, signs with the keys of all traitors, and knows who is honest. With f
//! traitors none of this breaks safety; with f + 1 an equivocating leader does (PUBLISHED-RESULTS.md, row 17).

mod forged;
mod stale;
mod stories;

use sim_core::coalition::habits::{Habits, Telling};
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::process::Signature;

use super::blocks::{Block, Made, Proposal, Proposed};
use super::parameters::{Parameters, Rule};
use super::turns::Turns;
use super::vocabulary::{Hotstuff, HotstuffMessage};
use crate::certificate::Certificate;
use crate::lying::{self, ByMessage, Hears, lies, signed};
use crate::quorum::Quorum;
use crate::request::Request;
use crate::shared::Shared;
use crate::vote::{Stage, Statement};
use stories::Story;

type Cx<'a, 'b> = lying::Cx<'a, 'b, Hotstuff>;

type Lie<'a> = lying::Lie<'a, Hotstuff>;

lies! {
    Hotstuff;

    /// As leader, proposes two chains, one to each half of the honest members, and certifies both with the votes of all traitors.
    EQUIVOCATE = "equivocate" => Traitors::equivocate;
    /// As leader, sends a second block for each view after the first.
    SECOND = "propose-twice" => Traitors::propose_twice;
    /// Proposes a block although it does not lead.
    USURP = "usurp" => Traitors::usurp;
    /// As leader, proposes on top of a block that was certified long before, and goes on from there.
    OLD = "old-certificate" => Traitors::old_certificate;
    /// Says in timeouts and new-views that it knows no certificate at all.
    DENY = "deny-high" => Traitors::deny_high;
    /// Begins the turn of the next leader with a timeout certificate in which its own vote stands for a quorum.
    REPEAT = "repeat-timeouts" => Traitors::repeat_timeouts;
    /// Sends votes and new-views to no honest leader.
    WITHHOLD_VOTES = "withhold-votes" => Traitors::withhold_votes;
    /// As leader, proposes requests that no client made.
    INVENT = "invent-requests" => Traitors::invent;
    /// As leader, orders again what was ordered before.
    REORDER = "order-again" => Traitors::order_again;
    /// Votes for honest members with signatures that do not verify, and shows certificates with too few, unknown or no signers.
    FORGE = "forge" => Traitors::forge;
    /// Tells clients false results, the same as every other traitor, and sends false blocks to those who lack some.
    MISREPORT = "false-replies" => Traitors::misreport;
}

/// The brain of traitors among so many members, who do what a run asks for, or equivocate.
pub fn traitors(
    behavior: Option<&str>,
    members: u32,
    parameters: &Parameters,
    leaders: &[Option<NodeId>],
) -> Habits<Hotstuff, ByMessage<Traitors>> {
    let quorum = Quorum::of(members);
    let lies = Traitors {
        members,
        quorum,
        rule: parameters.rule,
        turns: Turns::new(members, parameters.views_per_leader).after_planned(leaders),
        noted: 0,
        stories: OrderedMap::new(),
        votes: OrderedMap::new(),
        old: None,
        ordered: Vec::new(),
        latest: None,
        usurped: 0,
        begun: 0,
    };
    Habits::new(BEHAVIORS, behavior, EQUIVOCATE.name, members, quorum.faulty(), ByMessage(lies))
}

/// What was said in lies so far.
#[derive(Debug)]
pub struct Traitors {
    members: u32,
    quorum: Quorum,
    rule: Rule,
    turns: Turns,
    /// How much of what was heard is noted.
    noted: usize,
    /// By view: the block that half of the honest members was told.
    stories: OrderedMap<u64, Story>,
    /// Votes of honest members for such blocks.
    votes: OrderedMap<Statement, Vec<Signature>>,
    /// An old certificate.
    old: Option<Certificate>,
    /// The latest requests that were ordered.
    ordered: Vec<Request>,
    /// The latest block of somebody else.
    latest: Option<Block>,
    /// The last view that somebody proposed in who does not lead it.
    usurped: u64,
    /// The last view that was begun with a made-up timeout certificate.
    begun: u64,
}

impl Hears<Hotstuff> for Traitors {
    fn note(&mut self, telling: &Telling<'_, Hotstuff>) {
        for message in telling.heard.since(self.noted) {
            match message {
                HotstuffMessage::Vote(vote) => {
                    let story = self.stories.get(&vote.statement.view);
                    if story.is_some_and(|story| story.is_about(&vote.statement)) {
                        self.votes.entry(vote.statement).or_default().push(vote.signature);
                    }
                }
                HotstuffMessage::Proposal(proposal) => self.latest = Some(proposal.block.clone()),
                _ => {}
            }
        }
        self.noted = telling.heard.count();
    }

    fn go_on(&mut self, telling: &Telling<'_, Hotstuff>, cx: Cx<'_, '_>) {
        if telling.lie == EQUIVOCATE.name || telling.lie == OLD.name {
            self.go_on_with_stories(cx);
        }
    }
}

/// A proposal of a block that is like another one.
fn proposed(slot: Slot, made: Made, cx: Cx<'_, '_>) -> Proposal {
    let block: Block = Shared::new(made);
    let statement = Statement::new(Stage::Propose, block.view, block.height, block.hash());
    Shared::new(Proposed { vote: signed(slot, statement, cx), block })
}
