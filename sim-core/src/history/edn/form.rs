//! As much of EDN as histories need: the forms, with the lines on which they begin.

use crate::history::reader::ReadHistoryError;

/// How deep forms may be nested.
const DEEPEST: usize = 64;

/// One form. Lists and vectors are one thing here, and so are the items of a set.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Form {
    Nil,
    Boolean(bool),
    Integer(i64),
    Text(String),
    Keyword(String),
    /// A symbol, a number that is no integer, a character: as it is written.
    Other(String),
    List(Vec<(usize, Form)>),
    Map(Vec<(Form, Form)>),
    /// A form behind a tag that is not looked at.
    Tagged(Box<Form>),
}

pub(super) struct Parser<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// The next form at the top, with its line.
    pub(super) fn next(&mut self) -> Result<Option<(usize, Form)>, ReadHistoryError> {
        self.skip(0)?;
        if self.peek().is_none() {
            return Ok(None);
        }
        let line = self.line;
        Ok(Some((line, self.form(0)?)))
    }

    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn take(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        self.line += usize::from(next == '\n');
        Some(next)
    }

    fn fail<T>(&self, expected: &'static str) -> Result<T, ReadHistoryError> {
        Err(ReadHistoryError::Edn { line: self.line, expected })
    }

    /// Passes over white space, commas, comments and discarded forms.
    fn skip(&mut self, depth: usize) -> Result<(), ReadHistoryError> {
        loop {
            match self.peek() {
                Some(next) if next.is_whitespace() || next == ',' => {
                    self.take();
                }
                Some(';') => while self.take().is_some_and(|next| next != '\n') {},
                Some('#') if self.text[self.at..].starts_with("#_") => {
                    self.at += 2;
                    self.skip(depth + 1)?;
                    self.form(depth + 1)?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn form(&mut self, depth: usize) -> Result<Form, ReadHistoryError> {
        if depth > DEEPEST {
            return self.fail("forms that are nested less deeply");
        }
        match self.peek() {
            None => self.fail("a form"),
            Some('(') => self.items(')', depth).map(Form::List),
            Some('[') => self.items(']', depth).map(Form::List),
            Some('{') => self.map(depth),
            Some('"') => self.text().map(Form::Text),
            Some('\\') => {
                self.take();
                let first = self.take().map(String::from).unwrap_or_default();
                Ok(Form::Other(first + self.word()))
            }
            Some('#') => {
                self.take();
                if self.peek() == Some('{') {
                    return self.items('}', depth).map(Form::List);
                }
                self.word();
                self.skip(depth)?;
                Ok(Form::Tagged(Box::new(self.form(depth + 1)?)))
            }
            Some(')' | ']' | '}') => self.fail("a form, not a closing bracket"),
            Some(_) => {
                let word = self.word();
                if word.is_empty() { self.fail("a form") } else { Ok(atom(word)) }
            }
        }
    }

    fn items(&mut self, close: char, depth: usize) -> Result<Vec<(usize, Form)>, ReadHistoryError> {
        self.take();
        let mut items = Vec::new();
        loop {
            self.skip(depth)?;
            match self.peek() {
                Some(next) if next == close => {
                    self.take();
                    return Ok(items);
                }
                None => return self.fail("a closing bracket"),
                Some(_) => {
                    let line = self.line;
                    items.push((line, self.form(depth + 1)?));
                }
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Form, ReadHistoryError> {
        let mut items = self.items('}', depth)?.into_iter().map(|(_, form)| form);
        let mut entries = Vec::new();
        while let Some(key) = items.next() {
            let Some(value) = items.next() else { return self.fail("a value for each key of a map") };
            entries.push((key, value));
        }
        Ok(Form::Map(entries))
    }

    fn text(&mut self) -> Result<String, ReadHistoryError> {
        self.take();
        let mut text = String::new();
        loop {
            match self.take() {
                Some('"') => return Ok(text),
                Some('\\') => match self.take() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('r') => text.push('\r'),
                    Some(other) => text.push(other),
                    None => return self.fail("the end of a text"),
                },
                Some(other) => text.push(other),
                None => return self.fail("the end of a text"),
            }
        }
    }

    fn word(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let ends = |next: char| next.is_whitespace() || "()[]{}\",;".contains(next);
        let word = &rest[..rest.find(ends).unwrap_or(rest.len())];
        self.at += word.len();
        word
    }
}

fn atom(word: &str) -> Form {
    match word {
        "nil" => return Form::Nil,
        "true" => return Form::Boolean(true),
        "false" => return Form::Boolean(false),
        _ => {}
    }
    if let Some(name) = word.strip_prefix(':') {
        return Form::Keyword(name.to_owned());
    }
    let digits = word.strip_suffix('N').unwrap_or(word);
    digits.parse().map_or_else(|_| Form::Other(word.to_owned()), Form::Integer)
}
