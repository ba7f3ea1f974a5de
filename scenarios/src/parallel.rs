//! Many runs on several threads. Only this module uses threads: campaigns hand it numbers and take results in their order, so
//! that nothing depends on how many threads there are.

use std::any::Any;
use std::collections::VecDeque;
use std::ops::{ControlFlow, Range};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Thread;
use std::time::Duration;

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
    pub fn map<I: Send, T: Send>(
        &self,
        items: impl IntoIterator<Item = I>,
        one: impl Fn(I) -> T + Sync,
    ) -> Vec<T> {
        each(items, one, &|count, place| self.install(&mut || for_each(count, place)))
    }

    /// Two things at once.
    pub(crate) fn both<A: Send, B: Send>(
        &self,
        one: impl FnOnce() -> A + Send,
        other: impl FnOnce() -> B + Send,
    ) -> (A, B) {
        let (mut one, mut other) = (Some(one), Some(other));
        let (mut first, mut second) = (None, None);
        let mut left = || first = one.take().map(|one| one());
        let mut right = || second = other.take().map(|other| other());
        self.install(&mut || join(&mut left, &mut right));
        (first.expect("both were done"), second.expect("both were done"))
    }

    fn install(&self, work: Work<'_>) {
        self.0.install(work);
    }

    /// Runs numbers round by round: rounds end at multiples of `size`, also where a campaign goes on in the middle of one.
    /// `merge` takes the results of a round in order, nothing in place of what was not run to its end since the campaign was
    /// interrupted, and says whether to go on. It works on the calling thread, while the threads are a round ahead: none of
    /// them waits for the others' last runs, or for a disk. Runs are launched so that an interruption ends them in the middle.
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
        stop.while_asking(hooks, || {
            let results = Results::new(numbers.start);
            self.0.in_place_scope(|scope| {
                let _stops = Stops(&stop);
                let (mut next, mut asked) = (numbers.start, numbers.start);
                while next < numbers.end {
                    let end = next.saturating_add(size - next % size).min(numbers.end);
                    let ahead = end.saturating_add(size).min(numbers.end);
                    for number in asked..ahead {
                        let (hooked, results) = (&hooked, &results);
                        scope.spawn(move |_| {
                            results.put(number, catch_unwind(AssertUnwindSafe(|| hooked(number))));
                        });
                    }
                    asked = ahead;
                    next = if merge(results.up_to(end))?.is_break() { numbers.end } else { end };
                }
                Ok(())
            })
        })
    }
}

/// Something to do, behind a reference: what rayon makes of work is much code, and is made once for all of it.
type Work<'a> = &'a mut (dyn FnMut() + Send);

/// Two things at once.
fn join(left: Work<'_>, right: Work<'_>) {
    rayon::join(left, right);
}

/// Something to do with each of some numbers.
type Numbered<'a> = &'a (dyn Fn(usize) + Sync);

/// Calls with each number below a count, on all threads.
fn for_each(count: usize, one: Numbered<'_>) {
    (0..count).into_par_iter().for_each(one);
}

