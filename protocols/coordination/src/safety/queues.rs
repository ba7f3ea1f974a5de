//! Bounded queues.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;

use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Compares what waits at an agent with its room.
#[derive(Clone, Copy, Debug)]
pub struct QueueBound;

impl Check<Coordination> for QueueBound {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Queued"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        let Observation::Queued { length, room } = *seen.observation else { return };
        findings.exercised();
        if length > room {
            let message = format!("{length} tasks wait at {}, which has room for {room}", seen.node);
            findings.safety("", &[seen.node], message);
        }
    }
}
