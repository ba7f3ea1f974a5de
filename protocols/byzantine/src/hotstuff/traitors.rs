//! The lies that only members of HotStuff can tell. One brain moves every corrupt slot.
//!
//! Each lie takes one message that the honest code of a corrupt slot would send, and says something else in its place, or
//! besides. A traitor knows what any traitor heard, signs with the keys of all traitors, and knows who is honest. With f
//! traitors none of this breaks safety; with f + 1 an equivocating leader does (PUBLISHED-RESULTS.md, row 17).

mod forged;
mod stale;
mod stories;

use sim_core::coalition::CoalitionContext;
use sim_core::coalition::habits::{
    Habits, Lies, MUTATE, RANDOM, REPLAY, SILENT, Telling, WITHHOLD, take_sends,
};
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedMap;
use sim_core::process::{Effects, Signature};
use sim_core::random::below;
use sim_core::registry::Named;

use super::blocks::{Block, Made, Proposal, Proposed};
use super::parameters::{Parameters, Rule};
use super::turns::Turns;
use super::vocabulary::{Hotstuff, HotstuffMessage};
use crate::certificate::Certificate;
use crate::quorum::Quorum;
use crate::request::{Batch, Request, Requests};
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};
use stories::Story;

type Cx<'a, 'b> = &'a mut CoalitionContext<'b, Hotstuff>;

/// Tells a lie in place of a message; whether the message itself goes out as well.
type Tell = fn(&mut Traitors, &Lie<'_>, &HotstuffMessage, Cx<'_, '_>) -> bool;

const EQUIVOCATE: Named = Named {
    name: "equivocate",
    about: "As leader, proposes two chains, one to each half of the honest members, and certifies both with the votes of all traitors.",
};

const OLD: Named = Named {
    name: "old-certificate",
    about: "As leader, proposes on top of a block that was certified long before, and goes on from there.",
};

/// The lies that only members of HotStuff can tell.
const LIES: [(Named, Tell); 11] = [
    (EQUIVOCATE, Traitors::equivocate),
    (
        Named {
            name: "propose-twice",
            about: "As leader, sends a second block for each view after the first.",
        },
        Traitors::propose_twice,
    ),
    (Named { name: "usurp", about: "Proposes a block although it does not lead." }, Traitors::usurp),
    (OLD, Traitors::old_certificate),
    (
        Named {
            name: "deny-high",
            about: "Says in timeouts and new-views that it knows no certificate at all.",
        },
        Traitors::deny_high,
    ),
    (
        Named {
            name: "repeat-timeouts",
            about: "Begins the turn of the next leader with a timeout certificate in which its own vote stands for a quorum.",
        },
        Traitors::repeat_timeouts,
    ),
    (
        Named { name: "withhold-votes", about: "Sends votes and new-views to no honest leader." },
        Traitors::withhold_votes,
    ),
    (
        Named { name: "invent-requests", about: "As leader, proposes requests that no client made." },
        Traitors::invent,
    ),
    (
        Named { name: "order-again", about: "As leader, orders again what was ordered before." },
        Traitors::order_again,
    ),
    (
        Named {
            name: "forge",
            about: "Votes for honest members with signatures that do not verify, and shows certificates with too few, unknown or no signers.",
        },
        Traitors::forge,
    ),
    (
        Named {
            name: "false-replies",
            about: "Tells clients false results, the same as every other traitor, and sends false blocks to those who lack some.",
        },
        Traitors::misreport,
    ),
];

/// What traitors do.
pub const BEHAVIORS: &[Named] = &behaviors();

const fn behaviors() -> [Named; LIES.len() + 5] {
    let mut all = [SILENT; LIES.len() + 5];
    all[1] = WITHHOLD;
    all[2] = REPLAY;
    let mut place = 0;
    while place < LIES.len() {
        all[place + 3] = LIES[place].0;
        place += 1;
    }
    all[LIES.len() + 3] = MUTATE;
    all[LIES.len() + 4] = RANDOM;
    all
}

/// A lie that is being told, and to whom.
struct Lie<'a> {
    name: &'static str,
    slot: Slot,
    honest: &'a [NodeId],
    to: &'a [NodeId],
}

/// The brain of traitors among so many members, who do what a run asks for, or equivocate.
pub fn traitors(
    behavior: Option<&str>,
    members: u32,
    parameters: &Parameters,
    leaders: &[Option<NodeId>],
) -> Habits<Hotstuff, Traitors> {
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
    Habits::new(BEHAVIORS, behavior, EQUIVOCATE.name, members, quorum.faulty(), lies)
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

impl Traitors {
    fn tell(&mut self, lie: &Lie<'_>, message: &HotstuffMessage, cx: Cx<'_, '_>) -> bool {
        let told = LIES.iter().find(|(named, _)| named.name == lie.name);
        told.is_none_or(|(_, tell)| tell(self, lie, message, cx))
    }

    /// Takes note of what was heard since.
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
}

impl Lies<Hotstuff> for Traitors {
    fn lie(
        &mut self,
        telling: &Telling<'_, Hotstuff>,
        _: Option<NodeId>,
        effects: &mut Effects<Hotstuff>,
        cx: &mut CoalitionContext<'_, Hotstuff>,
    ) {
        self.note(telling);
        if telling.lie == EQUIVOCATE.name || telling.lie == OLD.name {
            self.go_on(cx);
        }
        for (to, message) in take_sends(effects) {
            let lie = Lie { name: telling.lie, slot: telling.slot, honest: telling.honest, to: &to };
            if self.tell(&lie, &message, cx) {
                effects.push_send(to, message);
            }
        }
    }

    fn instead(
        &mut self,
        telling: &Telling<'_, Hotstuff>,
        _: u32,
        to: &[NodeId],
        message: &HotstuffMessage,
        cx: &mut CoalitionContext<'_, Hotstuff>,
    ) -> bool {
        self.note(telling);
        let lie = Lie { name: telling.lie, slot: telling.slot, honest: telling.honest, to };
        self.tell(&lie, message, cx)
    }
}

/// An index below a length that is not zero.
fn draw_below(cx: Cx<'_, '_>, length: usize) -> usize {
    below(cx.rng().next_u64(), length as u64) as usize
}

/// Two halves of the honest members; the first has one more if they are odd.
fn second_half(honest: &[NodeId]) -> &[NodeId] {
    &honest[honest.len().div_ceil(2)..]
}

/// Something else that a leader may propose: the same requests the other way round, or none, or those that it was about to
/// leave out.
fn other_batch(batch: &Batch) -> Batch {
    let list = match batch.list.len() {
        0 | 1 => Vec::new(),
        _ => batch.list.iter().rev().cloned().collect(),
    };
    Requests::batch(list)
}

fn signed(slot: Slot, statement: Statement, cx: Cx<'_, '_>) -> Vote {
    Vote { statement, signature: cx.sign_as(slot, statement.signed_content()) }
}

/// A proposal of a block that is like another one.
fn proposed(slot: Slot, made: Made, cx: Cx<'_, '_>) -> Proposal {
    let block: Block = Shared::new(made);
    let statement = Statement::new(Stage::Propose, block.view, block.height, block.hash());
    Shared::new(Proposed { vote: signed(slot, statement, cx), block })
}
