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

/// How many colors there are: those of the palette, and darker ones of the same hues. Few eyes tell more of them apart.
pub(crate) const COLORS: usize = 2 * PALETTE.len();

/// How a series is told from others of its hue: where colors are used up, it has other dashes and other marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// Lengths of dashes and gaps in turn; none of a line in one piece.
    pub(super) dashes: &'static [u8],
    pub(super) mark: Mark,
}

/// What stands at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Disk,
    Square,
    Triangle,
    Ring,
}

impl Look {
    /// Of the first eight series, the next eight, and so on.
    const ALL: [Self; 4] = [
        Self { dashes: &[], mark: Mark::Disk },
        Self { dashes: &[9, 3], mark: Mark::Square },
        Self { dashes: &[2, 3], mark: Mark::Triangle },
        Self { dashes: &[9, 3, 2, 3], mark: Mark::Ring },
    ];

    /// Of an ink. What is no data has the look of the first series.
    pub(super) const fn of(ink: Ink) -> Self {
        match ink {
            Ink::Series(index) => Self::ALL[(index / PALETTE.len()) % Self::ALL.len()],
            _ => Self::ALL[0],
        }
    }
}

/// The dashes of a fit.
pub(super) const FIT: &[u8] = &[6, 4];

const TEXT: (u8, u8, u8) = (27, 31, 36);

/// A color of the palette, or one that is nearly halfway from it to the color of texts.
const fn tone(index: usize) -> (u8, u8, u8) {
    let hue = PALETTE[index % PALETTE.len()];
    if (index / PALETTE.len()).is_multiple_of(2) {
        return hue;
    }
    const fn mixed(hue: u8, text: u8) -> u8 {
        ((hue as u16 * 55 + text as u16 * 45) / 100) as u8
    }
    (mixed(hue.0, TEXT.0), mixed(hue.1, TEXT.1), mixed(hue.2, TEXT.2))
}

/// The colors of pictures that stand alone: on white.
pub(super) const fn on_white(ink: Ink) -> (u8, u8, u8) {
    match ink {
        Ink::Paper => (255, 255, 255),
        Ink::Text => TEXT,
        Ink::Muted => (90, 97, 106),
        Ink::Grid => (228, 231, 235),
        Ink::Series(index) => tone(index),
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

    /// A line of dashes through places; dashes and gaps have these lengths in turn.
    fn dashes(
        &mut self,
        places: &[PixelPoint],
        width: f64,
        ink: Ink,
        lengths: &[u8],
    ) -> Result<(), Self::Error> {
        for dash in dashes(places, lengths) {
            self.line(&dash, width, ink)?;
        }
        Ok(())
    }
}

/// Cuts a line into dashes.
fn dashes(places: &[PixelPoint], lengths: &[u8]) -> Vec<Vec<PixelPoint>> {
    let mut all = Vec::new();
    let mut dash: Vec<PixelPoint> = Vec::new();
    let mut lengths = lengths.iter().copied().map(f64::from).cycle();
    let mut next = || lengths.next().unwrap_or(f64::INFINITY);
    let (mut drawing, mut left) = (true, next());
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
            left = next();
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
        let straight = dashes(&[(0.0, 0.0), (20.0, 0.0)], FIT);
        assert_eq!(straight, [vec![(0.0, 0.0), (6.0, 0.0)], vec![(10.0, 0.0), (16.0, 0.0)]]);
        let corner = dashes(&[(0.0, 0.0), (3.0, 0.0), (3.0, 3.0)], FIT);
        assert_eq!(corner, [vec![(0.0, 0.0), (3.0, 0.0), (3.0, 3.0)]]);
        let uneven = dashes(&[(0.0, 0.0), (16.0, 0.0)], &[9, 3, 2, 3]);
        assert_eq!(uneven, [vec![(0.0, 0.0), (9.0, 0.0)], vec![(12.0, 0.0), (14.0, 0.0)]]);
    }

    #[test]
    fn thirty_two_series_look_different_and_sixteen_have_colors_of_their_own() {
        let look = |index: usize| (on_white(Ink::Series(index)), Look::of(Ink::Series(index)));
        for one in 0..32 {
            for other in (0..32).filter(|other| *other != one) {
                let ((color, look), (others, other_look)) = (look(one), look(other));
                assert!((color, look.dashes) != (others, other_look.dashes), "{one} and {other}");
                assert!((color, look.mark) != (others, other_look.mark), "{one} and {other}");
                assert!(color != others || one.max(other) >= COLORS, "{one} and {other}");
            }
        }
    }
}
