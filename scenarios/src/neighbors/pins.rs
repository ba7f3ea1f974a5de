//! Pinned messages in a neighbor.
//!
//! A pin names a message by the moment at which it is sent, and in a neighbor everything is sent at another moment. There
//! the same message is the one that is as many of its kind on its link: `the third RequestVote from n1 to n3`.

use sim_core::identity::Slot;
use sim_core::network::{Pin, PinnedFate};
use sim_core::registry::{Launch, LaunchError};
use sim_core::sorting::SortSeldom;
use sim_core::trace::{Recorded, Trace, TraceFilter, TraceRequest, What, WhatKind};

use crate::plan::Plan;
use crate::run::run;

/// A run with more pins is one that was recorded, not shrunk: its pins are left as they are, since each takes a run.
const MOST: usize = 16;

/// A message may be sent in so many different steps of its slot at that instant.
const STEPS: u32 = 3;

/// The pinned messages of a run, by names that its neighbors share.
pub(crate) struct PinnedMessages {
    messages: Vec<Pinned>,
    /// There are too many to be found again.
    as_they_are: bool,
}

struct Pinned {
    from: Slot,
    to: Slot,
    kind: String,
    /// How many of its kind were sent on its link before.
    nth: usize,
    fate: PinnedFate,
}

/// A message as it is sent.
struct Sent<'a> {
    event: &'a Recorded,
    to: Slot,
    kind: &'a str,
    /// How many messages its step had sent to the same receiver before.
    among: u32,
}

impl PinnedMessages {
    /// Finds out which messages are pinned.
    ///
    /// # Errors
    /// If the plan cannot be run.
    pub(crate) fn of(plan: &Plan) -> Result<Self, LaunchError> {
        let pins: Vec<Pin> = plan.setup.pins.iter().copied().collect();
        let as_they_are = pins.len() > MOST;
        if pins.is_empty() || as_they_are {
            return Ok(Self { messages: Vec::new(), as_they_are });
        }
        let trace = traced(plan)?;
        let sent = trace.as_ref().map(sent).unwrap_or_default();
        let mut messages: Vec<(usize, Pinned)> = pins.iter().filter_map(|pin| pinned(&sent, pin)).collect();
        messages.sort_seldom_by_key(|(place, _)| *place);
        Ok(Self { messages: messages.into_iter().map(|(_, message)| message).collect(), as_they_are })
    }

    /// A neighbor with the same messages pinned, one after the other: what becomes of the first decides when the second is
    /// sent.
    ///
    /// # Errors
    /// If the neighbor cannot be run.
    pub(crate) fn pin(&self, mut near: Plan) -> Result<Plan, LaunchError> {
        if self.as_they_are {
            return Ok(near);
        }
        let mut pins: Vec<Pin> = Vec::new();
        near.setup.pins = pins.iter().copied().collect();
        for message in &self.messages {
            let trace = traced(&near)?;
            let sent = trace.as_ref().map(sent).unwrap_or_default();
            let Some(found) = sent.iter().filter(|sent| message.is_like(sent)).nth(message.nth) else {
                continue;
            };
            pins.extend((0..STEPS).map(|step| Pin {
                from: message.from,
                to: message.to,
                sent_ns: found.event.at,
                ordinal: step << 16 | found.among,
                fate: message.fate,
            }));
            near.setup.pins = pins.iter().copied().collect();
        }
        Ok(near)
    }
}

impl Pinned {
    fn is_like(&self, sent: &Sent<'_>) -> bool {
        (sent.event.slot, sent.to, sent.kind) == (self.from, self.to, self.kind.as_str())
    }
}

fn traced(plan: &Plan) -> Result<Option<Trace>, LaunchError> {
    let filter = TraceFilter { whats: vec![WhatKind::Send], ..TraceFilter::default() };
    let trace = Some(TraceRequest { filter, ..TraceRequest::default() });
    Ok(run(plan, &Launch { trace, ..Launch::default() })?.trace)
}

fn sent(trace: &Trace) -> Vec<Sent<'_>> {
    let mut all: Vec<Sent<'_>> = Vec::new();
    for event in &trace.events {
        if let What::Send { to, message, .. } = &event.what {
            let to = Slot(to.0);
            let of_step = all.iter().rev().take_while(|other| other.event.at == event.at).filter(|other| {
                (other.event.slot, other.event.sequence, other.to) == (event.slot, event.sequence, to)
            });
            let among = u32::try_from(of_step.count()).unwrap_or(0);
            all.push(Sent { event, to, kind: &message.kind, among });
        }
    }
    all
}

/// The message that a pin names, with its place among all; nothing if it names none.
fn pinned(sent: &[Sent<'_>], pin: &Pin) -> Option<(usize, Pinned)> {
    let among = pin.ordinal & 0xFFFF;
    let is_it = |sent: &Sent<'_>| {
        (sent.event.slot, sent.to, sent.event.at, sent.among) == (pin.from, pin.to, pin.sent_ns, among)
    };
    let place = sent.iter().position(is_it)?;
    let (from, to, kind, fate) = (pin.from, pin.to, sent[place].kind.to_owned(), pin.fate);
    let mut pinned = Pinned { from, to, kind, nth: 0, fate };
    pinned.nth = sent[..place].iter().filter(|sent| pinned.is_like(sent)).count();
    Some((place, pinned))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::neighbors::neighbor;
    use crate::plan::compile;
    use crate::testing::{built_in, real};
    use sim_core::distribution::Distribution;
    use sim_core::time::Duration;

    #[test]
    fn a_pinned_message_is_the_same_one_in_a_neighbor() {
        let mut plan = compile(&built_in(&real(), "raft-calm"), 3, &[]);
        plan.setup.network.latency = Distribution::Fixed(Duration::from_millis(5));
        plan.setup.duration = Duration::from_secs(1);
        let trace = traced(&plan).unwrap().unwrap();
        let all = sent(&trace);
        let pin = |place: usize| Pin {
            from: all[place].event.slot,
            to: all[place].to,
            sent_ns: all[place].event.at,
            ordinal: all[place].among,
            fate: PinnedFate::Drop,
        };
        let wanted = |sent: &Sent<'_>| sent.kind == "AppendEntries" && sent.among == 0;
        let place = (0..all.len()).filter(|place| wanted(&all[*place])).nth(20).unwrap();
        plan.setup.pins = [pin(place)].into_iter().collect();
        let message = all[place].event.what.content().unwrap().clone();
        let messages = PinnedMessages::of(&plan).unwrap();
        assert_eq!(messages.messages.len(), 1);
        for index in 1..4 {
            let near = messages.pin(neighbor(&plan, index)).unwrap();
            let found: Vec<Pin> = near.setup.pins.iter().copied().collect();
            assert_ne!(found[0].sent_ns, all[place].event.at, "everything is at another moment");
            let lost = TraceFilter { whats: vec![WhatKind::Lost], ..TraceFilter::default() };
            let trace = Some(TraceRequest { filter: lost, ..TraceRequest::default() });
            let lost = run(&near, &Launch { trace, ..Launch::default() }).unwrap().trace.unwrap().events;
            assert!(lost.iter().any(|event| event.at == found[0].sent_ns), "{lost:?}");
            let trace = traced(&near).unwrap().unwrap();
            let sent = sent(&trace);
            let same = sent.iter().find(|sent| sent.event.at == found[0].sent_ns && sent.to == found[0].to);
            assert_eq!(same.unwrap().event.what.content().unwrap().kind, message.kind);
        }
    }
}
