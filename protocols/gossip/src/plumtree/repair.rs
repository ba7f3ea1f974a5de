//! What was announced and does not come is asked for, from one neighbor after the other.

use sim_core::check::{BySlot, Check, Findings, Lifecycle, Seen};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::setup::{Setup, TimerClock};

use super::parameters::{MOST_BROADCASTS, Parameters};
use super::safety::Deliveries;
use super::vocabulary::{Plumtree, PlumtreeMessage, PlumtreeObservation};

/// A set of broadcasts.
type Set = [u64; WORDS];

const WORDS: usize = MOST_BROADCASTS.div_ceil(64) as usize;

/// A member asks for a payload that was announced to it and has not come, and asks the next one who announced it if that does not
/// help, until it has the payload or nobody is left (Plumtree, algorithm 2: the timers of `IHave`). A member that forgets an announcement
/// breaks nothing as long as something else brings the payload.
///
/// How long that takes is measured by the member's own shuffles: the timer of a shuffle is set when it sends the one before, and runs
/// longer than the one for what is missing. So the latter is over, however slow or late its member is, if it was set before the
/// shuffle before. Where shuffles come more often than that nobody is judged.
#[derive(Debug)]
pub struct Repair {
    judged: bool,
    delivered: Deliveries,
    members: BySlot<Member>,
}

#[derive(Debug, Default)]
struct Member {
    /// Its links, and what was announced over each and not asked for.
    links: Vec<(NodeId, Set)>,
    /// What it waits for since its last shuffle, and since before that.
    fresh: Set,
    aged: Set,
}

const fn place_of(broadcast: u32) -> (usize, u64) {
    ((broadcast / 64) as usize, 1 << (broadcast % 64))
}

fn put(set: &mut Set, broadcast: u32) {
    let (word, bit) = place_of(broadcast);
    set[word] |= bit;
}

fn take(set: &mut Set, broadcast: u32) {
    let (word, bit) = place_of(broadcast);
    set[word] &= !bit;
}

impl Member {
    /// Broadcasts are announced by a peer that it has a link with.
    fn announced(&mut self, by: NodeId, broadcasts: Set) {
        let Some((_, announced)) = self.links.iter_mut().find(|(peer, _)| *peer == by) else { return };
        for (word, set) in broadcasts.into_iter().enumerate() {
            announced[word] |= set;
            self.fresh[word] |= set & !self.aged[word];
        }
    }

    /// It has a broadcast.
    fn has(&mut self, broadcast: u32) {
        self.links.iter_mut().for_each(|(_, announced)| take(announced, broadcast));
        self.keep_announced();
    }

    /// It asks for one: the time begins anew, for the next one who announced it.
    fn asked(&mut self, whom: NodeId, broadcast: u32) {
        let of = self.links.iter_mut().filter(|(peer, _)| *peer == whom);
        of.for_each(|(_, announced)| take(announced, broadcast));
        take(&mut self.aged, broadcast);
        put(&mut self.fresh, broadcast);
        self.keep_announced();
    }

    /// What nobody announces any more is not waited for.
    fn keep_announced(&mut self) {
        for word in 0..WORDS {
            let announced = self.links.iter().fold(0, |all, (_, announced)| all | announced[word]);
            self.fresh[word] &= announced;
            self.aged[word] &= announced;
        }
    }

    /// It shuffles; which broadcast it should have asked for by now.
    fn beat(&mut self) -> Option<(u32, NodeId)> {
        let aged = std::mem::replace(&mut self.aged, std::mem::take(&mut self.fresh));
        let word = aged.iter().position(|set| *set != 0)?;
        let broadcast = 64 * word as u32 + aged[word].trailing_zeros();
        let bit = aged[word] & aged[word].wrapping_neg();
        let (by, _) = self.links.iter().find(|(_, announced)| announced[word] & bit != 0)?;
        Some((broadcast, *by))
    }
}

impl Repair {
    /// For members with these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup) -> Self {
        let waits = parameters.graft_timeout.max(parameters.graft_again);
        let clocks = &setup.clocks;
        let exact = clocks.timers == TimerClock::Monotonic && clocks.timer_jitter.is_zero();
        Self {
            judged: exact && parameters.shuffle_every >= waits.saturating_mul(2),
            delivered: Deliveries::default(),
            members: BySlot::default(),
        }
    }
}

