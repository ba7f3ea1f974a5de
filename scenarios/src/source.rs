//! Texts that people wrote, and stretches of them, so that an error can point at one.

use std::ops::Range;
use std::sync::Arc;

/// A text and what people call it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// A path, or what stands for one.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// A stretch of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Which text.
    pub source: Arc<Source>,
    /// Which bytes of it.
    pub span: Range<usize>,
}

impl Origin {
    /// A stretch of a text.
    pub fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self { source: Arc::clone(source), span }
    }

    /// The stretch as written; empty if it lies outside the text or across a character.
    pub fn text(&self) -> &str {
        self.source.text.get(self.span.clone()).unwrap_or("")
    }
}
