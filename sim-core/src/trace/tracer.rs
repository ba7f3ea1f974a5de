//! The recorder, and the trace that it leaves.

use super::codec::{
    Malformed, Reader, Vocabulary, Written, put_content, put_text, put_varint, unzigzag, zigzag,
};
use super::content::{Content, ShowFacts};
use super::event::{Event, LossReason, Recorded, TraceEvent, What, WhatKind};
use super::file;
use super::filter::{TraceFilter, TraceForm, TraceRequest};
use crate::identity::{NodeId, Slot};
use crate::process::{JournalId, LinkState, RequestId, SyncId, SyncResult, TimerId};
use crate::slot_names::SlotNames;
use crate::time::{Duration, Time};

/// Records the events that a request wants, a few bytes each.
#[derive(Clone, Debug)]
pub struct Tracer {
    request: TraceRequest,
    /// Whether the filter lets everything pass.
    unfiltered: bool,
    pub(super) slots: SlotNames,
    pub(super) written: Written,
    /// A trace file in the making: its header, and the events.
    pub(super) bytes: Vec<u8>,
    pub(super) count: u64,
    pub(super) omitted: u64,
    /// How many are still left out before the first one is kept.
    skip: u64,
    before: Base,
}

/// What times and numbers are written relative to: the event before, and the message sent last.
#[derive(Clone, Copy, Debug, Default)]
struct Base {
    at: u64,
    sequence: u64,
    sent: u64,
}

/// A trace that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// The names of slots, by number; slots that came later may have none.
    pub slots: SlotNames,
    /// The events, in the order in which they happened.
    pub events: Vec<Recorded>,
    /// How many more passed the filter after the limit was reached.
    pub omitted: u64,
}

impl Tracer {
    /// Starts recording. `slots` are the names of the slots, for people.
    pub fn new(request: TraceRequest, slots: SlotNames) -> Self {
        Self {
            unfiltered: request.filter == TraceFilter::default(),
            skip: request.skip,
            request,
            slots,
            written: Written::default(),
            bytes: file::header(),
            count: 0,
            omitted: 0,
            before: Base::default(),
        }
    }

    /// Records an event, if the request wants it.
    pub fn record(&mut self, event: &TraceEvent<'_>) {
        if !self.unfiltered && !self.request.filter.wants(event) {
            return;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return;
        }
        if self.count >= self.request.limit {
            self.omitted += 1;
            return;
        }
        self.count += 1;
        self.before.put(&mut self.bytes, event);
        put_what(&mut self.bytes, &mut self.written, &mut self.before, event);
    }

    /// How many events were recorded.
    pub fn len(&self) -> u64 {
        self.count
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// What was recorded, in the form that was asked for.
    pub(crate) fn hand_over(self) -> (Option<Trace>, Option<Vec<u8>>) {
        match self.request.form {
            TraceForm::Events => (Some(self.finish()), None),
            TraceForm::File => (None, Some(self.into_bytes())),
        }
    }

    /// What was recorded, ready to be read.
    pub fn finish(self) -> Trace {
        let mut reader = Reader::new(&self.bytes[file::HEADER..], &self.written.strings.all);
        let events = read_events(&mut reader, self.count);
        Trace {
            slots: self.slots,
            events: events.expect("a tracer reads what it wrote"),
            omitted: self.omitted,
        }
    }
}

/// Reads so many events.
pub(super) fn read_events(reader: &mut Reader<'_>, count: u64) -> Result<Vec<Recorded>, Malformed> {
    let mut base = Base::default();
    let mut events: Vec<Recorded> = Vec::new();
    for _ in 0..count {
        let (at, slot, sequence, kind) = base.get(reader)?;
        let what = get_what(kind, &mut base, reader, &events)?;
        events.push(Event { at, slot, sequence, what });
    }
    Ok(events)
}

/// The first byte of an event holds its sort, and how its time and its number go on from the event before: mostly it
/// is the same step, or the next.
mod first {
    /// The sort of event.
    pub(super) const KIND: u8 = 0x1f;
    /// The step is the next one.
    pub(super) const NEXT: u8 = 0x20;
    /// How far the step's number is from that of the event before is written.
    pub(super) const JUMP: u8 = 0x40;
    /// The time is the same.
    pub(super) const SAME_TIME: u8 = 0x80;
}

impl Base {
    #[inline]
    fn put(&mut self, bytes: &mut Vec<u8>, event: &TraceEvent<'_>) {
        let (at, sequence) = (event.at.as_nanos(), event.sequence);
        let steps = sequence.wrapping_sub(self.sequence);
        let step = match steps {
            0 => 0,
            1 => first::NEXT,
            _ => first::JUMP,
        };
        let time = if at == self.at { first::SAME_TIME } else { 0 };
        bytes.push(event.what.kind() as u8 | step | time);
        if time == 0 {
            put_varint(bytes, zigzag(at.wrapping_sub(self.at).cast_signed()));
        }
        if step == first::JUMP {
            put_varint(bytes, zigzag(steps.cast_signed()));
        }
        // The world's own slot becomes 0.
        put_varint(bytes, u64::from(event.slot.0.wrapping_add(1)));
        (self.at, self.sequence) = (at, sequence);
    }