impl Check<Plumtree> for Repair {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(if self.judged { &["Linked", "Unlinked", "Delivered"] } else { &[] })
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Plumtree>, _: &mut Findings) {
        let member = self.members.at(seen.slot);
        match *seen.observation {
            PlumtreeObservation::Linked { peer, .. } => member.links.push((peer, [0; WORDS])),
            PlumtreeObservation::Unlinked { peer, .. } => {
                member.links.retain(|(known, _)| *known != peer);
                member.keep_announced();
            }
            PlumtreeObservation::Delivered { broadcast, .. } => {
                self.delivered.add(seen.slot, broadcast);
                member.has(broadcast);
            }
            _ => {}
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        if self.judged { &["IHave", "HaveAll"] } else { &[] }
    }

    fn received(
        &mut self,
        _: &Ground,
        slot: Slot,
        from: NodeId,
        message: &PlumtreeMessage,
        _: &mut Findings,
    ) {
        let mut announced = match *message {
            PlumtreeMessage::HaveAll { low, high } => [low, high],
            _ => [0; WORDS],
        };
        if let PlumtreeMessage::IHave { broadcast, .. } = *message {
            put(&mut announced, broadcast);
        }
        let has = self.delivered.get(slot);
        self.members.at(slot).announced(from, [announced[0] & !has[0], announced[1] & !has[1]]);
    }

    fn reads(&self) -> &'static [&'static str] {
        if self.judged { &["Graft", "Shuffle"] } else { &[] }
    }

    fn sent(
        &mut self,
        ground: &Ground,
        from: NodeId,
        to: NodeId,
        message: &PlumtreeMessage,
        findings: &mut Findings,
    ) {
        let Some(slot) = ground.slot_of(from).filter(|_| ground.honest(from)) else { return };
        let member = self.members.at(slot);
        match *message {
            PlumtreeMessage::Graft { broadcast: Some(broadcast), .. } => {
                findings.exercised();
                member.asked(to, broadcast);
            }
            PlumtreeMessage::Shuffle { origin, .. } if origin == from => {
                if let Some((broadcast, by)) = member.beat() {
                    let text = format!(
                        "{from} lacks broadcast {broadcast}, and does not ask {by}, which announced it"
                    );
                    findings.safety("", &[from, by], text);
                }
            }
            _ => {}
        }
    }

    fn lifecycle(&mut self, _: &Ground, slot: Slot, what: Lifecycle, _: &mut Findings) {
        if matches!(what, Lifecycle::Booted | Lifecycle::Crashed | Lifecycle::Wiped) {
            self.members.reset(slot);
            self.delivered.forget(slot);
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::time::{Duration, Time};

    use super::*;

    type Script = sim_core::check::script::Script<Plumtree, Repair>;

    const ANNOUNCED: PlumtreeMessage = PlumtreeMessage::IHave { broadcast: 7, hops: 3 };
    const GRAFT: PlumtreeMessage = PlumtreeMessage::Graft { broadcast: Some(7), hops: 3 };

    fn linked_of(parameters: &Parameters) -> Script {
        let mut script = Script::new(Repair::new(parameters, &Setup::new(1, 4)), 4);
        (1..3).for_each(|peer| {
            script.see(0, PlumtreeObservation::Linked { peer: NodeId(peer), active: peer });
        });
        script
    }

    fn linked() -> Script {
        linked_of(&Parameters::default())
    }

    fn hears(script: &mut Script, from: u32, message: PlumtreeMessage) -> &mut Script {
        script.receive(Time::ZERO, from, 0, message)
    }

    fn shuffles(script: &mut Script, times: u32) -> &mut Script {
        let of = |origin| PlumtreeMessage::Shuffle { origin: NodeId(origin), ttl: 3, sample: Box::default() };
        (0..times).for_each(|_| {
            script.send(0, 1, of(2)).send(0, 1, of(0));
        });
        script
    }

    #[test]
    fn whoever_announced_what_does_not_come_is_asked() {
        let mut silent = linked();
        shuffles(hears(&mut silent, 1, ANNOUNCED), 1).clean();
        shuffles(&mut silent, 1).found("", "n1 lacks broadcast 7, and does not ask n2, which announced it");
        let mut asks = linked();
        shuffles(hears(&mut asks, 1, ANNOUNCED), 1).send(0, 1, GRAFT);
        shuffles(&mut asks, 3).clean();
        let mut all = linked();
        hears(&mut all, 1, PlumtreeMessage::HaveAll { low: 0, high: 2 });
        assert_eq!(shuffles(&mut all, 2).violations(), 1, "broadcast 65");
    }

    #[test]
    fn the_next_one_is_asked_then() {
        let first = || {
            let mut script = linked();
            hears(hears(&mut script, 1, ANNOUNCED), 2, ANNOUNCED).send(0, 1, GRAFT);
            script
        };
        shuffles(&mut first(), 1).clean();
        shuffles(&mut first(), 2).found("", "n1 lacks broadcast 7, and does not ask n3, which announced it");
        let mut both = first();
        shuffles(shuffles(&mut both, 1).send(0, 2, GRAFT), 3).clean();
    }

    #[test]
    fn a_payload_a_link_that_ended_and_a_crash_excuse() {
        let waits = || {
            let mut script = linked();
            shuffles(hears(&mut script, 1, ANNOUNCED), 1);
            script
        };
        let delivered = PlumtreeObservation::Delivered { broadcast: 7, hops: 3 };
        shuffles(waits().see(0, delivered), 2).clean();
        let ended = PlumtreeObservation::Unlinked { peer: NodeId(1), active: 1, dropped: false };
        shuffles(waits().see(0, ended), 2).clean();
        shuffles(waits().restart(0), 2).clean();
        let mut known = linked();
        known.see(0, delivered);
        shuffles(hears(&mut known, 1, ANNOUNCED), 3).clean();
        let mut stranger = linked();
        shuffles(hears(&mut stranger, 3, ANNOUNCED), 3).clean();
        let often = Parameters { shuffle_every: Duration::from_millis(900), ..Parameters::default() };
        let mut often = linked_of(&often);
        shuffles(hears(&mut often, 1, ANNOUNCED), 3).clean();
    }
}
