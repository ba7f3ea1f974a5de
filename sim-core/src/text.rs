//! Values that people write as texts, names with what they mean, tables that programs read, and texts of others that must
//! not pass for ours.

use std::borrow::Cow;
use std::fmt::Write;

/// A name and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The name.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
}

/// Whether a character changes how the text around it is shown, or where a line ends: control characters (C0, DEL and C1),
/// separators of lines and paragraphs, and marks of the direction of writing.
pub const fn is_control(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// A text of others as a part of one line: every [control character](is_control) is written as its escape. All that a
/// program writes for terminals, logs and other programs goes through here.
pub fn one_line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// The same for a text that is kept.
pub fn into_one_line(text: String) -> String {
    if text.chars().any(is_control) { one_line(&text).into_owned() } else { text }
}

/// The same for a text of several lines: line feeds and tabs stay.
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, stays: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(|c| is_control(c) && !stays(c)) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_control(c) && !stays(c) { safe.extend(c.escape_default()) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

/// A document in JSON, safe to be shown: what JSON itself leaves as it is inside of texts is escaped there.
pub fn json(text: &str) -> Cow<'_, str> {
    let raw = |c: char| is_control(c) && c != '\n';
    if !text.chars().any(raw) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if raw(c) {
            // All of them are of the plane that needs no pair.
            let _ = write!(safe, "\\u{:04x}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// The beginning of a text that is too long to be shown whole.
pub fn clipped(text: &str, most: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most) {
        None => Cow::Borrowed(text),
        Some((end, _)) => Cow::Owned(format!("{}… ({} bytes)", &text[..end], text.len())),
    }
}

/// A line of a CSV (RFC 4180, but it ends with a line feed alone): cells are quoted where they have to be. A cell that a
/// spreadsheet would take for a formula begins with an apostrophe; a number stays one.
pub fn csv_line<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let quoted = |cell: T| {
        let mut text = one_line(cell.as_ref());
        let formula = text
            .trim_start()
            .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
        if formula && text.parse::<f64>().is_err() {
            text = Cow::Owned(format!("'{text}"));
        }
        if text.contains([',', '"']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text.into_owned()
        }
    };
    cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

/// What a type of texts expects, for a value that is no text: in the words of its parser, if they say so.
#[doc(hidden)]
pub fn expected(error: Option<&dyn std::fmt::Display>) -> String {
    let words = error.map(ToString::to_string).unwrap_or_default();
    let words = words.split_once(": ").map_or(words.as_str(), |(_, rest)| rest);
    words.strip_prefix("expected ").unwrap_or("a string").to_owned()
}

/// Makes types whose [`Display`](std::fmt::Display) and [`FromStr`](std::str::FromStr) are each other's inverse read and
/// written as texts by serde: `"150ms"`, `"1/100"`, `"n3"`. What cannot be read is refused in the words of the parser. A type that
/// begins with `numbers` is also read from a whole number that its parser takes: a shell takes the quotes of `x="1"` away.
#[macro_export]
macro_rules! serde_as_text {
    (numbers $type:ty) => {
        $crate::serde_as_text!(@impl $type, {
            fn visit_u64<E: ::serde::de::Error>(self, number: u64) -> Result<$type, E> {
                number.to_string().parse().map_err(E::custom)
            }
        });
    };
    ($($type:ty),* $(,)?) => {$(
        $crate::serde_as_text!(@impl $type, {});
    )*};
    (@impl $type:ty, { $($more:tt)* }) => {
        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl ::serde::de::Visitor<'_> for Text {
                    type Value = $type;
                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        let refused = "".parse::<$type>().err();
                        let refused = refused.as_ref().map(|error| error as &dyn ::std::fmt::Display);
                        f.write_str(&$crate::text::expected(refused))
                    }
                    fn visit_str<E: ::serde::de::Error>(self, text: &str) -> Result<$type, E> {
                        text.parse().map_err(E::custom)
                    }
                    $($more)*
                }
                deserializer.deserialize_any(Text)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_where_a_reader_would_be_misled() {
        assert_eq!(csv_line(["a", "b c", "", "d;e"]), "a,b c,,d;e\n");
        assert_eq!(
            csv_line(["1,5", "say \"x\"", "two\nlines", "cr\r"]),
            "\"1,5\",\"say \"\"x\"\"\",two\\nlines,cr\\r\n"
        );
    }

    #[test]
    fn no_cell_is_a_formula_and_numbers_stay_numbers() {
        assert_eq!(csv_line(["=1+1", "@x", "+a", " -x", "\t=x"]), "'=1+1,'@x,'+a,' -x,\\t=x\n");
        assert_eq!(csv_line(["-1.5", "+2", "-inf", "1e-9"]), "-1.5,+2,-inf,1e-9\n");
        assert_eq!(csv_line(["=HYPERLINK(\"x\",1)"]), "\"'=HYPERLINK(\"\"x\"\",1)\"\n");
    }

    #[test]
    fn control_characters_are_written_as_escapes() {
        let nasty = "a\n::error::b\u{1b}[31m\u{85}\u{9b}\u{2028}\u{202e}\u{2066}\u{7f}\0é✓";
        let safe = one_line(nasty);
        assert_eq!(safe, "a\\n::error::b\\u{1b}[31m\\u{85}\\u{9b}\\u{2028}\\u{202e}\\u{2066}\\u{7f}\\u{0}é✓");
        assert!(!safe.chars().any(is_control));
        assert_eq!(lines("a\n\tb\r"), "a\n\tb\\r");
        assert!(matches!(one_line("plain ✓ é"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_says_the_same_with_escapes() {
        let text = serde_json::json!({ "a\u{9b}": "x\u{2028}\u{7f}\u{202e}\n\u{1b}é" });
        let whole = format!("{text:#}");
        let safe = json(&whole);
        assert!(!safe.chars().any(|c| is_control(c) && c != '\n'), "{safe}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), text);
    }

    #[test]
    fn long_texts_are_cut_between_letters() {
        assert_eq!(clipped("äöü", 2), "äö… (6 bytes)");
        assert_eq!(clipped("äöü", 3), "äöü");
    }
}