    fn get(&mut self, reader: &mut Reader<'_>) -> Result<(Time, Slot, u64, WhatKind), Malformed> {
        let byte = reader.byte()?;
        let kind = *WhatKind::ALL.get(usize::from(byte & first::KIND)).ok_or(Malformed)?;
        if byte & first::SAME_TIME == 0 {
            self.at = self.at.wrapping_add(unzigzag(reader.varint()?).cast_unsigned());
        }
        let steps = match byte & (first::NEXT | first::JUMP) {
            0 => 0,
            first::NEXT => 1,
            first::JUMP => unzigzag(reader.varint()?).cast_unsigned(),
            _ => return Err(Malformed),
        };
        self.sequence = self.sequence.wrapping_add(steps);
        let slot = Slot(reader.number::<u32>()?.wrapping_sub(1));
        Ok((Time::from_nanos(self.at), slot, self.sequence, kind))
    }

    /// Messages are numbered as they are sent, and arrive soon after.
    fn put_message(&self, bytes: &mut Vec<u8>, id: u64) {
        put_varint(bytes, zigzag(id.wrapping_sub(self.sent).cast_signed()));
    }

    fn get_message(&self, reader: &mut Reader<'_>) -> Result<u64, Malformed> {
        Ok(self.sent.wrapping_add(unzigzag(reader.varint()?).cast_unsigned()))
    }
}

fn put_what(bytes: &mut Vec<u8>, written: &mut Written, base: &mut Base, event: &TraceEvent<'_>) {
    let what = &event.what;
    match what {
        What::Crash | What::Abort | What::Start => {}
        What::Boot { incarnation } => put_varint(bytes, u64::from(*incarnation)),
        What::Deliver { id, from, sent_at, .. } => {
            base.put_message(bytes, *id);
            put_varint(bytes, u64::from(from.0));
            put_varint(bytes, event.at.as_nanos().wrapping_sub(sent_at.as_nanos()));
        }
        What::Fire { id, .. } | What::CancelTimer { id } => put_varint(bytes, u64::from(id.0)),
        What::Request { id, .. } | What::Return { id, .. } => put_varint(bytes, id.0),
        What::Link { peer, state } => {
            put_varint(bytes, u64::from(peer.0));
            bytes.push(u8::from(*state == LinkState::Up));
        }
        What::Synced { id, result } => {
            put_varint(bytes, id.0);
            bytes.push(*result as u8);
        }
        What::Send { id, to, .. } => {
            base.put_message(bytes, *id);
            base.sent = *id;
            put_varint(bytes, u64::from(to.0));
        }
        What::SetTimer { id, after, .. } => {
            put_varint(bytes, u64::from(id.0));
            put_varint(bytes, after.as_nanos());
        }
        What::Append { journal, .. } | What::HoldUntilDurable { journal } => bytes.push(journal.0),
        What::Rewrite { journal, records } => {
            bytes.push(journal.0);
            put_varint(bytes, *records);
        }
        What::Sync { journal, id } => {
            bytes.push(journal.0);
            put_varint(bytes, id.0);
        }
        What::Hold { id } => put_varint(bytes, id.0),
        What::CloseLink { peer } => put_varint(bytes, u64::from(peer.0)),
        What::Observe { .. } => {}
        What::Work { time } => put_varint(bytes, time.as_nanos()),
        What::Lost { id, reason } => {
            base.put_message(bytes, *id);
            bytes.push(*reason as u8);
        }
        What::Fault { text } => put_text(bytes, text),
    }
    if let Some((vocabulary, content)) = spoken(what) {
        put_content(bytes, written, vocabulary, content);
    }
}

/// The content of an event, and which vocabulary it is from.
fn spoken<'a>(what: &What<&'a dyn ShowFacts, &str>) -> Option<(Vocabulary, &'a dyn ShowFacts)> {
    match *what {
        What::Deliver { message, .. } | What::Send { message, .. } => Some((Vocabulary::Messages, message)),
        What::Fire { timer, .. } | What::SetTimer { timer, .. } => Some((Vocabulary::Timers, timer)),
        What::Request { request, .. } => Some((Vocabulary::Requests, request)),
        What::Append { record, .. } => Some((Vocabulary::Records, record)),
        What::Return { response, .. } => Some((Vocabulary::Responses, response)),
        What::Observe { observation } => Some((Vocabulary::Observations, observation)),
        _ => None,
    }
}

