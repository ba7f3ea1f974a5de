//! Fates that changed something, and fates fixed by hand.

use super::{at, datagram, fixed, lost, ms, network, one, segment};
use crate::distribution::Distribution;
use crate::identity::Slot;
use crate::network::NetworkModel;
use crate::network::{Degradation, DegradeId};
use crate::network::{Lost, Network, Packet, Pin, PinnedFate, Pins, Sent};
use crate::ratio::Ratio;
use crate::time::Time;

fn pin(packet: &Packet, fate: PinnedFate) -> Pin {
    Pin { from: packet.from, to: packet.to, sent_ns: packet.now, ordinal: packet.ordinal, fate }
}

#[test]
fn a_pinned_message_meets_its_pins_and_no_chance() {
    let [plain, dropped, late, doubled, damaged] = [0, 1, 2, 3, 4].map(|ordinal| {
        let packet = datagram(at(1), 0, 1);
        Packet { ordinal, ..packet }
    });
    let mut network = network(&NetworkModel { duplicate: Ratio::ONE, ..fixed() }, 2);
    let pins = [
        pin(&damaged, PinnedFate::Damage),
        pin(&dropped, PinnedFate::Drop),
        pin(&doubled, PinnedFate::Duplicate(ms(3))),
        pin(&late, PinnedFate::Delay(ms(70))),
    ];
    network.pin(pins.into_iter().collect(), false);
    assert!(matches!(network.send(&plain), Sent::Two(..)));
    assert_eq!(network.send(&dropped), lost(Lost::Loss));
    assert_eq!(one(network.send(&late)).at, at(71));
    assert!(one(network.send(&damaged)).damaged);
    let Sent::Two(first, second) = network.send(&doubled) else { panic!("not doubled") };
    assert_eq!((first.at, second.at), (at(11), at(4)));
    assert_eq!(network.changes().kept().len(), 1);
    network.pin(Pins::default(), false);
    assert!(network.quiet && matches!(network.send(&dropped), Sent::Two(..)));
}

#[test]
fn a_stream_turns_pins_into_delay() {
    let mut network = network(&fixed(), 2);
    let [lost, late, doubled] = [at(0), at(1_000), at(2_000)].map(|now| segment(now, 0, 1));
    let fates =
        [(lost, PinnedFate::Drop), (late, PinnedFate::Delay(ms(7))), (doubled, PinnedFate::Duplicate(ms(1)))];
    network.pin(fates.iter().map(|(packet, fate)| pin(packet, *fate)).collect(), false);
    assert_eq!(fates.map(|(packet, _)| one(network.send(&packet)).at), [at(210), at(1_007), at(2_010)]);
}

/// Everything that chance did in one run, pinned in a network that does nothing else, gives the same run.
#[test]
fn pinned_changes_stand_for_the_chance_that_made_them() {
    let rough = NetworkModel {
        loss: Ratio::new(1, 10),
        duplicate: Ratio::new(1, 10),
        corrupt: Ratio::new(1, 10),
        ..NetworkModel::default()
    };
    let packets: Vec<Packet> = (0..4_000)
        .map(|i| {
            let now = Time::from_nanos(i / 5 * 70_000);
            let (from, to) = ((i % 3) as u32, ((i + 1) % 3) as u32);
            let packet = if i % 2 == 0 { datagram(now, from, to) } else { segment(now, from, to) };
            Packet { ordinal: (i % 5) as u32, ..packet }
        })
        .collect();
    let send = |network: &mut Network| packets.iter().map(|packet| network.send(packet)).collect::<Vec<_>>();
    let mut first = network(&rough, 3);
    let delay = Some(Distribution::Exponential { mean: ms(50) });
    let spikes = Degradation { spike: Ratio::new(1, 10), delay, ..Degradation::default() };
    first.degrade(DegradeId(1), &spikes);
    let before = send(&mut first);
    let changes = first.changes();
    assert!(changes.kept().len() > 1_000 && changes.omitted() == 0);

    let pins: Pins = changes.kept().iter().copied().map(Pin::from).collect();
    let text = serde_json::to_string(&pins).unwrap();
    let pins: Pins = serde_json::from_str(&text).unwrap();
    // The same network with nothing else left to chance, and one whose chances are others.
    for model in [&rough, &NetworkModel { loss: Ratio::new(1, 2), ..rough.clone() }] {
        let mut second = network(model, 3);
        second.degrade(DegradeId(1), &spikes);
        second.pin(pins.clone(), true);
        assert_eq!(send(&mut second), before);
        assert!(second.changes().kept().is_empty());
    }
}

#[test]
fn pins_are_read_in_any_order() {
    let text = r#"[
        {"from": 1, "to": 0, "sent_ns": 5, "ordinal": 0, "fate": "drop"},
        {"from": 0, "to": 1, "sent_ns": 5, "ordinal": 2, "fate": {"delay": "3ms"}}
    ]"#;
    let pins: Pins = serde_json::from_str(text).unwrap();
    assert_eq!(pins.iter().map(|pin| pin.from).collect::<Vec<_>>(), [Slot(0), Slot(1)]);
    let found = pins.of(&datagram(Time::from_nanos(5), 1, 0));
    assert_eq!(found.iter().map(|pin| pin.fate).collect::<Vec<_>>(), [PinnedFate::Drop]);
    assert!(pins.of(&datagram(Time::from_nanos(6), 1, 0)).is_empty());
}
