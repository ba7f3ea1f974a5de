//! Points that stop early.

use std::path::PathBuf;

use super::*;

const RULE: &str = "[stop]\ncolumn = \"messages\"\nrelative = \"5%\"\nlooks = [2, 5, 9, 30]\n";

/// A base whose runs differ, beside the toys, whose runs do not.
const RAFT: &str = "[[base]]\nlabel = \"raft\"\n[base.inline]\nschema = \"seedstorm.scenario/1\"\ntitle = \"r\"\n\
                    [base.inline.cluster]\nprotocol = \"raft\"\nnodes = 4\nduration = \"1s\"\n";

/// A sweep whose points stop by a rule, or by none.
fn with(rule: &str) -> Result<Sweep, String> {
    let text = FILE.replacen("[[base]]", &format!("{rule}[[base]]"), 1) + RAFT;
    let draft = Draft::parse(Source { name: "sweep.toml".to_owned(), text });
    let least = Source { name: "least.toml".to_owned(), text: LEAST.to_owned() };
    let mut registry = registry();
    registry.register(protocols::raft::entry::ENTRY);
    draft
        .and_then(|draft| draft.build(&registry, &OrderedMap::from([("least.toml".to_owned(), least)])))
        .map_err(|problems| problems.render(false))
}

/// How many runs each point has.
fn counts(sweep_of: &Sweep, rows: &[Row]) -> Vec<usize> {
    let count = |point: usize| rows.iter().filter(|row| row.point == point).count();
    (0..sweep_of.points.len()).map(count).collect()
}

/// Runs that a rule leaves of those that all seeds would have.
fn left(rule: &StopRule, whole: &[Row]) -> Vec<Row> {
    let mut left = Vec::new();
    for own in whole.chunk_by(|row, next| row.point == next.point) {
        let enough =
            rule.looks.iter().map(|look| *look as usize).filter(|look| *look < own.len()).find(|look| {
                let values: Vec<f64> = own[..*look].iter().map(|row| row.messages as f64).collect();
                let interval = sim_core::stats::mean_interval(&values, 0.95).unwrap();
                let mean = sim_core::stats::mean(&values).unwrap();
                interval.width() / 2.0 <= rule.relative.map_or(0.0, sim_core::ratio::Ratio::as_f64) * mean
            });
        left.extend_from_slice(&own[..enough.unwrap_or(own.len())]);
    }
    left
}

#[test]
fn points_stop_where_the_interval_is_narrow_and_nowhere_else() {
    let (sweep_of, whole) = (with(RULE).unwrap(), with("").unwrap());
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let stopped = swept(&sweep_of, folders[0].path(), &options(1, false), Hooks::NONE).unwrap();
    let all = swept(&whole, folders[1].path(), &options(2, false), Hooks::NONE).unwrap();
    assert_eq!(stopped.rows, left(sweep_of.file.stop.as_ref().unwrap(), &all.rows));
    let counts = counts(&sweep_of, &stopped.rows);
    assert!(counts.iter().all(|count| [2, 5, 9, 30, 40].contains(count)), "{counts:?}");
    assert!(counts.iter().any(|count| *count < 40) && counts.iter().any(|count| *count > 2), "{counts:?}");
    let table = tabulate(&sweep_of, &stopped.rows);
    for (point, count) in table.points.iter().zip(&counts) {
        assert_eq!((point.runs as usize, point.stopped), (*count, *count < 40));
    }
    assert!(table.stop.unwrap().contains("at most 1/20 of the mean"));
    assert_eq!(tabulate(&whole, &all.rows).stop, None);
}

#[test]
fn threads_and_kills_do_not_move_where_points_stop() {
    let sweep_of = with(RULE).unwrap();
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let path = folders[0].path().join(RUNS);
    let one = swept(&sweep_of, folders[0].path(), &options(1, false), Hooks::NONE).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    swept(&sweep_of, folders[1].path(), &options(3, false), Hooks::NONE).unwrap();
    assert_eq!(std::fs::read_to_string(folders[1].path().join(RUNS)).unwrap(), text);
    // A finished one is not in anybody's way, also where it has fewer runs than it could.
    swept(&sweep_of, folders[0].path(), &options(2, false), Hooks::NONE).unwrap();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    for kept in [1, 2, 5, 6, 11, lines.len() - 1, lines.len()] {
        std::fs::write(&path, lines[..kept].concat()).unwrap();
        let resumed = swept(&sweep_of, folders[0].path(), &options(2, true), Hooks::NONE).unwrap();
        assert_eq!(resumed.resumed as usize, kept - 1);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text, "from {kept} lines");
        assert_eq!(resumed.rows.len(), one.rows.len());
    }
    // A run too many, or one too few, is not what the rule leaves.
    let last = one.rows.last().unwrap();
    assert!(counts(&sweep_of, &one.rows).iter().any(|count| *count < 40));
    let more = serde_json::to_string(&Row { seed: last.seed + 1, ..last.clone() }).unwrap();
    for wrong in [format!("{text}{more}\n"), [&lines[..4], &lines[6..]].concat().concat()] {
        std::fs::write(&path, wrong).unwrap();
        let error = swept(&sweep_of, folders[0].path(), &options(2, true), Hooks::NONE).unwrap_err();
        assert!(error.to_string().contains("out of order"), "{error}");
    }
}

