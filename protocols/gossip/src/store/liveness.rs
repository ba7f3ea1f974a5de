//! What progress the store owes: all homes of each key in the core become equal, once writes have ended, what members keep for each
//! other is handed over, and clients are served where the core has enough homes of every key.

use sim_core::check::Seen;
use sim_core::fault::Fault;
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::outcome::Stall;
use sim_core::progress::{Pace, Shares};
use sim_core::setup::Setup;
use sim_core::simulate::{Liveness, Reach};
use sim_core::time::Duration;

use super::agreement::Agreement;
use super::parameters::Parameters;
use super::ring::Ring;
use super::vocabulary::{Store, StoreObservation};

/// What it is told of: what members hold, and who joins.
const HEARS: [&str; 9] = {
    let mut hears = ["Joined"; 9];
    let mut at = 0;
    while at < Agreement::HEARS.len() {
        hears[at] = Agreement::HEARS[at];
        at += 1;
    }
    hears
};

/// Progress is made when no key differs between homes in the core, and nobody there keeps anything for another one. The workload
/// ends at the heal.
///
/// Whoever runs in the place of a lost disk is outside of the core. Where nothing is wrong with it any more, it must have joined.
///
/// Clients are asked for operations after the heal if the core has so many homes of every key that both quorums are among them, and
/// if no clock can be so far behind another one that members refuse writes as too far ahead. Nor are they where lines or inboxes are
/// bounded: exchanges and retries may fill them as fast as they are set.
#[derive(Clone, Debug)]
pub struct StoreLiveness {
    parameters: Parameters,
    members: u64,
    /// The probability that a message is lost or damaged.
    loss: f64,
    /// Whether clients are there, whose writes no member can find too far ahead.
    may_ask: bool,
    /// Whether clients are asked; known from the heal on.
    asks: bool,
    ring: Ring,
    agreement: Agreement,
    /// Newcomers that have joined.
    joined: Vec<NodeId>,
    /// Newcomers that have to join.
    joining: Vec<NodeId>,
}

/// Whether no two clocks differ by as much as members bear.
fn clocks_agree(parameters: &Parameters, setup: &Setup) -> bool {
    let steady = !setup.faults.entries.iter().any(|entry| matches!(entry.what, Fault::Clock(_)));
    let offset = setup.clocks.offset.as_ref().map_or(Some(Duration::ZERO), |offset| offset.bounds().1);
    // The second phase may last longer than the first one.
    let drift = setup.duration.saturating_mul(20).as_nanos() / 1_000_000 * u64::from(setup.clocks.drift_ppm);
    let apart = |offset: Duration| offset.saturating_mul(2).saturating_add(Duration::from_nanos(drift));
    parameters.max_offset.is_zero() || steady && offset.is_some_and(|it| apart(it) < parameters.max_offset)
}

impl StoreLiveness {
    /// For a cluster of these parameters in this run.
    pub fn new(parameters: &Parameters, ring: Ring, setup: &Setup) -> Self {
        Self {
            parameters: *parameters,
            members: setup.members.into(),
            loss: setup.network.loss.as_f64() + setup.network.corrupt.as_f64(),
            may_ask: setup.clients > 0
                && setup.workload.is_some()
                && setup.network.bandwidth.is_none()
                && setup.service.inbox.is_none()
                && clocks_agree(parameters, setup),
            asks: false,
            agreement: Agreement::new(parameters, ring.clone()),
            ring,
            joined: Vec::new(),
            joining: Vec::new(),
        }
    }

    /// Who runs in the place of a member whose disk was lost, has not joined, and could: nothing is wrong with it.
    fn newcomers(&self, ground: &Ground) -> Vec<NodeId> {
        let places = ground.members().filter(|(slot, place)| {
            place.node.0 != slot.0 && place.runs() && place.honest && !place.impaired
        });
        places.map(|(_, place)| place.node).filter(|node| !self.joined.contains(node)).collect()
    }

    fn follow(&mut self, seen: &Seen<'_, Store>) {
        if matches!(seen.observation, StoreObservation::Joined) {
            self.joined.push(seen.node);
            self.joining.retain(|node| *node != seen.node);
        }
        self.agreement.follow(seen);
    }

    fn missing(&self) -> usize {
        self.agreement.unsettled() + self.joining.len()
    }

    /// Whether both quorums are among the homes of every key that are in the core.
    fn serves(&self, core: &[Slot]) -> bool {
        let Parameters { read_quorum, write_quorum, .. } = self.parameters;
        let quorum = (read_quorum.max(write_quorum) as usize).min(self.ring.replicas());
        let inside = |home: &&NodeId| core.contains(&Slot(home.0));
        self.ring.lists().all(|homes| homes.iter().filter(inside).count() >= quorum)
    }
}

impl Liveness<Store> for StoreLiveness {
    fn owed(&self, _: &Ground, _: &[Slot]) -> Result<(), Stall> {
        if self.parameters.exchange_every.is_zero() { Err(Stall::Settings) } else { Ok(()) }
    }

