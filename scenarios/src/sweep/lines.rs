//! Lines of a file in batches: as many as are counted at once, in the memory of one batch.

use std::io;
use std::path::{Path, PathBuf};

use memchr::memchr;

use super::store::LONGEST_LINE;
use crate::artefact::read_piece;

/// A batch has no more lines than this, and takes no more after so many bytes.
const MOST: (usize, usize) = (8_192, 16 << 20);

/// Lines one after the other, with their ends.
#[derive(Debug, Default)]
pub(super) struct Lines {
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
}

/// Some of the lines of a batch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece<'a> {
    /// The number of the first run.
    pub(super) first: u64,
    text: &'a str,
    /// How many lines it has.
    lines: usize,
}

impl Lines {
    pub(super) fn push(&mut self, line: &str) {
        self.text.push_str(line);
        self.ends.push(self.text.len());
    }

    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.ends.clear();
    }

    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether no further line belongs in the batch.
    pub(super) const fn is_full(&self) -> bool {
        self.ends.len() >= MOST.0 || self.text.len() >= MOST.1
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The batch in at most so many pieces of nearly the same number of lines.
    pub(super) fn pieces(&self, first: u64, parts: usize) -> Vec<Piece<'_>> {
        let (mut pieces, mut begin, mut first) = (Vec::with_capacity(parts), 0, first);
        for ends in self.ends.chunks(self.len().div_ceil(parts).max(1)) {
            let end = ends[ends.len() - 1];
            pieces.push(Piece { first, text: &self.text[begin..end], lines: ends.len() });
            begin = end;
            first += ends.len() as u64;
        }
        pieces
    }
}

impl<'a> Piece<'a> {
    /// How many bytes it has.
    pub(super) const fn bytes(self) -> usize {
        self.text.len()
    }

    /// How many lines it has.
    pub(super) const fn len(self) -> usize {
        self.lines
    }

    /// Its lines, each with the number of its run.
    pub(super) fn lines(self) -> impl Iterator<Item = (u64, &'a str)> {
        (self.first..).zip(self.text.split_inclusive('\n'))
    }
}

/// The lines of a file that have their ends; what is behind the last one may be torn. It is open only while a piece of it is read,
/// so that there may be more of them than files may be open.
#[derive(Debug)]
pub(super) struct LineFile {
    path: PathBuf,
    /// How many bytes are read at once.
    piece: u64,
    /// Where the next piece begins.
    at: u64,
    bytes: Vec<u8>,
    /// How many of the bytes were given out.
    used: usize,
}

impl LineFile {
    /// From a byte at which a line begins.
    pub(super) fn new(path: &Path, at: u64, piece: u64) -> Self {
        Self { path: path.to_owned(), piece, at, bytes: Vec::new(), used: 0 }
    }

    /// The next line, with its end.
    pub(super) fn next(&mut self) -> Result<Option<&str>, String> {
        let Some(end) = self.fill()? else { return Ok(None) };
        let line = &self.bytes[self.used..end];
        self.used = end;
        std::str::from_utf8(line).map(Some).map_err(|_| "a line is not UTF-8".to_owned())
    }

    /// Whether the next line begins so.
    pub(super) fn next_begins(&mut self, begin: &str) -> Result<bool, String> {
        let end = self.fill()?;
        Ok(end.is_some_and(|end| self.bytes[self.used..end].starts_with(begin.as_bytes())))
    }

    /// Where the next line ends among the bytes, if there is one.
    fn fill(&mut self) -> Result<Option<usize>, String> {
        let told = |error: io::Error| error.to_string();
        let mut looked_at = self.used;
        loop {
            if let Some(end) = memchr(b'\n', &self.bytes[looked_at..]) {
                return Ok(Some(looked_at + end + 1));
            }
            if (self.bytes.len() - self.used) as u64 > LONGEST_LINE {
                return Err(format!("a line has more than {LONGEST_LINE} bytes"));
            }
            self.bytes.drain(..self.used);
            self.used = 0;
            looked_at = self.bytes.len();
            let read = read_piece(&self.path, self.at, self.piece, &mut self.bytes).map_err(told)?;
            if read == 0 {
                return Ok(None);
            }
            self.at += read;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_every_line_once_and_in_order() {
        let mut lines = Lines::default();
        let texts: Vec<String> = (0..11).map(|number| format!("{}\n", "x".repeat(number))).collect();
        texts.iter().for_each(|text| lines.push(text));
        for parts in 1..13 {
            let pieces = lines.pieces(5, parts);
            assert!(pieces.len() <= parts);
            let all: Vec<(u64, &str)> = pieces.into_iter().flat_map(Piece::lines).collect();
            assert_eq!(all, (5..).zip(texts.iter().map(String::as_str)).collect::<Vec<_>>());
        }
        lines.clear();
        assert!(lines.pieces(0, 4).is_empty());
    }

    #[test]
    fn lines_are_whole_whatever_the_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lines");
        std::fs::write(&path, "first\nsecond\n\nthird\ntorn").unwrap();
        for piece in 1..30 {
            let mut file = LineFile::new(&path, 6, piece);
            assert!(file.next_begins("sec").unwrap() && !file.next_begins("first").unwrap());
            let mut found = Vec::new();
            while let Some(line) = file.next().unwrap() {
                found.push(line.to_owned());
            }
            assert_eq!(found, ["second\n", "\n", "third\n"], "{piece}");
        }
        std::fs::write(&path, b"one\n\xc3\n").unwrap();
        let mut file = LineFile::new(&path, 0, 8);
        assert_eq!(file.next(), Ok(Some("one\n")));
        assert!(file.next().is_err());
        std::fs::write(&path, "x".repeat(LONGEST_LINE as usize + 2)).unwrap();
        assert!(LineFile::new(&path, 0, 1 << 20).next().unwrap_err().contains("more than"));
    }
}
