//! Members and clients, as the world boots them.

use sim_core::facts::ContentHash;
use sim_core::process::Boot;

use super::parameters::Parameters;
use super::plants::Plants;
use super::replica::Replica;
use super::vocabulary::{Hotstuff, HotstuffMessage, HotstuffObservation, HotstuffTimer};
use crate::client::{Answer, Asks, Policy};
use crate::members::Replicates;
use crate::power::Power;
use crate::request::Request;

/// Makes members and clients.
pub type Members = crate::members::Members<Parameters, Plants>;

/// What runs in a slot.
pub type Node = crate::members::Node<Replica>;

impl Replicates for Hotstuff {
    type Parameters = Parameters;
    type Plants = Plants;
    type Replica = Replica;

    fn policy(parameters: &Parameters) -> Policy {
        Policy { retry: parameters.client_retry, read_only: false, leader_first: true, power: Power::EQUAL }
    }

    fn recover(parameters: Parameters, plants: Plants, boot: &Boot<'_, Self>) -> Option<Replica> {
        Replica::recover(parameters, plants, boot)
    }

    fn halted() -> HotstuffObservation {
        HotstuffObservation::Halted
    }
}

impl Asks for Hotstuff {
    fn request(request: Request) -> HotstuffMessage {
        HotstuffMessage::Request(request)
    }

    /// To a client, a turn is a view: it names the leader.
    fn answer(message: &HotstuffMessage) -> Option<Answer<'_>> {
        let HotstuffMessage::Reply { turn, timestamp, reply, position } = message else { return None };
        Some(Answer { view: *turn, timestamp: *timestamp, reply, position: *position })
    }

    fn retry(timestamp: u64) -> HotstuffTimer {
        HotstuffTimer::Retry { timestamp }
    }

    fn retried(timer: &HotstuffTimer) -> Option<u64> {
        if let HotstuffTimer::Retry { timestamp } = timer { Some(*timestamp) } else { None }
    }

    fn asked(timestamp: u64, operation: ContentHash) -> HotstuffObservation {
        HotstuffObservation::Asked { timestamp, operation }
    }

    fn acknowledged(timestamp: u64, position: u64, answer: ContentHash) -> HotstuffObservation {
        HotstuffObservation::Acknowledged { timestamp, position, answer }
    }
}
