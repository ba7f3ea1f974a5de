//! Which points are run, and what is compared between them.

use super::*;

/// A sweep of toys with more said before its bases.
fn with(more: &str) -> Result<Sweep, String> {
    made(&FILE.replacen("[[base]]", &format!("{more}\n[[base]]"), 1))
        .map_err(|problems| problems.render(false))
}

fn places(sweep: &Sweep) -> Vec<String> {
    let at = |point: &PlannedPoint| {
        let at = point.at.iter().map(|(_, value)| csv::plain(value)).collect::<Vec<_>>().join(" ");
        format!("{} {at}", sweep.base(point).label)
    };
    sweep.points.iter().map(at).collect()
}

#[test]
fn points_are_excluded_and_included() {
    let sweep_of = with(
        "[[exclude]]\n\"cluster.nodes\" = [4, 10]\n\"network.loss\" = [\"0\", \"1/10\"]\n\
         [[include]]\n\"cluster.nodes\" = [31]\n\"network.loss\" = [\"1/2\"]\n",
    );
    let sweep_of = sweep_of.unwrap();
    let expected = [
        "toy 4 1/100",
        "toy 7 1/100",
        "toy 7 0",
        "toy 7 1/10",
        "toy 31 1/2",
        "other 10 1/100",
        "other 31 1/2",
    ];
    assert_eq!(places(&sweep_of), expected);
    assert_eq!(sweep_of.points[4].loaded.scenario.cluster.nodes, 31);
    for (more, part) in [
        ("[[exclude]]\n\"cluster.nods\" = [4]\n", "no grid has \"cluster.nods\""),
        ("[[exclude]]\n", "at least one key"),
        ("[[include]]\n\"cluster.nodes\" = [7]\n\"network.loss\" = [\"0\"]\n", "there twice"),
        ("[[include]]\n\"cluster.nodes\" = 7\n", "must have a list of values"),
        ("[latin]\npoints = 0\n", "1 to 10000 points"),
    ] {
        let said = with(more).unwrap_err();
        assert!(said.contains(part) && said.contains("sweep.toml"), "{part}: {said}");
    }
}

#[test]
fn a_latin_hypercube_draws_from_the_grid() {
    let sweep_of = |seed: u64| with(&format!("[latin]\npoints = 3\nseed = {seed}\n")).unwrap();
    let one = sweep_of(1);
    let toy: Vec<String> = places(&one).into_iter().filter(|place| place.starts_with("toy")).collect();
    assert_eq!(toy.len(), 3);
    for loss in ["1/100", " 0", "1/10"] {
        assert_eq!(toy.iter().filter(|place| place.ends_with(loss)).count(), 1, "{toy:?}");
    }
    assert_eq!(places(&one), places(&sweep_of(1)));
    assert!((2..9).any(|seed| places(&sweep_of(seed)) != places(&one)));
    assert!((2..9).any(|seed| sweep_of(seed).hash != one.hash));
}

/// What the seeds have in common drops out: the second base sends exactly 2 messages more under every seed.
#[test]
fn comparisons_pair_seeds() {
    let grid = "[[include]]\n\"cluster.nodes\" = [10]\n\"network.loss\" = [\"1/2\"]\n";
    let bases = "[[compare]]\nbases = [\"toy\", \"other\"]\ncolumns = [\"messages\", \"measure.no\"]\n";
    let wrong = with(&(grid.to_owned() + bases)).unwrap_err();
    assert!(wrong.contains("unknown column \"measure.no\""), "{wrong}");
    let key = "[[compare]]\nkey = \"cluster.nodes\"\nvalues = [4, 7]\ncolumns = [\"broken\"]\n";
    let bases = bases.replace(", \"measure.no\"", "");
    let sweep_of = with(&(grid.to_owned() + &bases + key)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut run = swept(&sweep_of, folder.path(), &options(2, false), Hooks::NONE).unwrap();
    for row in &mut run.rows {
        row.messages = 1_000 + 37 * (row.seed % 11) + if row.base == "other" { 2 } else { 0 };
        row.broken = row.members == 7 && row.seed < 10;
    }
    let table = tabulate(&sweep_of, &run.rows);
    // One pair of bases at the point that both have, and three pairs of sizes.
    assert_eq!(table.comparisons.len(), 4, "{:#?}", table.comparisons);
    let first = &table.comparisons[0];
    assert_eq!(first.at, "cluster.nodes = 10, network.loss = 1/2");
    assert_eq!((first.first.as_str(), first.second.as_str(), first.pairs), ("toy", "other", 40));
    assert_eq!((first.difference, first.difference_interval), (2.0, (2.0, 2.0)));
    assert_eq!((first.larger, first.smaller), (40, 0));
    let (low, high) = first.ratio_interval.unwrap();
    assert!(1.0 < low && low <= first.ratio.unwrap() && first.ratio.unwrap() <= high && high < 1.01);
    let sizes = &table.comparisons[1];
    assert_eq!(sizes.at, "toy, network.loss = 1/100");
    assert_eq!((sizes.difference, sizes.larger, sizes.ratio), (0.25, 10, None));
    assert_eq!(comparisons_csv(&table).lines().count(), 5);
    assert_eq!(tabulate(&sweep_of, &run.rows), table);
    // The share of broken runs has Wilson's interval, in its column as among the shares.
    let seven = table.points.iter().find(|point| point.at[0].value == "7").unwrap();
    let (rate, column) = (seven.rates["broken"], seven.columns["broken"]);
    assert_eq!((rate.count, rate.of, column.mean), (10, 40, 0.25));
    let expected = sim_core::stats::wilson(10, 40, 0.95);
    assert_eq!(column.mean_interval, Some(rate.interval));
    assert_eq!(rate.interval, (expected.low, expected.high));
    assert!(rates_csv(&table).lines().count() > 3 * table.points.len());
}
