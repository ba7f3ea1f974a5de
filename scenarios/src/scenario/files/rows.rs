//! Rows of a table in a text: cells between commas, semicolons or tabs, with where each row stands.

use std::ops::Range;
use std::sync::Arc;

use crate::problem::Problem;
use crate::source::{Origin, Source};

/// A row of a table.
pub(super) struct Row<'a> {
    /// Its cells, without blanks and quotes around them.
    pub(super) cells: Vec<&'a str>,
    source: &'a Arc<Source>,
    span: Range<usize>,
    between: char,
}

impl Row<'_> {
    /// Where it stands.
    pub(super) fn origin(&self) -> Origin {
        Origin::new(self.source, self.span.clone())
    }

    /// Where a cell stands; the whole row where it has no such cell.
    pub(super) fn cell(&self, index: usize) -> Origin {
        let mut from = self.span.start;
        for (place, cell) in self.source.text[self.span.clone()].split(self.between).enumerate() {
            if place == index {
                let start = from + cell.len() - cell.trim_start().len();
                return Origin::new(self.source, start..start + cell.trim().len());
            }
            from += cell.len() + self.between.len_utf8();
        }
        self.origin()
    }

    /// A problem with it.
    pub(super) fn problem(&self, title: impl Into<String>) -> Problem {
        Problem::new(title).at(self.origin())
    }

    /// A problem with one of its cells.
    pub(super) fn problem_at(&self, index: usize, title: impl Into<String>) -> Problem {
        Problem::new(title).at(self.cell(index))
    }
}

/// The rows of a text, without empty lines and comments (`#`).
pub(super) fn rows(source: &Arc<Source>) -> impl Iterator<Item = Row<'_>> {
    let mut start = 0;
    source.text.split_inclusive('\n').filter_map(move |line| {
        let from = start;
        start += line.len();
        let plain = line.trim_end_matches(['\n', '\r']);
        if plain.trim().is_empty() || plain.trim_start().starts_with('#') {
            return None;
        }
        let between = [',', ';', '\t'].into_iter().find(|between| plain.contains(*between)).unwrap_or(',');
        let cells = plain.split(between).map(|cell| cell.trim().trim_matches('"').trim()).collect();
        Some(Row { cells, source, span: from..from + plain.len(), between })
    })
}

/// A problem with a file as a whole.
pub(super) fn problem(source: &Arc<Source>, title: impl Into<String>) -> Problem {
    Problem::new(title).at(Origin::new(source, 0..0))
}
