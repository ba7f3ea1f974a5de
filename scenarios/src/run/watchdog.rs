//! Finds steps that compute without end. A step that asks for things without end is caught inside of a run; one that only
//! computes cannot be, since nothing in a run looks at the clock. So a thread outside looks at how far each run has come.
//!
//! A run that has come no farther for a while is only suspected: it is made again in another thread, step by step, and hangs
//! if one single step takes that long. What is reported is then a function of the plan: the same step of the same slot.
//! Nothing in a run depends on any of this; a digest does not know whether anybody looked on.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration as WallDuration;

use sim_core::check::{Verdict, Violation, fingerprint};
use sim_core::identity::{NodeId, Slot};
use sim_core::lookout::Lookout;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::Outcome;
use sim_core::registry::Launch;
use sim_core::time::Time;
use sim_core::trace::TraceRequest;

use super::RUNNING;
use crate::plan::Plan;

/// The check that finds a step without end.
pub const HANG: &str = "process/hang";

/// How often the thread looks while a run may hang for its patience.
const LOOKS: u32 = 20;

/// How many steps of the slot are told.
const TOLD: usize = 12;

/// A step that never ended.
#[derive(Clone, Debug)]
pub struct Hang {
    /// The run.
    pub plan: Plan,
    /// The same run up to the step, with the step as its finding.
    pub outcome: Outcome,
    /// What happened last where it hangs, as lines of a trace.
    pub last: Vec<String>,
}

/// Looks at runs from outside.
struct Watchdog {
    patience: WallDuration,
    on_hang: Box<dyn Fn(&Hang) + Send + Sync>,
    runs: Mutex<OrderedMap<u64, Arc<Pulse>>>,
    count: AtomicU64,
}

static WATCHDOG: OnceLock<Watchdog> = OnceLock::new();

