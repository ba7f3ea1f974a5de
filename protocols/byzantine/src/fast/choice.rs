//! What a leader may propose in a new view, given reports of a quorum: a function of the reports, so that everybody
//! who sees them comes to the same conclusion.
//!
//! **The clean rule** (arXiv 1801.10022, for t = 0). The highest view in which either track may have decided something counts.
//! - *Slow track*: what a quorum decided in a view, one honest member of those that report holds a certificate for, of that
//!   view or of a later one.
//! - *Fast track*: what all accepted in a view, f + 1 of those that report accepted in that view or in a later one. So each
//!   request counts for the view that f + 1 reports reach.
//!
//! The certificate wins a tie: where a quorum accepted one request in a view, not all accepted another one. Where neither
//! track may have decided anything, the leader is free. Of the f + 1 that accepted a request one is honest, and honest
//! members accept in later views only what this rule allows; so what was decided once stays the only choice.

use super::reports::{Accepted, Report};
use crate::request::Request;

/// What a new view keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// What either track may have decided in the highest view.
    HighestView,
    /// Plant: as Zyzzyva was published. Any certificate comes first, also if it is of an earlier view.
    CertificateFirst,
    /// Plant: as FaB was published. A request is vouched for if no report has a certificate for another one, and no other one
    /// was accepted last by most of those that report, whatever the views.
    NothingAgainstIt,
}

/// What follows from reports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Choice {
    /// Anything may be proposed.
    Free,
    /// Only this request, for this reason.
    Only(u64, &'static str),
    /// Nothing may be proposed: each request has something against it.
    Nothing,
}

impl Choice {
    /// Whether a request may be proposed.
    pub fn allows(&self, digest: u64) -> bool {
        match self {
            Self::Free => true,
            Self::Only(only, _) => *only == digest,
            Self::Nothing => false,
        }
    }
}

const BY_CERTIFICATE: &str = "certificate";
const BY_ACCEPTS: &str = "accepted";

/// What may be proposed after these reports, one of whose any f + 1 signers is honest if there are `one_honest` of them.
pub fn choose(rule: Rule, reports: &[Report], one_honest: usize) -> Choice {
    let held = reports.iter().filter_map(|report| report.certificate.as_ref()).map(|held| held.statement);
    let certificate = held.max_by_key(|said| (said.view, said.digest.0));
    let accepts = reached(reports, one_honest);
    match (rule, certificate, accepts) {
        (Rule::NothingAgainstIt, ..) => vouched(reports),
        (Rule::CertificateFirst, Some(said), _) => Choice::Only(said.digest.0, BY_CERTIFICATE),
        (Rule::HighestView, Some(said), accepts) if accepts.is_none_or(|(view, _)| said.view >= view) => {
            Choice::Only(said.digest.0, BY_CERTIFICATE)
        }
        (_, _, Some((_, digest))) => Choice::Only(digest, BY_ACCEPTS),
        (_, _, None) => Choice::Free,
    }
}

/// Every request that somebody accepted, by hash.
fn digests(reports: &[Report]) -> Vec<u64> {
    let accepted = reports.iter().flat_map(|report| &report.accepted);
    let mut digests: Vec<u64> = accepted.map(|one| one.request.hash()).collect();
    digests.sort_unstable();
    digests.dedup();
    digests
}

/// The request that the required number of reports accepted in the highest view or later, and this view.
fn reached(reports: &[Report], needed: usize) -> Option<(u64, u64)> {
    let reach = |digest: u64| {
        let mut views: Vec<u64> = reports.iter().filter_map(|report| report.accepted_at(digest)).collect();
        views.sort_unstable_by(|one, other| other.cmp(one));
        views.get(needed.checked_sub(1)?).map(|view| (*view, digest))
    };
    digests(reports).into_iter().filter_map(reach).max()
}

