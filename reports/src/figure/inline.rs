//! Figures as SVG elements of a page: colors are the page's variables, so that they follow it from light to dark.

use std::convert::Infallible;
use std::fmt::Write;

use super::Figure;
use super::canvas::{Align, Canvas, Ink, Letters, PALETTE, Place};
use super::draw::draw;

/// The element; it is named by the figure's title for those who hear it.
pub(super) fn svg(figure: &Figure) -> String {
    let mut canvas = InlineSvg::default();
    let Ok(()) = draw(figure, &mut canvas);
    let (width, height) = figure.size;
    let title = escaped(&figure.title);
    format!(
        "<svg class=\"figure\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">{}</svg>",
        canvas.elements
    )
}

/// Collects elements.
#[derive(Default)]
pub(crate) struct InlineSvg {
    /// The elements so far.
    pub(crate) elements: String,
}

impl InlineSvg {
    fn push(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = self.elements.write_fmt(element);
    }
}

impl Canvas for InlineSvg {
    type Error = Infallible;

    fn line(&mut self, places: &[Place], width: f64, ink: Ink) -> Result<(), Infallible> {
        self.push(format_args!("<path d=\"{}\" style=\"fill:none;stroke:{}\"", path(places), css(ink)));
        self.push(format_args!(" stroke-width=\"{width}\" stroke-linejoin=\"round\"/>"));
        Ok(())
    }

    fn area(&mut self, places: &[Place], ink: Ink, opacity: f64) -> Result<(), Infallible> {
        let (path, color) = (path(places), css(ink));
        self.push(format_args!("<path d=\"{path}Z\" style=\"fill:{color}\"{}/>", see_through(opacity)));
        Ok(())
    }

    fn rect(&mut self, corner: Place, size: Place, ink: Ink, opacity: f64) -> Result<(), Infallible> {
        let ((x, y), (width, height), color) = (corner, size, css(ink));
        self.push(format_args!(
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" style=\"fill:{color}\"{}/>",
            see_through(opacity)
        ));
        Ok(())
    }

    fn dot(&mut self, (x, y): Place, radius: f64, ink: Ink, opacity: f64) -> Result<(), Infallible> {
        let color = css(ink);
        self.push(format_args!(
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius}\" style=\"fill:{color}\"{}/>",
            see_through(opacity)
        ));
        Ok(())
    }

    fn dashes(&mut self, places: &[Place], width: f64, ink: Ink) -> Result<(), Infallible> {
        self.push(format_args!("<path d=\"{}\" style=\"fill:none;stroke:{}\"", path(places), css(ink)));
        self.push(format_args!(" stroke-width=\"{width}\" stroke-dasharray=\"6 4\"/>"));
        Ok(())
    }

    fn text(&mut self, text: &str, (x, y): Place, letters: Letters) -> Result<(), Infallible> {
        let anchor = match letters.align {
            Align::Left => "start",
            Align::Center => "middle",
            Align::Right => "end",
        };
        let (size, color) = (letters.size, css(letters.ink));
        let weight = if letters.bold { " font-weight=\"700\"" } else { "" };
        self.push(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\" text-anchor=\"{anchor}\"{weight} style=\"fill:{color}\">{}</text>",
            escaped(text)
        ));
        Ok(())
    }
}

fn path(places: &[Place]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in places.iter().enumerate() {
        let _ = write!(path, "{}{x:.1} {y:.1}", if index == 0 { 'M' } else { 'L' });
    }
    path
}

fn see_through(opacity: f64) -> String {
    if opacity < 1.0 { format!(" fill-opacity=\"{opacity}\"") } else { String::new() }
}

/// The page's variable for a color.
fn css(ink: Ink) -> String {
    match ink {
        Ink::Paper => "var(--card)".to_owned(),
        Ink::Text => "var(--text)".to_owned(),
        Ink::Muted => "var(--muted)".to_owned(),
        Ink::Grid => "var(--grid)".to_owned(),
        Ink::Series(index) => format!("var(--c{})", index % PALETTE.len()),
        Ink::Alarm => "var(--alarm)".to_owned(),
    }
}

/// A text that cannot be markup.
pub(crate) fn escaped(text: &str) -> String {
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
