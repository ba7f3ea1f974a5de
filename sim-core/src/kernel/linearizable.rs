//! What a judged history means for a run: the reports of its checks, and the violation.

use crate::check::{CheckReport, Findings, Needs, Verdict};
use crate::history::{History, HistoryVerdict, Judgement, WITNESS, check_name};
use crate::time::Time;

/// The reports of both checks of histories, for the outcome.
pub(crate) fn reports(judgement: &Judgement) -> [CheckReport; 2] {
    let report =
        |name: &str, on, exercised| CheckReport { name: name.to_owned(), on, needs: Needs::Order, exercised };
    [
        report(WITNESS, judgement.witness.is_some(), judgement.positioned),
        report(check_name(judgement.model), true, judgement.operations),
    ]
}

/// Reports an illegal history as a safety violation.
pub(crate) fn report(judgement: &Judgement, history: &History, now: Time, findings: &mut Findings) {
    if let HistoryVerdict::Illegal(illegal) = &judgement.verdict {
        let message = illegal.sentence(history);
        let (name, shape) = (check_name(judgement.model), illegal.conflict.reason.shape());
        findings.report(now, Verdict::Safety, (name, shape), &[], message);
    }
}
