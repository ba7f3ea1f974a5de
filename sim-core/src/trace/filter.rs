//! Filters that decide which events are traced.

use super::event::{TraceEvent, WhatKind};
use crate::identity::Slot;
use crate::time::Time;

/// What to trace, and how much of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceRequest {
    /// Which events.
    pub filter: TraceFilter,
    /// How many events that pass the filter are left out before the first that is kept, for a trace that is too large
    /// to be held at once: the run is run again for each part.
    pub skip: u64,
    /// How many events are kept at most: the first ones. The rest is counted.
    pub limit: u64,
    /// How it is handed over.
    pub form: TraceForm,
}

/// How a trace is handed over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TraceForm {
    /// As events, to look at.
    #[default]
    Events,
    /// As the bytes of a trace file: several times as quick where nobody looks at it now.
    File,
}

impl Default for TraceRequest {
    /// Everything, up to a million events.
    fn default() -> Self {
        Self { filter: TraceFilter::default(), skip: 0, limit: 1_000_000, form: TraceForm::Events }
    }
}

/// Which events are traced: those that pass every part. An empty list lets everything pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceFilter {
    /// Only these slots; events of the world itself pass always.
    pub slots: Vec<Slot>,
    /// Only these sorts of events.
    pub whats: Vec<WhatKind>,
    /// Only events whose content is of one of these kinds, as `"RequestVote"`; those without content pass.
    pub kinds: Vec<String>,
    /// From this moment on.
    pub from: Time,
    /// Until this moment, inclusive.
    pub until: Time,
}

impl Default for TraceFilter {
    fn default() -> Self {
        Self { slots: Vec::new(), whats: Vec::new(), kinds: Vec::new(), from: Time::ZERO, until: Time::MAX }
    }
}

impl TraceFilter {
    /// Whether an event is wanted.
    pub fn wants(&self, event: &TraceEvent<'_>) -> bool {
        (self.from..=self.until).contains(&event.at)
            && (self.slots.is_empty() || event.slot == super::WORLD || self.slots.contains(&event.slot))
            && (self.whats.is_empty() || self.whats.contains(&event.what.kind()))
            && (self.kinds.is_empty() || self.wants_content(event))
    }

    fn wants_content(&self, event: &TraceEvent<'_>) -> bool {
        let Some(content) = event.what.content() else { return true };
        let kind = content.shown_kind();
        self.kinds.iter().any(|wanted| wanted == kind)
    }
}