#[test]
fn shards_have_whole_points_and_merge_to_the_bytes_of_the_whole() {
    let sweep_of = with(RULE).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    swept(&sweep_of, &whole, &options(2, false), Hooks::NONE).unwrap();
    for of in [2, 4, 11] {
        let mut shards: Vec<(Shard, PathBuf)> = Vec::new();
        for shard in Shard::all(of) {
            let place = folder.path().join(shard.folder_name());
            let options = SweepOptions { shard, ..options(1, false) };
            let held = lock(&place).unwrap();
            assert!(!sweep(&sweep_of, &held, &options, Hooks::NONE).unwrap().interrupted);
            shards.push((shard, place));
        }
        let merged = folder.path().join(format!("merged-{of}"));
        let threads = Threads::start(Some(2)).unwrap();
        let (run, _) = merge_shards(&sweep_of, "b", &shards, &merged, &threads).unwrap();
        assert!(run.made < sweep_of.runs() && holds_whole(&sweep_of, "b", &merged).is_ok());
        assert_eq!(std::fs::read(merged.join(RUNS)).unwrap(), std::fs::read(whole.join(RUNS)).unwrap());
        // A shard that lost its end is named.
        let path = shards[1].1.join(RUNS);
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        std::fs::write(&path, lines[..lines.len() - 1].concat()).unwrap();
        let again = folder.path().join(format!("short-{of}"));
        let Err(MergeShardsError::Shard { folder: named, why }) =
            merge_shards(&sweep_of, "b", &shards, &again, &threads)
        else {
            panic!("it was taken")
        };
        assert_eq!(named, shards[1].1, "{why}");
    }
}

#[test]
fn a_rule_that_says_nothing_is_refused() {
    for (right, wrong, part) in [
        ("messages", "mesages", "did you mean \"messages\"?"),
        ("relative = \"5%\"\n", "", "narrow enough"),
        ("\"5%\"", "\"0\"", "narrow enough"),
        ("relative = \"5%\"", "half_width = -1.0", "narrow enough"),
        ("[2, 5, 9, 30]", "[]", "rising counts"),
        ("[2, 5, 9, 30]", "[1, 9]", "rising counts"),
        ("[2, 5, 9, 30]", "[9, 9]", "rising counts"),
        ("looks", "look", "unknown key \"look\""),
    ] {
        let said = with(&RULE.replace(right, wrong)).unwrap_err();
        assert!(said.contains(part) && said.contains("sweep.toml"), "{part}: {said}");
    }
}

/// The price of looking: intervals of exponential samples that stopped at ten per cent still cover the mean about as often
/// as they say, since the first look has fifty values.
#[test]
fn intervals_at_the_end_cover_nearly_as_often_as_they_say() {
    use sim_core::math::ln;
    use sim_core::random::{Keyed, Purpose};
    let rule = StopRule {
        column: "messages".to_owned(),
        half_width: None,
        relative: "10%".parse().ok(),
        looks: (1..40).map(|look| look * 50).collect(),
    };
    let keyed = Keyed::new(11, Purpose::Bootstrap);
    let (mut covered, mut values) = (0, 0);
    for sample in 0..400 {
        let mut watched = stop::Watched::default();
        let mut seen = sim_core::stats::Tally::default();
        while !watched.is_enough() && watched.runs() < 2_000 {
            let unit = (keyed.word(sample, watched.runs()) >> 11) as f64 / (1_u64 << 53) as f64;
            let value = -ln(1.0 - unit);
            watched.take(&rule, Some(value));
            seen.add(value);
        }
        let interval = seen.summary().mean_interval(0.95).unwrap();
        covered += u32::from(interval.contains(1.0));
        values += watched.runs();
    }
    assert!((360..=392).contains(&covered), "{covered} of 400");
    assert!((300..450).contains(&(values / 400)), "{} values on average", values / 400);
}
