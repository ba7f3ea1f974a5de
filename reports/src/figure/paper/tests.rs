use super::*;
use crate::figure::{Axis, Point, Series, Style};

fn laws() -> Figure {
    let mut figure =
        Figure::new("laws", "Messages & <bytes>", Axis::log("nodes", ""), Axis::log("latency", "ms"));
    figure.caption = "Of 200 seeds".to_owned();
    for (name, factor) in [("Raft", 1.0), ("AVATAR", 3.0)] {
        let points =
            [3.0, 9.0, 27.0].map(|n| Point::new(n, factor * n).between(0.9 * factor * n, 1.1 * n * factor));
        figure.add(Series::new(name, Style::Line, points.to_vec()));
    }
    figure
}

/// The streams of a file, unpacked, in their order.
fn streams(file: &[u8]) -> Vec<Vec<u8>> {
    let find = |from: usize, what: &[u8]| {
        file[from..].windows(what.len()).position(|window| window == what).map(|at| from + at)
    };
    let (mut streams, mut from) = (Vec::new(), 0);
    while let Some(start) = find(from, b"\nstream\n") {
        let end = find(start, b"\nendstream").unwrap();
        let packed = &file[start + 8..end];
        streams.push(miniz_oxide::inflate::decompress_to_vec_zlib(packed).unwrap());
        from = end;
    }
    streams
}

#[test]
fn a_pdf_has_its_size_its_font_and_every_letter() {
    let file = laws().pdf(PaperSize::COLUMN);
    assert!(file.starts_with(b"%PDF-"));
    let text = String::from_utf8_lossy(&file);
    // 85 and 60 millimeters in points.
    assert!(text.contains("/MediaBox [0 0 240.94"), "{}", &text[..600]);
    assert!(text.contains("170.07"), "{}", &text[..600]);
    for part in ["/FontFile2", "/ToUnicode", "/Identity-H", "/DejaVuSans"] {
        assert!(text.contains(part), "{part}");
    }
    assert!(!text.contains("/DejaVuSans-Bold") && !text.contains("Date"), "only what is needed, and no date");
    let streams = streams(&file);
    assert_eq!(streams.len(), 3, "what is drawn, the meanings of glyphs, the font");
    assert!(streams[2].starts_with(&[0, 1, 0, 0]), "a TrueType file");
    let letters = String::from_utf8(streams[1].clone()).unwrap();
    for letter in "Raftnodeslatency(ms)".chars() {
        let code = format!("<{:04X}>", u32::from(letter));
        assert!(letters.contains(&code), "no {letter} in {letters}");
    }
    let drawn = String::from_utf8_lossy(&streams[0]);
    assert!(
        drawn.contains(" Tm\n") && drawn.contains("/Opacity200 gs"),
        "text, and ribbons one can see through"
    );
    assert_eq!(file, laws().pdf(PaperSize::COLUMN), "the same figure gave another file");
    assert!(file.len() < 60_000, "{}", file.len());
}

#[test]
fn an_svg_for_papers_needs_no_font() {
    let page = laws().paper_svg(PaperSize::PAGE);
    assert!(page.contains("width=\"178mm\" height=\"80mm\" viewBox=\"0 0 807 363\""), "{}", &page[..200]);
    assert!(!page.contains("<text") && !page.contains("font"));
    // Seven labels at least, each a path that is filled.
    assert!(page.matches("<path fill=\"#").count() > 7);
    assert!(!page.contains("Of 200 seeds") && !page.contains("bytes"));
}

#[test]
fn files_are_named_after_figure_and_width() {
    let wide = PaperSize { width_mm: 120.0, height_mm: 70.0 };
    let names = laws().paper_files(wide).map(|file| file.name);
    assert_eq!(names, ["laws-120mm.pdf", "laws-120mm.svg"]);
}
