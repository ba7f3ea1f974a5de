//! The events of a trace.

use super::content::{Content, ShowFacts};
use crate::identity::{NodeId, Slot};
use crate::process::{JournalId, LinkState, RequestId, SyncId, SyncResult, TimerId};
use crate::time::{Duration, Time};

/// The slot of events that happen to the world as a whole, as a cut.
pub const WORLD: Slot = Slot(u32::MAX);

/// One event of a run: `C` is a content, `T` a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<C, T> {
    /// True time.
    pub at: Time,
    /// Where it happened; [`WORLD`] if nowhere in particular.
    pub slot: Slot,
    /// The number of the dispatched input that it belongs to: effects have that of the step that caused them.
    pub sequence: u64,
    /// What happened.
    pub what: What<C, T>,
}

/// An event as the world hands it to a tracer.
pub type TraceEvent<'a> = Event<&'a dyn ShowFacts, &'a str>;

/// An event read back from a trace.
pub type Recorded = Event<Content, String>;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What<C, T> {
    /// A process came to life here.
    Boot {
        /// How often the slot was booted before.
        incarnation: u32,
    },
    /// The process stopped.
    Crash,
    /// Input: the first of an incarnation.
    Start,
    /// Input: a message arrived.
    Deliver {
        /// The message, as in its [`What::Send`].
        id: u64,
        /// Who sent it.
        from: NodeId,
        /// When it was sent.
        sent_at: Time,
        /// What it says.
        message: C,
    },
    /// Input: a timer fired.
    Fire {
        /// Which.
        id: TimerId,
        /// What it carried.
        timer: C,
    },
    /// Input: a client is asked to do something.
    Request {
        /// Under which number.
        id: RequestId,
        /// What.
        request: C,
    },
    /// Input: a session began or ended.
    Link {
        /// With whom.
        peer: NodeId,
        /// Which of the two.
        state: LinkState,
    },
    /// Input: a sync ended.
    Synced {
        /// Which.
        id: SyncId,
        /// How.
        result: SyncResult,
    },
    /// Effect: a message for one recipient.
    Send {
        /// Names the message, uniquely in a run and per recipient.
        id: u64,
        /// To whom.
        to: NodeId,
        /// What it says.
        message: C,
    },
    /// Effect: a timer was set.
    SetTimer {
        /// Which.
        id: TimerId,
        /// How long from now, on the slot's clock.
        after: Duration,
        /// What it carries.
        timer: C,
    },
    /// Effect: a timer was stopped.
    CancelTimer {
        /// Which.
        id: TimerId,
    },
    /// Effect: a record was appended to a journal.
    Append {
        /// Which journal.
        journal: JournalId,
        /// The record.
        record: C,
    },
    /// Effect: a journal's content was replaced.
    Rewrite {
        /// Which journal.
        journal: JournalId,
        /// How many records it has now.
        records: u64,
    },
    /// Effect: a sync began.
    Sync {
        /// Of which journal.
        journal: JournalId,
        /// Under which number.
        id: SyncId,
    },
    /// Effect: what follows in this step waits for a sync.
    Hold {
        /// For which.
        id: SyncId,
    },
    /// Effect: what follows in this step waits until a journal is durable.
    HoldUntilDurable {
        /// Which journal.
        journal: JournalId,
    },
    /// Effect: a request was answered.
    Return {
        /// Which.
        id: RequestId,
        /// How.
        response: C,
    },
    /// Effect: a session was closed.
    CloseLink {
        /// With whom.
        peer: NodeId,
    },
    /// Effect: a fact was reported.
    Observe {
        /// The fact.
        observation: C,
    },
    /// Effect: the slot is busy with work.
    Work {
        /// For how long.
        time: Duration,
    },
    /// The world: a message will never arrive. It stands at the sender or the receiver, where that was decided.
    Lost {
        /// Which message.
        id: u64,
        /// Why.
        reason: LossReason,
    },
    /// The process ends itself.
    Abort,
    /// The world: something goes wrong, or is mended.
    Fault {
        /// What, in words.
        text: T,
    },
}