/// Watches all runs of this program from now on: `on_hang` is called for each run with a step that takes longer than
/// `patience`. Such a step cannot be ended from outside, so that whoever is called usually ends the program. For programs,
/// once at their start; it does nothing where no thread can be started.
pub fn keep_watch(patience: WallDuration, on_hang: impl Fn(&Hang) + Send + Sync + 'static) {
    let watchdog = Watchdog {
        patience,
        on_hang: Box::new(on_hang),
        runs: Mutex::new(OrderedMap::new()),
        count: AtomicU64::new(0),
    };
    if WATCHDOG.set(watchdog).is_ok() {
        start("watchdog", || {
            if let Some(watchdog) = WATCHDOG.get() {
                watchdog.watch();
            }
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "it looks at runs from outside, and no run sees it")]
fn start(name: &str, work: impl FnOnce() + Send + 'static) {
    // Without a thread nobody watches, and everything else is as ever.
    let _ = std::thread::Builder::new().name(name.to_owned()).spawn(work);
}

/// How far a run has come.
#[derive(Debug)]
struct Pulse {
    plan: Plan,
    events: AtomicU64,
    /// Whether it has no more steps.
    judged: AtomicBool,
    still: Mutex<Still>,
    /// Who else looks on.
    other: Option<Arc<dyn Lookout>>,
}

/// How long a run has come no farther.
#[derive(Debug)]
struct Still {
    events: u64,
    looks: u32,
    /// After so many looks it is suspected: more with each suspicion that came to nothing.
    needed: u32,
}

impl Lookout for Pulse {
    fn passed(&self, events: u64, now: Time) -> bool {
        self.events.store(events, Ordering::Relaxed);
        self.other.as_ref().is_none_or(|other| other.passed(events, now))
    }

    fn ended(&self) {
        self.judged.store(true, Ordering::Relaxed);
        if let Some(other) = &self.other {
            other.ended();
        }
    }

    fn stepping(&self, events: u64, now: Time, slot: Slot) {
        self.events.store(events, Ordering::Relaxed);
        if let Some(other) = &self.other {
            other.stepping(events, now, slot);
        }
    }
}

impl Pulse {
    /// Whether it has come no farther for the last looks.
    fn is_still(&self) -> bool {
        let mut still = lock(&self.still);
        let events = self.events.load(Ordering::Relaxed);
        still.looks = if still.events == events { still.looks + 1 } else { 0 };
        still.events = events;
        still.looks >= still.needed && !self.judged.load(Ordering::Relaxed)
    }

    /// The suspicion came to nothing.
    fn acquit(&self) {
        let mut still = lock(&self.still);
        still.looks = 0;
        still.needed = still.needed.saturating_mul(4);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Whoever panicked with it left whole values.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run while it is watched.
pub(super) struct Watched(Option<(u64, Arc<Pulse>)>);

impl Watched {
    /// Who looks on.
    pub(super) fn lookout(&self) -> Option<Arc<dyn Lookout>> {
        self.0.as_ref().map(|(_, pulse)| Arc::clone(pulse) as Arc<dyn Lookout>)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let (Some((number, _)), Some(watchdog)) = (&self.0, WATCHDOG.get()) {
            lock(&watchdog.runs).remove(number);
        }
    }
}

/// Watches a run, if anybody watches.
pub(super) fn watch(plan: &Plan, other: Option<&Arc<dyn Lookout>>) -> Watched {
    Watched(WATCHDOG.get().map(|watchdog| {
        let number = watchdog.count.fetch_add(1, Ordering::Relaxed);
        let pulse = Arc::new(Pulse {
            plan: plan.clone(),
            events: AtomicU64::new(0),
            judged: AtomicBool::new(false),
            still: Mutex::new(Still { events: 0, looks: 0, needed: LOOKS }),
            other: other.cloned(),
        });
        lock(&watchdog.runs).insert(number, Arc::clone(&pulse));
        (number, pulse)
    }))
}

impl Watchdog {
    fn watch(&self) {
        loop {
            std::thread::sleep(self.patience / LOOKS);
            let runs: Vec<(u64, Arc<Pulse>)> =
                lock(&self.runs).iter().map(|(number, pulse)| (*number, Arc::clone(pulse))).collect();
            for (number, pulse) in runs {
                if !pulse.is_still() {
                    continue;
                }
                match self.examine(&pulse) {
                    Some(hang) => {
                        lock(&self.runs).remove(&number);
                        (self.on_hang)(&hang);
                    }
                    None => pulse.acquit(),
                }
            }
        }
    }

    /// Makes a suspected run again, step by step. Nothing if it ends, or the suspected one has come farther meanwhile.
    fn examine(&self, pulse: &Pulse) -> Option<Hang> {
        let suspected = pulse.events.load(Ordering::Relaxed);
        let probe = Arc::new(Probe::default());
        let (plan, lookout) = (pulse.plan.clone(), Arc::clone(&probe));
        start("probe", move || {
            let trace = TraceRequest { limit: 0, ..TraceRequest::default() };
            let launch =
                Launch { trace: Some(trace), lookout: Some(Arc::clone(&lookout) as _), ..Launch::default() };
            drop(unwatched(&plan, launch));
            lookout.over.store(true, Ordering::Relaxed);
        });
        let (mut steps, mut still) = (0, 0);
        while still < LOOKS {
            std::thread::sleep(self.patience / LOOKS);
            let now = probe.steps.load(Ordering::Relaxed);
            still = if now == steps { still + 1 } else { 0 };
            steps = now;
            let farther = pulse.events.load(Ordering::Relaxed) != suspected;
            let judged = pulse.judged.load(Ordering::Relaxed);
            if farther || judged || probe.over.load(Ordering::Relaxed) {
                probe.over.store(true, Ordering::Relaxed);
                return None;
            }
        }
        probe.over.store(true, Ordering::Relaxed);
        // Before its first step a run sets its world up, which takes as long as it takes.
        let slot = probe.slot.load(Ordering::Relaxed).checked_sub(1)?;
        Some(hang(&pulse.plan, steps, Slot(u32::try_from(slot).ok()?), probe.at.load(Ordering::Relaxed)))
    }
}

/// Sees each step of a run that is made again.
#[derive(Debug, Default)]
struct Probe {
    steps: AtomicU64,
    at: AtomicU64,
    /// One more than the number of the slot; 0 before the first step.
    slot: AtomicU64,
    over: AtomicBool,
}

impl Lookout for Probe {
    fn passed(&self, _: u64, _: Time) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    fn ended(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    fn stepping(&self, events: u64, now: Time, slot: Slot) {
        self.at.store(now.as_nanos(), Ordering::Relaxed);
        self.slot.store(u64::from(slot.0) + 1, Ordering::Relaxed);
        self.steps.store(events, Ordering::Relaxed);
    }
}

/// A run of the watchdog's own.
fn unwatched(plan: &Plan, launch: Launch) -> Option<Outcome> {
    let launch = Launch { plants: plan.plants.clone(), ..launch };
    RUNNING.set(true);
    let result = catch_unwind(AssertUnwindSafe(|| plan.cluster.launch(&plan.setup, &launch)));
    RUNNING.set(false);
    result.ok()?.ok()
}

/// What is told of a step that never ends: the run up to it, and what happened there before.
fn hang(plan: &Plan, step: u64, slot: Slot, at_ns: u64) -> Hang {
    let mut before = plan.clone();
    before.setup.max_events = step.saturating_sub(1);
    let mut request = TraceRequest::default();
    request.filter.slots = vec![slot];
    let launch = Launch { trace: Some(request), ..Launch::default() };
    let message = |name: &str| {
        let at = Time::from_nanos(at_ns);
        format!("{name} began a step at {at} that never ends; it is step {step} of the run")
    };
    let mut outcome =
        unwatched(&before, launch).unwrap_or_else(|| super::crashed(plan, "it panicked as well"));
    let name = outcome.slots.get(slot.index()).map_or_else(|| NodeId(slot.0).to_string(), str::to_owned);
    outcome.verdict = Verdict::Crash;
    outcome.violations.push(Violation {
        check: HANG.to_owned(),
        at_ns,
        message: message(&name),
        fingerprint: fingerprint(HANG, ""),
        nodes: vec![NodeId(slot.0)],
        verdict: Verdict::Crash,
    });
    let trace = outcome.trace.take();
    let last = trace.as_ref().map_or_else(Vec::new, |trace| {
        let from = trace.events.len().saturating_sub(TOLD);
        trace.events[from..].iter().map(|event| trace.line(event).to_string()).collect()
    });
    Hang { plan: plan.clone(), outcome, last }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;
    use crate::plan::compile;
    use crate::run::run;
    use crate::testing::{LEAST, toml};

    #[test]
    fn a_step_that_computes_without_end_is_found_with_its_slot_and_what_only_takes_long_is_not() {
        let (found, hangs) = channel();
        keep_watch(WallDuration::from_millis(400), move |hang| {
            let _ = found.send((hang.outcome.violations[0].clone(), hang.plan.setup.seed));
        });
        let plan = |parameters: &str, seed| {
            compile(&toml(&format!("{LEAST}[cluster.toy]\n{parameters}\n")).unwrap(), seed, &[])
        };
        // Takes longer than patience lasts, in many steps.
        run(&plan("slow = true", 1), &Launch::default()).unwrap();
        assert!(hangs.try_recv().is_err());
        let endless = plan("endless = true", 2);
        start("endless", move || drop(run(&endless, &Launch::default())));
        let (violation, seed) = hangs.recv_timeout(WallDuration::from_secs(60)).unwrap();
        assert_eq!((violation.check.as_str(), violation.verdict, seed), (HANG, Verdict::Crash, 2));
        assert_eq!((violation.nodes, violation.at_ns), (vec![NodeId(1)], 41));
        assert!(violation.message.contains("n2 began a step at 0.000 s that never ends; it is step 41"));
    }
}
