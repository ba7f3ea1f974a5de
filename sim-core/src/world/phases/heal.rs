//! The heal: a core is chosen, its faults end, and the ledger of the second phase is opened.

use super::excuse::Stage;
use super::{Asked, Healed, Phase};
use crate::check::Lifecycle;
use crate::fault::Family;
use crate::identity::Slot;
use crate::kernel::Kernel;
use crate::kernel::event::Control;
use crate::outcome::Stall;
use crate::process::{Process, Protocol};
use crate::progress::{Count, Culprit};
use crate::subject::{Liveness, Reach};
use crate::time::{Duration, Time};
use crate::world::World;

/// A core that the protocol accepts as owed progress, among a few drawn; the last one if it accepts none.
fn choose_core<P: Protocol>(kernel: &Kernel, liveness: &dyn Liveness<P>) -> (Vec<Slot>, Result<(), Stall>) {
    const ATTEMPTS: u32 = 4;
    let mut attempt = 0;
    loop {
        let core = kernel.driver.choose_core(&kernel.ground, attempt);
        let owed = liveness.owed(&kernel.ground, &core);
        attempt += 1;
        if owed.is_ok() || attempt == ATTEMPTS {
            return (core, owed);
        }
    }
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// The first phase is over: a random core that the protocol accepts is healed, and nothing new fires.
    pub(in crate::world) fn heal(&mut self) {
        let Some(timeout) = self.setup.progress_timeout else { return };
        let kernel = &mut self.kernel;
        kernel.painter.mark(crate::trace::WORLD, kernel.now, "heal");
        let (core, owed) = choose_core(kernel, self.liveness.as_ref());
        let mut actions = std::mem::take(&mut kernel.actions);
        let ways = kernel.network.with_ways_between(&core);
        kernel.driver.heal(&kernel.ground, &core, &ways, &mut actions);
        kernel.watches = crate::kernel::Watches::default();
        self.perform(actions);
        self.renew_sessions(&core);
        self.mark_impaired(&core);
        for slot in &core {
            self.tell_lifecycle(*slot, Lifecycle::Healed);
        }
        self.begin_count(core, owed, timeout);
    }

    fn begin_count(&mut self, core: Vec<Slot>, owed: Result<(), Stall>, timeout: Duration) {
        let since = self.kernel.now;
        let pace = self.liveness.pace(timeout, &core);
        let owed = match owed {
            Ok(()) if pace.attempts().is_none() => Err(Stall::Settings),
            owed => owed,
        };
        let window = self.window(timeout);
        self.open_ledger(&core, pace.shares, window);
        let reached = self.liveness.reached(&self.kernel.ground, &core, None) == Reach::All;
        let asks = self.liveness.asks_clients();
        let asked = if asks { self.setup.clients as usize } else { 0 };
        let healed = Healed {
            count: Count::new(&pace, owed.is_ok() && (asked > 0 || !asks)),
            core,
            since,
            owed,
            window,
            begun: since,
            stage: Stage::Plain,
            reached,
            clients: vec![Asked::Free; asked],
            end: None,
        };
        let made = healed.is_made();
        self.phase = Phase::Healed(Box::new(healed));
        if made && !asks {
            return self.made();
        }
        self.kernel.queue_control(since, Control::Probe, false);
    }

    /// The base timeout, by the slowest clock.
    fn window(&self, timeout: Duration) -> Duration {
        const MILLION: u64 = 1_000_000;
        let drift = u64::from(self.setup.clocks.drift_ppm).min(MILLION * 9 / 10);
        let nanos = u128::from(timeout.as_nanos()) * u128::from(MILLION) / u128::from(MILLION - drift);
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX).max(1))
    }

    /// What is left from before the heal is late until it is over.
    fn open_ledger(&mut self, core: &[Slot], shares: crate::progress::Shares, window: Duration) {
        let now = self.kernel.now;
        let clients = (self.setup.members..self.setup.members + self.setup.clients).map(Slot);
        let watched: Vec<Slot> = core.iter().copied().chain(clients).collect();
        let mut inside = vec![false; self.kernel.ground.places.len()];
        for slot in &watched {
            inside[slot.index()] = true;
        }
        let is_inside = |slot: Slot| inside.get(slot.index()).copied().unwrap_or(false);
        let backlog = self.kernel.network.busy_until(is_inside);
        self.kernel.ledger.open(now, shares, inside.clone());
        if let Some((from, to, until)) = backlog {
            self.kernel.ledger.left(Culprit::Backlog(from, to), now, until);
        }
        for slot in watched {
            let until = self.storage.busy_until(slot);
            self.kernel.ledger.left(Culprit::Writing(slot), now, until);
            if let Some(until) = self.held_up_until(slot, window) {
                self.kernel.ledger.left(Culprit::Clock(slot), now, until);
            }
        }
    }

    /// Until when a timer of a slot is held up by a clock that went back, if one is.
    fn held_up_until(&self, slot: Slot, window: Duration) -> Option<Time> {
        if self.kernel.driver.activity().family(Family::Clock) == 0 {
            return None;
        }
        let now = self.kernel.now;
        let due = self.timers.last_due(slot)?;
        let most = now.saturating_add(self.setup.faults.held_up()).saturating_add(window);
        (due > now.saturating_add(window)).then_some(due.min(most))
    }

    /// Links inside the core, and between it and clients, are healed: what waits on them for a late retransmission
    /// does not wait any longer.
    fn renew_sessions(&mut self, core: &[Slot]) {
        let (kernel, members) = (&mut self.kernel, self.setup.members);
        let patience = self.setup.network.retransmit_after;
        let client = |slot: Slot| slot.0 >= members && slot.0 < members + self.setup.clients;
        let inside = |slot: Slot| client(slot) || core.contains(&slot);
        kernel.network.renew(kernel.now, patience, inside, &mut kernel.notices);
        kernel.queue_notices();
    }

    /// Nothing outside the core is healed: what is broken there stays so.
    fn mark_impaired(&mut self, core: &[Slot]) {
        let (kernel, patience) = (&mut self.kernel, self.setup.network.retransmit_after);
        let clients = (self.setup.members..self.setup.members + self.setup.clients).map(Slot);
        let healed: Vec<Slot> = core.iter().copied().chain(clients).collect();
        let impaired = kernel.driver.impaired(&healed, kernel.ground.places.len());
        let places = (0..).map(Slot).zip(&mut kernel.ground.places);
        for ((slot, place), impaired) in places.zip(impaired) {
            let outside = healed.binary_search(&slot).is_err();
            let held_up = || kernel.network.holds_up(kernel.now, patience, slot, &healed);
            place.impaired = outside && (impaired || held_up());
        }
    }
}
