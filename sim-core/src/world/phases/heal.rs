//! The heal: a core is chosen that the protocol accepts, and its faults end.

use crate::check::Lifecycle;
use crate::identity::Slot;
use crate::kernel::Kernel;
use crate::kernel::phases::Demand;
use crate::outcome::Stall;
use crate::process::{Process, Protocol};
use crate::subject::{Liveness, Reach};
use crate::time::Duration;
use crate::world::World;

/// A core that the protocol accepts as owed progress, among a few drawn; the last one if it accepts none.
fn choose_core<P: Protocol>(kernel: &Kernel, liveness: &dyn Liveness<P>) -> (Vec<Slot>, Result<(), Stall>) {
    // Where those who count change, a core drawn from all may lack them.
    let attempts = if liveness.hears().is_empty() { 4 } else { 16 };
    let mut attempt = 0;
    loop {
        let core = kernel.driver.choose_core(&kernel.ground, attempt);
        let owed = liveness.owed(&kernel.ground, &core);
        attempt += 1;
        if owed.is_ok() || attempt == attempts {
            return (core, owed);
        }
    }
}

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// The first phase is over: a random core that the protocol accepts is healed, and nothing new fires.
    pub(in crate::world) fn heal(&mut self) {
        let Some(timeout) = self.kernel.setup.progress_timeout else { return };
        let kernel = &mut self.kernel;
        kernel.painter.mark(crate::trace::WORLD, kernel.now, "heal");
        let (core, owed) = choose_core(kernel, self.liveness.as_ref());
        let mut actions = std::mem::take(&mut kernel.actions);
        let ways = kernel.network.with_ways_between(&core);
        kernel.driver.heal(&kernel.ground, &core, &ways, &mut actions);
        kernel.watches = crate::kernel::Watches::default();
        self.perform(actions);
        self.kernel.renew_sessions(&core);
        self.kernel.mark_impaired(&core);
        for slot in &core {
            self.tell_lifecycle(*slot, Lifecycle::Healed);
        }
        self.begin_count(core, owed, timeout);
    }

    fn begin_count(&mut self, core: Vec<Slot>, owed: Result<(), Stall>, timeout: Duration) {
        let pace = self.liveness.pace(timeout, &core);
        let window = self.kernel.window(timeout);
        let watched = self.kernel.watched(&core);
        self.kernel.open_ledger(&watched, pace.shares);
        for slot in watched {
            let busy_until = self.storage.busy_until(slot);
            self.kernel.left_at(slot, busy_until, self.timers.last_due(slot), window);
        }
        let reached = self.liveness.reached(&self.kernel.ground, &core, None) == Reach::All;
        let asks = self.liveness.asks_clients();
        let questions = self.kernel.questions(&|operation| self.service.encode(operation).is_some());
        self.kernel.begin_count(core, Demand { owed, pace, reached, asks, questions }, window);
    }
}
