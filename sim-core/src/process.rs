//! The contract of a process: one input in, effects out.
//!
//! A protocol is a value. It owns no clock, no channel, no randomness and no file: everything it does to the world it
//! asks for through a [`Context`], and everything it learns arrives as an [`Input`]. The vocabulary of a protocol is
//! its [`Protocol`] type, so a process stays object safe and one cluster may mix kinds.

mod boot;
mod context;
mod detours;
mod effects;
mod marks;
mod solo;

pub use boot::{Boot, Factory, Role, Start};
pub(crate) use context::ProcessPlace;
pub use context::{Aggregate, Context, Keys, Signature};
pub(crate) use detours::{Detours, Taken};
pub use detours::{Diversion, Diverted};
pub(crate) use effects::Endless;
pub use effects::{Effect, Effects};
pub(crate) use marks::Marks;
pub use solo::Solo;

pub use crate::disk::{Recovered, Stored};

use crate::facts::Facts;
use crate::identity::NodeId;

/// The vocabulary of a protocol. Types without values are [`Never`](crate::facts::Never).
pub trait Protocol: Sized + 'static {
    /// What processes say to each other, clients included.
    type Message: Message;
    /// What a timer carries until it fires.
    type Timer: Facts;
    /// What a client is asked to do.
    type Request: Facts;
    /// What a client answers.
    type Response: Facts;
    /// What a journal holds.
    type Record: Facts;
    /// What a process reports to checks, triggers and reports.
    type Observation: Observe;
}

/// A message on the wire.
pub trait Message: Facts {
    /// Bytes on the wire, headers included.
    fn wire_size(&self) -> u32;

    /// Which service of the network carries it.
    fn lane(&self) -> Lane {
        Lane::Datagram
    }

    /// Which inbox it waits in at a busy receiver.
    fn priority(&self) -> Priority {
        Priority::Normal
    }

    /// The round, view or term that it belongs to, counted from one, if it tells one: plans may say round by round who
    /// hears whom (`round = { .. }` among the faults).
    fn round(&self) -> Option<u64> {
        None
    }
}

/// What the network owes a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// May be lost, reordered or duplicated, and is shed by a full inbox.
    Datagram,
    /// Belongs to a session: strictly first in, first out per priority; loss becomes delay; a full inbox blocks; a
    /// cut, crash, heal or close ends the session.
    Stream,
}

/// The order of service at a busy receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Served first.
    Critical,
    /// The default.
    Normal,
    /// Served last, shed first.
    Low,
}

impl Priority {
    /// Every priority, most urgent first.
    pub const ALL: [Self; 3] = [Self::Critical, Self::Normal, Self::Low];
}

/// A small typed fact that a process reports: it became leader, it voted, it committed.
pub trait Observe: Facts {
    /// The kinds of which a neutral reader can make nothing: their summaries are empty, and are not asked for. What is reported all the
    /// time and is not named here costs a little more.
    const OPAQUE: &'static [&'static str] = &[];

    /// What a neutral reader can make of it.
    fn summary(&self) -> Summary {
        Summary::default()
    }
}

impl Observe for crate::facts::Never {}

/// The neutral reading of an observation; every part is optional.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The role the process is in from now on: `"leader"`, `"infected"`.
    pub role: Option<&'static str>,
    /// The term, view, round or incarnation it is in.
    pub rank: Option<u64>,
    /// How far it has come: a committed index, a height, a count.
    pub position: Option<u64>,
    /// The other process it is about.
    pub peer: Option<NodeId>,
    /// A content hash.
    pub digest: Option<u64>,
}

/// Names a timer of one process; setting a timer that is already set moves it. Small numbers, chosen by the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId(pub u32);

/// Names a sync of one incarnation of a process; chosen by the process, never reused by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SyncId(pub u64);

/// Names a journal of one slot; small numbers, chosen by the protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JournalId(pub u8);

/// Names a request handed to a client slot, unique in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

