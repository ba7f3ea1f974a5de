//! `reproduce`.

use crate::support::{folder, seedstorm};

#[test]
fn a_row_is_told_in_words_and_in_json_and_drawn() {
    let folder = folder();
    let arguments = ["reproduce", "3", "--json", "--jobs", "1", "--out", "here"];
    let said = seedstorm(folder.path(), &arguments);
    assert_eq!(said.code, 0, "{}", said.err);
    let document = said.json();
    assert_eq!(document["schema"], "seedstorm.reproduce/1");
    assert_eq!((&document["pass"], &document["full"]), (&true.into(), &true.into()));
    let row = &document["rows"][5];
    assert_eq!(row["id"], "3-n5-election");
    assert_eq!((row["published"].as_f64(), row["measured"].as_f64()), (Some(8.0), Some(8.0)));
    for key in ["title", "ci95", "tolerance", "pass"] {
        assert!(!row[key].is_null(), "{key}");
    }
    for file in ["reproduce.json", "raft-3-messages.png", "raft-3-messages.svg", "raft-3-messages.csv"] {
        assert!(folder.path().join("here").join(file).is_file(), "{file}");
    }
    let words = seedstorm(folder.path(), &["reproduce", "3", "--seeds-scale", "1/2"]);
    assert!(words.out.contains("20 of 20 rows pass"), "{}", words.out);
    assert!(words.out.contains("1/2 of the seeds: tolerances are widened"), "{}", words.out);
}

#[test]
fn what_does_not_exist_is_refused() {
    let folder = folder();
    for (arguments, part) in [
        (["reproduce", "rafd", "--jobs", "1"], "did you mean \"raft\"?"),
        (
            ["reproduce", "99", "--jobs", "1"],
            "a row (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18) or all",
        ),
        (["reproduce", "raft", "--seeds-scale", "0"], "expected more than nothing"),
        (["reproduce", "raft", "--seeds-scale", "3/2"], "--seeds-scale"),
    ] {
        let said = seedstorm(folder.path(), &arguments);
        assert_eq!(said.code, 2, "{arguments:?}: {}", said.err);
        assert!(said.err.contains(part), "{arguments:?}: {}", said.err);
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
