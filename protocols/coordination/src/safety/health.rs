//! Health checks are never skipped, overload included.

use sim_core::check::{Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::{Duration, Time};

use crate::parameters::{Parameters, Strategy};
use crate::vocabulary::{Coordination, CoordinationMessage as Message};

/// Looks at the last beat of an agent whenever it says something else.
///
/// By the agent's own clock, and only when it takes a step: one that stands still cannot beat. One that said nothing at all for
/// longer than an interval stood still, and has an interval from when it speaks again: what came meanwhile is served before its
/// timer.
#[derive(Debug)]
pub struct HealthChecks {
    interval: Duration,
    longest: Duration,
    beat: Vec<Option<Time>>,
    /// When each said anything last, and when it last spoke again after it stood still.
    spoke: Vec<(Time, Time)>,
    /// Agents from this one on beat; nobody, if none.
    first: Option<u32>,
}

impl HealthChecks {
    /// Agents that do tasks beat, where somebody coordinates them.
    pub fn new(parameters: &Parameters, agents: u32) -> Self {
        Self {
            interval: parameters.heartbeat,
            longest: parameters.heartbeat.saturating_mul(2),
            beat: vec![None; agents as usize],
            spoke: vec![(Time::ZERO, Time::ZERO); agents as usize],
            first: match parameters.strategy {
                Strategy::Single | Strategy::Independent | Strategy::Gossip => None,
                Strategy::Star if agents == 1 => None,
                Strategy::Star | Strategy::Service | Strategy::Hybrid | Strategy::Raft => {
                    Some(agents - parameters.workers(agents))
                }
            },
        }
    }
}

impl Check<Coordination> for HealthChecks {
    fn reads(&self) -> &'static [&'static str] {
        &["Beat", "Relay", "Begin", "Save", "Write", "Call", "Finish"]
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[])
    }

    fn observe(&mut self, _: &Ground, _: &Seen<'_, Coordination>, _: &mut Findings) {}

    fn lifecycle(&mut self, _: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        if event == Lifecycle::Booted
            && let Some(beat) = self.beat.get_mut(slot.index())
        {
            *beat = None;
        }
    }

    fn sent(&mut self, ground: &Ground, from: NodeId, _: NodeId, message: &Message, findings: &mut Findings) {
        let (slot, now) = (ground.stepping, ground.monotonic);
        let beats = self.first.is_some_and(|first| slot.0 >= first);
        let Some(beat) = self.beat.get_mut(slot.index()).filter(|_| beats) else { return };
        let (last, again) = &mut self.spoke[slot.index()];
        if now.since(*last) > self.interval {
            *again = now;
        }
        *last = now;
        let up_for = now.since(*again);
        match message {
            Message::Beat { .. } => *beat = Some(now),
            Message::Relay { from: origin, parcel, .. } if *origin == from => {
                if matches!(*parcel.0, Message::Beat { .. }) {
                    *beat = Some(now);
                }
            }
            _ => {
                let Some(last) = *beat else { return };
                findings.exercised();
                let gap = now.since(last);
                if gap > self.longest && up_for > self.interval {
                    let message = format!("{from} goes on working {} after its last beat", gap.told());
                    findings.found(sim_core::check::Verdict::Service, "", &[from], message);
                }
            }
        }
    }
}
