//! Running a plan, once or twice.

mod twice;
mod watchdog;

use std::cell::Cell;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use sim_core::check::{Verdict, Violation, fingerprint};
use sim_core::digest::RunDigest;
use sim_core::network::Changes;
use sim_core::ordered::OrderedMap;
use sim_core::outcome::{Ended, MessageCounts, Outcome, Picture, Progress};
use sim_core::registry::{Launch, LaunchError};
use sim_core::text::one_line;

use crate::plan::{Plan, compile};
use crate::scenario::Loaded;

pub use twice::{Divergence, Twice, twice};
pub use watchdog::{HANG, Hang, keep_watch};

/// Runs a plan. A panic of the engine is an outcome too: the verdict `crash`, found by the check `engine/panic`.
///
/// # Errors
/// If the protocol cannot be run with this setup, or does not know a plant.
pub fn run(plan: &Plan, launch: &Launch) -> Result<Outcome, LaunchError> {
    keep_memory();
    let watched = watchdog::watch(plan, launch.lookout.as_ref());
    let lookout = watched.lookout().or_else(|| launch.lookout.clone());
    let launch = Launch { plants: plan.plants.clone(), lookout, ..launch.clone() };
    RUNNING.set(true);
    // Nothing of a run is looked at after a panic, except the plan, which a run cannot change.
    let result = catch_unwind(AssertUnwindSafe(|| plan.cluster.launch(&plan.setup, &launch)));
    RUNNING.set(false);
    result.unwrap_or_else(|panic| Ok(crashed(plan, &panic_message(panic.as_ref()))))
}

/// What an allocator may keep for the next run.
const KEPT: usize = 4 << 20;

/// Lets what a run gives back be there for the next one. The allocator of GNU's C library learns from the largest block that it was given
/// back how much it may keep (mallopt(3), `M_MMAP_THRESHOLD`); it returns nearly all to the system otherwise, and a run of a few megabytes
/// spends a twentieth of its time on getting them page by page. Elsewhere this does nothing.
fn keep_memory() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(black_box(Vec::<u8>::with_capacity(KEPT))));
}

/// Worlds with more slots than this are not built for a question.
const MOST_BUILT: u32 = 100_000;

/// Whether a run of a scenario can begin at all: its world is built, and one event is let happen. What a protocol or the
/// engine refuses only then is known before anything is run.
///
/// # Errors
/// What a run would be refused with.
pub fn fits(loaded: &Loaded) -> Result<(), LaunchError> {
    let mut plan = compile(loaded, 0, &[]);
    if plan.setup.members.saturating_add(plan.setup.clients) > MOST_BUILT {
        return Ok(());
    }
    plan.setup.max_events = 1;
    run(&plan, &Launch::default()).map(drop)
}

thread_local! {
    /// Whether this thread is in the middle of a run. It is read by the panic hook alone and changes nothing in a run.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

/// Keeps panics inside of runs from being printed: they are findings and reported as such. Panics elsewhere are
/// printed as before. For programs, once at their start.
pub fn keep_quiet_about_panics_in_runs() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !RUNNING.get() {
            before(info);
        }
    }));
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

/// The outcome of a run that the engine itself did not survive.
fn crashed(plan: &Plan, message: &str) -> Outcome {
    let setup = &plan.setup;
    let violation = Violation {
        check: "engine/panic".to_owned(),
        at_ns: 0,
        message: format!("the engine panicked: {}", one_line(message)),
        fingerprint: fingerprint("engine/panic", ""),
        nodes: Vec::new(),
        verdict: Verdict::Crash,
    };
    let member = |index| format!("n{}", index + 1);
    let client = |index| format!("c{}", index + 1);
    Outcome {
        protocol: plan.protocol.name.to_owned(),
        plants: plan.plants.clone(),
        seed: setup.seed,
        slots: (0..setup.members).map(member).chain((0..setup.clients).map(client)).collect(),
        members: setup.members,
        core: Vec::new(),
        verdict: Verdict::Crash,
        reasons: Vec::new(),
        violations: vec![violation],
        violations_omitted: 0,
        digest: RunDigest::default(),
        events: 0,
        virtual_ns: 0,
        ended: Ended::Quiescent,
        progress: Progress::NotOwed { why: "the engine panicked".to_owned() },
        messages: MessageCounts::default(),
        metrics: OrderedMap::new(),
        measures: OrderedMap::new(),
        limits: Vec::new(),
        activity: OrderedMap::new(),
        checks: Vec::new(),
        faults: Vec::new(),
        plan: setup.faults.clone(),
        fates: Changes::default(),
        history: Vec::new(),
        picture: Picture::default(),
        trace: None,
        trace_file: None,
    }
}
