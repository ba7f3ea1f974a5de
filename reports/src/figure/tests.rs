//! Every kind of figure, drawn on every canvas.

use super::*;

fn line_with_ribbon() -> Figure {
    let mut figure =
        Figure::new("line", "Median latency", Axis::linear("rate", "1/s"), Axis::linear("latency", "ms"));
    figure.caption = "Median of 200 seeds, with the interval of 95 % confidence".to_owned();
    for (index, name) in ["Raft", "PBFT", "<script>alert(1)</script> & \"more\""].iter().enumerate() {
        let y = |x: f64| 3.0 + index as f64 * 2.0 + x * x / 900.0;
        let points = (0..12).map(|x| f64::from(x) * 10.0);
        let points = points.map(|x| Point::new(x, y(x)).between(0.9 * y(x), 1.15 * y(x))).collect();
        figure.add(Series::new(name, Style::Line, points));
    }
    figure
}

fn power_laws() -> Figure {
    let mut figure =
        Figure::new("laws", "Messages per commit", Axis::log("nodes", ""), Axis::log("messages", ""));
    for (name, exponent) in [("Raft", 1), ("Bracha", 2)] {
        let points = [3.0_f64, 5.0, 9.0, 17.0, 33.0, 65.0].map(|n| Point::new(n, 2.1 * n.powi(exponent)));
        figure.add(Series::new(name, Style::Dots, points.to_vec()));
    }
    figure.add_power_law(0, 0.95);
    figure.add_power_law(1, 0.95);
    figure
}

fn published() -> Figure {
    let names = ["150-151 ms", "150-155 ms", "150-175 ms", "150-200 ms", "150-300 ms"];
    let x = Axis::names("election timeout", names.map(str::to_owned).to_vec());
    let mut figure = Figure::new("published", "Time without a leader, median", x, Axis::linear("time", "ms"));
    let points =
        |values: [f64; 5]| values.iter().enumerate().map(|(x, y)| Point::new(x as f64, *y)).collect();
    figure.add(
        Series::new("published", Style::Published, points([850.0, 287.0, 190.0, 175.0, 240.0])).colored(6),
    );
    let mut ours = Series::new("measured", Style::Dots, points([801.0, 295.0, 186.0, 177.0, 236.0]));
    for point in &mut ours.points {
        *point = point.between(point.y * 0.95, point.y * 1.04);
    }
    figure.add(ours.colored(0));
    figure
}

fn tail() -> Figure {
    let mut figure = Figure::new(
        "tail",
        "Latency by percentile",
        Axis::tail("share of operations"),
        Axis::log("latency", "ms"),
    );
    let values: Vec<f64> = (1..5_000).map(|i| 2.0 + 40.0 / f64::from(i)).collect();
    figure.add(shapes::percentiles("reads", &values, 300));
    let writes: Vec<f64> = values.iter().map(|value| value * 2.5).collect();
    figure.add(shapes::percentiles("writes", &writes, 300));
    figure
}

fn banded() -> Figure {
    let mut figure =
        Figure::new("banded", "Throughput", Axis::linear("time", "s"), Axis::linear("operations", "1/s"));
    let height = |x: i32| if (20..26).contains(&x) { 3.0 } else { 100.0 + f64::from(x % 7) };
    figure.add(Series::new("", Style::Area, (0..60).map(|x| Point::new(f64::from(x), height(x))).collect()));
    for (label, from, to) in [("partition", 20.0, 26.0), ("crash", 40.0, 40.0), ("disk", 41.0, 45.0)] {
        figure.bands.push(Band { label: label.to_owned(), from, to });
    }
    figure
}

fn bars() -> Figure {
    let x = Axis::names("kind", ["RequestVote", "Vote", "AppendEntries"].map(str::to_owned).to_vec());
    let mut figure = Figure::new("bars", "Messages by kind", x, Axis::linear("messages", ""));
    let points = [10.0, 20.0, 30_000.0].iter().enumerate().map(|(x, y)| Point::new(x as f64, *y)).collect();
    figure.add(Series::new("", Style::Bars, points));
    figure
}

fn cloud() -> Figure {
    let mut figure = Figure::new("cloud", "Latency", Axis::linear("time", "s"), Axis::log("latency", "ms"));
    let points =
        (0..3_000).map(|i| Point::new(f64::from(i) / 50.0, 2.0 + f64::from(i * 7_919 % 1_000) / 40.0));
    figure.add(Series::new("ok", Style::Cloud, points.collect()));
    figure.add(Series::new("unknown", Style::Dots, vec![Point::new(20.0, 400.0)]));
    figure
}

fn histogram() -> Figure {
    let mut figure =
        Figure::new("histogram", "Elections", Axis::linear("time", "ms"), Axis::linear("runs", ""));
    let values: Vec<f64> = (0..500).map(|i| 150.0 + f64::from(i * i % 997) / 6.0).collect();
    figure.add(shapes::histogram("", &values, 24));
    figure
}

fn distribution() -> Figure {
    let mut figure =
        Figure::new("ecdf", "Elections", Axis::linear("time", "ms"), Axis::linear("share of runs", ""));
    for (index, name) in ["150-151 ms", "150-300 ms"].iter().enumerate() {
        let values: Vec<f64> = (0..200).map(|i| 150.0 + f64::from(i * (1 + index as i32)) / 3.0).collect();
        figure.add(shapes::distribution(name, &values));
    }
    figure
}

fn all() -> Vec<Figure> {
    vec![
        line_with_ribbon(),
        power_laws(),
        published(),
        tail(),
        banded(),
        bars(),
        cloud(),
        histogram(),
        distribution(),
    ]
}

