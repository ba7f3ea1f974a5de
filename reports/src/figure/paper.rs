//! Figures for papers: a PDF with its font in it, and an SVG whose letters are shapes. Both are as wide as a column or a
//! page of a paper, without title and caption, which papers set themselves.

mod pdf;
mod svg;

use super::{Figure, FigureFile};

/// A point of type, in millimeters.
const POINT_MM: f64 = 25.4 / 72.0;

/// How large a CSS pixel of a figure is on paper, in millimeters: labels of 12 pixels are set in 7.5 points.
const PIXEL_MM: f64 = 7.5 * POINT_MM / 12.0;

/// A size on paper, in millimeters.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PaperSize {
    /// How wide.
    pub width_mm: f64,
    /// How high.
    pub height_mm: f64,
}

impl PaperSize {
    /// One column of two, 85 mm wide.
    pub const COLUMN: Self = Self { width_mm: 85.0, height_mm: 60.0 };
    /// A whole page, 178 mm wide.
    pub const PAGE: Self = Self { width_mm: 178.0, height_mm: 80.0 };

    /// The size in the pixels of a figure, whose letters keep theirs.
    fn pixels(self) -> (u32, u32) {
        let whole = |mm: f64| (mm / PIXEL_MM).round().max(1.0) as u32;
        (whole(self.width_mm), whole(self.height_mm))
    }
}

impl Figure {
    /// The figure as a PDF of a page of this size, its font included. Its text can be selected and searched.
    pub fn pdf(&self, size: PaperSize) -> Vec<u8> {
        pdf::write(&self.for_paper(size), size)
    }

    /// The figure as an SVG of this size, with letters as shapes: no font is needed to show it.
    pub fn paper_svg(&self, size: PaperSize) -> String {
        svg::write(&self.for_paper(size), size)
    }

    /// Both files, named after the figure and its width: `messages-vs-n-85mm.pdf`.
    pub fn paper_files(&self, size: PaperSize) -> [FigureFile; 2] {
        let file = |ending: &str, content| FigureFile {
            name: format!("{}-{}mm.{ending}", self.name, size.width_mm),
            content,
        };
        [file("pdf", self.pdf(size)), file("svg", self.paper_svg(size).into_bytes())]
    }

    fn for_paper(&self, size: PaperSize) -> Self {
        Self { title: String::new(), caption: String::new(), size: size.pixels(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests;
