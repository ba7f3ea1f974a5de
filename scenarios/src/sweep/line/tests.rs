use sim_core::digest::RunDigest;
use sim_core::random::mix64;

use super::*;
use crate::sweep::tests::{FILE, made};

/// A run at a point, with numbers of every length.
fn row(sweep: &Sweep, dice: u64) -> Row {
    let point = (dice % sweep.points.len() as u64) as usize;
    let loaded = &sweep.points[point].loaded;
    let plan = crate::plan::compile(loaded, dice, &[]);
    let outcome = crate::run::run(&plan, &sim_core::registry::Launch::default()).unwrap();
    let number = |place: u64| mix64(dice ^ place) >> (mix64(place) % 64);
    let mut row = Row::new(sweep, point, &sweep.points[point], &outcome);
    row.digest = RunDigest(u128::from(number(1)));
    (row.seed, row.events, row.bytes, row.per) = (number(2), number(3), number(4), number(5) % 2);
    row.ended = Ended::ALL[(number(6) % 7) as usize];
    for (place, name) in ["a_ns", "b.c"].into_iter().enumerate() {
        let [count, p50, p90, p99, max] = [7, 8, 9, 10, 11].map(|rank| number(rank + 16 * place as u64));
        let mean = (mix64(dice) >> (10 + dice % 50)) as f64 / (1 + number(13) % 7) as f64;
        row.metrics.insert(name.to_owned(), MetricSummary { count, mean, p50, p90, p99, max });
    }
    row.measures.insert("caught".to_owned(), Some(number(14)).filter(|number| number % 2 == 0));
    row
}

fn written(row: &Row) -> String {
    serde_json::to_string(row).unwrap() + "\n"
}

#[test]
fn what_this_program_writes_is_read_in_place() {
    let sweep = made(FILE).unwrap();
    let reader = LineReader::new(&sweep);
    let mut in_place = 0;
    for dice in 0..200 {
        let (row, line) = (row(&sweep, dice), written(&row(&sweep, dice)));
        let view = reader.plain(&line);
        in_place += u64::from(view.is_some());
        assert!(view.is_none_or(|view| view == View::of(&row)), "{line}");
        assert!(reader.read(2, &line, |view| *view == View::of(&row)).unwrap(), "{line}");
    }
    // Means of more than 15 digits before the point have an exponent.
    assert!(in_place > 150, "{in_place} of 200");
}

/// A line with one byte changed, left out or doubled is read in place only where JSON reads it in the same way.
#[test]
fn nothing_is_read_in_place_that_json_reads_otherwise() {
    let sweep = made(FILE).unwrap();
    let reader = LineReader::new(&sweep);
    let (mut in_place, mut refused) = (0, 0);
    for dice in 0..12 {
        let line = written(&row(&sweep, dice)).into_bytes();
        for at in 0..line.len() {
            let other = b"0129-.e\"\\{}[],: tnx\n\x01"[(mix64(dice * 4_096 + at as u64) % 21) as usize];
            let (before, after) = (&line[..at], &line[at + 1..]);
            let changed = [&[other][..], &[], &[line[at], line[at]], &[line[at], other]];
            for middle in changed {
                let text = String::from_utf8([before, middle, after].concat()).unwrap();
                let json = read_row(2, &text);
                let Some(view) = reader.plain(&text) else {
                    refused += u64::from(json.is_err());
                    continue;
                };
                in_place += 1;
                assert_eq!(Ok(&view), json.as_ref().map(View::of).as_ref(), "{text}");
            }
        }
    }
    assert!(in_place > 1_000 && refused > 1_000, "{in_place} in place, {refused} refused");
}
