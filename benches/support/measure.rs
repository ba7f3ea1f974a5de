//! Measuring: CPU time of the thread, so that a neighbor on the machine disturbs little; and memory.

use cpu_time::ThreadTime;

/// What `work` returns, and its CPU time in milliseconds.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let start = ThreadTime::now();
    let result = work();
    (result, start.elapsed().as_secs_f64() * 1e3)
}

/// The value below which a share of the values lies; `share` in thousandths. Sorts them.
pub(crate) fn quantile(values: &mut [f64], thousandths: usize) -> f64 {
    assert!(!values.is_empty(), "there is a quantile of something only");
    values.sort_unstable_by(f64::total_cmp);
    values[(values.len() - 1) * thousandths / 1_000]
}

/// The most memory that this process ever held, in MiB, where the system tells (Linux).
pub(crate) fn peak_memory() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse::<f64>().ok().map(|kibibytes| kibibytes / 1_024.0)
}