/// Why a message never arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LossReason {
    /// By chance.
    Chance,
    /// A cut lies between the ends.
    Cut,
    /// Its session ended.
    SessionEnded,
    /// Nothing runs at the receiver.
    Down,
    /// Damaged under way, which a checksum found.
    Corrupt,
    /// A queue or inbox was full.
    Overflow,
    /// No slot has the identity that it was sent to, or no path leads there.
    Unreachable,
    /// A traitor kept it back.
    Withheld,
}

impl LossReason {
    /// Every reason, in the order of declaration.
    pub const ALL: [Self; 8] = [
        Self::Chance,
        Self::Cut,
        Self::SessionEnded,
        Self::Down,
        Self::Corrupt,
        Self::Overflow,
        Self::Unreachable,
        Self::Withheld,
    ];

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Chance => "chance",
            Self::Cut => "cut",
            Self::SessionEnded => "session ended",
            Self::Down => "receiver down",
            Self::Corrupt => "corrupt",
            Self::Overflow => "overflow",
            Self::Unreachable => "unreachable",
            Self::Withheld => "withheld",
        }
    }
}

/// Declares the sorts of events once: name for people, number in files.
macro_rules! what_kinds {
    ($($variant:ident $name:literal),* $(,)?) => {
        /// Which variant of [`What`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum WhatKind {
            $(#[doc = concat!("[`What::", stringify!($variant), "`].")] $variant),*
        }

        impl WhatKind {
            /// Every sort, in the order of declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As filters and JSON name it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

what_kinds! {
    Boot "boot", Crash "crash", Start "start", Deliver "deliver", Fire "fire", Request "request", Link "link",
    Synced "synced", Send "send", SetTimer "set-timer", CancelTimer "cancel-timer", Append "append",
    Rewrite "rewrite", Sync "sync", Hold "hold", Return "return", CloseLink "close-link", Observe "observe",
    Work "work", Lost "lost", Fault "fault", HoldUntilDurable "hold-until-durable",
    Abort "abort",
}

impl<C, T> What<C, T> {
    /// Which sort of event it is.
    pub const fn kind(&self) -> WhatKind {
        match self {
            Self::Boot { .. } => WhatKind::Boot,
            Self::Crash => WhatKind::Crash,
            Self::Start => WhatKind::Start,
            Self::Deliver { .. } => WhatKind::Deliver,
            Self::Fire { .. } => WhatKind::Fire,
            Self::Request { .. } => WhatKind::Request,
            Self::Link { .. } => WhatKind::Link,
            Self::Synced { .. } => WhatKind::Synced,
            Self::Send { .. } => WhatKind::Send,
            Self::SetTimer { .. } => WhatKind::SetTimer,
            Self::CancelTimer { .. } => WhatKind::CancelTimer,
            Self::Append { .. } => WhatKind::Append,
            Self::Rewrite { .. } => WhatKind::Rewrite,
            Self::Sync { .. } => WhatKind::Sync,
            Self::Hold { .. } => WhatKind::Hold,
            Self::HoldUntilDurable { .. } => WhatKind::HoldUntilDurable,
            Self::Abort => WhatKind::Abort,
            Self::Return { .. } => WhatKind::Return,
            Self::CloseLink { .. } => WhatKind::CloseLink,
            Self::Observe { .. } => WhatKind::Observe,
            Self::Work { .. } => WhatKind::Work,
            Self::Lost { .. } => WhatKind::Lost,
            Self::Fault { .. } => WhatKind::Fault,
        }
    }

    /// The typed content, if it has one.
    pub const fn content(&self) -> Option<&C> {
        match self {
            Self::Deliver { message: content, .. }
            | Self::Fire { timer: content, .. }
            | Self::Request { request: content, .. }
            | Self::Send { message: content, .. }
            | Self::SetTimer { timer: content, .. }
            | Self::Append { record: content, .. }
            | Self::Return { response: content, .. }
            | Self::Observe { observation: content } => Some(content),
            _ => None,
        }
    }
}
