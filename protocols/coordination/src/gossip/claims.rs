//! Asking for a task, and keeping it.

use sim_core::identity::NodeId;
use sim_core::process::Context;
use sim_core::time::{Duration, Time};

use super::keeping::Claim;
use super::{ANSWER, Claimant, Held, Question, SmallMessage, Wish};
use crate::graph::TaskId;
use crate::vocabulary::{Coordination, CoordinationObservation as Observation, Ending};
use crate::worker::Order;

/// How many ready tasks of others an agent looks at, before it rests for a while.
const LOOKS: usize = 256;
/// How often a time is doubled at most. The silence of an agent is longer then than it takes to ask all others in the order of
/// a task.
pub(super) const MOST_DOUBLED: u32 = 5;
/// How often the pause after a refused piece of work is doubled at most: it has to be long beside the work of all others on that task.
const MOST_SUPERSEDED: u32 = 8;

/// What an agent counts on of a claim: a sixteenth less, since clocks may drift.
fn counted_on(lease: Duration) -> Duration {
    lease / 16 * 15
}

impl Claimant {
    /// Asks for the next task, unless a question is open.
    pub fn ask_next(&mut self, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        let waits = self.question.is_some() || self.is_opening() || !self.caught_up || now < self.rests;
        if waits || self.is_over() {
            return;
        }
        while let Some((at, task)) = self.wanted.due(now) {
            self.put_back(task, at);
        }
        while let Some(task) = self.wanted.next() {
            // It may have been refused after its end was known.
            if self.has_ended(task) {
                continue;
            }
            // Whatever becomes of it: if it does not end, it is asked for again.
            self.wanted.later(task, now.saturating_add(self.parameters.lease));
            if !self.held.contains_key(&task) {
                return self.ask(task, cx);
            }
        }
        if let Some(task) = self.foreign(now) {
            self.ask(task, cx);
        }
    }

    /// A ready task of others that nobody is known to have.
    fn foreign(&mut self, now: Time) -> Option<TaskId> {
        let (mut nth, mut low, after) = self.steals;
        if now < after {
            return None;
        }
        let common = self.common.clone();
        let chronicle = common.chronicle.borrow();
        while chronicle.nth_ready(low, self.known) == Some(None) {
            low += 1;
        }
        let mut found = None;
        for _ in 0..LOOKS {
            let Some(entry) = chronicle.nth_ready(nth, self.known) else {
                nth = low;
                continue;
            };
            nth += 1;
            let fits = |task: &TaskId| {
                let able = common.graph.task(*task).needs & !self.capabilities == 0;
                let free = self.avoids.get(task).is_none_or(|until| *until <= now);
                able && free
                    && !self.held.contains_key(task)
                    && !common.homes.of_task(*task).contains(&self.own)
            };
            found = entry.filter(fits);
            if found.is_some() {
                break;
            }
        }
        let pause = if found.is_some() { Duration::ZERO } else { self.parameters.poll / 8 };
        self.steals = (nth, low, now.saturating_add(pause));
        found
    }

    /// The first agent in the order of a task that is neither silent nor too slow; itself, if there is nobody.
    fn home(&self, task: TaskId, now: Time) -> NodeId {
        let speaks = |home: &&NodeId| {
            let left = [&self.silent, &self.slow]
                .iter()
                .any(|those| those.get(*home).is_some_and(|silence| silence.until > now));
            **home == self.own || !left && !self.fallen.contains(*home)
        };
        self.common.homes.ranked(task).iter().find(speaks).copied().unwrap_or(self.own)
    }

    pub(super) fn ask(&mut self, task: TaskId, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        let home = self.home(task, now);
        // Later than whatever it said before: a home that hears of this before it hears that the task was given back took it for
        // the last heartbeat, and let the agent go on under the fence that was about to be given back.
        let at = now.max(self.said.saturating_add(Duration::from_nanos(1)));
        self.said = at;
        self.question = Some(Question { task, home, at });
        self.say(home, SmallMessage::Claim(task, 0, at.as_nanos()), cx);
    }

    /// Says something to an agent, which may be itself.
    pub(super) fn say(&mut self, to: NodeId, message: SmallMessage, cx: &mut Context<'_, Coordination>) {
        if to == self.own { self.hear(to, message, cx) } else { self.wishes.push(Wish::Send(to, message)) }
    }