/// Decodes a PNG: its size, and how many different colors are in it.
fn decoded(bytes: &[u8]) -> (u32, u32, usize) {
    let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let colors: sim_core::ordered::OrderedSet<&[u8]> = pixels.chunks_exact(3).collect();
    (info.width, info.height, colors.len())
}

#[test]
fn pngs_decode_have_twice_the_size_and_are_not_blank() {
    for figure in [line_with_ribbon(), published()] {
        let png = figure.png().unwrap();
        let (width, height, colors) = decoded(&png);
        assert_eq!((width, height), (1_440, 840));
        assert!(colors > 50, "{} has {colors} colors", figure.name);
        assert_eq!(png, figure.png().unwrap(), "two renderings differ");
    }
}

/// Draws all of them into a folder that can be looked at: `SEEDSTORM_FIGURES=DIR cargo test -p reports gallery -- --ignored`.
#[test]
#[ignore = "writes a gallery for people"]
#[expect(clippy::disallowed_methods, reason = "a person says where to")]
fn gallery() {
    let folder = std::path::PathBuf::from(std::env::var("SEEDSTORM_FIGURES").unwrap());
    for figure in all() {
        for file in figure.files().unwrap() {
            std::fs::write(folder.join(&file.name), &file.content).unwrap();
        }
    }
}

/// Whether every element that is opened is closed, in order, and no text is markup.
fn well_formed(svg: &str) -> Result<(), String> {
    let mut open: Vec<&str> = Vec::new();
    for piece in svg.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').ok_or_else(|| format!("no end: {piece}"))?;
        let name = tag.trim_start_matches('/').split([' ', '/', '\n']).next().unwrap_or_default();
        match (tag.starts_with('/'), tag.ends_with('/'), tag.starts_with(['?', '!'])) {
            (_, _, true) | (false, true, _) => {}
            (true, ..) if open.pop() == Some(name) => {}
            (true, ..) => return Err(format!("{name} is closed and was not open")),
            (false, ..) => open.push(name),
        }
        if tag.matches('"').count() % 2 == 1 {
            return Err(format!("a quote is open: {tag}"));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("left open: {open:?}")) }
}

#[test]
fn svgs_are_well_formed_and_say_what_they_show() {
    for figure in all() {
        for svg in [figure.svg().unwrap(), figure.inline_svg()] {
            well_formed(&svg).unwrap();
            assert!(svg.contains(&figure.title), "{} lacks its title", figure.name);
            assert!(!svg.contains("<script"), "{}", figure.name);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{}", figure.name);
        }
        assert_eq!(figure.svg().unwrap(), figure.svg().unwrap());
    }
    assert!(well_formed("<svg><g></svg>").is_err(), "the test itself can fail");
}

#[test]
fn everything_lies_inside_the_picture() {
    for figure in all() {
        let svg = figure.inline_svg();
        let (width, height) = (f64::from(figure.size.0), f64::from(figure.size.1));
        let texts = svg.split("<text x=\"").skip(1);
        for text in texts {
            let number = |after: &str| -> f64 {
                let start = text.find(after).unwrap() + after.len();
                text[start..].split('"').next().unwrap().parse().unwrap()
            };
            let x: f64 = text.split('"').next().unwrap().parse().unwrap();
            let y = number("y=\"");
            assert!(x >= 0.0 && x <= width && y >= 8.0 && y <= height, "{}: {x} {y}", figure.name);
        }
    }
}

#[test]
fn a_csv_has_every_number_once() {
    let csv = published().csv();
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "series,style,election timeout,election timeout end,time (ms),low,high");
    assert_eq!(lines[1], "published,published,150-151 ms,,850,,");
    assert_eq!(lines.len(), 11);
    let csv = banded().csv();
    assert!(csv.ends_with("partition,band,20,26,,,\ncrash,band,40,40,,,\ndisk,band,41,45,,,\n"), "{csv}");
    let csv = line_with_ribbon().csv();
    assert!(csv.contains("\n\"<script>alert(1)</script> & \"\"more\"\"\",line,0,"), "{csv}");
}

#[test]
fn a_figure_without_data_is_drawn_empty() {
    let mut figure = Figure::new("none", "Nothing", Axis::log("n", ""), Axis::tail("share"));
    well_formed(&figure.svg().unwrap()).unwrap();
    figure.add(Series::new(
        "s",
        Style::Line,
        vec![Point::new(f64::NAN, f64::INFINITY), Point::new(0.0, 1.0)],
    ));
    well_formed(&figure.inline_svg()).unwrap();
    assert_eq!(figure.csv().lines().count(), 3);
}

#[test]
fn the_ninth_line_of_a_plot_looks_like_none_of_the_eight_before() {
    let mut figure = Figure::new("f", "", Axis::linear("n", ""), Axis::linear("y", ""));
    for index in 0..9 {
        let points = [1.0, 2.0].map(|x| Point::new(x, f64::from(index))).to_vec();
        figure.add(Series::new(&format!("line {index}"), Style::Line, points));
    }
    let page = figure.inline_svg();
    let drawn = |class: &str, attribute: &str| {
        page.split('<').any(|element| element.contains(class) && element.contains(attribute))
    };
    assert!(drawn("\"l c0\"", "stroke-linejoin") && !drawn("\"l c0\"", "stroke-dasharray"));
    assert!(drawn("\"l c8\"", "stroke-dasharray=\"9 3\"") && drawn("\"f c8\"", "width=\"7.0\""), "{page}");
    let svg = figure.svg().unwrap();
    let (own, first) = ("#0C4C72", "#0072B2");
    assert!(svg.contains(own) && svg.contains(first), "{svg}");
}
