//! Times and counts as people read them.

use crate::figure::grouped;

/// A length of time in its natural unit: `171 ms`, `12.4 s`.
pub(crate) fn time(nanoseconds: u64) -> String {
    let value = nanoseconds as f64;
    let (scaled, unit) = match nanoseconds {
        0 => return "0 s".to_owned(),
        1..1_000 => (value, "ns"),
        1_000..1_000_000 => (value / 1e3, "\u{b5}s"),
        1_000_000..1_000_000_000 => (value / 1e6, "ms"),
        _ => (value / 1e9, "s"),
    };
    let decimals =
        if scaled >= 100.0 || scaled.fract() == 0.0 { 0 } else { if scaled >= 10.0 { 1 } else { 2 } };
    format!("{} {unit}", grouped(scaled, decimals))
}

/// A moment of a run, to the millisecond: `0.412 s`.
pub(crate) fn moment(nanoseconds: u64) -> String {
    format!("{} s", grouped(nanoseconds as f64 / 1e9, 3))
}

/// A count with groups of digits.
pub(crate) fn count(value: u64) -> String {
    grouped(value as f64, 0)
}

/// A number and what it counts: `1 fault`, `2 faults`.
pub(crate) fn counted(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(value), if value == 1 { "" } else { "s" })
}

/// A name of the program in words: `operations.succeeded` is `operations succeeded`, `operation_latency_ns` is `operation latency`.
pub(crate) fn plain(name: &str) -> String {
    name.trim_end_matches("_ns").replace(['_', '.'], " ")
}

/// A value in the unit that its name says.
pub(crate) fn quantity(name: &str, value: u64) -> String {
    if name.ends_with("_ns") { time(value) } else { count(value) }
}

/// A number of bytes.
pub(crate) fn bytes(value: u64) -> String {
    match value {
        0..10_000 => format!("{} B", count(value)),
        10_000..10_000_000 => format!("{} kB", grouped(value as f64 / 1e3, 0)),
        _ => format!("{} MB", grouped(value as f64 / 1e6, 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_or_so() {
        for (nanoseconds, words) in [
            (0, "0 s"),
            (999, "999 ns"),
            (1_500, "1.50 \u{b5}s"),
            (171_000_000, "171 ms"),
            (12_400_000_000, "12.4 s"),
            (3_600_000_000_000, "3,600 s"),
        ] {
            assert_eq!(time(nanoseconds), words);
        }
        assert_eq!(moment(412_400_000), "0.412 s");
        assert_eq!(counted(1, "fault"), "1 fault");
        assert_eq!(bytes(7_515_580), "7,516 kB");
    }
}
