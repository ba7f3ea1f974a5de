//! Figures as SVG elements of a page: colors are the page's variables, so that they follow it from light to dark.
//! Everything is said by classes, since the page's policy forbids styles in elements.

use std::convert::Infallible;
use std::fmt::Write;

use super::Figure;
use super::canvas::{Align, COLORS, Canvas, Ink, Letters, PixelPoint};
use super::draw::draw;

/// The element; it is named by the figure's title for those who hear it.
pub(super) fn svg(figure: &Figure) -> String {
    let mut canvas = InlineSvg::default();
    let Ok(()) = draw(figure, &mut canvas);
    canvas.end_dots();
    let (width, height) = figure.size;
    let title = escaped(&figure.title);
    format!(
        "<svg class=\"figure\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">{}</svg>",
        canvas.elements
    )
}

/// Collects elements. Dots of one look become one path: a thousand of them are a few kilobytes.
#[derive(Default)]
struct InlineSvg {
    elements: String,
    dots: Option<(Dot, String)>,
}

/// How a dot looks.
#[derive(Clone, Copy, PartialEq)]
struct Dot {
    radius: f64,
    ink: Ink,
    opacity: f64,
}

impl InlineSvg {
    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        self.end_dots();
        // Writing to a string cannot fail.
        let _ = self.elements.write_fmt(element);
    }

    fn end_dots(&mut self) {
        let Some((Dot { radius, ink, opacity }, path)) = self.dots.take() else { return };
        let (class, width) = (class(ink), 2.0 * radius);
        let see_through =
            if opacity < 1.0 { format!(" stroke-opacity=\"{opacity}\"") } else { String::new() };
        let _ = write!(
            self.elements,
            "<path class=\"dots {class}\" stroke-width=\"{width}\"{see_through} d=\"{path}\"/>"
        );
    }
}

impl Canvas for InlineSvg {
    type Error = Infallible;

    fn line(&mut self, places: &[PixelPoint], width: f64, ink: Ink) -> Result<(), Infallible> {
        let (path, class) = (path(places), class(ink));
        self.push(format_args!(
            "<path class=\"l {class}\" stroke-width=\"{width}\" stroke-linejoin=\"round\" d=\"{path}\"/>"
        ));
        Ok(())
    }

    fn area(&mut self, places: &[PixelPoint], ink: Ink, opacity: f64) -> Result<(), Infallible> {
        let (path, class, opacity) = (path(places), class(ink), see_through(opacity));
        self.push(format_args!("<path class=\"f {class}\"{opacity} d=\"{path}Z\"/>"));
        Ok(())
    }

    fn rect(
        &mut self,
        corner: PixelPoint,
        size: PixelPoint,
        ink: Ink,
        opacity: f64,
    ) -> Result<(), Infallible> {
        let ((x, y), (width, height), class) = (corner, size, class(ink));
        self.push(format_args!(
            "<rect class=\"f {class}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"{}/>",
            see_through(opacity)
        ));
        Ok(())
    }

    fn dot(&mut self, (x, y): PixelPoint, radius: f64, ink: Ink, opacity: f64) -> Result<(), Infallible> {
        let dot = Dot { radius, ink, opacity };
        if self.dots.as_ref().is_some_and(|(open, _)| *open != dot) {
            self.end_dots();
        }
        let (_, path) = self.dots.get_or_insert_with(|| (dot, String::new()));
        let _ = write!(path, "M{x:.1} {y:.1}h0");
        Ok(())
    }

    fn dashes(
        &mut self,
        places: &[PixelPoint],
        width: f64,
        ink: Ink,
        lengths: &[u8],
    ) -> Result<(), Infallible> {
        let (path, class) = (path(places), class(ink));
        let lengths = lengths.iter().map(u8::to_string).collect::<Vec<_>>().join(" ");
        self.push(format_args!(
            "<path class=\"l {class}\" stroke-width=\"{width}\" stroke-dasharray=\"{lengths}\" d=\"{path}\"/>"
        ));
        Ok(())
    }

    fn text(&mut self, text: &str, (x, y): PixelPoint, letters: Letters) -> Result<(), Infallible> {
        let anchor = match letters.align {
            Align::Left => "start",
            Align::Center => "middle",
            Align::Right => "end",
        };
        let (size, class) = (letters.size, class(letters.ink));
        let weight = if letters.bold { " font-weight=\"700\"" } else { "" };
        self.push(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"f {class}\" font-size=\"{size}\" text-anchor=\"{anchor}\"{weight}>{}</text>",
            escaped(text)
        ));
        Ok(())
    }
}

fn path(places: &[PixelPoint]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in places.iter().enumerate() {
        let _ = write!(path, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
    }
    path
}

fn see_through(opacity: f64) -> String {
    if opacity < 1.0 { format!(" fill-opacity=\"{opacity}\"") } else { String::new() }
}

/// The class that gives an element its color.
fn class(ink: Ink) -> String {
    match ink {
        Ink::Paper => "paper".to_owned(),
        Ink::Text => "text".to_owned(),
        Ink::Muted => "muted".to_owned(),
        Ink::Grid => "grid".to_owned(),
        Ink::Series(index) => format!("c{}", index % COLORS),
        Ink::Alarm => "alarm".to_owned(),
    }
}

/// A text that cannot be markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}
