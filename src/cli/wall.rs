//! The wall clock, which only this module reads, and only for people.
#![expect(clippy::disallowed_types, reason = "how long a command took is told to people; no run sees it")]

/// Started with a command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    started: std::time::Instant,
    /// How long it ran, once it is stopped.
    took: Option<std::time::Duration>,
}

impl Stopwatch {
    /// Starts.
    pub(crate) fn start() -> Self {
        Self { started: std::time::Instant::now(), took: None }
    }

    /// The same, which shows this moment from now on: what comes after a run is no part of it.
    pub(crate) fn stop(self) -> Self {
        Self { took: Some(self.elapsed()), ..self }
    }

    fn elapsed(self) -> std::time::Duration {
        self.took.unwrap_or_else(|| self.started.elapsed())
    }

    /// Seconds since the start.
    pub(crate) fn seconds(self) -> f64 {
        self.elapsed().as_secs_f64()
    }

    /// Whole milliseconds since the start.
    pub(crate) fn milliseconds(self) -> u64 {
        u64::try_from(self.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The time since the start as people say it: `14 ms`, `3.1 s`.
    pub(crate) fn words(self) -> String {
        let seconds = self.seconds();
        if seconds < 1.0 { format!("{} ms", self.milliseconds()) } else { format!("{seconds:.1} s") }
    }
}

/// A time by the wall clock in one unit.
pub(crate) fn rough(seconds: f64) -> String {
    match seconds {
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.0} h", s / 3_600.0),
        s => format!("{:.0} days", s / 86_400.0),
    }
}

/// Waits for so many milliseconds, so that people can look.
pub(crate) fn pause(milliseconds: u64) {
    std::thread::sleep(std::time::Duration::from_millis(milliseconds));
}

/// A length of time by the wall clock, in seconds, as `30s`, `5m` or `1h`.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    let hours_or_minutes = [("h", 3_600.0), ("m", 60.0)].into_iter().find_map(|(unit, length)| {
        let number: f64 = text.strip_suffix(unit)?.parse().ok()?;
        Some(number * length)
    });
    let short = || text.parse::<sim_core::time::Duration>().ok().map(|time| time.as_nanos() as f64 / 1e9);
    let found = hours_or_minutes.or_else(short).filter(|found| found.is_finite() && *found > 0.0);
    found.ok_or_else(|| "expected a length of time, as 30s, 5m or 1h".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Stopwatch, pause, seconds};

    #[test]
    fn a_stopped_watch_stands_still() {
        let stopped = Stopwatch::start().stop();
        let (before, words) = (stopped.seconds(), stopped.words());
        pause(20);
        assert!(stopped.seconds() == before && stopped.stop().words() == words);
    }

    #[test]
    fn times_are_read() {
        for (text, length) in [("30s", 30.0), ("5m", 300.0), ("1h", 3_600.0), ("250ms", 0.25), ("1.5m", 90.0)]
        {
            assert_eq!(seconds(text), Ok(length), "{text}");
        }
        for text in ["30", "-5s", "0s", "m", "forever", "infm"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
