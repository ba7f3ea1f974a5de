//! Figures as pixels. They are drawn at four times the size and halved, which smooths every edge.

use plotters::prelude::{BitMapBackend, DrawingBackend};

use super::Figure;
use super::draw::draw;
use super::error::FigureError;
use super::vector::{Plotter, Setting};

/// Pixels drawn for each CSS pixel.
const DRAWN: u32 = 4;
/// Drawn pixels that become one, each way.
const HALVED: u32 = 2;

pub(super) fn png(figure: &Figure) -> Result<Vec<u8>, FigureError> {
    let (width, height) = (figure.size.0 * DRAWN, figure.size.1 * DRAWN);
    let mut pixels = vec![0; width as usize * height as usize * 3];
    {
        let mut backend = BitMapBackend::with_buffer(&mut pixels, (width, height));
        draw(figure, &mut Plotter::new(&mut backend, f64::from(DRAWN), Setting::Pixels))?;
        backend.present().map_err(|error| FigureError::Draw(error.to_string()))?;
    }
    encode(&halve(&pixels, width as usize), width / HALVED, height / HALVED)
}

/// The mean of each two by two pixels.
fn halve(pixels: &[u8], width: usize) -> Vec<u8> {
    let row = width * 3;
    let mut halved = Vec::with_capacity(pixels.len() / 4);
    for rows in pixels.chunks_exact(2 * row) {
        let (upper, lower) = rows.split_at(row);
        for (upper, lower) in upper.chunks_exact(6).zip(lower.chunks_exact(6)) {
            for at in 0..3 {
                let sum =
                    [upper[at], upper[at + 3], lower[at], lower[at + 3]].map(u16::from).iter().sum::<u16>();
                // A mean of four bytes is a byte.
                halved.push(u8::try_from((sum + 2) / 4).unwrap_or(u8::MAX));
            }
        }
    }
    halved
}

fn encode(pixels: &[u8], width: u32, height: u32) -> Result<Vec<u8>, FigureError> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Twice the dots of a screen at 96 to the inch, so that programs show it at its intended size.
    let per_meter = 7_559;
    let unit = png::Unit::Meter;
    encoder.set_pixel_dims(Some(png::PixelDimensions { xppu: per_meter, yppu: per_meter, unit }));
    let mut writer = encoder.write_header()?;
    writer.write_image_data(pixels)?;
    writer.finish()?;
    Ok(bytes)
}
