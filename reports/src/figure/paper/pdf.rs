//! Figures as PDF files of one page. Fonts are embedded as they are part of the program, with what each glyph means, so that
//! text can be searched. Nothing in a file depends on when or where it was written.

use std::convert::Infallible;

use miniz_oxide::deflate::compress_to_vec_zlib;
use pdf_writer::types::{CidFontType, FontFlags, SystemInfo, UnicodeCmap};
use pdf_writer::{Content, Filter, Finish, Name, Pdf, Rect, Ref, Str};
use sim_core::ordered::{OrderedMap, OrderedSet};

use super::{PIXEL_MM, POINT_MM, PaperSize};
use crate::figure::Figure;
use crate::figure::canvas::{Canvas, Ink, Letters, PixelPoint, on_white};
use crate::figure::draw::draw;
use crate::figure::font::{Face, set_text, width};

const CATALOG: Ref = Ref::new(1);
const PAGES: Ref = Ref::new(2);
const PAGE: Ref = Ref::new(3);
const CONTENT: Ref = Ref::new(4);
/// The first of five objects of the first font; those of the second follow.
const FONTS: i32 = 10;

/// How the registry of glyph numbers is called that a font brings itself.
const OWN_GLYPHS: SystemInfo<'_> =
    SystemInfo { registry: Str(b"Adobe"), ordering: Str(b"Identity"), supplement: 0 };

pub(super) fn write(figure: &Figure, size: PaperSize) -> Vec<u8> {
    let mut canvas = Sheet::new();
    let points = |mm: f64| (mm / POINT_MM) as f32;
    let scale = points(PIXEL_MM);
    // A figure is measured from its upper left corner, a page from its lower left one.
    canvas.content.transform([scale, 0.0, 0.0, -scale, 0.0, points(size.height_mm)]);
    let Ok(()) = draw(figure, &mut canvas);
    canvas.into_file(Rect::new(0.0, 0.0, points(size.width_mm), points(size.height_mm)))
}

/// A page that is drawn on.
struct Sheet {
    content: Content,
    /// The opacities that were asked for, in thousandths.
    opacities: OrderedSet<u32>,
    /// The glyphs of each face that are used, and which letter each of them is.
    glyphs: [OrderedMap<u16, char>; 2],
}

impl Sheet {
    fn new() -> Self {
        Self { content: Content::new(), opacities: OrderedSet::new(), glyphs: Default::default() }
    }

    /// Fills what follows with an ink.
    fn fill_with(&mut self, ink: Ink, opacity: f64) {
        let [red, green, blue] = rgb(ink);
        self.content.set_fill_rgb(red, green, blue);
        let thousandths = (opacity * 1_000.0).round() as u32;
        self.opacities.insert(thousandths);
        self.content.set_parameters(Name(opacity_name(thousandths).as_bytes()));
    }

    fn path(&mut self, places: &[PixelPoint]) {
        for (index, (x, y)) in places.iter().enumerate() {
            let (x, y) = (*x as f32, *y as f32);
            if index == 0 {
                self.content.move_to(x, y);
            } else {
                self.content.line_to(x, y);
            }
        }
    }

    /// The whole file.
    fn into_file(self, page: Rect) -> Vec<u8> {
        let mut pdf = Pdf::new();
        pdf.catalog(CATALOG).pages(PAGES);
        pdf.pages(PAGES).kids([PAGE]).count(1);
        let used: Vec<usize> = (0..2).filter(|face| !self.glyphs[*face].is_empty()).collect();
        let mut sheet = pdf.page(PAGE);
        sheet.media_box(page).parent(PAGES).contents(CONTENT);
        let mut resources = sheet.resources();
        let mut fonts = resources.fonts();
        for face in &used {
            fonts.pair(Name(face_name(*face)), FontRefs::of(*face).font);
        }
        fonts.finish();
        let mut states = resources.ext_g_states();
        for thousandths in &self.opacities {
            let share = *thousandths as f32 / 1_000.0;
            let mut state = states
                .insert(Name(opacity_name(*thousandths).as_bytes()))
                .start::<pdf_writer::writers::ExtGraphicsState<'_>>();
            state.non_stroking_alpha(share);
        }
        states.finish();
        resources.finish();
        sheet.finish();
        stream(&mut pdf, CONTENT, &self.content.finish());
        for face in used {
            embed(&mut pdf, face, &self.glyphs[face]);
        }
        pdf.finish()
    }
}

fn stream(pdf: &mut Pdf, id: Ref, content: &[u8]) {
    const LEVEL: u8 = 9;
    pdf.stream(id, &compress_to_vec_zlib(content, LEVEL)).filter(Filter::FlateDecode);
}

/// The objects of a font.
struct FontRefs {
    font: Ref,
    glyphs: Ref,
    descriptor: Ref,
    letters: Ref,
    file: Ref,
}

impl FontRefs {
    fn of(face: usize) -> Self {
        let first = FONTS + 5 * i32::from(face == 1);
        let [font, glyphs, descriptor, letters, file] = [0, 1, 2, 3, 4].map(|more| Ref::new(first + more));
        Self { font, glyphs, descriptor, letters, file }
    }
}