/// FaB's rule as it was published: ceil((n - f + 1) / 2) of n - f reports are against any other request.
fn vouched(reports: &[Report]) -> Choice {
    let most = (reports.len() + 1).div_ceil(2);
    let last = |digest: u64| {
        let same = |latest: &Accepted| latest.request.hash() == digest;
        reports.iter().filter(|report| report.latest().is_some_and(same)).count()
    };
    let certified = reports.iter().filter_map(|report| report.certificate.as_ref());
    let mut against: Vec<(u64, &'static str)> =
        certified.map(|held| (held.statement.digest.0, BY_CERTIFICATE)).collect();
    against.extend(
        digests(reports).into_iter().filter(|digest| last(*digest) >= most).map(|one| (one, BY_ACCEPTS)),
    );
    match against.first() {
        None => Choice::Free,
        Some((only, why)) if against.iter().all(|(other, _)| other == only) => Choice::Only(*only, why),
        Some(_) => Choice::Nothing,
    }
}

/// The request of a hash, if a report has it.
pub fn find(reports: &[Report], digest: u64) -> Option<&Request> {
    let accepted = reports.iter().flat_map(|report| &report.accepted);
    accepted.map(|one| &one.request).find(|request| request.hash() == digest)
}

#[cfg(test)]
mod tests {
    use sim_core::identity::NodeId;
    use sim_core::process::{Aggregate, Signature};

    use super::*;
    use crate::certificate::{Scheme, Signed};
    use crate::fast::reports::Reported;
    use crate::request::{Command, SignedCommand};
    use crate::shared::Shared;
    use crate::signers::Signers;
    use crate::vote::{Stage, Statement};
    use objects::Operation;

    const RULES: [Rule; 3] = [Rule::HighestView, Rule::CertificateFirst, Rule::NothingAgainstIt];

    fn request(value: u64) -> Request {
        let command =
            Command { client: NodeId(0), timestamp: 1, operation: Operation::Put { key: 0, value } };
        Shared::new(SignedCommand { command, signature: Signature::forged(NodeId(0), 0) })
    }

    /// A report of accepted requests and their views, and of a certificate.
    fn report(accepted: &[(u64, u64)], certificate: Option<(u64, u64)>) -> Report {
        let accepted =
            accepted.iter().map(|(value, view)| Accepted { request: request(*value), view: *view }).collect();
        let certificate = certificate.map(|(value, view)| {
            let statement = Statement::new(Stage::Prepare, view, 1, request(value).hash());
            let (signers, aggregate) = (Signers::default(), Aggregate::default());
            Shared::new(Signed { statement, signers, aggregate, scheme: Scheme::Single })
        });
        Shared::new(Reported { view: 9, accepted, certificate, signature: Signature::forged(NodeId(0), 0) })
    }

    fn chosen(rule: Rule, reports: &[Report]) -> Option<u64> {
        match choose(rule, reports, 2) {
            Choice::Only(digest, _) => (1..=4).find(|value| request(*value).hash() == digest),
            Choice::Free => Some(0),
            Choice::Nothing => None,
        }
    }

    #[test]
    fn where_nothing_may_be_decided_anything_goes() {
        let nobody = [report(&[], None), report(&[], None), report(&[], None)];
        let alone = [report(&[(1, 0)], None), report(&[(2, 0)], None), report(&[], None)];
        for rule in RULES {
            assert_eq!((chosen(rule, &nobody), chosen(rule, &alone)), (Some(0), Some(0)), "{rule:?}");
        }
    }

    #[test]
    fn what_two_accepted_or_one_holds_a_certificate_of_is_kept() {
        let accepted = [report(&[(1, 0)], None), report(&[(1, 0)], None), report(&[(2, 0)], None)];
        let held = [report(&[(1, 0)], Some((1, 0))), report(&[(2, 0)], None), report(&[], None)];
        for rule in RULES {
            assert_eq!((chosen(rule, &accepted), chosen(rule, &held)), (Some(1), Some(1)), "{rule:?}");
        }
        // A traitor and a member that was told otherwise are two; the certificate wins the tie.
        let tie = [report(&[(1, 0)], Some((1, 0))), report(&[(2, 0)], None), report(&[(2, 0)], None)];
        assert_eq!(chosen(Rule::HighestView, &tie), Some(1));
    }

    /// arXiv 1712.01367: a certificate of view 0 that one member holds, and another request that was decided in view 1.
    #[test]
    fn the_published_rules_lose_what_was_decided_or_find_nothing_to_propose() {
        let reports =
            [report(&[(1, 0), (2, 1)], Some((1, 0))), report(&[(2, 1)], None), report(&[(1, 1)], None)];
        assert_eq!(chosen(Rule::HighestView, &reports), Some(2));
        assert_eq!(chosen(Rule::CertificateFirst, &reports), Some(1), "B30: the certificate is older");
        assert_eq!(chosen(Rule::NothingAgainstIt, &reports), None, "B31: both have something against them");
    }

    /// Members that accepted the same in different views are f + 1 for the lower of these.
    #[test]
    fn a_request_counts_for_the_view_that_enough_reach() {
        let reports = [report(&[(1, 3)], None), report(&[(1, 1)], None), report(&[(2, 2)], Some((2, 0)))];
        assert_eq!(chosen(Rule::HighestView, &reports), Some(1));
        let reports = [report(&[(1, 3)], None), report(&[(1, 1)], None), report(&[(2, 2)], Some((2, 2)))];
        assert_eq!(chosen(Rule::HighestView, &reports), Some(2));
    }
}
