//! JSON to a neutral tree with places: serde_json judges the text, a scanner of known-good JSON finds the places.

use std::sync::Arc;

use serde_json::Value;

use super::{Document, Origin, Places, Source};
use crate::problem::{Problem, Problems};

/// Parses a whole text. serde_json refuses deep nesting, so the scanner's recursion is limited too.
pub(super) fn parse(source: &Arc<Source>) -> Result<Document, Problems> {
    let value: Value = serde_json::from_str(&source.text).map_err(|error| {
        let at = offset(&source.text, error.line(), error.column());
        let message = error.to_string();
        let title = message.split(" at line ").next().unwrap_or("not JSON").to_owned();
        Problem::new(title).at(Origin::new(source, at..at))
    })?;
    let mut scanner = Scanner { source, bytes: source.text.as_bytes(), at: 0, problems: Vec::new() };
    let places = scanner.value();
    if scanner.problems.is_empty() {
        Ok(Document { value, places })
    } else {
        Err(Problems { list: scanner.problems })
    }
}

/// The byte offset of a line and column, both counted from one, brought down to a character's start.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let at = (start + column.saturating_sub(1)).min(text.len());
    (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}

/// Walks JSON that is known to be well formed. On anything else it stops early and never panics.
struct Scanner<'a> {
    source: &'a Arc<Source>,
    bytes: &'a [u8],
    at: usize,
    /// Keys that stand twice: serde_json would take the last one without a word.
    problems: Vec<Problem>,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.bytes.get(self.at).is_some_and(|byte| byte.is_ascii_whitespace() || b",:".contains(byte)) {
            self.at += 1;
        }
        self.bytes.get(self.at).copied()
    }

    fn value(&mut self) -> Places {
        let opening = self.peek();
        let start = self.at;
        let mut places = Places::leaf(Origin::new(self.source, start..start));
        match opening {
            Some(b'{') => self.object(&mut places),
            Some(b'[') => self.array(&mut places),
            Some(b'"') => drop(self.string()),
            _ => self.scalar(),
        }
        places.value.span = start..self.at;
        places
    }

    fn object(&mut self, places: &mut Places) {
        self.at += 1;
        while self.peek() == Some(b'"') {
            let start = self.at;
            let key = self.string();
            let origin = Origin::new(self.source, start..self.at);
            let mut child = self.value();
            child.key = Some(origin.clone());
            if places.children.contains_key(&key) {
                self.problems.push(Problem::new(format!("the key \"{key}\" stands twice")).at(origin));
            }
            places.children.insert(key, child);
        }
        self.at = (self.at + 1).min(self.bytes.len());
    }

    fn array(&mut self, places: &mut Places) {
        self.at += 1;
        let mut index = 0_usize;
        while self.peek().is_some_and(|byte| byte != b']') {
            let child = self.value();
            places.children.insert(index.to_string(), child);
            index += 1;
        }
        self.at = (self.at + 1).min(self.bytes.len());
    }

    fn string(&mut self) -> String {
        let start = self.at;
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'\\' => self.at += 2,
                b'"' => break,
                _ => self.at += 1,
            }
        }
        self.at = (self.at + 1).min(self.bytes.len());
        let text = self.source.text.get(start..self.at).unwrap_or("\"\"");
        serde_json::from_str(text).unwrap_or_default()
    }

    fn scalar(&mut self) {
        let start = self.at;
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b",:]}\"[{".contains(byte);
        while self.bytes.get(self.at).is_some_and(|byte| !ends(byte)) {
            self.at += 1;
        }
        if self.at == start {
            self.at = (start + 1).min(self.bytes.len());
        }
    }
}