/// What each item comes to, in the order of the items; `on` calls with each number below a count.
fn each<I: Send, T: Send>(
    items: impl IntoIterator<Item = I>,
    one: impl Fn(I) -> T + Sync,
    on: &dyn Fn(usize, Numbered<'_>),
) -> Vec<T> {
    let places: Vec<_> = items.into_iter().map(|item| (Mutex::new(Some(item)), Mutex::new(None))).collect();
    on(places.len(), &|place| {
        let (item, result) = &places[place];
        let item = locked(item).take();
        *locked(result) = item.map(&one);
    });
    let result =
        |(_, result): (_, Mutex<Option<T>>)| result.into_inner().unwrap_or_else(PoisonError::into_inner);
    places.into_iter().filter_map(result).collect()
}

fn locked<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What threads have come to and nobody has taken yet.
struct Results<T> {
    waiting: Mutex<Waiting<T>>,
    arrived: Condvar,
}

struct Waiting<T> {
    /// The number of the first.
    next: u64,
    /// From there on; absent what is under way.
    made: VecDeque<Option<T>>,
    /// How many of the first ones there are without a gap.
    whole: usize,
    /// What a thread panicked with.
    panic: Option<Box<dyn Any + Send>>,
}

impl<T> Results<T> {
    fn new(next: u64) -> Self {
        let waiting = Waiting { next, made: VecDeque::new(), whole: 0, panic: None };
        Self { waiting: Mutex::new(waiting), arrived: Condvar::new() }
    }

    /// Takes in what one number came to, or what its thread panicked with.
    fn put(&self, number: u64, made: std::thread::Result<T>) {
        let mut waiting = locked(&self.waiting);
        match made {
            Ok(made) => waiting.put(number, made),
            Err(panic) => waiting.panic = Some(panic),
        }
        drop(waiting);
        self.arrived.notify_one();
    }

    /// Waits for all results before a number, and takes them in their order.
    fn up_to(&self, end: u64) -> Vec<T> {
        let mut waiting = locked(&self.waiting);
        let wanted = (end - waiting.next) as usize;
        while waiting.whole < wanted && waiting.panic.is_none() {
            waiting = self.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
        if let Some(panic) = waiting.panic.take() {
            drop(waiting);
            resume_unwind(panic);
        }
        waiting.next = end;
        waiting.whole -= wanted;
        waiting.made.drain(..wanted).flatten().collect()
    }
}

impl<T> Waiting<T> {
    fn put(&mut self, number: u64, made: T) {
        let place = (number - self.next) as usize;
        if self.made.len() <= place {
            self.made.resize_with(place + 1, || None);
        }
        self.made[place] = Some(made);
        while self.made.get(self.whole).is_some_and(Option::is_some) {
            self.whole += 1;
        }
    }
}

/// Ends what is under way when nobody waits for it any more, also after a panic.
struct Stops<'a>(&'a Stop);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.asked.store(true, Ordering::Relaxed);
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
pub(crate) fn on_all_cores<I: Send, T: Send>(
    items: impl IntoIterator<Item = I>,
    one: impl Fn(I) -> T + Sync,
) -> Vec<T> {
    each(items, one, &for_each)
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
        let seen: Vec<Option<u64>> = rounds(0..100, hooks).concat();
        // One thread may have begun a run before the other ended the fourth one.
        assert_eq!(seen[..4], [Some(0), Some(10), Some(20), Some(30)]);
        assert!(seen.len() == 8 && seen[5..] == [None; 3], "{seen:?}");
        assert!(runs.load(Ordering::SeqCst) <= 5);
    }

    #[test]
    fn threads_are_a_round_ahead_and_no_further() {
        let threads = Threads::start(Some(2)).unwrap();
        let begun = AtomicU64::new(0);
        let one = |number: u64, _: &Launch| {
            begun.fetch_max(number + 1, Ordering::SeqCst);
            Ok::<_, Infallible>(Some(number))
        };
        let mut ends = Vec::new();
        let merge = |round: Vec<Result<Option<u64>, Infallible>>| {
            let end = round.last().and_then(|last| last.as_ref().ok().copied().flatten()).unwrap() + 1;
            // The next round needs no one to take this one.
            while begun.load(Ordering::SeqCst) < (end + 10).min(35) {
                std::thread::yield_now();
            }
            ends.push((end, begun.load(Ordering::SeqCst)));
            Ok(if end == 30 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        };
        threads.rounds(10, 0..35, Hooks::NONE, one, merge).unwrap();
        assert_eq!(ends, [(10, 20), (20, 30), (30, 35)]);
    }

    #[test]
    fn a_panic_in_a_run_ends_the_campaign() {
        let threads = Threads::start(Some(2)).unwrap();
        let one = |number: u64, _: &Launch| {
            assert_ne!(number, 11, "the eleventh");
            Ok::<_, Infallible>(Some(number))
        };
        let mut merged = 0;
        let campaign = AssertUnwindSafe(|| {
            threads.rounds(4, 0..100, Hooks::NONE, one, |round| {
                merged += round.len();
                Ok(ControlFlow::Continue(()))
            })
        });
        assert!(catch_unwind(campaign).is_err());
        assert!(merged <= 8);
    }

    #[test]
    fn there_are_as_many_threads_as_were_asked_for() {
        assert_eq!(Threads::start(Some(3)).unwrap().count(), 3);
        assert!(Threads::start(None).unwrap().count() >= 1);
    }
}
