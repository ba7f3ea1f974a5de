//! Values that people write as texts.

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
