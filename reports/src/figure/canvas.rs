//! What a figure is drawn on: a handful of strokes, so that pixels, files and pages look the same.

/// A color by what it is for; a canvas decides what it looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Behind everything.
    Paper,
    /// What is to be read.
    Text,
    /// What is to be read second.
    Muted,
    /// Lines to measure by.
    Grid,
    /// Data, by the index of its color.
    Series(usize),
    /// What went wrong.
    Alarm,
}

/// Okabe and Ito's colors (Color Universal Design, 2008), the ones with most contrast to white first.
pub(crate) const PALETTE: [(u8, u8, u8); 8] = [
    (0, 114, 178),
    (213, 94, 0),
    (0, 158, 115),
    (204, 121, 167),
    (230, 159, 0),
    (86, 180, 233),
    (90, 90, 90),
    (240, 228, 66),
];

/// The colors of pictures that stand alone: on white.
pub(super) const fn on_white(ink: Ink) -> (u8, u8, u8) {
    match ink {
        Ink::Paper => (255, 255, 255),
        Ink::Text => (27, 31, 36),
        Ink::Muted => (90, 97, 106),
        Ink::Grid => (228, 231, 235),
        Ink::Series(index) => PALETTE[index % PALETTE.len()],
        Ink::Alarm => (192, 72, 0),
    }
}

/// Letters: how large an em is, whether bold, and on which side of the place they stand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Letters {
    pub(crate) size: f64,
    pub(crate) bold: bool,
    pub(crate) align: Align,
    pub(crate) ink: Ink,
}

/// Where the place of a text lies in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Center,
    Right,
}

impl Align {
    /// How much of a text stands to the left of its place.
    pub(super) const fn share(self) -> f64 {
        match self {
            Self::Left => 0.0,
            Self::Center => 0.5,
            Self::Right => 1.0,
        }
    }
}

/// A place in CSS pixels from the upper left corner.
pub(crate) type PixelPoint = (f64, f64);

/// Takes strokes. Widths and places are in CSS pixels.
pub(crate) trait Canvas {
    /// Why a stroke may fail.
    type Error;

    /// A line through places.
    fn line(&mut self, places: &[PixelPoint], width: f64, ink: Ink) -> Result<(), Self::Error>;

    /// A filled shape.
    fn area(&mut self, places: &[PixelPoint], ink: Ink, opacity: f64) -> Result<(), Self::Error>;

    /// A filled disk.
    fn dot(&mut self, center: PixelPoint, radius: f64, ink: Ink, opacity: f64) -> Result<(), Self::Error>;

    /// A text on its base line.
    fn text(&mut self, text: &str, place: PixelPoint, letters: Letters) -> Result<(), Self::Error>;

    /// A filled rectangle.
    fn rect(
        &mut self,
        corner: PixelPoint,
        size: PixelPoint,
        ink: Ink,
        opacity: f64,
    ) -> Result<(), Self::Error> {
        let ((x, y), (width, height)) = (corner, size);
        self.area(&[(x, y), (x + width, y), (x + width, y + height), (x, y + height)], ink, opacity)
    }

    /// A line of dashes through places.
    fn dashes(&mut self, places: &[PixelPoint], width: f64, ink: Ink) -> Result<(), Self::Error> {
        for dash in dashes(places) {
            self.line(&dash, width, ink)?;
        }
        Ok(())
    }
}

const DASH: f64 = 6.0;
const GAP: f64 = 4.0;

/// Cuts a line into dashes.
fn dashes(places: &[PixelPoint]) -> Vec<Vec<PixelPoint>> {
    let mut all = Vec::new();
    let mut dash: Vec<PixelPoint> = Vec::new();
    let (mut drawing, mut left) = (true, DASH);
    for pair in places.windows(2) {
        let ((x0, y0), (x1, y1)) = (pair[0], pair[1]);
        let length = ((x1 - x0) * (x1 - x0) + (y1 - y0) * (y1 - y0)).sqrt();
        let at = |along: f64| (x0 + (x1 - x0) * along / length, y0 + (y1 - y0) * along / length);
        let mut along = 0.0;
        if drawing && dash.is_empty() {
            dash.push((x0, y0));
        }
        while length - along > left {
            along += left;
            if drawing {
                dash.push(at(along));
                all.push(std::mem::take(&mut dash));
            } else {
                dash.push(at(along));
            }
            drawing = !drawing;
            left = if drawing { DASH } else { GAP };
        }
        left -= length - along;
        if drawing && length > 0.0 {
            dash.push((x1, y1));
        }
    }
    if drawing && dash.len() > 1 {
        all.push(dash);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dashes_leave_gaps_and_turn_corners() {
        let straight = dashes(&[(0.0, 0.0), (20.0, 0.0)]);
        assert_eq!(straight, [vec![(0.0, 0.0), (6.0, 0.0)], vec![(10.0, 0.0), (16.0, 0.0)]]);
        let corner = dashes(&[(0.0, 0.0), (3.0, 0.0), (3.0, 3.0)]);
        assert_eq!(corner, [vec![(0.0, 0.0), (3.0, 0.0), (3.0, 3.0)]]);
    }
}
