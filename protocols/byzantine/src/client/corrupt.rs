//! A client that does not follow the protocol: it signs two operations under one timestamp.
//!
//! The other operation reads the same object. So whichever is done, what honest clients see is explained by the first one, which
//! was asked for and may be done or not.

use sim_core::identity::NodeId;
use sim_core::process::Context;

use super::Asks;
use crate::request::{Command, SignedCommand};
use objects::Operation;

/// The operation that is signed under the same timestamp: a read of what the first one is about, which changes nothing.
const fn other(operation: Operation) -> Operation {
    match operation {
        Operation::Get { key } | Operation::Enqueue { key, .. } | Operation::Dequeue { key } => {
            Operation::GetList { key }
        }
        Operation::Put { key, .. } | Operation::Cas { key, .. } => Operation::Get { key },
        Operation::Append { key, .. } => Operation::GetList { key },
        Operation::GetList { key } => Operation::Get { key },
        Operation::Add { key, .. } | Operation::Remove { key, .. } => Operation::GetSet { key },
        Operation::Transfer { key, .. } => Operation::GetBank { key },
        Operation::GetSet { key } | Operation::GetBank { key } => Operation::Get { key },
    }
}

/// Asks some for one thing and others for another, or all for both, or one member only.
pub(super) fn ask<P: Asks>(command: Command, members: u32, cx: &mut Context<'_, P>) {
    let second = Command { operation: other(command.operation), ..command };
    let [one, two] = [command, second].map(|command| SignedCommand::sign(command, cx));
    let from = cx.rng().below(u64::from(members.max(1))) as u32;
    let member = |place: u32| NodeId((from + place) % members.max(1));
    match cx.rng().below(4) {
        0 => cx.send(member(0), P::request(two)),
        1 => {
            let all = (0..members).map(NodeId);
            cx.send_all(all.clone(), P::request(one));
            cx.send_all(all, P::request(two));
        }
        _ => {
            cx.send_all((0..members / 2).map(member), P::request(one));
            cx.send_all((members / 2..members).map(member), P::request(two));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_other_operation_is_another_one_and_changes_nothing() {
        let key = 3;
        for operation in [
            Operation::Get { key },
            Operation::Put { key, value: 1 },
            Operation::Cas { key, from: None, to: 2 },
            Operation::Append { key, value: 1 },
            Operation::GetList { key },
            Operation::Enqueue { key, value: 1 },
            Operation::Dequeue { key },
            Operation::Add { key, value: 1 },
            Operation::Remove { key, value: 1 },
            Operation::GetSet { key },
            Operation::Transfer { key, from: 0, to: 1, amount: 5 },
            Operation::GetBank { key },
        ] {
            let other = other(operation);
            assert!(other != operation && other.is_read(), "{operation:?} {other:?}");
        }
    }
}
