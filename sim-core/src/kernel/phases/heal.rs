//! The heal: what a core is given, and the ledger of the second phase.

use super::{AskedClient, Healed, Phase, Stage};
use crate::fault::Family;
use crate::identity::Slot;
use crate::kernel::Kernel;
use crate::kernel::event::Control;
use crate::operation::{ObjectModel, Operation};
use crate::outcome::Stall;
use crate::progress::{Count, Culprit, Pace, Shares};
use crate::time::{Duration, Time};

/// What a protocol owes once a core is healed.
pub(crate) struct Demand {
    /// Whether it owes progress to this core.
    pub(crate) owed: Result<(), Stall>,
    pub(crate) pace: Pace,
    /// Whether the protocol has reached what it owes by itself.
    pub(crate) reached: bool,
    /// Whether progress is seen by operations.
    pub(crate) asks: bool,
    /// What each client is asked, one after the other.
    pub(crate) questions: Vec<Operation>,
}

/// So many objects are looked at once a core is healed, at most.
const MOST_KEYS: u64 = 64;

/// Changes that a client may know; the value is replaced by one that is new.
const CHANGES: [Operation; 5] = [
    Operation::Write { key: 0, value: 0 },
    Operation::Append { key: 0, value: 0 },
    Operation::Enqueue { key: 0, value: 0 },
    Operation::Add { key: 0, value: 0 },
    Operation::Transfer { key: 0, from: 0, to: 1, amount: 1 },
];

/// The change of an object of this kind.
const fn change_of(model: ObjectModel) -> Operation {
    match model {
        ObjectModel::Register | ObjectModel::CasRegister | ObjectModel::Kv => CHANGES[0],
        ObjectModel::Append => CHANGES[1],
        ObjectModel::Queue => CHANGES[2],
        ObjectModel::Set => CHANGES[3],
        ObjectModel::Bank => CHANGES[4],
    }
}

impl Kernel {
    /// What each client is asked once a core is healed: it looks at every object, so that what was acknowledged and lost
    /// is seen before anything is written over it; then it changes one, which shows progress, and looks at it again. A
    /// change that no client knows is asked all the same, and comes to nothing.
    pub(crate) fn questions(&self, known: &dyn Fn(&Operation) -> bool) -> Vec<Operation> {
        let Some(workload) = &self.setup.workload else { return vec![CHANGES[0]] };
        let look = |key: u64| match workload.model {
            ObjectModel::Append => Operation::ReadList { key },
            ObjectModel::Set => Operation::ReadSet { key },
            ObjectModel::Queue => Operation::Dequeue { key },
            ObjectModel::Bank => Operation::ReadBank { key },
            ObjectModel::Register | ObjectModel::CasRegister | ObjectModel::Kv => Operation::Read { key },
        };
        let looks = |keys: u64| (0..keys).map(look).filter(known);
        let own = change_of(workload.model);
        let change = [own].into_iter().chain(CHANGES).find(known).unwrap_or(own);
        looks(workload.key_count().min(MOST_KEYS)).chain([change]).chain(looks(1)).collect()
    }

    /// The count of windows begins.
    pub(crate) fn begin_count(&mut self, core: Vec<Slot>, demand: Demand, window: Duration) {
        let Demand { owed, pace, reached, asks, questions } = demand;
        let since = self.now;
        let owed = match owed {
            Ok(()) if pace.attempts().is_none() => Err(Stall::Settings),
            owed => owed,
        };
        let asked = if asks { self.setup.clients as usize } else { 0 };
        // Nothing is owed to who does not follow the protocol.
        let served = AskedClient { answered: questions.len().max(1), waits: false };
        let corrupt = |client| self.is_corrupt_client(self.clients.slot_of(client));
        let clients =
            (0..asked as u32).map(|client| if corrupt(client) { served } else { AskedClient::default() });
        let clients = clients.collect();
        let healed = Healed {
            count: Count::new(&pace, owed.is_ok() && (asked > 0 || !asks), self.is_hopeless(pace.shares)),
            core,
            since,
            owed,
            window,
            begun: since,
            stage: Stage::Plain,
            explained: false,
            reached,
            asks,
            questions,
            clients,
            recovered: None,
            end: None,
        };
        let made = healed.is_made();
        self.phase = Phase::Healed(Box::new(healed));
        if made && !asks {
            return self.made();
        }
        self.queue_control(since, Control::Probe, false);
    }

