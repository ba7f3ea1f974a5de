//! What progress SWIM owes: after the heal, all members of the core hold each other alive, and nobody who is down for good.

use sim_core::check::Seen;
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::ordered::OrderedSet;
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use super::ledger::Ledger;
use super::parameters::Parameters;
use super::settings::Settings;
use super::vocabulary::{Swim, SwimObservation};

/// Members must remember the dead for as long as so many attempts take, to find them again.
const REMEMBERED: u64 = 10;

/// Judges by the ledger.
///
/// Owed to core members and about silent outsiders only: one that is half reachable may come and go.
#[derive(Clone, Debug)]
pub struct SwimLiveness {
    settings: Settings,
    members: u32,
    /// The probability that a message is lost or damaged.
    loss: f64,
    ledger: Ledger,
    /// Pairs that are not as they should be, and those that have not been so since the heal.
    wrong: OrderedSet<(Slot, NodeId)>,
    left: OrderedSet<(Slot, NodeId)>,
}

impl SwimLiveness {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: &Parameters, setup: &Setup, ledger: Ledger) -> Self {
        Self {
            settings: Settings::of(parameters),
            members: setup.members,
            loss: setup.network.loss.as_f64() + setup.network.corrupt.as_f64(),
            ledger,
            wrong: OrderedSet::new(),
            left: OrderedSet::new(),
        }
    }

    fn take_stock(&mut self, ground: &Ground, core: &[Slot]) {
        let wrong = self.ledger.read().wrong(ground, core);
        self.wrong = wrong.into_iter().map(|(slot, node, _)| (slot, node)).collect();
    }

    /// One pair may have changed; whether it is right for the first time.
    fn reconsider(&mut self, ground: &Ground, core: &[Slot], slot: Slot, peer: NodeId) -> bool {
        if self.ledger.read().is_wrong(ground, core, slot, peer) {
            self.wrong.insert((slot, peer));
            return false;
        }
        self.wrong.remove(&(slot, peer)) && self.left.remove(&(slot, peer))
    }

    /// The longest that a round of detection, repair and reconnection takes where nothing goes wrong.
    fn attempt(&self) -> Duration {
        let Settings { probe_interval, gossip_interval, reconnect_interval, join_retry, .. } = self.settings;
        let n = self.members.max(2).saturating_mul(2);
        let slow = u64::from(self.settings.local_health);
        let rounds = u64::from(n).saturating_mul(2) * slow;
        let spread = u64::from(self.settings.transmit_limit(n));
        [
            probe_interval.saturating_mul(rounds),
            self.settings.longest_suspicion(n),
            (gossip_interval + probe_interval).saturating_mul(spread),
            reconnect_interval.saturating_mul(u64::from(n)),
            self.settings.push_pull_every(n).saturating_mul(3),
            join_retry.saturating_mul(8),
        ]
        .into_iter()
        .fold(Duration::ZERO, Duration::saturating_add)
    }
}

/// A window of progress: one period of a member.
pub(super) fn window(parameters: &Parameters) -> Duration {
    Settings::of(parameters).probe_interval
}

impl Liveness<Swim> for SwimLiveness {
    fn owed(&self, ground: &Ground, core: &[Slot]) -> Result<(), Stall> {
        let Settings { push_pull_interval, reconnect_interval, tombstones, seeds, .. } = self.settings;
        let seeded = || core.iter().any(|slot| ground.place(*slot).node.0 < seeds);
        // Whoever has forgotten somebody tries it no more.
        let remembers = tombstones >= self.attempt().saturating_mul(REMEMBERED);
        let promised = !push_pull_interval.is_zero() && !reconnect_interval.is_zero() && remembers;
        if !promised || !self.ledger.read().is_complete() {
            Err(Stall::Settings)
        } else if seeds > 0 && !seeded() || !self.ledger.read().connects(ground, core) {
            Err(Stall::NoQuorum)
        } else {
            Ok(())
        }
    }

