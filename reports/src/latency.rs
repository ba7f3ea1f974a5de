//! Latencies of clients' operations for tools of HdrHistogram: a log with a histogram for each second of virtual time, and
//! a table of percentiles.
//!
//! An operation that got a result counts in the second in which it returned. Values are nanoseconds, to three digits.

use std::fmt::Write;
use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::V2DeflateSerializer;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, Tag};
use sim_core::history::HistoryEntry;

/// The largest latency that is told apart, about 2.4 hours.
const LARGEST: u64 = 1 << 43;
/// Significant decimal digits.
const DIGITS: u8 = 3;
/// Within each bucket so many values are told apart: the next power of two above twice ten to the number of digits.
const SUB_BUCKETS: u32 = 2_048;
/// The span of one histogram of a log, in nanoseconds.
const INTERVAL: u64 = 1_000_000_000;
/// The unit of tables, and of the largest value of an interval: a millisecond.
const UNIT: f64 = 1e6;
/// Steps of a table for each halving of the distance to 100 %.
const TICKS: u32 = 5;

/// A log that cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("write a log of latencies: {0}")]
pub struct LatencyError(String);

/// The latencies of a history as an interval log, which `HistogramLogReader` reads.
///
/// # Errors
/// If it cannot be encoded, which would be a bug.
pub fn log(history: &[HistoryEntry]) -> Result<Vec<u8>, LatencyError> {
    let failed = |error: &dyn std::fmt::Display| LatencyError(error.to_string());
    let mut returned: Vec<(u64, u64)> = latencies(history).collect();
    returned.sort_unstable();
    let (mut text, mut serializer) = (Vec::new(), V2DeflateSerializer::new());
    let mut builder = IntervalLogWriterBuilder::new();
    builder.add_comment("[Histogram log format version 1.3]").with_max_value_divisor(UNIT);
    let mut log = builder.begin_log_with(&mut text, &mut serializer).map_err(|error| failed(&error))?;
    for interval in returned.chunk_by(|(a, _), (b, _)| a / INTERVAL == b / INTERVAL) {
        let start = Duration::from_nanos(interval[0].0 / INTERVAL * INTERVAL);
        let histogram = histogram(interval.iter().map(|(_, latency)| *latency));
        let written = log.write_histogram(&histogram, start, Duration::from_nanos(INTERVAL), None::<Tag<'_>>);
        written.map_err(|error| failed(&error))?;
    }
    drop(log);
    Ok(text)
}

/// The latencies of a history as a table of percentiles in milliseconds, as `outputPercentileDistribution` prints it.
pub fn percentiles(history: &[HistoryEntry]) -> String {
    let histogram = histogram(latencies(history).map(|(_, latency)| latency));
    let mut text =
        format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut total = 0;
    for step in histogram.iter_quantiles(TICKS) {
        total += step.count_since_last_iteration();
        let (value, quantile) = (step.value_iterated_to() as f64 / UNIT, step.quantile_iterated_to());
        // Writing to a string cannot fail.
        let _ = write!(text, "{value:12.3} {quantile:.12} {total:10}");
        let _ =
            if quantile < 1.0 { writeln!(text, " {:14.2}", 1.0 / (1.0 - quantile)) } else { writeln!(text) };
    }
    let (mean, deviation) = (histogram.mean() / UNIT, histogram.stdev() / UNIT);
    let largest = if histogram.is_empty() { 0 } else { histogram.max() };
    let _ = writeln!(text, "#[Mean    = {mean:12.3}, StdDeviation   = {deviation:12.3}]");
    let _ = writeln!(
        text,
        "#[Max     = {:12.3}, Total count    = {:12}]",
        largest as f64 / UNIT,
        histogram.len()
    );
    let _ = writeln!(text, "#[Buckets = {:12}, SubBuckets     = {SUB_BUCKETS:12}]", histogram.buckets());
    text
}

/// When each operation returned that got a result, and how long it took.
fn latencies(history: &[HistoryEntry]) -> impl Iterator<Item = (u64, u64)> {
    let ended = history.iter().filter(|entry| entry.ok.is_some());
    ended.filter_map(|entry| {
        entry.return_ns.map(|returned| (returned, returned.saturating_sub(entry.call_ns)))
    })
}

fn histogram(values: impl Iterator<Item = u64>) -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(1, LARGEST, DIGITS).expect("the bounds fit each other");
    values.for_each(|value| histogram.saturating_record(value));
    histogram
}

#[cfg(test)]
mod tests {
    use super::*;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};
    use sim_core::history::{EntryValue, Function};

    fn history() -> Vec<HistoryEntry> {
        let entry = |number: u64| HistoryEntry {
            process: number,
            call_ns: number * 10_000_000,
            return_ns: (!number.is_multiple_of(10)).then_some(number * 10_000_000 + number * number * 1_000),
            f: Function::Read,
            key: None,
            value: EntryValue::None,
            ok: (!number.is_multiple_of(10)).then_some(!number.is_multiple_of(3)),
            meta: None,
        };
        (0..300).map(entry).collect()
    }

    #[test]
    fn a_log_holds_every_latency_in_its_second() {
        let log = log(&history()).unwrap();
        let (mut all, mut seconds) = (histogram(std::iter::empty()), Vec::new());
        for entry in IntervalLogIterator::new(&log) {
            let LogEntry::Interval(interval) = entry.unwrap() else { continue };
            let bytes = decoded(interval.encoded_histogram());
            let part: Histogram<u64> = Deserializer::new().deserialize(&mut &bytes[..]).unwrap();
            seconds.push((interval.start_timestamp().as_secs(), part.len()));
            all.add(part).unwrap();
        }
        let expected = histogram(latencies(&history()).map(|(_, latency)| latency));
        assert_eq!((all.len(), all.max()), (270, expected.max()));
        assert_eq!(all.value_at_quantile(0.5), expected.value_at_quantile(0.5));
        let by_hand = |second: u64| latencies(&history()).filter(|(at, _)| at / INTERVAL == second).count();
        assert_eq!(seconds, [0, 1, 2, 3].map(|second| (second, by_hand(second) as u64)));
    }

    /// Base 64 by its definition.
    fn decoded(text: &str) -> Vec<u8> {
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digits: Vec<u32> = text
            .bytes()
            .filter_map(|byte| alphabet.iter().position(|known| *known == byte))
            .map(|place| place as u32)
            .collect();
        let bits = digits.chunks(4).flat_map(|four| {
            let word = four.iter().enumerate().fold(0, |word, (at, digit)| word | (digit << (18 - 6 * at)));
            [16, 8, 0].into_iter().take(four.len() - 1).map(move |shift| (word >> shift) as u8)
        });
        bits.collect()
    }

    #[test]
    fn a_table_ends_at_the_largest_latency() {
        let text = percentiles(&history());
        let rows: Vec<Vec<f64>> = text
            .lines()
            .skip(2)
            .take_while(|line| !line.starts_with('#'))
            .map(|line| line.split_whitespace().map(|cell| cell.parse().unwrap()).collect())
            .collect();
        let last = rows.last().unwrap();
        assert_eq!(last[1..], [1.0, 270.0]);
        // 299 * 299 microseconds, to three digits.
        assert!((last[0] - 89.401).abs() < 0.1, "{last:?}");
        assert!(rows.windows(2).all(|pair| pair[0][0] <= pair[1][0] && pair[0][2] <= pair[1][2]));
        assert!(text.contains("Total count    =          270]"), "{text}");
        assert!(percentiles(&[]).contains("Total count    =            0]"));
    }
}
