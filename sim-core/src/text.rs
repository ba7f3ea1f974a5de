//! Values that people write as texts, names with what they mean, and tables that programs read.

/// A name and what it means.
#[derive(Clone, Copy, Debug)]
pub struct Named {
    /// The name.
    pub name: &'static str,
    /// One sentence.
    pub about: &'static str,
}

/// A line of a CSV (RFC 4180, but it ends with a line feed alone): cells are quoted where they have to be.
pub fn csv_line<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let quoted = |cell: T| match cell.as_ref() {
        plain if !plain.contains([',', '"', '\n', '\r']) => plain.to_owned(),
        other => format!("\"{}\"", other.replace('"', "\"\"")),
    };
    cells.into_iter().map(quoted).collect::<Vec<_>>().join(",") + "\n"
}

/// Makes types whose [`Display`](std::fmt::Display) and [`FromStr`](std::str::FromStr) are each other's inverse read and
/// written as texts by serde: `"150ms"`, `"1/100"`, `"n3"`. What cannot be read is refused in the words of the parser.
#[macro_export]
macro_rules! serde_as_text {
    ($($type:ty),* $(,)?) => {$(
        impl ::serde::Serialize for $type {
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $type {
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <::std::borrow::Cow<'de, str> as ::serde::Deserialize>::deserialize(deserializer)?;
                text.parse().map_err(::serde::de::Error::custom)
            }
        }
    )*};
}

#[cfg(test)]
mod tests {
    use super::csv_line;

    #[test]
    fn cells_are_quoted_where_a_reader_would_be_misled() {
        assert_eq!(csv_line(["a", "b c", "", "d;e"]), "a,b c,,d;e\n");
        assert_eq!(
            csv_line(["1,5", "say \"x\"", "two\nlines", "cr\r"]),
            "\"1,5\",\"say \"\"x\"\"\",\"two\nlines\",\"cr\r\"\n"
        );
    }
}
