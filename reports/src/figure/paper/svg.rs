//! Figures as SVG files whose letters are shapes.

use std::convert::Infallible;
use std::fmt::Write;

use super::PaperSize;
use crate::figure::Figure;
use crate::figure::canvas::{Canvas, Ink, Letters, PixelPoint, on_white};
use crate::figure::draw::draw;
use crate::figure::font::width;
use crate::figure::glyphs::outlines;

pub(super) fn write(figure: &Figure, size: PaperSize) -> String {
    let mut canvas = Shapes::default();
    let Ok(()) = draw(figure, &mut canvas);
    let (PaperSize { width_mm, height_mm }, (width, height)) = (size, figure.size);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width_mm}mm\" height=\"{height_mm}mm\" \
         viewBox=\"0 0 {width} {height}\">\n{}</svg>\n",
        canvas.elements
    )
}

/// Collects elements.
#[derive(Default)]
struct Shapes {
    elements: String,
}

impl Shapes {
    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.elements, "{element}");
    }
}

impl Canvas for Shapes {
    type Error = Infallible;

    fn line(&mut self, places: &[PixelPoint], width: f64, ink: Ink) -> Result<(), Infallible> {
        let (path, color) = (path(places), color(ink));
        self.push(format_args!(
            "<path fill=\"none\" stroke=\"{color}\" stroke-width=\"{width}\" stroke-linejoin=\"round\" d=\"{path}\"/>"
        ));
        Ok(())
    }

    fn area(&mut self, places: &[PixelPoint], ink: Ink, opacity: f64) -> Result<(), Infallible> {
        let (path, color) = (path(places), color(ink));
        self.push(format_args!("<path fill=\"{color}\" fill-opacity=\"{opacity}\" d=\"{path}Z\"/>"));
        Ok(())
    }

    fn dot(&mut self, (x, y): PixelPoint, radius: f64, ink: Ink, opacity: f64) -> Result<(), Infallible> {
        let color = color(ink);
        self.push(format_args!(
            "<circle cx=\"{x:.2}\" cy=\"{y:.2}\" r=\"{radius}\" fill=\"{color}\" fill-opacity=\"{opacity}\"/>"
        ));
        Ok(())
    }

    fn text(&mut self, text: &str, (x, y): PixelPoint, letters: Letters) -> Result<(), Infallible> {
        let start = x - width(text, letters.size, letters.bold) * letters.align.share();
        let (path, color) = (outlines(text, (start, y), letters.size, letters.bold), color(letters.ink));
        if !path.is_empty() {
            self.push(format_args!("<path fill=\"{color}\" d=\"{path}\"/>"));
        }
        Ok(())
    }
}

fn path(places: &[PixelPoint]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in places.iter().enumerate() {
        let _ = write!(path, "{}{x:.2} {y:.2}", if index == 0 { 'M' } else { 'L' });
    }
    path
}

fn color(ink: Ink) -> String {
    let (red, green, blue) = on_white(ink);
    format!("#{red:02x}{green:02x}{blue:02x}")
}
