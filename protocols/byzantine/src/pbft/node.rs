//! Members and clients, as the world boots them.

use sim_core::facts::ContentHash;
use sim_core::process::Boot;

use super::parameters::Parameters;
use super::plants::Plants;
use super::replica::Replica;
use super::vocabulary::{Pbft, PbftMessage, PbftObservation, PbftTimer};
use crate::client::{Answer, Asks, Policy};
use crate::members::Replicates;
use crate::power::Power;
use crate::request::Request;
use objects::Operation;

/// Makes members and clients.
pub type Members = crate::members::Members<Parameters, Plants>;

/// What runs in a slot.
pub type Node = crate::members::Node<Replica>;

impl Replicates for Pbft {
    type Parameters = Parameters;
    type Plants = Plants;
    type Replica = Replica;

    fn policy(parameters: &Parameters) -> Policy {
        let Parameters { client_retry: retry, read_only, .. } = *parameters;
        Policy { retry, read_only, leader_first: true, power: Power::EQUAL }
    }

    fn recover(parameters: Parameters, plants: Plants, boot: &Boot<'_, Self>) -> Option<Replica> {
        Replica::recover(parameters, plants, boot)
    }

    fn halted() -> PbftObservation {
        PbftObservation::Halted
    }
}

impl Asks for Pbft {
    fn request(request: Request) -> PbftMessage {
        PbftMessage::Request(request)
    }

    fn read_only(timestamp: u64, operation: Operation) -> Option<PbftMessage> {
        Some(PbftMessage::ReadOnly { timestamp, operation })
    }

    fn answer(message: &PbftMessage) -> Option<Answer<'_>> {
        let PbftMessage::Reply { view, timestamp, reply, position } = message else { return None };
        Some(Answer { view: *view, timestamp: *timestamp, reply, position: *position })
    }

    fn retry(timestamp: u64) -> PbftTimer {
        PbftTimer::Retry { timestamp }
    }

    fn retried(timer: &PbftTimer) -> Option<u64> {
        if let PbftTimer::Retry { timestamp } = timer { Some(*timestamp) } else { None }
    }

    fn asked(timestamp: u64, operation: ContentHash) -> PbftObservation {
        PbftObservation::Asked { timestamp, operation }
    }

    fn acknowledged(timestamp: u64, position: u64, answer: ContentHash) -> PbftObservation {
        PbftObservation::Acknowledged { timestamp, position, answer }
    }
}
