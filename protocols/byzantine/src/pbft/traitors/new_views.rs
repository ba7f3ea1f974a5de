//! New views in which nothing is proposed again, whatever was prepared.

use sim_core::coalition::{CoalitionContext, Deed};
use sim_core::process::Signature;

use super::super::new_view::conclude;
use super::super::vocabulary::{NewViewBegun, Pbft, PbftMessage, Proposal, ViewChange, ViewChanged};
use super::split::proposed;
use super::{Lie, Traitors};
use crate::lying::{draw_below, other_batch};
use crate::request::Batch;
use crate::shared::Shared;

/// A view change that says that nothing was prepared, with a signature that its signer may have made.
fn denies(change: &ViewChange, sign: impl FnOnce(u64) -> Signature) -> ViewChange {
    let content = ViewChanged::signed_content(change.view, 0, None, &[]);
    let signature = sign(content);
    Shared::new(ViewChanged {
        view: change.view,
        stable: 0,
        checkpoint: None,
        prepared: Vec::new(),
        signature,
    })
}

impl Traitors {
    /// View changes from which less follows than from those of a quorum, and what is proposed.
    fn concluded_falsely(
        lie: &Lie<'_>,
        changes: &[ViewChange],
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> (Vec<ViewChange>, u64, Vec<Batch>) {
        let node = cx.members().iter().find(|member| member.slot == lie.slot).map(|member| member.node);
        let own = changes.iter().find(|change| Some(change.signature.signer) == node);
        let own = own.map(|own| denies(own, |content| cx.sign_as(lie.slot, content)));
        let others = |change: &&ViewChange| Some(change.signature.signer) != node;
        let falsified: Vec<ViewChange> = match (draw_below(cx, 4), own) {
            // Its own alone, which is too few, or as often as it takes.
            (0, Some(own)) => vec![own],
            (1, Some(own)) => vec![own; changes.len()],
            // What others say is made up.
            (2, own) => {
                let others = changes.iter().filter(others).map(|change| {
                    denies(change, |_| Signature::forged(change.signature.signer, cx.rng().next_u64()))
                });
                own.into_iter().chain(others.collect::<Vec<_>>()).collect()
            }
            // They are as they should be, and something else is proposed.
            _ => {
                let conclusion = conclude(changes);
                let batches = conclusion.batches.iter().map(other_batch).collect();
                return (changes.to_vec(), conclusion.stable, batches);
            }
        };
        let conclusion = conclude(&falsified);
        (falsified, conclusion.stable, conclusion.batches)
    }

    pub(super) fn begin_falsely(
        &mut self,
        lie: &Lie<'_>,
        message: &PbftMessage,
        cx: &mut CoalitionContext<'_, Pbft>,
    ) -> bool {
        let PbftMessage::NewView(new_view) = message else { return true };
        let view = new_view.view;
        let (changes, stable, batches) = Self::concluded_falsely(lie, &new_view.changes, cx);
        let numbered = (stable + 1..).zip(&batches);
        let proposals: Vec<Proposal> =
            numbered.map(|(sequence, batch)| proposed(lie.slot, (view, sequence), batch, cx)).collect();
        let signature = cx.sign_as(lie.slot, NewViewBegun::signed_content(view, &changes, &proposals));
        let new_view = Shared::new(NewViewBegun { view, changes, proposals, signature });
        for to in lie.to {
            cx.send_as(lie.slot, *to, PbftMessage::NewView(new_view.clone()));
        }
        cx.did(Deed::Forged);
        false
    }
}
