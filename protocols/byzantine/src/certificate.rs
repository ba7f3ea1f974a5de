//! Certificates: a statement that enough distinct members signed.

use sim_core::facts;
use sim_core::facts::Field;
use sim_core::ground::Ground;
use sim_core::process::{Aggregate, Context, Protocol};

use crate::power::Power;
use crate::shared::{Shared, Wire};
use crate::signers::Signers;
use crate::tally::Backing;
use crate::vote::{SIGNATURE_SIZE, STATEMENT_SIZE, Statement};

sim_core::choices! {
    /// What signatures can do. It decides what certificates weigh and what it costs to verify them.
    pub enum Scheme {
        /// A certificate carries one signature of each signer.
        Single = "single",
        /// The signatures of a certificate are folded into one.
        Aggregated = "aggregated",
    }
}

impl Field for Scheme {
    fn fold(&self, digest: &mut sim_core::digest::Digest) {
        digest.word(u64::from(*self == Self::Aggregated));
    }

    fn show(&self, name: &'static str, visitor: &mut dyn facts::Visitor) {
        let text = if *self == Self::Aggregated { "aggregated" } else { "single" };
        visitor.value(name, facts::Value::Text(text));
    }
}

facts! {
    /// A statement with its signers. What is not verified proves nothing.
    #[derive(PartialEq, Eq)]
    pub struct Signed {
        /// What they signed.
        pub statement: Statement,
        /// Who they are.
        pub signers: Signers,
        /// Their signatures, folded. Where the scheme cannot fold, it stands for all of them.
        pub aggregate: Aggregate,
        /// What the signatures can do.
        pub scheme: Scheme,
    }
}

/// A certificate, shared by all who keep or send it.
pub type Certificate = Shared<Signed>;

impl Wire for Signed {
    fn size(&self) -> u32 {
        match self.scheme {
            Scheme::Single => STATEMENT_SIZE + SIGNATURE_SIZE * self.signers.len(),
            Scheme::Aggregated => STATEMENT_SIZE + 96 + self.signers.last().map_or(0, |last| last.0 / 8 + 1),
        }
    }
}

/// Why a certificate, or something that rests on one, is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// It has fewer distinct signers than a quorum.
    TooFewSigners,
    /// A signer is no member.
    UnknownSigner,
    /// Not all of the signers signed that.
    BadSignature,
    /// It is about something else: another stage, view, height or digest.
    OffTopic,
    /// It is of a view or height that is not asked about.
    OutOfRange,
    /// What it leads to is not what was said.
    WrongConclusion,
}

impl Refusal {
    /// As it is reported.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TooFewSigners => "too few signers",
            Self::UnknownSigner => "unknown signer",
            Self::BadSignature => "bad signature",
            Self::OffTopic => "off topic",
            Self::OutOfRange => "out of range",
            Self::WrongConclusion => "wrong conclusion",
        }
    }
}

impl Signed {
    /// A certificate of a statement out of the votes for it.
    pub fn certificate(statement: Statement, backing: &Backing, scheme: Scheme) -> Certificate {
        let Backing { signers, aggregate, .. } = backing.clone();
        Shared::new(Self { statement, signers, aggregate, scheme })
    }

    /// Whether all its signers signed it, by the world's own keys.
    pub fn is_signed(&self, ground: &Ground) -> bool {
        ground.all_signed(self.statement.signed_content(), self.signers.iter(), self.aggregate)
    }

