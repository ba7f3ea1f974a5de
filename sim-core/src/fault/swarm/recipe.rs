//! How strong a drawn fault is, and whom it strikes.

use super::SwarmSpace;
use super::dice::Dice;
use crate::distribution::Distribution;
use crate::fault::action::DiskFault;
use crate::fault::family::Kind;
use crate::fault::selector::{LEADERS, Selector, SlotList};
use crate::fault::spec::{
    Adaptive, Aim, Churn, ChurnHow, ClientSide, Clock, ClockFault, Crash, Detour, Direction, Disk, Drift,
    Fault, Flap, Harm, Join, LinkEnds, LinkFault, Partition, RollingRestart, Round, Shape, Slow, Twins,
};
use crate::identity::Slot;
use crate::time::Duration;

/// What is known of an entry before its fault is drawn.
pub(super) struct Recipe<'a, 'b> {
    pub(super) dice: &'a mut Dice<'b>,
    pub(super) space: &'a SwarmSpace,
    pub(super) members: u32,
    pub(super) clients: u32,
    /// Whether it waits for an event, so that it may strike where the event happens.
    pub(super) triggered: bool,
    /// How long it is to last.
    pub(super) length: Duration,
    /// Whether all members may be down together.
    pub(super) outages: bool,
    /// How many of so many faults strike whoever leads, whatever else they would strike.
    pub(super) at_leader: (u64, u64),
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

impl Recipe<'_, '_> {
    /// A fault of a kind, and whether it takes a length. Where there are failure domains, one fault in four strikes a whole one.
    pub(super) fn fault(&mut self, kind: Kind) -> (Fault, bool) {
        let (mut fault, takes_length) = self.of_slots(kind);
        let links = matches!(fault, Fault::Partition(_) | Fault::Flap(_) | Fault::Links(_));
        let names = if links { &self.space.domains } else { &self.space.small_domains };
        if !names.is_empty() {
            let (strikes, which) = (self.dice.chance(1, 4), self.dice.below(names.len() as u64) as usize);
            let domain = names[which].parse().ok().filter(|_| strikes && kind != Kind::Leave);
            if let (Some(domain), Some(selector)) = (domain, fault.selectors_mut().into_iter().next()) {
                *selector = domain;
            }
        }
        (fault, takes_length)
    }

    fn of_slots(&mut self, kind: Kind) -> (Fault, bool) {
        match kind {
            Kind::Isolate
            | Kind::Split
            | Kind::Bridge
            | Kind::MajoritiesRing
            | Kind::Links
            | Kind::OneWay => (Fault::Partition(self.partition(kind)), true),
            Kind::Flap => {
                let (target, direction) = (self.target(), self.direction());
                // At most 64 changes of one link, however long it lasts.
                let period = self.dice.octaves(self.length / 32, self.length).max(ms(2));
                (Fault::Flap(Flap { target, direction, period }), true)
            }
            Kind::Round => {
                let number = self.dice.number(1, 12);
                let sides = vec![Selector::Random(1)];
                (Fault::Round(Round { number, leader: None, sides, drop: Vec::new() }), false)
            }
            Kind::SlowLink
            | Kind::Jam
            | Kind::Loss
            | Kind::Spikes
            | Kind::Reorder
            | Kind::Duplicate
            | Kind::Corruption
            | Kind::Bandwidth
            | Kind::RateLimit => (self.links(kind), true),
            Kind::Crash | Kind::Amnesia | Kind::Pause | Kind::SlowNode | Kind::Join | Kind::Leave => {
                self.process(kind)
            }
            Kind::ClockStep | Kind::ClockDrift | Kind::ClockFreeze => self.clock(kind),
            Kind::Detour => {
                let (target, chance) = (self.target(), Some(self.dice.odds(250)));
                let target = if self.dice.chance(1, 2) { Selector::All } else { target };
                (Fault::Detour(Detour { target, point: None, chance, nth: None }), true)
            }
            Kind::Corrupt | Kind::Twins => (self.traitor(kind), false),
            Kind::LoseTail
            | Kind::TornTail
            | Kind::SlowSync
            | Kind::FailingSync
            | Kind::FullDisk
            | Kind::BitRot => self.disk(kind),
        }
    }