fn get_what(
    kind: WhatKind,
    base: &mut Base,
    reader: &mut Reader<'_>,
    before: &[Recorded],
) -> Result<What<Content, String>, Malformed> {
    match kind {
        WhatKind::Boot => Ok(What::Boot { incarnation: reader.number()? }),
        WhatKind::Crash => Ok(What::Crash),
        WhatKind::Abort => Ok(What::Abort),
        WhatKind::Lost => {
            let id = base.get_message(reader)?;
            Ok(What::Lost { id, reason: one_of(&LossReason::ALL, reader.byte()?)? })
        }
        WhatKind::Fault => Ok(What::Fault { text: reader.text()? }),
        WhatKind::Start
        | WhatKind::Deliver
        | WhatKind::Fire
        | WhatKind::Request
        | WhatKind::Link
        | WhatKind::Synced => get_input(kind, base, reader, before),
        _ => get_effect(kind, base, reader, before),
    }
}

fn get_input(
    kind: WhatKind,
    base: &mut Base,
    reader: &mut Reader<'_>,
    before: &[Recorded],
) -> Result<What<Content, String>, Malformed> {
    Ok(match kind {
        WhatKind::Start => What::Start,
        WhatKind::Deliver => What::Deliver {
            id: base.get_message(reader)?,
            from: NodeId(reader.number()?),
            sent_at: Time::from_nanos(base.at.wrapping_sub(reader.varint()?)),
            message: reader.content(before)?,
        },
        WhatKind::Fire => What::Fire { id: TimerId(reader.number()?), timer: reader.content(before)? },
        WhatKind::Request => {
            What::Request { id: RequestId(reader.varint()?), request: reader.content(before)? }
        }
        WhatKind::Link => What::Link {
            peer: NodeId(reader.number()?),
            state: one_of(&[LinkState::Down, LinkState::Up], reader.byte()?)?,
        },
        WhatKind::Synced => What::Synced {
            id: SyncId(reader.varint()?),
            result: one_of(&[SyncResult::Ok, SyncResult::Full, SyncResult::Io], reader.byte()?)?,
        },
        _ => return Err(Malformed),
    })
}

fn get_effect(
    kind: WhatKind,
    base: &mut Base,
    reader: &mut Reader<'_>,
    before: &[Recorded],
) -> Result<What<Content, String>, Malformed> {
    Ok(match kind {
        WhatKind::Send => {
            base.sent = base.get_message(reader)?;
            let (to, message) = (NodeId(reader.number()?), reader.content(before)?);
            What::Send { id: base.sent, to, message }
        }
        WhatKind::SetTimer => What::SetTimer {
            id: TimerId(reader.number()?),
            after: Duration::from_nanos(reader.varint()?),
            timer: reader.content(before)?,
        },
        WhatKind::CancelTimer => What::CancelTimer { id: TimerId(reader.number()?) },
        WhatKind::Append => {
            What::Append { journal: JournalId(reader.byte()?), record: reader.content(before)? }
        }
        WhatKind::Rewrite => What::Rewrite { journal: JournalId(reader.byte()?), records: reader.varint()? },
        WhatKind::Sync => What::Sync { journal: JournalId(reader.byte()?), id: SyncId(reader.varint()?) },
        WhatKind::Hold => What::Hold { id: SyncId(reader.varint()?) },
        WhatKind::HoldUntilDurable => What::HoldUntilDurable { journal: JournalId(reader.byte()?) },
        WhatKind::Return => {
            What::Return { id: RequestId(reader.varint()?), response: reader.content(before)? }
        }
        WhatKind::CloseLink => What::CloseLink { peer: NodeId(reader.number()?) },
        WhatKind::Observe => What::Observe { observation: reader.content(before)? },
        WhatKind::Work => What::Work { time: Duration::from_nanos(reader.varint()?) },
        _ => return Err(Malformed),
    })
}

fn one_of<T: Copy>(all: &[T], number: u8) -> Result<T, Malformed> {
    all.get(usize::from(number)).copied().ok_or(Malformed)
}
