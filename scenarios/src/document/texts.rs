//! Limits on the texts of a document: a reasonable length, and no characters that look like something else
//! where they are shown.

use serde_json::Value;
use sim_core::text::{is_control, lines, one_line};

use super::Places;
use crate::problem::Problem;

/// The longest text that is not a paragraph or a list of names, in characters.
const LONGEST: usize = 4_096;

/// The longest of some texts, in characters.
const LIMITS: [(&str, usize); 3] = [("title", 200), ("about", 20_000), ("name", 200)];

/// How many problems are told.
const MOST: usize = 16;

/// What is wrong with the texts and keys of a value that stands at a path.
pub(super) fn check(path: &[&str], value: &Value, places: &Places) -> Vec<Problem> {
    let path = path.iter().map(|segment| (*segment).to_owned()).collect();
    let mut checker = Checker { path, problems: Vec::new() };
    checker.value(value, places);
    checker.problems
}

struct Checker {
    path: Vec<String>,
    problems: Vec<Problem>,
}

impl Checker {
    fn value(&mut self, value: &Value, places: &Places) {
        if self.problems.len() >= MOST {
            return;
        }
        match value {
            Value::String(text) => self.text(text, places),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.inside(&index.to_string(), item, places);
                }
            }
            Value::Object(table) => {
                for (key, inside) in table {
                    if let Some(why) = wrong(key, 200, false) {
                        let origin = places.key_at(&[key.as_str()]);
                        self.problems.push(Problem::new(format!("this key {why}")).at(origin));
                    } else {
                        self.inside(key, inside, places);
                    }
                }
            }
            _ => {}
        }
    }

    fn inside(&mut self, segment: &str, value: &Value, places: &Places) {
        self.path.push(segment.to_owned());
        self.value(value, places.follow(&[segment]).0);
        self.path.pop();
    }

    fn text(&mut self, text: &str, places: &Places) {
        let key = self.path.last().map_or("", String::as_str);
        let limit = LIMITS.iter().find(|(limited, _)| *limited == key).map(|(_, most)| *most);
        let paragraph = self.path == ["about"];
        // Slots that are named one by one take as much as they take, and so do latencies between hosts.
        let data = text.starts_with("slot(") || self.path == ["network", "hosts", "latency", "micros"];
        let limit = if data { usize::MAX } else { limit.unwrap_or(LONGEST) };
        if let Some(why) = wrong(text, limit, paragraph) {
            let what = if self.path.len() == 1 { key } else { "this text" };
            self.problems.push(Problem::new(format!("{what} {why}")).at(places.value.clone()));
        }
    }
}

/// What is wrong with a text, as a sentence goes on.
fn wrong(text: &str, most: usize, paragraph: bool) -> Option<String> {
    let allowed = |c: char| paragraph && matches!(c, '\n' | '\r' | '\t');
    if let Some(c) = text.chars().find(|c| is_control(*c) && !allowed(*c)) {
        return Some(format!("holds the control character U+{:04X}", u32::from(c)));
    }
    let length = text.chars().count();
    (length > most).then(|| format!("has {length} characters, more than {most}"))
}

/// Writes control characters in the texts of a value as escapes: it was written by a program, and shown by another.
pub(crate) fn clean(value: &mut Value) {
    match value {
        Value::String(text) => *text = one_line(text).into_owned(),
        Value::Array(items) => items.iter_mut().for_each(clean),
        Value::Object(table) => {
            for (key, inside) in table {
                match inside {
                    Value::String(text) if key == "about" => *text = lines(text).into_owned(),
                    inside => clean(inside),
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{LEAST, overlaid, toml};

    fn refused(text: &str) -> String {
        let problems = toml(text).unwrap_err().render(false);
        assert!(!problems.chars().any(|c| sim_core::text::is_control(c) && c != '\n'), "{problems:?}");
        problems
    }

    #[test]
    fn control_characters_are_refused_wherever_a_text_or_a_key_may_stand() {
        for (escape, name) in [
            ("\\n", "U+000A"),
            ("\\u001b", "U+001B"),
            ("\\u0085", "U+0085"),
            ("\\u009b", "U+009B"),
            ("\\u2028", "U+2028"),
            ("\\u202e", "U+202E"),
            ("\\u2066", "U+2066"),
            ("\\u007f", "U+007F"),
            ("\\u0000", "U+0000"),
        ] {
            for text in [
                LEAST.replace("least", &format!("le{escape}ast")),
                format!("{LEAST}[[measure]]\nname = \"a{escape}\"\nwhat = {{ count = \"BecamePrimary\" }}\n"),
                format!("{LEAST}[[faults]]\nat = \"1s\"\ncrash = {{ target = \"n1{escape}\" }}\n"),
                format!("{LEAST}[cluster.\"x{escape}\"]\n"),
            ] {
                assert!(refused(&text).contains(name), "{text}");
            }
        }
        let overlay = overlaid(LEAST, &["title=\"a\\u001b[31m\""]).unwrap_err().render(false);
        assert!(overlay.contains("U+001B") && !overlay.contains('\x1b'), "{overlay:?}");
        let about = LEAST.replace("title", "about = \"\"\"a\n\tb\"\"\"\ntitle");
        assert!(toml(&about).is_ok(), "a paragraph has lines");
        assert!(refused(&about.replace("\tb", "\\u001b")).contains("about holds the control character"));
    }

    #[test]
    fn texts_have_lengths_that_somebody_reads() {
        for (length, fits) in [(200, true), (201, false), (1 << 20, false)] {
            let text = LEAST.replace("least", &"é".repeat(length));
            assert_eq!(toml(&text).is_ok(), fits, "{length}");
        }
        let refused = refused(&LEAST.replace("least", &"x".repeat(1 << 20)));
        assert!(refused.contains("title has 1048576 characters, more than 200"), "{refused}");
        assert!(refused.len() < 10_000, "{}", refused.len());
    }
}
