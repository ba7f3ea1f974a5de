//! One attempt at a task, from its beginning at the sink to its result there.

use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use super::{Busy, Order, Word, Worker};
use crate::courier::jittered;
use crate::graph::TaskId;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation, Ending,
};

/// Where an attempt stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// It asks the sink whether it may begin.
    Beginning,
    /// The agent reads what the task is about.
    Reading,
    /// Local work.
    Working,
    /// A call of the model is under way.
    Calling,
    /// A limit holds it up, or the breaker.
    Throttled,
    /// The sink saves how far it is.
    Saving,
    /// The sink takes the result.
    Writing(Ending),
}

impl Stage {
    pub(super) const fn busy(self) -> Busy {
        match self {
            Self::Working | Self::Calling => Busy::Working,
            Self::Throttled => Busy::Throttled,
            Self::Beginning | Self::Reading | Self::Saving | Self::Writing(_) => Busy::Coordinating,
        }
    }
}

/// One attempt.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    pub(super) order: Order,
    pub(super) stage: Stage,
    /// Steps that are done.
    pub(super) steps: u32,
    /// The call under way.
    pub(super) call: u64,
    /// Whether that call failed.
    pub(super) failed: bool,
    /// How often the present request was made.
    pub(super) tries: u32,
    /// When it was made first.
    pub(super) since: Time,
}

impl Worker {
    pub(super) fn begin(&mut self, slot: usize, order: Order, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        let lease = (order.lease_until < Time::MAX).then(|| order.lease_until.since(now));
        cx.observe(Observation::Started { task: order.task, fence: order.fence, lease });
        self.slots[slot] = Some(Attempt {
            order,
            stage: Stage::Beginning,
            steps: 0,
            call: 0,
            failed: false,
            tries: 0,
            since: now,
        });
        self.ask(slot, cx);
    }

    /// Makes the request of the stage, again if it was made before.
    pub(super) fn ask(&mut self, slot: usize, cx: &mut Context<'_, Coordination>) {
        let (sink, pause) = (self.place.sink, self.place.parameters.answer_timeout);
        let Some(attempt) = &mut self.slots[slot] else { return };
        let Order { task, fence, .. } = attempt.order;
        let message = match attempt.stage {
            Stage::Beginning => Message::Begin { task, fence },
            Stage::Saving => Message::Save { task, fence, steps: attempt.steps },
            Stage::Writing(ending) => Message::Write { task, fence, ending },
            Stage::Calling | Stage::Throttled => return self.call(slot, cx),
            Stage::Reading | Stage::Working => return,
        };
        attempt.tries += 1;
        let pause = pause.saturating_mul(1 << (attempt.tries - 1).min(3)) / 2;
        cx.send(sink, message);
        self.set(slot, jittered(pause, cx), cx);
    }

    /// The next stage, whose request was not made yet.
    pub(super) fn enter(&mut self, slot: usize, stage: Stage, cx: &mut Context<'_, Coordination>) {
        if let Some(attempt) = &mut self.slots[slot] {
            (attempt.stage, attempt.tries, attempt.since) = (stage, 0, cx.monotonic());
        }
    }

    fn slot_of(&self, (task, fence): (TaskId, u64), stage: impl Fn(Stage) -> bool) -> Option<usize> {
        self.slots.iter().position(|slot| {
            slot.as_ref().is_some_and(|attempt| {
                attempt.order.task == task && attempt.order.fence == fence && stage(attempt.stage)
            })
        })
    }

    pub(super) fn begun(&mut self, of: (TaskId, u64), steps: u32, cx: &mut Context<'_, Coordination>) {
        let Some(slot) = self.slot_of(of, |stage| stage == Stage::Beginning) else { return };
        if let Some(attempt) = &mut self.slots[slot] {
            attempt.steps = steps;
        }
        let handover = self.place.parameters.handover;
        if handover.is_zero() {
            return self.work(slot, cx);
        }
        self.enter(slot, Stage::Reading, cx);
        self.set(slot, handover, cx);
    }

