//! Calls of the model, and what an agent does when it is refused.

use sim_core::process::Context;
use sim_core::time::Duration;

use super::Worker;
use super::attempt::Stage;
use crate::breaker::Leave;
use crate::courier::jittered;
use crate::parameters::OnLimit;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

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
        if let Leave::Wait(pause) = self.breaker.leave(cx.monotonic(), patience) {
            return self.wait_for_breaker(slot, pause, cx);
        }
        let call = self.next_call;
        let Some(attempt) = &mut self.slots[slot] else { return };
        let task = self.place.graph.task(attempt.order.task);
        // The context holds what was said before, up to a bound at which it is summarized.
        let grown = attempt.steps.saturating_mul(task.tokens_out);
        let tokens_in = task.tokens_in.saturating_add(grown).min(context);
        (attempt.stage, attempt.call, attempt.failed) = (Stage::Calling, call, false);
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

    /// The breaker is open: the call is made later.
    fn wait_for_breaker(&mut self, slot: usize, pause: Duration, cx: &mut Context<'_, Coordination>) {
        if let Some(attempt) = &mut self.slots[slot] {
            attempt.stage = Stage::Throttled;
        }
        // Agents do not try all at once.
        let extra = jittered(pause / 8, cx);
        self.set(slot, pause.saturating_add(extra), cx);
    }

    pub(super) fn answered(&mut self, call: u64, cx: &mut Context<'_, Coordination>) {
        if let Some(slot) = self.calling(call) {
            self.close_breaker(cx);
            self.stepped(slot, cx);
        }
    }

    fn close_breaker(&mut self, cx: &mut Context<'_, Coordination>) {
        if self.breaker.answered() {
            cx.observe(Observation::BreakerClosed);
        }
    }

    /// If a slot waits for the model: its call failed, or had no answer in time.
    pub(super) fn miss_answer(&mut self, slot: usize, cx: &mut Context<'_, Coordination>) {
        let is_missed =
            self.slots[slot].as_ref().is_some_and(|own| own.stage == Stage::Calling && !own.failed);
        if is_missed {
            self.count_failure(cx);
        }
    }

    fn count_failure(&mut self, cx: &mut Context<'_, Coordination>) {
        if let Some(calls) = self.breaker.failed(cx.monotonic()) {
            cx.observe(Observation::BreakerOpened { calls });
        }
    }

    /// 429: the agent waits as its policy says.
    pub(super) fn limited(&mut self, call: u64, retry_after: Duration, cx: &mut Context<'_, Coordination>) {
        let Some(slot) = self.calling(call) else { return };
        self.close_breaker(cx);
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
        let again = std::mem::replace(&mut attempt.failed, true);
        attempt.tries += 1;
        let tries = attempt.tries;
        if !again {
            self.count_failure(cx);
        }
        let pause = Duration::from_millis(250).saturating_mul(1 << (tries - 1).min(6));
        self.set(slot, jittered(pause, cx), cx);
    }
}
