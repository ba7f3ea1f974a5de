//! The wall clock, which only this module reads, and only for people.
#![expect(clippy::disallowed_types, reason = "how long a command took is told to people; no run sees it")]

/// Started with a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts.
    pub(crate) fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// Seconds since the start.
    pub(crate) fn seconds(self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    /// Whole milliseconds since the start.
    pub(crate) fn milliseconds(self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The time since the start as people say it: `14 ms`, `3.1 s`.
    pub(crate) fn words(self) -> String {
        let seconds = self.seconds();
        if seconds < 1.0 { format!("{} ms", self.milliseconds()) } else { format!("{seconds:.1} s") }
    }
}
