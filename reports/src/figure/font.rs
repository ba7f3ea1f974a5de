//! The font that is part of the program: how wide text is in it, and its pixels.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef, Glyph, GlyphId, PxScale, ScaleFont, point};

/// What a viewer of an SVG looks for.
pub(super) const FAMILY: &str = "DejaVu Sans, Verdana, Helvetica, Arial, sans-serif";

const REGULAR_FILE: &[u8] = include_bytes!("../../fonts/DejaVuSans-subset.ttf");
const BOLD_FILE: &[u8] = include_bytes!("../../fonts/DejaVuSans-Bold-subset.ttf");

static REGULAR: LazyLock<FontRef<'static>> = LazyLock::new(|| parsed(REGULAR_FILE));
static BOLD: LazyLock<FontRef<'static>> = LazyLock::new(|| parsed(BOLD_FILE));

fn parsed(bytes: &'static [u8]) -> FontRef<'static> {
    FontRef::try_from_slice(bytes).expect("the fonts are part of the program, and a test reads them")
}

/// One of the two faces, by whether it is bold.
pub(super) fn face(bold: bool) -> &'static FontRef<'static> {
    if bold { &BOLD } else { &REGULAR }
}

/// A face as files embed it. Lengths are in thousandths of an em.
pub(super) struct Face {
    pub(super) bold: bool,
    /// As files call it.
    pub(super) name: &'static str,
    pub(super) file: &'static [u8],
}

impl Face {
    pub(super) const fn of(bold: bool) -> Self {
        if bold {
            Self { bold, name: "DejaVuSans-Bold", file: BOLD_FILE }
        } else {
            Self { bold, name: "DejaVuSans", file: REGULAR_FILE }
        }
    }

    fn thousandths(&self, units: f32) -> f64 {
        f64::from(units) / f64::from(face(self.bold).units_per_em().unwrap_or(1.0)) * 1_000.0
    }

    /// How far one glyph is from the next.
    pub(super) fn advance(&self, glyph: u16) -> f64 {
        self.thousandths(face(self.bold).h_advance_unscaled(GlyphId(glyph)))
    }

    pub(super) fn ascent(&self) -> f64 {
        self.thousandths(face(self.bold).ascent_unscaled())
    }

    pub(super) fn descent(&self) -> f64 {
        self.thousandths(face(self.bold).descent_unscaled())
    }
}

/// A glyph of a text.
pub(super) struct Placed {
    pub(super) id: GlyphId,
    pub(super) letter: char,
    /// How far it stands from where the text begins.
    pub(super) at: f64,
}

/// The glyphs of a text, and how wide it is.
pub(super) fn set_text(text: &str, size: f64, bold: bool) -> (Vec<Placed>, f64) {
    let (glyphs, end) = set(text, (0.0, 0.0), size, bold);
    let placed = glyphs.iter().zip(text.chars()).map(|(glyph, letter)| Placed {
        id: glyph.id,
        letter,
        at: f64::from(glyph.position.x),
    });
    (placed.collect(), end)
}

/// The glyphs of a text whose base line starts at a place, and where it ends.
fn set(text: &str, (x, base): (f64, f64), size: f64, bold: bool) -> (Vec<Glyph>, f64) {
    let font = face(bold);
    // The font counts the height of its box, and people the em.
    let em = f64::from(font.height_unscaled()) / f64::from(font.units_per_em().unwrap_or(1.0));
    let scaled = font.as_scaled(PxScale::from((size * em) as f32));
    let (mut glyphs, mut at, mut last) = (Vec::new(), x as f32, None);
    for letter in text.chars() {
        let id = scaled.glyph_id(letter);
        at += last.map_or(0.0, |last| scaled.kern(last, id));
        glyphs.push(id.with_scale_and_position(scaled.scale(), point(at, base as f32)));
        at += scaled.h_advance(id);
        last = Some(id);
    }
    (glyphs, f64::from(at))
}

/// How wide a text is, in the pixels in which the size (of an em) is given.
pub(crate) fn width(text: &str, size: f64, bold: bool) -> f64 {
    set(text, (0.0, 0.0), size, bold).1
}

/// Hands over each pixel of a text and how much of it is covered, 0 to 1.
///
/// # Errors
/// The first one of the receiver.
pub(super) fn draw<E>(
    text: &str,
    place: (f64, f64),
    size: f64,
    bold: bool,
    mut pixel: impl FnMut((i32, i32), f64) -> Result<(), E>,
) -> Result<(), E> {
    let font = face(bold);
    let mut result = Ok(());
    for outline in set(text, place, size, bold).0.into_iter().filter_map(|glyph| font.outline_glyph(glyph)) {
        let corner = outline.px_bounds().min;
        outline.draw(|x, y, coverage| {
            let at = (corner.x as i32 + x.cast_signed(), corner.y as i32 + y.cast_signed());
            if result.is_ok() && coverage > 0.0 {
                result = pixel(at, f64::from(coverage.min(1.0)));
            }
        });
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_fonts_are_there_and_bold_is_wider() {
        let (plain, bold) = (width("seedstorm", 10.0, false), width("seedstorm", 10.0, true));
        assert!(plain > 40.0 && bold > plain, "{plain} {bold}");
        assert!((width("mm", 10.0, false) - 2.0 * width("m", 10.0, false)).abs() < 0.1);
        assert_eq!(width("", 10.0, false), 0.0);
    }

    #[test]
    fn letters_stand_on_their_base_line() {
        let mut rows = (i32::MAX, i32::MIN);
        let collect = |(_, y): (i32, i32), coverage: f64| {
            if coverage > 0.5 {
                rows = (rows.0.min(y), rows.1.max(y));
            }
            Ok::<(), ()>(())
        };
        draw("H", (0.0, 100.0), 100.0, false, collect).unwrap();
        // A capital letter of this font is 0.729 em high.
        assert_eq!(rows, (27, 99));
    }
}
