//! The two phases as far as processes take part: a core is healed, clients are asked, and what may excuse a stall is
//! taken away. The rule itself is in [`crate::progress`] and [`crate::kernel::phases`].

mod heal;

use super::World;
use crate::check::Seen;
use crate::kernel::event::Control;
use crate::kernel::phases::{Closed, Stage};
use crate::outcome::Stall;
use crate::process::{Process, Protocol};
use crate::subject::Reach;

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// A window ends, and the next one begins.
    pub(super) fn probe(&mut self) {
        match self.kernel.close_window() {
            Closed::Next => self.open_window(),
            Closed::Over => {}
            Closed::Stalled { overdue, stuck } => self.stalled(overdue, stuck),
        }
    }

    fn open_window(&mut self) {
        if let Some(next) = self.kernel.open_window() {
            self.ask_clients();
            self.kernel.queue_control(next, Control::Probe, false);
        }
    }

    /// Asks each client that has no operation under way for its next one, or again for one that did not succeed.
    pub(super) fn ask_clients(&mut self) {
        let mut next = 0;
        while let Some((client, question)) = self.kernel.next_to_ask(next) {
            if !self.put_question(client, question) {
                self.kernel.not_asked(client);
            }
            next = client + 1;
        }
    }

    #[inline]
    pub(super) fn progress_by(&mut self, seen: &Seen<'_, P>) {
        let kernel = &mut self.kernel;
        let Some(healed) = kernel.phase.open().filter(|healed| !healed.reached) else { return };
        match self.liveness.reached(&kernel.ground, &healed.core, Some(seen)) {
            Reach::Nothing => {}
            Reach::More => kernel.came(false),
            Reach::All => {
                healed.reached = true;
                kernel.came(true);
            }
        }
    }

    /// There was no progress: it is overdue, or so little was timely that it never will be. If nothing can move any more
    /// (`stuck`), there is nothing to wait for.
    fn stalled(&mut self, overdue: bool, stuck: bool) {
        let kernel = &mut self.kernel;
        let Some(healed) = kernel.phase.open() else { return };
        if let Err(reason) = healed.owed {
            return kernel.excused(reason, String::new());
        }
        let stage = healed.stage.clone();
        let explained = self.liveness.explain(&kernel.ground, &healed.core);
        match explained {
            Some(Stall::Outsider) => {}
            Some(reason) => return kernel.excused(reason, String::new()),
            None if kernel.backlog().is_none() => return kernel.conclude_stall(overdue, stuck),
            None => {}
        }
        match stage {
            Stage::Plain if explained.is_some() => match self.liveness.forfeits() {
                Some(knobs) => self.mend(knobs),
                None => self.leave_alone(),
            },
            Stage::Plain | Stage::Mended { .. } => self.leave_alone(),
            Stage::Alone { .. } => kernel.conclude_stall(overdue, stuck),
        }
    }

    /// Knobs that forfeit progress are on from now.
    fn mend(&mut self, knobs: &'static str) {
        for node in self.nodes.iter_mut().flatten() {
            node.mend();
        }
        self.go_on(Stage::Mended { knobs });
    }

    /// Everybody outside the core is gone from now on, and so is what was under way from before the heal.
    fn leave_alone(&mut self) {
        let backlog = self.kernel.backlog_in_words();
        for slot in self.kernel.leave_alone() {
            self.crash(slot);
        }
        self.go_on(Stage::Alone { backlog });
    }

    fn go_on(&mut self, stage: Stage) {
        self.kernel.go_on(stage);
        self.open_window();
    }
}
