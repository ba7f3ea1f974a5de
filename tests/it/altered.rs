//! Messages that traitors alter get past signatures, and are refused for every reason that there is.

use seedstorm::prelude::*;
use seedstorm::scenarios::builtin;
use seedstorm::sim_core::trace::{TraceRequest, What};
use sim_core::ordered::OrderedMap;

/// How many messages n2 altered over some seeds, and how many messages were refused for what reason.
fn refusals(scenario: &str, rule: &str) -> (u64, OrderedMap<String, u64>) {
    let overlays = [format!("adversaries=[{{nodes=[\"n2\"],do={{alter={{{rule}}}}}}}]")];
    let source = builtin::find(scenario).unwrap();
    let loaded = load(&seedstorm::registry(), source, Format::Toml, &overlays).unwrap();
    let (mut altered, mut reasons) = (0, OrderedMap::new());
    for seed in 0..2 {
        let launch = Launch { trace: Some(TraceRequest::default()), ..Launch::default() };
        let outcome = run(&compile(&loaded, seed, &[]), &launch).unwrap();
        assert!(outcome.violations.is_empty(), "{scenario} {seed}: {:?}", outcome.violations);
        altered += outcome.activity["traitors.altered"];
        for event in &outcome.trace.unwrap().events {
            if let What::Observe { observation } = &event.what
                && observation.kind == "Refused"
            {
                let reason = observation.to_json()["fields"]["reason"].as_str().unwrap().to_owned();
                *reasons.entry(reason).or_default() += 1;
            }
        }
    }
    (altered, reasons)
}

#[test]
fn altered_messages_pass_signatures_and_are_refused_for_each_reason() {
    let (mut altered, mut all) = (0, OrderedMap::<String, u64>::new());
    for scenario in ["pbft-mixed", "hotstuff-mixed", "tendermint-mixed"] {
        for rule in ["scope=\"small\"", "field=\"digest\"", "field=\"signers\""] {
            let (count, reasons) = refusals(scenario, rule);
            assert!(count > 0, "{scenario} {rule}");
            altered += count;
            reasons.into_iter().for_each(|(reason, count)| *all.entry(reason).or_default() += count);
        }
    }
    assert_eq!(all.len(), 6, "{all:?}");
    assert!(2 * all["bad signature"] < altered, "{all:?} of {altered}");
}

/// Without a signature of its own, what a traitor changed is refused at once.
#[test]
fn an_altered_message_that_is_not_signed_again_proves_nothing() {
    let (sealed, _) = refusals("pbft-primary-crash", "field=\"height\"");
    let (altered, reasons) = refusals("pbft-primary-crash", "field=\"height\",seal=false");
    assert!(sealed > 0 && altered > 0);
    assert!(reasons["bad signature"] > 0 && reasons.len() == 1, "{reasons:?}");
}

#[test]
fn who_believes_everything_is_told_nothing_altered() {
    let overlays = ["adversaries=[{nodes=[\"n2\"],do=\"alter\"}]".to_owned()];
    let source = builtin::find("raft-calm").unwrap();
    let refused = load(&seedstorm::registry(), source, Format::Toml, &overlays).unwrap_err();
    assert!(refused.render(false).contains("believes every message"), "{}", refused.render(false));
}