    /// Whether at least so many of the first `members` nodes signed it.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub fn verify<P: Protocol>(
        &self,
        members: u32,
        least: u32,
        cx: &mut Context<'_, P>,
    ) -> Result<(), Refusal> {
        self.verify_power(members, Power::EQUAL, least, cx)
    }

    /// Whether at least so much power of the first `members` nodes signed it.
    ///
    /// # Errors
    /// Why it proves nothing.
    pub fn verify_power<P: Protocol>(
        &self,
        members: u32,
        power: Power,
        least: u32,
        cx: &mut Context<'_, P>,
    ) -> Result<(), Refusal> {
        if power.sum(self.signers.iter()) < least {
            return Err(Refusal::TooFewSigners);
        }
        if self.signers.last().is_some_and(|last| last.0 >= members) {
            return Err(Refusal::UnknownSigner);
        }
        let verifications = match self.scheme {
            Scheme::Single => self.signers.len(),
            Scheme::Aggregated => 1,
        };
        let content = self.statement.signed_content();
        let good = cx.verify_aggregate(content, self.signers.iter(), self.aggregate, verifications);
        if good { Ok(()) } else { Err(Refusal::BadSignature) }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::identity::NodeId;
    use sim_core::process::{Input, Process, Signature, Solo};

    use super::*;
    use crate::tally::Tally;
    use crate::vote::{Stage, Vote};

    sim_core::facts! { enum Word { Word } }
    sim_core::vocabulary! { Silence { message: Word } }

    impl sim_core::process::Message for Word {
        fn wire_size(&self) -> u32 {
            1
        }
    }

    impl<F: FnMut(&mut Context<'_, Silence>)> Process<Silence> for Steps<F> {
        fn step(&mut self, _: Input<'_, Silence>, cx: &mut Context<'_, Silence>) {
            (self.0)(cx);
        }
    }

    struct Steps<F>(F);

    fn as_node(node: u32, run: impl FnMut(&mut Context<'_, Silence>)) {
        Solo::new(NodeId(node), 4).step(&mut Steps(run), Input::Start);
    }

    const SAID: Statement = Statement::new(Stage::Commit, 3, 8, 42);

    fn signature(node: u32, statement: Statement) -> Signature {
        let mut signature = Signature::forged(NodeId(node), 0);
        as_node(node, |cx| signature = Vote::sign(statement, cx).signature);
        signature
    }

    fn judge(signatures: &[Signature], members: u32, least: u32) -> Result<(), Refusal> {
        let mut tally = Tally::default();
        for signature in signatures {
            tally.fold(signature, 42);
        }
        let backing = tally.backing(42).cloned().unwrap_or_default();
        let mut result = Ok(());
        as_node(0, |cx| {
            let [single, folded] = [Scheme::Single, Scheme::Aggregated]
                .map(|scheme| Signed::certificate(SAID, &backing, scheme).verify(members, least, cx));
            assert_eq!(single, folded);
            result = single;
        });
        result
    }

    #[test]
    fn a_quorum_of_distinct_signers_is_believed_and_nothing_else() {
        let good: Vec<Signature> = (0..4).map(|node| signature(node, SAID)).collect();
        assert_eq!(judge(&good[..3], 4, 3), Ok(()));
        assert_eq!(judge(&good[..2], 4, 3), Err(Refusal::TooFewSigners));
        assert_eq!(judge(&[good[0], good[1], good[1]], 4, 3), Err(Refusal::TooFewSigners));
        assert_eq!(judge(&good[1..], 3, 3), Err(Refusal::UnknownSigner));
        let forged = Signature::forged(NodeId(2), 7);
        assert_eq!(judge(&[good[0], good[1], forged], 4, 3), Err(Refusal::BadSignature));
        let other = signature(2, Statement { height: 9, ..SAID });
        assert_eq!(judge(&[good[0], good[1], other], 4, 3), Err(Refusal::BadSignature));
        assert_eq!(judge(&[], 4, 0), Ok(()), "nothing proves nothing");
    }

    #[test]
    fn a_folded_certificate_is_smaller() {
        let backing = Backing { signers: (0..20).map(NodeId).collect(), ..Backing::default() };
        let size = |scheme| Signed::certificate(SAID, &backing, scheme).wire();
        assert_eq!((size(Scheme::Single), size(Scheme::Aggregated)), (49 + 68 * 20, 49 + 96 + 3));
    }
}
