//! The next event under the `Choices` scheduler.

use super::World;
use crate::kernel::choices::Typed;
use crate::outcome::Ended;
use crate::process::{Process, Protocol};

impl<P: Protocol, N: Process<P>> World<P, N> {
    /// Picks the next event by the list of choices.
    pub(super) fn choose(&mut self) -> Result<Option<u128>, Ended> {
        let enabled = self.kernel.enabled(&mut self.timers);
        if enabled.is_empty() {
            return Ok(None);
        }
        if self.was_here_before() {
            return Err(Ended::OutOfChoices);
        }
        let payloads = &self.payloads;
        let mut typed = Typed { timers: &mut self.timers, kind: &|payload| payloads[payload].kind };
        self.kernel.pick(&enabled, &mut typed).map(Some).ok_or(Ended::OutOfChoices)
    }
}
