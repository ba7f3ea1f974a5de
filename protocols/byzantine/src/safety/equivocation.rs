//! An honest member never signs two digests for one view, height and phase, also over a crash.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;
use sim_core::identity::NodeId;
use sim_core::ordered::OrderedMap;

use super::Judged;
use crate::vote::{Stage, Statement, Vote};

/// What each honest member signed.
#[derive(Clone, Debug, Default)]
pub struct Equivocation {
    signed: OrderedMap<(NodeId, Stage, u64, u64), u64>,
    /// What was looked at last: a message is told once for each of its recipients.
    last: Option<Vote>,
}

impl<P: Judged> Check<P> for Equivocation {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn observe(&mut self, _: &Ground, _: &Seen<'_, P>, _: &mut Findings) {}

    fn reads(&self) -> &'static [&'static str] {
        P::VOTES
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        _: NodeId,
        message: &P::Message,
        findings: &mut Findings,
    ) {
        let Some(vote) = P::vote(message).filter(|vote| self.last.as_ref() != Some(*vote)) else { return };
        self.last = Some(*vote);
        if vote.signer() != from || !ground.honest(from) {
            return;
        }
        findings.exercised();
        let Statement { stage, view, height, digest } = vote.statement;
        let first = *self.signed.entry((from, stage, view, height)).or_insert(digest.0);
        if first != digest.0 {
            let other = Statement::new(stage, view, height, first);
            let text = format!("{from} is honest and signed both {other} and {}", vote.statement);
            findings.safety(stage.name(), &[from], text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pbft::safety::tests::{Script, vote};
    use crate::pbft::vocabulary::PbftMessage;

    #[test]
    fn an_honest_member_that_signs_two_digests_is_found() {
        let mut script = Script::new(Equivocation::default(), 4);
        script.corrupt(3);
        let mut send = |from, signer, view, digest| {
            let message = PbftMessage::Prepare(vote(signer, Statement::new(Stage::Prepare, view, 1, digest)));
            script.send(from, 0, message);
            script.findings.violations().len()
        };
        assert_eq!(send(1, 1, 0, 5), 0);
        assert_eq!(send(1, 1, 1, 6), 0, "another view");
        assert_eq!(send(3, 1, 0, 6), 0, "a traitor says so in its name");
        assert_eq!((send(3, 3, 0, 5), send(3, 3, 0, 6)), (0, 0), "a traitor may");
        assert_eq!(send(1, 1, 0, 6), 1);
    }
}
