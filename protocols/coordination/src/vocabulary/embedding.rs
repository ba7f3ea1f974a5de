//! Raft and SWIM as parts of an agent: each of their words has a place among those of the agent.

use gossip::swim::vocabulary::{Swim, SwimMessage, SwimObservation, SwimTimer};
use raft::vocabulary::{Raft, RaftMessage, RaftObservation, RaftRecord, RaftResponse, RaftTimer};
use sim_core::facts::Never;
use sim_core::part::Embed;

use super::{
    Coordination, CoordinationMessage, CoordinationObservation, CoordinationRecord, CoordinationTimer,
};

/// A protocol under one name among messages, timers and observations; what it keeps and answers differs.
macro_rules! embedded {
    ($protocol:ty as $place:ident: $message:ty, $timer:ty, $observation:ty { $($rest:tt)* }) => {
        impl Embed<$protocol> for Coordination {
            fn message(inner: $message) -> CoordinationMessage {
                CoordinationMessage::$place { inner }
            }

            fn as_message(message: &CoordinationMessage) -> Option<&$message> {
                if let CoordinationMessage::$place { inner } = message { Some(inner) } else { None }
            }

            fn timer(inner: $timer) -> CoordinationTimer {
                CoordinationTimer::$place { inner }
            }

            fn into_timer(timer: CoordinationTimer) -> Option<$timer> {
                if let CoordinationTimer::$place { inner } = timer { Some(inner) } else { None }
            }

            fn observation(inner: $observation) -> CoordinationObservation {
                CoordinationObservation::$place { inner }
            }

            $($rest)*
        }
    };
}

embedded! { Raft as Order: RaftMessage, RaftTimer, RaftObservation {
    fn record(inner: RaftRecord) -> CoordinationRecord {
        CoordinationRecord::Order { inner }
    }

    fn as_record(record: &CoordinationRecord) -> Option<&RaftRecord> {
        if let CoordinationRecord::Order { inner } = record { Some(inner) } else { None }
    }

    /// A member of a core has no clients of Raft's own, whom alone it would answer.
    fn response(_: RaftResponse) -> Never {
        unreachable!("a server answers with messages, and the core has no client")
    }
} }

embedded! { Swim as Membership: SwimMessage, SwimTimer, SwimObservation {
    fn record(inner: Never) -> CoordinationRecord {
        match inner {}
    }

    fn as_record(_: &CoordinationRecord) -> Option<&Never> {
        None
    }

    fn response(inner: Never) -> Never {
        inner
    }
} }