    /// The local work of the next step, or the end.
    pub(super) fn work(&mut self, slot: usize, cx: &mut Context<'_, Coordination>) {
        let Some(attempt) = &self.slots[slot] else { return };
        let task = self.place.graph.task(attempt.order.task);
        let (done, steps) = (u64::from(attempt.steps), u64::from(task.steps));
        if done >= steps {
            return self.conclude(slot, cx);
        }
        // So that the parts add up to the whole.
        let until = |step: u64| {
            Duration::from_nanos(
                (u128::from(task.work.as_nanos()) * u128::from(step) / u128::from(steps)) as u64,
            )
        };
        let part = Duration::from_nanos(until(done + 1).as_nanos() - until(done).as_nanos());
        self.enter(slot, Stage::Working, cx);
        self.set(slot, part, cx);
    }

    /// A step is done, its call included.
    pub(super) fn stepped(&mut self, slot: usize, cx: &mut Context<'_, Coordination>) {
        let every = self.place.parameters.checkpoint;
        let Some(attempt) = &mut self.slots[slot] else { return };
        attempt.steps += 1;
        let (task, steps) = (attempt.order.task, attempt.steps);
        cx.observe(Observation::Stepped { task, steps });
        self.words.push(Word::Stepped(task, steps));
        if every > 0 && steps.is_multiple_of(every) && steps < self.place.graph.task(task).steps {
            self.enter(slot, Stage::Saving, cx);
            return self.ask(slot, cx);
        }
        self.work(slot, cx);
    }

    pub(super) fn saved(&mut self, of: (TaskId, u64), cx: &mut Context<'_, Coordination>) {
        if let Some(slot) = self.slot_of(of, |stage| stage == Stage::Saving) {
            self.work(slot, cx);
        }
    }

    /// All steps are done: what came of it.
    fn conclude(&mut self, slot: usize, cx: &mut Context<'_, Coordination>) {
        let Some(attempt) = &self.slots[slot] else { return };
        let order = attempt.order;
        let task = self.place.graph.task(order.task);
        match (task.fails(order.attempt), order.attempt < task.retries) {
            (true, true) => self.finish(slot, Ending::Attempt, cx),
            (true, false) => self.write(slot, Ending::Failed, cx),
            (false, _) => self.write(slot, Ending::Done, cx),
        }
    }

    fn write(&mut self, slot: usize, ending: Ending, cx: &mut Context<'_, Coordination>) {
        self.enter(slot, Stage::Writing(ending), cx);
        self.ask(slot, cx);
    }

    pub(super) fn written(&mut self, of: (TaskId, u64), cx: &mut Context<'_, Coordination>) {
        let Some(slot) = self.slot_of(of, |stage| matches!(stage, Stage::Writing(_))) else { return };
        if let Some(Attempt { stage: Stage::Writing(ending), .. }) = self.slots[slot] {
            self.finish(slot, ending, cx);
        }
    }

    pub(super) fn refused(&mut self, of: (TaskId, u64), ended: bool, cx: &mut Context<'_, Coordination>) {
        if let Some(slot) = self.slot_of(of, |_| true) {
            let ending = if ended { Ending::Elsewhere } else { Ending::Superseded };
            self.finish(slot, ending, cx);
        }
    }

    pub(super) fn finish(&mut self, slot: usize, ending: Ending, cx: &mut Context<'_, Coordination>) {
        if let Some(attempt) = &self.slots[slot] {
            self.words.push(Word::Ended(attempt.order, ending));
        }
        self.vacate(slot, cx);
    }

    /// The timer of a slot fired.
    pub(super) fn turn(&mut self, slot: usize, cx: &mut Context<'_, Coordination>) {
        let patience = self.place.parameters.patience;
        self.miss_answer(slot, cx);
        let Some(attempt) = &self.slots[slot] else { return };
        match attempt.stage {
            Stage::Reading => self.work(slot, cx),
            Stage::Working if self.place.graph.task(attempt.order.task).tokens_out == 0 => {
                self.stepped(slot, cx);
            }
            Stage::Working => {
                self.enter(slot, Stage::Calling, cx);
                self.ask(slot, cx);
            }
            _ if cx.monotonic().since(attempt.since) >= patience => self.finish(slot, Ending::Returned, cx),
            _ => self.ask(slot, cx),
        }
    }
}