/// Writes a font with the widths and the meanings of those of its glyphs that are used.
fn embed(pdf: &mut Pdf, face: usize, used: &OrderedMap<u16, char>) {
    let (refs, face) = (FontRefs::of(face), Face::of(face == 1));
    let name = Name(face.name.as_bytes());
    pdf.type0_font(refs.font)
        .base_font(name)
        .encoding_predefined(Name(b"Identity-H"))
        .descendant_font(refs.glyphs)
        .to_unicode(refs.letters);
    let mut glyphs = pdf.cid_font(refs.glyphs);
    glyphs.subtype(CidFontType::Type2).base_font(name).system_info(OWN_GLYPHS);
    glyphs.font_descriptor(refs.descriptor).cid_to_gid_map_predefined(Name(b"Identity"));
    let mut widths = glyphs.widths();
    for glyph in used.keys() {
        widths.same(*glyph, *glyph, face.advance(*glyph) as f32);
    }
    widths.finish();
    glyphs.finish();
    let [ascent, descent] = [face.ascent(), face.descent()].map(|part| part as f32);
    pdf.font_descriptor(refs.descriptor)
        .name(name)
        .flags(FontFlags::SYMBOLIC)
        .bbox(Rect::new(-500.0, descent, 2_000.0, ascent))
        .italic_angle(0.0)
        .ascent(ascent)
        .descent(descent)
        .cap_height(729.0)
        .stem_v(if face.bold { 140.0 } else { 80.0 })
        .font_file2(refs.file);
    let mut letters = UnicodeCmap::new(Name(b"Letters"), OWN_GLYPHS);
    for (glyph, letter) in used {
        letters.pair(*glyph, *letter);
    }
    stream(pdf, refs.letters, &letters.finish());
    const LEVEL: u8 = 9;
    let length = i32::try_from(face.file.len()).unwrap_or(i32::MAX);
    pdf.stream(refs.file, &compress_to_vec_zlib(face.file, LEVEL))
        .filter(Filter::FlateDecode)
        .pair(Name(b"Length1"), length);
}

const fn face_name(face: usize) -> &'static [u8] {
    if face == 0 { b"Regular" } else { b"Bold" }
}

fn opacity_name(thousandths: u32) -> String {
    format!("Opacity{thousandths}")
}

fn rgb(ink: Ink) -> [f32; 3] {
    let (red, green, blue) = on_white(ink);
    [red, green, blue].map(|part| f32::from(part) / 255.0)
}

impl Canvas for Sheet {
    type Error = Infallible;

    fn line(&mut self, places: &[PixelPoint], width: f64, ink: Ink) -> Result<(), Infallible> {
        let [red, green, blue] = rgb(ink);
        self.content.set_stroke_rgb(red, green, blue).set_line_width(width as f32);
        self.path(places);
        self.content.stroke();
        Ok(())
    }

    fn area(&mut self, places: &[PixelPoint], ink: Ink, opacity: f64) -> Result<(), Infallible> {
        self.fill_with(ink, opacity);
        self.path(places);
        self.content.close_path().fill_nonzero();
        Ok(())
    }

    fn dot(&mut self, (x, y): PixelPoint, radius: f64, ink: Ink, opacity: f64) -> Result<(), Infallible> {
        /// How far the handles of four curves stand from their ends, so that the curves make a circle.
        const HANDLE: f64 = 0.552_284_75;
        self.fill_with(ink, opacity);
        let (r, h) = (radius, radius * HANDLE);
        let at = |dx: f64, dy: f64| ((x + dx) as f32, (y + dy) as f32);
        let start = at(r, 0.0);
        self.content.move_to(start.0, start.1);
        for [one, two, end] in [
            [at(r, h), at(h, r), at(0.0, r)],
            [at(-h, r), at(-r, h), at(-r, 0.0)],
            [at(-r, -h), at(-h, -r), at(0.0, -r)],
            [at(h, -r), at(r, -h), at(r, 0.0)],
        ] {
            self.content.cubic_to(one.0, one.1, two.0, two.1, end.0, end.1);
        }
        self.content.fill_nonzero();
        Ok(())
    }

    fn text(&mut self, text: &str, (x, y): PixelPoint, letters: Letters) -> Result<(), Infallible> {
        let start = x - width(text, letters.size, letters.bold) * letters.align.share();
        let (glyphs, face) = (set_text(text, letters.size, letters.bold).0, usize::from(letters.bold));
        self.fill_with(letters.ink, 1.0);
        self.content.begin_text().set_font(Name(face_name(face)), letters.size as f32);
        // Letters stand upright although the page is measured from above.
        self.content.set_text_matrix([1.0, 0.0, 0.0, -1.0, start as f32, y as f32]);
        let mut shown = self.content.show_positioned();
        let mut items = shown.items();
        let mut at = 0.0;
        for glyph in glyphs {
            // Kerning: by how many thousandths of an em the glyph stands further left than the one before ended.
            let back = (at - glyph.at) / letters.size * 1_000.0;
            if back.abs() > 0.5 {
                items.adjust(back as f32);
            }
            items.show(Str(&glyph.id.0.to_be_bytes()));
            self.glyphs[face].insert(glyph.id.0, glyph.letter);
            at = glyph.at + Face::of(letters.bold).advance(glyph.id.0) / 1_000.0 * letters.size;
        }
        items.finish();
        shown.finish();
        self.content.end_text();
        Ok(())
    }
}
