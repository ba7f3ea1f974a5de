//! Calls of the model, and what an agent does when it is refused.

use sim_core::process::Context;
use sim_core::time::Duration;

use super::Worker;
use super::attempt::Stage;
use crate::courier::jittered;
use crate::parameters::OnLimit;
use crate::vocabulary::{Coordination, CoordinationMessage as Message};

/// The longest that an agent backs off by itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// The pause of agents that ask again at once.
const AT_ONCE: Duration = Duration::from_millis(100);

impl Worker {
    /// Calls the model for the step under way.
    pub(super) fn call(&mut self, slot: usize, cx: &mut Context<'_, Coordination>) {
        let parameters = &self.place.parameters;
        let patience = parameters.answer_timeout.saturating_add(parameters.usual_call().saturating_mul(2));
        let (platform, context) = (self.place.platform, parameters.context);
        let call = self.next_call;
        let Some(attempt) = &mut self.slots[slot] else { return };
        let task = self.place.graph.task(attempt.order.task);
        // The context holds what was said before, up to a bound at which it is summarized.
        let grown = attempt.steps.saturating_mul(task.tokens_out);
        let tokens_in = task.tokens_in.saturating_add(grown).min(context);
        (attempt.stage, attempt.call) = (Stage::Calling, call);
        self.next_call += 1;
        cx.send(platform, Message::Call { call, tokens_in, tokens_out: task.tokens_out });
        self.set(slot, patience, cx);
    }

    fn calling(&self, call: u64) -> Option<usize> {
        let is_it = |slot: &Option<super::Attempt>| {
            slot.as_ref().is_some_and(|attempt| attempt.stage == Stage::Calling && attempt.call == call)
        };
        self.slots.iter().position(is_it)
    }

    pub(super) fn answered(&mut self, call: u64, cx: &mut Context<'_, Coordination>) {
        if let Some(slot) = self.calling(call) {
            self.stepped(slot, cx);
        }
    }

    /// 429: the agent waits as its policy says.
    pub(super) fn limited(&mut self, call: u64, retry_after: Duration, cx: &mut Context<'_, Coordination>) {
        let Some(slot) = self.calling(call) else { return };
        let policy = self.place.parameters.on_limit;
        let Some(attempt) = &mut self.slots[slot] else { return };
        attempt.stage = Stage::Throttled;
        attempt.tries += 1;
        // That it is refused is an answer: the platform is there.
        attempt.since = cx.monotonic();
        let own = Duration::from_secs(1).saturating_mul(1 << (attempt.tries - 1).min(6)).min(LONGEST_PAUSE);
        let pause = match policy {
            OnLimit::BackOff => retry_after.saturating_add(jittered(own, cx)),
            OnLimit::RetryAfter => retry_after,
            OnLimit::AtOnce => AT_ONCE,
        };
        self.set(slot, pause, cx);
    }

    /// The call failed: it is made again, a little later each time.
    pub(super) fn broken(&mut self, call: u64, cx: &mut Context<'_, Coordination>) {
        let Some(slot) = self.calling(call) else { return };
        let Some(attempt) = &mut self.slots[slot] else { return };
        attempt.tries += 1;
        let pause = Duration::from_millis(250).saturating_mul(1 << (attempt.tries - 1).min(6));
        self.set(slot, jittered(pause, cx), cx);
    }
}