    fn hears(&self) -> &'static [&'static str] {
        &HEARS
    }

    fn observe(&mut self, seen: &Seen<'_, Store>) {
        self.follow(seen);
    }

    /// An attempt is a turn of comparisons with all others, and a hand-off of hints. Four messages lead from a comparison to
    /// what was missing; where one of the two has not confirmed a collection, twice as many.
    ///
    /// A client asks one member after the other, and each of them gives up an operation after four times the time that it waits for
    /// answers: a way there and back, and a sync, must fit in that.
    fn pace(&self, timeout: Duration, core: &[Slot]) -> Pace {
        let kept = (1.0 - self.loss).max(0.0);
        let Parameters { exchange_every, handoff_every, client_retry, answer_timeout, .. } = self.parameters;
        let asks = self.may_ask && self.serves(core);
        let served = if asks { client_retry.saturating_mul(self.members + 1) } else { Duration::ZERO };
        let exchanged = exchange_every.saturating_mul(2 * self.members).saturating_add(handoff_every);
        let attempt = exchanged.saturating_add(served);
        let windows = attempt.as_nanos() / timeout.as_nanos().max(1) + 2;
        let kept = kept * kept;
        let time = if asks { timeout.min(answer_timeout.saturating_mul(2)) } else { timeout };
        let shares = Shares {
            way: time / 4,
            sync: time / 4,
            serve: time / (32 * self.members.max(1)),
            ..Shares::of(timeout)
        };
        Pace {
            windows: u32::try_from(windows).unwrap_or(u32::MAX),
            chance: kept * kept * kept * 0.9,
            wasted: 0,
            shares,
        }
    }

    fn asks_clients(&self) -> bool {
        self.asks
    }

    fn reached(&mut self, ground: &Ground, core: &[Slot], seen: Option<&Seen<'_, Store>>) -> Reach {
        let before = self.missing();
        match seen {
            Some(seen) => self.follow(seen),
            None => {
                self.asks = self.may_ask && self.serves(core);
                self.agreement.set_core(core.iter().copied());
                self.joining = self.newcomers(ground);
            }
        }
        match self.missing() {
            0 => Reach::All,
            now if seen.is_some() && now < before => Reach::More,
            _ => Reach::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use sim_core::check::script::Script;
    use sim_core::fault::FaultPlan;
    use sim_core::operation::ObjectModel;
    use sim_core::workload::WorkloadModel;

    use super::super::convergence::Convergence;
    use super::*;

    fn liveness(parameters: Parameters, setup: &Setup) -> StoreLiveness {
        StoreLiveness::new(&parameters, Ring::new(1, 5, 4, 3), setup)
    }

    fn setup() -> Setup {
        let workload = Some(WorkloadModel::new(ObjectModel::Kv));
        Setup { clients: 2, workload, ..Setup::new(1, 5) }
    }

    fn asks(liveness: &mut StoreLiveness, core: &[u32]) -> bool {
        let core: Vec<Slot> = core.iter().copied().map(Slot).collect();
        liveness.reached(&Ground::new(5, 2), &core, None);
        liveness.asks_clients()
    }

    #[test]
    fn clients_are_asked_where_the_core_has_both_quorums_of_every_key() {
        let mut own = liveness(Parameters::default(), &setup());
        assert!(asks(&mut own, &[0, 1, 2, 3, 4]));
        assert!(asks(&mut own, &[0, 1, 2, 4]), "two of three homes are left");
        assert!(!asks(&mut own, &[0, 1, 2]), "of some keys there is one");
        let mut all = liveness(Parameters { read_quorum: 3, ..Parameters::default() }, &setup());
        assert!(asks(&mut all, &[0, 1, 2, 3, 4]) && !asks(&mut all, &[0, 1, 2, 4]));
    }

    #[test]
    fn nobody_is_asked_whose_clock_may_be_too_far_ahead() {
        let far = Setup {
            clocks: sim_core::setup::ClockModel { drift_ppm: 50_000, ..setup().clocks },
            faults: FaultPlan::default(),
            ..setup()
        };
        let everybody = [0, 1, 2, 3, 4];
        assert!(!asks(&mut liveness(Parameters::default(), &far), &everybody));
        let any = Parameters { max_offset: Duration::ZERO, ..Parameters::default() };
        assert!(asks(&mut liveness(any, &far), &everybody), "no write is refused");
    }

    #[test]
    fn a_newcomer_with_which_nothing_is_wrong_has_to_join() {
        let ring = Ring::new(1, 5, 4, 3);
        let check = Convergence::new(&Parameters::default(), ring);
        let mut script: Script<Store, Convergence> = Script::new(check, 5);
        script.crash(4, 0).wipe(4).boot(4);
        let core: Vec<Slot> = (0..4).map(Slot).collect();
        let mut own = liveness(Parameters::default(), &setup());
        assert_eq!(own.reached(&script.ground, &core, None), Reach::Nothing);
        let seen = Seen {
            slot: Slot(4),
            node: NodeId(104),
            incarnation: 1,
            honest: true,
            journal: sim_core::process::JournalId(0),
            mark: sim_core::ground::Mark::default(),
            observation: &StoreObservation::Joined,
        };
        assert_eq!(own.reached(&script.ground, &core, Some(&seen)), Reach::All);
        script.ground.places[4].impaired = true;
        let mut own = liveness(Parameters::default(), &setup());
        assert_eq!(own.reached(&script.ground, &core, None), Reach::All, "something is wrong with it");
    }
}
