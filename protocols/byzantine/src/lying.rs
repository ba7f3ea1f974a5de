//! What lies of every protocol here are made of, and how they are told.

mod telling;

use sim_core::coalition::CoalitionContext;
use sim_core::identity::{NodeId, Slot};
use sim_core::process::{Aggregate, Protocol};
use sim_core::random::below;

use crate::certificate::{Certificate, Scheme, Signed};
use crate::request::{Batch, Requests};
use crate::shared::Shared;
use crate::signers::Signers;
use crate::vote::{Statement, Vote};
use objects::Reply;

pub(crate) use telling::lies;
pub use telling::{ByMessage, Cx, Hears, Lie, Tells};

/// An index below a length that is not zero.
pub fn draw_below<P: Protocol>(cx: &mut CoalitionContext<'_, P>, length: usize) -> usize {
    below(cx.rng().next_u64(), length as u64) as usize
}

/// Two halves of the honest members; the first has one more if they are odd.
pub fn second_half(honest: &[NodeId]) -> &[NodeId] {
    &honest[honest.len().div_ceil(2)..]
}

/// Something else that may be proposed: the same requests the other way round, or nothing.
pub fn other_batch(batch: &Batch) -> Batch {
    if batch.list.len() < 2 {
        return Requests::batch(Vec::new());
    }
    Requests::batch(batch.list.iter().rev().cloned().collect())
}

/// Signers of a made-up certificate: all, one, one that does not exist among all, or none.
pub fn odd_signers<P: Protocol>(members: u32, cx: &mut CoalitionContext<'_, P>) -> Signers {
    let all = || (0..members).map(NodeId);
    match draw_below(cx, 4) {
        0 => all().collect(),
        1 => all().take(1).collect(),
        2 => all().chain([NodeId(members + 7)]).collect(),
        _ => Signers::default(),
    }
}

/// A statement, signed as a traitor.
pub fn signed<P: Protocol>(slot: Slot, statement: Statement, cx: &mut CoalitionContext<'_, P>) -> Vote {
    Vote { statement, signature: cx.sign_as(slot, statement.signed_content()) }
}

/// A certificate that nobody signed.
pub fn made_up_certificate(statement: Statement, signers: Signers) -> Certificate {
    let (aggregate, scheme) = (Aggregate::default(), Scheme::Single);
    Shared::new(Signed { statement, signers, aggregate, scheme })
}

/// Another result than that.
pub fn other_reply(reply: &Reply) -> Reply {
    match reply {
        Reply::Done => Reply::Mismatch,
        Reply::Mismatch => Reply::Done,
        Reply::Value { value } => Reply::Value { value: value.map_or(Some(1), |_| None) },
        Reply::List { values } => Reply::List { values: values.iter().skip(1).copied().collect() },
    }
}