    /// Whom it strikes: the place of the event, a role, the next to lead, by number, or by name.
    fn target(&mut self) -> Selector {
        let by_event = self.dice.chance(1, 2);
        let choice = self.dice.below(16);
        let few = self.dice.number(1, self.members.div_ceil(2).max(1));
        let one = self.dice.below(u64::from(self.members)) as u32;
        let role = self.dice.below(self.space.roles.len() as u64) as usize;
        if let Some(leader) = self.leader() {
            return leader;
        }
        if self.triggered && by_event {
            return Selector::EventNode;
        }
        match (choice, self.space.roles.get(role)) {
            (0..5, Some(role)) => Selector::Role(role.clone()),
            (5 | 6, _) => Selector::NextLeader,
            (7, _) => Selector::Minority,
            (8, _) => Selector::QuorumMinusOne,
            (9 | 10, _) => Selector::Slots(SlotList::from_iter([Slot(one)])),
            _ => Selector::Random(few),
        }
    }

    /// Whoever leads, in as many cases as the seed aims at them. Seeds that do not draw nothing here.
    fn leader(&mut self) -> Option<Selector> {
        let leads = self.space.roles.iter().find(|role| LEADERS.contains(&role.as_str()))?;
        let (times, of) = self.at_leader;
        (times > 0 && self.dice.chance(times, of)).then(|| Selector::Role(leads.clone()))
    }

    /// Like [`Recipe::target`], now and then a client.
    fn target_or_client(&mut self) -> Selector {
        let (client, which) = (self.dice.chance(1, 24), self.dice.below(u64::from(self.clients)) as u32);
        let target = self.target();
        if client && self.clients > 0 { Selector::Client(which) } else { target }
    }

    fn direction(&mut self) -> Direction {
        [Direction::Both, Direction::Inbound, Direction::Outbound][self.dice.below(3) as usize]
    }

    fn partition(&mut self, kind: Kind) -> Partition {
        let (target, direction) = (self.target(), self.direction());
        let spread = self.dice.chance(1, 3);
        let parts = self.dice.number(2, self.members.clamp(2, 5));
        let halves = self.dice.chance(1, 2);
        let shape = match kind {
            Kind::Split if halves => Shape::Halves,
            Kind::Split => Shape::Random { parts },
            Kind::Bridge => Shape::Bridge,
            Kind::MajoritiesRing if halves || self.space.off.contains(&Kind::Links) => Shape::MajoritiesRing,
            Kind::MajoritiesRing | Kind::Links => Shape::Links(self.pairs()),
            Kind::OneWay => Shape::OneWay { from: target, to: self.target() },
            _ => Shape::Isolate { target, direction },
        };
        let clients = if spread { ClientSide::Spread } else { ClientSide::Everywhere };
        Partition { shape, clients }
    }

    /// One to three pairs that do not reach each other, though others reach both.
    fn pairs(&mut self) -> Vec<(u32, u32)> {
        let members = u64::from(self.members);
        let mut pairs = Vec::new();
        for _ in 0..self.dice.number(1, 3) {
            let one = self.dice.below(members);
            let other = (one + 1 + self.dice.below(members.saturating_sub(1))) % members.max(1);
            // As written: counted from one.
            pairs.push((one as u32 + 1, other as u32 + 1));
        }
        pairs
    }

    fn ends(&mut self) -> LinkEnds {
        let (one, other) = (self.target(), self.target());
        let (target, from, to) = match self.dice.below(4) {
            0 => (None, None, None),
            1 => (None, Some(one), Some(other)),
            2 => (None, Some(one), None),
            _ => (Some(one), None, None),
        };
        LinkEnds { target, from, to }
    }

    fn links(&mut self, kind: Kind) -> Fault {
        let ends = self.ends();
        let delay = self.dice.octaves(ms(1), self.length.max(ms(2)));
        let spread = Distribution::Uniform { min: delay / 4, max: delay };
        let harm = match kind {
            Kind::SlowLink => {
                let most = if self.very_late() { self.length } else { self.length / 4 };
                let delay = self.dice.octaves(ms(1), most.max(ms(2)));
                Harm::SlowLink { delay: Distribution::Uniform { min: delay / 2, max: delay } }
            }
            Kind::Jam => Harm::Jam {},
            Kind::Spikes => Harm::Spikes { probability: self.dice.odds(250), delay: spread },
            Kind::Reorder => {
                let most = if self.very_late() { self.length.max(ms(100)) } else { ms(100) };
                let (probability, within) = (self.dice.odds(500), self.dice.octaves(ms(1), most));
                Harm::Reorder { probability, within }
            }
            Kind::Bandwidth | Kind::RateLimit => self.narrow(kind),
            Kind::Duplicate => Harm::Duplicate { probability: self.dice.odds(500) },
            Kind::Corruption => Harm::Corruption { probability: self.dice.odds(200) },
            _ => Harm::Loss { probability: self.dice.odds(500) },
        };
        Fault::Links(LinkFault { ends, harm })
    }

