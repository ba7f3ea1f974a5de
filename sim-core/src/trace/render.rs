//! Events as a person reads them, one line each, and as JSON.

use serde_json::{Map, Value as Json};

use super::content::Content;
use super::event::{Recorded, WORLD, What};
use super::tracer::Trace;
use crate::identity::Slot;
use crate::process::{LinkState, SyncResult};

impl Trace {
    /// The name of a slot.
    pub fn slot_name(&self, slot: Slot) -> String {
        if slot == WORLD {
            return "world".to_owned();
        }
        self.slots.get(slot.index()).cloned().unwrap_or_else(|| slot.to_string())
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
            What::Start => format!("{here} starts"),
            What::Deliver { from, message, .. } => format!("{from} -> {here}  {message}"),
            What::Fire { timer, .. } => format!("{here} timer fires: {timer}"),
            What::Request { request, .. } => format!("{here} is asked: {request}"),
            What::Link { peer, state: LinkState::Up } => format!("{here} has a new session with {peer}"),
            What::Link { peer, state: LinkState::Down } => format!("{here} lost its session with {peer}"),
            What::Synced { id, result } => format!("{here} synced {}: {}", id.0, sync_result(*result)),
            What::Lost { id, reason } => format!("{here} message {id} lost: {}", reason.name()),
            What::Fault { text } => format!("FAULT {text}"),
            _ => self.effect_words(&here, event),
        }
    }

    fn effect_words(&self, here: &str, event: &Recorded) -> String {
        match &event.what {
            What::Send { to, message, .. } => format!("{here} sends to {to}  {message}"),
            What::SetTimer { after, timer, .. } => format!("{here} sets a timer to {after}: {timer}"),
            What::CancelTimer { id } => format!("{here} stops timer {}", id.0),
            What::Append { journal, record } => format!("{here} appends to journal {}: {record}", journal.0),
            What::Rewrite { journal, records } => {
                format!("{here} rewrites journal {} with {records} records", journal.0)
            }
            What::Sync { journal, id } => format!("{here} syncs journal {} ({})", journal.0, id.0),
            What::Hold { id } => format!("{here} waits for sync {}", id.0),
            What::Return { response, .. } => format!("{here} answers: {response}"),
            What::CloseLink { peer } => format!("{here} closes its session with {peer}"),
            What::Observe { observation } => format!("{here} {observation}"),
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
        for (name, value) in plain_fields(&event.what) {
            object.insert(name.to_owned(), value);
        }
        if let Some(content) = event.what.content() {
            object.insert("content".to_owned(), content.to_json());
        }
        Json::Object(object)
    }
}

fn sync_result(result: SyncResult) -> &'static str {
    match result {
        SyncResult::Ok => "ok",
        SyncResult::Full => "disk full",
        SyncResult::Io => "device failed",
    }
}

/// The fields that are not part of the content.
fn plain_fields(what: &What<Content, String>) -> Vec<(&'static str, Json)> {
    match what {
        What::Boot { incarnation } => vec![("incarnation", (*incarnation).into())],
        What::Deliver { id, from, sent_at, .. } => vec![
            ("id", (*id).into()),
            ("from", from.to_string().into()),
            ("sent_at_ns", sent_at.as_nanos().into()),
        ],
        What::Fire { id, .. } | What::CancelTimer { id } => vec![("timer", id.0.into())],
        What::Request { id, .. } | What::Return { id, .. } => vec![("id", id.0.into())],
        What::Link { peer, state } => {
            vec![("peer", peer.to_string().into()), ("up", (*state == LinkState::Up).into())]
        }
        What::Synced { id, result } => {
            vec![("sync", id.0.into()), ("result", sync_result(*result).into())]
        }
        What::Send { id, to, .. } => vec![("id", (*id).into()), ("to", to.to_string().into())],
        What::SetTimer { id, after, .. } => {
            vec![("timer", id.0.into()), ("after_ns", after.as_nanos().into())]
        }
        What::Append { journal, .. } => vec![("journal", journal.0.into())],
        What::Rewrite { journal, records } => {
            vec![("journal", journal.0.into()), ("records", (*records).into())]
        }
        What::Sync { journal, id } => vec![("journal", journal.0.into()), ("sync", id.0.into())],
        What::Hold { id } => vec![("sync", id.0.into())],
        What::CloseLink { peer } => vec![("peer", peer.to_string().into())],
        What::Work { time } => vec![("time_ns", time.as_nanos().into())],
        What::Lost { id, reason } => vec![("id", (*id).into()), ("reason", reason.name().into())],
        What::Fault { text } => vec![("text", text.clone().into())],
        What::Crash | What::Start | What::Observe { .. } => Vec::new(),
    }
}
