//! Many runs on several threads. Only this module uses threads: campaigns hand it numbers and take results in their order, so
//! that nothing depends on how many threads there are.

use std::ops::{ControlFlow, Range};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

use rayon::iter::IntoParallelIterator;
use rayon::prelude::*;
use sim_core::lookout::Lookout;
use sim_core::registry::Launch;
use sim_core::time::Time;

/// What a campaign tells, and what tells it to end.
#[derive(Clone, Copy)]
pub struct Hooks<'a> {
    /// Called after each run, for progress bars.
    pub after_run: &'a (dyn Fn() + Sync),
    /// Whether to end: what was done up to then is kept, without gaps.
    pub interrupted: &'a (dyn Fn() -> bool + Sync),
}

impl Hooks<'_> {
    /// Tells nobody and goes on to the end.
    pub const NONE: Hooks<'static> = Hooks { after_run: &|| (), interrupted: &|| false };
}

/// The threads could not be started.
#[derive(Debug, thiserror::Error)]
#[error("start threads: {0}")]
pub struct ThreadsError(#[from] rayon::ThreadPoolBuildError);

/// Threads that make runs.
#[derive(Debug)]
pub struct Threads(rayon::ThreadPool);

impl Threads {
    /// Starts so many threads, as `--jobs` asks for; one for each core if it asks for nothing.
    ///
    /// # Errors
    /// If the system gives none.
    pub fn start(jobs: Option<usize>) -> Result<Self, ThreadsError> {
        Ok(Self(rayon::ThreadPoolBuilder::new().num_threads(jobs.unwrap_or(0)).build()?))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.current_num_threads()
    }

    /// What each item comes to, in the order of the items.
    pub(crate) fn map<I, T: Send>(&self, items: I, one: impl Fn(I::Item) -> T + Sync + Send) -> Vec<T>
    where
        I: IntoParallelIterator<Iter: IndexedParallelIterator> + Send,
    {
        self.0.install(|| items.into_par_iter().map(one).collect())
    }

    /// Two things at once.
    pub(crate) fn both<A: Send, B: Send>(
        &self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        self.0.install(|| rayon::join(one, other))
    }

    /// Runs numbers round by round: rounds end at multiples of `size`, also where a campaign goes on in the middle of one.
    /// `merge` takes the results of a round in order, nothing in place of what was not run to its end since the campaign was
    /// interrupted, and says whether to go on. Runs are launched so that an interruption ends them in the middle.
    ///
    /// # Errors
    /// The first of `merge`.
    pub(crate) fn rounds<T: Send, E: Send>(
        &self,
        size: u64,
        numbers: Range<u64>,
        hooks: Hooks<'_>,
        one: impl Fn(u64, &Launch) -> Result<Option<T>, E> + Sync + Send,
        mut merge: impl FnMut(Vec<Result<Option<T>, E>>) -> Result<ControlFlow<()>, E>,
    ) -> Result<(), E> {
        let stop = Arc::new(Stop::default());
        let launch = Launch { lookout: Some(Arc::clone(&stop) as Arc<dyn Lookout>), ..Launch::default() };
        let hooked = |number| {
            if stop.asked() || (hooks.interrupted)() {
                return Ok(None);
            }
            let made = one(number, &launch)?;
            (hooks.after_run)();
            Ok(made)
        };
        let mut round = |next: u64| {
            let end = next.saturating_add(size - next % size).min(numbers.end);
            let round: Vec<u64> = (next..end).collect();
            Ok(if merge(self.map(round, hooked))?.is_break() { numbers.end } else { end })
        };
        stop.while_asking(hooks, || {
            let mut next = numbers.start;
            while next < numbers.end {
                next = round(next)?;
            }
            Ok(())
        })
    }
}

/// Ends runs in the middle when a campaign is interrupted.
#[derive(Debug, Default)]
struct Stop {
    asked: AtomicBool,
    over: AtomicBool,
}

/// How often somebody asks whether a campaign is interrupted.
const ASKED_EVERY: Duration = Duration::from_millis(20);

impl Stop {
    fn asked(&self) -> bool {
        self.asked.load(Ordering::Relaxed)
    }

    /// Works, and asks beside it whether to stop.
    fn while_asking<T>(&self, hooks: Hooks<'_>, work: impl FnOnce() -> T) -> T {
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                while !self.over.load(Ordering::Relaxed) {
                    if (hooks.interrupted)() {
                        self.asked.store(true, Ordering::Relaxed);
                        return;
                    }
                    std::thread::park_timeout(ASKED_EVERY);
                }
            });
            let _over = Over { stop: self, asking: asking.thread() };
            work()
        })
    }
}

impl Lookout for Stop {
    fn passed(&self, _: u64, _: Time) -> bool {
        !self.asked()
    }
}

/// Says that nobody need ask any more, also where the work panicked.
struct Over<'a> {
    stop: &'a Stop,
    asking: &'a Thread,
}

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.stop.over.store(true, Ordering::Relaxed);
        self.asking.unpark();
    }
}

/// What each item comes to, in the order of the items, with a thread for each core.
pub(crate) fn on_all_cores<I, T: Send>(items: I, one: impl Fn(I::Item) -> T + Sync + Send) -> Vec<T>
where
    I: IntoParallelIterator<Iter: IndexedParallelIterator>,
{
    items.into_par_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// The rounds of a campaign over numbers, each as what came of it.
    fn rounds(numbers: Range<u64>, hooks: Hooks<'_>) -> Vec<Vec<Option<u64>>> {
        let threads = Threads::start(Some(2)).unwrap();
        let mut seen = Vec::new();
        let merge = |round: Vec<Result<Option<u64>, Infallible>>| {
            let round: Vec<Option<u64>> = round.into_iter().map(|result| result.unwrap()).collect();
            let interrupted = round.contains(&None);
            seen.push(round);
            Ok(if interrupted { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        threads.rounds(4, numbers, hooks, |number, _| Ok(Some(number * 10)), merge).unwrap();
        seen
    }

    #[test]
    fn rounds_end_at_multiples_and_results_come_in_order() {
        let some = |numbers: &[u64]| numbers.iter().copied().map(Some).collect::<Vec<_>>();
        assert_eq!(rounds(2..9, Hooks::NONE), [some(&[20, 30]), some(&[40, 50, 60, 70]), some(&[80])]);
        assert!(rounds(3..3, Hooks::NONE).is_empty());
    }

    #[test]
    fn what_is_interrupted_is_left_out_and_nothing_more_is_run() {
        let runs = AtomicU64::new(0);
        let hooks = Hooks {
            after_run: &|| {
                runs.fetch_add(1, Ordering::SeqCst);
            },
            interrupted: &|| runs.load(Ordering::SeqCst) >= 4,
        };
        let seen = rounds(0..100, hooks);
        assert_eq!(seen[0], [Some(0), Some(10), Some(20), Some(30)]);
        assert_eq!((seen.len(), &seen[1]), (2, &vec![None; 4]));
    }

    #[test]
    fn there_are_as_many_threads_as_were_asked_for() {
        assert_eq!(Threads::start(Some(3)).unwrap().count(), 3);
        assert!(Threads::start(None).unwrap().count() >= 1);
    }
}
