//! Bounded queues.

use sim_core::check::{Check, Findings, Seen};
use sim_core::ground::Ground;

use crate::vocabulary::{Coordination, CoordinationObservation as Observation};

/// Compares what waits with the room for it: tasks at an agent, and letters that it has for a receiver.
#[derive(Clone, Copy, Debug)]
pub struct QueueBound;

impl Check<Coordination> for QueueBound {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Queued", "LettersWait"])
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        let node = seen.node;
        findings.exercised();
        match *seen.observation {
            Observation::Queued { length, room } if length > room => {
                let message = format!("{length} tasks wait at {node}, which has room for {room}");
                findings.safety("", &[node], message);
            }
            Observation::LettersWait { to, length, room } if length > room => {
                let message =
                    format!("{length} letters wait at {node} for {to}, and there is room for {room}");
                findings.safety("letters", &[node], message);
            }
            _ => {}
        }
    }
}
