//! `[swarm] byzzfuzz`: a bounded number of faults in drawn rounds (Winter et al., "Randomized testing of Byzantine fault tolerant
//! algorithms", OOPSLA 2023).
//!
//! In a few rounds the network is in two parts, and in a few a traitor says something else than it should; in all others, everybody hears
//! everybody, and traitors follow the protocol. A round of ours has several kinds of messages where the authors' has one, so
//! that each fault is about one kind of them, or about all. What is drawn are entries of the plan and rules for traitors that a
//! scenario could write as well: a capsule holds them, and shrinking takes them away one by one.

use rand_chacha::ChaCha8Rng;
use rand_core::Rng;
use serde::{Deserialize, Serialize};
use sim_core::adversary::{Act, Adversary, Occasion};
use sim_core::facts::mutation::Scope;
use sim_core::fault::selector::Selector;
use sim_core::fault::spec::Round;
use sim_core::fault::{Fault, FaultEntry};
use sim_core::identity::Slot;
use sim_core::random::{StreamName, below, stream};
use sim_core::ratio::Ratio;
use sim_core::registry::ProtocolInfo;
use sim_core::setup::Setup;
use sim_core::time::{Duration, Time};

/// How many faults a seed draws, and in which rounds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByzzFuzz {
    /// Faults are in the rounds from the first to this one.
    pub within: u32,
    /// How many times the network is in two parts for a round, at most; none is drawn as well.
    #[serde(default)]
    pub network: u32,
    /// How many times a traitor lies in a round, at most; one is the least.
    #[serde(default)]
    pub process: u32,
    /// How many members are traitors, at most; no more than the protocol bears.
    #[serde(default = "one")]
    pub corrupt: u32,
    /// How far altered messages are from what they were; drawn for each fault if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// Whether half of the lies are those that only traitors of the protocol can tell.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lies: bool,
}

const fn one() -> u32 {
    1
}

/// What faults are drawn from.
struct Space<'a> {
    drawn: &'a ByzzFuzz,
    protocol: &'a ProtocolInfo,
}

/// Draws traitors, their lies and the rounds in which the network is in two parts. No more members are corrupted than `budget`.
/// The parts of a round last `lasts` from its first message on.
pub(crate) fn draw(
    drawn: &ByzzFuzz,
    protocol: &ProtocolInfo,
    budget: u32,
    lasts: Duration,
    setup: &mut Setup,
) {
    let mut rng = stream(setup.seed, StreamName::ByzzFuzz);
    let space = Space { drawn, protocol };
    let most = drawn.network.min(drawn.within);
    let parted = u32::try_from(below(rng.next_u64(), u64::from(most) + 1)).unwrap_or(0);
    let mut rounds: Vec<u32> = (1..=drawn.within).collect();
    for _ in 0..parted {
        let number = rounds.swap_remove(below(rng.next_u64(), rounds.len() as u64) as usize);
        let entry = FaultEntry::at(Time::ZERO, space.parts(number, setup.members, &mut rng));
        setup.faults.entries.push(entry.lasting(lasts));
    }
    let traitors = space.traitors(budget, setup, &mut rng);
    let (Some(_), Some(more)) = (traitors.first(), drawn.process.checked_sub(1)) else { return };
    // Each traitor lies at least once: who had no rule at all would do what traitors do where nothing is said.
    let least = traitors.len() as u64;
    let lies = least.max(1 + below(rng.next_u64(), u64::from(more) + 1));
    for traitor in traitors.iter().cycle().take(usize::try_from(lies).unwrap_or(usize::MAX)) {
        let number = 1 + u32::try_from(below(rng.next_u64(), u64::from(drawn.within))).unwrap_or(0);
        let rule = space.lie(*traitor, number, &mut rng);
        setup.adversaries.push(rule);
    }
    setup.initial.corrupt.extend(traitors);
    setup.initial.corrupt.sort_unstable();
    setup.initial.corrupt.dedup();
}

