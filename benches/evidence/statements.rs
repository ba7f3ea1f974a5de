//! Whether two statements of one signer contradict each other, as a third party would see it.

use seedstorm::sim_core::check::{Culprit, Signed};

/// The digest of nothing: votes for no block at all.
const NOTHING: &str = "0000000000000000";

/// Whether nobody who follows the protocol would have signed both.
pub(crate) fn contradict(protocol: &str, culprit: &Culprit) -> bool {
    let [one, other] = &culprit.signed;
    twice(one, other)
        || match protocol {
            "pbft" => denied_prepared(one, other),
            "hotstuff" => denied_certificate(one, other) || left_lock(one, other, ["prepare", "commit"]),
            _ => left_lock(one, other, ["prevote", "precommit"]) && one.height == other.height,
        }
}

fn value(signed: &Signed) -> Option<&str> {
    signed.digest.as_deref().filter(|digest| *digest != NOTHING)
}

/// Two values in one stage of one view.
fn twice(one: &Signed, other: &Signed) -> bool {
    let values = value(one).zip(value(other));
    (&one.stage, one.view) == (&other.stage, other.view) && values.is_some_and(|(one, other)| one != other)
}

/// A commit, and a view change that claims not to have prepared it.
fn denied_prepared(one: &Signed, other: &Signed) -> bool {
    let claims = format!("nothing prepared there since view {}", one.view);
    let kinds = (&*one.stage, &*other.stage) == ("commit", "view change");
    kinds && one.height == other.height && other.view > one.view && other.claims == Some(claims)
}

/// A vote on a block that rests on the certificate of the view before, and a timeout that claims not to have that.
fn denied_certificate(one: &Signed, other: &Signed) -> bool {
    let claim = other.claims.as_deref().and_then(|claim| claim.rsplit(' ').next()?.parse::<u64>().ok());
    let kinds = (&*one.stage, &*other.stage) == ("prepare", "timeout");
    kinds && other.view >= one.view && claim.is_some_and(|high| high + 1 < one.view)
}

/// A vote that locks, and a later one for another value.
fn left_lock(one: &Signed, other: &Signed, stages: [&str; 2]) -> bool {
    let values = value(one).zip(value(other));
    let known = [one, other].iter().all(|signed| stages.contains(&&*signed.stage));
    known && other.view > one.view && values.is_some_and(|(one, other)| one != other)
}
