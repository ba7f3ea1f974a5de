//! Events as a person reads them, one line each, and as JSON.

use serde_json::{Map, Value as Json};

use super::content::{Content, Named, Shown};
use super::event::{Recorded, WORLD, What};
use super::tracer::Trace;
use crate::identity::{NodeId, Slot};
use crate::process::{LinkState, SyncResult};

impl Trace {
    /// The name of a slot.
    pub fn slot_name(&self, slot: Slot) -> String {
        if slot == WORLD {
            return "world".to_owned();
        }
        self.slots.get(slot.index()).map_or_else(|| slot.to_string(), str::to_owned)
    }

    /// The name of a process: of a client that of its slot, so that it has one name where it acts and where it is
    /// spoken of.
    pub fn node_name(&self, node: NodeId) -> String {
        let slot = self.slots.get(node.index()).filter(|slot| is_client(slot));
        slot.map_or_else(|| node.to_string(), str::to_owned)
    }

    /// A content in which clients are called by their names.
    pub fn named(&self, content: &Content) -> Content {
        let mut content = content.clone();
        self.name_all(&mut content.fields);
        content
    }

    fn name_all(&self, fields: &mut [Named]) {
        for field in fields {
            match &mut field.value {
                Shown::Group { inside, .. } => self.name_all(inside),
                Shown::Node(node) if self.slots.get(node.index()).is_some_and(is_client) => {
                    field.value = Shown::Text(self.node_name(*node));
                }
                _ => {}
            }
        }
    }

    /// An event as one line: `0.655 s  n1 -> n3  RequestVote term 4`.
    pub fn line(&self, event: &Recorded) -> String {
        format!("{}  {}", event.at, self.words(event))
    }

    /// An event without its time.
    fn words(&self, event: &Recorded) -> String {
        let here = self.slot_name(event.slot);
        match &event.what {
            What::Boot { incarnation: 0 } => format!("{here} boots"),
            What::Boot { incarnation } => format!("{here} boots again ({incarnation})"),
            What::Crash => format!("{here} crashes"),
            What::Abort => format!("{here} ends itself"),
            What::Start => format!("{here} starts"),
            What::Deliver { from, message, .. } => {
                format!("{} -> {here}  {}", self.node_name(*from), self.named(message))
            }
            What::Fire { timer, .. } => format!("{here} timer fires: {}", self.named(timer)),
            What::Request { request, .. } => format!("{here} is asked: {}", self.named(request)),
            What::Link { peer, state: LinkState::Up } => {
                format!("{here} has a new session with {}", self.node_name(*peer))
            }
            What::Link { peer, state: LinkState::Down } => {
                format!("{here} lost its session with {}", self.node_name(*peer))
            }
            What::Synced { id, result } => format!("{here} synced {}: {}", id.0, sync_result(*result)),
            What::Lost { id, reason } => format!("{here} message {id} lost: {}", reason.name()),
            What::Fault { text } => format!("FAULT {text}"),
            _ => self.effect_words(&here, event),
        }
    }

    fn effect_words(&self, here: &str, event: &Recorded) -> String {
        match &event.what {
            What::Send { to, message, .. } => {
                format!("{here} sends to {}  {}", self.node_name(*to), self.named(message))
            }
            What::SetTimer { after, timer, .. } => {
                format!("{here} sets a timer to {}: {}", after.told(), self.named(timer))
            }
            What::CancelTimer { id } => format!("{here} stops timer {}", id.0),
            What::Append { journal, record } => {
                format!("{here} appends to journal {}: {}", journal.0, self.named(record))
            }
            What::Rewrite { journal, records } => {
                format!("{here} rewrites journal {} with {records} records", journal.0)
            }
            What::Sync { journal, id } => format!("{here} syncs journal {} ({})", journal.0, id.0),
            What::Hold { id } => format!("{here} waits for sync {}", id.0),
            What::HoldUntilDurable { journal } => {
                format!("{here} waits until journal {} is durable", journal.0)
            }
            What::Return { response, .. } => format!("{here} answers: {}", self.named(response)),
            What::CloseLink { peer } => {
                format!("{here} closes its session with {}", self.node_name(*peer))
            }
            What::Observe { observation } => format!("{here} {}", self.named(observation)),
            What::Work { time } => format!("{here} works for {time}"),
            _ => String::new(),
        }
    }

    /// An event as a JSON object.
    pub fn json(&self, event: &Recorded) -> Json {
        let mut object = Map::new();
        object.insert("at_ns".to_owned(), event.at.as_nanos().into());
        let slot = if event.slot == WORLD { Json::Null } else { event.slot.0.into() };
        object.insert("slot".to_owned(), slot);
        object.insert("name".to_owned(), self.slot_name(event.slot).into());
        object.insert("sequence".to_owned(), event.sequence.into());
        object.insert("what".to_owned(), event.what.kind().name().into());
        for (name, value) in self.plain_fields(&event.what) {
            object.insert(name.to_owned(), value);
        }
        if let Some(content) = event.what.content() {
            object.insert("content".to_owned(), self.named(content).to_json());
        }
        Json::Object(object)
    }

    /// The fields that are not part of the content.
    fn plain_fields(&self, what: &What<Content, String>) -> Vec<(&'static str, Json)> {
        match what {
            What::Boot { incarnation } => vec![("incarnation", (*incarnation).into())],
            What::Deliver { id, from, sent_at, .. } => vec![
                ("id", (*id).into()),
                ("from", self.node_name(*from).into()),
                ("sent_at_ns", sent_at.as_nanos().into()),
            ],
            What::Fire { id, .. } | What::CancelTimer { id } => vec![("timer", id.0.into())],
            What::Request { id, .. } | What::Return { id, .. } => vec![("id", id.0.into())],
            What::Link { peer, state } => {
                vec![("peer", self.node_name(*peer).into()), ("up", (*state == LinkState::Up).into())]
            }
            What::Synced { id, result } => {
                vec![("sync", id.0.into()), ("result", sync_result(*result).into())]
            }
            What::Send { id, to, .. } => vec![("id", (*id).into()), ("to", self.node_name(*to).into())],
            What::SetTimer { id, after, .. } => {
                vec![("timer", id.0.into()), ("after_ns", after.as_nanos().into())]
            }
            What::Append { journal, .. } | What::HoldUntilDurable { journal } => {
                vec![("journal", journal.0.into())]
            }
            What::Rewrite { journal, records } => {
                vec![("journal", journal.0.into()), ("records", (*records).into())]
            }
            What::Sync { journal, id } => vec![("journal", journal.0.into()), ("sync", id.0.into())],
            What::Hold { id } => vec![("sync", id.0.into())],
            What::CloseLink { peer } => vec![("peer", self.node_name(*peer).into())],
            What::Work { time } => vec![("time_ns", time.as_nanos().into())],
            What::Lost { id, reason } => vec![("id", (*id).into()), ("reason", reason.name().into())],
            What::Fault { text } => vec![("text", text.clone().into())],
            What::Crash | What::Abort | What::Start | What::Observe { .. } => Vec::new(),
        }
    }
}

/// Whether a slot is called as clients are.
fn is_client(name: &str) -> bool {
    name.starts_with('c')
}

fn sync_result(result: SyncResult) -> &'static str {
    match result {
        SyncResult::Ok => "ok",
        SyncResult::Full => "disk full",
        SyncResult::Io => "device failed",
    }
}
