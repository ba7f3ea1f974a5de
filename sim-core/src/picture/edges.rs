//! The messages of a traced run, from slot to slot, for diagrams.

use super::Edge;
use crate::capped::Capped;
use crate::ground::Ground;
use crate::identity::{NodeId, Slot};
use crate::ordered::OrderedMap;
use crate::time::Time;
use crate::trace::{Trace, What};

/// How many messages are kept.
const KEPT: usize = 20_000;

/// A message that was sent and of which nothing more is known yet.
struct Open {
    from: Slot,
    to: NodeId,
    sent: Time,
    kind: String,
    label: String,
}

/// Pairs what was sent with where it arrived. What neither arrived nor was lost is still under way and not drawn.
pub(crate) fn edges(trace: &Trace, ground: &Ground) -> Capped<Edge> {
    let mut open: OrderedMap<u64, Open> = OrderedMap::new();
    let mut edges = Capped::with_limit(KEPT);
    for event in &trace.events {
        match &event.what {
            What::Send { id, to, message } => {
                let (kind, label) = (message.kind.clone(), trace.named(message).to_string());
                open.insert(*id, Open { from: event.slot, to: *to, sent: event.at, kind, label });
            }
            What::Deliver { id, .. } => {
                // A duplicate arrives a second time, and is drawn once.
                if let Some(sent) = open.remove(id) {
                    edges.push(edge(sent, event.slot, Some(event.at)));
                }
            }
            What::Lost { id, .. } => {
                if let Some(sent) = open.remove(id) {
                    let to = ground.slot_of(sent.to).unwrap_or(sent.from);
                    edges.push(edge(sent, to, None));
                }
            }
            _ => {}
        }
    }
    edges
}

fn edge(open: Open, to: Slot, arrived: Option<Time>) -> Edge {
    Edge {
        sent_ns: open.sent.as_nanos(),
        arrived_ns: arrived.map(Time::as_nanos),
        from: open.from.0,
        to: to.0,
        kind: open.kind,
        label: open.label,
    }
}