    /// An attempt is as long as the slowest member needs for all that may have to happen, so that hardly one fails without a
    /// loss: a member tries to reach one of those that it holds dead, whom it draws, often enough that both sides together
    /// miss each other in less than one of ten.
    fn pace(&self, timeout: Duration, _: &[Slot]) -> Pace {
        let kept = (1.0 - self.loss).max(0.0);
        let windows = self.attempt().as_nanos() / timeout.as_nanos().max(1) + 1;
        let way = (self.settings.probe_timeout / 4).min(timeout / 4);
        let serve = timeout / (16 * u64::from(self.members.max(1)));
        let shares = Shares { way, sync: way, serve, ..Shares::of(timeout) };
        let windows = u32::try_from(windows).unwrap_or(u32::MAX);
        Pace { windows, chance: 0.9 * kept * kept, wasted: 0, shares }
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Swim>>) -> Reach {
        let Some(seen) = seen else {
            self.take_stock(ground, core);
            self.left = self.wrong.clone();
            return if self.wrong.is_empty() { Reach::All } else { Reach::Nothing };
        };
        let mut more = false;
        match *seen.observation {
            SwimObservation::Alive { peer, .. }
            | SwimObservation::Died { peer, .. }
            | SwimObservation::Departed { peer, .. }
            | SwimObservation::Forgot { peer }
                if core.binary_search(&seen.slot).is_ok() =>
            {
                more = self.reconsider(ground, core, seen.slot, peer);
            }
            // Whole views change, or what is owed about somebody.
            SwimObservation::Started { .. }
            | SwimObservation::Joined { .. }
            | SwimObservation::Leaving { .. } => {
                self.take_stock(ground, core);
            }
            _ => return Reach::Nothing,
        }
        match (self.wrong.is_empty(), more) {
            (true, _) => Reach::All,
            (false, true) => Reach::More,
            (false, false) => Reach::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::facts::ContentHash;
    use sim_core::ground::Mark;
    use sim_core::process::JournalId;

    use super::*;

    const CORE: [Slot; 3] = [Slot(0), Slot(1), Slot(2)];
    const VIEW: ContentHash = ContentHash(0);

    fn alive(peer: u32) -> SwimObservation {
        SwimObservation::Alive { peer: NodeId(peer), incarnation: 1, members: 4, view: VIEW }
    }

    fn died(peer: u32) -> SwimObservation {
        let from = NodeId(0);
        SwimObservation::Died { peer: NodeId(peer), incarnation: 0, from, members: 3, view: VIEW }
    }

    /// Four members of whom the last one is down.
    fn cluster(parameters: &Parameters) -> (Ground, SwimLiveness) {
        let mut ground = Ground::new(4, 0);
        ground.places[3].up = false;
        let ledger = Ledger::new(4);
        let started = SwimObservation::Started { incarnation: 0, knows: true };
        (0..3).for_each(|slot| ledger.follow(Slot(slot), &started));
        (ground, SwimLiveness::new(parameters, &Setup::new(0, 4), ledger))
    }

    fn see(liveness: &mut SwimLiveness, ground: &Ground, slot: u32, said: SwimObservation) -> Reach {
        liveness.ledger.follow(Slot(slot), &said);
        let seen = Seen {
            slot: Slot(slot),
            node: NodeId(slot),
            incarnation: 0,
            honest: true,
            journal: JournalId(0),
            mark: Mark::default(),
            observation: &said,
        };
        liveness.reached(ground, &CORE, Some(&seen))
    }

    #[test]
    fn progress_is_made_when_the_last_of_the_core_has_buried_the_dead() {
        let (ground, mut liveness) = cluster(&Parameters::default());
        assert_eq!(liveness.reached(&ground, &CORE, None), Reach::Nothing);
        assert_eq!(see(&mut liveness, &ground, 0, died(3)), Reach::More);
        assert_eq!(see(&mut liveness, &ground, 1, died(3)), Reach::More);
        assert_eq!(see(&mut liveness, &ground, 0, died(2)), Reach::Nothing);
        assert_eq!(see(&mut liveness, &ground, 2, died(3)), Reach::More);
        assert_eq!(see(&mut liveness, &ground, 0, alive(2)), Reach::All);
    }

    #[test]
    fn nothing_is_owed_where_views_need_not_converge() {
        let owed = |parameters: &Parameters| {
            let (ground, liveness) = cluster(parameters);
            liveness.owed(&ground, &CORE)
        };
        assert_eq!(owed(&Parameters::default()), Ok(()));
        let pure = Parameters { preset: crate::swim::preset::Preset::Pure, ..Parameters::default() };
        assert_eq!(owed(&pure), Err(Stall::Settings));
        let forgetful = Parameters { tombstones: Duration::from_secs(3), ..Parameters::default() };
        assert_eq!(owed(&forgetful), Err(Stall::Settings));
        assert_eq!(owed(&Parameters { seeds: 1, ..Parameters::default() }), Ok(()));
    }

    /// Whoever left and starts anew knows nobody, and nobody tries it.
    #[test]
    fn nothing_is_owed_to_whom_everybody_heard_leave() {
        let (ground, mut liveness) = cluster(&Parameters::default());
        let left = SwimObservation::Departed { peer: NodeId(1), incarnation: 0, members: 3, view: VIEW };
        see(&mut liveness, &ground, 0, left);
        assert_eq!(liveness.owed(&ground, &CORE), Ok(()), "the third one knows it");
        see(&mut liveness, &ground, 2, left);
        assert_eq!(liveness.owed(&ground, &CORE), Ok(()), "it knows the others");
        see(&mut liveness, &ground, 1, SwimObservation::Started { incarnation: 0, knows: false });
        assert_eq!(liveness.owed(&ground, &CORE), Err(Stall::NoQuorum));
        see(&mut liveness, &ground, 0, died(1));
        assert_eq!(liveness.owed(&ground, &CORE), Ok(()), "the dead are tried");
    }
}
