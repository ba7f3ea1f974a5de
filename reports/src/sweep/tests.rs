use sim_core::ordered::OrderedMap;
use sim_core::sweep::{AxisScale, Comparison, Coordinate, Estimate, Fit, Rate, Theory};

use super::*;

fn point(base: &str, n: f64, messages: f64) -> SweepPoint {
    let estimate = |mean: f64| Estimate {
        count: 5,
        mean,
        mean_interval: Some((mean * 0.9, mean * 1.1)),
        median: mean,
        median_interval: (mean * 0.8, mean * 1.2),
        p90: mean,
        p90_interval: None,
        p99: mean,
        p99_interval: None,
    };
    let at = |key: &str, value: String, number| Coordinate {
        key: key.to_owned(),
        value,
        number,
        unit: String::new(),
    };
    SweepPoint {
        base: base.to_owned(),
        per: "commit".to_owned(),
        scenario_hash: String::new(),
        at: vec![at("cluster.nodes", n.to_string(), Some(n)), at("mode", "push".to_owned(), None)],
        runs: 5,
        stopped: false,
        conclusive: 5,
        findings: 0,
        verdicts: OrderedMap::new(),
        rates: [("broken".to_owned(), Rate { count: 1, of: 5, interval: (0.036, 0.624) })].into(),
        columns: [
            ("messages_per".to_owned(), estimate(messages)),
            ("latency_ns.p50".to_owned(), estimate(2e6)),
        ]
        .into(),
        distributions: [("messages_per".to_owned(), vec![messages - 1.0, messages, messages + 2.0])].into(),
        limits: Vec::new(),
    }
}

fn plot(against: &str, column: &str, log: bool) -> Plot {
    let (name, title) = ("messages-vs-n".to_owned(), "Messages".to_owned());
    Plot { log, fit: log, ..Plot::new(name, title, against, vec![column.to_owned()]) }
}

fn table(plots: Vec<Plot>) -> SweepTable {
    let theory = Theory { law: "n".to_owned(), slope: 1.0, tolerance: 0.1, agrees: true };
    SweepTable {
        title: "<script>alert(1)</script>".to_owned(),
        about: "What <b>one</b> sees.".to_owned(),
        hash: "0".repeat(32),
        seeds: "0..5".to_owned(),
        confidence: 0.95,
        stop: None,
        points: [3.0, 5.0, 9.0, 17.0].iter().map(|n| point("Raft", *n, 2.0 * n)).collect(),
        fits: vec![Fit {
            line: "Raft".to_owned(),
            base: "Raft".to_owned(),
            column: "messages_per".to_owned(),
            against: "cluster.nodes".to_owned(),
            points: 4,
            slope: 1.0,
            slope_interval: (0.99, 1.01),
            r_squared: 1.0,
            theory: Some(theory),
        }],
        unjudged: Vec::new(),
        plots,
        comparisons: vec![Comparison {
            at: "cluster.nodes = 5".to_owned(),
            first: "Raft".to_owned(),
            second: "PBFT".to_owned(),
            column: "messages_per".to_owned(),
            pairs: 5,
            difference: 12.0,
            difference_interval: (11.0, 13.0),
            p_value: 0.001,
            ratio: Some(1.5),
            ratio_interval: Some((1.4, 1.6)),
            larger: 5,
            smaller: 0,
        }],
    }
}

#[test]
fn a_page_has_shares_and_comparisons_with_their_intervals() {
    let page = page(&table(Vec::new()));
    for part in
        ["20.0 % (3.6 to 62.4)", "12.00 (11.00 to 13.00)", "1.500 (1.400 to 1.600)", "comparisons.csv"]
    {
        assert!(page.contains(part), "{part}");
    }
    let mut without = table(Vec::new());
    without.comparisons.clear();
    assert!(!super::page(&without).contains("Side by side"));
}

#[test]
fn a_plot_becomes_points_with_intervals_and_a_fitted_line() {
    let figures = figures(&table(vec![plot("cluster.nodes", "messages_per", true)]));
    let figure = &figures[0];
    assert_eq!((figures.len(), figure.series.len()), (2, 2));
    assert!(
        figure.series[0].name.starts_with("Raft, mode = push, per commit: slope 1.00"),
        "{}",
        figure.series[0].name
    );
    assert_eq!(figure.series[0].points[1], Point::new(5.0, 10.0).between(9.0, 11.0));
    assert_eq!(figure.series[1].style, Style::Dashed);
    assert!(figure.files().unwrap().iter().all(|file| !file.content.is_empty()));
}

#[test]
fn a_plot_shows_the_bases_that_it_names() {
    let of = |base: &str| {
        let bases = vec![base.to_owned()];
        figures(&table(vec![Plot { bases, ..plot("cluster.nodes", "messages_per", false) }])).len()
    };
    assert_eq!((of("Raft"), of("another")), (2, 0));
}

#[test]
fn nanoseconds_are_milliseconds_and_words_are_places() {
    let drawn = figures(&table(vec![plot("mode", "latency_ns.p50", false), plot("mode", "nothing", false)]));
    assert_eq!(drawn.len(), 1, "what was not measured is not drawn");
    assert_eq!(drawn[0].y.label, "latency p50");
    assert_eq!(drawn[0].y.unit, "ms");
    assert_eq!((drawn[0].series[0].points[0].x, drawn[0].series[0].points[0].y), (0.0, 2.0));
}

