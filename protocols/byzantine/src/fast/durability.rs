//! What a restarted member finds in its journal: everything that it can have signed.

use sim_core::ordered::OrderedMap;
use sim_core::process::{Boot, Context, Recovered};

use super::parameters::Parameters;
use super::replica::Replica;
use super::style::Style;
use super::vocabulary::{Fast, FastRecord};
use crate::leaders::Leaders;
use crate::outbox::{JOURNAL, Outbox};
use crate::power::Power;
use crate::quorum::Quorum;
use crate::request::Request;
use crate::vote::{Stage, Vote};

impl Replica {
    /// A member with what its journal holds; `None` if that is damaged.
    pub(super) fn recover(style: Style, parameters: Parameters, boot: &Boot<'_, Fast>) -> Option<Self> {
        let members = u32::try_from(boot.members.len()).ok()?;
        let mut word = [0; 8];
        word.copy_from_slice(&boot.seed()[..8]);
        let mut replica = Self {
            me: boot.node,
            members,
            quorum: Quorum::of(members),
            style,
            parameters,
            leaders: Leaders::new(members, Power::EQUAL, boot.leaders),
            seed: u64::from_le_bytes(word),
            view: 0,
            own: None,
            requests: Vec::new(),
            proposal: None,
            accepted: Vec::new(),
            certificate: None,
            standing: (Vec::new(), None),
            votes: OrderedMap::new(),
            reports: OrderedMap::new(),
            unvouched: None,
            collecting: None,
            decided: None,
            waiting: false,
            attempts: 0,
            outbox: Outbox::new(boot.node, members),
        };
        let journal: Recovered<'_, FastRecord> = boot.journal(JOURNAL);
        journal.intact()?.for_each(|record| replica.remember(record));
        Some(replica)
    }

    fn remember(&mut self, record: &FastRecord) {
        match record {
            FastRecord::Asked(request) => {
                self.own = Some(request.clone());
                self.remember_request(request);
            }
            FastRecord::Entered { view } => {
                self.view = *view;
                self.standing = (self.accepted.clone(), self.certificate.clone());
            }
            FastRecord::Proposed(proposal) => {
                self.remember_request(&proposal.request);
                self.proposal = Some(proposal.clone());
            }
            FastRecord::Accepted(accepted) => {
                self.remember_request(&accepted.request);
                self.note_accepted(accepted);
            }
            FastRecord::Certified(certificate) => self.certificate = Some(certificate.clone()),
            FastRecord::Decided(certificate) => self.decided = Some(certificate.clone()),
        }
    }

    fn remember_request(&mut self, request: &Request) {
        if !self.requests.iter().any(|known| known.command.client == request.command.client) {
            self.requests.push(request.clone());
        }
    }

    /// What it said in this view counts again.
    pub(super) fn count_own(&mut self, cx: &mut Context<'_, Fast>) {
        if self.view > 0 {
            let report = self.make_report(cx);
            self.reports.insert(self.me, report);
        }
        if !self.learns(self.me) {
            return;
        }
        if let Some(digest) = self.accepted_here() {
            self.count(&Vote::sign(self.statement(Stage::Prepare, digest), cx));
            self.look_at_accepts(self.view, cx);
        }
        if let Some(digest) = self.promised_here() {
            self.count(&Vote::sign(self.statement(Stage::Commit, digest), cx));
            self.look_at_commits(self.view, cx);
        }
    }
}
