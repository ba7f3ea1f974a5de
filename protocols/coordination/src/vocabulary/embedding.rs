//! Raft and SWIM as parts of an agent: each of their words has a place among those of the agent.

use gossip::swim::vocabulary::{Swim, SwimMessage, SwimObservation, SwimTimer};
use raft::vocabulary::{Raft, RaftMessage, RaftObservation, RaftRecord, RaftResponse, RaftTimer};
use sim_core::facts::Never;
use sim_core::part::Embed;

use super::{
    Coordination, CoordinationMessage, CoordinationObservation, CoordinationRecord, CoordinationTimer,
};

impl Embed<Raft> for Coordination {
    fn message(inner: RaftMessage) -> CoordinationMessage {
        CoordinationMessage::Order { inner }
    }

    fn as_message(message: &CoordinationMessage) -> Option<&RaftMessage> {
        if let CoordinationMessage::Order { inner } = message { Some(inner) } else { None }
    }

    fn timer(inner: RaftTimer) -> CoordinationTimer {
        CoordinationTimer::Order { inner }
    }

    fn into_timer(timer: CoordinationTimer) -> Option<RaftTimer> {
        if let CoordinationTimer::Order { inner } = timer { Some(inner) } else { None }
    }

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

    fn observation(inner: RaftObservation) -> CoordinationObservation {
        CoordinationObservation::Order { inner }
    }
}

impl Embed<Swim> for Coordination {
    fn message(inner: SwimMessage) -> CoordinationMessage {
        CoordinationMessage::Membership { inner }
    }

    fn as_message(message: &CoordinationMessage) -> Option<&SwimMessage> {
        if let CoordinationMessage::Membership { inner } = message { Some(inner) } else { None }
    }

    fn timer(inner: SwimTimer) -> CoordinationTimer {
        CoordinationTimer::Membership { inner }
    }

    fn into_timer(timer: CoordinationTimer) -> Option<SwimTimer> {
        if let CoordinationTimer::Membership { inner } = timer { Some(inner) } else { None }
    }

    fn record(inner: Never) -> CoordinationRecord {
        match inner {}
    }

    fn as_record(_: &CoordinationRecord) -> Option<&Never> {
        None
    }

    fn response(inner: Never) -> Never {
        inner
    }

    fn observation(inner: SwimObservation) -> CoordinationObservation {
        CoordinationObservation::Membership { inner }
    }
}
