//! Limits that a scenario sets: read at the end of a run, and reported as violations where they are missed.

use super::Kernel;
use crate::check::{CheckReport, Needs, Verdict, Violation};
use crate::limit::{Level, Limit, LimitReading, Over, Sample};
use crate::metrics::{MetricId, Metrics, OPERATION_LATENCY, OPERATION_WAIT};
use crate::ordered::OrderedMap;
use crate::setup::Setup;
use crate::time::{Duration, Time};

/// What is measured of operations within windows of time, for limits alone.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    list: Vec<Window>,
    measured: Metrics,
}

#[derive(Debug)]
struct Window {
    metric: &'static str,
    since: Time,
    until: Time,
    id: MetricId,
}

/// The name under which a window is measured; nothing for a limit on the whole run.
fn window_name(limit: &Limit) -> Option<String> {
    (limit.since.is_some() || limit.until.is_some()).then(|| {
        let at = |time: Option<Duration>| time.map(|time| time.to_string()).unwrap_or_default();
        format!("{} {}..{}", limit.metric, at(limit.since), at(limit.until))
    })
}

impl Windows {
    pub(crate) fn new(setup: &Setup) -> Self {
        let mut windows = Self::default();
        let at = |time: Option<Duration>, otherwise| {
            time.map_or(otherwise, |time| Time::ZERO.saturating_add(time))
        };
        for limit in &setup.limits {
            let metric = [OPERATION_LATENCY, OPERATION_WAIT].into_iter().find(|name| *name == limit.metric);
            if let (Some(metric), Some(name)) = (metric, window_name(limit)) {
                let id = windows.measured.histogram(&name);
                if windows.list.iter().all(|window| window.id != id) {
                    let (since, until) = (at(limit.since, Time::ZERO), at(limit.until, Time::MAX));
                    windows.list.push(Window { metric, since, until, id });
                }
            }
        }
        windows
    }

    /// An operation that was asked for at a time took so long, in nanoseconds.
    #[inline]
    pub(crate) fn record(&mut self, metric: &str, asked: Time, value: u64) {
        for window in &self.list {
            if window.metric == metric && (window.since..window.until).contains(&asked) {
                self.measured.record(window.id, value);
            }
        }
    }
}

impl Kernel {
    /// How the run stands to each limit. What it misses is a violation, and each limit is listed among the checks.
    pub(super) fn judge_limits(
        &mut self,
        activity: &OrderedMap<String, u64>,
        checks: &mut Vec<CheckReport>,
    ) -> Vec<LimitReading> {
        let limits = self.setup.limits.clone();
        let readings: Vec<LimitReading> = limits.iter().map(|limit| self.reading(limit, activity)).collect();
        for reading in &readings {
            let (name, judged) = (reading.limit.check(), u64::from(reading.met.is_some()));
            match checks.iter_mut().find(|check| check.name == name) {
                Some(known) => known.exercised += judged,
                None => {
                    checks.push(CheckReport { name, on: true, needs: Needs::RealTime, exercised: judged });
                }
            }
            if reading.limit.over == Over::Run && reading.met == Some(false) {
                self.findings.take(missed(reading, self.now));
            }
        }
        readings
    }

    fn reading(&self, limit: &Limit, activity: &OrderedMap<String, u64>) -> LimitReading {
        let mut sample = limit.sample();
        let mut open = false;
        if self.setup.measures.iter().any(|measure| measure.name == limit.metric) {
            let read = self.gauges.read_one(&limit.metric, &self.ground, self.driver.executed());
            if let Some((value, is_open)) = read {
                sample.add(value, 1);
                open = is_open;
            }
        } else if let Some(count) = activity.get(&limit.metric) {
            let shared = matches!(limit.at_least.or(limit.at_most), Some(Level::Share(_)));
            let asked = activity.get("operations.invoked").copied().unwrap_or(0);
            let value = if shared { Level::share(*count, asked) } else { Some(*count) };
            value.into_iter().for_each(|value| sample.add(value, 1));
        } else {
            self.recorded(limit, &mut sample);
        }
        LimitReading::new(limit, sample, open)
    }

    /// Adds what was recorded under the limit's metric.
    fn recorded(&self, limit: &Limit, sample: &mut Sample) {
        let values = match window_name(limit) {
            Some(name) => self.windows.measured.values(&name),
            None => {
                let own = self.metrics.values(&limit.metric);
                if own.is_empty() { self.findings.measured().values(&limit.metric) } else { own }
            }
        };
        values.into_iter().for_each(|(value, times)| sample.add(value, times));
    }
}

fn missed(reading: &LimitReading, now: Time) -> Violation {
    Violation {
        check: reading.limit.check(),
        at_ns: now.as_nanos(),
        message: reading.message(),
        fingerprint: reading.limit.fingerprint(),
        nodes: Vec::new(),
        verdict: Verdict::Service,
    }
}

/// Why a run that had nothing to hold against a limit proves nothing.
pub(super) fn unjudged(limits: &[LimitReading]) -> impl Iterator<Item = String> + '_ {
    let of_run = limits.iter().filter(|reading| reading.limit.over == Over::Run && reading.met.is_none());
    of_run.map(|reading| format!("there was nothing to hold against the limit on {}", reading.limit.what()))
}