    /// Whether every message, or every sync, takes longer than its share, whatever is drawn.
    fn is_hopeless(&self, shares: Shares) -> bool {
        let way = self.setup.network.bounds().0;
        let serve = self.setup.service.per_message.bounds().0;
        way > shares.way || self.setup.disk.sync.bounds().0 > shares.sync || serve > shares.serve
    }

    /// The base timeout, by the slowest clock and the latest timer.
    pub(crate) fn window(&self, timeout: Duration) -> Duration {
        const MILLION: u64 = 1_000_000;
        let drift = u64::from(self.setup.clocks.drift_ppm).min(MILLION * 9 / 10);
        let nanos = u128::from(timeout.as_nanos()) * u128::from(MILLION) / u128::from(MILLION - drift);
        let slowest = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX).max(1));
        slowest.saturating_add(self.setup.clocks.timer_jitter)
    }

    /// The core and the clients: whose lateness counts.
    pub(crate) fn watched(&self, core: &[Slot]) -> Vec<Slot> {
        let clients = (self.setup.members..self.setup.members + self.setup.clients).map(Slot);
        core.iter().copied().chain(clients).collect()
    }

    /// What is left in the network from before the heal is late until it is over.
    pub(crate) fn open_ledger(&mut self, watched: &[Slot], shares: Shares) {
        let now = self.now;
        let mut inside = vec![false; self.ground.places.len()];
        for slot in watched {
            inside[slot.index()] = true;
        }
        let is_inside = |slot: Slot| inside.get(slot.index()).copied().unwrap_or(false);
        let backlog = self.network.busy_until(is_inside);
        self.ledger.open(now, shares, inside.clone());
        if let Some((from, to, until)) = backlog {
            self.ledger.left(Culprit::Backlog(from, to), now, until);
        }
    }

    /// What is left at a slot from before the heal: its disk or its server is busy, or a timer of it is due long from now.
    pub(crate) fn left_at(&mut self, slot: Slot, busy_until: Time, last_due: Option<Time>, window: Duration) {
        let now = self.now;
        if let Some(until) = self.servers.busy_until(slot) {
            self.ledger.left(Culprit::Serving(slot), now, until);
        }
        self.ledger.left(Culprit::Writing(slot), now, busy_until);
        if let Some(until) = last_due.and_then(|due| self.held_up_until(due, window)) {
            self.ledger.left(Culprit::Clock(slot), now, until);
        }
    }

    /// Until when a timer is held up by a clock that went back, if it is.
    fn held_up_until(&self, due: Time, window: Duration) -> Option<Time> {
        if self.driver.activity().family(Family::Clock) == 0 {
            return None;
        }
        let soon = self.now.saturating_add(window);
        let most = self.now.saturating_add(self.setup.faults.held_up()).saturating_add(window);
        (due > soon).then_some(due.min(most))
    }

    /// Links inside the core, and between it and clients, are healed: what waits on them for a late retransmission
    /// does not wait any longer.
    pub(crate) fn renew_sessions(&mut self, core: &[Slot]) {
        let members = self.setup.members;
        let patience = self.setup.network.retransmit_after;
        let client = |slot: Slot| slot.0 >= members && slot.0 < members + self.setup.clients;
        let inside = |slot: Slot| client(slot) || core.contains(&slot);
        self.network.renew(self.now, patience, inside, &mut self.notices);
        self.queue_notices();
    }

    /// Nothing outside the core is healed: what is broken there stays so.
    pub(crate) fn mark_impaired(&mut self, core: &[Slot]) {
        let patience = self.setup.network.retransmit_after;
        let clients = (self.setup.members..self.setup.members + self.setup.clients).map(Slot);
        let mut healed: Vec<Slot> = core.iter().copied().chain(clients).collect();
        // Who joined later has a slot behind the clients.
        healed.sort_unstable();
        let impaired = self.driver.impaired(&healed, self.ground.places.len());
        let places = (0..).map(Slot).zip(&mut self.ground.places);
        for ((slot, place), impaired) in places.zip(impaired) {
            let outside = healed.binary_search(&slot).is_err();
            let mut held_up = || self.network.holds_up(self.now, patience, slot, &healed);
            place.impaired = outside && (impaired || held_up());
        }
    }
}
