//! The lies that only members of Zyzzyva and FaB can tell. One brain moves every corrupt slot.
//!
//! Each lie takes one message that the honest code of a corrupt slot would send, and says something else in its place, or
//! besides. A traitor knows what any traitor heard, signs with the keys of all traitors, and knows who is honest.

use sim_core::coalition::habits::Habits;
use sim_core::coalition::{CoalitionContext, Deed};
use sim_core::digest::hash_words;
use sim_core::facts::{ContentHash, Facts};
use sim_core::identity::NodeId;
use sim_core::operation::number_of;
use sim_core::ordered::OrderedMap;
use sim_core::process::Signature;

use super::replica::SLOT;
use super::vocabulary::{Accepted, Fast, FastMessage, Proposal, Proposed, Report, Reported};
use crate::leaders::Leaders;
use crate::lying::{
    self, ByMessage, Hears, draw_below, lies, made_up_certificate, odd_signers, second_half, signed,
};
use crate::power::Power;
use crate::quorum::Quorum;
use crate::request::{Command, Request, SignedCommand};
use crate::shared::Shared;
use crate::vote::{Stage, Statement, Vote};
use objects::Operation;

lies! {
    Fast;

    /// As leader, proposes another request to the second half of the honest members; all traitors accept both, one towards each
    /// half.
    EQUIVOCATE = "equivocate" => Traitors::equivocate;
    /// Confides what it accepts, and certificates, to one honest member only.
    CONFIDE = "confide-votes" => Traitors::confide;
    /// Reports that it accepted nothing.
    DENY = "deny-accepted" => Traitors::deny;
    /// Reports that it accepted, in the view before, what the second half was told there, or a request of its own.
    CLAIM = "claim-accepted" => Traitors::claim;
    /// Speaks for honest members with signatures that do not verify, and sends certificates with too few, unknown or no
    /// signers.
    FORGE = "forge" => Traitors::forge;
}

type Lie<'a> = lying::Lie<'a, Fast>;

/// The brain of traitors among so many members, who do what a run asks for, or equivocate.
pub fn traitors(
    behavior: Option<&str>,
    members: u32,
    clients: u32,
    planned: &[Option<NodeId>],
) -> Habits<Fast, ByMessage<Traitors>> {
    let leaders = Leaders::new(members, Power::EQUAL, planned);
    let lies = Traitors { members, clients, leaders, splits: OrderedMap::new() };
    Habits::new(BEHAVIORS, behavior, EQUIVOCATE.name, members, Quorum::of(members).faulty(), ByMessage(lies))
}

/// What was said in lies so far.
#[derive(Debug)]
pub struct Traitors {
    members: u32,
    clients: u32,
    leaders: Leaders,
    /// By view: what the first half of the honest members was told, and the second.
    splits: OrderedMap<u64, [Proposal; 2]>,
}

impl Traitors {
    fn is_late(lie: &Lie<'_>, to: NodeId) -> bool {
        second_half(lie.honest).contains(&to)
    }

    /// Tells each half its own story. What the coalition has no story for is told as it is.
    fn equivocate(
        &mut self,
        lie: &Lie<'_>,
        message: &FastMessage,
        cx: &mut CoalitionContext<'_, Fast>,
    ) -> bool {
        match message {
            FastMessage::Proposal(proposal) => self.split(lie, proposal, cx),
            FastMessage::Accepted(vote) | FastMessage::Commit { vote, .. } => {
                let Some(stories) = self.splits.get(&vote.statement.view).cloned() else { return true };
                for to in lie.to.iter().filter(|to| lie.honest.contains(to)) {
                    let digest = stories[usize::from(Self::is_late(lie, *to))].vote.statement.digest;
                    let again = signed(lie.slot, Statement { digest, ..vote.statement }, cx);
                    cx.send_as(lie.slot, *to, in_stage(again));
                }
                // Its fellows may count what it really accepted.
                let fellows: Vec<NodeId> = lie.to.iter().copied().filter(|to| cx.owns(*to)).collect();
                fellows.into_iter().for_each(|to| cx.send_as(lie.slot, to, message.clone()));
                return false;
            }
            _ => return true,
        }
        false
    }

    fn split(&mut self, lie: &Lie<'_>, proposal: &Proposal, cx: &mut CoalitionContext<'_, Fast>) {
        let (clients, view) = (self.clients, proposal.vote.statement.view);
        let new = !self.splits.contains_key(&view);
        let stories = self.splits.entry(view).or_insert_with(|| {
            let request = other_request(clients, lie, proposal.request.hash(), cx);
            let vote = signed(lie.slot, Statement::new(Stage::Propose, view, SLOT, request.hash()), cx);
            let reports = proposal.reports.clone();
            [proposal.clone(), Shared::new(Proposed { vote, request, reports })]
        });
        let stories = stories.clone();
        for to in lie.to {
            let story = &stories[usize::from(Self::is_late(lie, *to))];
            cx.send_as(lie.slot, *to, FastMessage::Proposal(story.clone()));
        }
        if new {
            cx.did(Deed::Equivocated);
        }
    }

