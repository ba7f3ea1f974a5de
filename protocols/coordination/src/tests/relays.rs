//! Agents on the way of a message.

use sim_core::ratio::Ratio;

use super::{calm, max, run};

/// In a ring of twenty, every second message arrives twice. If each of up to nine agents on a way passed on both copies, 38 would arrive.
#[test]
fn agents_on_the_way_pass_on_a_message_once() {
    let relayed = |duplicate: Ratio| {
        let parameters = serde_json::json!({
            "strategy": "star", "topology": "ring", "steps": 2, "layers": 1, "width": 60, "duration": "8s", "tokens_out": 0,
            "handling": "10us"
        });
        let mut setup = calm(1, 20);
        setup.network.duplicate = duplicate;
        let outcome = run(&parameters, &setup);
        assert_eq!(max(&outcome, "tasks_done"), 60);
        outcome.messages.by_kind["Relay"] as f64 / outcome.virtual_ns as f64
    };
    let (alone, twice) = (relayed(Ratio::ZERO), relayed(Ratio::new(1, 2)));
    // Twice as many reach an agent on the last part of the way, and each is answered.
    assert!(twice < 3.0 * alone, "{twice} {alone}");
}
