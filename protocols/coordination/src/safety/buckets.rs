//! Where the time of agents goes, held against their lives and tasks.

use sim_core::check::{Check, Findings, Lifecycle, Seen, Table};
use sim_core::ground::Ground;
use sim_core::identity::{NodeId, Slot};
use sim_core::time::{Duration, Time};

use crate::ledger::{BUCKETS, Bucket, Buckets, Ledger};
use crate::parameters::Parameters;
use crate::vocabulary::{
    Coordination, CoordinationMessage as Message, CoordinationObservation as Observation,
};

/// How many rows of agents the table has.
const MOST_ROWS: usize = 40;

/// Compares the buckets with the lives of agents, and what they say with the tasks that they have.
#[derive(Debug)]
pub struct TimeBuckets {
    ledger: Ledger,
    handling: Duration,
    voting: Duration,
    /// How many of the first agents may coordinate.
    coordinators: u32,
    /// When each agent went down, if it is down, and how long it was down before.
    down: Vec<(Option<Time>, Duration)>,
}

impl TimeBuckets {
    /// For so many agents.
    pub fn new(parameters: &Parameters, agents: u32, ledger: Ledger) -> Self {
        Self {
            ledger,
            handling: parameters.handling,
            voting: parameters.voting,
            coordinators: parameters.core_of(agents).max(1),
            down: vec![(None, Duration::ZERO); agents as usize],
        }
    }

    /// Where the time of every agent went until now.
    pub fn buckets(&self, now: Time) -> Vec<Buckets> {
        self.ledger.read().buckets(now)
    }

    fn judge(&self, slot: Slot, node: NodeId, spent: &Buckets, now: Time, findings: &mut Findings) {
        findings.exercised();
        let (since, before) = self.down[slot.index()];
        let down = before.saturating_add(since.map_or(Duration::ZERO, |since| now.since(since)));
        let all = now.since(Time::ZERO);
        if spent.sum() != all || spent.of(Bucket::Down) != down {
            let message = format!(
                "the time of {node} sums to {} with {} down; the run took {}, and it was down for {}",
                spent.sum().told(),
                spent.of(Bucket::Down).told(),
                all.told(),
                down.told()
            );
            findings.safety("sum", &[node], message);
        }
    }
}

impl Check<Coordination> for TimeBuckets {
    fn keeps_books(&self) -> bool {
        true
    }

    fn hears(&self) -> Option<&'static [&'static str]> {
        Some(&["Idle", "Working", "Throttled", "Coordinating"])
    }

    fn takes(&self) -> &'static [&'static str] {
        &["Beat", "Gathered", "Finish", "Report", "Order", "Claim", "Relay"]
    }

    fn received(&mut self, ground: &Ground, slot: Slot, _: NodeId, message: &Message, _: &mut Findings) {
        let busy = match message {
            Message::Order { .. } => self.voting,
            Message::Relay { to, parcel, .. } => match &*parcel.0 {
                Message::Order { .. } => self.voting,
                Message::Claim { .. } => self.handling,
                _ if *to == ground.place(slot).node && slot.0 >= self.coordinators => return,
                _ => self.handling,
            },
            _ => self.handling,
        };
        self.ledger.handled(slot, busy);
    }

    fn observe(&mut self, _: &Ground, seen: &Seen<'_, Coordination>, findings: &mut Findings) {
        findings.exercised();
        let has = !self.ledger.read().runs(seen.slot).is_empty();
        let idle = matches!(seen.observation, Observation::Idle);
        if has == idle {
            let what = if idle { "is idle and has a task" } else { "is busy and has no task" };
            findings.safety("busy", &[seen.node], format!("{} says that it {what}", seen.node));
        }
    }

    fn lifecycle(&mut self, ground: &Ground, slot: Slot, event: Lifecycle, _: &mut Findings) {
        let Some((since, before)) = self.down.get_mut(slot.index()) else { return };
        match event {
            Lifecycle::Crashed | Lifecycle::Wiped => {
                since.get_or_insert(ground.now);
            }
            Lifecycle::Booted => {
                if let Some(since) = since.take() {
                    *before = before.saturating_add(ground.now.since(since));
                }
            }
            Lifecycle::Corrupted | Lifecycle::Healed => {}
        }
    }

    fn finish(&mut self, ground: &Ground, findings: &mut Findings) {
        let buckets = self.ledger.read().buckets(ground.now);
        for (slot, spent) in (0..).map(Slot).zip(&buckets) {
            self.judge(slot, ground.place(slot).node, spent, ground.now, findings);
        }
    }

    fn table(&self, ground: &Ground) -> Option<Table> {
        let buckets = self.ledger.read().buckets(ground.now);
        let mut columns = vec!["agent".to_owned()];
        columns.extend(BUCKETS.iter().map(|(_, name)| (*name).to_owned()));
        columns.push("overhead".to_owned());
        let percent = |permille: u64| format!("{}.{} %", permille / 10, permille % 10);
        let row = |name: String, spent: &Buckets| {
            let share = |(bucket, _): &(Bucket, &str)| percent(spent.permille(*bucket));
            let mut row = vec![name];
            row.extend(BUCKETS.iter().map(share));
            row.push(percent(spent.overhead_permille()));
            row
        };
        let sum = |of: &[Buckets]| of.iter().fold(Buckets::default(), Buckets::plus);
        let mut rows = vec![row("all agents".to_owned(), &sum(&buckets))];
        let busiest = (0..).map(Slot).zip(&buckets).max_by_key(|(_, own)| own.of(Bucket::Coordinating));
        rows.extend(busiest.map(|(slot, own)| row(format!("busiest, {}", ground.place(slot).node), own)));
        // Many agents share a row.
        let band = buckets.len().div_ceil(MOST_ROWS).max(1);
        for (band, first) in buckets.chunks(band).zip((0..).step_by(band)) {
            let name = |slot: usize| ground.place(Slot(slot as u32)).node.to_string();
            let last = first + band.len() - 1;
            let names =
                if first == last { name(first) } else { format!("{} to {}", name(first), name(last)) };
            rows.push(row(names, &sum(band)));
        }
        Some(Table { title: "Where the time of agents went".to_owned(), columns, rows, omitted: 0 })
    }
}