impl Space<'_> {
    /// Members that are honest so far, have no twin and are there from the start: one to as many as may be corrupt.
    fn traitors(&self, budget: u32, setup: &Setup, rng: &mut ChaCha8Rng) -> Vec<u32> {
        let initial = &setup.initial;
        let twin = |slot: &u32| initial.twins.iter().any(|(at, of)| at == slot || of == slot);
        let taken = |slot: &u32| {
            initial.corrupt.contains(slot)
                || initial.absent.contains(slot)
                || initial.beside.contains(slot)
                || twin(slot)
        };
        let mut free: Vec<u32> = (0..setup.members).filter(|slot| !taken(slot)).collect();
        let most = self.drawn.corrupt.min(self.drawn.process).min(budget);
        let wanted = if most == 0 { 0 } else { 1 + below(rng.next_u64(), u64::from(most)) };
        let mut traitors = Vec::new();
        while (traitors.len() as u64) < wanted && !free.is_empty() {
            traitors.push(free.swap_remove(below(rng.next_u64(), free.len() as u64) as usize));
        }
        traitors
    }

    /// One kind of the messages that tell rounds, or all of them.
    fn kind(&self, rng: &mut ChaCha8Rng) -> Option<&'static str> {
        let kinds = self.protocol.rounds;
        kinds.get(below(rng.next_u64(), kinds.len() as u64 + 1) as usize).copied()
    }

    /// Two parts, neither of them empty, that do not hear each other.
    fn parts(&self, number: u32, members: u32, rng: &mut ChaCha8Rng) -> Fault {
        let divisions = (1_u64 << members.clamp(2, 63)) - 2;
        let set = 1 + below(rng.next_u64(), divisions);
        let side = |one: u64| {
            let there = (0..members.min(63)).filter(|slot| set >> slot & 1 == one);
            Selector::Slots(there.map(Slot).collect())
        };
        let drop = self.kind(rng).into_iter().map(str::to_owned).collect();
        Fault::Round(Round { number, leader: None, sides: vec![side(0), side(1)], drop })
    }

    /// What a traitor does with a kind of message in a round: alters it, repeats an older one besides or leaves it out, for half of those
    /// who should hear it; or a lie of the protocol's own.
    fn lie(&self, traitor: u32, number: u32, rng: &mut ChaCha8Rng) -> Adversary {
        let send = self.kind(rng).map(str::to_owned);
        let half = Ratio::new(1, 2);
        let [own, which, how, far] = [(); 4].map(|()| rng.next_u64());
        let scope = self.drawn.scope.unwrap_or(if below(far, 2) == 0 { Scope::Small } else { Scope::Any });
        let lies = self.protocol.behaviors;
        let act = match below(how, 8) {
            _ if self.drawn.lies && !lies.is_empty() && below(own, 2) == 0 => {
                Act::Own { behavior: lies[below(which, lies.len() as u64) as usize].name.to_owned(), ways: 2 }
            }
            0 => Act::Replay { probability: half },
            1 => Act::Drop { probability: half },
            _ => Act::Alter { field: None, scope, seal: true, probability: half },
        };
        let on = Occasion { send, round: Some(number), ..Occasion::default() };
        Adversary { slots: vec![traitor], on, act }
    }
}

#[cfg(test)]
mod tests {

    use sim_core::ordered::OrderedSet;
    use sim_core::registry::Named;

    use super::*;

    const DRAWN: ByzzFuzz =
        ByzzFuzz { within: 6, network: 2, process: 3, corrupt: 2, scope: None, lies: true };

    const INFO: ProtocolInfo = ProtocolInfo {
        rounds: &["Proposal", "Vote"],
        behaviors: &[
            Named { name: "equivocate", about: "Says two things." },
            Named { name: "forge", about: "Speaks for others." },
        ],
        ..ProtocolInfo::new("rounds", "A protocol whose messages tell rounds")
    };

    fn drawn(drawn: &ByzzFuzz, seed: u64, budget: u32) -> Setup {
        let mut setup = Setup::new(seed, 7);
        draw(drawn, &INFO, budget, Duration::from_secs(1), &mut setup);
        setup
    }

    #[test]
    fn faults_keep_their_bounds_and_each_kind_of_them_is_drawn() {
        let (mut parted, mut lies, mut acts) = (OrderedSet::new(), OrderedSet::new(), OrderedSet::new());
        for seed in 0..300 {
            let setup = drawn(&DRAWN, seed, 2);
            let corrupt = &setup.initial.corrupt;
            assert!((1..=2).contains(&corrupt.len()) && corrupt.is_sorted());
            assert!(corrupt.iter().all(|slot| setup.adversaries.iter().any(|rule| rule.slots == [*slot])));
            for rule in &setup.adversaries {
                assert!(corrupt.contains(&rule.slots[0]) && matches!(rule.on.round, Some(1..=6)));
                acts.insert(match &rule.act {
                    Act::Alter { scope, .. } => format!("{scope:?}"),
                    Act::Own { behavior, .. } => behavior.clone(),
                    other => format!("{other:?}"),
                });
            }
            let numbers: OrderedSet<u32> = setup.faults.entries.iter().map(round_of).collect();
            assert_eq!(numbers.len(), setup.faults.entries.len(), "no round is in two parts twice");
            assert!(numbers.iter().all(|number| (1..=6).contains(number)));
            parted.insert(setup.faults.entries.len());
            lies.insert(setup.adversaries.len());
        }
        assert_eq!((parted, lies), ([0, 1, 2].into(), [1, 2, 3].into()));
        assert!(acts.len() == 6 && acts.contains("Small") && acts.contains("Any"), "{acts:?}");
    }

    fn round_of(entry: &FaultEntry) -> u32 {
        let Fault::Round(round) = &entry.what else { panic!("{entry:?}") };
        let [Selector::Slots(one), Selector::Slots(other)] = &round.sides[..] else { panic!("{round:?}") };
        assert!(!one.is_empty() && !other.is_empty() && one.len() + other.len() == 7);
        round.number
    }

    #[test]
    fn the_budget_and_the_scope_are_kept() {
        let small = ByzzFuzz { scope: Some(Scope::Small), lies: false, ..DRAWN };
        for seed in 0..50 {
            assert_eq!(drawn(&DRAWN, seed, 1).initial.corrupt.len(), 1);
            let nobody = drawn(&DRAWN, seed, 0);
            assert!(nobody.initial.corrupt.is_empty() && nobody.adversaries.is_empty());
            let far =
                |rule: &Adversary| matches!(rule.act, Act::Alter { scope: Scope::Any, .. } | Act::Own { .. });
            assert!(!drawn(&small, seed, 2).adversaries.iter().any(far));
        }
    }
}