    /// Hears another agent, or itself.
    pub fn hear(&mut self, from: NodeId, message: SmallMessage, cx: &mut Context<'_, Coordination>) {
        match message {
            SmallMessage::Claim(task, 0, sequence) => self.wanted(from, task, sequence, cx),
            SmallMessage::Claim(task, fence, sequence) => self.kept(from, (task, fence), sequence, cx),
            SmallMessage::Claimed(task, fence, attempt, sequence) => {
                self.answers(from, cx);
                self.claimed(from, (task, fence), attempt, Time::from_nanos(sequence), cx);
            }
            SmallMessage::Taken(task, fence, wait) => {
                self.answers(from, cx);
                self.taken((task, fence), wait, cx);
            }
            SmallMessage::Noted(task, fence, Some(agent)) => {
                let until = cx.monotonic().saturating_add(self.parameters.lease);
                let newer = self.claims.get(&task).is_none_or(|claim| claim.fence <= fence);
                if newer && !self.has_ended(task) {
                    self.claims.insert(task, Claim { agent: Some(agent), fence, until, sequence: 0 });
                    self.take_for_begun(task, agent);
                }
            }
            SmallMessage::Noted(task, fence, None) => {
                if self.claims.get(&task).is_some_and(|claim| claim.fence <= fence) {
                    self.claims.remove(&task);
                }
            }
        }
    }

    /// Only an answer shows that messages pass both ways.
    fn answers(&mut self, home: NodeId, cx: &mut Context<'_, Coordination>) {
        if self.silent.remove(&home).is_some() {
            self.trust(home, cx);
        }
    }

    pub(super) fn has_ended(&self, task: TaskId) -> bool {
        self.common.chronicle.borrow().is_over(task, self.known)
    }

    /// It may have a task, or keep it.
    fn claimed(
        &mut self,
        home: NodeId,
        (task, fence): (TaskId, u64),
        attempt: u32,
        asked: Time,
        cx: &mut Context<'_, Coordination>,
    ) {
        let lease_until = asked.saturating_add(counted_on(self.parameters.lease));
        if let Some(held) = self.held.get_mut(&task).filter(|held| held.fence == fence) {
            held.asked = None;
            return self.wishes.push(Wish::Renew(fence, lease_until));
        }
        let took = cx.monotonic().since(asked);
        if self.question.is_none_or(|question| question.task != task || question.at != asked) {
            return self.wait_longer(took.saturating_mul(2));
        }
        self.question = None;
        self.answer_within = took.saturating_mul(4).clamp(ANSWER, self.longest_wait());
        if lease_until <= cx.monotonic() || self.has_ended(task) {
            return;
        }
        if !self.common.homes.of_task(task).contains(&self.own) {
            self.vain = 0;
            cx.observe(Observation::Stole { task, home });
        }
        self.held.insert(task, Held { fence, home, asked: None });
        self.wishes.push(Wish::Take(Order { task, fence, attempt, lease_until, named_from: 0 }));
    }

    /// Somebody else has a task.
    fn taken(&mut self, (task, fence): (TaskId, u64), wait: Duration, cx: &mut Context<'_, Coordination>) {
        if fence > 0 {
            if self.held.get(&task).is_some_and(|held| held.fence == fence) {
                self.held.remove(&task);
                self.wishes.push(Wish::Drop(fence));
            }
            return;
        }
        let now = cx.monotonic();
        if self.question.take_if(|question| question.task == task).is_none() {
            if let Some(missed) = self.missed.filter(|missed| missed.task == task) {
                self.wait_longer(now.since(missed.at).saturating_mul(2));
            }
            return;
        }
        cx.observe(Observation::ClaimRefused { task });
        let until = now.saturating_add(wait);
        if !self.leave_alone(task, until) {
            let pause = (self.parameters.poll / 8).saturating_mul(1 << self.vain.min(MOST_DOUBLED));
            self.steals.2 = now.saturating_add(pause);
            self.vain += 1;
        }
    }

    /// Asks for a task no sooner than that; whether it is one of those of which it is a home.
    fn leave_alone(&mut self, task: TaskId, until: Time) -> bool {
        let own = self.common.homes.of_task(task).contains(&self.own);
        if own {
            self.wanted.later(task, until);
        } else {
            self.avoids.insert(task, until);
        }
        own
    }