/// What a process is stepped with.
#[derive(Debug)]
pub enum Input<'a, P: Protocol> {
    /// The first input of every incarnation.
    Start,
    /// A message arrived. It is shared with its other recipients: clone what must be kept.
    Message {
        /// Who sent it, as far as the network can tell: links are authenticated.
        from: NodeId,
        /// What was said.
        message: &'a P::Message,
    },
    /// A timer fired, by the slot's own clock.
    Timer {
        /// The timer, no longer set.
        id: TimerId,
        /// What it carried.
        timer: P::Timer,
    },
    /// A workload invokes an operation; only client slots get this.
    Request {
        /// Ends with [`Context::respond`] under the same id, or never.
        id: RequestId,
        /// What to do.
        request: P::Request,
    },
    /// The session with a peer ended, or a new one began. Only for peers that use the stream lane. The end comes after
    /// all that the session delivers, whatever its priority, the beginning before all that the new one does; a slot
    /// that is busy or paused does not change that.
    Link {
        /// The other end.
        peer: NodeId,
        /// What became of the session.
        state: LinkState,
    },
    /// A sync ended.
    Synced {
        /// The sync.
        id: SyncId,
        /// Whether what was appended before it is now durable.
        result: SyncResult,
    },
}

/// What became of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkState {
    /// A new session: nothing said in an earlier one arrives any more.
    Up,
    /// The session ended; whatever did not arrive is lost.
    Down,
}

/// How a sync ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SyncResult {
    /// Everything appended to the journal before the sync is durable.
    Ok,
    /// The disk is full: what was appended since the last good sync is not durable, and may never be. It stays in the
    /// journal's memory; a later sync may make it durable.
    Full,
    /// The device failed: as for `Full`.
    Io,
}

/// A sans-IO state machine.
pub trait Process<P: Protocol> {
    /// Handles one input. Effects become visible in the order in which they are asked for.
    fn step(&mut self, input: Input<'_, P>, cx: &mut Context<'_, P>);

    /// A hash of all that decides what it will still do, for exhaustive search, which does not go on from a state that it
    /// has seen; `None` if the process does not offer one.
    fn fingerprint(&self) -> Option<u64> {
        None
    }

    /// From now on, knobs that forfeit progress are as they must be to forfeit none. Called in the second phase of a
    /// run without progress, to see whether they are the reason ([`crate::progress`]).
    fn mend(&mut self) {}
}

impl<P: Protocol, T: Process<P> + ?Sized> Process<P> for Box<T> {
    fn step(&mut self, input: Input<'_, P>, cx: &mut Context<'_, P>) {
        (**self).step(input, cx);
    }

    fn fingerprint(&self) -> Option<u64> {
        (**self).fingerprint()
    }

    fn mend(&mut self) {
        (**self).mend();
    }
}

/// Declares a [`Protocol`] whose vocabulary is partly empty: what is left out is [`Never`](crate::facts::Never).
/// The parts stand in the order message, timer, request, response, record, observation.
///
/// ```
/// # use sim_core::process::{Lane, Message};
/// sim_core::facts! { #[derive(PartialEq)] pub enum Ping { Ping, Pong } }
/// impl Message for Ping { fn wire_size(&self) -> u32 { 40 } }
/// sim_core::vocabulary! {
///     /// Ping and pong.
///     pub PingPong { message: Ping }
/// }
/// ```
#[macro_export]
macro_rules! vocabulary {
    (
        $(#[$meta:meta])*
        $vis:vis $name:ident {
            message: $message:ty
            $(, timer: $timer:ty)?
            $(, request: $request:ty, response: $response:ty)?
            $(, record: $record:ty)?
            $(, observation: $observation:ty)?
            $(,)?
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug)]
        $vis enum $name {}

        impl $crate::process::Protocol for $name {
            type Message = $message;
            type Timer = $crate::or_never!($($timer)?);
            type Request = $crate::or_never!($($request)?);
            type Response = $crate::or_never!($($response)?);
            type Record = $crate::or_never!($($record)?);
            type Observation = $crate::or_never!($($observation)?);
        }
    };
}

/// The given type, or [`Never`](crate::facts::Never).
#[doc(hidden)]
#[macro_export]
macro_rules! or_never {
    () => {
        $crate::facts::Never
    };
    ($type:ty) => {
        $type
    };
}