    /// Whether messages may arrive when what they are about is over: in half of the cases, with moods.
    fn very_late(&mut self) -> bool {
        self.space.moods && self.dice.chance(1, 2)
    }

    /// A narrow link. Half of them count messages instead of bytes: one draw for both, so that no other draw moves.
    fn narrow(&mut self, kind: Kind) -> Harm {
        let rates = !self.space.off.contains(&Kind::RateLimit);
        let bytes_per_second: u64 = self.dice.number(20_000, 2_000_000).into();
        if kind == Kind::RateLimit || (rates && bytes_per_second % 2 == 1) {
            return Harm::RateLimit { messages_per_second: bytes_per_second / 400 };
        }
        Harm::Bandwidth { bytes_per_second }
    }

    fn process(&mut self, kind: Kind) -> (Fault, bool) {
        let rolling = self.dice.chance(1, 8);
        let everybody = self.outages && kind == Kind::Crash && self.dice.chance(1, 3);
        let target = if kind == Kind::Leave { Selector::Random(1) } else { self.target_or_client() };
        match kind {
            Kind::Crash if rolling => {
                let members = self.members.clamp(1, 32);
                let (target, down) =
                    (Selector::Random(members), (self.length / u64::from(members)).max(ms(1)));
                let gap = self.dice.octaves(ms(1), down.max(ms(2)));
                (Fault::RollingRestart(RollingRestart { target, down, gap }), false)
            }
            // A power cut takes all, or all but one.
            Kind::Crash if everybody => {
                let target = match self.dice.below(4) {
                    0 => Selector::Random(self.members.saturating_sub(1).max(1)),
                    _ => Selector::All,
                };
                (Fault::Crash(Crash::of(target, Some(self.length))), false)
            }
            Kind::Amnesia => (Fault::Amnesia(Crash::of(target, None)), true),
            Kind::Pause => (Fault::Pause(Aim { target }), true),
            Kind::SlowNode => {
                let (percent, floor) = (self.dice.number(200, 10_000), self.dice.octaves(ms(1), ms(20)) / 4);
                (Fault::Slow(Slow { target, percent, floor }), true)
            }
            Kind::Join => (Fault::Join(Join { count: self.dice.number(1, 3) }), false),
            Kind::Leave => match self.dice.below(3) {
                0 => (Fault::Leave(Aim { target }), false),
                1 => (Fault::Replace(Aim { target }), false),
                _ => {
                    let every = (self.length / 4).max(ms(1));
                    (Fault::Churn(Churn { every, how: ChurnHow::Mixed }), true)
                }
            },
            _ => (Fault::Crash(Crash::of(target, None)), true),
        }
    }

    fn disk(&mut self, kind: Kind) -> (Fault, bool) {
        let target = self.target();
        let fault = match kind {
            Kind::TornTail => DiskFault::TearTail,
            Kind::SlowSync => DiskFault::Slow {
                percent: self.dice.number(200, 5_000),
                extra: self.dice.octaves(ms(1), ms(200)),
            },
            Kind::FailingSync => DiskFault::Failing,
            Kind::FullDisk => DiskFault::Full,
            Kind::BitRot => DiskFault::Rot,
            _ => DiskFault::LoseTail,
        };
        (Fault::Disk(Disk { target, fault }), kind != Kind::BitRot)
    }

    fn clock(&mut self, kind: Kind) -> (Fault, bool) {
        let target = self.target();
        let forward = self.dice.chance(1, 2);
        let taken_back = self.dice.chance(1, 2);
        let by = self.dice.octaves(ms(1), Duration::from_secs(10));
        // Ten doublings from what a bad quartz does to a clock that is plainly broken.
        let ppm = i32::try_from(self.dice.number(50, 50_000)).unwrap_or(50);
        let change = match (kind, forward) {
            (Kind::ClockDrift, _) => ClockFault::Drift(Drift::ppm(if forward { ppm } else { -ppm })),
            (Kind::ClockFreeze, _) => ClockFault::Freeze,
            (_, true) => ClockFault::Forward(by),
            (_, false) => ClockFault::Back(by),
        };
        (Fault::Clock(Clock { target, change }), kind != Kind::ClockStep || taken_back)
    }

    fn traitor(&mut self, kind: Kind) -> Fault {
        let target = self.target();
        let count = self.dice.number(1, self.members.div_ceil(3).max(1));
        let adaptive = self.dice.chance(1, 3);
        match kind {
            Kind::Twins => Fault::Twins(Twins { target, place: None }),
            _ if adaptive => {
                let every = (self.length / 2).max(ms(1));
                Fault::Adaptive(Adaptive { target: Selector::NextLeader, every, count })
            }
            _ => Fault::Corrupt(Aim { target }),
        }
    }
}
