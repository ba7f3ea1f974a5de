//! Progress of a single long run, on stderr, with an estimate of the remaining time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scenarios::plan::Plan;
use sim_core::lookout::Lookout;
use sim_core::time::{Duration, Time};

use super::interrupt;
use super::terminal::Terminal;
use super::wall::{Stopwatch, rough};

/// Seconds between two lines.
const EVERY: f64 = 5.0;

/// Looks on while a run goes on.
#[derive(Debug)]
pub(crate) struct RunProgress {
    /// The length of the first phase; nobody knows how long the second one takes.
    whole: Duration,
    /// How many lines were told.
    lines: AtomicU64,
    terminal: Terminal,
    watch: Stopwatch,
}

impl RunProgress {
    /// Of a run that is about to begin.
    pub(crate) fn of(plan: &Plan, terminal: &Terminal, watch: Stopwatch) -> Arc<Self> {
        Arc::new(Self { whole: plan.setup.duration, lines: AtomicU64::new(0), terminal: *terminal, watch })
    }

    /// The run is over.
    pub(crate) fn finish(&self) {
        self.lines.store(u64::MAX, Ordering::Relaxed);
    }
}

impl Lookout for RunProgress {
    fn passed(&self, events: u64, now: Time) -> bool {
        let seconds = self.watch.seconds();
        let due = (seconds / EVERY) as u64;
        if self.lines.fetch_max(due, Ordering::Relaxed) < due {
            self.terminal.remark(&line(events, now, self.whole, seconds));
        }
        !interrupt::interrupted()
    }
}

fn line(events: u64, now: Time, whole: Duration, seconds: f64) -> String {
    let share = now.as_nanos() as f64 / whole.as_nanos().max(1) as f64;
    let left = match share {
        share if share >= 1.0 => "waiting for progress after the heal".to_owned(),
        share if share >= 0.001 => {
            let left = seconds / share - seconds;
            format!("{:.1} %, at most {} left", share * 100.0, rough(left))
        }
        _ => "too early to say how long it takes".to_owned(),
    };
    let events = super::table::thousands(events);
    format!("{now} of {whole} simulated · {events} events in {seconds:.0} s · {left}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_what_is_left_at_the_pace_so_far() {
        let at = |ms| line(1_234_567, Time::ZERO + Duration::from_millis(ms), Duration::from_secs(60), 10.0);
        assert_eq!(
            at(6_000),
            "6.000 s of 60s simulated · 1,234,567 events in 10 s · 10.0 %, at most 90 s left"
        );
        assert!(at(100).ends_with("0.2 %, at most 100 min left"), "{}", at(100));
        assert!(at(1).ends_with("too early to say how long it takes"));
        assert_eq!([rough(100_000.0), rough(1e6)], ["28 h", "12 days"]);
    }
}