    /// The last honest member of the first half is the only one that hears.
    fn confide(&mut self, lie: &Lie<'_>, message: &FastMessage, cx: &mut CoalitionContext<'_, Fast>) -> bool {
        let is_vote = matches!(
            message,
            FastMessage::Accepted(_)
                | FastMessage::Certified(_)
                | FastMessage::Commit { .. }
                | FastMessage::Decided(_)
        );
        if !is_vote {
            return true;
        }
        let confidant = lie.honest.get(lie.honest.len().div_ceil(2).saturating_sub(1));
        if let Some(to) = confidant.filter(|confidant| lie.to.contains(confidant)) {
            cx.send_as(lie.slot, *to, message.clone());
        }
        cx.did(Deed::Withheld);
        false
    }

    /// The same report with other claims.
    fn report_with(
        lie: &Lie<'_>,
        report: &Report,
        accepted: Vec<Accepted>,
        cx: &mut CoalitionContext<'_, Fast>,
    ) {
        let view = report.view;
        let content = Reported::signed_content(view, &accepted, None);
        let signature = cx.sign_as(lie.slot, content);
        let report = Shared::new(Reported { view, accepted, certificate: None, signature });
        for to in lie.to {
            cx.send_as(lie.slot, *to, FastMessage::Report(report.clone()));
        }
    }

    fn deny(&mut self, lie: &Lie<'_>, message: &FastMessage, cx: &mut CoalitionContext<'_, Fast>) -> bool {
        let FastMessage::Report(report) = message else { return true };
        Self::report_with(lie, report, Vec::new(), cx);
        cx.did(Deed::Withheld);
        false
    }

    fn claim(&mut self, lie: &Lie<'_>, message: &FastMessage, cx: &mut CoalitionContext<'_, Fast>) -> bool {
        let FastMessage::Report(report) = message else { return true };
        let Some(view) = report.view.checked_sub(1) else { return true };
        let request = match self.splits.get(&view) {
            Some([_, late]) => late.request.clone(),
            None => other_request(self.clients, lie, view, cx),
        };
        Self::report_with(lie, report, vec![Accepted { request, view }], cx);
        cx.did(Deed::Forged);
        false
    }

    fn forge(&mut self, lie: &Lie<'_>, message: &FastMessage, cx: &mut CoalitionContext<'_, Fast>) -> bool {
        let (FastMessage::Accepted(vote) | FastMessage::Commit { vote, .. }) = message else { return true };
        if lie.honest.is_empty() {
            return true;
        }
        let victim = lie.honest[draw_below(cx, lie.honest.len())];
        let to = lie.honest[draw_below(cx, lie.honest.len())];
        let other = ContentHash(hash_words(&[vote.statement.digest.0, 2]));
        let signature = Signature::forged(victim, cx.rng().next_u64());
        let statement = Statement { digest: other, ..vote.statement };
        cx.send_as(lie.slot, to, in_stage(Vote { statement, signature }));
        let signers = odd_signers(self.members, cx);
        let about = |stage| Statement { stage, ..statement };
        let certificate = made_up_certificate(about(Stage::Prepare), signers.clone());
        cx.send_as(lie.slot, to, FastMessage::Certified(certificate));
        let certificate = made_up_certificate(about(Stage::Commit), signers);
        cx.send_as(lie.slot, to, FastMessage::Decided(certificate));
        // It also proposes in a view that it may not lead.
        let view = vote.statement.view + 1;
        if self.leaders.of(view) == victim {
            let request = other_request(self.clients, lie, view, cx);
            let statement = Statement::new(Stage::Propose, view, SLOT, request.hash());
            let vote = Vote { statement, signature };
            let proposal = Shared::new(Proposed { vote, request, reports: Vec::new() });
            cx.send_as(lie.slot, to, FastMessage::Proposal(proposal));
        }
        cx.did(Deed::Forged);
        true
    }
}

/// Another request than that: of a traitor that is a client, or else one that somebody asked for.
fn other_request(clients: u32, lie: &Lie<'_>, than: u64, cx: &mut CoalitionContext<'_, Fast>) -> Request {
    let asked = lie.heard.since(0).find_map(|message| match message {
        FastMessage::Request(request) if request.hash() != than => Some(request.clone()),
        _ => None,
    });
    let client = cx.members().iter().copied().find(|member| member.node.0 < clients);
    match (client, asked) {
        (None, Some(request)) => request,
        (client, _) => {
            let (slot, node) = client.map_or((lie.slot, NodeId(lie.slot.0)), |one| (one.slot, one.node));
            let operation = Operation::Put { key: 0, value: number_of(hash_words(&[than, 7])) };
            let command = Command { client: node, timestamp: 1, operation };
            let signature = cx.sign_as(slot, command.content());
            Shared::new(SignedCommand { command, signature })
        }
    }
}

/// A vote as a message.
const fn in_stage(vote: Vote) -> FastMessage {
    match vote.statement.stage {
        Stage::Commit => FastMessage::Commit { vote, certificate: None },
        _ => FastMessage::Accepted(vote),
    }
}

impl Hears<Fast> for Traitors {}
