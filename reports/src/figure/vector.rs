//! Figures as SVG files, and the canvas that hands strokes to the drawing library.

use plotters::prelude::{Color, DrawingBackend, IntoTextStyle, RGBColor, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, FontStyle, RGBAColor, ShapeStyle};

use super::Figure;
use super::canvas::{Align, Canvas, Ink, Letters, PixelPoint, on_white};
use super::draw::draw;
use super::error::FigureError;
use super::font::{self, FAMILY};

/// The library takes whole numbers only, so a figure is drawn large and shown small.
const DRAWN: u32 = 10;

/// The library writes 1/1.24 of what it is told as the size of letters.
const LETTERS: f64 = 1.24;
/// It sets the base line so many ems below the place.
const BASE: f64 = 0.76;

pub(super) fn svg(figure: &Figure) -> Result<String, FigureError> {
    let (width, height) = figure.size;
    let mut text = String::new();
    {
        let mut backend = SVGBackend::with_string(&mut text, (width * DRAWN, height * DRAWN));
        draw(figure, &mut Plotter::new(&mut backend, f64::from(DRAWN), Setting::Viewer))?;
        backend.present().map_err(|error| FigureError::Draw(error.to_string()))?;
    }
    let drawn = format!("width=\"{}\" height=\"{}\"", width * DRAWN, height * DRAWN);
    Ok(text.replacen(&drawn, &format!("width=\"{width}\" height=\"{height}\""), 1))
}

/// Who sets letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Setting {
    /// Whoever shows the file, with a font that is there.
    Viewer,
    /// This program, pixel by pixel, with its own font.
    Pixels,
}

/// A canvas on a backend of the drawing library.
pub(super) struct Plotter<'a, B: DrawingBackend> {
    backend: &'a mut B,
    scale: f64,
    setting: Setting,
}

impl<'a, B: DrawingBackend> Plotter<'a, B> {
    pub(super) fn new(backend: &'a mut B, scale: f64, setting: Setting) -> Self {
        Self { backend, scale, setting }
    }

    fn place(&self, (x, y): PixelPoint) -> (i32, i32) {
        ((x * self.scale).round() as i32, (y * self.scale).round() as i32)
    }

    fn places(&self, places: &[PixelPoint]) -> Vec<(i32, i32)> {
        places.iter().map(|place| self.place(*place)).collect()
    }
}

fn failed(error: impl std::fmt::Display) -> FigureError {
    FigureError::Draw(error.to_string())
}

impl<B: DrawingBackend> Canvas for Plotter<'_, B> {
    type Error = FigureError;

    fn line(&mut self, places: &[PixelPoint], width: f64, ink: Ink) -> Result<(), FigureError> {
        let stroke_width = (width * self.scale).round().max(1.0) as u32;
        let style = ShapeStyle { color: color(ink, 1.0), filled: false, stroke_width };
        let places = self.places(places);
        self.backend.draw_path(places, &style).map_err(failed)
    }

    fn area(&mut self, places: &[PixelPoint], ink: Ink, opacity: f64) -> Result<(), FigureError> {
        let places = self.places(places);
        self.backend.fill_polygon(places, &color(ink, opacity)).map_err(failed)
    }

    fn rect(
        &mut self,
        corner: PixelPoint,
        size: PixelPoint,
        ink: Ink,
        opacity: f64,
    ) -> Result<(), FigureError> {
        let (from, to) = (self.place(corner), self.place((corner.0 + size.0, corner.1 + size.1)));
        self.backend.draw_rect(from, to, &color(ink, opacity), true).map_err(failed)
    }

    fn dot(&mut self, center: PixelPoint, radius: f64, ink: Ink, opacity: f64) -> Result<(), FigureError> {
        let (center, radius) = (self.place(center), (radius * self.scale).round() as u32);
        self.backend.draw_circle(center, radius, &color(ink, opacity), true).map_err(failed)
    }

    fn text(&mut self, text: &str, place: PixelPoint, letters: Letters) -> Result<(), FigureError> {
        let em = letters.size * self.scale;
        let color = color(letters.ink, 1.0);
        let (x, base) = self.place(place);
        if self.setting == Setting::Pixels {
            let width = font::width(text, em, letters.bold);
            let start = f64::from(x) - width * letters.align.share();
            return font::draw(text, (start, f64::from(base)), em, letters.bold, |pixel, coverage| {
                self.backend.draw_pixel(pixel, color.mix(coverage).to_backend_color()).map_err(failed)
            });
        }
        let style = if letters.bold { FontStyle::Bold } else { FontStyle::Normal };
        let horizontal = match letters.align {
            Align::Left => HPos::Left,
            Align::Center => HPos::Center,
            Align::Right => HPos::Right,
        };
        let font = FontDesc::new(FontFamily::Name(FAMILY), em * LETTERS, style);
        let style = font.into_text_style(&(1, 1)).color(&color);
        let style = style.pos(Pos::new(horizontal, VPos::Top));
        let top = base - (em * BASE).round() as i32;
        self.backend.draw_text(text, &style, (x, top)).map_err(failed)
    }
}

fn color(ink: Ink, opacity: f64) -> RGBAColor {
    let (red, green, blue) = on_white(ink);
    RGBColor(red, green, blue).mix(opacity)
}
