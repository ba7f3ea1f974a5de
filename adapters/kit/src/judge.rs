//! The operations of workloads in the words of the store, and what progress is owed.

use seedstorm::sim_core::check::Seen;
use seedstorm::sim_core::fault::FaultModel;
use seedstorm::sim_core::ground::Ground;
use seedstorm::sim_core::identity::Slot;
use seedstorm::sim_core::operation::{self, Operation, Reply, Service};
use seedstorm::sim_core::outcome::Stall;
use seedstorm::sim_core::process::Protocol;
use seedstorm::sim_core::simulate::{Liveness, Reach};

use crate::command::{Ask, Command, Told};

/// Neutral operations in the words of the store.
pub struct KeyValue;

impl<P: Protocol<Request = Ask, Response = Told>> Service<P> for KeyValue {
    fn encode(&self, operation: &Operation) -> Option<Ask> {
        let command = match *operation {
            Operation::Read { key } => Command::Get { key },
            Operation::Write { key, value } => Command::Put { key, value },
            Operation::Cas { key, from, to } => Command::Cas { key, from, to },
            _ => return None,
        };
        Some(Ask { command })
    }

    fn decode(&self, operation: &Operation, told: &Told) -> operation::Answer {
        let reply = match (operation, told.done) {
            (Operation::Read { .. }, _) => Reply::Value(told.value),
            (_, true) => Reply::Done,
            (_, false) => Reply::Mismatch,
        };
        operation::Answer { reply, position: None }
    }
}

/// After the heal, each client has an operation done.
pub struct Serves;

impl<P: Protocol> Liveness<P> for Serves {
    fn owed(&self, _: &Ground, _: &[Slot]) -> Result<(), Stall> {
        Ok(())
    }

    fn asks_clients(&self) -> bool {
        true
    }

    /// Somebody outside may lead with a slow disk, or be heard by those who would elect another: a run without those outside says.
    fn explain(&self, ground: &Ground, core: &[Slot]) -> Option<Stall> {
        let outside = ground.members().any(|(slot, place)| place.up && core.binary_search(&slot).is_err());
        outside.then_some(Stall::Outsider)
    }

    fn reached(&mut self, _: &Ground, _: &[Slot], _: Option<&Seen<'_, P>>) -> Reach {
        Reach::All
    }
}

/// A minority may be down for good, and any number for a while.
pub const fn bears(members: u32) -> FaultModel {
    FaultModel { crashed: members.saturating_sub(1) / 2, lost_disks: 0, byzantine: 0, outages: true }
}
