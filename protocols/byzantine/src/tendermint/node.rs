//! Members and clients, as the world boots them.

use sim_core::facts::ContentHash;
use sim_core::process::Boot;

use super::parameters::Parameters;
use super::plants::Plants;
use super::replica::Replica;
use super::vocabulary::{Tendermint, TendermintMessage, TendermintObservation, TendermintTimer};
use crate::client::{Answer, Asks, Policy};
use crate::members::Replicates;
use crate::request::Request;

/// Makes members and clients.
pub type Members = crate::members::Members<Parameters, Plants>;

/// What runs in a slot.
pub type Node = crate::members::Node<Replica>;

impl Replicates for Tendermint {
    type Parameters = Parameters;
    type Plants = Plants;
    type Replica = Replica;

    fn policy(parameters: &Parameters) -> Policy {
        let Parameters { client_retry: retry, power, .. } = *parameters;
        Policy { retry, read_only: false, leader_first: false, power }
    }

    fn recover(parameters: Parameters, plants: Plants, boot: &Boot<'_, Self>) -> Option<Replica> {
        Replica::recover(parameters, plants, boot)
    }

    fn halted() -> TendermintObservation {
        TendermintObservation::Halted
    }
}

impl Asks for Tendermint {
    fn request(request: Request) -> TendermintMessage {
        TendermintMessage::Request(request)
    }

    fn answer(message: &TendermintMessage) -> Option<Answer<'_>> {
        let TendermintMessage::Reply { height, timestamp, reply, position } = message else { return None };
        Some(Answer { view: *height, timestamp: *timestamp, reply, position: *position })
    }

    fn retry(timestamp: u64) -> TendermintTimer {
        TendermintTimer::Retry { timestamp }
    }

    fn retried(timer: &TendermintTimer) -> Option<u64> {
        if let TendermintTimer::Retry { timestamp } = timer { Some(*timestamp) } else { None }
    }

    fn asked(timestamp: u64, operation: ContentHash) -> TendermintObservation {
        TendermintObservation::Asked { timestamp, operation }
    }

    fn acknowledged(timestamp: u64, position: u64, answer: ContentHash) -> TendermintObservation {
        TendermintObservation::Acknowledged { timestamp, position, answer }
    }
}
