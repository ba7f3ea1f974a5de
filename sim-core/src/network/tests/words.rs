//! The words of quiet links against records of all links: they must agree in everything.

use proptest::prelude::*;

use super::deed::{Deed, SLOTS, any_deed};
use super::segment;
use crate::identity::Slot;
use crate::network::{Network, NetworkModel, Packet, Sent};
use crate::process::Priority;
use crate::ratio::Ratio;
use crate::time::Time;

/// One network that keeps words where it can, and one whose records tell everything.
struct Both {
    words: Network,
    records: Network,
    under_way: Vec<(Packet, u32)>,
}

impl Both {
    fn act(&mut self, now: Time, deed: &Deed) {
        self.records.links.settle_all();
        match deed {
            Deed::Send(from, to, _) if from == to => {}
            Deed::Send(from, to, priority) => {
                let priority = Priority::ALL[*priority];
                self.send(&Packet { priority, ..segment(now, *from, *to) });
            }
            _ => assert_eq!(deed.change(&mut self.words, now), deed.change(&mut self.records, now)),
        }
    }

    fn send(&mut self, packet: &Packet) {
        let sent = self.words.send(packet);
        assert_eq!(sent, self.records.send(packet));
        if let Sent::One(flight) = sent {
            self.under_way.push((*packet, flight.session));
        }
    }

    fn agree(&mut self, now: Time) {
        self.words.invariants();
        self.records.invariants();
        assert_eq!(self.words.busy_until(|_| true), self.records.busy_until(|_| true));
        let all: Vec<Slot> = (0..SLOTS).map(Slot).collect();
        for slot in &all {
            let holds_up = |network: &mut Network| network.holds_up(now, super::ms(50), *slot, &all);
            assert_eq!(holds_up(&mut self.words), holds_up(&mut self.records));
        }
        for (packet, session) in &self.under_way {
            let admitted = self.words.admits(packet.from, packet.to, *session, packet.now);
            // Who asks as if it had been sent at the start gets no short answer.
            assert_eq!(admitted, self.records.admits(packet.from, packet.to, *session, Time::ZERO));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn words_change_nothing(
        deeds in prop::collection::vec((any_deed(), 0_u64..6_000_000), 1..150),
        seed: u64,
        late in any::<bool>(),
    ) {
        let model = NetworkModel { loss: Ratio::new(1, 50), ..NetworkModel::default() };
        let words = Network::new(&model, SLOTS, 0, seed).unwrap();
        let mut both = Both { records: words.clone(), words, under_way: Vec::new() };
        // Words end after 78 hours.
        let mut now = Time::from_nanos(if late { (1 << 48) - 300_000_000 } else { 0 });
        for (deed, pause) in &deeds {
            both.act(now, deed);
            both.agree(now);
            now = Time::from_nanos(now.as_nanos() + pause);
        }
    }
}
