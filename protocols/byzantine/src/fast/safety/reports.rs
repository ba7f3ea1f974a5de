//! What a member promises by its signature, also over a crash: it takes part in no view before one that it went on to, and it
//! reports everything that it accepted and committed to before, and nothing else.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::super::vocabulary::{Fast, FastMessage, FastObservation, Report};

/// What one member signed.
#[derive(Clone, Debug, Default)]
struct Signed {
    /// The view that it went on to.
    view: u64,
    /// What it accepted, and the last view in which it did.
    accepted: OrderedMap<u64, u64>,
    /// The last view in which it committed to something.
    promised: Option<u64>,
}

/// What each honest member signed.
#[derive(Clone, Debug, Default)]
pub struct Reports {
    signed: OrderedMap<NodeId, Signed>,
    /// What was looked at last: a message is told once for each of its recipients.
    last: Option<u64>,
}

impl Reports {
    /// A member does something in a view.
    fn takes_part(&mut self, node: NodeId, view: u64, what: &str, findings: &mut Findings) -> &mut Signed {
        findings.exercised();
        let signed = self.signed.entry(node).or_default();
        if view < signed.view {
            let text = format!("{node} {what} view {view} after it went on to view {}", signed.view);
            findings.safety("an earlier view", &[node], text);
        }
        signed.view = signed.view.max(view);
        signed
    }

    /// What a report of a member lacks, or has too much.
    fn wrong(signed: &Signed, report: &Report) -> Option<String> {
        let views = report.accepted.iter().map(|one| one.view);
        let held = report.certificate.as_ref().map(|held| held.statement.view);
        if let Some(later) = views.chain(held).find(|view| *view >= report.view) {
            return Some(format!("tells of view {later}"));
        }
        let before = |view: &u64| *view < report.view;
        let untold = signed
            .accepted
            .iter()
            .filter(|(_, view)| before(view))
            .find(|(digest, view)| report.accepted_at(**digest).is_none_or(|told| told < **view));
        if let Some((digest, view)) = untold {
            return Some(format!("does not tell that it accepted {digest:016x} in view {view}"));
        }
        let promised = signed.promised.filter(|view| before(view) && held.is_none_or(|held| held < *view));
        promised.map(|view| format!("shows no certificate of view {view}, in which it committed to one"))
    }
}

impl Check<Fast> for Reports {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Entered", "Accepted", "Promised"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Fast>, findings: &mut Findings) {
        if !seen.honest {
            return;
        }
        match *seen.observation {
            FastObservation::Entered { view, .. } => {
                self.takes_part(seen.node, view, "enters", findings);
            }
            FastObservation::Accepted { view, digest, .. } => {
                let signed = self.takes_part(seen.node, view, "accepts something in", findings);
                let last = signed.accepted.entry(digest.0).or_insert(view);
                *last = view.max(*last);
            }
            FastObservation::Promised { view, .. } => {
                let signed = self.takes_part(seen.node, view, "commits to something in", findings);
                signed.promised = signed.promised.max(Some(view));
            }
            _ => {}
        }
    }

    fn reads(&self) -> &'static [&'static str] {
        &["Report"]
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        _: NodeId,
        message: &FastMessage,
        findings: &mut Findings,
    ) {
        let FastMessage::Report(report) = message else { return };
        let known = self.last.replace(report.hash()) == Some(report.hash());
        if known || report.signature.signer != from || !ground.honest(from) {
            return;
        }
        let signed = self.takes_part(from, report.view, "reports for", findings);
        if let Some(what) = Self::wrong(signed, report) {
            let text = format!("{from} goes on to view {} and {what}", report.view);
            findings.safety("", &[from], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;
    use sim_core::process::Aggregate;

    use super::*;
    use crate::certificate::{Scheme, Signed as Certified};
    use crate::fast::reports::{Accepted, Reported};
    use crate::pbft::safety::tests::vote;
    use crate::request::{Command, Request, SignedCommand};
    use crate::shared::Shared;
    use crate::signers::Signers;
    use crate::vote::{Stage, Statement};
    use objects::Operation;

    type Script = protocol_testing::script::Script<Fast, Reports>;

    fn request(value: u64) -> Request {
        let command =
            Command { client: NodeId(0), timestamp: 1, operation: Operation::Put { key: 0, value } };
        Shared::new(SignedCommand {
            command,
            signature: vote(0, Statement::new(Stage::Propose, 0, 1, 0)).signature,
        })
    }

    fn accepts(view: u64, value: u64) -> FastObservation {
        FastObservation::Accepted { view, digest: ContentHash(request(value).hash()), client: NodeId(0) }
    }

    /// n2 reports what it accepted, and in which view; and a certificate of a view.
    fn reports(view: u64, accepted: &[(u64, u64)], held: Option<u64>) -> FastMessage {
        let accepted =
            accepted.iter().map(|(view, value)| Accepted { request: request(*value), view: *view });
        let certificate = held.map(|view| {
            let (statement, scheme) = (Statement::new(Stage::Prepare, view, 1, 0), Scheme::Single);
            Shared::new(Certified {
                statement,
                signers: Signers::default(),
                aggregate: Aggregate::default(),
                scheme,
            })
        });
        let signature = vote(1, Statement::new(Stage::Propose, view, 1, 0)).signature;
        FastMessage::Report(Shared::new(Reported {
            view,
            accepted: accepted.collect(),
            certificate,
            signature,
        }))
    }

    fn script() -> Script {
        Script::new(Reports::default(), 4)
    }

    #[test]
    fn whoever_goes_on_to_a_view_takes_part_in_no_earlier_one() {
        let gone_on = || {
            let mut script = script();
            script.send(1, 0, reports(3, &[], None));
            script
        };
        let entered = |view| FastObservation::Entered { view, leader: false };
        assert_eq!(gone_on().see(1, accepts(3, 7)).see(1, entered(3)).violations(), 0);
        assert_eq!(gone_on().see(1, accepts(2, 7)).violations(), 1);
        assert_eq!(gone_on().see(1, entered(2)).violations(), 1, "started again where it was before");
        assert_eq!(
            gone_on().see(1, FastObservation::Promised { view: 2, digest: ContentHash(7) }).violations(),
            1
        );
        assert_eq!(gone_on().corrupt(1).see(1, accepts(2, 7)).violations(), 0);
    }

    #[test]
    fn a_report_tells_everything_that_was_accepted_and_committed_to_before() {
        let said = |report: FastMessage| {
            let mut script = script();
            script.see(1, accepts(0, 7)).see(1, accepts(1, 8)).see(1, accepts(2, 7));
            script.see(1, FastObservation::Promised { view: 2, digest: ContentHash(7) });
            script.see(1, accepts(4, 9));
            script.send(1, 0, report).violations()
        };
        assert_eq!(
            said(reports(4, &[(1, 8), (2, 7)], Some(2))),
            0,
            "what it accepts in this view comes later"
        );
        assert_eq!(said(reports(4, &[(1, 8), (2, 7), (4, 9)], Some(2))), 1, "of its own view");
        assert_eq!(said(reports(4, &[(2, 7)], Some(2))), 1, "one is missing");
        assert_eq!(said(reports(4, &[(0, 7), (1, 8)], Some(2))), 1, "of an earlier view");
        assert_eq!(said(reports(4, &[(1, 8), (2, 7)], Some(1))), 1, "a certificate of an earlier view");
        assert_eq!(said(reports(4, &[(1, 8), (2, 7)], None)), 1);
    }
}
