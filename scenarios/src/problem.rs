//! What is wrong with a scenario, shown where it is wrong.

use std::fmt;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use sim_core::text::{clipped, one_line};

use crate::source::Origin;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in a few words.
    pub title: String,
    /// Where, if it stands somewhere.
    pub origin: Option<Origin>,
    /// What to say right under the offending text.
    pub label: Option<String>,
    /// What was expected, and whatever else helps.
    pub notes: Vec<String>,
}

impl Problem {
    /// A problem that stands nowhere yet.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), origin: None, label: None, notes: Vec::new() }
    }

    /// The same, pointing at a place.
    pub fn at(mut self, origin: Origin) -> Self {
        self.origin = Some(origin);
        self
    }

    /// The same, with words under the offending text.
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// The same, with a note.
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.notes.push(note.into());
        self
    }

    /// The same, with the nearest of some names under the offending text, if one is near, and all of them as a note.
    pub fn suggest<'a>(self, wrong: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        let problem = match nearest(wrong, &names) {
            Some(near) => self.label(format!("did you mean \"{near}\"?")),
            None => self,
        };
        if names.is_empty() { problem } else { problem.note(format!("expected {}", one_of(&names))) }
    }

    /// The line and column, counted from one (columns in characters), where it stands.
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        let origin = self.origin.as_ref()?;
        let before = origin.source.text.get(..origin.span.start)?;
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        Some((line, column))
    }
}

/// Everything that is wrong with a scenario: at least one problem. Nothing was run or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// What is wrong, in the order of the text.
    pub list: Vec<Problem>,
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self { list: vec![problem] }
    }
}

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

/// How many problems people are shown at once.
const SHOWN: usize = 20;

impl Problems {
    /// The problems as people read them: file, line, column, the offending text, what was expected.
    pub fn render(&self, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let shown = &self.list[..self.list.len().min(SHOWN)];
        let last = shown.len().saturating_sub(1);
        let render = |(index, problem)| render(problem, index == last, &renderer);
        let mut texts: Vec<String> = shown.iter().enumerate().map(render).collect();
        if self.list.len() > SHOWN {
            texts.push(format!("and {} more problems", self.list.len() - SHOWN));
        }
        texts.join("\n\n")
    }
}

fn render(problem: &Problem, last: bool, renderer: &Renderer) -> String {
    let mut group =
        Level::ERROR.primary_title(shown(&problem.title)).elements(problem.origin.as_ref().map(|origin| {
            let (text, first_line, span) = excerpt(&origin.source.text, &origin.span);
            let mark = AnnotationKind::Primary.span(span);
            let mark = mark.label(problem.label.as_deref().map(shown));
            Snippet::source(text).line_start(first_line).path(shown(&origin.source.name)).annotation(mark)
        }));
    let end = last.then_some("nothing was run or written");
    for note in problem.notes.iter().map(String::as_str).chain(end) {
        group = group.element(Level::NOTE.no_name().message(shown(note)));
    }
    renderer.render(&[group])
}

/// The most of a text of others that is shown in one place, in characters.
const LONGEST_SHOWN: usize = 1_000;

/// A text of others as it is shown: on one line, and not without end.
fn shown(text: &str) -> String {
    clipped(&one_line(text), LONGEST_SHOWN).into_owned()
}

/// What is shown of a source: the line in which a span begins, with its number and the span in it. A line that is too long
/// is shown from the span on.
fn excerpt(text: &str, span: &std::ops::Range<usize>) -> (String, usize, std::ops::Range<usize>) {
    let span = fit(text, span.start, span.end);
    let start = text[..span.start].rfind('\n').map_or(0, |end| end + 1);
    let number = text[..start].matches('\n').count() + 1;
    let line = text[start..].split('\n').next().unwrap_or("").trim_end_matches('\r');
    // A span may end with the line, or begin behind its last letter.
    let at = (span.start - start).min(line.len());
    let to = (span.end - start).clamp(at, line.len());
    let from = if line.len() > LONGEST_SHOWN { at } else { 0 };
    let before = visible(&line[from..at]);
    let inside = visible(&clipped(&line[at..to], LONGEST_SHOWN));
    let after = visible(&clipped(&line[to..], LONGEST_SHOWN));
    let marked = before.len()..before.len() + inside.len();
    (before + &inside + &after, number, marked)
}

