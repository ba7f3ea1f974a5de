//! The network as a whole.

mod datagram;
mod deed;
mod life;
mod pin;
mod places;
mod story;
mod words;

use super::{Flight, Lost, Network, Packet, Sent};
use crate::distribution::Distribution;
use crate::identity::Slot;
use crate::network::NetworkModel;
use crate::process::{Lane, Priority};
use crate::ratio::Ratio;
use crate::time::{Duration, Time};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn at(millis: u64) -> Time {
    Time::ZERO + ms(millis)
}

/// Ten milliseconds everywhere.
fn fixed() -> NetworkModel {
    NetworkModel { latency: Distribution::Fixed(ms(10)), ..NetworkModel::default() }
}

fn network(model: &NetworkModel, members: u32) -> Network {
    Network::new(model, members, 0, 1).unwrap()
}

fn lossy(numerator: u32, denominator: u32) -> NetworkModel {
    NetworkModel { loss: Ratio::new(numerator, denominator), ..NetworkModel::default() }
}

fn datagram(now: Time, from: u32, to: u32) -> Packet {
    let (lane, priority) = (Lane::Datagram, Priority::Normal);
    Packet { now, from: Slot(from), to: Slot(to), size: 100, lane, priority, ordinal: 0 }
}

fn segment(now: Time, from: u32, to: u32) -> Packet {
    Packet { lane: Lane::Stream, ..datagram(now, from, to) }
}

fn one(sent: Sent) -> Flight {
    match sent {
        Sent::One(flight) => flight,
        other => panic!("expected one flight, found {other:?}"),
    }
}

fn lost(lost: Lost) -> Sent {
    Sent::Lost(lost)
}

/// Whether a message that was under way all the time is let in.
fn admits(network: &Network, from: Slot, to: Slot, session: u32) -> bool {
    network.admits(from, to, session, Time::ZERO)
}
