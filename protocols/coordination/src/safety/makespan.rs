//! The makespan against what no schedule can beat, and the figures of a run.

use std::rc::Rc;

use sim_core::check::{Check, Findings, Seen, Table};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::{Duration, Time};

use crate::graph::bounds::{chain_and_sum, least_makespan};
use crate::graph::{Graph, TaskId};
use crate::ledger::{BUCKETS, Bucket, Buckets, Ledger};
use crate::parameters::Parameters;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

/// What is recorded about every run.
pub const METRICS: &[&str] = &[
    "tasks_done",
    "tasks_begun_again",
    "tasks_begun_while_held",
    "decisions_made_twice",
    "members_begun_again",
    "calls_refused",
    "cost_microdollars",
    "makespan_ns",
    "makespan_bound_ns",
    "overhead_permille",
    "busiest_coordinating_permille",
    "ready_to_started_ns",
    "routing_ns",
    "event_ns",
    "events_published",
    "events_heard",
    "events_unheard",
    "events_under_way",
    "events_lost",
    "registration_ns",
    "agents_unregistered",
    "agents_registered_late",
    "agents_replaced",
    "replacement_ns",
    "detection_ns",
    "cut_off_told_ns",
    "gone_told_ns",
    "cut_off_wrong",
    "gone_wrong",
    "agent_working_ns",
    "agent_coordinating_ns",
    "agent_waiting_ns",
    "agent_throttled_ns",
    "agent_idle_ns",
    "agent_down_ns",
    "memory_writes",
    "memory_reads",
    "memory_stale_reads",
    "memory_refused",
    "memory_denied",
    "memory_old_reads",
    "memory_unanswered",
    "memory_write_ns",
    "memory_read_ns",
    "memory_stale_ns",
    "memory_kept_too_long_ns",
    "memory_spread_ns",
    "memory_converged_ns",
    "memory_read_only_ns",
];

/// Compares the end of the last task with the bound, and records what a run came to.
#[derive(Debug)]
pub struct Makespan {
    graph: Rc<Graph>,
    ledger: Ledger,
    per_token: Duration,
    slots: u64,
    ready: Vec<Option<Time>>,
    /// By task: under which fence it was given away last, and when, until the agent hears of that.
    granted: Vec<Option<(u64, Time)>>,
    expired: u64,
    down: Vec<Option<Time>>,
    counts: Counts,
}

/// What is counted for the table.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    stale: u64,
    refused: u64,
    fell_back: u64,
    cut_off: u64,
    cut_off_wrong: u64,
    gone: u64,
    gone_wrong: u64,
}

impl Makespan {
    /// For these tasks among so many agents.
    pub fn new(parameters: &Parameters, graph: &Rc<Graph>, agents: u32, ledger: Ledger) -> Self {
        Self {
            slots: u64::from(parameters.workers(agents)) * u64::from(parameters.slots),
            per_token: parameters.per_token,
            ready: vec![None; graph.len()],
            granted: vec![None; graph.len()],
            down: vec![None; agents as usize],
            expired: 0,
            counts: Counts::default(),
            graph: graph.clone(),
            ledger,
        }
    }

    /// The least that a task takes: its work, and the tokens of its calls.
    fn cost(&self, id: TaskId) -> Duration {
        let task = self.graph.task(id);
        let calls = self.per_token.saturating_mul(u64::from(task.tokens_out) * u64::from(task.steps));
        task.work.saturating_add(calls)
    }

    fn is_down(&self, agent: NodeId) -> bool {
        self.down.get(agent.index()).copied().flatten().is_some()
    }

    /// The least time in which what was done can be done.
    fn bound(&self) -> Duration {
        let ledger = self.ledger.read();
        let (chain, sum) = chain_and_sum(&self.graph, &ledger.done, |id| self.cost(id));
        least_makespan(chain, sum, self.slots)
    }

    fn record(&self, ground: &Ground, findings: &mut Findings) {
        let ledger = self.ledger.read();
        let buckets = ledger.buckets(ground.now);
        let busiest = buckets.iter().map(|own| own.permille(Bucket::Coordinating)).max().unwrap_or_default();
        let begun: u64 = ledger.begun.iter().map(|times| u64::from(*times)).sum();
        let once = ledger.begun.iter().filter(|times| **times > 0).count() as u64;
        findings.record("tasks_done", ledger.done.len() as u64);
        findings.record("tasks_begun_again", begun - once);
        findings.record("cut_off_wrong", self.counts.cut_off_wrong);
        findings.record("gone_wrong", self.counts.gone_wrong);
        findings.record("calls_refused", ledger.limited);
        findings.record("cost_microdollars", ledger.cost);
        findings.record("busiest_coordinating_permille", busiest);
        if ledger.unsettled() == 0 {
            findings.record("makespan_ns", ledger.last_end.as_nanos());
            findings.record("makespan_bound_ns", self.bound().as_nanos());
        }
        for own in &buckets {
            for (bucket, name) in BUCKETS {
                findings.record(time_metric(name), own.of(bucket).as_nanos());
            }
            findings.record("overhead_permille", own.overhead_permille());
        }
    }
}

const fn time_metric(bucket: &str) -> &'static str {
    match bucket.as_bytes() {
        b"working" => "agent_working_ns",
        b"coordinating" => "agent_coordinating_ns",
        b"waiting" => "agent_waiting_ns",
        b"throttled" => "agent_throttled_ns",
        b"idle" => "agent_idle_ns",
        _ => "agent_down_ns",
    }
}