#[test]
fn a_table_comes_back_from_its_file_and_makes_the_same_page() {
    let table = table(vec![plot("cluster.nodes", "messages_per", true)]);
    let text = document(&table).unwrap().to_string();
    assert_eq!(page(&from_json(&text).unwrap()), page(&table));
    for (text, said) in [
        (&text[..text.len() / 2], "not whole JSON"),
        ("{}", "without a \"schema\""),
        ("{\"schema\": \"seedstorm.sweep/2\"}", "a \"seedstorm.sweep/2\""),
        ("{\"schema\": \"seedstorm.sweep/1\"}", "broken: missing field"),
    ] {
        let error = from_json(text).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn the_page_stands_alone_and_texts_are_data() {
    let page = page(&table(vec![plot("cluster.nodes", "messages_per", true)]));
    assert!(page.contains("&lt;script&gt;"));
    assert_eq!(page.matches("<script").count(), 1, "the page's own script and no other");
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("url("));
    assert!(page.contains("<svg") && page.contains("Content-Security-Policy"));
    for part in ["1.000", "0.990 to 1.010", "yes", "points.csv"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn a_plot_has_the_labels_scales_and_size_that_its_file_asks_for() {
    let asked = Plot {
        x_label: Some("members".to_owned()),
        y_label: Some("frames".to_owned()),
        y_scale: Some(AxisScale::Linear),
        size_mm: Some((120.0, 60.0)),
        ..plot("cluster.nodes", "messages_per", true)
    };
    let table = table(vec![asked]);
    let drawn = figures(&table);
    let figure = &drawn[0];
    assert_eq!((figure.x.label.as_str(), figure.y.label.as_str()), ("members", "frames"));
    assert!(figure.x.scale == crate::figure::Scale::Log && figure.y.scale == crate::figure::Scale::Linear);
    assert_eq!(figure.size, (720, 360));
    let names: Vec<String> =
        figure_files(&table).unwrap().into_iter().map(|(name, _)| name.display().to_string()).collect();
    for name in
        ["messages-vs-n.png", "paper/messages-vs-n-120mm.pdf", "paper/messages-vs-n-distribution-120mm.svg"]
    {
        assert!(names.iter().any(|known| known == name), "no {name} in {names:?}");
    }
}

#[test]
fn every_plot_shows_how_single_runs_are_distributed() {
    let drawn = figures(&table(vec![plot("cluster.nodes", "messages_per", false)]));
    let figure = &drawn[1];
    assert_eq!(figure.name, "messages-vs-n-distribution");
    let names: Vec<&str> = figure.series.iter().map(|series| series.name.as_str()).collect();
    assert_eq!(names, ["nodes = 3", "nodes = 5", "nodes = 9", "nodes = 17"]);
    let (first, last) = (figure.series[0].points[0], *figure.series[0].points.last().unwrap());
    assert_eq!(((first.x, first.y), (last.x, last.y)), ((5.0, 0.0), (8.0, 1.0)));
    let mut same = table(vec![plot("cluster.nodes", "messages_per", false)]);
    for point in &mut same.points {
        point.distributions.insert("messages_per".to_owned(), vec![1.0, 1.0, 1.0]);
    }
    assert_eq!(figures(&same).len(), 1, "there is nothing to see where all runs agree");
    let mut many = table(vec![plot("cluster.nodes", "messages_per", false)]);
    many.points = (3..40).map(|n| point("Raft", f64::from(n), f64::from(n))).collect();
    let figure = &figures(&many)[1];
    assert!(figure.series.len() == 8 && figure.caption.contains("8 of 37 points"), "{}", figure.caption);
    assert_eq!(figure.series.last().unwrap().name, "nodes = 39");
}

#[test]
fn keys_are_told_in_words_and_apart() {
    let mut two = table(Vec::new());
    for point in &mut two.points {
        point.at[1].key = "workload.nodes".to_owned();
    }
    let page = page(&two);
    assert!(page.contains("cluster nodes = 5, workload nodes = push"), "both keys end in the same word");
    assert!(super::page(&table(Vec::new())).contains("nodes = 5, mode = push"));
}

#[test]
fn a_single_run_has_no_interval() {
    let mut table = table(vec![plot("cluster.nodes", "messages_per", true)]);
    let page = page(&table);
    assert!(page.contains("6.00 ± 0.60") && page.contains("with the interval"), "{page}");
    for point in &mut table.points {
        point.runs = 1;
        for estimate in point.columns.values_mut() {
            (estimate.count, estimate.mean_interval) = (1, None);
        }
    }
    let page = super::page(&table);
    assert!(page.contains("6.00") && !page.contains("6.00 ±"), "the interval of a single run is drawn");
    assert!(page.contains("One seed at each point"), "{page}");
}

#[test]
fn lines_with_a_fit_have_colors_of_their_own() {
    let mut table = table(vec![plot("cluster.nodes", "messages_per", true)]);
    let bases = ["PBFT", "HotStuff", "Bracha", "epidemic"];
    let others = bases.map(|base| [3.0, 5.0, 9.0].map(|n| point(base, n, n * n)));
    table.points.extend(others.into_iter().flatten());
    let figure = &figures(&table)[0];
    let named = (0..figure.series.len()).filter(|index| !figure.series[*index].name.is_empty());
    let classes: OrderedSet<String> = named.map(|index| figure.color_class(index)).collect();
    assert_eq!(classes.len(), 5);
}