/// A stretch of a source: tabs stay, since the renderer knows how wide they are.
fn visible(text: &str) -> String {
    text.split('\t').map(|part| one_line(part).into_owned()).collect::<Vec<_>>().join("\t")
}

/// A span brought within a text, onto character boundaries and onto its first line.
fn fit(text: &str, start: usize, end: usize) -> std::ops::Range<usize> {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = floor(start);
    let end = floor(end).max(start);
    let first_line = text[start..end].find(['\n', '\r']).map_or(end, |length| start + length);
    start..first_line
}

/// No name is longer.
const LONGEST_NAME: usize = 100;

/// The name that a wrong one was probably meant to be.
pub fn nearest<'a>(wrong: &str, names: &[&'a str]) -> Option<&'a str> {
    // Comparing takes the product of both lengths, and nobody means a short word by a long text.
    if wrong.len() > LONGEST_NAME {
        return None;
    }
    let fold = |text: &str| text.to_lowercase().replace('-', "_");
    let wrong = fold(wrong);
    let scored = names.iter().map(|name| (strsim::damerau_levenshtein(&wrong, &fold(name)), *name));
    let (distance, name) = scored.min_by_key(|(distance, _)| *distance)?;
    // Of a single letter everything would change.
    (distance <= 1 + name.len() / 4 && distance < wrong.chars().count()).then_some(name)
}

fn one_of(names: &[&str]) -> String {
    /// A longer list helps nobody.
    const SHOWN: usize = 24;
    let shown = names.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match names.len() {
        1 => shown,
        count if count > SHOWN => format!("one of {shown} and {} more", count - SHOWN),
        _ => format!("one of {shown}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_near_or_not_given() {
        assert_eq!(nearest("primry", &["backup", "primary"]), Some("primary"));
        assert_eq!(nearest("check-quorum", &["pre_vote", "check_quorum"]), Some("check_quorum"));
        assert_eq!(nearest("zzz", &["backup", "primary"]), None);
        assert_eq!(nearest("x", &[]), None);
        assert_eq!(
            (nearest("é", &["k"]), nearest("", &["k"]), nearest("K", &["k"])),
            (None, None, Some("k"))
        );
    }

    #[test]
    fn control_characters_of_a_source_are_shown_as_escapes_and_long_lines_in_part() {
        let text = "a = 1\nb = \"\u{1b}[31m\u{85}\u{9b}\u{2028}\u{202e}\" # \u{7f}\n".to_owned();
        let source = std::sync::Arc::new(crate::document::Source { name: "x\u{1b}\n.toml".to_owned(), text });
        let at = |span| {
            Problem::new("bad \u{9b}\n::error::").label("\u{85}").note("\r").at(Origin::new(&source, span))
        };
        let shown = Problems::from(at(10..16)).render(false);
        assert!(!shown.chars().any(|c| sim_core::text::is_control(c) && c != '\n'), "{shown:?}");
        assert!(
            shown.contains(":2:") && shown.contains("\\u{1b}[31m\\u{85}\\u{9b}\\u{2028}\\u{202e}"),
            "{shown}"
        );
        assert!(!shown.contains("\n::error"), "{shown}");
        let long = format!("x = \"{}\"", "y".repeat(1 << 20));
        let source = std::sync::Arc::new(crate::document::Source { name: "x".to_owned(), text: long });
        let shown = Problems::from(Problem::new("z".repeat(1 << 20)).at(Origin::new(&source, 4..1 << 20)))
            .render(false);
        assert!(shown.len() < 10_000, "{}", shown.len());
    }

    #[test]
    fn a_span_outside_the_text_is_brought_inside() {
        assert_eq!(fit("aé", 2, 9), 1..3);
        assert_eq!(fit("", 5, 3), 0..0);
        assert_eq!(fit("ab\ncd", 0, 5), 0..2);
    }
}
