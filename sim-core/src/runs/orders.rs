//! Runs under the `Choices` scheduler: one list of choices, every order, or random priorities.

use crate::agenda::{Agenda, ChoiceAgenda, Chooser, Priorities, Seen};
use crate::launch::{Launch, LaunchError};
use crate::outcome::Outcome;
use crate::process::{Process, Protocol};
use crate::setup::Setup;
use crate::subject::Subject;
use crate::time::Duration;
use crate::world::World;

/// How far every order is searched.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Choices per run.
    pub depth: usize,
    /// How far slot clocks may be apart: timeouts whose deadlines are no further apart may come in either order.
    pub drift: Duration,
    /// Runs at most.
    pub runs: u64,
    /// Whether a run ends where it comes to a state that another run was in after as many choices: whatever follows
    /// was searched from there. It saves nothing unless every process and every check offers a fingerprint, nor where
    /// disks, streams, finite queues, service times, faults, clients, traitors or a rule to stop are in play: no fingerprint tells of
    /// those.
    pub prune: bool,
}

/// What a search came to.
#[derive(Clone, Debug)]
pub struct EveryOrder {
    /// How many runs it took.
    pub runs: u64,
    /// How many of them ended in a state that was seen before.
    pub pruned: u64,
    /// Whether every order within the depth was run, or ended where another one had been.
    pub complete: bool,
    /// The first run that broke something, with the choices that lead there.
    pub failing: Option<(Vec<u32>, Outcome)>,
}

/// Runs under the `Choices` scheduler: `choices` decides, one by one, which enabled event comes next. Returns the outcome
/// and how many alternatives there were at each choice. Moments of the fault plan are among the events; how long the
/// first phase lasts means nothing.
///
/// # Errors
/// If the setup cannot be run with this system, or has a second phase.
pub fn simulate_choices<P: Protocol, N: Process<P>>(
    setup: &Setup,
    launch: &Launch,
    subject: Subject<P, N>,
    choices: &[u32],
    drift: Duration,
) -> Result<(Outcome, Vec<u32>), LaunchError> {
    let agenda = ChoiceAgenda::new(Chooser::List(choices.to_vec()), drift);
    let (outcome, agenda) = run(setup, launch, subject, agenda)?;
    Ok((outcome, agenda.widths))
}

fn run<P: Protocol, N: Process<P>>(
    setup: &Setup,
    launch: &Launch,
    subject: Subject<P, N>,
    agenda: ChoiceAgenda,
) -> Result<(Outcome, ChoiceAgenda), LaunchError> {
    Ok(World::with_agenda(setup, launch, subject, Agenda::Choices(agenda))?.run_choices())
}

/// Runs every order of events to a depth, depth first, until one breaks something.
///
/// # Errors
/// As for [`simulate_choices`].
pub fn every_order<P: Protocol, N: Process<P>>(
    setup: &Setup,
    launch: &Launch,
    bounds: Bounds,
    mut subject: impl FnMut() -> Subject<P, N>,
) -> Result<EveryOrder, LaunchError> {
    let mut search = EveryOrder { runs: 0, pruned: 0, complete: false, failing: None };
    let mut choices = vec![0; bounds.depth];
    let mut seen = bounds.prune.then(Seen::default);
    while search.runs < bounds.runs {
        let mut agenda = ChoiceAgenda::new(Chooser::List(choices.clone()), bounds.drift);
        agenda.seen = seen;
        let (outcome, agenda) = run(setup, launch, subject(), agenda)?;
        search.runs += 1;
        search.pruned += u64::from(agenda.seen.as_ref().is_some_and(|seen| seen.again));
        let widths = agenda.widths;
        if !outcome.violations.is_empty() {
            search.failing = Some((agenda.taken, outcome));
            return Ok(search);
        }
        let Some(last) = (0..widths.len()).rev().find(|at| choices[*at] + 1 < widths[*at]) else {
            search.complete = true;
            return Ok(search);
        };
        choices[last] += 1;
        choices[last + 1..].fill(0);
        seen = agenda.seen.map(|seen| Seen { repeated: last + 1, again: false, ..seen });
    }
    Ok(search)
}

/// How many schedules by priorities are tried, and of which kind.
#[derive(Clone, Copy, Debug)]
pub struct Schedules {
    /// Choices per run.
    pub depth: usize,
    /// As in [`Bounds`].
    pub drift: Duration,
    /// Runs at most.
    pub runs: u64,
    /// How many orderings a bug may need, at least one: there is one change of priorities less in each run.
    pub orderings: u32,
    /// Decides all priorities.
    pub seed: u64,
}

/// Runs schedules by random priorities (Burckhardt et al., ASPLOS 2010), until one breaks something. It is never
/// complete, and finds in few runs what needs few orderings, however many events there are.
///
/// # Errors
/// As for [`simulate_choices`].
pub fn by_priorities<P: Protocol, N: Process<P>>(
    setup: &Setup,
    launch: &Launch,
    schedules: Schedules,
    mut subject: impl FnMut() -> Subject<P, N>,
) -> Result<EveryOrder, LaunchError> {
    let mut search = EveryOrder { runs: 0, pruned: 0, complete: false, failing: None };
    // Changes are drawn among as many steps as the longest run so far took.
    let mut steps = 1;
    while search.runs < schedules.runs {
        let changes = schedules.orderings.saturating_sub(1);
        let priorities = Priorities::new(schedules.seed, search.runs, changes, steps as u64);
        let chooser = Chooser::Priorities(priorities, schedules.depth);
        let agenda = ChoiceAgenda::new(chooser, schedules.drift);
        let (outcome, agenda) = run(setup, launch, subject(), agenda)?;
        search.runs += 1;
        steps = steps.max(agenda.taken.len());
        if !outcome.violations.is_empty() {
            search.failing = Some((agenda.taken, outcome));
            return Ok(search);
        }
    }
    Ok(search)
}
