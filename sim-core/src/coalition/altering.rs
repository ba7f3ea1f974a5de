//! Messages of which a traitor changes one value (ByzzFuzz, Winter et al. 2023).

use super::{CoalitionContext, Deed};
use crate::facts::mutation::{Scope, altered, places};
use crate::identity::{NodeId, Slot};
use crate::process::Protocol;
use crate::random::below;

/// How messages are changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Altering<'a> {
    /// Only values of this name, if there is one.
    pub field: Option<&'a str>,
    /// How far from what they were.
    pub scope: Scope,
    /// Whether traitors sign again what they signed.
    pub seal: bool,
}

impl Altering<'_> {
    /// Tells somebody a message with one value changed; false, and nothing is said, if it has none that can be.
    pub fn tell<P: Protocol>(
        &self,
        from: Slot,
        to: NodeId,
        message: &P::Message,
        cx: &mut CoalitionContext<'_, P>,
    ) -> bool {
        let places = places(message, self.field);
        if places == 0 {
            return false;
        }
        let (place, word) = (below(cx.rng().next_u64(), places), cx.rng().next_u64());
        let sign = |signer, content| cx.tag(signer, content);
        let sealer = self.seal.then_some(&sign as _);
        let mutant = altered(message, (self.field, place), self.scope, word, sealer);
        cx.send_as(from, to, mutant);
        cx.did(Deed::Altered);
        true
    }
}
