//! Text as shapes, for pictures that must look the same where no font is installed.

use std::fmt::Write;

use ab_glyph::{Font, OutlineCurve, Point};

use super::font::{face, set_text};

/// The outlines of a text whose base line starts at a place, as the data of an SVG path.
pub(super) fn outlines(text: &str, start: (f64, f64), size: f64, bold: bool) -> String {
    let font = face(bold);
    let scale = size / f64::from(font.units_per_em().unwrap_or(1.0));
    let mut path = String::new();
    for glyph in set_text(text, size, bold).0 {
        let Some(outline) = font.outline(glyph.id) else { continue };
        let place = |point: Point| {
            let x = start.0 + glyph.at + f64::from(point.x) * scale;
            format!("{:.2} {:.2}", x, start.1 - f64::from(point.y) * scale)
        };
        let mut last: Option<Point> = None;
        for curve in &outline.curves {
            let (from, to, drawn) = match curve {
                OutlineCurve::Line(from, to) => (*from, *to, format!("L{}", place(*to))),
                OutlineCurve::Quad(from, middle, to) => {
                    (*from, *to, format!("Q{} {}", place(*middle), place(*to)))
                }
                OutlineCurve::Cubic(from, one, two, to) => {
                    (*from, *to, format!("C{} {} {}", place(*one), place(*two), place(*to)))
                }
            };
            if last != Some(from) {
                // Writing to a string cannot fail.
                let _ = write!(path, "M{}", place(from));
            }
            path += &drawn;
            last = Some(to);
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::outlines;

    #[test]
    fn a_text_becomes_closed_shapes_on_its_base_line() {
        let path = outlines("l", (10.0, 100.0), 100.0, false);
        assert_eq!(path.matches('M').count(), 1, "one stem: {path}");
        assert_eq!(outlines("oo", (0.0, 0.0), 100.0, false).matches('M').count(), 4, "two rings");
        let heights: Vec<f64> = path
            .split(|c: char| c.is_ascii_alphabetic())
            .filter_map(|pair| pair.split_once(' ')?.1.parse().ok())
            .collect();
        let top = heights.iter().copied().fold(f64::INFINITY, f64::min);
        let bottom = heights.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        assert!((top - 24.0).abs() < 1.0 && (bottom - 100.0).abs() < 0.1, "{top} {bottom}");
        assert_eq!(outlines("", (0.0, 0.0), 10.0, true), "");
    }
}
