//! What can go wrong in drawing: only bugs, since everything is drawn into memory.

/// A figure could not be drawn.
#[derive(Debug, thiserror::Error)]
pub enum FigureError {
    /// The drawing library said no.
    #[error("draw a figure: {0}")]
    Draw(String),
    /// The pixels could not be made a PNG.
    #[error("encode a figure: {0}")]
    Encode(#[from] png::EncodingError),
}