    /// It has ended its work on a task under a fence: its home is told, and asked no more.
    pub fn ended(
        &mut self,
        task: TaskId,
        fence: u64,
        ending: Ending,
        cx: &mut Context<'_, Coordination>,
    ) -> NodeId {
        let now = cx.monotonic();
        let held = self.held.get(&task).copied().filter(|held| held.fence == fence);
        let home = held.map_or_else(|| self.home(task, now), |held| held.home);
        if held.is_some() {
            self.held.remove(&task);
        }
        // The sink has said that it is over, and will tell so: until then nobody is to ask for it again.
        if matches!(ending, Ending::Done | Ending::Failed | Ending::Elsewhere) && !self.has_ended(task) {
            self.forget(task);
            self.avoids.insert(task, Time::MAX);
        }
        match ending {
            Ending::Done | Ending::Failed => self.returned = 0,
            Ending::Attempt => {
                self.forget(task);
                self.put_back(task, now);
            }
            Ending::Returned => {
                self.returned += 1;
                let pause = self.parameters.heartbeat.saturating_mul(1 << self.returned.min(6));
                self.rests = now.saturating_add(pause.min(Duration::from_secs(600)));
            }
            // Its home may not hear of that: without a pause, it would be given the task under the next low fence at once. And agents
            // that hear nobody are homes of all tasks: without longer and longer ones, each would supersede the others for ever.
            Ending::Superseded => {
                let times = self.superseded.entry(task).or_default();
                let pause = self.parameters.lease.saturating_mul(1 << (*times).min(MOST_SUPERSEDED));
                *times += 1;
                self.leave_alone(task, now.saturating_add(pause));
            }
            Ending::Elsewhere => {}
        }
        self.wishes.push(Wish::Ask);
        if home == self.own {
            self.released(task, fence, ending, cx);
        }
        home
    }

    /// A heartbeat: it tells homes what it has. Whoever did not answer the last time is silent for a while.
    pub fn renew(&mut self, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        self.give_up_question(cx);
        self.ask_witness(now);
        self.said = now.max(self.said);
        let tasks: Vec<(TaskId, Held)> = self.held.iter().map(|(task, held)| (*task, *held)).collect();
        for (task, held) in tasks {
            let unheard = held.asked.filter(|asked| now.since(*asked) >= self.answer_within);
            if unheard.is_some() && held.home != self.own {
                self.hold_for_silent(held.home, cx);
            }
            let home = self.home(task, now);
            let asked = held.asked.filter(|_| unheard.is_none()).unwrap_or(now);
            self.held.insert(task, Held { home, asked: Some(asked), ..held });
            self.say(home, SmallMessage::Claim(task, held.fence, now.as_nanos()), cx);
        }
    }

    fn hold_for_silent(&mut self, home: NodeId, cx: &mut Context<'_, Coordination>) {
        let new = !self.silent.contains_key(&home);
        self.silent.entry(home).or_default().goes_on(self.parameters.dead_after, cx.monotonic());
        if !new {
            self.doubt_again(home);
        } else if !self.fallen.contains(&home) {
            self.doubt(home, cx);
        }
    }

    fn longest_wait(&self) -> Duration {
        self.parameters.dead_after.max(ANSWER)
    }

    /// Answers take longer than it waits, on a long way through others: it would never hear one in time.
    fn wait_longer(&mut self, time: Duration) {
        self.answer_within = self.answer_within.max(time).min(self.longest_wait());
    }

    /// Gives up a question that nobody answered; the next one goes to the next home.
    pub fn give_up_question(&mut self, cx: &mut Context<'_, Coordination>) {
        let now = cx.monotonic();
        let Some(question) = self.question.filter(|question| now.since(question.at) >= self.answer_within)
        else {
            return;
        };
        self.question = None;
        self.missed = Some(question);
        self.hold_for_silent(question.home, cx);
        // Plant S09: a thief believes that somebody else has the task, and asks for something else.
        if self.common.plants.steal_unconfirmed
            && !self.common.homes.of_task(question.task).contains(&self.own)
        {
            self.avoids.insert(question.task, Time::MAX);
            return;
        }
        self.ask(question.task, cx);
    }

    /// What it was told to drop since its lease is over it has no more. The home did not renew that lease in time.
    pub fn keeps_only(&mut self, now: Time, held: impl Fn(TaskId, u64) -> bool) {
        let lapsed = self.held.iter().filter(|(task, own)| !held(**task, own.fence));
        let late: Vec<NodeId> = lapsed.map(|(_, own)| own.home).collect();
        late.into_iter()
            .for_each(|home| self.slow.entry(home).or_default().goes_on(self.parameters.lease, now));
        self.held.retain(|task, own| held(*task, own.fence));
    }

    /// When something is to be done next, if anything.
    pub fn next_deadline(&self, has_room: bool) -> Option<Time> {
        if let Some(question) = self.question {
            return Some(question.at.saturating_add(self.answer_within));
        }
        let later = self.wanted.next_due().unwrap_or(Time::MAX).min(self.steals.2);
        (has_room && self.caught_up && !self.is_opening() && self.unfinished > 0)
            .then(|| later.max(self.rests))
    }
}