impl Check<Coordination> for Makespan {
    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&[
            "Ready",
            "Granted",
            "Started",
            "Lost",
            "CutOff",
            "Gone",
            "Expired",
            "Effect",
            "Stale",
            "FenceRefused",
            "FellBack",
        ])
    }

    fn observe(&mut self, ground: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        match *seen.observation {
            Observation::Ready { task } => self.ready[task as usize] = Some(ground.now),
            Observation::Granted { task, fence, .. } => {
                self.granted[task as usize] = Some((fence, ground.now));
            }
            Observation::Started { task, .. } => {
                if let Some(since) = self.ready[task as usize].take() {
                    findings.record("ready_to_started_ns", ground.now.since(since).as_nanos());
                }
            }
            Observation::Lost { agent } => {
                if let Some(since) = self.down.get(agent.index()).copied().flatten() {
                    findings.record("detection_ns", ground.now.since(since).as_nanos());
                }
            }
            Observation::CutOff { agent, silent } => {
                self.counts.cut_off += 1;
                self.counts.cut_off_wrong += u64::from(self.is_down(agent));
                findings.record("cut_off_told_ns", silent.as_nanos());
            }
            Observation::Gone { agent, silent } => {
                self.counts.gone += 1;
                self.counts.gone_wrong += u64::from(!self.is_down(agent));
                findings.record("gone_told_ns", silent.as_nanos());
            }
            Observation::Expired { .. } => self.expired += 1,
            Observation::Effect { .. } => findings.exercised(),
            Observation::Stale { .. } => self.counts.stale += 1,
            Observation::FenceRefused { .. } => self.counts.refused += 1,
            Observation::FellBack { .. } => self.counts.fell_back += 1,
            _ => {}
        }
    }

    fn takes(&self) -> &'static [&'static str] {
        &["Grant", "Relay"]
    }

    fn received(
        &mut self,
        ground: &Ground,
        slot: Slot,
        _: NodeId,
        message: &Message,
        findings: &mut Findings,
    ) {
        let message = match message {
            Message::Relay { to, parcel, .. } if ground.place(slot).node == *to => &*parcel.0,
            other => other,
        };
        if let Message::Grant { task, fence, .. } = *message
            && let Some((_, at)) = self.granted[task as usize].take_if(|(granted, _)| *granted == fence)
        {
            findings.record("routing_ns", ground.now.since(at).as_nanos());
        }
    }

    fn lifecycle(
        &mut self,
        ground: &Ground,
        slot: Slot,
        event: sim_core::check::Lifecycle,
        _: &mut Findings,
    ) {
        use sim_core::check::Lifecycle;
        if let Some(down) = self.down.get_mut(slot.index()) {
            match event {
                Lifecycle::Crashed | Lifecycle::Wiped => *down = Some(ground.now),
                Lifecycle::Booted => *down = None,
                Lifecycle::Corrupted | Lifecycle::Healed => {}
            }
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        self.record(ground, findings);
        let (ledger, bound) = (self.ledger.read(), self.bound());
        if ledger.done.is_empty() {
            return;
        }
        findings.exercised();
        // Clocks that run fast by what is borne make timers early by as much.
        let least = bound.as_nanos() - bound.as_nanos() / 32;
        if ledger.last_end.as_nanos() < least {
            let message = format!(
                "{} tasks ended after {}, and no schedule needs less than {}",
                ledger.done.len(),
                ledger.last_end.since(Time::ZERO).told(),
                bound.told()
            );
            findings.safety("", &[], message);
        }
    }

    fn table(&self, ground: &Ground) -> Option<Table> {
        let ledger = self.ledger.read();
        let begun: u64 = ledger.begun.iter().map(|times| u64::from(*times)).sum();
        let once = ledger.begun.iter().filter(|times| **times > 0).count() as u64;
        let end = ledger.last_end.since(Time::ZERO);
        let row = |name: &str, value: String| vec![name.to_owned(), value];
        let dollars = format!("${}.{:02}", ledger.cost / 1_000_000, ledger.cost % 1_000_000 / 10_000);
        let buckets = ledger.buckets(ground.now);
        let busiest = buckets.iter().map(|own| own.permille(Bucket::Coordinating)).max().unwrap_or_default();
        let all = buckets.iter().fold(Buckets::default(), Buckets::plus);
        let percent = |permille: u64| format!("{}.{} %", permille / 10, permille % 10);
        let told = |all: u64, wrong: u64| {
            if wrong > 0 { format!("{all}, {wrong} of them wrongly") } else { all.to_string() }
        };
        let share = |(bucket, name): &(Bucket, &str)| format!("{name} {}", percent(all.permille(*bucket)));
        Some(Table {
            title: "Tasks".to_owned(),
            columns: vec!["what".to_owned(), "value".to_owned()],
            rows: vec![
                row("tasks done", format!("{} of {}", ledger.done.len(), self.graph.len())),
                row("tasks not ended", ledger.unsettled().to_string()),
                row("last task ended after", end.told()),
                row("no schedule needs less than", self.bound().told()),
                row("tasks begun again", (begun - once).to_string()),
                row("leases that ran out", self.expired.to_string()),
                row(
                    "silent agents, told to be cut off",
                    told(self.counts.cut_off, self.counts.cut_off_wrong),
                ),
                row("silent agents, told to be gone", told(self.counts.gone, self.counts.gone_wrong)),
                row("results under an old fence", (self.counts.stale + self.counts.refused).to_string()),
                row("fallbacks", self.counts.fell_back.to_string()),
                row("calls answered", ledger.served.to_string()),
                row("calls refused (429)", ledger.limited.to_string()),
                row("cost", dollars),
                row("time of all agents", BUCKETS.iter().map(share).collect::<Vec<_>>().join(" · ")),
                row("coordinating ÷ (coordinating + working)", percent(all.overhead_permille())),
                row("time that the busiest coordinator is busy", percent(busiest)),
            ],
            omitted: 0,
        })
    }
}
